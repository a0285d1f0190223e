//! A log that several witnesses watch, as an auditor finds it.

use std::{fs, path::Path};

use visiting_tlog::{append::Appender, folder::Folder, note::Note, request::cosigned, store::Published};
use visiting_verify::{
    audit::{Request, verify},
    ended::Fault,
};

use crate::given::{LOG, Scratch, Serving, log_key};

/// What an auditor finds who trusts two of these three.
fn audited(log: &Path, policy: &Path) -> Option<Fault> {
    let request = Request { log: log.to_owned(), policy: Some(policy.to_owned()), structure: true, ..Request::default() };
    verify(&request).fault
}

#[test]
fn two_of_three_witnesses_are_a_quorum_for_the_auditor() {
    let witnesses: Vec<_> = (0..3).map(|_| Scratch::made()).collect();
    let serving: Vec<_> = witnesses.iter().map(|(scratch, _)| Serving::start(&scratch.home())).collect();
    let scratch = Scratch::new();
    let log = scratch.home();
    let policy = log.join("policy");
    let mut text = format!("log {}\n", log_key(1).verifier());
    for (number, (_, key)) in witnesses.iter().enumerate() {
        text += &format!("witness w{number} {key} https://w{number}.example/\n");
    }
    let folder = Folder::new(&log);
    let mut appender = Appender::create(&folder);
    appender.append(&LOG.entries(300)).unwrap();
    fs::write(&policy, text + "group two 2 w0 w1 w2\nquorum two\n").unwrap();
    let request = LOG.request(0, 300);
    assert_eq!(*request.checkpoint.root(), appender.root());
    let mut note: Note = request.note.clone();
    let mut found = Vec::new();
    for (witness, (_, key)) in serving.iter().zip(&witnesses) {
        folder.publish(note.to_string().as_bytes()).unwrap();
        found.push(audited(&log, &policy));
        note = cosigned(&note, &witness.ask(&request).body, &[key]).unwrap();
    }
    folder.publish(note.to_string().as_bytes()).unwrap();
    found.push(audited(&log, &policy));
    assert_eq!(found, [Some(Fault::Signature), Some(Fault::Signature), None, None]);
}
