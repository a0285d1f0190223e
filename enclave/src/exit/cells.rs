//! The cells of a question: for each grouping set, cell by cell in the order of the keys, people by ledger ordinal with what each
//! contributes. Flat columns; a cell is a span of them, shared with whatever is made of it.

use std::ops::Range;

use datafusion::arrow::buffer::ScalarBuffer;

use super::{
    log::SiteShare,
    wanted::{RowsOf, SumOf, Wanted},
};
use crate::{
    people::{Amounts, Ordinals, People},
    question::KeyValue,
};

/// Evidence of all grouping sets of a question, in the question's order.
#[derive(Debug)]
pub(crate) struct Cells {
    pub(super) ordinals: Ordinals,
    pub(super) wanted: Wanted,
    pub(super) tables: Vec<Table>,
}

/// Evidence of one grouping set.
#[derive(Debug)]
pub(super) struct Table {
    /// Cells in the order of their keys, so many in each.
    pub(super) pieces: Vec<Piece>,
    /// Of each cell: the values of all keys of the question; NULL for those outside the set.
    pub(super) keys: Vec<Vec<KeyValue>>,
    /// By kept column and cell: values with their people, sorted.
    pub(super) lists: Vec<Vec<Vec<(i128, u32)>>>,
    /// By value column and cell: people with numbers of values, sorted, each once.
    pub(super) having: Vec<Vec<Vec<(u32, u32)>>>,
    /// By column of sites and cell: facilities or households with what they contribute, sorted.
    pub(super) sites: Vec<Vec<Vec<(u32, SiteShare)>>>,
}

/// Some consecutive cells.
#[derive(Debug)]
pub(super) struct Piece {
    /// Of each cell: its number among all that were counted.
    pub(super) cells: Vec<usize>,
    /// Of each cell: its people in the columns below.
    pub(super) spans: Vec<Range<usize>>,
    /// Person ids of the extract, sorted within a cell.
    pub(super) units: ScalarBuffer<u32>,
    /// The person ids of each cell with too few people: nothing else is kept of it.
    pub(super) small: Vec<Vec<u32>>,
    pub(super) rows: ScalarBuffer<u32>,
    pub(super) sums: Vec<Amounts>,
    pub(super) counts: Vec<Option<ScalarBuffer<u32>>>,
}

/// One cell.
#[derive(Debug, Clone)]
pub(super) struct Cell<'a> {
    cells: &'a Cells,
    table: &'a Table,
    piece: &'a Piece,
    /// Its number in the table.
    at: usize,
    span: Range<usize>,
}

impl Cells {
    /// The cells of a grouping set, by their keys.
    pub(super) fn of(&self, set: usize) -> impl Iterator<Item = Cell<'_>> {
        self.tables.get(set).into_iter().flat_map(move |table| {
            let spans = table.pieces.iter().flat_map(|piece| piece.spans.iter().map(move |span| (piece, span.clone())));
            spans.enumerate().map(move |(at, (piece, span))| Cell { cells: self, table, piece, at, span })
        })
    }

    /// The people of the cells of a grouping set that have too few of them.
    pub(super) fn small(&self, set: usize) -> impl Iterator<Item = People> {
        let pieces = self.tables.get(set).into_iter().flat_map(|table| &table.pieces);
        pieces.flat_map(|piece| &piece.small).filter(|ids| !ids.is_empty()).map(|ids| People::counted(ids.clone().into(), &self.ordinals))
    }
}

impl<'a> Cell<'a> {
    /// The values of all keys.
    pub(super) fn key(&self) -> &'a [KeyValue] {
        self.table.keys.get(self.at).map_or(&[], Vec::as_slice)
    }

    /// Person ids of the extract, sorted.
    pub(super) fn units(&self) -> &'a [u32] {
        self.piece.units.get(self.span.clone()).unwrap_or_default()
    }

    /// Everybody.
    pub(super) fn people(&self) -> People {
        People::counted(self.piece.units.slice(self.span.start, self.span.len()), &self.cells.ordinals)
    }

    /// Some of the cell's people, by their rising ids.
    pub(super) fn those(&self, units: Vec<u32>) -> People {
        People::counted(units.into(), &self.cells.ordinals)
    }

    /// Rows of each person.
    pub(super) fn rows(&self) -> ScalarBuffer<u32> {
        self.piece.rows.slice(self.span.start, self.span.len())
    }

    /// A sum of each person.
    pub(super) fn sum(&self, what: SumOf) -> Amounts {
        let place = self.cells.wanted.sums.iter().position(|w| *w == what);
        let column = place.and_then(|i| self.piece.sums.get(i));
        column.map_or_else(|| Amounts::Small(Vec::new().into()), |all| all.slice(&self.span))
    }

    /// A number of rows of each person; `None` where it is all of them.
    pub(super) fn count(&self, what: RowsOf) -> Option<ScalarBuffer<u32>> {
        let place = self.cells.wanted.rows.iter().position(|w| *w == what);
        let counts = place.and_then(|i| self.piece.counts.get(i)).and_then(Option::as_ref)?;
        Some(counts.slice(self.span.start, self.span.len()))
    }

    /// All values of a kept column, sorted, with their people.
    pub(super) fn list(&self, column: usize) -> &'a [(i128, u32)] {
        let place = self.cells.wanted.lists.iter().position(|c| *c == column);
        place.and_then(|i| self.table.lists.get(i)).and_then(|l| l.get(self.at)).map_or(&[], Vec::as_slice)
    }

    /// Who has which value of a value column: people, sorted, with numbers of values.
    pub(super) fn having(&self, column: usize) -> &'a [(u32, u32)] {
        let place = self.cells.wanted.values.iter().position(|c| *c == column);
        place.and_then(|i| self.table.having.get(i)).and_then(|l| l.get(self.at)).map_or(&[], Vec::as_slice)
    }

    /// By column of sites, in the order of the question's: facilities or households, sorted, with what they contribute.
    pub(super) fn sites(&self) -> impl Iterator<Item = &'a [(u32, SiteShare)]> {
        let at = self.at;
        self.table.sites.iter().map(move |f| f.get(at).map_or(&[][..], Vec::as_slice))
    }

    /// Largest amounts first: what the sites of each column have of a sum, or of the rows.
    pub(super) fn by_site(&self, what: Option<SumOf>) -> impl Iterator<Item = Vec<u128>> {
        let place = what.map(|what| self.cells.wanted.sums.iter().position(|w| *w == what).unwrap_or(usize::MAX));
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
