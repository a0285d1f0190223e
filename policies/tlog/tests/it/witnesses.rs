//! tlog-witness v1.0.0, MUST by MUST.

use std::collections::BTreeMap;

use visiting_tlog::{
    checkpoint::Checkpoint,
    cosignature::cosign,
    key::{Algorithm, SecretKey},
    merkle::{Hash, empty_root},
    note::{Note, NoteFault, Signature},
    read::Reader,
    request::{Request, cosigned},
    store::Memory,
    witness::{Answer, Latest, State, Witness, WitnessFault},
};

use crate::given::{ORIGIN, Seeded, log, log_key, secret};

pub(crate) const NOW: u64 = 1_700_000_000;

pub(crate) fn witness_key() -> SecretKey {
    secret("witness.example/w1", Algorithm::Cosignature, 3)
}

pub(crate) fn witness() -> Witness {
    let keys = vec![log_key().verifier().clone(), secret(ORIGIN, Algorithm::Ed25519, 8).verifier().clone()];
    Witness::new(witness_key(), BTreeMap::from([(ORIGIN.to_owned(), keys)])).unwrap()
}

/// A log of 1,100 entries, at each of its sizes.
pub(crate) struct Log {
    entries: Vec<Vec<u8>>,
}

impl Log {
    pub(crate) fn new(seed: &str) -> Self {
        Self { entries: Seeded::new(seed).entries(1100) }
    }

    fn at(&self, size: usize) -> (Memory, Checkpoint) {
        log(&self.entries[..size])
    }

    pub(crate) fn request(&self, old: u64, size: usize) -> Request {
        let (store, checkpoint) = self.at(size);
        let proof = Reader::new(&store, size as u64).consistency(old).unwrap();
        request(old, proof, &checkpoint)
    }
}

fn request(old: u64, proof: Vec<Hash>, checkpoint: &Checkpoint) -> Request {
    Request { old, proof, note: checkpoint.sign(&[&log_key()]).unwrap(), checkpoint: checkpoint.clone() }
}

fn ask(state: &State, request: &Request) -> Answer {
    witness().add_checkpoint(state, request.to_string().as_bytes(), NOW)
}

fn after(answer: &Answer) -> State {
    let mut state = State::default();
    state.put(Latest::clone(answer.next.as_ref().unwrap())).unwrap();
    state
}

fn refused(state: &State, request: &Request, status: u16) {
    let answer = ask(state, request);
    assert_eq!((answer.status, &answer.next), (status, &None), "{}", answer.body);
}

#[test]
fn what_grows_is_cosigned_and_what_is_said_is_a_note_signature_line() {
    let log = Log::new("grows");
    let mut state = State::default();
    for (old, size) in [(0, 1), (1, 1), (1, 256), (256, 257), (257, 1000)] {
        let request = log.request(old, size);
        let answer = ask(&state, &request);
        assert_eq!(answer.status, 200, "{}", answer.body);
        // "The response body MUST be a sequence of one or more note signature lines, each starting with the `—` character (U+2014)
        // and ending with a newline character (U+000A)." "The signatures MUST be cosignatures from the witness key(s)".
        let line = Signature::parse(answer.body.strip_suffix('\n').unwrap()).unwrap();
        let mut note = request.note.clone();
        note.add(line);
        let key = witness_key();
        // "The cosignature MUST NOT omit the timestamp, i.e. the timestamp MUST NOT be zero."
        assert_eq!(note.verify(&[key.verifier()]).unwrap()[0].time, Some(NOW));
        state = after(&answer);
        assert_eq!(state.latest(ORIGIN).unwrap().checkpoint(), &request.checkpoint);
    }
}

#[test]
fn a_log_keeps_cosignatures_of_the_witnesses_that_it_knows() {
    // "The client MUST ignore any cosignatures from unknown keys."
    let request = Log::new("client").request(0, 7);
    let (key, other) = (witness_key(), secret("witness.example/w1", Algorithm::Cosignature, 4));
    let answer = ask(&State::default(), &request).body;
    let foreign = cosign(request.note.text(), &other, NOW).unwrap().to_string();
    let note = cosigned(&request.note, &format!("{foreign}{answer}"), &[key.verifier()]).unwrap();
    assert_eq!(note.to_string(), format!("{}{answer}", request.note));
    assert_eq!(cosigned(&request.note, &foreign, &[key.verifier()]), Err(NoteFault::Unsigned));
    assert_eq!(cosigned(&request.note, "", &[key.verifier()]), Err(NoteFault::Unsigned));
    assert_eq!(cosigned(&request.note, "no line\n", &[key.verifier()]), Err(NoteFault::Form));
    assert_eq!(cosigned(&request.note, answer.trim_end(), &[key.verifier()]), Err(NoteFault::Form));
    // A cosignature of another checkpoint is not this one's.
    let wrong = cosign(Log::new("client").request(0, 8).note.text(), &key, NOW).unwrap().to_string();
    assert_eq!(cosigned(&request.note, &wrong, &[key.verifier()]), Err(NoteFault::Wrong("witness.example/w1".to_owned())));
}

#[test]
fn an_unknown_log_is_404() {
    // "If the checkpoint origin is unknown, the witness MUST respond with a "404 Not Found" HTTP status code."
    let checkpoint = Checkpoint::new("somebody.else", 1, [1; 32]).unwrap();
    refused(&State::default(), &request(0, vec![], &checkpoint), 404);
}

#[test]
fn without_a_sound_signature_of_a_trusted_key_it_is_403() {
    // "403 Forbidden ... if either no signature from a trusted key for the origin is present, or a signature line's key name and ID
    // match a trusted key but the signature itself fails to verify".
    let log = Log::new("403");
    let good = log.request(0, 7);
    let stranger = secret(ORIGIN, Algorithm::Ed25519, 9);
    let unsigned = Request { note: good.checkpoint.sign(&[&stranger]).unwrap(), ..good.clone() };
    refused(&State::default(), &unsigned, 403);
    let second = secret(ORIGIN, Algorithm::Ed25519, 8);
    let wrong = Note::sign("another text\n", &[&second]).unwrap().signatures()[0].clone();
    let mut forged = good.clone();
    forged.note.add(wrong);
    refused(&State::default(), &forged, 403);
    // "it MUST ignore signatures from unknown keys"
    let mut more = good.clone();
    more.note.add(unsigned.note.signatures()[0].clone());
    more.note.add(Signature::parse("\u{2014} of.a.later.type BgAAAAABAgM=").unwrap());
    let answer = ask(&State::default(), &more);
    assert_eq!(answer.status, 200);
    // Only what the witness verified is kept for monitors.
    let kept = answer.next.unwrap().note().signatures().to_vec();
    assert_eq!(kept, [good.note.signatures()[0].clone(), Signature::parse(answer.body.trim_end()).unwrap()]);
    // A second trusted key is as good, and a forged signature has spoiled nothing.
    let other = Request { note: good.checkpoint.sign(&[&second]).unwrap(), ..good };
    assert_eq!(ask(&State::default(), &other).status, 200);
}

#[test]
fn an_old_size_over_the_checkpoints_is_400() {
    // "The old size MUST be equal to or lower than the checkpoint size. Otherwise, the witness MUST respond with a "400 Bad Request"".
    let log = Log::new("400");
    let state = after(&ask(&State::default(), &log.request(0, 100)));
    refused(&state, &Request { old: 100, ..log.request(0, 99) }, 400);
    refused(&state, &Request { old: 101, ..log.request(0, 100) }, 400);
}

#[test]
fn another_old_size_than_the_latest_is_409_with_the_size() {
    // "If it doesn't match, the witness MUST respond with a "409 Conflict" HTTP status code. The response body MUST consist of the
    // tree size of the latest cosigned checkpoint in decimal, followed by a newline (U+000A). The response MUST have a
    // `Content-Type` of `text/x.tlog.size`." "(or zero if it never cosigned a checkpoint for that origin)"
    let log = Log::new("409");
    let answer = ask(&State::default(), &log.request(5, 100));
    assert_eq!((answer.status, answer.content_type, answer.body.as_str()), (409, "text/x.tlog.size", "0\n"));
    let state = after(&ask(&State::default(), &log.request(0, 100)));
    for old in [0, 1, 99, 101] {
        let answer = ask(&state, &log.request(old, 200));
        assert_eq!((answer.status, answer.content_type, answer.body.as_str()), (409, "text/x.tlog.size", "100\n"));
        assert_eq!(answer.next, None);
    }
}

#[test]
fn an_empty_log_has_the_root_of_the_empty_tree_or_it_is_422() {
    // "A checkpoint of size zero MUST have the root hash of the empty tree ... Otherwise, the witness MUST respond with a "422
    // Unprocessable Entity" HTTP status code."
    let state = State::default();
    refused(&state, &request(0, vec![], &Checkpoint::new(ORIGIN, 0, [0; 32]).unwrap()), 422);
    let empty = Checkpoint::new(ORIGIN, 0, empty_root()).unwrap();
    let answer = ask(&state, &request(0, vec![], &empty));
    assert_eq!(answer.status, 200);
    let state = after(&answer);
    assert_eq!(ask(&state, &request(0, vec![], &empty)).status, 200);
    assert_eq!(ask(&state, &Log::new("empty").request(0, 3)).status, 200);
}

#[test]
fn a_proof_that_does_not_verify_is_422() {
    // "If the proof is not empty when the old size is zero, or if a Merkle Consistency Proof doesn't verify, the witness MUST respond
    // with a "422 Unprocessable Entity" HTTP status code."
    let (log, fork) = (Log::new("422"), Log::new("422 fork"));
    let first = log.request(0, 100);
    refused(&State::default(), &Request { proof: vec![[1; 32]], ..first.clone() }, 422);
    let state = after(&ask(&State::default(), &first));
    let good = log.request(100, 300);
    assert_eq!(ask(&state, &good).status, 200);
    for at in 0..good.proof.len() {
        let mut changed = good.clone();
        changed.proof[at][3] ^= 1;
        refused(&state, &changed, 422);
        let mut shorter = good.clone();
        shorter.proof.remove(at);
        refused(&state, &shorter, 422);
    }
    refused(&state, &Request { proof: [good.proof.clone(), vec![[0; 32]]].concat(), ..good.clone() }, 422);
    refused(&state, &fork.request(100, 300), 422);
    refused(&state, &Request { proof: good.proof, ..fork.request(100, 300) }, 422);
    // "If the old size matches the checkpoint size, the witness MUST check that the root hashes are also identical."
    refused(&state, &fork.request(100, 100), 422);
    refused(&state, &Request { proof: vec![[0; 32]], ..log.request(100, 100) }, 422);
    assert_eq!(ask(&state, &log.request(100, 100)).status, 200);
}

#[test]
fn a_body_that_is_out_of_form_is_400() {
    let log = Log::new("form");
    let good = log.request(0, 7).to_string();
    let note = log.request(0, 7).note.to_string();
    let hash = "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n";
    // "the tree size ... encoded as an ASCII decimal with no leading zeroes"; "Each line MUST terminate in a newline"; "The client
    // MUST NOT send more than 63 consistency proof lines."
    for bad in [
        String::new(),
        "old 0\n".to_owned(),
        format!("old 00\n\n{note}"),
        format!("old 01\n\n{note}"),
        format!("old\n\n{note}"),
        format!("old  0\n\n{note}"),
        format!("new 0\n\n{note}"),
        format!("old -1\n\n{note}"),
        format!("\n\n{note}"),
        format!("old 0\n{note}"),
        format!("old 0\nAAAA\n\n{note}"),
        format!("old 0\n{}\n{note}", hash.repeat(64)),
        format!("old 0\n\n{}", note.trim_end()),
        format!("{good}\n"),
        format!("old 0\n\n{}", note.replacen("\n7\n", "\n07\n", 1)),
        format!("old 18446744073709551616\n\n{note}"),
    ] {
        let answer = witness().add_checkpoint(&State::default(), bad.as_bytes(), NOW);
        assert_eq!((answer.status, answer.next), (400, None), "{bad:?}");
    }
    // 63 lines are in form; that they prove nothing is another matter.
    let most = format!("old 0\n{}\n{note}", hash.repeat(63));
    assert_eq!(witness().add_checkpoint(&State::default(), most.as_bytes(), NOW).status, 422);
}

#[test]
fn a_clock_that_went_back_signs_nothing() {
    let log = Log::new("clock");
    let state = after(&ask(&State::default(), &log.request(0, 7)));
    let body = log.request(7, 8).to_string();
    let at = |now| witness().add_checkpoint(&state, body.as_bytes(), now).status;
    assert_eq!([at(NOW - 1), at(0), at(1 << 63), at(NOW), at(NOW + 1)], [500, 500, 500, 200, 200]);
    assert_eq!(witness().add_checkpoint(&State::default(), log.request(0, 8).to_string().as_bytes(), 0).status, 500);
}

#[test]
fn state_never_goes_back() {
    let log = Log::new("state");
    let (seven, eight) = (ask(&State::default(), &log.request(0, 7)), ask(&State::default(), &log.request(0, 8)));
    let mut state = after(&eight);
    assert_eq!(state.put(*seven.next.unwrap()), Err(WitnessFault::RollBack));
    let fork = ask(&State::default(), &Log::new("state fork").request(0, 8));
    assert_eq!(state.put(*fork.next.unwrap()), Err(WitnessFault::RollBack));
    assert_eq!(state.put(*eight.next.unwrap()), Ok(()));
}
