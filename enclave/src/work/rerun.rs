//! A released run repeated for an auditor, by the record and the ledger of the moment at which it was judged. Only whether its bytes
//! are the same is told; the ledger learns nothing, as nothing is shown that was not.

use std::time::Instant;

use visiting_policies::{
    case::{Cases, RunCase},
    handover::{Purpose, Repeated, RerunReport},
    terms::{RerunId, RunId},
};

use super::{Enclave, judging::Moment, wait_for_rung};
use crate::{config::ATTEMPTS_MAX, fault::Fault};

impl Enclave {
    /// Answers a repetition once.
    pub(super) fn rerun(&mut self, id: &RerunId, sql: &str) -> Result<(), Fault> {
        let Some(case) = self.follower.cases.reruns.get(id).filter(|case| case.answered.is_none()).cloned() else { return Ok(()) };
        let started = Instant::now();
        // One that takes the process down with it must not do so for ever.
        let again = self.ledger.attempt(id.as_str())? > ATTEMPTS_MAX;
        let repeated = if again { Err(Fault::Other("the repetition was begun too often".to_owned())) } else { self.repeat(&case.run, sql) };
        let outcome = match repeated {
            Ok(true) => Repeated::Same,
            Ok(false) => Repeated::Differs,
            // The gateway is away: the same repetition is asked for again.
            Err(fault @ Fault::Gateway(_)) => return Err(fault),
            Err(fault) => {
                tracing::error!(%fault, rerun = %id, "a run could not be repeated");
                Repeated::NotRepeated
            }
        };
        // How long it took says no more of the rows than a run's time does (A10).
        wait_for_rung(started);
        let report = RerunReport { rerun: id.clone(), index: case.index, outcome };
        self.door.report("reruns", &report.sign(&self.keys.signing))?;
        self.ledger.left(id.as_str())?;
        self.follower.advance(&self.door)
    }

    /// Whether the same verdict comes with the same bytes.
    fn repeat(&mut self, run: &RunId, sql: &str) -> Result<bool, Fault> {
        let missing = || Fault::Other("the record does not show the verdict".to_owned());
        let case = self.follower.cases.runs.get(run).cloned().ok_or_else(missing)?;
        let (report, index) = case.judged.clone().ok_or_else(missing)?;
        // Another process may have erased what this one still holds open; after that the record takes no other answer.
        if self.follower.cases.permits.get(&case.permit).is_none_or(|permit| permit.erased.is_some()) {
            return Err(Fault::Other("the extract is erased".to_owned()));
        }
        // The fold that it was judged by: rules, budgets and guests as they were. Before verdicts said so, the one just before them.
        let size = if report.judged_by == 0 { index } else { report.judged_by };
        let then = self.follower.cases_over(size)?;
        // Blocks of the ledger before this run's own: where it stood after the verdict before this one.
        let known = self.ledger.known_at(self.follower.ledger_before(index).min(report.ledger.entries))?;
        self.fetch(&then, &case, sql)?;
        let judged = match self.judge_at(Some(Moment { cases: &then, known: &known }), &case, sql, None) {
            Ok(judged) => judged,
            // Nothing that was released is refused now, unless something is not what it was.
            Err(Fault::Refused(_)) => return Ok(false),
            Err(fault) => return Err(fault),
        };
        Ok(judged.verdict == report.verdict && judged.digests == report.files)
    }

    fn fetch(&mut self, then: &Cases, case: &RunCase, sql: &str) -> Result<(), Fault> {
        let bound = then.guests_of(&case.permit, case.index);
        self.guests.fetch(&self.door, &bound, sql)?;
        let texts = self.guests.texts(&bound, sql);
        self.codes.fetch(&self.door, &then.codes_of(&case.permit, case.index), &texts)
    }
}
