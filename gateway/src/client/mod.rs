//! The API from the other side: what the CLI and the tests speak. Blocking; nothing here knows more than the API says.

pub(crate) mod audit;
pub mod evidence;
mod follow;
mod holds;
mod http;
mod log;
mod rules;
mod samples;
mod usage;
pub mod verbs;

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use serde_json::json;
use visiting_policies::{
    permit::ApplicationContent,
    sign::{self, SigningKey},
    terms::{ColumnName, Form, OrganisationId, PermitId, PersonId, Scope},
    vote::{ClosureOrder, Decision, RecallOrder, SuspensionOrder},
};

pub use crate::problem::Problem;
use crate::wire::{
    ApplicationSummary, ApplicationView, Applications, Codes, CodesView, Completeness, GuestView, Guests, ListingView, Listings, Login,
    LoginRequest, NewApplication, NewCodes, NewGuest, NewRecall, NewRun, NewSuspension, NewVote, Nothing, PatternView, Patterns,
    PermitView, Permits, PreflightView, RecallView, RerunView, RunView, Runs, Standing,
};

/// Longest that the client lets the server wait at a time, milliseconds.
const POLL_MS: u64 = 10_000;

/// Longest that the client waits for a run or an extract in all.
const PATIENCE: Duration = Duration::from_secs(300);

/// Conditions of an approval.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Conditions {
    /// Columns that the permit must not name.
    pub remove: BTreeSet<ColumnName>,
    /// So many output checkers must look at each output.
    pub checkers: u8,
}

impl Conditions {
    fn names(&self) -> String {
        self.remove.iter().cloned().map(String::from).collect::<Vec<_>>().join(",")
    }
}

impl From<&BTreeSet<ColumnName>> for Conditions {
    fn from(remove: &BTreeSet<ColumnName>) -> Self {
        Self { remove: remove.clone(), checkers: 0 }
    }
}

/// One person's connection to a gateway.
#[derive(Debug, Clone)]
pub struct Client {
    base: String,
    token: Option<String>,
    person: Option<String>,
    agent: ureq::Agent,
}

impl Client {
    /// A client of the gateway at `base`, such as `http://127.0.0.1:8750`.
    #[must_use]
    pub fn new(base: &str) -> Self {
        Self { base: base.trim_end_matches('/').to_owned(), token: None, person: None, agent: http::agent() }
    }

    /// The same client with an earlier login.
    #[must_use]
    pub fn with_login(mut self, person: &str, token: &str) -> Self {
        self.person = Some(person.to_owned());
        self.token = Some(token.trim().to_owned());
        self
    }

    /// Logs in as a demo person; later calls are that person's.
    ///
    /// # Errors
    /// The gateway's problem.
    pub fn login(&mut self, person: &str) -> Result<Login, Problem> {
        let login: Login = self.post("/v1/demo/login", &LoginRequest { person: person.to_owned() })?;
        self.person = Some(login.person.clone());
        self.token = Some(login.token.clone());
        Ok(login)
    }

    /// Who is logged in.
    #[must_use]
    pub fn person(&self) -> Option<&str> {
        self.person.as_deref()
    }

    /// Listings that match some words.
    ///
    /// # Errors
    /// The gateway's problem.
    pub fn find(&self, words: &str) -> Result<Vec<ListingView>, Problem> {
        let found: Listings = self.get_query("/v1/listings", &[("q", words)])?;
        Ok(found.listings)
    }

    /// One listing.
    ///
    /// # Errors
    /// The gateway's problem.
    pub fn listing(&self, id: &str) -> Result<ListingView, Problem> {
        self.get(&format!("/v1/listings/{id}"))
    }

    /// Applies.
    ///
    /// # Errors
    /// The gateway's problem.
    pub fn apply(&self, application: &NewApplication) -> Result<ApplicationSummary, Problem> {
        self.post("/v1/applications", application)
    }

    /// Applications that the person may see.
    ///
    /// # Errors
    /// The gateway's problem.
    pub fn applications(&self) -> Result<Vec<ApplicationSummary>, Problem> {
        let all: Applications = self.get("/v1/applications")?;
        Ok(all.applications)
    }

    /// One application.
    ///
    /// # Errors
    /// The gateway's problem.
    pub fn application(&self, id: &str) -> Result<ApplicationView, Problem> {
        self.get(&format!("/v1/applications/{id}"))
    }

    /// Reception: the application is complete.
    ///
    /// # Errors
    /// The gateway's problem.
    pub fn confirm(&self, application: &str) -> Result<Standing, Problem> {
        self.complete(application, true, "")
    }

    /// Reception: complete, or back with remarks.
    ///
    /// # Errors
    /// The gateway's problem.
    pub fn complete(&self, application: &str, complete: bool, remarks: &str) -> Result<Standing, Problem> {
        let body = Completeness { complete, remarks: remarks.to_owned() };
        self.post(&format!("/v1/applications/{application}/completeness"), &body)
    }

    /// The text that a vote signs.
    ///
    /// # Errors
    /// The gateway's problem.
    pub fn ballot(&self, application: &str, decision: Decision, conditions: impl Into<Conditions>) -> Result<String, Problem> {
        let conditions = conditions.into();
        let (remove, checkers) = (conditions.names(), conditions.checkers.to_string());
        let query = [("decision", word(decision)), ("remove", remove), ("checkers", checkers)];
        self.text(&format!("/v1/applications/{application}/ballot"), &query.each_ref().map(|(name, value)| (*name, value.as_str())))
    }

    /// Fetches the ballot, checks that it says what is meant, signs it and votes.
    ///
    /// # Errors
    /// The gateway's problem, or the client's own when the ballot says something else.
    pub fn vote(
        &self,
        application: &str,
        decision: Decision,
        conditions: impl Into<Conditions>,
        key: &SigningKey,
    ) -> Result<Standing, Problem> {
        let conditions = conditions.into();
        let text = self.ballot(application, decision, conditions.clone())?;
        self.check_ballot(&text, application, decision, &conditions)?;
        self.cast(application, decision, conditions, &key.sign(text.as_bytes()))
    }

    /// Votes with a signature made elsewhere.
    ///
    /// # Errors
    /// The gateway's problem.
    pub fn cast(
        &self,
        application: &str,
        decision: Decision,
        conditions: impl Into<Conditions>,
        signature: &str,
    ) -> Result<Standing, Problem> {
        let Conditions { remove, checkers } = conditions.into();
        let body = NewVote { decision, remove, checkers, signature: signature.to_owned() };
        self.post(&format!("/v1/applications/{application}/votes"), &body)
    }

    /// Nobody signs what they did not mean: the text comes from the server, so every line is compared with the client's own, the
    /// content's digest with what the server shows of the application.
    fn check_ballot(&self, text: &str, application: &str, decision: Decision, conditions: &Conditions) -> Result<(), Problem> {
        let member = self.person.as_deref().unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        let mut meant = vec![
            format!("application: {application}"),
            format!("content: {}", self.shown_content(application)?.digest()),
            format!("member: {member}"),
            format!("decision: {}", word(decision)),
            format!("remove: {}", conditions.names()),
        ];
        if conditions.checkers > 0 {
            meant.push(format!("checkers: {}", conditions.checkers));
        }
        let sound = lines.len() == meant.len() + 1
            && lines.first() == Some(&"visiting vote v1")
            && meant.iter().all(|m| lines.contains(&m.as_str()));
        if sound { Ok(()) } else { Err(Problem::unreachable("the server's ballot does not say what you mean; nothing was signed")) }
    }

    /// The application as this person is shown it.
    fn shown_content(&self, application: &str) -> Result<ApplicationContent, Problem> {
        let shown = self.application(application)?;
        let fault = |_| Problem::unreachable("the server shows an organisation that is none; nothing was signed");
        let organisations = shown.organisations.into_iter().map(OrganisationId::try_from).collect::<Result<_, _>>().map_err(fault)?;
        Ok(ApplicationContent {
            team: shown.team,
            organisations,
            purpose: sign::digest(shown.purpose.as_bytes()),
            scope: Scope { columns: shown.columns, period: shown.period, form: Form::Pseudonymised },
            until_ms: shown.until_ms,
        })
    }

    /// Permits that the person may see.
    ///
    /// # Errors
    /// The gateway's problem.
    pub fn permits(&self) -> Result<Vec<PermitView>, Problem> {
        let all: Permits = self.get("/v1/permits")?;
        Ok(all.permits)
    }

    /// One permit.
    ///
    /// # Errors
    /// The gateway's problem.
    pub fn permit(&self, id: &str) -> Result<PermitView, Problem> {
        self.get(&format!("/v1/permits/{id}"))
    }

    /// The permit, once its extract is ready (or it can no longer be).
    ///
    /// # Errors
    /// The gateway's problem, or the client's own when it takes too long.
    pub fn wait_extract(&self, permit: &str) -> Result<PermitView, Problem> {
        patiently("the extract", || {
            let view: PermitView = self.get_query(&format!("/v1/permits/{permit}"), &[("wait_ms", &POLL_MS.to_string())])?;
            Ok(Some(view).filter(|p| p.extract == "ready" || p.status != "active"))
        })
    }

    /// The ministry stops a permit; signs the order with its key.
    ///
    /// # Errors
    /// The gateway's problem.
    pub fn suspend(&self, permit: &str, reason: &str, key: &SigningKey) -> Result<PermitView, Problem> {
        let bad = |e: visiting_policies::Refusal| Problem::from(e);
        let id: PermitId = permit.parse().map_err(bad)?;
        let by: PersonId = self.person.clone().unwrap_or_default().parse().map_err(bad)?;
        let order = SuspensionOrder { permit: id, by, reason: reason.to_owned() };
        let body = NewSuspension { reason: reason.to_owned(), signature: key.sign(order.text().as_bytes()) };
        self.post(&format!("/v1/permits/{permit}/suspension"), &body)
    }

    /// The ministry ends a permit for good; signs the order with its key.
    ///
    /// # Errors
    /// The gateway's problem.
    pub fn close(&self, permit: &str, reason: &str, key: &SigningKey) -> Result<PermitView, Problem> {
        let bad = |e: visiting_policies::Refusal| Problem::from(e);
        let id: PermitId = permit.parse().map_err(bad)?;
        let by: PersonId = self.person.clone().unwrap_or_default().parse().map_err(bad)?;
        let order = ClosureOrder { permit: id, by, reason: reason.to_owned() };
        let body = NewSuspension { reason: reason.to_owned(), signature: key.sign(order.text().as_bytes()) };
        self.post(&format!("/v1/permits/{permit}/closure"), &body)
    }

    /// Has a released run repeated, and waits for what comes of it.
    ///
    /// # Errors
    /// The gateway's problem.
    pub fn rerun(&self, run: &str) -> Result<RerunView, Problem> {
        let mut view: RerunView = self.post(&format!("/v1/runs/{run}/reruns"), &Nothing {})?;
        while let ("queued", Some(id)) = (view.status.as_str(), &view.id) {
            view = self.get_query(&format!("/v1/reruns/{id}"), &[("wait_ms", &POLL_MS.to_string())])?;
        }
        Ok(view)
    }

    /// The ministry recalls a release; signs the order with its key.
    ///
    /// # Errors
    /// The gateway's problem.
    pub fn recall(&self, run: &str, reason: &str, key: &SigningKey) -> Result<RecallView, Problem> {
        let by: PersonId = self.person.clone().unwrap_or_default().parse().map_err(Problem::from)?;
        let order = RecallOrder { run: run.parse().map_err(Problem::from)?, by, reason: reason.to_owned() };
        let body = NewRecall { reason: reason.to_owned(), signature: key.sign(order.text().as_bytes()) };
        self.post(&format!("/v1/runs/{run}/recall"), &body)
    }

    /// Who has fetched a release, for the ministry.
    ///
    /// # Errors
    /// The gateway's problem.
    pub fn fetched(&self, run: &str) -> Result<RecallView, Problem> {
        self.get(&format!("/v1/runs/{run}/recall"))
    }

    /// Uploads a guest: it is examined and, when it passes, bound to the permit.
    ///
    /// # Errors
    /// The gateway's problem, with every finding.
    pub fn bind_guest(&self, permit: &str, manifest: &str, module: &[u8]) -> Result<GuestView, Problem> {
        let body = NewGuest { manifest: manifest.to_owned(), module: sign::to_base64(module) };
        self.post(&format!("/v1/permits/{permit}/guests"), &body)
    }

    /// Guests of a permit.
    ///
    /// # Errors
    /// The gateway's problem.
    pub fn guests(&self, permit: &str) -> Result<Vec<GuestView>, Problem> {
        let all: Guests = self.get(&format!("/v1/permits/{permit}/guests"))?;
        Ok(all.guests)
    }

    /// Uploads a code list: it is examined and, when it passes, bound to the permit.
    ///
    /// # Errors
    /// The gateway's problem, with line and column.
    pub fn bind_codes(&self, permit: &str, name: &str, csv: &str) -> Result<CodesView, Problem> {
        self.post(&format!("/v1/permits/{permit}/codes"), &NewCodes { name: name.to_owned(), csv: csv.to_owned() })
    }

    /// Code lists that a permit's SQL can name.
    ///
    /// # Errors
    /// The gateway's problem.
    pub fn codes(&self, permit: &str) -> Result<Codes, Problem> {
        self.get(&format!("/v1/permits/{permit}/codes"))
    }

    /// Asks for a run; does not wait for it.
    ///
    /// # Errors
    /// The gateway's problem.
    pub fn run(&self, permit: &str, sql: &str) -> Result<RunView, Problem> {
        self.post(&format!("/v1/permits/{permit}/runs"), &NewRun { sql: sql.to_owned() })
    }

    /// Asks for a pre-flight on synthetic data; does not wait for it.
    ///
    /// # Errors
    /// The gateway's problem.
    pub fn preflight(&self, permit: &str, sql: &str) -> Result<PreflightView, Problem> {
        self.post(&format!("/v1/permits/{permit}/preflights"), &NewRun { sql: sql.to_owned() })
    }

    /// The pre-flight, once it is answered.
    ///
    /// # Errors
    /// The gateway's problem, or the client's own when it takes too long.
    pub fn wait_preflight(&self, preflight: &str) -> Result<PreflightView, Problem> {
        patiently("the pre-flight", || {
            let view: PreflightView = self.get_query(&format!("/v1/preflights/{preflight}"), &[("wait_ms", &POLL_MS.to_string())])?;
            Ok(Some(view).filter(|v| v.status == "answered"))
        })
    }

    /// Runs of a permit.
    ///
    /// # Errors
    /// The gateway's problem.
    pub fn runs(&self, permit: &str) -> Result<Vec<RunView>, Problem> {
        let all: Runs = self.get(&format!("/v1/permits/{permit}/runs"))?;
        Ok(all.runs)
    }

    /// Patterns of use, for the auditor.
    ///
    /// # Errors
    /// The gateway's problem.
    pub fn patterns(&self) -> Result<Vec<PatternView>, Problem> {
        let all: Patterns = self.get("/v1/patterns")?;
        Ok(all.patterns)
    }

    /// One run as it stands.
    ///
    /// # Errors
    /// The gateway's problem.
    pub fn show_run(&self, run: &str) -> Result<RunView, Problem> {
        self.get(&format!("/v1/runs/{run}"))
    }

    /// The run, once it is released or refused.
    ///
    /// # Errors
    /// The gateway's problem, or the client's own when it takes too long.
    pub fn wait(&self, run: &str) -> Result<RunView, Problem> {
        patiently("the run", || {
            let view: RunView = self.get_query(&format!("/v1/runs/{run}"), &[("wait_ms", &POLL_MS.to_string())])?;
            Ok(Some(view).filter(RunView::is_final))
        })
    }

    /// A released file's bytes.
    ///
    /// # Errors
    /// The gateway's problem.
    pub fn file(&self, run: &str, name: &str) -> Result<Vec<u8>, Problem> {
        self.bytes(&format!("/v1/runs/{run}/files/{name}"), &[])
    }

    /// Any POST under a key of the caller's choice, for those who try what the typed calls cannot say.
    ///
    /// # Errors
    /// The gateway's problem.
    pub fn post_as(&self, path: &str, key: &str, body: &serde_json::Value) -> Result<serde_json::Value, Problem> {
        let answer = self.send(path, key, &body.to_string())?;
        serde_json::from_slice(&answer).or_else(|_| Ok(json!(String::from_utf8_lossy(&answer))))
    }
}

fn word(decision: Decision) -> String {
    crate::app::name(decision)
}

/// Polls until there is an answer; the waiting happens at the server.
fn patiently<T>(what: &str, mut poll: impl FnMut() -> Result<Option<T>, Problem>) -> Result<T, Problem> {
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        if let Some(answer) = poll()? {
            return Ok(answer);
        }
    }
    Err(Problem::unreachable(format!("{what} takes longer than {} s; ask again later", PATIENCE.as_secs())))
}
