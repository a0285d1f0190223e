//! Demo logins.

use axum::{extract::State, http::StatusCode, response::IntoResponse};
use visiting_policies::{
    record::Actor,
    refusal::{Code, Refusal},
    terms::PersonId,
};

use crate::{
    app::{Answer, App, Call, Shared, json, name},
    problem::Problem,
    wire::{Login, LoginRequest},
};

/// What the record calls a refused login.
pub(crate) const LOG_IN: &str = "POST /v1/demo/login";

/// Log in as anybody of the demo roster. Not there outside the demo.
#[utoipa::path(
    post,
    path = "/v1/demo/login",
    tag = "login",
    request_body = LoginRequest,
    responses((status = 200, body = Login), (status = "default", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn log_in(State(app): State<Shared>, call: Call) -> Answer {
    app.guard(Actor::Nobody, LOG_IN, async {
        only_demo(&app)?;
        let body: LoginRequest = call.json()?;
        Ok(json(StatusCode::OK, login(&app, &body.person)?).into_response())
    })
    .await
}

/// Login of a demo person, while demo logins are on.
pub(crate) fn login(app: &App, person: &str) -> Result<Login, Refusal> {
    only_demo(app)?;
    let unknown = |_| Refusal::new(Code::NotLoggedIn, "this person is not in the demo roster");
    let person: PersonId = person.parse().map_err(unknown)?;
    let roles = app.desk.view().cases.roster().member(&person).map_err(unknown)?.roles.iter().map(name).collect();
    Ok(Login { token: app.logins.issue(&person)?, person: person.to_string(), roles })
}

fn only_demo(app: &App) -> Result<(), Refusal> {
    if app.demo { Ok(()) } else { Err(Refusal::not_found("path; demo logins are off")) }
}
