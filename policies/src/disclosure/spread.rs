//! T1 and T2 on any numbers of people: k of them differ from what the others share, and no one or two stand for all of the spread.
//! Most cells pass by a few of their people; only where these do not decide, all are sorted.

use std::cmp::Ordering;

use super::Rules;

/// People for each k who are asked first.
const SAMPLE: usize = 8;

/// T1 and T2 on the distances from the lower median of `n` numbers that lie in `low..=high`.
pub(super) fn passes(rules: &Rules, n: usize, at: impl Fn(usize) -> i128, (low, high): (i128, i128)) -> Option<()> {
    let k = usize::try_from(rules.people_min.max(1)).ok()?;
    let passed = differ(k, n, |a, b| at(a).cmp(&at(b)))
        && (apart(rules.dominance_percent, n, &at, (low, high)) || undominated_by_two(rules, n, &at)?);
    passed.then_some(())
}

/// T1: whether k differ from the lower median; `order` compares two by their places.
///
/// Where k are at or below one value and k others at or above a larger one, k differ from whatever the median is. Else, where fewer
/// than k of at least 2k differ from one value, that value is the majority's, and one vote finds the only one that can be; sorting is
/// for the few.
pub(super) fn differ(k: usize, n: usize, order: impl Fn(usize, usize) -> Ordering) -> bool {
    let mut some: Vec<usize> = (0..n.min(k.saturating_mul(SAMPLE))).collect();
    some.sort_unstable_by(|a, b| order(*a, *b));
    let ends = k.checked_sub(1).and_then(|low| some.get(low)).zip(some.len().checked_sub(k).and_then(|high| some.get(high)));
    if ends.is_some_and(|(low, high)| order(*low, *high).is_lt()) {
        return true;
    }
    let common = if n < 2 * k { median(n, &order) } else { majority(n, &order) };
    common.is_some_and(|common| (0..n).filter(|i| order(*i, common).is_ne()).take(k).count() == k)
}

/// The place of the lower median.
pub(super) fn median(n: usize, order: impl Fn(usize, usize) -> Ordering) -> Option<usize> {
    let mut places: Vec<usize> = (0..n).collect();
    let (_, median, _) = places.select_nth_unstable_by(n.checked_sub(1)? / 2, |a, b| order(*a, *b));
    Some(*median)
}

/// The place of a value that more than half have, if any is (Boyer and Moore 1981); otherwise one of them.
fn majority(n: usize, order: impl Fn(usize, usize) -> Ordering) -> Option<usize> {
    let (mut candidate, mut votes) = (0, 0usize);
    for place in 0..n {
        match (votes, order(place, candidate).is_eq()) {
            (0, _) => (candidate, votes) = (place, 1),
            (_, true) => votes += 1,
            (_, false) => votes -= 1,
        }
    }
    (n > 0).then_some(candidate)
}

/// T2 where it holds whatever the median is: two people's distances from it add up to at least their distance from each other, and
/// none of all is larger than the range.
fn apart(percent: u64, n: usize, at: impl Fn(usize) -> i128, (low, high): (i128, i128)) -> bool {
    let Some(enough) = high.abs_diff(low).checked_mul(u128::from(percent) + 200) else { return false };
    let (enough, mut sum) = (enough.div_ceil(100), 0u128);
    (0..n / 2).any(|pair| {
        sum = sum.saturating_add(at(2 * pair).abs_diff(at(2 * pair + 1)));
        sum >= enough
    })
}

/// T2 as it is written; `None` where the distances do not fit.
fn undominated_by_two(rules: &Rules, n: usize, at: impl Fn(usize) -> i128) -> Option<bool> {
    let centre = at(median(n, |a, b| at(a).cmp(&at(b)))?);
    let (mut rest, mut first, mut second) = (0u128, 0u128, 0u128);
    for distance in (0..n).map(|i| at(i).abs_diff(centre)) {
        rest = rest.checked_add(distance)?;
        if distance > first {
            (first, second) = (distance, first);
        } else if distance > second {
            second = distance;
        }
    }
    Some(remains(rules.dominance_percent, first, rest.checked_sub(first)?.checked_sub(second)?))
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
            // Some larger than the sample that is asked first.
            let n = 10 + next(if case % 3 == 0 { 300 } else { 60 }) as usize;
            let kinds = 1 + next(4);
            let mut y: Vec<i128> = (0..n).map(|_| i128::from(next(kinds)) * 1000).collect();
            // A few who differ, and now and then a giant.
            for _ in 0..next(14) {
                let place = next(n as u64) as usize;
                y[place] = i128::from(next(50)) * if next(6) == 0 { 1_000_000 } else { 100 } - 2000;
            }
            let ends = (*y.iter().min().unwrap(), *y.iter().max().unwrap());
            let book = by_the_book(&y);
            assert_eq!(passes(&RULES, n, |i| y[i], ends).is_some(), book, "case {case}: {y:?}");
            shown += usize::from(book);
            short += usize::from(book && apart(RULES.dominance_percent, n, |i| y[i], ends));
        }
        assert!(shown > 500 && short > 500 && shown < 3500, "{shown} shown, {short} the short way");
    }
}
