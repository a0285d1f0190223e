//! Bodies of the public API, as the server writes and the client reads them.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use visiting_policies::{
    refusal::{Refusal, TextPlace},
    terms::{ColumnName, Period, PersonId, Verdict},
    vote::Decision,
};

/// Listing -> table -> columns.
pub type Columns = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

/// Who to be, in the demo.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LoginRequest {
    /// A person of the roster, such as `per_hanako`.
    pub person: String,
}

/// A login.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Login {
    /// For the `Authorization: Bearer` header.
    pub token: String,
    /// Who this is.
    pub person: String,
    /// What the person may do.
    pub roles: Vec<String>,
}

/// One listing.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ListingView {
    /// Its id, which is also the schema in SQL.
    pub id: String,
    /// Newest data version; absent while nothing is loaded and nothing can be applied for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_version: Option<u64>,
    /// The listing as the catalogue has it.
    #[schema(value_type = Object)]
    pub listing: serde_json::Value,
}

/// Listings that were found.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Listings {
    /// Best match first.
    pub listings: Vec<ListingView>,
}

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
    /// Ed25519 over the ballot text, base64.
    pub signature: String,
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
    /// `active`, `suspended` or `expired`.
    pub status: String,
    /// Why it is suspended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// `ready` or `making`.
    pub extract: String,
    /// Data version by listing, once the extract is ready.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub versions: BTreeMap<String, u64>,
    /// Magnitude of the rows by `listing.table` (a power of ten), once the extract is ready: `visiting try --permit` needs it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub rows_at_most: BTreeMap<String, u64>,
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

/// SQL to run.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRun {
    /// One SELECT block.
    pub sql: String,
}

/// A guest to be bound.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewGuest {
    /// The manifest (TOML).
    pub manifest: String,
    /// The WebAssembly module, base64.
    pub module: String,
}

/// A guest (利用者プログラム) of a permit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GuestView {
    /// Digest over manifest and module.
    pub guest: String,
    /// What it is called in SQL: `guest.<name>(…)`.
    pub name: String,
    /// Who bound it.
    pub by: String,
    /// `bound`, `withheld` (the permit is suspended) or `expired`.
    pub status: String,
    /// Its parameters, in order.
    pub params: Vec<GuestParam>,
    /// Its labels, in the order of tables.
    pub labels: Vec<GuestLabel>,
    /// What the examination found in order.
    pub report: GuestReport,
}

/// A parameter of a guest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GuestParam {
    /// For people only; arguments are told by place.
    pub name: String,
    /// `int`, `decimal` or `text`.
    pub kind: String,
}

/// A label of a guest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GuestLabel {
    /// In SQL and tables.
    pub label: String,
    /// The same in Japanese, for pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ja: Option<String>,
}

/// The examination of a guest in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GuestReport {
    /// In English.
    pub checked: Vec<String>,
    /// In Japanese.
    pub checked_ja: Vec<String>,
}

/// Guests of a permit.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Guests {
    /// Oldest first.
    pub guests: Vec<GuestView>,
}

/// A code list to be bound.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCodes {
    /// What it is to be called in SQL, behind `codes.`.
    pub name: String,
    /// The file (CSV): a line with the columns' names, then the rows.
    pub csv: String,
}

/// A code list (コード表) of a permit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CodesView {
    /// Digest of the file.
    pub codes: String,
    /// What it is called in SQL: `codes.<name>`.
    pub name: String,
    /// Who bound it.
    pub by: String,
    /// `bound`, `withheld` (the permit is suspended) or `expired`.
    pub status: String,
    /// Its columns, in order.
    pub columns: Vec<CodesColumn>,
    /// Number of its rows.
    pub rows: u64,
}

/// A column of a code list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CodesColumn {
    /// Its name in SQL.
    pub name: String,
    /// `int` or `text`.
    pub kind: String,
}

/// A public code master (公開コード表).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MasterView {
    /// What it is called in SQL: `codes.<name>`.
    pub name: String,
    /// What it lists.
    pub title: String,
    /// The same in Japanese.
    pub title_ja: String,
    /// Its columns, in order.
    pub columns: Vec<CodesColumn>,
    /// Number of its rows.
    pub rows: u64,
}

/// Code lists that a permit's SQL can name.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Codes {
    /// The permit's own, oldest first.
    pub codes: Vec<CodesView>,
    /// Those of every permit.
    pub public: Vec<MasterView>,
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
    /// `queued`, `judged` (the bytes are on their way), `released` or `refused`.
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
}

impl RunView {
    /// True when nothing more will happen to it.
    #[must_use]
    pub fn is_final(&self) -> bool {
        matches!(self.status.as_str(), "released" | "refused")
    }
}

/// Runs of a permit.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Runs {
    /// Oldest first.
    pub runs: Vec<RunView>,
}

/// A Merkle proof.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Proof {
    /// Hashes, base64, in the order of RFC 9162.
    pub proof: Vec<String>,
}

/// Position of an event in the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Index {
    /// Counted from 0.
    pub index: u64,
}

/// Part of the record, for the enclave.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RecordPage {
    /// Exact leaf lines.
    pub events: Vec<String>,
    /// Signed checkpoint over the whole log.
    pub checkpoint: String,
}

/// A document, for the enclave.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Document {
    /// Its bytes, base64.
    pub document: String,
}

/// A refusal inside the enclave that the record must hold.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnclaveRefusal {
    /// The enclave's step.
    pub tried: String,
    /// Why.
    pub code: visiting_policies::Code,
}

/// Another version of a rule pack, signed by the proposer.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRules {
    /// Which pack, such as `ndb`.
    pub pack: String,
    /// Digest of the version that is in force now; `none` for a pack that does not exist yet.
    pub replaces: String,
    /// Why, in one line.
    pub reason: String,
    /// The pack's file (TOML).
    pub text: String,
    /// Ed25519 over the proposal's text, base64.
    pub signature: String,
}

/// The second person's word.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAdoption {
    /// Ed25519 over the adoption's text, base64.
    pub signature: String,
}

/// Rule packs (公表基準).
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Packs {
    /// By name.
    pub packs: Vec<PackView>,
    /// What is proposed, for those who may see it.
    pub proposals: Vec<ProposalView>,
}

/// One rule pack.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct PackView {
    /// Its name.
    pub pack: String,
    /// Its versions, oldest first; the last one is in force.
    pub versions: Vec<PackVersion>,
}

/// One version of a rule pack.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct PackVersion {
    /// As receipts quote it.
    pub version: String,
    /// Digest of its file.
    pub digest: String,
    /// Where its rules stand.
    pub sources: Vec<String>,
    /// Its file (TOML).
    pub text: String,
    /// The change that brought it; absent for what the service began with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<String>,
    /// Why it was changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Index of the event that put it in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<u64>,
}

/// A proposed change of a rule pack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProposalView {
    /// Its id, made from the digest of the signed text.
    pub id: String,
    /// Which pack.
    pub pack: String,
    /// The proposed version.
    pub version: String,
    /// Digest of what it replaces.
    pub replaces: String,
    /// Digest of the proposed file.
    pub digest: String,
    /// Why.
    pub reason: String,
    /// Who proposed it.
    pub by: String,
    /// Who adopted it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adopted_by: Option<String>,
    /// `open`, `adopted` or `overtaken` (the pack was changed otherwise since).
    pub status: String,
    /// The proposed file (TOML).
    pub text: String,
}
