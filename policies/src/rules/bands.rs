//! Bands (区分): values that are shown only in groups of a width, with the tails together.

use serde::{Deserialize, Serialize};

use super::ColumnRole;

/// How fine the values of one role may be shown. Bands start at multiples of the width.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Band {
    /// Of which columns.
    pub role: ColumnRole,
    /// Width of a band, in the column's unit.
    pub width: i64,
    /// All values up to this are one band.
    #[serde(default)]
    pub low: Option<i64>,
    /// All values from this on are one band.
    #[serde(default)]
    pub high: Option<i64>,
    /// Where the rule stands.
    pub source: String,
}

impl Band {
    /// What is wrong with it.
    pub(super) fn fault(&self) -> Option<&'static str> {
        let numbers = matches!(self.role, ColumnRole::Age | ColumnRole::BirthWeight | ColumnRole::DeathHour);
        let tails = matches!((self.low, self.high), (Some(low), Some(high)) if low >= high);
        if !numbers {
            return Some("[[bands]] are of `age` (which holds for `birth_month` too), `birth_weight` or `death_hour`");
        }
        (self.width < 1 || tails).then_some("a band of [[bands]] is at least 1 wide, and `low` lies below `high`")
    }

    /// First and last value of the band that `value` is in; a tail reaches to the end of the numbers.
    #[must_use]
    pub fn of(&self, value: i64) -> (i64, i64) {
        let (low, high) = (self.low.unwrap_or(i64::MIN), self.high.unwrap_or(i64::MAX));
        if self.low.is_some() && value <= low {
            return (i64::MIN, low);
        }
        if self.high.is_some() && value >= high {
            return (high, i64::MAX);
        }
        let width = self.width.max(1);
        let start = value.div_euclid(width).saturating_mul(width);
        (start.max(low.saturating_add(1)), start.saturating_add(width - 1).min(high.saturating_sub(1)))
    }

    /// The bands of a column whose values go from `lo` to `hi`, in order: what a key of this role is grouped by.
    #[must_use]
    pub fn cuts(&self, lo: i64, hi: i64) -> Vec<(i64, i64)> {
        let mut out = Vec::new();
        let mut next = lo;
        while next <= hi {
            let (_, last) = self.of(next);
            let last = last.min(hi);
            out.push((next, last));
            match last.checked_add(1) {
                Some(after) => next = after,
                None => break,
            }
        }
        out
    }

    /// The band of `value` as it is written in a table.
    #[must_use]
    pub fn label(&self, value: i64) -> String {
        match self.of(value) {
            (i64::MIN, last) => format!("<={last}"),
            (first, i64::MAX) => format!(">={first}"),
            (first, last) if first == last => first.to_string(),
            (first, last) => format!("{first}-{last}"),
        }
    }

    /// True when the values from `first` to `last` are whole bands, as far as values lie between `lo` and `hi` at all.
    #[must_use]
    pub fn whole(&self, (first, last): (i64, i64), (lo, hi): (i64, i64)) -> bool {
        (first <= lo || self.of(first).0 == first) && (last >= hi || self.of(last).1 == last)
    }

    /// True where every value from `lo` to `hi` is a band of its own: then there is nothing to put together.
    #[must_use]
    pub fn is_each_value(&self, (lo, hi): (i64, i64)) -> bool {
        self.width == 1 && self.low.is_none_or(|low| low <= lo) && self.high.is_none_or(|high| hi <= high)
    }

    /// What a researcher writes to group a column by these bands: each is called by its first value.
    #[must_use]
    pub fn sql(&self, column: &str, (lo, hi): (i64, i64)) -> String {
        let low = self.low.filter(|low| *low > lo).map(|low| format!("WHEN {column} <= {low} THEN {} ", lo.max(0)));
        let high = self.high.filter(|high| *high < hi).map(|high| format!("WHEN {column} >= {high} THEN {high} "));
        let inner = if self.width == 1 { column.to_owned() } else { format!("{column} / {0} * {0}", self.width) };
        match [low, high].into_iter().flatten().collect::<String>() {
            none if none.is_empty() => inner,
            tails => format!("CASE {tails}ELSE {inner} END"),
        }
    }

    /// A band that both rules allow: every edge of it is an edge of each.
    pub(super) fn strictest(&self, other: &Self) -> Self {
        Self {
            role: self.role,
            width: common_multiple(self.width, other.width),
            low: self.low.max(other.low),
            high: match (self.high, other.high) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            },
            source: format!("{}; {}", self.source, other.source),
        }
    }
}

fn common_multiple(a: i64, b: i64) -> i64 {
    let (mut x, mut y) = (a.max(1), b.max(1));
    while y != 0 {
        (x, y) = (y, x % y);
    }
    (a.max(1) / x).saturating_mul(b.max(1))
}
