//! The store of the record: an append-only list of leaves. SQLite here; the trait is all that the desk knows.

use std::{
    fmt::Debug,
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
};

use rusqlite::{Connection, TransactionBehavior, params};

/// Why the journal did not do it. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Somebody else wrote: two gateways on one journal.
    #[error("the journal has {found} events where {expected} were expected; only one gateway may write it")]
    HeadMoved {
        /// Events that the caller believed to be there.
        expected: u64,
        /// Events that are there.
        found: u64,
    },
    /// The database failed.
    #[error("the journal cannot be used: {0}")]
    Store(#[from] rusqlite::Error),
}

/// An append-only list of leaves.
pub trait Journal: Debug + Send + Sync {
    /// Appends all of `batch` or nothing, if the journal has exactly `head` leaves. When it returns, the leaves survive a power
    /// loss. Returns the new number of leaves.
    ///
    /// # Errors
    /// [`JournalError`]; then nothing was appended.
    fn append_if(&self, head: u64, batch: &[Vec<u8>]) -> Result<u64, JournalError>;

    /// Up to `limit` leaves from number `from` on, in order.
    ///
    /// # Errors
    /// [`JournalError::Store`].
    fn read(&self, from: u64, limit: u64) -> Result<Vec<Vec<u8>>, JournalError>;
}

/// WAL with FULL: a commit returns after its fsync. The triggers make an accident with another tool fail; they do not stop an
/// attacker, the Merkle tree does.
const SCHEMA: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    CREATE TABLE IF NOT EXISTS events (seq INTEGER PRIMARY KEY, leaf BLOB NOT NULL) STRICT;
    CREATE TRIGGER IF NOT EXISTS events_stay BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'the record is append-only'); END;
    CREATE TRIGGER IF NOT EXISTS events_last BEFORE DELETE ON events BEGIN SELECT RAISE(ABORT, 'the record is append-only'); END;
";

/// The journal in one SQLite file. Readers have a connection of their own, so they never wait for a commit.
#[derive(Debug)]
pub struct SqliteJournal {
    writer: Mutex<Connection>,
    reader: Mutex<Connection>,
}

impl SqliteJournal {
    /// Opens or creates the file.
    ///
    /// # Errors
    /// [`JournalError::Store`].
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        let writer = Connection::open(path)?;
        writer.execute_batch(SCHEMA)?;
        let reader = Connection::open(path)?;
        reader.execute_batch("PRAGMA query_only = ON;")?;
        Ok(Self { writer: Mutex::new(writer), reader: Mutex::new(reader) })
    }
}

/// A panic elsewhere leaves a connection usable: SQLite rolls back what was not committed.
fn locked(connection: &Mutex<Connection>) -> MutexGuard<'_, Connection> {
    connection.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Journal for SqliteJournal {
    fn append_if(&self, head: u64, batch: &[Vec<u8>]) -> Result<u64, JournalError> {
        let mut connection = locked(&self.writer);
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let found: i64 = transaction.query_row("SELECT COALESCE(MAX(seq) + 1, 0) FROM events", [], |row| row.get(0))?;
        let found = found.unsigned_abs();
        if found != head {
            return Err(JournalError::HeadMoved { expected: head, found });
        }
        let mut next = head;
        {
            let mut insert = transaction.prepare_cached("INSERT INTO events (seq, leaf) VALUES (?1, ?2)")?;
            for leaf in batch {
                insert.execute(params![number(next), leaf])?;
                next += 1;
            }
        }
        transaction.commit()?;
        Ok(next)
    }

    fn read(&self, from: u64, limit: u64) -> Result<Vec<Vec<u8>>, JournalError> {
        let connection = locked(&self.reader);
        let mut select = connection.prepare_cached("SELECT leaf FROM events WHERE seq >= ?1 ORDER BY seq LIMIT ?2")?;
        let leaves = select.query_map(params![number(from), number(limit)], |row| row.get(0))?;
        Ok(leaves.collect::<Result<_, _>>()?)
    }
}

/// SQLite counts in i64; no journal grows past it.
fn number(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use visiting_policies::merkle::{Tree, leaf_hash};

    use super::*;
    use crate::setup::tests::Scratch;

    fn leaves(range: std::ops::Range<u64>) -> Vec<Vec<u8>> {
        range.map(|n| format!("leaf {n}").into_bytes()).collect()
    }

    fn root(leaves: &[Vec<u8>]) -> [u8; 32] {
        let mut tree = Tree::default();
        leaves.iter().for_each(|leaf| tree.push(leaf_hash(leaf)));
        tree.root(tree.size()).unwrap()
    }

    #[test]
    fn appended_leaves_are_there_after_reopening_with_the_same_root() {
        let scratch = Scratch::new("journal-reopen");
        let path = scratch.path("journal.sqlite");
        let journal = SqliteJournal::open(&path).unwrap();
        assert_eq!(journal.append_if(0, &leaves(0..5)).unwrap(), 5);
        assert_eq!(journal.append_if(5, &leaves(5..7)).unwrap(), 7);
        drop(journal);
        let journal = SqliteJournal::open(&path).unwrap();
        assert_eq!(root(&journal.read(0, 100).unwrap()), root(&leaves(0..7)));
        assert_eq!(journal.read(3, 2).unwrap(), leaves(3..5));
        assert!(journal.read(7, 10).unwrap().is_empty());
    }

    #[test]
    fn a_moved_head_appends_nothing() {
        let scratch = Scratch::new("journal-head");
        let journal = SqliteJournal::open(&scratch.path("journal.sqlite")).unwrap();
        journal.append_if(0, &leaves(0..2)).unwrap();
        let refused = journal.append_if(1, &leaves(9..10));
        assert!(matches!(refused, Err(JournalError::HeadMoved { expected: 1, found: 2 })));
        assert_eq!(journal.read(0, 10).unwrap(), leaves(0..2));
    }

    #[test]
    fn recorded_leaves_cannot_be_changed_or_deleted() {
        let scratch = Scratch::new("journal-fixed");
        let journal = SqliteJournal::open(&scratch.path("journal.sqlite")).unwrap();
        journal.append_if(0, &leaves(0..2)).unwrap();
        let connection = locked(&journal.writer);
        assert!(connection.execute("UPDATE events SET leaf = x'00'", []).is_err());
        assert!(connection.execute("DELETE FROM events", []).is_err());
    }
}
