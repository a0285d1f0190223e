//! Crossings (クロス集計) that a publication rule forbids: kinds of columns that no one table may be cut by together.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::ColumnRole;

/// Roles that may not meet in one question, whether as groups or in conditions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Crossing {
    /// The roles; all of them together are forbidden.
    pub roles: BTreeSet<ColumnRole>,
    /// Where the rule stands.
    pub source: String,
}

impl Crossing {
    /// What is wrong with it.
    pub(super) fn fault(&self) -> Option<&'static str> {
        (self.roles.len() < 2).then_some("a crossing of [[crossings]] names two roles or more")
    }

    /// True when a question that cuts by `roles` does this.
    #[must_use]
    pub fn forbids(&self, roles: &BTreeSet<ColumnRole>) -> bool {
        self.roles.is_subset(roles)
    }
}
