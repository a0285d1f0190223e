//! A change of rules as two signed texts: one person proposes, another adopts. Both keys stay with their holders.

use serde::{Deserialize, Serialize};

use crate::{
    sign,
    terms::{PersonId, RulesId},
};

/// What a proposal for a pack that does not exist yet replaces.
pub const NO_PACK: &str = "none";

/// A proposed version of a pack. Its text is in the event beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RulesProposal {
    /// Which pack.
    pub pack: String,
    /// Digest of the text that is in force now, or [`NO_PACK`]: a proposal cannot be moved to another state of the rules.
    pub replaces: String,
    /// Digest of the proposed text.
    pub digest: String,
    /// Why, in one line.
    pub reason: String,
    /// Who proposes.
    pub by: PersonId,
}

impl RulesProposal {
    /// The exact text that the proposer signs.
    #[must_use]
    pub fn text(&self) -> String {
        let reason = self.reason.replace(['\n', '\r'], " ");
        format!(
            "visiting rules proposal v1\npack: {}\nreplaces: {}\ndigest: {}\nby: {}\nreason: {reason}\n",
            self.pack, self.replaces, self.digest, self.by
        )
    }

    /// Its id: whoever has the text can compute it.
    #[must_use]
    pub fn id(&self) -> RulesId {
        RulesId::from_random(sign::sha256(self.text().as_bytes()).first_chunk::<16>().map_or(&[], |half| half.as_slice()))
    }
}

/// The second person's word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RulesAdoption {
    /// Which proposal.
    pub rules: RulesId,
    /// Digest of the text that comes into force.
    pub digest: String,
    /// Who adopts.
    pub by: PersonId,
}

impl RulesAdoption {
    /// The exact text that the adopter signs.
    #[must_use]
    pub fn text(&self) -> String {
        format!("visiting rules adoption v1\nrules: {}\ndigest: {}\nby: {}\n", self.rules, self.digest, self.by)
    }
}
