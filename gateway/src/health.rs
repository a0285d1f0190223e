//! What is wrong with the record at this moment, for whoever has to see to it.

use std::sync::{Mutex, PoisonError};

use serde::Serialize;
use utoipa::ToSchema;
use visiting_policies::refusal::{Code, Refusal};

use crate::journal::JournalError;

/// Faults of the moment. What is closed stays closed until somebody has looked and started the gateway again.
#[derive(Debug, Default)]
pub(crate) struct Health(Mutex<Faults>);

#[derive(Debug, Default)]
struct Faults {
    closed: Option<String>,
    journal: Option<String>,
    publication: Option<String>,
}

/// The same, in words that say nothing of where things lie.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Standing {
    /// `writing`, `failing` (it goes on by itself once the cause is gone) or `closed` (an operator has to look).
    pub(crate) record: &'static str,
    /// `published` or `late`.
    pub(crate) log: &'static str,
    /// Events in the record.
    pub(crate) size: u64,
    /// Events under the checkpoint that was published last.
    pub(crate) published: u64,
}

impl Standing {
    /// Acts are being recorded.
    pub(crate) fn is_well(&self) -> bool {
        self.record == "writing"
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

    /// Nothing is written from now on.
    pub(crate) fn close(&self, why: &str) {
        tracing::error!("the record is closed: {why}");
        self.faults(|faults| {
            faults.closed.get_or_insert_with(|| why.to_owned());
        });
    }

    /// What the journal answered last. Another gateway's writing is no fault.
    pub(crate) fn journal(&self, error: Option<&JournalError>) {
        let fault = error.filter(|error| matches!(error, JournalError::Store(_))).map(ToString::to_string);
        self.faults(|faults| faults.journal = fault);
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

    pub(crate) fn standing(&self, size: u64, published: u64) -> Standing {
        self.faults(|faults| Standing {
            record: match (&faults.closed, &faults.journal) {
                (Some(_), _) => "closed",
                (None, Some(_)) => "failing",
                (None, None) => "writing",
            },
            log: if faults.publication.is_some() { "late" } else { "published" },
            size,
            published,
        })
    }

    /// The faults as they are, for the operator's side.
    pub(crate) fn causes(&self) -> Vec<String> {
        self.faults(|faults| [&faults.closed, &faults.journal, &faults.publication].into_iter().flatten().cloned().collect())
    }

    fn faults<T>(&self, work: impl FnOnce(&mut Faults) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
