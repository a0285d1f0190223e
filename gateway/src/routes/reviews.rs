//! 審査: completeness, ballots, votes.

use std::collections::BTreeSet;

use axum::{
    extract::{Path, State},
    http::StatusCode,
};
use serde::Deserialize;
use utoipa::IntoParams;
use visiting_policies::{
    case::ApplicationStatus,
    permit::SignedBallot,
    record::{Act, Actor, Event},
    refusal::{Code, Refusal},
    terms::{ApplicationId, ColumnName, PersonId, Role},
    vote::{Ballot, Decision},
};

use super::applications::visible;
use crate::{
    app::{Answer, App, Asked, Call, Shared, id, json, name},
    problem::Problem,
    wire::{Completeness, NewVote, Standing},
};

/// What the record calls these acts when they are refused.
pub(crate) const JUDGE: &str = "POST /v1/applications/{id}/completeness";
pub(crate) const BALLOT: &str = "GET /v1/applications/{id}/ballot";
pub(crate) const CAST: &str = "POST /v1/applications/{id}/votes";

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Draft {
    /// `approve`, `reject` or `return`.
    #[param(value_type = String)]
    pub(crate) decision: Decision,
    /// Columns to remove, each `listing.table.column`, separated by commas.
    #[serde(default)]
    pub(crate) remove: String,
    /// So many output checkers must look at each output of the permit.
    #[serde(default)]
    pub(crate) checkers: u8,
}

/// Reception: complete, or back with remarks.
#[utoipa::path(
    post,
    path = "/v1/applications/{id}/completeness",
    tag = "review",
    security(("login" = [])),
    params(("id" = String, Path, description = "Application"), ("Idempotency-Key" = String, Header, description = "Names this request")),
    request_body = Completeness,
    responses((status = 200, body = Standing), (status = "default", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn judge_completeness(State(app): State<Shared>, Path(application): Path<String>, call: Call) -> Answer {
    let work = async { Ok(json(StatusCode::OK, judge(&app, call.asked()?, &application).await?)) };
    app.guard(call.actor(), JUDGE, work).await
}

/// The exact text that a member signs.
#[utoipa::path(
    get,
    path = "/v1/applications/{id}/ballot",
    tag = "review",
    security(("login" = [])),
    params(("id" = String, Path, description = "Application"), Draft),
    responses((status = 200, body = String, content_type = "text/plain"), (status = "default", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn show_ballot(State(app): State<Shared>, Path(application): Path<String>, call: Call) -> Answer {
    let work = async { Ok(draft(&app, call.person()?, &application, call.query())?.text()) };
    app.guard(call.actor(), BALLOT, work).await
}

/// Vote with the member's own signature. The vote that completes the quorum brings the permit with it.
#[utoipa::path(
    post,
    path = "/v1/applications/{id}/votes",
    tag = "review",
    security(("login" = [])),
    params(("id" = String, Path, description = "Application"), ("Idempotency-Key" = String, Header, description = "Names this request")),
    request_body = NewVote,
    responses((status = 200, body = Standing), (status = "default", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn cast_vote(State(app): State<Shared>, Path(application): Path<String>, call: Call) -> Answer {
    let work = async { Ok(json(StatusCode::OK, cast(&app, call.asked()?, &application).await?)) };
    app.guard(call.actor(), CAST, work).await
}

/// Reception's finding.
pub(crate) async fn judge(app: &App, asked: Asked<Completeness>, application: &str) -> Result<Standing, Refusal> {
    let Asked { person, request, body } = asked;
    let index = match app.desk.repeated(&request)? {
        Some(index) => index,
        None => {
            app.desk.view().cases.roster().holding(&person, Role::Reception)?;
            let body = body?;
            let act = finding(app, id(application, "application")?, body).await?;
            app.desk.act(Actor::Person(person), Some(request), act).await?
        }
    };
    standing(app, index).await
}

async fn finding(app: &App, application: ApplicationId, body: Completeness) -> Result<Act, Refusal> {
    if body.complete {
        return Ok(Act::CompletenessConfirmed { application });
    }
    if body.remarks.trim().is_empty() {
        return Err(Refusal::new(Code::Malformed, "say in `remarks` what is missing"));
    }
    Ok(Act::CompletenessDenied { application, remarks: app.documents.put(body.remarks).await? })
}

fn member_only(app: &App, person: &PersonId) -> Result<(), Refusal> {
    app.desk.view().cases.roster().holding(person, Role::CommitteeMember).map(|_| ())
}

/// The ballot that a member would sign.
pub(crate) fn draft(app: &App, member: PersonId, application: &str, draft: Result<Draft, Refusal>) -> Result<Ballot, Refusal> {
    member_only(app, &member)?;
    let draft = draft?;
    let names = draft.remove.split(',').filter(|n| !n.is_empty());
    let remove = names.map(|n| ColumnName::try_from(n.to_owned())).collect::<Result<_, _>>()?;
    ballot(app, member, id(application, "application")?, (draft.decision, remove, draft.checkers))
}

fn ballot(
    app: &App,
    member: PersonId,
    application: ApplicationId,
    (decision, remove, checkers): (Decision, BTreeSet<ColumnName>, u8),
) -> Result<Ballot, Refusal> {
    let (case, _) = visible(app, &member, &application)?;
    Ok(Ballot { application, content: case.content.digest(), member, decision, remove, checkers })
}

/// Votes.
pub(crate) async fn cast(app: &App, asked: Asked<NewVote>, application: &str) -> Result<Standing, Refusal> {
    let Asked { person: member, request, body } = asked;
    let index = match app.desk.repeated(&request)? {
        Some(index) => index,
        None => {
            member_only(app, &member)?;
            let body = body?;
            let ballot = ballot(app, member.clone(), id(application, "application")?, (body.decision, body.remove, body.checkers))?;
            let vote = SignedBallot { ballot, signature: body.signature };
            app.desk.act(Actor::Person(member), Some(request), Act::VoteCast { vote }).await?
        }
    };
    standing(app, index).await
}

/// The answer is read off the record, so a repeated request gets the same one, also after a crash.
async fn standing(app: &App, index: u64) -> Result<Standing, Refusal> {
    let (event, next) = app.desk.event_and_next(index).await?;
    let (status, permit) = match event.act {
        Act::CompletenessConfirmed { .. } => (ApplicationStatus::UnderReview, None),
        Act::CompletenessDenied { .. } => (ApplicationStatus::Returned, None),
        Act::VoteCast { vote } => outcome(&vote.ballot, next),
        _ => return Err(Refusal::new(Code::KeyReused, "this Idempotency-Key was used for another request; choose a new one")),
    };
    Ok(Standing { status: name(status), permit })
}

/// A permit that follows from a vote stands right behind it, in the same write.
fn outcome(ballot: &Ballot, next: Option<Event>) -> (ApplicationStatus, Option<String>) {
    if let Some(Act::PermitIssued { permit }) = next.map(|e| e.act)
        && permit.application == ballot.application
    {
        return (ApplicationStatus::Approved, Some(permit.id.to_string()));
    }
    match ballot.decision {
        Decision::Approve => (ApplicationStatus::UnderReview, None),
        Decision::Reject => (ApplicationStatus::Rejected, None),
        Decision::Return => (ApplicationStatus::Returned, None),
    }
}
