//! The last look at a plan before it runs: nothing in it can fail in one row and not in another. A failure while rows are read is an
//! answer about a row that no gate has judged, so what the engine added by itself (its conversions above all) is looked at as well.
//!
//! `unit` makes plans that pass; one that does not is a mistake of ours, found without any data.

use std::sync::LazyLock;

use datafusion::{
    arrow::datatypes::DataType,
    common::{
        DFSchema, Result, ScalarValue,
        tree_node::{Transformed, TreeNode, TreeNodeRecursion},
    },
    execution::SessionState,
    logical_expr::{Expr, ExprSchemable, LogicalPlan, Operator},
    prelude::SessionContext,
};
use visiting_policies::Refusal;

use crate::{fault::Fault, plan::not_offered};

/// The engine as runs have it, for plans alone: it has no table.
static STATE: LazyLock<SessionState> = LazyLock::new(|| SessionContext::new().state());

/// Digits of the largest whole number.
const WHOLE_DIGITS: i16 = 19;

/// Functions that fail on some values of an argument: those after the first are literals.
const LITERAL_AFTER_FIRST: &[&str] = &["substr", "left", "right", "round", "trunc"];

/// Refuses what the engine would refuse to run, before anything is read: a pre-flight and a run say the same.
pub(crate) fn runs(plan: &LogicalPlan) -> std::result::Result<(), Refusal> {
    let (plan, inner) = without_numbers(plan).map_err(|_| not_run())?;
    inner.iter().try_for_each(runs)?;
    let best = STATE.optimize(&plan).map_err(|_| not_run())?;
    let asks = |e: &Expr| e.exists(|n| Ok(matches!(n, Expr::Exists(_) | Expr::InSubquery(_)))).unwrap_or(true);
    if best.exists(|node| Ok(node.expressions().iter().any(asks))).unwrap_or(true) {
        return Err(not_run());
    }
    check(&best).map_err(|_| not_of_a_kind())
}

fn not_of_a_kind() -> Refusal {
    not_offered(
        "two values that meet here are not of one kind (a text and a number, or decimals and reals): write both as texts, or both with CAST(... AS DOUBLE)",
        "種類の異なる値（文字列と数、または小数と実数）が組み合わされています。どちらも文字列にするか、どちらも CAST(… AS DOUBLE) としてください",
    )
}

fn not_run() -> Refusal {
    not_offered(
        "the engine cannot run this; IN (SELECT ...) and EXISTS stand in WHERE: beside OR write EXISTS, and for a group or a part LEFT JOIN the subquery and ask IS NULL",
        "この形では実行できません。IN (SELECT …) と EXISTS は WHERE に書きます。OR と並べるときは EXISTS とし、群や条件つき集計には LEFT JOIN と IS NULL を使ってください",
    )
}

/// The plan with NULL for each scalar subquery, which a run has turned into a number by then; and these subqueries.
fn without_numbers(plan: &LogicalPlan) -> Result<(LogicalPlan, Vec<LogicalPlan>)> {
    let mut inner = Vec::new();
    let turned = plan.clone().transform_up_with_subqueries(|node| {
        node.map_expressions(|e| {
            e.transform(|n| {
                let Expr::ScalarSubquery(subquery) = &n else { return Ok(Transformed::no(n)) };
                let kind = subquery.subquery.schema().field(0).data_type().clone();
                inner.push(subquery.subquery.as_ref().clone());
                Ok(Transformed::yes(Expr::Literal(ScalarValue::try_from(&kind)?, None)))
            })
        })
    })?;
    Ok((turned.data, inner))
}

/// Refuses a plan that the engine could fail on in a row.
pub(crate) fn check(plan: &LogicalPlan) -> std::result::Result<(), Fault> {
    let mut found = None;
    plan.apply_with_subqueries(|node| {
        let frame = frame(node)?;
        node.apply_expressions(|e| {
            e.apply(|part| {
                found = found.or(doubtful(part, &frame)?);
                Ok(if found.is_some() { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
            })
        })
    })?;
    match found {
        None => Ok(()),
        Some(what) => Err(Fault::Other(format!("the engine planned {what} that could fail in one row"))),
    }
}

/// Every column that a step's expressions can name.
fn frame(node: &LogicalPlan) -> Result<DFSchema> {
    match node {
        LogicalPlan::TableScan(scan) => DFSchema::try_from_qualified_schema(scan.table_name.clone(), &scan.source.schema()),
        other => {
            let mut all = DFSchema::empty();
            other.inputs().into_iter().for_each(|input| all.merge(input.schema()));
            Ok(all)
        }
    }
}

/// What is doubtful about one part of an expression.
fn doubtful(part: &Expr, frame: &DFSchema) -> Result<Option<&'static str>> {
    Ok(match part {
        Expr::Cast(cast) => (!keeps(&cast.expr.get_type(frame)?, cast.field.data_type())).then_some("a conversion"),
        Expr::BinaryExpr(b)
            if matches!(b.op, Operator::Plus | Operator::Minus | Operator::Multiply | Operator::Divide | Operator::Modulo) =>
        {
            let real = |e: &Expr| Ok::<_, datafusion::error::DataFusionError>(matches!(e.get_type(frame)?, DataType::Float64));
            (!(real(&b.left)? && real(&b.right)?)).then_some("arithmetic")
        }
        Expr::Like(like) => (!matches!(&*like.pattern, Expr::Literal(..))).then_some("a pattern"),
        Expr::ScalarFunction(f) if LITERAL_AFTER_FIRST.contains(&f.name()) => {
            (!f.args.iter().skip(1).all(|e| matches!(e, Expr::Literal(..)))).then_some("an argument")
        }
        _ => None,
    })
}

/// True where every value of one type is a value of the other.
fn keeps(from: &DataType, to: &DataType) -> bool {
    use DataType::{Boolean, Decimal128, Dictionary, Float64, Int64, Null, UInt32, UInt64, Utf8, Utf8View};
    let whole = |p: u8, s: i8| i16::from(p) - i16::from(s);
    match (from, to) {
        (Null, _) => true,
        (a, b) if a == b => true,
        (Dictionary(_, value), other) => keeps(value, other),
        (other, Dictionary(_, value)) => keeps(other, value),
        (Utf8 | Utf8View, Utf8 | Utf8View) | (Int64 | UInt32 | UInt64 | Float64 | Boolean, Utf8 | Utf8View) => true,
        (Int64 | UInt32 | UInt64 | Decimal128(..) | Boolean, Float64) | (UInt32 | Boolean, Int64 | UInt64) => true,
        (Int64 | UInt32, Decimal128(p, s)) => whole(*p, *s) >= WHOLE_DIGITS,
        (UInt64, Decimal128(p, s)) => whole(*p, *s) > WHOLE_DIGITS,
        (Decimal128(p, s), Decimal128(q, t)) => whole(*p, *s) <= whole(*q, *t) && s <= t,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_conversions_that_keep_every_value_pass() {
        let code = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
        for (from, to) in [
            (DataType::Int64, DataType::Float64),
            (DataType::Int64, DataType::Decimal128(22, 2)),
            (DataType::Decimal128(18, 2), DataType::Decimal128(22, 2)),
            (code.clone(), DataType::Utf8View),
            (DataType::Utf8, code.clone()),
        ] {
            assert!(keeps(&from, &to), "{from} to {to}");
        }
        for (from, to) in [
            (DataType::Utf8, DataType::Int64),
            (code, DataType::Int64),
            (DataType::Float64, DataType::Int64),
            (DataType::Int64, DataType::Int32),
            (DataType::UInt64, DataType::Int64),
            (DataType::Int64, DataType::Decimal128(18, 2)),
            (DataType::Decimal128(28, 2), DataType::Decimal128(22, 6)),
        ] {
            assert!(!keeps(&from, &to), "{from} to {to}");
        }
    }
}
