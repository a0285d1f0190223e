//! The linkage unit during an ingest: the one that runs, or one of our own for as long as it takes.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use visiting_linkage::Client;

use super::IngestError;

/// A connection, and the process behind it where it is ours.
#[derive(Debug)]
pub(crate) struct Linkage {
    pub(crate) client: Client,
    _child: Option<OwnUnit>,
}

/// Our own unit. It watches its standard input, so it ends with us even when we are killed.
#[derive(Debug)]
struct OwnUnit(Child);

impl Linkage {
    /// Connects to the unit at `socket`; starts one when none answers.
    pub(crate) fn reach(home: &Path, socket: &Path) -> Result<Self, IngestError> {
        let child = if Client::answers(socket) { None } else { Some(OwnUnit::start(home)?) };
        Ok(Self { client: Client::connect(socket)?, _child: child })
    }
}

impl OwnUnit {
    fn start(home: &Path) -> Result<Self, IngestError> {
        let program = std::env::current_exe().map_err(IngestError::io)?.with_file_name("visiting-linkage");
        let mut command = Command::new(program);
        command.arg("--with-parent").env("VISITING_HOME", home).stdin(Stdio::piped()).stdout(Stdio::piped());
        let failed = |e| IngestError::Source(format!("the linkage unit cannot be started ({e}); build the whole workspace"));
        let mut child = Self(command.spawn().map_err(failed)?);
        let mut line = String::new();
        if let Some(out) = child.0.stdout.take() {
            BufReader::new(out).read_line(&mut line).map_err(IngestError::io)?;
        }
        if line.starts_with("ready") {
            Ok(child)
        } else {
            Err(IngestError::Source("the linkage unit did not start; its message is above".to_owned()))
        }
    }
}

impl Drop for OwnUnit {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}
