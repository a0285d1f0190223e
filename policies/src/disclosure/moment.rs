//! Second moments about released means, and the leverage of one person.

use super::{
    Rules,
    decimal::{Decimal, power},
    measure::{Measure, ends, ratio, times, total},
    opaque::opaque_mean,
};

/// Exact sums over the rows in which both columns have a value; everything in one order of people.
#[derive(Debug, Clone, Copy)]
pub struct Products<'a, T> {
    /// Sums of x.
    pub x: &'a [T],
    /// Sums of y.
    pub y: &'a [T],
    /// Sums of x*y.
    pub xy: &'a [T],
    /// Rows.
    pub rows: &'a [u32],
}

/// Mean over rows of `(x - mx)(y - my)` with the released means `(scale, mean)` of x and y: a column measure like any other.
#[must_use]
pub fn moment<T: Measure>(rules: &Rules, x: (u32, Decimal), y: (u32, Decimal), parts: &Products<'_, T>) -> Option<Decimal> {
    match centred(x, y, parts)? {
        (scale, Centred::Small(products)) => ratio(rules, scale, &products, parts.rows),
        (scale, Centred::Wide(products)) => ratio(rules, scale, &products, parts.rows),
    }
}

/// The same where x or y is an opaque measure. Then the product is one too, and the law of these holds for it: no mask that one
/// person's weight could trip, everybody clipped at twice the k-th largest distance from the median product.
#[must_use]
pub fn opaque_moment<T: Measure>(rules: &Rules, x: (u32, Decimal), y: (u32, Decimal), parts: &Products<'_, T>) -> Option<Decimal> {
    match centred(x, y, parts)? {
        (scale, Centred::Small(products)) => opaque_mean(rules, scale, &products, parts.rows),
        (scale, Centred::Wide(products)) => opaque_mean(rules, scale, &products, parts.rows),
    }
}

/// Of each person the sum of `(x - mx)(y - my)`, in units that only the released means fix.
enum Centred {
    Small(Vec<i64>),
    Wide(Vec<i128>),
}

/// The centred sums and their scale; `None` where they do not fit.
fn centred<T: Measure>(x: (u32, Decimal), y: (u32, Decimal), parts: &Products<'_, T>) -> Option<(u32, Centred)> {
    let (x, y) = (Centre::new(x.0, x.1)?, Centre::new(y.0, y.1)?);
    let scale = x.places.checked_add(y.places)?;
    let (of_xy, of_x) = (times(x.factor, y.factor)?, times(x.factor, y.mean)?);
    let (of_y, of_rows) = (times(y.factor, x.mean)?, times(x.mean, y.mean)?);
    let all = || parts.xy.iter().zip(parts.x).zip(parts.y.iter().zip(parts.rows));
    let size = |all: &[T]| ends(all).map(|(low, high)| low.unsigned_abs().max(high.unsigned_abs()));
    let most = |size: u128, of: i128| size.checked_mul(of.unsigned_abs());
    let rows = ends(parts.rows)?.1.unsigned_abs();
    let terms = [most(size(parts.xy)?, of_xy), most(size(parts.x)?, of_x), most(size(parts.y)?, of_y), most(rows, of_rows)];
    let most = terms.into_iter().try_fold(0u128, |sum, term| sum.checked_add(term?));
    // Factors are only used where each of them fits as well: a column of zeros says nothing of its factor.
    let narrow = |v: i128| i64::try_from(v).ok();
    let factors = narrow(of_xy).zip(narrow(of_x)).zip(narrow(of_y).zip(narrow(of_rows)));
    if let Some(((of_xy, of_x), (of_y, of_rows))) = factors.filter(|_| most.is_some_and(|most| i64::try_from(most).is_ok())) {
        let product = |((xy, x), (y, rows)): ((&T, &T), (&T, &u32))| {
            let (xy, x, y, rows) = (xy.narrow(), x.narrow(), y.narrow(), rows.narrow());
            let moved = x.wrapping_mul(of_x).wrapping_add(y.wrapping_mul(of_y));
            xy.wrapping_mul(of_xy).wrapping_sub(moved).wrapping_add(rows.wrapping_mul(of_rows))
        };
        return Some((scale, Centred::Small(all().map(product).collect())));
    }
    let product = |((xy, x), (y, rows)): ((&T, &T), (&T, &u32))| {
        let (left, right) = (times((*x).into(), of_x)?, times((*y).into(), of_y)?);
        let both = times(of_rows, i128::from(*rows))?;
        times((*xy).into(), of_xy)?.checked_sub(left)?.checked_sub(right)?.checked_add(both)
    };
    Some((scale, Centred::Wide(all().map(product).collect::<Option<_>>()?)))
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

/// True when nobody's rows together have more than a fifth of the leverage of a straight line over x; `xy` are the sums of squares.
#[must_use]
pub fn leverage_ok<T: Measure>(parts: &Products<'_, T>) -> bool {
    levers(parts).unwrap_or(false)
}

fn levers<T: Measure>(parts: &Products<'_, T>) -> Option<bool> {
    let rows = total(parts.rows, ends(parts.rows)?)?;
    let sum = total(parts.x, ends(parts.x)?)?;
    // Around a number near the mean the sums stay small; leverage does not depend on the origin.
    let origin = sum.checked_div(rows)?;
    let moved = |((x, xx), rows): ((&T, &T), &u32)| {
        let (x, xx, rows) = ((*x).into(), (*xx).into(), i128::from(*rows));
        let square = xx.checked_sub(times(times(origin, 2)?, x)?)?.checked_add(times(times(origin, origin)?, rows)?)?;
        Some((x.checked_sub(times(origin, rows)?)?, square, rows))
    };
    let all = || parts.x.iter().zip(parts.xy).zip(parts.rows).map(moved);
    let (mut x, mut xx, mut most) = (0i128, 0i128, (0u128, 0i128, 0i128));
    for part in all() {
        let part = part?;
        (x, xx) = (x.checked_add(part.0)?, xx.checked_add(part.1)?);
        most = (most.0.max(part.0.unsigned_abs()), most.1.max(part.1), most.2.max(part.2));
    }
    // `spread` is rows times the sum of squares about the mean.
    let spread = xx.checked_mul(rows)?.checked_sub(x.checked_mul(x)?)?;
    let limit = rows.checked_mul(spread)?;
    // A person's leverage is `m*spread + xx*rows^2 - 2x*rows*xi + x^2*m`: as long as the largest of each fit, all do.
    let (of_xx, of_x, of_rows) = (rows.checked_mul(rows)?, x.checked_mul(2)?.checked_mul(rows)?, spread.checked_add(x.checked_mul(x)?)?);
    let fits = of_rows.checked_mul(most.2)?.checked_add(most.1.checked_mul(of_xx)?)?;
    fits.checked_add(of_x.checked_abs()?.checked_mul(i128::try_from(most.0).ok()?)?)?.checked_mul(5)?;
    let own = |(xi, xxi, mi): (i128, i128, i128)| {
        of_rows.wrapping_mul(mi).wrapping_add(xxi.wrapping_mul(of_xx)).wrapping_sub(of_x.wrapping_mul(xi))
    };
    let lifted = all().flatten().any(|part| own(part).wrapping_mul(5) > limit);
    Some(!lifted && spread > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: Rules = Rules { people_min: 10, facilities_min: 0, households_min: 0, round_to: 10, dominance_percent: 10 };

    /// Sums of x, y and x*y of each person, and rows.
    #[derive(Default)]
    struct Owned(Vec<i128>, Vec<i128>, Vec<i128>, Vec<u32>);

    impl Owned {
        fn few(&self, some: std::ops::Range<usize>) -> Products<'_, i128> {
            Products { x: &self.0[some.clone()], y: &self.1[some.clone()], xy: &self.2[some.clone()], rows: &self.3[some] }
        }

        /// What a law says to all of them, the same in both widths.
        fn told<D: PartialEq + std::fmt::Debug>(
            &self,
            wide: impl Fn(&Products<'_, i128>) -> D,
            small: impl Fn(&Products<'_, i64>) -> D,
        ) -> D {
            let answer = wide(&self.few(0..self.3.len()));
            let narrow = |all: &Vec<i128>| all.iter().map(|v| i64::try_from(*v).ok()).collect::<Option<Vec<i64>>>();
            if let (Some(x), Some(y), Some(xy)) = (narrow(&self.0), narrow(&self.1), narrow(&self.2)) {
                assert_eq!(small(&Products { x: &x, y: &y, xy: &xy, rows: &self.3 }), answer, "both widths are one law");
            }
            answer
        }

        fn moment(&self, x: (u32, Decimal), y: (u32, Decimal)) -> Option<Decimal> {
            self.told(|p| moment(&RULES, x, y, p), |p| moment(&RULES, x, y, p))
        }

        fn opaque_moment(&self, x: (u32, Decimal), y: (u32, Decimal)) -> Option<Decimal> {
            self.told(|p| opaque_moment(&RULES, x, y, p), |p| opaque_moment(&RULES, x, y, p))
        }

        fn leverage_ok(&self) -> bool {
            self.told(leverage_ok, leverage_ok)
        }
    }

    fn rows(of: impl Fn(i128) -> (i128, i128), people: i128, each: i128) -> Owned {
        let mut all = Owned::default();
        for i in 0..people {
            let rows = (0..each).map(|r| of(i * each + r));
            let (x, y, xy) = rows.fold((0, 0, 0), |(sx, sy, sxy), (x, y)| (sx + x, sy + y, sxy + x * y));
            all.0.push(x);
            all.1.push(y);
            all.2.push(xy);
            all.3.push(each as u32);
        }
        all
    }

    #[test]
    fn a_variance_is_near_the_true_one() {
        let x = |i: i128| 500 + i * 7919 % 401;
        let parts = rows(|i| (x(i), x(i)), 1000, 3);
        let mean = ratio(&RULES, 2, &parts.0, &parts.3).unwrap();
        let variance: f64 = parts.moment((2, mean), (2, mean)).unwrap().to_string().parse().unwrap();
        let values: Vec<f64> = (0..3000).map(|i| x(i) as f64 / 100.0).collect();
        let m = values.iter().sum::<f64>() / 3000.0;
        let truth = values.iter().map(|v| (v - m).powi(2)).sum::<f64>() / 3000.0;
        assert!((variance / truth - 1.0).abs() < 0.01, "{variance} for {truth}");
    }

    #[test]
    fn one_persons_square_is_not_shown() {
        let parts = rows(|i| if i == 0 { (1_000_000, 1_000_000) } else { (i % 10, i % 10) }, 100, 1);
        let mean = Decimal { digits: 5, exponent: 0 };
        assert_eq!(parts.moment((0, mean), (0, mean)), None);
        assert_eq!(moment(&RULES, (0, mean), (0, mean), &parts.few(1..8)), None, "and no seven people's");
    }

    /// A3's table: 24 people's secret bits as digits of base 1.5, among a thousand, in two-figure values of everybody.
    fn weighted(bits: u32) -> Owned {
        let weight = |i: i128| if i < 24 && bits >> i & 1 == 1 { (100.0 * 1.5f64.powi(i as i32)) as i128 } else { 10 + i % 50 };
        rows(|i| (weight(i), weight(i)), 1000, 1)
    }

    #[test]
    fn weights_of_base_one_and_a_half_carry_no_digits_out() {
        let mean = Decimal { digits: 35, exponent: 0 };
        let closed = |bits| weighted(bits).opaque_moment((0, mean), (0, mean)).map(|d| d.to_string());
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
        let told = |law: &dyn Fn(&Owned) -> Option<Decimal>| [20, 1_000_000].map(|weight| law(&with(weight)).map(|d| d.to_string()));
        let column = told(&|parts| parts.moment((0, mean), (0, mean)));
        assert!(column[0].is_some() && column[1].is_none(), "why opaque measures have another law: {column:?}");
        let opaque = told(&|parts| parts.opaque_moment((0, mean), (0, mean)));
        let [without, with] = opaque.map(|told| told.unwrap().parse::<f64>().unwrap());
        assert!((with - without).abs() < 0.02 * without, "{without} and {with}");
    }

    #[test]
    fn the_spread_of_a_harmless_opaque_measure_is_near_the_true_one() {
        let x = |i: i128| 500 + i * 7919 % 401;
        let parts = rows(|i| (x(i), x(i)), 1000, 3);
        let mean = Decimal { digits: 700, exponent: -2 };
        let (column, opaque) = (parts.moment((2, mean), (2, mean)), parts.opaque_moment((2, mean), (2, mean)));
        let [column, opaque] = [column, opaque].map(|d| d.unwrap().to_string().parse::<f64>().unwrap());
        assert!((opaque / column - 1.0).abs() < 0.05, "{opaque} for {column}");
    }

    #[test]
    fn what_does_not_fit_is_masked() {
        let parts = rows(|i| (i << 90, i), 100, 1);
        assert_eq!(parts.moment((0, Decimal { digits: 1 << 60, exponent: 0 }), (0, Decimal::whole(1 << 60))), None);
    }

    #[test]
    fn a_person_with_more_than_a_fifth_of_the_leverage_is_found_with_all_rows_together() {
        let square = |x: i128| (x, x);
        assert!(rows(|i| square(i % 100), 200, 2).leverage_ok());
        assert!(!rows(|i| square(if i < 2 { 1000 } else { i % 100 }), 200, 2).leverage_ok(), "one person's two rows");
        assert!(!rows(|_| square(7), 200, 1).leverage_ok(), "a constant carries no line");
        assert!(!rows(square, 3, 4).leverage_ok(), "three people each carry a third");
        let far = |i: i128| square(1_000_000_000_000 + i % 100);
        assert!(rows(far, 1000, 3).leverage_ok(), "the origin does not matter");
    }
}
