//! Sealing to one reader: HPKE (RFC 9180) in base mode with DHKEM(X25519, HKDF-SHA256), HKDF-SHA256 and AES-128-GCM. This suite,
//! because its vectors stand in the RFC (A.1) and browsers can open it.
//!
//! The random bytes come from the caller: nothing here reads the system.

use std::convert::Infallible;

use hpke::{
    Deserializable, Kem as _, OpModeR, OpModeS, Serializable,
    aead::AesGcm128,
    kdf::HkdfSha256,
    kem::X25519HkdfSha256,
    rand_core::{TryCryptoRng, TryRng},
    single_shot_open, single_shot_seal_with_rng,
};
use serde::{Deserialize, Serialize};

use crate::{
    refusal::{Code, Refusal},
    sign::{from_base64, to_base64},
    terms::{PersonId, RunId},
};

type Kem = X25519HkdfSha256;

/// Random bytes that one seal takes.
pub const RANDOM_BYTES: usize = 32;

/// Form of [`SealedHold`], and the `info` of each seal.
pub const FORM: &str = "visiting sealed hold v1";

/// An X25519 private key that opens what was sealed to it.
pub struct SealKey(<Kem as hpke::Kem>::PrivateKey);

impl std::fmt::Debug for SealKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SealKey({})", self.public())
    }
}

impl SealKey {
    /// A key from its 32 secret bytes (RFC 7748).
    ///
    /// # Errors
    /// When there are not 32 of them.
    pub fn from_secret(secret: &[u8]) -> Result<Self, Refusal> {
        let fault = |_| Refusal::new(Code::KeyUnusable, "an X25519 key is 32 bytes");
        <Kem as hpke::Kem>::PrivateKey::from_bytes(secret).map(Self).map_err(fault)
    }

    /// The public key, base64.
    #[must_use]
    pub fn public(&self) -> String {
        to_base64(&Kem::sk_to_pk(&self.0).to_bytes())
    }
}

/// Something sealed to one reader.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seal {
    /// To whom.
    pub to: PersonId,
    /// The encapsulated key, base64.
    pub enc: String,
    /// The ciphertext, base64.
    pub text: String,
}

/// Evidence of one held output, sealed to each checker who may look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedHold {
    /// [`FORM`].
    pub form: String,
    /// Which run.
    pub run: RunId,
    /// One for each checker.
    pub seals: Vec<Seal>,
}

/// What a seal is bound to.
fn bound(run: &RunId, to: &PersonId) -> Vec<u8> {
    format!("{run}\n{to}\n").into_bytes()
}

impl Seal {
    /// Seals `plain` to the holder of `public` (base64).
    ///
    /// # Errors
    /// [`Code::KeyUnusable`] when `public` is no X25519 key.
    pub fn new(run: &RunId, to: &PersonId, public: &str, plain: &[u8], random: [u8; RANDOM_BYTES]) -> Result<Self, Refusal> {
        let (enc, text) = seal(&from_base64(public).unwrap_or_default(), FORM.as_bytes(), &bound(run, to), plain, random)?;
        Ok(Self { to: to.clone(), enc: to_base64(&enc), text: to_base64(&text) })
    }

    /// Opens it.
    ///
    /// # Errors
    /// [`Code::KeyUnusable`] when it was sealed to another key, or changed.
    pub fn open(&self, run: &RunId, key: &SealKey) -> Result<Vec<u8>, Refusal> {
        let (enc, text) = (from_base64(&self.enc).unwrap_or_default(), from_base64(&self.text).unwrap_or_default());
        open(key, &enc, FORM.as_bytes(), &bound(run, &self.to), &text)
    }
}

fn seal(public: &[u8], info: &[u8], aad: &[u8], plain: &[u8], random: [u8; RANDOM_BYTES]) -> Result<(Vec<u8>, Vec<u8>), Refusal> {
    let fault = |_| Refusal::new(Code::KeyUnusable, "a checker's sealing key is no X25519 key");
    let public = <Kem as hpke::Kem>::PublicKey::from_bytes(public).map_err(fault)?;
    let (enc, text) =
        single_shot_seal_with_rng::<AesGcm128, HkdfSha256, Kem>(&OpModeS::Base, &public, info, plain, aad, &mut Given(random))
            .map_err(fault)?;
    Ok((enc.to_bytes().to_vec(), text))
}

fn open(key: &SealKey, enc: &[u8], info: &[u8], aad: &[u8], text: &[u8]) -> Result<Vec<u8>, Refusal> {
    let fault = |_| Refusal::new(Code::KeyUnusable, "this key does not open it: it was sealed to another one, or changed on its way");
    let enc = <Kem as hpke::Kem>::EncappedKey::from_bytes(enc).map_err(fault)?;
    single_shot_open::<AesGcm128, HkdfSha256, Kem>(&OpModeR::Base, &key.0, &enc, info, text, aad).map_err(fault)
}

/// Random bytes from outside, for the one ephemeral key that a seal makes.
struct Given([u8; RANDOM_BYTES]);

impl TryRng for Given {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        rand_core_bytes(self).map(u32::from_le_bytes)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        rand_core_bytes(self).map(u64::from_le_bytes)
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        for piece in out.chunks_mut(RANDOM_BYTES) {
            piece.iter_mut().zip(self.0).for_each(|(to, from)| *to = from);
            // More than one key's worth is never asked for; it would not be the same bytes again.
            self.0 = crate::sign::sha256(&self.0);
        }
        Ok(())
    }
}

impl TryCryptoRng for Given {}

fn rand_core_bytes<const N: usize>(from: &mut Given) -> Result<[u8; N], Infallible> {
    let mut out = [0u8; N];
    from.try_fill_bytes(&mut out)?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sign::hex;

    fn unhex(text: &str) -> Vec<u8> {
        (0..text.len() / 2).map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap()).collect()
    }

    /// RFC 9180, A.1.1: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-128-GCM, base mode, first message.
    #[test]
    fn the_seal_is_the_rfcs() {
        let info = unhex("4f6465206f6e2061204772656369616e2055726e");
        let ephemeral = unhex("7268600d403fce431561aef583ee1613527cff655c1343f29812e66706df3234");
        let secret = unhex("4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8");
        let public = unhex("3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d");
        let plain = unhex("4265617574792069732074727574682c20747275746820626561757479");
        let (aad, random) = (unhex("436f756e742d30"), ephemeral.try_into().unwrap());
        let key = SealKey::from_secret(&secret).unwrap();
        assert_eq!(from_base64(&key.public()).unwrap(), public);
        let (enc, text) = seal(&public, &info, &aad, &plain, random).unwrap();
        assert_eq!(hex(&enc), "37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431");
        assert_eq!(hex(&text), "f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a96d8770ac83d07bea87e13c512a");
        assert_eq!(open(&key, &enc, &info, &aad, &text).unwrap(), plain);
    }

    #[test]
    fn a_seal_opens_for_its_reader_and_its_run_only() {
        let (run, other): (RunId, RunId) = ("run_a".parse().unwrap(), "run_b".parse().unwrap());
        let (mine, theirs) = (SealKey::from_secret(&[1; 32]).unwrap(), SealKey::from_secret(&[2; 32]).unwrap());
        let to: PersonId = "per_checker1".parse().unwrap();
        let sealed = Seal::new(&run, &to, &mine.public(), b"bands", [7; 32]).unwrap();
        assert_eq!(sealed.open(&run, &mine).unwrap(), b"bands");
        assert!(sealed.open(&run, &theirs).is_err() && sealed.open(&other, &mine).is_err());
        let renamed = Seal { to: "per_checker2".parse().unwrap(), ..sealed.clone() };
        assert!(renamed.open(&run, &mine).is_err());
        assert!(Seal::new(&run, &to, "", b"bands", [7; 32]).is_err());
    }
}
