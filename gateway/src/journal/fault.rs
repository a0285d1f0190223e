//! What can be wrong with a journal, as far as an operator can do something about it.

use std::fmt;

/// Why the journal did not do it.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Somebody else wrote.
    #[error("the journal has {found} events where {expected} were expected: another gateway writes it")]
    HeadMoved {
        /// Events that the caller believed to be there.
        expected: u64,
        /// Events that are there.
        found: u64,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreFault),
}

/// What the operator has to see to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// No space.
    Full,
    /// No writing.
    ReadOnly,
    /// The medium answers with errors.
    Device,
    /// The server does not answer.
    Unreachable,
    /// It is not set up as a journal must be.
    Setup,
    /// Anything else.
    Other,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "its disk is full; free space, and it goes on by itself",
            Self::ReadOnly => "its disk or file is read-only; make it writable, and it goes on by itself",
            Self::Device => "its disk reports errors; replace it before anything else, the newest events may not be readable",
            Self::Unreachable => "its server cannot be reached; start it, and it goes on by itself",
            Self::Setup => "it is not set up to keep what it acknowledges",
            Self::Other => "it cannot be used",
        })
    }
}

/// A fault of the store, with the cause in its own words.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the journal: {trouble} ({cause})")]
pub struct StoreFault {
    /// What to see to.
    pub trouble: Trouble,
    /// The store's words.
    pub cause: String,
}

impl StoreFault {
    pub(crate) fn new(trouble: Trouble, cause: impl fmt::Display) -> Self {
        Self { trouble, cause: cause.to_string() }
    }
}

impl From<rusqlite::Error> for StoreFault {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode::{CannotOpen, DiskFull, PermissionDenied, ReadOnly, SystemIoFailure};
        let trouble = match error.sqlite_error_code() {
            Some(DiskFull) => Trouble::Full,
            Some(ReadOnly | PermissionDenied | CannotOpen) => Trouble::ReadOnly,
            Some(SystemIoFailure) => Trouble::Device,
            _ => Trouble::Other,
        };
        Self::new(trouble, error)
    }
}

impl From<rusqlite::Error> for JournalError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}
