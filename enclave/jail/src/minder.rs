//! One thread beside each worker. It reads the worker's standard error, keeps the beginning, and holds the end of that pipe by which the
//! worker's launcher lives: when it lets go, at the deadline or when told, the launcher kills. If this whole process dies, the kernel lets
//! go for it; unlike `PR_SET_PDEATHSIG` that does not depend on which thread started the worker.

use std::io::{PipeReader, Read as _};
use std::process::ChildStderr;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::Limits;

/// Bytes read at once.
const CHUNK_BYTES: usize = 4096;

/// Why the minder let go before the worker's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    Deadline,
    Killed,
}

/// What the minder saw.
#[derive(Debug, Default)]
pub(crate) struct Minded {
    pub(crate) cut: Option<Cut>,
    pub(crate) stderr: Vec<u8>,
}

/// Minds the worker from now on; `told` says when it is to be killed.
pub(crate) fn start(stderr: ChildStderr, told: PipeReader, limits: &Limits) -> JoinHandle<Minded> {
    let (keep, now) = (limits.stderr_bytes, Instant::now());
    // A time that no clock reaches is a fault of the caller, and ends at once.
    let deadline = now.checked_add(limits.wall).unwrap_or(now);
    thread::spawn(move || mind(stderr, &told, keep, deadline))
}

fn mind(mut stderr: ChildStderr, told: &PipeReader, keep: usize, deadline: Instant) -> Minded {
    let mut minded = Minded::default();
    let mut chunk = [0; CHUNK_BYTES];
    loop {
        match turn(&stderr, told, deadline) {
            Turn::Cut(cut) => {
                minded.cut = Some(cut);
                return minded;
            }
            Turn::Again => {}
            Turn::Stderr => match stderr.read(&mut chunk) {
                // The launcher holds the other end too: this is its end, hence the worker's.
                Ok(0) => return minded,
                Ok(read) => {
                    let room = keep.saturating_sub(minded.stderr.len()).min(read);
                    minded.stderr.extend_from_slice(chunk.get(..room).unwrap_or_default());
                }
                Err(_) => {}
            },
        }
    }
}

enum Turn {
    Stderr,
    Cut(Cut),
    Again,
}

/// Waits for whatever comes first. A flood on the standard error postpones neither the deadline nor the order to kill.
fn turn(stderr: &ChildStderr, told: &PipeReader, deadline: Instant) -> Turn {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Turn::Cut(Cut::Deadline);
    }
    let mut fds = [PollFd::new(told, PollFlags::IN), PollFd::new(stderr, PollFlags::IN)];
    let Ok(_) = poll(&mut fds, Some(&timespec(left))) else { return Turn::Again };
    let [told, stderr] = fds;
    if !told.revents().is_empty() {
        return Turn::Cut(Cut::Killed);
    }
    if stderr.revents().is_empty() { Turn::Again } else { Turn::Stderr }
}

fn timespec(left: Duration) -> Timespec {
    Timespec { tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX), tv_nsec: i64::from(left.subsec_nanos()) }
}
