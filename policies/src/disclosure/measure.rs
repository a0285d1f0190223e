//! Column measures: T1 and T2 on the distances from the median, and a grid about as wide as one person's influence.

use std::cmp::Ordering;

use super::{
    Rules,
    decimal::{Decimal, Grid},
    spread::{self, passes},
};

/// A whole number that people contribute: 64 bits where that is enough, which is several times as fast.
pub trait Measure: Copy + Ord + Into<i128> {
    /// The same in 64 bits; only meant for numbers that fit.
    fn narrow(self) -> i64;
}

impl Measure for i64 {
    #[inline]
    fn narrow(self) -> i64 {
        self
    }
}

impl Measure for i128 {
    #[inline]
    fn narrow(self) -> i64 {
        self as i64
    }
}

impl Measure for u32 {
    #[inline]
    fn narrow(self) -> i64 {
        self.into()
    }
}

/// SUM: the mean of `y`, one number a person, on its grid, times the people as they are shown (rounded, or as released before).
/// `None` stands for `<k`.
///
/// T0: fewer than k people contribute. T1: fewer than k differ from the value that the others share. T2: p%-rule on the distances
/// from the median. Then the grid, about as wide as one person's influence.
#[must_use]
pub fn sum<T: Measure>(rules: &Rules, scale: u32, bounds: Option<(i128, i128)>, y: &[T], shown_people: u64) -> Option<Decimal> {
    let n = i128::try_from(y.len()).ok()?;
    if (y.len() as u64) < rules.people_min {
        return None;
    }
    let (shown, (low, high)) = (i128::from(shown_people), ends(y)?);
    let at = |i: usize| y.get(i).map_or(0, |v| (*v).into());
    let mean = match bounds {
        Some((lo, hi)) => {
            let clipped = |i: usize| at(i).clamp(lo, hi);
            passes(rules, y.len(), clipped, (low.clamp(lo, hi), high.clamp(lo, hi)))?;
            let total = (0..y.len()).try_fold(0i128, |all, i| all.checked_add(clipped(i)))?;
            Grid::at_least(hi.checked_sub(lo)?, shown, scale)?.round(total, n, scale)?
        }
        None => {
            passes(rules, y.len(), at, (low, high))?;
            let total = total(y, (low, high))?;
            // The largest deviation from the mean, times n, is at one of the two ends.
            let away = |v: i128| n.checked_mul(v)?.checked_sub(total).map(i128::unsigned_abs);
            let largest = away(low)?.max(away(high)?);
            Grid::at_least(i128::try_from(largest).ok()?, n.checked_mul(shown)?, scale)?.round(total, n, scale)?
        }
    };
    Some(Decimal { digits: mean.digits.checked_mul(shown)?, exponent: mean.exponent })
}

/// A mean over rows, or a rate: `sum(s) / sum(m)` for people with contributions `s` over `m` rows.
///
/// The residuals `s - r*m`, scaled by the row total so that they stay integers, are what one person moves: T1, T2 and the grid are
/// about them. Rows alone make residuals differ, so T1 also asks that k people's own means differ from the one that the others
/// share; and a share of rows, where every s lies in 0..=m, needs k people at either end.
#[must_use]
pub fn ratio<T: Measure>(rules: &Rules, scale: u32, s: &[T], m: &[u32]) -> Option<Decimal> {
    let (n, k) = (s.len(), usize::try_from(rules.people_min).ok()?);
    if n < k || m.len() != n || m.iter().min() == Some(&0) {
        return None;
    }
    let (s_ends, m_ends) = (ends(s)?, ends(m)?);
    let (total, rows) = (total(s, s_ends)?, total(m, m_ends)?);
    if scale == 0 && !both_ends(k, s, m, s_ends) {
        return None;
    }
    // With one row each, residuals differ exactly where means do.
    if m_ends.1 > 1 && !spread::differ(k, n, |a, b| by_mean(part(s, m, a), part(s, m, b))) {
        return None;
    }
    let line = Line { s, m, rows, total };
    let (low, high) = line.ends(s_ends, m_ends)?;
    passes(rules, n, |i| line.at(i), (low, high))?;
    // The residuals' mean is 0, so the largest residual is the largest deviation: max|y| / (rows * rows) in real units.
    let largest = low.unsigned_abs().max(high.unsigned_abs());
    Grid::at_least(i128::try_from(largest).ok()?, rows.checked_mul(rows)?, scale)?.round(total, rows, scale)
}

/// What each person moves: `s - r*m`, times the rows.
struct Line<'a, T> {
    s: &'a [T],
    m: &'a [u32],
    rows: i128,
    total: i128,
}

impl<T: Measure> Line<'_, T> {
    /// Of one person; exact once [`Line::ends`] answered.
    fn at(&self, place: usize) -> i128 {
        let (s, m) = part(self.s, self.m, place);
        s.wrapping_mul(self.rows).wrapping_sub(self.total.wrapping_mul(m))
    }

    /// The smallest and the largest; `None` where they could leave 128 bits.
    fn ends(&self, (low, high): (i128, i128), (_, most): (i128, i128)) -> Option<(i128, i128)> {
        let size = i128::try_from(low.unsigned_abs().max(high.unsigned_abs())).ok()?;
        let largest = size.checked_mul(self.rows)?.checked_add(self.total.checked_abs()?.checked_mul(most)?)?;
        if i64::try_from(largest).is_err() {
            let all = || (0..self.s.len()).map(|i| self.at(i));
            return Some((all().min()?, all().max()?));
        }
        let (rows, total) = (self.rows.narrow(), self.total.narrow());
        let all = self.s.iter().zip(self.m).map(|(s, m)| s.narrow().wrapping_mul(rows).wrapping_sub(total.wrapping_mul(m.narrow())));
        let (low, high) = all.fold((i64::MAX, i64::MIN), |(low, high), y| (low.min(y), high.max(y)));
        Some((low.into(), high.into()))
    }
}

/// Whether k people are at either end of a share of rows; true of what is no share.
fn both_ends<T: Measure>(k: usize, s: &[T], m: &[u32], (low, _): (i128, i128)) -> bool {
    let parts = || (0..s.len()).map(|i| part(s, m, i));
    let at_least_k = |test: fn(&(i128, i128)) -> bool| parts().filter(test).take(k).count() == k;
    low < 0 || parts().any(|(s, m)| s > m) || (at_least_k(|(s, _)| *s > 0) && at_least_k(|(s, m)| s < m))
}

/// A person's sum and rows.
fn part<T: Measure>(s: &[T], m: &[u32], place: usize) -> (i128, i128) {
    (s.get(place).map_or(0, |s| (*s).into()), m.get(place).map_or(1, |m| (*m).into()))
}

/// Which of two people's own means is the smaller; rows are at least 1.
pub(super) fn by_mean(a: (i128, i128), b: (i128, i128)) -> Ordering {
    // Four numbers of 64 bits, as nearly always: their products fit.
    if let (Ok(s), Ok(m), Ok(t), Ok(n)) = (i64::try_from(a.0), i64::try_from(a.1), i64::try_from(b.0), i64::try_from(b.1)) {
        return product(s, n).cmp(&product(t, m));
    }
    match (a.0.checked_mul(b.1), b.0.checked_mul(a.1)) {
        (Some(left), Some(right)) => left.cmp(&right),
        // Whole parts first; remainders are below the rows, whose products always fit.
        _ => {
            let parts = |p: (i128, i128)| (p.0.div_euclid(p.1), p.0.rem_euclid(p.1));
            let ((a_whole, a_rest), (b_whole, b_rest)) = (parts(a), parts(b));
            a_whole.cmp(&b_whole).then_with(|| a_rest.saturating_mul(b.1).cmp(&b_rest.saturating_mul(a.1)))
        }
    }
}

/// The smallest and the largest.
pub(super) fn ends<T: Measure>(all: &[T]) -> Option<(i128, i128)> {
    let first = *all.first()?;
    let (low, high) = all.iter().fold((first, first), |(low, high), v| (low.min(*v), high.max(*v)));
    Some((low.into(), high.into()))
}

/// The sum of numbers that lie between these ends.
pub(super) fn total<T: Measure>(all: &[T], (low, high): (i128, i128)) -> Option<i128> {
    let most = low.unsigned_abs().max(high.unsigned_abs()).checked_mul(all.len() as u128);
    if most.is_some_and(|most| i64::try_from(most).is_ok()) {
        return Some(all.iter().fold(0i64, |sum, v| sum.wrapping_add(v.narrow())).into());
    }
    all.iter().try_fold(0i128, |sum, v| sum.checked_add((*v).into()))
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

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: Rules = Rules { people_min: 10, facilities_min: 0, households_min: 0, round_to: 10, dominance_percent: 10 };

    fn summed(values: &[i128]) -> Option<String> {
        let shown = RULES.round(values.len() as u64);
        let answer = sum(&RULES, 0, None, values, shown);
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
        assert_eq!(mean(0, &wide.iter().map(|v| (*v << 68, 3)).collect::<Vec<_>>()), None);
    }

    #[test]
    fn declared_bounds_clip_and_set_the_grid() {
        let mut values: Vec<i64> = (0..100).collect();
        values[0] = 1_000_000;
        // Clipped to 100: T2 passes, the mean is 50.5 and the grid 100 / 100 = 1.
        assert_eq!(sum(&RULES, 0, Some((0, 100)), &values, 100).map(|d| d.to_string()), Some("5100".into()));
    }

    /// The mean of people with these sums and rows, in both widths where they fit.
    fn mean(scale: u32, parts: &[(i128, i128)]) -> Option<Decimal> {
        let (s, m): (Vec<i128>, Vec<u32>) = parts.iter().map(|(s, m)| (*s, *m as u32)).unzip();
        let answer = ratio(&RULES, scale, &s, &m);
        if let Some(small) = s.iter().map(|v| i64::try_from(*v).ok()).collect::<Option<Vec<i64>>>() {
            assert_eq!(answer, ratio(&RULES, scale, &small, &m), "both widths are one rule");
        }
        answer
    }

    fn rate(events: u64, rest: u64, rows: i128) -> Option<String> {
        let people = |n: u64, s: i128| (0..n).map(move |_| (s, rows));
        mean(0, &people(events, rows).chain(people(rest, 0)).collect::<Vec<_>>()).map(|d| d.to_string())
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

    #[test]
    fn rows_alone_do_not_make_people_differ() {
        // Everybody's mean is 7, over 1..=5 rows: the residuals are 0, and so they are if three people's mean is not.
        let mut parts: Vec<(i128, i128)> = (0..100).map(|i| (7 * (1 + i % 5), 1 + i % 5)).collect();
        assert_eq!(mean(0, &parts), None);
        for (i, part) in parts.iter_mut().take(9).enumerate() {
            part.0 += 1 + i as i128;
        }
        assert_eq!(mean(0, &parts), None, "nine differ; the residuals of all do, by their rows");
        parts[9].0 += 5;
        assert!(mean(0, &parts).is_some());
    }

    #[test]
    fn as_many_more_rows_of_everybody_change_no_mean() {
        let parts: Vec<(i128, i128)> = (0..200).map(|i| (i * 37 % 101 * (1 + i % 3), 1 + i % 3)).collect();
        let base = mean(2, &parts);
        assert!(base.is_some());
        for m in [2, 5, 100] {
            assert_eq!(mean(2, &parts.iter().map(|(s, r)| (s * m, r * m)).collect::<Vec<_>>()), base);
        }
    }
}
