//! Writes the tiles of a growing log. After each append everything is there that a checkpoint over the new size promises, so the
//! order is: append, then sign, then publish.

use std::io;

use crate::{
    bundle::{self, ENTRY_MAX_BYTES, EntryTooLong},
    checkpoint::Checkpoint,
    merkle::{Frontier, Hash, leaf_hash},
    read::{ReadFault, Reader, hashes},
    store::{Store, read_or_full},
    tile::{FULL, KINDS, Kind, Tile, complete_hash, hashes_of},
};

/// Tiles handed to the store together: they share its waits, and no append holds more than these in memory.
const GROUP_MAX: usize = 64;

/// Why nothing can be appended.
#[derive(Debug, thiserror::Error)]
pub enum AppendFault {
    /// An entry is too long. Nothing was written.
    #[error("entry {number} of the batch: {fault}")]
    Entry {
        /// Number within the batch.
        number: usize,
        /// By how much.
        fault: EntryTooLong,
    },
    /// The tiles are not those of the checkpoint: torn, rolled back or another log's.
    #[error("the tiles do not lead to the checkpoint over {size} entries")]
    Differs {
        /// Entries of the checkpoint.
        size: u64,
    },
    /// The last bundle does not hold the entries of the last tile.
    #[error("the entries of {0} are not those that were logged")]
    Entries(Tile),
    /// The right edge cannot be read.
    #[error(transparent)]
    Read(#[from] ReadFault),
    /// A write failed earlier; the log is opened again from its last checkpoint.
    #[error("an earlier write failed; open the log again")]
    Stale,
    /// The store failed.
    #[error("the tiles cannot be written: {0}")]
    Store(#[from] io::Error),
}

/// The right edge of a log, and the store that the rest of it lies in.
#[derive(Debug)]
pub struct Appender<S> {
    store: S,
    size: u64,
    /// Per level the hashes of the tile that is not full yet.
    edge: Vec<Vec<Hash>>,
    /// Bytes of the bundle that is not full yet.
    bundle: Vec<u8>,
    waiting: Vec<(Tile, Vec<u8>)>,
    stale: bool,
}

impl<S: Store> Appender<S> {
    /// An empty log.
    pub fn create(store: S) -> Self {
        Self { store, size: 0, edge: Vec::new(), bundle: Vec::new(), waiting: Vec::new(), stale: false }
    }

    /// Goes on after the last checkpoint. Tiles past it, left by a crash, are taken away or written again: the next entries may be others.
    ///
    /// # Errors
    /// [`AppendFault::Differs`] when the store does not hold the log of this checkpoint: "A log MUST not sign any checkpoint which is
    /// inconsistent with any checkpoint it previously signed".
    pub fn open(store: S, last: &Checkpoint) -> Result<Self, AppendFault> {
        let size = last.size();
        let mut this = Self::create(store);
        this.size = size;
        for level in 0..size.checked_ilog2().map_or(0, |height| height / crate::tile::HEIGHT + 1) {
            let kind = Kind::Level(u8::try_from(level).unwrap_or(u8::MAX));
            let edge = match edge_tile(kind, size) {
                Some(tile) => hashes(&this.store, tile)?,
                None => Vec::new(),
            };
            this.edge.push(edge);
        }
        if let Some(tile) = edge_tile(Kind::Entries, size) {
            this.bundle = edge_bundle(&this.store, tile, this.edge.first().map_or(&[], Vec::as_slice))?;
        }
        // The edge alone has the root; that the full tiles beside it are there is asked of the reader's way to it as well.
        let read = Reader::new(&this.store, size).root(size)?;
        if this.root() != *last.root() || read != *last.root() {
            return Err(AppendFault::Differs { size });
        }
        KINDS.into_iter().try_for_each(|kind| remove_leftovers(&this.store, kind, size))?;
        Ok(this)
    }

    /// Entries in the log.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Root over all entries.
    #[must_use]
    pub fn root(&self) -> Hash {
        root_of_edge(self.size, &self.edge)
    }

    /// Appends a batch and returns the new size. All of the batch is durable then.
    ///
    /// # Errors
    /// [`AppendFault`]. After a failed write the appender takes nothing more.
    pub fn append<E: AsRef<[u8]>>(&mut self, batch: &[E]) -> Result<u64, AppendFault> {
        if self.stale {
            return Err(AppendFault::Stale);
        }
        let too_long = batch.iter().position(|entry| entry.as_ref().len() > ENTRY_MAX_BYTES);
        if let Some((number, entry)) = too_long.and_then(|number| batch.get(number).map(|entry| (number, entry))) {
            return Err(AppendFault::Entry { number, fault: EntryTooLong { bytes: entry.as_ref().len() } });
        }
        self.stale = true;
        for (number, entry) in batch.iter().enumerate() {
            self.push(entry.as_ref()).map_err(|fault| AppendFault::Entry { number, fault })?;
            if self.waiting.len() >= GROUP_MAX {
                self.flush()?;
            }
        }
        if !batch.is_empty() {
            self.write_partials();
            self.flush()?;
        }
        self.stale = false;
        Ok(self.size)
    }

    fn push(&mut self, entry: &[u8]) -> Result<(), EntryTooLong> {
        bundle::push(&mut self.bundle, entry)?;
        self.size += 1;
        let mut carried = Some(leaf_hash(entry));
        let mut level = 0;
        while let Some(hash) = carried {
            carried = self.carry(level, hash);
            level += 1;
        }
        Ok(())
    }

    /// Adds a hash to a level's tile; a tile that is full now is written, and its hash goes up.
    fn carry(&mut self, level: usize, hash: Hash) -> Option<Hash> {
        if self.edge.len() == level {
            self.edge.push(Vec::new());
        }
        let hashes = self.edge.get_mut(level)?;
        hashes.push(hash);
        if hashes.len() < usize::from(FULL) {
            return None;
        }
        let hashes = std::mem::take(hashes);
        let above = complete_hash(&hashes);
        let index = (self.size >> (crate::tile::HEIGHT * (u32::try_from(level).ok()? + 1))) - 1;
        if level == 0 {
            self.waiting.extend(Tile::new(Kind::Entries, index, FULL).map(|tile| (tile, std::mem::take(&mut self.bundle))));
        }
        self.waiting.extend(Tile::new(Kind::Level(u8::try_from(level).ok()?), index, FULL).map(|tile| (tile, hashes.concat())));
        above
    }

    fn write_partials(&mut self) {
        if let Some(tile) = edge_tile(Kind::Entries, self.size) {
            self.waiting.push((tile, self.bundle.clone()));
        }
        for (level, hashes) in (0..).zip(&self.edge) {
            self.waiting.extend(edge_tile(Kind::Level(level), self.size).map(|tile| (tile, hashes.concat())));
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.store.write(&self.waiting)?;
        self.waiting.clear();
        Ok(())
    }
}

/// The partial tile of a level; `None` where the tree ends with a full one or has none.
fn edge_tile(kind: Kind, size: u64) -> Option<Tile> {
    Tile::at(kind, hashes_of(kind, size) / u64::from(FULL), size).filter(|tile| !tile.is_full())
}

/// Partial tiles wider than the last checkpoint's would stand beside full ones that they are no beginning of. Full ones are written over.
fn remove_leftovers(store: &impl Store, kind: Kind, size: u64) -> io::Result<()> {
    let first = hashes_of(kind, size) / u64::from(FULL);
    for index in first.. {
        let Some(full) = Tile::new(kind, index, FULL) else { break };
        let partials = store.partials(full)?;
        let promised = Tile::at(kind, index, size).map_or(0, Tile::width);
        let left: Vec<_> = partials.iter().filter(|width| **width > promised).filter_map(|width| full.of_width(*width)).collect();
        store.remove(&left)?;
        if partials.is_empty() && index > first && store.read(full)?.is_none() {
            break;
        }
    }
    Ok(())
}

/// The bytes of the partial bundle, whose entries must be those that level 0 says.
fn edge_bundle(store: &impl Store, tile: Tile, leaves: &[Hash]) -> Result<Vec<u8>, AppendFault> {
    let (found, bytes) = read_or_full(store, tile)?.ok_or(ReadFault::Missing(tile))?;
    let entries = bundle::entries(&bytes, found.width()).map_err(|fault| ReadFault::Bundle(found, fault))?;
    let mut bundle = Vec::new();
    for (entry, leaf) in entries.iter().zip(leaves) {
        let pushed = bundle::push(&mut bundle, entry);
        if pushed.is_err() || leaf_hash(entry) != *leaf {
            return Err(AppendFault::Entries(found));
        }
    }
    Ok(bundle)
}

/// Root of a tree out of its partial tiles: their binary parts are the peaks of the whole tree, highest first.
pub(crate) fn root_of_edge(size: u64, edge: &[Vec<Hash>]) -> Hash {
    let mut peaks = Vec::new();
    for hashes in edge.iter().rev() {
        let mut rest = hashes.as_slice();
        while let Some(height) = rest.len().checked_ilog2() {
            let Some((part, after)) = rest.split_at_checked(1 << height) else { break };
            peaks.extend(complete_hash(part));
            rest = after;
        }
    }
    Frontier::restore(size, peaks).map_or([0; 32], |frontier| frontier.root())
}
