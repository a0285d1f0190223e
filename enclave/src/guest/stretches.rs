//! Rows that come sorted, one stretch of equal keys after the other, and none of them in pieces.

use std::ops::Range;

use datafusion::{
    arrow::{
        array::RecordBatch,
        compute::{concat_batches, partition},
    },
    execution::SendableRecordBatchStream,
};
use futures::StreamExt as _;

use crate::fault::Fault;

/// Rows that are gathered before a guest is called: some thousand people at a time, a few megabytes.
const ROWS_AT_ONCE: usize = 65_536;

/// Hands on whole stretches: `keys` says how many columns are equal in one. Of a stretch longer than `most` one row more than that
/// comes: it has no result, and is not gathered further.
pub(super) async fn stretches(
    mut input: SendableRecordBatchStream,
    keys: usize,
    most: usize,
    mut take: impl FnMut(&RecordBatch, &[Range<usize>]) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let (schema, mut rest): (_, Vec<RecordBatch>) = (input.schema(), Vec::new());
    while let Some(batch) = input.next().await {
        rest.push(batch.map_err(|e| Fault::from(e).in_rows())?);
        if rest.iter().map(RecordBatch::num_rows).sum::<usize>() >= ROWS_AT_ONCE {
            let all = concat_batches(&schema, &rest)?;
            let mut whole = ranges(&all, keys)?;
            // The last stretch may go on in the next batch.
            let last = whole.pop().unwrap_or_default();
            rest = vec![all.slice(last.start, last.len().min(most + 1))];
            take(&all, &whole)?;
        }
    }
    let all = concat_batches(&schema, &rest)?;
    take(&all, &ranges(&all, keys)?)
}

fn ranges(batch: &RecordBatch, keys: usize) -> Result<Vec<Range<usize>>, Fault> {
    match (batch.num_rows(), keys) {
        (0, _) => Ok(Vec::new()),
        (rows, 0) => Ok(std::iter::once(0..rows).collect()),
        _ => Ok(partition(batch.columns().get(..keys).unwrap_or_default())?.ranges()),
    }
}
