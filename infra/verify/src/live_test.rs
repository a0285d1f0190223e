//! A log that is written while it is verified.

use std::{
    fs, io,
    sync::atomic::{AtomicBool, AtomicU32, Ordering},
    thread,
};

use visiting_policies::note::Checkpoint;
use visiting_tlog::{
    append::Appender,
    bundle,
    folder::Folder as TileFolder,
    store::{Published, Store},
    tile::{Kind, Tile},
};

use crate::{
    audit::{verify, verify_at},
    audit_test::{fails, holds, published, request},
    ended::Fault,
    sample::{self, Folder, ORIGIN},
    sample_later::long,
};

#[test]
fn a_log_that_grows_and_drops_old_partial_tiles_is_sound_at_every_look() {
    let (folder, lines) = (Folder::new(), long(900));
    fs::write(folder.0.join("roster.json"), serde_json::to_vec(&sample::roster()).unwrap()).unwrap();
    let tiles = TileFolder::new(&folder.0);
    let mut log = Appender::create(&tiles);
    let mut publish = |batch: &[Vec<u8>]| {
        let size = log.append(batch).unwrap();
        let signed = Checkpoint { size, root: log.root() }.sign(ORIGIN, &sample::key(1));
        tiles.publish(signed.as_bytes()).unwrap();
        // "Logs ... MAY stop serving partial tiles" once a full one is there.
        if size > 256 {
            let _ = fs::remove_dir_all(folder.0.join("tile/0/000.p"));
            let _ = fs::remove_dir_all(folder.0.join("tile/entries/000.p"));
        }
    };
    let (first, rest) = lines.split_at(24);
    publish(first);
    let done = AtomicBool::new(false);
    let looks = thread::scope(|scope| {
        let looking = scope.spawn(|| {
            let mut looks = 0;
            while !done.load(Ordering::SeqCst) || looks == 0 {
                holds(&verify(&request(&folder)));
                looks += 1;
            }
            looks
        });
        rest.chunks(7).for_each(publish);
        done.store(true, Ordering::SeqCst);
        looking.join().unwrap()
    });
    assert!(looks > 0);
    let ended = verify(&request(&folder));
    holds(&ended);
    assert_eq!(ended.lines.last().unwrap(), "sound: 900 events");
}

/// What is read instead of the truth at the nth time.
type Instead<'a> = Box<dyn Fn(u32) -> Option<Vec<u8>> + Sync + 'a>;

/// A log whose checkpoint and last bundle are other ones from look to look.
struct Shifting<'a> {
    log: TileFolder,
    checkpoint: Instead<'a>,
    checkpoints: AtomicU32,
    bundle: Instead<'a>,
    bundles: AtomicU32,
}

impl<'a> Shifting<'a> {
    fn new(folder: &Folder, checkpoint: Instead<'a>, bundle: Instead<'a>) -> Self {
        let log = TileFolder::new(&folder.0);
        Self { log, checkpoint, checkpoints: AtomicU32::new(0), bundle, bundles: AtomicU32::new(0) }
    }
}

impl Store for Shifting<'_> {
    fn read(&self, tile: Tile) -> io::Result<Option<Vec<u8>>> {
        let last = tile.kind() == Kind::Entries && usize::from(tile.width()) > sample::FIRST;
        let instead = if last { (self.bundle)(self.bundles.fetch_add(1, Ordering::SeqCst)) } else { None };
        instead.map_or_else(|| self.log.read(tile), |bytes| Ok(Some(bytes)))
    }

    fn write(&self, tiles: &[(Tile, Vec<u8>)]) -> io::Result<()> {
        self.log.write(tiles)
    }

    fn partials(&self, tile: Tile) -> io::Result<Vec<u16>> {
        self.log.partials(tile)
    }

    fn remove(&self, tiles: &[Tile]) -> io::Result<()> {
        self.log.remove(tiles)
    }
}

impl Published for Shifting<'_> {
    fn checkpoint(&self) -> io::Result<Option<Vec<u8>>> {
        let instead = (self.checkpoint)(self.checkpoints.fetch_add(1, Ordering::SeqCst));
        instead.map_or_else(|| self.log.checkpoint(), |bytes| Ok(Some(bytes)))
    }

    fn publish(&self, note: &[u8]) -> io::Result<()> {
        self.log.publish(note)
    }
}

#[test]
fn a_fault_counts_only_while_the_checkpoint_stands() {
    // Its tiles are those of 61 events, and the parts of the tiles of 60 are gone already.
    let folder = published(&long(61));
    let before = sample::checkpoint(&long(60), 60).into_bytes();
    let with = |old: fn(u32) -> bool| Shifting::new(&folder, Box::new(move |look| old(look).then(|| before.clone())), Box::new(|_| None));
    // Looked at before it is read, and after a fault.
    let moved = with.clone()(|look| look == 0);
    let ended = verify_at(&request(&folder), &moved);
    holds(&ended);
    assert_eq!(ended.lines.last().unwrap(), "sound: 61 events");
    // A log that never comes to rest is a fault in the end, and one that stands still is at once.
    let restless = with.clone()(|look| look % 2 == 0);
    fails(&verify_at(&request(&folder), &restless), Fault::Root);
    assert_eq!(restless.checkpoints.into_inner(), 9, "five readings, and a look after each but the last");
    let still = with(|_| true);
    fails(&verify_at(&request(&folder), &still), Fault::Root);
    assert_eq!(still.checkpoints.into_inner(), 2);
}

#[test]
fn events_that_change_between_two_looks_are_a_root_fault() {
    // The first look, at the structure, gets the true bundle; the second, at the meaning, one that is as lawful.
    let (folder, mut lines) = (published(&long(60)), long(60));
    let (by, act) = crate::sample_later::viewed(9_999);
    lines[59] = visiting_policies::record::Event { v: 1, at_ms: 2_000, by, request: None, act }.to_bytes().unwrap();
    let mut other = Vec::new();
    lines.iter().for_each(|line| bundle::push(&mut other, line).unwrap());
    let lying = Shifting::new(&folder, Box::new(|_| None), Box::new(move |look| (look > 0).then(|| other.clone())));
    let ended = verify_at(&request(&folder), &lying);
    fails(&ended, Fault::Root);
    assert!(ended.lines.iter().any(|line| line.contains("changed while they were read")), "{:#?}", ended.lines);
}
