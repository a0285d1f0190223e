//! The log's key changes: what the key so far and the one that follows it both sign. The record says when; whom to believe is told to
//! each reader by somebody else than the log (the witness's `trust`, the enclave's policy, the auditor's `--key`).

use serde::{Deserialize, Serialize};

use crate::{handover::Purpose, record::Act, sign::SigningKey};

/// One key follows another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogKeyRotation {
    /// Origin of the log.
    pub origin: String,
    /// The Ed25519 public key so far, base64.
    pub from: String,
    /// The one that signs from here on, base64.
    pub to: String,
}

impl Purpose for LogKeyRotation {
    const PURPOSE: &'static str = "visiting log key rotation v1";
}

impl LogKeyRotation {
    /// The act that puts `to` in the place of `from`, with both signatures.
    #[must_use]
    pub fn act(origin: &str, from: &SigningKey, to: &SigningKey) -> Act {
        let rotation = Self { origin: origin.to_owned(), from: from.public(), to: to.public() };
        let bytes = rotation.signed_bytes();
        Act::LogKeyRotated { signature: from.sign(&bytes), accepted: to.sign(&bytes), rotation }
    }
}
