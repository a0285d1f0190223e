//! What the gate judges by: for every cell, who is in it and what each person contributes. Counted here, by the host, from the rows;
//! nothing that a researcher writes can change it. Exact and independent of row order and partitions.
//!
//! Each partition keeps a [`Log`] of its own, group by group in the end. Assembly puts the groups of a cell one behind the other; as
//! extracts are sorted by person and no person crosses a file, that is mostly all, and where it is not, people are sorted and joined.

use std::{
    ops::Range,
    sync::atomic::{AtomicU64, Ordering},
};

use datafusion::{common::HashMap, execution::SendableRecordBatchStream};
use futures::StreamExt;
use visiting_policies::disclosure::Site;

use super::{
    cells::{Cells, Table},
    log::{Log, Shape, SiteShare, Sorted, Sums},
    wanted::Wanted,
};
use crate::{
    fault::Fault,
    question::{KeyValue, Question},
};

/// How people, facilities and households of an extract are called in the ledger, and which cells are worth keeping.
pub(crate) struct Ledger<'a> {
    /// Ordinal of each person id.
    pub(crate) people: &'a [u32],
    /// Number of a facility id, or of a household's.
    pub(crate) site: &'a (dyn Fn(Site, u32) -> u32 + Sync),
    /// Cells with fewer people are left out: nothing of them can be shown (T0).
    pub(crate) least: u64,
}

impl std::fmt::Debug for Ledger<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ledger").field("least", &self.least).finish_non_exhaustive()
    }
}

/// Reads all partitions, each on its own task, and makes the cells of every grouping set.
pub(crate) async fn gather<'l>(
    streams: Vec<SendableRecordBatchStream>,
    question: &Question,
    ledger: &Ledger<'l>,
) -> Result<Cells<'l>, Fault> {
    let shape = shape(question);
    let mut tasks = tokio::task::JoinSet::new();
    for mut stream in streams {
        let shape = shape.clone();
        tasks.spawn(async move {
            let mut log = Log::new(shape);
            while let Some(batch) = stream.next().await {
                log.add(&batch?)?;
            }
            Ok::<_, Fault>(log.sorted())
        });
    }
    let mut logs = Vec::new();
    while let Some(log) = tasks.join_next().await {
        logs.push(log.map_err(|e| Fault::Other(e.to_string()))??);
    }
    assemble(logs, question, ledger)
}

/// Number of the next count.
static SOURCES: AtomicU64 = AtomicU64::new(0);

/// The columns of a question's rows.
pub(super) fn shape(question: &Question) -> Shape {
    Shape {
        sites: question.sites.len(),
        keys: question.keys.len(),
        columns: question.columns.clone(),
        values: question.values.len(),
        wanted: Wanted::of(question),
    }
}

/// The cells of every grouping set.
pub(super) fn assemble<'l>(mut logs: Vec<Sorted>, question: &Question, ledger: &Ledger<'l>) -> Result<Cells<'l>, Fault> {
    // In the order of their people, so that one behind the other is sorted.
    logs.sort_by_key(|log| log.units.iter().min().copied());
    let keys = Keys::new(&logs, question.keys.len());
    let tables = question.sets.iter().map(|set| table(&logs, &keys, set, question, ledger)).collect::<Result<Vec<_>, _>>()?;
    Ok(Cells { ordinals: ledger.people, wanted: Wanted::of(question), tables, source: SOURCES.fetch_add(1, Ordering::Relaxed) })
}

/// Key values of all logs in one order.
struct Keys {
    /// Of each key: its values, sorted.
    values: Vec<Vec<KeyValue>>,
    /// Of each log and key: the place of each of the log's numbers.
    places: Vec<Vec<Vec<u32>>>,
}

impl Keys {
    fn new(logs: &[Sorted], keys: usize) -> Self {
        let mut values: Vec<Vec<KeyValue>> = vec![Vec::new(); keys];
        for log in logs {
            for (all, own) in values.iter_mut().zip(log.log.groups.values()) {
                all.extend(own.iter().cloned());
            }
        }
        for all in &mut values {
            all.sort_unstable();
            all.dedup();
        }
        let place = |all: &[KeyValue], v: &KeyValue| all.binary_search(v).unwrap_or(0) as u32;
        let of_log =
            |log: &Sorted| log.log.groups.values().zip(&values).map(|(own, all)| own.iter().map(|v| place(all, v)).collect()).collect();
        let places = logs.iter().map(of_log).collect();
        Self { values, places }
    }

    /// Of each log and group: its cell in this set; and the cells' numbers, sorted.
    fn cells(&self, logs: &[Sorted], set: &[usize]) -> Result<(Vec<Vec<u32>>, Vec<u128>), Fault> {
        // Places of the set's keys as digits of one number: numbers in order are keys in order.
        let numbers = logs.iter().zip(&self.places).map(|(log, places)| self.numbers(log, places, set)).collect::<Option<Vec<_>>>();
        let numbers = numbers.ok_or_else(|| Fault::Other("a query has more cells than can be numbered".to_owned()))?;
        let mut all: Vec<u128> = numbers.iter().flatten().copied().collect();
        all.sort_unstable();
        all.dedup();
        let index: HashMap<u128, u32> = all.iter().copied().zip(0..).collect();
        let cells = numbers.iter().map(|log| log.iter().map(|n| index.get(n).copied().unwrap_or(0)).collect()).collect();
        Ok((cells, all))
    }

    fn numbers(&self, log: &Sorted, places: &[Vec<u32>], set: &[usize]) -> Option<Vec<u128>> {
        let mut codes = Vec::new();
        let mut number = |group: u32| {
            log.log.groups.codes(group, &mut codes);
            set.iter().try_fold(0u128, |number, key| {
                let place = *places.get(*key)?.get(*codes.get(*key)? as usize)?;
                number.checked_mul(self.values.get(*key)?.len() as u128)?.checked_add(u128::from(place))
            })
        };
        (0..log.log.groups.count() as u32).map(&mut number).collect()
    }

    fn key(&self, number: u128, set: &[usize]) -> Vec<KeyValue> {
        let mut key = vec![KeyValue::Null; self.values.len()];
        let mut rest = number;
        for at in set.iter().rev() {
            let Some(values) = self.values.get(*at) else { continue };
            let size = (values.len() as u128).max(1);
            if let (Some(into), Some(value)) = (key.get_mut(*at), values.get((rest % size) as usize)) {
                into.clone_from(value);
            }
            rest /= size;
        }
        key
    }
}

/// One group of one log, in a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Part {
    cell: u32,
    log: u32,
    group: u32,
}

/// The cells of one grouping set: the finest groups that make a cell, one behind the other; where people are in several of them or
/// came out of order, sorted and joined.
fn table(logs: &[Sorted], keys: &Keys, set: &[usize], question: &Question, ledger: &Ledger<'_>) -> Result<Table, Fault> {
    let (cells, names) = keys.cells(logs, set)?;
    let part = |(log, cells): (usize, &Vec<u32>)| {
        cells.iter().zip(0u32..).map(move |(cell, group)| Part { cell: *cell, log: log as u32, group }).collect::<Vec<_>>()
    };
    let mut parts: Vec<Part> = cells.iter().enumerate().flat_map(part).collect();
    parts.sort_unstable();
    let mut table = Table::new(logs);
    let mut kept = vec![false; names.len()];
    for parts in parts.chunk_by(|a, b| a.cell == b.cell) {
        let spans = || parts.iter().filter_map(|p| Some((logs.get(p.log as usize)?, span(logs, *p)?)));
        // Entries are at least as many as people.
        if (spans().map(|(_, s)| s.len()).sum::<usize>() as u64) < ledger.least.max(1) {
            continue;
        }
        let start = table.units.len();
        spans().for_each(|(log, span)| table.append(log, span));
        table.settle(start);
        let people = table.units.len() - start;
        if people as u64 >= ledger.least {
            table.spans.push(start..table.units.len());
            parts.iter().for_each(|p| kept.get_mut(p.cell as usize).into_iter().for_each(|k| *k = true));
        }
    }
    // Cells that are kept, by their old numbers, in the same order.
    let numbers: Vec<Option<usize>> = kept
        .iter()
        .scan(0, |next, kept| {
            Some(kept.then(|| {
                *next += 1;
                *next - 1
            }))
        })
        .collect();
    table.keys = names.into_iter().zip(&kept).filter(|(_, kept)| **kept).map(|(name, _)| keys.key(name, set)).collect();
    let place = |log: usize, group: u32| *numbers.get(*cells.get(log)?.get(group as usize)? as usize)?;
    table.lists = lists(logs, table.spans.len(), &place);
    table.having = having(logs, table.spans.len(), &place);
    table.sites = sites(logs, table.spans.len(), &place, question, ledger);
    Ok(table)
}

/// Where a group's entries are in its log.
fn span(logs: &[Sorted], part: Part) -> Option<Range<usize>> {
    let starts = &logs.get(part.log as usize)?.starts;
    Some(*starts.get(part.group as usize)?..*starts.get(part.group as usize + 1)?)
}

impl Table {
    fn new(logs: &[Sorted]) -> Self {
        let columns = logs.first().map_or(0, |l| l.sums.len());
        // A column of counts is there as soon as one log has it: elsewhere it is the rows.
        let counted = |c: usize| logs.iter().any(|l| l.counts.get(c).is_some_and(Option::is_some));
        Self {
            sums: (0..columns).map(|_| Sums::Small(Vec::new())).collect(),
            counts: (0..logs.first().map_or(0, |l| l.counts.len())).map(|c| counted(c).then(Vec::new)).collect(),
            ..Self::default()
        }
    }

    fn append(&mut self, log: &Sorted, span: Range<usize>) {
        self.units.extend_from_slice(log.units.get(span.clone()).unwrap_or_default());
        self.rows.extend_from_slice(log.rows.get(span.clone()).unwrap_or_default());
        self.sums.iter_mut().zip(&log.sums).for_each(|(all, more)| all.append(more, span.clone()));
        for (all, more) in self.counts.iter_mut().zip(&log.counts) {
            let more = more.as_ref().unwrap_or(&log.rows).get(span.clone()).unwrap_or_default();
            all.iter_mut().for_each(|all| all.extend_from_slice(more));
        }
    }

    /// From `start` on: everybody once, sorted.
    fn settle(&mut self, start: usize) {
        let units = self.units.get(start..).unwrap_or_default();
        if units.is_sorted_by(|a, b| a < b) {
            return;
        }
        let mut order: Vec<(u32, usize)> = units.iter().copied().zip(start..).collect();
        order.sort_unstable();
        let people: Vec<&[(u32, usize)]> = order.chunk_by(|a, b| a.0 == b.0).collect();
        let joined = |of: &dyn Fn(usize) -> i128| {
            people.iter().map(|p| p.iter().fold(0i128, |s, (_, at)| s.saturating_add(of(*at)))).collect::<Vec<_>>()
        };
        let count = |all: &[u32]| -> Vec<u32> {
            joined(&|at| all.get(at).copied().map_or(0, i128::from)).into_iter().map(|n| u32::try_from(n).unwrap_or(u32::MAX)).collect()
        };
        let rows = count(&self.rows);
        self.rows.truncate(start);
        self.rows.extend(rows);
        for sums in &mut self.sums {
            let tail = joined(&|at| sums.at(at));
            sums.replace_tail(start, &tail);
        }
        for counts in self.counts.iter_mut().flatten() {
            let tail = count(counts);
            counts.truncate(start);
            counts.extend(tail);
        }
        let units: Vec<u32> = people.iter().filter_map(|p| p.first()).map(|(unit, _)| *unit).collect();
        self.units.truncate(start);
        self.units.extend(units);
    }
}

/// Where a group of a log is among the cells that are kept.
type Placed<'a> = &'a dyn Fn(usize, u32) -> Option<usize>;

fn lists(logs: &[Sorted], cells: usize, place: Placed<'_>) -> Vec<Vec<Vec<(i128, u32)>>> {
    let columns = logs.first().map_or(0, |l| l.log.lists.len());
    let mut out = vec![vec![Vec::new(); cells]; columns];
    for (number, log) in logs.iter().enumerate() {
        for (list, out) in log.log.lists.iter().zip(&mut out) {
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

fn having(logs: &[Sorted], cells: usize, place: Placed<'_>) -> Vec<Vec<Vec<(u32, u32)>>> {
    let columns = logs.first().map_or(0, |l| l.log.having.len());
    let mut out = vec![vec![Vec::new(); cells]; columns];
    for (column, out) in out.iter_mut().enumerate() {
        let mut codes: HashMap<&[u8], u32> = HashMap::default();
        for (number, log) in logs.iter().enumerate() {
            let Some(having) = log.log.having.get(column) else { continue };
            let mut own = vec![0u32; having.codes.len()];
            for (bytes, code) in &having.codes {
                let next = codes.len() as u32;
                let common = *codes.entry(bytes).or_insert(next);
                if let Some(own) = own.get_mut(*code as usize) {
                    *own = common;
                }
            }
            for (group, code, unit) in &having.all {
                if let (Some(all), Some(code)) = (place(number, *group).and_then(|c| out.get_mut(c)), own.get(*code as usize)) {
                    all.push((*code, *unit));
                }
            }
        }
        for all in out.iter_mut() {
            all.sort_unstable();
            all.dedup();
        }
    }
    out
}

fn sites(logs: &[Sorted], cells: usize, place: Placed<'_>, question: &Question, ledger: &Ledger<'_>) -> Vec<Vec<Vec<(u32, SiteShare)>>> {
    let mut out = vec![vec![HashMap::<u32, SiteShare>::default(); cells]; question.sites.len()];
    for (number, log) in logs.iter().enumerate() {
        for ((shares, column), out) in log.log.sites.iter().zip(&question.sites).zip(&mut out) {
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
