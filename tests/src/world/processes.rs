//! The processes of a world: started, waited for, killed.

use std::{
    fs::{self, OpenOptions},
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    time::{Duration, Instant},
};

use super::{Fault, LOOK, World};

/// Longest wait for a process to serve.
const READY: Duration = Duration::from_secs(60);
/// Longest wait for a process that was asked to end.
const GRACE: Duration = Duration::from_secs(10);

/// One of the long-running processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unit {
    /// `visiting-gateway`.
    Gateway,
    /// `visiting-enclave`.
    Enclave,
    /// `visiting-linkage`.
    Linkage,
}

impl Unit {
    /// All, in the order of starting.
    pub const ALL: [Self; 3] = [Self::Linkage, Self::Gateway, Self::Enclave];

    /// The word in its `ready` line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Enclave => "enclave",
            Self::Linkage => "linkage",
        }
    }

    fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Gateway | Self::Enclave => &["--demo"],
            Self::Linkage => &[],
        }
    }
}

/// A running process.
#[derive(Debug)]
pub(super) struct Running {
    unit: Unit,
    child: Child,
    lines: Receiver<String>,
}

impl World {
    /// Starts all processes and waits until each serves.
    ///
    /// # Errors
    /// What a process said instead of `ready`.
    pub fn start_all(&mut self) -> Result<(), Fault> {
        Unit::ALL.into_iter().try_for_each(|unit| self.start(unit))
    }

    /// Starts a process and waits for its `ready` line.
    ///
    /// # Errors
    /// What it said instead.
    pub fn start(&mut self, unit: Unit) -> Result<(), Fault> {
        self.spawn(unit)?;
        self.wait_ready(unit)
    }

    /// Starts a process; its `ready` line is for [`World::wait_ready`].
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn spawn(&mut self, unit: Unit) -> Result<(), Fault> {
        self.kill(unit);
        let program = format!("visiting-{}", unit.name());
        let fault = |e: std::io::Error| format!("{program} cannot be started ({e}); run cargo build --workspace --bins");
        let errors = OpenOptions::new().create(true).append(true).open(self.errors(unit)).map_err(fault)?;
        let mut command = self.command(&program);
        if unit == Unit::Enclave {
            command.env("VISITING_INTERNAL_ADDR", &self.door).args(&self.enclave);
        }
        let mut child = command.args(unit.arguments()).stdout(Stdio::piped()).stderr(errors).spawn().map_err(fault)?;
        let (tell, lines) = mpsc::channel();
        if let Some(out) = child.stdout.take() {
            // Ends with the process: its end of the pipe closes.
            std::thread::spawn(move || BufReader::new(out).lines().map_while(Result::ok).try_for_each(|line| tell.send(line)));
        }
        self.running.push(Running { unit, child, lines });
        Ok(())
    }

    /// Waits for the `ready` line.
    ///
    /// # Errors
    /// What the process said instead.
    pub fn wait_ready(&self, unit: Unit) -> Result<(), Fault> {
        let running = self.running.iter().find(|r| r.unit == unit).ok_or_else(|| format!("{} was not started", unit.name()))?;
        let (until, word) = (Instant::now() + READY, format!("ready {} ", unit.name()));
        loop {
            match running.lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(line) if line.starts_with(&word) => return Ok(()),
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout) => {
                    return Err(format!("{} was not ready within {} s: {}", unit.name(), READY.as_secs(), self.said(unit)));
                }
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(format!("{} ended before it was ready: {}", unit.name(), self.said(unit)));
                }
            }
        }
    }

    /// `kill -9`, now. True when it was running until then.
    pub fn kill(&mut self, unit: Unit) -> bool {
        let mut ran = false;
        for mut gone in self.running.extract_if(.., |r| r.unit == unit) {
            ran |= gone.child.try_wait().is_ok_and(|ended| ended.is_none());
            let _ = gone.child.kill();
            let _ = gone.child.wait();
        }
        ran
    }

    /// Asks a process to end (SIGTERM) and waits for it.
    ///
    /// # Errors
    /// When it does not end in time; then it is killed.
    pub fn stop(&mut self, unit: Unit) -> Result<Option<ExitStatus>, Fault> {
        let mut ended = None;
        for mut leaving in self.running.extract_if(.., |r| r.unit == unit) {
            let _ = Command::new("kill").args(["-TERM", &leaving.child.id().to_string()]).status();
            let until = Instant::now() + GRACE;
            while ended.is_none() && Instant::now() < until {
                ended = leaving.child.try_wait().map_err(|e| e.to_string())?;
                std::thread::sleep(LOOK);
            }
            if ended.is_none() {
                let _ = leaving.child.kill();
                let _ = leaving.child.wait();
                return Err(format!("{} did not end within {} s of SIGTERM", unit.name(), GRACE.as_secs()));
            }
        }
        Ok(ended)
    }

    /// Kills everything.
    pub fn kill_all(&mut self) {
        for unit in [Unit::Enclave, Unit::Gateway, Unit::Linkage] {
            self.kill(unit);
        }
    }

    /// Exit status of a process that has ended by itself; `None` while it runs, or when it was never started.
    pub fn ended(&mut self, unit: Unit) -> Option<ExitStatus> {
        let running = self.running.iter_mut().find(|r| r.unit == unit)?;
        running.child.try_wait().ok().flatten()
    }

    /// Process id, while it runs.
    #[must_use]
    pub fn pid(&self, unit: Unit) -> Option<u32> {
        self.running.iter().find(|r| r.unit == unit).map(|r| r.child.id())
    }

    fn errors(&self, unit: Unit) -> PathBuf {
        self.home.join(format!("stderr-{}.log", unit.name()))
    }

    /// What the running processes have printed since they were ready.
    #[must_use]
    pub fn printed(&self) -> Vec<String> {
        self.running.iter().flat_map(|r| r.lines.try_iter()).collect()
    }

    /// The last lines that a process wrote to its standard error.
    #[must_use]
    pub fn said(&self, unit: Unit) -> String {
        let all = fs::read(self.errors(unit)).unwrap_or_default();
        let all = String::from_utf8_lossy(&all).into_owned();
        let lines: Vec<&str> = all.lines().rev().take(12).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join("\n")
    }
}
