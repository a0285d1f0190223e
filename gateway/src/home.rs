//! Where things lie below `VISITING_HOME`.

use std::path::{Path, PathBuf};

/// The data folder.
#[derive(Debug, Clone)]
pub struct Home(PathBuf);

impl Home {
    /// The folder that `VISITING_HOME` names, or `visiting` in the user's data directory.
    #[must_use]
    pub fn from_env() -> Self {
        let named = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
        let data = || named("XDG_DATA_HOME").or_else(|| named("HOME").map(|home| home.join(".local/share")));
        Self(named("VISITING_HOME").or_else(|| data().map(|d| d.join("visiting"))).unwrap_or_else(|| PathBuf::from("visiting-home")))
    }

    /// This folder.
    #[must_use]
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// The folder itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// What only the gateway reads.
    #[must_use]
    pub fn gateway(&self, name: &str) -> PathBuf {
        self.0.join("gateway").join(name)
    }

    /// What only the enclave reads.
    #[must_use]
    pub fn enclave(&self, name: &str) -> PathBuf {
        self.0.join("enclave").join(name)
    }

    /// The published log.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.0.join("log")
    }

    /// The signing key of a person, as the CLI keeps it.
    #[must_use]
    pub fn key(&self, person: &str) -> PathBuf {
        self.0.join("client/keys").join(format!("{person}.seed"))
    }

    /// The X25519 key of an output checker, which opens what the enclave sealed to them.
    #[must_use]
    pub fn seal_key(&self, person: &str) -> PathBuf {
        self.0.join("client/keys").join(format!("{person}.seal"))
    }

    /// The last login of a person.
    #[must_use]
    pub fn token(&self, person: &str) -> PathBuf {
        self.0.join("client").join(format!("{person}.token"))
    }
}
