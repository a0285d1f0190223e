//! tlog-policy, sentence by sentence.

use visiting_tlog::{
    cosignature::cosign,
    key::{Algorithm, KeyFault, SecretKey},
    note::Note,
    policy::{Policy, Refused, What},
};

use crate::given::{ORIGIN, log, log_key, secret};

fn witness(n: u8) -> SecretKey {
    secret(&format!("w{n}.example"), Algorithm::Cosignature, 10 + n)
}

/// The example of the specification: two of three X, one of three Y.
fn example() -> String {
    let line = |name: &str, n| format!("witness {name} {}\n", witness(n).verifier());
    let (x, y) = (["X1", "X2", "X3"], ["Y1", "Y2", "Y3"]);
    let mut file = format!("log {}\n\n", log_key().verifier());
    (0..).zip(x.iter().chain(&y)).for_each(|(n, name)| file += &line(name, n));
    file + "group X-witnesses 2 X1 X2 X3\ngroup Y-witnesses any Y1 Y2 Y3\ngroup X-and-Y all X-witnesses Y-witnesses\nquorum X-and-Y\n"
}

fn cosigned(by: &[u8]) -> Note {
    let (_, checkpoint) = log(&[b"one".to_vec()]);
    let mut note = checkpoint.sign(&[&log_key()]).unwrap();
    by.iter().for_each(|n| note.add(cosign(&checkpoint.to_string(), &witness(*n), 1000 + u64::from(*n)).unwrap()));
    note
}

#[test]
fn a_checkpoint_is_accepted_when_its_log_and_a_quorum_signed() {
    let policy = Policy::parse(example().as_bytes()).unwrap();
    for (by, accepted) in [
        (&[][..], false),
        (&[0, 1], false),
        (&[0, 3], false),
        (&[0, 1, 3], true),
        (&[1, 2, 5], true),
        (&[0, 1, 2], false),
        (&[3, 4, 5, 0], false),
        (&[0, 0, 3], false),
        (&[0, 1, 2, 3, 4, 5], true),
        (&[0, 1, 7], false),
    ] {
        assert_eq!(policy.accept(&cosigned(by)).is_ok(), accepted, "{by:?}");
    }
    let accepted = policy.accept(&cosigned(&[0, 2, 4])).unwrap();
    assert_eq!(accepted.witnesses[0], ("w0.example".to_owned(), 1000));
    assert_eq!((accepted.checkpoint.origin(), accepted.witnesses.len()), (ORIGIN, 3));
    assert_eq!(accepted.logs, [log_key().verifier().clone()]);
}

#[test]
fn of_several_keys_of_the_log_those_that_signed_are_told() {
    let (first, second) = (log_key(), secret(ORIGIN, Algorithm::Ed25519, 8));
    let keys = [&first, &second].map(|key| key.verifier().clone());
    let (_, checkpoint) = log(&[b"one".to_vec()]);
    let policy = Policy::parse(b"quorum none\n").unwrap();
    let by = |keys_that_sign: &[&SecretKey]| policy.accept_of(&checkpoint.sign(keys_that_sign).unwrap(), &keys).unwrap().logs;
    assert_eq!(by(&[&second]), keys[1..]);
    assert_eq!(by(&[&second, &first]), keys);
}

#[test]
fn the_logs_own_signature_is_needed_under_its_origin() {
    let policy = Policy::parse(example().as_bytes()).unwrap();
    let unsigned = cosigned(&[0, 1, 3]);
    let only = unsigned.with(unsigned.signatures()[1..].to_vec());
    assert_eq!(policy.accept(&only), Err(Refused::Log));
    // "This name MUST correspond to the log's origin line".
    let other = secret("other.example", Algorithm::Ed25519, 1);
    let file = format!("log {}\nquorum none\n", other.verifier());
    let note = Note::sign(unsigned.text(), &[&other]).unwrap();
    assert!(Policy::parse(file.as_bytes()).unwrap().accept(&note).is_err());
    // "An application where the appropriate log(s) are known from other context may accept a policy with an empty set of logs."
    let none = Policy::parse(b"quorum none\n").unwrap();
    assert!(none.asks_for_no_witness() && none.accept(&unsigned).is_err());
    assert!(none.accept_of(&unsigned, &[log_key().verifier().clone()]).is_ok());
}

#[test]
fn what_is_wrong_is_said_with_its_line() {
    let (a, b, log) = (witness(1), witness(2), log_key());
    let (a, b, log) = (a.verifier().to_string(), b.verifier().to_string(), log.verifier().to_string());
    let other_log = secret("another.name", Algorithm::Ed25519, 1).verifier().to_string();
    let named_anew = secret("another.name", Algorithm::Cosignature, 11).verifier().to_string();
    for (file, line, what) in [
        // "A policy file must include exactly one quorum line."
        (String::new(), 1, What::Quorum),
        (format!("log {log}\n"), 2, What::Quorum),
        ("quorum none\nquorum none\n".to_owned(), 2, What::Quorum),
        // "each line is terminated by ASCII newline"
        ("quorum none".to_owned(), 1, What::Cut),
        // "the allowed octet values are 0x09 (tab), 0x0A (newline), 0x20-0x7E, and 0x80-0xFF."
        ("quorum none\r\n".to_owned(), 1, What::Octet),
        ("# a\u{7f}\nquorum none\n".to_owned(), 1, What::Octet),
        // "whitespace ... means sequences of ASCII space and tab characters *only*": this is one item.
        ("quorum\u{a0}none\n".to_owned(), 1, What::Line),
        ("Quorum none\n".to_owned(), 1, What::Line),
        ("quorum\n".to_owned(), 1, What::Line),
        ("quorum none none\n".to_owned(), 1, What::Line),
        ("log\n".to_owned(), 1, What::Line),
        (format!("log {log} url more\n"), 1, What::Line),
        (format!("witness {a}\n"), 1, What::Line),
        // "Duplicate logs, i.e., multiple log lines with the same public key, are not allowed." Names do not matter.
        (format!("log {log}\nlog {log}\n"), 2, What::DuplicateKey),
        (format!("log {log}\nlog {other_log}\n"), 2, What::DuplicateKey),
        (format!("witness A {a}\nwitness B {named_anew}\n"), 2, What::DuplicateKey),
        // "Log and witness keys must use a signature type appropriate".
        (format!("log {a}\n"), 1, What::KeyType),
        (format!("witness A {log}\n"), 1, What::KeyType),
        ("log x+00000000+BgAA\n".to_owned(), 1, What::Key(KeyFault::Algorithm(6))),
        ("log nonsense\n".to_owned(), 1, What::Key(KeyFault::Form)),
        // "Witnesses and groups share a single namespace. The special name `none` is predefined ... invalid as a group member."
        (format!("witness A {a}\nwitness A {b}\n"), 2, What::DuplicateName),
        (format!("witness A {a}\ngroup A any A\n"), 2, What::DuplicateName),
        (format!("witness none {a}\n"), 1, What::DuplicateName),
        (format!("witness A {a}\ngroup G all A none\n"), 2, What::UnknownName),
        // "a group definition can only refer to names defined on preceding lines."
        (format!("group G any A\nwitness A {a}\n"), 1, What::UnknownName),
        ("group G any G\n".to_owned(), 1, What::UnknownName),
        (format!("quorum A\nwitness A {a}\n"), 1, What::UnknownName),
        // "Each defined name can be listed as a group member at most once."
        (format!("witness A {a}\ngroup G any A A\n"), 2, What::MemberTwice),
        (format!("witness A {a}\ngroup G any A\ngroup H any A\n"), 3, What::MemberTwice),
        // "At least one member must be listed (i.e., n >= 1)"; "it is required that 1 <= k <= n."
        ("group G any\n".to_owned(), 1, What::Threshold),
        ("group G all\n".to_owned(), 1, What::Threshold),
        (format!("witness A {a}\ngroup G 0 A\n"), 2, What::Threshold),
        (format!("witness A {a}\ngroup G 2 A\n"), 2, What::Threshold),
        (format!("witness A {a}\ngroup G +1 A\n"), 2, What::Threshold),
        (format!("witness A {a}\ngroup G 99999999999999999999999 A\n"), 2, What::Threshold),
    ] {
        let fault = Policy::parse(file.as_bytes()).unwrap_err();
        assert_eq!((fault.line, fault.what), (line, what), "{file:?}");
    }
}

#[test]
fn names_are_octets_and_space_is_free() {
    let (a, log) = (witness(1), log_key());
    // "names must be handled as opaque octet strings, e.g., the name 0x4B (ASCII "K") is different from ... (a Kelvin sign ...)"
    let mut file = format!(" \t# comment 証人\n\t witness\t\tK {} https://w.example \t\n\n", a.verifier()).into_bytes();
    file.extend_from_slice(format!("log {} 日本\ngroup \u{212a} 1 K\ngroup ", log.verifier()).as_bytes());
    file.extend_from_slice(b"\xff\xfe any \xe2\x84\xaa\nquorum \xff\xfe\n");
    let policy = Policy::parse(&file).unwrap();
    assert!(policy.accept(&cosigned(&[1])).is_ok());
    assert_eq!(policy.accept(&cosigned(&[2])), Err(Refused::Quorum));
    assert_eq!((policy.logs().len(), policy.witnesses().count()), (1, 1));
}

#[test]
fn at_least_32_logs_witnesses_and_groups_are_taken() {
    let mut file = String::new();
    for n in 0..40u8 {
        file += &format!("log {}\n", secret(&format!("l{n}"), Algorithm::Ed25519, n).verifier());
        file += &format!("witness W{n} {}\ngroup G{n} all W{n}\n", secret(&format!("w{n}"), Algorithm::Cosignature, 100 + n).verifier());
    }
    assert!(Policy::parse(format!("{file}quorum G39\n").as_bytes()).is_ok());
}
