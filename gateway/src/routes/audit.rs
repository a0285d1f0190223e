//! 監査: what an auditor asks the record. Each question is an event before it is answered.

use axum::{
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use utoipa::IntoParams;
use visiting_policies::{
    Code,
    case_file::CaseFile,
    record::{Act, Actor},
    refusal::Refusal,
    terms::{PersonId, Role},
};

use crate::{
    app::{Answer, App, Call, Shared, json},
    auditor::{
        case::Subject,
        ocsf,
        search::{self, Search},
        sql,
        timeline::Course,
    },
    desk::unavailable,
    problem::Problem,
    wire::{Answered, Hits, NewQuestion, Timeline},
};

/// What the record calls these reads when they are refused.
pub(crate) const SEARCH: &str = "GET /v1/log/search";
pub(crate) const SQL: &str = "POST /v1/log/sql";
pub(crate) const TIMELINE: &str = "GET /v1/log/timeline/{id}";
pub(crate) const OCSF: &str = "GET /v1/log/ocsf";
pub(crate) const CASE: &str = "GET /v1/log/case/{id}";

/// Tells whether rows are missing, where the body cannot.
const TRUNCATED: &str = "visiting-truncated";

/// Most OCSF events of one answer: each carries its leaf, so 64 MB with the largest leaves, usually 1 MB.
const OCSF_MAX: u64 = 1000;

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct After {
    /// Index of the last step that was received: the page begins after it.
    pub(crate) after: Option<u64>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Part {
    /// First event, counted from 0.
    #[serde(default)]
    from: u64,
    /// How many; 1000 at most.
    #[serde(default = "most")]
    limit: u64,
}

fn most() -> u64 {
    OCSF_MAX
}

/// Search the record by person, case, database, action, outcome and time. Searching is an event.
#[utoipa::path(
    get,
    path = "/v1/log/search",
    tag = "audit",
    security(("login" = [])),
    params(search::Asked),
    responses((status = 200, body = Hits), (status = "default", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn search_log(State(app): State<Shared>, call: Call) -> Answer {
    let work = async {
        let person = auditor(&app, call.person()?)?;
        Ok(json(StatusCode::OK, search(&app, person, call.query()?).await?))
    };
    app.guard(call.actor(), SEARCH, work).await
}

/// One SELECT over the record; `docs/audit.md` tells its tables. Asking is an event, which names the text by its digest.
#[utoipa::path(
    post,
    path = "/v1/log/sql",
    tag = "audit",
    security(("login" = [])),
    params(("Accept" = Option<String>, Header, description = "`text/csv` for CSV instead of JSON; then the header `visiting-truncated` says whether rows are missing")),
    request_body = NewQuestion,
    responses(
        (status = 200, content((Answered = "application/json"), (String = "text/csv"))),
        (status = "default", body = Problem, content_type = "application/problem+json")
    )
)]
pub(crate) async fn ask_log(State(app): State<Shared>, headers: HeaderMap, call: Call) -> Answer {
    let work = async {
        let person = auditor(&app, call.person()?)?;
        let NewQuestion { sql } = call.json()?;
        let answered = ask(&app, person, &sql).await?;
        let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if accept.contains("text/csv") { csv(&answered) } else { Ok(json(StatusCode::OK, answered)) }
    };
    app.guard(call.actor(), SQL, work).await
}

/// The course of an application, a permit, a run, an incident or a person. Looking is an event.
#[utoipa::path(
    get,
    path = "/v1/log/timeline/{id}",
    tag = "audit",
    security(("login" = [])),
    params(("id" = String, Path, description = "`app_…`, `prm_…`, `run_…`, `pre_…`, `inc_…` or `per_…`"), After),
    responses((status = 200, body = Timeline), (status = "default", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn show_timeline(State(app): State<Shared>, Path(id): Path<String>, call: Call) -> Answer {
    let work = async {
        let person = auditor(&app, call.person()?)?;
        Ok(json(StatusCode::OK, timeline(&app, person, &id, call.query::<After>()?.after).await?))
    };
    app.guard(call.actor(), TIMELINE, work).await
}

/// Events in the words of OCSF, one a line. Reading them is an event.
#[utoipa::path(
    get,
    path = "/v1/log/ocsf",
    tag = "audit",
    security(("login" = [])),
    params(Part),
    responses((status = 200, body = String, content_type = "application/x-ndjson"), (status = "default", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn read_ocsf(State(app): State<Shared>, call: Call) -> Answer {
    app.guard(call.actor(), OCSF, ocsf(&app, &call)).await
}

/// A case file: leaves with their proofs under one signed checkpoint, for somebody who has no access to the log. Taking it is an event.
#[utoipa::path(
    get,
    path = "/v1/log/case/{id}",
    tag = "audit",
    security(("login" = [])),
    params(("id" = String, Path, description = "`app_…`, `prm_…`, `run_…`, `pre_…` or `inc_…`")),
    responses((status = 200, body = Object, content_type = "application/json"), (status = "default", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn take_case(State(app): State<Shared>, Path(id): Path<String>, call: Call) -> Answer {
    let work = async {
        let person = auditor(&app, call.person()?)?;
        let file = case(&app, person, &id).await?;
        let body = serde_json::to_vec_pretty(&file).map_err(|e| unavailable(&e))?;
        let name = format!("attachment; filename=\"case-{}.json\"", file.about);
        Ok(([(header::CONTENT_TYPE, "application/json".to_owned()), (header::CONTENT_DISPOSITION, name)], body))
    };
    app.guard(call.actor(), CASE, work).await
}

/// The person, when they are an auditor.
pub(crate) fn auditor(app: &App, person: PersonId) -> Result<PersonId, Refusal> {
    app.desk.view().cases.roster().holding(&person, Role::Auditor)?;
    Ok(person)
}

/// Reading is an event, and comes first.
pub(crate) async fn viewed(app: &App, person: PersonId, what: String) -> Result<(), Refusal> {
    app.desk.act(Actor::Person(person), None, Act::Viewed { what }).await.map(|_| ())
}

/// A search by an auditor.
pub(crate) async fn search(app: &App, person: PersonId, asked: search::Asked) -> Result<Hits, Refusal> {
    let search = Search::new(asked, &app.desk.view().cases)?;
    viewed(app, person, format!("/v1/log/search?{}", search.query())).await?;
    app.auditor.ask(&app.desk, move |projection| search.run(projection)).await
}

/// SQL of an auditor. The text is kept beside the record before it runs, so that its digest says what was asked.
pub(crate) async fn ask(app: &App, person: PersonId, text: &str) -> Result<Answered, Refusal> {
    if text.len() > sql::SQL_MAX_BYTES {
        return Err(Refusal::new(Code::TooLarge, format!("a text has {} bytes at most", sql::SQL_MAX_BYTES)));
    }
    let digest = app.documents.put(text.to_owned()).await?;
    viewed(app, person, format!("/v1/log/sql?sql={digest}")).await?;
    app.auditor.ask_sql(&app.desk, text.to_owned()).await
}

/// A timeline for an auditor.
pub(crate) async fn timeline(app: &App, person: PersonId, id: &str, after: Option<u64>) -> Result<Timeline, Refusal> {
    let course = Course::new(id, &app.desk.view().cases)?;
    let page = after.map(|after| format!("?after={after}")).unwrap_or_default();
    viewed(app, person, format!("/v1/log/timeline/{id}{page}")).await?;
    app.auditor.ask(&app.desk, move |projection| course.run(projection, after)).await
}

/// A case file for an auditor. That it was taken is in the record before it, and so may be a leaf of it.
pub(crate) async fn case(app: &App, person: PersonId, id: &str) -> Result<CaseFile, Refusal> {
    let subject = Subject::new(id, &app.desk.view().cases)?;
    viewed(app, person, format!("/v1/log/case/{id}")).await?;
    let asked = subject.clone();
    let leaves = app.auditor.ask(&app.desk, move |projection| asked.leaves(projection)).await?;
    subject.file(&app.desk, leaves).await
}

async fn ocsf(app: &App, call: &Call) -> Result<Response, Refusal> {
    let person = auditor(app, call.person()?)?;
    let part: Part = call.query()?;
    if part.from > app.desk.view().tree.size() {
        return Err(Refusal::new(Code::Malformed, "the record has no such event yet; compare /v1/log/checkpoint with what you have seen"));
    }
    viewed(app, person, format!("/v1/log/ocsf?from={}", part.from)).await?;
    let leaves = app.desk.leaves(part.from, part.limit.min(OCSF_MAX)).await?;
    let mut body = String::new();
    let view = app.desk.view();
    for (index, leaf) in (part.from..).zip(&leaves) {
        body.push_str(&ocsf::event(index, leaf, &view.cases, &view.cases.roster().origin)?.to_string());
        body.push('\n');
    }
    Ok(([(header::CONTENT_TYPE, "application/x-ndjson")], body).into_response())
}

/// An answer as CSV: a row of names, then the rows; a null is an empty cell.
fn csv(answered: &Answered) -> Result<Response, Refusal> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(&answered.columns).map_err(|e| unavailable(&e))?;
    for row in &answered.rows {
        let cells = row.iter().map(|cell| match cell {
            serde_json::Value::Null => String::new(),
            serde_json::Value::String(text) => text.clone(),
            other => other.to_string(),
        });
        writer.write_record(cells).map_err(|e| unavailable(&e))?;
    }
    let body = writer.into_inner().map_err(|e| unavailable(&e))?;
    let truncated = if answered.truncated { "true" } else { "false" };
    Ok(([(header::CONTENT_TYPE.as_str(), "text/csv; charset=utf-8"), (TRUNCATED, truncated)], body).into_response())
}
