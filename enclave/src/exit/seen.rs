//! What an output checker sees of the rows that the gate judged: labels and bands. Nothing here decides anything.

use visiting_policies::hold::{self, EvidenceRow};

use super::{
    cells::Cells,
    desk::{Context, applied},
};
use crate::known::Known;

/// Each row of a question that is sent, in its order.
pub(crate) fn seen<'a>(
    number: u64,
    context: &'a Context<'a>,
    cells: &'a Cells,
    known: &'a Known,
) -> impl Iterator<Item = EvidenceRow> + 'a {
    context.question.sets.iter().enumerate().flat_map(move |(place, set)| {
        cells.of(place).filter_map(move |cell| {
            let rules = applied(context, set, &cell)?;
            let near = known.close("people", &cell.people(), rules.people_min, false).len();
            Some(EvidenceRow {
                question: number,
                keys: cell.key().iter().map(crate::question::KeyValue::label).collect(),
                people: hold::people(cell.units().len() as u64).to_owned(),
                near: hold::near(near as u64).to_owned(),
            })
        })
    })
}
