//! Column measures: T1 and T2 on the distances from the median, and a grid about as wide as one person's influence.

use std::cmp::Ordering;

use super::{
    Rules,
    decimal::{Decimal, Grid},
};

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

/// A whole number that people contribute: i64 where that is enough, which is twice as fast, else i128.
pub trait Measure: Copy + Ord + Into<i128> {}

impl Measure for i64 {}
impl Measure for i128 {}
impl Measure for u32 {}

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
    match shown {
        Shown::Sum => {
            let y: Vec<i128> = parts.iter().map(|p| p.sum).collect();
            sum(rules, scale, bounds, &y, shown_people)
        }
        Shown::RowMean => {
            let pairs: Vec<(i128, i128)> = parts.iter().map(|p| (p.sum, i128::from(p.rows))).collect();
            ratio(rules, scale, &pairs)
        }
    }
}

/// SUM: the mean of `y`, one number a person, on its grid, times the people as they are shown.
#[must_use]
pub fn sum<T: Measure>(rules: &Rules, scale: u32, bounds: Option<(i128, i128)>, y: &[T], shown_people: u64) -> Option<Decimal> {
    let n = i128::try_from(y.len()).ok()?;
    if (y.len() as u64) < rules.people_min {
        return None;
    }
    let shown = i128::from(shown_people);
    let mean = match bounds {
        Some((lo, hi)) => {
            let clipped: Vec<i128> = y.iter().map(|v| (*v).into().clamp(lo, hi)).collect();
            passes(rules, &clipped)?;
            Grid::at_least(hi.checked_sub(lo)?, shown, scale)?.round(total(&clipped)?, n, scale)?
        }
        None => {
            passes(rules, y)?;
            let total = total(y)?;
            // The largest deviation from the mean, times n, is at one of the two ends.
            let away = |v: &T| n.checked_mul((*v).into())?.checked_sub(total).map(i128::unsigned_abs);
            let largest = away(y.iter().min()?)?.max(away(y.iter().max()?)?);
            Grid::at_least(i128::try_from(largest).ok()?, n.checked_mul(shown)?, scale)?.round(total, n, scale)?
        }
    };
    Some(Decimal { digits: mean.digits.checked_mul(shown)?, exponent: mean.exponent })
}

/// A mean over rows, or a rate: `sum(s) / sum(m)` for people with contributions `(s, m)`, m the rows that the mean is over.
///
/// The residuals `s - r*m`, scaled by the row total so that they stay integers, are what one person moves: T1, T2 and the grid are
/// about them. Rows alone make residuals differ, so T1 also asks that k people's own means differ from the one that the others
/// share; and a share of rows, where every s lies in 0..=m, needs k people at either end.
#[must_use]
pub fn ratio(rules: &Rules, scale: u32, parts: &[(i128, i128)]) -> Option<Decimal> {
    if (parts.len() as u64) < rules.people_min || parts.iter().any(|(_, m)| *m <= 0) {
        return None;
    }
    let total = parts.iter().try_fold(0i128, |all, (s, _)| all.checked_add(*s))?;
    let rows = parts.iter().try_fold(0i128, |all, (_, m)| all.checked_add(*m))?;
    let k = usize::try_from(rules.people_min).ok()?;
    if scale == 0 && parts.iter().all(|(s, m)| (0..=*m).contains(s)) {
        let at_least_k = |test: fn(&(i128, i128)) -> bool| parts.iter().filter(|p| test(p)).take(k).count() == k;
        if !at_least_k(|(s, _)| *s > 0) || !at_least_k(|(s, m)| s < m) {
            return None;
        }
    }
    own_means_differ(k, parts)?;
    let y = residuals(parts, rows, total)?;
    passes(rules, &y)?;
    // The residuals' mean is 0, so the largest residual is the largest deviation: max|y| / (rows * rows) in real units.
    let largest = y.iter().map(|v| v.unsigned_abs()).max()?;
    Grid::at_least(i128::try_from(largest).ok()?, rows.checked_mul(rows)?, scale)?.round(total, rows, scale)
}

/// What each person moves: `s - r*m`, times the rows.
fn residuals(parts: &[(i128, i128)], rows: i128, total: i128) -> Option<Vec<i128>> {
    parts.iter().map(|(s, m)| times(*s, rows)?.checked_sub(times(total, *m)?)).collect()
}

/// T1 on the people's own means `s / m`.
fn own_means_differ(k: usize, parts: &[(i128, i128)]) -> Option<()> {
    // With one row each, residuals differ exactly where means do.
    if parts.iter().all(|(_, m)| *m == 1) {
        return Some(());
    }
    let same = |a: &(i128, i128), b: &(i128, i128)| by_mean(a, b).is_eq();
    differ(k, parts, same, || median_mean(parts)).then_some(())
}

/// Which of two people's own means is the smaller; rows are at least 1.
fn by_mean(a: &(i128, i128), b: &(i128, i128)) -> Ordering {
    // Four numbers of 64 bits, as nearly always: their products fit.
    if let (Ok(s), Ok(m), Ok(t), Ok(n)) = (i64::try_from(a.0), i64::try_from(a.1), i64::try_from(b.0), i64::try_from(b.1)) {
        return product(s, n).cmp(&product(t, m));
    }
    match (a.0.checked_mul(b.1), b.0.checked_mul(a.1)) {
        (Some(left), Some(right)) => left.cmp(&right),
        // Whole parts first; remainders are below the rows, whose products always fit.
        _ => {
            let parts = |p: &(i128, i128)| (p.0.div_euclid(p.1), p.0.rem_euclid(p.1));
            let ((a_whole, a_rest), (b_whole, b_rest)) = (parts(a), parts(b));
            a_whole.cmp(&b_whole).then_with(|| a_rest.saturating_mul(b.1).cmp(&b_rest.saturating_mul(a.1)))
        }
    }
}

/// The contribution whose own mean is the lower median.
pub(super) fn median_mean(parts: &[(i128, i128)]) -> Option<(i128, i128)> {
    let mut sorted = parts.to_vec();
    let (_, median, _) = sorted.select_nth_unstable_by(parts.len().checked_sub(1)? / 2, by_mean);
    Some(*median)
}

fn total<T: Measure>(y: &[T]) -> Option<i128> {
    y.iter().try_fold(0i128, |all, v| all.checked_add((*v).into()))
}

/// The lower median.
pub(super) fn median<T: Measure>(y: &[T]) -> Option<T> {
    let mut sorted = y.to_vec();
    let (_, median, _) = sorted.select_nth_unstable(y.len().checked_sub(1)? / 2);
    Some(*median)
}

/// The product of two numbers, quickly where both have 64 bits.
pub(super) fn times(a: i128, b: i128) -> Option<i128> {
    match (i64::try_from(a), i64::try_from(b)) {
        (Ok(a), Ok(b)) => Some(product(a, b)),
        _ => a.checked_mul(b),
    }
}

/// The product of two numbers of 64 bits.
fn product(a: i64, b: i64) -> i128 {
    i128::from(a).wrapping_mul(i128::from(b))
}

/// T1 and T2 on the distances from the lower median.
pub(super) fn passes<T: Measure>(rules: &Rules, y: &[T]) -> Option<()> {
    let k = usize::try_from(rules.people_min.max(1)).ok()?;
    if spread_wide(rules.dominance_percent, y) == Some(true) {
        return differ(k, y, |a, b| a == b, || median(y)).then_some(());
    }
    let centre: i128 = median(y)?.into();
    // The k-th largest distance is 0 exactly where fewer than k distances are not.
    let (mut differ, mut rest, mut first, mut second) = (0usize, 0u128, 0u128, 0u128);
    for value in y {
        let distance = (*value).into().abs_diff(centre);
        differ += usize::from(distance > 0);
        rest = rest.checked_add(distance)?;
        if distance > first {
            (first, second) = (distance, first);
        } else if distance > second {
            second = distance;
        }
    }
    let rest = rest.checked_sub(first)?.checked_sub(second)?;
    (differ >= k && remains(rules.dominance_percent, first, rest)).then_some(())
}

/// T1: whether k differ from the median. Where fewer than k of at least 2k differ from one value, that value is the majority's, and
/// one vote finds the only one that can be; sorting is for the few.
fn differ<T: Copy>(k: usize, all: &[T], same: impl Fn(&T, &T) -> bool, median: impl Fn() -> Option<T>) -> bool {
    let common = if all.len() < 2 * k { median() } else { majority(all, &same) };
    common.is_some_and(|common| all.iter().filter(|v| !same(v, &common)).take(k).count() == k)
}

/// The value that more than half have, if any does (Boyer and Moore 1981); otherwise one of them.
fn majority<T: Copy>(all: &[T], same: impl Fn(&T, &T) -> bool) -> Option<T> {
    let (mut candidate, mut votes) = (*all.first()?, 0usize);
    for value in all {
        match (votes, same(value, &candidate)) {
            (0, _) => (candidate, votes) = (*value, 1),
            (_, true) => votes += 1,
            (_, false) => votes -= 1,
        }
    }
    Some(candidate)
}

/// True where T2 holds whatever the median is: the distances from it add up to at least half of those from the mean, and none of
/// them is larger than the range. `None` where that does not say or the numbers are too large to say it in 128 bits.
fn spread_wide<T: Measure>(percent: u64, y: &[T]) -> Option<bool> {
    let (low, high): (i128, i128) = ((*y.iter().min()?).into(), (*y.iter().max()?).into());
    let (n, bits) = (i128::try_from(y.len()).ok()?, |v: i128| u128::BITS - v.unsigned_abs().leading_zeros());
    if bits(low).max(bits(high)) + 2 * bits(n) > 124 {
        return None;
    }
    // Everything is n times as large as it is, so that the mean is whole.
    let total: i128 = y.iter().map(|v| (*v).into()).sum();
    let away: u128 = y.iter().map(|v| (*v).into().wrapping_mul(n).abs_diff(total)).sum();
    let range = high.abs_diff(low).checked_mul(n.unsigned_abs())?;
    Some((away / 2).checked_mul(100)? >= range.checked_mul(u128::from(percent).checked_add(200)?)?)
}

/// True when what remains after the two largest is at least `percent` of the largest.
fn remains(percent: u64, largest: u128, rest: u128) -> bool {
    rest.checked_mul(100).zip(largest.checked_mul(u128::from(percent))).is_some_and(|(rest, limit)| rest >= limit)
}

/// p%-rule on amounts sorted largest first; true when the cell is safe.
#[must_use]
pub fn undominated(percent: u64, sorted: &[u128]) -> bool {
    let largest = sorted.first().copied().unwrap_or(0);
    let rest = sorted.iter().skip(2).try_fold(0u128, |sum, x| sum.checked_add(*x));
    rest.is_some_and(|rest| remains(percent, largest, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: Rules = Rules { people_min: 10, facilities_min: 0, households_min: 0, round_to: 10, dominance_percent: 10 };

    fn parts(values: &[i128]) -> Vec<Contribution> {
        values.iter().map(|v| Contribution { sum: *v, rows: 1 }).collect()
    }

    fn summed(values: &[i128]) -> Option<String> {
        let shown = RULES.round(values.len() as u64);
        let answer = judge(&RULES, 0, Shown::Sum, None, &parts(values), shown);
        let small: Vec<i64> = values.iter().map(|v| i64::try_from(*v).unwrap()).collect();
        assert_eq!(answer, sum(&RULES, 0, None, &small, shown), "both widths are one rule");
        answer.map(|d| d.to_string())
    }

    #[test]
    fn t1_masks_when_fewer_than_k_differ_from_the_shared_value() {
        let mut values = vec![0; 100];
        values[..9].fill(5);
        assert_eq!(summed(&values), None);
        values[9] = 5;
        assert!(summed(&values).is_some());
    }

    #[test]
    fn t2_masks_a_dominated_cell() {
        let mut values: Vec<i128> = (0..30).collect();
        values[0] = 1_000_000;
        assert_eq!(summed(&values), None);
    }

    #[test]
    fn a_sum_is_the_mean_on_its_grid_times_rounded_people() {
        // 20 people, 1..=20: mean 10.5, largest deviation 9.5, 9.5/20 = 0.475 -> grid 0.5 -> mean 10.5 -> 210.
        let values: Vec<i128> = (1..=20).collect();
        assert_eq!(summed(&values), Some("210.0".into()));
    }

    #[test]
    fn a_sum_that_does_not_fit_is_masked() {
        assert_eq!(sum(&RULES, 0, None, &[i128::MAX; 40], 40), None);
        let mut wide: Vec<i128> = (0..40).map(|i| i128::MAX / 2 - i).collect();
        assert_eq!(sum(&RULES, 0, None, &wide, 40), None);
        wide.iter_mut().for_each(|v| *v /= 1 << 70);
        assert_eq!(ratio(&RULES, 0, &wide.iter().map(|v| (*v << 68, 3)).collect::<Vec<_>>()), None);
    }

    #[test]
    fn declared_bounds_clip_and_set_the_grid() {
        let mut values: Vec<i64> = (0..100).collect();
        values[0] = 1_000_000;
        // Clipped to 100: T2 passes, the mean is 50.5 and the grid 100 / 100 = 1.
        assert_eq!(sum(&RULES, 0, Some((0, 100)), &values, 100).map(|d| d.to_string()), Some("5100".into()));
    }

    fn rate(events: u64, rest: u64, rows: i128) -> Option<String> {
        let people = |n: u64, s: i128| (0..n).map(move |_| (s, rows));
        ratio(&RULES, 0, &people(events, rows).chain(people(rest, 0)).collect::<Vec<_>>()).map(|d| d.to_string())
    }

    #[test]
    fn a_rate_needs_k_people_at_either_end() {
        for rows in [1, 3] {
            for (events, rest, shown) in [(0, 100, false), (9, 91, false), (10, 90, true), (90, 10, true), (91, 9, false), (100, 0, false)]
            {
                assert_eq!(rate(events, rest, rows).is_some(), shown, "{events} of {} with {rows} rows each", events + rest);
            }
        }
        assert_eq!(rate(25, 75, 1).as_deref(), Some("0.25"));
    }

    /// T1 and T2 as they are written in the rules, with sorting.
    fn by_the_book(y: &[i128]) -> bool {
        let mut sorted = y.to_vec();
        sorted.sort_unstable();
        let centre = sorted[(y.len() - 1) / 2];
        let mut x: Vec<u128> = y.iter().map(|v| v.abs_diff(centre)).collect();
        x.sort_unstable_by(|a, b| b.cmp(a));
        x[RULES.people_min as usize - 1] > 0 && undominated(RULES.dominance_percent, &x)
    }

    #[test]
    fn the_short_way_says_what_the_rules_say() {
        let mut draw = 1u64;
        let mut next = |below: u64| {
            draw = draw.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (draw >> 33) % below
        };
        let (mut shown, mut short) = (0, 0);
        for case in 0..4000 {
            let n = 10 + next(60) as usize;
            let kinds = 1 + next(4);
            let mut y: Vec<i128> = (0..n).map(|_| i128::from(next(kinds)) * 1000).collect();
            // A few who differ, and now and then a giant.
            for _ in 0..next(14) {
                let place = next(n as u64) as usize;
                y[place] = i128::from(next(50)) * if next(6) == 0 { 1_000_000 } else { 100 } - 2000;
            }
            let book = by_the_book(&y);
            assert_eq!(passes(&RULES, &y).is_some(), book, "case {case}: {y:?}");
            let small: Vec<i64> = y.iter().map(|v| i64::try_from(*v).unwrap()).collect();
            assert_eq!(passes(&RULES, &small).is_some(), book, "case {case}: {y:?}");
            shown += usize::from(book);
            short += usize::from(spread_wide(RULES.dominance_percent, &y) == Some(true));
        }
        assert!(shown > 500 && short > 500 && shown < 3500, "{shown} shown, {short} the short way");
    }

    #[test]
    fn rows_alone_do_not_make_people_differ() {
        // Everybody's mean is 7, over 1..=5 rows: the residuals are 0, and so they are if three people's mean is not.
        let mut parts: Vec<(i128, i128)> = (0..100).map(|i| (7 * (1 + i % 5), 1 + i % 5)).collect();
        assert_eq!(ratio(&RULES, 0, &parts), None);
        for (i, part) in parts.iter_mut().take(9).enumerate() {
            part.0 += 1 + i as i128;
        }
        assert_eq!(ratio(&RULES, 0, &parts), None, "nine differ; the residuals of all do, by their rows");
        parts[9].0 += 5;
        assert!(ratio(&RULES, 0, &parts).is_some());
    }

    #[test]
    fn as_many_more_rows_of_everybody_change_no_mean() {
        let parts: Vec<(i128, i128)> = (0..200).map(|i| (i * 37 % 101 * (1 + i % 3), 1 + i % 3)).collect();
        let base = ratio(&RULES, 2, &parts);
        assert!(base.is_some());
        for m in [2, 5, 100] {
            assert_eq!(ratio(&RULES, 2, &parts.iter().map(|(s, r)| (s * m, r * m)).collect::<Vec<_>>()), base);
        }
    }
}
