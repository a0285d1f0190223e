//! Applications, votes and permits: a case up to the moment when something can run.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use visiting_policies::{
    budget::{Kind, Then},
    hold::HoldReason,
    terms::{ColumnName, Period, PersonId},
    vote::Decision,
};

/// Listing -> table -> columns.
pub type Columns = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

/// A new application (利用申請).
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewApplication {
    /// Everybody who would work with the data, the applicant among them.
    #[schema(value_type = Vec<String>)]
    pub team: BTreeSet<PersonId>,
    /// What for, in words.
    pub purpose: String,
    /// Listing -> table -> columns.
    #[schema(value_type = BTreeMap<String, BTreeMap<String, Vec<String>>>)]
    pub columns: Columns,
    /// Months, each `yyyymm`.
    #[schema(value_type = Months)]
    pub period: Period,
    /// Last moment of use, milliseconds since 1970.
    pub until_ms: u64,
}

/// Months `from..=to`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Months {
    /// First month, `yyyymm`.
    pub from: i64,
    /// Last month, `yyyymm`.
    pub to: i64,
}

/// An application in one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ApplicationSummary {
    /// Its id.
    pub id: String,
    /// `submitted`, `under_review`, `returned`, `approved` or `rejected`.
    pub status: String,
    /// Who applied.
    pub applicant: String,
}

/// Applications that the caller may see.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Applications {
    /// By id.
    pub applications: Vec<ApplicationSummary>,
}

/// A vote as readers see it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct VoteView {
    /// Who voted.
    pub member: String,
    /// How.
    #[schema(value_type = String)]
    pub decision: Decision,
    /// The condition: columns that the permit must not name.
    #[schema(value_type = Vec<String>)]
    pub remove: BTreeSet<ColumnName>,
}

/// An application in full.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ApplicationView {
    /// Its id.
    pub id: String,
    /// Where it stands.
    pub status: String,
    /// Who applied.
    pub applicant: String,
    /// The team.
    #[schema(value_type = Vec<String>)]
    pub team: BTreeSet<PersonId>,
    /// Names of the team, as far as they are known and not erased.
    pub names: BTreeMap<String, String>,
    /// The team's organisations.
    pub organisations: Vec<String>,
    /// What for.
    pub purpose: String,
    /// What is applied for.
    #[schema(value_type = BTreeMap<String, BTreeMap<String, Vec<String>>>)]
    pub columns: Columns,
    /// Months.
    #[schema(value_type = Months)]
    pub period: Period,
    /// Last moment of use.
    pub until_ms: u64,
    /// Digest that every ballot names.
    pub content: String,
    /// Votes so far.
    pub votes: Vec<VoteView>,
    /// Reception's remarks, when it was sent back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remarks: Option<String>,
}

/// Reception's finding.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Completeness {
    /// True: the committee may vote. False: back to the applicant.
    pub complete: bool,
    /// What is missing.
    #[serde(default)]
    pub remarks: String,
}

/// A signed vote.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewVote {
    /// `approve`, `reject` or `return`.
    #[schema(value_type = String)]
    pub decision: Decision,
    /// Columns that the permit must not name, each `listing.table.column`.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    pub remove: BTreeSet<ColumnName>,
    /// So many output checkers must look at each output of the permit: 0, 1 or 2.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub checkers: u8,
    /// Ed25519 over the ballot text, base64.
    pub signature: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(checkers: &u8) -> bool {
    *checkers == 0
}

/// What came of an act on an application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Standing {
    /// The application's status after this act.
    pub status: String,
    /// The permit that this vote completed.
    pub permit: Option<String>,
}

/// A permit (利用許可).
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct PermitView {
    /// Its id.
    pub id: String,
    /// The application it came from.
    pub application: String,
    /// The named people.
    #[schema(value_type = Vec<String>)]
    pub people: BTreeSet<PersonId>,
    /// What may be seen, conditions applied.
    #[schema(value_type = BTreeMap<String, BTreeMap<String, Vec<String>>>)]
    pub columns: Columns,
    /// Months.
    #[schema(value_type = Months)]
    pub period: Period,
    /// Last moment of use.
    pub until_ms: u64,
    /// `active`, `suspended`, `closed` or `expired`.
    pub status: String,
    /// Why it is suspended or closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// `ready`, `making` or `erased`.
    pub extract: String,
    /// Data version by listing, once the extract is ready.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub versions: BTreeMap<String, u64>,
    /// Magnitude of the rows by `listing.table` (a power of ten), once the extract is ready: `visiting try --permit` needs it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub rows_at_most: BTreeMap<String, u64>,
    /// So many output checkers look at each output; 0 is left out.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub checkers: u8,
    /// What remains of its budgets.
    #[serde(default)]
    pub budgets: Vec<BudgetView>,
    /// Why people look at each of its outputs, whatever it is: `asked_by_the_committee`, `cells_spent`, `exposed`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>)]
    pub standing: Vec<HoldReason>,
}

/// One budget of a permit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BudgetView {
    /// What is counted: `cells`, `measures`, `unshown` or `waiting`.
    #[schema(value_type = String)]
    pub kind: Kind,
    /// The limit.
    pub most: u64,
    /// How much of it is used.
    pub used: u64,
    /// What remains.
    pub left: u64,
    /// What happens when nothing does: `held` (people look at each output) or `refused`.
    #[schema(value_type = String)]
    pub then: Then,
}

/// Permits that the caller may see.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Permits {
    /// By id.
    pub permits: Vec<PermitView>,
}

/// The ministry's signed order.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSuspension {
    /// Why, in one line.
    pub reason: String,
    /// Ed25519 over the order's text, base64.
    pub signature: String,
}
