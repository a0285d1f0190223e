//! Drugs (薬剤): where the patients are known they are counted like everybody; where only quantities are known, quantities stand for them.
//!
//! Every table of the catalogue has a person key, so here the patients are always known and the first half decides. The quantities are
//! for tables without people (as the open data of the NDB are): they are kept because the rule is one, and decide nothing.

use serde::{Deserialize, Serialize};

/// The thresholds of one database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Drugs {
    /// Fewest patients, where they are known.
    pub patients_min: u64,
    /// Smallest quantity (units of the price list) of oral and topical drugs (内服・外用), where patients are not known.
    pub oral_topical_min: u64,
    /// Smallest quantity of injections (注射), where patients are not known.
    pub injection_min: u64,
    /// Where the rule stands.
    pub source: String,
}

impl Drugs {
    /// What is wrong with it.
    pub(super) fn fault(&self, people_min: u64) -> Option<&'static str> {
        let wrong = self.patients_min < people_min || self.oral_topical_min == 0 || self.injection_min == 0;
        wrong.then_some("[drugs] patients_min is not below [rules] people_min, and the quantities are not 0")
    }
}
