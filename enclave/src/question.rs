//! A release point: the rows that a question is about, its groups, and the base statistics that the gate protects one by one.
//!
//! The planner (`plan`, `unit`) makes it from SQL; `exit` counts over its rows and judges. Everything above the release point is
//! computed from what the gate let through.

use std::collections::{BTreeMap, BTreeSet};

use datafusion::logical_expr::LogicalPlan;
use visiting_policies::{TextPlace, disclosure::Site};

use crate::{
    predicate::{Looks, Predicate, Said, ValueSet, Values},
    who::{Joined, who},
};

/// Value of a group key. Ordered as rows are shown.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub(crate) enum KeyValue {
    /// No value, or a key that this grouping set leaves out.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A code or a label.
    Text(String),
}

impl KeyValue {
    /// How it is printed; NULL is empty.
    pub(crate) fn label(&self) -> String {
        match self {
            Self::Null => String::new(),
            Self::Bool(b) => b.to_string(),
            Self::Int(n) => n.to_string(),
            Self::Text(t) => t.clone(),
        }
    }
}

/// One group key.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    /// What it is in plans: an expression over `listing.table.column`. Never a name that researchers give.
    pub(crate) name: String,
    /// Columns (`listing.table.column`) that it is made of: what the rule packs look at.
    pub(crate) columns: Vec<String>,
    /// Where it is an expression of one column with a declared domain.
    pub(crate) of: Option<Preimage>,
    /// How many values it can have, by its form alone.
    pub(crate) most: Most,
    /// Where it is a column of a list: the list in words and its rows, of which each gives one value.
    pub(crate) list: Option<(String, u64)>,
    /// What of a row decides its value.
    pub(crate) looks: Looks,
}

/// How many values an expression can have, whatever the data are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Most {
    /// No more than this.
    Values(u64),
    /// A function of how many rows somebody has: v different numbers of rows take v (v + 1) / 2 rows.
    Counts,
    /// As many as there are rows.
    Rows,
}

impl Most {
    /// Of a table of so many rows.
    pub(crate) fn of(self, rows: u64) -> u64 {
        match self {
            Self::Values(n) => n.min(rows),
            Self::Counts => rows.saturating_mul(2).isqrt().saturating_add(1),
            Self::Rows => rows,
        }
    }

    /// Of either of two expressions.
    pub(crate) fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Values(a), Self::Values(b)) => Self::Values(a.saturating_add(b)),
            (Self::Counts | Self::Values(_), Self::Counts | Self::Values(_)) => Self::Counts,
            _ => Self::Rows,
        }
    }

    /// Of both together.
    pub(crate) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Values(a), Self::Values(b)) => Self::Values(a.saturating_mul(b)),
            (Self::Values(1), one) | (one, Self::Values(1)) => one,
            _ => Self::Rows,
        }
    }
}

/// A key as a function of one column with a declared domain.
#[derive(Debug, Clone)]
pub(crate) enum Preimage {
    /// The column itself, and whether a row may be without it.
    Column(String, Values, bool),
    /// The column's name, and for each value of the key the places of the column that give it.
    Sets(String, BTreeMap<KeyValue, ValueSet>),
}

impl Key {
    /// The condition that the key has this value.
    pub(crate) fn is(&self, value: &KeyValue) -> Predicate {
        let found = match &self.of {
            Some(Preimage::Column(name, values, false)) => values.place(value).map(|p| (name, ValueSet::values([p]))),
            Some(Preimage::Column(name, values, true)) => {
                values.place(value).or_else(|| (*value == KeyValue::Null).then(|| nothing(values))).map(|p| (name, ValueSet::values([p])))
            }
            Some(Preimage::Sets(name, sets)) => sets.get(value).map(|set| (name, set.clone())),
            None => None,
        };
        match found {
            Some((name, set)) => Predicate::In(name.clone(), set),
            None => Predicate::Atom(Said::new(format!("{} is {value:?}", self.name), self.looks.of_value(value)), true),
        }
    }

    /// Number of values that it can have in rows that meet a condition, where that is known from declared domains.
    pub(crate) fn count_within(&self, condition: &Predicate) -> Option<u64> {
        let name = match self.of.as_ref()? {
            Preimage::Column(name, ..) | Preimage::Sets(name, _) => name,
        };
        let Some(left) = condition.within(name) else { return self.count() };
        Some(match self.of.as_ref()? {
            Preimage::Column(_, values, false) => values.all().intersection(&left).size().min(values.count()),
            Preimage::Column(_, values, true) => values.all().union(&ValueSet::values([nothing(values)])).intersection(&left).size(),
            Preimage::Sets(_, sets) => sets.values().filter(|set| !set.intersection(&left).is_empty()).count() as u64,
        })
    }

    /// Number of values that it can have, where that is known from declared domains.
    pub(crate) fn count(&self) -> Option<u64> {
        match &self.of {
            Some(Preimage::Column(_, values, may_be_missing)) => Some(values.count().saturating_add(u64::from(*may_be_missing))),
            Some(Preimage::Sets(_, sets)) => Some(sets.len() as u64),
            None => None,
        }
    }
}

/// The place of rows without a value, behind all others, of a column that has none by itself.
fn nothing(values: &Values) -> i64 {
    values.null().unwrap_or_else(|| values.bounds().1.saturating_add(1))
}

/// A numeric column of the rows, computed by the engine; NULL where the row contributes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Column {
    /// What is measured, in plans: a catalogued column, an expression, or `1`.
    pub(crate) name: String,
    /// The condition in the text under which it counts.
    pub(crate) when: Predicate,
    /// That it has a value where it counts; `True` only where the plan proves that it always has. Data never decide this: a condition
    /// that leaves nobody out must look like one that leaves out a few.
    pub(crate) present: Predicate,
    /// Decimal places: contributions are whole numbers of 10^-scale. The engine's column is Int64 (scale 0), Decimal128 of this scale,
    /// or Float64, which is put on this scale (halves away from zero; NaN, infinities and what does not fit contribute nothing).
    pub(crate) scale: u32,
    /// Declared person-level bounds, in units of 10^-scale.
    pub(crate) bounds: Option<(i64, i64)>,
    /// True for everything but a catalogued column: clipped at the k-th person.
    pub(crate) opaque: bool,
}

/// How the names of measures begin that are no catalogued column: [`Column::opaque`].
pub(crate) const OPAQUE: &str = "opaque ";

impl Column {
    /// The condition on rows that have a value.
    pub(crate) fn there(&self) -> Predicate {
        both(&self.when, &self.present)
    }
}

/// A column of which different values are counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Counted {
    /// What it is in plans.
    pub(crate) name: String,
    /// The condition on rows that have a value; `True` only where the plan proves that all have.
    pub(crate) there: Predicate,
}

/// Both conditions.
pub(crate) fn both(a: &Predicate, b: &Predicate) -> Predicate {
    Predicate::All(vec![a.clone(), b.clone()]).normalised()
}

/// A base statistic; numbers are indices into [`Question::columns`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Statistic {
    /// People with a row (in which the column is not NULL).
    People(Option<usize>),
    /// Rows (in which the column is not NULL): a sum of rows per person.
    Rows(Option<usize>),
    /// Sum over rows.
    Sum(usize),
    /// Sum of the first over the rows in which the second is not NULL: a mean where both are the same column, a rate otherwise.
    Ratio(usize, usize),
    /// Mean of (x - mean of x) (y - mean of y) with released means, over the rows in which both are not NULL; x and y may be the same.
    Moment(usize, usize),
    /// Slope, intercept and the like are computed from moments; this says whether one person carries them (leverage of the column).
    Leverage(usize),
    /// The value below which this many thousandths of the rows lie.
    Quantile(usize, u32),
    /// Number of different values of a value column (index into [`Question::values`]) that at least k people share.
    Distinct(usize),
    /// What a guest makes of all rows of the group (index into [`Question::guests`]): the gate says nothing of it, people do.
    Guest(usize),
}

/// One call of a guest over groups.
#[derive(Debug, Clone)]
pub(crate) struct OfGroup {
    /// In plans: the guest and its arguments.
    pub(crate) words: String,
    /// The guest's digest.
    pub(crate) digest: String,
    /// How many of the columns of `rows` are keys.
    pub(crate) keys: usize,
    /// Gives the keys, then the arguments; sorted by the keys.
    pub(crate) rows: LogicalPlan,
}

/// A protected column of a question's rows: the facility or the household that a row of a table is from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub(crate) struct SiteColumn {
    /// Which of the two.
    pub(crate) site: Site,
    /// `listing.table`.
    pub(crate) table: String,
}

/// One question, as the gate judges it.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    /// Gives the rows: `unit` (UInt32), one column for each of [`Self::sites`] (UInt32), keys (Int64, Utf8, Dictionary or Boolean), [`Self::columns`],
    /// [`Self::values`] (any type), in that order.
    pub(crate) rows: LogicalPlan,
    /// The relation in words that are equal for equal relations, without its condition.
    pub(crate) relation: String,
    /// The same, one by one: what is joined on the person.
    pub(crate) sources: Vec<Joined>,
    /// The values of what was released before it in the run, where it names them.
    pub(crate) released: String,
    /// The condition on its rows.
    pub(crate) filter: Predicate,
    /// Group keys.
    pub(crate) keys: Vec<Key>,
    /// Which keys each grouping set has, finest first. A plain GROUP BY has one set with all of them.
    pub(crate) sets: Vec<Vec<usize>>,
    /// Numeric columns of the rows.
    pub(crate) columns: Vec<Column>,
    /// Columns of which different values are counted.
    pub(crate) values: Vec<Counted>,
    /// Declared domains of what stands in the columns' conditions.
    pub(crate) domains: Vec<(String, ValueSet)>,
    /// What is shown.
    pub(crate) statistics: Vec<Statistic>,
    /// The protected columns of facilities and households.
    pub(crate) sites: Vec<SiteColumn>,
    /// Databases that it reads, sorted.
    pub(crate) listings: Vec<String>,
    /// Tables that it reads (`listing.table`), sorted.
    pub(crate) tables: Vec<String>,
    /// True when the planner proves at most one row per person.
    pub(crate) one_row_per_person: bool,
    /// What its guests read, in words.
    pub(crate) reads: Vec<String>,
    /// Guests over its groups.
    pub(crate) guests: Vec<OfGroup>,
    /// Where each column is first used in the text, by its name in plans: a refusal by a rule points there.
    pub(crate) places: BTreeMap<String, TextPlace>,
}

impl Question {
    /// Everything that says in words what is asked.
    pub(crate) fn words(&self) -> impl Iterator<Item = String> {
        let columns = self.columns.iter().flat_map(|c| [c.name.clone(), c.there().text()]);
        let values = self.values.iter().flat_map(|v| [v.name.clone(), v.there.text()]);
        let keys = self.keys.iter().map(|k| k.name.clone());
        [self.relation.clone(), self.filter.text()].into_iter().chain(keys).chain(columns).chain(values)
    }

    /// The canonical plan of the rows, without keys.
    pub(crate) fn base_plan(&self) -> String {
        format!("{} where {}", self.relation, self.filter.text())
    }

    /// The condition on the rows of one cell of a grouping set: its key values substituted, simplified.
    pub(crate) fn cell(&self, set: &[usize], key: &[KeyValue]) -> Predicate {
        // A key over its whole domain adds nothing: the atom would say `true`.
        let fixed = set.iter().zip(key).filter_map(|(i, v)| self.keys.get(*i).map(|k| (k, v))).filter(|(k, _)| k.count() != Some(1));
        Predicate::All(std::iter::once(self.filter.clone()).chain(fixed.map(|(k, v)| k.is(v))).collect()).normalised()
    }

    /// The canonical plan of the rows that meet a condition.
    pub(crate) fn plan_where(&self, condition: &Predicate) -> String {
        format!("{} where {}", self.relation, condition.text())
    }

    /// What a statistic shows beside a number of people: sums of different ones tell nothing of each other. All that is no catalogued
    /// column goes by one name, since one formula can be another one's multiple.
    pub(crate) fn measures(&self, statistic: &Statistic) -> Vec<String> {
        let of = |c: &usize| self.columns.get(*c).map(|column| if column.opaque { OPAQUE.to_owned() } else { column.name.clone() });
        match statistic {
            Statistic::People(None) => Vec::new(),
            Statistic::Rows(None) if self.one_row_per_person => Vec::new(),
            Statistic::Rows(None) => vec!["rows".to_owned()],
            Statistic::Ratio(a, b) | Statistic::Moment(a, b) => [a, b].into_iter().filter_map(of).collect(),
            Statistic::People(Some(c)) | Statistic::Rows(Some(c)) | Statistic::Sum(c) => of(c).into_iter().collect(),
            Statistic::Leverage(c) | Statistic::Quantile(c, _) => of(c).into_iter().collect(),
            Statistic::Distinct(v) => self.values.get(*v).map(|values| values.name.clone()).into_iter().collect(),
            Statistic::Guest(_) => vec![OPAQUE.to_owned()],
        }
    }

    /// The same of all that it shows.
    pub(crate) fn all_measures(&self) -> BTreeSet<String> {
        self.statistics.iter().flat_map(|statistic| self.measures(statistic)).collect()
    }

    /// The people of the rows that meet a condition, in words that are equal where the people provably are (`who`).
    pub(crate) fn people_where(&self, condition: &Predicate) -> String {
        format!("{}{}", who(&self.sources, &condition.clone().normalised()).text(), self.released)
    }

    /// True where every row of a cell provably meets one of these conditions.
    pub(crate) fn covers(&self, cell: &Predicate, conditions: Vec<Predicate>) -> bool {
        let domains = self.domains.iter().map(|(name, all)| Predicate::In(name.clone(), all.clone()));
        let rows = Predicate::All(std::iter::once(cell.clone()).chain(domains).collect()).normalised();
        both(&rows, &Predicate::Any(conditions)) == rows
    }
}

/// One row of what the gate let through.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ProtectedRow {
    /// A value for each of [`Question::keys`]; NULL for keys outside the grouping set.
    pub(crate) keys: Vec<KeyValue>,
    /// A value for each of [`Question::statistics`]; `None` is `<k`.
    pub(crate) values: Vec<Option<visiting_policies::disclosure::Decimal>>,
    /// For each statistic, whether its value repeats an earlier release.
    pub(crate) before: Vec<bool>,
}

/// What the gate let through of one question: sorted by grouping set, then by keys.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Protected {
    /// Rows.
    pub(crate) rows: Vec<ProtectedRow>,
}
