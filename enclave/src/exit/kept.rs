//! What is kept beside sums, cell by cell: values with their people, who has which value, shares of facilities and households.

use datafusion::common::HashMap;

use super::{
    evidence::Ledger,
    log::{Found, SiteShare},
};
use crate::{config::PARTITIONS, question::Question};

/// Where a group of a log is among the cells that are kept.
pub(super) type Placed<'a> = &'a dyn Fn(usize, u32) -> Option<usize>;

pub(super) fn lists(found: &[Found], cells: usize, place: Placed<'_>) -> Vec<Vec<Vec<(i128, u32)>>> {
    let columns = found.first().map_or(0, |l| l.lists.len());
    let mut out = vec![vec![Vec::new(); cells]; columns];
    for (number, log) in found.iter().enumerate() {
        for (list, out) in log.lists.iter().zip(&mut out) {
            for (group, value, unit) in list {
                if let Some(all) = place(number, *group).and_then(|c| out.get_mut(c)) {
                    all.push((*value, *unit));
                }
            }
        }
    }
    out.iter_mut().flatten().for_each(|all| all.sort_unstable());
    out
}

/// By value column and cell: people with numbers of values, person by person, each once.
pub(super) fn having(found: &[Found], cells: usize, place: Placed<'_>) -> Vec<Vec<Vec<(u32, u32)>>> {
    let columns = found.first().map_or(0, |l| l.having.len());
    let mut out = vec![vec![Vec::new(); cells]; columns];
    for (column, out) in out.iter_mut().enumerate() {
        let mut codes: HashMap<Vec<u8>, u32> = HashMap::default();
        for (number, log) in found.iter().enumerate() {
            let Some(having) = log.having.get(column) else { continue };
            let mut own: Vec<(u32, u32)> = Vec::new();
            for (name, code) in having.names() {
                let next = codes.len() as u32;
                own.push((code, *codes.entry(name).or_insert(next)));
            }
            own.sort_unstable();
            let of_group: Vec<Option<usize>> = (0..log.groups.count() as u32).map(|group| place(number, group)).collect();
            for (group, code, unit) in &having.all {
                let cell = of_group.get(*group as usize).copied().flatten();
                if let (Some(all), Some((_, code))) = (cell.and_then(|c| out.get_mut(c)), own.get(*code as usize)) {
                    all.push((*unit, *code));
                }
            }
        }
        let share = out.len().div_ceil(PARTITIONS).max(1);
        std::thread::scope(|scope| {
            out.chunks_mut(share).for_each(|some| drop(scope.spawn(|| some.iter_mut().for_each(each_once))));
        });
    }
    out
}

/// Person by person, each value once.
fn each_once(all: &mut Vec<(u32, u32)>) {
    match all.is_sorted_by_key(|(unit, _)| *unit) {
        true => all.chunk_by_mut(|a, b| a.0 == b.0).for_each(<[_]>::sort_unstable),
        false => all.sort_unstable(),
    }
    all.dedup();
}

pub(super) fn sites(
    found: &[Found],
    cells: usize,
    place: Placed<'_>,
    question: &Question,
    ledger: &Ledger<'_>,
) -> Vec<Vec<Vec<(u32, SiteShare)>>> {
    let mut out = vec![vec![HashMap::<u32, SiteShare>::default(); cells]; question.sites.len()];
    for (number, log) in found.iter().enumerate() {
        for ((shares, column), out) in log.sites.iter().zip(&question.sites).zip(&mut out) {
            for ((group, id), share) in shares {
                let Some(all) = place(number, *group).and_then(|c| out.get_mut(c)) else { continue };
                let into = all.entry((ledger.site)(column.site, *id)).or_default();
                into.rows += share.rows;
                into.sums.resize(share.sums.len(), 0);
                into.sums.iter_mut().zip(&share.sums).for_each(|(a, b)| *a = a.saturating_add(*b));
            }
        }
    }
    let sorted = |all: HashMap<u32, SiteShare>| {
        let mut all: Vec<_> = all.into_iter().collect();
        all.sort_unstable_by_key(|(id, _)| *id);
        all
    };
    out.into_iter().map(|column| column.into_iter().map(sorted).collect()).collect()
}
