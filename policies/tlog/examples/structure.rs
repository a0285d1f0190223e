//! How fast a folder of tiles is verified whole: `cargo run --release -p visiting-tlog --example structure [entries] [bytes an entry] [runs]`.
//! The folder is made for this under the directory for temporary files, and goes away again.
#![allow(clippy::unwrap_used, reason = "a benchmark ends with a message when anything is not as expected")]

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Instant,
};

use visiting_tlog::{append::Appender, checkpoint::Checkpoint, folder::Folder, store::Store, structure::verify, tile::Tile};

/// Writes without waiting for the disk: what is measured is the reading.
#[derive(Debug)]
struct Plain(PathBuf);

impl Store for Plain {
    fn read(&self, tile: Tile) -> io::Result<Option<Vec<u8>>> {
        Folder::new(&self.0).read(tile)
    }

    fn write(&self, tiles: &[(Tile, Vec<u8>)]) -> io::Result<()> {
        for (tile, bytes) in tiles {
            let path = self.0.join(tile.to_string());
            fs::create_dir_all(path.parent().unwrap_or(Path::new("/")))?;
            fs::write(path, bytes)?;
        }
        Ok(())
    }

    fn partials(&self, tile: Tile) -> io::Result<Vec<u16>> {
        Folder::new(&self.0).partials(tile)
    }

    fn remove(&self, tiles: &[Tile]) -> io::Result<()> {
        Folder::new(&self.0).remove(tiles)
    }
}

fn entry(number: u64, bytes: usize) -> Vec<u8> {
    let mut entry = number.to_be_bytes().repeat(bytes / 8 + 1);
    entry.truncate(bytes);
    entry
}

fn main() {
    let mut numbers = std::env::args().skip(1).map(|text| text.parse::<u64>().unwrap());
    let (entries, bytes, runs) = (numbers.next().unwrap_or(500_000), numbers.next().unwrap_or(700), numbers.next().unwrap_or(5));
    let bytes = usize::try_from(bytes).unwrap();
    let place = std::env::temp_dir().join(format!("visiting-tlog-bench-{}", std::process::id()));
    let mut log = Appender::create(Plain(place.clone()));
    let began = Instant::now();
    for from in (0..entries).step_by(4096) {
        let batch: Vec<_> = (from..entries.min(from + 4096)).map(|number| entry(number, bytes)).collect();
        log.append(&batch).unwrap();
    }
    let rate = |began: Instant| entries as f64 / began.elapsed().as_secs_f64();
    println!("{entries} entries of {bytes} bytes in batches of 4,096; written unsynced: {:.0} entries/s", rate(began));
    let checkpoint = Checkpoint::new("bench.example", log.size(), log.root()).unwrap();
    for run in 1..=runs {
        let began = Instant::now();
        let seen = verify(&Folder::new(&place), &checkpoint, None).unwrap();
        println!("run {run}: {} tiles and bundles verified, {:.0} entries/s", seen.tiles, rate(began));
    }
    fs::remove_dir_all(place).unwrap();
}
