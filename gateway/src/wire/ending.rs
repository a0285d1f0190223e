//! Repetitions of runs, as they travel.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A request that says everything by its path.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct Nothing {}

/// A repetition of a run.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct RerunView {
    /// Its id; none where the extract was erased before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Which run.
    pub run: String,
    /// `queued`; `same`: the same verdict and the same bytes; `differs`; `not_repeated`: it could not be; `erased`: nobody can.
    pub status: String,
    /// Index of the event that holds the answer, or of the one that says that the extract was erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leaf: Option<u64>,
}
