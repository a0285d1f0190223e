//! Keys that sign notes, and their spellings: verifier keys (vkey) as signed-note writes them, secret keys as Go's `note` package does.

use std::fmt;

use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};

use crate::{
    encoding::{from_base64, hex, to_base64},
    merkle::sha256,
};

/// What a key signs with, and what. Other types of signature exist; their keys are not ours to verify.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// 0x01: Ed25519 over the note's text.
    Ed25519,
    /// 0x04: Ed25519 over a time and a checkpoint.
    Cosignature,
}

impl Algorithm {
    fn byte(self) -> u8 {
        match self {
            Self::Ed25519 => 1,
            Self::Cosignature => 4,
        }
    }

    fn of(byte: u8) -> Result<Self, KeyFault> {
        match byte {
            1 => Ok(Self::Ed25519),
            4 => Ok(Self::Cosignature),
            other => Err(KeyFault::Algorithm(other)),
        }
    }
}

/// Why a text is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyFault {
    /// It is not spelled as a key.
    #[error("a verifier key is name+id+base64, a secret key PRIVATE+KEY+name+id+base64")]
    Form,
    /// A name is empty or holds a space, a plus or a control character.
    #[error("a key's name is not empty and holds no space, no plus and no control character")]
    Name,
    /// The type of signature is unknown here.
    #[error("signatures of type 0x{0:02x} are not verified here")]
    Algorithm(u8),
    /// The key does not have 32 bytes.
    #[error("an Ed25519 key has 32 bytes")]
    Length,
    /// The key ID is not that of name and key.
    #[error("the key ID does not belong to this name and key")]
    Id,
}

/// True for what may stand as a key's name: "Key names MUST be non-empty and MUST NOT contain any Unicode spaces or plus (U+002B)
/// characters." Control characters cannot stand in a note.
#[must_use]
pub fn is_key_name(name: &str) -> bool {
    !name.is_empty() && !name.chars().any(|c| c.is_whitespace() || c == '+' || c < ' ')
}

/// "key ID = SHA-256(key name || 0x0A || signature type || public key)[:4]"
fn key_id(name: &str, algorithm: Algorithm, public: &[u8; 32]) -> u32 {
    let mut bytes = format!("{name}\n").into_bytes();
    bytes.push(algorithm.byte());
    bytes.extend_from_slice(public);
    let [a, b, c, d, ..] = sha256(&bytes);
    u32::from_be_bytes([a, b, c, d])
}

/// What verifies one key's signatures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    id: u32,
    algorithm: Algorithm,
    public: [u8; 32],
}

impl VerifierKey {
    /// The key of this name.
    ///
    /// # Errors
    /// [`KeyFault::Name`].
    pub fn new(name: &str, algorithm: Algorithm, public: [u8; 32]) -> Result<Self, KeyFault> {
        if !is_key_name(name) {
            return Err(KeyFault::Name);
        }
        Ok(Self { name: name.to_owned(), id: key_id(name, algorithm, &public), algorithm, public })
    }

    /// Reads a vkey: `<key name>+hex(32-bit key ID)+base64(signature type || public key)`.
    ///
    /// # Errors
    /// [`KeyFault`]; [`KeyFault::Algorithm`] for a well-formed key of another type.
    pub fn parse(vkey: &str) -> Result<Self, KeyFault> {
        let mut parts = vkey.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else { return Err(KeyFault::Form) };
        let (algorithm, public) = typed(key)?;
        let key = Self::new(name, algorithm, public)?;
        if id == hex(&key.id.to_be_bytes()) { Ok(key) } else { Err(KeyFault::Id) }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its ID, which tells keys of one name apart.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.id
    }

    /// What it signs with.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Its 32 bytes.
    #[must_use]
    pub fn public(&self) -> &[u8; 32] {
        &self.public
    }

    /// True when `signature` over `message` is the key's.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, &self.public).verify(message, signature).is_ok()
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut key = vec![self.algorithm.byte()];
        key.extend_from_slice(&self.public);
        write!(f, "{}+{}+{}", self.name, hex(&self.id.to_be_bytes()), to_base64(&key))
    }
}

/// Type and 32 bytes out of the last part of a key.
fn typed(base64: &str) -> Result<(Algorithm, [u8; 32]), KeyFault> {
    let bytes = from_base64(base64).ok_or(KeyFault::Form)?;
    let (algorithm, key) = bytes.split_first().ok_or(KeyFault::Form)?;
    Ok((Algorithm::of(*algorithm)?, key.try_into().map_err(|_| KeyFault::Length)?))
}

/// What makes one key's signatures.
pub struct SecretKey {
    verifier: VerifierKey,
    pair: Ed25519KeyPair,
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey({})", self.verifier)
    }
}

/// What a secret key's text begins with.
const SECRET: &str = "PRIVATE+KEY+";

impl SecretKey {
    /// The key of this name from its 32 secret bytes.
    ///
    /// # Errors
    /// [`KeyFault::Name`].
    pub fn from_seed(name: &str, algorithm: Algorithm, seed: &[u8; 32]) -> Result<Self, KeyFault> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| KeyFault::Length)?;
        let public = pair.public_key().as_ref().try_into().map_err(|_| KeyFault::Length)?;
        Ok(Self { verifier: VerifierKey::new(name, algorithm, public)?, pair })
    }

    /// Reads a secret key: `PRIVATE+KEY+<key name>+hex(key ID)+base64(signature type || seed)`.
    ///
    /// # Errors
    /// [`KeyFault`].
    pub fn parse(skey: &str) -> Result<Self, KeyFault> {
        let mut parts = skey.strip_prefix(SECRET).ok_or(KeyFault::Form)?.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else { return Err(KeyFault::Form) };
        let (algorithm, seed) = typed(key)?;
        let key = Self::from_seed(name, algorithm, &seed)?;
        if id == hex(&key.verifier.id.to_be_bytes()) { Ok(key) } else { Err(KeyFault::Id) }
    }

    /// The text that [`SecretKey::parse`] reads. The key itself does not keep its seed.
    ///
    /// # Errors
    /// [`KeyFault::Name`].
    pub fn text(name: &str, algorithm: Algorithm, seed: &[u8; 32]) -> Result<String, KeyFault> {
        let id = Self::from_seed(name, algorithm, seed)?.verifier.id;
        let mut key = vec![algorithm.byte()];
        key.extend_from_slice(seed);
        Ok(format!("{SECRET}{name}+{}+{}", hex(&id.to_be_bytes()), to_base64(&key)))
    }

    /// What verifies its signatures.
    #[must_use]
    pub fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    pub(crate) fn sign_bytes(&self, message: &[u8]) -> Vec<u8> {
        self.pair.sign(message).as_ref().to_vec()
    }
}
