//! Keys inside the enclave: sealing with AES-256-GCM, one wrapped key per extract, and keyed permutations of ordinals.

use std::path::PathBuf;

use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hmac,
    rand::{SecureRandom, SystemRandom},
};
use visiting_policies::{sign::SigningKey, terms::PermitId};

use crate::{config::Config, fault::Fault};

/// Random bytes from the operating system.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], Fault> {
    let mut bytes = [0u8; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_| Fault::Other("the operating system gives no random bytes".to_owned()))?;
    Ok(bytes)
}

/// A key that seals and derives.
#[derive(Clone)]
pub(crate) struct Key([u8; 32]);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(..)")
    }
}

impl Key {
    /// A new random key.
    pub(crate) fn generate() -> Result<Self, Fault> {
        random().map(Self)
    }

    /// The key for `purpose` under this one: HMAC-SHA256.
    pub(crate) fn derive(&self, purpose: &str) -> Self {
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &self.0), purpose.as_bytes());
        let mut bytes = [0u8; 32];
        for (to, from) in bytes.iter_mut().zip(tag.as_ref()) {
            *to = *from;
        }
        Self(bytes)
    }

    /// The key in hexadecimal digits, where it is a tag for the record.
    pub(crate) fn hex(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The key's bytes, for Parquet's own encryption.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    fn aead(&self) -> Result<LessSafeKey, Fault> {
        UnboundKey::new(&AES_256_GCM, &self.0).map(LessSafeKey::new).map_err(|_| Fault::Other("a key has the wrong length".to_owned()))
    }

    /// Encrypts and authenticates `plain`, bound to `name`.
    pub(crate) fn seal(&self, name: &str, plain: &[u8]) -> Result<Vec<u8>, Fault> {
        let nonce: [u8; NONCE_LEN] = random()?;
        let mut body = plain.to_vec();
        self.aead()?
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(name.as_bytes()), &mut body)
            .map_err(|_| Fault::Other("sealing failed".to_owned()))?;
        Ok([nonce.as_slice(), &body].concat())
    }

    /// Opens what [`Key::seal`] made under the same name.
    pub(crate) fn open(&self, name: &str, sealed: &[u8]) -> Result<Vec<u8>, Fault> {
        let fault = || Fault::Other(format!("`{name}` cannot be opened: another key, or changed bytes"));
        let (nonce, body) = sealed.split_at_checked(NONCE_LEN).ok_or_else(fault)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| fault())?;
        let mut body = body.to_vec();
        let plain = self.aead()?.open_in_place(nonce, Aad::from(name.as_bytes()), &mut body).map_err(|_| fault())?;
        Ok(plain.to_vec())
    }
}

/// The keys of the gate: signs reports and receipts, seals the ledger and wraps extract keys.
#[derive(Debug)]
pub(crate) struct GateKeys {
    /// Signs reports and receipts.
    pub(crate) signing: SigningKey,
    /// Everything else is derived from this.
    pub(crate) root: Key,
}

impl GateKeys {
    /// Reads `gate.seed`, made by `visiting-setup`.
    pub(crate) fn load(config: &Config) -> Result<Self, Fault> {
        let text = std::fs::read_to_string(config.home.join("gate.seed"))?;
        let seed = unhex(text.trim())
            .filter(|s| s.len() == 32)
            .ok_or_else(|| Fault::Other("gate.seed must hold 64 hexadecimal digits; run visiting-setup".to_owned()))?;
        let mut bytes = [0u8; 32];
        bytes.copy_from_slice(&seed);
        Ok(Self { signing: SigningKey::from_seed(&seed)?, root: Key(bytes).derive("visiting gate root v1") })
    }

    /// Keys of a synthetic twin: never stored, and nobody accepts what they sign.
    pub(crate) fn throw_away() -> Result<Self, Fault> {
        let seed: [u8; 32] = random()?;
        Ok(Self { signing: SigningKey::from_seed(&seed)?, root: Key(seed).derive("visiting twin root v1") })
    }

    fn path(config: &Config, permit: &PermitId) -> PathBuf {
        config.keys().join(format!("{permit}.key"))
    }

    /// The permit's key, made and stored durably when there is none.
    pub(crate) fn permit_key(&self, config: &Config, permit: &PermitId, make: bool) -> Result<Key, Fault> {
        let (path, wrapping) = (Self::path(config, permit), self.root.derive("wrap"));
        if let Ok(sealed) = std::fs::read(&path) {
            let plain = wrapping.open(permit.as_str(), &sealed)?;
            let bytes = <[u8; 32]>::try_from(plain).map_err(|_| Fault::Other("a permit key has the wrong length".to_owned()))?;
            return Ok(Key(bytes));
        }
        if !make {
            return Err(Fault::Other("the permit's key does not exist: its extract cannot be read".to_owned()));
        }
        let key = Key::generate()?;
        std::fs::create_dir_all(config.keys())?;
        write_durably(&path, &wrapping.seal(permit.as_str(), &key.0)?)?;
        Ok(key)
    }
}

impl GateKeys {
    /// Destroys the permit's wrapped key: overwritten first, so that a file system that keeps old blocks for a while keeps nothing, then
    /// removed. True when there was one.
    pub(crate) fn destroy(config: &Config, permit: &PermitId) -> Result<bool, Fault> {
        let path = Self::path(config, permit);
        let length = match std::fs::metadata(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
            about => about?.len(),
        };
        std::fs::write(&path, vec![0; usize::try_from(length).unwrap_or_default()])?;
        std::fs::File::open(&path)?.sync_all()?;
        std::fs::remove_file(&path)?;
        std::fs::File::open(config.keys())?.sync_all()?;
        Ok(true)
    }
}

/// Writes a file so that after a crash it is there whole or not at all.
pub(crate) fn write_durably(path: &std::path::Path, bytes: &[u8]) -> Result<(), Fault> {
    use std::io::Write;
    let part = path.with_extension("part");
    let mut file = std::fs::File::create(&part)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&part, path)?;
    if let Some(folder) = path.parent() {
        std::fs::File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// Bytes of a hexadecimal text.
pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.is_ascii() || !text.len().is_multiple_of(2) {
        return None;
    }
    (0..text.len() / 2).map(|i| text.get(2 * i..2 * i + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok())).collect()
}

/// Bits of an ordinal: room for 2^28 people, more than twice the country.
const ORDINAL_BITS: u32 = 28;

/// A keyed permutation of ordinals below 2^28: four Feistel rounds of HMAC-SHA256 (Luby-Rackoff).
#[derive(Debug)]
pub(crate) struct Permutation([hmac::Key; 4]);

impl Permutation {
    /// The permutation of this key.
    pub(crate) fn new(key: &Key) -> Self {
        let round = |i: u8| hmac::Key::new(hmac::HMAC_SHA256, &key.derive(&format!("round {i}")).0);
        Self([round(0), round(1), round(2), round(3)])
    }

    /// Where `ordinal` goes.
    pub(crate) fn forward(&self, ordinal: u32) -> u32 {
        let (left, right) = self.0.iter().fold(halves(ordinal), |(left, right), key| (right, left ^ mixed(key, right)));
        joined(left, right)
    }

    /// Where `ordinal` came from.
    pub(crate) fn backward(&self, ordinal: u32) -> u32 {
        let (left, right) = self.0.iter().rev().fold(halves(ordinal), |(left, right), key| (right ^ mixed(key, left), left));
        joined(left, right)
    }
}

const HALF: u32 = ORDINAL_BITS / 2;

fn halves(ordinal: u32) -> (u32, u32) {
    ((ordinal >> HALF) & ((1 << HALF) - 1), ordinal & ((1 << HALF) - 1))
}

fn joined(left: u32, right: u32) -> u32 {
    (left << HALF) | right
}

fn mixed(key: &hmac::Key, half: u32) -> u32 {
    let tag = hmac::sign(key, &half.to_le_bytes());
    let low = tag.as_ref().iter().take(4).fold(0u32, |n, b| (n << 8) | u32::from(*b));
    low & ((1 << HALF) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permutation_is_one_and_depends_on_its_key() {
        let (a, b) = (Permutation::new(&Key([1; 32])), Permutation::new(&Key([2; 32])));
        let image: std::collections::BTreeSet<u32> = (0..2000).map(|i| a.forward(i)).collect();
        assert_eq!(image.len(), 2000);
        assert!((0..2000).all(|i| a.backward(a.forward(i)) == i && a.forward(i) < 1 << ORDINAL_BITS));
        assert!((0..2000).filter(|i| a.forward(*i) == b.forward(*i)).count() < 5);
    }

    #[test]
    fn sealed_bytes_open_only_with_key_and_name() {
        let key = Key([7; 32]);
        let sealed = key.seal("x", b"secret").unwrap();
        assert_eq!(key.open("x", &sealed).unwrap(), b"secret");
        assert!(key.open("y", &sealed).is_err() && Key([8; 32]).open("x", &sealed).is_err());
    }
}
