//! 事後確認: releases of the machine that were drawn for an output checker. What there is to see has left already, so it is shown as it
//! left; nothing more comes out of the enclave for it.

use axum::{
    extract::{Path, State},
    http::StatusCode,
};
use visiting_policies::{
    case::RunCase,
    disclosure::limits::SAMPLED_ONE_IN,
    record::{Act, Actor},
    refusal::{Code, Refusal},
    sample::{Look, SignedLook},
    terms::{PersonId, Role, RunId},
};

use crate::{
    app::{Answer, App, Asked, Call, Shared, id, json},
    desk::View,
    problem::Problem,
    wire::{LookView, NewLook, SampleSummary, SampleView, Samples},
};

/// What the record calls these acts when they are refused.
pub(crate) const LIST: &str = "GET /v1/samples";
pub(crate) const SHOW: &str = "GET /v1/samples/{run}";
pub(crate) const LOOK: &str = "POST /v1/samples/{run}/look";

/// The file that a checker reads.
const TABLE: &str = "table.csv";

/// Drawn releases that wait for a checker.
#[utoipa::path(
    get,
    path = "/v1/samples",
    tag = "sample",
    security(("login" = [])),
    responses((status = 200, body = Samples), (status = "default", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn list_samples(State(app): State<Shared>, call: Call) -> Answer {
    let work = async { Ok(json(StatusCode::OK, Samples { samples: list(&app, &call.person()?)?, one_in: SAMPLED_ONE_IN })) };
    app.guard(call.actor(), LIST, work).await
}

/// One drawn release, as it left. Opening it is an event.
#[utoipa::path(
    get,
    path = "/v1/samples/{run}",
    tag = "sample",
    security(("login" = [])),
    params(("run" = String, Path, description = "Run")),
    responses((status = 200, body = SampleView), (status = "default", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn show_sample(State(app): State<Shared>, Path(run): Path<String>, call: Call) -> Answer {
    let work = async { Ok(json(StatusCode::OK, show(&app, &call.person()?, &run).await?)) };
    app.guard(call.actor(), SHOW, work).await
}

/// Say that a drawn release is fine, or ask for its recall, with the checker's own signature.
#[utoipa::path(
    post,
    path = "/v1/samples/{run}/look",
    tag = "sample",
    security(("login" = [])),
    params(("run" = String, Path, description = "Run"), ("Idempotency-Key" = String, Header, description = "Names this request")),
    request_body = NewLook,
    responses((status = 200, body = LookView), (status = "default", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn look_at_sample(State(app): State<Shared>, Path(run): Path<String>, call: Call) -> Answer {
    let work = async { Ok(json(StatusCode::OK, look(&app, call.asked()?, &run).await?)) };
    app.guard(call.actor(), LOOK, work).await
}

/// What waits for this checker, oldest first.
pub(crate) fn list(app: &App, person: &PersonId) -> Result<Vec<SampleSummary>, Refusal> {
    let view = app.desk.view();
    view.cases.roster().holding(person, Role::Checker)?;
    let waits = |run: &RunId| summary(&view, run, view.cases.may_look(run, person).ok()?).ok();
    let mut samples: Vec<SampleSummary> = view.cases.runs.keys().filter_map(waits).collect();
    samples.sort_by_key(|sample| sample.released_ms);
    Ok(samples)
}

/// One of them. Opening it is an event.
pub(crate) async fn show(app: &App, person: &PersonId, run: &str) -> Result<SampleView, Refusal> {
    app.desk.view().cases.roster().holding(person, Role::Checker)?;
    let run: RunId = id(run, "sampled release")?;
    app.desk.view().cases.may_look(&run, person)?;
    app.desk.act(Actor::Person(person.clone()), None, Act::Viewed { what: format!("/v1/samples/{run}") }).await?;
    let (sample, receipt, [purpose, sql, table]) = {
        let view = app.desk.view();
        let case = view.cases.may_look(&run, person)?;
        let (_, content) = view.cases.behind(case)?;
        let mut files = case.judged.iter().flat_map(|(report, _)| &report.files);
        let table = files.find(|file| file.name == TABLE).map(|file| file.digest.clone());
        let table = table.ok_or_else(|| Refusal::not_found("released table"))?;
        let documents = [content.purpose.clone(), case.program.clone(), table];
        (summary(&view, &run, case)?, case.released.clone().unwrap_or_default(), documents)
    };
    let (purpose, sql, table) = (app.documents.text(&purpose).await?, app.documents.text(&sql).await?, app.documents.text(&table).await?);
    Ok(SampleView { sample, purpose, sql, table, receipt })
}

fn summary(view: &View, run: &RunId, case: &RunCase) -> Result<SampleSummary, Refusal> {
    let (permit, _) = view.cases.behind(case)?;
    Ok(SampleSummary {
        run: run.to_string(),
        permit: permit.id.to_string(),
        application: permit.application.to_string(),
        released_ms: view.moments.get(run.as_str()).copied().unwrap_or_default(),
    })
}

/// Records the opinion. The answer is read off the record, so a repeated request gets the same one.
pub(crate) async fn look(app: &App, asked: Asked<NewLook>, run: &str) -> Result<LookView, Refusal> {
    let Asked { person, request, body } = asked;
    let run: RunId = {
        app.desk.view().cases.roster().holding(&person, Role::Checker)?;
        id(run, "sampled release")?
    };
    if app.desk.repeated(&request)?.is_none() {
        let receipt = app.desk.view().cases.may_look(&run, &person)?.released.clone().unwrap_or_default();
        let NewLook { opinion, reason, signature } = body?;
        let signed = SignedLook { look: Look { run: run.clone(), receipt, by: person.clone(), opinion, reason }, signature };
        app.desk.act(Actor::Person(person), Some(request), Act::SampleLooked { signed }).await?;
    }
    let view = app.desk.view();
    let looked = view.cases.runs.get(&run).and_then(|case| case.looked.as_ref());
    let reused = || Refusal::new(Code::KeyReused, "this Idempotency-Key was used for another request; choose a new one");
    Ok(LookView { run: run.to_string(), opinion: looked.ok_or_else(reused)?.look.opinion })
}
