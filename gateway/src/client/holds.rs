//! Output checkers over the API: the queue, opening what was sealed to them, checks.

use visiting_policies::{
    check::{Check, Finding, SALT_BYTES},
    hold::{self, Evidence},
    seal::{self, SealKey, SealedHold},
    sign::{self, SigningKey},
    terms::PersonId,
};

use super::{Client, Problem};
use crate::{
    files,
    wire::{CheckStanding, HoldSummary, HoldView, Holds, NewCheck},
};

impl Client {
    /// Held outputs that the person may look at.
    ///
    /// # Errors
    /// The gateway's problem.
    pub fn holds(&self) -> Result<Vec<HoldSummary>, Problem> {
        let all: Holds = self.get("/v1/holds")?;
        Ok(all.holds)
    }

    /// One held output, still sealed.
    ///
    /// # Errors
    /// The gateway's problem.
    pub fn hold(&self, run: &str) -> Result<HoldView, Problem> {
        let view: HoldView = self.get(&format!("/v1/holds/{run}"))?;
        if sign::digest(view.document.as_bytes()) != view.sealed {
            return Err(Problem::unreachable("the sealed evidence is not the one that its digest names"));
        }
        Ok(view)
    }

    /// Opens the evidence of a held output with the checker's own key.
    ///
    /// # Errors
    /// The gateway's problem, or the client's own when the evidence does not open or is of another run.
    pub fn open_hold(&self, run: &str, key: &SealKey) -> Result<(HoldView, Evidence), Problem> {
        let view = self.hold(run)?;
        let fault = |what: &str| Problem::unreachable(format!("the sealed evidence {what}"));
        let sealed: SealedHold = serde_json::from_str(&view.document).map_err(|_| fault("cannot be read"))?;
        let person = self.person().unwrap_or_default();
        let mine = sealed.seals.iter().find(|seal| seal.to.as_str() == person).ok_or_else(|| fault("was not sealed to you"))?;
        if sealed.form != seal::FORM || sealed.run.as_str() != run {
            return Err(fault("is of another run, or of a form that this client does not know"));
        }
        let plain = mine.open(&sealed.run, key).map_err(Problem::from)?;
        let evidence: Evidence = serde_json::from_slice(&plain).map_err(|_| fault("cannot be read"))?;
        if evidence.form != hold::FORM || evidence.run != sealed.run {
            return Err(fault("is of another run, or of a form that this client does not know"));
        }
        Ok((view, evidence))
    }

    /// Signs a check of a held output and casts it. The salt is drawn here, so nobody finds the finding from its digest.
    ///
    /// # Errors
    /// The gateway's problem.
    pub fn check(&self, run: &str, finding: Finding, reason: &str, key: &SigningKey) -> Result<CheckStanding, Problem> {
        let view = self.hold(run)?;
        let by: PersonId = self.person().unwrap_or_default().parse().map_err(Problem::from)?;
        let salt = sign::hex(&files::random::<SALT_BYTES>().map_err(Problem::from)?);
        let check = Check { run: run.parse().map_err(Problem::from)?, sealed: view.sealed, by, finding, reason: reason.to_owned(), salt };
        let signature = key.sign(check.text().as_bytes());
        let body = NewCheck { finding, reason: check.reason, salt: check.salt, signature };
        self.post(&format!("/v1/holds/{run}/checks"), &body)
    }
}
