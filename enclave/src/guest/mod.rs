//! Researchers' own functions (guests) in the enclave: examined again, compiled once, called once a row.
//!
//! That a guest remembers nothing is made, not found: it has no place to remember in (intake), the loop over the rows is ours, each
//! row has its own fuel, and whatever goes wrong in a row is that row's empty label and nobody else's. So a row's label is the
//! same alone, in any batch and in any order.

mod call;
mod column;
mod engine;
mod rows;
pub(crate) mod shelf;
#[cfg(test)]
mod tests;
mod udf;

use std::sync::Arc;

use datafusion::{
    arrow::array::{ArrayRef, DictionaryArray, Int32Array, StringArray},
    logical_expr::ScalarUDF,
};
use visiting_intake::{Accepted, Manifest};
use wasmtime::Module;

use crate::fault::Fault;

/// One guest, compiled. Cheap to clone; may be called from several threads.
#[derive(Debug, Clone)]
pub struct Guest {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    accepted: Accepted,
    module: Module,
    /// Declared results, sorted, each with its label's place in the manifest.
    places: Vec<(i32, i32)>,
    labels: StringArray,
}

impl Guest {
    /// Examines and compiles. Nothing that intake refuses reaches the compiler.
    ///
    /// # Errors
    /// Intake's findings in words, or a fault of the machine.
    pub fn new(manifest: &str, module: &[u8]) -> Result<Self, Fault> {
        let accepted = visiting_intake::examine(manifest, module).map_err(|report| Fault::Other(report.to_string()))?;
        let module = Module::from_binary(engine::shared()?, module).map_err(|e| engine::fault(&e))?;
        let labels = &accepted.manifest.labels;
        let mut places: Vec<(i32, i32)> = labels.iter().map(|l| l.value).zip(0..).collect();
        places.sort_unstable();
        let labels = labels.iter().map(|l| Some(l.label.as_str())).collect();
        Ok(Self { inner: Arc::new(Inner { accepted, module, places, labels }) })
    }

    /// What the author declared.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.inner.accepted.manifest
    }

    /// `sha256:…` of the container of manifest and module.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.inner.accepted.digest
    }

    /// The labels of `rows` rows: `Dictionary(Int32, Utf8)` with the labels in declared order, NULL where a row has none. One
    /// array an argument, in order: whole numbers as `Int64`, decimals as `Decimal128`, `Int64` or `Float64`, texts as
    /// `Dictionary(Int32, Utf8)`.
    ///
    /// # Errors
    /// Arrays of other types or lengths, or a fault of the machine; never what a row holds.
    pub fn labels(&self, arguments: &[ArrayRef], rows: usize) -> Result<ArrayRef, Fault> {
        let results = rows::call(&self.inner.module, self.manifest(), arguments, rows)?;
        let place = |value: i32| {
            let found = self.inner.places.binary_search_by_key(&value, |(declared, _)| *declared).ok()?;
            self.inner.places.get(found).map(|(_, place)| *place)
        };
        let keys: Int32Array = results.into_iter().map(|result| result.and_then(place)).collect();
        Ok(Arc::new(DictionaryArray::try_new(keys, Arc::new(self.inner.labels.clone()))?))
    }

    /// The same as a function of the engine: `guest.udf().call(vec![…])` is the label column.
    #[must_use]
    pub fn udf(&self) -> ScalarUDF {
        udf::udf(self.clone())
    }
}
