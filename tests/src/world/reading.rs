//! The published record of a world, as anybody with the folder reads it.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use rusqlite::{Connection, OpenFlags};
use visiting_policies::record::Event;
use visiting_tlog::{checkpoint::Checkpoint, folder::Folder, note::Note, read::Reader, store::Published};

use super::{Fault, LOOK, World, audit};

/// Longest wait for the copy of what was signed.
const PUBLISHED_WITHIN: Duration = Duration::from_secs(10);

impl World {
    /// Whole lines of the published record. The folder follows the journal: what the gateway has signed by now is waited for.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let signed = self.signed().unwrap_or(0);
        let until = Instant::now() + PUBLISHED_WITHIN;
        loop {
            let lines = record_lines(&self.home);
            if lines.len() >= signed || Instant::now() > until {
                return lines;
            }
            std::thread::sleep(LOOK);
        }
    }

    /// Events under the gateway's newest checkpoint, while it runs.
    fn signed(&self) -> Option<usize> {
        let checkpoint = self.raw().get("/v1/log/checkpoint", None).ok()?;
        String::from_utf8(checkpoint.body).ok()?.lines().nth(1)?.parse().ok()
    }

    /// The published record, read.
    ///
    /// # Errors
    /// When a line is no event.
    pub fn events(&self) -> Result<Vec<Event>, Fault> {
        self.lines().iter().map(|l| Event::from_bytes(l.as_bytes()).map_err(|e| e.to_string())).collect()
    }

    /// Waits until the record holds an event that `wanted` accepts, from index `from` on; its index.
    ///
    /// # Errors
    /// When none comes in time.
    pub fn wait_event(&self, from: usize, wanted: impl Fn(&Event) -> bool, patience: Duration) -> Result<usize, Fault> {
        let (until, mut known) = (Instant::now() + patience, None);
        while Instant::now() < until {
            let now = fs::read(self.home.join("log/checkpoint")).ok();
            if now != known {
                known = now;
                if let Some(found) = self.events()?.iter().skip(from).position(&wanted) {
                    return Ok(from + found);
                }
            }
            std::thread::sleep(LOOK);
        }
        Err(format!("the awaited event did not come within {} s", patience.as_secs()))
    }

    /// Waits until the gateway's health says `wanted` of `what`.
    ///
    /// # Errors
    /// What it says instead.
    pub fn wait_health(&self, what: &str, wanted: &str, patience: Duration) -> Result<(), Fault> {
        let until = Instant::now() + patience;
        loop {
            let says = self.raw().get("/v1/health", None)?.text(what);
            if says == wanted {
                return Ok(());
            }
            if Instant::now() > until {
                return Err(format!("{what} is {says} and not {wanted} after {} s", patience.as_secs()));
            }
            std::thread::sleep(LOOK);
        }
    }

    /// Verifies the published record with `visiting-audit`.
    ///
    /// # Errors
    /// What it found.
    pub fn audit(&self) -> Result<String, Fault> {
        audit(&self.home, &self.home.join("log"))
    }
}

/// Lines of a home's journal, which come before the published ones.
#[must_use]
pub fn journal_lines(home: &Path) -> Vec<String> {
    let read = || -> rusqlite::Result<Vec<String>> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
        let journal = Connection::open_with_flags(home.join("gateway/journal.sqlite"), flags)?;
        let mut select = journal.prepare("SELECT leaf FROM events ORDER BY seq")?;
        let leaves = select.query_map([], |row| row.get::<_, Vec<u8>>(0))?;
        leaves.map(|leaf| Ok(String::from_utf8_lossy(&leaf?).into_owned())).collect()
    };
    read().unwrap_or_default()
}

/// Lines of a home's published record: the entries under its checkpoint.
#[must_use]
pub fn record_lines(home: &Path) -> Vec<String> {
    let folder = Folder::new(&home.join("log"));
    let note = folder.checkpoint().ok().flatten().and_then(|note| Note::parse(&note).ok());
    let Some(checkpoint) = note.and_then(|note| Checkpoint::parse(note.text()).ok()) else { return Vec::new() };
    let log = Reader::new(&folder, checkpoint.size());
    log.entries().map_while(Result::ok).map(|entry| String::from_utf8_lossy(&entry).into_owned()).collect()
}
