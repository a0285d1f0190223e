//! What people of a permit bind to it under a name, whichever kind it is of: examined, stored, recorded, listed, handed to the enclave.
//! What is examined and what is told of it is for the kinds themselves: `guests.rs`, `codes.rs`.

use axum::body::Bytes;
use visiting_policies::{
    case::{self, Kind, PermitCase},
    record::{Actor, RequestKey},
    refusal::{Code, Refusal},
    terms::{PermitId, PersonId},
};

use crate::app::App;

/// What the answers of both kinds say.
pub(super) struct Bound {
    pub(super) digest: String,
    pub(super) name: String,
    pub(super) by: String,
    pub(super) status: String,
    index: u64,
}

/// Binds as this person what `examined` gives: a name that may be bound now, and bytes. The same request again gets the first answer.
pub(super) async fn bind(
    app: &App,
    kind: Kind,
    person: &PersonId,
    request: RequestKey,
    permit: &PermitId,
    examined: impl Future<Output = Result<(String, Bytes), Refusal>>,
) -> Result<Bound, Refusal> {
    named(app, person, permit)?;
    let index = match app.desk.repeated(&request)? {
        Some(index) => index,
        None => {
            // Whoever may not bind has nothing examined or stored.
            app.desk.view().cases.open_permit(permit, person, app.desk.now_ms())?;
            let (name, bytes) = examined.await?;
            let digest = app.documents.put(bytes).await?;
            app.desk.act(Actor::Person(person.clone()), Some(request), kind.act(permit.clone(), digest, name)).await?
        }
    };
    let reused = || Refusal::new(Code::KeyReused, "this Idempotency-Key was used for another request; choose a new one");
    list(app, kind, person, permit)?.into_iter().find(|b| b.index == index).ok_or_else(reused)
}

/// What is bound to a permit, oldest first, as a person whom it names sees it.
pub(super) fn list(app: &App, kind: Kind, person: &PersonId, permit: &PermitId) -> Result<Vec<Bound>, Refusal> {
    let case = named(app, person, permit)?;
    let status = match &case.suspended {
        Some(_) => "withheld",
        None if app.desk.now_ms() >= case.permit.until_ms => "expired",
        None => "bound",
    };
    let told = |b: &case::Bound| Bound {
        digest: b.digest.clone(),
        name: b.name.clone(),
        by: b.by.to_string(),
        status: status.to_owned(),
        index: b.index,
    };
    Ok(case.bound(kind).map(told).collect())
}

/// The bytes of what some permit has, for the enclave.
pub(super) async fn document(app: &App, kind: Kind, digest: &str) -> Result<Bytes, Refusal> {
    let bound = app.desk.view().cases.permits.values().any(|case| case.bound(kind).any(|b| b.digest == digest));
    if bound { app.documents.get(digest).await } else { Err(Refusal::not_found(kind.word())) }
}

/// Examination reads all bytes; it does not hold up the threads that serve.
pub(super) async fn aside<T: Send + 'static>(kind: Kind, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Refusal> {
    let told = |_| Refusal::new(Code::OperatorProblem, format!("the {} could not be examined; the operators have been told", kind.word()));
    tokio::task::spawn_blocking(work).await.map_err(told)
}

/// The answer when stored bytes do not pass any more.
pub(super) fn damaged(kind: Kind, digest: &str) -> Refusal {
    crate::desk::unavailable(&format!("the {} {digest} is damaged", kind.word()))
}

/// To people whom it does not name a permit does not exist here.
fn named(app: &App, person: &PersonId, permit: &PermitId) -> Result<PermitCase, Refusal> {
    app.desk.view().cases.named(permit, person).cloned().map_err(|_| Refusal::not_found("permit"))
}
