//! Tiles and the checkpoint in a directory, under the very paths that they are served at.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::{
    bundle::BUNDLE_MAX_BYTES,
    durable,
    note::NOTE_MAX_BYTES,
    store::{Published, Store},
    tile::{FULL, Tile},
};

/// A log's directory: any web server that serves it is a tlog-tiles server.
#[derive(Debug, Clone)]
pub struct Folder(PathBuf);

impl Folder {
    /// The log in this directory.
    #[must_use]
    pub fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }

    fn path(&self, tile: Tile) -> PathBuf {
        self.0.join(tile.to_string())
    }
}

impl Published for Folder {
    fn checkpoint(&self) -> io::Result<Option<Vec<u8>>> {
        durable::read(&self.0.join("checkpoint"), NOTE_MAX_BYTES)
    }

    fn publish(&self, note: &[u8]) -> io::Result<()> {
        durable::write(&[(self.0.join("checkpoint"), note)])
    }
}

impl Store for Folder {
    fn read(&self, tile: Tile) -> io::Result<Option<Vec<u8>>> {
        durable::read(&self.path(tile), BUNDLE_MAX_BYTES)
    }

    fn write(&self, tiles: &[(Tile, Vec<u8>)]) -> io::Result<()> {
        let files: Vec<_> = tiles.iter().map(|(tile, bytes)| (self.path(*tile), bytes.as_slice())).collect();
        durable::write(&files)
    }

    fn partials(&self, tile: Tile) -> io::Result<Vec<u16>> {
        let Some(one) = tile.of_width(1) else { return Ok(Vec::new()) };
        let path = self.path(one);
        let listed = match path.parent().map(fs::read_dir) {
            Some(Ok(listed)) => listed,
            Some(Err(error)) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => return Ok(Vec::new()),
        };
        let mut widths = Vec::new();
        for entry in listed {
            let name = entry?.file_name();
            widths.extend(name.to_str().and_then(crate::encoding::decimal).and_then(|w| u16::try_from(w).ok()));
        }
        widths.retain(|width| (1..FULL).contains(width));
        Ok(widths)
    }

    fn remove(&self, tiles: &[Tile]) -> io::Result<()> {
        let gone = |tile: &Tile| match fs::remove_file(self.path(*tile)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        };
        // Not synced: what a power loss brings back is taken away again at the next start.
        tiles.iter().try_for_each(gone)
    }
}
