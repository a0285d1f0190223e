//! Recall (取消し) of a release that should not have left: the ministry signs it, files are no longer given out, and it hears who has
//! fetched them. What was shown stays in the ledger: it cannot be unseen.

use axum::{
    extract::{Path, State},
    http::StatusCode,
};
use visiting_policies::{
    case::RunCase,
    record::{Act, Actor},
    refusal::Refusal,
    terms::{PersonId, Role, RunId},
    vote::RecallOrder,
};

use crate::{
    app::{Answer, App, Asked, Call, Shared, id, json},
    problem::Problem,
    wire::{NewRecall, Objection, RecallView, ReleaseSummary, Releases},
};

pub(crate) const LIST: &str = "GET /v1/releases";
pub(crate) const SHOW: &str = "GET /v1/runs/{id}/recall";
pub(crate) const RECALL: &str = "POST /v1/runs/{id}/recall";

/// All releases, what a checker wants recalled first. For the ministry.
#[utoipa::path(
    get,
    path = "/v1/releases",
    tag = "recall",
    security(("login" = [])),
    responses((status = 200, body = Releases), (status = "default", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn list_releases(State(app): State<Shared>, call: Call) -> Answer {
    let work = async { Ok(json(StatusCode::OK, Releases { releases: list(&app, &call.person()?)? })) };
    app.guard(call.actor(), LIST, work).await
}

/// Who has fetched a release, and whether it was recalled. For the ministry; looking is an event.
#[utoipa::path(
    get,
    path = "/v1/runs/{id}/recall",
    tag = "recall",
    security(("login" = [])),
    params(("id" = String, Path, description = "Run")),
    responses((status = 200, body = RecallView), (status = "default", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn show_recall(State(app): State<Shared>, Path(run): Path<String>, call: Call) -> Answer {
    let work = async { Ok(json(StatusCode::OK, show(&app, &call.person()?, &run).await?)) };
    app.guard(call.actor(), SHOW, work).await
}

/// Recall a release, signed by the ministry. From this event on its files are not given out.
#[utoipa::path(
    post,
    path = "/v1/runs/{id}/recall",
    tag = "recall",
    security(("login" = [])),
    params(("id" = String, Path, description = "Run"), ("Idempotency-Key" = String, Header, description = "Names this request")),
    request_body = NewRecall,
    responses((status = 200, body = RecallView), (status = "default", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn recall_release(State(app): State<Shared>, Path(run): Path<String>, call: Call) -> Answer {
    let work = async { Ok(json(StatusCode::OK, recall(&app, call.asked()?, &run).await?)) };
    app.guard(call.actor(), RECALL, work).await
}

/// What the ministry sees before it recalls. Looking is an event.
pub(crate) async fn show(app: &App, person: &PersonId, run: &str) -> Result<RecallView, Refusal> {
    let id = released(app, person, run)?;
    app.desk.act(Actor::Person(person.clone()), None, Act::Viewed { what: format!("/v1/runs/{id}/recall") }).await?;
    view(app, &id)
}

/// All releases: what a checker wants recalled and is not yet first, then the newest.
pub(crate) fn list(app: &App, person: &PersonId) -> Result<Vec<ReleaseSummary>, Refusal> {
    let view = app.desk.view();
    view.cases.roster().holding(person, Role::Ministry)?;
    let moment = |run: &RunId| view.moments.get(run.as_str()).copied().unwrap_or_default();
    let summary = |(run, case): (&RunId, &RunCase)| ReleaseSummary {
        run: run.to_string(),
        permit: case.permit.to_string(),
        released_ms: moment(run),
        fetched: case.fetched.len(),
        objection: objection(case),
        recalled: case.recalled.clone(),
    };
    let mut all: Vec<ReleaseSummary> = view.cases.runs.iter().filter(|(_, case)| case.released.is_some()).map(summary).collect();
    all.sort_by_key(|release| (release.objection.is_none() || release.recalled.is_some(), std::cmp::Reverse(release.released_ms)));
    Ok(all)
}

fn objection(case: &RunCase) -> Option<Objection> {
    case.objection().map(|signed| Objection { by: signed.look.by.to_string(), reason: signed.look.reason.clone() })
}

/// The ministry's recall, signed.
pub(crate) async fn recall(app: &App, asked: Asked<NewRecall>, run: &str) -> Result<RecallView, Refusal> {
    let Asked { person, request, body } = asked;
    let run = released(app, &person, run)?;
    if app.desk.repeated(&request)?.is_none() {
        let NewRecall { reason, signature } = body?;
        let order = RecallOrder { run: run.clone(), by: person.clone(), reason };
        app.desk.act(Actor::Person(person), Some(request), Act::Recalled { order, signature }).await?;
    }
    view(app, &run)
}

/// The run, when this is the ministry and something of it left.
fn released(app: &App, person: &PersonId, run: &str) -> Result<RunId, Refusal> {
    let view = app.desk.view();
    view.cases.roster().holding(person, Role::Ministry)?;
    let run: RunId = id(run, "release")?;
    let left = view.cases.runs.get(&run).is_some_and(|case| case.released.is_some());
    if left { Ok(run) } else { Err(Refusal::not_found("release")) }
}

fn view(app: &App, run: &RunId) -> Result<RecallView, Refusal> {
    let view = app.desk.view();
    let case = view.cases.runs.get(run).ok_or_else(|| Refusal::not_found("release"))?;
    Ok(RecallView {
        run: run.to_string(),
        permit: case.permit.to_string(),
        objection: objection(case),
        recalled: case.recalled.clone(),
        fetched: case.fetched.iter().map(ToString::to_string).collect(),
    })
}
