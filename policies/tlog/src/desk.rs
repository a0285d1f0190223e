//! A witness that keeps what it knows in files: `<origin hash>/checkpoint`, just as monitors ask for it.
//!
//! One lock goes from looking at the latest checkpoint to having kept the next, so two requests cannot both start from one size.
//! A file that was put back while the witness runs is noticed. One that was put back while it did not run is not: nothing on one
//! disk can tell, so back-ups of this folder are not to be restored without asking the logs.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use crate::{
    durable,
    note::NOTE_MAX_BYTES,
    witness::{Answer, State, Witness, WitnessFault, origin_hash},
};

/// File that makes a folder a witness's.
const MARK: &str = "witness";

/// Why a witness cannot start.
#[derive(Debug, thiserror::Error)]
pub enum DeskFault {
    /// The folder is no witness's: it is made once, on purpose, or a lost disk would be a witness that knows nothing.
    #[error("this folder was not made for this witness")]
    NotMade,
    /// Another process serves it.
    #[error("another process uses this folder")]
    InUse,
    /// A file in it is not what this witness kept.
    #[error("{0}: {1}")]
    Foreign(String, WitnessFault),
    /// The disk failed.
    #[error("the witness's folder cannot be used: {0}")]
    Disk(#[from] io::Error),
}

/// A witness and its folder.
#[derive(Debug)]
pub struct Desk {
    witness: Witness,
    folder: PathBuf,
    state: Mutex<State>,
    /// Held as long as the desk is.
    _lock: File,
}

impl Desk {
    /// Makes a folder for a witness that knows nothing yet.
    ///
    /// # Errors
    /// When it is one already, or cannot be written.
    pub fn create(folder: &Path, witness: &Witness) -> Result<(), DeskFault> {
        let mark = folder.join(MARK);
        if mark.exists() {
            return Err(DeskFault::Disk(io::ErrorKind::AlreadyExists.into()));
        }
        durable::write(&[(mark, format!("{}\n", witness.verifier()).as_bytes())])?;
        Ok(())
    }

    /// Opens a folder that was made for this witness.
    ///
    /// # Errors
    /// [`DeskFault`].
    pub fn open(folder: &Path, witness: Witness) -> Result<Self, DeskFault> {
        let mark = durable::read(&folder.join(MARK), NOTE_MAX_BYTES)?;
        if mark != Some(format!("{}\n", witness.verifier()).into_bytes()) {
            return Err(DeskFault::NotMade);
        }
        let lock = File::open(folder.join(MARK))?;
        lock.try_lock().map_err(|fault| match fault {
            fs::TryLockError::WouldBlock => DeskFault::InUse,
            fs::TryLockError::Error(error) => DeskFault::Disk(error),
        })?;
        let mut state = State::default();
        for origin in witness.origins() {
            let Some(note) = kept(folder, origin)? else { continue };
            let latest = witness.restore(origin, &note).and_then(|latest| state.put(latest));
            latest.map_err(|fault| DeskFault::Foreign(origin.to_owned(), fault))?;
        }
        Ok(Self { witness, folder: folder.to_owned(), state: Mutex::new(state), _lock: lock })
    }

    /// Answers `add-checkpoint`. A cosignature is given only after its checkpoint would survive a power loss.
    #[must_use]
    pub fn add_checkpoint(&self, body: &[u8], now: u64) -> Answer {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = self.witness.add_checkpoint(&state, body, now);
        let Some(next) = &answer.next else { return answer };
        let origin = next.checkpoint().origin();
        let known = state.latest(origin).map(|latest| latest.note().to_string().into_bytes());
        match kept(&self.folder, origin) {
            Ok(kept) if kept == known => {}
            Ok(_) => return Answer::refused(500, "what the witness kept was changed by somebody else"),
            Err(error) => return Answer::refused(500, error),
        }
        let mut after = state.clone();
        if let Err(fault) = after.put((**next).clone()) {
            return Answer::refused(500, fault);
        }
        // After a failed write the file may be the old one or the new one; if it is the new one, the comparison above stops
        // everything until the witness is opened again and starts from it.
        if let Err(error) = durable::write(&[(path(&self.folder, origin), next.note().to_string().as_bytes())]) {
            return Answer::refused(500, error);
        }
        *state = after;
        answer
    }

    /// Answers `<origin hash>/checkpoint`; `None` is 404: nothing was ever cosigned for such a log.
    #[must_use]
    pub fn checkpoint(&self, origin_hash: &str) -> Option<String> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.monitored(origin_hash).map(|latest| latest.note().to_string())
    }
}

fn path(folder: &Path, origin: &str) -> PathBuf {
    folder.join(origin_hash(origin)).join("checkpoint")
}

fn kept(folder: &Path, origin: &str) -> io::Result<Option<Vec<u8>>> {
    durable::read(&path(folder, origin), NOTE_MAX_BYTES)
}
