//! Every way to tamper with a log that we know of, each found out offline and by the exit code that names it.

use std::{fs, path::Path};

use visiting_tlog::{
    append::Appender,
    bundle,
    checkpoint::Checkpoint,
    folder::Folder as TileFolder,
    merkle::leaf_hash,
    note::Note,
    store::Store,
    tile::{FULL, Kind, Tile},
};

use crate::{
    audit::{Request, verify},
    audit_test::{fails, holds, published, request},
    ended::{Ended, Fault},
    sample::{self, Folder},
    sample_later::long,
};

/// Two full bundles and a part, so that there are full and partial tiles, and a level above.
const SIZE: usize = 600;

/// The whole log written anew with other events, under the checkpoint that the true one had.
fn rewritten(way: impl FnOnce(&mut Vec<Vec<u8>>)) -> Ended {
    let folder = published(&long(SIZE));
    let kept = fs::read(folder.0.join("checkpoint")).unwrap();
    let mut lines = long(SIZE);
    way(&mut lines);
    fs::remove_dir_all(folder.0.join("tile")).unwrap();
    sample::publish(&folder.0, &lines);
    fs::write(folder.0.join("checkpoint"), kept).unwrap();
    verify(&request(&folder))
}

#[test]
fn a_changed_removed_added_or_moved_event_is_a_root_fault() {
    fails(&rewritten(|lines| *lines[2].last_mut().unwrap() = b' '), Fault::Root);
    fails(&rewritten(|lines| *lines[599].last_mut().unwrap() = b' '), Fault::Root);
    fails(&rewritten(|lines| drop(lines.remove(5))), Fault::Root);
    fails(&rewritten(|lines| drop(lines.pop())), Fault::Root);
    fails(&rewritten(|lines| lines.truncate(300)), Fault::Root);
    fails(&rewritten(|lines| lines.clear()), Fault::Root);
    fails(&rewritten(|lines| lines.insert(400, lines[399].clone())), Fault::Root);
    fails(&rewritten(|lines| lines.swap(300, 301)), Fault::Root);
}

#[test]
fn what_the_checkpoint_does_not_cover_yet_is_no_fault() {
    let folder = published(&long(SIZE));
    let note = Note::parse(&fs::read(folder.0.join("checkpoint")).unwrap()).unwrap();
    let mut log = Appender::open(TileFolder::new(&folder.0), &Checkpoint::parse(note.text()).unwrap()).unwrap();
    log.append(&long(SIZE + 300)[SIZE..]).unwrap();
    holds(&verify(&request(&folder)));
}

/// Events of one bundle as they stand in the folder, changed in place.
fn in_place(tiles: &TileFolder, index: u64, way: impl FnOnce(&mut Vec<Vec<u8>>)) {
    let tile = Tile::at(Kind::Entries, index, SIZE as u64).unwrap();
    let bytes = tiles.read(tile).unwrap().unwrap();
    let mut entries: Vec<Vec<u8>> = bundle::entries(&bytes, tile.width()).unwrap().into_iter().map(<[u8]>::to_vec).collect();
    way(&mut entries);
    let mut out = Vec::new();
    entries.iter().for_each(|entry| bundle::push(&mut out, entry).unwrap());
    tiles.write(&[(tile, out)]).unwrap();
}

#[test]
fn bundles_and_tiles_changed_in_place_are_root_faults() {
    let swap: fn(&mut Vec<Vec<u8>>) = |entries| entries.swap(3, 4);
    let change: fn(&mut Vec<Vec<u8>>) = |entries| entries[7][9] ^= 1;
    let remove: fn(&mut Vec<Vec<u8>>) = |entries| drop(entries.remove(5));
    let add: fn(&mut Vec<Vec<u8>>) = |entries| entries.push(entries[1].clone());
    for way in [swap, change, remove, add] {
        for index in 0..3 {
            let folder = published(&long(SIZE));
            in_place(&TileFolder::new(&folder.0), index, way);
            fails(&verify(&request(&folder)), Fault::Root);
        }
    }
    // The leaf hash is made to fit, and then the tile above.
    let folder = published(&long(SIZE));
    let tiles = TileFolder::new(&folder.0);
    in_place(&tiles, 0, |entries| entries[7][9] ^= 1);
    let bundle = tiles.read(Tile::new(Kind::Entries, 0, FULL).unwrap()).unwrap().unwrap();
    let leaves: Vec<_> = bundle::entries(&bundle, FULL).unwrap().into_iter().map(leaf_hash).collect();
    tiles.write(&[(Tile::new(Kind::Level(0), 0, FULL).unwrap(), leaves.concat())]).unwrap();
    fails(&verify(&request(&folder)), Fault::Root);
}

#[test]
fn a_torn_or_missing_tile_is_a_root_fault_whichever_it_is() {
    let folder = published(&long(SIZE));
    for tile in Tile::all(SIZE as u64) {
        let path = folder.0.join(tile.to_string());
        let whole = fs::read(&path).unwrap();
        for torn in [&whole[..whole.len() - 1], &whole[..whole.len() / 2], b""] {
            fs::write(&path, torn).unwrap();
            fails(&verify(&request(&folder)), Fault::Root);
        }
        fs::write(&path, [whole.as_slice(), b"\0"].concat()).unwrap();
        fails(&verify(&request(&folder)), Fault::Root);
        fs::remove_file(&path).unwrap();
        fails(&verify(&request(&folder)), Fault::Root);
        // Something that is no file, in its place.
        fs::create_dir(&path).unwrap();
        fails(&verify(&request(&folder)), Fault::Root);
        fs::remove_dir(&path).unwrap();
        fs::write(&path, &whole).unwrap();
    }
    holds(&verify(&request(&folder)));
}

#[test]
fn old_partial_tiles_may_go_and_may_not_lie() {
    let folder = published(&long(SIZE));
    let old = folder.0.join(Tile::new(Kind::Level(0), 0, sample::FIRST as u16).unwrap().to_string());
    let mut bytes = fs::read(&old).unwrap();
    bytes[0] ^= 1;
    fs::write(&old, bytes).unwrap();
    fails(&verify(&request(&folder)), Fault::Root);
    fs::remove_dir_all(old.parent().unwrap()).unwrap();
    holds(&verify(&request(&folder)));
}

fn since(folder: &Folder, lines: &[Vec<u8>], size: usize) -> Ended {
    let kept = folder.0.join("kept");
    fs::write(&kept, sample::checkpoint(lines, size)).unwrap();
    verify(&Request { since: Some(kept), ..request(folder) })
}

#[test]
fn a_fork_or_a_rolled_back_log_is_a_consistency_fault() {
    let folder = published(&long(SIZE));
    for size in [0, 1, 4, 256, 257, 512, SIZE] {
        holds(&since(&folder, &long(SIZE), size));
    }
    // Another history, as lawful, under the same key: sound by itself, and not for whoever has seen the first one.
    let mut acts = crate::sample_later::acts();
    acts.extend((1000..1700).map(crate::sample_later::viewed));
    let fork = published(&sample::lines(acts));
    holds(&verify(&request(&fork)));
    fails(&since(&fork, &long(SIZE), 300), Fault::Consistency);
    fails(&since(&fork, &long(SIZE), SIZE), Fault::Consistency);
    holds(&since(&fork, &long(SIZE), 24));
    // A back-up that was put back: every byte true, and too few of them.
    let back = published(&long(SIZE)[..400]);
    holds(&verify(&request(&back)));
    fails(&since(&back, &long(SIZE), 401), Fault::Consistency);
    // The same size and another root.
    let mut other = long(SIZE);
    other[10].push(b' ');
    fails(&since(&folder, &other, SIZE), Fault::Consistency);
}

#[test]
fn an_earlier_checkpoint_of_another_key_is_a_signature_fault() {
    let folder = published(&long(SIZE));
    let kept = folder.0.join("kept");
    let asked = Request { since: Some(kept.clone()), ..request(&folder) };
    let foreign = visiting_policies::note::Checkpoint { size: 1, root: [0; 32] }.sign(sample::ORIGIN, &sample::key(9));
    for text in [foreign.as_str(), "no note"] {
        fs::write(&kept, text).unwrap();
        fails(&verify(&asked), Fault::Signature);
    }
}

/// The checkpoint with another size: its text, or all of it.
fn edited(folder: &Path, way: impl FnOnce(String) -> String) {
    let checkpoint = folder.join("checkpoint");
    let text = way(fs::read_to_string(&checkpoint).unwrap());
    fs::write(checkpoint, text).unwrap();
}

#[test]
fn a_changed_checkpoint_is_a_signature_fault() {
    let ways: [fn(String) -> String; 5] = [
        |text| text.replacen("\n600\n", "\n599\n", 1),
        |text| text.replacen("visiting.test/log\n", "visiting.test/gol\n", 1),
        |text| text.split_once("\n\n").unwrap().0.to_owned() + "\n",
        |text| text + "x",
        |_| String::new(),
    ];
    for way in ways {
        let folder = published(&long(SIZE));
        edited(&folder.0, way);
        fails(&verify(&request(&folder)), Fault::Signature);
    }
    // Signed by the log itself, over a root that the tiles do not lead to.
    let folder = published(&long(SIZE));
    edited(&folder.0, |_| visiting_policies::note::Checkpoint { size: 600, root: [7; 32] }.sign(sample::ORIGIN, &sample::key(1)));
    let note = Note::parse(&fs::read(folder.0.join("checkpoint")).unwrap()).unwrap();
    assert_eq!(Checkpoint::parse(note.text()).unwrap().size(), 600);
    fails(&verify(&request(&folder)), Fault::Root);
}
