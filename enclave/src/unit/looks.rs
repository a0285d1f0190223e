//! What conditions look at, and what relations are made of: from these `who` finds out which questions are about the same people.

use std::{collections::BTreeSet, sync::Arc};

use datafusion::{
    common::{Column, Result, tree_node::TreeNode, tree_node::TreeNodeRecursion},
    logical_expr::{BinaryExpr, Expr, LogicalPlan, Operator},
};

use super::{
    origin::{Origins, PERSON},
    relation::Relation,
    track::Tracker,
};
use crate::{
    predicate::Looks,
    who::{self, Joined, Who},
};

impl Origins {
    /// What decides the value of an expression.
    pub(super) fn looks(&self, e: &Expr) -> Looks {
        match e {
            Expr::Exists(_) | Expr::InSubquery(_) => self.described_looks(e).cloned().unwrap_or(Looks::Anywhere),
            Expr::BinaryExpr(b) if self.same_person(b) => Looks::SamePerson,
            _ => self.looks_at_columns(e).unwrap_or(Looks::Anywhere),
        }
    }

    /// Of an expression over columns of its own row and literals. Names that no relation is known by (a window, a guest) are found out
    /// where the relation is.
    fn looks_at_columns(&self, e: &Expr) -> Option<Looks> {
        let elsewhere = |n: &Expr| {
            matches!(n, Expr::OuterReferenceColumn(..) | Expr::Exists(_) | Expr::InSubquery(_) | Expr::ScalarSubquery(_) | Expr::Column(_))
                && !matches!(n, Expr::Column(c) if self.get(c).is_some())
        };
        if e.exists(|n| Ok(elsewhere(n))).unwrap_or(true) {
            return None;
        }
        let names: BTreeSet<String> = self.of(e).into_iter().map(|(_, origin)| origin.name.clone()).collect();
        Some(Looks::Columns(names, self.plain_words(e)))
    }

    /// `person = outer person`, each the one that every row is about.
    fn same_person(&self, b: &BinaryExpr) -> bool {
        let unit = |c: &Column| c.name.starts_with('u') && self.key_words(c) == PERSON;
        let pair = |inner: &Expr, outer: &Expr| matches!((inner, outer), (Expr::Column(a), Expr::OuterReferenceColumn(_, b)) if unit(a) && unit(b));
        b.op == Operator::Eq && (pair(&b.left, &b.right) || pair(&b.right, &b.left))
    }

    /// True for the person that every row is about: never missing.
    pub(super) fn is_own_person(&self, column: &Column, maybe: bool) -> bool {
        !maybe && self.key_words(column) == PERSON
    }
}

impl Tracker<'_> {
    /// A relation that was just made of others as one source, `anybody` says who has a row in it at all.
    pub(super) fn as_source(&self, words: String, made: &Relation, anybody: Option<Who>) -> Joined {
        Joined::made(words, made.one_row, self.origins.names(&made.carried), !closed(&made.plan)).of(anybody.map(Arc::new))
    }

    /// The people of a relation's rows, where these do not hang on a row of the query around.
    pub(super) fn who(&self, relation: &Relation) -> Option<Who> {
        (relation.unit.is_some() && closed(&relation.plan)).then(|| who::who(&relation.sources, &relation.filter))
    }
}

/// True where no expression asks for a row outside of the plan. Every column has a name of its own in the whole query, so that one that
/// the plan makes is its own.
fn closed(plan: &LogicalPlan) -> bool {
    let (mut made, mut asked) = (BTreeSet::new(), BTreeSet::new());
    let walked = plan.apply_with_subqueries(|node| {
        made.extend(node.schema().fields().iter().map(|field| field.name().clone()));
        node.apply_expressions(|e| e.apply(|n| note_outer(n, &mut asked)))
    });
    walked.is_ok() && asked.is_subset(&made)
}

fn note_outer(e: &Expr, asked: &mut BTreeSet<String>) -> Result<TreeNodeRecursion> {
    if let Expr::OuterReferenceColumn(_, c) = e {
        asked.insert(c.name.clone());
    }
    Ok(TreeNodeRecursion::Continue)
}
