//! tlog-witness v1.0.0 over HTTP: paths, statuses, content types.

use std::thread;

use visiting_tlog::{
    checkpoint::Checkpoint,
    key::{Algorithm, SecretKey},
    note::{Note, Signature},
    request::{Request, cosigned},
    witness::origin_hash,
};

use crate::given::{FORK, LOG, ORIGIN, Scratch, Serving, get, log_key, post};

const TEXT: &str = "text/plain; charset=utf-8";

#[test]
fn a_log_that_grows_is_cosigned_and_monitors_see_it() {
    let (scratch, key) = Scratch::made();
    let witness = Serving::start(&scratch.home());
    assert_eq!(witness.monitored(), None, "nothing was cosigned yet");
    for (old, size) in [(0, 1), (1, 1), (1, 256), (256, 700)] {
        let request = LOG.request(old, size);
        let answer = witness.ask(&request);
        assert_eq!((answer.status, answer.content_type.as_str()), (200, TEXT), "{}", answer.body);
        let note = cosigned(&request.note, &answer.body, &[&key]).unwrap();
        let log = log_key(1);
        let keys = [log.verifier(), &key];
        let valid = note.verify(&keys).unwrap();
        assert_eq!(valid.len(), 2);
        // "it MUST include the cosignature(s) from the witness's key(s) that were returned from add-checkpoint and the cosignature
        // from the log key(s) that the witness verified."
        let monitored = Note::parse(witness.monitored().unwrap().as_bytes()).unwrap();
        assert_eq!(monitored, note);
        assert_eq!(get(witness.address, &format!("/{}/checkpoint", origin_hash(ORIGIN))).content_type, TEXT);
    }
}

#[test]
fn what_may_not_be_cosigned_has_its_status() {
    let (scratch, _) = Scratch::made();
    let witness = Serving::start(&scratch.home());
    let status = |request: &Request| witness.ask(request).status;
    assert_eq!(status(&LOG.request(0, 100)), 200);
    let kept = witness.monitored();
    // "If the checkpoint origin is unknown"
    let checkpoint = Checkpoint::new("elsewhere.example", 3, [3; 32]).unwrap();
    let other = SecretKey::from_seed("elsewhere.example", Algorithm::Ed25519, &[1; 32]).unwrap();
    let unknown = Request { old: 0, proof: Vec::new(), note: checkpoint.sign(&[&other]).unwrap(), checkpoint };
    assert_eq!(status(&unknown), 404);
    // "no signature from a trusted key for the origin is present, or ... the signature itself fails to verify"
    assert_eq!(status(&LOG.signed(2, 100, 200)), 403);
    let mut forged = LOG.request(100, 200);
    forged.note = LOG.request(100, 201).note.with(forged.note.signatures().to_vec());
    assert_eq!(status(&forged), 403);
    // "The old size MUST be equal to or lower than the checkpoint size."
    assert_eq!(status(&LOG.request(101, 100)), 400);
    // "The response body MUST consist of the tree size of the latest cosigned checkpoint in decimal, followed by a newline"
    for old in [0, 99, 101] {
        let answer = witness.ask(&LOG.request(old, 200));
        assert_eq!((answer.status, answer.content_type.as_str(), answer.body.as_str()), (409, "text/x.tlog.size", "100\n"));
    }
    // "if a Merkle Consistency Proof doesn't verify"
    let mut bad = LOG.request(100, 200);
    bad.proof[1][0] ^= 1;
    assert_eq!(status(&bad), 422);
    assert_eq!(status(&FORK.request(100, 200)), 422);
    assert_eq!(status(&FORK.request(100, 100)), 422);
    assert_eq!(witness.monitored(), kept, "nothing of this was kept");
    assert_eq!(status(&LOG.request(100, 200)), 200);
}

#[test]
fn what_is_no_request_is_refused() {
    let (scratch, _) = Scratch::made();
    let witness = Serving::start(&scratch.home());
    let good = LOG.request(0, 7).to_string();
    for bad in ["", "hello", "old 0\n", "{\"old\":0}", &good[..good.len() - 2], &good.replacen("old 0", "old 00", 1)] {
        assert_eq!(post(witness.address, bad).status, 400, "{bad:?}");
    }
    // More than any checkpoint takes, and exactly as much as is read.
    assert_eq!(post(witness.address, &"x".repeat(256 * 1024 + 1)).status, 413);
    assert_eq!(post(witness.address, &"x".repeat(256 * 1024)).status, 400);
    let hash = origin_hash(ORIGIN);
    for (path, status) in [
        ("/add-checkpoint", 405),
        ("/", 404),
        ("/checkpoint", 404),
        (&format!("/{hash}/checkpoint"), 404),
        (&format!("/{}/checkpoint", hash.to_uppercase()), 404),
        ("/../witness/checkpoint", 404),
        ("/..%2F..%2Fsecret.key/checkpoint", 404),
        (&format!("/{hash}/secret.key"), 404),
    ] {
        assert_eq!(get(witness.address, path).status, status, "{path}");
    }
    assert_eq!(post(witness.address, &good).status, 200);
    // "hex encoded, in lowercase"
    assert_eq!(get(witness.address, &format!("/{}/checkpoint", hash.to_uppercase())).status, 404);
}

#[test]
fn of_requests_that_start_from_one_size_one_is_cosigned() {
    let (scratch, key) = Scratch::made();
    let witness = Serving::start(&scratch.home());
    let mut size = 0;
    for round in 0..8 {
        let requests: Vec<Request> = (1..=4).map(|step| LOG.request(size, size + 10 * step + round)).collect();
        let answers: Vec<_> = thread::scope(|scope| {
            let asked: Vec<_> = requests.iter().map(|request| scope.spawn(|| witness.ask(request))).collect();
            asked.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
        assert_eq!(statuses.iter().filter(|status| **status == 409).count(), 3, "{statuses:?}");
        let won = statuses.iter().position(|status| *status == 200).unwrap();
        size = requests[won].checkpoint.size();
        assert_eq!(witness.size(), size);
        let line = Signature::parse(answers[won].body.trim_end()).unwrap();
        assert_eq!((line.name(), line.id()), (key.name(), key.id()));
        // The others are told the size that has won.
        assert!(answers.iter().all(|answer| answer.status == 200 || answer.body == format!("{size}\n")), "{answers:?}");
    }
}
