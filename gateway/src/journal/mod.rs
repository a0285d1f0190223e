//! The journal: an append-only list of leaves, and all that the desk knows of where they are kept. SQLite for one gateway,
//! PostgreSQL where several write; one test suite for both.

mod fault;
pub(crate) mod kind;
#[cfg(test)]
pub(crate) mod memory;
mod postgres;
mod sqlite;
#[cfg(test)]
pub(crate) mod suite;

use std::fmt::Debug;

pub use fault::{JournalError, StoreFault, Trouble};
pub use postgres::PostgresJournal;
pub use sqlite::SqliteJournal;

/// An append-only list of leaves.
pub trait Journal: Debug + Send + Sync {
    /// Appends all of `batch` or nothing, if the journal has exactly `head` leaves. When it returns, the leaves survive a power
    /// loss. Returns the new number of leaves.
    ///
    /// # Errors
    /// [`JournalError::HeadMoved`]: nothing was appended. [`JournalError::Store`]: whether it was is not known; whoever reads on
    /// from `head` finds out.
    fn append_if(&self, head: u64, batch: &[Vec<u8>]) -> Result<u64, JournalError>;

    /// Up to `limit` leaves from number `from` on, in order.
    ///
    /// # Errors
    /// [`JournalError::Store`].
    fn read(&self, from: u64, limit: u64) -> Result<Vec<Vec<u8>>, JournalError>;

    /// Whether it could be written now: writes something that is no leaf and does not stay.
    ///
    /// # Errors
    /// [`JournalError::Store`], as an append would answer.
    fn probe(&self) -> Result<(), JournalError>;

    /// Whether others may write it too.
    fn is_shared(&self) -> bool;
}

/// Stores count in i64; no journal grows past it.
fn number(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
