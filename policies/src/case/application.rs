//! Applications (利用申請) in the fold, from the desk to the permit: who may move one, and where to.

use super::{Cases, PermitCase, only_gateway, person};
use crate::{
    permit::{self, ApplicationContent, Permit, SignedBallot},
    record::Event,
    refusal::{Code, Refusal},
    terms::{ApplicationId, PermitId, PersonId, Role},
    vote::Decision,
};

/// Where an application stands. The table of legal steps is [`step`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApplicationStatus {
    /// 申請済: waits for reception.
    Submitted,
    /// 審査中: complete, the committee votes.
    UnderReview,
    /// 差戻し.
    Returned,
    /// 承認: a permit exists.
    Approved,
    /// 不承認.
    Rejected,
}

/// What moves an application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// Reception: complete.
    Complete,
    /// Reception or a member: back.
    Return,
    /// A member's rejection.
    Reject,
    /// A vote that decides nothing yet.
    Vote,
    /// The permit.
    Permit,
}

/// Every legal step of an application; what is not here is refused.
pub const STEPS: &[(ApplicationStatus, Move, ApplicationStatus)] = &[
    (ApplicationStatus::Submitted, Move::Complete, ApplicationStatus::UnderReview),
    (ApplicationStatus::Submitted, Move::Return, ApplicationStatus::Returned),
    (ApplicationStatus::UnderReview, Move::Vote, ApplicationStatus::UnderReview),
    (ApplicationStatus::UnderReview, Move::Return, ApplicationStatus::Returned),
    (ApplicationStatus::UnderReview, Move::Reject, ApplicationStatus::Rejected),
    (ApplicationStatus::UnderReview, Move::Permit, ApplicationStatus::Approved),
];

/// The status after a move.
///
/// # Errors
/// [`Code::WrongState`] when the table has no such step.
pub fn step(from: ApplicationStatus, by: Move) -> Result<ApplicationStatus, Refusal> {
    let found = STEPS.iter().find(|(status, way, _)| *status == from && *way == by);
    let refusal = || Refusal::new(Code::WrongState, format!("the application is {from:?}; this step does not start there"));
    found.map(|(_, _, to)| *to).ok_or_else(refusal)
}

/// One application.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct Application {
    /// Who applied.
    pub applicant: PersonId,
    /// What for.
    pub content: ApplicationContent,
    /// Where it stands.
    pub status: ApplicationStatus,
    /// Votes so far.
    pub votes: Vec<SignedBallot>,
}

impl Cases {
    pub(super) fn apply(&mut self, event: &Event, id: &ApplicationId, content: &ApplicationContent) -> Result<(), Refusal> {
        let applicant = person(event)?;
        self.roster.holding(applicant, Role::Researcher)?;
        if !content.team.contains(applicant) {
            return Err(Refusal::new(Code::Malformed, "the applicant must be in the team"));
        }
        for member in &content.team {
            let member = self.roster.member(member)?;
            if !content.organisations.contains(&member.organisation) {
                return Err(Refusal::new(Code::Malformed, "name the organisation of every team member"));
            }
        }
        if let Some(missing) = content.scope.columns.keys().find(|l| !self.loads.contains_key(*l)) {
            return Err(Refusal::new(Code::ListingUnknown, format!("the listing `{missing}` has no data to apply for")));
        }
        if content.scope.columns.is_empty() || content.until_ms <= event.at_ms || self.applications.contains_key(id) {
            return Err(Refusal::new(Code::Malformed, "an application names at least one table and a last moment in the future"));
        }
        let case =
            Application { applicant: applicant.clone(), content: content.clone(), status: ApplicationStatus::Submitted, votes: Vec::new() };
        self.applications.insert(id.clone(), case);
        Ok(())
    }

    pub(super) fn reception(&mut self, event: &Event, id: &ApplicationId, by: Move) -> Result<(), Refusal> {
        self.roster.holding(person(event)?, Role::Reception)?;
        let case = self.applications.get_mut(id).ok_or_else(|| Refusal::not_found("application"))?;
        case.status = step(case.status, by)?;
        Ok(())
    }

    pub(super) fn vote(&mut self, event: &Event, vote: &SignedBallot) -> Result<(), Refusal> {
        let member = person(event)?;
        if *member != vote.ballot.member {
            return Err(Refusal::new(Code::VoteForged, "a member casts only their own vote"));
        }
        let case = self.applications.get_mut(&vote.ballot.application).ok_or_else(|| Refusal::not_found("application"))?;
        permit::check_vote(vote, &case.content, &self.roster)?;
        let by = match vote.ballot.decision {
            Decision::Approve => Move::Vote,
            Decision::Reject => Move::Reject,
            Decision::Return => Move::Return,
        };
        let status = step(case.status, by)?;
        if case.votes.iter().any(|v| v.ballot.member == *member) {
            return Err(Refusal::new(Code::AlreadyVoted, "you have voted on this application; a vote stands"));
        }
        case.status = status;
        case.votes.push(vote.clone());
        Ok(())
    }

    pub(super) fn issue(&mut self, event: &Event, permit: &Permit) -> Result<(), Refusal> {
        only_gateway(event)?;
        let index = self.size;
        let case = self.applications.get_mut(&permit.application).ok_or_else(|| Refusal::not_found("application"))?;
        let status = step(case.status, Move::Permit)?;
        let granted = permit::grant(&permit.id, &permit.application, &case.content, &case.votes, &self.roster);
        if granted.as_ref() != Some(permit) || self.permits.contains_key(&permit.id) {
            return Err(Refusal::new(Code::PermitNotGranted, "the permit is not what the committee's votes grant"));
        }
        case.status = status;
        self.permits.insert(permit.id.clone(), PermitCase::new(permit.clone(), index));
        Ok(())
    }

    /// The permit that the votes on `application` grant now under the id `permit`.
    #[must_use]
    pub fn granted(&self, application: &ApplicationId, permit: &PermitId) -> Option<Permit> {
        let case = self.applications.get(application)?;
        permit::grant(permit, application, &case.content, &case.votes, &self.roster)
    }
}
