//! Whatever is changed in a log is found: bytes, order, ends, histories.

use std::io;

use visiting_tlog::{
    bundle,
    checkpoint::Checkpoint,
    merkle::Tree,
    note::Note,
    store::{Memory, Store},
    structure::{StructureFault, verify},
    tile::{Kind, Tile},
};

use crate::given::{ORIGIN, Seeded, log, log_key, with};

#[test]
fn any_changed_byte_of_any_tile_or_bundle_is_found() {
    let mut seeded = Seeded::new("tamper");
    let entries = seeded.entries(600);
    let (store, checkpoint) = log(&entries);
    let tiles = store.tiles();
    // All of the small ones, and every 7th byte of the others.
    for (tile, bytes) in &tiles {
        for at in (0..bytes.len()).filter(|at| bytes.len() < 1000 || at % 7 == 0) {
            let mut changed = bytes.clone();
            changed[at] ^= 1 << seeded.below(8);
            assert!(verify(&with(&tiles, *tile, Some(changed)), &checkpoint, None).is_err(), "byte {at} of {tile}");
        }
    }
}

#[test]
fn cut_lengthened_and_missing_tiles_are_found() {
    let mut seeded = Seeded::new("cut");
    let (store, checkpoint) = log(&seeded.entries(70_000));
    let tiles = store.tiles();
    let some = tiles.iter().filter(|(tile, _)| tile.index() % 97 == 0 || !tile.is_full());
    for (tile, bytes) in some {
        assert!(verify(&with(&tiles, *tile, None), &checkpoint, None).is_err(), "{tile} is gone");
        for length in [0, 1, bytes.len() / 2, bytes.len() - 1] {
            assert!(verify(&with(&tiles, *tile, Some(bytes[..length].to_vec())), &checkpoint, None).is_err(), "{tile} has {length}");
        }
        let longer = [bytes.as_slice(), &[0, 0]].concat();
        assert!(verify(&with(&tiles, *tile, Some(longer)), &checkpoint, None).is_err(), "{tile} is longer");
    }
}

#[test]
fn entries_in_another_order_are_found_even_if_all_tiles_are_made_again() {
    let mut seeded = Seeded::new("order");
    let entries = seeded.entries(600);
    let (store, checkpoint) = log(&entries);
    let tiles = store.tiles();
    let bundle = Tile::new(Kind::Entries, 1, 256).unwrap();
    let mut turned = Vec::new();
    bundle::entries(&tiles[&bundle], 256).unwrap().iter().rev().for_each(|e| bundle::push(&mut turned, e).unwrap());
    let fault = verify(&with(&tiles, bundle, Some(turned)), &checkpoint, None).unwrap_err();
    assert!(matches!(fault, StructureFault::Entry { index: 256..512 }));
    let mut turned = entries;
    turned.swap(3, 500);
    let (other, _) = log(&turned);
    assert!(matches!(verify(&other, &checkpoint, None), Err(StructureFault::Root { size: 600 })));
}

#[test]
fn forks_and_roll_backs_are_found_against_an_earlier_checkpoint() {
    let mut seeded = Seeded::new("fork");
    let entries = seeded.entries(1000);
    let (store, now) = log(&entries);
    for size in [0, 1, 255, 256, 257, 700, 999, 1000] {
        let (_, earlier) = log(&entries[..size]);
        verify(&store, &now, Some(&earlier)).unwrap();
        if size > 0 {
            let mut other = entries[..size].to_vec();
            other[seeded.index(size)].push(7);
            let (_, forked) = log(&other);
            let fault = verify(&store, &now, Some(&forked)).unwrap_err();
            assert!(matches!(fault, StructureFault::Forked { before } if before == size as u64));
        }
        if size < 1000 {
            let (short, before) = log(&entries[..size]);
            assert!(matches!(verify(&short, &before, Some(&now)), Err(StructureFault::RolledBack { before: 1000, .. })));
        }
    }
}

#[test]
fn a_log_that_has_grown_still_verifies_for_the_smaller_checkpoint() {
    let mut seeded = Seeded::new("grown");
    let entries = seeded.entries(1000);
    let (_, earlier) = log(&entries[..700]);
    let (store, _) = log(&entries);
    // Its partial tiles of width 188 became full ones; the one of level 1 is read off its own name, so it must be there.
    let mut tiles = store.tiles();
    let one = Tile::new(Kind::Level(1), 0, 2).unwrap();
    tiles.insert(one, tiles[&Tile::new(Kind::Level(1), 0, 3).unwrap()][..64].to_vec());
    assert_eq!(verify(&Memory::from(tiles), &earlier, None).unwrap().entries, 700);
}

#[test]
fn any_changed_byte_of_a_checkpoint_is_found() {
    let mut seeded = Seeded::new("note");
    let (store, checkpoint) = log(&seeded.entries(300));
    let key = log_key();
    let note = checkpoint.sign(&[&key]).unwrap().to_string().into_bytes();
    let sound = |bytes: &[u8]| -> Option<Checkpoint> {
        let note = Note::parse(bytes).ok()?;
        note.verify(&[key.verifier()]).ok()?;
        let checkpoint = Checkpoint::parse(note.text()).ok().filter(|c| c.origin() == ORIGIN)?;
        verify(&store, &checkpoint, None).ok().map(|_| checkpoint)
    };
    assert_eq!(sound(&note), Some(checkpoint));
    for at in 0..note.len() {
        for bit in 0..8 {
            let mut changed = note.clone();
            changed[at] ^= 1 << bit;
            assert_eq!(sound(&changed), None, "bit {bit} of byte {at}");
        }
        assert_eq!(sound(&note[..at]), None, "cut at {at}");
    }
}

#[test]
fn an_empty_log_is_whole_and_has_the_hash_of_nothing() {
    let empty = Checkpoint::new(ORIGIN, 0, Tree::default().root(0).unwrap()).unwrap();
    assert_eq!(verify(&Memory::default(), &empty, None).unwrap().tiles, 0);
    let other = Checkpoint::new(ORIGIN, 0, [0; 32]).unwrap();
    assert!(matches!(verify(&Memory::default(), &other, None), Err(StructureFault::Root { size: 0 })));
}

/// A store that lists an old partial tile everywhere which it does not have: it was dropped between two looks.
struct Dropping(Memory);

impl Store for Dropping {
    fn read(&self, tile: Tile) -> io::Result<Option<Vec<u8>>> {
        self.0.read(tile)
    }

    fn write(&self, tiles: &[(Tile, Vec<u8>)]) -> io::Result<()> {
        self.0.write(tiles)
    }

    fn partials(&self, _: Tile) -> io::Result<Vec<u16>> {
        Ok(vec![1, 7])
    }

    fn remove(&self, tiles: &[Tile]) -> io::Result<()> {
        self.0.remove(tiles)
    }
}

#[test]
fn an_old_partial_tile_that_is_dropped_while_it_is_looked_for_is_no_fault() {
    let (store, checkpoint) = log(&Seeded::new("dropped").entries(600));
    verify(&Dropping(store), &checkpoint, None).unwrap();
}
