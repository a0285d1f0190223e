//! Repetitions (再実行) for auditors in the fold: a released run, run again as it was judged then. Only whether it is the same is told.

use super::{Cases, person};
use crate::{
    disclosure::limits,
    handover::{Repeated, RerunReport},
    record::Event,
    refusal::{Code, Refusal},
    terms::{PersonId, RerunId, Role, RunId},
};

/// One repetition.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct RerunCase {
    /// Of which run.
    pub run: RunId,
    /// Who asked.
    pub by: PersonId,
    /// Index of the request's event.
    pub index: u64,
    /// The answer, and its index.
    pub answered: Option<(RerunReport, u64)>,
}

impl Cases {
    pub(super) fn request_rerun(&mut self, event: &Event, rerun: &RerunId, run: &RunId) -> Result<(), Refusal> {
        let by = person(event)?;
        self.may_repeat(run, by)?;
        if self.reruns.contains_key(rerun) {
            return Err(Refusal::new(Code::WrongState, "the repetition exists"));
        }
        let case = RerunCase { run: run.clone(), by: by.clone(), index: self.size, answered: None };
        self.reruns.insert(rerun.clone(), case);
        Ok(())
    }

    /// Whether this person may have this run repeated: an auditor, a release, and an extract that is not erased.
    ///
    /// # Errors
    /// [`Code::NotAllowed`], [`Code::NotFound`], [`Code::WrongState`], [`Code::TooManyPreflights`] while as many wait as may.
    pub fn may_repeat(&self, run: &RunId, person: &PersonId) -> Result<(), Refusal> {
        self.roster.holding(person, Role::Auditor)?;
        let case = self.runs.get(run).filter(|case| case.released.is_some()).ok_or_else(|| Refusal::not_found("release"))?;
        let permit = self.permits.get(&case.permit).ok_or_else(|| Refusal::not_found("permit"))?;
        if let Some(index) = permit.erased {
            let detail = format!("the extract was erased: event {index} says so, and nobody can repeat the run");
            return Err(Refusal::new(Code::WrongState, detail));
        }
        let waiting = self.reruns.values().filter(|case| case.by == *person && case.answered.is_none()).count();
        if waiting < limits::RERUNS_OPEN_MAX {
            return Ok(());
        }
        Err(Refusal::new(Code::TooManyPreflights, format!("{waiting} of your repetitions wait for their answer, which is the most")))
    }

    pub(super) fn answer_rerun(&mut self, event: &Event, report: &RerunReport, signature: &str) -> Result<(), Refusal> {
        self.only_enclave(event, report, signature)?;
        let index = self.size;
        let case = self.reruns.get(&report.rerun).ok_or_else(|| Refusal::not_found("repetition"))?;
        if case.answered.is_some() || case.index != report.index {
            return Err(Refusal::new(Code::WrongState, "the repetition was answered already, or under another authority"));
        }
        if report.outcome != Repeated::NotRepeated && self.is_erased(&case.run) {
            return Err(Refusal::new(Code::WrongState, "the extract is erased, so nothing can have been repeated"));
        }
        if let Some(case) = self.reruns.get_mut(&report.rerun) {
            case.answered = Some((report.clone(), index));
        }
        Ok(())
    }

    fn is_erased(&self, run: &RunId) -> bool {
        let permit = self.runs.get(run).and_then(|case| self.permits.get(&case.permit));
        permit.is_some_and(|permit| permit.erased.is_some())
    }
}
