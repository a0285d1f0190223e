//! Whose word is enough: keys, key rotation, witnesses and quorums.

use std::fs;

use visiting_policies::note;
use visiting_tlog::{
    cosignature::cosign,
    key::{Algorithm, SecretKey},
    note::Note,
};

use crate::{
    audit::{Request, verify},
    audit_test::{fails, holds, published, request},
    ended::Fault,
    sample::{self, Folder, ORIGIN},
    sample_later::long,
};

fn witness(number: u8) -> SecretKey {
    SecretKey::from_seed(&format!("w{number}.example"), Algorithm::Cosignature, &[40 + number; 32]).unwrap()
}

/// Two of three witnesses, and the log's key unless it comes with `--key`.
fn policy(folder: &Folder, with_log: bool, quorum: &str) -> Request {
    let mut text = String::new();
    if with_log {
        text += &format!("log {}\n", sample::log_vkey());
    }
    for number in 1..=3 {
        text += &format!("witness w{number} {}\n", witness(number).verifier());
    }
    text += &format!("group two 2 w1 w2 w3\nquorum {quorum}\n");
    let file = folder.0.join("policy");
    fs::write(&file, text).unwrap();
    let keys = if with_log { Vec::new() } else { request(folder).keys };
    Request { policy: Some(file), keys, ..request(folder) }
}

/// The checkpoint with the cosignatures of these witnesses, each as `change` leaves it.
fn cosigned(folder: &Folder, witnesses: &[u8], change: impl Fn(String) -> String) {
    let checkpoint = folder.0.join("checkpoint");
    let note = Note::parse(&fs::read(&checkpoint).unwrap()).unwrap();
    let lines = witnesses.iter().map(|number| cosign(note.text(), &witness(*number), 1_700_000_000).unwrap().to_string());
    let lines: String = lines.map(change).collect();
    fs::write(checkpoint, format!("{note}{lines}")).unwrap();
}

#[test]
fn a_checkpoint_of_another_key_or_log_is_a_signature_fault() {
    let folder = published(&long(30));
    for vkey in [note::vkey(ORIGIN, &sample::key(9).public_bytes()), note::vkey("elsewhere.test/log", &sample::key(1).public_bytes())] {
        fails(&verify(&Request { keys: vec![vkey], ..request(&folder) }), Fault::Signature);
    }
}

#[test]
fn a_logs_key_speaks_for_the_log_of_its_name_only() {
    let folder = published(&long(30));
    let other = SecretKey::from_seed("elsewhere.test/log", Algorithm::Ed25519, &[9; 32]).unwrap();
    let note = Note::parse(&fs::read(folder.0.join("checkpoint")).unwrap()).unwrap();
    fs::write(folder.0.join("checkpoint"), Note::sign(note.text(), &[&other]).unwrap().to_string()).unwrap();
    fails(&verify(&Request { keys: vec![other.verifier().to_string()], structure: true, ..request(&folder) }), Fault::Signature);
}

#[test]
fn a_log_whose_key_is_not_the_rosters_is_a_meaning_fault() {
    let folder = published(&long(30));
    let root = sample::tree(&long(30)).root(30).unwrap();
    fs::write(folder.0.join("checkpoint"), note::Checkpoint { size: 30, root }.sign(ORIGIN, &sample::key(9))).unwrap();
    let new = note::vkey(ORIGIN, &sample::key(9).public_bytes());
    fails(&verify(&Request { keys: vec![new.clone()], ..request(&folder) }), Fault::Meaning);
    // Whoever trusts both does not say that the one followed the other: the record must.
    fails(&verify(&Request { keys: vec![new, sample::log_vkey()], ..request(&folder) }), Fault::Meaning);
}

#[test]
fn a_log_that_changed_its_key_is_verified_with_both() {
    let folder = published(&long(30));
    let keys = vec![note::vkey(ORIGIN, &sample::key(9).public_bytes()), sample::log_vkey()];
    holds(&verify(&Request { keys: keys.clone(), ..request(&folder) }));
    // An earlier checkpoint, by the earlier key.
    let kept = folder.0.join("kept");
    let root = sample::tree(&long(30)).root(20).unwrap();
    fs::write(&kept, note::Checkpoint { size: 20, root }.sign(ORIGIN, &sample::key(9))).unwrap();
    holds(&verify(&Request { keys, since: Some(kept.clone()), ..request(&folder) }));
    fails(&verify(&Request { since: Some(kept), ..request(&folder) }), Fault::Signature);
}

#[test]
fn enough_cosignatures_are_a_quorum_and_fewer_are_none() {
    for with_log in [true, false] {
        let folder = published(&long(30));
        let asked = policy(&folder, with_log, "two");
        fails(&verify(&asked), Fault::Signature);
        cosigned(&folder, &[2], |line| line);
        fails(&verify(&asked), Fault::Signature);
        cosigned(&folder, &[3], |line| line);
        let ended = verify(&asked);
        holds(&ended);
        assert!(ended.lines.iter().any(|line| line.contains("cosigned by w2.example, w3.example: enough for the policy")));
    }
    let folder = published(&long(30));
    holds(&verify(&policy(&folder, true, "none")));
}

#[test]
fn a_forged_missing_or_repeated_cosignature_is_no_quorum() {
    let twice = published(&long(30));
    cosigned(&twice, &[1, 1], |line| line);
    fails(&verify(&policy(&twice, true, "two")), Fault::Signature);
    // One byte of a witness's line is another one.
    let forged = published(&long(30));
    cosigned(&forged, &[1, 2], |line| {
        let at = line.len() - 20;
        let other = if &line[at..=at] == "A" { "B" } else { "A" };
        line[..at].to_owned() + other + &line[at + 1..]
    });
    fails(&verify(&policy(&forged, true, "two")), Fault::Signature);
    // Witnesses' lines from a smaller checkpoint.
    let moved = published(&long(30));
    let now = fs::read_to_string(moved.0.join("checkpoint")).unwrap();
    fs::write(moved.0.join("checkpoint"), sample::checkpoint(&long(30), 29)).unwrap();
    cosigned(&moved, &[1, 2], |line| line);
    let lines = fs::read_to_string(moved.0.join("checkpoint")).unwrap();
    let lines: String =
        lines.lines().filter(|line| line.contains("w1.example") || line.contains("w2.example")).map(|l| format!("{l}\n")).collect();
    fs::write(moved.0.join("checkpoint"), now + &lines).unwrap();
    fails(&verify(&policy(&moved, true, "two")), Fault::Signature);
    // Witnesses do not stand in for the log.
    let without = published(&long(30));
    cosigned(&without, &[1, 2, 3], |line| line);
    let lines = fs::read_to_string(without.0.join("checkpoint")).unwrap();
    let lines: String = lines.lines().filter(|line| !line.contains(&format!("\u{2014} {ORIGIN}"))).map(|l| format!("{l}\n")).collect();
    fs::write(without.0.join("checkpoint"), lines).unwrap();
    fails(&verify(&policy(&without, true, "two")), Fault::Signature);
    fails(&verify(&request(&without)), Fault::Signature);
}

#[test]
fn policies_and_keys_that_cannot_be_meant_are_usage_faults() {
    let folder = published(&long(30));
    let asked = policy(&folder, false, "two");
    // Neither the policy nor the command line says which log.
    fails(&verify(&Request { keys: Vec::new(), ..asked.clone() }), Fault::Usage);
    let witness = witness(1).verifier().to_string();
    fails(&verify(&Request { keys: vec![witness.clone()], ..asked.clone() }), Fault::Usage);
    fails(&verify(&Request { keys: vec![witness], ..request(&folder) }), Fault::Usage);
    fs::write(asked.policy.as_ref().unwrap(), "quorum all-of-them\n").unwrap();
    fails(&verify(&asked), Fault::Usage);
    fs::write(asked.policy.as_ref().unwrap(), "quorum none").unwrap();
    fails(&verify(&asked), Fault::Usage);
}
