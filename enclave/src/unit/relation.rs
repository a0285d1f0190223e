//! The three types of relation, and what a name in SQL means in one.

use std::collections::BTreeSet;

use datafusion::{
    common::{
        Column, TableReference,
        tree_node::{Transformed, TreeNode},
    },
    logical_expr::{Expr, LogicalPlan},
};

use super::canon::literal;
use crate::predicate::Predicate;

/// What one visible column is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Col {
    /// The person; the engine's column, and whether a row may be without one.
    Person(Column, bool),
    /// A facility; the engine's column.
    Facility(Column),
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
    /// Gives the person, the facilities and every origin that the relation carries; nothing under a researcher's name.
    pub(crate) plan: LogicalPlan,
    /// The person's column in `plan`.
    pub(crate) unit: Option<Column>,
    /// Protected facilities: name in plans, column in `plan`.
    pub(crate) facilities: Vec<(String, Column)>,
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

/// A relation about nobody in words that are equal only for equal ones, whatever its columns are called.
pub(super) fn public_words(plan: &LogicalPlan) -> String {
    match plan {
        LogicalPlan::Values(values) => {
            let row = |row: &Vec<Expr>| row.iter().map(exact).collect::<Vec<_>>().join(", ");
            format!("values [{}]", values.values.iter().map(row).collect::<Vec<_>>().join("; "))
        }
        LogicalPlan::TableScan(scan) => scan.table_name.table().to_owned(),
        LogicalPlan::SubqueryAlias(alias) => public_words(&alias.input),
        LogicalPlan::Projection(p)
            if places(&p.expr, &p.input).is_some_and(|all| all.into_iter().eq(0..p.input.schema().fields().len())) =>
        {
            public_words(&p.input)
        }
        other => {
            // What the node says of itself, each part in quotes of its own: nobody's text can be taken for the engine's.
            let exprs: Vec<String> = other.expressions().iter().map(exact).collect();
            let inputs: Vec<String> = other.inputs().into_iter().map(public_words).collect();
            format!("{:?}", (other.display().to_string(), exprs, inputs))
        }
    }
}

/// The places of the input's columns that a projection lets through as they are.
fn places(exprs: &[Expr], input: &LogicalPlan) -> Option<Vec<usize>> {
    exprs.iter().map(|e| input.schema().maybe_index_of_column(e.clone().unalias_nested().data.try_as_col()?)).collect()
}

/// An expression in words; a literal's own do not say where its text ends.
fn exact(e: &Expr) -> String {
    match e {
        Expr::Literal(value, _) => literal(value),
        other => {
            let texts = other.clone().transform(|n| {
                Ok(match &n {
                    Expr::Literal(value, _) => Transformed::yes(datafusion::prelude::lit(literal(value))),
                    _ => Transformed::no(n),
                })
            });
            texts.map_or_else(|_| format!("{other:?}"), |t| format!("{:?}", t.data))
        }
    }
}
