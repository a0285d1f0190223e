//! How far a long verification is: a line on standard error every few seconds, where somebody sits at a terminal.

use std::{
    io::{self, IsTerminal, Write},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use visiting_tlog::{
    store::Store,
    tile::{Kind, Tile},
};

/// Time between two lines: short enough to see that it goes on, long enough to read.
const EVERY: Duration = Duration::from_secs(3);

/// Counts what is read of a log.
#[derive(Debug)]
pub(crate) struct Progress {
    shown: bool,
    size: u64,
    at: Mutex<At>,
}

#[derive(Debug)]
struct At {
    what: &'static str,
    counts: Kind,
    done: u64,
    told: Instant,
}

impl Progress {
    /// Of a log of `size` entries.
    pub(crate) fn new(size: u64) -> Self {
        let at = At { what: "entries", counts: Kind::Entries, done: 0, told: Instant::now() };
        Self { shown: io::stderr().is_terminal(), size, at: Mutex::new(at) }
    }

    /// Starts the next pass. Of a place's tile and bundle one is counted.
    pub(crate) fn begin(&self, what: &'static str, counts: Kind) {
        let mut at = self.at.lock().unwrap_or_else(PoisonError::into_inner);
        (at.what, at.counts, at.done) = (what, counts, 0);
    }

    fn read(&self, tile: Tile) {
        if !self.shown {
            return;
        }
        let mut at = self.at.lock().unwrap_or_else(PoisonError::into_inner);
        if tile.kind() != at.counts {
            return;
        }
        at.done = self.size.min(at.done + u64::from(tile.width()));
        if at.told.elapsed() >= EVERY {
            at.told = Instant::now();
            // Nobody is told that nobody can be told.
            let _ = writeln!(io::stderr(), "…       {} {} of {}", at.what, at.done, self.size);
        }
    }
}

/// A store whose reading is counted.
#[derive(Debug)]
pub(crate) struct Watched<'a, S> {
    pub(crate) store: &'a S,
    pub(crate) progress: &'a Progress,
}

impl<S: Store> Store for Watched<'_, S> {
    fn read(&self, tile: Tile) -> io::Result<Option<Vec<u8>>> {
        let found = self.store.read(tile)?;
        if found.is_some() {
            self.progress.read(tile);
        }
        Ok(found)
    }

    fn write(&self, tiles: &[(Tile, Vec<u8>)]) -> io::Result<()> {
        self.store.write(tiles)
    }

    fn partials(&self, tile: Tile) -> io::Result<Vec<u16>> {
        self.store.partials(tile)
    }

    fn remove(&self, tiles: &[Tile]) -> io::Result<()> {
        self.store.remove(tiles)
    }
}
