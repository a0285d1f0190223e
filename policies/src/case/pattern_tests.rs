//! Patterns over the fold: counted as the record has them, flagged where questions feel for a threshold.

use super::hold_tests::{Record, digest, person};
use crate::{
    Code, Refusal,
    check::Finding,
    disclosure::limits::{PROBING_ROW, PROBING_UNSHOWN},
    handover::RunReport,
    hold::HoldReason,
    pattern::{Pattern, patterns},
    record::{Act, Actor},
    terms::{PermitId, RunId, Verdict},
};

impl Record {
    fn asks(&mut self, number: u64, program: &str) {
        self.run = RunId::from_random(&number.to_be_bytes());
        let (run, permit) = (self.run.clone(), PermitId::from_random(&[1]));
        self.took(Actor::Person(person("per_hanako")), Act::RunRequested { run, permit, program: digest(program) });
    }

    fn refuses(&mut self, code: Code) {
        let refusal = Some(Refusal::new(code, "why"));
        let report = RunReport { refusal, ..self.report(Verdict::Refuse, None) };
        self.took(Actor::Enclave, Self::judged(report));
    }

    fn releases(&mut self, verdict: Verdict) {
        let report = self.report(verdict, None);
        self.took(Actor::Enclave, Self::judged(report));
        self.took(Actor::Enclave, Act::Released { run: self.run.clone(), receipt: digest("r") });
    }

    fn pattern(&self) -> Pattern {
        let all = patterns(&self.cases);
        assert_eq!(all.len(), 1);
        all[0].clone()
    }
}

#[test]
fn what_came_of_each_question_is_counted() {
    let mut record = Record::new(0);
    record.releases(Verdict::Release);
    record.asks(1, "b");
    record.releases(Verdict::Suppress);
    record.asks(2, "b");
    record.refuses(Code::NothingToShow);
    record.asks(3, "c");
    record.refuses(Code::SqlUnreadable);
    record.asks(4, "d");
    record.held(1, &[HoldReason::NotAudited]);
    let one = record.check("per_checker1", Finding::Refuse);
    record.casts(&one).unwrap();
    record.took(Actor::Gateway, record.opened(&[&one]));
    record.asks(5, "e");
    let pattern = record.pattern();
    assert_eq!((pattern.runs, pattern.released, pattern.suppressed, pattern.held, pattern.repeated), (6, 1, 1, 1, 1));
    let refused: Vec<_> = pattern.refused.iter().map(|(code, n)| (code.as_str(), *n)).collect();
    assert_eq!(refused, [("not-released-by-checkers", 1), ("nothing-to-show", 1), ("sql-unreadable", 1)]);
    assert!(!pattern.probing && pattern.longest_row == 1);
}

#[test]
fn different_questions_in_a_row_with_nothing_to_show_are_flagged() {
    let mut record = Record::new(0);
    record.releases(Verdict::Release);
    // A typing error in between tells nothing of the data and ends no row; the same text again is no other question.
    for number in 1..PROBING_ROW {
        record.asks(10 * number, &number.to_string());
        record.refuses(Code::NothingToShow);
        record.asks(10 * number + 1, &number.to_string());
        record.refuses(Code::NothingToShow);
        record.asks(10 * number + 2, "x");
        record.refuses(Code::SqlUnreadable);
    }
    assert_eq!((record.pattern().longest_row, record.pattern().probing), (PROBING_ROW - 1, false));
    record.asks(1_000, "one more");
    record.refuses(Code::NothingToShow);
    assert!(record.pattern().probing);
    // What was flagged stays flagged.
    record.asks(1_001, "all");
    record.releases(Verdict::Release);
    assert!(record.pattern().probing);
}

#[test]
fn a_harmless_question_in_between_hides_no_search() {
    let mut record = Record::new(0);
    record.releases(Verdict::Release);
    for number in 0..PROBING_UNSHOWN {
        assert!(!record.pattern().probing, "{number}");
        record.asks(10 * number + 1, &number.to_string());
        record.refuses(Code::NothingToShow);
        record.asks(10 * number + 2, "all");
        record.releases(Verdict::Release);
    }
    assert_eq!((record.pattern().longest_row, record.pattern().probing), (1, true));
}
