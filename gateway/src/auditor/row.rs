//! What one leaf becomes: who did what, about which case, over which databases, and what came of it.

use std::collections::BTreeSet;

use visiting_policies::{
    Code,
    case::Cases,
    check::Finding,
    record::{Act, Actor, Event},
    refusal::Refusal,
    terms::{ApplicationId, IncidentId, PermitId, PreflightId, RerunId, RunId},
};

use crate::{app::name, stream::filter::subject};

/// Outcomes that are no refusal's code. A refused request is `refused`; the rest is what a vote, a verdict or an opinion says.
pub(crate) const OUTCOMES: &[&str] = &[
    "ok",
    "refused",
    "release",
    "suppress",
    "hold",
    "refuse",
    "approve",
    "reject",
    "return",
    "fine",
    "recall",
    "usual",
    "alert",
    "same",
    "differs",
    "not_repeated",
];

/// One leaf of the record, folded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) index: u64,
    pub(super) at_ms: u64,
    /// `person`, `gateway`, `enclave` or `nobody`.
    pub(super) actor: &'static str,
    pub(super) person: Option<String>,
    /// Kind of the event.
    pub(super) action: String,
    pub(super) about: About,
    /// Databases that the case may read, or that the event is about.
    pub(super) databases: BTreeSet<String>,
    /// One of [`OUTCOMES`].
    pub(super) outcome: String,
    /// Code of a refusal.
    pub(super) code: Option<String>,
    /// What was read, or tried.
    pub(super) route: Option<String>,
    /// Events that an incident is about.
    pub(super) leaves: BTreeSet<u64>,
    pub(super) leaf: String,
}

/// The case: the id that the event names, and what that stands under.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct About {
    pub(super) application: Option<String>,
    pub(super) permit: Option<String>,
    pub(super) run: Option<String>,
    pub(super) preflight: Option<String>,
    pub(super) incident: Option<String>,
}

impl Row {
    /// Folds one leaf. `cases` is the fold of all that is durable, so that later events cannot be missing in it.
    pub(super) fn of(index: u64, leaf: String, cases: &Cases) -> Result<Self, Refusal> {
        let event = Event::from_bytes(leaf.as_bytes())?;
        let (actor, person) = who(&event.by);
        let about = About::of(&event.act, cases);
        let (outcome, code) = outcome(&event.act);
        let leaves = match &event.act {
            Act::IncidentNoted { noted, .. } => noted.leaves.clone(),
            _ => BTreeSet::new(),
        };
        Ok(Self {
            index,
            at_ms: event.at_ms,
            actor,
            person,
            action: event.act.kind(),
            databases: databases(&event.act, &about, cases),
            about,
            outcome,
            code: code.map(Code::name),
            route: route(&event.act),
            leaves,
            leaf,
        })
    }
}

/// The kind of actor, and the person where it is one.
pub(super) fn who(by: &Actor) -> (&'static str, Option<String>) {
    match by {
        Actor::Person(id) => ("person", Some(id.to_string())),
        Actor::Gateway => ("gateway", None),
        Actor::Enclave => ("enclave", None),
        Actor::Nobody => ("nobody", None),
    }
}

impl About {
    fn of(act: &Act, cases: &Cases) -> Self {
        let mut about = Self::default();
        let Some(subject) = subject(act) else { return about };
        if subject.parse::<IncidentId>().is_ok() {
            about.incident = Some(subject);
        } else if let Ok(run) = subject.parse::<RunId>() {
            let permit = cases.runs.get(&run).map(|case| case.permit.clone());
            about.run = Some(subject);
            about.under(permit, cases);
        } else if let Ok(preflight) = subject.parse::<PreflightId>() {
            let permit = cases.preflights.get(&preflight).map(|case| case.permit.clone());
            about.preflight = Some(subject);
            about.under(permit, cases);
        } else if let Some(case) = subject.parse::<RerunId>().ok().and_then(|rerun| cases.reruns.get(&rerun)) {
            about.run = Some(case.run.to_string());
            about.under(cases.runs.get(&case.run).map(|run| run.permit.clone()), cases);
        } else if let Ok(permit) = subject.parse::<PermitId>() {
            about.under(Some(permit), cases);
        } else if subject.parse::<ApplicationId>().is_ok() {
            about.application = Some(subject);
        }
        about
    }

    fn under(&mut self, permit: Option<PermitId>, cases: &Cases) {
        let Some(permit) = permit else { return };
        self.application = cases.permits.get(&permit).map(|case| case.permit.application.to_string());
        self.permit = Some(permit.to_string());
    }
}

/// The databases of the case: what its permit may read, or what its application asks for.
fn databases(act: &Act, about: &About, cases: &Cases) -> BTreeSet<String> {
    match act {
        Act::ListingPublished { listing, .. } => return BTreeSet::from([listing.clone()]),
        Act::DataLoaded { report, .. } => return BTreeSet::from([report.listing.clone()]),
        _ => {}
    }
    let permit = about.permit.as_ref().and_then(|id| cases.permits.get(&id.parse().ok()?)).map(|case| &case.permit.scope);
    let application = || about.application.as_ref().and_then(|id| cases.applications.get(&id.parse().ok()?)).map(|a| &a.content.scope);
    permit.or_else(application).map(|scope| scope.columns.keys().cloned().collect()).unwrap_or_default()
}

/// What came of it, as one of [`OUTCOMES`], and the code of a refusal.
fn outcome(act: &Act) -> (String, Option<Code>) {
    match act {
        Act::Refused { code, .. } => ("refused".to_owned(), Some(*code)),
        Act::RunJudged { report, .. } => (name(report.verdict), report.refusal.as_ref().map(|refusal| refusal.code)),
        Act::PreflightAnswered { report, .. } => (name(report.verdict), report.refusal.as_ref().map(|refusal| refusal.code)),
        Act::RerunAnswered { report, .. } => (name(report.outcome), None),
        Act::VoteCast { vote } => (name(vote.ballot.decision), None),
        Act::CompletenessDenied { .. } => ("return".to_owned(), None),
        Act::ChecksOpened { checks, .. } => {
            let refused = checks.iter().any(|signed| signed.check.finding == Finding::Refuse);
            if refused { ("refuse".to_owned(), Some(Code::NotReleasedByCheckers)) } else { ("release".to_owned(), None) }
        }
        Act::SampleLooked { signed } => (name(signed.look.opinion), None),
        Act::ExposureReached { report, .. } => (name(report.exposure), None),
        _ => ("ok".to_owned(), None),
    }
}

fn route(act: &Act) -> Option<String> {
    match act {
        Act::Viewed { what } => Some(what.clone()),
        Act::Refused { tried, .. } => Some(tried.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::portal::acts;

    #[test]
    fn every_kind_has_an_outcome_that_can_be_asked_for() {
        for act in acts() {
            let (outcome, _) = outcome(&act);
            assert!(OUTCOMES.contains(&outcome.as_str()), "{outcome} of {}", act.kind());
        }
    }

    #[test]
    fn refusals_have_codes_and_what_is_done_has_none() {
        let coded = acts().iter().filter(|act| outcome(act).1.is_some()).map(Act::kind).collect::<Vec<_>>();
        assert_eq!(coded, ["preflight_answered", "run_judged", "checks_opened", "refused"]);
    }
}
