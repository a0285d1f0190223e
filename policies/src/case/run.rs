//! Runs (解析実行) in the fold: asked for, judged, released, fetched, in this order and each once.

use std::collections::BTreeSet;

use super::{Cases, Hold, person, suspended};
use crate::{
    disclosure::limits::HELD_OPEN_MAX,
    handover::RunReport,
    record::{Actor, Event},
    refusal::{Code, Refusal},
    sample::{self, SignedLook},
    terms::{PermitId, PersonId, RunId, Verdict},
};

/// One run.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
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
    /// What people were asked, where the gate held it.
    pub hold: Option<Hold>,
    /// The final verdict and the index of its event.
    pub judged: Option<(RunReport, u64)>,
    /// Digest of the receipt, once the bytes left.
    pub released: Option<String>,
    /// True when the machine alone let it go and it was drawn for a later look.
    pub drawn: bool,
    /// The later look.
    pub looked: Option<SignedLook>,
    /// Why, once the ministry recalled it.
    pub recalled: Option<String>,
    /// Who has fetched a file of it.
    pub fetched: BTreeSet<PersonId>,
    /// True when the permit was suspended between the verdict, or the hold, and the bytes: they stay inside.
    pub withheld: bool,
}

impl Cases {
    pub(super) fn request_run(&mut self, event: &Event, run: &RunId, permit: &PermitId, program: &str) -> Result<(), Refusal> {
        let by = person(event)?;
        let case = self.open_permit(permit, by, event.at_ms)?;
        if case.extract.is_none() {
            return Err(Refusal::new(Code::WrongState, "the extract is still being made; ask again when the permit shows it"));
        }
        self.check_held(permit, !case.standing().is_empty())?;
        if self.runs.contains_key(run) {
            return Err(Refusal::new(Code::WrongState, "the run exists"));
        }
        let case = RunCase {
            permit: permit.clone(),
            by: by.clone(),
            program: program.to_owned(),
            index: self.size,
            at_ms: event.at_ms,
            hold: None,
            judged: None,
            released: None,
            drawn: false,
            looked: None,
            recalled: None,
            fetched: BTreeSet::new(),
            withheld: false,
        };
        self.runs.insert(run.clone(), case);
        self.undecided.entry(permit.clone()).or_default().insert(run.clone());
        Ok(())
    }

    /// Whether one more output of a permit may wait for people, counting those that will.
    fn check_held(&self, permit: &PermitId, each: bool) -> Result<(), Refusal> {
        let will = |run: &&RunCase| run.judged.is_none() && run.hold.is_none();
        let waiting = self.waiting(permit) + if each { self.undecided(permit).filter(will).count() } else { 0 };
        if waiting < HELD_OPEN_MAX {
            return Ok(());
        }
        let detail =
            format!("{waiting} outputs of this permit wait for output checkers, which is the most; ask again when some are decided");
        let ja = format!("この許可の出力{waiting}件が出口審査の担当者を待っています（上限）。判定されてから、もう一度実行してください");
        Err(Refusal::new(Code::TooManyHeld, detail).ja(ja))
    }

    /// How many outputs of a permit wait for people.
    #[must_use]
    pub fn waiting(&self, permit: &PermitId) -> usize {
        self.undecided(permit).filter(|run| run.is_held()).count()
    }

    /// Runs of a permit without a final verdict.
    fn undecided(&self, permit: &PermitId) -> impl Iterator<Item = &RunCase> {
        self.undecided.get(permit).into_iter().flatten().filter_map(|run| self.runs.get(run))
    }

    pub(super) fn judge(&mut self, event: &Event, report: &RunReport, signature: &str) -> Result<(), Refusal> {
        self.only_enclave(event, report, signature)?;
        let case = self.runs.get(&report.run).ok_or_else(|| Refusal::not_found("run"))?;
        if case.authority() != Some(report.index) {
            return Err(Refusal::new(Code::WrongState, "the run was judged already, or under another authority"));
        }
        // Who judges has read the event that says so, and nothing that is not there yet. An earlier build's verdict does not tell.
        if report.judged_by != 0 && !(report.index < report.judged_by && report.judged_by <= self.size) {
            return Err(Refusal::new(
                Code::Malformed,
                "a verdict is judged by the event that authorises it, and by none that are not there yet",
            ));
        }
        if (report.verdict == Verdict::Refuse) != report.refusal.is_some() {
            return Err(Refusal::new(Code::Malformed, "a refusal has its code, anything else has none"));
        }
        if report.verdict == Verdict::Hold {
            return self.hold(event, report);
        }
        if report.held.is_some() {
            return Err(Refusal::new(Code::Malformed, "only a held output names checkers"));
        }
        if report.verdict != Verdict::Refuse {
            let permit = self.open_permit(&case.permit, &case.by, event.at_ms)?;
            if !permit.standing().is_empty() && case.hold.is_none() {
                return Err(Refusal::new(Code::WrongState, "people look at each output of this permit first"));
            }
        }
        if (report.verdict == Verdict::Refuse) && !report.spent.is_nothing() {
            return Err(Refusal::new(Code::Malformed, "a refusal shows nothing, so it takes nothing from a budget"));
        }
        let behind = self.ledger.as_ref().is_some_and(|head| head.entries > report.ledger.entries);
        if behind {
            return Err(Refusal::new(Code::RecordUnlawful, "the ledger only grows"));
        }
        let index = self.size;
        if let Some(permit) = self.permits.get_mut(&case.permit) {
            permit.spend(report);
        }
        if let Some(undecided) = self.undecided.get_mut(&case.permit) {
            undecided.remove(&report.run);
        }
        if let Some(case) = self.runs.get_mut(&report.run) {
            case.drawn = case.hold.is_none() && report.verdict != Verdict::Refuse && sample::is_drawn(signature);
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

    pub(super) fn download(&mut self, event: &Event, run: &RunId) -> Result<(), Refusal> {
        let case = self.runs.get(run).ok_or_else(|| Refusal::not_found("run"))?;
        self.named(&case.permit, person(event)?)?;
        if case.released.is_none() {
            return Err(Refusal::not_found("release"));
        }
        if case.recalled.is_some() {
            return Err(super::recalled());
        }
        if let (Some(case), Actor::Person(reader)) = (self.runs.get_mut(run), &event.by) {
            case.fetched.insert(reader.clone());
        }
        Ok(())
    }
}
