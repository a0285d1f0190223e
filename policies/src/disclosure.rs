//! Disclosure rules as pure arithmetic on one cell: T0-T2 and grids (the exact rule is in ARCHITECTURE.md, "The gate").
//!
//! Everything is exact integer arithmetic, so a cell's answer does not depend on row order or partitions.

use serde::{Deserialize, Serialize};

#[cfg(test)]
mod accuracy;
mod decimal;
mod measure;
mod moment;
mod opaque;
mod quantile;
mod spread;

pub use decimal::Decimal;
pub use measure::{Measure, ratio, sum};
pub use moment::{Products, leverage_ok, moment, opaque_moment};
pub use opaque::{opaque_mean, opaque_sum};
pub use quantile::{distinct_shared, quantile};
pub use spread::undominated;

pub use crate::rules::{Applied, RulePack, rule_pack};

use crate::audit::Range;

/// Where people are together: told as little as the people themselves, so a minimum of them stands behind what is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Site {
    /// 施設: who treats or cares for them.
    Facility,
    /// 世帯: whom they live with.
    Household,
}

impl Site {
    /// What it is called in keys, tokens and plans.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Facility => "facility",
            Self::Household => "household",
        }
    }
}

/// The thresholds of one database; strictest wins when a query joins several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// Fewest people behind anything shown.
    pub people_min: u64,
    /// Fewest facilities behind anything shown; 0 where the database has no such rule (NDB).
    pub facilities_min: u64,
    /// Fewest households behind anything shown of a table that has a household key; 0 without such a rule. A pack says it with its
    /// source under `[households]`; see [`RulePack::thresholds`].
    #[serde(skip)]
    pub households_min: u64,
    /// Counts of people are rounded to multiples of this.
    pub round_to: u64,
    /// p of the p%-rule, in percent: what remains after the two largest must be at least this share of the largest.
    pub dominance_percent: u64,
}

impl Rules {
    /// The stricter of two rule sets, threshold by threshold.
    #[must_use]
    pub fn strictest(self, other: Self) -> Self {
        Self {
            people_min: self.people_min.max(other.people_min),
            facilities_min: self.facilities_min.max(other.facilities_min),
            households_min: self.households_min.max(other.households_min),
            round_to: self.round_to.max(other.round_to),
            dominance_percent: self.dominance_percent.max(other.dominance_percent),
        }
    }

    /// Fewest sites of this kind behind anything shown.
    #[must_use]
    pub fn sites_min(&self, site: Site) -> u64 {
        match site {
            Site::Facility => self.facilities_min,
            Site::Household => self.households_min,
        }
    }

    /// T0: enough people stand behind a cell, and enough sites of each kind that is counted.
    #[must_use]
    pub fn enough(&self, people: u64, sites: impl IntoIterator<Item = (Site, u64)>) -> bool {
        people >= self.people_min && sites.into_iter().all(|(site, n)| n >= self.sites_min(site))
    }

    /// `n` rounded to the base, halves up.
    #[must_use]
    pub fn round(&self, n: u64) -> u64 {
        let base = self.round_to.max(1);
        n.saturating_add(base / 2) / base * base
    }

    /// How many people a reader knows to be behind a number of people that is shown.
    #[must_use]
    pub fn behind(&self, shown: u64) -> Range {
        let base = self.round_to.max(1);
        let whole = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        let low = shown.saturating_sub(base / 2).max(self.people_min);
        Range { low: whole(low), high: whole(shown.saturating_add(base - 1 - base / 2)) }
    }
}

/// The stated limits of this law, each with its unit and reason.
pub mod limits {
    /// Bytes of one SQL text: larger than any hand-written query, small enough to parse at once.
    pub const SQL_MAX_BYTES: usize = 16_384;
    /// Guests bound to one permit: more than a study has functions, few enough that a list of them is read.
    pub const GUESTS_MAX: usize = 32;
    /// Code lists bound to one permit: more than a study has kinds of codes, few enough that they are all read.
    pub const CODES_MAX: usize = 32;
    /// Bytes of the name in SQL of what is bound to a permit: a few words.
    pub const BOUND_NAME_MAX_BYTES: usize = 32;
    /// Bytes of the name of a code list's column: named like the list itself.
    pub const CODES_NAME_MAX_BYTES: usize = BOUND_NAME_MAX_BYTES;
    /// Bytes of a code list's file: what ten thousand codes with their titles come to.
    pub const CODES_FILE_MAX_BYTES: usize = 1 << 20;
    /// Rows of a code list: every drug of a price list is fewer. They stand in the plan, so they are planned each time.
    pub const CODES_ROWS_MAX: usize = 10_000;
    /// Columns of a code list: a code and several ways to group it.
    pub const CODES_COLUMNS_MAX: usize = 8;
    /// Bytes of a cell of a code list: a title of twenty Japanese characters, no text of its own.
    pub const CODES_CELL_MAX_BYTES: usize = 64;
    /// Upper less lower end of what a reader may know of a small group, people: half of what `<k` leaves at k = 10.
    pub const AUDIT_WIDTH: i64 = 5;
    /// People whose groups are all looked at by every new table: a cohort of a few hospitals. Of more people, the new table's small
    /// groups are.
    pub const AUDIT_PEOPLE_MAX: usize = 20_000;
    /// Rows of one table with too few people, each a group to be left open: as many as an output may have cells. What takes too long is held
    /// by the steps.
    pub const AUDIT_ABSENT_MAX: usize = 100_000;
    /// Facts that one table's search for worlds looks at, over all its groups: about thirty seconds. Where that does not suffice, a person
    /// must look.
    pub const AUDIT_STEPS_MAX: u64 = 5_000_000_000;
    /// Beginnings of the search for one group: later ones start where earlier ones ended, and rarely find what those did not.
    pub const AUDIT_TRIES: usize = 4;
    /// Moves of one beginning: rings in tables of several dimensions are mended in tens.
    pub const AUDIT_MENDS: usize = 150;
    /// Cells that hang together by several sums in a published table: more than one of every prefecture, year and month has.
    pub const AUDIT_CELLS_MAX: usize = 5_000;
    /// Milliseconds for one end of one hidden cell's interval: somebody waits, and what is not computed is no pass.
    pub const AUDIT_END_MAX_MS: u64 = 2_000;
    /// Pre-flights of one person that may wait for their answer: a few windows, and no queue that runs would have to wait behind.
    pub const PREFLIGHTS_OPEN_MAX: usize = 3;

    /// Repetitions of one auditor that may wait at a time: each is a run.
    pub const RERUNS_OPEN_MAX: usize = 4;
    /// Outputs of one permit that may wait for output checkers: what people can look at, and few answers that no ledger knows yet.
    pub const HELD_OPEN_MAX: usize = 20;
    /// Numbers in released tables of one permit that the machine lets out by itself: ten of the largest outputs. A study has thousands;
    /// what a million together say no rule covers, so people look at each output from there on (A14).
    pub const PERMIT_CELLS_MAX: u64 = 1_000_000;
    /// Different released sets that one person may be in before the auditor is told: a study of a year by month, age and area has some
    /// dozens (A4).
    pub const EXPOSURE_ALERT: u64 = 300;
    /// The same, of one permit's own releases, before people look at each of its outputs: no study that we know comes near it.
    pub const EXPOSURE_HOLD: u64 = 1_000;
    /// Part of such limits by which their borders lie lower, nobody outside knows how far: whether one more set has a person in it
    /// shows with a chance of one in thirty at the alert, and one in a hundred at the hold, each once in the life of a permit.
    pub const EXPOSURE_BLUR: u64 = 10;
    /// Different numbers that are hidden from one permit because of others before the auditor is told: each tells at most one bit about a
    /// group of fewer than k, and a study of forty tables meets some dozens.
    pub const HIDDEN_ALERT: u64 = 100;
    /// The same before people look at each of its outputs.
    pub const HIDDEN_HOLD: u64 = 200;
    /// One in so many releases of the machine alone is drawn for a checker's later look: some a week in a busy month, which one person
    /// can read with care; a fault that shows in every tenth release is met within forty, most likely.
    pub const SAMPLED_ONE_IN: u64 = 20;
    /// Questions of one permit that may end with nothing to show. Each tells at most one bit about a threshold.
    pub const UNSHOWN_MAX: usize = 20;
    /// Different questions in a row with nothing to show that are marked for the auditor: somebody who gets nothing makes groups larger,
    /// and has something after one or two; a search for a border goes on.
    pub const PROBING_ROW: u64 = 5;
    /// The same in all, whatever comes in between: half of what stops the permit.
    pub const PROBING_UNSHOWN: u64 = UNSHOWN_MAX as u64 / 2;
    /// Different opaque measures (formulas with their numbers) that one permit is shown: more than a study has formulas, few enough
    /// that unlike ones do not add up to somebody's value (A3).
    pub const OPAQUE_MAX: usize = 20;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_round_halves_up() {
        let rules = Rules { people_min: 10, facilities_min: 0, households_min: 0, round_to: 10, dominance_percent: 10 };
        assert_eq!([14, 15, 24, 25].map(|n| rules.round(n)), [10, 20, 20, 30]);
        for n in 10..200 {
            let (shown, behind) = (rules.round(n), rules.behind(rules.round(n)));
            let fits: Vec<u64> = (10..300).filter(|m| rules.round(*m) == shown).collect();
            assert_eq!(fits.first().zip(fits.last()), Some((&(behind.low as u64), &(behind.high as u64))), "{n}");
        }
    }
}
