//! Logs that grow: any batch sizes give the same tiles, any proof out of tiles is the tree's own.

use std::io;

use visiting_tlog::{
    append::{AppendFault, Appender},
    checkpoint::Checkpoint,
    folder::Folder,
    merkle::{Tree, leaf_hash},
    read::Reader,
    store::{Memory, Published, Store},
    structure::verify,
    tile::Tile,
    verify::{verify_consistency, verify_inclusion},
};

use crate::given::{ORIGIN, Scratch, Seeded, log, with};

/// Appends in batches of a size that the generator draws, opening the log anew before each.
fn in_batches(entries: &[Vec<u8>], seeded: &mut Seeded, most: u64) -> Memory {
    let memory = Memory::default();
    let mut last = Checkpoint::new(ORIGIN, 0, visiting_tlog::merkle::empty_root()).unwrap();
    let mut rest = entries;
    while !rest.is_empty() {
        let (batch, after) = rest.split_at(rest.len().min(1 + seeded.index(usize::try_from(most).unwrap())));
        let mut log = Appender::open(&memory, &last).unwrap();
        log.append(batch).unwrap();
        last = Checkpoint::new(ORIGIN, log.size(), log.root()).unwrap();
        rest = after;
    }
    memory
}

#[test]
fn any_batch_sizes_give_the_same_bytes() {
    let mut seeded = Seeded::new("batches");
    for size in [1, 255, 256, 257, 512, 1000, 2048, 70_000] {
        let entries = seeded.entries(size);
        let (whole, checkpoint) = log(&entries);
        let most = size / 3 + 1;
        let pieces = in_batches(&entries, &mut seeded, most);
        // Those that the tree consists of; what is left of smaller trees may stay: "MAY delete any partial tile".
        assert_eq!(whole.tiles().into_keys().collect::<Vec<_>>().len(), Tile::all(size).count());
        for tile in Tile::all(size) {
            assert_eq!(pieces.read(tile).unwrap(), whole.read(tile).unwrap(), "{tile} of {size}");
        }
        verify(&pieces, &checkpoint, None).unwrap();
    }
}

#[test]
fn roots_and_proofs_out_of_tiles_are_the_trees_own() {
    let mut seeded = Seeded::new("proofs");
    for most in [3, 300, 1_000, 66_000] {
        let size = 1 + most / 2 + seeded.below(most / 2 + 1);
        let entries = seeded.entries(size);
        let (store, _) = log(&entries);
        let mut tree = Tree::default();
        entries.iter().for_each(|entry| tree.push(leaf_hash(entry)));
        for _ in 0..200 {
            let now = 1 + seeded.below(size);
            assert_eq!(Reader::new(&store, size).root(now).unwrap(), tree.root(now).unwrap());
        }
        for _ in 0..200 {
            proofs(&Reader::new(&store, size), &tree, (1 + seeded.below(size), seeded.below(size), size));
        }
        let index = seeded.below(size);
        assert_eq!(Reader::new(&store, size).entry(index).unwrap(), entries[usize::try_from(index).unwrap()]);
    }
}

fn proofs(reader: &Reader<impl Store>, tree: &Tree, (old, index, now): (u64, u64, u64)) {
    let included = reader.inclusion(index).unwrap();
    assert_eq!(Some(&included), tree.inclusion(index, now).as_ref());
    let (leaf, root) = (reader.leaf(index).unwrap(), tree.root(now).unwrap());
    assert!(verify_inclusion(&leaf, index, now, &included, &root));
    // Entries may be equal; their hashes are then.
    let other = reader.leaf(index ^ 1).is_ok_and(|other| other != leaf);
    assert!(!other || !verify_inclusion(&leaf, index ^ 1, now, &included, &root));
    let grown = reader.consistency(old).unwrap();
    assert_eq!(Some(&grown), tree.consistency(old, now).as_ref());
    assert!(verify_consistency(old, &tree.root(old).unwrap(), now, &root, &grown));
    assert!(!verify_consistency(old, &[7; 32], now, &root, &grown));
}

#[test]
fn an_entry_over_65535_bytes_is_refused_and_nothing_is_written() {
    let store = Memory::default();
    let mut log = Appender::create(&store);
    let refused = log.append(&[vec![1], vec![2; 65_536]]);
    assert_eq!(refused.unwrap_err().to_string(), "entry 1 of the batch: an entry has 65535 bytes at most, this one has 65536");
    assert!(store.tiles().is_empty());
    assert_eq!(log.append(&[vec![2; 65_535]]).unwrap(), 1);
}

#[test]
fn a_log_is_not_continued_from_a_checkpoint_that_its_tiles_do_not_lead_to() {
    // "A log MUST not sign any checkpoint which is inconsistent with any checkpoint it previously signed."
    let mut seeded = Seeded::new("continue");
    let entries = seeded.entries(700);
    let (store, last) = log(&entries);
    assert!(Appender::open(&store, &last).is_ok());
    let other = Checkpoint::new(ORIGIN, 700, [3; 32]).unwrap();
    assert!(matches!(Appender::open(&store, &other), Err(AppendFault::Differs { size: 700 })));
    let (short, _) = log(&entries[..600]);
    assert!(matches!(Appender::open(&short, &last), Err(AppendFault::Read(_))));
    for changed in [Tile::parse("tile/entries/002.p/188"), Tile::parse("tile/0/002.p/188"), Tile::parse("tile/1/000.p/2")] {
        let mut bytes = store.tiles()[&changed.unwrap()].clone();
        *bytes.last_mut().unwrap() ^= 1;
        let other = with(&store.tiles(), changed.unwrap(), Some(bytes));
        assert!(Appender::open(&other, &last).is_err(), "{}", changed.unwrap());
    }
    // What a crash left past the checkpoint is written again.
    let (_, before) = log(&entries[..512]);
    let mut again = Appender::open(&store, &before).unwrap();
    again.append(&entries[512..]).unwrap();
    assert_eq!(again.root(), *last.root());
}

#[test]
fn other_entries_may_follow_what_was_never_published() {
    let mut seeded = Seeded::new("never published");
    let scratch = Scratch::new("never-published");
    let entries = seeded.entries(300);
    let (_, before) = log(&entries);
    for (left, next) in [(1, 1), (100, 300), (300, 100), (1000, 2000), (66_000, 70_000)] {
        let (memory, folder) = (Memory::default(), Folder::new(&scratch.path().join(left.to_string())));
        Appender::create(&memory).append(&entries).unwrap();
        Appender::create(&folder).append(&entries).unwrap();
        let (lost, others) = (seeded.entries(left), seeded.entries(next));
        goes_on(&memory, &before, (&lost, &others));
        if left <= 1000 {
            goes_on(&folder, &before, (&lost, &others));
        }
    }
}

fn goes_on(store: &impl Store, before: &Checkpoint, (lost, others): (&[Vec<u8>], &[Vec<u8>])) {
    Appender::open(store, before).unwrap().append(lost).unwrap();
    let mut log = Appender::open(store, before).unwrap();
    log.append(others).unwrap();
    let now = Checkpoint::new(ORIGIN, log.size(), log.root()).unwrap();
    verify(store, &now, Some(before)).unwrap();
}

/// Fails from the n-th write on.
#[derive(Debug)]
struct Failing(Memory, std::sync::atomic::AtomicI64);

impl Store for Failing {
    fn read(&self, tile: Tile) -> io::Result<Option<Vec<u8>>> {
        self.0.read(tile)
    }

    fn write(&self, tiles: &[(Tile, Vec<u8>)]) -> io::Result<()> {
        let left = self.1.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
        if left > 0 { self.0.write(tiles) } else { Err(io::Error::other("full")) }
    }

    fn partials(&self, tile: Tile) -> io::Result<Vec<u16>> {
        self.0.partials(tile)
    }

    fn remove(&self, tiles: &[Tile]) -> io::Result<()> {
        self.0.remove(tiles)
    }
}

#[test]
fn after_a_failed_write_nothing_is_appended_until_the_log_is_opened_again() {
    let mut seeded = Seeded::new("failing");
    let entries = seeded.entries(20_000);
    let (_, before) = log(&entries[..300]);
    let (_, after) = log(&entries);
    for writes in 1..3 {
        let store = Failing(Memory::default(), writes.into());
        let mut log = Appender::create(&store);
        log.append(&entries[..300]).unwrap();
        assert!(matches!(log.append(&entries[300..]), Err(AppendFault::Store(_))));
        assert!(matches!(log.append(&entries[300..]), Err(AppendFault::Stale)));
        verify(&store, &before, None).unwrap();
        store.1.store(100, std::sync::atomic::Ordering::SeqCst);
        let mut log = Appender::open(&store, &before).unwrap();
        log.append(&entries[300..]).unwrap();
        verify(&store, &after, Some(&before)).unwrap();
    }
}

#[test]
fn a_folder_holds_what_memory_holds_under_the_paths_that_are_served() {
    let scratch = Scratch::new("folder");
    let folder = Folder::new(scratch.path());
    let mut seeded = Seeded::new("folder");
    let entries = seeded.entries(1300);
    let mut log = Appender::create(&folder);
    log.append(&entries[..300]).unwrap();
    log.append(&entries[300..]).unwrap();
    let (memory, checkpoint) = self::log(&entries);
    for (tile, bytes) in memory.tiles() {
        assert_eq!(std::fs::read(scratch.path().join(tile.to_string())).unwrap(), bytes, "{tile}");
    }
    assert_eq!(folder.checkpoint().unwrap(), None);
    folder.publish(b"a note\n").unwrap();
    folder.publish(b"another\n").unwrap();
    assert_eq!(folder.checkpoint().unwrap().unwrap(), b"another\n");
    assert_eq!(verify(&folder, &checkpoint, None).unwrap().tiles, 13);
    assert!(Appender::open(&folder, &checkpoint).is_ok());
    // What a crash left before its rename is no tile, and is written over; a pipe in a copy is no file.
    std::fs::write(scratch.path().join("tile/0/000.new"), b"torn").unwrap();
    std::fs::write(scratch.path().join("tile/0/001.p/44.new"), b"torn").unwrap();
    verify(&folder, &checkpoint, None).unwrap();
    std::fs::create_dir(scratch.path().join("tile/0/006")).unwrap();
    assert!(folder.read(Tile::parse("tile/0/006").unwrap()).is_err());
    // The partial tile of the first append is still there, and is looked at.
    let old = scratch.path().join("tile/0/001.p/44");
    let mut bytes = std::fs::read(&old).unwrap();
    bytes[5] ^= 1;
    std::fs::write(&old, bytes).unwrap();
    assert_eq!(verify(&folder, &checkpoint, None).unwrap_err().to_string(), "tile/0/001.p/44 differs from what took its place");
}
