//! What one partition found: for each person and group the rows and sums, chunk by chunk, and what else is kept of single rows. Rows
//! come person by person, so a person's entries are a run and a group's people come out sorted; a person who comes back makes another
//! run, and assembly joins the two.

use datafusion::{
    arrow::{
        array::{Array, ArrayRef, AsArray, RecordBatch},
        buffer::NullBuffer,
        datatypes::{DataType, UInt32Type},
    },
    common::HashMap,
};

use super::{
    chunk::{Chunk, Open},
    columns::{Numbers, PRODUCT_MAX},
    groups::Groups,
    having::{Having, Rows},
    wanted::{RowsOf, SumOf, Wanted},
};
use crate::{fault::Fault, question::Column};

/// Columns of a batch: person, sites, keys, numbers, values.
#[derive(Debug, Clone)]
pub(super) struct Shape {
    pub(super) sites: usize,
    pub(super) keys: usize,
    pub(super) columns: Vec<Column>,
    pub(super) values: usize,
    pub(super) wanted: Wanted,
}

/// Values of one column, row by row: group, value and person.
pub(super) type List = Vec<(u32, i128, u32)>;

/// Rows and sums of a facility or household in a group.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct SiteShare {
    /// Rows.
    pub(crate) rows: u64,
    /// Sums, as wanted.
    pub(crate) sums: Vec<i128>,
}

/// What one partition found, while rows come.
pub(super) struct Log {
    shape: Shape,
    /// Entries of a chunk.
    room: usize,
    open: Open,
    found: Found,
}

/// What one partition found.
pub(super) struct Found {
    pub(super) groups: Groups,
    pub(super) chunks: Vec<Chunk>,
    pub(super) lists: Vec<List>,
    pub(super) having: Vec<Having>,
    /// By column of sites: shares by group and site.
    pub(super) sites: Vec<HashMap<(u32, u32), SiteShare>>,
}

impl Log {
    /// With chunks of about `room` entries.
    pub(super) fn new(shape: Shape, room: usize) -> Self {
        let wanted = &shape.wanted;
        let found = Found {
            groups: Groups::new(shape.keys),
            chunks: Vec::new(),
            lists: wanted.lists.iter().map(|_| List::new()).collect(),
            having: wanted.values.iter().map(|_| Having::default()).collect(),
            sites: (0..shape.sites).map(|_| HashMap::default()).collect(),
        };
        Self { open: Open::new(wanted.sums.len(), wanted.rows.len()), found, room, shape }
    }

    /// All of it.
    pub(super) fn found(mut self) -> Found {
        self.close(true);
        self.found
    }

    fn close(&mut self, everybody: bool) {
        let chunk = self.open.close(self.found.groups.count(), everybody);
        if !chunk.units.is_empty() {
            self.found.chunks.push(chunk);
        }
    }

    /// Adds the rows of a batch.
    pub(super) fn add(&mut self, batch: &RecordBatch) -> Result<(), Fault> {
        let Shape { sites, keys, columns, values, .. } = &self.shape;
        if batch.num_columns() != 1 + sites + keys + columns.len() + values {
            return Err(Fault::Other("the engine returned another number of columns than the question has".to_owned()));
        }
        let (units, rest) = batch.columns().split_first().ok_or_else(|| Fault::Other("the engine returned no columns".to_owned()))?;
        let (sites, rest) = rest.split_at(*sites);
        let (keys, rest) = rest.split_at(*keys);
        let (numbers, values) = rest.split_at(columns.len());
        let numbers = numbers.iter().zip(columns).map(|(a, c)| Numbers::read(a, c)).collect::<Result<Vec<_>, _>>()?;
        let rows = batch.num_rows();
        if self.open.is_full(self.room, self.found.groups.count()) {
            self.close(false);
        }
        let group = self.found.groups.of(keys, rows)?;
        // A row about nobody (the empty side of an outer join) is in no cell.
        let known = (units.null_count() > 0).then(|| units.nulls().cloned()).flatten();
        if units.data_type() != &DataType::UInt32 {
            return Err(Fault::Other("the engine returned no person for a row".to_owned()));
        }
        self.counts_that_differ(&numbers);
        let units = units.as_primitive::<UInt32Type>().values();
        let at = self.open.entries(units, known.as_ref(), &group, self.found.groups.count())?;
        self.sum(&numbers, &at);
        let rows = Rows { group: &group, unit: units, known: known.as_ref() };
        self.keep(&numbers, &rows);
        self.having(values, &rows)?;
        self.sites(sites, &group, &numbers, known.as_ref())
    }

    fn sum(&mut self, numbers: &[Numbers], at: &[u32]) {
        for (what, sums) in self.shape.wanted.sums.iter().zip(&mut self.open.sums) {
            match what {
                SumOf::Column(c) => {
                    if let Some(n) = numbers.get(*c) {
                        sums.add(n, None, at);
                    }
                }
                SumOf::Where(a, b) => {
                    if let (Some(a), Some(b)) = (numbers.get(*a), numbers.get(*b)) {
                        sums.add(a, b.valid(), at);
                    }
                }
                SumOf::Product(x, y) => {
                    if let (Some(x), Some(y)) = (numbers.get(*x), numbers.get(*y)) {
                        sums.add(&x.times(y, at.len()), None, at);
                    }
                }
            }
        }
        for (what, counts) in self.shape.wanted.rows.iter().zip(&mut self.open.counts) {
            let Some(counts) = counts else { continue };
            let valid = valid(*what, numbers);
            for (row, at) in at.iter().enumerate() {
                if valid.as_ref().is_none_or(|n| n.is_valid(row))
                    && let Some(count) = counts.get_mut(*at as usize)
                {
                    *count += 1;
                }
            }
        }
    }

    /// Counts of rows begin to differ from the entries' rows with the first NULL of their column.
    fn counts_that_differ(&mut self, numbers: &[Numbers]) {
        for (what, counts) in self.shape.wanted.rows.iter().zip(&mut self.open.counts) {
            if counts.is_none() && valid(*what, numbers).is_some() {
                *counts = Some(self.open.rows.clone());
            }
        }
    }

    fn keep(&mut self, numbers: &[Numbers], rows: &Rows<'_>) {
        for (column, list) in self.shape.wanted.lists.iter().zip(&mut self.found.lists) {
            let Some(numbers) = numbers.get(*column) else { continue };
            let with = rows.about_people().filter(|(row, ..)| numbers.valid().is_none_or(|n| n.is_valid(*row)));
            list.extend(with.map(|(row, group, unit)| (group, numbers.at(row), unit)));
        }
    }

    fn having(&mut self, values: &[ArrayRef], rows: &Rows<'_>) -> Result<(), Fault> {
        for (column, having) in self.shape.wanted.values.iter().zip(&mut self.found.having) {
            if let Some(array) = values.get(*column) {
                having.add(array, rows)?;
            }
        }
        Ok(())
    }

    fn sites(&mut self, columns: &[ArrayRef], group: &[u32], numbers: &[Numbers], known: Option<&NullBuffer>) -> Result<(), Fault> {
        let sums = &self.shape.wanted.sums;
        for (column, shares) in columns.iter().zip(&mut self.found.sites) {
            if column.data_type() != &DataType::UInt32 {
                return Err(Fault::Other("the engine returned something else for a facility or household".to_owned()));
            }
            let ids = column.as_primitive::<UInt32Type>();
            for (row, (id, group)) in ids.iter().zip(group).enumerate() {
                let Some(id) = id.filter(|_| known.is_none_or(|n| n.is_valid(row))) else { continue };
                let share = shares.entry((*group, id)).or_default();
                share.rows += 1;
                share.sums.resize(sums.len(), 0);
                for (what, sum) in sums.iter().zip(&mut share.sums) {
                    *sum = sum.saturating_add(amount(*what, numbers, row));
                }
            }
        }
        Ok(())
    }
}

/// In which rows something is counted; `None` in all.
fn valid(what: RowsOf, numbers: &[Numbers]) -> Option<NullBuffer> {
    let of = |c: usize| numbers.get(c).and_then(Numbers::valid);
    match what {
        RowsOf::Column(c) => of(c).cloned(),
        RowsOf::Both(x, y) => NullBuffer::union(of(x), of(y)),
    }
}

/// What one row adds to a sum.
fn amount(what: SumOf, numbers: &[Numbers], row: usize) -> i128 {
    let at = |c: usize| numbers.get(c).filter(|n| n.valid().is_none_or(|v| v.is_valid(row))).map(|n| n.at(row));
    match what {
        SumOf::Column(c) => at(c),
        SumOf::Where(a, b) => at(b).and(at(a)),
        SumOf::Product(x, y) => at(x).zip(at(y)).and_then(|(x, y)| x.checked_mul(y)).filter(|p| p.unsigned_abs() <= PRODUCT_MAX),
    }
    .unwrap_or(0)
}
