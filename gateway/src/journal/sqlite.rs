//! The journal in one SQLite file, for one gateway.

use std::{
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use rusqlite::{Connection, TransactionBehavior, params};

use super::{Journal, JournalError, number};

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
    path: PathBuf,
    writer: Mutex<Option<Connection>>,
    reader: Mutex<Option<Connection>>,
}

impl SqliteJournal {
    /// Opens or creates the file.
    ///
    /// # Errors
    /// [`JournalError::Store`].
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        let (writer, reader) = (Mutex::new(Some(writer(path)?)), Mutex::new(Some(reader(path)?)));
        Ok(Self { path: path.to_owned(), writer, reader })
    }
}

fn writer(path: &Path) -> Result<Connection, JournalError> {
    let connection = Connection::open(path)?;
    connection.execute_batch(SCHEMA)?;
    Ok(connection)
}

fn reader(path: &Path) -> Result<Connection, JournalError> {
    let connection = Connection::open(path)?;
    connection.execute_batch("PRAGMA query_only = ON;")?;
    Ok(connection)
}

/// A panic elsewhere leaves a connection usable: SQLite rolls back what was not committed.
fn locked(connection: &Mutex<Option<Connection>>) -> MutexGuard<'_, Option<Connection>> {
    connection.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Works on the connection. After a fault it is given up: what a disk said once is asked anew on a new one, which replays the
/// write-ahead log from the start.
fn with<T>(
    connection: &Mutex<Option<Connection>>,
    open: impl FnOnce() -> Result<Connection, JournalError>,
    work: impl FnOnce(&mut Connection) -> Result<T, JournalError>,
) -> Result<T, JournalError> {
    let mut held = locked(connection);
    let mut connection = match held.take() {
        Some(connection) => connection,
        None => open()?,
    };
    let done = work(&mut connection);
    if !matches!(done, Err(JournalError::Store(_))) {
        *held = Some(connection);
    }
    done
}

impl Journal for SqliteJournal {
    fn append_if(&self, head: u64, batch: &[Vec<u8>]) -> Result<u64, JournalError> {
        with(&self.writer, || writer(&self.path), |connection| append(connection, head, batch))
    }

    fn read(&self, from: u64, limit: u64) -> Result<Vec<Vec<u8>>, JournalError> {
        let read = |connection: &mut Connection| {
            let mut select = connection.prepare_cached("SELECT leaf FROM events WHERE seq >= ?1 ORDER BY seq LIMIT ?2")?;
            let leaves = select.query_map(params![number(from), number(limit)], |row| row.get(0))?;
            Ok(leaves.collect::<Result<_, _>>()?)
        };
        with(&self.reader, || reader(&self.path), read)
    }

    fn probe(&self) -> Result<(), JournalError> {
        // The number that it has already: a page that has to reach the disk, and changes nothing.
        with(&self.writer, || writer(&self.path), |connection| Ok(connection.pragma_update(None, "user_version", 0)?))
    }

    fn is_shared(&self) -> bool {
        false
    }
}

fn append(connection: &mut Connection, head: u64, batch: &[Vec<u8>]) -> Result<u64, JournalError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut last = transaction.prepare_cached("SELECT COALESCE(MAX(seq) + 1, 0) FROM events")?;
    let found: i64 = last.query_row([], |row| row.get(0))?;
    drop(last);
    let found = found.unsigned_abs();
    if found != head {
        return Err(JournalError::HeadMoved { expected: head, found });
    }
    let mut next = head;
    let mut insert = transaction.prepare_cached("INSERT INTO events (seq, leaf) VALUES (?1, ?2)")?;
    for leaf in batch {
        insert.execute(params![number(next), leaf])?;
        next += 1;
    }
    drop(insert);
    transaction.commit()?;
    Ok(next)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{journal::suite, setup::tests::Scratch};

    #[test]
    fn it_is_a_journal() {
        let scratch = Scratch::new("journal-sqlite");
        let mut journals = 0;
        suite::is_a_journal(|again| {
            journals += u32::from(!again);
            Box::new(SqliteJournal::open(&scratch.path(&format!("journal{journals}.sqlite"))).unwrap())
        });
    }

    /// A full disk is found by writing only.
    #[test]
    fn a_probe_reaches_the_disk() {
        let scratch = Scratch::new("journal-probe");
        let journal = SqliteJournal::open(&scratch.path("journal.sqlite")).unwrap();
        journal.append_if(0, &suite::leaves(0..2)).unwrap();
        let log = || std::fs::read(scratch.path("journal.sqlite-wal")).unwrap();
        let before = log();
        journal.probe().unwrap();
        assert!(log() != before);
    }

    #[test]
    fn recorded_leaves_cannot_be_changed_or_deleted() {
        let scratch = Scratch::new("journal-fixed");
        let journal = SqliteJournal::open(&scratch.path("journal.sqlite")).unwrap();
        journal.append_if(0, &suite::leaves(0..2)).unwrap();
        let held = locked(&journal.writer);
        let connection = held.as_ref().unwrap();
        assert!(connection.execute("UPDATE events SET leaf = x'00'", []).is_err());
        assert!(connection.execute("DELETE FROM events", []).is_err());
    }
}
