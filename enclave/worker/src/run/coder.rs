//! Results become codes: the place of a label, the number of steps above the least number, a month. What is not declared is NULL.

use visiting_intake::{Grid, Values, is_month};

use crate::wire::NONE;

/// Adding and taking this away rounds a number below 2^51 to a whole one, half to even, on every machine.
const ROUND: f64 = 6_755_399_441_055_744.0;

/// What makes codes of the results of one column.
#[derive(Debug)]
pub(crate) enum Coder {
    /// Labels whose values follow each other: the first value and their number.
    Dense(i32, u32),
    /// Other labels: values and places, by value.
    Labels(Vec<(i32, u32)>),
    /// Numbers.
    Number {
        /// The declared bounds.
        low: f64,
        high: f64,
        /// Units in one.
        units: f64,
        /// Units in a step.
        step: f64,
        /// Steps from zero to `low`.
        base: f64,
    },
    /// Months.
    Month,
}

impl Coder {
    pub(crate) fn new(values: &Values) -> Self {
        match values {
            Values::Labels(labels) => {
                let first = labels.first().map_or(0, |label| label.value);
                let follows = (i64::from(first)..).zip(labels).all(|(value, label)| value == i64::from(label.value));
                if follows {
                    return Self::Dense(first, u32::try_from(labels.len()).unwrap_or(0));
                }
                let mut places: Vec<(i32, u32)> = labels.iter().map(|label| label.value).zip(0..).collect();
                places.sort_unstable();
                Self::Labels(places)
            }
            Values::Number(Grid { low, high, step, scale }) => {
                let units = 10_f64.powi(i32::from(*scale));
                let step = *step as f64;
                Self::Number { low: *low as f64 / units, high: *high as f64 / units, units, step, base: *low as f64 / step }
            }
            Values::Month => Self::Month,
        }
    }

    /// The code of a scalar's label.
    pub(crate) fn label(&self, value: i32) -> u32 {
        match self {
            Self::Dense(first, count) => {
                let place = (value as u32).wrapping_sub(*first as u32);
                if place < *count { place } else { NONE }
            }
            Self::Labels(places) => {
                let found = places.binary_search_by_key(&value, |(declared, _)| *declared).ok();
                found.and_then(|at| places.get(at)).map_or(NONE, |(_, place)| *place)
            }
            _ => NONE,
        }
    }

    /// The codes of many results, as the loop leaves them: eight bytes each, a label's value in the first four.
    pub(crate) fn all(&self, results: &[u8]) -> Vec<u32> {
        let words = results.chunks_exact(8).map(|bytes| bytes.try_into().map_or(0, u64::from_le_bytes));
        match self {
            Self::Number { low, high, units, step, base } => {
                // The same as for one, without a jump: the lowest bits of a number that was rounded so are the number of steps.
                let (divides, base) = (*step != 1.0, (base + ROUND).to_bits() as u32);
                words
                    .map(|word| {
                        let value = f64::from_bits(word);
                        let scaled = if divides { value * units / step } else { value * units };
                        let steps = ((scaled + ROUND).to_bits() as u32).wrapping_sub(base);
                        if (value >= *low) & (value <= *high) { steps } else { NONE }
                    })
                    .collect()
            }
            _ => words.map(|word| self.label(word as u32 as i32)).collect(),
        }
    }

    /// The code of a number, whatever the column is.
    pub(crate) fn number(&self, value: f64) -> u32 {
        match self {
            Self::Number { low, high, units, step, base } => {
                // NaN is in no range.
                if !(*low..=*high).contains(&value) {
                    return NONE;
                }
                let steps = (value * units / step + ROUND) - ROUND - base;
                steps as u32
            }
            Self::Month => {
                let month = value as u32;
                if f64::from(month) == value && is_month(month) { month } else { NONE }
            }
            Self::Dense(..) | Self::Labels(_) => {
                let whole = value as i32;
                if f64::from(whole) == value { self.label(whole) } else { NONE }
            }
        }
    }
}
