//! The small language: one SELECT block over the permit's tables joined on the person.
//!
//! SQL text never reaches the engine. It is parsed, lowered to a [`Query`] piece by piece, and every part of the syntax tree that
//! was not understood makes it refused. All of this is decided on the plan: no data is read.

mod guests;
mod lower;
mod parse;
mod schema;
#[cfg(test)]
pub(crate) mod tests;
#[cfg(test)]
mod three_valued;

pub(crate) use crate::predicate::{Predicate, ValueSet, Values};
pub(crate) use guests::{Argument, Call, named};
pub(crate) use parse::parse;
pub use schema::PermitSchema;
pub(crate) use schema::{ColumnUse, SchemaTable, Signature};

/// Where the values of a [`KeyColumn`] come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A column of the extract.
    Column {
        /// Index into [`Query::tables`].
        table: usize,
        /// Column name.
        column: String,
    },
    /// A guest, called once a row.
    Call(Call),
}

/// What WHERE and GROUP BY can name: a column with a declared domain, or a guest with its arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeyColumn {
    /// Column or guest.
    pub(crate) origin: Origin,
    /// What it is called in the output, unless the researcher says otherwise.
    pub(crate) title: String,
    /// What it is in every plan: `listing.table.column`, or the guest's digest with its arguments. Never a name that researchers give.
    pub(crate) name: String,
    /// Its domain.
    pub(crate) values: Values,
}

/// A column that can be summed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MeasureColumn {
    /// Index into [`Query::tables`].
    pub(crate) table: usize,
    /// Column name.
    pub(crate) column: String,
    /// `listing.table.column`.
    pub(crate) name: String,
    /// Decimal places.
    pub(crate) scale: u32,
    /// Declared person-level bounds, in units of 10^-scale.
    pub(crate) bounds: Option<(i64, i64)>,
}

/// What one output column shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Item {
    /// A group key, by index into [`Query::keys`].
    Key(usize),
    /// COUNT(DISTINCT person).
    People,
    /// COUNT(*).
    Rows,
    /// SUM of a measure, by index into [`Query::measures`].
    Sum(usize),
    /// AVG of a measure.
    Avg(usize),
}

/// A question in the small language.
#[derive(Debug, Clone)]
pub(crate) struct Query {
    /// Tables, joined on the person.
    pub(crate) tables: Vec<SchemaTable>,
    /// Condition on the rows, canonical.
    pub(crate) filter: Predicate,
    /// Columns and guests that the filter names.
    pub(crate) filtered: Vec<KeyColumn>,
    /// Group keys.
    pub(crate) keys: Vec<KeyColumn>,
    /// Columns to be summed.
    pub(crate) measures: Vec<MeasureColumn>,
    /// Output columns with their titles.
    pub(crate) outputs: Vec<(String, Item)>,
}

impl Query {
    /// Names of the tables, sorted: part of every canonical plan.
    pub(crate) fn table_names(&self) -> String {
        let mut names: Vec<String> = self.tables.iter().map(SchemaTable::full_name).collect();
        names.sort();
        names.join(" join ")
    }

    /// The canonical plan of the rows, without keys.
    pub(crate) fn base_plan(&self) -> String {
        format!("{} where {}", self.table_names(), self.filter.text())
    }

    /// The canonical plan of the rows of one cell: its key values substituted, the predicate simplified.
    pub(crate) fn cell_plan(&self, key: &[i64]) -> String {
        let is = |(k, v): (&KeyColumn, &i64)| Predicate::In(k.name.clone(), ValueSet::values([*v]));
        // A key over its whole domain adds nothing: the atom would say `true`.
        let atoms = self.keys.iter().zip(key).filter(|(k, _)| k.values.count() > 1).map(is);
        let cell = Predicate::All(std::iter::once(self.filter.clone()).chain(atoms).collect()).normalised();
        format!("{} where {}", self.table_names(), cell.text())
    }

    /// The distinct calls of guests, in the order of their columns in the rows.
    pub(crate) fn calls(&self) -> Vec<&KeyColumn> {
        let mut calls: Vec<&KeyColumn> = Vec::new();
        for key in self.keys.iter().chain(&self.filtered).filter(|k| matches!(k.origin, Origin::Call(_))) {
            if !calls.iter().any(|c| c.name == key.name) {
                calls.push(key);
            }
        }
        calls
    }

    /// True when the planner proves at most one row per person.
    pub(crate) fn one_row_per_person(&self) -> bool {
        self.tables.iter().all(|t| t.table.one_row_per_person)
    }
}
