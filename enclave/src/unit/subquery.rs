//! Subqueries in conditions: about the same person, or about nobody.

use std::sync::Arc;

use datafusion::{
    common::tree_node::TreeNode,
    logical_expr::{
        Expr, LogicalPlan, LogicalPlanBuilder, Subquery,
        expr::{Exists, InSubquery},
        utils::split_conjunction,
    },
};
use visiting_policies::Refusal;

use super::{
    expression::{Scope, not_valid, person_misused, place},
    relation::{Col, Relation, Typed, public_words},
    track::Tracker,
};
use crate::{plan::not_offered, predicate::Looks, who::who_of_same};

fn same_person_needed() -> Refusal {
    not_offered(
        "EXISTS over people must be about the same person: add `inner.person = outer.person` to its WHERE",
        "EXISTS の中は同じ個人についての問合せに限ります。WHERE に「内側の個人キー = 外側の個人キー」を加えてください",
    )
}

impl Tracker<'_> {
    /// EXISTS over rows of the same person.
    pub(super) fn exists(&mut self, exists: &Exists, scope: &Scope<'_>) -> Result<Expr, Refusal> {
        match self.typed(&exists.subquery.subquery, Some(scope))? {
            Typed::Unit(inner) => {
                let relation = *inner;
                if !correlated(&relation) {
                    return Err(same_person_needed());
                }
                let inner = Subquery { subquery: Arc::new(relation.plan.clone()), ..outer(&relation.plan, &exists.subquery) };
                self.absorb(&relation);
                let made = Expr::Exists(Exists::new(inner, exists.negated));
                let looks =
                    who_of_same(&relation.sources, &relation.filter).map_or(Looks::Anywhere, |who| Looks::Person(who, !exists.negated));
                self.origins.describe(made.clone(), relation.words(), looks);
                Ok(made)
            }
            Typed::Public(_) | Typed::Released(_) => Err(not_offered(
                "EXISTS over something that is about nobody is not offered; use IN with a list",
                "人についてでない表への EXISTS は使えません。IN と値の並びを使ってください",
            )),
        }
    }

    /// `x IN (SELECT ...)`: the person in people, or a value in a list that is about nobody.
    pub(super) fn in_subquery(&mut self, within: &InSubquery, scope: &Scope<'_>) -> Result<Expr, Refusal> {
        let what = self.col(&within.expr, scope)?;
        match (what, self.typed(&within.subquery.subquery, Some(scope))?) {
            (Col::Person(unit, maybe), Typed::Unit(inner)) => {
                let mut relation = *inner;
                let Some(Col::Person(theirs, may_be_missing)) = relation.visible.first().map(|v| v.col.clone()) else {
                    return Err(person_misused("person").at(place(&within.expr)));
                };
                // The person of the row around an EXISTS is not this row's.
                let own = matches!(within.expr.as_ref(), Expr::Column(_)) && self.origins.is_own_person(&unit, maybe);
                let who = if own && self.origins.is_own_person(&theirs, may_be_missing) { self.who(&relation) } else { None };
                let looks = who.map_or(Looks::Anywhere, |who| Looks::Person(who, !within.negated));
                let whose = self.origins.key_words(&theirs).to_owned();
                relation.plan = LogicalPlanBuilder::from(relation.plan)
                    .project([Expr::Column(theirs)])
                    .and_then(LogicalPlanBuilder::build)
                    .map_err(|_| not_valid(place(&within.expr)))?;
                let inner = Subquery { subquery: Arc::new(relation.plan.clone()), ..outer(&relation.plan, &within.subquery) };
                self.absorb(&relation);
                let made = Expr::InSubquery(InSubquery::new(Box::new(Expr::Column(unit)), inner, within.negated));
                self.origins.describe(made.clone(), format!("{whose} of {}", relation.words()), looks);
                Ok(made)
            }
            (Col::Value(value), Typed::Public(plan) | Typed::Released(plan)) => {
                let subquery = Subquery { subquery: Arc::new(plan), outer_ref_columns: Vec::new(), spans: within.subquery.spans.clone() };
                let words = self.origins.words(&value);
                let list = public_words(&subquery.subquery);
                let looks = match self.origins.looks(&value) {
                    Looks::Columns(names, plain) => {
                        Looks::Columns(names, format!("{}{plain} in {list}", if within.negated { "not " } else { "" }))
                    }
                    _ => Looks::Anywhere,
                };
                let made = Expr::InSubquery(InSubquery::new(Box::new(value), subquery, within.negated));
                self.origins.describe(made.clone(), format!("{words} in {list}"), looks);
                Ok(made)
            }
            (Col::Person(..), _) => Err(person_misused("person").at(place(&within.expr))),
            _ => Err(not_offered(
                "IN over people's values is not offered: compare the person (person IN (SELECT person ...)), or write the values out",
                "人の値を集めた IN は使えません。個人キーを比べる（個人キー IN (SELECT 個人キー …)）か、値を並べて書いてください",
            )
            .at(place(&within.expr))),
        }
    }

    /// A number that the gate lets through (a cohort's mean, a cut point), or one of the same person.
    pub(super) fn scalar_subquery(&mut self, subquery: &Subquery, scope: &Scope<'_>) -> Result<Expr, Refusal> {
        match self.typed(&subquery.subquery, Some(scope))? {
            Typed::Released(plan) | Typed::Public(plan) => {
                let words = public_words(&plan);
                let made = Expr::ScalarSubquery(Subquery {
                    subquery: Arc::new(plan),
                    outer_ref_columns: Vec::new(),
                    spans: subquery.spans.clone(),
                });
                self.origins.describe(made.clone(), words, Looks::Anywhere);
                Ok(made)
            }
            Typed::Unit(_) => Err(not_offered(
                "a value of single people as a subquery is not offered; GROUP BY the person in a subquery and join it",
                "個人ごとの値を副問合せで直接取り出すことはできません。個人キーで GROUP BY した副問合せを結合してください",
            )),
        }
    }
}

/// The outer columns of a subquery that was built anew.
fn outer(plan: &LogicalPlan, given: &Subquery) -> Subquery {
    let mut columns = Vec::new();
    // The closure never fails, so neither does the walk.
    let _ = plan.apply_with_subqueries(|node| {
        for e in node.expressions() {
            let _ = e.apply(|n| {
                if matches!(n, Expr::OuterReferenceColumn(..)) && !columns.contains(n) {
                    columns.push(n.clone());
                }
                Ok(datafusion::common::tree_node::TreeNodeRecursion::Continue)
            });
        }
        Ok(datafusion::common::tree_node::TreeNodeRecursion::Continue)
    });
    Subquery { subquery: given.subquery.clone(), outer_ref_columns: columns, spans: given.spans.clone() }
}

/// True when a condition that every row must meet says that the inner person is the outer one.
fn correlated(relation: &Relation) -> bool {
    fn of(plan: &LogicalPlan) -> bool {
        match plan {
            LogicalPlan::Filter(f) => split_conjunction(&f.predicate).into_iter().any(same) || of(&f.input),
            LogicalPlan::Projection(p) => of(&p.input),
            LogicalPlan::SubqueryAlias(a) => of(&a.input),
            _ => false,
        }
    }
    fn same(e: &Expr) -> bool {
        let person = |e: &Expr| match e {
            Expr::Column(c) => c.name.starts_with('u').then_some(false),
            Expr::OuterReferenceColumn(_, c) => c.name.starts_with('u').then_some(true),
            _ => None,
        };
        match e {
            Expr::BinaryExpr(b) if b.op == datafusion::logical_expr::Operator::Eq => {
                matches!((person(&b.left), person(&b.right)), (Some(a), Some(b)) if a != b)
            }
            _ => false,
        }
    }
    of(&relation.plan)
}
