//! Is a folder of tiles the log of this checkpoint? Every entry against its leaf hash, every tile against the tiles below it, the
//! root against the checkpoint, in one pass that keeps one tile a level. Kept partial tiles must be beginnings of what is there now.

use std::{io, num::NonZero, thread};

use crate::{
    append::root_of_edge,
    bundle,
    checkpoint::Checkpoint,
    merkle::{Hash, leaf_hash},
    read::{ReadFault, Reader, hashes},
    store::{Store, read_or_full},
    tile::{FULL, HASH_BYTES, HEIGHT, Kind, Tile, complete_hash},
};

/// Bundles that the threads take together before their tiles' hashes go up.
const ROUND: u64 = 256;

/// What is wrong.
#[derive(Debug, thiserror::Error)]
pub enum StructureFault {
    /// A tile is missing or out of form.
    #[error(transparent)]
    Read(#[from] ReadFault),
    /// An entry does not hash to its leaf.
    #[error("entry {index} is not the one that was logged")]
    Entry {
        /// Its number.
        index: u64,
    },
    /// A tile's hashes are not those of the tiles below it.
    #[error("{0} does not follow from the tiles below it")]
    Tile(Tile),
    /// A partial tile is not a beginning of the tile that took its place.
    #[error("{0} differs from what took its place")]
    Partial(Tile),
    /// The tiles lead elsewhere than the checkpoint says.
    #[error("the {size} entries do not lead to the checkpoint's root")]
    Root {
        /// Entries of the checkpoint.
        size: u64,
    },
    /// The log is shorter than it was.
    #[error("the log has {now} entries and had {before}")]
    RolledBack {
        /// Entries now.
        now: u64,
        /// Entries of the earlier checkpoint.
        before: u64,
    },
    /// The earlier checkpoint is of another history.
    #[error("the log does not continue the earlier checkpoint over {before} entries")]
    Forked {
        /// Entries of the earlier checkpoint.
        before: u64,
    },
}

impl From<io::Error> for StructureFault {
    fn from(error: io::Error) -> Self {
        Self::Read(ReadFault::Store(error))
    }
}

/// What was looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Seen {
    /// Entries.
    pub entries: u64,
    /// Tiles and bundles, without partial ones that were replaced.
    pub tiles: u64,
    /// Bytes of all bundles.
    pub entry_bytes: u64,
}

/// Verifies the log of a checkpoint whose signatures are verified already, and that it continues an earlier one.
///
/// # Errors
/// The first [`StructureFault`].
pub fn verify<S: Store>(store: &S, checkpoint: &Checkpoint, since: Option<&Checkpoint>) -> Result<Seen, StructureFault> {
    whole(store, checkpoint, since, Look::Entries)
}

/// As [`verify`], for a log that keeps its entries elsewhere or in another form, as CT logs do: every tile of hashes, and no entry.
///
/// # Errors
/// The first [`StructureFault`].
pub fn verify_hashes<S: Store>(store: &S, checkpoint: &Checkpoint, since: Option<&Checkpoint>) -> Result<Seen, StructureFault> {
    whole(store, checkpoint, since, Look::Hashes)
}

/// How deep the pass looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Look {
    Entries,
    Hashes,
}

fn whole<S: Store>(store: &S, checkpoint: &Checkpoint, since: Option<&Checkpoint>, look: Look) -> Result<Seen, StructureFault> {
    let size = checkpoint.size();
    if let Some(before) = since.map(Checkpoint::size).filter(|before| *before > size) {
        return Err(StructureFault::RolledBack { now: size, before });
    }
    let mut walk = Walk { store, size, look, edge: Vec::new(), seen: Seen::default() };
    walk.leaves()?;
    walk.right_edge()?;
    if root_of_edge(size, &walk.edge) != *checkpoint.root() {
        return Err(StructureFault::Root { size });
    }
    if let Some(earlier) = since {
        // All tiles are proved by now, so the earlier tree can be read off them.
        let before = earlier.size();
        if Reader::new(store, size).root(before)? != *earlier.root() {
            return Err(StructureFault::Forked { before });
        }
    }
    Ok(walk.seen)
}

/// One bundle with its tile, looked at.
struct Leaves {
    hashes: Vec<Hash>,
    above: Option<Hash>,
    bytes: u64,
}

struct Walk<'a, S> {
    store: &'a S,
    size: u64,
    look: Look,
    /// Per level the hashes of the tile that is being filled.
    edge: Vec<Vec<Hash>>,
    seen: Seen,
}

impl<S: Store> Walk<'_, S> {
    fn leaves(&mut self) -> Result<(), StructureFault> {
        let tiles = self.size.div_ceil(u64::from(FULL));
        let mut from = 0;
        while from < tiles {
            let to = tiles.min(from + ROUND);
            for leaves in side_by_side(self.store, self.size, (from, to), self.look)? {
                self.take(leaves)?;
            }
            from = to;
        }
        Ok(())
    }

    fn take(&mut self, leaves: Leaves) -> Result<(), StructureFault> {
        self.seen.entries += leaves.hashes.len() as u64;
        self.seen.entry_bytes += leaves.bytes;
        self.seen.tiles += if self.look == Look::Entries { 2 } else { 1 };
        let mut carried = leaves.above;
        if carried.is_none() {
            self.edge.resize_with(self.edge.len().max(1), Vec::new);
            self.edge.iter_mut().take(1).for_each(|edge| edge.clone_from(&leaves.hashes));
        }
        let mut level = 1;
        while let Some(hash) = carried {
            carried = self.carry(level, hash)?;
            level += 1;
        }
        Ok(())
    }

    /// Adds the hash of a full tile to the level above; when that tile is full too, it is compared and its hash goes up.
    fn carry(&mut self, level: u8, hash: Hash) -> Result<Option<Hash>, StructureFault> {
        let at = usize::from(level);
        self.edge.resize_with(self.edge.len().max(at + 1), Vec::new);
        let Some(edge) = self.edge.get_mut(at) else { return Ok(None) };
        edge.push(hash);
        if edge.len() < usize::from(FULL) {
            return Ok(None);
        }
        let full = std::mem::take(edge);
        let index = (self.seen.entries >> (u32::from(level) * HEIGHT + HEIGHT)) - 1;
        self.compare(level, index, &full)?;
        Ok(complete_hash(&full))
    }

    fn right_edge(&mut self) -> Result<(), StructureFault> {
        let edge = std::mem::take(&mut self.edge);
        for (level, hashes) in (0u8..).zip(&edge).skip(1) {
            if !hashes.is_empty() {
                let index = (self.size >> (u32::from(level) * HEIGHT)) / u64::from(FULL);
                self.compare(level, index, hashes)?;
            }
        }
        self.edge = edge;
        Ok(())
    }

    fn compare(&mut self, level: u8, index: u64, expected: &[Hash]) -> Result<(), StructureFault> {
        let tile = Tile::at(Kind::Level(level), index, self.size).ok_or(ReadFault::Outside)?;
        if hashes(self.store, tile)? != expected {
            return Err(StructureFault::Tile(tile));
        }
        self.seen.tiles += 1;
        old_partials(self.store, tile, &expected.concat(), |width| usize::from(width) * HASH_BYTES)
    }
}

/// Looks at the bundles `from .. to` on all cores, in order.
fn side_by_side<S: Store>(store: &S, size: u64, (from, to): (u64, u64), look: Look) -> Result<Vec<Leaves>, StructureFault> {
    let threads = thread::available_parallelism().map_or(1, NonZero::get) as u64;
    let share = (to - from).div_ceil(threads);
    let some = |start: u64| -> Result<Vec<Leaves>, StructureFault> {
        (start..to.min(start + share)).map(|index| leaves(store, size, index, look)).collect()
    };
    if threads == 1 || to - from == 1 {
        return (from..to).map(|index| leaves(store, size, index, look)).collect();
    }
    thread::scope(|scope| {
        let starts = (0..threads).map(|t| from + t * share).filter(|start| *start < to);
        let running: Vec<_> = starts.map(|start| scope.spawn(move || some(start))).collect();
        let mut all = Vec::new();
        for thread in running {
            let part = thread.join().map_err(|_| io::Error::other("a verifying thread failed"))?;
            all.extend(part?);
        }
        Ok(all)
    })
}

/// One tile of level 0, and its bundle against it.
fn leaves(store: &impl Store, size: u64, index: u64, look: Look) -> Result<Leaves, StructureFault> {
    let tile = Tile::at(Kind::Level(0), index, size).ok_or(ReadFault::Outside)?;
    let hashes = hashes(store, tile)?;
    let bytes = if look == Look::Entries { bundle_of(store, size, index, &hashes)? } else { 0 };
    old_partials(store, tile, &hashes.concat(), |width| usize::from(width) * HASH_BYTES)?;
    Ok(Leaves { above: if tile.is_full() { complete_hash(&hashes) } else { None }, hashes, bytes })
}

/// One bundle against its leaf hashes; its length in bytes.
fn bundle_of(store: &impl Store, size: u64, index: u64, hashes: &[Hash]) -> Result<u64, StructureFault> {
    let tile = Tile::at(Kind::Entries, index, size).ok_or(ReadFault::Outside)?;
    let (found, bytes) = read_or_full(store, tile)?.ok_or(ReadFault::Missing(tile))?;
    let entries = bundle::entries(&bytes, found.width()).map_err(|fault| ReadFault::Bundle(found, fault))?;
    let entries = entries.get(..usize::from(tile.width())).ok_or(ReadFault::Outside)?;
    if let Some(at) = entries.iter().zip(hashes).position(|(entry, hash)| leaf_hash(entry) != *hash) {
        return Err(StructureFault::Entry { index: index * u64::from(FULL) + at as u64 });
    }
    let ends: Vec<usize> = entries
        .iter()
        .scan(0, |end, entry| {
            *end += entry.len() + 2;
            Some(*end)
        })
        .collect();
    let end = |width: u16| usize::from(width).checked_sub(1).and_then(|last| ends.get(last)).copied().unwrap_or(0);
    let whole = bytes.get(..end(tile.width())).unwrap_or_default();
    old_partials(store, tile, whole, end)?;
    Ok(whole.len() as u64)
}

/// Partial tiles kept from earlier checkpoints hold the first bytes of the tile that is verified; `end` says how many.
fn old_partials(store: &impl Store, tile: Tile, bytes: &[u8], end: impl Fn(u16) -> usize) -> Result<(), StructureFault> {
    for width in store.partials(tile)?.into_iter().filter(|width| *width < tile.width()) {
        let Some(partial) = tile.of_width(width) else { continue };
        // One that is listed and not there was dropped in between, as a log may do once a wider one has taken its place.
        let Some(old) = store.read(partial)? else { continue };
        if bytes.get(..end(width)) != Some(old.as_slice()) {
            return Err(StructureFault::Partial(partial));
        }
    }
    Ok(())
}
