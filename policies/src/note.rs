//! Signed notes and checkpoints (C2SP signed-note and tlog-checkpoint, Ed25519 only).

use crate::{
    merkle::Hash,
    refusal::{Code, Refusal},
    sign::{self, SigningKey},
};

/// Algorithm byte of Ed25519 in a verifier key.
const ED25519: u8 = 1;

fn bad(detail: &str) -> Refusal {
    Refusal::new(Code::RecordUnlawful, detail)
}

/// First four bytes of SHA-256(name, newline, algorithm byte, key): tells keys of one name apart.
fn key_hash(name: &str, public: &[u8]) -> Vec<u8> {
    let mut bytes = format!("{name}\n").into_bytes();
    bytes.push(ED25519);
    bytes.extend_from_slice(public);
    sign::sha256(&bytes).iter().take(4).copied().collect()
}

/// The verifier key `name+hash+base64` of a public key.
#[must_use]
pub fn vkey(name: &str, public: &[u8]) -> String {
    let mut key = vec![ED25519];
    key.extend_from_slice(public);
    format!("{name}+{}+{}", sign::hex(&key_hash(name, public)), sign::to_base64(&key))
}

/// Name and public key out of a verifier key.
///
/// # Errors
/// When it is not `name+hash+base64` of an Ed25519 key, or the hash does not match.
pub fn parse_vkey(text: &str) -> Result<(String, Vec<u8>), Refusal> {
    let fault = || Refusal::new(Code::KeyUnusable, "a verifier key is name+hash+base64, as printed by `visiting demo`");
    let mut parts = text.trim().splitn(3, '+');
    let (name, hash, key) = (parts.next().unwrap_or_default(), parts.next().ok_or_else(fault)?, parts.next().ok_or_else(fault)?);
    let key = sign::from_base64(key).ok_or_else(fault)?;
    let (algorithm, public) = key.split_first().ok_or_else(fault)?;
    if *algorithm != ED25519 || public.len() != 32 || sign::hex(&key_hash(name, public)) != hash {
        return Err(fault());
    }
    Ok((name.to_owned(), public.to_vec()))
}

/// Signs `text` (which must end in a newline) as `name`.
#[must_use]
pub fn sign_note(text: &str, name: &str, key: &SigningKey) -> String {
    let mut signature = key_hash(name, &key.public_bytes());
    signature.extend_from_slice(&key.sign_bytes(text.as_bytes()));
    format!("{text}\n\u{2014} {name} {}\n", sign::to_base64(&signature))
}

/// The text of a note that carries a valid signature of `name` with `public`.
///
/// # Errors
/// When it is no signed note or the signature is missing or wrong. Signatures of unknown keys are ignored, as C2SP asks.
pub fn open_note<'a>(note: &'a str, name: &str, public: &[u8]) -> Result<&'a str, Refusal> {
    let split = note.rfind("\n\n").ok_or_else(|| bad("this is not a signed note"))?;
    let (text, rest) = note.split_at(split + 1);
    let expected = key_hash(name, public);
    for line in rest.lines() {
        let Some((signer, blob)) = line.strip_prefix("\u{2014} ").and_then(|l| l.rsplit_once(' ')) else { continue };
        let Some(blob) = sign::from_base64(blob) else { continue };
        let (hash, signature) = blob.split_at(blob.len().min(4));
        if signer == name && hash == expected && sign::verifies_bytes(public, text.as_bytes(), signature) {
            return Ok(text);
        }
    }
    Err(bad("the note has no valid signature of the expected key"))
}

/// Size and root of the log at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checkpoint {
    /// Number of events.
    pub size: u64,
    /// Root over them.
    pub root: Hash,
}

impl Checkpoint {
    /// The signed note of this checkpoint: origin, size, root.
    #[must_use]
    pub fn sign(&self, origin: &str, key: &SigningKey) -> String {
        sign_note(&format!("{origin}\n{}\n{}\n", self.size, sign::to_base64(&self.root)), origin, key)
    }

    /// Reads a checkpoint signed by the log `origin` with key `public`.
    ///
    /// # Errors
    /// When the signature, the origin or the form is wrong.
    pub fn open(note: &str, origin: &str, public: &[u8]) -> Result<Self, Refusal> {
        let text = open_note(note, origin, public)?;
        let mut lines = text.lines();
        if lines.next() != Some(origin) {
            return Err(bad("the checkpoint is of another log"));
        }
        let size = lines.next().and_then(|l| l.parse().ok()).ok_or_else(|| bad("the checkpoint has no size"))?;
        let root = lines.next().and_then(sign::from_base64).and_then(|b| Hash::try_from(b).ok());
        Ok(Self { size, root: root.ok_or_else(|| bad("the checkpoint has no root"))? })
    }
}

#[cfg(test)]
mod tests {
    use visiting_tlog::{
        checkpoint::Checkpoint as Exact,
        key::{Algorithm, SecretKey, VerifierKey},
        note::Note,
    };

    use super::*;

    /// What the gateway publishes is what C2SP's texts ask for, so the exact reader can take its place.
    #[test]
    fn checkpoints_and_keys_are_spelled_as_c2sp_spells_them() {
        let (seed, name) = ([7; 32], "log.example/visits");
        let ours = SigningKey::from_seed(&seed).unwrap();
        let exact = SecretKey::from_seed(name, Algorithm::Ed25519, &seed).unwrap();
        let vkey = vkey(name, &ours.public_bytes());
        assert_eq!(VerifierKey::parse(&vkey).unwrap(), *exact.verifier());
        assert_eq!(parse_vkey(&exact.verifier().to_string()).unwrap(), (name.to_owned(), ours.public_bytes()));
        let signed = Checkpoint { size: 300, root: [9; 32] }.sign(name, &ours);
        let same = Exact::new(name, 300, [9; 32]).unwrap().sign(&[&exact]).unwrap();
        assert_eq!(signed, same.to_string());
        let note = Note::parse(signed.as_bytes()).unwrap();
        assert_eq!(note.verify(&[exact.verifier()]).unwrap().len(), 1);
        assert_eq!(Checkpoint::open(&same.to_string(), name, &ours.public_bytes()).unwrap().size, 300);
    }
}
