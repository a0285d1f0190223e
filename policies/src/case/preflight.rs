//! Pre-flights (試行) in the fold: SQL tried on synthetic data. Who may run may try; nothing of it is a release.

use super::{Cases, person};
use crate::{
    disclosure::limits,
    handover::PreflightReport,
    record::Event,
    refusal::{Code, Refusal},
    terms::{PermitId, PersonId, PreflightId, Verdict},
};

/// One pre-flight.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct PreflightCase {
    /// Under which permit.
    pub permit: PermitId,
    /// Who asked.
    pub by: PersonId,
    /// Digest of the SQL.
    pub program: String,
    /// Index of the request's event.
    pub index: u64,
    /// The answer.
    pub answered: Option<PreflightReport>,
}

impl Cases {
    pub(super) fn request_preflight(
        &mut self,
        event: &Event,
        preflight: &PreflightId,
        permit: &PermitId,
        program: &str,
    ) -> Result<(), Refusal> {
        let by = person(event)?;
        self.may_try(permit, by, event.at_ms)?;
        if self.preflights.contains_key(preflight) {
            return Err(Refusal::new(Code::WrongState, "the pre-flight exists"));
        }
        let case = PreflightCase { permit: permit.clone(), by: by.clone(), program: program.to_owned(), index: self.size, answered: None };
        self.preflights.insert(preflight.clone(), case);
        *self.trying.entry(by.clone()).or_default() += 1;
        Ok(())
    }

    /// Whether this person may try SQL under this permit now.
    ///
    /// # Errors
    /// As [`Cases::open_permit`]; [`Code::WrongState`] before the extract is there (whose sizes a plan depends on),
    /// [`Code::TooManyPreflights`] while as many wait as may.
    pub fn may_try(&self, permit: &PermitId, person: &PersonId, at_ms: u64) -> Result<(), Refusal> {
        if self.open_permit(permit, person, at_ms)?.extract.is_none() {
            return Err(Refusal::new(Code::WrongState, "the extract is still being made; try again when the permit shows it"));
        }
        let waiting = self.trying.get(person).copied().unwrap_or(0);
        if waiting < limits::PREFLIGHTS_OPEN_MAX {
            return Ok(());
        }
        let detail = format!("{waiting} of your pre-flights wait for their answer, which is the most; try again when one has it");
        let ja = format!("あなたの試行が{waiting}件、回答を待っています（上限）。どれかの回答が届いてから、もう一度試してください。");
        Err(Refusal::new(Code::TooManyPreflights, detail).ja(ja))
    }

    pub(super) fn answer_preflight(&mut self, event: &Event, report: &PreflightReport, signature: &str) -> Result<(), Refusal> {
        self.only_enclave(event, report, signature)?;
        let case = self.preflights.get_mut(&report.preflight).ok_or_else(|| Refusal::not_found("pre-flight"))?;
        if case.answered.is_some() || case.index != report.index {
            return Err(Refusal::new(Code::WrongState, "the pre-flight was answered already, or under another authority"));
        }
        let refused = report.verdict == Verdict::Refuse;
        if refused != report.refusal.is_some() || refused == report.table.is_some() || report.verdict == Verdict::Hold {
            return Err(Refusal::new(Code::Malformed, "a refusal has its code, anything else has a table"));
        }
        case.answered = Some(report.clone());
        if let Some(waiting) = self.trying.get_mut(&case.by) {
            *waiting = waiting.saturating_sub(1);
        }
        Ok(())
    }
}
