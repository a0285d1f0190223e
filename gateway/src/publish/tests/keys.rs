//! The same where the key of the log is rotated: who signs what, who publishes, and what a key says that was followed or is not known.

use super::*;

#[test]
fn the_key_so_far_signs_the_event_that_ends_it_and_nothing_after_it() {
    let mut stage = Stage::of("publish-last", rotated(), SEED);
    assert_eq!(stage.turn(), ("writing", "published"));
    let old = [log_key().verifier().clone()];
    let (last, _) = stage.publisher.places[0].published(&old).unwrap().unwrap();
    assert_eq!((last.size(), stage.stands()), (3, 3));
    stage.writes(memory::listing("b"));
    stage.is_closed(OUTDATED_KEY);
    assert_eq!(stage.stands(), 3);
}

#[test]
fn a_gateway_whose_record_is_closed_lets_the_one_with_the_next_key_publish() {
    let mut old = Stage::of("publish-let-go", memory::record(&["a"]), SEED);
    assert_eq!((old.turn(), old.stands()), (("writing", "published"), 2));
    old.journal.put(rotated());
    let mut new = old.beside(NEXT);
    assert_eq!((new.turn(), new.stands()), (("writing", "published"), 2), "it follows");
    // What its writer does with a rotation that another gateway wrote.
    old.reads();
    old.health.close(OUTDATED_KEY);
    assert_eq!(old.turn(), ("closed", "late"));
    assert_eq!((new.turn(), new.stands()), (("writing", "published"), 3));
    new.writes(memory::listing("b"));
    assert_eq!((new.turn(), new.stands()), (("writing", "published"), 4));
    drop(new);
    assert_eq!(old.turn(), ("closed", "published"));
    assert!(old.publisher.publishing.is_none(), "it publishes no more");
}

/// Whoever has stolen a key that was followed, and finds a witness that trusts it still, can hold up the publication, and no more.
#[test]
fn a_key_that_was_followed_closes_nothing_by_what_it_signs_past_its_end() {
    let mut stage = Stage::rotated("publish-followed");
    let (old, new, witness) = (log_key(), next_key(), witness_key());
    let beyond = Checkpoint::new(ORIGIN, 1_000_000, [9; 32]).unwrap();
    for added in [(409, "1000000\n"), (422, "")] {
        stage.lie(Some(Lie { added, cosigned: Some(cosigned(&beyond, &old, &witness)) }));
        assert_eq!(stage.turn(), ("writing", "late"), "{added:?}");
    }
    stage.lie(Some(Lie { added: (422, ""), cosigned: Some(cosigned(&beyond, &new, &witness)) }));
    stage.is_closed("the journal holds fewer");
    // What it signed up to its end counts as ever.
    let mut stage = Stage::rotated("publish-followed-before");
    let fork = over(&memory::record(&["x"]));
    stage.lie(Some(Lie { added: (422, ""), cosigned: Some(cosigned(&fork, &old, &witness)) }));
    stage.is_closed("not the first ones of the journal");
}

/// What a witness signs does not say which key of the log had signed: alone, it could stop a record for good.
#[test]
fn a_witness_that_has_cosigned_under_a_key_that_the_journal_does_not_know_is_told_and_closes_nothing() {
    let beyond = Checkpoint::new(ORIGIN, 1_000_000, [9; 32]).unwrap();
    let fork = over(&memory::record(&["x"]));
    for (name, checkpoint) in [("publish-unknown-beyond", &beyond), ("publish-unknown-fork", &fork)] {
        let mut stage = Stage::new(name);
        stage.lie(Some(Lie { added: (409, "1000000\n"), cosigned: Some(cosigned(checkpoint, &next_key(), &witness_key())) }));
        assert_eq!((stage.turn(), stage.stands()), (("writing", "late"), 0));
        stage.tells("restore its newest copy");
    }
}

/// The journal and its key were restored from before a rotation, and the place was not.
#[test]
fn what_is_published_under_a_key_that_the_journal_does_not_know_is_the_newer_record() {
    let mut stage = Stage::of("publish-before", memory::record(&["a"]), SEED);
    let newer = over(&rotated()).sign(&[&next_key()]).unwrap().to_string().into_bytes();
    let foreign = SecretKey::from_seed("other.example/log", Algorithm::Ed25519, &[1; 32]).unwrap();
    let other = Checkpoint::new("other.example/log", 3, [9; 32]).unwrap().sign(&[&foreign]).unwrap().to_string().into_bytes();
    let told = |note: &[u8]| compare(&stage.view.read().unwrap(), &[("there".to_owned(), note.to_vec())]).unwrap_err();
    let refused = told(&newer);
    assert_eq!(refused.code, Code::RecordUnlawful);
    assert!(refused.detail.contains("restore its newest copy"), "{}", refused.detail);
    assert_eq!(told(&other).code, Code::RecordUnavailable);
    // A gateway that runs may only be a moment behind one that has rotated the key.
    Folder::new(&stage.scratch.path("log")).publish(&newer).unwrap();
    assert_eq!(stage.turn(), ("writing", "late"));
    stage.tells("restore its newest copy");
}
