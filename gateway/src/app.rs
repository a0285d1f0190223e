//! What every handler has at hand, and the request as handlers read it.

use std::{convert::Infallible, future::Future, sync::Arc};

use axum::{
    Json,
    body::Bytes,
    extract::{FromRequest, Query, Request},
    http::{HeaderMap, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use serde::de::DeserializeOwned;
use visiting_catalog::{Listing, Master};
use visiting_policies::{
    record::{Act, Actor, RequestKey},
    refusal::{Code, Refusal},
    sign::SigningKey,
    terms::PersonId,
};
use visiting_tlog::folder::Folder;

use crate::{
    auditor::Auditor,
    audits::Audits,
    auth::{self, Logins},
    desk::{Desk, request_key},
    documents::Documents,
    drafts::Drafts,
    people::People,
    problem::Problem,
    stream::limits::Streams,
};

/// Longest `Idempotency-Key`.
const KEY_MAX_BYTES: usize = 200;

/// The gateway's parts. No globals.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) desk: Desk,
    pub(crate) documents: Documents,
    pub(crate) people: People,
    pub(crate) drafts: Drafts,
    pub(crate) logins: Logins,
    /// The published log.
    pub(crate) log: Folder,
    pub(crate) catalog: Vec<Listing>,
    /// Public code masters.
    pub(crate) masters: Vec<Master>,
    pub(crate) streams: Streams,
    /// What auditors ask the record.
    pub(crate) auditor: Auditor,
    /// Checks of held outputs are cast one after the other.
    pub(crate) checks: tokio::sync::Mutex<()>,
    /// Runs of which the enclave says that their combinations are being audited. What a crash forgets here is only a word on a screen.
    pub(crate) audits: Audits,
    /// Signs tickets.
    pub(crate) log_key: SigningKey,
    pub(crate) enclave_token: String,
    pub(crate) demo: bool,
}

pub(crate) type Shared = Arc<App>;

/// What handlers return.
pub(crate) type Answer = Result<Response, Problem>;

impl App {
    /// Puts a refusal into the record and gives it back. Without a record there is only one answer.
    async fn record_refusal(&self, by: Actor, tried: &str, refusal: Refusal) -> Refusal {
        if refusal.code == Code::RecordUnavailable {
            return refusal;
        }
        let act = Act::Refused { tried: tried.to_owned(), code: refusal.code };
        self.desk.act(by, None, act).await.err().unwrap_or(refusal)
    }

    /// Concludes a guarded request: a refusal is recorded under the route's template, never under ids.
    pub(crate) async fn guard<T: IntoResponse>(&self, by: Actor, tried: &str, work: impl Future<Output = Result<T, Refusal>>) -> Answer {
        Ok(self.recorded(by, tried, work).await?.into_response())
    }

    /// As [`Self::guard`], before the answer has a form: the portal shows it as a page.
    pub(crate) async fn recorded<T>(&self, by: Actor, tried: &str, work: impl Future<Output = Result<T, Refusal>>) -> Result<T, Refusal> {
        match work.await {
            Ok(done) => Ok(done),
            Err(refusal) => Err(self.record_refusal(by, tried, refusal).await),
        }
    }
}

/// A person's wish to change something, however it came: the JSON API and the portal's forms make the same one.
pub(crate) struct Asked<T> {
    pub(crate) person: PersonId,
    /// Its name in the record.
    pub(crate) request: RequestKey,
    /// What is wished; whoever may not wish it hears that first.
    pub(crate) body: Result<T, Refusal>,
}

/// A request, read but not judged: every fault in it is found inside the guard, so that it is recorded.
pub(crate) struct Call {
    person: Result<PersonId, Refusal>,
    enclave: bool,
    headers: HeaderMap,
    uri: Uri,
    method: String,
    body: Result<Bytes, Refusal>,
}

impl FromRequest<Shared> for Call {
    type Rejection = Infallible;

    async fn from_request(request: Request, app: &Shared) -> Result<Self, Infallible> {
        let headers = request.headers().clone();
        let (uri, method) = (request.uri().clone(), request.method().to_string());
        let (person, enclave) = (app.logins.reader(request.method(), &headers), auth::carries(&headers, &app.enclave_token));
        let body = Bytes::from_request(request, app).await.map_err(|rejection| match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Refusal::new(Code::TooLarge, "the request is larger than this server takes"),
            _ => Refusal::new(Code::Malformed, "the request's body could not be read"),
        });
        Ok(Self { person, enclave, headers, uri, method, body })
    }
}

impl Call {
    /// Who asks on the public side, as the record names them.
    pub(crate) fn actor(&self) -> Actor {
        self.person.clone().map_or(Actor::Nobody, Actor::Person)
    }

    /// Who asks on the internal side.
    pub(crate) fn inner_actor(&self) -> Actor {
        if self.enclave { Actor::Enclave } else { Actor::Nobody }
    }

    /// The person who is logged in.
    pub(crate) fn person(&self) -> Result<PersonId, Refusal> {
        self.person.clone()
    }

    /// Only the enclave passes.
    pub(crate) fn only_enclave(&self) -> Result<(), Refusal> {
        if self.enclave { Ok(()) } else { Err(Refusal::new(Code::NotLoggedIn, "this address is the enclave's")) }
    }

    /// The body, as the form that the API documents.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        let body = self.body.as_ref().map_err(Clone::clone)?;
        serde_json::from_slice(body).map_err(|e| Refusal::new(Code::Malformed, format!("the body is not what /v1/openapi.json says: {e}")))
    }

    /// The query, as the form that the API documents.
    pub(crate) fn query<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        let query = Query::try_from_uri(&self.uri).map(|Query(q)| q);
        query.map_err(|e| Refusal::new(Code::Malformed, format!("the query is not what /v1/openapi.json says: {}", e.body_text())))
    }

    /// The whole wish of a request that changes something.
    pub(crate) fn asked<T: DeserializeOwned>(&self) -> Result<Asked<T>, Refusal> {
        let person = self.person()?;
        let request = self.request(&person)?;
        Ok(Asked { person, request, body: self.json() })
    }

    /// The request's name in the record: same person, same key, same request.
    fn request(&self, person: &PersonId) -> Result<RequestKey, Refusal> {
        let legal = |key: &&str| (1..=KEY_MAX_BYTES).contains(&key.len());
        let key = self.headers.get("idempotency-key").and_then(|v| v.to_str().ok()).filter(legal);
        let missing =
            || Refusal::new(Code::Malformed, format!("send an `Idempotency-Key` of 1 to {KEY_MAX_BYTES} visible ASCII characters"));
        let mut request = format!("{} {}\n", self.method, self.uri.path()).into_bytes();
        request.extend_from_slice(self.body.as_ref().map_err(Clone::clone)?);
        Ok(request_key(person.as_str(), key.ok_or_else(missing)?, &request))
    }
}

/// A JSON answer.
pub(crate) fn json<T: serde::Serialize>(status: StatusCode, body: T) -> Response {
    (status, Json(body)).into_response()
}

/// An id out of a path: what is no id names nothing.
pub(crate) fn id<T: std::str::FromStr>(text: &str, what: &str) -> Result<T, Refusal> {
    text.parse().map_err(|_| Refusal::not_found(what))
}

/// An enum of the law as its JSON text.
pub(crate) fn name(value: impl serde::Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}
