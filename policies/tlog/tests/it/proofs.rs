//! tlog-proof.

use visiting_tlog::{
    cosignature::cosign,
    key::Algorithm,
    merkle::leaf_hash,
    policy::{Policy, Refused},
    proof::{Proof, ProofFault},
    read::Reader,
};

use crate::given::{Seeded, log, log_key, secret};

#[test]
fn a_proof_holds_for_its_entry_and_no_other() {
    let witness = secret("witness1.example", Algorithm::Cosignature, 4);
    let entries = Seeded::new("proof").entries(1000);
    let (store, checkpoint) = log(&entries);
    let mut note = checkpoint.sign(&[&log_key()]).unwrap();
    note.add(cosign(&checkpoint.to_string(), &witness, 5).unwrap());
    let file = format!("log {}\nwitness w {}\nquorum w\n", log_key().verifier(), witness.verifier());
    let policy = Policy::parse(file.as_bytes()).unwrap();
    for (index, extra) in [(0, None), (500, Some(b"context".to_vec())), (999, None)] {
        let hashes = Reader::new(&store, 1000).inclusion(index).unwrap();
        let proof = Proof { extra, index, hashes, checkpoint: note.clone() };
        let text = proof.to_string();
        assert_eq!(Proof::parse(text.as_bytes()), Ok(proof.clone()));
        let leaf = |index: u64| leaf_hash(&entries[usize::try_from(index).unwrap()]);
        assert_eq!(proof.verify(&leaf(index), &policy).unwrap().checkpoint, checkpoint);
        assert_eq!(proof.verify(&leaf((index + 1) % 1000), &policy), Err(ProofFault::Inclusion));
        let elsewhere = Proof { index: index ^ 1, ..proof.clone() };
        assert_eq!(elsewhere.verify(&leaf(index), &policy), Err(ProofFault::Inclusion));
        let unwitnessed = Proof { checkpoint: checkpoint.sign(&[&log_key()]).unwrap(), ..proof };
        assert_eq!(unwitnessed.verify(&leaf(index), &policy), Err(ProofFault::Refused(Refused::Quorum)));
    }
}

#[test]
fn a_proof_has_one_spelling() {
    let (_, checkpoint) = log(&[b"one".to_vec()]);
    let note = checkpoint.sign(&[&log_key()]).unwrap().to_string();
    let hash = "gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=";
    let first = "c2sp.org/tlog-proof@v1";
    let text = format!("{first}\nindex 0\n\n{note}");
    assert_eq!(Proof::parse(text.as_bytes()).unwrap().to_string(), text);
    assert!(Proof::parse(format!("{first}\nextra AAAA\nindex 7\n{hash}\n\n{note}").as_bytes()).is_ok());
    for bad in [
        // "The first line MUST be the string `c2sp.org/tlog-proof@v1`."
        format!("c2sp.org/tlog-proof@v2\nindex 0\n\n{note}"),
        // "The next line MUST start with the string `index`"; "no leading zeroes (unless the index is `0`)"
        format!("{first}\n\n{note}"),
        format!("{first}\nindex 00\n\n{note}"),
        format!("{first}\nindex  0\n\n{note}"),
        format!("{first}\nindex 0\nextra AAAA\n\n{note}"),
        format!("{first}\nextra AAAA\nextra AAAA\nindex 0\n\n{note}"),
        // "If no extra data is present, this line is omitted."
        format!("{first}\nextra \nindex 0\n\n{note}"),
        format!("{first}\nextra A\nindex 0\n\n{note}"),
        // "one SHA-256 hash per line"
        format!("{first}\nindex 0\n{}\n\n{note}", &hash[4..]),
        format!("{first}\nindex 0\n{}\n{note}", format!("{hash}\n").repeat(65)),
        format!("{first}\nindex 0\n{note}"),
        format!("{first}\nindex 0\n\n"),
        format!("\n{text}"),
    ] {
        assert!(Proof::parse(bad.as_bytes()).is_err(), "{bad:?}");
    }
}
