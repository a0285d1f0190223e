//! What a witness answers (tlog-witness v1.0.0), as a pure function of what it knows, what it is asked and the time.
//! [`crate::desk`] keeps what it knows.

use std::collections::BTreeMap;

use crate::{
    checkpoint::Checkpoint,
    cosignature::{TIME_MAX, cosign},
    encoding::hex,
    key::{Algorithm, SecretKey, VerifierKey},
    merkle::{empty_root, sha256},
    note::{Note, NoteFault, Signature},
    request::Request,
    verify::verify_consistency,
};

/// A witness: its key, and the logs it looks at.
#[derive(Debug)]
pub struct Witness {
    key: SecretKey,
    logs: BTreeMap<String, Vec<VerifierKey>>,
}

/// Why there is no such witness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WitnessFault {
    /// Its key is for another type of signature.
    #[error("a witness has a key of type 0x04, its logs have keys of type 0x01")]
    KeyType,
    /// What was kept is not what this witness cosigned.
    #[error("this is no checkpoint that this witness cosigned")]
    NotOurs,
    /// What is to be kept is behind what is known.
    #[error("a witness never goes back")]
    RollBack,
}

/// The latest checkpoint that the witness cosigned for a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Latest {
    checkpoint: Checkpoint,
    time: u64,
    note: Note,
}

impl Latest {
    /// The checkpoint.
    #[must_use]
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The log's signatures and the witness's own: what monitors get, and what is kept.
    #[must_use]
    pub fn note(&self) -> &Note {
        &self.note
    }
}

/// What the witness knows: the latest checkpoint of each log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct State(BTreeMap<String, Latest>);

impl State {
    /// The latest checkpoint of a log.
    #[must_use]
    pub fn latest(&self, origin: &str) -> Option<&Latest> {
        self.0.get(origin)
    }

    /// The latest checkpoint of the log with this hash (SHA-256 of the origin, hex), for `<origin hash>/checkpoint`.
    #[must_use]
    pub fn monitored(&self, origin_hash: &str) -> Option<&Latest> {
        self.0.iter().find(|(origin, _)| self::origin_hash(origin) == origin_hash).map(|(_, latest)| latest)
    }

    /// Takes a newer checkpoint in.
    ///
    /// # Errors
    /// [`WitnessFault::RollBack`] when it is smaller, earlier, or another one of the same size.
    pub fn put(&mut self, next: Latest) -> Result<(), WitnessFault> {
        if let Some(known) = self.0.get(next.checkpoint.origin()) {
            let same_size = next.checkpoint.size() == known.checkpoint.size();
            let behind = next.checkpoint.size() < known.checkpoint.size() || next.time < known.time;
            if behind || (same_size && next.checkpoint.root() != known.checkpoint.root()) {
                return Err(WitnessFault::RollBack);
            }
        }
        self.0.insert(next.checkpoint.origin().to_owned(), next);
        Ok(())
    }
}

/// "The origin hash is the SHA-256 hash of the log's origin, hex encoded, in lowercase."
#[must_use]
pub fn origin_hash(origin: &str) -> String {
    hex(&sha256(origin.as_bytes()))
}

/// An answer, and what has to be kept before it is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Value of `Content-Type`.
    pub content_type: &'static str,
    /// The body.
    pub body: String,
    /// "The witness MUST persist the new checkpoint before responding."
    pub next: Option<Box<Latest>>,
}

impl Answer {
    /// An answer that changes nothing.
    pub(crate) fn refused(status: u16, why: impl std::fmt::Display) -> Self {
        Self { status, content_type: "text/plain; charset=utf-8", body: format!("{why}\n"), next: None }
    }
}

impl Witness {
    /// A witness with this key for logs with these origins and keys.
    ///
    /// # Errors
    /// [`WitnessFault::KeyType`].
    pub fn new(key: SecretKey, logs: BTreeMap<String, Vec<VerifierKey>>) -> Result<Self, WitnessFault> {
        let ours = key.verifier().algorithm() == Algorithm::Cosignature;
        let theirs = logs.values().flatten().all(|log| log.algorithm() == Algorithm::Ed25519);
        if ours && theirs { Ok(Self { key, logs }) } else { Err(WitnessFault::KeyType) }
    }

    /// Origins of its logs.
    pub fn origins(&self) -> impl Iterator<Item = &str> {
        self.logs.keys().map(String::as_str)
    }

    /// What verifies its cosignatures.
    #[must_use]
    pub fn verifier(&self) -> &VerifierKey {
        self.key.verifier()
    }

    /// Answers `add-checkpoint`. `now` is in seconds since 1970.
    #[must_use]
    pub fn add_checkpoint(&self, state: &State, body: &[u8], now: u64) -> Answer {
        match self.decide(state, body, now) {
            Ok(answer) | Err(answer) => answer,
        }
    }

    /// The checks stand in the order of the specification.
    fn decide(&self, state: &State, body: &[u8], now: u64) -> Result<Answer, Answer> {
        let request = Request::parse(body).map_err(|fault| Answer::refused(400, fault))?;
        let origin = request.checkpoint.origin();
        let keys = self.logs.get(origin).ok_or_else(|| Answer::refused(404, "this log is not known here"))?;
        let signatures = signed(&request.note, keys).map_err(|fault| Answer::refused(403, fault))?;
        let latest = state.latest(origin);
        sizes(&request, latest)?;
        grows(&request, latest)?;
        self.cosigned(request, signatures, latest, now)
    }

    fn cosigned(&self, request: Request, mut kept: Vec<Signature>, latest: Option<&Latest>, now: u64) -> Result<Answer, Answer> {
        // A cosignature says what was the largest tree at its time; with a clock that went back it could say it of a time before.
        if now > TIME_MAX || latest.is_some_and(|latest| now < latest.time) {
            return Err(Answer::refused(500, "the witness's clock cannot be right"));
        }
        let cosignature = cosign(request.note.text(), &self.key, now).map_err(|fault| Answer::refused(500, fault))?;
        let body = cosignature.to_string();
        kept.push(cosignature);
        let next = Latest { note: request.note.with(kept), checkpoint: request.checkpoint, time: now };
        Ok(Answer { status: 200, content_type: "text/plain; charset=utf-8", body, next: Some(Box::new(next)) })
    }

    /// Reads what was kept: a note of one of its logs with this witness's own cosignature, which was given to what a key of that log had
    /// signed. Whether that key is trusted still is not asked: what was cosigned is not forgotten with it.
    ///
    /// # Errors
    /// [`WitnessFault::NotOurs`].
    pub fn restore(&self, origin: &str, note: &[u8]) -> Result<Latest, WitnessFault> {
        let fault = WitnessFault::NotOurs;
        let note = Note::parse(note).map_err(|_| fault)?;
        let checkpoint = Checkpoint::parse(note.text()).map_err(|_| fault)?;
        if checkpoint.origin() != origin || !self.logs.contains_key(origin) {
            return Err(fault);
        }
        let time = note.verify(&[self.key.verifier()]).ok().and_then(|valid| valid.first()?.time).ok_or(fault)?;
        Ok(Latest { checkpoint, time, note })
    }
}

/// The log's own signatures, one a key. "it MUST ignore signatures from unknown keys"
fn signed(note: &Note, keys: &[VerifierKey]) -> Result<Vec<Signature>, NoteFault> {
    let keys: Vec<_> = keys.iter().collect();
    let mut kept: Vec<Signature> = Vec::new();
    for valid in note.verify(&keys)? {
        if !kept.iter().any(|known| known.id() == valid.signature.id() && known.name() == valid.signature.name()) {
            kept.push(valid.signature.clone());
        }
    }
    Ok(kept)
}

fn sizes(request: &Request, latest: Option<&Latest>) -> Result<(), Answer> {
    if request.old > request.checkpoint.size() {
        return Err(Answer::refused(400, "the old size is larger than the checkpoint"));
    }
    let known = latest.map_or(0, |latest| latest.checkpoint.size());
    if request.old == known {
        return Ok(());
    }
    Err(Answer { status: 409, content_type: "text/x.tlog.size", body: format!("{known}\n"), next: None })
}

fn grows(request: &Request, latest: Option<&Latest>) -> Result<(), Answer> {
    let Request { old, proof, checkpoint, .. } = request;
    if checkpoint.size() == 0 && *checkpoint.root() != empty_root() {
        return Err(Answer::refused(422, "the root of an empty log is the hash of nothing"));
    }
    let consistent = match latest {
        // The empty tree is consistent with any tree, so no proof is necessary.
        _ if *old == 0 => proof.is_empty(),
        Some(latest) => verify_consistency(*old, latest.checkpoint.root(), checkpoint.size(), checkpoint.root(), proof),
        None => false,
    };
    if consistent { Ok(()) } else { Err(Answer::refused(422, "the checkpoint does not continue the one that was cosigned")) }
}
