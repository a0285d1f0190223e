//! `visiting bench guests`: guests against the same functions compiled natively, in the processes that runs start. The measuring is beside
//! what it measures, in `visiting-worker`.

use crate::world::binaries;

/// Runs the benchmarks.
///
/// # Errors
/// What went wrong, in words.
pub fn guests(say: impl FnMut(&str)) -> Result<(), String> {
    visiting_worker::bench(&binaries()?.join("visiting-worker"), say)
}
