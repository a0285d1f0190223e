//! Drugs (薬剤): where the patients are known they are counted like everybody; where only quantities are known, quantities stand for them.
//!
//! Every table of the catalogue has a person key, so here the patients are always known and the first half applies. The second half is for
//! tables of quantities without people (as the open data of the NDB are); it is kept with the rule because the rule is one.

use serde::{Deserialize, Serialize};

/// The thresholds of one database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Drugs {
    /// Fewest patients, where they are known.
    pub patients_min: u64,
    /// Smallest quantity (units of the price list) of oral and topical drugs, where patients are not known.
    pub oral_topical_min: u64,
    /// Smallest quantity of injections, where patients are not known.
    pub injection_min: u64,
    /// Where the rule stands.
    pub source: String,
}

/// How a drug is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// 内服・外用.
    OralOrTopical,
    /// 注射.
    Injection,
}

impl Drugs {
    /// True when a quantity of a drug may be shown. `patients` is their number where it is known.
    #[must_use]
    pub fn allows(&self, route: Route, patients: Option<u64>, quantity: u64) -> bool {
        match (patients, route) {
            (Some(patients), _) => patients >= self.patients_min,
            (None, Route::OralOrTopical) => quantity >= self.oral_topical_min,
            (None, Route::Injection) => quantity >= self.injection_min,
        }
    }

    /// What is wrong with it.
    pub(super) fn fault(&self, people_min: u64) -> Option<&'static str> {
        let wrong = self.patients_min < people_min || self.oral_topical_min == 0 || self.injection_min == 0;
        wrong.then_some("[drugs] patients_min is not below [rules] people_min, and the quantities are not 0")
    }
}
