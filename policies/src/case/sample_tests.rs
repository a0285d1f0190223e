//! Later looks over the fold: every wrong one is refused, and the state stays.

use super::hold_tests::{Record, digest, key, person};
use crate::{
    Code,
    handover::Purpose as _,
    record::{Act, Actor},
    sample::{Look, Opinion, SignedLook, is_drawn},
    terms::{PermitId, RunId, Verdict},
    vote::RecallOrder,
};

/// A record whose last run was released by the machine, and drawn or not.
fn released(drawn: bool) -> Record {
    let mut record = Record::new(0);
    for number in 0u8..=255 {
        if number > 0 {
            record.run = RunId::from_random(&[number, 1]);
            let (run, permit) = (record.run.clone(), PermitId::from_random(&[1]));
            record.took(Actor::Person(person("per_hanako")), Act::RunRequested { run, permit, program: digest("SELECT") });
        }
        let report = record.report(Verdict::Release, None);
        let found = is_drawn(&report.clone().sign(&key("enclave")).signature) == drawn;
        record.took(Actor::Enclave, Record::judged(report));
        record.took(Actor::Enclave, Act::Released { run: record.run.clone(), receipt: digest("receipt") });
        if found {
            return record;
        }
    }
    panic!("none of 256 signatures is drawn");
}

fn look(record: &Record, who: &str, opinion: Opinion) -> SignedLook {
    let look = Look { run: record.run.clone(), receipt: digest("receipt"), by: person(who), opinion, reason: "looked at it".into() };
    let signature = key(who).sign(look.text().as_bytes());
    SignedLook { look, signature }
}

fn by(signed: SignedLook) -> (Actor, Act) {
    (Actor::Person(signed.look.by.clone()), Act::SampleLooked { signed })
}

#[test]
fn a_drawn_release_is_looked_at_once() {
    let mut record = released(true);
    let (actor, act) = by(look(&record, "per_checker1", Opinion::Recall));
    record.took(actor, act);
    let case = record.cases.runs[&record.run].clone();
    assert_eq!(case.objection().unwrap().look.reason, "looked at it");
    let (actor, act) = by(look(&record, "per_checker3", Opinion::Fine));
    assert_eq!(record.code(actor, act), Code::WrongState);
    // The opinion recalls nothing by itself: that is the ministry's.
    assert!(case.recalled.is_none());
}

#[test]
fn wrong_looks_are_refused() {
    let mut record = released(true);
    let good = look(&record, "per_checker1", Opinion::Fine);
    for (who, code) in [
        ("per_hanako", Code::ReviewerIsApplicant),
        ("per_checker4", Code::ConflictOfInterest),
        ("per_member1", Code::NotAllowed),
        ("per_ministry", Code::NotAllowed),
    ] {
        let (actor, act) = by(look(&record, who, Opinion::Fine));
        assert_eq!(record.code(actor, act), code, "{who}");
    }
    let other = Act::SampleLooked { signed: good.clone() };
    assert_eq!(record.code(Actor::Person(person("per_checker3")), other), Code::CheckForged);
    let spoil: &[(fn(&mut SignedLook), Code)] = &[
        (|s| s.signature = key("per_checker3").sign(s.look.text().as_bytes()), Code::CheckForged),
        (|s| s.look.receipt = digest("another"), Code::CheckForged),
        (|s| s.look.opinion = Opinion::Recall, Code::CheckForged),
        (|s| s.look.reason = "a\nb".into(), Code::Malformed),
        (|s| s.look.run = "run_none".parse().unwrap(), Code::NotFound),
    ];
    for (spoil, code) in spoil {
        let mut signed = good.clone();
        spoil(&mut signed);
        let (actor, act) = by(signed);
        assert_eq!(record.code(actor, act), *code);
    }
    let (actor, act) = by(good);
    record.took(actor, act);
}

#[test]
fn what_is_not_drawn_or_was_recalled_is_not_looked_at() {
    let mut record = released(false);
    let (actor, act) = by(look(&record, "per_checker1", Opinion::Fine));
    assert_eq!(record.code(actor, act), Code::NotFound);

    let mut record = released(true);
    let order = RecallOrder { run: record.run.clone(), by: person("per_ministry"), reason: "wrong".into() };
    let signature = key("per_ministry").sign(order.text().as_bytes());
    record.took(Actor::Person(person("per_ministry")), Act::Recalled { order, signature });
    let (actor, act) = by(look(&record, "per_checker1", Opinion::Fine));
    assert_eq!(record.code(actor, act), Code::WrongState);
}
