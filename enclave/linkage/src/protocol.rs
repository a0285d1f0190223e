//! One JSON request a line, one JSON answer a line.

use serde::{Deserialize, Serialize};

/// Most values of one request: bounds the unit's memory; clients send more in several requests.
pub const VALUES_MAX: usize = 20_000;
/// Longest identity, in bytes: four times the longest insured number.
pub(crate) const VALUE_MAX_BYTES: usize = 256;
/// Longest line, in bytes: a full request of the longest values with their JSON quotes and escapes.
pub(crate) const LINE_MAX_BYTES: u64 = 16 * 1024 * 1024;

/// One step of a person's history of insured numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// The newer number.
    pub number: String,
    /// The one before it.
    pub previous: String,
}

/// What the unit is asked.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Request {
    /// Keep these steps of the history.
    Learn { links: Vec<Link> },
    /// Tokens of identities, in their order.
    Tokens { kind: String, values: Vec<String> },
    /// Pseudonyms of tokens under a permit, in their order.
    Pseudonyms { permit: String, tokens: Vec<String> },
    /// Destroy the key of a permit that has ended.
    End { permit: String },
}

/// What it answers: one of the fields.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Answer {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ok: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) tokens: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) pseudonyms: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
}
