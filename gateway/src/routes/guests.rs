//! 利用者プログラム (guests): a researcher's own function is examined, stored and bound to a permit under a name. What does not pass
//! leaves nothing behind but the refusal in the record.

use axum::{
    extract::{Path, State},
    http::StatusCode,
};
use visiting_intake::{Accepted, Finding, Form, Report, Values};
use visiting_policies::{
    case::Kind,
    disclosure::Decimal,
    record::RequestKey,
    refusal::{Code, Refusal},
    sign,
    terms::{PermitId, PersonId},
};

use super::bound::{self, Bound};
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
    let work = async {
        let new = body()?;
        let module = sign::from_base64(&new.module).ok_or_else(|| Refusal::new(Code::Malformed, "the module is not base64"))?;
        let (manifest, module, accepted) = examined(new.manifest, module).await?;
        let name = accepted.manifest.name;
        app.desk.view().cases.may_bind(Kind::Guest, permit, person, &name, app.desk.now_ms())?;
        Ok((name, visiting_intake::container(&manifest, &module).into()))
    };
    view(app, bound::bind(app, Kind::Guest, person, request, permit, work).await?).await
}

/// Guests of a permit, as a person whom it names sees them.
pub(crate) async fn list(app: &App, person: &PersonId, permit: &PermitId) -> Result<Guests, Refusal> {
    let mut guests = Vec::new();
    for bound in bound::list(app, Kind::Guest, person, permit)? {
        guests.push(view(app, bound).await?);
    }
    Ok(Guests { guests })
}

async fn examined(manifest: String, module: Vec<u8>) -> Result<(String, Vec<u8>, Accepted), Refusal> {
    let work = move || visiting_intake::examine(&manifest, &module).map(|accepted| (manifest, module, accepted));
    bound::aside(Kind::Guest, work).await?.map_err(|report| refused(&report))
}

/// All findings, one a line behind the first, in both languages: the problem document lists them.
fn refused(report: &Report) -> Refusal {
    let line = |f: &Finding| format!("\n{} ({}): {} {} / {} {}", f.rule, f.place, f.says.en, f.fix.en, f.says.ja, f.fix.ja);
    let told = report.findings.iter().map(line);
    let detail = format!("the guest is not taken; mend what is found and upload it again{}", told.collect::<String>());
    Refusal::new(Code::GuestRefused, detail)
}

/// A guest as it was examined: the document says everything about it.
async fn view(app: &App, bound: Bound) -> Result<GuestView, Refusal> {
    let Bound { digest: guest, name, by, status, .. } = bound;
    let damaged = || bound::damaged(Kind::Guest, &guest);
    let (manifest, module) = visiting_intake::open(&app.documents.get(&guest).await?).ok_or_else(damaged)?;
    let (_, _, accepted) = examined(manifest, module).await.map_err(|_| damaged())?;
    let params = accepted.manifest.params.iter().map(|p| GuestParam { name: p.name.clone(), kind: crate::app::name(p.kind) });
    let labels = accepted.manifest.labels().iter().map(|l| GuestLabel { label: l.label.clone(), ja: l.ja.clone() });
    let report = GuestReport {
        checked: accepted.checked.iter().map(|w| w.en.clone()).collect(),
        checked_ja: accepted.checked.iter().map(|w| w.ja.clone()).collect(),
    };
    let (form, reads, gives) = match &accepted.manifest.form {
        Form::Scalar { result, .. } => ("scalar", None, vec![given(result)]),
        Form::Group { result } => ("group", None, vec![given(result)]),
        Form::Person(person) => {
            let column = |c: &visiting_intake::Column| format!("{}: {}", c.name, given(&c.values));
            ("person", Some(person.reads.clone()), person.columns.iter().map(column).collect())
        }
    };
    Ok(GuestView {
        guest,
        name,
        by,
        status,
        form: form.to_owned(),
        reads,
        gives,
        params: params.collect(),
        labels: labels.collect(),
        report,
    })
}

/// Declared values in words that need no language.
fn given(values: &Values) -> String {
    match values {
        Values::Labels(labels) => labels.iter().map(|l| l.label.as_str()).collect::<Vec<_>>().join(", "),
        Values::Number(grid) => {
            let number = |units: i64| Decimal { digits: units.into(), exponent: -i32::from(grid.scale) }.to_string();
            format!("{}, {} … {}", number(grid.low), number(grid.low.saturating_add(grid.step)), number(grid.high))
        }
        Values::Month => "yyyymm".to_owned(),
    }
}
