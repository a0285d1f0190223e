//! What tests start from: a seeded generator, keys, logs in memory, folders that go away, and inputs beside the source tree.

use std::{
    collections::BTreeMap,
    fs::{self, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
};

use visiting_tlog::{
    append::Appender,
    checkpoint::Checkpoint,
    key::{Algorithm, SecretKey},
    merkle::sha256,
    store::Memory,
    tile::Tile,
};

pub(crate) const ORIGIN: &str = "log.example/visits";

/// SHA-256 in counter mode: the same numbers on every machine.
pub(crate) struct Seeded {
    seed: String,
    counter: u64,
}

impl Seeded {
    pub(crate) fn new(seed: &str) -> Self {
        Self { seed: seed.to_owned(), counter: 0 }
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.counter += 1;
        let block = sha256(format!("{} {}", self.seed, self.counter).as_bytes());
        u64::from_be_bytes(block[..8].try_into().unwrap())
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    pub(crate) fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap()
    }

    /// Entries of 0 to 40 bytes.
    pub(crate) fn entries(&mut self, count: u64) -> Vec<Vec<u8>> {
        let mut entry = || {
            let length = self.index(41);
            sha256(&self.next().to_be_bytes()).repeat(2)[..length].to_vec()
        };
        (0..count).map(|_| entry()).collect()
    }
}

pub(crate) fn secret(name: &str, algorithm: Algorithm, seed: u8) -> SecretKey {
    SecretKey::from_seed(name, algorithm, &[seed; 32]).unwrap()
}

pub(crate) fn log_key() -> SecretKey {
    secret(ORIGIN, Algorithm::Ed25519, 1)
}

/// A log over these entries, and its checkpoint.
pub(crate) fn log(entries: &[Vec<u8>]) -> (Memory, Checkpoint) {
    let memory = Memory::default();
    let mut log = Appender::create(&memory);
    log.append(entries).unwrap();
    let checkpoint = Checkpoint::new(ORIGIN, log.size(), log.root()).unwrap();
    (memory, checkpoint)
}

pub(crate) fn with(tiles: &BTreeMap<Tile, Vec<u8>>, tile: Tile, bytes: Option<Vec<u8>>) -> Memory {
    let mut tiles = tiles.clone();
    match bytes {
        Some(bytes) => tiles.insert(tile, bytes),
        None => tiles.remove(&tile),
    };
    Memory::from(tiles)
}

/// A folder that goes away with its test.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("visiting-tlog-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Published inputs beside the source tree, or `None` where they are not there: then the skip is said aloud.
pub(crate) fn shared(below: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors").join(below);
    if folder.is_dir() {
        return Some(folder);
    }
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    let reason = format!("shared: {below} is not beside the source tree");
    eprintln!("SKIPPED {test}: {reason}");
    if let Some(file) = std::env::var_os("VISITING_SKIPS_FILE") {
        let mut file = OpenOptions::new().create(true).append(true).open(file).unwrap();
        file.write_all(format!("{test}\t{reason}\n").as_bytes()).unwrap();
    }
    None
}
