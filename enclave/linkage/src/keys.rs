//! The unit's keys: one master key in a file of its own; everything else is derived from it or wrapped under it.

use std::{
    fs::{self, File, OpenOptions},
    io::{ErrorKind, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hmac,
    rand::{SecureRandom, SystemRandom},
};
use visiting_policies::sign::hex;

use crate::LinkageError;

/// Bytes of a token or pseudonym: 128 bits make a chance collision among all people negligible.
const TOKEN_BYTES: usize = 16;
/// A keyed identity.
pub type Token = [u8; TOKEN_BYTES];

/// The master key and what is derived from it.
pub(crate) struct Keys {
    master: hmac::Key,
    wrapping: LessSafeKey,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys")
    }
}

/// A permit's key as it is stored.
#[derive(Debug)]
pub(crate) struct Wrapped {
    pub(crate) nonce: Vec<u8>,
    pub(crate) sealed: Vec<u8>,
}

impl Keys {
    /// The key in `file` (64 hexadecimal digits). It is made only where `fresh`: a database without its key must not get
    /// another one, every token would change silently.
    pub(crate) fn open(file: &Path, fresh: bool) -> Result<Self, LinkageError> {
        match fs::read_to_string(file) {
            Ok(text) => {
                Self::from_seed(&parse(text.trim()).ok_or(LinkageError::Key("linkage/master.key is damaged; restore it from its back-up"))?)
            }
            Err(cause) if cause.kind() == ErrorKind::NotFound && fresh => {
                let seed = random::<32>()?;
                write_new(file, &hex(&seed))
                    .map_err(LinkageError::io("linkage/master.key cannot be written; check the folder's rights"))?;
                Self::from_seed(&seed)
            }
            Err(cause) if cause.kind() == ErrorKind::NotFound => {
                Err(LinkageError::Key("linkage/master.key is missing beside its database; restore it from its back-up"))
            }
            Err(cause) => Err(LinkageError::Io { what: "linkage/master.key cannot be read; check its rights", cause }),
        }
    }

    pub(crate) fn from_seed(seed: &[u8; 32]) -> Result<Self, LinkageError> {
        let master = hmac::Key::new(hmac::HMAC_SHA256, seed);
        let wrapping = hmac::sign(&master, b"visiting linkage wrap v1");
        let wrapping = UnboundKey::new(&AES_256_GCM, wrapping.as_ref()).map_err(|_| CRYPTO)?;
        Ok(Self { master, wrapping: LessSafeKey::new(wrapping) })
    }

    /// The key for identities of one kind; two kinds never give one token for one text.
    pub(crate) fn of_kind(&self, kind: &str) -> hmac::Key {
        let seed = hmac::sign(&self.master, format!("visiting linkage token v1\n{kind}").as_bytes());
        hmac::Key::new(hmac::HMAC_SHA256, seed.as_ref())
    }

    /// A new permit key and its stored form. The permit is authenticated with it: keys cannot be swapped between permits.
    pub(crate) fn new_permit(&self, permit: &str) -> Result<(hmac::Key, Wrapped), LinkageError> {
        let seed = random::<32>()?;
        let nonce = random::<NONCE_LEN>()?;
        let mut sealed = seed.to_vec();
        let aad = Aad::from(permit.as_bytes());
        self.wrapping.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad, &mut sealed).map_err(|_| CRYPTO)?;
        Ok((hmac::Key::new(hmac::HMAC_SHA256, &seed), Wrapped { nonce: nonce.to_vec(), sealed }))
    }

    /// A permit's key from its stored form.
    pub(crate) fn unwrap(&self, permit: &str, wrapped: Wrapped) -> Result<hmac::Key, LinkageError> {
        let nonce = Nonce::try_assume_unique_for_key(&wrapped.nonce).map_err(|_| DAMAGED)?;
        let mut sealed = wrapped.sealed;
        let seed = self.wrapping.open_in_place(nonce, Aad::from(permit.as_bytes()), &mut sealed).map_err(|_| DAMAGED)?;
        Ok(hmac::Key::new(hmac::HMAC_SHA256, seed))
    }
}

const CRYPTO: LinkageError = LinkageError::Key("the linkage unit's cryptography failed; start the unit again");
const DAMAGED: LinkageError = LinkageError::Key("a permit's stored key does not open under this master key; restore both from one back-up");

/// HMAC-SHA256, cut to a token's length.
pub(crate) fn token(key: &hmac::Key, message: &[u8]) -> Token {
    let mut out = Token::default();
    for (to, from) in out.iter_mut().zip(hmac::sign(key, message).as_ref()) {
        *to = *from;
    }
    out
}

/// Bytes of exactly `N` from hexadecimal text.
pub(crate) fn parse<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != N * 2 {
        return None;
    }
    let mut out = [0u8; N];
    for (to, pair) in out.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *to = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(out)
}

fn random<const N: usize>() -> Result<[u8; N], LinkageError> {
    let mut out = [0u8; N];
    SystemRandom::new().fill(&mut out).map_err(|_| CRYPTO)?;
    Ok(out)
}

/// Durable under its name or not there at all: a half-written key would be taken for a damaged one.
fn write_new(file: &Path, text: &str) -> std::io::Result<()> {
    let draft = file.with_extension("new");
    let mut out = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    out.write_all(text.as_bytes())?;
    out.sync_all()?;
    fs::rename(&draft, file)?;
    File::open(file.parent().unwrap_or(Path::new(".")))?.sync_all()
}
