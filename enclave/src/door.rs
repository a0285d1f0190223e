//! The enclave's only way out: HTTP requests that it makes itself to the gateway's internal listener. Nothing listens here.

use std::time::Duration;

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use visiting_policies::{
    Code, Refusal,
    case::Kind,
    handover::{RunTicket, Signed},
    refusal::TextPlace,
    sign,
};

use crate::{
    config::{Config, POLL_MS},
    fault::Fault,
};

/// A page of the record.
#[derive(Debug, Deserialize)]
pub(crate) struct Page {
    /// Exact lines.
    pub(crate) events: Vec<String>,
    /// Signed checkpoint over the whole log.
    pub(crate) checkpoint: String,
}

/// Answer to a report. Its index is not believed: the enclave reads the record itself.
#[derive(Debug, Deserialize)]
pub(crate) struct Recorded {}

/// A document, base64.
#[derive(Deserialize)]
struct Document {
    document: String,
}

#[derive(Deserialize)]
struct Problem {
    code: Code,
    detail: String,
    #[serde(default)]
    detail_ja: Option<String>,
    #[serde(default)]
    at: Option<TextPlace>,
}

/// A connection to the gateway.
#[derive(Debug, Clone)]
pub(crate) struct Door {
    agent: ureq::Agent,
    base: String,
    token: String,
}

impl Door {
    /// Reads the token that `visiting-setup` made. Only loopback addresses are accepted: the enclave opens no socket to the outside.
    pub(crate) fn new(config: &Config) -> Result<Self, Fault> {
        let address = config.gateway.trim_start_matches("http://");
        if !address.parse::<std::net::SocketAddr>().is_ok_and(|a| a.ip().is_loopback()) {
            return Err(Fault::Gateway(format!("`{address}` is not a loopback address; set VISITING_INTERNAL_ADDR to 127.0.0.1:port")));
        }
        let token = std::fs::read_to_string(config.home.join("enclave.token"))?.trim().to_owned();
        let patience = Duration::from_millis(POLL_MS) + Duration::from_secs(20);
        let settings =
            ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(patience)).proxy(None).max_redirects(0).build();
        Ok(Self { agent: settings.into(), base: config.gateway.clone(), token })
    }

    /// Events from `index` on.
    pub(crate) fn record(&self, index: u64) -> Result<Page, Fault> {
        self.get(&format!("/internal/v1/record?from={index}"))
    }

    /// Waits for work.
    pub(crate) fn tickets(&self) -> Result<Vec<Signed<RunTicket>>, Fault> {
        self.get(&format!("/internal/v1/tickets?wait_ms={POLL_MS}"))
    }

    /// The bytes of what is bound to a permit. They are not believed: whoever asked recomputes the digest.
    pub(crate) fn bound(&self, kind: Kind, digest: &str) -> Result<Vec<u8>, Fault> {
        let shelf = if kind == Kind::Guest { "guests" } else { "codes" };
        let Document { document } = self.get(&format!("/internal/v1/{shelf}?digest={digest}"))?;
        sign::from_base64(&document).ok_or_else(|| Fault::Gateway(format!("a {} is no base64", kind.word())))
    }

    /// Sends a report; the answer comes once it is in the record.
    pub(crate) fn report<T: Serialize>(&self, kind: &str, value: &T) -> Result<Recorded, Fault> {
        let url = format!("{}/internal/v1/{kind}", self.base);
        let answer = self.agent.post(&url).header("Authorization", &format!("Bearer {}", self.token)).send_json(value);
        read(answer)
    }

    fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Fault> {
        read(self.agent.get(format!("{}{path}", self.base)).header("Authorization", &format!("Bearer {}", self.token)).call())
    }
}

/// Largest answer, bytes: a page of 1,000 events of 64 KiB each.
const ANSWER_MAX_BYTES: u64 = 70 << 20;

fn read<T: DeserializeOwned>(answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Result<T, Fault> {
    let gateway = |e: ureq::Error| Fault::Gateway(e.to_string());
    let mut answer = answer.map_err(gateway)?;
    let status = answer.status();
    let body = answer.body_mut().with_config().limit(ANSWER_MAX_BYTES).read_to_vec().map_err(gateway)?;
    if status.is_success() {
        return Ok(serde_json::from_slice(&body)?);
    }
    match serde_json::from_slice::<Problem>(&body) {
        Ok(Problem { code, detail, detail_ja: ja, at }) if !status.is_server_error() => Err(Refusal { code, detail, ja, at }.into()),
        _ => Err(Fault::Gateway(format!("it answered {status}"))),
    }
}
