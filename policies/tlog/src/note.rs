//! Signed notes (signed-note v1.0.0): a text, an empty line, signature lines.

use std::fmt;

use crate::{
    cosignature,
    encoding::{from_base64, lines, to_base64},
    key::{Algorithm, SecretKey, VerifierKey, is_key_name},
};

/// Most bytes of a note. "Verifiers SHOULD apply a maximum limit".
pub const NOTE_MAX_BYTES: usize = 1 << 20;

/// Most signatures of a note. "MUST accept at least up to 16 signatures".
pub const SIGNATURES_MAX: usize = 100;

/// What a signature line begins with.
const DASH: &str = "\u{2014} ";

/// Why something is no note, or none to be trusted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteFault {
    /// Not UTF-8, or with control characters.
    #[error("a note is UTF-8 without control characters")]
    Characters,
    /// Too many bytes or signatures.
    #[error("a note has {NOTE_MAX_BYTES} bytes and {SIGNATURES_MAX} signatures at most")]
    TooLong,
    /// Not text, empty line, signature lines.
    #[error("a note is a text, an empty line and signature lines")]
    Form,
    /// Two of the given keys have one name and one ID.
    #[error("two different keys are both called {0}")]
    Ambiguous(String),
    /// A signature that a known key should have made is not its.
    #[error("the signature of {0} is not its")]
    Wrong(String),
    /// No known key signed.
    #[error("no known key signed the note")]
    Unsigned,
}

/// One signature line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    name: String,
    id: u32,
    bytes: Vec<u8>,
}

impl Signature {
    pub(crate) fn new(key: &VerifierKey, bytes: Vec<u8>) -> Self {
        Self { name: key.name().to_owned(), id: key.id(), bytes }
    }

    /// Name of the key that it says made it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// ID of that key.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.id
    }

    /// What follows the ID.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Reads one line, without its newline.
    #[must_use]
    pub fn parse(line: &str) -> Option<Self> {
        let (name, base64) = line.strip_prefix(DASH)?.split_once(' ')?;
        let blob = from_base64(base64).filter(|_| is_key_name(name))?;
        let (id, bytes) = blob.split_first_chunk::<4>()?;
        (!bytes.is_empty()).then(|| Self { name: name.to_owned(), id: u32::from_be_bytes(*id), bytes: bytes.to_vec() })
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut blob = self.id.to_be_bytes().to_vec();
        blob.extend_from_slice(&self.bytes);
        writeln!(f, "{DASH}{} {}", self.name, to_base64(&blob))
    }
}

/// A note that was read. Its text is nobody's word before [`Note::verify`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<Signature>,
}

/// A signature that is its key's.
#[derive(Debug, Clone, Copy)]
pub struct Valid<'a> {
    /// The key.
    pub key: &'a VerifierKey,
    /// The line.
    pub signature: &'a Signature,
    /// When it was made, where its type says so.
    pub time: Option<u64>,
}

impl Note {
    /// Signs a text.
    ///
    /// # Errors
    /// [`NoteFault`] when the text cannot stand in a note. [`NoteFault::Form`] also for a cosigner's key, which signs checkpoints only.
    pub fn sign(text: &str, keys: &[&SecretKey]) -> Result<Self, NoteFault> {
        let mut signatures = Vec::new();
        for key in keys {
            if key.verifier().algorithm() != Algorithm::Ed25519 {
                return Err(NoteFault::Form);
            }
            signatures.push(Signature::new(key.verifier(), key.sign_bytes(text.as_bytes())));
        }
        let note = Self { text: text.to_owned(), signatures };
        // What is written is what would be read.
        if Self::parse(note.to_string().as_bytes())? == note { Ok(note) } else { Err(NoteFault::Form) }
    }

    /// Reads a note. Signatures are only looked at for their form.
    ///
    /// # Errors
    /// [`NoteFault::Characters`], [`NoteFault::TooLong`] or [`NoteFault::Form`].
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteFault> {
        if bytes.len() > NOTE_MAX_BYTES {
            return Err(NoteFault::TooLong);
        }
        let note = std::str::from_utf8(bytes).map_err(|_| NoteFault::Characters)?;
        if note.chars().any(|c| c < ' ' && c != '\n') {
            return Err(NoteFault::Characters);
        }
        // "the text is separated from the signatures by the last empty line in the note"
        let (text, rest) = note.rfind("\n\n").and_then(|at| note.split_at_checked(at + 1)).ok_or(NoteFault::Form)?;
        let mut signatures = Vec::new();
        for line in rest.strip_prefix('\n').and_then(lines).ok_or(NoteFault::Form)? {
            if signatures.len() == SIGNATURES_MAX {
                return Err(NoteFault::TooLong);
            }
            signatures.push(Signature::parse(line).ok_or(NoteFault::Form)?);
        }
        Ok(Self { text: text.to_owned(), signatures })
    }

    /// The text, with its last newline.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signature lines, as they stand.
    #[must_use]
    pub fn signatures(&self) -> &[Signature] {
        &self.signatures
    }

    /// Adds a line, as a log does with its witnesses' answers.
    pub fn add(&mut self, signature: Signature) {
        if !self.signatures.contains(&signature) {
            self.signatures.push(signature);
        }
    }

    /// The note with only these lines.
    #[must_use]
    pub fn with(&self, signatures: Vec<Signature>) -> Self {
        Self { text: self.text.clone(), signatures }
    }

    /// Verifies the signatures of known keys, and ignores all others. There is at least one in what is returned.
    ///
    /// # Errors
    /// [`NoteFault::Wrong`] when a known key's signature is not its: then the whole note is rejected. [`NoteFault::Unsigned`] when
    /// no known key signed. [`NoteFault::Ambiguous`] when the keys cannot be told apart.
    pub fn verify<'a>(&'a self, keys: &[&'a VerifierKey]) -> Result<Vec<Valid<'a>>, NoteFault> {
        let mut valid: Vec<Valid<'a>> = Vec::new();
        for signature in &self.signatures {
            let Some(key) = known(signature, keys)? else { continue };
            let time = match key.algorithm() {
                Algorithm::Ed25519 => key.verifies(self.text.as_bytes(), &signature.bytes).then_some(None),
                Algorithm::Cosignature => cosignature::time(key, &self.text, &signature.bytes).map(Some),
            };
            let time = time.ok_or_else(|| NoteFault::Wrong(key.name().to_owned()))?;
            valid.push(Valid { key, signature, time });
        }
        if valid.is_empty() { Err(NoteFault::Unsigned) } else { Ok(valid) }
    }
}

/// The key that a signature names by name and ID. "Verifiers MUST ignore signatures from unknown keys, even if they share a name or
/// ID (but not both) with a known key."
fn known<'a>(signature: &Signature, keys: &[&'a VerifierKey]) -> Result<Option<&'a VerifierKey>, NoteFault> {
    let mut named = keys.iter().filter(|key| key.name() == signature.name && key.id() == signature.id);
    let Some(key) = named.next() else { return Ok(None) };
    if named.any(|other| other != key) { Err(NoteFault::Ambiguous(key.name().to_owned())) } else { Ok(Some(key)) }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|signature| signature.fmt(f))
    }
}
