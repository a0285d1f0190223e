//! Declared numbers: a grid of decimals, so that a result is a whole number of steps and sums of results are exact.

use serde::{Deserialize, Serialize};
use toml::Value;

use crate::LIMITS;

/// The numbers `low`, `low + step`, … `high`, each in units of the `scale`-th decimal place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grid {
    /// Least number, in units.
    pub low: i64,
    /// Greatest number, in units.
    pub high: i64,
    /// Distance of two numbers, in units.
    pub step: i64,
    /// Digits behind the point of a unit: 0 to 6.
    pub scale: u8,
}

impl Grid {
    /// From three decimals; `None` where they make no grid: bounds that are not multiples of the step or not in order, too many
    /// steps, digits or places.
    pub(super) fn new(low: &Value, high: &Value, step: &Value) -> Option<Self> {
        let (low, high, step) = (Decimal::new(low)?, Decimal::new(high)?, Decimal::new(step)?);
        let scale = low.scale.max(high.scale).max(step.scale);
        let grid = Self { low: low.at(scale)?, high: high.at(scale)?, step: step.at(scale)?, scale };
        let whole = grid.step > 0 && grid.low < grid.high && grid.low % grid.step == 0 && grid.high % grid.step == 0;
        (whole && u64::from(grid.steps()?) <= u64::from(LIMITS.steps)).then_some(grid)
    }

    /// Number of steps from `low` to `high`.
    #[must_use]
    pub fn steps(&self) -> Option<u32> {
        u32::try_from(self.high.checked_sub(self.low)?.checked_div(self.step)?).ok()
    }

    /// The number, in units, that is `steps` steps above `low`; `None` above `high`.
    #[must_use]
    pub fn units(&self, steps: u32) -> Option<i64> {
        let units = self.low.checked_add(self.step.checked_mul(i64::from(steps))?)?;
        (units <= self.high).then_some(units)
    }
}

/// A decimal as somebody wrote it.
struct Decimal {
    digits: i64,
    scale: u8,
}

impl Decimal {
    fn new(value: &Value) -> Option<Self> {
        let text = match value {
            Value::Integer(whole) => whole.to_string(),
            // The shortest text that is this number is what was written, as far as an `f64` holds it.
            Value::Float(float) if float.is_finite() => float.to_string(),
            _ => return None,
        };
        let (whole, places) = text.split_once('.').unwrap_or((&text, ""));
        let scale = u8::try_from(places.len()).ok().filter(|scale| *scale <= LIMITS.places)?;
        let digits: i64 = format!("{whole}{places}").parse().ok()?;
        Some(Self { digits, scale })
    }

    fn at(&self, scale: u8) -> Option<i64> {
        let units = self.digits.checked_mul(10_i64.checked_pow(u32::from(scale.checked_sub(self.scale)?))?)?;
        // What an `f64` holds exactly, with room for the arithmetic on it.
        (units.unsigned_abs() <= 1 << 50).then_some(units)
    }
}
