//! Runs (解析実行) in the fold: asked for, judged, released, fetched, in this order and each once.

use super::{Cases, person, suspended};
use crate::{
    handover::RunReport,
    record::{Actor, Event},
    refusal::{Code, Refusal},
    terms::{PermitId, PersonId, RunId, Verdict},
};

/// One run.
#[derive(Debug, Clone)]
pub struct RunCase {
    /// Under which permit.
    pub permit: PermitId,
    /// Who asked.
    pub by: PersonId,
    /// Digest of the SQL.
    pub program: String,
    /// Index of the request's event: authorises the run.
    pub index: u64,
    /// When it was asked for, milliseconds since 1970.
    pub at_ms: u64,
    /// The verdict and the index of its event.
    pub judged: Option<(RunReport, u64)>,
    /// Digest of the receipt, once the bytes left.
    pub released: Option<String>,
    /// True when the permit was suspended between the verdict and the bytes: they stay inside.
    pub withheld: bool,
}

impl Cases {
    pub(super) fn request_run(&mut self, event: &Event, run: &RunId, permit: &PermitId, program: &str) -> Result<(), Refusal> {
        let by = person(event)?;
        let case = self.open_permit(permit, by, event.at_ms)?;
        if case.extract.is_none() {
            return Err(Refusal::new(Code::WrongState, "the extract is still being made; ask again when the permit shows it"));
        }
        if self.runs.contains_key(run) {
            return Err(Refusal::new(Code::WrongState, "the run exists"));
        }
        let case = RunCase {
            permit: permit.clone(),
            by: by.clone(),
            program: program.to_owned(),
            index: self.size,
            at_ms: event.at_ms,
            judged: None,
            released: None,
            withheld: false,
        };
        self.runs.insert(run.clone(), case);
        Ok(())
    }

    pub(super) fn judge(&mut self, event: &Event, report: &RunReport, signature: &str) -> Result<(), Refusal> {
        self.only_enclave(event, report, signature)?;
        let case = self.runs.get(&report.run).ok_or_else(|| Refusal::not_found("run"))?;
        if case.judged.is_some() || case.index != report.index {
            return Err(Refusal::new(Code::WrongState, "the run was judged already, or under another authority"));
        }
        if (report.verdict == Verdict::Refuse) != report.refusal.is_some() {
            return Err(Refusal::new(Code::Malformed, "a refusal has its code, anything else has none"));
        }
        if report.verdict != Verdict::Refuse {
            self.open_permit(&case.permit.clone(), &case.by.clone(), event.at_ms)?;
        }
        let behind = self.ledger.as_ref().is_some_and(|head| head.entries > report.ledger.entries);
        if behind {
            return Err(Refusal::new(Code::RecordUnlawful, "the ledger only grows"));
        }
        let index = self.size;
        if let Some(case) = self.runs.get_mut(&report.run) {
            case.judged = Some((report.clone(), index));
        }
        self.ledger = Some(report.ledger.clone());
        Ok(())
    }

    pub(super) fn release(&mut self, event: &Event, run: &RunId, receipt: &str) -> Result<(), Refusal> {
        if event.by != Actor::Enclave {
            return Err(Refusal::new(Code::NotAllowed, "only the enclave lets bytes out"));
        }
        let case = self.runs.get_mut(run).ok_or_else(|| Refusal::not_found("run"))?;
        let judged = case.judged.as_ref().is_some_and(|(report, _)| report.verdict != Verdict::Refuse);
        if !judged || case.released.is_some() {
            return Err(Refusal::new(Code::WrongState, "nothing leaves before its verdict is in the record, and only once"));
        }
        if case.withheld {
            return Err(suspended());
        }
        case.released = Some(receipt.to_owned());
        Ok(())
    }

    pub(super) fn download(&self, event: &Event, run: &RunId) -> Result<(), Refusal> {
        let case = self.runs.get(run).ok_or_else(|| Refusal::not_found("run"))?;
        self.named(&case.permit, person(event)?)?;
        if case.released.is_none() {
            return Err(Refusal::not_found("release"));
        }
        Ok(())
    }
}
