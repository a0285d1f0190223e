//! What the environment and the command line say.

use std::net::SocketAddr;

use crate::home::Home;

/// Address of the public API where none is given.
pub const PUBLIC_ADDRESS: &str = "127.0.0.1:8750";

/// Address of the enclave's API where none is given.
pub const INTERNAL_ADDRESS: &str = "127.0.0.1:8751";

/// Settings of a gateway.
#[derive(Debug, Clone)]
pub struct Config {
    /// The data folder.
    pub home: Home,
    /// Where people connect.
    pub public: SocketAddr,
    /// Where the enclave connects.
    pub internal: SocketAddr,
    /// PostgreSQL's address, where several gateways write one record; otherwise the journal is a file in the data folder.
    pub journal: Option<String>,
    /// Demo logins, no witness.
    pub demo: bool,
}

/// What is wrong with the settings.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// Not an address.
    #[error("{0} must be an address with a port, such as 127.0.0.1:8750")]
    Address(&'static str),
    /// Not a database.
    #[error(
        "VISITING_JOURNAL must be the address of a PostgreSQL database, such as postgres://user@host/database; leave it out for a file"
    )]
    Journal,
    /// There is no TLS in this version, so nothing may listen beyond this machine.
    #[error("{0} must be a loopback address: this version has no TLS of its own")]
    NotLoopback(&'static str),
}

impl Config {
    /// Reads the environment.
    ///
    /// # Errors
    /// When an address is unusable.
    pub fn from_env(demo: bool) -> Result<Self, ConfigError> {
        let public = address("VISITING_ADDR", PUBLIC_ADDRESS)?;
        let internal = address("VISITING_INTERNAL_ADDR", INTERNAL_ADDRESS)?;
        let journal = std::env::var("VISITING_JOURNAL").ok().filter(|url| !url.is_empty());
        if journal.as_ref().is_some_and(|url| !url.starts_with("postgres://") && !url.starts_with("postgresql://")) {
            return Err(ConfigError::Journal);
        }
        Ok(Self { home: Home::from_env(), public, internal, journal, demo })
    }
}

fn address(name: &'static str, default: &str) -> Result<SocketAddr, ConfigError> {
    let text = std::env::var(name).unwrap_or_else(|_| default.to_owned());
    let address: SocketAddr = text.parse().map_err(|_| ConfigError::Address(name))?;
    if address.ip().is_loopback() { Ok(address) } else { Err(ConfigError::NotLoopback(name)) }
}
