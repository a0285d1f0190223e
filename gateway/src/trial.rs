//! While the journal fails it is tried out, so that health says when it is well again although nobody proposes anything.

use std::{
    io,
    sync::Arc,
    thread::{self, Builder},
    time::Duration,
};

use crate::{health::Health, journal::Journal};

/// Pause between two trials: each is a write that a disk has to take.
const EVERY: Duration = Duration::from_secs(1);

/// Goes on until the last desk is dropped.
pub(crate) fn start(journal: &Arc<dyn Journal>, health: &Arc<Health>) -> io::Result<()> {
    let (journal, health) = (Arc::downgrade(journal), Arc::downgrade(health));
    let work = move || {
        while let (Some(journal), Some(health)) = (journal.upgrade(), health.upgrade()) {
            attempt(journal.as_ref(), &health);
            drop((journal, health));
            thread::sleep(EVERY);
        }
    };
    Builder::new().name("trial".to_owned()).spawn(work).map(|_| ())
}

/// Reading and writing fail for different reasons, so both are tried.
pub(crate) fn attempt(journal: &dyn Journal, health: &Health) {
    if health.is_failing() {
        health.read(journal.read(0, 1).as_ref().err());
        health.written(journal.probe().as_ref().err());
    }
}
