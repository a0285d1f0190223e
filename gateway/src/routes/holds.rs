//! 出口審査の保留: the queue of the output checkers, sealed evidence, checks.

use axum::{
    extract::{Path, State},
    http::StatusCode,
};
use visiting_policies::{
    case::{Cases, Hold, RunCase},
    check::{self, Check, SignedCheck},
    record::{Act, Actor},
    refusal::{Code, Refusal},
    terms::{PersonId, Role, RunId},
};

use crate::{
    app::{Answer, App, Asked, Call, Shared, id, json, name},
    problem::Problem,
    wire::{CheckStanding, Checks, HoldSummary, HoldView, Holds, NewCheck},
};

/// What the record calls these acts when they are refused.
pub(crate) const LIST: &str = "GET /v1/holds";
pub(crate) const SHOW: &str = "GET /v1/holds/{run}";
pub(crate) const CAST: &str = "POST /v1/holds/{run}/checks";

/// Held outputs that wait for a checker.
#[utoipa::path(
    get,
    path = "/v1/holds",
    tag = "hold",
    security(("login" = [])),
    responses((status = 200, body = Holds), (status = "default", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn list_holds(State(app): State<Shared>, call: Call) -> Answer {
    let work = async { Ok(json(StatusCode::OK, Holds { holds: list(&app, &call.person()?)? })) };
    app.guard(call.actor(), LIST, work).await
}

/// One held output with its sealed evidence. Opening it is an event.
#[utoipa::path(
    get,
    path = "/v1/holds/{run}",
    tag = "hold",
    security(("login" = [])),
    params(("run" = String, Path, description = "Run")),
    responses((status = 200, body = HoldView), (status = "default", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn show_hold(State(app): State<Shared>, Path(run): Path<String>, call: Call) -> Answer {
    let work = async { Ok(json(StatusCode::OK, show(&app, &call.person()?, &run).await?)) };
    app.guard(call.actor(), SHOW, work).await
}

/// Check a held output with the checker's own signature. The last check opens all of them.
#[utoipa::path(
    post,
    path = "/v1/holds/{run}/checks",
    tag = "hold",
    security(("login" = [])),
    params(("run" = String, Path, description = "Run"), ("Idempotency-Key" = String, Header, description = "Names this request")),
    request_body = NewCheck,
    responses((status = 200, body = CheckStanding), (status = "default", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn cast_check(State(app): State<Shared>, Path(run): Path<String>, call: Call) -> Answer {
    let work = async { Ok(json(StatusCode::OK, cast(&app, call.asked()?, &run).await?)) };
    app.guard(call.actor(), CAST, work).await
}

/// What waits for checkers and is no conflict of this one, oldest first.
pub(crate) fn list(app: &App, person: &PersonId) -> Result<Vec<HoldSummary>, Refusal> {
    let now = app.desk.now_ms();
    let view = app.desk.view();
    view.cases.roster().holding(person, Role::Checker)?;
    let waits = |(id, case): (&RunId, &RunCase)| {
        let (_, hold) = view.cases.held(id, person).ok().filter(|(_, hold)| hold.opened.is_none())?;
        view.cases.open_permit(&case.permit, &case.by, now).ok()?;
        summary(&view.cases, id, case, hold, person)
    };
    let mut holds: Vec<HoldSummary> = view.cases.runs.iter().filter_map(waits).collect();
    holds.sort_by_key(|hold| hold.held_ms);
    Ok(holds)
}

/// One held output. Opening it is an event.
pub(crate) async fn show(app: &App, person: &PersonId, run: &str) -> Result<HoldView, Refusal> {
    app.desk.view().cases.roster().holding(person, Role::Checker)?;
    let run: RunId = id(run, "held output")?;
    app.desk.view().cases.held(&run, person)?;
    app.desk.act(Actor::Person(person.clone()), None, Act::Viewed { what: format!("/v1/holds/{run}") }).await?;
    let (hold, sealed, purpose) = {
        let view = app.desk.view();
        let (case, hold) = view.cases.held(&run, person)?;
        let (_, content) = view.cases.behind(case)?;
        let summary = summary(&view.cases, &run, case, hold, person).ok_or_else(|| Refusal::not_found("held output"))?;
        (summary, hold.held.sealed.clone(), content.purpose.clone())
    };
    let (document, purpose) = (app.documents.text(&sealed).await?, app.documents.text(&purpose).await?);
    Ok(HoldView { hold, purpose, sealed, document })
}

fn summary(cases: &Cases, id: &RunId, case: &RunCase, hold: &Hold, person: &PersonId) -> Option<HoldSummary> {
    let (permit, _) = cases.behind(case).ok()?;
    let organisation = &cases.roster().member(person).ok()?.organisation;
    let standing = match () {
        () if hold.cast.iter().any(|cast| cast.by == *person) => "checked",
        () if hold.cast.iter().any(|cast| cast.organisation == *organisation) => "another",
        () => "open",
    };
    Some(HoldSummary {
        run: id.to_string(),
        permit: permit.id.to_string(),
        application: permit.application.to_string(),
        reasons: hold.held.reasons.iter().map(name).collect(),
        checks: checks(hold),
        held_ms: hold.at_ms,
        standing: standing.to_owned(),
    })
}

/// How far the checkers are.
pub(crate) fn checks(hold: &Hold) -> Checks {
    Checks { needed: hold.held.checkers, missing: hold.missing() }
}

/// Casts a check. It lies beside the record, readable by nobody over the API, until the last one is in.
pub(crate) async fn cast(app: &App, asked: Asked<NewCheck>, run: &str) -> Result<CheckStanding, Refusal> {
    let Asked { person, request, body } = asked;
    let index = match app.desk.repeated(&request)? {
        Some(index) => index,
        None => {
            app.desk.view().cases.roster().holding(&person, Role::Checker)?;
            let run: RunId = id(run, "held output")?;
            // One after the other: whoever comes last opens all, and must know that they are the last.
            let _turn = app.checks.lock().await;
            let signed = signed(app, &run, &person, body)?;
            let commitment = app.documents.put(signed.bytes()).await?;
            let opened = opened(app, &run, signed).await?;
            let act = Act::CheckCast { run, by: person.clone(), commitment };
            app.desk.act_with(Actor::Person(person), Some(request), act, opened).await?
        }
    };
    standing(app, index).await
}

/// The check, when the law would take it: one that could not be opened later would stop the whole output.
fn signed(app: &App, run: &RunId, person: &PersonId, body: Result<NewCheck, Refusal>) -> Result<SignedCheck, Refusal> {
    let view = app.desk.view();
    let hold = view.cases.may_check(run, person, app.desk.now_ms())?;
    let NewCheck { finding, reason, salt, signature } = body?;
    let sealed = hold.held.sealed.clone();
    let signed = SignedCheck { check: Check { run: run.clone(), sealed, by: person.clone(), finding, reason, salt }, signature };
    signed.verify(run, &hold.held, view.cases.roster())?;
    Ok(signed)
}

/// What opens all checks, when this is the last one.
async fn opened(app: &App, run: &RunId, last: SignedCheck) -> Result<Option<Act>, Refusal> {
    let before: Vec<String> = {
        let view = app.desk.view();
        let hold = view.cases.runs.get(run).and_then(|case| case.hold.as_ref()).filter(|hold| hold.missing() == 1);
        let Some(hold) = hold else { return Ok(None) };
        hold.cast.iter().map(|cast| cast.commitment.clone()).collect()
    };
    let mut checks = Vec::with_capacity(before.len() + 1);
    for commitment in before {
        let fault = |_| Refusal::new(Code::OperatorProblem, "an earlier check cannot be read; the operators have been told");
        checks.push(serde_json::from_slice(&app.documents.get(&commitment).await?).map_err(fault)?);
    }
    checks.push(last);
    Ok(Some(Act::ChecksOpened { run: run.clone(), checks }))
}

/// The answer is read off the record, so a repeated request gets the same one.
async fn standing(app: &App, index: u64) -> Result<CheckStanding, Refusal> {
    let reused = || Refusal::new(Code::KeyReused, "this Idempotency-Key was used for another request; choose a new one");
    let (event, next) = app.desk.event_and_next(index).await?;
    let Act::CheckCast { run, by, .. } = event.act else { return Err(reused()) };
    let view = app.desk.view();
    let hold = view.cases.runs.get(&run).and_then(|case| case.hold.as_ref()).ok_or_else(reused)?;
    let status = match next.map(|event| event.act) {
        Some(Act::ChecksOpened { run: opened, checks }) if opened == run => {
            if checks.iter().all(|c| c.check.finding == check::Finding::Release) { "approved" } else { "refused" }
        }
        _ => "held",
    };
    let place = hold.cast.iter().position(|cast| cast.by == by).unwrap_or_default();
    let missing = hold.held.checkers.saturating_sub(u8::try_from(place + 1).unwrap_or(u8::MAX));
    Ok(CheckStanding { run: run.to_string(), status: status.to_owned(), checks: Checks { needed: hold.held.checkers, missing } })
}
