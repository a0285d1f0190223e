//! Checkpoints (tlog-checkpoint v1.0.0): origin, size and root of a log, as a note's text.

use std::fmt;

use crate::{
    encoding::{decimal, hash_from_base64, lines, to_base64},
    key::SecretKey,
    merkle::Hash,
    note::{Note, NoteFault},
};

/// A text that is no checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a checkpoint is an origin, a size, a root hash and no empty lines")]
pub struct CheckpointFault;

/// Origin, size and root of a log at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    origin: String,
    size: u64,
    root: Hash,
    extensions: Vec<String>,
}

impl Checkpoint {
    /// A checkpoint without extension lines, as they are not recommended.
    ///
    /// # Errors
    /// When the origin is empty or holds control characters.
    pub fn new(origin: &str, size: u64, root: Hash) -> Result<Self, CheckpointFault> {
        if origin.is_empty() || origin.chars().any(|c| c < ' ') {
            return Err(CheckpointFault);
        }
        Ok(Self { origin: origin.to_owned(), size, root, extensions: Vec::new() })
    }

    /// Reads a note's text: "at least three non-empty lines, separated by newlines".
    ///
    /// # Errors
    /// [`CheckpointFault`].
    pub fn parse(text: &str) -> Result<Self, CheckpointFault> {
        let mut lines = lines(text).ok_or(CheckpointFault)?;
        let mut next = || lines.next().filter(|line| !line.is_empty()).ok_or(CheckpointFault);
        let origin = next()?;
        let size = decimal(next()?).ok_or(CheckpointFault)?;
        let root = hash_from_base64(next()?).ok_or(CheckpointFault)?;
        let extensions: Vec<_> = lines.map(str::to_owned).collect();
        if extensions.iter().any(String::is_empty) {
            return Err(CheckpointFault);
        }
        Ok(Self { extensions, ..Self::new(origin, size, root)? })
    }

    /// The signed note of this checkpoint. Whoever signs has seen that it continues the last one it signed: [`crate::append`] does.
    ///
    /// # Errors
    /// As [`Note::sign`].
    pub fn sign(&self, keys: &[&SecretKey]) -> Result<Note, NoteFault> {
        Note::sign(&self.to_string(), keys)
    }

    /// Which log it is of.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Number of entries.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Root over them.
    #[must_use]
    pub fn root(&self) -> &Hash {
        &self.root
    }

    /// Opaque lines after the root.
    #[must_use]
    pub fn extensions(&self) -> &[String] {
        &self.extensions
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}\n{}", self.origin, self.size, to_base64(&self.root))?;
        self.extensions.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}
