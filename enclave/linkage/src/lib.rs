//! The linkage unit (連結機関): turns identities into tokens and tokens into per-permit pseudonyms. It alone holds those keys.
//!
//! Never sees clinical data: the protocol has no place for any. Insured numbers are not kept either; the history of numbers
//! is stored between keyed tokens. [`Client`] is what ingest and enclave speak to it with.

mod client;
mod keys;
mod number;
mod protocol;
mod server;
mod store;

pub use client::Client;
pub use keys::Token;
pub use number::{InsuredForm, insured_form, same_insured};
pub use protocol::{Link, VALUES_MAX};
pub use server::{Place, serve};
pub use store::Unit;

/// Why the linkage unit, or a question to it, failed.
#[derive(Debug, thiserror::Error)]
pub enum LinkageError {
    /// The request breaks the protocol.
    #[error("{0}")]
    Request(String),
    /// The unit's folder, key or socket.
    #[error("{what}: {cause}")]
    Io {
        /// What was attempted and what to look at.
        what: &'static str,
        /// What the system says.
        cause: std::io::Error,
    },
    /// The unit's database.
    #[error("the linkage database failed: {0}; check the disk, then start the unit again")]
    Store(#[from] rusqlite::Error),
    /// A key is destroyed and its old page is not.
    #[error("somebody else reads the linkage database, so what was destroyed still stands in its log of changes; it is tried again")]
    Busy,
    /// The master key is missing or damaged, or cryptography failed.
    #[error("{0}")]
    Key(&'static str),
    /// The unit said no.
    #[error("the linkage unit refused: {0}")]
    Refused(String),
    /// The unit did not answer in spite of repeated attempts.
    #[error("the linkage unit does not answer; start visiting-linkage and try again ({0})")]
    Unreachable(std::io::Error),
}

impl LinkageError {
    pub(crate) fn io(what: &'static str) -> impl FnOnce(std::io::Error) -> Self {
        move |cause| Self::Io { what, cause }
    }
}
