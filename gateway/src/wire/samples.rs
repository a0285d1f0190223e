//! Later looks as checkers make them, and releases as the ministry sees them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use visiting_policies::sample::Opinion;

/// A release that was drawn for a later look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SampleSummary {
    /// The run.
    pub run: String,
    /// Under which permit.
    pub permit: String,
    /// The application that says what it is for.
    pub application: String,
    /// When it was released, milliseconds since 1970.
    pub released_ms: u64,
}

/// Drawn releases that the caller may look at.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Samples {
    /// Oldest first.
    pub samples: Vec<SampleSummary>,
    /// One in so many releases of the machine alone is drawn.
    pub one_in: u64,
}

/// One drawn release, as it left.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SampleView {
    /// As in the list.
    #[serde(flatten)]
    pub sample: SampleSummary,
    /// What the application is for.
    pub purpose: String,
    /// The SQL as it was sent.
    pub sql: String,
    /// The released table, CSV.
    pub table: String,
    /// Digest of the receipt: what an opinion names.
    pub receipt: String,
}

/// A signed opinion on a drawn release.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewLook {
    /// `fine` or `recall`.
    #[schema(value_type = String)]
    pub opinion: Opinion,
    /// Why, in one line; it stands in the access log.
    pub reason: String,
    /// Ed25519 over the opinion's text, base64.
    pub signature: String,
}

/// What came of a look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LookView {
    /// The run.
    pub run: String,
    /// `fine` or `recall`.
    #[schema(value_type = String)]
    pub opinion: Opinion,
}

/// A checker's wish that a release be recalled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Objection {
    /// The checker.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// A release as the ministry sees it in the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReleaseSummary {
    /// The run.
    pub run: String,
    /// Under which permit.
    pub permit: String,
    /// When it was released, milliseconds since 1970.
    pub released_ms: u64,
    /// How many people have fetched a file of it.
    pub fetched: usize,
    /// A checker's wish that it be recalled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub objection: Option<Objection>,
    /// Why it was recalled, where it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recalled: Option<String>,
}

/// All releases.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Releases {
    /// What a checker wants recalled first, then the newest.
    pub releases: Vec<ReleaseSummary>,
}
