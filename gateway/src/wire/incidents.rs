//! Incidents, as auditors and the ministry write and read them.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use visiting_policies::incident::{IncidentKind, Severity};

/// A new incident.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewIncident {
    /// `disclosure`, `unauthorised_access`, `misuse`, `probing`, `integrity`, `availability` or `other`.
    #[schema(value_type = String)]
    pub kind: IncidentKind,
    /// `low`, `medium`, `high` or `critical`.
    #[schema(value_type = String)]
    pub severity: Severity,
    /// Indices of the events that it is about; 256 at most.
    pub leaves: BTreeSet<u64>,
    /// What happened. Kept beside the record, which holds its digest.
    pub text: String,
}

/// The end of an incident.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewClosing {
    /// What came of it. Kept beside the record, which holds its digest.
    pub text: String,
}

/// An incident as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct IncidentView {
    /// Its id.
    pub id: String,
    /// What kind.
    #[schema(value_type = String)]
    pub kind: IncidentKind,
    /// How bad.
    #[schema(value_type = String)]
    pub severity: Severity,
    /// Indices of the events that it is about.
    pub leaves: BTreeSet<u64>,
    /// Who noted it.
    pub by: String,
    /// When, milliseconds since 1970.
    pub at_ms: u64,
    /// Index of its event.
    pub index: u64,
    /// Digest of the text.
    pub digest: String,
    /// The text; absent in lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// How it ended; absent while it is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed: Option<ClosingView>,
}

/// How an incident ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClosingView {
    /// Who closed it.
    pub by: String,
    /// When, milliseconds since 1970.
    pub at_ms: u64,
    /// Index of its event.
    pub index: u64,
    /// Digest of the text.
    pub digest: String,
    /// The text; absent in lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// All incidents.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Incidents {
    /// Open ones first, then the newest.
    pub incidents: Vec<IncidentView>,
}
