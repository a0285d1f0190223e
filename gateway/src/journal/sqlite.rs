//! The journal in one SQLite file, for one gateway.

use std::{
    fs::OpenOptions,
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use rusqlite::{Connection, TransactionBehavior, params};

use super::{Journal, JournalError, StoreFault, Trouble, number};

/// WAL with FULL: a commit returns after its fsync. The triggers make an accident with another tool fail; they do not stop an
/// attacker, the Merkle tree does.
const SCHEMA: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    CREATE TABLE IF NOT EXISTS events (seq INTEGER PRIMARY KEY, leaf BLOB NOT NULL) STRICT;
    CREATE TRIGGER IF NOT EXISTS events_stay BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'the record is append-only'); END;
    CREATE TRIGGER IF NOT EXISTS events_last BEFORE DELETE ON events BEGIN SELECT RAISE(ABORT, 'the record is append-only'); END;
";

/// Bytes of the write-ahead log that are there before anything is written: what SQLite fills before it starts over (1000 pages of 4 KiB
/// and a whole group of usual events). A sync of a file that grows waits for the file system's own journal as well, which doubles it.
const LOG_BYTES: u64 = 5 << 20;

/// The journal in one SQLite file. Readers have a connection of their own, so they never wait for a commit.
#[derive(Debug)]
pub struct SqliteJournal {
    path: PathBuf,
    writer: Mutex<Option<Connection>>,
    reader: Mutex<Option<Connection>>,
    /// A write failed, and no new connection has made what is readable durable since.
    doubtful: AtomicBool,
}

impl SqliteJournal {
    /// Opens or creates the file.
    ///
    /// # Errors
    /// [`JournalError::Store`].
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        let (writer, reader) = (Mutex::new(Some(writer(path)?)), Mutex::new(Some(reader(path)?)));
        Ok(Self { path: path.to_owned(), writer, reader, doubtful: AtomicBool::new(false) })
    }

    /// Nothing is read that a power loss may take: after a fault the writer's connection is made anew first.
    fn settled(&self) -> Result<(), JournalError> {
        if !self.doubtful.load(Ordering::SeqCst) {
            return Ok(());
        }
        with(&self.writer, || writer(&self.path), |_| Ok(()))?;
        self.doubtful.store(false, Ordering::SeqCst);
        Ok(())
    }
}

fn writer(path: &Path) -> Result<Connection, JournalError> {
    let connection = Connection::open(path)?;
    connection.execute_batch(SCHEMA)?;
    into_the_file(&connection)?;
    // Without the room everything is as safe, and slower.
    make_room(path).unwrap_or_else(|error| tracing::warn!("no room was made for the write-ahead log: {error}"));
    Ok(connection)
}

/// What the write-ahead log holds goes into the file itself, synced. After a sync that failed, and after the end of a process that met
/// one, the log can be read from memory and not be on the disk; written and synced anew it is.
fn into_the_file(connection: &Connection) -> Result<(), JournalError> {
    let busy: bool = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    if busy {
        return Err(StoreFault::new(Trouble::Other, "another program is reading it for long; end that program").into());
    }
    Ok(())
}

/// Fills up the write-ahead log with zeros. SQLite looks only at what its own checksums reach to, and its locks are on other files, which
/// to close this one therefore does not end.
fn make_room(path: &Path) -> io::Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    let mut log = OpenOptions::new().append(true).open(name)?;
    let missing = LOG_BYTES.saturating_sub(log.metadata()?.len());
    if missing > 0 {
        log.write_all(&vec![0; usize::try_from(missing).unwrap_or(0)])?;
        log.sync_all()?;
    }
    Ok(())
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
        let appended = with(&self.writer, || writer(&self.path), |connection| append(connection, head, batch));
        // A full disk has refused the bytes; a sync that failed may have lost them, and says so once.
        if matches!(&appended, Err(JournalError::Store(fault)) if fault.trouble == Trouble::Device) {
            self.doubtful.store(true, Ordering::SeqCst);
        }
        appended
    }

    fn read(&self, from: u64, limit: u64) -> Result<Vec<Vec<u8>>, JournalError> {
        let read = |connection: &mut Connection| {
            let mut select = connection.prepare_cached("SELECT leaf FROM events WHERE seq >= ?1 ORDER BY seq LIMIT ?2")?;
            let leaves = select.query_map(params![number(from), number(limit)], |row| row.get(0))?;
            Ok(leaves.collect::<Result<_, _>>()?)
        };
        self.settled()?;
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

/// Events that are there.
const COUNT: &str = "SELECT COALESCE(MAX(seq) + 1, 0) FROM events";

fn append(connection: &mut Connection, head: u64, batch: &[Vec<u8>]) -> Result<u64, JournalError> {
    match batch {
        [leaf] => append_one(connection, head, leaf),
        leaves => append_all(connection, head, leaves),
    }
}

/// A statement is a transaction of its own, and the cheapest.
fn append_one(connection: &Connection, head: u64, leaf: &[u8]) -> Result<u64, JournalError> {
    let mut insert = connection.prepare_cached(&format!("INSERT INTO events (seq, leaf) SELECT ?1, ?2 WHERE ?1 = ({COUNT})"))?;
    if insert.execute(params![number(head), leaf])? == 1 {
        return Ok(head + 1);
    }
    let found: i64 = connection.query_row(COUNT, [], |row| row.get(0))?;
    Err(JournalError::HeadMoved { expected: head, found: found.unsigned_abs() })
}

fn append_all(connection: &mut Connection, head: u64, batch: &[Vec<u8>]) -> Result<u64, JournalError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut last = transaction.prepare_cached(COUNT)?;
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

    /// A power loss takes a write-ahead log that was never synced, as after a sync that failed; the file alone must have what is shown.
    #[test]
    fn what_an_opened_journal_shows_does_not_hang_on_its_write_ahead_log() {
        let scratch = Scratch::new("journal-crashed");
        let journal = SqliteJournal::open(&scratch.path("used.sqlite")).unwrap();
        journal.append_if(0, &suite::leaves(0..5)).unwrap();
        for end in ["", "-wal"] {
            std::fs::copy(scratch.path(&format!("used.sqlite{end}")), scratch.path(&format!("crashed.sqlite{end}"))).unwrap();
        }
        let opened = SqliteJournal::open(&scratch.path("crashed.sqlite")).unwrap();
        assert_eq!(opened.read(0, 10).unwrap(), suite::leaves(0..5));
        std::fs::copy(scratch.path("crashed.sqlite"), scratch.path("alone.sqlite")).unwrap();
        let alone = SqliteJournal::open(&scratch.path("alone.sqlite")).unwrap();
        assert_eq!(alone.read(0, 10).unwrap(), suite::leaves(0..5));
    }

    #[test]
    fn after_a_write_that_failed_nothing_is_read_before_it_is_in_the_file() {
        let scratch = Scratch::new("journal-doubtful");
        let path = scratch.path("journal.sqlite");
        let journal = SqliteJournal::open(&path).unwrap();
        journal.append_if(0, &suite::leaves(0..2)).unwrap();
        // As a sync that failed leaves it: the connection given up, its pages readable.
        drop(locked(&journal.writer).take());
        journal.doubtful.store(true, Ordering::SeqCst);
        assert_eq!(journal.read(0, 10).unwrap(), suite::leaves(0..2));
        std::fs::copy(&path, scratch.path("alone.sqlite")).unwrap();
        let alone = SqliteJournal::open(&scratch.path("alone.sqlite")).unwrap();
        assert_eq!(alone.read(0, 10).unwrap(), suite::leaves(0..2));
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
