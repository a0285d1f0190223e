//! The loop over the rows: the host's, so that nothing of one row can reach another.

use datafusion::arrow::array::ArrayRef;
use visiting_intake::{LIMITS, Manifest};
use wasmtime::{Instance, Module, Store, Trap};

use super::{
    call::{self, Call},
    column::Column,
    engine,
};
use crate::fault::Fault;

/// What the guest returns for each row; `None` where it has no value: an argument is empty, or the call trapped, ran out of fuel or
/// out of stack.
pub(super) fn call(module: &Module, manifest: &Manifest, arguments: &[ArrayRef], rows: usize) -> Result<Vec<Option<i32>>, Fault> {
    if arguments.len() != manifest.params.len() || arguments.iter().any(|array| array.len() != rows) {
        return Err(Fault::Other("a guest was given another number of arguments than it declares".to_owned()));
    }
    let kinds = manifest.params.iter().map(|param| param.kind);
    let columns = kinds.zip(arguments).map(|(kind, array)| Column::new(kind, array)).collect::<Result<Vec<_>, _>>()?;
    let mut line = Line::new(module, manifest)?;
    (0..rows).map(|row| line.row(&columns, row)).collect()
}

/// An instance for one batch. It has no state (intake), so one serves all rows.
struct Line {
    store: Store<()>,
    call: Call,
    words: Vec<u64>,
}

impl Line {
    fn new(module: &Module, manifest: &Manifest) -> Result<Self, Fault> {
        let mut store = Store::new(engine::shared()?, ());
        // Filling a table is metered too.
        store.set_fuel(LIMITS.fuel).map_err(|e| engine::fault(&e))?;
        let instance = Instance::new(&mut store, module, &[]).map_err(|e| engine::fault(&e))?;
        let function = instance.get_func(&mut store, &manifest.export);
        let function = function.ok_or_else(|| Fault::Other("a guest has lost its function".to_owned()))?;
        let call = call::call(&mut store, function, manifest).map_err(|e| engine::fault(&e))?;
        Ok(Self { store, call, words: Vec::new() })
    }

    fn row(&mut self, columns: &[Column], row: usize) -> Result<Option<i32>, Fault> {
        self.words.clear();
        if !columns.iter().all(|column| column.put(row, &mut self.words)) {
            return Ok(None);
        }
        self.store.set_fuel(LIMITS.fuel).map_err(|e| engine::fault(&e))?;
        match (self.call)(&mut self.store, &self.words) {
            Ok(value) => Ok(Some(value)),
            // Whatever the guest did wrong, it did in this row.
            Err(error) if error.is::<Trap>() => Ok(None),
            Err(error) => Err(engine::fault(&error)),
        }
    }
}
