//! A guest as a function of the query engine.

use std::{
    hash::{Hash, Hasher},
    sync::Arc,
};

use datafusion::{
    arrow::datatypes::DataType,
    common::{DataFusionError, Result, plan_err},
    logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility},
};
use visiting_intake::Form;

use super::{Guest, kind};

/// The function of `guest`. Its name carries the digest: two guests of one name are never taken for each other.
pub(super) fn udf(guest: Guest) -> ScalarUDF {
    // The same row always has the same value, so the engine may evaluate it once, early or late.
    let signature = Signature::any(guest.manifest().params.len(), Volatility::Immutable);
    let name = format!("guest.{} {}", guest.manifest().name, guest.digest());
    ScalarUDF::new_from_impl(Values { name, signature, guest })
}

#[derive(Debug)]
struct Values {
    name: String,
    signature: Signature,
    guest: Guest,
}

impl PartialEq for Values {
    fn eq(&self, other: &Self) -> bool {
        self.guest.digest() == other.guest.digest()
    }
}

impl Eq for Values {}

impl Hash for Values {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.guest.digest().hash(state);
    }
}

impl ScalarUDFImpl for Values {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        match &self.guest.manifest().form {
            Form::Scalar { result, .. } => Ok(kind(result)),
            Form::Person(_) | Form::Group { .. } => plan_err!("a table is no function"),
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = args.number_rows;
        let arrays = args.args.iter().map(|value| value.to_array(rows)).collect::<Result<Vec<_>>>()?;
        let values = self.guest.values(&arrays, rows).map_err(|fault| DataFusionError::Execution(fault.to_string()))?;
        Ok(ColumnarValue::Array(Arc::clone(&values)))
    }
}
