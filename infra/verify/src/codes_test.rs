//! The law of binding a code list, on the sample record: who may, when, under which name, and that a binding stands.

use visiting_policies::{
    Code,
    case::Cases,
    disclosure::limits::CODES_MAX,
    record::{Act, Actor, Event, VERSION},
    sign,
};

use crate::sample;

/// The sample's whole record, folded.
fn cases() -> Cases {
    let mut cases = Cases::new(sample::roster());
    for line in sample::lines(sample::acts()) {
        cases.admit(&Event::from_bytes(&line).unwrap()).unwrap();
    }
    cases
}

fn bound(by: &str, codes: &str, name: &str, at_ms: u64) -> Event {
    let act = Act::CodesBound { permit: "prm_1".parse().unwrap(), codes: codes.to_owned(), name: name.to_owned() };
    Event { v: VERSION, at_ms, by: Actor::Person(by.parse().unwrap()), request: None, act }
}

fn code(cases: &mut Cases, event: &Event) -> Option<Code> {
    cases.admit(event).err().map(|refusal| refusal.code)
}

#[test]
fn a_binding_is_what_the_law_allows_and_nothing_else() {
    let (mut cases, codes) = (cases(), sign::digest(b"code\nE11\n"));
    for (event, expected) in [
        (bound("per_m1", &codes, "mine", 2000), Code::NotNamed),
        (bound("per_a", &codes, "mine", 1_000_000), Code::PermitExpired),
        (bound("per_a", &codes, "", 2000), Code::Malformed),
        (bound("per_a", &codes, "1st", 2000), Code::Malformed),
        (bound("per_a", &codes, "Mine", 2000), Code::Malformed),
        (bound("per_a", &codes, "a.b", 2000), Code::Malformed),
        (bound("per_a", &codes, &"a".repeat(33), 2000), Code::Malformed),
        (bound("per_a", "sha256:00", "mine", 2000), Code::Malformed),
        (Event { by: Actor::Gateway, ..bound("per_a", &codes, "mine", 2000) }, Code::NotLoggedIn),
    ] {
        assert_eq!(code(&mut cases, &event), Some(expected), "{event:?}");
    }
    // A guest's name is no code list's, and the law knows no public masters: later ones must not make an old record unlawful.
    cases.admit(&bound("per_a", &codes, "band", 2000)).unwrap();
    cases.admit(&bound("per_a", &codes, "prefecture", 2000)).unwrap();
    assert_eq!(code(&mut cases, &bound("per_a", &sign::digest(b"other"), "band", 2001)), Some(Code::WrongState), "a binding stands");
}

#[test]
fn a_run_names_only_lists_that_were_bound_before_it() {
    let mut cases = cases();
    cases.admit(&bound("per_a", &sign::digest(b"later"), "later", 2000)).unwrap();
    let run = &cases.runs[&"run_1".parse().unwrap()];
    assert!(cases.codes_of(&run.permit, run.index).is_empty());
    assert_eq!(cases.codes_of(&run.permit, cases.size()).into_keys().collect::<Vec<_>>(), ["later"]);
}

#[test]
fn a_permit_has_so_many_lists_and_no_more() {
    let mut cases = cases();
    for number in 0..CODES_MAX {
        cases.admit(&bound("per_a", &sign::digest(b"c"), &format!("c{number}"), 2000)).unwrap();
    }
    assert_eq!(code(&mut cases, &bound("per_a", &sign::digest(b"c"), "one_more", 2000)), Some(Code::TooLarge));
}
