//! Above the release points: the reader's own plan, with a released table in the place of each aggregate over people. Whatever is
//! computed there is computed from what the gate let through.

use std::sync::Arc;

use datafusion::{
    arrow::datatypes::{DataType, Field, Schema, SchemaRef},
    common::{
        ScalarValue,
        tree_node::{Transformed, TreeNode},
    },
    logical_expr::{
        BinaryExpr, Expr, Join, LogicalPlan, LogicalPlanBuilder, Operator, TableSource, builder::LogicalTableSource,
        expr_rewriter::NamePreserver, utils::split_conjunction,
    },
};
use visiting_policies::Refusal;

use super::{
    expression::{Scope, not_valid, place},
    origin::{Class, Origin},
    over::misplaced,
    relation::{Col, Relation, Typed, Visible, public_words, rows_at_most},
    safe::safe,
    track::Tracker,
};
use crate::{
    plan::not_offered,
    predicate::Predicate,
    question::{Most, Question},
    who::Joined,
};

/// Table of the n-th release point in the plans above it.
const RELEASED: &str = "_released_";

/// Column above a release point that says whether a row repeats an earlier release.
pub(crate) const BEFORE: &str = "_before";

/// One release point: the question for the gate, and the table that its answer becomes.
#[derive(Debug)]
pub(crate) struct Point {
    pub(crate) question: Question,
    /// Keys `k0`..., statistics `s0`..., then `before`: whether a value of the row repeats an earlier release.
    pub(crate) schema: SchemaRef,
}

impl Point {
    pub(super) fn new(question: Question, kinds: &[DataType]) -> Self {
        let keys = kinds.iter().enumerate().map(|(i, kind)| Field::new(format!("k{i}"), kind.clone(), true));
        let statistics = (0..question.statistics.len()).map(|i| Field::new(format!("s{i}"), DataType::Float64, true));
        let before = std::iter::once(Field::new("before", DataType::Boolean, false));
        let schema = Arc::new(Schema::new(keys.chain(statistics).chain(before).collect::<Vec<_>>()));
        Self { question, schema }
    }
}

/// The scan of the n-th released table.
pub(super) fn scan(number: usize, point: &Point) -> datafusion::common::Result<LogicalPlanBuilder> {
    let source: Arc<dyn TableSource> = Arc::new(LogicalTableSource::new(point.schema.clone()));
    LogicalPlanBuilder::scan(format!("{RELEASED}{number}"), source, None)
}

/// The mark of repeated rows in a plan.
fn before_of(plan: &LogicalPlan) -> Option<datafusion::common::Column> {
    plan.schema().columns().into_iter().find(|c| c.name == BEFORE)
}

/// The number of the released table that a scan reads.
pub(crate) fn released_scan(table: &str) -> Option<usize> {
    table.strip_prefix(RELEASED).and_then(|n| n.parse().ok())
}

impl Tracker<'_> {
    /// A step over relations that are about nobody.
    pub(super) fn above(&mut self, plan: &LogicalPlan, inputs: Vec<Typed>, outer: Option<&Scope<'_>>) -> Result<Typed, Refusal> {
        let released = inputs.iter().any(|i| matches!(i, Typed::Released(_)));
        if let LogicalPlan::Filter(filter) = plan {
            self.above_threshold(&filter.predicate)?;
        }
        let of_guest = |e: &Expr| matches!(e, Expr::AggregateFunction(f) if f.func.name().starts_with("guest."));
        if plan.expressions().iter().any(|e| e.exists(|n| Ok(of_guest(n))).unwrap_or(true)) {
            return Err(misplaced());
        }
        let inputs = self.traced(plan, inputs)?;
        let written = plan.expressions();
        let mut exprs = written.iter().map(|e| self.above_expression(e.clone(), outer)).collect::<Result<Vec<_>, _>>()?;
        let mut plans = Vec::with_capacity(inputs.len());
        let mut inner_released = false;
        for input in inputs {
            match input {
                Typed::Public(p) | Typed::Released(p) => plans.push(p),
                Typed::Unit(_) => return Err(not_valid(None)),
            }
        }
        for e in &exprs {
            inner_released |=
                e.exists(|n| Ok(matches!(n, Expr::ScalarSubquery(_) | Expr::InSubquery(_) | Expr::Exists(_)))).unwrap_or(true);
        }
        exprs = match (plan, plans.as_slice()) {
            (LogicalPlan::Projection(_), [input]) => self.projected(exprs, input)?,
            _ => certain(plan, &written, exprs, &plans)?,
        };
        let new = plan.with_new_exprs(exprs, plans).and_then(LogicalPlan::recompute_schema).map_err(|_| not_valid(None))?;
        Ok(if released || inner_released { Typed::Released(new) } else { Typed::Public(new) })
    }

    /// Which rows repeat an earlier release goes along where rows stay rows; where they are merged, the whole table says so.
    fn traced(&mut self, plan: &LogicalPlan, inputs: Vec<Typed>) -> Result<Vec<Typed>, Refusal> {
        use LogicalPlan::{Filter, Limit, Projection, Sort, Subquery, SubqueryAlias, Window};
        if matches!(plan, Projection(_) | Filter(_) | Sort(_) | Limit(_) | SubqueryAlias(_) | Window(_) | Subquery(_)) {
            return Ok(inputs);
        }
        let mut out = Vec::with_capacity(inputs.len());
        for input in inputs {
            out.push(match input {
                Typed::Released(p) if before_of(&p).is_some() => {
                    self.untraced = true;
                    let kept = p.schema().columns().into_iter().filter(|c| c.name != BEFORE).map(Expr::Column).collect::<Vec<_>>();
                    let p = LogicalPlanBuilder::from(p).project(kept).and_then(LogicalPlanBuilder::build).map_err(|_| not_valid(None))?;
                    Typed::Released(p)
                }
                other => other,
            });
        }
        Ok(out)
    }

    /// A projection that lets the mark of repeated rows through.
    fn projected(&mut self, mut exprs: Vec<Expr>, input: &LogicalPlan) -> Result<Vec<Expr>, Refusal> {
        // Division by zero and overflow are NULL here as well; names stay.
        for e in &mut exprs {
            if !matches!(e, Expr::Column(_)) {
                let name = e.schema_name().to_string();
                let inner = safe(e.clone().unalias(), input.schema()).map_err(|_| not_valid(place(e)))?;
                *e = match e {
                    Expr::Alias(a) => inner.alias_qualified(a.relation.clone(), a.name.clone()),
                    _ => {
                        self.made.insert(name.clone());
                        inner.alias(name)
                    }
                };
            }
        }
        for e in &exprs {
            if let (Expr::Alias(a), Expr::Column(c)) = (e, e.clone().unalias_nested().data)
                && self.counts.contains(&c.name)
            {
                self.counts.insert(a.name.clone());
            }
        }
        exprs.extend(before_of(input).map(|c| Expr::Column(c).alias(BEFORE)));
        Ok(exprs)
    }

    pub(super) fn above_join(&mut self, join: &Join, left: Typed, right: Typed) -> Result<Typed, Refusal> {
        self.above(&LogicalPlan::Join(join.clone()), vec![left, right], None)
    }

    /// Subqueries above a release point are about nobody as well.
    fn above_expression(&mut self, e: Expr, outer: Option<&Scope<'_>>) -> Result<Expr, Refusal> {
        let mut refused = None;
        let turned = e.transform(|node| {
            let subquery = match &node {
                Expr::ScalarSubquery(s) => s.clone(),
                Expr::InSubquery(s) => s.subquery.clone(),
                Expr::Exists(s) => s.subquery.clone(),
                _ => return Ok(Transformed::no(node)),
            };
            match self.typed(&subquery.subquery, outer) {
                Ok(Typed::Public(plan) | Typed::Released(plan)) => {
                    let new = datafusion::logical_expr::Subquery { subquery: Arc::new(plan), ..subquery };
                    Ok(Transformed::yes(match node {
                        Expr::ScalarSubquery(_) => Expr::ScalarSubquery(new),
                        Expr::InSubquery(s) => Expr::InSubquery(datafusion::logical_expr::expr::InSubquery { subquery: new, ..s }),
                        Expr::Exists(s) => Expr::Exists(datafusion::logical_expr::expr::Exists { subquery: new, ..s }),
                        other => other,
                    }))
                }
                Ok(Typed::Unit(_)) => {
                    refused = Some(not_offered(
                        "a subquery above the groups must itself be an aggregate: it would be a value of single people",
                        "集計結果に対する副問合せは、それ自体が集計である必要があります（個人の値になってしまうため）",
                    ));
                    datafusion::common::plan_err!("refused")
                }
                Err(refusal) => {
                    refused = Some(refusal);
                    datafusion::common::plan_err!("refused")
                }
            }
        });
        turned.map(|t| t.data).map_err(|_| refused.unwrap_or_else(|| not_valid(None)))
    }

    /// A condition that only counts under the threshold can meet selects exactly what is never shown.
    fn above_threshold(&self, predicate: &Expr) -> Result<(), Refusal> {
        let refused = split_conjunction(predicate).into_iter().find(|e| self.under(e));
        match refused {
            None => Ok(()),
            Some(e) => Err(not_offered(
                format!(
                    "this condition asks for groups under {}, which are never shown; compare counts with {} or more",
                    self.floor, self.floor
                ),
                format!("{} 人未満の群だけを選ぶ条件です。そのような群は表示されません。{} 以上と比べてください", self.floor, self.floor),
            )
            .at(place(e))),
        }
    }

    /// True where no count of at least the threshold meets the condition.
    fn under(&self, e: &Expr) -> bool {
        let floor = self.floor as f64;
        let count = |e: &Expr| matches!(e, Expr::Column(c) if self.counts.contains(&c.name));
        let number = |e: &Expr| match e {
            Expr::Literal(ScalarValue::Int64(Some(n)), _) => Some(*n as f64),
            Expr::Literal(ScalarValue::Float64(Some(x)), _) => Some(*x),
            _ => None,
        };
        match e {
            Expr::BinaryExpr(BinaryExpr { left, op, right }) if *op == Operator::Or => self.under(left) && self.under(right),
            Expr::BinaryExpr(BinaryExpr { left, op, right }) if *op == Operator::And => self.under(left) || self.under(right),
            Expr::BinaryExpr(BinaryExpr { left, op, right }) => {
                let (limit, op) = match (count(left), count(right)) {
                    (true, _) => (number(right), *op),
                    (_, true) => (number(left), op.swap().unwrap_or(*op)),
                    _ => return false,
                };
                limit.is_some_and(|l| match op {
                    Operator::Lt => l <= floor,
                    Operator::LtEq | Operator::Eq => l < floor,
                    _ => false,
                })
            }
            Expr::Between(b) if !b.negated => count(&b.expr) && number(&b.high).is_some_and(|h| h < floor),
            Expr::InList(l) if !l.negated => count(&l.expr) && l.list.iter().all(|e| number(e).is_some_and(|n| n < floor)),
            _ => false,
        }
    }

    /// Something that is about nobody, where it meets people: its columns are literals to the gate.
    pub(super) fn nobody(&mut self, typed: Typed) -> Result<Relation, Refusal> {
        let (Typed::Public(plan) | Typed::Released(plan)) = typed else { return Err(not_valid(None)) };
        let words = public_words(&plan);
        // Rows of a list that stands twice are two rows, as for a table.
        let words = match self.occurrence(&words) {
            1 => words,
            n => format!("{words}#{n}"),
        };
        let list = (words.clone(), rows_at_most(&plan));
        let (mut exprs, mut visible, mut carried) = (Vec::new(), Vec::new(), Vec::new());
        for (place, (qualifier, field)) in plan.schema().iter().enumerate() {
            let mut origin = Origin::derived(format!("{words}.{place}"), Class::Public, field.data_type().clone(), Vec::new());
            origin.most = Most::Values(list.1.saturating_add(1));
            origin.list = Some(list.clone());
            let column = self.origins.add(origin);
            exprs.push(Expr::Column((qualifier, field).into()).alias(column.name.clone()));
            visible.push(Visible {
                qualifier: qualifier.cloned(),
                name: field.name().clone(),
                col: Col::Value(Expr::Column(column.clone())),
            });
            carried.push(column);
        }
        let plan = LogicalPlanBuilder::from(plan).project(exprs).and_then(LogicalPlanBuilder::build).map_err(|_| not_valid(None))?;
        let columns = self.origins.names(&carried);
        Ok(Relation {
            plan,
            unit: None,
            sites: Vec::new(),
            carried,
            visible,
            sources: vec![Joined::made(words, false, columns, false)],
            filter: Predicate::True,
            one_row: false,
            guest_rows: false,
            lists: true,
            tables: std::collections::BTreeSet::new(),
        })
    }
}

/// The expressions of a step above as the engine may run them: what overflows or divides by zero is NULL here as well. Names stay.
fn certain(plan: &LogicalPlan, written: &[Expr], exprs: Vec<Expr>, inputs: &[LogicalPlan]) -> Result<Vec<Expr>, Refusal> {
    let frame = match inputs {
        [one] => one.schema().as_ref().clone(),
        [left, right] if matches!(plan, LogicalPlan::Join(_)) => left.schema().join(right.schema()).map_err(|_| not_valid(None))?,
        _ => return Ok(exprs),
    };
    let named = matches!(plan, LogicalPlan::Aggregate(_) | LogicalPlan::Window(_));
    let names = NamePreserver::new_for_projection();
    let mut out = Vec::with_capacity(exprs.len());
    for (written, e) in written.iter().zip(exprs) {
        if let Expr::GroupingSet(set) = &e {
            if !set.distinct_expr().into_iter().all(|e| matches!(e, Expr::Column(_))) {
                return Err(not_offered(
                    "ROLLUP, CUBE and GROUPING SETS above the groups take columns; compute in a subquery first",
                    "集計結果に対する ROLLUP・CUBE・GROUPING SETS には列だけを書けます。計算は先に副問合せで行ってください",
                )
                .at(place(written)));
            }
            out.push(e);
            continue;
        }
        let name = names.save(&e);
        let made = safe(e, &frame).map_err(|_| not_valid(place(written)))?;
        out.push(if named { name.restore(made) } else { made });
    }
    Ok(out)
}
