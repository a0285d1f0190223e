//! Roots, proofs and entries out of tiles. What is read is not believed: a proof is for its reader to verify, and
//! [`crate::structure`] verifies everything at once.

use std::{cell::RefCell, collections::BTreeMap, io};

use crate::{
    bundle::{self, BundleFault},
    merkle::{Hash, consistency_parts, empty_root, inclusion_parts, range_hash},
    store::{Store, read_or_full},
    tile::{FULL, HASH_BYTES, HEIGHT, Kind, Tile, complete_hash},
};

/// Why something could not be computed from tiles.
#[derive(Debug, thiserror::Error)]
pub enum ReadFault {
    /// A tile that the tree needs is not there.
    #[error("{0} is missing")]
    Missing(Tile),
    /// A tile of hashes has another length than its name says.
    #[error("{0} does not have the length that its name says")]
    Length(Tile),
    /// A bundle is out of form.
    #[error("{0}: {1}")]
    Bundle(Tile, BundleFault),
    /// What was asked for lies outside the tree.
    #[error("the tree has no such entry, or no such earlier tree")]
    Outside,
    /// The store failed.
    #[error("the tiles cannot be read: {0}")]
    Store(#[from] io::Error),
}

/// Tiles kept while proofs are made of them; past that they are forgotten together.
const KEPT_MAX: usize = 1024;

/// Reads the tree of `size` entries.
#[derive(Debug)]
pub struct Reader<S> {
    store: S,
    size: u64,
    kept: RefCell<BTreeMap<(u8, u64), Vec<Hash>>>,
}

impl<S: Store> Reader<S> {
    /// A reader of the tree of `size` entries; a checkpoint says which sizes there are.
    pub fn new(store: S, size: u64) -> Self {
        Self { store, size, kept: RefCell::default() }
    }

    /// Root of the tree of the first `size` entries.
    ///
    /// # Errors
    /// [`ReadFault`].
    pub fn root(&self, size: u64) -> Result<Hash, ReadFault> {
        match size {
            0 => Ok(empty_root()),
            _ if size > self.size => Err(ReadFault::Outside),
            _ => self.part((0, size)),
        }
    }

    /// Inclusion proof of entry `index` in the reader's tree.
    ///
    /// # Errors
    /// [`ReadFault`].
    pub fn inclusion(&self, index: u64) -> Result<Vec<Hash>, ReadFault> {
        let parts = inclusion_parts(index, self.size).ok_or(ReadFault::Outside)?;
        parts.into_iter().map(|part| self.part(part)).collect()
    }

    /// Consistency proof from the tree of `old` entries to the reader's. From nothing it is empty.
    ///
    /// # Errors
    /// [`ReadFault`].
    pub fn consistency(&self, old: u64) -> Result<Vec<Hash>, ReadFault> {
        if old == 0 {
            return Ok(Vec::new());
        }
        let parts = consistency_parts(old, self.size).ok_or(ReadFault::Outside)?;
        parts.into_iter().map(|part| self.part(part)).collect()
    }

    /// Hash of leaf `index`, as level 0 has it.
    ///
    /// # Errors
    /// [`ReadFault`].
    pub fn leaf(&self, index: u64) -> Result<Hash, ReadFault> {
        if index < self.size { self.complete(index, 0) } else { Err(ReadFault::Outside) }
    }

    /// All entries, in order, a bundle read once each. That they are the leaves' is for the caller to see by their hashes.
    pub fn entries(&self) -> impl Iterator<Item = Result<Vec<u8>, ReadFault>> {
        let bundles = (0..).take_while(|index| Tile::at(Kind::Entries, *index, self.size).is_some());
        bundles.flat_map(|index| match self.bundle(index) {
            Ok(entries) => entries.into_iter().map(Ok).collect(),
            Err(fault) => vec![Err(fault)],
        })
    }

    /// Entry `index`. That it is the leaf's is for the caller to see by its hash.
    ///
    /// # Errors
    /// [`ReadFault`].
    pub fn entry(&self, index: u64) -> Result<Vec<u8>, ReadFault> {
        let width = u64::from(FULL);
        let at = usize::try_from(index % width).unwrap_or(usize::MAX);
        self.bundle(index / width)?.into_iter().nth(at).ok_or(ReadFault::Outside)
    }

    /// The entries of bundle `index`, as many as the reader's tree has. That they are the leaves' is for the caller to see by their hashes.
    ///
    /// # Errors
    /// [`ReadFault`].
    pub fn bundle(&self, index: u64) -> Result<Vec<Vec<u8>>, ReadFault> {
        let tile = Tile::at(Kind::Entries, index, self.size).ok_or(ReadFault::Outside)?;
        let (found, bytes) = read_or_full(&self.store, tile)?.ok_or(ReadFault::Missing(tile))?;
        let entries = bundle::entries(&bytes, found.width()).map_err(|fault| ReadFault::Bundle(found, fault))?;
        Ok(entries.into_iter().take(usize::from(tile.width())).map(<[u8]>::to_vec).collect())
    }

    fn part(&self, (low, high): (u64, u64)) -> Result<Hash, ReadFault> {
        range_hash(low, high, |first, height| self.complete(first, height))
    }

    /// Hash of the complete subtree of `2^height` leaves from `first` on: it lies within one tile.
    fn complete(&self, first: u64, height: u32) -> Result<Hash, ReadFault> {
        let (level, within) = (height / HEIGHT, height % HEIGHT);
        // In hashes of the tile's level.
        let start = first >> (level * HEIGHT);
        let (index, offset) = (start / u64::from(FULL), usize::try_from(start % u64::from(FULL)).unwrap_or(usize::MAX));
        let level = u8::try_from(level).map_err(|_| ReadFault::Outside)?;
        let tile = Tile::at(Kind::Level(level), index, self.size).ok_or(ReadFault::Outside)?;
        let mut kept = self.kept.borrow_mut();
        if kept.len() >= KEPT_MAX {
            kept.clear();
        }
        let hashes = match kept.entry((level, index)) {
            std::collections::btree_map::Entry::Occupied(held) => held.into_mut(),
            std::collections::btree_map::Entry::Vacant(place) => place.insert(hashes(&self.store, tile)?),
        };
        let row = hashes.get(offset..offset.saturating_add(1 << within)).and_then(complete_hash);
        row.ok_or(ReadFault::Outside)
    }
}

/// The hashes of a tile, read from it or from the full one in its place.
pub(crate) fn hashes(store: &impl Store, tile: Tile) -> Result<Vec<Hash>, ReadFault> {
    let (found, bytes) = read_or_full(store, tile)?.ok_or(ReadFault::Missing(tile))?;
    let (hashes, rest) = bytes.as_chunks::<HASH_BYTES>();
    if !rest.is_empty() || hashes.len() != usize::from(found.width()) {
        return Err(ReadFault::Length(found));
    }
    Ok(hashes.iter().take(usize::from(tile.width())).copied().collect())
}
