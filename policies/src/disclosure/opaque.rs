//! Opaque measures: whatever is not a catalogued column. No mask that depends on their values beyond T0 and T1; instead everybody is
//! clipped at twice the k-th largest distance from the median (top-coded at the k-th person), and the mean is counted in steps of
//! that distance. The number of steps is the same for every affine variant `a*y + b` of one measure, so a dither of constants finds
//! out nothing about the mean that one answer did not say.

use super::{
    Rules,
    decimal::{Decimal, Grid, rounded},
    measure::{Measure, by_mean},
};

/// SUM of an opaque measure, one number a person: the mean of the clipped values times the people as they are shown.
#[must_use]
pub fn opaque_sum<T: Measure>(rules: &Rules, scale: u32, bounds: Option<(i128, i128)>, y: &[T], shown_people: u64) -> Option<Decimal> {
    let clip = |v: i128| bounds.map_or(v, |(lo, hi)| v.clamp(lo, hi));
    let parts: Vec<(i128, i128)> = y.iter().map(|v| (clip((*v).into()), 1)).collect();
    let mean = clipped_mean(rules, scale, &parts, i128::from(shown_people))?;
    Some(Decimal { digits: mean.digits.checked_mul(i128::from(shown_people))?, exponent: mean.exponent })
}

/// Mean of an opaque measure over the rows m of people with sums s.
#[must_use]
pub fn opaque_mean<T: Measure>(rules: &Rules, scale: u32, s: &[T], m: &[u32]) -> Option<Decimal> {
    let parts: Vec<(i128, i128)> = s.iter().zip(m).map(|(s, m)| ((*s).into(), i128::from(*m))).collect();
    clipped_mean(rules, scale, &parts, i128::from(rules.round(parts.len() as u64)))
}

/// The mean over rows, clipped, in steps of `L(2 / shown)` of the k-th distance from the centre; `shown` is people as shown. The centre is halfway between the
/// lower and the upper median of the people's own means, so that a change of sign changes nothing else.
fn clipped_mean(rules: &Rules, scale: u32, parts: &[(i128, i128)], shown: i128) -> Option<Decimal> {
    let k = usize::try_from(rules.people_min).ok()?;
    if parts.len() < k.max(1) || shown <= 0 || parts.iter().any(|(_, m)| *m <= 0) {
        return None;
    }
    let rows = parts.iter().try_fold(0i128, |all, (_, m)| all.checked_add(*m))?;
    let (lower, upper) = medians(parts)?;
    let top = lower.0.checked_mul(upper.1)?.checked_add(upper.0.checked_mul(lower.1)?)?;
    let bottom = lower.1.checked_mul(upper.1)?.checked_mul(2)?;
    // Distances `s - centre * m`, times `bottom` so that they are whole.
    let distance = |(s, m): &(i128, i128)| s.checked_mul(bottom)?.checked_sub(top.checked_mul(*m)?);
    let d = parts.iter().map(distance).collect::<Option<Vec<i128>>>()?;
    let kth = kth_largest(&d, k)?;
    let limit = kth.checked_mul(2)?;
    let shift = d.iter().try_fold(0i128, |all, v| all.checked_add((*v).clamp(-limit, limit)))?;
    // Steps of the standardised mean `shift / (n * kth)`: the same for every affine variant.
    let n = i128::try_from(parts.len()).ok()?;
    let fine = Grid::at_least(2, shown, 0)?;
    let steps = fine.steps(shift, n.checked_mul(kth)?, 0)?;
    // Back to the measure's own units, a row of the average person's, everything on one grid.
    let (kth, bottom_rows) = (kth.checked_mul(n)?, bottom.checked_mul(rows)?);
    let grid = Grid::at_least(kth.checked_mul(2)?, bottom_rows.checked_mul(shown)?, scale)?;
    let centre = grid.steps(top, bottom, scale)?;
    let kth = grid.steps(kth, bottom_rows, scale)?;
    let places = 10i128.checked_pow(u32::try_from(-fine.exponent.min(0)).ok()?)?;
    let wide = 10i128.checked_pow(u32::try_from(fine.exponent.max(0)).ok()?)?;
    let offset = rounded(steps.checked_mul(fine.mantissa)?.checked_mul(wide)?.checked_mul(kth)?, places)?;
    grid.value(centre.checked_add(offset)?)
}

/// The contributions whose own means are the lower and the upper median.
fn medians(parts: &[(i128, i128)]) -> Option<((i128, i128), (i128, i128))> {
    let mut sorted = parts.to_vec();
    let (_, lower, above) = sorted.select_nth_unstable_by(parts.len().checked_sub(1)? / 2, |a, b| by_mean(*a, *b));
    let next = above.iter().copied().min_by(|a, b| by_mean(*a, *b)).filter(|_| parts.len().is_multiple_of(2));
    Some((*lower, next.unwrap_or(*lower)))
}

/// The k-th largest size; `None` where it is 0: fewer than k people differ from what the others share.
fn kth_largest(d: &[i128], k: usize) -> Option<i128> {
    let mut sizes: Vec<u128> = d.iter().map(|v| v.unsigned_abs()).collect();
    let at = sizes.len().checked_sub(k.max(1))?;
    let (_, kth, _) = sizes.select_nth_unstable(at);
    i128::try_from(*kth).ok().filter(|kth| *kth > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: Rules = Rules { people_min: 10, facilities_min: 0, households_min: 0, round_to: 10, dominance_percent: 10 };

    fn mean(y: &[i128], scale: u32) -> Option<f64> {
        opaque_mean(&RULES, scale, y, &vec![1; y.len()]).map(|d| d.to_string().parse().unwrap())
    }

    #[test]
    fn one_persons_value_is_not_in_the_answer() {
        // SUM(1000 + CASE target THEN 7300): T1, with and without the target's value.
        let mut y = vec![1000i64; 1000];
        assert_eq!(opaque_sum(&RULES, 0, None, &y, 1000), None);
        y[0] = 8300;
        assert_eq!(opaque_sum(&RULES, 0, None, &y, 1000), None);
        // Others 1000 * age, the target 137 or 138: the same answer.
        let ages = |target: i64| std::iter::once(target).chain((1..1000).map(|i| 1000 * (20 + i % 70))).collect::<Vec<_>>();
        assert_eq!(opaque_sum(&RULES, 0, None, &ages(137), 1000), opaque_sum(&RULES, 0, None, &ages(138), 1000));
        assert!(opaque_sum(&RULES, 0, None, &ages(137), 1000).is_some());
    }

    #[test]
    fn a_giant_counts_as_the_kth_person() {
        let with = |giant: i128| std::iter::once(giant).chain((1..500).map(|i| i % 100)).collect::<Vec<_>>();
        assert_eq!(mean(&with(1_000_000), 0), mean(&with(1_000_000_000_000), 0));
        assert!((mean(&with(1_000_000), 0).unwrap() - 49.5).abs() < 1.0);
    }

    #[test]
    fn affine_variants_have_one_standardised_answer() {
        let base: Vec<i128> = (0..301).map(|i| i * i * 7919 % 10_007).collect();
        let answer = mean(&base, 0).unwrap();
        // The step of the shown mean: L(2 * 4_9xx / 301) = 50.
        let step = 50.0;
        for (a, b) in [(1, 1000), (3, 7), (-1, 0), (-7, 12_345), (1000, -1), (1, -5003)] {
            let varied: Vec<i128> = base.iter().map(|y| a * y + b).collect();
            let back = (mean(&varied, 0).unwrap() - b as f64) / a as f64;
            assert!((back - answer).abs() <= step, "{a}y{b:+}: {back} for {answer}");
        }
        // The scale is a name for units: nothing else changes.
        let scaled: Vec<i128> = base.iter().map(|y| y * 100).collect();
        assert!((mean(&scaled, 2).unwrap() - answer).abs() < 1e-9);
    }

    #[test]
    fn a_dither_of_constants_learns_no_more_than_one_answer() {
        // Two crowds whose true means differ by less than a step answer alike under every variant, or apart under every one.
        let crowd = |extra: i128| (0..200).map(|i| 10_000 * (i % 20) + if i == 7 { extra } else { 0 }).collect::<Vec<i128>>();
        let apart = |a: i128, b: i128| {
            let varied = |extra| crowd(extra).iter().map(|y| a * y + b).collect::<Vec<_>>();
            mean(&varied(0), 0) != mean(&varied(900), 0)
        };
        let first = apart(1, 0);
        for j in 1..60 {
            assert_eq!(apart(1 + j, 31 * j), first, "variant {j}");
        }
    }

    #[test]
    fn rows_of_everybody_times_m_change_nothing() {
        let (s, m): (Vec<i64>, Vec<u32>) = (0..200).map(|i| (i64::from(i * 37 % 101 * (1 + i % 3)), 1 + i % 3)).unzip();
        let base = opaque_mean(&RULES, 0, &s, &m);
        assert!(base.is_some());
        for times in [2, 10, 100] {
            let more: (Vec<i64>, Vec<u32>) = s.iter().zip(&m).map(|(s, r)| (s * i64::from(times), r * times)).unzip();
            assert_eq!(opaque_mean(&RULES, 0, &more.0, &more.1), base);
        }
    }
}
