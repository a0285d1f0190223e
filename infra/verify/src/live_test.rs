//! A log that is written while it is verified.

use std::{
    fs,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use visiting_policies::note::Checkpoint;
use visiting_tlog::{append::Appender, folder::Folder as TileFolder, store::Published};

use crate::{
    audit::verify,
    audit_test::{holds, request},
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
