//! While the audit of a run takes long, the gateway hears of it: who waits should know what for. It is told at the rungs of the ladder on
//! which verdicts are delivered (A10): beside the verdict's own rung that says whether an audit went on at one, and no more (decision 18).

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, RecvTimeoutError},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use visiting_policies::{handover::AuditBegun, terms::RunId};

use super::rungs;
use crate::{config::AUDIT_TOLD_MS, door::Door};

/// Watches one run; ends with it.
pub(super) struct Checking {
    /// True while an audit goes on.
    pub(super) auditing: Arc<AtomicBool>,
    running: Option<(mpsc::Sender<()>, JoinHandle<()>)>,
}

impl Checking {
    /// Watches from now on. Without a thread for it nobody is told, and nothing else changes.
    pub(super) fn start(door: &Door, run: &RunId, started: Instant) -> Self {
        let auditing = Arc::new(AtomicBool::new(false));
        let (door, told, flag) = (door.clone(), AuditBegun { run: run.clone() }, Arc::clone(&auditing));
        let (ends, ended) = mpsc::channel::<()>();
        let watch = move || {
            if lasts(&ended, &flag, started)
                && let Err(fault) = door.report("audits", &told)
            {
                tracing::info!(%fault, "the gateway did not hear of an audit");
            }
        };
        let thread = std::thread::Builder::new().name("checking".to_owned()).spawn(watch);
        Self { auditing, running: thread.ok().map(|thread| (ends, thread)) }
    }
}

impl Drop for Checking {
    fn drop(&mut self) {
        if let Some((ends, thread)) = self.running.take() {
            drop(ends);
            // A thread that panicked has told nobody; the verdict is not its business.
            let _ = thread.join();
        }
    }
}

/// True at the first late rung at which an audit goes on; false when the run ends before.
fn lasts(ended: &mpsc::Receiver<()>, auditing: &AtomicBool, started: Instant) -> bool {
    let late = rungs().skip_while(|rung| *rung < Duration::from_millis(AUDIT_TOLD_MS));
    for rung in late {
        if ended.recv_timeout(rung.saturating_sub(started.elapsed())) != Err(RecvTimeoutError::Timeout) {
            return false;
        }
        if auditing.load(Ordering::Relaxed) {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_audit_that_lasts_is_told() {
        let started = Instant::now();
        let (ends, ended) = mpsc::channel();
        assert!(lasts(&ended, &AtomicBool::new(true), started));
        assert!(started.elapsed() >= Duration::from_millis(AUDIT_TOLD_MS), "not before the rung");
        drop(ends);
        assert!(!lasts(&ended, &AtomicBool::new(true), Instant::now()), "the run has ended");
        let (ends, ended) = mpsc::channel::<()>();
        let other = std::thread::spawn(move || lasts(&ended, &AtomicBool::new(false), started));
        drop(ends);
        assert!(!other.join().unwrap(), "rows that are read for long are no audit");
    }
}
