//! The cells of one grouping set: the spans of the groups that make a cell, one behind the other. As extracts are sorted by person and
//! no person crosses a file, that is mostly all; where people are in several groups of a cell or came out of order, they are sorted and
//! joined.

use std::ops::Range;

use super::{
    cells::{Piece, Table},
    chunk::{Chunk, Counts},
    evidence::Ledger,
    kept::{having, lists, sites},
    keys::Keys,
    log::Found,
    sums::Sums,
};
use crate::{config::PARTITIONS, fault::Fault, people::Amounts, question::Question};

/// Entries for which a second thread is worth starting.
const ENTRIES_FOR_THREADS: usize = 1 << 17;

/// The cells of a grouping set.
pub(super) fn table(found: &[Found], keys: &Keys, set: &[usize], question: &Question, ledger: &Ledger<'_>) -> Result<Table, Fault> {
    let (cells, names) = keys.cells(found, set)?;
    let stretches = Stretches::new(found, &cells, names.len());
    let pieces = pieces(&stretches, ledger.least)?;
    // Cells that are kept, by their old numbers, in the same order.
    let kept = || pieces.iter().flat_map(|piece| &piece.cells);
    let mut numbers: Vec<Option<usize>> = vec![None; names.len()];
    for (number, cell) in kept().enumerate() {
        numbers.get_mut(*cell).into_iter().for_each(|n| *n = Some(number));
    }
    let place = |log: usize, group: u32| *numbers.get(*cells.get(log)?.get(group as usize)? as usize)?;
    let count = kept().count();
    Ok(Table {
        keys: kept().filter_map(|cell| names.get(*cell)).map(|name| keys.key(*name, set)).collect(),
        lists: lists(found, count, &place),
        having: having(found, count, &place),
        sites: sites(found, count, &place, question, ledger),
        pieces,
    })
}

/// Some entries of a cell: a span of a chunk.
#[derive(Debug, Clone, Default)]
struct Stretch {
    chunk: usize,
    span: Range<usize>,
}

/// The stretches of all cells, cell by cell, each cell's in the order of their people.
struct Stretches<'a> {
    chunks: Vec<&'a Chunk>,
    all: Vec<Stretch>,
    /// Where each cell's stretches start, and where the last one's end.
    starts: Vec<usize>,
    /// Entries before each cell, and all of them.
    entries: Vec<usize>,
}

impl<'a> Stretches<'a> {
    /// `cells` says of each log's groups in which cell they are.
    fn new(found: &'a [Found], cells: &[Vec<u32>], count: usize) -> Self {
        let mut chunks: Vec<(usize, &Chunk)> =
            found.iter().enumerate().flat_map(|(log, found)| found.chunks.iter().map(move |chunk| (log, chunk))).collect();
        chunks.sort_by_cached_key(|(_, chunk)| chunk.first());
        let cell = |log: usize, group: u32| cells.get(log).and_then(|c| c.get(group as usize)).map_or(0, |cell| *cell as usize);
        let stretches = || {
            let of = |(number, (log, chunk)): (usize, &(usize, &'a Chunk))| {
                let log = *log;
                chunk.spans().map(move |(group, span)| (cell(log, group), Stretch { chunk: number, span }))
            };
            chunks.iter().enumerate().flat_map(of)
        };
        let (mut starts, mut entries) = (vec![0; count + 1], vec![0; count + 1]);
        for (cell, stretch) in stretches() {
            starts.get_mut(cell + 1).into_iter().for_each(|n| *n += 1);
            entries.get_mut(cell + 1).into_iter().for_each(|n| *n += stretch.span.len());
        }
        summed(&mut starts);
        summed(&mut entries);
        let mut next = starts.clone();
        let mut all = vec![Stretch::default(); starts.last().copied().unwrap_or(0)];
        for (cell, stretch) in stretches() {
            let Some(next) = next.get_mut(cell) else { continue };
            all.get_mut(*next).into_iter().for_each(|place| place.clone_from(&stretch));
            *next += 1;
        }
        Self { chunks: chunks.into_iter().map(|(_, chunk)| chunk).collect(), all, starts, entries }
    }

    fn of(&self, cell: usize) -> impl Iterator<Item = (&'a Chunk, Range<usize>)> {
        let span = self.starts.get(cell).copied().unwrap_or(0)..self.starts.get(cell + 1).copied().unwrap_or(0);
        let stretches = self.all.get(span).unwrap_or_default();
        stretches.iter().filter_map(|stretch| Some((*self.chunks.get(stretch.chunk)?, stretch.span.clone())))
    }

    /// Entries of consecutive cells.
    fn len(&self, cells: Range<usize>) -> usize {
        let before = |cell: usize| self.entries.get(cell).copied().unwrap_or(0);
        before(cells.end) - before(cells.start)
    }

    /// All cells in runs of about as many entries.
    fn runs(&self) -> Vec<Range<usize>> {
        let (count, all) = (self.entries.len() - 1, self.entries.last().copied().unwrap_or(0));
        let runs = if all < ENTRIES_FOR_THREADS { 1 } else { PARTITIONS };
        let end =
            |run: usize| if run == runs { count } else { self.entries.partition_point(|before| *before < all / runs * run).min(count) };
        (0..runs).map(|run| if run == 0 { 0..end(1) } else { end(run)..end(run + 1) }).collect()
    }
}

/// Each number and all before it.
fn summed(all: &mut [usize]) {
    let mut sum = 0;
    for n in all {
        sum += *n;
        *n = sum;
    }
}

/// All cells with at least so many people, side by side on all cores.
fn pieces(stretches: &Stretches<'_>, least: u64) -> Result<Vec<Piece>, Fault> {
    let mut runs = stretches.runs();
    let last = runs.pop().unwrap_or_default();
    std::thread::scope(|scope| {
        let others: Vec<_> =
            runs.into_iter().map(|cells| scope.spawn(move || Columns::new(stretches, &cells).filled(stretches, cells, least))).collect();
        let last = Columns::new(stretches, &last).filled(stretches, last, least);
        let others = others.into_iter().map(|piece| piece.join().map_err(|_| Fault::Other("counting people broke off".to_owned())));
        others.chain([Ok(last)]).collect()
    })
}

/// Everybody once, sorted.
fn people<'a>(entries: impl Iterator<Item = (&'a Chunk, Range<usize>)>) -> Vec<u32> {
    let mut all: Vec<u32> = entries.flat_map(|(chunk, span)| chunk.units.get(span).unwrap_or_default()).copied().collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// Columns of some cells' people, while they grow.
struct Columns {
    units: Vec<u32>,
    rows: Vec<u32>,
    sums: Vec<Sums>,
    counts: Vec<Counts>,
}

impl Columns {
    fn new(stretches: &Stretches<'_>, cells: &Range<usize>) -> Self {
        let room = stretches.len(cells.clone());
        let first = stretches.chunks.first();
        // A column of counts is there as soon as one chunk has it: elsewhere it is the rows.
        let counted = |c: usize| stretches.chunks.iter().any(|chunk| chunk.counts.get(c).is_some_and(Option::is_some));
        Self {
            units: Vec::with_capacity(room),
            rows: Vec::with_capacity(room),
            sums: (0..first.map_or(0, |chunk| chunk.sums.len())).map(|_| Sums::Small(Vec::with_capacity(room))).collect(),
            counts: (0..first.map_or(0, |chunk| chunk.counts.len())).map(|c| counted(c).then(|| Vec::with_capacity(room))).collect(),
        }
    }

    fn filled(mut self, stretches: &Stretches<'_>, cells: Range<usize>, least: u64) -> Piece {
        let (mut kept, mut spans, mut small) = (Vec::new(), Vec::new(), Vec::new());
        for cell in cells {
            // Entries are at least as many as people.
            if (stretches.len(cell..cell + 1) as u64) < least.max(1) {
                small.push(people(stretches.of(cell)));
                continue;
            }
            let start = self.units.len();
            stretches.of(cell).for_each(|(chunk, span)| self.append(chunk, span));
            self.settle(start);
            if (self.units.len() - start) as u64 >= least {
                spans.push(start..self.units.len());
                kept.push(cell);
            } else {
                small.push(self.units.get(start..).unwrap_or_default().to_vec());
                self.truncate(start);
            }
        }
        Piece {
            cells: kept,
            spans,
            small,
            units: self.units.into(),
            rows: self.rows.into(),
            sums: self.sums.into_iter().map(Amounts::from).collect(),
            counts: self.counts.into_iter().map(|counts| counts.map(Into::into)).collect(),
        }
    }

    /// Forgets everything from a place on.
    fn truncate(&mut self, start: usize) {
        self.units.truncate(start);
        self.rows.truncate(start);
        self.sums.iter_mut().for_each(|sums| sums.truncate(start));
        self.counts.iter_mut().flatten().for_each(|counts| counts.truncate(start));
    }

    fn append(&mut self, chunk: &Chunk, span: Range<usize>) {
        self.units.extend_from_slice(chunk.units.get(span.clone()).unwrap_or_default());
        self.rows.extend_from_slice(chunk.rows.get(span.clone()).unwrap_or_default());
        self.sums.iter_mut().zip(&chunk.sums).for_each(|(all, more)| all.append(more, span.clone()));
        for (all, more) in self.counts.iter_mut().zip(&chunk.counts) {
            let more = more.as_ref().unwrap_or(&chunk.rows).get(span.clone()).unwrap_or_default();
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
