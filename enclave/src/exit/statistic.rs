//! One base statistic of one cell: whose contributions it is made of, what the ledger compares it by, and what the law says to it.

use visiting_policies::disclosure::{self, Decimal, Products, Rules};

use super::{
    cells::{Amounts as Column, Cell},
    wanted::{RowsOf, SumOf},
};
use crate::{
    people::{Amounts, People, Vector},
    question::{self, Question, Statistic},
};

/// A statistic, ready for the law and the ledger.
pub(super) struct Measure {
    /// What the ledger compares it with: the column or columns it is about.
    pub(super) of: String,
    /// The form in which it is shown.
    pub(super) form: String,
    /// What its people have that others of the cell may not; `None` where they are all of the cell.
    pub(super) having: Option<String>,
    /// Contributions.
    pub(super) vector: Vector,
    /// Of each column of sites: what its facilities or households contribute, largest first.
    pub(super) sites: Vec<Vec<u128>>,
    /// What the law looks at.
    pub(super) law: Law,
    /// True for what is compared with every opaque measure, whatever its name.
    pub(super) opaque: bool,
}

/// The law of a statistic with its arguments.
pub(super) enum Law {
    /// Sum of one number a person.
    Sum { scale: u32, bounds: Option<(i128, i128)> },
    /// The same of an opaque measure.
    OpaqueSum { scale: u32, bounds: Option<(i128, i128)> },
    /// Mean over rows.
    Ratio { scale: u32, parts: Vec<(i128, i128)> },
    /// The same of an opaque measure.
    OpaqueMean { scale: u32, parts: Vec<(i128, i128)> },
    /// Second moment about released means.
    Moment { x: (u32, Decimal), y: (u32, Decimal), parts: Vec<Products> },
    /// Whether one person carries a line.
    Leverage(Vec<Products>),
    /// Quantile of sorted values.
    Quantile { scale: u32, per_mille: u32, values: Vec<(i128, u32)> },
    /// People of each value.
    Distinct(Vec<u64>),
}

impl Measure {
    /// What the law shows of it, where `people` is the number of people as it is shown.
    pub(super) fn judged(&self, rules: &Rules, people: u64) -> Option<Decimal> {
        match &self.law {
            Law::Sum { scale, bounds } => match &self.vector.amounts {
                Amounts::Small(y) => disclosure::sum(rules, *scale, *bounds, y, people),
                Amounts::Wide(y) => disclosure::sum(rules, *scale, *bounds, y, people),
                Amounts::One => disclosure::sum(rules, *scale, *bounds, &vec![1i64; self.vector.people.len()], people),
            },
            Law::OpaqueSum { scale, bounds } => {
                let y: Vec<i128> = self.vector.iter().map(|(_, y)| y).collect();
                disclosure::opaque_sum(rules, *scale, *bounds, &y, people)
            }
            Law::Ratio { scale, parts } => disclosure::ratio(rules, *scale, parts),
            Law::OpaqueMean { scale, parts } => disclosure::opaque_mean(rules, *scale, parts),
            Law::Moment { x, y, parts } => disclosure::moment(rules, *x, *y, parts),
            Law::Leverage(parts) => disclosure::leverage_ok(parts).then(|| Decimal::whole(1)),
            Law::Quantile { scale, per_mille, values } => disclosure::quantile(rules, *scale, *per_mille, values),
            Law::Distinct(people) => disclosure::distinct_shared(rules, people.iter().copied()),
        }
    }
}

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
        let all = self.cell.people();
        People::new(places.iter().filter_map(|i| all.get(*i)).copied().collect())
    }

    /// The people who have a value of the column, and whether that is everybody.
    pub(super) fn cohort(&self, c: usize) -> (People, bool) {
        let places = self.with(RowsOf::Column(c));
        (self.people(places.as_deref()), places.is_none())
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

    /// Rows: a sum of rows per person.
    pub(super) fn count_rows(&self, column: Option<usize>) -> Option<Measure> {
        let places = column.and_then(|c| self.with(RowsOf::Column(c)));
        let counts = column.and_then(|c| self.cell.count(RowsOf::Column(c))).unwrap_or_else(|| self.cell.rows());
        let chosen = |all: &[u32]| match &places {
            None => all.iter().copied().map(i64::from).collect(),
            Some(places) => places.iter().filter_map(|i| all.get(*i)).copied().map(i64::from).collect(),
        };
        let name = column.map(|c| self.column(c).map(|c| c.name.clone()));
        if let Some(None) = name {
            return None;
        }
        let name = name.flatten();
        Some(Measure {
            of: name.as_ref().map_or_else(|| "rows".to_owned(), |n| format!("rows having {n}")),
            form: "sum".to_owned(),
            having: places.is_some().then_some(name).flatten(),
            vector: Vector { people: self.people(places.as_deref()), amounts: Amounts::Small(chosen(counts)) },
            sites: self.by_site(None),
            law: Law::Sum { scale: 0, bounds: None },
            opaque: false,
        })
    }

    /// Sum of a column.
    pub(super) fn sum(&self, c: usize) -> Option<Measure> {
        let column = self.column(c)?;
        let places = self.with(RowsOf::Column(c));
        let (scale, bounds) = (column.scale, column.bounds.map(|(lo, hi)| (i128::from(lo), i128::from(hi))));
        Some(Measure {
            of: column.name.clone(),
            form: if column.opaque { "sum, top-coded" } else { "sum" }.to_owned(),
            having: places.is_some().then(|| column.name.clone()),
            vector: self.vector(SumOf::Column(c), places.as_deref()),
            sites: self.by_site(Some(SumOf::Column(c))),
            law: if column.opaque { Law::OpaqueSum { scale, bounds } } else { Law::Sum { scale, bounds } },
            opaque: column.opaque,
        })
    }

    /// Mean of a column, or rate of the first over the rows in which the second is not NULL.
    pub(super) fn ratio(&self, a: usize, b: usize) -> Option<Measure> {
        let what = if a == b { SumOf::Column(a) } else { SumOf::Where(a, b) };
        self.mean(a, what, b, RowsOf::Column(b))
    }

    /// Mean of x over the rows in which y is not NULL either.
    pub(super) fn mean_beside(&self, x: usize, y: usize) -> Option<Measure> {
        if x == y { self.ratio(x, x) } else { self.mean(x, SumOf::Where(x, y), y, RowsOf::Both(x, y)) }
    }

    fn mean(&self, a: usize, what: SumOf, b: usize, rows: RowsOf) -> Option<Measure> {
        let (top, bottom) = (self.column(a)?, self.column(b)?);
        let places = self.with(rows);
        let places = places.as_deref();
        let parts = self.numbers(what, places).into_iter().zip(self.rows(rows, places)).collect();
        let form = if a == b { "mean".to_owned() } else { format!("mean where {}", bottom.name) };
        let over = match rows {
            RowsOf::Column(_) => bottom.name.clone(),
            RowsOf::Both(..) => format!("{} and {}", top.name, bottom.name),
        };
        Some(Measure {
            of: top.name.clone(),
            form: if top.opaque { form + ", top-coded" } else { form },
            having: places.is_some().then_some(over),
            vector: self.vector(what, places),
            sites: self.by_site(Some(what)),
            law: if top.opaque { Law::OpaqueMean { scale: top.scale, parts } } else { Law::Ratio { scale: top.scale, parts } },
            opaque: top.opaque,
        })
    }

    /// Second moment about released means.
    pub(super) fn moment(&self, (x, mean_x): (usize, Decimal), (y, mean_y): (usize, Decimal)) -> Option<Measure> {
        let (left, right) = (self.column(x)?, self.column(y)?);
        let rows = if x == y { RowsOf::Column(x) } else { RowsOf::Both(x, y) };
        let places = self.with(rows);
        let (parts, what) = (self.products(x, y, places.as_deref()), SumOf::Product(x, y));
        Some(Measure {
            of: format!("{} times {}", left.name, right.name),
            form: "moment".to_owned(),
            having: places.is_some().then(|| format!("{} and {}", left.name, right.name)),
            vector: self.vector(what, places.as_deref()),
            sites: self.by_site(Some(what)),
            law: Law::Moment { x: (left.scale, mean_x), y: (right.scale, mean_y), parts },
            opaque: left.opaque || right.opaque,
        })
    }

    /// Leverage of the people on a straight line over x.
    pub(super) fn leverage(&self, x: usize) -> Option<Measure> {
        let column = self.column(x)?;
        let places = self.with(RowsOf::Column(x));
        Some(Measure {
            of: format!("leverage of {}", column.name),
            form: "leverage".to_owned(),
            having: places.is_some().then(|| column.name.clone()),
            vector: self.vector(SumOf::Product(x, x), places.as_deref()),
            sites: Vec::new(),
            law: Law::Leverage(self.products(x, x, places.as_deref())),
            opaque: false,
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
            of: format!("values of {}", column.name),
            form: format!("quantile {per_mille}"),
            having: places.is_some().then(|| column.name.clone()),
            vector: self.vector(SumOf::Column(c), places.as_deref()),
            sites: Vec::new(),
            law: Law::Quantile { scale: column.scale, per_mille, values },
            opaque: false,
        })
    }

    /// Number of values that k people share.
    pub(super) fn distinct(&self, v: usize) -> Option<Measure> {
        let name = self.question.values.get(v)?;
        let (all, units) = (self.cell.having(v), self.cell.units());
        let mut own = vec![0i64; self.people.len()];
        for (_, unit) in all {
            if let Some(n) = units.binary_search(unit).ok().and_then(|i| own.get_mut(i)) {
                *n += 1;
            }
        }
        let people = all.chunk_by(|a, b| a.0 == b.0).map(|having| having.len() as u64).collect();
        let pairs = self.cell.people().into_iter().zip(own).filter(|(_, n)| *n > 0);
        let (people_with, amounts): (Vec<u32>, Vec<i64>) = pairs.unzip();
        Some(Measure {
            of: format!("values of {name}"),
            form: "distinct".to_owned(),
            having: (people_with.len() < self.people.len()).then(|| name.clone()),
            vector: Vector { people: People::new(people_with), amounts: Amounts::Small(amounts) },
            sites: Vec::new(),
            law: Law::Distinct(people),
            opaque: false,
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
