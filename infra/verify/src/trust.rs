//! Whose word a checkpoint is: the log's own signature, and as many witnesses' as a policy asks for.

use std::{fs, path::Path};

use visiting_policies::sign;
use visiting_tlog::{
    checkpoint::Checkpoint,
    key::{Algorithm, VerifierKey},
    note::Note,
    policy::{Policy, Refused},
};

use crate::{
    audit::Request,
    ended::{Ended, Fault},
};

/// Keys and policy, read.
#[derive(Debug)]
pub(crate) struct Trust {
    keys: Vec<VerifierKey>,
    policy: Option<Policy>,
}

/// A checkpoint with those of the keys that signed it.
pub(crate) struct Signed {
    pub(crate) checkpoint: Checkpoint,
    by: Vec<VerifierKey>,
}

impl Signed {
    /// True when one of the keys that the record has in force there (base64) signed it.
    pub(crate) fn by_one_of<'a>(&self, mut keys: impl Iterator<Item = &'a str>) -> bool {
        keys.any(|key| self.by.iter().any(|signer| sign::to_base64(signer.public()) == key))
    }
}

impl Trust {
    /// What the command line says.
    pub(crate) fn of(request: &Request) -> Result<Self, Ended> {
        let key = |text: &String| VerifierKey::parse(text.trim()).map_err(|fault| Ended::usage(format!("--key: {fault}")));
        let mut keys = request.keys.iter().map(key).collect::<Result<Vec<_>, _>>()?;
        let policy = request.policy.as_deref().map(policy).transpose()?;
        let witness = keys.iter().any(|key| key.algorithm() == Algorithm::Cosignature);
        if witness && (policy.is_some() || !request.structure) {
            return Err(Ended::usage("--key: this is a witness's key; name the log's, and the witness in --policy"));
        }
        if let Some(policy) = policy.as_ref().filter(|_| keys.is_empty()) {
            keys = policy.logs().to_vec();
        }
        if keys.is_empty() {
            return Err(Ended::usage("the policy names no log; name its key with --key"));
        }
        Ok(Self { keys, policy })
    }

    /// The checkpoint, when it is signed as it must be. Otherwise the check that failed, and why.
    pub(crate) fn accept(&self, note: &[u8], ended: &mut Ended) -> Result<Signed, (&'static str, String)> {
        let note = Note::parse(note).map_err(|fault| ("signature", fault.to_string()))?;
        let signed = self.signed(&note).map_err(|text| ("signature", text))?;
        let (origin, size) = (signed.checkpoint.origin(), signed.checkpoint.size());
        for key in &signed.by {
            let how = if key.algorithm() == Algorithm::Cosignature { "cosigned" } else { "signed" };
            ended.holds("signature", format!("the checkpoint of {origin} over {size} entries is {how} by {}", key.name()));
        }
        let Some(policy) = &self.policy else {
            ended.not_checked("quorum", "no --policy; only the signature above vouches for this log");
            return Ok(signed);
        };
        let accepted = policy.accept_of(&note, &self.keys).map_err(|refused| (check(&refused), refused.to_string()))?;
        let mut names: Vec<_> = accepted.witnesses.into_iter().map(|(name, _)| name).collect();
        names.sort();
        names.dedup();
        let by = if names.is_empty() { "no witness".to_owned() } else { names.join(", ") };
        let enough = if policy.asks_for_no_witness() { "the policy asks for none" } else { "enough for the policy" };
        ended.holds("quorum", format!("cosigned by {by}: {enough}"));
        Ok(signed)
    }

    /// A checkpoint that somebody kept: signed by the same log. Which witnesses it had to have then is not asked now.
    pub(crate) fn earlier(&self, file: &Path) -> Result<Checkpoint, (Fault, String)> {
        let bytes = fs::read(file).map_err(|e| (Fault::Usage, format!("--since cannot be read: {e}")))?;
        let note = Note::parse(&bytes).map_err(|fault| (Fault::Signature, format!("the earlier checkpoint: {fault}")))?;
        let signed = self.signed(&note).map_err(|text| (Fault::Signature, format!("the earlier checkpoint: {text}")))?;
        Ok(signed.checkpoint)
    }

    /// Signed by at least one of the keys; a log's key speaks for the log of its name only.
    fn signed(&self, note: &Note) -> Result<Signed, String> {
        let checkpoint = Checkpoint::parse(note.text()).map_err(|fault| fault.to_string())?;
        let own = |key: &&VerifierKey| key.algorithm() == Algorithm::Cosignature || key.name() == checkpoint.origin();
        let keys: Vec<_> = self.keys.iter().filter(own).collect();
        if keys.is_empty() {
            return Err(format!("the checkpoint is of another log, {}", checkpoint.origin()));
        }
        let valid = note.verify(&keys).map_err(|fault| fault.to_string())?;
        let mut by: Vec<VerifierKey> = Vec::new();
        for one in valid {
            if !by.contains(one.key) {
                by.push(one.key.clone());
            }
        }
        Ok(Signed { checkpoint, by })
    }
}

fn policy(file: &Path) -> Result<Policy, Ended> {
    let bytes = fs::read(file).map_err(|e| Ended::usage(format!("--policy cannot be read: {e}")))?;
    Policy::parse(&bytes).map_err(|fault| Ended::usage(format!("--policy: {fault}")))
}

/// A log's signature that is wrong was found before; what is left is a witness's.
fn check(refused: &Refused) -> &'static str {
    if matches!(refused, Refused::Quorum | Refused::Note(_)) { "quorum" } else { "signature" }
}
