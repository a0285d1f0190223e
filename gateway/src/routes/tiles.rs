//! The published log under the paths of C2SP tlog-tiles, so that any client of such logs reads it: `/log/checkpoint`, `/log/tile/...`.
//!
//! The checkpoint and the upper tiles are hashes over hundreds of events and public. Entries are an auditor's, and so are the lowest
//! tiles: an event has so few unknowns that its hash could be guessed at.

use axum::{
    extract::{Path, State},
    http::{HeaderName, header},
    response::{IntoResponse, Response},
};
use visiting_policies::{
    record::{Act, Actor},
    refusal::{Code, Refusal},
    terms::Role,
};
use visiting_tlog::{
    store::{Published, Store},
    tile::{Kind, Tile},
};

use crate::{
    app::{Answer, App, Call, Shared},
    desk::unavailable,
    problem::Problem,
};

/// Tiles never change.
const FOR_EVER: (HeaderName, &str) = (header::CACHE_CONTROL, "public, max-age=604800, immutable");

/// What only an auditor may see stays in nobody's cache.
const FOR_NOBODY: (HeaderName, &str) = (header::CACHE_CONTROL, "private, no-store");

/// The checkpoint that was published last, cosigned (C2SP tlog-checkpoint).
#[utoipa::path(get, path = "/log/checkpoint", tag = "log", responses((status = 200, body = String, content_type = "text/plain"), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn show_checkpoint(State(app): State<Shared>, call: Call) -> Answer {
    app.guard(call.actor(), "GET /log/checkpoint", async {
        let note = app.log.checkpoint().map_err(|e| unavailable(&e))?.ok_or_else(|| Refusal::not_found("checkpoint"))?;
        let type_ = (header::CONTENT_TYPE, "text/plain; charset=utf-8");
        Ok(([type_, (header::CACHE_CONTROL, "no-cache")], note).into_response())
    })
    .await
}

/// A tile or an entry bundle (C2SP tlog-tiles). `tile/entries/...` and `tile/0/...` are for auditors; reading them is an event.
#[utoipa::path(
    get,
    path = "/log/tile/{*path}",
    tag = "log",
    security((), ("login" = [])),
    params(("path" = String, Path, description = "Level and number, as tlog-tiles spells them: `0/x001/067`, `entries/000.p/12`")),
    responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream"), (status = "default", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn show_tile(State(app): State<Shared>, Path(path): Path<String>, call: Call) -> Answer {
    app.guard(call.actor(), "GET /log/tile", tile(&app, &call, &path)).await
}

async fn tile(app: &App, call: &Call, path: &str) -> Result<Response, Refusal> {
    let spelled = || Refusal::new(Code::Malformed, "a tile is named as C2SP tlog-tiles spells it: `0/x001/067`, `entries/000.p/12`");
    let tile = Tile::parse(&format!("tile/{path}")).ok_or_else(spelled)?;
    let guarded = matches!(tile.kind(), Kind::Entries | Kind::Level(0));
    if guarded {
        let person = call.person()?;
        app.desk.view().cases.roster().holding(&person, Role::Auditor)?;
        app.desk.act(Actor::Person(person), None, Act::Viewed { what: format!("/log/{tile}") }).await?;
    }
    let bytes = app.log.read(tile).map_err(|e| unavailable(&e))?.ok_or_else(|| Refusal::not_found("tile"))?;
    let cache = if guarded { FOR_NOBODY } else { FOR_EVER };
    Ok(([(header::CONTENT_TYPE, "application/octet-stream"), cache], bytes).into_response())
}
