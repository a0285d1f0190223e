//! What a log asks of a witness, the body of `add-checkpoint`, and what it takes from the answer (tlog-witness).

use std::fmt;

use crate::{
    checkpoint::Checkpoint,
    encoding::{decimal, hash_from_base64, to_base64},
    key::VerifierKey,
    merkle::Hash,
    note::{NOTE_MAX_BYTES, Note, NoteFault},
};

/// "The client MUST NOT send more than 63 consistency proof lines."
pub const PROOF_LINES_MAX: usize = 63;

/// A body that is out of form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RequestFault {
    /// No old size line, proof lines, empty line and note.
    #[error("a request is `old` and a size, proof lines, an empty line and a checkpoint")]
    Form,
    /// Too many proof lines.
    #[error("a consistency proof has {PROOF_LINES_MAX} lines at most")]
    ProofTooLong,
    /// The note is no checkpoint.
    #[error("what follows the empty line is no signed checkpoint")]
    Checkpoint,
}

/// A request that is in form. Nothing in it is verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Size of the checkpoint that the proof starts from.
    pub old: u64,
    /// From there to the checkpoint.
    pub proof: Vec<Hash>,
    /// The checkpoint's note.
    pub note: Note,
    /// The note's text, read.
    pub checkpoint: Checkpoint,
}

impl Request {
    /// Reads a body.
    ///
    /// # Errors
    /// [`RequestFault`].
    pub fn parse(body: &[u8]) -> Result<Self, RequestFault> {
        if body.len() > 2 * NOTE_MAX_BYTES {
            return Err(RequestFault::Form);
        }
        let text = std::str::from_utf8(body).map_err(|_| RequestFault::Form)?;
        let (head, note) = text.split_once("\n\n").ok_or(RequestFault::Form)?;
        let mut lines = head.split('\n');
        let old = lines.next().and_then(|line| decimal(line.strip_prefix("old ")?)).ok_or(RequestFault::Form)?;
        if lines.clone().count() > PROOF_LINES_MAX {
            return Err(RequestFault::ProofTooLong);
        }
        let proof = lines.map(hash_from_base64).collect::<Option<_>>().ok_or(RequestFault::Form)?;
        let note = Note::parse(note.as_bytes()).map_err(|_| RequestFault::Checkpoint)?;
        let checkpoint = Checkpoint::parse(note.text()).map_err(|_| RequestFault::Checkpoint)?;
        Ok(Self { old, proof, note, checkpoint })
    }
}

/// The note with what a witness answered: cosignatures of the given keys are verified and kept, all others are ignored.
///
/// # Errors
/// [`NoteFault`] when the answer is out of form, a known witness's line is not its, or none of them answered.
pub fn cosigned(note: &Note, answer: &str, witnesses: &[&VerifierKey]) -> Result<Note, NoteFault> {
    // "the client MAY concatenate it to the checkpoint, and use a note verification function configured with the witness keys"
    let answered = Note::parse(format!("{note}{answer}").as_bytes())?;
    let mut cosigned = note.clone();
    for valid in answered.verify(witnesses)? {
        cosigned.add(valid.signature.clone());
    }
    Ok(cosigned)
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "old {}", self.old)?;
        self.proof.iter().try_for_each(|hash| writeln!(f, "{}", to_base64(hash)))?;
        write!(f, "\n{}", self.note)
    }
}
