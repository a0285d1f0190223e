//! Proofs that verify offline (tlog-proof): index, inclusion proof and checkpoint in one text, `.tlog-proof`.

use std::fmt;

use crate::{
    encoding::{decimal, from_base64, hash_from_base64, to_base64},
    merkle::Hash,
    note::{NOTE_MAX_BYTES, Note, NoteFault},
    policy::{Accepted, Policy, Refused},
    verify::verify_inclusion,
};

/// First line of every proof.
const FIRST: &str = "c2sp.org/tlog-proof@v1";

/// Most hashes of an inclusion proof: no tree is higher.
const HASHES_MAX: usize = 64;

/// Why a proof shows nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProofFault {
    /// It is not spelled as a proof.
    #[error("this is no tlog-proof@v1")]
    Form,
    /// Its checkpoint is no note.
    #[error(transparent)]
    Note(#[from] NoteFault),
    /// Its checkpoint is not accepted.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The entry is not the one that the log has at this index.
    #[error("the proof does not lead from this entry to the checkpoint")]
    Inclusion,
}

/// A proof that was read. It shows nothing before [`Proof::verify`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// Opaque data, which nothing vouches for.
    pub extra: Option<Vec<u8>>,
    /// Number of the entry.
    pub index: u64,
    /// From the leaf's sibling up.
    pub hashes: Vec<Hash>,
    /// The checkpoint, with all its signatures.
    pub checkpoint: Note,
}

impl Proof {
    /// Reads a proof.
    ///
    /// # Errors
    /// [`ProofFault::Form`] or [`ProofFault::Note`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ProofFault> {
        if bytes.len() > 2 * NOTE_MAX_BYTES {
            return Err(ProofFault::Form);
        }
        let text = std::str::from_utf8(bytes).map_err(|_| ProofFault::Form)?;
        let (head, note) = text.split_once("\n\n").ok_or(ProofFault::Form)?;
        let mut lines = head.split('\n').peekable();
        if lines.next() != Some(FIRST) {
            return Err(ProofFault::Form);
        }
        let extra = lines.next_if(|line| line.starts_with("extra ")).and_then(|line| line.strip_prefix("extra "));
        // "If no extra data is present, this line is omitted."
        let extra = extra.map(|base64| from_base64(base64).filter(|bytes| !bytes.is_empty()).ok_or(ProofFault::Form)).transpose()?;
        let index = lines.next().and_then(|line| decimal(line.strip_prefix("index ")?)).ok_or(ProofFault::Form)?;
        let hashes = lines.map(hash_from_base64).collect::<Option<Vec<_>>>().filter(|h| h.len() <= HASHES_MAX).ok_or(ProofFault::Form)?;
        Ok(Self { extra, index, hashes, checkpoint: Note::parse(note.as_bytes())? })
    }

    /// Verifies that the log has this leaf at the proof's index, in a checkpoint that the policy accepts.
    ///
    /// # Errors
    /// [`ProofFault`].
    pub fn verify(&self, leaf: &Hash, policy: &Policy) -> Result<Accepted, ProofFault> {
        let accepted = policy.accept(&self.checkpoint)?;
        let (size, root) = (accepted.checkpoint.size(), accepted.checkpoint.root());
        if verify_inclusion(leaf, self.index, size, &self.hashes, root) { Ok(accepted) } else { Err(ProofFault::Inclusion) }
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{FIRST}")?;
        if let Some(extra) = self.extra.as_ref().filter(|extra| !extra.is_empty()) {
            writeln!(f, "extra {}", to_base64(extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        self.hashes.iter().try_for_each(|hash| writeln!(f, "{}", to_base64(hash)))?;
        write!(f, "\n{}", self.checkpoint)
    }
}
