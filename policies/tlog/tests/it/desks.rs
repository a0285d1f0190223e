//! The folder that keeps what a witness knows.

use std::{collections::BTreeMap, fs, thread};

use visiting_tlog::{
    checkpoint::Checkpoint,
    desk::{Desk, DeskFault},
    key::Algorithm,
    note::Note,
    request::Request,
    witness::{Witness, origin_hash},
};

use crate::{
    given::{ORIGIN, Scratch, log_key, secret},
    witnesses::{Log, NOW, witness, witness_key},
};

#[test]
fn a_desk_keeps_before_it_answers_and_goes_on_after_a_restart() {
    // "The witness MUST persist the new checkpoint before responding."
    let scratch = Scratch::new("desk");
    let log = Log::new("desk");
    let ask = |desk: &Desk, old, size| desk.add_checkpoint(log.request(old, size).to_string().as_bytes(), NOW);
    assert!(matches!(Desk::open(scratch.path(), witness()), Err(DeskFault::NotMade)));
    Desk::create(scratch.path(), &witness()).unwrap();
    assert!(matches!(Desk::create(scratch.path(), &witness()), Err(DeskFault::Disk(_))));
    let desk = Desk::open(scratch.path(), witness()).unwrap();
    assert!(matches!(Desk::open(scratch.path(), witness()), Err(DeskFault::InUse)));
    let hash = origin_hash(ORIGIN);
    // "If the witness has never cosigned a checkpoint for that log, it MUST respond with a "404 Not Found"".
    assert_eq!(desk.checkpoint(&hash), None);
    assert_eq!(ask(&desk, 0, 7).status, 200);
    let kept = fs::read_to_string(scratch.path().join(&hash).join("checkpoint")).unwrap();
    // "it MUST include the cosignature(s) from the witness's key(s) that were returned from add-checkpoint and the cosignature from
    // the log key(s) that the witness verified."
    assert_eq!(desk.checkpoint(&hash), Some(kept.clone()));
    let (log_key, key) = (log_key(), witness_key());
    assert_eq!(Note::parse(kept.as_bytes()).unwrap().verify(&[log_key.verifier(), key.verifier()]).unwrap().len(), 2);
    drop(desk);
    let desk = Desk::open(scratch.path(), witness()).unwrap();
    assert_eq!(ask(&desk, 0, 8).status, 409);
    assert_eq!(ask(&desk, 7, 8).status, 200);
    // An older file put back under the running witness, or taken away, stops it.
    let file = scratch.path().join(&hash).join("checkpoint");
    fs::write(&file, kept).unwrap();
    assert_eq!(ask(&desk, 8, 9).status, 500);
    fs::remove_file(&file).unwrap();
    assert_eq!(ask(&desk, 8, 9).status, 500);
    drop(desk);
    fs::write(&file, "not what was kept\n").unwrap();
    assert!(matches!(Desk::open(scratch.path(), witness()), Err(DeskFault::Foreign(..))));
}

#[test]
fn what_was_cosigned_is_known_when_the_key_that_signed_it_is_trusted_no_longer() {
    let scratch = Scratch::new("desk-distrusted");
    let log = Log::new("distrusted");
    let ask = |desk: &Desk, old, size| desk.add_checkpoint(log.request(old, size).to_string().as_bytes(), NOW);
    Desk::create(scratch.path(), &witness()).unwrap();
    let desk = Desk::open(scratch.path(), witness()).unwrap();
    assert_eq!(ask(&desk, 0, 7).status, 200);
    let kept = desk.checkpoint(&origin_hash(ORIGIN));
    drop(desk);
    let next = secret(ORIGIN, Algorithm::Ed25519, 8);
    let trusting = || Witness::new(witness_key(), BTreeMap::from([(ORIGIN.to_owned(), vec![next.verifier().clone()])])).unwrap();
    let desk = Desk::open(scratch.path(), trusting()).unwrap();
    assert_eq!(desk.checkpoint(&origin_hash(ORIGIN)), kept);
    assert_eq!(ask(&desk, 7, 8).status, 403);
    let request = log.request(7, 8);
    let signed = Request { note: request.checkpoint.sign(&[&next]).unwrap(), ..request };
    assert_eq!(desk.add_checkpoint(signed.to_string().as_bytes(), NOW).status, 200);
    drop(desk);
    // Its own cosignature is needed all the same.
    let file = scratch.path().join(origin_hash(ORIGIN)).join("checkpoint");
    fs::write(&file, signed.note.to_string()).unwrap();
    assert!(matches!(Desk::open(scratch.path(), trusting()), Err(DeskFault::Foreign(..))));
}

#[test]
fn what_cannot_be_kept_is_not_answered() {
    let scratch = Scratch::new("desk-full");
    let log = Log::new("full");
    Desk::create(scratch.path(), &witness()).unwrap();
    let desk = Desk::open(scratch.path(), witness()).unwrap();
    // A file where the folder of the log has to be.
    let place = scratch.path().join(origin_hash(ORIGIN));
    fs::write(&place, "in the way").unwrap();
    let answer = desk.add_checkpoint(log.request(0, 7).to_string().as_bytes(), NOW);
    assert_eq!((answer.status, answer.next), (500, None));
    assert_eq!(desk.checkpoint(&origin_hash(ORIGIN)), None);
    fs::remove_file(&place).unwrap();
    assert_eq!(desk.add_checkpoint(log.request(0, 7).to_string().as_bytes(), NOW).status, 200);
}

#[test]
fn of_two_requests_from_one_size_only_one_is_cosigned() {
    // "checking the old size against the latest checkpoint and persisting the new checkpoint must be performed atomically"
    let scratch = Scratch::new("desk-race");
    let log = Log::new("race");
    Desk::create(scratch.path(), &witness()).unwrap();
    let desk = Desk::open(scratch.path(), witness()).unwrap();
    assert_eq!(desk.add_checkpoint(log.request(0, 1).to_string().as_bytes(), NOW).status, 200);
    let mut size = 1;
    while size < 900 {
        let bodies: Vec<_> = (1..5).map(|step| log.request(size, usize::try_from(size + 37 * step).unwrap()).to_string()).collect();
        let statuses: Vec<u16> = thread::scope(|scope| {
            let asked: Vec<_> = bodies.iter().map(|body| scope.spawn(|| desk.add_checkpoint(body.as_bytes(), NOW).status)).collect();
            asked.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
        assert_eq!(statuses.iter().filter(|status| **status == 409).count(), 3, "{statuses:?}");
        let kept = desk.checkpoint(&origin_hash(ORIGIN)).unwrap();
        let now = Checkpoint::parse(Note::parse(kept.as_bytes()).unwrap().text()).unwrap().size();
        assert!(now > size);
        size = now;
    }
}
