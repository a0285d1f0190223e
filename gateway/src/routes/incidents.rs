//! 事案: incidents, noted by an auditor or the ministry about events of the record, and closed once.

use axum::{
    extract::{Path, State},
    http::StatusCode,
};
use visiting_policies::{
    case::IncidentCase,
    incident::Incident,
    record::{Act, Actor},
    refusal::{Code, Refusal},
    sign,
    terms::{IncidentId, PersonId},
};

use super::audit::viewed;
use crate::{
    app::{Answer, App, Asked, Call, Shared, id, json},
    files,
    problem::Problem,
    wire::{ClosingView, IncidentView, Incidents, NewClosing, NewIncident},
};

pub(crate) const LIST: &str = "GET /v1/incidents";
pub(crate) const SHOW: &str = "GET /v1/incidents/{id}";
pub(crate) const NOTE: &str = "POST /v1/incidents";
pub(crate) const CLOSE: &str = "POST /v1/incidents/{id}/close";

/// Longest text of an incident, bytes: some pages. Longer reports have places of their own.
pub(crate) const TEXT_MAX_BYTES: usize = 20_000;

/// All incidents, open ones first. For auditors and the ministry; looking is an event.
#[utoipa::path(
    get,
    path = "/v1/incidents",
    tag = "incident",
    security(("login" = [])),
    responses((status = 200, body = Incidents), (status = "default", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn list_incidents(State(app): State<Shared>, call: Call) -> Answer {
    let work = async { Ok(json(StatusCode::OK, Incidents { incidents: list(&app, call.person()?).await? })) };
    app.guard(call.actor(), LIST, work).await
}

/// Note an incident about events of the record.
#[utoipa::path(
    post,
    path = "/v1/incidents",
    tag = "incident",
    security(("login" = [])),
    params(("Idempotency-Key" = String, Header, description = "Names this request")),
    request_body = NewIncident,
    responses((status = 201, body = IncidentView), (status = "default", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn note_incident(State(app): State<Shared>, call: Call) -> Answer {
    let work = async { Ok(json(StatusCode::CREATED, note(&app, call.asked()?).await?)) };
    app.guard(call.actor(), NOTE, work).await
}

/// One incident with its texts. Looking is an event.
#[utoipa::path(
    get,
    path = "/v1/incidents/{id}",
    tag = "incident",
    security(("login" = [])),
    params(("id" = String, Path, description = "Incident")),
    responses((status = 200, body = IncidentView), (status = "default", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn show_incident(State(app): State<Shared>, Path(incident): Path<String>, call: Call) -> Answer {
    let work = async { Ok(json(StatusCode::OK, show(&app, call.person()?, &incident).await?)) };
    app.guard(call.actor(), SHOW, work).await
}

/// Close an incident, once, with what came of it.
#[utoipa::path(
    post,
    path = "/v1/incidents/{id}/close",
    tag = "incident",
    security(("login" = [])),
    params(("id" = String, Path, description = "Incident"), ("Idempotency-Key" = String, Header, description = "Names this request")),
    request_body = NewClosing,
    responses((status = 200, body = IncidentView), (status = "default", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn close_incident(State(app): State<Shared>, Path(incident): Path<String>, call: Call) -> Answer {
    let work = async { Ok(json(StatusCode::OK, close(&app, call.asked()?, &incident).await?)) };
    app.guard(call.actor(), CLOSE, work).await
}

/// All of them, open ones first, then the newest.
pub(crate) async fn list(app: &App, person: PersonId) -> Result<Vec<IncidentView>, Refusal> {
    app.desk.view().cases.may_keep_incidents(&person)?;
    viewed(app, person, "/v1/incidents".to_owned()).await?;
    let view = app.desk.view();
    let mut all: Vec<IncidentView> = view.cases.incidents.iter().map(|(id, case)| bare(id, case)).collect();
    all.sort_by_key(|incident| (incident.closed.is_some(), std::cmp::Reverse(incident.index)));
    Ok(all)
}

/// One of them with its texts.
pub(crate) async fn show(app: &App, person: PersonId, incident: &str) -> Result<IncidentView, Refusal> {
    app.desk.view().cases.may_keep_incidents(&person)?;
    let incident = known(app, incident)?;
    viewed(app, person, format!("/v1/incidents/{incident}")).await?;
    told(app, &incident).await
}

/// Notes one. Who may not hears that first, and nothing of theirs is kept.
pub(crate) async fn note(app: &App, asked: Asked<NewIncident>) -> Result<IncidentView, Refusal> {
    let Asked { person, request, body } = asked;
    app.desk.view().cases.may_keep_incidents(&person)?;
    let index = match app.desk.repeated(&request)? {
        Some(index) => index,
        None => {
            let NewIncident { kind, severity, leaves, text } = body?;
            let noted = Incident { kind, severity, leaves, text: sign::digest(text.as_bytes()) };
            noted.check(app.desk.view().cases.size())?;
            kept(app, text).await?;
            let incident = IncidentId::from_random(&files::random::<16>()?);
            app.desk.act(Actor::Person(person), Some(request), Act::IncidentNoted { incident, noted }).await?
        }
    };
    match app.desk.event_and_next(index).await?.0.act {
        Act::IncidentNoted { incident, .. } => told(app, &incident).await,
        _ => Err(Refusal::new(Code::KeyReused, "this Idempotency-Key was used for another request; choose a new one")),
    }
}

/// Closes one.
pub(crate) async fn close(app: &App, asked: Asked<NewClosing>, incident: &str) -> Result<IncidentView, Refusal> {
    let Asked { person, request, body } = asked;
    app.desk.view().cases.may_keep_incidents(&person)?;
    let incident = known(app, incident)?;
    if app.desk.repeated(&request)?.is_none() {
        let text = kept(app, body?.text).await?;
        app.desk.act(Actor::Person(person), Some(request), Act::IncidentClosed { incident: incident.clone(), text }).await?;
    }
    told(app, &incident).await
}

/// The digest of a text, once it is kept.
async fn kept(app: &App, text: String) -> Result<String, Refusal> {
    if text.trim().is_empty() || text.len() > TEXT_MAX_BYTES {
        return Err(Refusal::new(Code::Malformed, format!("say what happened, in {TEXT_MAX_BYTES} bytes at most"))
            .ja(format!("内容を書いてください（{TEXT_MAX_BYTES}バイトまで）")));
    }
    app.documents.put(text).await
}

fn known(app: &App, incident: &str) -> Result<IncidentId, Refusal> {
    let incident: IncidentId = id(incident, "incident")?;
    if app.desk.view().cases.incidents.contains_key(&incident) { Ok(incident) } else { Err(Refusal::not_found("incident")) }
}

/// With its texts.
async fn told(app: &App, incident: &IncidentId) -> Result<IncidentView, Refusal> {
    let mut view = {
        let view = app.desk.view();
        bare(incident, view.cases.incidents.get(incident).ok_or_else(|| Refusal::not_found("incident"))?)
    };
    view.text = Some(app.documents.text(&view.digest).await?);
    if let Some(closed) = &mut view.closed {
        closed.text = Some(app.documents.text(&closed.digest).await?);
    }
    Ok(view)
}

/// Without its texts.
fn bare(id: &IncidentId, case: &IncidentCase) -> IncidentView {
    IncidentView {
        id: id.to_string(),
        kind: case.noted.kind,
        severity: case.noted.severity,
        leaves: case.noted.leaves.clone(),
        by: case.by.to_string(),
        at_ms: case.at_ms,
        index: case.index,
        digest: case.noted.text.clone(),
        text: None,
        closed: case.closed.as_ref().map(|closed| ClosingView {
            by: closed.by.to_string(),
            at_ms: closed.at_ms,
            index: closed.index,
            digest: closed.text.clone(),
            text: None,
        }),
    }
}
