//! Quantiles, and numbers of different values: what is no sum over people.

use super::{
    Rules,
    decimal::{Decimal, Grid},
};

/// The quantile of rows `(value, person)` that are sorted by value: on the finest step of {1,2,5}*10^j, one unit of the scale or
/// wider, whose interval around the answer holds k people with k people on each side; `None` where no step does.
#[must_use]
pub fn quantile(rules: &Rules, scale: u32, per_mille: u32, values: &[(i128, u32)]) -> Option<Decimal> {
    let k = usize::try_from(rules.people_min).ok()?.max(1);
    let rank = (values.len() as u128).checked_mul(u128::from(per_mille))?.div_ceil(1000).checked_sub(1)?;
    let exact = values.get(usize::try_from(rank).ok()?)?.0;
    let range = values.last()?.0.checked_sub(values.first()?.0)?;
    let mut grid = Grid { mantissa: 1, exponent: -i32::try_from(scale).ok()? };
    loop {
        let width = grid.mantissa.checked_mul(10i128.checked_pow(u32::try_from(grid.exponent + i32::try_from(scale).ok()?).ok()?)?)?;
        if width > range.max(1) {
            return None;
        }
        let steps = grid.steps(exact, 1, scale)?;
        // Twice the interval's ends: a width may be odd. Halves round away from zero, so the closed end is the outer one.
        let (low, high) =
            (steps.checked_mul(2)?.checked_sub(1)?.checked_mul(width)?, steps.checked_mul(2)?.checked_add(1)?.checked_mul(width)?);
        let holds = |v: i128| {
            if steps > 0 {
                low <= 2 * v && 2 * v < high
            } else if steps < 0 {
                low < 2 * v && 2 * v <= high
            } else {
                low < 2 * v && 2 * v < high
            }
        };
        let from = values.partition_point(|(v, _)| *v < exact && !holds(*v));
        let to = values.partition_point(|(v, _)| *v <= exact || holds(*v));
        let enough = |rows: &[(i128, u32)]| people_reach(rows, k);
        if enough(values.get(from..to)?) && enough(values.get(..from)?) && enough(values.get(to..)?) {
            return grid.value(steps);
        }
        grid = grid.next();
    }
}

/// True when at least k different people have a row.
fn people_reach(rows: &[(i128, u32)], k: usize) -> bool {
    let mut seen: Vec<u32> = Vec::with_capacity(k);
    for (_, person) in rows {
        if !seen.contains(person) {
            seen.push(*person);
        }
        if seen.len() >= k {
            return true;
        }
    }
    false
}

/// The number of values that at least k people share, rounded to the base; of each value, its people. `None` where that is fewer
/// than k values.
#[must_use]
pub fn distinct_shared(rules: &Rules, people: impl IntoIterator<Item = u64>) -> Option<Decimal> {
    let shared = people.into_iter().filter(|n| *n >= rules.people_min).count() as u64;
    (shared >= rules.people_min).then(|| Decimal::whole(rules.round(shared)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: Rules = Rules { people_min: 10, facilities_min: 0, households_min: 0, round_to: 10, dominance_percent: 10 };

    fn shown(per_mille: u32, scale: u32, mut values: Vec<(i128, u32)>) -> Option<String> {
        values.sort_unstable();
        quantile(&RULES, scale, per_mille, &values).map(|d| d.to_string())
    }

    fn each_once(values: impl Iterator<Item = i128>) -> Vec<(i128, u32)> {
        values.zip(0..).collect()
    }

    #[test]
    fn the_finest_step_with_ten_people_in_it_is_taken() {
        // 1000 people spread over 0..1000: ten lie within a step of 10, not within one of 5.
        assert_eq!(shown(500, 0, each_once(0..1000)).as_deref(), Some("500"));
        assert_eq!(shown(250, 1, each_once((0..1000).map(|v| v * 10))).as_deref(), Some("250"));
        // HbA1c in steps of 0.1 with many people each keeps its unit.
        assert_eq!(shown(500, 1, each_once((0..3000).map(|i| 55 + i % 31))).as_deref(), Some("7.0"));
        assert_eq!(shown(500, 0, each_once((0..1000).map(|v| v - 700))).as_deref(), Some("-200"));
    }

    #[test]
    fn each_side_needs_ten_people_too() {
        assert_eq!(shown(500, 0, each_once(0..29)), None);
        assert!(shown(500, 0, each_once((0..300).map(|i| i / 10))).is_some());
        assert_eq!(shown(10, 0, each_once((0..300).map(|i| i / 10))), None, "nobody is below the first hundredth's interval");
        assert_eq!(shown(500, 0, each_once((0..1000).map(|_| 7))), None, "a constant has no sides");
        assert_eq!(shown(500, 0, Vec::new()), None);
    }

    #[test]
    fn one_persons_many_rows_are_one_person() {
        let one = (0..500).map(|_| (50, 0));
        let rest = (0..90u32).map(|i| (i128::from(i % 30) + if i % 2 == 0 { 0 } else { 100 }, 1 + i));
        let value = shown(500, 0, one.chain(rest).collect());
        assert!(value.is_none_or(|v| v != "50"), "his own value is hidden in a step of ten people, or nothing is shown");
    }

    #[test]
    fn values_that_few_share_do_not_count() {
        let people = |shared: usize, rare: usize| std::iter::repeat_n(10, shared).chain(std::iter::repeat_n(9, rare));
        assert_eq!(distinct_shared(&RULES, people(47, 500)).map(|d| d.to_string()).as_deref(), Some("50"));
        assert_eq!(distinct_shared(&RULES, people(9, 500)), None);
        assert_eq!(distinct_shared(&RULES, people(0, 0)), None);
    }
}
