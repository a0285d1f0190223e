//! What the gate judges by: for every cell, who is in it and what each person contributes. Counted here, by the host, from the rows;
//! nothing that a researcher writes can change it. Exact and independent of row order and partitions.
//!
//! Each partition keeps a [`Log`] of its own. Assembly walks through all of them person by person in the order of the ledger, so that
//! every cell's people come out sorted, each once, and a grouping set is only another way to find a row's cell.

use std::ops::Range;

use datafusion::{common::HashMap, execution::SendableRecordBatchStream};
use futures::StreamExt;

use super::{
    cells::{Cells, Table},
    log::{Counts, FacilityShare, Log, Run, Shape, Sums},
    wanted::Wanted,
};
use crate::{
    fault::Fault,
    question::{KeyValue, Question},
};

/// How people and facilities of an extract are called in the ledger, and which cells are worth keeping.
pub(crate) struct Ledger<'a> {
    /// Ordinal of each person id.
    pub(crate) people: &'a [u32],
    /// Number of a facility id.
    pub(crate) facility: &'a (dyn Fn(u32) -> u32 + Sync),
    /// Cells with fewer people are left out: nothing of them can be shown (T0).
    pub(crate) least: u64,
}

impl std::fmt::Debug for Ledger<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ledger").field("least", &self.least).finish_non_exhaustive()
    }
}

/// Reads all partitions, each on its own task, and makes the cells of every grouping set.
pub(crate) async fn gather(streams: Vec<SendableRecordBatchStream>, question: &Question, ledger: &Ledger<'_>) -> Result<Cells, Fault> {
    let shape = shape(question);
    let mut tasks = tokio::task::JoinSet::new();
    for mut stream in streams {
        let shape = shape.clone();
        tasks.spawn(async move {
            let mut log = Log::new(shape);
            while let Some(batch) = stream.next().await {
                log.add(&batch?)?;
            }
            Ok::<_, Fault>(log)
        });
    }
    let mut logs = Vec::new();
    while let Some(log) = tasks.join_next().await {
        logs.push(log.map_err(|e| Fault::Other(e.to_string()))??);
    }
    assemble(&logs, question, ledger)
}

/// The columns of a question's rows.
pub(super) fn shape(question: &Question) -> Shape {
    Shape {
        facilities: question.facilities.len(),
        keys: question.keys.len(),
        columns: question.columns.clone(),
        values: question.values.len(),
        wanted: Wanted::of(question),
    }
}

/// The cells of every grouping set.
pub(super) fn assemble(logs: &[Log], question: &Question, ledger: &Ledger<'_>) -> Result<Cells, Fault> {
    let runs = by_ordinal(logs, ledger.people);
    let keys = Keys::new(logs, question.keys.len());
    let tables = question.sets.iter().map(|set| table(logs, &runs, &keys, set, ledger)).collect::<Result<Vec<_>, _>>()?;
    Ok(Cells { wanted: Wanted::of(question), tables })
}

/// A person's entries in one log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Stretch {
    ordinal: u32,
    log: u32,
    start: u32,
    end: u32,
}

/// The runs of all logs in the order of the ledger.
fn by_ordinal(logs: &[Log], people: &[u32]) -> Vec<Stretch> {
    let mut all = Vec::with_capacity(logs.iter().map(|l| l.runs.len()).sum());
    for (number, log) in logs.iter().enumerate() {
        let ends = log.runs.iter().skip(1).map(|r| r.start).chain([log.group.len() as u32]);
        // A person id beyond the extract cannot come from its files; all of them together count as one person.
        let ordinal = |run: &Run| people.get(run.unit as usize).copied().unwrap_or(u32::MAX);
        all.extend(log.runs.iter().zip(ends).map(|(run, end)| Stretch {
            ordinal: ordinal(run),
            log: number as u32,
            start: run.start,
            end,
        }));
    }
    all.sort_unstable();
    all
}

/// Key values of all logs in one order.
struct Keys {
    /// Of each key: its values, sorted.
    values: Vec<Vec<KeyValue>>,
    /// Of each log and key: the place of each of the log's numbers.
    places: Vec<Vec<Vec<u32>>>,
}

impl Keys {
    fn new(logs: &[Log], keys: usize) -> Self {
        let mut values: Vec<Vec<KeyValue>> = vec![Vec::new(); keys];
        for log in logs {
            for (all, own) in values.iter_mut().zip(log.groups.values()) {
                all.extend(own.iter().cloned());
            }
        }
        for all in &mut values {
            all.sort_unstable();
            all.dedup();
        }
        let place = |all: &[KeyValue], v: &KeyValue| all.binary_search(v).unwrap_or(0) as u32;
        let of_log = |log: &Log| log.groups.values().zip(&values).map(|(own, all)| own.iter().map(|v| place(all, v)).collect()).collect();
        let places = logs.iter().map(of_log).collect();
        Self { values, places }
    }

    /// Of each log and group: its cell in this set; and the cells' key values, sorted.
    fn cells(&self, logs: &[Log], set: &[usize]) -> Result<(Vec<Vec<u32>>, Vec<Vec<KeyValue>>), Fault> {
        // Places of the set's keys as digits of one number: numbers in order are keys in order.
        let numbers = logs.iter().zip(&self.places).map(|(log, places)| self.numbers(log, places, set)).collect::<Option<Vec<_>>>();
        let numbers = numbers.ok_or_else(|| Fault::Other("a query has more cells than can be numbered".to_owned()))?;
        let mut all: Vec<u128> = numbers.iter().flatten().copied().collect();
        all.sort_unstable();
        all.dedup();
        let index: HashMap<u128, u32> = all.iter().copied().zip(0..).collect();
        let cells = numbers.iter().map(|log| log.iter().map(|n| index.get(n).copied().unwrap_or(0)).collect()).collect();
        Ok((cells, all.into_iter().map(|n| self.key(n, set)).collect()))
    }

    fn numbers(&self, log: &Log, places: &[Vec<u32>], set: &[usize]) -> Option<Vec<u128>> {
        let mut codes = Vec::new();
        let mut number = |group: u32| {
            log.groups.codes(group, &mut codes);
            set.iter().try_fold(0u128, |number, key| {
                let place = *places.get(*key)?.get(*codes.get(*key)? as usize)?;
                number.checked_mul(self.values.get(*key)?.len() as u128)?.checked_add(u128::from(place))
            })
        };
        (0..log.groups.count() as u32).map(&mut number).collect()
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

/// Where every entry stands in a table's columns.
struct Places {
    spans: Vec<Range<usize>>,
    /// By log: of each entry, its place; [`NOWHERE`] for cells that are left out.
    entries: Vec<Vec<u32>>,
    size: usize,
}

const NOWHERE: u32 = u32::MAX;

fn table(logs: &[Log], runs: &[Stretch], keys: &Keys, set: &[usize], ledger: &Ledger<'_>) -> Result<Table, Fault> {
    let (cells, mut names) = keys.cells(logs, set)?;
    let mut table = Table::default();
    let places = place(logs, runs, &cells, names.len(), ledger.least, &mut table.people)?;
    table.rows = rows(logs, runs, &places, |log| Some(&log.rows));
    let columns = logs.first().map_or(0, |l| l.sums.len());
    table.sums = (0..columns).map(|c| sums(logs, runs, &places, c)).collect();
    let columns = logs.first().map_or(0, |l| l.counts.len());
    table.counts = (0..columns).map(|c| counts(logs, runs, &places, c)).collect();
    table.lists = lists(logs, &cells, &places);
    table.having = having(logs, &cells, &places);
    table.facilities = facilities(logs, &cells, &places, ledger);
    let kept: Vec<bool> = places.spans.iter().map(|s| s.start < s.end && s.len() as u64 >= ledger.least).collect();
    keep(&mut names, &kept);
    table.lists.iter_mut().for_each(|l| keep(l, &kept));
    table.having.iter_mut().for_each(|l| keep(l, &kept));
    table.facilities.iter_mut().for_each(|l| keep(l, &kept));
    table.spans = places.spans;
    keep(&mut table.spans, &kept);
    table.keys = names;
    Ok(table)
}

fn keep<T>(all: &mut Vec<T>, kept: &[bool]) {
    let mut flags = kept.iter();
    all.retain(|_| flags.next().copied().unwrap_or(false));
}

/// Gives every entry its place, person by person: a person who is in the cell already stands there once.
fn place(logs: &[Log], runs: &[Stretch], cells: &[Vec<u32>], count: usize, least: u64, people: &mut Vec<u32>) -> Result<Places, Fault> {
    let mut sizes = vec![0usize; count];
    for (log, cells) in logs.iter().zip(cells) {
        let mut of_group = vec![0usize; cells.len()];
        log.group.iter().for_each(|g| *of_group.get_mut(*g as usize).unwrap_or(&mut 0) += 1);
        for (cell, n) in cells.iter().zip(of_group) {
            *sizes.get_mut(*cell as usize).unwrap_or(&mut 0) += n;
        }
    }
    let (mut start, mut spans) = (0usize, Vec::with_capacity(count));
    for size in sizes {
        // Entries are at least as many as people.
        let room = if size as u64 >= least { size } else { 0 };
        spans.push(start..start);
        start += room;
        if room == 0
            && let Some(last) = spans.last_mut()
        {
            *last = usize::MAX..usize::MAX;
        }
    }
    if start >= NOWHERE as usize {
        return Err(Fault::Other("a query has more rows than this machine's limit".to_owned()));
    }
    people.resize(start, 0);
    let mut entries: Vec<Vec<u32>> = logs.iter().map(|l| vec![NOWHERE; l.group.len()]).collect();
    for run in runs {
        let number = run.log as usize;
        let (Some(log), Some(cells), Some(entries)) = (logs.get(number), cells.get(number), entries.get_mut(number)) else { continue };
        let range = run.start as usize..run.end as usize;
        let (Some(groups), Some(entries)) = (log.group.get(range.clone()), entries.get_mut(range)) else { continue };
        for (group, entry) in groups.iter().zip(entries) {
            let Some(span) = cells.get(*group as usize).and_then(|c| spans.get_mut(*c as usize)) else { continue };
            if span.start == usize::MAX {
                continue;
            }
            if span.start == span.end || people.get(span.end - 1) != Some(&run.ordinal) {
                if let Some(person) = people.get_mut(span.end) {
                    *person = run.ordinal;
                }
                span.end += 1;
            }
            *entry = (span.end - 1) as u32;
        }
    }
    Ok(Places { spans, entries, size: start })
}

/// Calls with every entry that has a place, person by person: log, entry, place.
fn each(logs: &[Log], runs: &[Stretch], places: &Places, mut call: impl FnMut(&Log, usize, usize)) {
    for run in runs {
        let (Some(log), Some(entries)) = (logs.get(run.log as usize), places.entries.get(run.log as usize)) else { continue };
        let (start, end) = (run.start as usize, run.end as usize);
        for (entry, place) in (start..end).zip(entries.get(start..end).unwrap_or_default()) {
            if *place != NOWHERE {
                call(log, entry, *place as usize);
            }
        }
    }
}

fn rows<'a>(logs: &'a [Log], runs: &[Stretch], places: &Places, of: impl Fn(&'a Log) -> Option<&'a Vec<u32>>) -> Vec<u32> {
    let mut out = vec![0u32; places.size];
    let columns: Vec<&[u32]> = logs.iter().map(|l| of(l).unwrap_or(&l.rows).as_slice()).collect();
    for run in runs {
        let (Some(column), Some(entries)) = (columns.get(run.log as usize), places.entries.get(run.log as usize)) else { continue };
        let range = run.start as usize..run.end as usize;
        for (n, place) in column.get(range.clone()).unwrap_or_default().iter().zip(entries.get(range).unwrap_or_default()) {
            if let Some(out) = out.get_mut(*place as usize) {
                *out = out.saturating_add(*n);
            }
        }
    }
    out
}

fn counts(logs: &[Log], runs: &[Stretch], places: &Places, column: usize) -> Counts {
    let of = |log: &'_ Log| log.counts.get(column).and_then(Option::as_ref).is_some();
    logs.iter().any(of).then(|| rows(logs, runs, places, |log| log.counts.get(column).and_then(Option::as_ref)))
}

fn sums(logs: &[Log], runs: &[Stretch], places: &Places, column: usize) -> Sums {
    let mut out = Sums::Small(vec![0; places.size]);
    let small = |log: &'_ Log| matches!(log.sums.get(column), Some(Sums::Small(_)));
    if !logs.iter().all(small) {
        out.widen();
    }
    each(logs, runs, places, |log, entry, place| {
        if let Some(sums) = log.sums.get(column) {
            out.add_one(place, sums.at(entry));
        }
    });
    out
}

/// Where an entry's cell and place are.
fn where_is(log: &Log, cells: &[u32], entries: &[u32], entry: u32) -> Option<(usize, u32)> {
    let place = entries.get(entry as usize).copied().filter(|p| *p != NOWHERE)?;
    let cell = cells.get(*log.group.get(entry as usize)? as usize)?;
    Some((*cell as usize, place))
}

fn lists(logs: &[Log], cells: &[Vec<u32>], places: &Places) -> Vec<Vec<Vec<(i128, u32)>>> {
    let columns = logs.first().map_or(0, |l| l.lists.len());
    let mut out = vec![vec![Vec::new(); places.spans.len()]; columns];
    for ((log, cells), entries) in logs.iter().zip(cells).zip(&places.entries) {
        for (list, out) in log.lists.iter().zip(&mut out) {
            for (entry, value) in list.entry.iter().zip(&list.value) {
                let Some((cell, place)) = where_is(log, cells, entries, *entry) else { continue };
                if let Some(all) = out.get_mut(cell) {
                    all.push((*value, place));
                }
            }
        }
    }
    out.iter_mut().flatten().for_each(|all| all.sort_unstable());
    out
}

fn having(logs: &[Log], cells: &[Vec<u32>], places: &Places) -> Vec<Vec<Vec<(u32, u32)>>> {
    let columns = logs.first().map_or(0, |l| l.having.len());
    let mut out = vec![vec![Vec::new(); places.spans.len()]; columns];
    for (column, out) in out.iter_mut().enumerate() {
        let mut codes: HashMap<&[u8], u32> = HashMap::default();
        for ((log, cells), entries) in logs.iter().zip(cells).zip(&places.entries) {
            let Some(having) = log.having.get(column) else { continue };
            let mut own = vec![0u32; having.codes.len()];
            for (bytes, code) in &having.codes {
                let next = codes.len() as u32;
                let common = *codes.entry(bytes).or_insert(next);
                if let Some(own) = own.get_mut(*code as usize) {
                    *own = common;
                }
            }
            for (entry, code) in having.entry.iter().zip(&having.code) {
                let Some((cell, place)) = where_is(log, cells, entries, *entry) else { continue };
                if let (Some(all), Some(code)) = (out.get_mut(cell), own.get(*code as usize)) {
                    all.push((*code, place));
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

fn facilities(logs: &[Log], cells: &[Vec<u32>], places: &Places, ledger: &Ledger<'_>) -> Vec<Vec<Vec<(u32, FacilityShare)>>> {
    let columns = logs.first().map_or(0, |l| l.facilities.len());
    let mut out = vec![vec![HashMap::<u32, FacilityShare>::default(); places.spans.len()]; columns];
    for (log, cells) in logs.iter().zip(cells) {
        for (shares, out) in log.facilities.iter().zip(&mut out) {
            for ((group, id), share) in shares {
                let Some(all) = cells.get(*group as usize).and_then(|c| out.get_mut(*c as usize)) else { continue };
                let into = all.entry((ledger.facility)(*id)).or_default();
                into.rows += share.rows;
                into.sums.resize(share.sums.len(), 0);
                into.sums.iter_mut().zip(&share.sums).for_each(|(a, b)| *a = a.saturating_add(*b));
            }
        }
    }
    let sorted = |all: HashMap<u32, FacilityShare>| {
        let mut all: Vec<_> = all.into_iter().collect();
        all.sort_unstable_by_key(|(id, _)| *id);
        all
    };
    out.into_iter().map(|column| column.into_iter().map(sorted).collect()).collect()
}
