//! Which events a reader wants to see, and which case an event belongs to.

use serde::de::{Deserialize, IntoDeserializer, value};
use visiting_policies::{
    case::Cases,
    record::{Act, Actor, Event},
    refusal::{Code, Refusal},
    terms::{ApplicationId, IncidentId, PermitId, PersonId, PreflightId, RerunId, RulesId, RunId},
};

/// The case that an event is about: the most particular id that it names.
pub(crate) fn subject(act: &Act) -> Option<String> {
    match act {
        Act::RecordOpened { .. } | Act::LogKeyRotated { .. } | Act::ListingPublished { .. } | Act::DataLoaded { .. } => None,
        Act::RulesProposed { proposal, .. } => Some(proposal.id().to_string()),
        Act::RulesAdopted { adoption, .. } => Some(adoption.rules.to_string()),
        Act::ApplicationSubmitted { application, .. }
        | Act::CompletenessConfirmed { application }
        | Act::CompletenessDenied { application, .. } => Some(application.to_string()),
        Act::VoteCast { vote } => Some(vote.ballot.application.to_string()),
        Act::PermitIssued { permit } => Some(permit.id.to_string()),
        Act::GuestBound { permit, .. } | Act::CodesBound { permit, .. } => Some(permit.to_string()),
        Act::ExtractMade { report, .. } => Some(report.permit.to_string()),
        Act::PreflightRequested { preflight, .. } => Some(preflight.to_string()),
        Act::PreflightAnswered { report, .. } => Some(report.preflight.to_string()),
        Act::PermitSuspended { order, .. } => Some(order.permit.to_string()),
        Act::PermitClosed { order, .. } => Some(order.permit.to_string()),
        Act::ExtractErased { report, .. } => Some(report.permit.to_string()),
        Act::RerunRequested { run, .. } => Some(run.to_string()),
        Act::RerunAnswered { report, .. } => Some(report.rerun.to_string()),
        Act::RunRequested { run, .. } | Act::Released { run, .. } | Act::Downloaded { run, .. } => Some(run.to_string()),
        Act::CheckCast { run, .. } | Act::ChecksOpened { run, .. } => Some(run.to_string()),
        Act::ExposureReached { report, .. } => report.permit.as_ref().map(ToString::to_string),
        Act::SampleLooked { signed } => Some(signed.look.run.to_string()),
        Act::Recalled { order, .. } => Some(order.run.to_string()),
        Act::IncidentNoted { incident, .. } | Act::IncidentClosed { incident, .. } => Some(incident.to_string()),
        Act::RunJudged { report, .. } => Some(report.run.to_string()),
        Act::Viewed { what } => named(what),
        // A refusal names the route, never an id: it could be an id that somebody guessed.
        Act::Refused { .. } => None,
    }
}

/// The id of a case in a path.
fn named(path: &str) -> Option<String> {
    let ids = path.split(['/', '?', '&', '=']);
    let of_permit = |id: &str| id.parse::<PermitId>().is_ok() || id.parse::<RunId>().is_ok() || id.parse::<PreflightId>().is_ok();
    let beside = |id: &str| id.parse::<RulesId>().is_ok() || id.parse::<IncidentId>().is_ok();
    let case = |id: &&str| id.parse::<ApplicationId>().is_ok() || of_permit(id) || beside(id);
    ids.into_iter().find(case).map(str::to_owned)
}

/// What a reader asked for. Everything that is named must fit.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filter {
    kinds: Vec<String>,
    person: Option<PersonId>,
    case: Option<String>,
}

impl Filter {
    /// Reads the wishes of a request.
    ///
    /// # Errors
    /// [`Code::Malformed`] for a kind that no event has, or for what is no id: a wish that nothing can fit would look like silence.
    pub(crate) fn new(kind: Option<&str>, person: Option<&str>, case: Option<&str>) -> Result<Self, Refusal> {
        let malformed = |detail: &str| Refusal::new(Code::Malformed, detail);
        let kinds: Vec<String> = kind.into_iter().flat_map(|k| k.split(',')).map(str::to_owned).collect();
        if !kinds.iter().all(|kind| is_kind(kind)) {
            return Err(malformed("`kind` is a kind of event as the record writes it, such as run_requested; several with commas between"));
        }
        if case.is_some_and(|case| named(case).as_deref() != Some(case)) {
            return Err(malformed("`case` is the id of an application, a permit, a run, a pre-flight, a change of rules or an incident"));
        }
        Ok(Self { kinds, person: person.map(str::parse).transpose()?, case: case.map(str::to_owned) })
    }

    /// True for an event that the reader wants to see.
    pub(crate) fn takes(&self, event: &Event, subject: Option<&str>, cases: &Cases) -> bool {
        let person = self.person.as_ref().is_none_or(|wanted| matches!(&event.by, Actor::Person(by) if by == wanted));
        let case = self.case.as_deref().is_none_or(|wanted| subject.is_some_and(|s| belongs(s, wanted, cases)));
        person && case && (self.kinds.is_empty() || self.kinds.contains(&event.act.kind()))
    }
}

/// A run or pre-flight belongs to its permit, a permit to its application.
fn belongs(subject: &str, wanted: &str, cases: &Cases) -> bool {
    let of_run = subject.parse::<RunId>().ok().and_then(|run| cases.runs.get(&run)).map(|run| run.permit.clone());
    let of_try = || subject.parse::<PreflightId>().ok().and_then(|id| cases.preflights.get(&id)).map(|case| case.permit.clone());
    let repeated = || subject.parse::<RerunId>().ok().and_then(|id| cases.reruns.get(&id)).and_then(|case| cases.runs.get(&case.run));
    let of_try = || of_try().or_else(|| repeated().map(|run| run.permit.clone()));
    let permit = of_run.or_else(of_try).or_else(|| subject.parse::<PermitId>().ok());
    let application = permit.as_ref().and_then(|id| cases.permits.get(id)).map(|case| case.permit.application.as_str());
    subject == wanted || permit.as_ref().is_some_and(|p| p.as_str() == wanted) || application == Some(wanted)
}

/// True when events of this kind exist: the vocabulary itself is asked, so that no second list of kinds can lag behind.
pub(crate) fn is_kind(kind: &str) -> bool {
    let alone = value::MapDeserializer::<_, value::Error>::new([("kind", kind)].into_iter().map(|(k, v)| (k, v.into_deserializer())));
    match Act::deserialize(alone) {
        Ok(_) => true,
        Err(fault) => !fault.to_string().starts_with("unknown variant"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_those_of_the_vocabulary() {
        assert!(["record_opened", "viewed", "run_judged", "refused", "permit_issued"].into_iter().all(is_kind));
        assert!(["", "checkpoint", "run", "Viewed", "viewed "].into_iter().all(|k| !is_kind(k)));
    }

    #[test]
    fn a_wish_that_nothing_can_fit_is_refused() {
        for (kind, person, case) in [
            (Some("nothing"), None, None),
            (Some("viewed,"), None, None),
            (None, Some("hanako"), None),
            (None, None, Some("per_hanako")),
            (None, None, Some("x/app_1")),
        ] {
            assert_eq!(Filter::new(kind, person, case).unwrap_err().code, Code::Malformed);
        }
        assert!(Filter::new(Some("viewed,refused"), Some("per_a"), Some("run_1")).is_ok());
    }

    #[test]
    fn a_path_names_its_case() {
        assert_eq!(named("/v1/applications/app_1").as_deref(), Some("app_1"));
        assert_eq!(named("/v1/permits/prm_1/runs?x=1").as_deref(), Some("prm_1"));
        assert_eq!(named("/v1/log/events?from=3"), None);
    }
}
