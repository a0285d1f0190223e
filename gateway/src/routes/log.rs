//! アクセスログ: the record as an auditor reads it. Checkpoints and proofs are hashes and public; the events are not.

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use utoipa::IntoParams;
use visiting_policies::{
    merkle::Hash,
    record::{Act, Actor},
    refusal::{Code, Refusal},
    sign,
    terms::Role,
};

use crate::{
    app::{Answer, App, Call, Shared, json},
    problem::Problem,
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

/// The newest checkpoint (C2SP tlog-checkpoint).
#[utoipa::path(get, path = "/v1/log/checkpoint", tag = "log", responses((status = 200, body = String, content_type = "text/plain")))]
pub(crate) async fn show_checkpoint(State(app): State<Shared>) -> Answer {
    Ok(app.desk.view().checkpoint.clone().into_response())
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

async fn read(app: &App, call: &Call) -> Result<Response, Refusal> {
    let person = call.person()?;
    app.desk.view().cases.roster().holding(&person, Role::Auditor)?;
    let part: Part = call.query()?;
    app.desk.act(Actor::Person(person), None, Act::Viewed { what: format!("/v1/log/events?from={}", part.from) }).await?;
    let mut body = String::new();
    for line in app.desk.leaves(part.from, part.limit.min(EVENTS_MAX)).await? {
        body.push_str(&line);
        body.push('\n');
    }
    Ok(([(header::CONTENT_TYPE, "application/x-ndjson")], body).into_response())
}

fn proof(path: Option<Vec<Hash>>) -> Answer {
    let unknown = || Refusal::new(Code::Malformed, "the log has no such event or size; read /v1/log/checkpoint first");
    let proof = path.ok_or_else(unknown)?.iter().map(|hash| sign::to_base64(hash)).collect();
    Ok(json(StatusCode::OK, Proof { proof }))
}
