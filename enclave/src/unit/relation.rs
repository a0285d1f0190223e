//! The three types of relation, and what a name in SQL means in one.

use std::collections::BTreeSet;

use datafusion::{
    common::{Column, TableReference},
    logical_expr::{Expr, LogicalPlan},
};
use visiting_policies::disclosure::Site;

use crate::{predicate::Predicate, question::SiteColumn};

/// What one visible column is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Col {
    /// The person; the engine's column, and whether a row may be without one.
    Person(Column, bool),
    /// A facility or a household; the engine's column.
    Site(Site, Column),
    /// An expression over origins.
    Value(Expr),
}

/// A column as the query's text can name it.
#[derive(Debug, Clone)]
pub(crate) struct Visible {
    pub(crate) qualifier: Option<TableReference>,
    pub(crate) name: String,
    pub(crate) col: Col,
}

/// A relation in which each row is about exactly one person, or (`unit` absent) about nobody.
#[derive(Debug, Clone)]
pub(crate) struct Relation {
    /// Gives the person, the sites and every origin that the relation carries; nothing under a researcher's name.
    pub(crate) plan: LogicalPlan,
    /// The person's column in `plan`.
    pub(crate) unit: Option<Column>,
    /// Protected facilities and households: which, and the column in `plan`.
    pub(crate) sites: Vec<(SiteColumn, Column)>,
    /// Origins in `plan`.
    pub(crate) carried: Vec<Column>,
    /// In the order of the query's own schema.
    pub(crate) visible: Vec<Visible>,
    /// What is joined on the person, in words that are equal for equal relations, sorted.
    pub(crate) sources: Vec<String>,
    /// The condition on the rows.
    pub(crate) filter: Predicate,
    /// True when nobody has a second row.
    pub(crate) one_row: bool,
    /// `listing.table` that it reads.
    pub(crate) tables: BTreeSet<(String, String)>,
}

impl Relation {
    /// The visible column that a reference of the reader's plan means.
    pub(crate) fn find(&self, column: &Column) -> Option<&Col> {
        let named = |v: &&Visible| v.name == column.name && (column.relation.is_none() || v.qualifier == column.relation);
        self.visible.iter().find(|v| named(v) && v.qualifier == column.relation).or_else(|| self.visible.iter().find(named)).map(|v| &v.col)
    }

    /// The relation in words, its condition included.
    pub(crate) fn words(&self) -> String {
        match &self.filter {
            Predicate::True => self.name(),
            filter => format!("({} where {})", self.name(), filter.clone().normalised().text()),
        }
    }

    /// The relation in words, without its condition.
    pub(crate) fn name(&self) -> String {
        self.sources.join(" join ")
    }
}

/// A relation of the query, by what its rows are about.
#[derive(Debug)]
pub(crate) enum Typed {
    /// Nobody: the reader's own plan.
    Public(LogicalPlan),
    /// What the gate lets through of at least one release point: the reader's own plan over released tables.
    Released(LogicalPlan),
    /// One person a row.
    Unit(Box<Relation>),
}

/// A relation about nobody in words that are equal only for equal ones. The engine's own text cuts long lists short.
pub(super) fn public_words(plan: &LogicalPlan) -> String {
    let own = match plan {
        LogicalPlan::Values(values) => format!("values {:?}", values.values),
        other => other.display().to_string(),
    };
    let inputs: Vec<String> = plan.inputs().into_iter().map(public_words).collect();
    format!("{own} [{}]", inputs.join("; "))
}
