//! Votes and suspensions as signed texts. The signer's key never leaves the signer; gateway, enclave and auditor verify the
//! same bytes.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::terms::{ApplicationId, ColumnName, PermitId, PersonId, RunId};

/// What a committee member decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// 承認, with or without conditions.
    Approve,
    /// 不承認.
    Reject,
    /// 差戻し: back to the applicant.
    Return,
}

/// A vote before it is signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ballot {
    /// What is voted on.
    pub application: ApplicationId,
    /// Digest of the application's content, so that a vote cannot be moved to another content.
    pub content: String,
    /// Who votes.
    pub member: PersonId,
    /// The decision.
    pub decision: Decision,
    /// Condition: columns that the permit must not name.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub remove: BTreeSet<ColumnName>,
    /// Condition: so many output checkers look at each output of the permit.
    #[serde(default, skip_serializing_if = "is_none")]
    pub checkers: u8,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
pub(crate) fn is_none(checkers: &u8) -> bool {
    *checkers == 0
}

impl Ballot {
    /// The exact text that the member signs: one field a line, in this order; the last one only where it asks for something,
    /// so that older votes keep their text.
    #[must_use]
    pub fn text(&self) -> String {
        let decision = match self.decision {
            Decision::Approve => "approve",
            Decision::Reject => "reject",
            Decision::Return => "return",
        };
        let remove: Vec<String> = self.remove.iter().cloned().map(String::from).collect();
        let checkers = if self.checkers == 0 { String::new() } else { format!("checkers: {}\n", self.checkers) };
        format!(
            "visiting vote v1\napplication: {}\ncontent: {}\nmember: {}\ndecision: {decision}\nremove: {}\n{checkers}",
            self.application,
            self.content,
            self.member,
            remove.join(",")
        )
    }
}

/// A demand of the ministry that a permit stops (利用停止).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SuspensionOrder {
    /// The permit to stop.
    pub permit: PermitId,
    /// Who orders it.
    pub by: PersonId,
    /// Why, in one line; shown to the permit's people.
    pub reason: String,
}

impl SuspensionOrder {
    /// The exact text that the ministry signs.
    #[must_use]
    pub fn text(&self) -> String {
        let reason = self.reason.replace(['\n', '\r'], " ");
        format!("visiting suspension v1\npermit: {}\nby: {}\nreason: {reason}\n", self.permit, self.by)
    }
}

/// A demand of the ministry that a permit ends for good (利用終了): its extract is erased.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClosureOrder {
    /// The permit to close.
    pub permit: PermitId,
    /// Who orders it.
    pub by: PersonId,
    /// Why, in one line; shown to the permit's people.
    pub reason: String,
}

impl ClosureOrder {
    /// The exact text that the ministry signs.
    #[must_use]
    pub fn text(&self) -> String {
        let reason = self.reason.replace(['\n', '\r'], " ");
        format!("visiting closure v1\npermit: {}\nby: {}\nreason: {reason}\n", self.permit, self.by)
    }
}

/// A demand of the ministry that a release which should not have left is given out no more (取消し).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecallOrder {
    /// The run whose release it is.
    pub run: RunId,
    /// Who orders it.
    pub by: PersonId,
    /// Why, in one line; shown to the permit's people.
    pub reason: String,
}

impl RecallOrder {
    /// The exact text that the ministry signs.
    #[must_use]
    pub fn text(&self) -> String {
        let reason = self.reason.replace(['\n', '\r'], " ");
        format!("visiting recall v1\nrun: {}\nby: {}\nreason: {reason}\n", self.run, self.by)
    }
}
