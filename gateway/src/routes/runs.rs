//! 解析実行: SQL in, a verdict and released files out.

use axum::{
    body::Bytes,
    extract::{Path, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use visiting_policies::{
    case::{Cases, RunCase},
    record::{Act, Actor},
    refusal::{Code, Refusal},
    terms::{PermitId, PersonId, RunId, Verdict},
};

use super::{holds, permits::Wait};
use crate::{
    app::{Answer, App, Asked, Call, Shared, id, json},
    files,
    problem::Problem,
    wire::{NewRun, RunRefusal, RunView, Runs},
};

/// Names of these acts in refusals, whichever way they came.
pub(crate) const SUBMIT: &str = "POST /v1/permits/{id}/runs";
pub(crate) const LIST: &str = "GET /v1/permits/{id}/runs";
pub(crate) const SHOW: &str = "GET /v1/runs/{id}";
pub(crate) const FETCH: &str = "GET /v1/runs/{id}/files/{name}";

/// Longest SQL text.
pub(crate) const SQL_MAX_BYTES: usize = 32 * 1024;

/// Name of the receipt beside the released tables.
pub(crate) const RECEIPT: &str = "receipt.note";

/// Ask for a run. The intent is in the record before any data is read.
#[utoipa::path(
    post,
    path = "/v1/permits/{id}/runs",
    tag = "run",
    security(("login" = [])),
    params(("id" = String, Path, description = "Permit"), ("Idempotency-Key" = String, Header, description = "Names this request")),
    request_body = NewRun,
    responses((status = 202, body = RunView), (status = "default", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn request_run(State(app): State<Shared>, Path(permit): Path<String>, call: Call) -> Answer {
    app.guard(call.actor(), SUBMIT, request(&app, &call, &permit)).await
}

/// Runs of a permit.
#[utoipa::path(
    get,
    path = "/v1/permits/{id}/runs",
    tag = "run",
    security(("login" = [])),
    params(("id" = String, Path, description = "Permit")),
    responses((status = 200, body = Runs), (status = "default", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn list_runs(State(app): State<Shared>, Path(permit): Path<String>, call: Call) -> Answer {
    app.guard(call.actor(), LIST, async {
        let person = call.person()?;
        let runs = of_permit(&app, &person, &id(&permit, "permit")?)?;
        Ok(json(StatusCode::OK, Runs { runs: runs.iter().map(|(id, run)| run_view(&app, id, run, &person)).collect() }))
    })
    .await
}

/// One run; with `wait_ms`, as soon as it is released or refused, or people must look at it.
#[utoipa::path(
    get,
    path = "/v1/runs/{id}",
    tag = "run",
    security(("login" = [])),
    params(("id" = String, Path, description = "Run"), Wait),
    responses((status = 200, body = RunView), (status = "default", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn show_run(State(app): State<Shared>, Path(run): Path<String>, call: Call) -> Answer {
    app.guard(call.actor(), SHOW, async {
        let (person, id) = (call.person()?, id(&run, "run")?);
        let wait: Wait = call.query()?;
        visible(&app, &person, &id)?;
        let seen = || visible(&app, &person, &id).map(|case| run_view(&app, &id, &case, &person));
        let settled = || seen().ok().filter(RunView::is_final);
        let settled = app.desk.wait_for(wait.duration(), settled).await;
        Ok(json(StatusCode::OK, settled.map_or_else(seen, Ok)?))
    })
    .await
}

/// A released file: `table.csv`, `table.parquet` or `receipt.note`. Fetching it is an event.
#[utoipa::path(
    get,
    path = "/v1/runs/{id}/files/{name}",
    tag = "run",
    security(("login" = [])),
    params(("id" = String, Path, description = "Run"), ("name" = String, Path, description = "File")),
    responses((status = 200, description = "The bytes"), (status = "default", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn fetch_file(State(app): State<Shared>, Path((run, file)): Path<(String, String)>, call: Call) -> Answer {
    app.guard(call.actor(), FETCH, fetch(&app, &call, &run, &file)).await
}

async fn request(app: &App, call: &Call, permit: &str) -> Result<Response, Refusal> {
    let run = submit(app, call.asked()?, permit).await?;
    let queued = RunView {
        id: run.to_string(),
        permit: permit.to_owned(),
        status: "queued".to_owned(),
        verdict: None,
        refusal: None,
        files: Vec::new(),
        checks: None,
        recalled: None,
        destroy: false,
    };
    Ok(json(StatusCode::ACCEPTED, queued))
}

/// Records the intent of a run, once per request, and says under which id. API and portal both come through here.
pub(crate) async fn submit(app: &App, asked: Asked<NewRun>, permit: &str) -> Result<RunId, Refusal> {
    let Asked { person, request, body } = asked;
    let permit: PermitId = id(permit, "permit")?;
    let index = match app.desk.repeated(&request)? {
        Some(index) => index,
        None => {
            let sql = checked(body?)?;
            // Asked here already, so that SQL which cannot run is not even stored.
            app.desk.view().cases.open_permit(&permit, &person, app.desk.now_ms())?;
            let program = app.documents.put(sql).await?;
            let run = RunId::from_random(&files::random::<16>()?);
            app.desk.act(Actor::Person(person), Some(request), Act::RunRequested { run, permit, program }).await?
        }
    };
    let (event, _) = app.desk.event_and_next(index).await?;
    let Act::RunRequested { run, .. } = event.act else {
        return Err(Refusal::new(Code::KeyReused, "this Idempotency-Key was used for another request; choose a new one"));
    };
    Ok(run)
}

/// The text of a wish, when it can be one.
pub(super) fn checked(wish: NewRun) -> Result<String, Refusal> {
    if wish.sql.trim().is_empty() {
        return Err(Refusal::new(Code::Malformed, "there is no SQL to run").ja("実行するSQLがありません。"));
    }
    if wish.sql.len() > SQL_MAX_BYTES {
        let ja = format!("SQLは{SQL_MAX_BYTES}バイトまでです。短くしてください。");
        return Err(Refusal::new(Code::TooLarge, format!("the SQL has {SQL_MAX_BYTES} bytes at most; shorten it")).ja(ja));
    }
    Ok(wish.sql)
}

async fn fetch(app: &App, call: &Call, run: &str, file: &str) -> Result<Response, Refusal> {
    let bytes = download(app, call.person()?, run, file).await?;
    Ok(([(header::CONTENT_TYPE, content_type(file))], bytes).into_response())
}

/// The bytes of a released file, once their reader is in the record. API and portal both come through here.
pub(crate) async fn download(app: &App, person: PersonId, run: &str, file: &str) -> Result<Bytes, Refusal> {
    let run = id(run, "run")?;
    let case = visible(app, &person, &run)?;
    // A refused run has no files: whoever asks for them gets the gate's own refusal as the problem document.
    let refused = case.refusal();
    let digest = released(&case, file).ok_or_else(|| refused.unwrap_or_else(|| Refusal::not_found("released file")))?;
    app.desk.act(Actor::Person(person), None, Act::Downloaded { run, file: file.to_owned() }).await?;
    app.documents.get(&digest).await
}

/// The kind of a released file by its name.
pub(crate) fn content_type(file: &str) -> &'static str {
    match file.rsplit_once('.').map(|(_, end)| end) {
        Some("csv") => "text/csv; charset=utf-8",
        Some("parquet") => "application/vnd.apache.parquet",
        _ => "text/plain; charset=utf-8",
    }
}

/// The runs under a permit that names this person, oldest first; to others the permit does not exist.
pub(crate) fn of_permit(app: &App, person: &PersonId, permit: &PermitId) -> Result<Vec<(RunId, RunCase)>, Refusal> {
    let view = app.desk.view();
    view.cases.named(permit, person).map_err(|_| Refusal::not_found("permit"))?;
    let mut runs: Vec<_> =
        view.cases.runs.iter().filter(|(_, run)| run.permit == *permit).map(|(id, run)| (id.clone(), run.clone())).collect();
    runs.sort_by_key(|(_, run)| run.index);
    Ok(runs)
}

/// Digest of a file that may leave: the verdict named it and the release is in the record.
fn released(case: &RunCase, file: &str) -> Option<String> {
    let receipt = case.released.as_ref().filter(|_| case.recalled.is_none())?;
    if file == RECEIPT {
        return Some(receipt.clone());
    }
    let (report, _) = case.judged.as_ref()?;
    report.files.iter().find(|f| f.name == file).map(|f| f.digest.clone())
}

/// The run, when the permit names this person; to others it does not exist.
pub(crate) fn visible(app: &App, person: &PersonId, id: &RunId) -> Result<RunCase, Refusal> {
    let view = app.desk.view();
    let named = |cases: &Cases, run: &RunCase| cases.named(&run.permit, person).is_ok();
    view.cases.runs.get(id).filter(|run| named(&view.cases, run)).cloned().ok_or_else(|| Refusal::not_found("run"))
}

/// The run as this person is shown it.
pub(crate) fn run_view(app: &App, id: &RunId, case: &RunCase, person: &PersonId) -> RunView {
    let (report, refusal) = (case.judged.as_ref().map(|(report, _)| report), case.refusal());
    let verdict =
        report.map(|r| r.verdict).or_else(|| case.hold.as_ref().map(|_| if case.is_held() { Verdict::Hold } else { Verdict::Refuse }));
    let status = match report {
        None if refusal.is_some() => "refused",
        None if app.audits.goes_on(id, case) => "checking",
        None if case.is_held() => "held",
        None => "queued",
        Some(report) if report.verdict == Verdict::Refuse => "refused",
        Some(_) if case.recalled.is_some() => "recalled",
        Some(_) if case.released.is_some() => "released",
        Some(_) if case.withheld => "refused",
        Some(_) => "judged",
    };
    let names = report
        .filter(|_| case.released.is_some() && case.recalled.is_none())
        .map(|r| r.files.iter().map(|f| f.name.clone()).chain([RECEIPT.to_owned()]).collect());
    RunView {
        id: id.to_string(),
        permit: case.permit.to_string(),
        status: status.to_owned(),
        verdict,
        refusal: refusal.map(RunRefusal::from),
        files: names.unwrap_or_default(),
        checks: case.hold.as_ref().filter(|_| case.is_held()).map(holds::checks),
        recalled: case.recalled.clone(),
        destroy: case.recalled.is_some() && case.fetched.contains(person),
    }
}
