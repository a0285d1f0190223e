//! One HTTP exchange. A lost connection is tried again with the same `Idempotency-Key`, so nothing happens twice.

use std::{
    io::Read,
    thread,
    time::{Duration, Instant},
};

use serde::{Serialize, de::DeserializeOwned};
use ureq::{Agent, Body, http::Response};

use super::{Client, Problem};
use crate::files;

/// How long a gateway may be away (killed and started again) before the client gives up.
const AWAY_MAX: Duration = Duration::from_secs(20);

/// First and longest pause between tries.
const PAUSES: (Duration, Duration) = (Duration::from_millis(25), Duration::from_millis(500));

/// One exchange, a long poll included.
const EXCHANGE_MAX: Duration = Duration::from_secs(60);

/// Largest answer.
const ANSWER_MAX_BYTES: u64 = 256 * 1024 * 1024;

pub(super) fn agent() -> Agent {
    let config = Agent::config_builder().http_status_as_error(false).timeout_global(Some(EXCHANGE_MAX)).proxy(None);
    config.build().into()
}

impl Client {
    pub(super) fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Problem> {
        self.get_query(path, &[])
    }

    pub(super) fn get_query<T: DeserializeOwned>(&self, path: &str, query: &[(&str, &str)]) -> Result<T, Problem> {
        read(&self.bytes(path, query)?)
    }

    pub(super) fn text(&self, path: &str, query: &[(&str, &str)]) -> Result<String, Problem> {
        String::from_utf8(self.bytes(path, query)?).map_err(|_| Problem::unreachable("the answer is no text"))
    }

    pub(super) fn bytes(&self, path: &str, query: &[(&str, &str)]) -> Result<Vec<u8>, Problem> {
        persistently(|| {
            let mut request = self.agent.get(format!("{}{path}", self.base)).query_pairs(query.iter().copied());
            if let Some(token) = &self.token {
                request = request.header("Authorization", format!("Bearer {token}"));
            }
            take(request.call()?)
        })
    }

    /// An answer that goes on and on: its body, unread. `last` is the index of the last event that was received.
    pub(super) fn open(&self, path: &str, query: &[(&str, &str)], last: Option<u64>) -> Result<impl Read + Send + use<>, Problem> {
        let mut request = self.agent.get(format!("{}{path}", self.base)).query_pairs(query.iter().copied());
        if let Some(token) = &self.token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        if let Some(last) = last {
            request = request.header("Last-Event-ID", last.to_string());
        }
        // The time of the whole is not limited, only that of the beginning.
        let request = request.config().timeout_global(None).timeout_connect(Some(EXCHANGE_MAX)).timeout_recv_response(Some(EXCHANGE_MAX));
        let lost = |error: ureq::Error| Problem::unreachable(format!("the gateway cannot be reached: {error}"));
        let response = request.build().call().map_err(lost)?;
        if response.status().is_success() {
            return Ok(response.into_body().into_reader());
        }
        Err(take(response).map_err(lost)?.err().unwrap_or_else(|| Problem::unreachable("the answer cannot be read")))
    }

    pub(super) fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, Problem> {
        let body = serde_json::to_string(body).map_err(|e| Problem::unreachable(e.to_string()))?;
        read(&self.send(path, &files::request_name()?, &body)?)
    }

    pub(super) fn send(&self, path: &str, key: &str, body: &str) -> Result<Vec<u8>, Problem> {
        persistently(|| {
            let mut request =
                self.agent.post(format!("{}{path}", self.base)).header("Idempotency-Key", key).content_type("application/json");
            if let Some(token) = &self.token {
                request = request.header("Authorization", format!("Bearer {token}"));
            }
            take(request.send(body)?)
        })
    }
}

/// The answer's bytes, or its problem document.
fn take(mut response: Response<Body>) -> Result<Result<Vec<u8>, Problem>, ureq::Error> {
    let status = response.status();
    let bytes = response.body_mut().with_config().limit(ANSWER_MAX_BYTES).read_to_vec()?;
    if status.is_success() {
        return Ok(Ok(bytes));
    }
    let unread = || Problem::unreachable(format!("the server answered {status} without a problem document"));
    Ok(Err(serde_json::from_slice(&bytes).unwrap_or_else(|_| unread())))
}

/// Tries until the server answers, whatever it answers.
fn persistently(mut exchange: impl FnMut() -> Result<Result<Vec<u8>, Problem>, ureq::Error>) -> Result<Vec<u8>, Problem> {
    let (start, mut pause) = (Instant::now(), PAUSES.0);
    loop {
        match exchange() {
            Ok(answer) => return answer,
            Err(error) if lost(&error) && start.elapsed() < AWAY_MAX => thread::sleep(pause),
            Err(error) => return Err(Problem::unreachable(format!("the gateway cannot be reached: {error}"))),
        }
        pause = (pause * 2).min(PAUSES.1);
    }
}

/// True when the exchange failed on the way, not by what was asked.
fn lost(error: &ureq::Error) -> bool {
    use ureq::Error::{ConnectionFailed, Io, Protocol, Timeout};
    matches!(error, Io(_) | ConnectionFailed | Protocol(_) | Timeout(_))
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(bytes).map_err(|e| Problem::unreachable(format!("the answer cannot be read: {e}")))
}
