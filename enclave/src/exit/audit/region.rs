//! Who may change in the worlds of a few groups where people are many. A world that changes some people and leaves all others as they
//! are is a world, so looking at a few proves as much; looking at too few only finds less.

use std::collections::BTreeSet;

use super::reader::{Reader, Stated};
use crate::people::People;

/// People of the new table's rows who may change with any group.
const HELPERS: usize = 2_000;
/// Most people who may change at once.
const CHANGING: usize = 16_000;

/// How far a search looks around its groups: of a set with so many people or fewer everybody may change, of a larger one so many.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reach {
    small: usize,
    of_large: usize,
}

/// Many groups at once.
pub(super) const NEAR: Reach = Reach { small: 64, of_large: 8 };
/// One group that was not found to be open so.
pub(super) const FAR: Reach = Reach { small: 1_024, of_large: 128 };

/// Some people of each of the new table's rows: they come in the order of the extract, which is none.
pub(super) fn helpers(reader: &Reader<'_>) -> BTreeSet<u32> {
    let rows: Vec<&Stated<'_>> = reader.new_sets().collect();
    let each = (HELPERS / rows.len().max(1)).max(1);
    rows.iter().flat_map(|row| row.people.ordinals().take(each)).take(HELPERS).collect()
}

/// These people, and some of each set that one of them is in: who may leave it when others come.
pub(super) fn around(reader: &Reader<'_>, these: BTreeSet<u32>, reach: Reach) -> BTreeSet<u32> {
    let sets: BTreeSet<usize> = these.iter().flat_map(|person| reader.of(*person)).collect();
    let mut sets: Vec<&People> = sets.iter().filter_map(|number| reader.get(*number)).map(|s| s.people).collect();
    sets.sort_by_key(|people| people.len());
    let mut out = these;
    for people in sets {
        if out.len() > CHANGING {
            break;
        }
        let some = if people.len() <= reach.small { reach.small } else { reach.of_large };
        out.extend(people.ordinals().take(some));
    }
    out
}
