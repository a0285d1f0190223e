//! Every parser, fed with sound inputs that were changed at random: none panics, and what is read is written back as it was.

use std::collections::BTreeMap;

use visiting_tlog::{
    bundle,
    checkpoint::Checkpoint,
    cosignature::cosign,
    key::{Algorithm, SecretKey, VerifierKey},
    note::{Note, Signature},
    policy::Policy,
    proof::Proof,
    read::Reader,
    request::Request,
    tile::Tile,
    verify::{verify_consistency, verify_inclusion, verify_subtree_consistency, verify_subtree_inclusion},
    witness::{State, Witness},
};

use crate::given::{ORIGIN, Seeded, log, log_key, secret};

const ROUNDS: usize = 20_000;

/// Bytes that mean something to some parser.
const PIECES: [&[u8]; 24] = [
    b"\n",
    b"\n\n",
    b" ",
    b"+",
    b"=",
    b"0",
    b"00",
    b"-1",
    b"18446744073709551615",
    b"18446744073709551616",
    b"\xe2\x80\x94 ",
    b"\xe2",
    b"\0",
    b"\xff\xff",
    b"old ",
    b"index ",
    b"extra ",
    b"tile/",
    b"x999/",
    b".p/",
    b"\t",
    b"#",
    b"quorum none\n",
    b"group a any b\n",
];

fn change(seeded: &mut Seeded, sound: &[u8]) -> Vec<u8> {
    let mut bytes = sound.to_vec();
    for _ in 0..=seeded.below(3) {
        let at = seeded.index(bytes.len() + 1);
        match seeded.below(6) {
            0 => bytes.truncate(at),
            1 if at < bytes.len() => bytes[at] ^= 1 << seeded.below(8),
            2 if at < bytes.len() => drop(bytes.remove(at)),
            3 => drop(bytes.splice(at..at, PIECES[seeded.index(PIECES.len())].iter().copied())),
            4 => {
                let to = at + seeded.index(bytes.len() - at + 1);
                let copied = bytes[at..to].to_vec();
                bytes.extend(copied);
            }
            _ => {
                let to = at + seeded.index(bytes.len() - at + 1);
                bytes.drain(at..to);
            }
        }
        bytes.truncate(1 << 16);
    }
    bytes
}

fn each(name: &str, sound: &[u8], look: impl Fn(&[u8])) {
    let mut seeded = Seeded::new(name);
    look(sound);
    for _ in 0..ROUNDS {
        look(&change(&mut seeded, sound));
    }
}

fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

fn note() -> Note {
    let (_, checkpoint) = log(&Seeded::new("note").entries(9));
    let mut note = checkpoint.sign(&[&log_key()]).unwrap();
    note.add(cosign(&checkpoint.to_string(), &secret("w.example", Algorithm::Cosignature, 3), 77).unwrap());
    note
}

#[test]
fn notes_and_signatures() {
    let (log, witness) = (log_key(), secret("w.example", Algorithm::Cosignature, 3));
    let sound = note().to_string();
    each("notes", sound.as_bytes(), |bytes| {
        let Ok(note) = Note::parse(bytes) else { return };
        assert_eq!(note.to_string().as_bytes(), bytes);
        if let Ok(valid) = note.verify(&[log.verifier(), witness.verifier()]) {
            assert!(!valid.is_empty() && note.text() == self::note().text());
        }
    });
    let line = note().signatures()[1].to_string();
    each("lines", line.trim_end().as_bytes(), |bytes| {
        let Some(signature) = text(bytes).and_then(Signature::parse) else { return };
        assert_eq!(signature.to_string().as_bytes(), [bytes, b"\n"].concat());
    });
}

#[test]
fn checkpoints_and_keys() {
    each("checkpoints", note().text().as_bytes(), |bytes| {
        let Some(Ok(checkpoint)) = text(bytes).map(Checkpoint::parse) else { return };
        assert_eq!(checkpoint.to_string().as_bytes(), bytes);
    });
    each("vkeys", log_key().verifier().to_string().as_bytes(), |bytes| {
        let Some(Ok(key)) = text(bytes).map(VerifierKey::parse) else { return };
        assert_eq!(key.to_string().as_bytes(), bytes);
    });
    let skey = SecretKey::text(ORIGIN, Algorithm::Ed25519, &[1; 32]).unwrap();
    each("skeys", skey.as_bytes(), |bytes| {
        let Some(Ok(_)) = text(bytes).map(SecretKey::parse) else { return };
        assert_eq!(bytes, skey.as_bytes());
    });
}

#[test]
fn proofs_and_requests() {
    let (store, _) = log(&Seeded::new("note").entries(9));
    let hashes = Reader::new(&store, 9).inclusion(4).unwrap();
    let proof = Proof { extra: Some(vec![1, 2, 3]), index: 4, hashes: hashes.clone(), checkpoint: note() };
    each("proofs", proof.to_string().as_bytes(), |bytes| {
        let Ok(proof) = Proof::parse(bytes) else { return };
        assert_eq!(proof.to_string().as_bytes(), bytes);
    });
    let sound = Request { old: 0, proof: hashes, note: note(), checkpoint: Checkpoint::parse(note().text()).unwrap() };
    let keys = BTreeMap::from([(ORIGIN.to_owned(), vec![log_key().verifier().clone()])]);
    let witness = Witness::new(secret("w.example", Algorithm::Cosignature, 3), keys).unwrap();
    each("requests", sound.to_string().as_bytes(), |bytes| {
        if let Ok(request) = Request::parse(bytes) {
            assert_eq!(request.to_string().as_bytes(), bytes);
        }
        let answer = witness.add_checkpoint(&State::default(), bytes, 100);
        assert!(answer.status == 200 || answer.next.is_none());
        // A witness that knows nothing cosigns what the log signed, and nothing else.
        assert!(answer.status != 200 || answer.next.unwrap().note().text() == note().text());
    });
}

#[test]
fn policies() {
    let file = format!(
        "# comment\nlog {} https://log.example\nwitness a {}\nwitness b {}\ngroup g 1 a b\nquorum g\n",
        log_key().verifier(),
        secret("a", Algorithm::Cosignature, 4).verifier(),
        secret("b", Algorithm::Cosignature, 5).verifier(),
    );
    let note = note();
    each("policies", file.as_bytes(), |bytes| {
        let Ok(policy) = Policy::parse(bytes) else { return };
        // Neither a nor b cosigned: whatever was changed, only a file that asks for nobody accepts.
        assert!(policy.accept(&note).is_err() || policy.asks_for_no_witness());
    });
}

#[test]
fn paths_and_bundles() {
    each("paths", b"tile/entries/x001/x234/067.p/12", |bytes| {
        let Some(tile) = text(bytes).and_then(Tile::parse) else { return };
        assert_eq!(tile.to_string().as_bytes(), bytes);
    });
    let mut sound = Vec::new();
    Seeded::new("bundle").entries(20).iter().for_each(|entry| bundle::push(&mut sound, entry).unwrap());
    each("bundles", &sound, |bytes| {
        for width in [1, 19, 20, 21, 256] {
            let Ok(entries) = bundle::entries(bytes, width) else { continue };
            let mut written = Vec::new();
            entries.iter().for_each(|entry| bundle::push(&mut written, entry).unwrap());
            assert_eq!(written, bytes);
        }
    });
}

#[test]
fn proofs_with_any_numbers() {
    let mut seeded = Seeded::new("numbers");
    let edges = [0, 1, 2, 255, 256, 1 << 32, (1 << 63) - 1, 1 << 63, (1 << 63) + 1, u64::MAX - 1, u64::MAX];
    let number = |seeded: &mut Seeded| if seeded.below(2) == 0 { edges[seeded.index(edges.len())] } else { seeded.next() };
    for _ in 0..ROUNDS {
        let (a, b, c) = (number(&mut seeded), number(&mut seeded), number(&mut seeded));
        let proof: Vec<_> = (0..seeded.below(70)).map(|n| [n as u8; 32]).collect();
        assert!(!verify_inclusion(&[1; 32], a, b, &proof, &[2; 32]));
        assert!(!verify_consistency(a, &[1; 32], b, &[2; 32], &proof));
        assert!(!verify_subtree_inclusion(&[1; 32], a, (b, c), &proof, &[2; 32]));
        assert!(!verify_subtree_consistency((a, b), &[1; 32], c, &[2; 32], &proof));
        let reader = Reader::new(visiting_tlog::store::Memory::default(), a);
        // Of a tree of one leaf the proof is empty, as it is from nothing and to the same size: no tile is asked for.
        assert!(reader.inclusion(b).is_err() || (a, b) == (1, 0));
        assert!(reader.consistency(b).is_err() || b == 0 || a == b);
        assert!(reader.entry(b).is_err() && (reader.root(b).is_err() || b == 0));
    }
}
