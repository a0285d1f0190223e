//! One base statistic of one cell: whose contributions it is made of, what the ledger compares it by, and what the law says to it.

use datafusion::arrow::buffer::ScalarBuffer;
use visiting_policies::disclosure::{self, Decimal, Products, Rules};

use crate::{
    people::{Amounts, People, Vector},
    predicate::Predicate,
    question::{self, both},
};

/// A statistic, ready for the law and the ledger.
pub(super) struct Measure<'a> {
    /// The column or columns that it is about.
    pub(super) of: String,
    /// The form in which it is shown, units included: two of one form are read alike.
    pub(super) form: String,
    /// Which of the cell's rows it is about: the plan's word, not the data's.
    pub(super) part: Part,
    /// Of a rate, which is over more rows than its sum: where that sum is taken.
    pub(super) top: Option<Part>,
    /// Contributions.
    pub(super) vector: Vector,
    /// Of a mean: the rows of each person that it is over.
    pub(super) rows: Option<Vector>,
    /// Of each column of sites: what its facilities or households contribute, largest first.
    pub(super) sites: Vec<Vec<u128>>,
    /// What the law looks at.
    pub(super) law: Law<'a>,
}

/// Some of a cell's rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    /// The condition in the text.
    pub(super) when: Predicate,
    /// The same with what must be there besides, because a column may be NULL; `True` where every row of the cell provably counts.
    pub(super) there: Predicate,
}

impl Part {
    /// The rows in which a column has a value.
    pub(super) fn of(column: &question::Column) -> Self {
        Self { when: column.when.clone(), there: column.there() }
    }

    /// All of them.
    pub(super) fn all() -> Self {
        Self { when: Predicate::True, there: Predicate::True }
    }

    /// Those in both.
    pub(super) fn and(&self, other: &Self) -> Self {
        Self { when: both(&self.when, &other.when), there: both(&self.there, &other.there) }
    }
}

/// The law of a statistic with its arguments; of an opaque measure or not.
pub(super) enum Law<'a> {
    /// Sum of one number a person: of the vector.
    Sum { scale: u32, bounds: Option<(i128, i128)>, opaque: bool },
    /// Mean of sums over rows.
    Ratio { scale: u32, sums: Amounts, rows: ScalarBuffer<u32>, opaque: bool },
    /// Second moment about released means.
    Moment { x: (u32, Decimal), y: (u32, Decimal), parts: ProductSums, opaque: bool },
    /// Whether one person carries a line.
    Leverage(ProductSums),
    /// Quantile of sorted values.
    Quantile { scale: u32, per_mille: u32, values: &'a [(i128, u32)] },
    /// People of each value.
    Distinct(Vec<u64>),
}

/// Sums of two columns and of their product, and rows.
pub(super) struct ProductSums {
    pub(super) x: Amounts,
    pub(super) y: Amounts,
    pub(super) xy: Amounts,
    pub(super) rows: ScalarBuffer<u32>,
}

/// A law of products in whichever width they have.
macro_rules! of_products {
    ($law:expr, $parts:expr) => {{
        let ProductSums { x, y, xy, rows } = $parts;
        if let (Amounts::Small(x), Amounts::Small(y), Amounts::Small(xy)) = (x, y, xy) {
            $law(&Products { x: x.as_ref(), y: y.as_ref(), xy: xy.as_ref(), rows: rows.as_ref() })
        } else {
            let (x, y, xy) = (x.wide(rows.len()), y.wide(rows.len()), xy.wide(rows.len()));
            $law(&Products { x: &x, y: &y, xy: &xy, rows: rows.as_ref() })
        }
    }};
}

/// A law of one number a person in whichever width it has.
macro_rules! of_numbers {
    ($law:expr, $amounts:expr, $len:expr) => {
        match $amounts {
            Amounts::Rows(y) => $law(y.as_ref()),
            Amounts::Small(y) => $law(y.as_ref()),
            Amounts::Wide(y) => $law(y.as_ref()),
            Amounts::One => $law(vec![1u32; $len].as_slice()),
        }
    };
}

impl Measure<'_> {
    /// The people whom it is about.
    pub(super) fn people(&self) -> &People {
        self.rows.as_ref().map_or(&self.vector.people, |rows| &rows.people)
    }

    /// What the law shows of it, where `people` is the number of people as it is shown.
    pub(super) fn judged(&self, rules: &Rules, people: u64) -> Option<Decimal> {
        let Vector { people: who, amounts } = &self.vector;
        match &self.law {
            Law::Sum { scale, bounds, opaque: false } => {
                of_numbers!(|y| disclosure::sum(rules, *scale, *bounds, y, people), amounts, who.len())
            }
            Law::Sum { scale, bounds, opaque: true } => {
                of_numbers!(|y| disclosure::opaque_sum(rules, *scale, *bounds, y, people), amounts, who.len())
            }
            Law::Ratio { scale, sums, rows, opaque: false } => of_numbers!(|s| disclosure::ratio(rules, *scale, s, rows), sums, rows.len()),
            Law::Ratio { scale, sums, rows, opaque: true } => {
                of_numbers!(|s| disclosure::opaque_mean(rules, *scale, s, rows), sums, rows.len())
            }
            Law::Moment { x, y, parts, opaque: false } => of_products!(|p| disclosure::moment(rules, *x, *y, p), parts),
            Law::Moment { x, y, parts, opaque: true } => of_products!(|p| disclosure::opaque_moment(rules, *x, *y, p), parts),
            Law::Leverage(parts) => of_products!(|p| disclosure::leverage_ok(p), parts).then(|| Decimal::whole(1)),
            Law::Quantile { scale, per_mille, values } => disclosure::quantile(rules, *scale, *per_mille, values),
            Law::Distinct(people) => disclosure::distinct_shared(rules, people.iter().copied()),
        }
    }
}

/// A form in words; sums are compared in units of their scale, so the scale belongs to it.
pub(super) fn form(kind: &str, scale: u32, opaque: bool) -> String {
    let units = if scale == 0 { String::new() } else { format!(" e-{scale}") };
    format!("{kind}{units}{}", if opaque { ", top-coded" } else { "" })
}
