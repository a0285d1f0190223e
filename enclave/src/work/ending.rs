//! The end of a permit: key, files and pseudonyms are destroyed, and only then the record says so. Ledger and vault stay.

use visiting_policies::{
    handover::{ErasureReport, Purpose},
    terms::PermitId,
};

use super::Enclave;
use crate::{fault::Fault, keys::GateKeys};

impl Enclave {
    /// No order asks for it, so none can be left out; who keeps the record from being read keeps it back (SECURITY.md). Whether a permit
    /// has ended, the witnesses' time says, and it is not believed ahead of this machine's clock: what a time from the future destroys
    /// is gone.
    pub(super) fn end_what_has_ended(&mut self) -> Result<(), Fault> {
        // Another enclave on this ledger may have destroyed it: then it is not held open here.
        let permits = &self.follower.cases.permits;
        self.extracts.retain(|id, _| permits.get(id).is_some_and(|case| case.erased.is_none()));
        let now = self.follower.now_ms();
        let ended = self.follower.cases.permits.iter().filter(|(_, case)| case.erased.is_none() && case.has_ended(now));
        let ended: Vec<PermitId> = ended.map(|(id, _)| id.clone()).collect();
        if ended.is_empty() {
            return Ok(());
        }
        self.follower.has_come()?;
        // All of them before the linkage unit is asked: no extract stays readable because it does not answer.
        let mut destroyed = Vec::new();
        for id in ended {
            let gone = self.destroy(&id);
            if gone.is_ok() {
                destroyed.push(id);
            }
            self.one(|_| gone)?;
        }
        for id in &destroyed {
            match self.forget(id) {
                // What keeps the unit from it keeps it from the next one, too, and each would be waited for.
                Err(fault @ Fault::Linkage(_)) => return Err(fault),
                told => self.one(|_| told)?,
            }
        }
        Ok(())
    }

    /// Destroys what makes an extract readable. Each step may be repeated; the key goes first, and with it the extract.
    fn destroy(&mut self, id: &PermitId) -> Result<(), Fault> {
        self.extracts.remove(id);
        GateKeys::destroy(&self.config, id)?;
        for folder in [self.config.extracts().join(id.as_str()), self.config.extracts().join(format!("{id}.part"))] {
            if folder.exists() {
                std::fs::remove_dir_all(&folder)?;
            }
        }
        std::fs::File::open(self.config.extracts())?.sync_all()?;
        Ok(())
    }

    /// The permit's key at the linkage unit, and then the record.
    fn forget(&mut self, id: &PermitId) -> Result<(), Fault> {
        if self.follower.cases.permits.get(id).is_none_or(|case| case.erased.is_some()) {
            return Ok(());
        }
        let linkage = |e: visiting_linkage::LinkageError| Fault::Linkage(e.to_string());
        visiting_linkage::Client::connect(&self.config.linkage).and_then(|mut unit| unit.end(id.as_str())).map_err(linkage)?;
        self.door.report("erasures", &ErasureReport { permit: id.clone() }.sign(&self.keys.signing))?;
        self.follower.advance(&self.door)
    }
}
