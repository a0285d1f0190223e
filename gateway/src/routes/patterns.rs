//! 利用の傾向: what people ask and what comes of it, for the auditor. Looking is an event, like reading the record that it is made of.

use axum::{extract::State, http::StatusCode};
use visiting_policies::{
    pattern::{self, Pattern},
    record::{Act, Actor},
    refusal::Refusal,
    terms::{PersonId, Role},
};

use crate::{
    app::{Answer, App, Call, Shared, json},
    problem::Problem,
    wire::{PatternView, Patterns},
};

pub(crate) const LIST: &str = "GET /v1/patterns";

/// What each person has asked under each permit, and what came of it.
#[utoipa::path(
    get,
    path = "/v1/patterns",
    tag = "log",
    security(("login" = [])),
    responses((status = 200, body = Patterns), (status = "default", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn list_patterns(State(app): State<Shared>, call: Call) -> Answer {
    let work = async { Ok(json(StatusCode::OK, Patterns { patterns: list(&app, call.person()?).await? })) };
    app.guard(call.actor(), LIST, work).await
}

/// All of them, what looks like probing first.
pub(crate) async fn list(app: &App, person: PersonId) -> Result<Vec<PatternView>, Refusal> {
    app.desk.view().cases.roster().holding(&person, Role::Auditor)?;
    app.desk.act(Actor::Person(person), None, Act::Viewed { what: "/v1/patterns".to_owned() }).await?;
    let mut all = pattern::patterns(&app.desk.view().cases);
    all.sort_by_key(|pattern| !pattern.probing);
    Ok(all.into_iter().map(view).collect())
}

fn view(pattern: Pattern) -> PatternView {
    PatternView {
        permit: pattern.permit.to_string(),
        person: pattern.person.to_string(),
        runs: pattern.runs,
        released: pattern.released,
        suppressed: pattern.suppressed,
        held: pattern.held,
        repeated: pattern.repeated,
        refused: pattern.refused,
        longest_row: pattern.longest_row,
        probing: pattern.probing,
    }
}
