//! Patterns of use, as auditors read them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What one person has asked under one permit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PatternView {
    /// The permit.
    pub permit: String,
    /// The person.
    pub person: String,
    /// Runs asked for.
    pub runs: u64,
    /// Released as they were.
    pub released: u64,
    /// Released with masks, or with values as released before.
    pub suppressed: u64,
    /// That people had to look at.
    pub held: u64,
    /// The same text as an earlier run of the permit.
    pub repeated: u64,
    /// Refused, by code.
    pub refused: BTreeMap<String, u64>,
    /// Most different questions in a row with nothing to show.
    pub longest_row: u64,
    /// True when this looks like feeling for a threshold.
    pub probing: bool,
}

/// Patterns of all permits.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Patterns {
    /// What looks like probing first, then by permit and person.
    pub patterns: Vec<PatternView>,
}
