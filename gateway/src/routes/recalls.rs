//! Recall (取消し) of a release that should not have left: the ministry signs it, files are no longer given out, and it hears who has
//! fetched them. What was shown stays in the ledger: it cannot be unseen.

use axum::{
    extract::{Path, State},
    http::StatusCode,
};
use visiting_policies::{
    record::{Act, Actor},
    refusal::Refusal,
    terms::{PersonId, Role, RunId},
    vote::RecallOrder,
};

use crate::{
    app::{Answer, App, Asked, Call, Shared, id, json},
    problem::Problem,
    wire::{NewRecall, RecallView},
};

const SHOW: &str = "GET /v1/runs/{id}/recall";
const RECALL: &str = "POST /v1/runs/{id}/recall";

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
    let work = async {
        let (person, id) = (call.person()?, released(&app, &call.person()?, &run)?);
        app.desk.act(Actor::Person(person), None, Act::Viewed { what: format!("/v1/runs/{id}/recall") }).await?;
        Ok(json(StatusCode::OK, view(&app, &id)?))
    };
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

async fn recall(app: &App, asked: Asked<NewRecall>, run: &str) -> Result<RecallView, Refusal> {
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
        recalled: case.recalled.clone(),
        fetched: case.fetched.iter().map(ToString::to_string).collect(),
    })
}
