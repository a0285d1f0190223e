//! Entries of people, open while rows come and put group by group when there are enough of them: a span for each group, its people
//! sorted as long as rows come person by person.

use datafusion::arrow::buffer::NullBuffer;

use super::sums::Sums;
use crate::fault::Fault;

/// Entries after which a chunk is closed: a megabyte or two, so that sorting it stays within a core's caches.
pub(super) const CHUNK: usize = 1 << 16;
/// Entries for each group that a chunk has at least: spans are to be longer than what it costs to find them.
const SPAN: usize = 8;

/// A number of rows an entry; nothing where it is the entry's rows.
pub(super) type Counts = Option<Vec<u32>>;

/// Entry of a row about nobody.
pub(super) const NOBODY: u32 = u32::MAX;

/// Consecutive entries of one person: they end where the next run starts.
#[derive(Debug, Clone, Copy)]
struct Run {
    unit: u32,
    start: u32,
}

/// One entry for each person and group, in the order in which they came.
#[derive(Default)]
pub(super) struct Open {
    runs: Vec<Run>,
    /// Of each entry: its group.
    group: Vec<u32>,
    /// Of each entry: its rows.
    pub(super) rows: Vec<u32>,
    /// As wanted.
    pub(super) sums: Vec<Sums>,
    /// As wanted.
    pub(super) counts: Vec<Counts>,
    /// Of each group: its last entry, plus one.
    last: Vec<u32>,
}

/// Entries group by group.
pub(super) struct Chunk {
    /// Of each group: where its entries start; they end where the next one's start.
    pub(super) starts: Vec<u32>,
    pub(super) units: Vec<u32>,
    pub(super) rows: Vec<u32>,
    pub(super) sums: Vec<Sums>,
    pub(super) counts: Vec<Counts>,
}

impl Open {
    /// With so many sums and counts an entry.
    pub(super) fn new(sums: usize, counts: usize) -> Self {
        Self { sums: (0..sums).map(|_| Sums::Small(Vec::new())).collect(), counts: vec![None; counts], ..Self::default() }
    }

    /// True when it is time to close a chunk of so many entries, over so many groups.
    pub(super) fn is_full(&self, room: usize, groups: usize) -> bool {
        self.group.len() >= room.max(SPAN.saturating_mul(groups))
    }

    /// The entry of each row; rows about nobody have none ([`NOBODY`]).
    pub(super) fn entries(&mut self, units: &[u32], known: Option<&NullBuffer>, group: &[u32], groups: usize) -> Result<Vec<u32>, Fault> {
        self.last.resize(groups, 0);
        let mut at = vec![NOBODY; group.len()];
        let mut run = self.runs.last().copied().unwrap_or(Run { unit: 0, start: 0 });
        let mut open = !self.runs.is_empty();
        if u32::try_from(self.group.len() + group.len()).is_err() {
            return Err(Fault::Other("a query has more rows than this machine's limit".to_owned()));
        }
        for (row, ((unit, group), at)) in units.iter().zip(group).zip(&mut at).enumerate() {
            if known.is_some_and(|n| n.is_null(row)) {
                continue;
            }
            if !open || *unit != run.unit {
                run = Run { unit: *unit, start: self.group.len() as u32 };
                self.runs.push(run);
                open = true;
            }
            // INVARIANT: `last` was made as long as there are groups.
            let Some(last) = self.last.get_mut(*group as usize) else { continue };
            if *last <= run.start {
                self.group.push(*group);
                self.rows.push(0);
                *last = self.group.len() as u32;
            }
            *at = *last - 1;
            if let Some(rows) = self.rows.get_mut(*at as usize) {
                *rows += 1;
            }
        }
        self.sums.iter_mut().for_each(|s| s.grow(self.group.len()));
        self.counts.iter_mut().flatten().for_each(|c| c.resize(self.group.len(), 0));
        Ok(at)
    }

    /// Takes the entries of all people but the last one, who may have more to come; of `everybody` at the end.
    pub(super) fn close(&mut self, groups: usize, everybody: bool) -> Chunk {
        let end = if everybody { self.group.len() } else { self.runs.last().map_or(0, |run| run.start as usize) };
        let starts = starts(self.group.get(..end).unwrap_or_default(), groups);
        let mut next = starts.clone();
        let place = |group: &u32| {
            let Some(next) = next.get_mut(*group as usize) else { return NOBODY };
            *next += 1;
            *next - 1
        };
        let to: Vec<u32> = self.group.iter().take(end).map(place).collect();
        let chunk = Chunk {
            units: self.units(&to),
            rows: moved(&self.rows, &to),
            sums: self.sums.iter().map(|sums| sums.moved(&to)).collect(),
            counts: self.counts.iter().map(|counts| counts.as_ref().map(|all| moved(all, &to))).collect(),
            starts,
        };
        self.forget(end);
        chunk
    }

    fn units(&self, to: &[u32]) -> Vec<u32> {
        let mut units = vec![0u32; to.len()];
        let ends = self.runs.iter().skip(1).map(|r| r.start as usize).chain([to.len()]);
        for (run, end) in self.runs.iter().zip(ends) {
            for to in to.get(run.start as usize..end).unwrap_or_default() {
                if let Some(unit) = units.get_mut(*to as usize) {
                    *unit = run.unit;
                }
            }
        }
        units
    }

    /// Drops the entries up to `end`: what is left is one person's.
    fn forget(&mut self, end: usize) {
        self.group.drain(..end);
        self.rows.drain(..end);
        self.sums.iter_mut().for_each(|sums| sums.forget(end));
        self.counts.iter_mut().flatten().for_each(|counts| drop(counts.drain(..end)));
        let last = self.runs.pop().filter(|_| !self.group.is_empty());
        self.runs.clear();
        self.runs.extend(last.map(|run| Run { start: 0, ..run }));
        self.last.fill(0);
        for (group, entry) in self.group.iter().zip(1..) {
            self.last.get_mut(*group as usize).into_iter().for_each(|last| *last = entry);
        }
    }
}

/// Where each group's entries will start, and where the last one's end.
fn starts(group: &[u32], groups: usize) -> Vec<u32> {
    let mut starts = vec![0u32; groups + 1];
    for group in group {
        starts.get_mut(*group as usize + 1).into_iter().for_each(|n| *n += 1);
    }
    let mut sum = 0;
    for n in &mut starts {
        sum += *n;
        *n = sum;
    }
    starts
}

/// As many as there are places, each at its own.
pub(super) fn moved<T: Copy + Default>(all: &[T], to: &[u32]) -> Vec<T> {
    let mut out = vec![T::default(); to.len()];
    for (value, to) in all.iter().zip(to) {
        if let Some(place) = out.get_mut(*to as usize) {
            *place = *value;
        }
    }
    out
}

impl Chunk {
    /// Its lowest person.
    pub(super) fn first(&self) -> Option<u32> {
        self.units.iter().min().copied()
    }

    /// Its groups that have entries, with where these are.
    pub(super) fn spans(&self) -> impl Iterator<Item = (u32, std::ops::Range<usize>)> {
        let ends = self.starts.iter().skip(1);
        let spans = self.starts.iter().zip(ends).zip(0..).map(|((start, end), group)| (group, *start as usize..*end as usize));
        spans.filter(|(_, span)| !span.is_empty())
    }
}
