//! Runs and pre-flights, and why one gave nothing.

use super::{Checks, Objection};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use visiting_policies::{
    refusal::{Refusal, TextPlace},
    terms::Verdict,
};

/// SQL to run.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRun {
    /// One SELECT block.
    pub sql: String,
}

/// Why a run gave nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RunRefusal {
    /// Stable code.
    pub code: String,
    /// What to do.
    pub detail: String,
    /// The same in Japanese, where it was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail_ja: Option<String>,
    /// Where in the SQL, where one place is to blame.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Place>,
}

impl From<Refusal> for RunRefusal {
    fn from(refusal: Refusal) -> Self {
        Self { code: refusal.code.name(), detail: refusal.detail, detail_ja: refusal.ja, at: refusal.at.map(Place::from) }
    }
}

/// A place in a text that somebody sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Place {
    /// Line, from 1.
    pub line: u64,
    /// Character in the line, from 1.
    pub column: u64,
}

impl From<TextPlace> for Place {
    fn from(TextPlace { line, column }: TextPlace) -> Self {
        Self { line, column }
    }
}

impl From<Place> for TextPlace {
    fn from(Place { line, column }: Place) -> Self {
        Self { line, column }
    }
}

/// A pre-flight (試行): SQL tried on synthetic data. Nothing here comes from data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PreflightView {
    /// Its id.
    pub id: String,
    /// Under which permit.
    pub permit: String,
    /// `queued` or `answered`.
    pub status: String,
    /// Always true: the table is made up.
    pub synthetic: bool,
    /// What the exit gate would say on such data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub verdict: Option<Verdict>,
    /// For a refusal, why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<RunRefusal>,
    /// The table of synthetic data as CSV.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub synthetic_table: Option<String>,
}

/// A run (解析実行).
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct RunView {
    /// Its id.
    pub id: String,
    /// Under which permit.
    pub permit: String,
    /// `queued`, `checking` (the audit of combinations takes a while), `held` (output checkers look at it), `judged` (the bytes are on their way), `released`, `recalled` or `refused`.
    pub status: String,
    /// The gate's verdict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub verdict: Option<Verdict>,
    /// For a refusal, why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<RunRefusal>,
    /// Names of the files that can be fetched.
    pub files: Vec<String>,
    /// While it is held: how many look at it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checks: Option<Checks>,
    /// The ministry's reason, once it was recalled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recalled: Option<String>,
    /// True when it was recalled and you have fetched a file of it: destroy every copy.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub destroy: bool,
}

impl RunView {
    /// True when nothing more will happen to it before somebody acts.
    #[must_use]
    pub fn is_final(&self) -> bool {
        match self.status.as_str() {
            "held" => self.checks.is_some_and(|checks| checks.missing > 0),
            status => matches!(status, "released" | "recalled" | "refused"),
        }
    }
}

/// Runs of a permit.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Runs {
    /// Oldest first.
    pub runs: Vec<RunView>,
}

/// The ministry's signed recall of a release.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRecall {
    /// Why, in one line; shown to the permit's people.
    pub reason: String,
    /// Ed25519 over the order's text, base64.
    pub signature: String,
}

/// A release as the ministry sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RecallView {
    /// The run.
    pub run: String,
    /// Under which permit.
    pub permit: String,
    /// A checker's wish that it be recalled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub objection: Option<Objection>,
    /// Why it was recalled, where it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recalled: Option<String>,
    /// Who has fetched a file of it.
    pub fetched: Vec<String>,
}
