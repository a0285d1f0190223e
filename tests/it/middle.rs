//! A man in the middle between the enclave and the gateway's internal listener.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::Bytes,
    http::{HeaderMap, Method, StatusCode, Uri},
};
use visiting_policies::handover::{RunTicket, Signed};

/// What becomes of a ticket.
pub(crate) type Change = Arc<dyn Fn(Signed<RunTicket>) -> Signed<RunTicket> + Send + Sync>;

/// What becomes of an answer's bytes.
pub(crate) type Rewrite = Arc<dyn Fn(Vec<u8>) -> Vec<u8> + Send + Sync>;

/// What is done to the line while it is dishonest.
#[derive(Clone)]
pub(crate) enum Rule {
    /// Tickets are changed.
    Change(Change),
    /// Requests to this path never arrive.
    Block(&'static str),
    /// In answers to paths with this beginning, one text becomes another.
    Rewrite { path: &'static str, from: &'static str, to: &'static str },
    /// Answers from this path are changed.
    Bytes(&'static str, Rewrite),
}

/// The proxy. Its thread ends with the test program.
pub(crate) struct Middle {
    pub(crate) address: String,
    state: Arc<State>,
}

struct State {
    gateway: String,
    rule: Rule,
    dishonest: AtomicBool,
    /// Paths that were asked for, in order.
    met: Mutex<Vec<String>>,
}

impl Middle {
    pub(crate) fn start(gateway: &str, rule: Rule) -> Self {
        let state = Arc::new(State { gateway: gateway.to_owned(), rule, dishonest: AtomicBool::new(true), met: Mutex::default() });
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let theirs = Arc::clone(&state);
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
            runtime.block_on(async move {
                let pass = move |method: Method, uri: Uri, headers: HeaderMap, body: Bytes| {
                    let state = Arc::clone(&theirs);
                    async move { tokio::task::spawn_blocking(move || state.pass(&method, &uri, &headers, &body)).await.unwrap() }
                };
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                axum::serve(listener, Router::new().fallback(pass)).await.unwrap();
            });
        });
        Self { address, state }
    }

    /// From now on everything passes unchanged.
    pub(crate) fn turn_honest(&self) {
        self.state.dishonest.store(false, Ordering::SeqCst);
    }

    /// How often a path was asked for.
    pub(crate) fn met(&self, path: &str) -> usize {
        self.state.met.lock().unwrap().iter().filter(|p| *p == path).count()
    }

    /// Waits until a path was asked for so often.
    pub(crate) fn wait_met(&self, path: &str, times: usize) {
        let until = Instant::now() + Duration::from_secs(30);
        while self.met(path) < times {
            assert!(Instant::now() < until, "the enclave does not ask for {path}");
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

impl State {
    /// Forwards one request, or does what the rule says.
    fn pass(&self, method: &Method, uri: &Uri, headers: &HeaderMap, body: &Bytes) -> (StatusCode, Vec<u8>) {
        let dishonest = self.dishonest.load(Ordering::SeqCst);
        self.met.lock().unwrap().push(uri.path().to_owned());
        if dishonest && matches!(self.rule, Rule::Block(path) if path == uri.path()) {
            return (StatusCode::BAD_GATEWAY, Vec::new());
        }
        let settings =
            ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(Duration::from_secs(60))).proxy(None).build();
        let agent: ureq::Agent = settings.into();
        let url = format!("http://{}{uri}", self.gateway);
        let token = headers.get("authorization").and_then(|v| v.to_str().ok()).unwrap_or_default();
        let answer = match *method {
            Method::GET => agent.get(&url).header("Authorization", token).call(),
            _ => agent.post(&url).header("Authorization", token).content_type("application/json").send(&body[..]),
        };
        let Ok(mut answer) = answer else { return (StatusCode::BAD_GATEWAY, Vec::new()) };
        let (status, bytes) = (answer.status(), answer.body_mut().with_config().limit(1 << 30).read_to_vec().unwrap_or_default());
        match &self.rule {
            Rule::Change(change) if dishonest && uri.path() == "/internal/v1/tickets" => {
                let tickets: Vec<Signed<RunTicket>> = serde_json::from_slice(&bytes).unwrap();
                let changed: Vec<Signed<RunTicket>> = tickets.into_iter().map(|t| change(t)).collect();
                (status, serde_json::to_vec(&changed).unwrap())
            }
            Rule::Rewrite { path, from, to } if dishonest && uri.path().starts_with(path) => {
                (status, String::from_utf8(bytes).unwrap().replace(from, to).into_bytes())
            }
            Rule::Bytes(path, rewrite) if dishonest && uri.path() == *path => (status, rewrite(bytes)),
            _ => (status, bytes),
        }
    }
}
