//! Budgets in the fold: what a verdict takes, and that nobody gets past an empty one.

use super::hold_tests::{Record, digest, key, person};
use crate::{
    Code,
    budget::{Kind, Spent, budgets},
    check::Finding,
    disclosure::limits::PERMIT_CELLS_MAX,
    exposure::{Exposure, ExposureReport},
    handover::Purpose as _,
    hold::HoldReason,
    record::{Act, Actor},
    terms::{PermitId, RunId, Verdict},
};

const SPENT: &[HoldReason] = &[HoldReason::CellsSpent];

impl Record {
    /// The next run of the permit.
    fn next(&mut self, name: u8) {
        self.run = RunId::from_random(&[name]);
        let (run, permit, program) = (self.run.clone(), PermitId::from_random(&[1]), digest("SELECT"));
        self.took(Actor::Person(person("per_hanako")), Act::RunRequested { run, permit, program });
    }

    fn shows(&mut self, cells: u64, measures: u64) {
        let report = self.report(Verdict::Release, None);
        self.took(Actor::Enclave, Self::judged(crate::handover::RunReport { spent: Spent::new(cells, measures), ..report }));
    }

    fn left(&self) -> [u64; 4] {
        let permit = PermitId::from_random(&[1]);
        budgets(&self.cases.permits[&permit], self.cases.waiting(&permit)).map(|budget| budget.left())
    }
}

#[test]
fn what_is_shown_is_taken_from_the_budgets() {
    let mut record = Record::new(0);
    assert_eq!(record.left(), [1_000_000, 20, 20, 20]);
    record.shows(1234, 3);
    record.next(2);
    record.shows(1, 5);
    assert_eq!(record.left(), [1_000_000 - 1240 - 10, 15, 20, 20]);
    record.next(3);
    let refused = record.report(Verdict::Refuse, None);
    let bold = crate::handover::RunReport { spent: Spent::new(1, 0), ..refused.clone() };
    assert_eq!(record.code(Actor::Enclave, Record::judged(bold)), Code::Malformed);
    record.took(Actor::Enclave, Record::judged(refused));
    record.next(4);
    record.held(1, &[HoldReason::NotAudited]);
    assert_eq!(record.left(), [1_000_000 - 1250, 15, 19, 19]);
    let permit = &record.cases.permits[&PermitId::from_random(&[1])];
    assert_eq!(budgets(permit, 0).map(|b| b.kind), [Kind::Cells, Kind::Measures, Kind::Unshown, Kind::Waiting]);
}

#[test]
fn after_the_last_cell_people_look_at_each_output() {
    let mut record = Record::new(0);
    // The last output may overdraw: whether it is held does not hang on what it shows.
    record.shows(PERMIT_CELLS_MAX - 10, 0);
    record.next(2);
    record.shows(100_000, 0);
    assert_eq!(record.left()[0], 0);
    record.next(3);
    let past = record.report(Verdict::Release, None);
    assert_eq!(record.code(Actor::Enclave, Record::judged(past)), Code::WrongState);
    record.held(1, SPENT);
    let one = record.check("per_checker1", Finding::Release);
    record.casts(&one).unwrap();
    record.took(Actor::Gateway, record.opened(&[&one]));
    record.shows(10, 0);
    assert_eq!(record.cases.permits[&PermitId::from_random(&[1])].cells, PERMIT_CELLS_MAX + 100_000);
}

#[test]
fn a_hold_names_an_empty_budget_exactly_when_it_is_empty() {
    let wrong: &[(u64, u8, &[HoldReason])] =
        &[(0, 1, SPENT), (PERMIT_CELLS_MAX, 1, &[HoldReason::NotAudited]), (PERMIT_CELLS_MAX, 2, SPENT)];
    for (cells, checkers, reasons) in wrong {
        let mut record = Record::new(0);
        record.shows(*cells, 0);
        record.next(2);
        let held = crate::hold::Held { reasons: reasons.iter().copied().collect(), checkers: *checkers, sealed: digest("sealed") };
        let act = Record::judged(record.report(Verdict::Hold, Some(held)));
        assert_eq!(record.code(Actor::Enclave, act), Code::Malformed, "{cells} {checkers} {reasons:?}");
    }
}

#[test]
fn a_band_of_exposure_rises_and_the_last_one_holds_the_permit() {
    let mut record = Record::new(0);
    let reach = |permit: Option<&PermitId>, exposure, by: &str| {
        let signed = ExposureReport { permit: permit.cloned(), exposure }.sign(&key(by));
        Act::ExposureReached { report: signed.value, signature: signed.signature }
    };
    let permit = PermitId::from_random(&[1]);
    record.shows(10, 0);
    record.took(Actor::Enclave, reach(Some(&permit), Exposure::Alert, "enclave"));
    assert!(record.cases.permits[&permit].standing().is_empty(), "an alert is for the auditor");
    assert_eq!(record.code(Actor::Enclave, reach(Some(&permit), Exposure::Alert, "enclave")), Code::WrongState);
    assert_eq!(record.code(Actor::Enclave, reach(Some(&permit), Exposure::Hold, "log")), Code::ReportForged);
    assert_eq!(record.code(Actor::Gateway, reach(Some(&permit), Exposure::Hold, "enclave")), Code::NotAllowed);
    assert_eq!(record.code(Actor::Enclave, reach(Some(&PermitId::from_random(&[9])), Exposure::Hold, "enclave")), Code::NotFound);
    // What all permits do together holds none of them: no permit is told of another's releases.
    record.took(Actor::Enclave, reach(None, Exposure::Hold, "enclave"));
    record.next(2);
    record.shows(10, 0);
    record.took(Actor::Enclave, reach(Some(&permit), Exposure::Hold, "enclave"));
    record.next(3);
    let past = record.report(Verdict::Release, None);
    assert_eq!(record.code(Actor::Enclave, Record::judged(past)), Code::WrongState);
    record.held(2, &[HoldReason::Exposed]);
}
