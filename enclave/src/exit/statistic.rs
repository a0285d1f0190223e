//! Makes the statistics of one cell from what was counted of its people.

use std::{cell::RefCell, rc::Rc};

use datafusion::arrow::buffer::ScalarBuffer;
use visiting_policies::disclosure::{Decimal, Site};

use super::{
    cells::Cell,
    measure::{Law, Measure, Part, ProductSums, form},
    wanted::{RowsOf, SumOf},
};
use crate::{
    known::VALUES,
    people::{Amounts, People, Vector},
    question::{self, Question, Statistic},
};

/// Makes the statistics of one cell.
pub(super) struct Statistics<'a> {
    question: &'a Question,
    cell: Cell<'a>,
    /// The cell's people, shared by everything that is about all of them.
    people: &'a People,
    /// Those with some rows, shared by everything that is about these.
    with: RefCell<Vec<(RowsOf, Rc<With>)>>,
}

/// The people with at least one of some rows.
struct With {
    /// As places in the cell; `None` where that is everybody.
    places: Option<Vec<usize>>,
    people: People,
    rows: ScalarBuffer<u32>,
}

impl With {
    /// A sum of each of them.
    fn of(&self, all: Amounts) -> Amounts {
        self.places.as_ref().map_or_else(|| all.clone(), |places| all.chosen(places))
    }

    /// The rows of each of them.
    fn weights(&self) -> Vector {
        Vector { people: self.people.clone(), amounts: Amounts::Rows(self.rows.clone()) }
    }
}

impl<'a> Statistics<'a> {
    /// Of a cell with these people.
    pub(super) fn new(question: &'a Question, cell: Cell<'a>, people: &'a People) -> Self {
        Self { question, cell, people, with: RefCell::default() }
    }

    fn column(&self, c: usize) -> Option<&'a question::Column> {
        self.question.columns.get(c)
    }

    /// The people with at least one of these rows.
    fn with(&self, what: RowsOf) -> Rc<With> {
        let known = self.with.borrow().iter().find(|(of, _)| *of == what).map(|(_, with)| with.clone());
        known.unwrap_or_else(|| {
            let with = Rc::new(self.found(what));
            self.with.borrow_mut().push((what, with.clone()));
            with
        })
    }

    fn found(&self, what: RowsOf) -> With {
        let all = |rows| With { places: None, people: self.people.clone(), rows };
        let Some(counts) = self.cell.count(what) else { return all(self.cell.rows()) };
        if counts.iter().all(|n| *n > 0) {
            return all(counts);
        }
        let places: Vec<usize> = counts.iter().enumerate().filter(|(_, n)| **n > 0).map(|(place, _)| place).collect();
        let units = places.iter().filter_map(|i| self.cell.units().get(*i)).copied().collect();
        let rows: Vec<u32> = counts.iter().copied().filter(|n| *n > 0).collect();
        With { places: Some(places), people: self.cell.those(units), rows: rows.into() }
    }

    /// The people who have a value of the column.
    pub(super) fn cohort(&self, c: usize) -> People {
        self.with(RowsOf::Column(c)).people.clone()
    }

    /// Of each column of sites: how many facilities or households have a row in which an indicator is 1.
    pub(super) fn sites_with(&self, c: usize) -> impl Iterator<Item = (Site, u64)> {
        let counts = self.cell.by_site(Some(SumOf::Column(c))).map(|all| all.iter().filter(|n| **n > 0).count() as u64);
        self.question.sites.iter().map(|column| column.site).zip(counts)
    }

    fn vector(&self, what: SumOf, with: &With) -> Vector {
        Vector { people: with.people.clone(), amounts: with.of(self.cell.sum(what)) }
    }

    fn by_site(&self, what: Option<SumOf>) -> Vec<Vec<u128>> {
        self.cell.by_site(what).collect()
    }

    /// Rows: a sum of rows per person.
    pub(super) fn count_rows(&self, column: Option<usize>) -> Option<Measure<'a>> {
        let (part, vector) = match column {
            Some(c) => (Part::of(self.column(c)?), self.with(RowsOf::Column(c)).weights()),
            None => (Part::all(), Vector { people: self.people.clone(), amounts: Amounts::Rows(self.cell.rows()) }),
        };
        Some(Measure {
            of: "rows".to_owned(),
            form: "sum".to_owned(),
            part,
            top: None,
            vector,
            rows: None,
            sites: self.by_site(None),
            law: Law::Sum { scale: 0, bounds: None, opaque: false },
        })
    }

    /// Sum of a column.
    pub(super) fn sum(&self, c: usize) -> Option<Measure<'a>> {
        let column = self.column(c)?;
        let (scale, bounds) = (column.scale, column.bounds.map(|(lo, hi)| (i128::from(lo), i128::from(hi))));
        Some(Measure {
            of: column.name.clone(),
            form: form("sum", scale, column.opaque),
            part: Part::of(column),
            top: None,
            vector: self.vector(SumOf::Column(c), &self.with(RowsOf::Column(c))),
            rows: None,
            sites: self.by_site(Some(SumOf::Column(c))),
            law: Law::Sum { scale, bounds, opaque: column.opaque },
        })
    }

    /// Mean of a column, or rate of the first over the rows in which the second is not NULL.
    pub(super) fn ratio(&self, a: usize, b: usize) -> Option<Measure<'a>> {
        if a == b {
            return self.mean(a, SumOf::Column(a), RowsOf::Column(a), Part::of(self.column(a)?));
        }
        let (top, bottom) = (self.column(a)?, self.column(b)?);
        let mean = self.mean(a, SumOf::Where(a, b), RowsOf::Column(b), Part::of(bottom))?;
        Some(Measure {
            form: format!("{} over {}", form("rate", top.scale, top.opaque), bottom.there().text()),
            top: Some(Part::of(top)),
            // Who adds nothing to the sum is no difference: otherwise its people could be varied by whoever writes the text.
            vector: self.vector(SumOf::Column(a), &self.with(RowsOf::Column(a))),
            ..mean
        })
    }

    /// Mean of x over the rows in which y is not NULL either.
    pub(super) fn mean_beside(&self, x: usize, y: usize) -> Option<Measure<'a>> {
        if x == y {
            return self.ratio(x, x);
        }
        let part = Part::of(self.column(x)?).and(&Part::of(self.column(y)?));
        self.mean(x, SumOf::Where(x, y), RowsOf::Both(x, y), part)
    }

    fn mean(&self, a: usize, what: SumOf, rows: RowsOf, part: Part) -> Option<Measure<'a>> {
        let (column, with) = (self.column(a)?, self.with(rows));
        let vector = self.vector(what, &with);
        Some(Measure {
            of: column.name.clone(),
            form: form("mean", column.scale, column.opaque),
            part,
            top: None,
            law: Law::Ratio { scale: column.scale, sums: vector.amounts.clone(), rows: with.rows.clone(), opaque: column.opaque },
            vector,
            rows: Some(with.weights()),
            sites: self.by_site(Some(what)),
        })
    }

    /// Second moment about released means.
    pub(super) fn moment(&self, (x, mean_x): (usize, Decimal), (y, mean_y): (usize, Decimal)) -> Option<Measure<'a>> {
        let (left, right) = (self.column(x)?, self.column(y)?);
        let rows = if x == y { RowsOf::Column(x) } else { RowsOf::Both(x, y) };
        let (with, what, opaque) = (self.with(rows), SumOf::Product(x, y), left.opaque || right.opaque);
        Some(Measure {
            of: if x == y { left.name.clone() } else { format!("{} times {}", left.name, right.name) },
            form: form("moment", left.scale.saturating_add(right.scale), opaque),
            part: Part::of(left).and(&Part::of(right)),
            top: None,
            vector: self.vector(what, &with),
            rows: Some(with.weights()),
            sites: self.by_site(Some(what)),
            law: Law::Moment { x: (left.scale, mean_x), y: (right.scale, mean_y), parts: self.products(x, y, &with), opaque },
        })
    }

    /// Leverage of the people on a straight line over x.
    pub(super) fn leverage(&self, x: usize) -> Option<Measure<'a>> {
        let (column, with) = (self.column(x)?, self.with(RowsOf::Column(x)));
        Some(Measure {
            of: column.name.clone(),
            form: "leverage".to_owned(),
            part: Part::of(column),
            top: None,
            vector: self.vector(SumOf::Product(x, x), &with),
            rows: None,
            sites: Vec::new(),
            law: Law::Leverage(self.products(x, x, &with)),
        })
    }

    fn products(&self, x: usize, y: usize, with: &With) -> ProductSums {
        let (of_x, of_y) = if x == y { (SumOf::Column(x), SumOf::Column(x)) } else { (SumOf::Where(x, y), SumOf::Where(y, x)) };
        let of = |what| with.of(self.cell.sum(what));
        ProductSums { x: of(of_x), y: of(of_y), xy: of(SumOf::Product(x, y)), rows: with.rows.clone() }
    }

    /// Quantile of a column's values.
    pub(super) fn quantile(&self, c: usize, per_mille: u32) -> Option<Measure<'a>> {
        let (column, with) = (self.column(c)?, self.with(RowsOf::Column(c)));
        Some(Measure {
            of: column.name.clone(),
            form: form(&format!("quantile {per_mille}"), column.scale, column.opaque),
            part: Part::of(column),
            top: None,
            vector: self.vector(SumOf::Column(c), &with),
            rows: Some(with.weights()),
            sites: Vec::new(),
            law: Law::Quantile { scale: column.scale, per_mille, values: self.cell.list(c) },
        })
    }

    /// Number of values that k people share.
    pub(super) fn distinct(&self, v: usize) -> Option<Measure<'a>> {
        let question::Counted { name, there } = self.question.values.get(v)?;
        let all = self.cell.having(v);
        let (mut units, mut own) = (Vec::new(), Vec::<i64>::new());
        for values in all.chunk_by(|a, b| a.0 == b.0) {
            units.extend(values.first().map(|(unit, _)| *unit));
            own.push(i64::try_from(values.len()).ok()?);
        }
        let mut values: Vec<u32> = all.iter().map(|(_, value)| *value).collect();
        values.sort_unstable();
        let people = values.chunk_by(|a, b| a == b).map(|having| having.len() as u64).collect();
        Some(Measure {
            of: format!("{VALUES}{name}"),
            form: "distinct".to_owned(),
            part: Part { when: there.clone(), there: there.clone() },
            top: None,
            vector: Vector { people: self.cell.those(units), amounts: Amounts::Small(own.into()) },
            rows: None,
            sites: Vec::new(),
            law: Law::Distinct(people),
        })
    }

    /// Any statistic that is no number of people and needs no other one first.
    pub(super) fn measure(&self, statistic: &Statistic) -> Option<Measure<'a>> {
        match statistic {
            Statistic::People(_) | Statistic::Moment(..) | Statistic::Guest(_) => None,
            Statistic::Rows(c) => self.count_rows(*c),
            Statistic::Sum(c) => self.sum(*c),
            Statistic::Ratio(a, b) => self.ratio(*a, *b),
            Statistic::Leverage(c) => self.leverage(*c),
            Statistic::Quantile(c, per_mille) => self.quantile(*c, *per_mille),
            Statistic::Distinct(v) => self.distinct(*v),
        }
    }
}
