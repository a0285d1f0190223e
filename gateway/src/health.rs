//! What is wrong with the record at this moment, for whoever has to see to it.

#[cfg(test)]
mod tests;

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use serde::Serialize;
use utoipa::ToSchema;
use visiting_policies::refusal::{Code, Refusal};

use crate::journal::JournalError;

/// The thread that writes the record.
pub(crate) const WRITER: &str = "journal";

/// The thread that publishes the log.
pub(crate) const PUBLISHER: &str = "publisher";

/// Faults of the moment. What is closed stays closed until somebody has looked and started the gateway again.
#[derive(Debug, Default)]
pub(crate) struct Health(Mutex<Faults>);

#[derive(Debug, Default)]
struct Faults {
    closed: Option<String>,
    /// Threads that a fault of the program has ended.
    ended: BTreeSet<&'static str>,
    /// The journal cannot be read.
    reading: Option<String>,
    /// The journal cannot be written: a full disk is read as ever.
    writing: Option<String>,
    publication: Option<String>,
}

/// The same, in words that say nothing of where things lie.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Standing {
    /// `writing`, `failing` (it goes on by itself once the cause is gone), `clock` (this machine's clock is behind the record; it goes on once that is set), `stopped` (by a fault of the program; start the gateway again) or `closed` (an operator has to look).
    pub(crate) record: &'static str,
    /// `published`, `late` or `stopped` (by a fault of the program; start the gateway again).
    pub(crate) log: &'static str,
    /// Events in the record.
    pub(crate) size: u64,
    /// Events under the checkpoint that was published last.
    pub(crate) published: u64,
}

impl Standing {
    /// Acts are being recorded, and will be published.
    pub(crate) fn is_well(&self) -> bool {
        self.record == "writing" && self.log != "stopped"
    }
}

impl Health {
    /// Refuses what would be written to a closed record.
    pub(crate) fn open(&self) -> Result<(), Refusal> {
        self.faults(|faults| match &faults.closed {
            None => Ok(()),
            Some(_) => Err(Refusal::new(
                Code::RecordUnavailable,
                "the record is closed, as what it holds does not fit what was seen of it before; nothing was done, the operators have been told",
            )),
        })
    }

    /// Nothing is written from now on. The first reason is told, and once: whoever works beside finds it again and again.
    pub(crate) fn close(&self, why: &str) {
        let new = self.faults(|faults| {
            let new = faults.closed.is_none();
            faults.closed.get_or_insert_with(|| why.to_owned());
            new
        });
        if new {
            tracing::error!("the record is closed: {why}");
        }
    }

    /// How the journal was read last.
    pub(crate) fn read(&self, error: Option<&JournalError>) {
        self.faults(|faults| faults.reading = error.map(ToString::to_string));
    }

    /// How the journal was written last. Where another gateway wrote, nothing was tried: that is no fault, and no end of one.
    pub(crate) fn written(&self, error: Option<&JournalError>) {
        self.faults(|faults| match error {
            Some(JournalError::HeadMoved { .. }) => {}
            other => faults.writing = other.map(ToString::to_string),
        });
    }

    /// The journal did not do what it was asked last.
    pub(crate) fn is_failing(&self) -> bool {
        self.faults(|faults| faults.reading.is_some() || faults.writing.is_some())
    }

    /// For a thread to hold while it is at work: should it end in a panic, that is told.
    pub(crate) fn watch(self: &Arc<Self>, thread: &'static str) -> Watch {
        Watch { health: Arc::clone(self), thread }
    }

    /// How the last publication ended.
    pub(crate) fn publication(&self, fault: Option<String>) {
        let new = self.faults(|faults| {
            let new = fault.is_some() && faults.publication != fault;
            faults.publication.clone_from(&fault);
            new
        });
        if let (true, Some(fault)) = (new, fault) {
            tracing::error!("the log was not published: {fault}");
        }
    }

    pub(crate) fn is_published(&self) -> bool {
        self.faults(|faults| faults.publication.is_none())
    }

    /// `behind` is by how many seconds the clock is too far behind the record, where it is.
    pub(crate) fn standing(&self, size: u64, published: u64, behind: Option<u64>) -> Standing {
        self.faults(|faults| {
            let record = if faults.closed.is_some() {
                "closed"
            } else if faults.ended.contains(WRITER) {
                "stopped"
            } else if faults.reading.is_some() || faults.writing.is_some() {
                "failing"
            } else if behind.is_some() {
                "clock"
            } else {
                "writing"
            };
            let log = if faults.ended.contains(PUBLISHER) {
                "stopped"
            } else if faults.publication.is_some() {
                "late"
            } else {
                "published"
            };
            Standing { record, log, size, published }
        })
    }

    /// The faults as they are, for the operator's side.
    pub(crate) fn causes(&self, behind: Option<u64>) -> Vec<String> {
        let clock = behind.map(|seconds| format!("this machine's clock is {seconds} s before the newest event of the record; set it"));
        self.faults(|faults| {
            let told = |name: &&str| format!("a fault of the program ended the thread `{name}`; see the log, and start the gateway again");
            let rest = [&faults.closed, &faults.reading, &faults.writing, &clock, &faults.publication];
            faults.ended.iter().map(told).chain(rest.into_iter().flatten().cloned()).collect()
        })
    }

    fn faults<T>(&self, work: impl FnOnce(&mut Faults) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Tells health when it is dropped by a panic.
#[derive(Debug)]
pub(crate) struct Watch {
    health: Arc<Health>,
    thread: &'static str,
}

impl Drop for Watch {
    fn drop(&mut self) {
        if thread::panicking() {
            self.health.faults(|faults| faults.ended.insert(self.thread));
        }
    }
}
