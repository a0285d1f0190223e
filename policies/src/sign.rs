//! Digests and Ed25519 signatures (RFC 8032) over ring. Every signed text starts with its own purpose line, so a signature
//! made for one purpose never verifies for another.

use base64::{Engine, prelude::BASE64_STANDARD};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};

use crate::refusal::{Code, Refusal};

/// SHA-256 of `bytes`.
#[must_use]
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
    let mut out = [0u8; 32];
    out.copy_from_slice(digest.as_ref());
    out
}

/// SHA-256 of `bytes` as `sha256:<64 hex digits>`, the form used in every event and receipt.
#[must_use]
pub fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", hex(&sha256(bytes)))
}

/// True for what [`digest`] writes.
#[must_use]
pub fn is_digest(text: &str) -> bool {
    let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    text.strip_prefix("sha256:").is_some_and(|body| body.len() == 64 && body.bytes().all(hex))
}

/// Lower-case hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

/// Standard base64 with padding.
#[must_use]
pub fn to_base64(bytes: &[u8]) -> String {
    BASE64_STANDARD.encode(bytes)
}

/// Reads standard base64; `None` when it is not that.
#[must_use]
pub fn from_base64(text: &str) -> Option<Vec<u8>> {
    BASE64_STANDARD.decode(text).ok()
}

/// An Ed25519 key pair made from a 32-byte seed.
pub struct SigningKey(Ed25519KeyPair);

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SigningKey({})", self.public())
    }
}

impl SigningKey {
    /// A key from its seed (32 secret bytes).
    ///
    /// # Errors
    /// When the seed is not 32 bytes long.
    pub fn from_seed(seed: &[u8]) -> Result<Self, Refusal> {
        Ed25519KeyPair::from_seed_unchecked(seed).map(Self).map_err(|_| Refusal::new(Code::KeyUnusable, "an Ed25519 seed is 32 bytes"))
    }

    /// The public key, base64.
    #[must_use]
    pub fn public(&self) -> String {
        to_base64(self.0.public_key().as_ref())
    }

    /// The public key's 32 bytes.
    #[must_use]
    pub fn public_bytes(&self) -> Vec<u8> {
        self.0.public_key().as_ref().to_vec()
    }

    /// Signature over `message`, base64.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> String {
        to_base64(self.0.sign(message).as_ref())
    }

    /// Signature over `message`, 64 bytes.
    #[must_use]
    pub fn sign_bytes(&self, message: &[u8]) -> Vec<u8> {
        self.0.sign(message).as_ref().to_vec()
    }
}

/// True when `signature` (base64) over `message` was made by the holder of `public` (base64).
#[must_use]
pub fn verifies(public: &str, message: &[u8], signature: &str) -> bool {
    let (Some(key), Some(signature)) = (from_base64(public), from_base64(signature)) else {
        return false;
    };
    verifies_bytes(&key, message, &signature)
}

/// As [`verifies`], on raw bytes.
#[must_use]
pub fn verifies_bytes(public: &[u8], message: &[u8], signature: &[u8]) -> bool {
    UnparsedPublicKey::new(&ED25519, public).verify(message, signature).is_ok()
}
