//! Guests of the group form: one number for each group, from all rows of it. Nothing here judges; whatever comes of it, people look.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use datafusion::{
    arrow::{
        array::{ArrayRef, UInt64Array},
        compute::take,
    },
    execution::SendableRecordBatchStream,
};
use visiting_intake::{Form, Values};
use visiting_policies::disclosure::Decimal;

use super::{Guest, other, stretches::stretches};
use crate::{fault::Fault, question::KeyValue, unit::key_values};

/// The number of each of these groups, by its keys; none where the guest gives none. The guest sees no others. `input` comes sorted by its
/// first columns, the keys.
pub(crate) async fn over(
    guest: &Guest,
    keys: usize,
    shown: &BTreeSet<Vec<KeyValue>>,
    input: SendableRecordBatchStream,
) -> Result<BTreeMap<Vec<KeyValue>, Decimal>, Fault> {
    let Form::Group { result: Values::Number(grid) } = guest.manifest().form.clone() else {
        return Err(other("a guest that is not over groups was called over one"));
    };
    let mut out = BTreeMap::new();
    stretches(input, keys, visiting_worker::LIMITS.group_rows, |batch, groups| {
        let (names, arguments) = batch.columns().split_at_checked(keys).unwrap_or_default();
        let names = names.iter().map(key_values).collect::<Option<Vec<_>>>().ok_or_else(|| other("a group has a name of another kind"))?;
        let key = |group: &Range<usize>| names.iter().filter_map(|name| name.get(group.start)).cloned().collect::<Vec<_>>();
        let groups: Vec<(Vec<KeyValue>, &Range<usize>)> =
            groups.iter().map(|group| (key(group), group)).filter(|(key, _)| shown.contains(key)).collect();
        let rows: UInt64Array = groups.iter().flat_map(|(_, group)| (*group).clone()).map(|row| row as u64).collect();
        let arguments = arguments.iter().map(|column| take(column, &rows, None)).collect::<Result<Vec<ArrayRef>, _>>()?;
        let lengths: Vec<u32> = groups.iter().map(|(_, group)| u32::try_from(group.len()).unwrap_or(u32::MAX)).collect();
        // A worker that breaks off gives no number, like one that says nothing: whether people are asked does not hang on it.
        let codes = guest.groups(&arguments, &lengths).unwrap_or_else(|_| vec![None; lengths.len()]);
        for ((key, _), code) in groups.into_iter().zip(codes) {
            if let Some(units) = code.and_then(|code| grid.units(code)) {
                out.insert(key, Decimal { digits: units.into(), exponent: -i32::from(grid.scale) });
            }
        }
        Ok(())
    })
    .await?;
    Ok(out)
}
