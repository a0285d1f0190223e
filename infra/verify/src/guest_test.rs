//! The law of binding a guest, on the sample record: who may, when, under which name, and that a binding stands.

use visiting_policies::{
    Code,
    case::{Cases, Kind},
    disclosure::limits::GUESTS_MAX,
    record::{Act, Actor, Event, VERSION},
    sign,
    vote::SuspensionOrder,
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

fn bound(by: &str, guest: &str, name: &str, at_ms: u64) -> Event {
    let act = Act::GuestBound { permit: "prm_1".parse().unwrap(), guest: guest.to_owned(), name: name.to_owned() };
    Event { v: VERSION, at_ms, by: Actor::Person(by.parse().unwrap()), request: None, act }
}

fn code(cases: &mut Cases, event: &Event) -> Option<Code> {
    cases.admit(event).err().map(|refusal| refusal.code)
}

#[test]
fn a_binding_is_what_the_law_allows_and_nothing_else() {
    let (mut cases, guest) = (cases(), sign::digest(b"another guest"));
    let wrong = [
        (bound("per_m1", &guest, "other", 2000), Code::NotNamed),
        (bound("per_a", &guest, "other", 1_000_000), Code::PermitExpired),
        (bound("per_a", &guest, "band", 2000), Code::WrongState),
        (bound("per_a", &guest, "", 2000), Code::Malformed),
        (bound("per_a", &guest, "1st", 2000), Code::Malformed),
        (bound("per_a", &guest, "Band", 2000), Code::Malformed),
        (bound("per_a", &guest, "band\"", 2000), Code::Malformed),
        (bound("per_a", &guest, &"a".repeat(33), 2000), Code::Malformed),
        (bound("per_a", "sha256:00", "other", 2000), Code::Malformed),
        (bound("per_a", &guest.to_uppercase(), "other", 2000), Code::Malformed),
        (Event { by: Actor::Gateway, ..bound("per_a", &guest, "other", 2000) }, Code::NotLoggedIn),
    ];
    for (event, expected) in wrong {
        assert_eq!(code(&mut cases, &event), Some(expected), "{event:?}");
    }
    let unknown = Event {
        act: Act::GuestBound { permit: "prm_2".parse().unwrap(), guest: guest.clone(), name: "other".into() },
        ..bound("per_a", &guest, "other", 2000)
    };
    assert_eq!(code(&mut cases, &unknown), Some(Code::NotFound));
    cases.admit(&bound("per_a", &guest, "other", 2000)).unwrap();
    assert_eq!(code(&mut cases, &bound("per_a", &sign::digest(b"third"), "other", 2001)), Some(Code::WrongState), "a binding stands");
    let permit = &cases.permits[&"prm_1".parse().unwrap()];
    assert_eq!(
        permit.bound(Kind::Guest).map(|g| (g.name.as_str(), g.digest.clone())).collect::<Vec<_>>(),
        [("band", sign::digest(b"guest")), ("other", guest)]
    );
}

#[test]
fn a_run_names_only_guests_that_were_bound_before_it() {
    let mut cases = cases();
    cases.admit(&bound("per_a", &sign::digest(b"later"), "later", 2000)).unwrap();
    let run = &cases.runs[&"run_1".parse().unwrap()];
    assert_eq!(cases.guests_of(&run.permit, run.index).into_keys().collect::<Vec<_>>(), ["band"]);
}

#[test]
fn a_permit_has_so_many_guests_and_no_more() {
    let mut cases = cases();
    for number in 1..GUESTS_MAX {
        cases.admit(&bound("per_a", &sign::digest(b"g"), &format!("g{number}"), 2000)).unwrap();
    }
    assert_eq!(code(&mut cases, &bound("per_a", &sign::digest(b"g"), "one_more", 2000)), Some(Code::TooLarge));
}

#[test]
fn nothing_is_bound_to_a_suspended_permit() {
    // The sample's roster has no ministry: one is added, under a record of its own.
    let mut roster = sample::roster();
    let ministry = visiting_policies::roster::Member {
        organisation: "org_gov".parse().unwrap(),
        roles: [visiting_policies::terms::Role::Ministry].into(),
        key: Some(sample::key(21).public()),
        seal_key: None,
    };
    roster.members.insert("per_ministry".parse().unwrap(), ministry);
    let mut cases = Cases::new(roster.clone());
    let mut acts = sample::acts();
    acts[0].1 = Act::RecordOpened { origin: sample::ORIGIN.into(), roster: roster.digest(), demo: true };
    for line in sample::lines(acts) {
        cases.admit(&Event::from_bytes(&line).unwrap()).unwrap();
    }
    let order =
        SuspensionOrder { permit: "prm_1".parse().unwrap(), by: "per_ministry".parse().unwrap(), reason: "目的外利用".to_owned() };
    let signature = sample::key(21).sign(order.text().as_bytes());
    let by = Actor::Person("per_ministry".parse().unwrap());
    cases.admit(&Event { v: VERSION, at_ms: 1900, by, request: None, act: Act::PermitSuspended { order, signature } }).unwrap();
    assert_eq!(code(&mut cases, &bound("per_a", &sign::digest(b"g"), "late", 2000)), Some(Code::PermitSuspended));
}
