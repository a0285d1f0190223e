//! A sound receipt passes; each tampered input ends with the exit code that names it.

use std::fs;

use visiting_policies::{note, receipt::Receipt};

use crate::{
    ended::{Ended, Fault},
    receipt::{Request, parse, verify},
    sample::{self, Folder, ORIGIN, TABLE},
};

/// Verifies this note against this file.
fn ended(note: &str, file: &[u8], change: impl FnOnce(Request) -> Request) -> Ended {
    let folder = Folder::new();
    let (receipt, table) = (folder.0.join("receipt.note"), folder.0.join("table.csv"));
    fs::write(&receipt, note).unwrap();
    fs::write(&table, file).unwrap();
    let log_keys = vec![sample::log_vkey()];
    verify(&change(Request { receipt, file: table, key: sample::gate_vkey(), log_keys }))
}

fn signed(receipt: &Receipt) -> String {
    receipt.sign(ORIGIN, &sample::key(2))
}

#[track_caller]
fn fails(ended: &Ended, fault: Fault) {
    assert_eq!(ended.fault, Some(fault), "{:#?}", ended.lines);
}

#[test]
fn a_sound_receipt_passes_with_and_without_the_logs_key() {
    let note = signed(&sample::receipt());
    let with = ended(&note, TABLE, |r| r);
    assert_eq!((with.fault, with.lines.last().unwrap().as_str()), (None, "sound: run_1"));
    let without = ended(&note, TABLE, |r| Request { log_keys: Vec::new(), ..r });
    assert!(without.fault.is_none() && without.lines.iter().any(|line| line.contains("not checked")));
}

#[test]
fn a_changed_receipt_or_another_key_is_a_signature_fault() {
    let note = signed(&sample::receipt());
    fails(&ended(&note.replacen("pass", "PASS", 1), TABLE, |r| r), Fault::Signature);
    fails(&ended("", TABLE, |r| r), Fault::Signature);
    let other = note::vkey(&visiting_policies::receipt::signer(ORIGIN), &sample::key(9).public_bytes());
    fails(&ended(&note, TABLE, |r| Request { key: other, ..r }), Fault::Signature);
    let other_log = note::vkey(ORIGIN, &sample::key(9).public_bytes());
    fails(&ended(&note, TABLE, |r| Request { log_keys: vec![other_log], ..r }), Fault::Signature);
}

#[test]
fn a_receipt_from_before_a_rotation_is_verified_with_all_keys_of_the_log() {
    let (note, new) = (signed(&sample::receipt()), note::vkey(ORIGIN, &sample::key(9).public_bytes()));
    for keys in [[new.clone(), sample::log_vkey()], [sample::log_vkey(), new.clone()]] {
        let all = ended(&note, TABLE, |r| Request { log_keys: keys.to_vec(), ..r });
        assert!(all.fault.is_none() && all.lines.iter().any(|line| line.contains("is the log's")), "{:#?}", all.lines);
    }
    let newest = ended(&note, TABLE, |r| Request { log_keys: vec![new.clone()], ..r });
    assert!(newest.lines.iter().any(|line| line.contains("give --log-key for each")), "{:#?}", newest.lines);
    fails(&newest, Fault::Signature);
    fails(&ended(&note, TABLE, |r| Request { log_keys: vec![sample::log_vkey(), "nonsense".into()], ..r }), Fault::Usage);
    let line = "verify --receipt r --file f --key k --log-key old --log-key new";
    assert_eq!(parse(line.split_whitespace().map(Into::into)).unwrap().log_keys, ["old", "new"]);
}

#[test]
fn another_file_or_a_proof_that_does_not_fit_is_a_content_fault() {
    fails(&ended(&signed(&sample::receipt()), b"sex,people\n1,101\n2,120\n", |r| r), Fault::Root);
    // Signed by the gate itself, yet not in the record: a stolen gate key alone makes no sound receipt.
    let changes: [fn(&mut Receipt); 4] = [
        |r| r.index = 8,
        |r| r.proof[0] = visiting_policies::sign::to_base64(&[7; 32]),
        |r| r.report.rules.insert("people".into(), "waived".into()).map_or((), drop),
        |r| r.event = r.event.replacen("pass", "PASS", 1),
    ];
    for change in changes {
        let mut receipt = sample::receipt();
        change(&mut receipt);
        fails(&ended(&signed(&receipt), TABLE, |r| r), Fault::Root);
    }
}

#[test]
fn a_command_that_is_not_understood_is_a_usage_fault() {
    for line in ["", "verify --receipt r --file f", "check --receipt r --file f --key k", "verify --receipt r --file f --key k extra"] {
        fails(&parse(line.split_whitespace().map(Into::into)).unwrap_err(), Fault::Usage);
    }
    let note = signed(&sample::receipt());
    fails(&ended(&note, TABLE, |r| Request { key: "nonsense".into(), ..r }), Fault::Usage);
    fails(&ended(&note, TABLE, |r| Request { file: "absent".into(), ..r }), Fault::Usage);
}
