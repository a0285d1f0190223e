//! The cells of a question: for each grouping set, cell by cell in the order of the keys, people by ledger ordinal with what each
//! contributes. Flat columns; a cell is a span of them.

use std::ops::Range;

use super::{
    log::{Counts, SiteShare, Sums},
    wanted::{RowsOf, SumOf, Wanted},
};
use crate::{people::People, question::KeyValue};

/// Evidence of all grouping sets of a question, in the question's order.
#[derive(Debug)]
pub(crate) struct Cells<'l> {
    /// Ledger ordinal of each person id.
    pub(super) ordinals: &'l [u32],
    pub(super) wanted: Wanted,
    pub(super) tables: Vec<Table>,
    /// Tells the person ids of this count from those of every other.
    pub(super) source: u64,
}

/// Evidence of one grouping set.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// Of each cell: its people in the columns below.
    pub(super) spans: Vec<Range<usize>>,
    /// Of each cell: the values of all keys of the question; NULL for those outside the set.
    pub(super) keys: Vec<Vec<KeyValue>>,
    /// Person ids of the extract, sorted within a cell.
    pub(super) units: Vec<u32>,
    pub(super) rows: Vec<u32>,
    pub(super) sums: Vec<Sums>,
    pub(super) counts: Vec<Counts>,
    /// By kept column and cell: values with their people, sorted.
    pub(super) lists: Vec<Vec<Vec<(i128, u32)>>>,
    /// By value column and cell: numbers of values with their people, sorted, each once.
    pub(super) having: Vec<Vec<Vec<(u32, u32)>>>,
    /// By column of sites and cell: facilities or households with what they contribute, sorted.
    pub(super) sites: Vec<Vec<Vec<(u32, SiteShare)>>>,
}

/// One cell.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cell<'a> {
    ordinals: &'a [u32],
    wanted: &'a Wanted,
    table: &'a Table,
    at: usize,
    source: u64,
}

/// One number a person of a cell.
#[derive(Debug, Clone, Copy)]
pub(super) enum Amounts<'a> {
    /// In 64 bits.
    Small(&'a [i64]),
    /// In more.
    Wide(&'a [i128]),
}

impl Amounts<'_> {
    /// One after the other.
    pub(super) fn iter(&self) -> impl Iterator<Item = i128> {
        let (small, wide): (&[i64], &[i128]) = match self {
            Self::Small(all) => (all, &[]),
            Self::Wide(all) => (&[], all),
        };
        small.iter().copied().map(i128::from).chain(wide.iter().copied())
    }
}

impl Cells<'_> {
    /// The cells of a grouping set, by their keys.
    pub(super) fn of(&self, set: usize) -> impl Iterator<Item = Cell<'_>> {
        let table = self.tables.get(set);
        let all = table.map_or(0, |t| t.spans.len());
        (0..all)
            .filter_map(move |at| table.map(|table| Cell { ordinals: self.ordinals, wanted: &self.wanted, table, at, source: self.source }))
    }
}

impl<'a> Cell<'a> {
    fn span(&self) -> Range<usize> {
        self.table.spans.get(self.at).cloned().unwrap_or_default()
    }

    /// The values of all keys.
    pub(super) fn key(&self) -> &'a [KeyValue] {
        self.table.keys.get(self.at).map_or(&[], Vec::as_slice)
    }

    /// Person ids of the extract, sorted.
    pub(super) fn units(&self) -> &'a [u32] {
        self.table.units.get(self.span()).unwrap_or_default()
    }

    /// Everybody.
    pub(super) fn people(&self) -> People {
        self.those(self.units().to_vec())
    }

    /// Some of the cell's people, by their rising ids.
    pub(super) fn those(&self, units: Vec<u32>) -> People {
        // A person id beyond the extract cannot come from its files; it would only ever count against showing.
        let ordinals = units.iter().map(|unit| self.ordinals.get(*unit as usize).copied().unwrap_or(u32::MAX)).collect();
        People::listed(ordinals, self.source, units)
    }

    /// Rows of each person.
    pub(super) fn rows(&self) -> &'a [u32] {
        self.table.rows.get(self.span()).unwrap_or_default()
    }

    /// A sum of each person.
    pub(super) fn sum(&self, what: SumOf) -> Amounts<'a> {
        let place = self.wanted.sums.iter().position(|w| *w == what);
        match place.and_then(|i| self.table.sums.get(i)) {
            Some(Sums::Small(all)) => Amounts::Small(all.get(self.span()).unwrap_or_default()),
            Some(Sums::Wide(all)) => Amounts::Wide(all.get(self.span()).unwrap_or_default()),
            None => Amounts::Small(&[]),
        }
    }

    /// A number of rows of each person; `None` where it is all of them.
    pub(super) fn count(&self, what: RowsOf) -> Option<&'a [u32]> {
        let place = self.wanted.rows.iter().position(|w| *w == what);
        let counts = place.and_then(|i| self.table.counts.get(i)).and_then(Option::as_ref)?;
        counts.get(self.span())
    }

    /// All values of a kept column, sorted, with their people.
    pub(super) fn list(&self, column: usize) -> &'a [(i128, u32)] {
        let place = self.wanted.lists.iter().position(|c| *c == column);
        place.and_then(|i| self.table.lists.get(i)).and_then(|l| l.get(self.at)).map_or(&[], Vec::as_slice)
    }

    /// Who has which value of a value column: numbers of values, sorted, with their people.
    pub(super) fn having(&self, column: usize) -> &'a [(u32, u32)] {
        let place = self.wanted.values.iter().position(|c| *c == column);
        place.and_then(|i| self.table.having.get(i)).and_then(|l| l.get(self.at)).map_or(&[], Vec::as_slice)
    }

    /// By column of sites, in the order of the question's: facilities or households, sorted, with what they contribute.
    pub(super) fn sites(&self) -> impl Iterator<Item = &'a [(u32, SiteShare)]> {
        let at = self.at;
        self.table.sites.iter().map(move |f| f.get(at).map_or(&[][..], Vec::as_slice))
    }

    /// Largest amounts first: what the sites of each column have of a sum, or of the rows.
    pub(super) fn by_site(&self, what: Option<SumOf>) -> impl Iterator<Item = Vec<u128>> {
        let place = what.map(|what| self.wanted.sums.iter().position(|w| *w == what).unwrap_or(usize::MAX));
        self.sites().map(move |shares| {
            let amount = |share: &SiteShare| match place {
                None => u128::from(share.rows),
                Some(place) => share.sums.get(place).copied().unwrap_or(0).unsigned_abs(),
            };
            let mut all: Vec<u128> = shares.iter().map(|(_, share)| amount(share)).collect();
            all.sort_unstable_by(|a, b| b.cmp(a));
            all
        })
    }
}
