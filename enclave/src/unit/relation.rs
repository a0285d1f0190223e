//! The three types of relation, and what a name in SQL means in one.

use std::collections::BTreeSet;

use datafusion::{
    common::{
        Column, TableReference,
        tree_node::{Transformed, TreeNode},
    },
    logical_expr::{Expr, LogicalPlan},
};
use visiting_policies::{disclosure::Site, sign};

use super::canon::literal;
use crate::{config::CELLS_OUT_MAX, predicate::Predicate, question::SiteColumn, who::Joined};

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
    pub(crate) sources: Vec<Joined>,
    /// The condition on the rows.
    pub(crate) filter: Predicate,
    /// True when nobody has a second row.
    pub(crate) one_row: bool,
    /// True where a guest chooses how many rows somebody has: then rows are a number that it gives, as any other.
    pub(crate) guest_rows: bool,
    /// True where something about nobody is joined, so that a condition says how often somebody's row is there.
    pub(crate) lists: bool,
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
        self.sources.iter().map(|source| source.words.as_str()).collect::<Vec<_>>().join(" join ")
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

/// Bytes of a list of values that stand in plans as they are; a longer one stands there as its digest, so that the record and the
/// ledger stay small.
const VALUES_MAX_BYTES: usize = 1024;

/// A relation about nobody in words that are equal only for equal ones. What the whole and its columns are called is no part of what
/// it is: one list under two names is one list.
pub(super) fn public_words(plan: &LogicalPlan) -> String {
    match plan {
        LogicalPlan::SubqueryAlias(alias) => public_words(&alias.input),
        LogicalPlan::Projection(p) if lets_through(&p.expr, &p.input) => public_words(&p.input),
        other => inner_words(other),
    }
}

/// The same with the names that its parts have for each other. Each part stands in quotes of its own, so that nobody's text can be
/// taken for the engine's, which besides cuts long lists short.
fn inner_words(plan: &LogicalPlan) -> String {
    match plan {
        LogicalPlan::Values(values) => {
            let row = |row: &Vec<Expr>| row.iter().map(exact).collect::<Vec<_>>().join(", ");
            let all = values.values.iter().map(row).collect::<Vec<_>>().join("; ");
            format!("values [{}]", if all.len() > VALUES_MAX_BYTES { sign::digest(all.as_bytes()) } else { all })
        }
        LogicalPlan::TableScan(scan) => scan.table_name.table().to_owned(),
        other => {
            let exprs: Vec<String> = other.expressions().iter().map(exact).collect();
            let inputs: Vec<String> = other.inputs().into_iter().map(inner_words).collect();
            format!("{:?}", (other.display().to_string(), exprs, inputs))
        }
    }
}

/// True for a projection that only gives all columns of its input other names.
fn lets_through(exprs: &[Expr], input: &LogicalPlan) -> bool {
    let place = |e: &Expr| input.schema().maybe_index_of_column(e.clone().unalias_nested().data.try_as_col()?);
    exprs.len() == input.schema().fields().len() && exprs.iter().enumerate().all(|(i, e)| place(e) == Some(i))
}

/// An expression in words; a literal's own do not say where its text ends.
fn exact(e: &Expr) -> String {
    if let Expr::Literal(value, _) = e {
        return literal(value);
    }
    let texts = e.clone().transform(|n| {
        Ok(match &n {
            Expr::Literal(value, _) => Transformed::yes(datafusion::prelude::lit(literal(value))),
            _ => Transformed::no(n),
        })
    });
    texts.map_or_else(|_| format!("{e:?}"), |t| format!("{:?}", t.data))
}

/// Rows that a relation about nobody can have.
pub(super) fn rows_at_most(plan: &LogicalPlan) -> u64 {
    let inputs = plan.inputs().into_iter().map(rows_at_most);
    match plan {
        LogicalPlan::Values(values) => values.values.len() as u64,
        LogicalPlan::TableScan(_) => CELLS_OUT_MAX as u64,
        LogicalPlan::Union(_) => inputs.fold(0, u64::saturating_add),
        _ => inputs.fold(1, u64::saturating_mul),
    }
}
