//! Disclosure rules as pure arithmetic on one cell: T0-T2 and grids (the exact rule is in ARCHITECTURE.md, "The gate").
//!
//! Everything is exact integer arithmetic, so a cell's answer does not depend on row order or partitions.

use serde::{Deserialize, Serialize};

pub use crate::rules::{Applied, RulePack, rule_pack};

/// The thresholds of one database; strictest wins when a query joins several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// Fewest people behind anything shown.
    pub people_min: u64,
    /// Fewest facilities behind anything shown; 0 where the database has no such rule (NDB).
    pub facilities_min: u64,
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
            round_to: self.round_to.max(other.round_to),
            dominance_percent: self.dominance_percent.max(other.dominance_percent),
        }
    }

    /// `n` rounded to the base, halves up.
    #[must_use]
    pub fn round(&self, n: u64) -> u64 {
        let base = self.round_to.max(1);
        n.saturating_add(base / 2) / base * base
    }
}

/// A decimal number `digits * 10^exponent`: what a released value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decimal {
    /// Digits with sign.
    pub digits: i128,
    /// Power of ten.
    pub exponent: i32,
}

impl std::fmt::Display for Decimal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sign = if self.digits < 0 { "-" } else { "" };
        let digits = self.digits.unsigned_abs().to_string();
        if self.exponent >= 0 {
            let zeros = if self.digits == 0 { 0 } else { usize::try_from(self.exponent).unwrap_or(0) };
            return write!(f, "{sign}{digits}{}", "0".repeat(zeros));
        }
        let places = usize::try_from(self.exponent.unsigned_abs()).unwrap_or(0);
        let padded = format!("{digits:0>width$}", width = places + 1);
        let (whole, fraction) = padded.split_at(padded.len() - places);
        write!(f, "{sign}{whole}.{fraction}")
    }
}

/// How a measure is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// Mean per person times rounded people: SUM, and COUNT(*).
    Sum,
    /// Mean over rows: AVG.
    RowMean,
}

/// One person's contribution to a cell: exact sum over the rows and number of rows that have a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contribution {
    /// Sum over the person's rows, in units of 10^-scale.
    pub sum: i128,
    /// Rows with a value.
    pub rows: u64,
}

/// The answer for one measure of one cell, or `None` for `<k`.
///
/// `shown_people` is the number of people as it is shown (rounded, or as released before).
///
/// T0: fewer than k people contribute. T1: fewer than k differ from the value that the others share. T2: p%-rule on the
/// distances from the median. Then the grid, about as wide as one person's influence.
#[must_use]
pub fn judge(
    rules: &Rules,
    scale: u32,
    shown: Shown,
    bounds: Option<(i128, i128)>,
    parts: &[Contribution],
    shown_people: u64,
) -> Option<Decimal> {
    let n = parts.len() as u64;
    if n < rules.people_min {
        return None;
    }
    match shown {
        Shown::Sum => {
            let clip = |y: i128| bounds.map_or(y, |(lo, hi)| y.clamp(lo, hi));
            let y: Vec<i128> = parts.iter().map(|p| clip(p.sum)).collect();
            let mean = on_grid(rules, scale, &y, i128::from(n), i128::from(shown_people), bounds)?;
            Some(Decimal { digits: mean.digits.checked_mul(i128::from(shown_people))?, exponent: mean.exponent })
        }
        Shown::RowMean => row_mean(rules, scale, parts),
    }
}

/// AVG over rows: the residuals `s_i - r*m_i`, scaled by the row total so that they stay integers, are what one person moves.
fn row_mean(rules: &Rules, scale: u32, parts: &[Contribution]) -> Option<Decimal> {
    let rows: i128 = parts.iter().map(|p| i128::from(p.rows)).sum();
    let total: i128 = parts.iter().map(|p| p.sum).sum();
    let residual = |p: &Contribution| p.sum.checked_mul(rows)?.checked_sub(total.checked_mul(i128::from(p.rows))?);
    let y = parts.iter().map(residual).collect::<Option<Vec<i128>>>()?;
    passes(rules, &y)?;
    // The residuals' mean is 0, so the largest residual is the largest deviation: max|y| / (rows * rows) in real units.
    let largest = y.iter().map(|v| v.unsigned_abs()).max()?;
    let grid = Grid::at_least(i128::try_from(largest).ok()?, rows.checked_mul(rows)?, scale)?;
    grid.round(total, rows, scale)
}

/// Mean of `y` on its grid, in real units. Deviations from the mean are compared as `|n*y - sum|`.
fn on_grid(rules: &Rules, scale: u32, y: &[i128], n: i128, rounded: i128, bounds: Option<(i128, i128)>) -> Option<Decimal> {
    passes(rules, y)?;
    let total: i128 = y.iter().sum();
    let grid = match bounds {
        Some((lo, hi)) => Grid::at_least(hi.checked_sub(lo)?, rounded, scale)?,
        None => {
            let deviation = |v: &i128| Some(n.checked_mul(*v)?.checked_sub(total)?.unsigned_abs());
            let all = y.iter().map(deviation).collect::<Option<Vec<u128>>>()?;
            Grid::at_least(i128::try_from(all.into_iter().max()?).ok()?, n.checked_mul(rounded)?, scale)?
        }
    };
    grid.round(total, n, scale)
}

/// T1 and T2 on the distances from the lower median.
fn passes(rules: &Rules, y: &[i128]) -> Option<()> {
    let mut sorted = y.to_vec();
    sorted.sort_unstable();
    let median = *sorted.get(sorted.len().checked_sub(1)? / 2)?;
    let mut distance: Vec<u128> = y.iter().map(|v| v.abs_diff(median)).collect();
    distance.sort_unstable_by(|a, b| b.cmp(a));
    let kth = usize::try_from(rules.people_min.max(1) - 1).ok()?;
    if *distance.get(kth)? == 0 {
        return None;
    }
    undominated(rules.dominance_percent, &distance).then_some(())
}

/// p%-rule on amounts sorted largest first; true when the cell is safe.
#[must_use]
pub fn undominated(percent: u64, sorted: &[u128]) -> bool {
    let largest = sorted.first().copied().unwrap_or(0);
    let rest = sorted.iter().skip(2).try_fold(0u128, |sum, x| sum.checked_add(*x));
    match (rest.and_then(|r| r.checked_mul(100)), largest.checked_mul(u128::from(percent))) {
        (Some(rest), Some(limit)) => rest >= limit,
        _ => false,
    }
}

/// A step of {1,2,5} * 10^exponent in real units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Grid {
    mantissa: i128,
    exponent: i32,
}

/// Powers of ten that fit in an i128.
fn power(n: u32) -> Option<i128> {
    10i128.checked_pow(n)
}

impl Grid {
    /// The smallest step that is at least `numerator / denominator` units of 10^-scale.
    fn at_least(numerator: i128, denominator: i128, scale: u32) -> Option<Self> {
        if numerator <= 0 || denominator <= 0 {
            return None;
        }
        // Start a power of ten below the ratio and climb the ladder; at most a few dozen steps.
        let mut exponent = i32::try_from(numerator.ilog10()).ok()? - i32::try_from(denominator.ilog10()).ok()? - 2;
        loop {
            for mantissa in [1, 2, 5] {
                let reached = match exponent {
                    e if e >= 0 => {
                        power(e.unsigned_abs()).and_then(|p| denominator.checked_mul(mantissa * p)).is_none_or(|step| step >= numerator)
                    }
                    e => power(e.unsigned_abs())
                        .and_then(|p| numerator.checked_mul(p))
                        .is_some_and(|n| denominator.checked_mul(mantissa).is_none_or(|d| d >= n)),
                };
                if reached {
                    return Some(Self { mantissa, exponent: exponent - i32::try_from(scale).ok()? });
                }
            }
            exponent += 1;
        }
    }

    /// `numerator / denominator` units of 10^-scale on this grid, halves away from zero.
    fn round(self, numerator: i128, denominator: i128, scale: u32) -> Option<Decimal> {
        let shift = self.exponent + i32::try_from(scale).ok()?;
        let (mut top, mut bottom) = (numerator, denominator.checked_mul(self.mantissa)?);
        let p = power(shift.unsigned_abs())?;
        if shift >= 0 {
            bottom = bottom.checked_mul(p)?
        } else {
            top = top.checked_mul(p)?
        }
        let half_up = top.unsigned_abs().checked_mul(2)?.checked_add(bottom.unsigned_abs())? / bottom.unsigned_abs().checked_mul(2)?;
        let steps = i128::try_from(half_up).ok()? * top.signum();
        Some(Decimal { digits: steps.checked_mul(self.mantissa)?, exponent: self.exponent })
    }
}

/// The stated limits of this law, each with its unit and reason.
pub mod limits {
    /// Bytes of one SQL text: larger than any hand-written query, small enough to parse at once.
    pub const SQL_MAX_BYTES: usize = 16_384;
    /// Guests bound to one permit: more than a study has functions, few enough that a list of them is read.
    pub const GUESTS_MAX: usize = 32;
    /// Bytes of a guest's name in SQL.
    pub const GUEST_NAME_MAX_BYTES: usize = 32;
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: Rules = Rules { people_min: 10, facilities_min: 0, round_to: 10, dominance_percent: 10 };

    fn parts(values: &[i128]) -> Vec<Contribution> {
        values.iter().map(|v| Contribution { sum: *v, rows: 1 }).collect()
    }

    #[test]
    fn counts_round_halves_up() {
        assert_eq!([14, 15, 24, 25].map(|n| RULES.round(n)), [10, 20, 20, 30]);
    }

    #[test]
    fn t1_masks_when_fewer_than_k_differ_from_the_shared_value() {
        let mut values = vec![0; 100];
        values[..9].fill(5);
        assert_eq!(judge(&RULES, 0, Shown::Sum, None, &parts(&values), RULES.round(values.len() as u64)), None);
        values[9] = 5;
        assert!(judge(&RULES, 0, Shown::Sum, None, &parts(&values), RULES.round(values.len() as u64)).is_some());
    }

    #[test]
    fn t2_masks_a_dominated_cell() {
        let mut values: Vec<i128> = (0..30).collect();
        values[0] = 1_000_000;
        assert_eq!(judge(&RULES, 0, Shown::Sum, None, &parts(&values), RULES.round(values.len() as u64)), None);
    }

    #[test]
    fn the_grid_is_the_next_step_of_the_ladder() {
        assert_eq!(Grid::at_least(21, 10, 0), Some(Grid { mantissa: 5, exponent: 0 }));
        assert_eq!(Grid::at_least(2, 1, 0), Some(Grid { mantissa: 2, exponent: 0 }));
        assert_eq!(Grid::at_least(7, 1000, 2), Some(Grid { mantissa: 1, exponent: -4 }));
        assert_eq!(Grid::at_least(51, 1, 0), Some(Grid { mantissa: 1, exponent: 2 }));
    }

    #[test]
    fn a_sum_is_the_mean_on_its_grid_times_rounded_people() {
        // 20 people, 1..=20: mean 10.5, largest deviation 9.5, 9.5/20 = 0.475 -> grid 0.5 -> mean 10.5 -> 210.
        let values: Vec<i128> = (1..=20).collect();
        assert_eq!(
            judge(&RULES, 0, Shown::Sum, None, &parts(&values), RULES.round(values.len() as u64)).map(|d| d.to_string()),
            Some("210.0".into())
        );
    }

    #[test]
    fn decimals_print_every_place() {
        assert_eq!(Decimal { digits: -5, exponent: -2 }.to_string(), "-0.05");
        assert_eq!(Decimal { digits: 12, exponent: 2 }.to_string(), "1200");
        assert_eq!(Decimal { digits: 70, exponent: -1 }.to_string(), "7.0");
    }
}
