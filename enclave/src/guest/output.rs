//! What guests give, as the engine's columns: of a worker's code only what the manifest declares becomes a value.

use std::sync::Arc;

use datafusion::arrow::{
    array::{ArrayRef, Decimal128Array, DictionaryArray, Int32Array, Int64Array, StringArray},
    datatypes::DataType,
};
use visiting_intake::{Grid, Values, is_month};

use crate::fault::Fault;

/// Digits of a decimal in extracts and in what guests give.
const DIGITS: u8 = 18;

/// The engine's type of a declaration.
pub(crate) fn kind(values: &Values) -> DataType {
    match values {
        Values::Labels(_) => DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8)),
        Values::Number(Grid { scale: 0, .. }) | Values::Month => DataType::Int64,
        Values::Number(grid) => DataType::Decimal128(DIGITS, scale(grid)),
    }
}

/// The values of these codes.
pub(super) fn array(values: &Values, codes: impl Iterator<Item = Option<u32>>) -> Result<ArrayRef, Fault> {
    Ok(match values {
        Values::Labels(labels) => {
            let texts: StringArray = labels.iter().map(|label| Some(label.label.as_str())).collect();
            let place = |code: u32| i32::try_from(code).ok().filter(|_| (code as usize) < labels.len());
            let keys: Int32Array = codes.map(|code| code.and_then(place)).collect();
            Arc::new(DictionaryArray::try_new(keys, Arc::new(texts))?)
        }
        Values::Number(grid @ Grid { scale: 0, .. }) => Arc::new(codes.map(|code| grid.units(code?)).collect::<Int64Array>()),
        Values::Number(grid) => {
            let units: Decimal128Array = codes.map(|code| grid.units(code?).map(i128::from)).collect();
            Arc::new(units.with_precision_and_scale(DIGITS, scale(grid))?)
        }
        Values::Month => Arc::new(codes.map(|code| code.filter(|month| is_month(*month)).map(i64::from)).collect::<Int64Array>()),
    })
}

fn scale(grid: &Grid) -> i8 {
    i8::try_from(grid.scale).unwrap_or_default()
}
