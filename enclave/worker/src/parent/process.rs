//! A child process, its pipes, and the watch that kills it when it is late. Reading and writing block; the kill is what ends them.

use std::{
    io::{self, BufReader},
    path::Path,
    process::{ChildStdin, ChildStdout},
    sync::{Arc, Condvar, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use visiting_jail::{End, Ended, Jailed, Killer, Layers};

use super::Fault;
use crate::{LIMITS, jail};

/// Bytes of a page.
const PAGE: usize = 4096;

/// Longest wait for the end of a child that has closed its pipe, so that its reason can be read.
const ENDS_WITHIN: Duration = Duration::from_secs(1);

/// A running child.
#[derive(Debug)]
pub(super) struct Process {
    watch: Arc<Watch>,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    /// Answers to whole messages of rows that fit the pipe.
    ahead: usize,
    /// `None` once it was waited for.
    child: Option<Jailed>,
}

#[derive(Debug)]
struct Watch {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    killer: Killer,
    until: Option<Instant>,
    /// When the watcher looks next, whatever happens.
    looks: Option<Instant>,
    late: bool,
    over: bool,
}

impl Process {
    /// Starts `program mode` in its jail, with nothing but two pipes.
    pub(super) fn start(program: &Path, mode: &str, layers: Layers) -> Result<Self, Fault> {
        let told = layers.to_string();
        let mut child = Jailed::start(program, &[mode.as_ref(), told.as_ref()], &jail(), layers).map_err(Fault::Start)?;
        let pipes = child.stdin().zip(child.stdout());
        let (to, from) = pipes.ok_or_else(|| Fault::Start(io::ErrorKind::BrokenPipe.into()))?;
        // A smaller pipe only means more turns: a system may allow no more.
        let _ = rustix::pipe::fcntl_setpipe_size(&to, LIMITS.pipe_bytes);
        let holds = rustix::pipe::fcntl_setpipe_size(&from, LIMITS.pipe_bytes).or_else(|_| rustix::pipe::fcntl_getpipe_size(&from));
        // A pipe holds pages, and the first and the last of an answer may be parts.
        let ahead = (holds.unwrap_or(0) / PAGE / (4 * LIMITS.rows / PAGE + 2)).min(LIMITS.ahead);
        let state = State { killer: child.killer().map_err(Fault::Start)?, until: None, looks: None, late: false, over: false };
        let watch = Arc::new(Watch { state: Mutex::new(state), changed: Condvar::new() });
        let watcher = Arc::clone(&watch);
        let started = thread::Builder::new().name("guest watch".to_owned()).spawn(move || watcher.run());
        let process = Self { child: Some(child), watch, to, from: BufReader::with_capacity(8 << 10, from), ahead };
        started.map_err(Fault::Start)?;
        Ok(process)
    }

    /// How many messages of rows may be unanswered when the next is sent. With more, the child could wait for us to read an answer while
    /// we wait for it to read a message.
    pub(super) fn ahead(&self) -> usize {
        self.ahead
    }

    /// Talks to the child for so long at most.
    pub(super) fn within<T>(
        &mut self,
        time: Duration,
        talk: impl FnOnce(&mut ChildStdin, &mut BufReader<ChildStdout>) -> io::Result<T>,
    ) -> Result<T, Fault> {
        self.watch.set(Some(Instant::now() + time));
        let told = talk(&mut self.to, &mut self.from);
        let late = self.watch.set(None);
        told.map_err(|error| if late { Fault::Late } else { self.broken(&error) })
    }
}

impl Process {
    /// Why it broke off. A jail that is not whole is not entered: the child ends by its own act, before it reads.
    fn broken(&mut self, error: &io::Error) -> Fault {
        let closed = matches!(error.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::BrokenPipe);
        let Some(child) = self.child.take().filter(|_| closed) else { return Fault::Broken };
        self.watch.set(Some(Instant::now() + ENDS_WITHIN));
        let ended = child.wait();
        self.watch.set(None);
        match ended {
            Ok(Ended { how: End::Shortfall, stderr }) => Fault::NoJail(stderr),
            _ => Fault::Broken,
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.watch.state.lock().unwrap_or_else(PoisonError::into_inner).over = true;
        self.watch.changed.notify_all();
    }
}

impl Watch {
    /// Sets the time; true where it had run out.
    fn set(&self, until: Option<Instant>) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.until = until;
        let late = state.late;
        // A watcher that wakes too early looks again: it is woken only where it would look too late, which spares every message a
        // turn of another thread.
        let wakes = until.is_some_and(|until| state.looks.is_none_or(|looks| looks > until));
        drop(state);
        if wakes {
            self.changed.notify_all();
        }
        late
    }

    fn run(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        while !state.over {
            state.looks = state.until;
            state = match state.until.map(|until| until.saturating_duration_since(Instant::now())) {
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(Duration::ZERO) => {
                    state.late = true;
                    state.until = None;
                    state.killer.kill();
                    continue;
                }
                Some(rest) => self.changed.wait_timeout(state, rest).map_or_else(|e| e.into_inner().0, |(state, _)| state),
            };
        }
    }
}
