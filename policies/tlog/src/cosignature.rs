//! Timestamped Ed25519 cosignatures of checkpoints (tlog-cosignature, type 0x04). ML-DSA-44 (0x06) is not here: ring has none.

use crate::{
    checkpoint::Checkpoint,
    key::{Algorithm, SecretKey, VerifierKey},
    note::Signature,
};

/// Latest time a cosignature may say. "It MUST NOT exceed 2^63 - 1".
pub const TIME_MAX: u64 = i64::MAX as u64;

/// Why nothing was cosigned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CosignFault {
    /// The key is for another type of signature.
    #[error("the key is no cosigner's")]
    Key,
    /// Zero, or past [`TIME_MAX`].
    #[error("a cosignature's time is between 1 and 2^63 - 1")]
    Time,
    /// The text is no checkpoint.
    #[error("only checkpoints are cosigned")]
    Text,
}

/// Cosigns a checkpoint's text: its signer has observed the log to be consistent up to it.
///
/// # Errors
/// [`CosignFault`].
pub fn cosign(text: &str, key: &SecretKey, time: u64) -> Result<Signature, CosignFault> {
    if key.verifier().algorithm() != Algorithm::Cosignature {
        return Err(CosignFault::Key);
    }
    if time == 0 || time > TIME_MAX {
        return Err(CosignFault::Time);
    }
    Checkpoint::parse(text).map_err(|_| CosignFault::Text)?;
    let mut bytes = time.to_be_bytes().to_vec();
    bytes.extend(key.sign_bytes(message(text, time).as_bytes()));
    Ok(Signature::new(key.verifier(), bytes))
}

/// When a cosignature was made; `None` when it is not the key's over this text, or the text is no checkpoint.
pub(crate) fn time(key: &VerifierKey, text: &str, bytes: &[u8]) -> Option<u64> {
    let (time, signature) = bytes.split_first_chunk::<8>()?;
    let time = Some(u64::from_be_bytes(*time)).filter(|time| *time <= TIME_MAX)?;
    let valid = Checkpoint::parse(text).is_ok() && key.verifies(message(text, time).as_bytes(), signature);
    valid.then_some(time)
}

/// "two newline (U+000A) terminated lines (one header line and one timestamp line) followed by the whole note body"
fn message(text: &str, time: u64) -> String {
    format!("cosignature/v1\ntime {time}\n{text}")
}
