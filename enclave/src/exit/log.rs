//! What one partition found: an entry for each person and group with the rows and sums, in the order in which they came, and at the
//! end group by group. Rows come person by person, so a person's entries are a run and a group's people come out sorted; a person who
//! comes back makes another run, and assembly joins the two.

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

/// Columns of a batch: person, sites, keys, numbers, values.
#[derive(Debug, Clone)]
pub(super) struct Shape {
    pub(super) sites: usize,
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

/// Values of one column, row by row: group, value and person.
pub(super) type List = Vec<(u32, i128, u32)>;

/// Who has which value.
#[derive(Default)]
pub(super) struct Having {
    /// Group, number of the value, person.
    pub(super) all: Vec<(u32, u32, u32)>,
    /// Bytes of a value that are equal for equal values, with its number.
    pub(super) codes: HashMap<Vec<u8>, u32>,
    rows: Option<RowConverter>,
}

/// Rows and sums of a facility or household in a group.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct SiteShare {
    /// Rows.
    pub(crate) rows: u64,
    /// Sums, as wanted.
    pub(crate) sums: Vec<i128>,
}

/// What one partition found.
pub(super) struct Log {
    shape: Shape,
    pub(super) groups: Groups,
    runs: Vec<Run>,
    /// Of each entry: its group.
    group: Vec<u32>,
    /// Of each entry: its rows.
    rows: Vec<u32>,
    /// As wanted.
    sums: Vec<Sums>,
    /// As wanted.
    counts: Vec<Counts>,
    pub(super) lists: Vec<List>,
    pub(super) having: Vec<Having>,
    /// By column of sites: shares by group and site.
    pub(super) sites: Vec<HashMap<(u32, u32), SiteShare>>,
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
            lists: wanted.lists.iter().map(|_| List::new()).collect(),
            having: wanted.values.iter().map(|_| Having::default()).collect(),
            sites: (0..shape.sites).map(|_| HashMap::default()).collect(),
            last: Vec::new(),
            shape,
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
        let group = self.groups.of(keys, rows)?;
        // A row about nobody (the empty side of an outer join) is in no cell.
        let known = (units.null_count() > 0).then(|| units.nulls().cloned()).flatten();
        if units.data_type() != &DataType::UInt32 {
            return Err(Fault::Other("the engine returned no person for a row".to_owned()));
        }
        self.counts_that_differ(&numbers);
        let at = self.entries(units.as_primitive::<UInt32Type>().values(), known.as_ref(), &group)?;
        self.sum(&numbers, &at);
        let rows = Rows { group: &group, unit: units.as_primitive::<UInt32Type>().values(), known: known.as_ref() };
        self.keep(&numbers, &rows);
        self.having(values, &rows)?;
        self.sites(sites, &group, &numbers, known.as_ref())
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

    fn keep(&mut self, numbers: &[Numbers], rows: &Rows<'_>) {
        for (column, list) in self.shape.wanted.lists.iter().zip(&mut self.lists) {
            let Some(numbers) = numbers.get(*column) else { continue };
            let with = rows.about_people().filter(|(row, ..)| numbers.valid().is_none_or(|n| n.is_valid(*row)));
            list.extend(with.map(|(row, group, unit)| (group, numbers.at(row), unit)));
        }
    }

    fn having(&mut self, values: &[ArrayRef], rows: &Rows<'_>) -> Result<(), Fault> {
        for (column, having) in self.shape.wanted.values.iter().zip(&mut self.having) {
            if let Some(array) = values.get(*column) {
                having.add(array, rows)?;
            }
        }
        Ok(())
    }

    fn sites(&mut self, columns: &[ArrayRef], group: &[u32], numbers: &[Numbers], known: Option<&NullBuffer>) -> Result<(), Fault> {
        let sums = &self.shape.wanted.sums;
        for (column, shares) in columns.iter().zip(&mut self.sites) {
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

/// Which group and person the rows of a batch are about.
struct Rows<'a> {
    group: &'a [u32],
    unit: &'a [u32],
    known: Option<&'a NullBuffer>,
}

impl Rows<'_> {
    /// Row, group and person; without the rows about nobody.
    fn about_people(&self) -> impl Iterator<Item = (usize, u32, u32)> {
        let all = self.group.iter().zip(self.unit).enumerate().map(|(row, (group, unit))| (row, *group, *unit));
        all.filter(|(row, ..)| self.known.is_none_or(|n| n.is_valid(*row)))
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

    /// Copies a span of another column behind this one.
    pub(super) fn append(&mut self, other: &Self, span: std::ops::Range<usize>) {
        if matches!(other, Self::Wide(_)) {
            self.widen();
        }
        match (self, other) {
            (Self::Small(all), Self::Small(more)) => all.extend_from_slice(more.get(span).unwrap_or_default()),
            (Self::Wide(all), Self::Wide(more)) => all.extend_from_slice(more.get(span).unwrap_or_default()),
            (Self::Wide(all), Self::Small(more)) => all.extend(more.get(span).unwrap_or_default().iter().copied().map(i128::from)),
            // Widened above.
            (Self::Small(_), Self::Wide(_)) => {}
        }
    }

    /// The number at a place.
    pub(super) fn at(&self, place: usize) -> i128 {
        match self {
            Self::Small(all) => all.get(place).copied().map_or(0, i128::from),
            Self::Wide(all) => all.get(place).copied().unwrap_or(0),
        }
    }

    /// Cuts off everything from a place.
    pub(super) fn truncate(&mut self, place: usize) {
        match self {
            Self::Small(all) => all.truncate(place),
            Self::Wide(all) => all.truncate(place),
        }
    }

    /// Sets everything from a place on: one number for each.
    pub(super) fn replace_tail(&mut self, place: usize, tail: &[i128]) {
        self.truncate(place);
        if tail.iter().any(|v| i64::try_from(*v).is_err()) {
            self.widen();
        }
        match self {
            Self::Small(all) => all.extend(tail.iter().filter_map(|v| i64::try_from(*v).ok())),
            Self::Wide(all) => all.extend_from_slice(tail),
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
    fn add(&mut self, array: &ArrayRef, rows: &Rows<'_>) -> Result<(), Fault> {
        if self.rows.is_none() {
            self.rows = Some(RowConverter::new(vec![SortField::new(array.data_type().clone())])?);
        }
        let Some(converter) = &mut self.rows else { return Ok(()) };
        let bytes = converter.convert_columns(std::slice::from_ref(array))?;
        // Asked once: a dictionary finds out about NULL value by value.
        let nulls = array.logical_nulls();
        for (row, group, unit) in rows.about_people().filter(|(row, ..)| nulls.as_ref().is_none_or(|n| n.is_valid(*row))) {
            let next = self.codes.len() as u32;
            let code = *self.codes.entry_ref(bytes.row(row).as_ref()).or_insert(next);
            if self.all.last() != Some(&(group, code, unit)) {
                self.all.push((group, code, unit));
            }
        }
        Ok(())
    }
}

/// A log's entries group by group: those of a group lie from its start to the next one's, in the order in which they came.
pub(super) struct Sorted {
    pub(super) log: Log,
    pub(super) starts: Vec<usize>,
    pub(super) units: Vec<u32>,
    pub(super) rows: Vec<u32>,
    pub(super) sums: Vec<Sums>,
    pub(super) counts: Vec<Counts>,
}

impl Log {
    /// Group by group.
    pub(super) fn sorted(mut self) -> Sorted {
        let mut next = vec![0usize; self.groups.count() + 1];
        for group in &self.group {
            if let Some(n) = next.get_mut(*group as usize + 1) {
                *n += 1;
            }
        }
        let mut sum = 0;
        for n in &mut next {
            sum += *n;
            *n = sum;
        }
        let starts = next.clone();
        let mut to = vec![0u32; self.group.len()];
        for (group, to) in self.group.iter().zip(&mut to) {
            if let Some(next) = next.get_mut(*group as usize) {
                *to = *next as u32;
                *next += 1;
            }
        }
        let mut units = vec![0u32; to.len()];
        let ends = self.runs.iter().skip(1).map(|r| r.start as usize).chain([to.len()]);
        for (run, end) in self.runs.iter().zip(ends) {
            for to in to.get(run.start as usize..end).unwrap_or_default() {
                if let Some(unit) = units.get_mut(*to as usize) {
                    *unit = run.unit;
                }
            }
        }
        let rows = moved(&std::mem::take(&mut self.rows), &to);
        let sums = std::mem::take(&mut self.sums).into_iter().map(|s| match s {
            Sums::Small(all) => Sums::Small(moved(&all, &to)),
            Sums::Wide(all) => Sums::Wide(moved(&all, &to)),
        });
        let sums = sums.collect();
        let counts = std::mem::take(&mut self.counts).into_iter().map(|c| c.map(|c| moved(&c, &to))).collect();
        (self.group, self.runs, self.last) = (Vec::new(), Vec::new(), Vec::new());
        Sorted { log: self, starts, units, rows, sums, counts }
    }
}

/// Everything at its new place.
fn moved<T: Copy + Default>(all: &[T], to: &[u32]) -> Vec<T> {
    let mut out = vec![T::default(); all.len()];
    for (value, to) in all.iter().zip(to) {
        if let Some(place) = out.get_mut(*to as usize) {
            *place = *value;
        }
    }
    out
}
