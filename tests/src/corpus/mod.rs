//! The corpus runner: each case of a file on a fresh ledger, over HTTP, as a researcher would. It never reads what a case expects.
//!
//! One home is prepared (population, load, permits, extracts) and copied for every case, so that a case costs a start and not a load.

pub mod case;
pub mod database;
mod ground;
mod guests;
mod play;
pub mod rename;
pub mod score;
mod show;

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use serde_json::{Value, json};

pub use case::Case;
pub use database::Database;
pub use ground::Ground;
pub use show::summary;

use crate::world::Fault;

/// Cases that run side by side, each with three processes of its own: more would wait for each other on a small machine.
pub const SIDE_BY_SIDE: usize = 2;

/// What the system said to a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The case.
    pub id: String,
    /// `release`, `suppress`, `hold` or `refuse`; nothing where the case could not be asked.
    pub verdict: Option<String>,
    /// Code of the refusal, or why the case could not be asked.
    pub reason: Option<String>,
    /// The released table as CSV.
    pub table: Option<String>,
    /// How many of the earlier releases of the case were refused.
    pub refused_before: usize,
    /// How long the case took.
    pub took: Duration,
}

impl Answer {
    /// A case that nothing can ask yet.
    fn unasked(id: &str, why: &str) -> Self {
        Self { id: id.to_owned(), verdict: None, reason: Some(why.to_owned()), table: None, refused_before: 0, took: Duration::ZERO }
    }

    /// The line of the result file.
    #[must_use]
    pub fn line(&self) -> Value {
        json!({ "id": self.id, "verdict": self.verdict, "reason": self.reason, "table": self.table })
    }

    /// The verdict in a word.
    #[must_use]
    pub fn word(&self) -> &str {
        self.verdict.as_deref().unwrap_or("-")
    }
}

/// Runs the cases; answers in their order. `say` gets a line a case as it ends.
///
/// # Errors
/// The first case that the harness (not the system) could not run.
pub fn run(ground: &Ground, cases: &[Case], say: impl Fn(&str) + Sync) -> Result<Vec<Answer>, Fault> {
    let (next, done) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    let worker = || {
        while let Some((at, case)) = Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|at| Some((at, cases.get(at)?))) {
            let start = Instant::now();
            let answer = play::play(ground, case).map(|a| Answer { took: start.elapsed(), ..a }).map_err(|e| format!("{}: {e}", case.id));
            let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
            let count = done.len() + 1;
            match &answer {
                Ok(a) => say(&format!("{count:>4}/{} {}", cases.len(), show::line(a))),
                Err(fault) => say(&format!("{count:>4}/{} {fault}", cases.len())),
            }
            done.insert(at, answer);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..SIDE_BY_SIDE.min(cases.len()) {
            scope.spawn(worker);
        }
    });
    done.into_inner().unwrap_or_else(PoisonError::into_inner).into_values().collect()
}
