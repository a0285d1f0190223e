//! What an auditor asks of the record, and what is answered.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One event of the record, in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EventSummary {
    /// Index of the leaf, counted from 0.
    pub index: u64,
    /// When, milliseconds since 1970.
    pub at_ms: u64,
    /// When, RFC 3339.
    pub at: String,
    /// `person`, `gateway`, `enclave` or `nobody`.
    pub actor: String,
    /// The person, where it was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// Kind of the event.
    pub action: String,
    /// `ok`, `refused`, a verdict, a vote or an opinion.
    pub outcome: String,
    /// Code of a refusal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// What was read, or tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route: Option<String>,
}

impl EventSummary {
    /// The person, or what acted instead.
    #[must_use]
    pub fn who(&self) -> &str {
        self.person.as_deref().unwrap_or(&self.actor)
    }

    /// What came of it: the code of a refusal, where there is one.
    #[must_use]
    pub fn came(&self) -> &str {
        self.code.as_deref().unwrap_or(&self.outcome)
    }
}

/// One event that a search found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Hit {
    /// The event.
    #[serde(flatten)]
    pub event: EventSummary,
    /// The application that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application: Option<String>,
    /// The permit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permit: Option<String>,
    /// The run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// Databases that the case may read, or that the event is about.
    pub databases: Vec<String>,
    /// The exact leaf line.
    pub leaf: String,
    /// Where this leaf is read again.
    pub permalink: String,
}

/// A page of what a search found, oldest first.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Hits {
    /// The events.
    pub hits: Vec<Hit>,
    /// `after` of the next page, where there is more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<u64>,
    /// Number of events that were searched.
    pub size: u64,
}

/// A question in SQL.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewQuestion {
    /// One SELECT; `docs/audit.md` tells the tables.
    pub sql: String,
}

/// The answer to SQL. The same text over the same record gives the same bytes, where it says in which order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Answered {
    /// Names of the columns.
    pub columns: Vec<String>,
    /// Rows: numbers, texts and nulls.
    #[schema(value_type = Vec<Vec<Object>>)]
    pub rows: Vec<Vec<serde_json::Value>>,
    /// True when there were more rows than an answer holds.
    pub truncated: bool,
    /// Number of events that were asked about.
    pub size: u64,
}

/// One step of a timeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TimelineStep {
    /// The event.
    #[serde(flatten)]
    pub event: EventSummary,
    /// Milliseconds since the step before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since_previous_ms: Option<u64>,
}

/// The course of an application, a permit, a run, an incident or a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Timeline {
    /// What it is about.
    pub id: String,
    /// `application`, `permit`, `run`, `preflight`, `incident` or `person`.
    pub about: String,
    /// Oldest first.
    pub steps: Vec<TimelineStep>,
    /// Milliseconds from the first of these steps to the last.
    pub total_ms: u64,
    /// `after` of the next page, where there is more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<u64>,
}
