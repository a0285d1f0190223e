//! Held outputs as output checkers see them, and what a researcher hears of one.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use visiting_policies::check::Finding;

/// How many people look at an output before it leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Checks {
    /// So many.
    pub needed: u8,
    /// So many of them have not looked yet.
    pub missing: u8,
}

/// One held output in the queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HoldSummary {
    /// The run.
    pub run: String,
    /// Under which permit.
    pub permit: String,
    /// The application that says what it is for.
    pub application: String,
    /// Why it is held: `asked_by_the_committee`, `not_audited`, `budget`, `cells_spent`, `exposed`, `guest_over_people`.
    pub reasons: Vec<String>,
    /// How many look.
    pub checks: Checks,
    /// Since when, milliseconds since 1970.
    pub held_ms: u64,
    /// `open`, `checked` (by you), or `another` (somebody of your organisation has checked it: the next one is of another).
    pub standing: String,
}

/// Held outputs that the caller may look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Holds {
    /// Oldest first.
    pub holds: Vec<HoldSummary>,
}

/// One held output. What there is to see is sealed to its checkers' keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HoldView {
    /// As in the queue.
    #[serde(flatten)]
    pub hold: HoldSummary,
    /// What the application is for.
    pub purpose: String,
    /// Digest of `document`: what a check names.
    pub sealed: String,
    /// The sealed evidence, JSON: `seals` with one HPKE seal for each checker.
    pub document: String,
}

/// A signed check.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCheck {
    /// `release` or `refuse`.
    #[schema(value_type = String)]
    pub finding: Finding,
    /// Why, in one line. It stays hidden until all checks are in, and then stands in the access log.
    pub reason: String,
    /// 32 random bytes in hexadecimal, so that nobody finds the finding from its digest.
    pub salt: String,
    /// Ed25519 over the check's text, base64.
    pub signature: String,
}

/// What came of a check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CheckStanding {
    /// The run.
    pub run: String,
    /// `held` (others must look), `approved` (the gate judges it again) or `refused`.
    pub status: String,
    /// How many look.
    pub checks: Checks,
}
