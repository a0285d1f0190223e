//! 試行: SQL on synthetic data, beside the editor. The request and its answer are events; no data are read and nothing is released.

use std::time::Duration;

use axum::{
    extract::{Path, State},
    http::StatusCode,
};
use visiting_policies::{
    case::PreflightCase,
    record::{Act, Actor},
    refusal::{Code, Refusal},
    terms::{PermitId, PersonId, PreflightId},
};

use super::{permits::Wait, runs};
use crate::{
    app::{Answer, App, Asked, Call, Shared, id, json},
    files,
    problem::Problem,
    wire::{NewRun, PreflightView},
};

/// Names of these acts in refusals, whichever way they came.
pub(crate) const SUBMIT: &str = "POST /v1/permits/{id}/preflights";
pub(crate) const SHOW: &str = "GET /v1/preflights/{id}";

/// Try SQL on the permit's synthetic twin. No data are read.
#[utoipa::path(
    post,
    path = "/v1/permits/{id}/preflights",
    tag = "run",
    security(("login" = [])),
    params(("id" = String, Path, description = "Permit"), ("Idempotency-Key" = String, Header, description = "Names this request")),
    request_body = NewRun,
    responses((status = 202, body = PreflightView), (status = "default", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn request_preflight(State(app): State<Shared>, Path(permit): Path<String>, call: Call) -> Answer {
    let work = async {
        let person = call.person()?;
        let id = submit(&app, call.asked()?, &permit).await?;
        Ok(json(StatusCode::ACCEPTED, show(&app, &person, &id, Duration::ZERO).await?))
    };
    app.guard(call.actor(), SUBMIT, work).await
}

/// One pre-flight; with `wait_ms`, as soon as it is answered. Its table is synthetic.
#[utoipa::path(
    get,
    path = "/v1/preflights/{id}",
    tag = "run",
    security(("login" = [])),
    params(("id" = String, Path, description = "Pre-flight"), Wait),
    responses((status = 200, body = PreflightView), (status = "default", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn show_preflight(State(app): State<Shared>, Path(preflight): Path<String>, call: Call) -> Answer {
    let work = async {
        let (person, id) = (call.person()?, id(&preflight, "pre-flight")?);
        let wait: Wait = call.query()?;
        Ok(json(StatusCode::OK, show(&app, &person, &id, wait.duration()).await?))
    };
    app.guard(call.actor(), SHOW, work).await
}

/// Records the wish to try, once per request, and says under which id. API and portal both come through here.
pub(crate) async fn submit(app: &App, asked: Asked<NewRun>, permit: &str) -> Result<PreflightId, Refusal> {
    let Asked { person, request, body } = asked;
    let permit: PermitId = id(permit, "permit")?;
    let index = match app.desk.repeated(&request)? {
        Some(index) => index,
        None => {
            let sql = runs::checked(body?)?;
            // Asked here already, so that SQL which cannot be tried is not even stored.
            app.desk.view().cases.may_try(&permit, &person, app.desk.now_ms())?;
            let program = app.documents.put(sql).await?;
            let preflight = PreflightId::from_random(&files::random::<16>()?);
            app.desk.act(Actor::Person(person), Some(request), Act::PreflightRequested { preflight, permit, program }).await?
        }
    };
    let (event, _) = app.desk.event_and_next(index).await?;
    let Act::PreflightRequested { preflight, .. } = event.act else {
        return Err(Refusal::new(Code::KeyReused, "this Idempotency-Key was used for another request; choose a new one"));
    };
    Ok(preflight)
}

/// A pre-flight as both interfaces show it, after waiting for its answer.
pub(crate) async fn show(app: &App, person: &PersonId, id: &PreflightId, wait: Duration) -> Result<PreflightView, Refusal> {
    visible(app, person, id)?;
    app.desk.wait_for(wait, || visible(app, person, id).ok().and_then(|case| case.answered).map(|_| ())).await;
    let case = visible(app, person, id)?;
    let answer = case.answered.as_ref();
    let table = match answer.and_then(|report| report.table.as_ref()) {
        Some(digest) => Some(app.documents.text(digest).await?),
        None => None,
    };
    Ok(PreflightView {
        id: id.to_string(),
        permit: case.permit.to_string(),
        status: if answer.is_some() { "answered" } else { "queued" }.to_owned(),
        synthetic: true,
        verdict: answer.map(|report| report.verdict),
        refusal: answer.and_then(|report| report.refusal.clone()).map(Into::into),
        synthetic_table: table,
    })
}

/// The pre-flight, when the permit names this person; to others it does not exist.
pub(crate) fn visible(app: &App, person: &PersonId, id: &PreflightId) -> Result<PreflightCase, Refusal> {
    let view = app.desk.view();
    let found = view.cases.preflights.get(id).filter(|case| view.cases.named(&case.permit, person).is_ok());
    found.cloned().ok_or_else(|| Refusal::not_found("pre-flight"))
}
