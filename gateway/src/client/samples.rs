//! Later looks and recalls over the API.

use visiting_policies::{
    sample::{Look, Opinion},
    sign::SigningKey,
    terms::PersonId,
};

use super::{Client, Problem};
use crate::wire::{LookView, NewLook, ReleaseSummary, Releases, SampleSummary, SampleView, Samples};

impl Client {
    /// Drawn releases that the person may look at.
    ///
    /// # Errors
    /// The gateway's problem.
    pub fn samples(&self) -> Result<Vec<SampleSummary>, Problem> {
        let all: Samples = self.get("/v1/samples")?;
        Ok(all.samples)
    }

    /// One of them, as it left.
    ///
    /// # Errors
    /// The gateway's problem.
    pub fn sample(&self, run: &str) -> Result<SampleView, Problem> {
        self.get(&format!("/v1/samples/{run}"))
    }

    /// Signs an opinion on a drawn release and sends it.
    ///
    /// # Errors
    /// The gateway's problem.
    pub fn look(&self, run: &str, opinion: Opinion, reason: &str, key: &SigningKey) -> Result<LookView, Problem> {
        let receipt = self.sample(run)?.receipt;
        let by: PersonId = self.person().unwrap_or_default().parse().map_err(Problem::from)?;
        let look = Look { run: run.parse().map_err(Problem::from)?, receipt, by, opinion, reason: reason.to_owned() };
        let body = NewLook { opinion, reason: look.reason.clone(), signature: key.sign(look.text().as_bytes()) };
        self.post(&format!("/v1/samples/{run}/look"), &body)
    }

    /// All releases, for the ministry: what a checker wants recalled first.
    ///
    /// # Errors
    /// The gateway's problem.
    pub fn releases(&self) -> Result<Vec<ReleaseSummary>, Problem> {
        let all: Releases = self.get("/v1/releases")?;
        Ok(all.releases)
    }
}
