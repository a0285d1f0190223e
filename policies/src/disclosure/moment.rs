//! Second moments about released means, and the leverage of one person.

use super::{
    Rules,
    decimal::{Decimal, power},
    measure::{ratio, times},
    opaque::opaque_mean,
};

/// One person's exact sums over the rows in which both columns have a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Products {
    /// Sum of x.
    pub x: i128,
    /// Sum of y.
    pub y: i128,
    /// Sum of x*y.
    pub xy: i128,
    /// Rows.
    pub rows: i128,
}

/// Mean over rows of `(x - mx)(y - my)` with the released means `(scale, mean)` of x and y: a column measure like any other.
#[must_use]
pub fn moment(rules: &Rules, x: (u32, Decimal), y: (u32, Decimal), parts: &[Products]) -> Option<Decimal> {
    let (scale, products) = centred(x, y, parts)?;
    ratio(rules, scale, &products)
}

/// The same where x or y is an opaque measure. Then the product is one too, and the law of these holds for it: no mask that one
/// person's weight could trip, everybody clipped at twice the k-th largest distance from the median product.
#[must_use]
pub fn opaque_moment(rules: &Rules, x: (u32, Decimal), y: (u32, Decimal), parts: &[Products]) -> Option<Decimal> {
    let (scale, products) = centred(x, y, parts)?;
    opaque_mean(rules, scale, &products)
}

/// Of each person the sum of `(x - mx)(y - my)` and the rows, and the scale of the sums.
fn centred(x: (u32, Decimal), y: (u32, Decimal), parts: &[Products]) -> Option<(u32, Vec<(i128, i128)>)> {
    let (x, y) = (Centre::new(x.0, x.1)?, Centre::new(y.0, y.1)?);
    let products = parts.iter().map(|p| Some((product(&x, &y, p)?, p.rows))).collect::<Option<Vec<_>>>()?;
    Some((x.places.checked_add(y.places)?, products))
}

/// One person's sum of `(x - mx)(y - my)`, in units that only the released means fix; `None` where it does not fit.
fn product(x: &Centre, y: &Centre, p: &Products) -> Option<i128> {
    let xy = times(p.xy, times(x.factor, y.factor)?)?;
    let (left, right) = (times(p.x, times(x.factor, y.mean)?)?, times(p.y, times(y.factor, x.mean)?)?);
    let both = times(times(x.mean, y.mean)?, p.rows)?;
    xy.checked_sub(left)?.checked_sub(right)?.checked_add(both)
}

/// A released mean in whole units, fine enough for the column and for the mean.
struct Centre {
    places: u32,
    /// What one unit of the column is in these.
    factor: i128,
    mean: i128,
}

impl Centre {
    fn new(scale: u32, mean: Decimal) -> Option<Self> {
        let places = scale.max(mean.places());
        Some(Self { places, factor: power(places - scale)?, mean: mean.units(places)? })
    }
}

/// True when nobody's rows together have more than a fifth of the leverage of a straight line over x. Of each person: the sum of x,
/// the sum of its squares (in `xy`), the rows.
#[must_use]
pub fn leverage_ok(parts: &[Products]) -> bool {
    levers(parts).unwrap_or(false)
}

fn levers(parts: &[Products]) -> Option<bool> {
    let rows = parts.iter().try_fold(0i128, |all, p| all.checked_add(p.rows))?;
    let sum = parts.iter().try_fold(0i128, |all, p| all.checked_add(p.x))?;
    // Around a number near the mean the sums stay small; leverage does not depend on the origin.
    let origin = sum.checked_div(rows)?;
    let moved = |p: &Products| {
        let x = p.x.checked_sub(times(origin, p.rows)?)?;
        let xx = p.xy.checked_sub(times(origin.checked_mul(2)?, p.x)?)?;
        Some((x, xx.checked_add(times(times(origin, origin)?, p.rows)?)?, p.rows))
    };
    let parts = parts.iter().map(moved).collect::<Option<Vec<_>>>()?;
    let (mut x, mut xx) = (0i128, 0i128);
    for part in &parts {
        (x, xx) = (x.checked_add(part.0)?, xx.checked_add(part.1)?);
    }
    // `spread` is rows times the sum of squares about the mean.
    let spread = xx.checked_mul(rows)?.checked_sub(x.checked_mul(x)?)?;
    let limit = rows.checked_mul(spread)?;
    for (xi, xxi, mi) in parts {
        let own = mi.checked_mul(spread)?.checked_add(xxi.checked_mul(rows)?.checked_mul(rows)?)?;
        let own = own.checked_sub(x.checked_mul(2)?.checked_mul(rows)?.checked_mul(xi)?)?;
        let own = own.checked_add(x.checked_mul(x)?.checked_mul(mi)?)?;
        if own.checked_mul(5)? > limit {
            return Some(false);
        }
    }
    Some(spread > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disclosure::{Contribution, Shown, judge};

    const RULES: Rules = Rules { people_min: 10, facilities_min: 0, households_min: 0, round_to: 10, dominance_percent: 10 };

    fn rows(of: impl Fn(i128) -> (i128, i128), people: i128, each: i128) -> Vec<Products> {
        let person = |i: i128| {
            let rows = (0..each).map(|r| of(i * each + r));
            rows.fold(Products { x: 0, y: 0, xy: 0, rows: 0 }, |p, (x, y)| Products {
                x: p.x + x,
                y: p.y + y,
                xy: p.xy + x * y,
                rows: p.rows + 1,
            })
        };
        (0..people).map(person).collect()
    }

    #[test]
    fn a_variance_is_near_the_true_one() {
        let x = |i: i128| 500 + i * 7919 % 401;
        let parts = rows(|i| (x(i), x(i)), 1000, 3);
        let sums: Vec<Contribution> = parts.iter().map(|p| Contribution { sum: p.x, rows: p.rows as u64 }).collect();
        let mean = judge(&RULES, 2, Shown::RowMean, None, &sums, 1000).unwrap();
        let variance: f64 = moment(&RULES, (2, mean), (2, mean), &parts).unwrap().to_string().parse().unwrap();
        let values: Vec<f64> = (0..3000).map(|i| x(i) as f64 / 100.0).collect();
        let m = values.iter().sum::<f64>() / 3000.0;
        let truth = values.iter().map(|v| (v - m).powi(2)).sum::<f64>() / 3000.0;
        assert!((variance / truth - 1.0).abs() < 0.01, "{variance} for {truth}");
    }

    #[test]
    fn one_persons_square_is_not_shown() {
        let parts = rows(|i| if i == 0 { (1_000_000, 1_000_000) } else { (i % 10, i % 10) }, 100, 1);
        let mean = Decimal { digits: 5, exponent: 0 };
        assert_eq!(moment(&RULES, (0, mean), (0, mean), &parts), None);
        assert_eq!(moment(&RULES, (0, mean), (0, mean), &parts[1..8]), None, "and no seven people's");
    }

    /// A3's table: 24 people's secret bits as digits of base 1.5, among a thousand, in two-figure values of everybody.
    fn weighted(bits: u32) -> Vec<Products> {
        let weight = |i: i128| if i < 24 && bits >> i & 1 == 1 { (100.0 * 1.5f64.powi(i as i32)) as i128 } else { 10 + i % 50 };
        rows(|i| (weight(i), weight(i)), 1000, 1)
    }

    #[test]
    fn weights_of_base_one_and_a_half_carry_no_digits_out() {
        let mean = Decimal { digits: 35, exponent: 0 };
        let closed = |bits| opaque_moment(&RULES, (0, mean), (0, mean), &weighted(bits)).map(|d| d.to_string());
        let all: std::collections::BTreeSet<_> = (0..400u32).filter_map(|i| closed(i.wrapping_mul(2_654_435_761) >> 8)).collect();
        assert!(all.len() < 40, "{} answers for 400 sets of secrets", all.len());
    }

    #[test]
    fn one_persons_weight_trips_no_mask() {
        let mean = Decimal { digits: 35, exponent: 0 };
        let with = |weight: i128| {
            let x = move |i: i128| if i == 7 { weight } else { 10 + i % 50 };
            rows(|i| (x(i), x(i)), 1000, 1)
        };
        let told = |law: &dyn Fn(&[Products]) -> Option<Decimal>| [20, 1_000_000].map(|weight| law(&with(weight)).map(|d| d.to_string()));
        let column = told(&|parts| moment(&RULES, (0, mean), (0, mean), parts));
        assert!(column[0].is_some() && column[1].is_none(), "why opaque measures have another law: {column:?}");
        let opaque = told(&|parts| opaque_moment(&RULES, (0, mean), (0, mean), parts));
        let [without, with] = opaque.map(|told| told.unwrap().parse::<f64>().unwrap());
        assert!((with - without).abs() < 0.02 * without, "{without} and {with}");
    }

    #[test]
    fn the_spread_of_a_harmless_opaque_measure_is_near_the_true_one() {
        let x = |i: i128| 500 + i * 7919 % 401;
        let parts = rows(|i| (x(i), x(i)), 1000, 3);
        let mean = Decimal { digits: 700, exponent: -2 };
        let (column, opaque) = (moment(&RULES, (2, mean), (2, mean), &parts), opaque_moment(&RULES, (2, mean), (2, mean), &parts));
        let [column, opaque] = [column, opaque].map(|d| d.unwrap().to_string().parse::<f64>().unwrap());
        assert!((opaque / column - 1.0).abs() < 0.05, "{opaque} for {column}");
    }

    #[test]
    fn what_does_not_fit_is_masked() {
        let parts = rows(|i| (i << 90, i), 100, 1);
        assert_eq!(moment(&RULES, (0, Decimal { digits: 1 << 60, exponent: 0 }), (0, Decimal::whole(1 << 60)), &parts), None);
    }

    #[test]
    fn a_person_with_more_than_a_fifth_of_the_leverage_is_found_with_all_rows_together() {
        let square = |x: i128| (x, x);
        assert!(leverage_ok(&rows(|i| square(i % 100), 200, 2)));
        assert!(!leverage_ok(&rows(|i| square(if i < 2 { 1000 } else { i % 100 }), 200, 2)), "one person's two rows");
        assert!(!leverage_ok(&rows(|_| square(7), 200, 1)), "a constant carries no line");
        assert!(!leverage_ok(&rows(square, 3, 4)), "three people each carry a third");
        let far = |i: i128| square(1_000_000_000_000 + i % 100);
        assert!(leverage_ok(&rows(far, 1000, 3)), "the origin does not matter");
    }
}
