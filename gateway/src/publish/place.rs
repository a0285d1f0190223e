//! One place where the log is published, and how far it is there.

use std::{io, sync::Arc};

use visiting_policies::merkle::Hash;
use visiting_tlog::{
    append::{AppendFault, Appender},
    checkpoint::Checkpoint,
    key::VerifierKey,
    merkle::empty_root,
    note::{Note, NoteFault},
    store::Published,
    tile::{FULL, KINDS, Tile, hashes_of},
};

use super::PublishFault;
use crate::{journal::Journal, view::PAGE};

/// Leaves that are appended together: as many full bundles as share one wait for the disk.
const BATCH: u64 = 16 * PAGE;

/// Why a checkpoint is not taken for our log's, and what to do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotOurs {
    #[error("the checkpoint there is not this log's; take it away or name another place")]
    Foreign,
    #[error(
        "the checkpoint there is signed by a key that this journal does not know: the journal may be from before a rotation; restore its newest copy, and only if this place belongs to another log, name another one"
    )]
    UnknownKey,
}

type At = Arc<dyn Published + Send>;

/// A place.
pub(super) struct Place {
    name: String,
    store: At,
    /// `None` until it is opened, and after a fault: it goes on from the checkpoint that is published.
    appender: Option<Appender<At>>,
    /// Events of which partial tiles were cleared away.
    cleared: u64,
}

impl Place {
    pub(super) fn new(name: String, store: At) -> Self {
        Self { name, store, appender: None, cleared: 0 }
    }

    /// The checkpoint that stands there, signed by our log, which these are the keys of.
    pub(super) fn published(&self, logs: &[VerifierKey]) -> Result<Option<(Checkpoint, Note)>, PublishFault> {
        let Some(bytes) = self.store.checkpoint().map_err(|fault| self.fault(fault))? else { return Ok(None) };
        signed(&bytes, logs).map(Some).map_err(|why| self.fault(io::Error::other(why)))
    }

    /// Writes the tiles of the first `size` leaves of the journal, durably.
    pub(super) fn bring(&mut self, size: u64, root: &Hash, journal: &dyn Journal, logs: &[VerifierKey]) -> Result<(), PublishFault> {
        let mut appender = match self.appender.take() {
            Some(appender) => appender,
            None => self.open(logs)?,
        };
        while appender.size() < size {
            let leaves = self.read(journal, appender.size(), size)?;
            if leaves.is_empty() {
                return Err(PublishFault::Closes(format!("the journal has lost events: it no longer reaches to event {size}")));
            }
            appender.append(&leaves).map_err(|fault| self.tiles(fault))?;
        }
        if appender.size() == size && appender.root() != *root {
            return Err(PublishFault::Closes(format!("the journal's leaves are not those that were folded, up to event {size}")));
        }
        self.appender = Some(appender);
        Ok(())
    }

    fn read(&self, journal: &dyn Journal, from: u64, to: u64) -> Result<Vec<Vec<u8>>, PublishFault> {
        Ok(journal.read(from, (to - from).min(BATCH))?)
    }

    fn open(&mut self, logs: &[VerifierKey]) -> Result<Appender<At>, PublishFault> {
        let last = match self.published(logs)? {
            Some((checkpoint, _)) => checkpoint,
            None => Checkpoint::new(logs.first().map_or("", VerifierKey::name), 0, empty_root())
                .map_err(|fault| self.fault(io::Error::other(fault)))?,
        };
        // A crash before the last clearing left at most the tiles that had just become full.
        self.cleared = last.size().saturating_sub(u64::from(FULL));
        Appender::open(Arc::clone(&self.store), &last).map_err(|fault| self.tiles(fault))
    }

    /// Replaces the checkpoint, once the tiles under it are there.
    ///
    /// True when it was.
    pub(super) fn publish(&mut self, size: u64, note: &Note) -> Result<bool, PublishFault> {
        if self.appender.as_ref().is_none_or(|appender| appender.size() < size) {
            return Ok(false);
        }
        self.store.publish(note.to_string().as_bytes()).map_err(|fault| self.fault(fault))?;
        self.clear(size).map_err(|fault| self.fault(fault))?;
        Ok(true)
    }

    /// Partial tiles go once the full one is there: "partial tiles MAY be deleted".
    fn clear(&mut self, size: u64) -> io::Result<()> {
        for kind in KINDS {
            let (from, to) = (hashes_of(kind, self.cleared) / u64::from(FULL), hashes_of(kind, size) / u64::from(FULL));
            for full in (from..to).filter_map(|index| Tile::new(kind, index, FULL)) {
                let partials: Vec<_> = self.store.partials(full)?.into_iter().filter_map(|width| full.of_width(width)).collect();
                if !partials.is_empty() {
                    self.store.remove(&partials)?;
                }
            }
        }
        self.cleared = size;
        Ok(())
    }

    fn fault(&self, fault: io::Error) -> PublishFault {
        PublishFault::Place { place: self.name.clone(), fault }
    }

    fn tiles(&self, fault: AppendFault) -> PublishFault {
        PublishFault::Tiles { place: self.name.clone(), fault }
    }
}

/// A checkpoint of the log that these are the keys of.
pub(super) fn signed(note: &[u8], logs: &[VerifierKey]) -> Result<(Checkpoint, Note), NotOurs> {
    let note = Note::parse(note).map_err(|_| NotOurs::Foreign)?;
    let checkpoint = Checkpoint::parse(note.text()).map_err(|_| NotOurs::Foreign)?;
    let own: Vec<_> = logs.iter().filter(|log| log.name() == checkpoint.origin()).collect();
    let in_our_name = !own.is_empty() && note.signatures().iter().any(|signature| signature.name() == checkpoint.origin());
    let verified = note.verify(&own).map(|_| ());
    match verified {
        Ok(()) => Ok((checkpoint, note)),
        Err(NoteFault::Unsigned) if in_our_name => Err(NotOurs::UnknownKey),
        Err(_) => Err(NotOurs::Foreign),
    }
}
