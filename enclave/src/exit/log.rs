//! What one partition found: an entry for each person and group with the rows and sums, in the order in which they came. Rows come
//! person by person, so a person's entries are a run; a person who comes back makes another run, and assembly joins the two.

use datafusion::{
    arrow::{
        array::{Array, ArrayRef, AsArray, RecordBatch},
        buffer::NullBuffer,
        datatypes::{DataType, UInt32Type},
        row::{RowConverter, SortField},
    },
    common::HashMap,
};

use super::{
    columns::{Numbers, PRODUCT_MAX},
    groups::Groups,
    wanted::{RowsOf, SumOf, Wanted},
};
use crate::{fault::Fault, question::Column};

/// Columns of a batch: person, facilities, keys, numbers, values.
#[derive(Debug, Clone)]
pub(super) struct Shape {
    pub(super) facilities: usize,
    pub(super) keys: usize,
    pub(super) columns: Vec<Column>,
    pub(super) values: usize,
    pub(super) wanted: Wanted,
}

/// One number an entry, in 64 bits until one does not fit.
#[derive(Debug, Clone)]
pub(super) enum Sums {
    /// Fits.
    Small(Vec<i64>),
    /// Does not.
    Wide(Vec<i128>),
}

/// A number of rows an entry; nothing where it is the entry's rows.
pub(super) type Counts = Option<Vec<u32>>;

/// Consecutive entries of one person: they end where the next run starts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run {
    pub(super) unit: u32,
    pub(super) start: u32,
}

/// Values of one column, row by row, with their entries.
#[derive(Debug, Default)]
pub(super) struct List {
    pub(super) entry: Vec<u32>,
    pub(super) value: Vec<i128>,
}

/// Who has which value: entries and numbers of values.
#[derive(Default)]
pub(super) struct Having {
    pub(super) entry: Vec<u32>,
    pub(super) code: Vec<u32>,
    /// Bytes of a value that are equal for equal values, with its number.
    pub(super) codes: HashMap<Vec<u8>, u32>,
    rows: Option<RowConverter>,
}

/// Rows and sums of a facility in a group.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct FacilityShare {
    /// Rows.
    pub(crate) rows: u64,
    /// Sums, as wanted.
    pub(crate) sums: Vec<i128>,
}

/// What one partition found.
pub(super) struct Log {
    shape: Shape,
    pub(super) groups: Groups,
    pub(super) runs: Vec<Run>,
    /// Of each entry: its group.
    pub(super) group: Vec<u32>,
    /// Of each entry: its rows.
    pub(super) rows: Vec<u32>,
    /// As wanted.
    pub(super) sums: Vec<Sums>,
    /// As wanted.
    pub(super) counts: Vec<Counts>,
    pub(super) lists: Vec<List>,
    pub(super) having: Vec<Having>,
    /// By facility column: shares by group and facility.
    pub(super) facilities: Vec<HashMap<(u32, u32), FacilityShare>>,
    /// Of each group: its last entry, plus one.
    last: Vec<u32>,
}

impl Log {
    pub(super) fn new(shape: Shape) -> Self {
        let wanted = &shape.wanted;
        Self {
            groups: Groups::new(shape.keys),
            runs: Vec::new(),
            group: Vec::new(),
            rows: Vec::new(),
            sums: wanted.sums.iter().map(|_| Sums::Small(Vec::new())).collect(),
            counts: wanted.rows.iter().map(|_| None).collect(),
            lists: wanted.lists.iter().map(|_| List::default()).collect(),
            having: wanted.values.iter().map(|_| Having::default()).collect(),
            facilities: (0..shape.facilities).map(|_| HashMap::default()).collect(),
            last: Vec::new(),
            shape,
        }
    }

    /// Adds the rows of a batch.
    pub(super) fn add(&mut self, batch: &RecordBatch) -> Result<(), Fault> {
        let Shape { facilities, keys, columns, values, .. } = &self.shape;
        if batch.num_columns() != 1 + facilities + keys + columns.len() + values {
            return Err(Fault::Other("the engine returned another number of columns than the question has".to_owned()));
        }
        let (units, rest) = batch.columns().split_first().ok_or_else(|| Fault::Other("the engine returned no columns".to_owned()))?;
        let (facilities, rest) = rest.split_at(*facilities);
        let (keys, rest) = rest.split_at(*keys);
        let (numbers, values) = rest.split_at(columns.len());
        let numbers = numbers.iter().zip(columns).map(|(a, c)| Numbers::read(a, c)).collect::<Result<Vec<_>, _>>()?;
        let rows = batch.num_rows();
        let group = self.groups.of(keys, rows)?;
        // A row about nobody (the empty side of an outer join) is in no cell.
        let known = (units.null_count() > 0).then(|| units.nulls().cloned()).flatten();
        if units.data_type() != &DataType::UInt32 {
            return Err(Fault::Other("the engine returned no person for a row".to_owned()));
        }
        self.counts_that_differ(&numbers);
        let at = self.entries(units.as_primitive::<UInt32Type>().values(), known.as_ref(), &group)?;
        self.sum(&numbers, &at);
        self.keep(&numbers, &at);
        self.having(values, &at)?;
        self.facilities(facilities, &group, &numbers, known.as_ref())
    }

    /// The entry of each row; rows about nobody have none ([`NOBODY`]).
    fn entries(&mut self, units: &[u32], known: Option<&NullBuffer>, group: &[u32]) -> Result<Vec<u32>, Fault> {
        self.last.resize(self.groups.count(), 0);
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

    fn sum(&mut self, numbers: &[Numbers], at: &[u32]) {
        for (what, sums) in self.shape.wanted.sums.iter().zip(&mut self.sums) {
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
        for (what, counts) in self.shape.wanted.rows.iter().zip(&mut self.counts) {
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
        for (what, counts) in self.shape.wanted.rows.iter().zip(&mut self.counts) {
            if counts.is_none() && valid(*what, numbers).is_some() {
                *counts = Some(self.rows.clone());
            }
        }
    }

    fn keep(&mut self, numbers: &[Numbers], at: &[u32]) {
        for (column, list) in self.shape.wanted.lists.iter().zip(&mut self.lists) {
            let Some(numbers) = numbers.get(*column) else { continue };
            for (row, at) in at.iter().enumerate().filter(|(_, at)| **at != NOBODY) {
                if numbers.valid().is_none_or(|n| n.is_valid(row)) {
                    list.entry.push(*at);
                    list.value.push(numbers.at(row));
                }
            }
        }
    }

    fn having(&mut self, values: &[ArrayRef], at: &[u32]) -> Result<(), Fault> {
        for (column, having) in self.shape.wanted.values.iter().zip(&mut self.having) {
            if let Some(array) = values.get(*column) {
                having.add(array, at)?;
            }
        }
        Ok(())
    }

    fn facilities(&mut self, columns: &[ArrayRef], group: &[u32], numbers: &[Numbers], known: Option<&NullBuffer>) -> Result<(), Fault> {
        let sums = &self.shape.wanted.sums;
        for (column, shares) in columns.iter().zip(&mut self.facilities) {
            if column.data_type() != &DataType::UInt32 {
                return Err(Fault::Other("the engine returned something else for a facility".to_owned()));
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

/// Entry of a row about nobody.
const NOBODY: u32 = u32::MAX;

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

impl Sums {
    fn grow(&mut self, entries: usize) {
        match self {
            Self::Small(all) => all.resize(entries, 0),
            Self::Wide(all) => all.resize(entries, 0),
        }
    }

    /// Adds the numbers of rows to their entries, where `also` is valid too.
    fn add(&mut self, numbers: &Numbers, also: Option<&NullBuffer>, at: &[u32]) {
        let valid = NullBuffer::union(numbers.valid(), also);
        let mut done = 0;
        if let (Self::Small(all), Numbers::Small(values, _)) = (&mut *self, numbers) {
            done = match &valid {
                None => add_small(all, values.iter().copied().zip(at)),
                Some(valid) => add_small(all, values.iter().zip(valid.iter()).map(|(v, is)| if is { *v } else { 0 }).zip(at)),
            };
        }
        if done < at.len() {
            self.widen();
            for (row, at) in at.iter().enumerate().skip(done).filter(|(row, _)| valid.as_ref().is_none_or(|n| n.is_valid(*row))) {
                self.add_one(*at as usize, numbers.at(row));
            }
        }
    }

    /// Makes room for what does not fit in 64 bits.
    pub(super) fn widen(&mut self) {
        if let Self::Small(all) = self {
            *self = Self::Wide(all.iter().copied().map(i128::from).collect());
        }
    }

    /// Adds one number.
    pub(super) fn add_one(&mut self, place: usize, amount: i128) {
        if let Self::Small(all) = self {
            let Some(sum) = all.get_mut(place) else { return };
            match i64::try_from(amount).ok().and_then(|a| sum.checked_add(a)) {
                Some(more) => *sum = more,
                None => self.widen(),
            }
            if matches!(self, Self::Small(_)) {
                return;
            }
        }
        if let Self::Wide(all) = self
            && let Some(sum) = all.get_mut(place)
        {
            *sum = sum.saturating_add(amount);
        }
    }

    /// The number at a place.
    pub(super) fn at(&self, place: usize) -> i128 {
        match self {
            Self::Small(all) => all.get(place).copied().map_or(0, i128::from),
            Self::Wide(all) => all.get(place).copied().unwrap_or(0),
        }
    }
}

/// Rows that were added before one did not fit.
fn add_small<'a>(all: &mut [i64], rows: impl Iterator<Item = (i64, &'a u32)>) -> usize {
    let mut done = 0;
    for (value, at) in rows {
        if let Some(sum) = all.get_mut(*at as usize) {
            let Some(more) = sum.checked_add(value) else { return done };
            *sum = more;
        }
        done += 1;
    }
    done
}

impl Having {
    fn add(&mut self, array: &ArrayRef, at: &[u32]) -> Result<(), Fault> {
        if self.rows.is_none() {
            self.rows = Some(RowConverter::new(vec![SortField::new(array.data_type().clone())])?);
        }
        let Some(converter) = &mut self.rows else { return Ok(()) };
        let rows = converter.convert_columns(std::slice::from_ref(array))?;
        // Asked once: a dictionary finds out about NULL value by value.
        let nulls = array.logical_nulls();
        let mut last = None;
        for (row, (bytes, at)) in rows.iter().zip(at).enumerate() {
            if *at == NOBODY || nulls.as_ref().is_some_and(|n| n.is_null(row)) {
                continue;
            }
            let next = self.codes.len() as u32;
            let code = *self.codes.entry_ref(bytes.as_ref()).or_insert(next);
            if last != Some((*at, code)) {
                self.entry.push(*at);
                self.code.push(code);
                last = Some((*at, code));
            }
        }
        Ok(())
    }
}
