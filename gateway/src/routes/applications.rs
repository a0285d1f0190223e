//! 利用申請: one application for several databases.

use axum::{
    extract::{Path, State},
    http::StatusCode,
};
use visiting_policies::{
    case::Application,
    permit::ApplicationContent,
    record::{Act, Actor},
    refusal::{Code, Refusal},
    roster::Roster,
    terms::{ApplicationId, Form, PersonId, Role, Scope},
};

use crate::{
    app::{Answer, App, Asked, Call, Shared, id, json, name},
    files,
    problem::Problem,
    wire::{ApplicationSummary, ApplicationView, Applications, NewApplication, VoteView},
};

/// What the record calls these acts when they are refused.
pub(crate) const SUBMIT: &str = "POST /v1/applications";
pub(crate) const SHOW: &str = "GET /v1/applications/{id}";

/// Longest purpose.
pub(crate) const PURPOSE_MAX_BYTES: usize = 64 * 1024;

/// Apply once for tables and columns of several listings.
#[utoipa::path(
    post,
    path = "/v1/applications",
    tag = "application",
    security(("login" = [])),
    params(("Idempotency-Key" = String, Header, description = "Names this request; repeating it gives the first answer")),
    request_body = NewApplication,
    responses((status = 201, body = ApplicationSummary), (status = "default", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn submit_application(State(app): State<Shared>, call: Call) -> Answer {
    let work = async { Ok(json(StatusCode::CREATED, submit(&app, call.asked()?).await?)) };
    app.guard(call.actor(), SUBMIT, work).await
}

/// Applications that you may see.
#[utoipa::path(
    get,
    path = "/v1/applications",
    tag = "application",
    security(("login" = [])),
    responses((status = 200, body = Applications), (status = "default", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn list_applications(State(app): State<Shared>, call: Call) -> Answer {
    app.guard(call.actor(), "GET /v1/applications", async {
        Ok(json(StatusCode::OK, Applications { applications: list(&app, &call.person()?) }))
    })
    .await
}

/// One application. Opening it is an event.
#[utoipa::path(
    get,
    path = "/v1/applications/{id}",
    tag = "application",
    security(("login" = [])),
    params(("id" = String, Path, description = "Application")),
    responses((status = 200, body = ApplicationView), (status = "default", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn show_application(State(app): State<Shared>, Path(application): Path<String>, call: Call) -> Answer {
    let work = async { Ok(json(StatusCode::OK, show(&app, &call.person()?, &application).await?)) };
    app.guard(call.actor(), SHOW, work).await
}

/// Applies.
pub(crate) async fn submit(app: &App, asked: Asked<NewApplication>) -> Result<ApplicationSummary, Refusal> {
    let Asked { person, request, body } = asked;
    let index = match app.desk.repeated(&request)? {
        Some(index) => index,
        None => {
            let (application, content) = content(app, &person, body?).await?;
            app.desk.act(Actor::Person(person), Some(request), Act::ApplicationSubmitted { application, content }).await?
        }
    };
    let (event, _) = app.desk.event_and_next(index).await?;
    let (Actor::Person(applicant), Act::ApplicationSubmitted { application, .. }) = (event.by, event.act) else {
        return Err(Refusal::new(Code::KeyReused, "this Idempotency-Key was used for another request; choose a new one"));
    };
    Ok(ApplicationSummary { id: application.to_string(), status: "submitted".to_owned(), applicant: applicant.to_string() })
}

/// Applications that this person may see.
pub(crate) fn list(app: &App, person: &PersonId) -> Vec<ApplicationSummary> {
    let view = app.desk.view();
    let seen = view.cases.applications.iter().filter(|(_, case)| sees(view.cases.roster(), person, case));
    seen.map(|(id, case)| summary(id, name(case.status), case)).collect()
}

/// Turns the body into what the record holds, after checking what only the catalogue knows.
async fn content(app: &App, person: &PersonId, body: NewApplication) -> Result<(ApplicationId, ApplicationContent), Refusal> {
    if body.purpose.trim().is_empty() || body.purpose.len() > PURPOSE_MAX_BYTES {
        return Err(Refusal::new(Code::Malformed, format!("say what the data is for, in {PURPOSE_MAX_BYTES} bytes at most")));
    }
    let scope = Scope { columns: body.columns, period: body.period, form: Form::Pseudonymised };
    visiting_catalog::plan(&scope, &app.catalog)?;
    let organisations = {
        let view = app.desk.view();
        let roster = view.cases.roster();
        // Asked here already, so that a stranger's text is not even stored.
        roster.holding(person, Role::Researcher)?;
        body.team.iter().map(|p| roster.member(p).map(|m| m.organisation.clone())).collect::<Result<_, _>>()?
    };
    let purpose = app.documents.put(body.purpose).await?;
    let content = ApplicationContent { team: body.team, organisations, purpose, scope, until_ms: body.until_ms };
    Ok((ApplicationId::from_random(&files::random::<16>()?), content))
}

/// One application in full. Opening it is an event.
pub(crate) async fn show(app: &App, person: &PersonId, application: &str) -> Result<ApplicationView, Refusal> {
    let id: ApplicationId = id(application, "application")?;
    visible(app, person, &id)?;
    app.desk.act(Actor::Person(person.clone()), None, Act::Viewed { what: format!("/v1/applications/{id}") }).await?;
    let (case, remarks) = visible(app, person, &id)?;
    let purpose = app.documents.text(&case.content.purpose).await?;
    let remarks = match remarks {
        Some(digest) => Some(app.documents.text(&digest).await?),
        None => None,
    };
    Ok(full(app, &id, case, purpose, remarks))
}

/// The application, when this person may see it; to others it does not exist.
pub(crate) fn visible(app: &App, person: &PersonId, id: &ApplicationId) -> Result<(Application, Option<String>), Refusal> {
    let view = app.desk.view();
    let case = view.cases.applications.get(id).filter(|case| sees(view.cases.roster(), person, case));
    let case = case.cloned().ok_or_else(|| Refusal::not_found("application"))?;
    Ok((case, view.remarks.get(id).cloned()))
}

fn sees(roster: &Roster, person: &PersonId, case: &Application) -> bool {
    let reviews = [Role::Reception, Role::CommitteeMember].iter().any(|role| roster.holding(person, *role).is_ok());
    reviews || case.content.team.contains(person)
}

fn summary(id: &ApplicationId, status: String, case: &Application) -> ApplicationSummary {
    ApplicationSummary { id: id.to_string(), status, applicant: case.applicant.to_string() }
}

fn full(app: &App, id: &ApplicationId, case: Application, purpose: String, remarks: Option<String>) -> ApplicationView {
    let votes = case.votes.into_iter().map(|v| v.ballot);
    ApplicationView {
        id: id.to_string(),
        status: name(case.status),
        applicant: case.applicant.to_string(),
        names: app.people.names(&case.content.team),
        content: case.content.digest(),
        organisations: case.content.organisations.iter().map(ToString::to_string).collect(),
        team: case.content.team,
        purpose,
        columns: case.content.scope.columns,
        period: case.content.scope.period,
        until_ms: case.content.until_ms,
        votes: votes.map(|b| VoteView { member: b.member.to_string(), decision: b.decision, remove: b.remove }).collect(),
        remarks,
    }
}
