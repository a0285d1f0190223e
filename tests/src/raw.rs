//! HTTP as bytes: for tests that look at statuses, media types and exact bodies, which the client rightly hides.

use std::time::Duration;

use serde_json::Value;

/// Media type of every refusal.
pub const PROBLEM: &str = "application/problem+json";

/// An answer, unread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Status.
    pub status: u16,
    /// Media type, without parameters.
    pub kind: String,
    /// Body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as JSON; null when it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// A text field of the JSON body.
    #[must_use]
    pub fn text(&self, field: &str) -> String {
        self.json().get(field).and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    /// Checks that this is a problem document with this status and code, in every place where they stand.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn problem(&self, status: u16, code: &str) -> Result<(), String> {
        let body = self.json();
        let says = |field: &str| body.get(field).and_then(Value::as_str).unwrap_or_default();
        let fields =
            says("type") == format!("/problems/{code}") && says("code") == code && !says("title").is_empty() && !says("detail").is_empty();
        if self.status == status && self.kind == PROBLEM && fields && body.get("status").and_then(Value::as_u64) == Some(u64::from(status))
        {
            return Ok(());
        }
        Err(format!("expected {status} {code} as {PROBLEM}, got {} {} {}", self.status, self.kind, String::from_utf8_lossy(&self.body)))
    }
}

/// Sends requests and never interprets an answer.
#[derive(Debug, Clone)]
pub struct Raw {
    base: String,
    agent: ureq::Agent,
}

impl Raw {
    /// For the listener at `address`.
    #[must_use]
    pub fn new(address: &str) -> Self {
        let settings =
            ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(Duration::from_secs(60))).proxy(None).build();
        Self { base: format!("http://{address}"), agent: settings.into() }
    }

    /// GET.
    ///
    /// # Errors
    /// When no answer comes.
    pub fn get(&self, path: &str, token: Option<&str>) -> Result<Answer, String> {
        let mut request = self.agent.get(format!("{}{path}", self.base));
        if let Some(token) = token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        read(request.call())
    }

    /// POST, with an `Idempotency-Key` where one is given.
    ///
    /// # Errors
    /// When no answer comes.
    pub fn post(&self, path: &str, token: Option<&str>, key: Option<&str>, body: &str) -> Result<Answer, String> {
        let mut request = self.agent.post(format!("{}{path}", self.base)).content_type("application/json");
        if let Some(token) = token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        if let Some(key) = key {
            request = request.header("Idempotency-Key", key);
        }
        read(request.send(body))
    }
}

fn read(answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Result<Answer, String> {
    let mut answer = answer.map_err(|e| format!("no answer: {e}"))?;
    let kind = answer.headers().get("content-type").and_then(|v| v.to_str().ok()).and_then(|v| v.split(';').next()).unwrap_or_default();
    let (status, kind) = (answer.status().as_u16(), kind.trim().to_owned());
    let body = answer.body_mut().with_config().limit(1 << 30).read_to_vec().map_err(|e| format!("no answer: {e}"))?;
    Ok(Answer { status, kind, body })
}
