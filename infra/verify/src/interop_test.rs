//! Logs that are not ours: another implementation's, and ones whose entries mean nothing to us.

use std::{fs, path::PathBuf};

use visiting_tlog::{
    append::Appender,
    checkpoint::Checkpoint,
    folder::Folder as TileFolder,
    key::{Algorithm, SecretKey},
    store::Published,
};

use crate::{
    audit::{Request, verify},
    audit_test::{fails, holds},
    ended::Fault,
    sample::Folder,
    vectors_test::shared,
};

/// A log that Sunlight's tests mirror and cosign, the mirror's key, and the folder.
fn mirrored(test: &str) -> Option<Request> {
    let mirror = shared("sunlight-tree/cmd/skylight/testdata/witness/mirror", test)?;
    let about: serde_json::Value = serde_json::from_slice(&fs::read(mirror.join("mirror.v0.json")).unwrap()).unwrap();
    let key = about["verifier_keys"][0].as_str().unwrap().to_owned();
    let below = |path: &PathBuf| path.join("checkpoint").is_file() && path.file_name().unwrap().len() == 64;
    let log = fs::read_dir(&mirror).unwrap().map(|entry| entry.unwrap().path()).find(below).unwrap();
    Some(Request { log, keys: vec![key], structure: true, no_entries: true, ..Request::default() })
}

#[test]
fn a_log_of_another_implementation_verifies() {
    let Some(asked) = mirrored("interop_test::a_log_of_another_implementation_verifies") else { return };
    let ended = verify(&asked);
    holds(&ended);
    let said = ended.lines.join("\n");
    assert!(said.contains("over 300 entries is cosigned by") && said.contains("entries      not checked: --no-entries"), "{said}");
    // Its bundles are placeholders, and are seen to be none.
    fails(&verify(&Request { no_entries: false, ..asked.clone() }), Fault::Root);
    // A cosigner's key is no log's: the meaning needs the log's own.
    fails(&verify(&Request { structure: false, no_entries: false, ..asked }), Fault::Usage);
}

#[test]
fn a_ct_log_whose_signature_we_do_not_know_is_not_called_sound() {
    let test = "interop_test::a_ct_log_whose_signature_we_do_not_know_is_not_called_sound";
    let Some(asked) = mirrored(test) else { return };
    let Some(tree) = shared("sunlight-tree/cmd/skylight/testdata/tree", test) else { return };
    fails(&verify(&Request { log: tree, ..asked }), Fault::Signature);
}

#[test]
fn entries_that_are_no_events_are_a_structure_all_the_same() {
    let folder = Folder::new();
    let tiles = TileFolder::new(&folder.0);
    let entries: Vec<Vec<u8>> = (0..700u32).map(|n| n.to_be_bytes().repeat(usize::try_from(n % 9).unwrap())).collect();
    let mut log = Appender::create(&tiles);
    log.append(&entries).unwrap();
    let key = SecretKey::from_seed("go.sum database tree", Algorithm::Ed25519, &[5; 32]);
    assert!(key.is_err(), "a key's name has no spaces");
    let key = SecretKey::from_seed("sum.example", Algorithm::Ed25519, &[5; 32]).unwrap();
    let note = Checkpoint::new("sum.example", log.size(), log.root()).unwrap().sign(&[&key]).unwrap();
    tiles.publish(note.to_string().as_bytes()).unwrap();
    let asked = Request { log: folder.0.clone(), keys: vec![key.verifier().to_string()], structure: true, ..Request::default() };
    holds(&verify(&asked));
    holds(&verify(&Request { no_entries: true, ..asked.clone() }));
    // Without its entries it is sound only for who asks for the hashes alone.
    fs::remove_dir_all(folder.0.join("tile/entries")).unwrap();
    fails(&verify(&asked), Fault::Root);
    holds(&verify(&Request { no_entries: true, ..asked.clone() }));
    fs::remove_file(folder.0.join("tile/1/000.p/2")).unwrap();
    fails(&verify(&Request { no_entries: true, ..asked }), Fault::Root);
}

#[test]
fn a_log_without_entries_is_sound_and_says_so() {
    let folder = Folder::new();
    let key = SecretKey::from_seed("sum.example", Algorithm::Ed25519, &[5; 32]).unwrap();
    let note = Checkpoint::new("sum.example", 0, visiting_tlog::merkle::empty_root()).unwrap().sign(&[&key]).unwrap();
    TileFolder::new(&folder.0).publish(note.to_string().as_bytes()).unwrap();
    let ended = verify(&Request { log: folder.0.clone(), keys: vec![key.verifier().to_string()], structure: true, ..Request::default() });
    holds(&ended);
    assert_eq!(ended.lines.last().unwrap(), "sound: 0 entries, structure only");
}
