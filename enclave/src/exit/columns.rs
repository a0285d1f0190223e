//! Numeric columns of a batch as whole numbers of their scale. What is no such number contributes nothing: NULL, NaN, infinities,
//! and what is too large to be summed exactly.

use datafusion::arrow::{
    array::{Array, ArrayRef, AsArray},
    buffer::{NullBuffer, ScalarBuffer},
    datatypes::{DataType, Decimal128Type, Float64Type, Int64Type},
};

use crate::{fault::Fault, question::Column};

/// Largest size of a contribution of one row, in units of the column: 2^36 rows of it still fit in an i128.
const AMOUNT_MAX: u128 = 1 << 90;
/// Largest size of a product of two contributions, for the same reason.
pub(super) const PRODUCT_MAX: u128 = 1 << 96;

/// The numbers of one column of a batch.
pub(super) enum Numbers {
    /// All fit in 64 bits.
    Small(ScalarBuffer<i64>, Option<NullBuffer>),
    /// Some do not.
    Wide(Vec<i128>, Option<NullBuffer>),
}

impl Numbers {
    /// Reads a column of the engine.
    pub(super) fn read(array: &ArrayRef, column: &Column) -> Result<Self, Fault> {
        match array.data_type() {
            DataType::Int64 if column.scale == 0 => {
                let array = array.as_primitive::<Int64Type>();
                Ok(Self::Small(array.values().clone(), array.nulls().filter(|n| n.null_count() > 0).cloned()))
            }
            DataType::Decimal128(_, scale) if i64::from(*scale) == i64::from(column.scale) => {
                let array = array.as_primitive::<Decimal128Type>();
                Ok(Self::of(array.values(), array.nulls()))
            }
            DataType::Float64 => {
                let array = array.as_primitive::<Float64Type>();
                let step = 10f64.powi(i32::try_from(column.scale).unwrap_or(i32::MAX));
                let units: Vec<Option<i64>> = array.iter().map(|v| v.and_then(|v| whole(v * step))).collect();
                let nulls = NullBuffer::from_iter(units.iter().map(Option::is_some));
                let values = units.into_iter().map(Option::unwrap_or_default).collect();
                Ok(Self::Small(values, Some(nulls).filter(|n| n.null_count() > 0)))
            }
            other => Err(Fault::Other(format!("a measure column is of type {other}, not a number of {} places", column.scale))),
        }
    }

    fn of(values: &[i128], nulls: Option<&NullBuffer>) -> Self {
        let nulls = nulls.filter(|n| n.null_count() > 0);
        if let Some(small) = values.iter().map(|v| i64::try_from(*v).ok()).collect::<Option<Vec<i64>>>() {
            return Self::Small(small.into(), nulls.cloned());
        }
        let fits = |(i, v): (usize, &i128)| v.unsigned_abs() <= AMOUNT_MAX && nulls.is_none_or(|n| n.is_valid(i));
        let valid = NullBuffer::from_iter(values.iter().enumerate().map(fits));
        Self::Wide(values.to_vec(), Some(valid).filter(|n| n.null_count() > 0))
    }

    /// Which rows have a value; `None` when all do.
    pub(super) fn valid(&self) -> Option<&NullBuffer> {
        match self {
            Self::Small(_, nulls) | Self::Wide(_, nulls) => nulls.as_ref(),
        }
    }

    /// The number of a row that has one.
    pub(super) fn at(&self, row: usize) -> i128 {
        match self {
            Self::Small(values, _) => values.get(row).copied().map_or(0, i128::from),
            Self::Wide(values, _) => values.get(row).copied().unwrap_or(0),
        }
    }

    /// Products row by row, NULL where one of the two is or the product is too large.
    pub(super) fn times(&self, other: &Self, rows: usize) -> Self {
        let both = NullBuffer::union(self.valid(), other.valid());
        let product = |row: usize| {
            let product = self.at(row).checked_mul(other.at(row)).filter(|p| p.unsigned_abs() <= PRODUCT_MAX);
            product.filter(|_| both.as_ref().is_none_or(|n| n.is_valid(row)))
        };
        let products: Vec<Option<i128>> = (0..rows).map(product).collect();
        let nulls = NullBuffer::from_iter(products.iter().map(Option::is_some));
        let values: Vec<i128> = products.into_iter().map(Option::unwrap_or_default).collect();
        Self::of(&values, Some(&nulls))
    }
}

/// The nearest whole number, halves away from zero; `None` for what is none or does not fit.
fn whole(v: f64) -> Option<i64> {
    // 2^62 is a float; below it every rounded float is an i64.
    (v.abs() <= (1i64 << 62) as f64).then(|| v.round() as i64)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use datafusion::arrow::array::{Decimal128Array, Float64Array, Int64Array};

    use super::*;
    use crate::predicate::Predicate;

    fn column(scale: u32) -> Column {
        Column { name: "x".to_owned(), when: Predicate::True, present: Predicate::True, scale, bounds: None, opaque: false }
    }

    fn all(array: ArrayRef, scale: u32) -> Vec<Option<i128>> {
        let numbers = Numbers::read(&array, &column(scale)).unwrap();
        (0..array.len()).map(|i| numbers.valid().is_none_or(|n| n.is_valid(i)).then(|| numbers.at(i))).collect()
    }

    #[test]
    fn floats_come_to_the_scale_and_what_is_no_number_contributes_nothing() {
        let floats = vec![Some(1.005), Some(-2.5), Some(f64::NAN), Some(f64::INFINITY), Some(1e300), None, Some(-0.0)];
        let expected = vec![Some(100), Some(-250), None, None, None, None, Some(0)];
        assert_eq!(all(Arc::new(Float64Array::from(floats)), 2), expected);
        assert_eq!(all(Arc::new(Float64Array::from(vec![0.5, 1.5, -0.5])), 0), [Some(1), Some(2), Some(-1)]);
    }

    #[test]
    fn decimals_are_taken_as_they_are_and_giants_contribute_nothing() {
        let array = Decimal128Array::from(vec![Some(7), None, Some(i128::MAX), Some(1 << 80)]).with_precision_and_scale(38, 3).unwrap();
        assert_eq!(all(Arc::new(array.clone()), 3), [Some(7), None, None, Some(1 << 80)]);
        assert!(Numbers::read(&(Arc::new(array) as ArrayRef), &column(2)).is_err(), "another scale is another unit");
        assert_eq!(all(Arc::new(Int64Array::from(vec![Some(i64::MIN), None])), 0), [Some(i128::from(i64::MIN)), None]);
    }
}
