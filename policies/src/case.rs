//! The state of every case as the fold of the record. Gateway and enclave run the same [`Cases::admit`]: the gateway before it
//! writes an event, the enclave and the auditor on every event they read. An event that the law does not allow cannot enter.

mod application;
mod bound;
#[cfg(test)]
mod budget_tests;
mod closure;
#[cfg(test)]
mod closure_tests;
mod hold;
#[cfg(test)]
mod hold_tests;
mod incident;
#[cfg(test)]
mod incident_tests;
mod log_key;
mod orders;
#[cfg(test)]
mod pattern_tests;
mod preflight;
mod rerun;
mod run;
#[cfg(test)]
mod run_tests;
mod sample;
#[cfg(test)]
mod sample_tests;

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    disclosure::limits::PERMIT_CELLS_MAX,
    exposure::Exposure,
    handover::{ExtractReport, LoadReport, Purpose, RunReport},
    hold::HoldReason,
    permit::Permit,
    record::{Act, Actor, Event, RequestKey},
    refusal::{Code, Refusal},
    roster::Roster,
    rules::{RuleBook, RulesAdoption, RulesProposal},
    terms::{ApplicationId, IncidentId, PermitId, PersonId, PreflightId, RerunId, RunId},
};

pub use application::{Application, ApplicationStatus, Move, STEPS, step};
pub use bound::{Bound, Kind, is_bound_name};
pub use hold::{Cast, Hold, Opened, not_released, recalled};
pub use incident::{Closed, IncidentCase};
pub use log_key::LogKey;
pub use preflight::PreflightCase;
pub use rerun::RerunCase;
pub use run::RunCase;

/// One permit with what became of it.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct PermitCase {
    /// The permit.
    pub permit: Permit,
    /// Index of its event: authorises the extract.
    pub index: u64,
    /// The reason, once the ministry suspended it.
    pub suspended: Option<String>,
    /// The reason, once the ministry ended it for good.
    pub closed: Option<String>,
    /// The extract, once made.
    pub extract: Option<ExtractReport>,
    /// Index of the event that says that the extract is destroyed.
    pub erased: Option<u64>,
    /// Numbers in its released tables so far; see [`crate::budget`].
    pub cells: u64,
    /// Different measures that it was shown which are no listed columns.
    pub measures: u64,
    /// Questions of it that had nothing to show.
    pub unshown: u64,
    /// How often its releases count somebody.
    pub exposure: Exposure,
    /// Guests and code lists bound to it, oldest first; see [`PermitCase::bound`].
    bound: Vec<Bound>,
}

impl PermitCase {
    /// A permit of which nothing has come yet.
    fn new(permit: Permit, index: u64) -> Self {
        Self {
            permit,
            index,
            suspended: None,
            closed: None,
            extract: None,
            erased: None,
            cells: 0,
            measures: 0,
            unshown: 0,
            exposure: Exposure::Usual,
            bound: Vec::new(),
        }
    }

    /// Why people look at each of its outputs from now on, whatever is asked.
    #[must_use]
    pub fn standing(&self) -> BTreeSet<HoldReason> {
        let asked = (self.permit.checkers > 0).then_some(HoldReason::AskedByTheCommittee);
        let spent = (self.cells >= PERMIT_CELLS_MAX).then_some(HoldReason::CellsSpent);
        let exposed = (self.exposure == Exposure::Hold).then_some(HoldReason::Exposed);
        asked.into_iter().chain(spent).chain(exposed).collect()
    }

    /// Counts a verdict. What is judged is counted, fetched or not: it is in the ledger.
    fn spend(&mut self, report: &RunReport) {
        self.cells = self.cells.saturating_add(report.spent.cells);
        self.measures = self.measures.max(report.spent.measures);
        self.unshown += u64::from(report.refusal.as_ref().is_some_and(|refusal| refusal.code == Code::NothingToShow));
    }
}

/// Everything the record says, folded.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct Cases {
    roster: Roster,
    size: u64,
    log_keys: Vec<LogKey>,
    /// True when the record was opened in demo mode.
    pub demo: bool,
    /// Digest of each published listing.
    pub listings: BTreeMap<String, String>,
    /// Newest data version of each listing.
    pub loads: BTreeMap<String, LoadReport>,
    /// Applications by id.
    pub applications: BTreeMap<ApplicationId, Application>,
    /// Permits by id.
    pub permits: BTreeMap<PermitId, PermitCase>,
    /// Runs by id.
    pub runs: BTreeMap<RunId, RunCase>,
    /// Trials on synthetic data by id.
    pub preflights: BTreeMap<PreflightId, PreflightCase>,
    /// Repetitions for auditors by id.
    pub reruns: BTreeMap<RerunId, RerunCase>,
    /// Incidents by id.
    pub incidents: BTreeMap<IncidentId, IncidentCase>,
    /// How often the releases of all permits together count somebody.
    pub exposure: Exposure,
    /// Ledger after the last verdict.
    pub ledger: Option<crate::handover::LedgerHead>,
    /// Rule packs in force, and what was proposed.
    pub rules: RuleBook,
    requests: BTreeMap<String, (String, u64)>,
    /// Runs of each permit that have no final verdict: what is asked at each request must not cost as much as all runs ever.
    undecided: BTreeMap<PermitId, BTreeSet<RunId>>,
    /// How many pre-flights of each person wait for their answer.
    trying: BTreeMap<PersonId, usize>,
}

impl Cases {
    /// An empty record under `roster`.
    #[must_use]
    pub fn new(roster: Roster) -> Self {
        Self {
            log_keys: vec![LogKey { key: roster.log_key.clone(), since: 0 }],
            roster,
            size: 0,
            demo: false,
            listings: BTreeMap::new(),
            loads: BTreeMap::new(),
            applications: BTreeMap::new(),
            permits: BTreeMap::new(),
            runs: BTreeMap::new(),
            preflights: BTreeMap::new(),
            reruns: BTreeMap::new(),
            incidents: BTreeMap::new(),
            exposure: Exposure::Usual,
            ledger: None,
            rules: RuleBook::default(),
            requests: BTreeMap::new(),
            undecided: BTreeMap::new(),
            trying: BTreeMap::new(),
        }
    }

    /// Number of events folded.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The roster this record is judged by.
    #[must_use]
    pub fn roster(&self) -> &Roster {
        &self.roster
    }

    /// Index of the event that a repeated request made the first time.
    ///
    /// # Errors
    /// [`Code::KeyReused`] when the key was used for another request.
    pub fn repeated(&self, request: &RequestKey) -> Result<Option<u64>, Refusal> {
        match self.requests.get(&request.key) {
            None => Ok(None),
            Some((body, index)) if *body == request.request => Ok(Some(*index)),
            Some(_) => Err(Refusal::new(Code::KeyReused, "this Idempotency-Key was used for another request; choose a new one")),
        }
    }

    /// Folds the next event, or refuses it and stays as it was.
    ///
    /// # Errors
    /// The rule that the event breaks.
    pub fn admit(&mut self, event: &Event) -> Result<(), Refusal> {
        if (self.size == 0) != matches!(event.act, Act::RecordOpened { .. }) {
            return Err(Refusal::new(Code::RecordUnlawful, "a record is opened once, by its first event"));
        }
        if let Some(request) = &event.request
            && self.repeated(request)?.is_some()
        {
            return Err(Refusal::new(Code::KeyReused, "this request is in the record already"));
        }
        self.fold(event)?;
        if let Some(request) = &event.request {
            self.requests.insert(request.key.clone(), (request.request.clone(), self.size));
        }
        self.size += 1;
        Ok(())
    }

    /// Check and apply, act by act. Each arm checks everything before it changes anything.
    fn fold(&mut self, event: &Event) -> Result<(), Refusal> {
        match &event.act {
            Act::RecordOpened { origin, roster, demo } => self.open(event, origin, roster, *demo),
            Act::LogKeyRotated { rotation, signature, accepted } => self.rotate(event, rotation, signature, accepted),
            Act::ListingPublished { listing, digest } => {
                only_gateway(event)?;
                self.listings.insert(listing.clone(), digest.clone());
                Ok(())
            }
            Act::DataLoaded { report, signature } => self.load(event, report, signature),
            Act::ApplicationSubmitted { application, content } => self.apply(event, application, content),
            Act::CompletenessConfirmed { application } => self.reception(event, application, Move::Complete),
            Act::CompletenessDenied { application, .. } => self.reception(event, application, Move::Return),
            Act::VoteCast { vote } => self.vote(event, vote),
            Act::PermitIssued { permit } => self.issue(event, permit),
            Act::ExtractMade { report, signature } => self.extract(event, report, signature),
            Act::GuestBound { permit, guest, name } => self.bind(event, Kind::Guest, permit, guest, name),
            Act::CodesBound { permit, codes, name } => self.bind(event, Kind::Codes, permit, codes, name),
            Act::PreflightRequested { preflight, permit, program } => self.request_preflight(event, preflight, permit, program),
            Act::PreflightAnswered { report, signature } => self.answer_preflight(event, report, signature),
            Act::RunRequested { run, permit, program } => self.request_run(event, run, permit, program),
            Act::RunJudged { report, signature } => self.judge(event, report, signature),
            Act::ExposureReached { report, signature } => self.expose(event, report, signature),
            Act::CheckCast { run, by, commitment } => self.cast_check(event, run, by, commitment),
            Act::ChecksOpened { run, checks } => self.open_checks(event, run, checks),
            Act::Released { run, receipt } => self.release(event, run, receipt),
            Act::SampleLooked { signed } => self.look(event, signed),
            Act::PermitSuspended { order, signature } => self.suspend(event, order, signature),
            Act::PermitClosed { order, signature } => self.close(event, order, signature),
            Act::ExtractErased { report, signature } => self.erase(event, report, signature),
            Act::RerunRequested { rerun, run } => self.request_rerun(event, rerun, run),
            Act::RerunAnswered { report, signature } => self.answer_rerun(event, report, signature),
            Act::Recalled { order, signature } => self.recall(event, order, signature),
            Act::RulesProposed { proposal, text, signature } => self.propose_rules(event, proposal, text, signature),
            Act::RulesAdopted { adoption, signature } => self.adopt_rules(event, adoption, signature),
            Act::IncidentNoted { incident, noted } => self.note_incident(event, incident, noted),
            Act::IncidentClosed { incident, text } => self.close_incident(event, incident, text),
            Act::Downloaded { run, .. } => self.download(event, run),
            Act::Viewed { .. } => person(event).map(|_| ()),
            Act::Refused { .. } => Ok(()),
        }
    }

    fn open(&mut self, event: &Event, origin: &str, roster: &str, demo: bool) -> Result<(), Refusal> {
        only_gateway(event)?;
        if origin != self.roster.origin || roster != self.roster.digest() {
            return Err(Refusal::new(Code::RecordUnlawful, "the record was opened under another roster"));
        }
        self.demo = demo;
        Ok(())
    }

    fn load(&mut self, event: &Event, report: &LoadReport, signature: &str) -> Result<(), Refusal> {
        self.only_enclave(event, report, signature)?;
        let last = self.loads.get(&report.listing).map_or(0, |l| l.version);
        if report.version != last + 1 {
            return Err(Refusal::new(Code::WrongState, format!("the next data version of `{}` is {}", report.listing, last + 1)));
        }
        self.loads.insert(report.listing.clone(), report.clone());
        Ok(())
    }

    fn extract(&mut self, event: &Event, report: &ExtractReport, signature: &str) -> Result<(), Refusal> {
        self.only_enclave(event, report, signature)?;
        let case = self.permits.get_mut(&report.permit).ok_or_else(|| Refusal::not_found("permit"))?;
        // One that was begun in time may be told after the permit's last day, and not after the record says that nothing is left of it.
        if case.extract.is_some() || case.closed.is_some() || case.erased.is_some() {
            return Err(Refusal::new(Code::WrongState, "the permit has its extract, or has ended"));
        }
        case.extract = Some(report.clone());
        Ok(())
    }

    fn propose_rules(&mut self, event: &Event, proposal: &RulesProposal, text: &str, signature: &str) -> Result<(), Refusal> {
        self.rules.propose(&self.roster, person(event)?, proposal, text, signature, self.size)
    }

    fn adopt_rules(&mut self, event: &Event, adoption: &RulesAdoption, signature: &str) -> Result<(), Refusal> {
        self.rules.adopt(&self.roster, person(event)?, adoption, signature, self.size)
    }

    /// The permit, when this person is named in it. To anyone else it does not exist.
    ///
    /// # Errors
    /// [`Code::NotNamed`] or [`Code::NotFound`].
    pub fn named(&self, permit: &PermitId, person: &PersonId) -> Result<&PermitCase, Refusal> {
        let case = self.permits.get(permit).ok_or_else(|| Refusal::not_found("permit"))?;
        if !case.permit.people.contains(person) {
            return Err(Refusal::new(Code::NotNamed, "this permit does not name you; the applicant can ask for an amendment")
                .ja("この許可にあなたの名前はありません。申請者が変更を申請できます"));
        }
        Ok(case)
    }

    /// The permit, when this person may use it at this moment.
    ///
    /// # Errors
    /// [`Code::NotNamed`], [`Code::PermitSuspended`], [`Code::PermitExpired`].
    pub fn open_permit(&self, permit: &PermitId, person: &PersonId, at_ms: u64) -> Result<&PermitCase, Refusal> {
        let case = self.named(permit, person)?;
        if case.closed.is_some() {
            return Err(closed());
        }
        if case.suspended.is_some() {
            return Err(suspended());
        }
        if at_ms >= case.permit.until_ms {
            return Err(Refusal::new(Code::PermitExpired, "the permit has expired; apply again")
                .ja("許可の期限が切れています。改めて申請してください"));
        }
        Ok(case)
    }

    fn only_enclave<T: Purpose>(&self, event: &Event, value: &T, signature: &str) -> Result<(), Refusal> {
        if event.by != Actor::Enclave {
            return Err(Refusal::new(Code::NotAllowed, "only the enclave reports this"));
        }
        value.verify(signature, &self.roster.enclave_key, Code::ReportForged)
    }
}

/// The answer under a closed permit.
#[must_use]
pub fn closed() -> Refusal {
    Refusal::new(Code::PermitClosed, "the ministry has closed this permit for good; apply again")
        .ja("この許可は所管省庁により終了しました。改めて申請してください")
}

/// The answer under a suspended permit.
#[must_use]
pub fn suspended() -> Refusal {
    Refusal::new(Code::PermitSuspended, "the ministry has suspended this permit; nothing runs under it")
        .ja("この許可は所管省庁により停止されています。何も実行されません")
}

fn person(event: &Event) -> Result<&PersonId, Refusal> {
    match &event.by {
        Actor::Person(id) => Ok(id),
        _ => Err(Refusal::new(Code::NotLoggedIn, "log in first")),
    }
}

fn only_gateway(event: &Event) -> Result<(), Refusal> {
    if event.by == Actor::Gateway { Ok(()) } else { Err(Refusal::new(Code::NotAllowed, "only the gateway does this")) }
}
