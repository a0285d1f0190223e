//! Rule packs, their versions and their changes.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

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
