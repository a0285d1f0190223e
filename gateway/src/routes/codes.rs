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
    case::Kind,
    record::RequestKey,
    refusal::{Code, Refusal},
    terms::{PermitId, PersonId},
};

use super::bound::{self, Bound};
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
    let work = async {
        let NewCodes { name, csv } = body()?;
        app.desk.view().cases.may_bind(Kind::Codes, permit, person, &name, app.desk.now_ms())?;
        if app.masters.iter().any(|m| m.head.id == name) {
            return Err(Refusal::new(Code::WrongState, "a public code list has this name; choose another one")
                .ja("公開コード表がこの名前を使っています。別の名前にしてください"));
        }
        let file = Bytes::from(csv);
        examined(file.clone()).await?;
        Ok((name, file))
    };
    view(app, bound::bind(app, Kind::Codes, person, request, permit, work).await?).await
}

/// Code lists of a permit, as a person whom it names sees them.
pub(crate) async fn list(app: &App, person: &PersonId, permit: &PermitId) -> Result<Codes, Refusal> {
    let mut codes = Vec::new();
    for bound in bound::list(app, Kind::Codes, person, permit)? {
        codes.push(view(app, bound).await?);
    }
    Ok(Codes { codes, public: app.masters.iter().map(master).collect() })
}

async fn examined(file: Bytes) -> Result<CodeList, Refusal> {
    bound::aside(Kind::Codes, move || examine(&file)).await?
}

/// A code list as it was examined: the file says everything about it.
async fn view(app: &App, bound: Bound) -> Result<CodesView, Refusal> {
    let Bound { digest: codes, name, by, status, .. } = bound;
    let list = examined(app.documents.get(&codes).await?).await.map_err(|_| bound::damaged(Kind::Codes, &codes))?;
    Ok(CodesView { codes, name, by, status, columns: columns(&list), rows: list.rows.len() as u64 })
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
