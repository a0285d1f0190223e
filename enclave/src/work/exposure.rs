//! What the ledger says of how often people are counted, told to the record in bands: as soon as it is so, and before anything else is
//! judged, so that no output leaves past it. Derived from ledger and record alone: a crash in between changes nothing.

use visiting_policies::{
    exposure::{Exposure, ExposureReport},
    handover::Purpose as _,
    terms::PermitId,
};

use super::Enclave;
use crate::fault::Fault;

impl Enclave {
    /// Tells the record what it does not show yet.
    pub(super) fn report_exposure(&mut self) -> Result<(), Fault> {
        for report in self.untold_exposure() {
            let told = self.door.report("exposures", &report.clone().sign(&self.keys.signing));
            self.follower.advance(&self.door)?;
            // Another enclave on the same ledger may have told it first.
            if self.untold_exposure().contains(&report) {
                told?;
            }
        }
        Ok(())
    }

    /// The band of a permit's own releases: of how often they count somebody, or of how many numbers were hidden from it.
    pub(super) fn exposure_of(&self, permit: &PermitId) -> Exposure {
        let (known, draw) = (self.ledger.known(), self.draw(permit.as_str()));
        Exposure::of(known.exposures().most_of(permit.as_str()), draw).max(Exposure::of_hidden(known.hidden_from(permit.as_str()), draw))
    }

    fn untold_exposure(&self) -> Vec<ExposureReport> {
        let cases = &self.follower.cases;
        let all = Exposure::of(self.ledger.known().exposures().most(), self.draw("all permits"));
        let all = (all > cases.exposure).then_some(ExposureReport { permit: None, exposure: all });
        let risen = |(id, case): (&PermitId, &visiting_policies::case::PermitCase)| {
            let exposure = self.exposure_of(id);
            (exposure > case.exposure).then(|| ExposureReport { permit: Some(id.clone()), exposure })
        };
        all.into_iter().chain(cases.permits.iter().filter_map(risen)).collect()
    }

    /// Where the borders of the bands lie; see [`Exposure::of`].
    fn draw(&self, of: &str) -> u64 {
        let key = self.keys.root.derive(&format!("exposure of {of}"));
        key.bytes().iter().take(8).fold(0, |n, byte| (n << 8) | u64::from(*byte))
    }
}
