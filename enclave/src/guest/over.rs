//! Guests of the group form: one number for each group, from all rows of it. Nothing here judges; whatever comes of it, people look.

use std::collections::BTreeMap;

use datafusion::{arrow::array::ArrayRef, execution::SendableRecordBatchStream};
use visiting_intake::{Form, Values};
use visiting_policies::disclosure::Decimal;

use super::{Guest, other, stretches::stretches};
use crate::{fault::Fault, question::KeyValue, unit::key_values};

/// The number of each group, by its keys; none where the guest gives none. `input` comes sorted by its first columns, the keys.
pub(crate) async fn over(guest: &Guest, keys: usize, input: SendableRecordBatchStream) -> Result<BTreeMap<Vec<KeyValue>, Decimal>, Fault> {
    let Form::Group { result: Values::Number(grid) } = guest.manifest().form.clone() else {
        return Err(other("a guest that is not over groups was called over one"));
    };
    let mut out = BTreeMap::new();
    stretches(input, keys, visiting_worker::LIMITS.group_rows, |batch, groups| {
        let (names, arguments) = batch.columns().split_at_checked(keys).unwrap_or_default();
        let names = names.iter().map(key_values).collect::<Option<Vec<_>>>().ok_or_else(|| other("a group has a name of another kind"))?;
        let lengths = groups.iter().map(|group| u32::try_from(group.len()).unwrap_or(u32::MAX)).collect::<Vec<_>>();
        // What is not part of a whole group yet comes again.
        let rows = groups.last().map_or(0, |last| last.end);
        let arguments: Vec<ArrayRef> = arguments.iter().map(|column| column.slice(0, rows)).collect();
        for (group, code) in groups.iter().zip(guest.groups(&arguments, &lengths)?) {
            let key = names.iter().filter_map(|name| name.get(group.start)).cloned().collect();
            if let Some(units) = code.and_then(|code| grid.units(code)) {
                out.insert(key, Decimal { digits: units.into(), exponent: -i32::from(grid.scale) });
            }
        }
        Ok(())
    })
    .await?;
    Ok(out)
}
