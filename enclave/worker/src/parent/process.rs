//! A child process, its pipes, and the watch that kills it when it is late. Reading and writing block; the kill is what ends them.

use std::{
    io::{self, BufReader},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{Arc, Condvar, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use super::Fault;
use crate::LIMITS;

/// Bytes of a page.
const PAGE: usize = 4096;

/// A running child.
#[derive(Debug)]
pub(super) struct Process {
    watch: Arc<Watch>,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    /// Answers to whole messages of rows that fit the pipe.
    ahead: usize,
}

#[derive(Debug)]
struct Watch {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    child: Child,
    until: Option<Instant>,
    /// When the watcher looks next, whatever happens.
    looks: Option<Instant>,
    late: bool,
    over: bool,
}

impl Process {
    /// Starts `program mode` with nothing but two pipes.
    pub(super) fn start(program: &Path, mode: &str) -> Result<Self, Fault> {
        // JAIL: visiting_jail::Jail::start(program, args, limits, layers) goes here instead.
        let mut child = Command::new(program)
            .arg(mode)
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(Fault::Start)?;
        let pipes = child.stdin.take().zip(child.stdout.take());
        let (to, from) = pipes.ok_or_else(|| Fault::Start(io::ErrorKind::BrokenPipe.into()))?;
        // A smaller pipe only means more turns: a system may allow no more.
        let _ = rustix::pipe::fcntl_setpipe_size(&to, LIMITS.pipe_bytes);
        let holds = rustix::pipe::fcntl_setpipe_size(&from, LIMITS.pipe_bytes).or_else(|_| rustix::pipe::fcntl_getpipe_size(&from));
        // A pipe holds pages, and the first and the last of an answer may be parts.
        let ahead = (holds.unwrap_or(0) / PAGE / (4 * LIMITS.rows / PAGE + 2)).min(LIMITS.ahead);
        let state = State { child, until: None, looks: None, late: false, over: false };
        let watch = Arc::new(Watch { state: Mutex::new(state), changed: Condvar::new() });
        let watcher = Arc::clone(&watch);
        let started = thread::Builder::new().name("guest watch".to_owned()).spawn(move || watcher.run());
        let process = Self { watch, to, from: BufReader::with_capacity(8 << 10, from), ahead };
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
        told.map_err(|_| if late { Fault::Late } else { Fault::Broken })
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let mut state = self.watch.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.over = true;
        state.end();
        drop(state);
        self.watch.changed.notify_all();
    }
}

impl State {
    fn end(&mut self) {
        // Killing who has ended already is no fault; waiting takes its entry from the table of processes.
        let _ = self.child.kill();
        let _ = self.child.wait();
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
                    state.end();
                    return;
                }
                Some(rest) => self.changed.wait_timeout(state, rest).map_or_else(|e| e.into_inner().0, |(state, _)| state),
            };
        }
    }
}
