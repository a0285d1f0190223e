//! 利用許可: what may be used, by whom, until when; and the ministry's stop.

use std::time::Duration;

use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use serde::Deserialize;
use utoipa::IntoParams;
use visiting_policies::{
    case::{Cases, PermitCase},
    record::{Act, Actor},
    refusal::{Code, Refusal},
    terms::{PermitId, PersonId, Role},
    vote::SuspensionOrder,
};

use super::WAIT_MAX_MS;
use crate::{
    app::{Answer, App, Call, Shared, id, json},
    problem::Problem,
    wire::{NewSuspension, PermitView, Permits},
};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wait {
    /// Wait this long, milliseconds, for what is asked for to be ready; 30000 at most.
    #[serde(default)]
    wait_ms: u64,
}

impl Wait {
    pub(super) fn duration(&self) -> Duration {
        Duration::from_millis(self.wait_ms.min(WAIT_MAX_MS))
    }
}

/// Permits that you may see.
#[utoipa::path(
    get,
    path = "/v1/permits",
    tag = "permit",
    security(("login" = [])),
    responses((status = 200, body = Permits), (status = "default", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn list_permits(State(app): State<Shared>, call: Call) -> Answer {
    app.guard(call.actor(), "GET /v1/permits", async {
        let (person, now) = (call.person()?, app.desk.now_ms());
        let view = app.desk.view();
        let seen = view.cases.permits.values().filter(|case| sees(&view.cases, &person, case));
        Ok(json(StatusCode::OK, Permits { permits: seen.map(|case| permit_view(case, now)).collect() }))
    })
    .await
}

/// One permit; with `wait_ms`, as soon as its extract is ready.
#[utoipa::path(
    get,
    path = "/v1/permits/{id}",
    tag = "permit",
    security(("login" = [])),
    params(("id" = String, Path, description = "Permit"), Wait),
    responses((status = 200, body = PermitView), (status = "default", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn show_permit(State(app): State<Shared>, Path(permit): Path<String>, call: Call) -> Answer {
    app.guard(call.actor(), "GET /v1/permits/{id}", show(&app, &call, &permit)).await
}

/// The ministry stops a permit. Nothing runs under it from this event on.
#[utoipa::path(
    post,
    path = "/v1/permits/{id}/suspension",
    tag = "permit",
    security(("login" = [])),
    params(("id" = String, Path, description = "Permit"), ("Idempotency-Key" = String, Header, description = "Names this request")),
    request_body = NewSuspension,
    responses((status = 200, body = PermitView), (status = "default", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn suspend_permit(State(app): State<Shared>, Path(permit): Path<String>, call: Call) -> Answer {
    app.guard(call.actor(), "POST /v1/permits/{id}/suspension", suspend(&app, &call, &permit)).await
}

async fn show(app: &App, call: &Call, permit: &str) -> Result<Response, Refusal> {
    let (person, id) = (call.person()?, id(permit, "permit")?);
    let wait: Wait = call.query()?;
    visible(app, &person, &id)?;
    let settled = || visible(app, &person, &id).ok().filter(|p| p.extract == "ready" || p.status != "active").map(|_| ());
    app.desk.wait_for(wait.duration(), settled).await;
    Ok(json(StatusCode::OK, visible(app, &person, &id)?))
}

async fn suspend(app: &App, call: &Call, permit: &str) -> Result<Response, Refusal> {
    let person = call.person()?;
    let request = call.request(&person)?;
    let permit: PermitId = id(permit, "permit")?;
    if app.desk.repeated(&request)?.is_none() {
        app.desk.view().cases.roster().holding(&person, Role::Ministry)?;
        let body: NewSuspension = call.json()?;
        if body.reason.trim().is_empty() || body.reason.contains(['\n', '\r']) {
            return Err(Refusal::new(Code::Malformed, "give the reason in one line"));
        }
        let order = SuspensionOrder { permit: permit.clone(), by: person.clone(), reason: body.reason };
        let act = Act::PermitSuspended { order, signature: body.signature };
        app.desk.act(Actor::Person(person.clone()), Some(request), act).await?;
    }
    Ok(json(StatusCode::OK, visible(app, &person, &permit)?))
}

/// The permit, when this person may see it; to others it does not exist.
fn visible(app: &App, person: &PersonId, id: &PermitId) -> Result<PermitView, Refusal> {
    let now = app.desk.now_ms();
    let view = app.desk.view();
    let case = view.cases.permits.get(id).filter(|case| sees(&view.cases, person, case));
    case.map(|case| permit_view(case, now)).ok_or_else(|| Refusal::not_found("permit"))
}

fn sees(cases: &Cases, person: &PersonId, case: &PermitCase) -> bool {
    let oversees = [Role::CommitteeMember, Role::Ministry].iter().any(|role| cases.roster().holding(person, *role).is_ok());
    oversees || case.permit.people.contains(person)
}

fn permit_view(case: &PermitCase, now_ms: u64) -> PermitView {
    let permit = &case.permit;
    let status = match &case.suspended {
        Some(_) => "suspended",
        None if now_ms >= permit.until_ms => "expired",
        None => "active",
    };
    PermitView {
        id: permit.id.to_string(),
        application: permit.application.to_string(),
        people: permit.people.clone(),
        columns: permit.scope.columns.clone(),
        period: permit.scope.period,
        until_ms: permit.until_ms,
        status: status.to_owned(),
        reason: case.suspended.clone(),
        extract: if case.extract.is_some() { "ready" } else { "making" }.to_owned(),
        versions: case.extract.as_ref().map(|e| e.versions.clone()).unwrap_or_default(),
    }
}
