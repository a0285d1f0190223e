//! From the rows of a question to what may be shown of it.
//!
//! `evidence` counts, for every cell, who is in it and what each person contributes: by the host, exactly, whatever the order of rows
//! and partitions. `desk` judges cell by cell, statistic by statistic, by the law and the ledger. Nothing that a researcher writes
//! reaches either.

mod audit;
#[cfg(test)]
mod audit_tests;
mod cells;
mod chunk;
mod codes;
mod columns;
mod desk;
#[cfg(test)]
mod desk_tests;
mod evidence;
#[cfg(test)]
mod evidence_tests;
mod groups;
mod having;
mod kept;
mod keys;
mod log;
mod made_up;
mod measure;
mod past;
#[cfg(test)]
mod past_tests;
#[cfg(test)]
mod race_tests;
#[cfg(test)]
mod samples;
mod seen;
mod statistic;
mod sums;
mod table;
mod wanted;

pub(crate) use cells::Cells;
pub(crate) use desk::{Context, Desk, nothing_to_show, shows_its_own};
pub(crate) use evidence::{Ledger, gather};
pub(crate) use made_up::room_for;
pub(crate) use seen::seen;
