//! Makes the statistics of one cell from what was counted of its people.

use visiting_policies::disclosure::{Decimal, Products, Site};

use super::{
    cells::{Amounts as Column, Cell},
    measure::{Law, Measure, Part, form},
    wanted::{RowsOf, SumOf},
};
use crate::{
    known::VALUES,
    people::{Amounts, People, Vector},
    question::{self, Question, Statistic},
};

/// Makes the statistics of one cell.
pub(super) struct Statistics<'a> {
    pub(super) question: &'a Question,
    pub(super) cell: Cell<'a>,
    /// The cell's people, shared by everything that is about all of them.
    pub(super) people: &'a People,
}

impl Statistics<'_> {
    fn column(&self, c: usize) -> Option<&question::Column> {
        self.question.columns.get(c)
    }

    /// The people with at least one of these rows, as places in the cell; `None` where that is everybody.
    fn with(&self, rows: RowsOf) -> Option<Vec<usize>> {
        let counts = self.cell.count(rows)?;
        if counts.iter().all(|n| *n > 0) {
            return None;
        }
        Some(counts.iter().enumerate().filter(|(_, n)| **n > 0).map(|(place, _)| place).collect())
    }

    /// These people.
    fn people(&self, places: Option<&[usize]>) -> People {
        let Some(places) = places else { return self.people.clone() };
        let all = self.cell.units();
        self.cell.those(places.iter().filter_map(|i| all.get(*i)).copied().collect())
    }

    /// The people who have a value of the column.
    pub(super) fn cohort(&self, c: usize) -> People {
        self.people(self.with(RowsOf::Column(c)).as_deref())
    }

    /// Of each column of sites: how many facilities or households have a row in which an indicator is 1.
    pub(super) fn sites_with(&self, c: usize) -> impl Iterator<Item = (Site, u64)> {
        let counts = self.cell.by_site(Some(SumOf::Column(c))).map(|all| all.iter().filter(|n| **n > 0).count() as u64);
        self.question.sites.iter().map(|column| column.site).zip(counts)
    }

    /// A sum of each of these people.
    fn amounts(&self, what: SumOf, places: Option<&[usize]>) -> Amounts {
        fn chosen<T: Copy>(all: &[T], places: Option<&[usize]>) -> Vec<T> {
            places.map_or_else(|| all.to_vec(), |p| p.iter().filter_map(|i| all.get(*i)).copied().collect())
        }
        match self.cell.sum(what) {
            Column::Small(all) => Amounts::Small(chosen(all, places)),
            Column::Wide(all) => Amounts::Wide(chosen(all, places)),
        }
    }

    fn numbers(&self, what: SumOf, places: Option<&[usize]>) -> Vec<i128> {
        let all = self.cell.sum(what);
        match places {
            None => all.iter().collect(),
            Some(places) => {
                let all: Vec<i128> = all.iter().collect();
                places.iter().filter_map(|i| all.get(*i)).copied().collect()
            }
        }
    }

    fn rows(&self, what: RowsOf, places: Option<&[usize]>) -> Vec<i128> {
        let all = self.cell.count(what).unwrap_or_else(|| self.cell.rows());
        match places {
            None => all.iter().copied().map(i128::from).collect(),
            Some(places) => places.iter().filter_map(|i| all.get(*i)).copied().map(i128::from).collect(),
        }
    }

    fn vector(&self, what: SumOf, places: Option<&[usize]>) -> Vector {
        Vector { people: self.people(places), amounts: self.amounts(what, places) }
    }

    fn by_site(&self, what: Option<SumOf>) -> Vec<Vec<u128>> {
        self.cell.by_site(what).collect()
    }

    /// The rows of each of these people.
    fn weights(&self, what: RowsOf, places: Option<&[usize]>) -> Vector {
        let rows = self.rows(what, places).into_iter().map(|n| i64::try_from(n).unwrap_or(i64::MAX));
        Vector { people: self.people(places), amounts: Amounts::Small(rows.collect()) }
    }

    /// Rows: a sum of rows per person.
    pub(super) fn count_rows(&self, column: Option<usize>) -> Option<Measure> {
        let (part, vector) = match column {
            Some(c) => {
                let places = self.with(RowsOf::Column(c));
                (Part::of(self.column(c)?), self.weights(RowsOf::Column(c), places.as_deref()))
            }
            None => {
                let rows = self.cell.rows().iter().copied().map(i64::from).collect();
                (Part::all(), Vector { people: self.people.clone(), amounts: Amounts::Small(rows) })
            }
        };
        Some(Measure {
            of: "rows".to_owned(),
            form: "sum".to_owned(),
            part,
            top: None,
            vector,
            rows: None,
            sites: self.by_site(None),
            law: Law::Sum { scale: 0, bounds: None },
        })
    }

    /// Sum of a column.
    pub(super) fn sum(&self, c: usize) -> Option<Measure> {
        let column = self.column(c)?;
        let places = self.with(RowsOf::Column(c));
        let (scale, bounds) = (column.scale, column.bounds.map(|(lo, hi)| (i128::from(lo), i128::from(hi))));
        Some(Measure {
            of: column.name.clone(),
            form: form("sum", scale, column.opaque),
            part: Part::of(column),
            top: None,
            vector: self.vector(SumOf::Column(c), places.as_deref()),
            rows: None,
            sites: self.by_site(Some(SumOf::Column(c))),
            law: if column.opaque { Law::OpaqueSum { scale, bounds } } else { Law::Sum { scale, bounds } },
        })
    }

    /// Mean of a column, or rate of the first over the rows in which the second is not NULL.
    pub(super) fn ratio(&self, a: usize, b: usize) -> Option<Measure> {
        if a == b {
            return self.mean(a, SumOf::Column(a), RowsOf::Column(a), Part::of(self.column(a)?));
        }
        let (top, bottom) = (self.column(a)?, self.column(b)?);
        let (mean, places) = (self.mean(a, SumOf::Where(a, b), RowsOf::Column(b), Part::of(bottom))?, self.with(RowsOf::Column(a)));
        Some(Measure {
            form: format!("{} over {}", form("rate", top.scale, top.opaque), bottom.there().text()),
            top: Some(Part::of(top)),
            // Who adds nothing to the sum is no difference: otherwise its people could be varied by whoever writes the text.
            vector: self.vector(SumOf::Column(a), places.as_deref()),
            ..mean
        })
    }

    /// Mean of x over the rows in which y is not NULL either.
    pub(super) fn mean_beside(&self, x: usize, y: usize) -> Option<Measure> {
        if x == y {
            return self.ratio(x, x);
        }
        let part = Part::of(self.column(x)?).and(&Part::of(self.column(y)?));
        self.mean(x, SumOf::Where(x, y), RowsOf::Both(x, y), part)
    }

    fn mean(&self, a: usize, what: SumOf, rows: RowsOf, part: Part) -> Option<Measure> {
        let column = self.column(a)?;
        let places = self.with(rows);
        let places = places.as_deref();
        let (scale, parts) = (column.scale, self.numbers(what, places).into_iter().zip(self.rows(rows, places)).collect());
        Some(Measure {
            of: column.name.clone(),
            form: form("mean", scale, column.opaque),
            part,
            top: None,
            vector: self.vector(what, places),
            rows: Some(self.weights(rows, places)),
            sites: self.by_site(Some(what)),
            law: if column.opaque { Law::OpaqueMean { scale, parts } } else { Law::Ratio { scale, parts } },
        })
    }

    /// Second moment about released means.
    pub(super) fn moment(&self, (x, mean_x): (usize, Decimal), (y, mean_y): (usize, Decimal)) -> Option<Measure> {
        let (left, right) = (self.column(x)?, self.column(y)?);
        let rows = if x == y { RowsOf::Column(x) } else { RowsOf::Both(x, y) };
        let places = self.with(rows);
        let (parts, what, opaque) = (self.products(x, y, places.as_deref()), SumOf::Product(x, y), left.opaque || right.opaque);
        Some(Measure {
            of: if x == y { left.name.clone() } else { format!("{} times {}", left.name, right.name) },
            form: form("moment", left.scale.saturating_add(right.scale), opaque),
            part: Part::of(left).and(&Part::of(right)),
            top: None,
            vector: self.vector(what, places.as_deref()),
            rows: Some(self.weights(rows, places.as_deref())),
            sites: self.by_site(Some(what)),
            law: Law::Moment { x: (left.scale, mean_x), y: (right.scale, mean_y), parts, opaque },
        })
    }

    /// Leverage of the people on a straight line over x.
    pub(super) fn leverage(&self, x: usize) -> Option<Measure> {
        let column = self.column(x)?;
        let places = self.with(RowsOf::Column(x));
        Some(Measure {
            of: column.name.clone(),
            form: "leverage".to_owned(),
            part: Part::of(column),
            top: None,
            vector: self.vector(SumOf::Product(x, x), places.as_deref()),
            rows: None,
            sites: Vec::new(),
            law: Law::Leverage(self.products(x, x, places.as_deref())),
        })
    }

    fn products(&self, x: usize, y: usize, places: Option<&[usize]>) -> Vec<Products> {
        let (of_x, of_y, rows) = match x == y {
            true => (SumOf::Column(x), SumOf::Column(x), RowsOf::Column(x)),
            false => (SumOf::Where(x, y), SumOf::Where(y, x), RowsOf::Both(x, y)),
        };
        let sums = self.numbers(of_x, places).into_iter().zip(self.numbers(of_y, places));
        let rest = self.numbers(SumOf::Product(x, y), places).into_iter().zip(self.rows(rows, places));
        sums.zip(rest).map(|((x, y), (xy, rows))| Products { x, y, xy, rows }).collect()
    }

    /// Quantile of a column's values.
    pub(super) fn quantile(&self, c: usize, per_mille: u32) -> Option<Measure> {
        let column = self.column(c)?;
        let places = self.with(RowsOf::Column(c));
        let values = self.cell.list(c).to_vec();
        Some(Measure {
            of: column.name.clone(),
            form: form(&format!("quantile {per_mille}"), column.scale, column.opaque),
            part: Part::of(column),
            top: None,
            vector: self.vector(SumOf::Column(c), places.as_deref()),
            rows: Some(self.weights(RowsOf::Column(c), places.as_deref())),
            sites: Vec::new(),
            law: Law::Quantile { scale: column.scale, per_mille, values },
        })
    }

    /// Number of values that k people share.
    pub(super) fn distinct(&self, v: usize) -> Option<Measure> {
        let question::Counted { name, there } = self.question.values.get(v)?;
        let (all, units) = (self.cell.having(v), self.cell.units());
        let mut own = vec![0i64; self.people.len()];
        for (_, unit) in all {
            if let Some(n) = units.binary_search(unit).ok().and_then(|i| own.get_mut(i)) {
                *n += 1;
            }
        }
        let people = all.chunk_by(|a, b| a.0 == b.0).map(|having| having.len() as u64).collect();
        let pairs = units.iter().copied().zip(own).filter(|(_, n)| *n > 0);
        let (people_with, amounts): (Vec<u32>, Vec<i64>) = pairs.unzip();
        Some(Measure {
            of: format!("{VALUES}{name}"),
            form: "distinct".to_owned(),
            part: Part { when: there.clone(), there: there.clone() },
            top: None,
            vector: Vector { people: self.cell.those(people_with), amounts: Amounts::Small(amounts) },
            rows: None,
            sites: Vec::new(),
            law: Law::Distinct(people),
        })
    }

    /// Any statistic that is no number of people and needs no other one first.
    pub(super) fn measure(&self, statistic: &Statistic) -> Option<Measure> {
        match statistic {
            Statistic::People(_) | Statistic::Moment(..) => None,
            Statistic::Rows(c) => self.count_rows(*c),
            Statistic::Sum(c) => self.sum(*c),
            Statistic::Ratio(a, b) => self.ratio(*a, *b),
            Statistic::Leverage(c) => self.leverage(*c),
            Statistic::Quantile(c, per_mille) => self.quantile(*c, *per_mille),
            Statistic::Distinct(v) => self.distinct(*v),
        }
    }
}
