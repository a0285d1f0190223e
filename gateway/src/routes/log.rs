//! アクセスログ: the record as an auditor reads it. Checkpoints and proofs are hashes and public; the events are not.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use utoipa::IntoParams;
use visiting_policies::{
    merkle::Hash,
    record::{Act, Actor},
    refusal::{Code, Refusal},
    sign,
    terms::{PersonId, Role},
};

use crate::{
    app::{Answer, App, Call, Shared, json},
    problem::Problem,
    stream::{
        bundle::{Bundle, bundle},
        feed::{Feed, Form},
        filter::Filter,
        item::Item,
        limits::{AUDIT_EVENTS_MAX, LIFE_MAX},
    },
    wire::Proof,
};

/// Most events in one answer.
const EVENTS_MAX: u64 = 1000;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Part {
    /// First event, counted from 0.
    #[serde(default)]
    from: u64,
    /// How many; 1000 at most.
    #[serde(default = "most")]
    limit: u64,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Inclusion {
    /// Index of the event.
    index: u64,
    /// Size of the tree.
    size: u64,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Consistency {
    /// Size of the older tree.
    old: u64,
    /// Size of the newer tree.
    new: u64,
}

fn most() -> u64 {
    EVENTS_MAX
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Stream {
    /// First event, counted from 0. The header `Last-Event-ID` wins: then the event after that one is the first.
    #[serde(default)]
    from: u64,
    /// Stay and wait for more. Otherwise the stream ends with the checkpoint over all that is there.
    follow: Option<bool>,
    /// Only events of these kinds, with commas between. Checkpoints come all the same.
    kind: Option<String>,
    /// Only what this person did.
    person: Option<String>,
    /// Only what is about this application, permit or run, and what follows from it.
    case: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct AuditPart {
    /// First event, counted from 0.
    #[serde(default)]
    from: u64,
    /// How many; 500 at most.
    #[serde(default = "most_audit_events")]
    limit: u64,
}

fn most_audit_events() -> u64 {
    AUDIT_EVENTS_MAX
}

/// The newest checkpoint (C2SP tlog-checkpoint).
#[utoipa::path(get, path = "/v1/log/checkpoint", tag = "log", responses((status = 200, body = String, content_type = "text/plain")))]
pub(crate) async fn show_checkpoint(State(app): State<Shared>) -> Answer {
    Ok(app.desk.view().checkpoint().to_owned().into_response())
}

/// Exact leaf lines, for auditors. Reading them is an event.
#[utoipa::path(
    get,
    path = "/v1/log/events",
    tag = "log",
    security(("login" = [])),
    params(Part),
    responses((status = 200, body = String, content_type = "application/x-ndjson"), (status = "default", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn read_events(State(app): State<Shared>, call: Call) -> Answer {
    app.guard(call.actor(), "GET /v1/log/events", read(&app, &call)).await
}

/// The record as it grows, as server-sent events; each `data` is a CloudEvent. `id` is the index of the newest event so far.
#[utoipa::path(
    get,
    path = "/v1/log/stream",
    tag = "log",
    security(("login" = [])),
    params(Stream, ("Last-Event-ID" = Option<u64>, Header, description = "Index of the last event that was received")),
    responses((status = 200, body = Item, content_type = "text/event-stream"), (status = "default", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn stream_events(State(app): State<Shared>, headers: HeaderMap, call: Call) -> Answer {
    app.guard(call.actor(), "GET /v1/log/stream", stream(&app, &call, &headers, "/v1/log/stream")).await
}

/// The record as it grows, one CloudEvent a line; with `Accept: application/cloudevents-batch+json`, what is there now as one array.
#[utoipa::path(
    get,
    path = "/v1/log/stream.ndjson",
    tag = "log",
    security(("login" = [])),
    params(Stream, ("Last-Event-ID" = Option<u64>, Header, description = "Index of the last event that was received")),
    responses(
        (status = 200, content((Item = "application/x-ndjson"), (Vec<Item> = "application/cloudevents-batch+json"))),
        (status = "default", body = Problem, content_type = "application/problem+json")
    )
)]
pub(crate) async fn stream_lines(State(app): State<Shared>, headers: HeaderMap, call: Call) -> Answer {
    app.guard(call.actor(), "GET /v1/log/stream.ndjson", stream(&app, &call, &headers, "/v1/log/stream.ndjson")).await
}

/// Events as FHIR R4 AuditEvents (IHE BALP), in a Bundle. Reading them is an event.
#[utoipa::path(
    get,
    path = "/v1/log/audit-events",
    tag = "log",
    security(("login" = [])),
    params(AuditPart),
    responses((status = 200, body = Bundle, content_type = "application/fhir+json"), (status = "default", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn read_audit_events(State(app): State<Shared>, call: Call) -> Answer {
    app.guard(call.actor(), "GET /v1/log/audit-events", audit_events(&app, &call)).await
}

/// Proof that an event is in the tree of a size.
#[utoipa::path(
    get,
    path = "/v1/log/inclusion",
    tag = "log",
    params(Inclusion),
    responses((status = 200, body = Proof), (status = "default", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn prove_inclusion(State(app): State<Shared>, call: Call) -> Answer {
    let of: Inclusion = call.query()?;
    proof(app.desk.view().tree.inclusion(of.index, of.size))
}

/// Proof that a tree only appends to an older one.
#[utoipa::path(
    get,
    path = "/v1/log/consistency",
    tag = "log",
    params(Consistency),
    responses((status = 200, body = Proof), (status = "default", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn prove_consistency(State(app): State<Shared>, call: Call) -> Answer {
    let of: Consistency = call.query()?;
    proof(app.desk.view().tree.consistency(of.old, of.new))
}

/// The auditor who asks.
fn auditor(app: &App, call: &Call) -> Result<PersonId, Refusal> {
    let person = call.person()?;
    app.desk.view().cases.roster().holding(&person, Role::Auditor)?;
    Ok(person)
}

/// Reading the log is an event of the log, and comes first.
async fn viewed(app: &App, person: PersonId, path: &str, from: u64) -> Result<(), Refusal> {
    app.desk.act(Actor::Person(person), None, Act::Viewed { what: format!("{path}?from={from}") }).await.map(|_| ())
}

async fn read(app: &App, call: &Call) -> Result<Response, Refusal> {
    let person = auditor(app, call)?;
    let part: Part = call.query()?;
    viewed(app, person, "/v1/log/events", part.from).await?;
    let mut body = String::new();
    for line in app.desk.leaves(part.from, part.limit.min(EVENTS_MAX)).await? {
        body.push_str(&line);
        body.push('\n');
    }
    Ok(([(header::CONTENT_TYPE, "application/x-ndjson")], body).into_response())
}

async fn stream(app: &Shared, call: &Call, headers: &HeaderMap, path: &str) -> Result<Response, Refusal> {
    let person = auditor(app, call)?;
    let login = app.logins.remaining(&Method::GET, headers)?;
    let asked: Stream = call.query()?;
    let next = first(headers, asked.from)?;
    within(app, next)?;
    let filter = Filter::new(asked.kind.as_deref(), asked.person.as_deref(), asked.case.as_deref())?;
    let (form, follow) = manner(headers, path, asked.follow);
    let place = app.streams.admit(&person)?;
    viewed(app, person, path, next).await?;
    let ends = tokio::time::Instant::now() + login.min(LIFE_MAX);
    let origin = app.desk.view().cases.roster().origin.clone();
    let feed = Feed { app: Shared::clone(app), origin, next, filter, form, fresh: true, follow, ends, place };
    // A cache or a proxy that collects would turn the stream into a page.
    let live = [(header::CACHE_CONTROL.as_str(), "no-store"), ("x-accel-buffering", "no")];
    Ok(([(header::CONTENT_TYPE, form.media_type())], live, feed.into_body()).into_response())
}

/// A browser's stream waits for more unless told otherwise; lines do when asked; an array cannot.
fn manner(headers: &HeaderMap, path: &str, follow: Option<bool>) -> (Form, bool) {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match path {
        "/v1/log/stream" => (Form::Sse, follow.unwrap_or(true)),
        _ if accept.contains(Form::Batch.media_type()) => (Form::Batch, false),
        _ => (Form::Lines, follow.unwrap_or(false)),
    }
}

/// The first event to send.
fn first(headers: &HeaderMap, from: u64) -> Result<u64, Refusal> {
    let Some(last) = headers.get("last-event-id").filter(|value| !value.is_empty()) else { return Ok(from) };
    let index = last.to_str().ok().and_then(|text| text.parse::<u64>().ok()).and_then(|index| index.checked_add(1));
    index.ok_or_else(|| Refusal::new(Code::Malformed, "`Last-Event-ID` is the index of an event, as the stream gave it"))
}

/// The next event may be waited for, those after it not yet: whoever asks for them has seen another log, or counts wrongly.
fn within(app: &App, from: u64) -> Result<(), Refusal> {
    if from <= app.desk.view().tree.size() {
        return Ok(());
    }
    Err(Refusal::new(Code::Malformed, "the record has no such event yet; compare /v1/log/checkpoint with what you have seen"))
}

async fn audit_events(app: &App, call: &Call) -> Result<Response, Refusal> {
    let person = auditor(app, call)?;
    let part: AuditPart = call.query()?;
    within(app, part.from)?;
    viewed(app, person, "/v1/log/audit-events", part.from).await?;
    let (size, origin) = {
        let view = app.desk.view();
        (view.tree.size(), view.cases.roster().origin.clone())
    };
    let leaves = app.desk.leaves(part.from, part.limit.min(AUDIT_EVENTS_MAX).min(size.saturating_sub(part.from))).await?;
    let until = part.from + leaves.len() as u64;
    let bundle = bundle(part.from, &leaves, &origin, (until < size).then_some(until))?;
    Ok(([(header::CONTENT_TYPE, "application/fhir+json")], Json(bundle)).into_response())
}

fn proof(path: Option<Vec<Hash>>) -> Answer {
    let unknown = || Refusal::new(Code::Malformed, "the log has no such event or size; read /v1/log/checkpoint first");
    let proof = path.ok_or_else(unknown)?.iter().map(|hash| sign::to_base64(hash)).collect();
    Ok(json(StatusCode::OK, Proof { proof }))
}
