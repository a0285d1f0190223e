//! Budgets of a permit (利用許可の残量): how much of what it may do is left, and what happens when nothing is. All of it is read off
//! the record, so gateway, enclave and auditor come to the same numbers, also after a crash.

use serde::{Deserialize, Serialize};

use crate::{
    case::PermitCase,
    disclosure::limits::{HELD_OPEN_MAX, OPAQUE_MAX, PERMIT_CELLS_MAX, UNSHOWN_MAX},
};

/// Cells stand in the record rounded up to multiples of this: how many rows a table has exactly is for its readers (A10).
const CELLS_STEP: u64 = 10;

/// What one verdict takes from the permit's budgets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spent {
    /// Numbers that this output shows, rounded up to tens.
    pub cells: u64,
    /// Different measures that are no listed columns, of the whole permit and with this output.
    pub measures: u64,
}

impl Spent {
    /// What an output with so many shown numbers takes, and how many measures the permit has seen with it.
    #[must_use]
    pub fn new(cells: u64, measures: u64) -> Self {
        Self { cells: cells.div_ceil(CELLS_STEP).saturating_mul(CELLS_STEP), measures }
    }

    /// True for a verdict with which nothing is shown.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Numbers in released tables.
    Cells,
    /// Different measures that are no listed columns.
    Measures,
    /// Questions with nothing to show.
    Unshown,
    /// Outputs that wait for output checkers at one time.
    Waiting,
}

/// What happens when nothing is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Then {
    /// People look at each output before it leaves.
    Held,
    /// Such questions are refused.
    Refused,
}

/// One budget of a permit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// What is counted.
    pub kind: Kind,
    /// The limit; its reason stands there.
    pub most: u64,
    /// How much of it is used.
    pub used: u64,
    /// What happens at the limit.
    pub then: Then,
}

impl Budget {
    /// What remains.
    #[must_use]
    pub fn left(&self) -> u64 {
        self.most.saturating_sub(self.used)
    }
}

/// Every budget of a permit of which `waiting` outputs wait for checkers.
#[must_use]
pub fn budgets(case: &PermitCase, waiting: usize) -> [Budget; 4] {
    let of = |kind, most, used, then| Budget { kind, most, used, then };
    [
        of(Kind::Cells, PERMIT_CELLS_MAX, case.cells, Then::Held),
        of(Kind::Measures, OPAQUE_MAX as u64, case.measures, Then::Refused),
        of(Kind::Unshown, UNSHOWN_MAX as u64, case.unshown, Then::Refused),
        of(Kind::Waiting, HELD_OPEN_MAX as u64, waiting as u64, Then::Refused),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_rounded_up_so_that_no_number_is_free() {
        assert_eq!([0, 1, 10, 11, 100_000].map(|n| Spent::new(n, 0).cells), [0, 10, 10, 20, 100_000]);
        assert!(Spent::new(0, 0).is_nothing() && !Spent::new(0, 1).is_nothing());
    }

    #[test]
    fn what_is_overdrawn_leaves_nothing() {
        let budget = Budget { kind: Kind::Cells, most: 10, used: 20, then: Then::Held };
        assert_eq!(budget.left(), 0);
    }
}
