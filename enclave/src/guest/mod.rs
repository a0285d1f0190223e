//! Researchers' own functions (guests) in the enclave: examined again, compiled in one process, called in others (`visiting-worker`).
//! Here are columns before and after; no guest's code is ever in this process.
//!
//! What comes back is a place in the guest's declaration or nothing, so a guest that broke out of its engine and out of its jail can still
//! say no more than its labels and steps.

mod column;
mod made;
mod output;
mod over;
pub(crate) mod shelf;
mod stretches;
#[cfg(test)]
mod tests;
mod udf;

use std::{path::PathBuf, sync::Arc};

use datafusion::{arrow::array::ArrayRef, logical_expr::ScalarUDF};
use visiting_intake::{Form, Manifest};
use visiting_worker::{Artefact, Layers, Pool};

pub(crate) use made::{Made, make, table};
pub(crate) use output::kind;
pub(crate) use over::over;

use crate::fault::Fault;

/// One guest, compiled. Cheap to clone; may be called from several threads.
#[derive(Debug, Clone)]
pub struct Guest {
    inner: Arc<Inner>,
    /// Which run's it is: once that is over, it calls nobody.
    run: u64,
}

#[derive(Debug)]
struct Inner {
    artefact: Arc<Artefact>,
    pool: Pool,
}

impl Guest {
    /// Examines and compiles. Nothing that intake refuses reaches the compiler.
    ///
    /// # Errors
    /// Intake's findings in words, or a fault of the machine.
    pub fn new(manifest: &str, module: &[u8]) -> Result<Self, Fault> {
        Self::within(Layers::ALL, manifest, module)
    }

    /// The same with these layers of the jail.
    ///
    /// # Errors
    /// As [`Guest::new`].
    pub fn within(layers: Layers, manifest: &str, module: &[u8]) -> Result<Self, Fault> {
        let program = program()?;
        let artefact = Arc::new(Artefact::compile(&program, layers, manifest, module).map_err(|fault| told(&fault))?);
        let pool = Pool::new(program, layers, Arc::clone(&artefact));
        Ok(Self { inner: Arc::new(Inner { artefact, pool }), run: 0 })
    }

    /// The same for the run that begins.
    pub(crate) fn for_this_run(&self) -> Self {
        Self { inner: Arc::clone(&self.inner), run: self.inner.pool.run() }
    }

    /// What the author declared.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.inner.artefact.accepted().manifest
    }

    /// `sha256:…` of the container of manifest and module.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.inner.artefact.accepted().digest
    }

    /// A scalar guest's values for `rows` rows: labels as `Dictionary(Int32, Utf8)` in declared order, numbers as `Int64` or
    /// `Decimal128`; NULL where a row has none. One array an argument, in order: whole numbers as `Int64`, decimals as `Decimal128`,
    /// `Int64` or `Float64`, texts as `Dictionary(Int32, Utf8)`.
    ///
    /// # Errors
    /// Arrays of other types or lengths, or a fault of the machine; never what a row holds.
    pub fn values(&self, arguments: &[ArrayRef], rows: usize) -> Result<ArrayRef, Fault> {
        let Form::Scalar { result, .. } = &self.manifest().form else { return Err(other("a table was called as a function")) };
        let columns = self.columns(arguments)?;
        let borrowed: Vec<_> = columns.iter().map(column::Owned::column).collect();
        let codes = self.inner.pool.rows(self.run, &borrowed, rows).map_err(|fault| told(&fault))?;
        output::array(result, codes.iter())
    }

    /// The rows that a guest of the person form makes, column by column: for people with so many rows each, one after the other. Somebody
    /// for whom it fails has one row of NULLs.
    ///
    /// # Errors
    /// As [`Guest::values`].
    pub fn people(&self, arguments: &[ArrayRef], lengths: &[u32]) -> Result<(Vec<u32>, Vec<ArrayRef>), Fault> {
        let Form::Person(person) = &self.manifest().form else { return Err(other("a function was read as a table")) };
        let columns = self.columns(arguments)?;
        let borrowed: Vec<_> = columns.iter().map(column::Owned::column).collect();
        let people = self.inner.pool.people(self.run, &borrowed, lengths).map_err(|fault| told(&fault))?;
        let counts: Vec<Option<u32>> = people.counts().collect();
        let column = |(i, column): (usize, &visiting_intake::Column)| {
            let mut own = people.column(i);
            let rows = counts.iter().flat_map(|count| match count {
                Some(count) => own.by_ref().take(*count as usize).collect::<Vec<_>>(),
                None => vec![None],
            });
            output::array(&column.values, rows)
        };
        let arrays = person.columns.iter().enumerate().map(column).collect::<Result<_, _>>()?;
        Ok((counts.iter().map(|count| count.unwrap_or(1)).collect(), arrays))
    }

    /// What a guest of the group form gives for groups with so many rows each, one after the other: steps above its least number.
    ///
    /// # Errors
    /// As [`Guest::values`].
    pub fn groups(&self, arguments: &[ArrayRef], lengths: &[u32]) -> Result<Vec<Option<u32>>, Fault> {
        let columns = self.columns(arguments)?;
        let borrowed: Vec<_> = columns.iter().map(column::Owned::column).collect();
        let groups = self.inner.pool.people(self.run, &borrowed, lengths).map_err(|fault| told(&fault))?;
        let mut codes = groups.column(0);
        Ok(groups.counts().map(|count| if count == Some(1) { codes.next().flatten() } else { None }).collect())
    }

    fn columns(&self, arguments: &[ArrayRef]) -> Result<Vec<column::Owned>, Fault> {
        let params = &self.manifest().params;
        if arguments.len() != params.len() {
            return Err(other("a guest was given another number of arguments than it declares"));
        }
        params.iter().zip(arguments).map(|(param, array)| column::Owned::new(param.kind, array)).collect()
    }

    /// The end of a run: no process that has seen its rows sees another's.
    pub(crate) fn rest(&self) {
        self.inner.pool.rest();
    }

    /// The same as a function of the engine: `guest.udf().call(vec![…])` is the column of its values.
    #[must_use]
    pub fn udf(&self) -> ScalarUDF {
        udf::udf(self.clone())
    }
}

/// The program that compiles and runs guests: beside this one, or beside its folder, as tests are.
fn program() -> Result<PathBuf, Fault> {
    let own = std::env::current_exe()?;
    let beside = own.ancestors().skip(1).take(2).map(|folder| folder.join("visiting-worker"));
    beside
        .into_iter()
        .find(|path| path.is_file())
        .ok_or_else(|| other("the program visiting-worker is not beside this one; install it there"))
}

fn other(why: &str) -> Fault {
    Fault::Other(why.to_owned())
}

/// The words of a worker's end; they hold nothing of any row.
fn told(fault: &visiting_worker::Fault) -> Fault {
    match fault {
        visiting_worker::Fault::Refused(report) => Fault::Other(report.to_string()),
        fault => Fault::Other(format!("guest: {fault}")),
    }
}
