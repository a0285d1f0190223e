//! The parent's side: starts a worker behind its launcher, holds its pipes, and ends it in time.

use std::ffi::OsStr;
use std::io::{self, PipeWriter, Write as _};
use std::path::{Path, absolute};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread::JoinHandle;

use crate::launcher::ROLE;
use crate::minder::{self, Cut, Minded};
use crate::shortfall::Shortfall;
use crate::{Layers, Limits};

/// How a worker ended. Statuses are the worker's own word: a hostile one says what it likes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// With this status.
    Exited(u8),
    /// By this signal, sent by the kernel; 31 (`SIGSYS`) is a system call that is not on the list.
    Signal(u8),
    /// Its time was up.
    Deadline,
    /// By [`Killer::kill`].
    Killed,
    /// It did not run: the jail would not have been whole. What to do is in [`Ended::stderr`], in both languages.
    Shortfall,
}

/// A worker that has ended, and all that it had started with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// How.
    pub how: End,
    /// The beginning of its standard error. For the operator's log and nobody else: the stranger's code may have written it.
    pub stderr: String,
}

/// A running worker. Dropped, it is killed; so it is when this process ends, however it ends.
#[derive(Debug)]
pub struct Jailed {
    launcher: Child,
    killer: Killer,
    minder: Option<JoinHandle<Minded>>,
}

impl Jailed {
    /// Starts `program`, whose first act must be [`crate::enter`] with the same limits and layers. Its time runs from here.
    ///
    /// # Errors
    /// When the program cannot be started. A kernel that cannot jail it is told by [`End::Shortfall`].
    pub fn start(program: &Path, args: &[&OsStr], limits: &Limits, layers: Layers) -> io::Result<Self> {
        let mut command = Command::new(absolute(program)?);
        if layers.has(Layers::CLEAN) {
            command.env_clear();
        }
        command.arg(ROLE).arg(layers.to_string()).args(args).current_dir("/");
        let (told, teller) = io::pipe()?;
        let mut launcher = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let minder = launcher.stderr.take().map(|stderr| minder::start(stderr, told, limits));
        Ok(Self { launcher, killer: Killer(teller), minder })
    }

    /// The launcher's process, as an operator sees it.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.launcher.id()
    }

    /// The worker's standard input, once. Dropping it is the end of the input.
    pub fn stdin(&mut self) -> Option<ChildStdin> {
        self.launcher.stdin.take()
    }

    /// The worker's standard output, once. It ends with the worker, so reading it ends in time; how much to read is the reader's to bound.
    pub fn stdout(&mut self) -> Option<ChildStdout> {
        self.launcher.stdout.take()
    }

    /// What kills the worker from another thread.
    ///
    /// # Errors
    /// When this process has no descriptor left.
    pub fn killer(&self) -> io::Result<Killer> {
        self.killer.0.try_clone().map(Killer)
    }

    /// Kills the worker and all that it started.
    pub fn kill(&self) {
        self.killer.kill();
    }

    /// Waits until the worker has ended: at its deadline at the latest. Ends its input where nobody took it.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn wait(mut self) -> io::Result<Ended> {
        let status = self.launcher.wait()?;
        let minded = self.minder.take().and_then(|minder| minder.join().ok()).unwrap_or_default();
        let how = match (minded.cut, status.code().and_then(|code| u8::try_from(code).ok())) {
            (Some(Cut::Deadline), _) => End::Deadline,
            (Some(Cut::Killed), _) => End::Killed,
            (None, Some(Shortfall::EXIT)) => End::Shortfall,
            (None, Some(code @ ..128)) => End::Exited(code),
            (None, Some(code)) => End::Signal(code - 128),
            // Somebody killed the launcher itself; the kernel killed the worker with it.
            (None, None) => End::Killed,
        };
        Ok(Ended { how, stderr: String::from_utf8_lossy(&minded.stderr).into_owned() })
    }
}

impl Drop for Jailed {
    fn drop(&mut self) {
        self.kill();
        // The launcher answers at once and has no other end; without this wait it would stay as a zombie.
        let _ = self.launcher.wait();
    }
}

/// Kills one worker, from any thread, at any time.
#[derive(Debug)]
pub struct Killer(PipeWriter);

impl Killer {
    /// Kills the worker. Of one that has ended already, nothing is left to kill, and nothing else is hit.
    pub fn kill(&self) {
        let _ = (&self.0).write_all(b"k");
    }
}
