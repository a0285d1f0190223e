//! A reader of the access-log stream as tests need one: it believes nothing, and says what it got byte by byte.

use std::{
    io::{BufRead, BufReader, Read},
    time::Duration,
};

use serde_json::Value;
use visiting_policies::{
    merkle::{Tree, leaf_hash},
    note::{self, Checkpoint},
};

use crate::raw::Answer;

/// Longest life of a test's connection.
const LIFE: Duration = Duration::from_secs(180);

/// What a reader asks for.
#[derive(Debug, Clone, Default)]
pub struct Asked<'a> {
    /// Path and query.
    pub path: &'a str,
    /// Header fields.
    pub headers: &'a [(&'a str, &'a str)],
}

/// An open stream.
pub struct Reader {
    body: BufReader<Box<dyn Read + Send>>,
    /// Media type.
    pub kind: String,
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Reader({})", self.kind)
    }
}

/// One thing that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Came {
    /// `id:` of the frame; `None` for lines.
    pub id: Option<u64>,
    /// `record` or `checkpoint`.
    pub event: String,
    /// The exact JSON.
    pub json: String,
}

impl Came {
    /// The CloudEvent.
    #[must_use]
    pub fn item(&self) -> Value {
        serde_json::from_str(&self.json).unwrap_or_default()
    }

    /// Index and leaf of an event.
    #[must_use]
    pub fn record(&self) -> Option<(u64, String)> {
        let data = self.item().get("data").cloned()?;
        Some((data.get("index")?.as_u64()?, data.get("leaf")?.as_str()?.to_owned()))
    }

    /// The note of a checkpoint.
    #[must_use]
    pub fn note(&self) -> Option<String> {
        Some(self.item().get("data")?.get("checkpoint")?.as_str()?.to_owned())
    }
}

impl Reader {
    /// Opens a stream; a refusal comes back as it was sent.
    ///
    /// # Errors
    /// The refusal, or what went wrong on the way with status 0.
    pub fn open(address: &str, token: &str, asked: &Asked<'_>) -> Result<Self, Answer> {
        let agent: ureq::Agent =
            ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(LIFE)).proxy(None).build().into();
        let mut request = agent.get(format!("http://{address}{}", asked.path));
        if !token.is_empty() {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        for (name, value) in asked.headers {
            request = request.header(*name, *value);
        }
        let lost = |e: ureq::Error| Answer { status: 0, kind: String::new(), body: e.to_string().into_bytes() };
        let response = request.call().map_err(lost)?;
        let (status, kind) = (response.status().as_u16(), response.headers().get("content-type"));
        let kind = kind.and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
        let mut body: Box<dyn Read + Send> = Box::new(response.into_body().into_reader());
        if status != 200 {
            let mut bytes = Vec::new();
            let _ = body.read_to_end(&mut bytes);
            return Err(Answer { status, kind, body: bytes });
        }
        Ok(Self { body: BufReader::new(body), kind })
    }

    /// The next item; comments are passed over. `None` where the stream ends, however it ends.
    pub fn item(&mut self) -> Option<Came> {
        let mut came = Came { id: None, event: String::new(), json: String::new() };
        loop {
            let line = self.line()?;
            match line.split_once(": ") {
                _ if line.starts_with('{') => {
                    let event = if line.contains("\"jp.visiting.record.checkpoint\"") { "checkpoint" } else { "record" };
                    return Some(Came { id: None, event: event.to_owned(), json: line });
                }
                Some(("id", id)) => came.id = id.parse().ok(),
                Some(("event", event)) => event.clone_into(&mut came.event),
                Some(("data", json)) => json.clone_into(&mut came.json),
                // A comment ends with an empty line too.
                None if line.is_empty() && !came.json.is_empty() => return Some(came),
                _ => {}
            }
        }
    }

    /// All items up to the end.
    pub fn rest(&mut self) -> Vec<Came> {
        std::iter::from_fn(|| self.item()).collect()
    }

    /// The body as bytes up to its end.
    ///
    /// # Errors
    /// When it breaks off.
    pub fn bytes(&mut self) -> Result<Vec<u8>, std::io::Error> {
        let mut all = Vec::new();
        self.body.read_to_end(&mut all)?;
        Ok(all)
    }

    fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        match self.body.read_line(&mut line) {
            Ok(n) if n > 0 && line.ends_with('\n') => Some(line.trim_end_matches('\n').to_owned()),
            _ => None,
        }
    }
}

/// Checks a whole stream from event 0 on, as somebody would who has nothing but the log's key.
#[derive(Debug)]
pub struct Checked {
    origin: String,
    public: Vec<u8>,
    tree: Tree,
    /// Leaves in order.
    pub leaves: Vec<String>,
    /// Sizes of the checkpoints that came.
    pub checkpoints: Vec<u64>,
}

impl Checked {
    /// With the log's verifier key.
    ///
    /// # Errors
    /// When it is none.
    pub fn new(key: &str) -> Result<Self, String> {
        let (origin, public) = note::parse_vkey(key).map_err(|e| e.to_string())?;
        Ok(Self { origin, public, tree: Tree::default(), leaves: Vec::new(), checkpoints: Vec::new() })
    }

    /// Takes what came next.
    ///
    /// # Errors
    /// A gap, a repetition, or a checkpoint that does not cover exactly what came before it.
    pub fn take(&mut self, came: &Came) -> Result<(), String> {
        let size = self.tree.size();
        if let Some((index, leaf)) = came.record() {
            if index != size || came.id.is_some_and(|id| id != index) {
                return Err(format!("event {index} (id {:?}) came where {size} was due", came.id));
            }
            self.tree.push(leaf_hash(leaf.as_bytes()));
            self.leaves.push(leaf);
            return Ok(());
        }
        let note = came.note().ok_or_else(|| format!("neither event nor checkpoint: {}", came.json))?;
        let signed = Checkpoint::open(&note, &self.origin, &self.public).map_err(|e| e.to_string())?;
        if signed.size != size || Some(signed.root) != self.tree.root(size) || came.id.is_some_and(|id| id + 1 != size) {
            return Err(format!("the checkpoint over {} does not fit the {size} events before it", signed.size));
        }
        self.checkpoints.push(size);
        Ok(())
    }
}
