//! What the gate judges by: for every cell, who is in it and what each person contributes. Counted here, by the host, from the rows;
//! nothing that a researcher writes can change it. Exact and independent of row order and partitions.
//!
//! Each partition keeps a [`Log`] of its own. Assembly ([`table`]) makes the cells of every grouping set from what they found.

use datafusion::execution::SendableRecordBatchStream;
use futures::StreamExt;
use visiting_policies::disclosure::Site;

use super::{
    cells::Cells,
    chunk::CHUNK,
    keys::Keys,
    log::{Found, Log, Shape},
    table::table,
    wanted::Wanted,
};
use crate::{fault::Fault, people::Ordinals, question::Question};

/// How people, facilities and households of an extract are called in the ledger, and which cells are worth keeping.
pub(crate) struct Ledger<'a> {
    /// Ordinal of each person id.
    pub(crate) people: &'a Ordinals,
    /// Number of a facility id, or of a household's.
    pub(crate) site: &'a (dyn Fn(Site, u32) -> u32 + Sync),
    /// Cells with fewer people are left out: nothing of them can be shown (T0).
    pub(crate) least: u64,
}

impl std::fmt::Debug for Ledger<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ledger").field("least", &self.least).finish_non_exhaustive()
    }
}

/// Reads all partitions, each on its own task, and makes the cells of every grouping set.
pub(crate) async fn gather(streams: Vec<SendableRecordBatchStream>, question: &Question, ledger: &Ledger<'_>) -> Result<Cells, Fault> {
    let shape = shape(question);
    let mut tasks = tokio::task::JoinSet::new();
    for mut stream in streams {
        let shape = shape.clone();
        tasks.spawn(async move {
            let mut log = Log::new(shape, CHUNK);
            while let Some(batch) = stream.next().await {
                log.add(&batch?)?;
            }
            Ok::<_, Fault>(log.found())
        });
    }
    let mut logs = Vec::new();
    while let Some(log) = tasks.join_next().await {
        logs.push(log.map_err(|e| Fault::Other(e.to_string()))??);
    }
    assemble(logs, question, ledger)
}

/// The columns of a question's rows.
pub(super) fn shape(question: &Question) -> Shape {
    Shape {
        sites: question.sites.len(),
        keys: question.keys.len(),
        columns: question.columns.clone(),
        values: question.values.len(),
        wanted: Wanted::of(question),
    }
}

/// The cells of every grouping set.
pub(super) fn assemble(found: Vec<Found>, question: &Question, ledger: &Ledger<'_>) -> Result<Cells, Fault> {
    let keys = Keys::new(&found, question.keys.len());
    keys.check(question)?;
    let tables = question.sets.iter().map(|set| table(&found, &keys, set, question, ledger)).collect::<Result<Vec<_>, _>>()?;
    Ok(Cells { ordinals: ledger.people.clone(), wanted: Wanted::of(question), tables })
}
