//! A whole Visiting for a test: its processes as they were built beside it, on free loopback ports, in a data folder of its own.
//!
//! Every wait is for a condition (a `ready` line, an event in the record), bounded, and fails with what the process said.

mod processes;
mod reading;
mod tools;

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use visiting_gateway::client::Client;

use processes::Running;
use tools::{copy, free_address, fresh_folder};

pub use processes::Unit;
pub use reading::{journal_lines, record_lines};
pub use tools::{audit, binaries, fhir_set, omop_set, run_tool, text, tree};

use crate::raw::Raw;

/// Pause between two looks at the record's file.
const LOOK: Duration = Duration::from_millis(1);

/// What went wrong, for the test's message.
pub type Fault = String;

/// One Visiting.
#[derive(Debug)]
pub struct World {
    home: PathBuf,
    public: String,
    internal: String,
    door: String,
    running: Vec<Running>,
    environment: Vec<(String, String)>,
    enclave: Vec<String>,
    /// The folder outlives this value.
    kept: bool,
}

impl World {
    /// A set-up data folder; nothing runs yet.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn new(name: &str) -> Result<Self, Fault> {
        let world = Self::in_folder(fresh_folder(name)?)?;
        world.tool("visiting-setup", &[])?;
        Ok(world)
    }

    /// A copy of another, stopped, world's data folder.
    ///
    /// # Errors
    /// When it cannot be copied.
    pub fn copy_of(name: &str, home: &Path) -> Result<Self, Fault> {
        let folder = fresh_folder(name)?;
        copy(home, &folder).map_err(|e| format!("the data folder cannot be copied: {e}"))?;
        Self::in_folder(folder)
    }

    /// Another set of processes on this world's data folder, at addresses of its own.
    ///
    /// # Errors
    /// When there are none left.
    pub fn beside(&self) -> Result<Self, Fault> {
        let mut other = Self::in_folder(self.home.clone())?;
        other.environment.clone_from(&self.environment);
        other.kept = true;
        Ok(other)
    }

    fn in_folder(home: PathBuf) -> Result<Self, Fault> {
        let (public, internal) = (free_address()?, free_address()?);
        Ok(Self {
            home,
            public,
            door: internal.clone(),
            internal,
            running: Vec::new(),
            environment: Vec::new(),
            enclave: Vec::new(),
            kept: false,
        })
    }

    /// One more variable for every process that is started from now on.
    pub fn set(&mut self, name: &str, value: &str) {
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    /// One more argument of an enclave that is started from now on.
    pub fn tell_enclave(&mut self, argument: &str) {
        self.enclave.push(argument.to_owned());
    }

    /// Where the enclave is told that the gateway's internal listener is; a man in the middle says: here.
    pub fn set_door(&mut self, address: &str) {
        address.clone_into(&mut self.door);
    }

    /// Ends this world's processes in order and leaves its data folder where it is, for copies.
    ///
    /// # Errors
    /// When a process does not end.
    pub fn settle(mut self) -> Result<PathBuf, Fault> {
        for unit in [Unit::Enclave, Unit::Gateway, Unit::Linkage] {
            self.stop(unit)?;
        }
        self.kept = true;
        Ok(self.home.clone())
    }

    /// The data folder.
    #[must_use]
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// Address of the public API.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.public
    }

    /// Address of the internal API.
    #[must_use]
    pub fn internal(&self) -> &str {
        &self.internal
    }

    /// A client that is logged in as `person`.
    ///
    /// # Errors
    /// The gateway's problem.
    pub fn client(&self, person: &str) -> Result<Client, Fault> {
        let mut client = Client::new(&format!("http://{}", self.public));
        client.login(person).map_err(|e| e.to_string())?;
        Ok(client)
    }

    /// Bytes over the public API.
    #[must_use]
    pub fn raw(&self) -> Raw {
        Raw::new(&self.public)
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.kill_all();
        if self.kept {
            return;
        }
        if std::thread::panicking() || std::env::var_os("VISITING_KEEP").is_some() {
            eprintln!("the data folder is kept: {}", self.home.display());
            for unit in Unit::ALL {
                eprintln!("-- {} said last:\n{}", unit.name(), self.said(unit));
            }
            return;
        }
        let _ = fs::remove_dir_all(&self.home);
    }
}
