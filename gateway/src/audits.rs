//! Which runs are being audited: told by the enclave while it takes long, shown while the verdict is not there. Never recorded: it is no
//! act. When it is told is the enclave's to bound (decision 18).

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use visiting_policies::{
    case::{Cases, RunCase},
    terms::RunId,
};

/// The runs.
#[derive(Debug, Default)]
pub(crate) struct Audits {
    runs: Mutex<BTreeSet<RunId>>,
}

impl Audits {
    /// One more; those with a verdict go.
    pub(crate) fn begun(&self, run: RunId, cases: &Cases) {
        let mut runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        runs.insert(run);
        runs.retain(|run| cases.runs.get(run).is_some_and(is_open));
    }

    /// True while it goes on.
    pub(crate) fn goes_on(&self, run: &RunId, case: &RunCase) -> bool {
        is_open(case) && self.runs.lock().unwrap_or_else(PoisonError::into_inner).contains(run)
    }
}

/// No verdict yet. What people have looked at is judged again, and says so itself.
fn is_open(case: &RunCase) -> bool {
    case.judged.is_none() && case.hold.is_none()
}
