//! Arguments: a column of the extract as a worker takes it.

use datafusion::arrow::{
    array::{Array, ArrayRef, AsArray},
    buffer::{NullBuffer, ScalarBuffer},
    datatypes::{DataType, Decimal128Type, Float64Type, Int32Type, Int64Type},
};
use visiting_intake::ParamKind;
use visiting_worker::{Column, Validity};

use crate::fault::Fault;

/// One argument over all rows.
#[derive(Debug)]
pub(super) struct Owned {
    values: Values,
    nulls: Option<NullBuffer>,
}

#[derive(Debug)]
enum Values {
    Int(ScalarBuffer<i64>),
    Decimal(ScalarBuffer<f64>),
    /// Places in a dictionary, and its texts packed.
    Text(ScalarBuffer<i32>, Vec<Option<(i64, i64)>>),
}

impl Owned {
    /// Takes an array as a parameter of this kind.
    pub(super) fn new(kind: ParamKind, array: &ArrayRef) -> Result<Self, Fault> {
        let values = match (kind, array.data_type()) {
            (ParamKind::Int, DataType::Int64) => Values::Int(array.as_primitive::<Int64Type>().values().clone()),
            (ParamKind::Decimal, DataType::Int64) => {
                Values::Decimal(array.as_primitive::<Int64Type>().values().iter().map(|v| *v as f64).collect())
            }
            (ParamKind::Decimal, DataType::Decimal128(_, scale)) => {
                let scale = 10_f64.powi(i32::from(*scale));
                Values::Decimal(array.as_primitive::<Decimal128Type>().values().iter().map(|v| *v as f64 / scale).collect())
            }
            (ParamKind::Decimal, DataType::Float64) => Values::Decimal(array.as_primitive::<Float64Type>().values().clone()),
            (ParamKind::Text, DataType::Dictionary(key, value)) if (&**key, &**value) == (&DataType::Int32, &DataType::Utf8) => {
                let dictionary = array.as_dictionary::<Int32Type>();
                let texts = dictionary.values().as_string::<i32>();
                let words = texts.iter().map(|text| visiting_sdk::pack(text?.as_bytes())).collect();
                Values::Text(dictionary.keys().values().clone(), words)
            }
            _ => return Err(Fault::Other("a guest was given a column of another kind than it declares".to_owned())),
        };
        Ok(Self { values, nulls: array.nulls().cloned() })
    }

    /// The same as a worker takes it.
    pub(super) fn column(&self) -> Column<'_> {
        let validity = self.nulls.as_ref().map_or(Validity::ALL, |nulls| Validity::new(nulls.validity(), nulls.offset()));
        match &self.values {
            Values::Int(values) => Column::Int(values, validity),
            Values::Decimal(values) => Column::Decimal(values, validity),
            Values::Text(keys, words) => Column::Text(keys, words, validity),
        }
    }
}
