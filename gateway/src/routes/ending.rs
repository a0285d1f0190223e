//! The end of a permit, and repetitions for auditors.

use std::time::Duration;

use axum::{
    extract::{Path, State},
    http::StatusCode,
};
use visiting_policies::{
    record::{Act, Actor},
    refusal::{Code, Refusal},
    terms::{PermitId, PersonId, RerunId, Role, RunId},
    vote::ClosureOrder,
};

use super::permits::{self, Wait};
use crate::{
    app::{Answer, App, Asked, Call, Shared, id, json, name},
    files,
    problem::Problem,
    wire::{NewSuspension, Nothing, PermitView, RerunView},
};

/// Names of these acts in refusals, whichever way they came.
pub(crate) const CLOSE: &str = "POST /v1/permits/{id}/closure";
const REPEAT: &str = "POST /v1/runs/{id}/reruns";
const SHOW: &str = "GET /v1/reruns/{id}";

/// The ministry ends a permit for good. Nothing runs under it from this event on, and its extract is erased.
#[utoipa::path(
    post,
    path = "/v1/permits/{id}/closure",
    tag = "permit",
    security(("login" = [])),
    params(("id" = String, Path, description = "Permit"), ("Idempotency-Key" = String, Header, description = "Names this request")),
    request_body = NewSuspension,
    responses((status = 200, body = PermitView), (status = "default", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn close_permit(State(app): State<Shared>, Path(permit): Path<String>, call: Call) -> Answer {
    let work = async { Ok(json(StatusCode::OK, close(&app, call.asked()?, &permit).await?)) };
    app.guard(call.actor(), CLOSE, work).await
}

/// An auditor has a released run repeated, by the rules, the record and the ledger of the moment at which it was judged.
#[utoipa::path(
    post,
    path = "/v1/runs/{id}/reruns",
    tag = "log",
    security(("login" = [])),
    params(("id" = String, Path, description = "Run"), ("Idempotency-Key" = String, Header, description = "Names this request")),
    request_body = Nothing,
    responses((status = 202, body = RerunView), (status = "default", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn repeat_run(State(app): State<Shared>, Path(run): Path<String>, call: Call) -> Answer {
    let work = async {
        let (person, asked) = (call.person()?, call.asked::<Nothing>()?);
        Ok(json(StatusCode::ACCEPTED, repeat(&app, &person, asked, &run).await?))
    };
    app.guard(call.actor(), REPEAT, work).await
}

/// One repetition; with `wait_ms`, as soon as it is answered.
#[utoipa::path(
    get,
    path = "/v1/reruns/{id}",
    tag = "log",
    security(("login" = [])),
    params(("id" = String, Path, description = "Repetition"), Wait),
    responses((status = 200, body = RerunView), (status = "default", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn show_rerun(State(app): State<Shared>, Path(rerun): Path<String>, call: Call) -> Answer {
    let work = async {
        let (person, id) = (call.person()?, id(&rerun, "repetition")?);
        let wait: Wait = call.query()?;
        view(&app, &person, &id)?;
        let answered = || view(&app, &person, &id).ok().filter(|view| view.status != "queued").map(|_| ());
        app.desk.wait_for(wait.duration(), answered).await;
        Ok(json(StatusCode::OK, view(&app, &person, &id)?))
    };
    app.guard(call.actor(), SHOW, work).await
}

/// The ministry's end of a permit.
pub(crate) async fn close(app: &App, asked: Asked<NewSuspension>, permit: &str) -> Result<PermitView, Refusal> {
    let Asked { person, request, body } = asked;
    let permit: PermitId = id(permit, "permit")?;
    if app.desk.repeated(&request)?.is_none() {
        app.desk.view().cases.roster().holding(&person, Role::Ministry)?;
        let body = body?;
        let order = ClosureOrder { permit: permit.clone(), by: person.clone(), reason: body.reason };
        let act = Act::PermitClosed { order, signature: body.signature };
        app.desk.act(Actor::Person(person.clone()), Some(request), act).await?;
    }
    permits::show(app, &person, &permit, Duration::ZERO).await
}

/// Of an erased extract the answer is the leaf that says so, at once.
async fn repeat(app: &App, person: &PersonId, asked: Asked<Nothing>, run: &str) -> Result<RerunView, Refusal> {
    let Asked { request, body, .. } = asked;
    let run: RunId = id(run, "release")?;
    let index = match app.desk.repeated(&request)? {
        Some(index) => index,
        None => {
            body?;
            app.desk.view().cases.roster().holding(person, Role::Auditor)?;
            if let Some(index) = erased(app, &run)? {
                let what = format!("/v1/runs/{run}/reruns");
                app.desk.act(Actor::Person(person.clone()), Some(request), Act::Viewed { what }).await?;
                return Ok(RerunView { id: None, run: run.to_string(), status: "erased".to_owned(), leaf: Some(index) });
            }
            app.desk.view().cases.may_repeat(&run, person)?;
            let rerun = RerunId::from_random(&files::random::<16>()?);
            app.desk.act(Actor::Person(person.clone()), Some(request), Act::RerunRequested { rerun, run: run.clone() }).await?
        }
    };
    match app.desk.event_and_next(index).await?.0.act {
        Act::RerunRequested { rerun, .. } => view(app, person, &rerun),
        Act::Viewed { .. } => Ok(RerunView { id: None, run: run.to_string(), status: "erased".to_owned(), leaf: erased(app, &run)? }),
        _ => Err(Refusal::new(Code::KeyReused, "this Idempotency-Key was used for another request; choose a new one")),
    }
}

/// Index of the event that says that the run's extract is gone.
fn erased(app: &App, run: &RunId) -> Result<Option<u64>, Refusal> {
    let view = app.desk.view();
    let case = view.cases.runs.get(run).filter(|case| case.released.is_some()).ok_or_else(|| Refusal::not_found("release"))?;
    Ok(view.cases.permits.get(&case.permit).and_then(|permit| permit.erased))
}

fn view(app: &App, person: &PersonId, id: &RerunId) -> Result<RerunView, Refusal> {
    let view = app.desk.view();
    view.cases.roster().holding(person, Role::Auditor)?;
    let case = view.cases.reruns.get(id).ok_or_else(|| Refusal::not_found("repetition"))?;
    let status = case.answered.as_ref().map_or_else(|| "queued".to_owned(), |(report, _)| name(report.outcome));
    let leaf = case.answered.as_ref().map(|(_, index)| *index);
    Ok(RerunView { id: Some(id.to_string()), run: case.run.to_string(), status, leaf })
}
