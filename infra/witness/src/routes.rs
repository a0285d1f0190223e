//! The witness over HTTP: `POST /add-checkpoint` and `GET /<origin hash>/checkpoint`. Both prefixes of the specification are the root.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, FromRequest, Path, Request, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use tokio::{sync::Semaphore, time::timeout};
use visiting_tlog::{desk::Desk, witness::Answer};

use crate::home;

/// What a listener takes.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections at a time; more wait to be accepted. Enough for hundreds of logs, and small beside what a process may open.
    pub connections: usize,
    /// Requests to cosign at a time; more are told to come again. They wait for one disk, one after the other.
    /// With [`Self::connections`] times [`Self::body_bytes`] this bounds the memory: 64 MiB, when all of them are enemies.
    pub requests: usize,
    /// Time for a request's head, and between two requests of a connection: logs ask every second or so.
    pub head: Duration,
    /// Time for a request's body: it is one small packet or a few.
    pub body: Duration,
    /// Bytes of a body: 63 lines of a proof, and a checkpoint with dozens of signatures, the long ones of ML-DSA too.
    pub body_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connections: 256, requests: 32, head: Duration::from_secs(30), body: Duration::from_secs(10), body_bytes: 256 * 1024 }
    }
}

/// Bytes of a refused request that are written down: it may prove that a log misbehaves. The head of it holds the checkpoint.
const EVIDENCE_MAX_BYTES: usize = 8 * 1024;

#[derive(Debug)]
struct Counter {
    desk: Desk,
    places: Semaphore,
    limits: Limits,
}

/// The witness's two paths.
pub fn router(desk: Desk, limits: Limits) -> Router {
    let counter = Counter { desk, places: Semaphore::new(limits.requests), limits };
    Router::new()
        .route("/add-checkpoint", post(add_checkpoint))
        .route("/{origin_hash}/checkpoint", get(checkpoint))
        .layer(DefaultBodyLimit::max(limits.body_bytes))
        .with_state(Arc::new(counter))
}

async fn add_checkpoint(State(counter): State<Arc<Counter>>, request: Request) -> Response {
    let body = match timeout(counter.limits.body, Bytes::from_request(request, &())).await {
        Ok(Ok(body)) => body,
        Ok(Err(refused)) => return refused.into_response(),
        Err(_) => return said(StatusCode::REQUEST_TIMEOUT, "the request's body did not come"),
    };
    // Only now: who sends slowly takes nobody's place.
    let Ok(_place) = counter.places.try_acquire() else {
        return said(StatusCode::SERVICE_UNAVAILABLE, "many logs are asking; ask again in a moment");
    };
    let Ok(now) = home::now() else { return said(StatusCode::INTERNAL_SERVER_ERROR, "the witness's clock cannot be right") };
    let desk = Arc::clone(&counter);
    let asked = body.clone();
    // It waits for the disk. A connection that ends meanwhile does not stop it: what is begun is kept or refused.
    let Ok(answer) = tokio::task::spawn_blocking(move || desk.desk.add_checkpoint(&asked, now)).await else {
        return said(StatusCode::INTERNAL_SERVER_ERROR, "the witness failed");
    };
    note_down(&answer, &body);
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [(header::CONTENT_TYPE, answer.content_type)], answer.body).into_response()
}

async fn checkpoint(State(counter): State<Arc<Counter>>, Path(origin_hash): Path<String>) -> Response {
    match counter.desk.checkpoint(&origin_hash) {
        Some(note) => ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], note).into_response(),
        None => said(StatusCode::NOT_FOUND, "nothing was cosigned for such a log"),
    }
}

fn said(status: StatusCode, text: &str) -> Response {
    (status, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], format!("{text}\n")).into_response()
}

/// A checkpoint that the log itself signed and that does not continue the last one is written down as it came.
fn note_down(answer: &Answer, body: &[u8]) {
    match (answer.status, &answer.next) {
        (200, Some(next)) => tracing::info!(origin = next.checkpoint().origin(), size = next.checkpoint().size(), "cosigned"),
        (422, _) => {
            let shown = body.get(..EVIDENCE_MAX_BYTES).unwrap_or(body);
            let evidence = String::from_utf8_lossy(shown);
            tracing::warn!(?evidence, "a log signed a checkpoint that does not continue its last one");
        }
        (500.., _) => tracing::error!(why = answer.body.trim(), "nothing can be cosigned"),
        (status, _) => tracing::info!(status, why = answer.body.trim(), "refused"),
    }
}
