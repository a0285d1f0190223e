//! コード表 (code lists): a researcher's own list is examined, stored and bound to a permit under a name; the product's public masters
//! are there for every permit. What does not pass leaves nothing behind but the refusal in the record.

use axum::{
    body::Bytes,
    extract::{Path, State},
    http::StatusCode,
};
use visiting_catalog::{
    CodeList, Master,
    codes::{CodeColumn, examine},
};
use visiting_policies::{
    case::PermitCase,
    record::{Act, Actor, RequestKey},
    refusal::{Code, Refusal},
    terms::{PermitId, PersonId},
};

use super::guests::{named, status};
use crate::{
    app::{Answer, App, Call, Shared, id, json},
    problem::Problem,
    wire::{Codes, CodesColumn, CodesView, MasterView, NewCodes},
};

/// Upload a code list: it is examined, and what passes is bound to the permit for good.
#[utoipa::path(
    post,
    path = "/v1/permits/{id}/codes",
    tag = "codes",
    security(("login" = [])),
    params(("id" = String, Path, description = "Permit"), ("Idempotency-Key" = String, Header, description = "Names this request")),
    request_body = NewCodes,
    responses((status = 201, body = CodesView), (status = "default", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn upload_codes(State(app): State<Shared>, Path(permit): Path<String>, call: Call) -> Answer {
    app.guard(call.actor(), "POST /v1/permits/{id}/codes", async {
        let asked = call.asked()?;
        let view = bind(&app, &asked.person, asked.request, &id(&permit, "permit")?, || asked.body).await?;
        Ok(json(StatusCode::CREATED, view))
    })
    .await
}

/// Code lists that the permit's SQL can name: its own and the public masters.
#[utoipa::path(
    get,
    path = "/v1/permits/{id}/codes",
    tag = "codes",
    security(("login" = [])),
    params(("id" = String, Path, description = "Permit")),
    responses((status = 200, body = Codes), (status = "default", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn list_codes(State(app): State<Shared>, Path(permit): Path<String>, call: Call) -> Answer {
    app.guard(call.actor(), "GET /v1/permits/{id}/codes", async {
        let codes = list(&app, &call.person()?, &id(&permit, "permit")?).await?;
        Ok(json(StatusCode::OK, codes))
    })
    .await
}

/// Examines a code list and binds it as this person. The same request again gets the first answer.
pub(crate) async fn bind(
    app: &App,
    person: &PersonId,
    request: RequestKey,
    permit: &PermitId,
    body: impl FnOnce() -> Result<NewCodes, Refusal>,
) -> Result<CodesView, Refusal> {
    named(app, person, permit)?;
    let index = match app.desk.repeated(&request)? {
        Some(index) => index,
        None => {
            // Whoever may not bind has nothing examined or stored.
            app.desk.view().cases.open_permit(permit, person, app.desk.now_ms())?;
            let NewCodes { name, csv } = body()?;
            app.desk.view().cases.may_bind_codes(permit, person, &name, app.desk.now_ms())?;
            if app.masters.iter().any(|m| m.head.id == name) {
                return Err(Refusal::new(Code::WrongState, "a public code list has this name; choose another one")
                    .ja("公開コード表がこの名前を使っています。別の名前にしてください"));
            }
            let file = Bytes::from(csv);
            examined(file.clone()).await?;
            let codes = app.documents.put(file).await?;
            let act = Act::CodesBound { permit: permit.clone(), codes, name };
            app.desk.act(Actor::Person(person.clone()), Some(request), act).await?
        }
    };
    let (event, _) = app.desk.event_and_next(index).await?;
    let Act::CodesBound { permit, codes, name } = event.act else {
        return Err(Refusal::new(Code::KeyReused, "this Idempotency-Key was used for another request; choose a new one"));
    };
    view(app, &name, &codes, person, &named(app, person, &permit)?).await
}

/// Code lists of a permit, as a person whom it names sees them.
pub(crate) async fn list(app: &App, person: &PersonId, permit: &PermitId) -> Result<Codes, Refusal> {
    let case = named(app, person, permit)?;
    let mut bound: Vec<_> = case.codes.iter().collect();
    bound.sort_by_key(|(_, list)| list.index);
    let mut codes = Vec::with_capacity(bound.len());
    for (name, list) in bound {
        codes.push(view(app, name, &list.codes, &list.by, &case).await?);
    }
    Ok(Codes { codes, public: app.masters.iter().map(master).collect() })
}

/// The bytes of a code list that some permit has, for the enclave.
pub(super) async fn document(app: &App, digest: &str) -> Result<Vec<u8>, Refusal> {
    let bound = app.desk.view().cases.permits.values().any(|case| case.codes.values().any(|c| c.codes == digest));
    if !bound {
        return Err(Refusal::not_found("code list"));
    }
    Ok(app.documents.get(digest).await?.to_vec())
}

/// Examination reads the whole file; it does not hold up the threads that serve.
async fn examined(file: Bytes) -> Result<CodeList, Refusal> {
    let done = tokio::task::spawn_blocking(move || examine(&file)).await;
    done.map_err(|_| Refusal::new(Code::OperatorProblem, "the code list could not be examined; the operators have been told"))?
}

/// A code list as it was examined: the file says everything about it.
async fn view(app: &App, name: &str, digest: &str, by: &PersonId, case: &PermitCase) -> Result<CodesView, Refusal> {
    let damaged = |_| crate::desk::unavailable(&format!("the code list {digest} is damaged"));
    let list = examined(app.documents.get(digest).await?).await.map_err(damaged)?;
    Ok(CodesView {
        codes: digest.to_owned(),
        name: name.to_owned(),
        by: by.to_string(),
        status: status(case, app.desk.now_ms()).to_owned(),
        columns: columns(&list),
        rows: list.rows.len() as u64,
    })
}

fn master(master: &Master) -> MasterView {
    MasterView {
        name: master.head.id.clone(),
        title: master.head.title.en.clone(),
        title_ja: master.head.title.ja.clone(),
        columns: columns(&master.list),
        rows: master.list.rows.len() as u64,
    }
}

fn columns(list: &CodeList) -> Vec<CodesColumn> {
    let column = |c: &CodeColumn| CodesColumn { name: c.name.clone(), kind: if c.numbers { "int" } else { "text" }.to_owned() };
    list.columns.iter().map(column).collect()
}
