//! The end of permits and repetitions over the fold: every wrong move is refused, and the state stays.

use std::collections::BTreeMap;

use super::hold_tests::{Record, digest, key, person};
use crate::{
    Code,
    handover::{ErasureReport, ExtractReport, Purpose as _, Repeated, RerunReport},
    record::{Act, Actor},
    terms::{PermitId, RerunId, RunId, Verdict},
    vote::ClosureOrder,
};

fn permit() -> PermitId {
    PermitId::from_random(&[1])
}

fn closed(by: &str, signer: &str, reason: &str) -> (Actor, Act) {
    let order = ClosureOrder { permit: permit(), by: person(by), reason: reason.to_owned() };
    let signature = key(signer).sign(order.text().as_bytes());
    (Actor::Person(person(by)), Act::PermitClosed { order, signature })
}

fn erased(signer: &str) -> (Actor, Act) {
    let signed = ErasureReport { permit: permit() }.sign(&key(signer));
    (Actor::Enclave, Act::ExtractErased { report: signed.value, signature: signed.signature })
}

fn asked(by: &str, rerun: &str, run: &RunId) -> (Actor, Act) {
    (Actor::Person(person(by)), Act::RerunRequested { rerun: rerun.parse().unwrap(), run: run.clone() })
}

fn answered(rerun: &str, index: u64) -> (Actor, Act) {
    came(rerun, index, Repeated::Same)
}

fn came(rerun: &str, index: u64, outcome: Repeated) -> (Actor, Act) {
    let report = RerunReport { rerun: rerun.parse::<RerunId>().unwrap(), index, outcome };
    let signed = report.sign(&key("enclave"));
    (Actor::Enclave, Act::RerunAnswered { report: signed.value, signature: signed.signature })
}

/// A record whose run was released.
fn released() -> Record {
    let mut record = Record::new(0);
    let report = record.report(Verdict::Release, None);
    record.took(Actor::Enclave, Record::judged(report));
    record.took(Actor::Enclave, Act::Released { run: record.run.clone(), receipt: digest("receipt") });
    record
}

fn refused(record: &mut Record, (by, act): (Actor, Act)) -> Code {
    record.code(by, act)
}

fn took(record: &mut Record, (by, act): (Actor, Act)) {
    record.took(by, act);
}

#[test]
fn the_ministry_closes_once_and_nothing_runs_any_more() {
    let mut record = released();
    assert_eq!(refused(&mut record, closed("per_hanako", "per_hanako", "over")), Code::NotAllowed);
    assert_eq!(refused(&mut record, closed("per_ministry", "per_member1", "over")), Code::ClosureForged);
    assert_eq!(refused(&mut record, closed("per_ministry", "per_ministry", "a\nb")), Code::Malformed);
    took(&mut record, closed("per_ministry", "per_ministry", "over"));
    assert_eq!(refused(&mut record, closed("per_ministry", "per_ministry", "over")), Code::WrongState);
    let again = Act::RunRequested { run: "run_b".parse().unwrap(), permit: permit(), program: digest("SELECT") };
    assert_eq!(record.code(Actor::Person(person("per_hanako")), again), Code::PermitClosed);
}

#[test]
fn an_extract_is_erased_only_when_its_permit_has_ended() {
    let mut record = released();
    assert_eq!(refused(&mut record, erased("enclave")), Code::WrongState);
    // A permit that ran out has ended as one that was closed.
    let mut late = released();
    late.at_ms = 1_000_000;
    took(&mut late, erased("enclave"));
    took(&mut record, closed("per_ministry", "per_ministry", "over"));
    assert_eq!(refused(&mut record, erased("log")), Code::ReportForged);
    took(&mut record, erased("enclave"));
    assert_eq!(refused(&mut record, erased("enclave")), Code::WrongState);
}

#[test]
fn a_repetition_that_is_answered_after_the_erasure_could_not_be_made() {
    let mut record = released();
    let (run, index) = (record.run.clone(), record.cases.size());
    took(&mut record, asked("per_auditor", "rer_a", &run));
    took(&mut record, closed("per_ministry", "per_ministry", "over"));
    took(&mut record, erased("enclave"));
    for outcome in [Repeated::Same, Repeated::Differs] {
        assert_eq!(refused(&mut record, came("rer_a", index, outcome)), Code::WrongState);
    }
    took(&mut record, came("rer_a", index, Repeated::NotRepeated));
}

#[test]
fn no_extract_is_made_after_the_record_says_that_it_is_erased() {
    let made = || {
        let signed = ExtractReport { permit: permit(), versions: BTreeMap::new(), people: 0, rows: BTreeMap::new() }.sign(&key("enclave"));
        (Actor::Enclave, Act::ExtractMade { report: signed.value, signature: signed.signature })
    };
    // The permit runs out before its extract is told.
    let late = || {
        let mut record = released();
        record.at_ms = 1_000_000;
        record.cases.permits.get_mut(&permit()).unwrap().extract = None;
        record
    };
    took(&mut late(), made());
    let mut record = late();
    took(&mut record, erased("enclave"));
    assert_eq!(refused(&mut record, made()), Code::WrongState);
}

#[test]
fn a_repetition_is_an_auditors_and_of_a_release_whose_extract_is_there() {
    let mut record = released();
    let run = record.run.clone();
    assert_eq!(refused(&mut record, asked("per_hanako", "rer_a", &run)), Code::NotAllowed);
    assert_eq!(refused(&mut record, asked("per_auditor", "rer_a", &"run_none".parse().unwrap())), Code::NotFound);
    let index = record.cases.size();
    took(&mut record, asked("per_auditor", "rer_a", &run));
    assert_eq!(refused(&mut record, asked("per_auditor", "rer_a", &run)), Code::WrongState);
    assert_eq!(refused(&mut record, answered("rer_a", index + 1)), Code::WrongState);
    assert_eq!(refused(&mut record, answered("rer_none", index)), Code::NotFound);
    took(&mut record, answered("rer_a", index));
    assert_eq!(refused(&mut record, answered("rer_a", index)), Code::WrongState);
    for number in 0..crate::disclosure::limits::RERUNS_OPEN_MAX {
        took(&mut record, asked("per_auditor", &format!("rer_{number}"), &run));
    }
    assert_eq!(refused(&mut record, asked("per_auditor", "rer_more", &run)), Code::TooManyPreflights);
    took(&mut record, closed("per_ministry", "per_ministry", "over"));
    took(&mut record, erased("enclave"));
    assert_eq!(refused(&mut record, asked("per_auditor", "rer_late", &run)), Code::WrongState);
}
