//! Where tiles are kept. The trait is all that reading, writing and verifying know.

use std::{
    collections::BTreeMap,
    io,
    ops::Deref,
    sync::{Mutex, PoisonError},
};

use crate::tile::{FULL, Tile};

/// Keeps tiles under their names. Tiles are immutable: a name written twice gets the same bytes.
pub trait Store: Sync {
    /// The bytes under exactly this name; `None` when there are none.
    ///
    /// # Errors
    /// What the medium says.
    fn read(&self, tile: Tile) -> io::Result<Option<Vec<u8>>>;

    /// Writes all. When it returns, all of them survive a power loss; when it fails, any of them may be there, each whole or not at all.
    ///
    /// # Errors
    /// What the medium says.
    fn write(&self, tiles: &[(Tile, Vec<u8>)]) -> io::Result<()>;

    /// Widths of the partial tiles that are kept at this place.
    ///
    /// # Errors
    /// What the medium says.
    fn partials(&self, tile: Tile) -> io::Result<Vec<u16>>;

    /// Takes tiles away that no checkpoint ever promised. One that is not there is no fault.
    ///
    /// # Errors
    /// What the medium says.
    fn remove(&self, tiles: &[Tile]) -> io::Result<()>;
}

/// Where a log is published: tiles, and the checkpoint that says how many of them count.
pub trait Published: Store {
    /// The published checkpoint, a note still to be verified; `None` before the first one.
    ///
    /// # Errors
    /// What the medium says.
    fn checkpoint(&self) -> io::Result<Option<Vec<u8>>>;

    /// Replaces the published checkpoint, durably; what it covers was written before.
    ///
    /// # Errors
    /// What the medium says.
    fn publish(&self, note: &[u8]) -> io::Result<()>;
}

/// What the tile holds of a log that may have grown past it: its own bytes, or the full tile's in its place. "Clients ... MAY fetch
/// the full tile in parallel as a fallback in case the partial tile is not available anymore."
pub(crate) fn read_or_full(store: &impl Store, tile: Tile) -> io::Result<Option<(Tile, Vec<u8>)>> {
    if let Some(bytes) = store.read(tile)? {
        return Ok(Some((tile, bytes)));
    }
    let full = tile.full();
    if full == tile { Ok(None) } else { Ok(store.read(full)?.map(|bytes| (full, bytes))) }
}

/// Tiles in memory, for tests and for logs that are rebuilt at start.
#[derive(Debug, Default)]
pub struct Memory(Mutex<BTreeMap<Tile, Vec<u8>>>);

impl Memory {
    /// All tiles, in order.
    #[must_use]
    pub fn tiles(&self) -> BTreeMap<Tile, Vec<u8>> {
        self.locked().clone()
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, BTreeMap<Tile, Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl From<BTreeMap<Tile, Vec<u8>>> for Memory {
    fn from(tiles: BTreeMap<Tile, Vec<u8>>) -> Self {
        Self(Mutex::new(tiles))
    }
}

impl Store for Memory {
    fn read(&self, tile: Tile) -> io::Result<Option<Vec<u8>>> {
        Ok(self.locked().get(&tile).cloned())
    }

    fn write(&self, tiles: &[(Tile, Vec<u8>)]) -> io::Result<()> {
        self.locked().extend(tiles.iter().cloned());
        Ok(())
    }

    fn partials(&self, tile: Tile) -> io::Result<Vec<u16>> {
        let kept = self.locked();
        Ok((1..FULL).filter(|w| tile.of_width(*w).is_some_and(|t| kept.contains_key(&t))).collect())
    }

    fn remove(&self, tiles: &[Tile]) -> io::Result<()> {
        self.locked().retain(|tile, _| !tiles.contains(tile));
        Ok(())
    }
}

/// What leads to a store, a reference or an `Arc`, is one too.
impl<P: Deref<Target: Store> + Sync> Store for P {
    fn read(&self, tile: Tile) -> io::Result<Option<Vec<u8>>> {
        (**self).read(tile)
    }

    fn write(&self, tiles: &[(Tile, Vec<u8>)]) -> io::Result<()> {
        (**self).write(tiles)
    }

    fn partials(&self, tile: Tile) -> io::Result<Vec<u16>> {
        (**self).partials(tile)
    }

    fn remove(&self, tiles: &[Tile]) -> io::Result<()> {
        (**self).remove(tiles)
    }
}
