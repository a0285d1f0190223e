//! What an auditor asks the record: a projection of its leaves into a table, and questions about that table.
//!
//! One door: [`Auditor::ask`] brings the projection up to the record and runs a question on a read-only connection. Nothing is decided by
//! the projection: it is made again from the leaves whenever the gateway starts, and every answer names the leaves that it came from.
//!
//! Read `row.rs` first (what one leaf becomes), then `store.rs` (where rows lie), then the questions: `search.rs`, `sql.rs`, `timeline.rs`.

pub(crate) mod case;
pub(crate) mod known;
pub(crate) mod ocsf;
mod row;
pub(crate) mod search;
pub(crate) mod sql;
mod store;
pub(crate) mod timeline;

use std::{
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock},
};

use rusqlite::Connection;
use visiting_policies::refusal::Refusal;

use self::{row::Row, store::Store};
use crate::{
    desk::{Desk, unavailable},
    wire::Answered,
};

/// Leaves that are folded at once: about 10 ms of work, for which writers of the record wait.
const PAGE: u64 = 1000;

/// The projection and its door.
#[derive(Debug)]
pub(crate) struct Auditor {
    /// Where the projection goes when it is too large for memory.
    spill: PathBuf,
    /// `None` before the first question, and after a fault: then it is made anew.
    store: Arc<RwLock<Option<Store>>>,
    /// One request at a time brings it up to date.
    filling: tokio::sync::Mutex<()>,
    /// One SQL text runs at a time: it may keep a processor busy, and the gateway has other work. Whoever runs one keeps this until it
    /// has ended, also when nobody waits for the answer any more.
    thinking: Arc<tokio::sync::Mutex<()>>,
}

impl Auditor {
    /// A projection that is made when it is first asked; larger ones than memory shall hold go to the file `spill`. What lies there is of
    /// an earlier process, if it could not clean up.
    pub(crate) fn new(spill: PathBuf) -> Self {
        let _ = std::fs::remove_file(&spill);
        Self { spill, store: Arc::default(), filling: tokio::sync::Mutex::default(), thinking: Arc::default() }
    }

    /// Runs a question on a projection of all that is durable now. It is read-only, and its connection is its own.
    ///
    /// # Errors
    /// What the question says, or [`visiting_policies::Code::RecordUnavailable`].
    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        desk: &Desk,
        question: impl FnOnce(&mut Connection) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        self.fill(desk).await?;
        let store = Arc::clone(&self.store);
        let asked = tokio::task::spawn_blocking(move || {
            let store = store.read().unwrap_or_else(PoisonError::into_inner);
            let store = store.as_ref().ok_or_else(|| unavailable(&"the projection of the record is gone"))?;
            question(&mut store.reader().map_err(|e| unavailable(&e))?)
        });
        asked.await.map_err(|e| unavailable(&e))?
    }

    /// Runs an auditor's SQL, when no other runs.
    ///
    /// # Errors
    /// As [`sql::run`] and [`Self::ask`].
    pub(crate) async fn ask_sql(&self, desk: &Desk, text: String) -> Result<Answered, Refusal> {
        let alone = Arc::clone(&self.thinking).lock_owned().await;
        let question = move |projection: &mut Connection| {
            let _alone = alone;
            sql::run(projection, &text)
        };
        self.ask(desk, question).await
    }

    /// Folds the leaves that are not folded yet.
    async fn fill(&self, desk: &Desk) -> Result<(), Refusal> {
        let _alone = self.filling.lock().await;
        loop {
            let have = self.size();
            let size = desk.view().tree.size();
            if have >= size {
                return if have > 0 { Ok(()) } else { self.put(0, Vec::new()).await };
            }
            let leaves = desk.leaves(have, PAGE.min(size - have)).await?;
            let rows = {
                let view = desk.view();
                (have..).zip(leaves).map(|(index, leaf)| Row::of(index, leaf, &view.cases)).collect::<Result<Vec<_>, _>>()?
            };
            self.put(have, rows).await?;
        }
    }

    fn size(&self) -> u64 {
        self.store.read().unwrap_or_else(PoisonError::into_inner).as_ref().map_or(0, Store::size)
    }

    /// Adds rows from number `have` on. After a fault everything is made anew by the next question.
    async fn put(&self, have: u64, rows: Vec<Row>) -> Result<(), Refusal> {
        let (store, spill) = (Arc::clone(&self.store), self.spill.clone());
        let put = tokio::task::spawn_blocking(move || {
            let mut place = store.write().unwrap_or_else(PoisonError::into_inner);
            // Out of its place while it changes: what fails half-way is not there afterwards.
            let mut known = place.take().map_or_else(|| Store::open(spill), Ok)?;
            if known.size() != have {
                return Err(rusqlite::Error::InvalidQuery);
            }
            known.add(&rows)?;
            *place = Some(known);
            Ok::<_, rusqlite::Error>(())
        });
        put.await.map_err(|e| unavailable(&e))?.map_err(|e| unavailable(&e))
    }
}
