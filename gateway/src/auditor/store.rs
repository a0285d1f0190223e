//! Where the rows lie: in memory while the record is short, in a file of the gateway's folder when it is long. Either way it is a copy that
//! can be thrown away.

use std::{
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use rusqlite::{Connection, OpenFlags, params};

use super::row::Row;
use crate::{stream::item::rfc3339, wire::EventSummary};

/// Most events that are held in memory: with their leaves and indices about 1 kB each, so 100 MB. A longer record is not refused: it goes
/// to the file.
const MEMORY_EVENTS_MAX: u64 = 100_000;

/// Tables, as `docs/audit.md` tells them.
const SCHEMA: &str = "
    PRAGMA journal_mode = OFF;
    PRAGMA synchronous = OFF;
    CREATE TABLE events (
        idx INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, at TEXT NOT NULL, actor TEXT NOT NULL, person TEXT, action TEXT NOT NULL,
        application TEXT, permit TEXT, run TEXT, preflight TEXT, incident TEXT, outcome TEXT NOT NULL, code TEXT, route TEXT, leaf TEXT NOT NULL
    ) STRICT;
    CREATE TABLE event_databases (idx INTEGER NOT NULL, database TEXT NOT NULL, PRIMARY KEY (idx, database)) STRICT, WITHOUT ROWID;
    CREATE TABLE incident_leaves (incident TEXT NOT NULL, idx INTEGER NOT NULL, PRIMARY KEY (incident, idx)) STRICT, WITHOUT ROWID;
    CREATE INDEX by_person ON events (person, idx);
    CREATE INDEX by_permit ON events (permit, idx);
    CREATE INDEX by_application ON events (application, idx);
    CREATE INDEX by_run ON events (run, idx);
    CREATE INDEX by_action ON events (action, idx);
    CREATE INDEX by_time ON events (at_ms);
    CREATE INDEX by_database ON event_databases (database, idx);
    CREATE INDEX by_leaf ON incident_leaves (idx);
";

const INSERT: &str = "INSERT INTO events VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)";

/// Names of databases in memory: each projection of the process has its own.
static NUMBER: AtomicU64 = AtomicU64::new(0);

/// The projection.
#[derive(Debug)]
pub(super) struct Store {
    /// Behind a lock because a connection is for one thread at a time; nobody ever waits for it.
    writer: Mutex<Connection>,
    /// What readers open.
    address: String,
    spill: PathBuf,
    memory_max: u64,
    spilled: bool,
    size: u64,
}

impl Store {
    /// An empty projection in memory.
    pub(super) fn open(spill: PathBuf) -> rusqlite::Result<Self> {
        Self::with_memory(spill, MEMORY_EVENTS_MAX)
    }

    fn with_memory(spill: PathBuf, memory_max: u64) -> rusqlite::Result<Self> {
        let address = format!("file:/visiting-auditor-{}?vfs=memdb", NUMBER.fetch_add(1, Ordering::Relaxed));
        let writer = Connection::open(&address)?;
        writer.execute_batch(SCHEMA)?;
        Ok(Self { writer: Mutex::new(writer), address, spill, memory_max, spilled: false, size: 0 })
    }

    /// Number of events in it.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// A connection that can write nothing.
    pub(super) fn reader(&self) -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let reader = Connection::open_with_flags(&self.address, flags)?;
        reader.execute_batch("PRAGMA query_only = ON; PRAGMA temp_store = MEMORY;")?;
        Ok(reader)
    }

    /// Adds the rows that follow.
    pub(super) fn add(&mut self, rows: &[Row]) -> rusqlite::Result<()> {
        let batch = self.writer.get_mut().unwrap_or_else(PoisonError::into_inner).transaction()?;
        for row in rows {
            insert(&batch, row)?;
        }
        batch.commit()?;
        self.size += rows.len() as u64;
        if self.size > self.memory_max && !self.spilled { self.spill() } else { Ok(()) }
    }

    /// Moves everything into the file. What lay there is of an earlier process, and worth nothing.
    fn spill(&mut self) -> rusqlite::Result<()> {
        remove(&self.spill)?;
        let file = Connection::open(&self.spill)?;
        file.execute_batch(SCHEMA)?;
        file.execute("ATTACH ?1 AS memory", [&self.address])?;
        for table in ["events", "event_databases", "incident_leaves"] {
            file.execute_batch(&format!("INSERT INTO main.{table} SELECT * FROM memory.{table};"))?;
        }
        file.execute_batch("DETACH memory")?;
        self.writer = Mutex::new(file);
        self.address = self.spill.to_string_lossy().into_owned();
        self.spilled = true;
        Ok(())
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        if self.spilled {
            let _ = remove(&self.spill);
        }
    }
}

fn remove(file: &Path) -> rusqlite::Result<()> {
    match std::fs::remove_file(file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(rusqlite::Error::InvalidPath(file.to_owned())),
        _ => Ok(()),
    }
}

fn insert(batch: &Connection, row: &Row) -> rusqlite::Result<()> {
    let (index, at_ms, about) = (number(row.index), number(row.at_ms), &row.about);
    batch.prepare_cached(INSERT)?.execute(params![
        index,
        at_ms,
        rfc3339(row.at_ms),
        row.actor,
        row.person,
        row.action,
        about.application,
        about.permit,
        about.run,
        about.preflight,
        about.incident,
        row.outcome,
        row.code,
        row.route,
        row.leaf,
    ])?;
    for database in &row.databases {
        batch.prepare_cached("INSERT INTO event_databases VALUES (?1, ?2)")?.execute(params![index, database])?;
    }
    for leaf in &row.leaves {
        batch.prepare_cached("INSERT INTO incident_leaves VALUES (?1, ?2)")?.execute(params![about.incident, number(*leaf)])?;
    }
    Ok(())
}

/// Columns of [`summary`].
pub(super) const SUMMARY: &str = "idx, at_ms, at, actor, person, action, outcome, code, route";

/// One event of those that were found, in short.
pub(super) fn summary(found: &rusqlite::Row<'_>) -> rusqlite::Result<EventSummary> {
    Ok(EventSummary {
        index: found.get::<_, i64>("idx")?.unsigned_abs(),
        at_ms: found.get::<_, i64>("at_ms")?.unsigned_abs(),
        at: found.get("at")?,
        actor: found.get("actor")?,
        person: found.get("person")?,
        action: found.get("action")?,
        outcome: found.get("outcome")?,
        code: found.get("code")?,
        route: found.get("route")?,
    })
}

/// SQLite counts in i64; no record grows past it.
pub(super) fn number(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::setup::tests::Scratch;

    fn row(index: u64) -> Row {
        let databases = ["kaigo".to_owned(), "ndb".to_owned()].into();
        Row { index, actor: "gateway", action: "viewed".into(), outcome: "ok".into(), databases, leaf: "{}".into(), ..Row::default() }
    }

    fn count(store: &Store, table: &str) -> u64 {
        store.reader().unwrap().query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get::<_, i64>(0)).unwrap().unsigned_abs()
    }

    #[test]
    fn a_long_record_goes_to_the_file_and_loses_nothing() {
        let scratch = Scratch::new("auditor-spill");
        let file = scratch.path("auditor.sqlite");
        std::fs::write(&file, "left by an earlier process").unwrap();
        let mut store = Store::with_memory(file.clone(), 10).unwrap();
        store.add(&(0..10).map(row).collect::<Vec<_>>()).unwrap();
        assert!(!store.spilled && count(&store, "events") == 10);
        store.add(&[row(10)]).unwrap();
        assert!(store.spilled && store.address == file.to_string_lossy());
        store.add(&[row(11)]).unwrap();
        assert_eq!((store.size(), count(&store, "events"), count(&store, "event_databases")), (12, 12, 24));
        drop(store);
        assert!(!file.exists(), "a copy is not left behind");
    }

    #[test]
    fn readers_write_nothing_in_memory_or_in_the_file() {
        let scratch = Scratch::new("auditor-readers");
        let mut store = Store::with_memory(scratch.path("auditor.sqlite"), 1).unwrap();
        store.add(&[row(0)]).unwrap();
        assert!(store.reader().unwrap().execute("DELETE FROM events", []).is_err());
        store.add(&[row(1)]).unwrap();
        assert!(store.spilled && store.reader().unwrap().execute("DELETE FROM events", []).is_err());
        assert_eq!(count(&store, "events"), 2);
    }

    #[test]
    fn an_event_in_memory_is_about_as_large_as_is_said() {
        let scratch = Scratch::new("auditor-size");
        let mut store = Store::open(scratch.path("auditor.sqlite")).unwrap();
        // Ids as they are made, and a leaf of usual length.
        let id = |prefix: &str, index: u64| Some(format!("{prefix}_{:032x}", u128::from(index) * 0x9e37_79b9_7f4a_7c15));
        let real = |index| Row {
            about: super::super::row::About {
                application: id("app", 7),
                permit: id("prm", 7),
                run: id("run", index),
                ..Default::default()
            },
            person: Some("per_hanako".into()),
            leaf: "x".repeat(500),
            ..row(index)
        };
        store.add(&(0..5_000).map(real).collect::<Vec<_>>()).unwrap();
        let pragma = |name: &str| store.reader().unwrap().query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0)).unwrap();
        let each = pragma("page_count") * pragma("page_size") / 5_000;
        assert!((500..1_500).contains(&each), "{each} bytes an event");
    }

    #[test]
    fn two_projections_of_one_process_are_apart() {
        let scratch = Scratch::new("auditor-apart");
        let mut one = Store::open(scratch.path("one.sqlite")).unwrap();
        let two = Store::open(scratch.path("two.sqlite")).unwrap();
        one.add(&[row(0)]).unwrap();
        assert_eq!((count(&one, "events"), count(&two, "events")), (1, 0));
    }
}
