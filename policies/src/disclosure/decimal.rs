//! Decimal numbers and the steps that released values lie on.

use std::cmp::Ordering;

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

impl Decimal {
    /// A whole number.
    #[must_use]
    pub fn whole(n: u64) -> Self {
        Self { digits: i128::from(n), exponent: 0 }
    }

    /// Reads what [`Display`](std::fmt::Display) prints; `None` for anything else.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = format!("{whole}{fraction}");
        let plain = digits.strip_prefix('-').unwrap_or(&digits);
        if plain.is_empty() || !plain.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        Some(Self { digits: digits.parse().ok()?, exponent: -i32::try_from(fraction.len()).ok()? })
    }

    /// The same number as whole units of `10^-places`; `None` where that is not whole or does not fit.
    #[must_use]
    pub fn units(&self, places: u32) -> Option<i128> {
        let shift = self.exponent.checked_add(i32::try_from(places).ok()?)?;
        let p = power(shift.unsigned_abs())?;
        match shift >= 0 {
            true => self.digits.checked_mul(p),
            false => (self.digits % p == 0).then(|| self.digits / p),
        }
    }

    /// Decimal places that it needs.
    #[must_use]
    pub fn places(&self) -> u32 {
        if self.exponent < 0 { self.exponent.unsigned_abs() } else { 0 }
    }
}

/// Powers of ten that fit in an i128.
pub(super) fn power(n: u32) -> Option<i128> {
    10i128.checked_pow(n)
}

/// `top / bottom` rounded to a whole number, halves away from zero.
pub(super) fn rounded(top: i128, bottom: i128) -> Option<i128> {
    let (size, by) = (top.unsigned_abs(), bottom.unsigned_abs());
    let (whole, rest) = (size.checked_div(by)?, size.checked_rem(by)?);
    // Written without doubling `rest`: `by - rest` cannot overflow.
    let up = rest >= by - rest;
    let steps = i128::try_from(whole.checked_add(u128::from(up))?).ok()?;
    Some(if (top < 0) == (bottom < 0) { steps } else { -steps })
}

/// A step of {1,2,5} * 10^exponent in real units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Grid {
    /// 1, 2 or 5.
    pub(super) mantissa: i128,
    /// Power of ten.
    pub(super) exponent: i32,
}

impl Grid {
    /// The smallest step that is at least `numerator / denominator` units of 10^-scale.
    pub(super) fn at_least(numerator: i128, denominator: i128, scale: u32) -> Option<Self> {
        if numerator <= 0 || denominator <= 0 {
            return None;
        }
        // Start a power of ten below the ratio and climb the ladder; a few steps.
        let mut step =
            Self { mantissa: 1, exponent: i32::try_from(numerator.ilog10()).ok()? - i32::try_from(denominator.ilog10()).ok()? - 2 };
        while step.compared(numerator, denominator)? == Ordering::Less {
            step = step.next();
        }
        Some(Self { mantissa: step.mantissa, exponent: step.exponent - i32::try_from(scale).ok()? })
    }

    /// This step against `numerator / denominator`, both positive.
    fn compared(self, numerator: i128, denominator: i128) -> Option<Ordering> {
        let Some(p) = power(self.exponent.unsigned_abs()) else {
            return Some(if self.exponent > 0 { Ordering::Greater } else { Ordering::Less });
        };
        // What does not fit is larger than whatever does.
        let (left, right) = match self.exponent >= 0 {
            true => (denominator.checked_mul(self.mantissa * p), Some(numerator)),
            false => (denominator.checked_mul(self.mantissa), numerator.checked_mul(p)),
        };
        match (left, right) {
            (Some(left), Some(right)) => Some(left.cmp(&right)),
            (None, Some(_)) => Some(Ordering::Greater),
            (Some(_), None) => Some(Ordering::Less),
            (None, None) => None,
        }
    }

    /// The next wider step.
    pub(super) fn next(self) -> Self {
        match self.mantissa {
            1 => Self { mantissa: 2, ..self },
            2 => Self { mantissa: 5, ..self },
            _ => Self { mantissa: 1, exponent: self.exponent + 1 },
        }
    }

    /// How many of these steps `numerator / denominator` units of 10^-scale are, halves away from zero.
    pub(super) fn steps(self, numerator: i128, denominator: i128, scale: u32) -> Option<i128> {
        let shift = self.exponent + i32::try_from(scale).ok()?;
        let (mut top, mut bottom) = (numerator, denominator.checked_mul(self.mantissa)?);
        let p = power(shift.unsigned_abs())?;
        if shift >= 0 {
            bottom = bottom.checked_mul(p)?
        } else {
            top = top.checked_mul(p)?
        }
        rounded(top, bottom)
    }

    /// `numerator / denominator` units of 10^-scale on this grid, halves away from zero.
    pub(super) fn round(self, numerator: i128, denominator: i128, scale: u32) -> Option<Decimal> {
        self.value(self.steps(numerator, denominator, scale)?)
    }

    /// So many of these steps.
    pub(super) fn value(self, steps: i128) -> Option<Decimal> {
        Some(Decimal { digits: steps.checked_mul(self.mantissa)?, exponent: self.exponent })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grid_is_the_next_step_of_the_ladder() {
        assert_eq!(Grid::at_least(21, 10, 0), Some(Grid { mantissa: 5, exponent: 0 }));
        assert_eq!(Grid::at_least(2, 1, 0), Some(Grid { mantissa: 2, exponent: 0 }));
        assert_eq!(Grid::at_least(7, 1000, 2), Some(Grid { mantissa: 1, exponent: -4 }));
        assert_eq!(Grid::at_least(51, 1, 0), Some(Grid { mantissa: 1, exponent: 2 }));
        assert_eq!(Grid::at_least(1, i128::MAX, 0).map(|g| g.exponent), Some(-38));
    }

    #[test]
    fn decimals_print_every_place_and_are_read_back() {
        for (decimal, text) in [
            (Decimal { digits: -5, exponent: -2 }, "-0.05"),
            (Decimal { digits: 12, exponent: 2 }, "1200"),
            (Decimal { digits: 70, exponent: -1 }, "7.0"),
        ] {
            assert_eq!(decimal.to_string(), text);
            assert_eq!(Decimal::read(text).unwrap().to_string(), text);
        }
        assert_eq!(["", "-", "1.2.3", "+4", "1e3", "<k"].map(Decimal::read), [None; 6]);
    }

    #[test]
    fn halves_go_away_from_zero() {
        assert_eq!([(5, 2), (-5, 2), (5, -2), (4, 3), (0, 7)].map(|(a, b)| rounded(a, b)), [3, -3, -3, 1, 0].map(Some));
        assert_eq!(rounded(i128::MAX, i128::MAX), Some(1));
        assert_eq!(rounded(1, 0), None);
    }

    #[test]
    fn units_are_exact_or_none() {
        let d = Decimal { digits: 70, exponent: -1 };
        assert_eq!((d.units(2), d.units(0), d.places()), (Some(700), Some(7), 1));
        assert_eq!(Decimal { digits: 75, exponent: -1 }.units(0), None);
    }
}
