//! 利用許可: what may be used, by whom, until when; and the ministry's stop.

use std::time::Duration;

use axum::{
    extract::{Path, State},
    http::StatusCode,
};
use serde::Deserialize;
use utoipa::IntoParams;
use visiting_policies::{
    budget::budgets,
    case::{Cases, PermitCase},
    record::{Act, Actor},
    refusal::{Code, Refusal},
    terms::{PermitId, PersonId, Role, magnitude},
    vote::SuspensionOrder,
};

use super::WAIT_MAX_MS;
use crate::{
    app::{Answer, App, Asked, Call, Shared, id, json},
    problem::Problem,
    remains,
    wire::{NewSuspension, PermitView, Permits},
};

/// What the record calls these acts when they are refused.
pub(crate) const SHOW: &str = "GET /v1/permits/{id}";
pub(crate) const SUSPEND: &str = "POST /v1/permits/{id}/suspension";

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
    app.guard(call.actor(), "GET /v1/permits", async { Ok(json(StatusCode::OK, Permits { permits: list(&app, &call.person()?) })) }).await
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
    let work = async {
        let (person, id) = (call.person()?, id(&permit, "permit")?);
        let wait: Wait = call.query()?;
        Ok(json(StatusCode::OK, show(&app, &person, &id, wait.duration()).await?))
    };
    app.guard(call.actor(), SHOW, work).await
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
    let work = async { Ok(json(StatusCode::OK, suspend(&app, call.asked()?, &permit).await?)) };
    app.guard(call.actor(), SUSPEND, work).await
}

/// Permits that this person may see.
pub(crate) fn list(app: &App, person: &PersonId) -> Vec<PermitView> {
    let now = app.desk.now_ms();
    let view = app.desk.view();
    let seen = view.cases.permits.values().filter(|case| sees(&view.cases, person, case));
    seen.map(|case| permit_view(&view.cases, case, now)).collect()
}

/// One permit, after waiting for its extract.
pub(crate) async fn show(app: &App, person: &PersonId, id: &PermitId, wait: Duration) -> Result<PermitView, Refusal> {
    visible(app, person, id)?;
    let settled = || visible(app, person, id).ok().filter(|p| p.extract == "ready" || p.status != "active").map(|_| ());
    app.desk.wait_for(wait, settled).await;
    visible(app, person, id)
}

/// The ministry's stop.
pub(crate) async fn suspend(app: &App, asked: Asked<NewSuspension>, permit: &str) -> Result<PermitView, Refusal> {
    let Asked { person, request, body } = asked;
    let permit: PermitId = id(permit, "permit")?;
    if app.desk.repeated(&request)?.is_none() {
        app.desk.view().cases.roster().holding(&person, Role::Ministry)?;
        let body = body?;
        if body.reason.trim().is_empty() || body.reason.contains(['\n', '\r']) {
            return Err(Refusal::new(Code::Malformed, "give the reason in one line"));
        }
        let order = SuspensionOrder { permit: permit.clone(), by: person.clone(), reason: body.reason };
        let act = Act::PermitSuspended { order, signature: body.signature };
        app.desk.act(Actor::Person(person.clone()), Some(request), act).await?;
    }
    visible(app, &person, &permit)
}

/// The permit, when this person may see it; to others it does not exist.
fn visible(app: &App, person: &PersonId, id: &PermitId) -> Result<PermitView, Refusal> {
    let now = app.desk.now_ms();
    let view = app.desk.view();
    let case = view.cases.permits.get(id).filter(|case| sees(&view.cases, person, case));
    case.map(|case| permit_view(&view.cases, case, now)).ok_or_else(|| Refusal::not_found("permit"))
}

fn sees(cases: &Cases, person: &PersonId, case: &PermitCase) -> bool {
    let oversees = [Role::CommitteeMember, Role::Ministry].iter().any(|role| cases.roster().holding(person, *role).is_ok());
    oversees || case.permit.people.contains(person)
}

fn extract(case: &PermitCase) -> &'static str {
    match (case.erased, &case.extract) {
        (Some(_), _) => "erased",
        (None, Some(_)) => "ready",
        (None, None) => "making",
    }
}

fn permit_view(cases: &Cases, case: &PermitCase, now_ms: u64) -> PermitView {
    let permit = &case.permit;
    let status = match &case.suspended {
        _ if case.closed.is_some() => "closed",
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
        reason: case.closed.clone().or_else(|| case.suspended.clone()),
        extract: extract(case).to_owned(),
        versions: case.extract.as_ref().map(|e| e.versions.clone()).unwrap_or_default(),
        checkers: permit.checkers,
        budgets: budgets(case, cases.waiting(&permit.id)).iter().map(remains::view).collect(),
        standing: case.standing().into_iter().collect(),
        rows_at_most: case.extract.iter().flat_map(|e| &e.rows).map(|(table, n)| (table.clone(), magnitude(*n))).collect(),
    }
}
