//! Bodies of the public API, as the server writes and the client reads them. Here: logins, listings, the record; the rest by noun.

mod audit;
mod bound;
mod cases;
mod ending;
mod holds;
mod incidents;
mod patterns;
mod rules;
mod runs;
mod samples;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use audit::{Answered, EventSummary, Hit, Hits, NewQuestion, Timeline, TimelineStep};
pub use bound::{Codes, CodesColumn, CodesView, GuestLabel, GuestParam, GuestReport, GuestView, Guests, MasterView, NewCodes, NewGuest};
pub use cases::{
    ApplicationSummary, ApplicationView, Applications, BudgetView, Columns, Completeness, Months, NewApplication, NewSuspension, NewVote,
    PermitView, Permits, Standing, VoteView,
};
pub use ending::{Nothing, RerunView};
pub use holds::{CheckStanding, Checks, HoldSummary, HoldView, Holds, NewCheck};
pub use incidents::{ClosingView, IncidentView, Incidents, NewClosing, NewIncident};
pub use patterns::{PatternView, Patterns};
pub use rules::{NewAdoption, NewRules, PackVersion, PackView, Packs, ProposalView};
pub use runs::{NewRecall, NewRun, Place, PreflightView, RecallView, RunRefusal, RunView, Runs};
pub use samples::{LookView, NewLook, Objection, ReleaseSummary, Releases, SampleSummary, SampleView, Samples};

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
