//! The folder and the words around it: made once, private, one process at a time, keys that change.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use visiting_tlog::{
    key::{Algorithm, SecretKey, VerifierKey},
    note::{Note, Signature},
};

use crate::given::{FORK, LOG, NAME, Scratch, Serving, complained, log_key, program, said};

/// Everything below, while it may change.
fn everything(folder: &Path) -> Vec<PathBuf> {
    let mut found = vec![folder.to_owned()];
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(everything(&path)) } else { found.push(path) }
    }
    found
}

/// Files below the home with this name.
fn named(home: &Path, name: &str) -> usize {
    everything(home).iter().filter(|path| path.file_name().unwrap() == name).count()
}

#[test]
fn a_witness_is_made_once_and_is_its_owners_alone() {
    let scratch = Scratch::new();
    assert!(complained(&scratch.run(&["key"]), 1).contains("visiting-witness init"));
    assert!(complained(&scratch.run(&["serve"]), 1).contains("visiting-witness init"));
    let key = said(&scratch.run(&["init", "--name", NAME]));
    let parsed = VerifierKey::parse(&key).unwrap();
    assert_eq!((parsed.name(), parsed.algorithm()), (NAME, Algorithm::Cosignature));
    assert_eq!(said(&scratch.run(&["key"])), key);
    assert!(complained(&scratch.run(&["init", "--name", NAME]), 1).contains("not empty"));
    assert_eq!(said(&scratch.run(&["key"])), key);
    said(&scratch.run(&["trust", "--log", &log_key(1).verifier().to_string()]));
    let witness = Serving::start(&scratch.home());
    assert_eq!(witness.ask(&LOG.request(0, 3)).status, 200);
    for path in everything(&scratch.home()) {
        let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, if path.is_dir() { 0o700 } else { 0o600 }, "{}", path.display());
    }
    // An empty folder becomes as private.
    let empty = Scratch::new();
    fs::create_dir(empty.home()).unwrap();
    said(&empty.run(&["init", "--name", NAME]));
    assert_eq!(fs::metadata(empty.home()).unwrap().permissions().mode() & 0o777, 0o700);
    // No folder but an empty one, and no name but a key's.
    let other = Scratch::new();
    fs::create_dir(other.home()).unwrap();
    fs::write(other.home().join("mine"), "of somebody").unwrap();
    assert!(complained(&other.run(&["init", "--name", NAME]), 1).contains("not empty"));
    assert!(complained(&Scratch::new().run(&["init", "--name", "two words"]), 1).contains("key's name"));
    assert_eq!(program().arg("init").output().unwrap().status.code(), Some(2));
}

#[test]
fn one_process_serves_a_folder() {
    let (scratch, _) = Scratch::made();
    let witness = Serving::start(&scratch.home());
    assert!(complained(&scratch.run(&["serve", "--listen", "127.0.0.1:0"]), 1).contains("another process"));
    assert!(complained(&scratch.run(&["rotate"]), 1).contains("another process"));
    assert_eq!(witness.stop(), Some(0));
    assert_eq!(Serving::start(&scratch.home()).stop(), Some(0));
}

#[test]
fn only_logs_are_trusted_and_each_key_once() {
    let (scratch, key) = Scratch::made();
    let first = log_key(1).verifier().to_string();
    assert!(said(&scratch.run(&["trust", "--log", &first])).contains("trusted already"));
    assert!(complained(&scratch.run(&["trust", "--log", "nonsense"]), 1).contains("verifier key"));
    assert!(complained(&scratch.run(&["trust", "--log", &key.to_string()]), 1).contains("type 0x01"));
    assert_eq!(fs::read_to_string(scratch.home().join("logs")).unwrap(), format!("{first}\n"));
}

#[test]
fn a_log_may_change_its_key() {
    let (scratch, _) = Scratch::made();
    let witness = Serving::start(&scratch.home());
    assert_eq!(witness.ask(&LOG.signed(1, 0, 10)).status, 200);
    assert_eq!(witness.ask(&LOG.signed(2, 10, 20)).status, 403);
    said(&scratch.run(&["trust", "--log", &log_key(2).verifier().to_string()]));
    assert_eq!(witness.ask(&LOG.signed(2, 10, 20)).status, 403, "taken at the next start");
    assert_eq!(witness.stop(), Some(0));
    let witness = Serving::start(&scratch.home());
    // One log, one history, whichever of its keys signs.
    assert_eq!(witness.ask(&LOG.signed(2, 0, 20)).body, "10\n");
    assert_eq!(witness.ask(&FORK.signed(2, 10, 20)).status, 422);
    assert_eq!(witness.ask(&LOG.signed(2, 10, 20)).status, 200);
    assert_eq!(witness.ask(&LOG.signed(1, 20, 30)).status, 200);
}

#[test]
fn a_key_that_is_distrusted_signs_nothing_more_and_the_log_goes_on() {
    let (scratch, _) = Scratch::made();
    let (old, new) = (log_key(1).verifier().to_string(), log_key(2).verifier().to_string());
    let distrust = |key: &str| scratch.run(&["distrust", "--log", key]);
    assert!(complained(&distrust(&old), 1).contains("`visiting-witness trust` the one that follows it first"));
    assert!(complained(&distrust(&new), 1).contains("not trusted here"));
    assert!(complained(&distrust("nonsense"), 1).contains("verifier key"));
    said(&scratch.run(&["trust", "--log", &new]));
    let witness = Serving::start(&scratch.home());
    assert_eq!(witness.ask(&LOG.signed(1, 0, 10)).status, 200);
    assert!(said(&distrust(&old)).contains("no longer trusted"));
    assert_eq!(fs::read_to_string(scratch.home().join("logs")).unwrap(), format!("{new}\n"));
    assert_eq!(witness.ask(&LOG.signed(1, 10, 20)).status, 200, "taken at the next start");
    assert_eq!(witness.stop(), Some(0));
    // What was cosigned last carries the signature of the key that is gone, and is known all the same.
    assert!(complained(&scratch.run(&["rotate"]), 1).contains("let the old one cosign its next checkpoint first"));
    let witness = Serving::start(&scratch.home());
    assert_eq!(witness.size(), 20);
    assert_eq!(witness.ask(&LOG.signed(1, 20, 30)).status, 403);
    assert_eq!(witness.ask(&LOG.signed(2, 0, 30)).body, "20\n");
    assert_eq!(witness.ask(&FORK.signed(2, 20, 30)).status, 422);
    assert_eq!(witness.ask(&LOG.signed(2, 20, 30)).status, 200);
    assert_eq!(witness.stop(), Some(0));
    assert!(complained(&distrust(&new), 1).contains("only key"));
    said(&scratch.run(&["rotate"]));
    assert_eq!(Serving::start(&scratch.home()).size(), 30);
}

#[test]
fn a_new_key_begins_with_what_the_old_one_cosigned_last() {
    let (scratch, old) = Scratch::made();
    // A second log, of which nothing was ever cosigned.
    let other = SecretKey::from_seed("other.example", Algorithm::Ed25519, &[7; 32]).unwrap();
    said(&scratch.run(&["trust", "--log", &other.verifier().to_string()]));
    let witness = Serving::start(&scratch.home());
    assert_eq!(witness.ask(&LOG.request(0, 30)).status, 200);
    let before = Note::parse(witness.monitored().unwrap().as_bytes()).unwrap();
    assert_eq!(witness.stop(), Some(0));
    let new = VerifierKey::parse(&said(&scratch.run(&["rotate"]))).unwrap();
    assert!(new.name() == old.name() && new.id() != old.id());
    assert_eq!(said(&scratch.run(&["key"])), new.to_string());
    assert_eq!(named(&scratch.home(), "secret.key"), 1, "the old key is destroyed");
    let witness = Serving::start(&scratch.home());
    let after = Note::parse(witness.monitored().unwrap().as_bytes()).unwrap();
    assert_eq!(after.text(), before.text());
    let log = log_key(1);
    assert_eq!(after.verify(&[log.verifier(), &new]).unwrap().len(), 2);
    assert!(after.verify(&[&old]).is_err());
    assert_eq!(witness.ask(&LOG.request(0, 40)).body, "30\n");
    assert_eq!(witness.ask(&FORK.request(30, 40)).status, 422);
    let answer = witness.ask(&LOG.request(30, 40));
    assert_eq!((answer.status, Signature::parse(answer.body.trim_end()).unwrap().id()), (200, new.id()));
    // And once more.
    assert_eq!(witness.stop(), Some(0));
    said(&scratch.run(&["rotate"]));
    assert_eq!(Serving::start(&scratch.home()).size(), 40);
}

/// The name of the folder in use.
fn current(home: &Path) -> String {
    fs::read_to_string(home.join("current")).unwrap()
}

/// It serves what was cosigned, with one key, and goes on.
fn goes_on(scratch: &Scratch, size: u64) {
    let witness = Serving::start(&scratch.home());
    assert_eq!((witness.size(), named(&scratch.home(), "secret.key")), (size, 1));
    let key = VerifierKey::parse(&said(&scratch.run(&["key"]))).unwrap();
    let answer = witness.ask(&LOG.request(size, size + 1));
    assert_eq!((answer.status, Signature::parse(answer.body.trim_end()).unwrap().id()), (200, key.id()));
    assert_eq!(witness.stop(), Some(0));
}

#[test]
fn a_key_that_a_crash_has_left_is_destroyed() {
    // The crash comes right after the new key is in use, and before the old one is gone.
    let (scratch, old) = Scratch::made();
    goes_on(&scratch, 0);
    let before = scratch.home().join(current(&scratch.home())).join("secret.key");
    let secret = fs::read(&before).unwrap();
    said(&scratch.run(&["rotate"]));
    fs::write(&before, secret).unwrap();
    goes_on(&scratch, 1);
    assert!(!said(&scratch.run(&["key"])).contains(&format!("{:08x}", old.id())));
}

#[test]
fn a_rotation_that_is_killed_leaves_one_key_that_knows_everything() {
    let (scratch, _) = Scratch::made();
    goes_on(&scratch, 0);
    let (home, mut size) = (scratch.home(), 1);
    // Killed as soon as the new key has a folder, a key, a store, a checkpoint in it, and as soon as it is in use.
    type Seen = fn(&Path, &str, usize) -> bool;
    let folders = |home: &Path| fs::read_dir(home).unwrap().filter(|entry| entry.as_ref().unwrap().path().is_dir()).count();
    let stages: [(&str, Seen); 4] = [
        ("secret.key", |home, _, _| named(home, "secret.key") > 1),
        ("witness", |home, _, before| named(home, "witness") > before),
        ("checkpoint", |home, _, before| named(home, "checkpoint") > before),
        ("", |home, was, _| current(home) != was),
    ];
    for (file, is_there) in stages {
        let (was, before, folders_before) = (current(&home), named(&home, file), folders(&home));
        let mut rotating = program().args(["rotate", "--home"]).arg(&home).stdout(std::process::Stdio::null()).spawn().unwrap();
        while rotating.try_wait().unwrap().is_none() && !is_there(&home, &was, before) {}
        let _ = rotating.kill();
        rotating.wait().unwrap();
        assert!(folders(&home) > folders_before, "{file}: it had begun");
        goes_on(&scratch, size);
        size += 1;
    }
}

#[test]
fn a_store_that_is_another_witnesss_is_not_served() {
    let ((scratch, _), (other, _)) = (Scratch::made(), Scratch::made());
    let place = |scratch: &Scratch| scratch.home().join(current(&scratch.home()));
    fs::copy(place(&other).join("secret.key"), place(&scratch).join("secret.key")).unwrap();
    assert!(complained(&scratch.run(&["serve", "--listen", "127.0.0.1:0"]), 1).contains("not made for this witness"));
    // A path in `current` leads nowhere.
    fs::write(other.home().join("current"), "../home").unwrap();
    assert!(complained(&other.run(&["serve", "--listen", "127.0.0.1:0"]), 1).contains("`current`"));
}
