//! One base statistic of one cell: whose contributions it is made of, what the ledger compares it by, and what the law says to it.

use visiting_policies::disclosure::{self, Decimal, Products, Rules};

use crate::{
    people::{Amounts, People, Vector},
    predicate::Predicate,
    question::{self, both},
};

/// A statistic, ready for the law and the ledger.
pub(super) struct Measure {
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
    pub(super) law: Law,
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
    /// Second moment about released means; of an opaque measure or not.
    Moment { x: (u32, Decimal), y: (u32, Decimal), parts: Vec<Products>, opaque: bool },
    /// Whether one person carries a line.
    Leverage(Vec<Products>),
    /// Quantile of sorted values.
    Quantile { scale: u32, per_mille: u32, values: Vec<(i128, u32)> },
    /// People of each value.
    Distinct(Vec<u64>),
}

impl Measure {
    /// The people whom it is about.
    pub(super) fn people(&self) -> &People {
        self.rows.as_ref().map_or(&self.vector.people, |rows| &rows.people)
    }

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
            Law::Moment { x, y, parts, opaque: false } => disclosure::moment(rules, *x, *y, parts),
            Law::Moment { x, y, parts, opaque: true } => disclosure::opaque_moment(rules, *x, *y, parts),
            Law::Leverage(parts) => disclosure::leverage_ok(parts).then(|| Decimal::whole(1)),
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
