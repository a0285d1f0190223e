//! Arguments: a column of the extract becomes one or two words a row.

use datafusion::arrow::{
    array::{Array, ArrayRef, AsArray},
    datatypes::{DataType, Decimal128Type, Float64Type, Int32Type, Int64Type},
};
use visiting_intake::ParamKind;

use crate::fault::Fault;

/// One argument over all rows; `None` where the row has no value, and so no call.
#[derive(Debug)]
pub(super) enum Column {
    /// Whole numbers.
    Int(Vec<Option<i64>>),
    /// Bits of finite `f64`s, no -0.0.
    Decimal(Vec<Option<u64>>),
    /// Packed texts: per row the place in the dictionary, per place its words.
    Text(Vec<Option<usize>>, Vec<Option<(i64, i64)>>),
}

impl Column {
    /// Takes an array as a parameter of this kind.
    pub(super) fn new(kind: ParamKind, array: &ArrayRef) -> Result<Self, Fault> {
        match (kind, array.data_type()) {
            (ParamKind::Int, DataType::Int64) => Ok(Self::Int(array.as_primitive::<Int64Type>().iter().collect())),
            (ParamKind::Decimal, DataType::Int64) => {
                Ok(Self::Decimal(array.as_primitive::<Int64Type>().iter().map(|v| number(v? as f64)).collect()))
            }
            (ParamKind::Decimal, DataType::Decimal128(_, scale)) => {
                let scale = 10_f64.powi(i32::from(*scale));
                Ok(Self::Decimal(array.as_primitive::<Decimal128Type>().iter().map(|v| number(v? as f64 / scale)).collect()))
            }
            (ParamKind::Decimal, DataType::Float64) => {
                Ok(Self::Decimal(array.as_primitive::<Float64Type>().iter().map(|v| number(v?)).collect()))
            }
            (ParamKind::Text, DataType::Dictionary(key, value)) if (&**key, &**value) == (&DataType::Int32, &DataType::Utf8) => {
                let dictionary = array.as_dictionary::<Int32Type>();
                let texts = dictionary.values().as_string::<i32>();
                let words = texts.iter().map(|text| visiting_sdk::pack(text?.as_bytes())).collect();
                Ok(Self::Text(dictionary.keys().iter().map(|key| usize::try_from(key?).ok()).collect(), words))
            }
            _ => Err(Fault::Other("a guest was given a column of another kind than it declares".to_owned())),
        }
    }

    /// Puts the row's words; false where it has none.
    pub(super) fn put(&self, row: usize, out: &mut Vec<u64>) -> bool {
        match self {
            Self::Int(values) => values.get(row).copied().flatten().map(|v| out.push(v as u64)).is_some(),
            Self::Decimal(values) => values.get(row).copied().flatten().map(|bits| out.push(bits)).is_some(),
            Self::Text(places, words) => {
                let words = places.get(row).copied().flatten().and_then(|place| words.get(place).copied().flatten());
                words.map(|(first, second)| out.extend([first as u64, second as u64])).is_some()
            }
        }
    }
}

/// What crosses the boundary is finite and has one zero.
fn number(value: f64) -> Option<u64> {
    // -0.0 + 0.0 is 0.0; every other number stays.
    value.is_finite().then(|| (value + 0.0).to_bits())
}
