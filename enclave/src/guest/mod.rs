//! Researchers' own functions (guests) in the enclave: examined again, compiled once, called once a row.

use std::sync::Arc;

use datafusion::{arrow::array::ArrayRef, logical_expr::ScalarUDF};
use visiting_intake::{Accepted, Manifest};

use crate::fault::Fault;

/// One guest, compiled. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Guest {
    accepted: Arc<Accepted>,
}

impl Guest {
    /// Examines and compiles.
    ///
    /// # Errors
    /// Refused by intake, or a fault of the machine.
    pub fn new(manifest: &str, module: &[u8]) -> Result<Self, Fault> {
        let accepted = visiting_intake::examine(manifest, module).map_err(|report| Fault::Other(report.to_string()))?;
        Ok(Self { accepted: Arc::new(accepted) })
    }

    /// What the author declared.
    pub fn manifest(&self) -> &Manifest {
        &self.accepted.manifest
    }

    /// `sha256:…` over manifest and module.
    pub fn digest(&self) -> &str {
        &self.accepted.digest
    }

    /// The labels of the rows: `Dictionary(Int32, Utf8)`, empty where a row has none. One array an argument, in order: `Int64`,
    /// `Decimal128`, or `Dictionary(Int32, Utf8)`, as extracts keep them.
    pub fn labels(&self, arguments: &[ArrayRef], rows: usize) -> Result<ArrayRef, Fault> {
        let _ = (arguments, rows);
        Err(Fault::Other("not there yet".to_owned()))
    }

    /// The same as a function of the engine: `guest.udf().call(vec![ident(…), …])` is the label column.
    pub fn udf(&self) -> ScalarUDF {
        unimplemented!()
    }
}
