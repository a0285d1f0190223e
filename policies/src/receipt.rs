//! The signed receipt of a release: a signed note whose text is one line of JSON. Verifiable offline.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    handover::RunReport,
    merkle::{self, Hash},
    note::{self, Checkpoint},
    refusal::{Code, Refusal},
    sign::{self, SigningKey},
    terms::PermitId,
};

/// What a receipt says. Rules and pass, never margins (A10).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// `visiting receipt v1`.
    pub form: String,
    /// The permit.
    pub permit: PermitId,
    /// The verdict as it stands in the record.
    pub report: RunReport,
    /// Digest of the SQL.
    pub program: String,
    /// Data version by listing.
    pub versions: BTreeMap<String, u64>,
    /// Index of the verdict's event.
    pub index: u64,
    /// That event's exact text.
    pub event: String,
    /// Inclusion proof, base64 hashes.
    pub proof: Vec<String>,
    /// The log's signed checkpoint that the proof leads to.
    pub checkpoint: String,
}

/// The form this module writes.
pub const FORM: &str = "visiting receipt v1";

/// Name under which the enclave signs receipts.
#[must_use]
pub fn signer(origin: &str) -> String {
    format!("{origin}/gate")
}

impl Receipt {
    /// The signed note.
    #[must_use]
    pub fn sign(&self, origin: &str, key: &SigningKey) -> String {
        let text = format!("{}\n", serde_json::to_string(self).unwrap_or_default());
        note::sign_note(&text, &signer(origin), key)
    }

    /// Opens a receipt and checks everything that can be checked without a network: the gate's signature, the event's
    /// inclusion under the root of the enclosed checkpoint, and that `file` is one of the released files.
    ///
    /// # Errors
    /// A sentence that says what does not fit.
    pub fn verify(note: &str, vkey: &str, file: &[u8]) -> Result<Self, Refusal> {
        let fault = |detail: &str| Refusal::new(Code::RecordUnlawful, detail);
        let (name, public) = note::parse_vkey(vkey)?;
        let text = note::open_note(note, &name, &public)?;
        let receipt: Self = serde_json::from_str(text).map_err(|_| fault("the receipt's text cannot be read"))?;
        if receipt.form != FORM {
            return Err(fault("this receipt is of a form that this verifier does not know"));
        }
        let digest = sign::digest(file);
        if !receipt.report.files.iter().any(|f| f.digest == digest) {
            return Err(fault("the file is not one of the files that this receipt was made for"));
        }
        receipt.check_inclusion()?;
        Ok(receipt)
    }

    fn check_inclusion(&self) -> Result<(), Refusal> {
        let fault = || Refusal::new(Code::RecordUnlawful, "the verdict's event is not proved to be in the record");
        let mut lines = self.checkpoint.lines().skip(1);
        let size = lines.next().and_then(|l| l.parse().ok()).ok_or_else(fault)?;
        let root = lines.next().and_then(sign::from_base64).and_then(|b| Hash::try_from(b).ok()).ok_or_else(fault)?;
        let proof: Option<Vec<Hash>> = self.proof.iter().map(|h| sign::from_base64(h).and_then(|b| Hash::try_from(b).ok())).collect();
        let leaf = merkle::leaf_hash(self.event.as_bytes());
        let sound = merkle::verify_inclusion(&leaf, self.index, size, &proof.ok_or_else(fault)?, &root);
        let event = crate::record::Event::from_bytes(self.event.as_bytes())?;
        let same = matches!(event.act, crate::record::Act::RunJudged { ref report, .. } if *report == self.report);
        if sound && same { Ok(()) } else { Err(fault()) }
    }

    /// Checks the enclosed checkpoint against the log's own key as well.
    ///
    /// # Errors
    /// When the log did not sign it.
    pub fn verify_checkpoint(&self, log_vkey: &str) -> Result<Checkpoint, Refusal> {
        let (origin, public) = note::parse_vkey(log_vkey)?;
        Checkpoint::open(&self.checkpoint, &origin, &public)
    }
}
