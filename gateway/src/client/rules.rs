//! Rule packs from the other side: shown, proposed, adopted. What is signed is made here from what was shown and checked.

use visiting_policies::{
    Refusal,
    rules::{NO_PACK, RulePack, RulesAdoption, RulesProposal},
    sign::{self, SigningKey},
    terms::{PersonId, RulesId},
};

use super::{Client, Problem};
use crate::wire::{NewAdoption, NewRules, Packs, ProposalView};

impl Client {
    /// The packs in force, their history, and the proposals that this person may see.
    ///
    /// # Errors
    /// The gateway's problem.
    pub fn rules(&self) -> Result<Packs, Problem> {
        self.get("/v1/rules")
    }

    /// Proposes `text` as the next version of a pack; signs the proposal with the person's key. A file that no pack can be is not sent.
    ///
    /// # Errors
    /// What is wrong with the file, or the gateway's problem.
    pub fn propose_rules(&self, pack: &str, text: &str, reason: &str, key: &SigningKey) -> Result<ProposalView, Problem> {
        RulePack::read(text)?;
        let packs = self.rules()?.packs;
        let now = packs.iter().find(|p| p.pack == pack).and_then(|p| p.versions.last());
        let proposal = RulesProposal {
            pack: pack.to_owned(),
            replaces: now.map_or(NO_PACK, |v| v.digest.as_str()).to_owned(),
            digest: sign::digest(text.as_bytes()),
            reason: reason.to_owned(),
            by: self.signer()?,
        };
        self.send_proposal(&proposal, text, &key.sign(proposal.text().as_bytes()))
    }

    /// Sends a proposal with a signature made elsewhere.
    ///
    /// # Errors
    /// The gateway's problem.
    pub fn send_proposal(&self, proposal: &RulesProposal, text: &str, signature: &str) -> Result<ProposalView, Problem> {
        let RulesProposal { pack, replaces, reason, .. } = proposal.clone();
        let body = NewRules { pack, replaces, reason, text: text.to_owned(), signature: signature.to_owned() };
        self.post("/v1/rules/proposals", &body)
    }

    /// Adopts a proposal as the second person. The id names the whole proposal, so it is computed anew from what the server shows: nobody
    /// signs for another file than the one they can read.
    ///
    /// # Errors
    /// The gateway's problem, or the client's own when the proposal is not what its id says.
    pub fn adopt_rules(&self, id: &str, key: &SigningKey) -> Result<ProposalView, Problem> {
        let rules: RulesId = id.parse().map_err(|e: Refusal| Problem::from(e))?;
        let missing = || Problem::unreachable("there is no such proposal that you may see");
        let shown = self.rules()?.proposals.into_iter().find(|p| p.id == id).ok_or_else(missing)?;
        let by = shown.by.parse().map_err(|e: Refusal| Problem::from(e))?;
        let digest = sign::digest(shown.text.as_bytes());
        let proposal = RulesProposal { pack: shown.pack, replaces: shown.replaces, digest: digest.clone(), reason: shown.reason, by };
        if proposal.id() != rules {
            return Err(Problem::unreachable("the server shows another proposal than this id names; nothing was signed"));
        }
        let adoption = RulesAdoption { rules, digest, by: self.signer()? };
        self.send_adoption(id, &key.sign(adoption.text().as_bytes()))
    }

    /// Adopts with a signature made elsewhere.
    ///
    /// # Errors
    /// The gateway's problem.
    pub fn send_adoption(&self, id: &str, signature: &str) -> Result<ProposalView, Problem> {
        self.post(&format!("/v1/rules/proposals/{id}/adoption"), &NewAdoption { signature: signature.to_owned() })
    }

    fn signer(&self) -> Result<PersonId, Problem> {
        self.person().unwrap_or_default().parse().map_err(|e: Refusal| Problem::from(e))
    }
}
