//! Verdicts over the fold: by which events of the record one can have been judged.

use super::hold_tests::{Record, digest, person};
use crate::{
    Code,
    check::Finding,
    handover::RunReport,
    hold::HoldReason,
    record::{Act, Actor},
    terms::{PermitId, Verdict},
};

/// A run was asked for, and then another one.
fn asked() -> Record {
    let mut record = Record::new(0);
    let (run, permit, program) = ("run_b".parse().unwrap(), PermitId::from_random(&[1]), digest("SELECT"));
    record.took(Actor::Person(person("per_hanako")), Act::RunRequested { run, permit, program });
    record
}

/// A run was held, and a checker let it go.
fn let_go() -> Record {
    let mut record = Record::new(1);
    record.held(1, &[HoldReason::AskedByTheCommittee]);
    let check = record.check("per_checker1", Finding::Release);
    record.casts(&check).unwrap();
    record.took(Actor::Gateway, record.opened(&[&check]));
    record
}

#[test]
fn a_verdict_is_judged_by_the_event_that_authorises_it_and_by_none_that_comes_later() {
    for record in [asked, let_go] {
        let (authority, size) = (record().report(Verdict::Release, None).index, record().cases.size());
        let says = |judged_by| Record::judged(RunReport { judged_by, ..record().report(Verdict::Release, None) });
        for wrong in [1, authority, size + 1, u64::MAX] {
            assert_eq!(record().code(Actor::Enclave, says(wrong)), Code::Malformed, "{wrong}");
        }
        // 0 is what verdicts of earlier builds say.
        for right in [0, authority + 1, size] {
            record().took(Actor::Enclave, says(right));
        }
    }
}
