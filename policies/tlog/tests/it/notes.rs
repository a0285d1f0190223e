//! signed-note v1.0.0, tlog-checkpoint v1.0.0 and tlog-cosignature, sentence by sentence.

use base64::{Engine, prelude::BASE64_STANDARD};
use visiting_tlog::{
    checkpoint::Checkpoint,
    cosignature::{CosignFault, TIME_MAX, cosign},
    key::{Algorithm, KeyFault, SecretKey, VerifierKey, is_key_name},
    note::{Note, NoteFault, SIGNATURES_MAX, Signature},
};

use crate::given::{ORIGIN, log_key, secret};

const ROOT: &str = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";

fn text() -> String {
    format!("{ORIGIN}\n7\n{ROOT}\n")
}

fn parse(note: &str) -> Result<Note, NoteFault> {
    Note::parse(note.as_bytes())
}

#[test]
fn a_note_is_text_an_empty_line_and_signature_lines() {
    // "A signed note consists of a text ending in newline (U+000A), followed by a blank line (only a newline), followed by one or
    // more signature lines"
    let line = "\u{2014} a AAAAAQI=\n";
    for good in ["text\n\n", "\n\n", "a\n\nb\n\n", "a\n\n\n", "日本語\n\n", "\u{7f}\n\n"] {
        let note = parse(&format!("{good}{line}")).unwrap();
        assert_eq!(note.text(), &good[..good.len() - 1]);
        assert_eq!(note.to_string(), format!("{good}{line}"));
    }
    // "the text is separated from the signatures by the last empty line in the note."
    assert_eq!(parse(&format!("a\n\n{line}\nb\n\n{line}")).unwrap().text(), format!("a\n\n{line}\nb\n"));
    for bad in ["", "text\n", "text\n\n", "text\n\n\u{2014} a AAAAAQI=", "text\n\u{2014} a AAAAAQI=\n", "text\n\n\n"] {
        assert_eq!(parse(bad), Err(NoteFault::Form), "{bad:?}");
    }
    for bad in [
        "a AAAAAQI=",
        "- a AAAAAQI=",
        "\u{2014}a AAAAAQI=",
        "\u{2014}  a AAAAAQI=",
        "\u{2014} a  AAAAAQI=",
        "\u{2014} a AAAAAQI= ",
        "\u{2014} a",
        "\u{2014} a ",
        "\u{2014} a AAAAAQI",
        "\u{2014} a AAAAAQJ=",
        "\u{2014} a AAAAAQ==",
        "\u{2014} a AAAA",
        "\u{2014}  AAAAAQI=",
        "\u{2014} a+b AAAAAQI=",
        "\u{2014} a\u{3000}b AAAAAQI=",
        "\u{2014} a\u{a0} AAAAAQI=",
    ] {
        assert_eq!(parse(&format!("text\n\n{bad}\n")), Err(NoteFault::Form), "{bad:?}");
    }
}

#[test]
fn notes_hold_no_control_characters_and_are_utf8() {
    // "Signed notes MUST be valid UTF-8 and MUST NOT contain any ASCII control characters (those below U+0020) other than newline."
    for c in (0..0x20u8).filter(|c| *c != b'\n') {
        let note = format!("a{}\n\n\u{2014} a AAAAAQI=\n", char::from(c));
        assert_eq!(parse(&note), Err(NoteFault::Characters));
    }
    assert_eq!(Note::parse(b"a\xff\n\n\xe2\x80\x94 a AAAAAQI=\n"), Err(NoteFault::Characters));
    assert_eq!(Note::sign("a\tb\n", &[&log_key()]), Err(NoteFault::Characters));
    assert_eq!(Note::sign("no newline", &[&log_key()]), Err(NoteFault::Form));
    assert_eq!(Note::sign("nobody signs\n", &[]), Err(NoteFault::Form));
}

#[test]
fn key_names_are_not_empty_and_hold_no_spaces_or_pluses() {
    // "Key names MUST be non-empty and MUST NOT contain any Unicode spaces or plus (U+002B) characters."
    for bad in ["", "a b", "a+b", "a\u{2003}b", "a\u{85}", "a\n", "\u{3000}"] {
        assert!(!is_key_name(bad), "{bad:?}");
        assert_eq!(VerifierKey::new(bad, Algorithm::Ed25519, [0; 32]), Err(KeyFault::Name));
    }
    assert!(is_key_name("example.com/ログ"));
}

#[test]
fn at_least_sixteen_signatures_are_taken_and_not_any_number() {
    // "Verifiers SHOULD apply a maximum limit ... but MUST accept at least up to 16 signatures."
    let keys: Vec<_> = (0..16).map(|n| secret(&format!("k{n}"), Algorithm::Ed25519, n)).collect();
    let note = Note::sign(&text(), &keys.iter().collect::<Vec<_>>()).unwrap();
    let verifiers: Vec<_> = keys.iter().map(SecretKey::verifier).collect();
    assert_eq!(note.verify(&verifiers).unwrap().len(), 16);
    let many = |count: usize| format!("text\n\n{}", "\u{2014} a AAAAAQI=\n".repeat(count));
    assert_eq!(parse(&many(SIGNATURES_MAX)).unwrap().signatures().len(), SIGNATURES_MAX);
    assert_eq!(parse(&many(SIGNATURES_MAX + 1)), Err(NoteFault::TooLong));
    assert_eq!(parse(&"a".repeat((1 << 20) + 1)), Err(NoteFault::TooLong));
}

#[test]
fn unknown_keys_are_ignored_and_known_ones_must_have_signed() {
    let (ours, other) = (log_key(), secret(ORIGIN, Algorithm::Ed25519, 2));
    let mut note = Note::sign(&text(), &[&ours]).unwrap();
    // "Verifiers MUST ignore signatures from unknown keys, even if they share a name or ID (but not both) with a known key."
    let foreign = Note::sign("something else\n", &[&other]).unwrap().signatures()[0].clone();
    note.add(foreign);
    let same_id = format!("\u{2014} somebody.else {}", note.to_string().lines().nth(4).unwrap().rsplit(' ').next().unwrap());
    note.add(Signature::parse(&same_id).unwrap());
    note.add(Signature::parse("\u{2014} of.a.later.type BgAAAAABAgM=").unwrap());
    assert_eq!(note.verify(&[ours.verifier()]).unwrap().len(), 1);
    // "If no signature from a known key verifies successfully, clients MUST reject the note."
    assert_eq!(note.verify(&[]).unwrap_err(), NoteFault::Unsigned);
    assert_eq!(note.verify(&[secret("x", Algorithm::Ed25519, 9).verifier()]).unwrap_err(), NoteFault::Unsigned);
    // "If the key name and ID match a known key, verifiers MUST verify the signature. If a signature from a known key fails to
    // verify, clients SHOULD reject the whole note."
    assert_eq!(note.verify(&[ours.verifier(), other.verifier()]).unwrap_err(), NoteFault::Wrong(ORIGIN.to_owned()));
}

#[test]
fn a_second_signature_of_a_known_key_is_verified_too() {
    let ours = log_key();
    let mut note = Note::sign(&text(), &[&ours]).unwrap();
    let wrong = Note::sign("another\n", &[&ours]).unwrap().signatures()[0].clone();
    note.add(wrong);
    assert_eq!(note.verify(&[ours.verifier()]).unwrap_err(), NoteFault::Wrong(ORIGIN.to_owned()));
}

#[test]
fn verifier_keys_have_one_spelling() {
    // "<key name>+hex(32-bit key ID)+base64(signature type || public key)"; hex is "fixed length lowercase".
    let key = log_key().verifier().clone();
    let vkey = key.to_string();
    assert_eq!(VerifierKey::parse(&vkey), Ok(key.clone()));
    let [name, id, base64] = vkey.splitn(3, '+').collect::<Vec<_>>()[..] else { panic!() };
    let other_id = format!("{:08x}", key.id() ^ 1);
    for (bad, fault) in [
        (format!("{name}+{other_id}+{base64}"), KeyFault::Id),
        (format!("{name}+0{id}+{base64}"), KeyFault::Id),
        (format!("{name}+{}+{base64}", "ABCDEF01"), KeyFault::Id),
        (format!("{name}x+{id}+{base64}"), KeyFault::Id),
        (format!("{name}+{id}"), KeyFault::Form),
        (format!("{name}+{id}+"), KeyFault::Form),
        (format!("{name}+{id}+{base64}\n"), KeyFault::Form),
        (format!("{name}+{id}+AQAA"), KeyFault::Length),
        (format!(" {vkey}"), KeyFault::Name),
        (format!("+{id}+{base64}"), KeyFault::Name),
        (String::new(), KeyFault::Form),
    ] {
        assert_eq!(VerifierKey::parse(&bad), Err(fault), "{bad:?}");
    }
    let skey = SecretKey::text(ORIGIN, Algorithm::Cosignature, &[5; 32]).unwrap();
    assert_eq!(SecretKey::parse(&skey).unwrap().verifier(), secret(ORIGIN, Algorithm::Cosignature, 5).verifier());
    assert!(!format!("{:?}", SecretKey::parse(&skey).unwrap()).contains(skey.rsplit('+').next().unwrap()));
    // "if it is, a different key ID MUST be used for each signature type."
    assert_ne!(secret("a", Algorithm::Ed25519, 5).verifier().id(), secret("a", Algorithm::Cosignature, 5).verifier().id());
}

#[test]
fn a_checkpoint_is_at_least_three_lines_that_are_not_empty() {
    let good = Checkpoint::parse(&text()).unwrap();
    assert_eq!((good.origin(), good.size(), good.to_string()), (ORIGIN, 7, text()));
    // "Extension lines, if any, MUST be non-empty."
    let extended = Checkpoint::parse(&format!("{}opaque\n and more\n", text())).unwrap();
    assert_eq!(extended.extensions(), ["opaque", " and more"]);
    // "with no leading zeroes (unless the tree is empty, in which case the tree size is `0`)"
    for bad in [
        format!("{ORIGIN}\n07\n{ROOT}\n"),
        format!("{ORIGIN}\n\n{ROOT}\n"),
        format!("{ORIGIN}\n+7\n{ROOT}\n"),
        format!("{ORIGIN}\n7 \n{ROOT}\n"),
        format!("{ORIGIN}\n18446744073709551616\n{ROOT}\n"),
        format!("\n7\n{ROOT}\n"),
        format!("{ORIGIN}\n7\n"),
        format!("{ORIGIN}\n7\n{ROOT}"),
        format!("{ORIGIN}\n7\n{ROOT}\n\n"),
        format!("{ORIGIN}\n7\n{ROOT}\n\nx\n"),
        format!("{ORIGIN}\n7\n{}\n", &ROOT[..40]),
        format!("{ORIGIN}\n7\n{}\n", ROOT.trim_end_matches('=')),
        format!("{ORIGIN}\n7\n{ROOT}{ROOT}\n"),
        String::new(),
    ] {
        assert!(Checkpoint::parse(&bad).is_err(), "{bad:?}");
    }
    // "clients MUST NOT assume that the origin is following this format"
    assert_eq!(Checkpoint::parse(&format!("any + thing\n7\n{ROOT}\n")).unwrap().origin(), "any + thing");
}

#[test]
fn a_cosignature_is_over_its_time_and_the_whole_text() {
    let witness = secret("witness.example/w1", Algorithm::Cosignature, 3);
    let text = format!("{}extension\n", text());
    let mut note = Note::sign(&text, &[&log_key()]).unwrap();
    note.add(cosign(&text, &witness, 1_679_315_147).unwrap());
    let valid = note.verify(&[witness.verifier()]).unwrap();
    assert_eq!((valid.len(), valid[0].time), (1, Some(1_679_315_147)));
    // "Extension lines ... if present MUST be included in the cosigned message."
    let cut = Note::parse(note.to_string().replace("extension\n", "").as_bytes()).unwrap();
    assert_eq!(cut.verify(&[witness.verifier()]).unwrap_err(), NoteFault::Wrong("witness.example/w1".to_owned()));
}

/// A cosignature of the message as it is spelled here, not by the library.
fn spelled(time: u64, text: &str) -> Signature {
    let message = format!("cosignature/v1\ntime {time}\n{text}");
    let signature = Note::sign(&message, &[&secret("w", Algorithm::Ed25519, 3)]).unwrap().signatures()[0].bytes().to_vec();
    let id = secret("w", Algorithm::Cosignature, 3).verifier().id();
    let blob = [&id.to_be_bytes()[..], &time.to_be_bytes(), &signature].concat();
    Signature::parse(&format!("\u{2014} w {}", BASE64_STANDARD.encode(blob))).unwrap()
}

#[test]
fn the_message_is_two_lines_and_the_text() {
    // "two newline (U+000A) terminated lines (one header line and one timestamp line)"; "an ASCII decimal with no leading zeroes".
    let witness = secret("w", Algorithm::Cosignature, 3);
    for time in [1, 9, 10, 1_679_315_147, TIME_MAX] {
        assert_eq!(cosign(&text(), &witness, time).unwrap(), spelled(time, &text()));
    }
    let read = |time, text: &str| {
        let note = Note::sign(text, &[&log_key()]).unwrap().with(vec![spelled(time, text)]);
        note.verify(&[witness.verifier()]).map(|valid| valid[0].time)
    };
    assert_eq!(read(7, &text()), Ok(Some(7)));
    // "It MUST NOT exceed 2^63 - 1"; and it is a note signature applied to a checkpoint.
    assert_eq!(read(TIME_MAX + 1, &text()), Err(NoteFault::Wrong("w".to_owned())));
    assert_eq!(read(7, "no checkpoint\n"), Err(NoteFault::Wrong("w".to_owned())));
}

#[test]
fn a_cosignature_has_a_time_and_is_of_a_checkpoint() {
    let witness = secret("w", Algorithm::Cosignature, 3);
    // "It MUST NOT exceed 2^63 - 1"
    assert!(cosign(&text(), &witness, TIME_MAX).is_ok());
    assert_eq!(cosign(&text(), &witness, TIME_MAX + 1), Err(CosignFault::Time));
    assert_eq!(cosign(&text(), &witness, 0), Err(CosignFault::Time));
    assert_eq!(cosign("a text\n", &witness, 1), Err(CosignFault::Text));
    assert_eq!(cosign(&text(), &log_key(), 1), Err(CosignFault::Key));
    assert_eq!(Note::sign(&text(), &[&witness]), Err(NoteFault::Form));
}
