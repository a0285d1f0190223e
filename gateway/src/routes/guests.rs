//! 利用者プログラム (guests): a researcher's own function is examined, stored and bound to a permit under a name. What does not pass
//! leaves nothing behind but the refusal in the record.

use axum::{
    extract::{Path, State},
    http::StatusCode,
};
use visiting_intake::{Accepted, Finding, Report};
use visiting_policies::{
    case::PermitCase,
    record::{Act, Actor, RequestKey},
    refusal::{Code, Refusal},
    sign,
    terms::{PermitId, PersonId},
};

use crate::{
    app::{Answer, App, Call, Shared, id, json},
    problem::Problem,
    wire::{GuestLabel, GuestParam, GuestReport, GuestView, Guests, NewGuest},
};

/// Upload a guest: manifest and module are examined, and what passes is bound to the permit for good.
#[utoipa::path(
    post,
    path = "/v1/permits/{id}/guests",
    tag = "guest",
    security(("login" = [])),
    params(("id" = String, Path, description = "Permit"), ("Idempotency-Key" = String, Header, description = "Names this request")),
    request_body = NewGuest,
    responses((status = 201, body = GuestView), (status = "default", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn upload_guest(State(app): State<Shared>, Path(permit): Path<String>, call: Call) -> Answer {
    app.guard(call.actor(), "POST /v1/permits/{id}/guests", async {
        let asked = call.asked()?;
        let view = bind(&app, &asked.person, asked.request, &id(&permit, "permit")?, || asked.body).await?;
        Ok(json(StatusCode::CREATED, view))
    })
    .await
}

/// Guests of a permit.
#[utoipa::path(
    get,
    path = "/v1/permits/{id}/guests",
    tag = "guest",
    security(("login" = [])),
    params(("id" = String, Path, description = "Permit")),
    responses((status = 200, body = Guests), (status = "default", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn list_guests(State(app): State<Shared>, Path(permit): Path<String>, call: Call) -> Answer {
    app.guard(call.actor(), "GET /v1/permits/{id}/guests", async {
        let guests = list(&app, &call.person()?, &id(&permit, "permit")?).await?;
        Ok(json(StatusCode::OK, guests))
    })
    .await
}

/// Examines a guest and binds it as this person. The same request again gets the first answer.
pub(crate) async fn bind(
    app: &App,
    person: &PersonId,
    request: RequestKey,
    permit: &PermitId,
    body: impl FnOnce() -> Result<NewGuest, Refusal>,
) -> Result<GuestView, Refusal> {
    named(app, person, permit)?;
    let index = match app.desk.repeated(&request)? {
        Some(index) => index,
        None => {
            // Whoever may not bind has nothing examined or stored.
            app.desk.view().cases.open_permit(permit, person, app.desk.now_ms())?;
            let new = body()?;
            let module = sign::from_base64(&new.module).ok_or_else(|| Refusal::new(Code::Malformed, "the module is not base64"))?;
            let (manifest, module, accepted) = examined(new.manifest, module).await?;
            app.desk.view().cases.may_bind(permit, person, &accepted.manifest.name, app.desk.now_ms())?;
            let guest = app.documents.put(visiting_intake::container(&manifest, &module)).await?;
            let act = Act::GuestBound { permit: permit.clone(), guest, name: accepted.manifest.name };
            app.desk.act(Actor::Person(person.clone()), Some(request), act).await?
        }
    };
    let (event, _) = app.desk.event_and_next(index).await?;
    let Act::GuestBound { permit, guest, name } = event.act else {
        return Err(Refusal::new(Code::KeyReused, "this Idempotency-Key was used for another request; choose a new one"));
    };
    let status = status(&named(app, person, &permit)?, app.desk.now_ms());
    view(app, &name, &guest, person, status).await
}

/// Guests of a permit, as a person whom it names sees them.
pub(crate) async fn list(app: &App, person: &PersonId, permit: &PermitId) -> Result<Guests, Refusal> {
    let case = named(app, person, permit)?;
    let status = status(&case, app.desk.now_ms());
    let mut bound: Vec<_> = case.guests.iter().collect();
    bound.sort_by_key(|(_, guest)| guest.index);
    let mut guests = Vec::with_capacity(bound.len());
    for (name, guest) in bound {
        guests.push(view(app, name, &guest.guest, &guest.by, status).await?);
    }
    Ok(Guests { guests })
}

/// The bytes of a guest that some permit has, for the enclave.
pub(super) async fn document(app: &App, digest: &str) -> Result<Vec<u8>, Refusal> {
    let bound = app.desk.view().cases.permits.values().any(|case| case.guests.values().any(|g| g.guest == digest));
    if !bound {
        return Err(Refusal::not_found("guest"));
    }
    Ok(app.documents.get(digest).await?.to_vec())
}

/// To people whom it does not name a permit does not exist here.
pub(super) fn named(app: &App, person: &PersonId, permit: &PermitId) -> Result<PermitCase, Refusal> {
    app.desk.view().cases.named(permit, person).cloned().map_err(|_| Refusal::not_found("permit"))
}

/// Examination is arithmetic over the module's bytes; it does not hold up the threads that serve.
async fn examined(manifest: String, module: Vec<u8>) -> Result<(String, Vec<u8>, Accepted), Refusal> {
    let work = move || visiting_intake::examine(&manifest, &module).map(|accepted| (manifest, module, accepted));
    let done = tokio::task::spawn_blocking(work).await;
    let done = done.map_err(|_| Refusal::new(Code::OperatorProblem, "the guest could not be examined; the operators have been told"))?;
    done.map_err(|report| refused(&report))
}

/// All findings, one a line behind the first, in both languages: the problem document lists them.
fn refused(report: &Report) -> Refusal {
    let line = |f: &Finding| format!("\n{} ({}): {} {} / {} {}", f.rule, f.place, f.says.en, f.fix.en, f.says.ja, f.fix.ja);
    let told = report.findings.iter().map(line);
    let detail = format!("the guest is not taken; mend what is found and upload it again{}", told.collect::<String>());
    Refusal::new(Code::GuestRefused, detail)
}

pub(super) fn status(case: &PermitCase, now_ms: u64) -> &'static str {
    match &case.suspended {
        Some(_) => "withheld",
        None if now_ms >= case.permit.until_ms => "expired",
        None => "bound",
    }
}

/// A guest as it was examined: the document says everything about it.
async fn view(app: &App, name: &str, digest: &str, by: &PersonId, status: &str) -> Result<GuestView, Refusal> {
    let damaged = || crate::desk::unavailable(&format!("the guest {digest} is damaged"));
    let (manifest, module) = visiting_intake::open(&app.documents.get(digest).await?).ok_or_else(damaged)?;
    let (_, _, accepted) = examined(manifest, module).await.map_err(|_| damaged())?;
    let params = accepted.manifest.params.iter().map(|p| GuestParam { name: p.name.clone(), kind: crate::app::name(p.kind) });
    let labels = accepted.manifest.labels.iter().map(|l| GuestLabel { label: l.label.clone(), ja: l.ja.clone() });
    let checked = accepted.checked.iter();
    Ok(GuestView {
        guest: digest.to_owned(),
        name: name.to_owned(),
        by: by.to_string(),
        status: status.to_owned(),
        params: params.collect(),
        labels: labels.collect(),
        report: GuestReport {
            checked: checked.map(|w| w.en.clone()).collect(),
            checked_ja: accepted.checked.iter().map(|w| w.ja.clone()).collect(),
        },
    })
}
