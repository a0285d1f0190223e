//! Incidents over the fold: every wrong one is refused, and the state stays.

use std::collections::BTreeSet;

use super::hold_tests::{Record, digest, person};
use crate::{
    Code,
    incident::{INCIDENT_LEAVES_MAX, Incident, IncidentKind, Severity},
    record::{Act, Actor},
    terms::IncidentId,
};

fn noted(leaves: impl IntoIterator<Item = u64>) -> Incident {
    let leaves: BTreeSet<u64> = leaves.into_iter().collect();
    Incident { kind: IncidentKind::Probing, severity: Severity::Medium, leaves, text: digest("what happened") }
}

fn incident() -> IncidentId {
    "inc_a".parse().unwrap()
}

fn note(incident: IncidentId, noted: Incident) -> Act {
    Act::IncidentNoted { incident, noted }
}

fn close() -> Act {
    Act::IncidentClosed { incident: incident(), text: digest("what came of it") }
}

fn by(who: &str) -> Actor {
    Actor::Person(person(who))
}

#[test]
fn an_incident_is_noted_about_events_and_closed_once() {
    let mut record = Record::new(0);
    let index = record.cases.size();
    record.took(by("per_auditor"), note(incident(), noted([0, index - 1])));
    record.took(by("per_ministry"), close());
    let case = record.cases.incidents[&incident()].clone();
    let closed = case.closed.unwrap();
    assert_eq!((case.by, case.index, closed.by, closed.index), (person("per_auditor"), index, person("per_ministry"), index + 1));
    assert_eq!(record.code(by("per_auditor"), close()), Code::WrongState);
    assert_eq!(record.code(by("per_auditor"), note(incident(), noted([0]))), Code::WrongState);
}

#[test]
fn only_auditors_and_the_ministry_keep_incidents() {
    let mut record = Record::new(0);
    for who in ["per_hanako", "per_desk", "per_member1", "per_checker1"] {
        assert_eq!(record.code(by(who), note(incident(), noted([0]))), Code::NotAllowed, "{who}");
    }
    for actor in [Actor::Gateway, Actor::Enclave, Actor::Nobody] {
        assert_eq!(record.code(actor, note(incident(), noted([0]))), Code::NotLoggedIn);
    }
    record.took(by("per_ministry"), note(incident(), noted([0])));
    assert_eq!(record.code(by("per_hanako"), close()), Code::NotAllowed);
    assert_eq!(record.code(Actor::Gateway, close()), Code::NotLoggedIn);
    record.took(by("per_auditor"), close());
}

#[test]
fn what_is_not_there_before_it_cannot_be_meant() {
    let mut record = Record::new(0);
    let size = record.cases.size();
    // An event cannot name itself or what comes after it.
    for (noted, code) in [
        (noted([0, size]), Code::Malformed),
        (noted([u64::MAX]), Code::Malformed),
        (noted([]), Code::Malformed),
        (noted(0..=INCIDENT_LEAVES_MAX as u64), Code::TooLarge),
        (Incident { text: "it was Taro".to_owned(), ..noted([0]) }, Code::Malformed),
    ] {
        assert_eq!(record.code(by("per_auditor"), note(incident(), noted)), code);
    }
    assert_eq!(record.code(by("per_auditor"), close()), Code::NotFound);
    record.took(by("per_auditor"), note(incident(), noted([size - 1])));
    let bare = Act::IncidentClosed { incident: incident(), text: "nothing".to_owned() };
    assert_eq!(record.code(by("per_auditor"), bare), Code::Malformed);
}

#[test]
fn the_largest_incident_fits_into_an_event() {
    let act = note(incident(), noted((0..INCIDENT_LEAVES_MAX as u64).map(|n| u64::MAX - n)));
    assert!(serde_json::to_string(&act).unwrap().len() < crate::record::EVENT_MAX_BYTES / 8);
}
