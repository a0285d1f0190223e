//! The published log: `events.ndjson` and `checkpoint`, a copy of the journal that anybody with the folder can verify.
//!
//! The journal is the truth; the folder follows it. Events are synced before the checkpoint that covers them is renamed into
//! place, so a checkpoint never promises lines that a power loss can take back.

use std::{
    fs::{File, OpenOptions},
    io::{self, BufReader, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use visiting_policies::note::Checkpoint;

use crate::{
    files,
    journal::{Journal, JournalError},
};

/// Leaves read from the journal at a time.
pub(crate) const PAGE: u64 = 1000;

/// Why the folder could not be brought in line.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LogFolderError {
    #[error("the log folder cannot be written: {0}")]
    Folder(#[from] io::Error),
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// The folder, opened for appending.
#[derive(Debug)]
pub(crate) struct LogFolder {
    folder: PathBuf,
    events: File,
    /// True after a failed write: what the file holds is not known, so the next publication starts with a comparison.
    stale: bool,
}

impl LogFolder {
    /// Opens the folder and makes it say exactly what the journal says.
    pub(crate) fn open(folder: &Path, journal: &dyn Journal) -> Result<Self, LogFolderError> {
        std::fs::create_dir_all(folder)?;
        let path = folder.join("events.ndjson");
        let events = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        let mut this = Self { folder: folder.to_owned(), events, stale: true };
        this.rebuild(journal)?;
        Ok(this)
    }

    /// Adds the journal's newest leaves and the checkpoint that covers them.
    pub(crate) fn publish(&mut self, leaves: &[Vec<u8>], checkpoint: &str, journal: &dyn Journal) -> Result<(), LogFolderError> {
        if self.stale {
            self.rebuild(journal)?;
        } else {
            self.stale = true;
            self.events.write_all(&lines(leaves))?;
            self.events.sync_data()?;
        }
        files::replace(&self.folder.join("checkpoint"), checkpoint.as_bytes())?;
        self.stale = false;
        Ok(())
    }

    /// Keeps the part of the file that agrees with the journal, cuts the rest (a line torn by a crash) and writes what is missing.
    fn rebuild(&mut self, journal: &dyn Journal) -> Result<(), LogFolderError> {
        let (mut from, mut sound) = (0, 0u64);
        self.events.seek(SeekFrom::Start(0))?;
        let mut written = BufReader::new(&self.events);
        let mut same = true;
        loop {
            let page = journal.read(from, PAGE)?;
            if page.is_empty() {
                break;
            }
            from += page.len() as u64;
            let expected = lines(&page);
            same = same && reads_the_same(&mut written, &expected)?;
            if !same {
                let mut file = &self.events;
                file.set_len(sound)?;
                file.seek(SeekFrom::Start(sound))?;
                file.write_all(&expected)?;
            }
            sound += expected.len() as u64;
        }
        self.events.set_len(sound)?;
        self.events.seek(SeekFrom::Start(sound))?;
        self.events.sync_all()?;
        files::sync_folder(&self.folder)?;
        self.stale = false;
        Ok(())
    }
}

/// The checkpoint that was published last, when the file is there and the log's own.
pub(crate) fn last_checkpoint(folder: &Path, origin: &str, public: &[u8]) -> Option<Checkpoint> {
    let note = std::fs::read_to_string(folder.join("checkpoint")).ok()?;
    Checkpoint::open(&note, origin, public).ok()
}

fn lines(leaves: &[Vec<u8>]) -> Vec<u8> {
    let mut out = Vec::new();
    for leaf in leaves {
        out.extend_from_slice(leaf);
        out.push(b'\n');
    }
    out
}

fn reads_the_same(written: &mut impl Read, expected: &[u8]) -> io::Result<bool> {
    let mut found = Vec::with_capacity(expected.len());
    written.take(expected.len() as u64).read_to_end(&mut found)?;
    Ok(found == expected)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{journal::SqliteJournal, setup::tests::Scratch};

    #[test]
    fn a_torn_or_foreign_tail_is_replaced_by_the_journal() {
        let scratch = Scratch::new("log-folder");
        let journal = SqliteJournal::open(&scratch.path("journal.sqlite")).unwrap();
        journal.append_if(0, &[b"one".to_vec(), b"two".to_vec()]).unwrap();
        let folder = scratch.path("log");
        std::fs::create_dir_all(&folder).unwrap();
        for before in ["", "one\n", "one\ntw", "one\nxxx\nthree\n", "one\ntwo\nthree\n"] {
            std::fs::write(folder.join("events.ndjson"), before).unwrap();
            LogFolder::open(&folder, &journal).unwrap();
            assert_eq!(std::fs::read_to_string(folder.join("events.ndjson")).unwrap(), "one\ntwo\n");
        }
    }
}
