//! Later looks (事後確認): of what the machine released alone, a share is drawn for an output checker, who says that it is fine or asks
//! the ministry for its recall. So a fault of the rules is found by people, too, and not only by those who profit from it.
//!
//! The draw hangs on the enclave's signature over the verdict: nobody can know it beforehand, and whoever has the record can repeat it.

use serde::{Deserialize, Serialize};

use crate::{
    check::REASON_MAX_CHARS,
    disclosure::limits::SAMPLED_ONE_IN,
    refusal::{Code, Refusal},
    roster::Roster,
    sign,
    terms::{PersonId, Role, RunId},
};

/// First line of what is hashed for a draw.
const DRAW: &str = "visiting sample v1";

/// Whether a verdict is drawn: by its signature's bytes, which have one spelling (the text around them has several).
#[must_use]
pub fn is_drawn(signature: &str) -> bool {
    let bytes = sign::from_base64(signature).unwrap_or_default();
    let hash = sign::sha256(&[DRAW.as_bytes(), b"\n", &bytes].concat());
    let number = hash.iter().take(8).fold(0u64, |n, byte| (n << 8) | u64::from(*byte));
    number.is_multiple_of(SAMPLED_ONE_IN)
}

/// What a checker finds after the fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Opinion {
    /// It was right to let it go.
    Fine,
    /// The ministry should recall it.
    Recall,
}

/// A later look before it is signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Look {
    /// Which release.
    pub run: RunId,
    /// Digest of its receipt: an opinion cannot be moved to another release.
    pub receipt: String,
    /// Who looked.
    pub by: PersonId,
    /// The opinion.
    pub opinion: Opinion,
    /// Why, in one line.
    pub reason: String,
}

impl Look {
    /// The exact text that the checker signs: one field a line, in this order.
    #[must_use]
    pub fn text(&self) -> String {
        let opinion = match self.opinion {
            Opinion::Fine => "fine",
            Opinion::Recall => "recall",
        };
        format!(
            "visiting look v1\nrun: {}\nreceipt: {}\nby: {}\nopinion: {opinion}\nreason: {}\n",
            self.run, self.receipt, self.by, self.reason
        )
    }
}

/// A look with the checker's signature (base64) over [`Look::text`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedLook {
    /// The look.
    pub look: Look,
    /// Ed25519 signature, base64.
    pub signature: String,
}

impl SignedLook {
    /// Checks the text and the signature against the roster and the release.
    ///
    /// # Errors
    /// [`Code::Malformed`], [`Code::CheckForged`].
    pub fn verify(&self, receipt: &str, roster: &Roster) -> Result<(), Refusal> {
        let Look { reason, by, .. } = &self.look;
        if reason.trim().is_empty() || reason.chars().any(char::is_control) || reason.chars().count() > REASON_MAX_CHARS {
            let detail = format!("give a reason in one line of {REASON_MAX_CHARS} characters at most");
            return Err(Refusal::new(Code::Malformed, detail).ja(format!("理由を{REASON_MAX_CHARS}文字までの1行で書いてください")));
        }
        let forged = |detail: &str| Err(Refusal::new(Code::CheckForged, detail));
        if self.look.receipt != receipt {
            return forged("the opinion names another release; open it again and sign anew");
        }
        let key = roster.holding(by, Role::Checker)?.key.as_deref().unwrap_or_default();
        if !sign::verifies(key, self.look.text().as_bytes(), &self.signature) {
            return forged("the signature is not this checker's over this opinion; sign with the checker's own key");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn about_one_in_so_many_is_drawn_and_always_the_same() {
        let key = sign::SigningKey::from_seed(&[7; 32]).unwrap();
        let signatures: Vec<String> = (0u32..2_000).map(|n| key.sign(&n.to_le_bytes())).collect();
        let drawn = signatures.iter().filter(|s| is_drawn(s)).count() as u64;
        let expected = 2_000 / SAMPLED_ONE_IN;
        assert!((expected / 2..expected * 2).contains(&drawn), "{drawn} of 2000");
        assert!(signatures.iter().all(|s| is_drawn(s) == is_drawn(s)));
    }
}
