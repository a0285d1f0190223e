//! Arithmetic that cannot fail and cannot wrap: whatever overflows, divides by zero or has no logarithm is NULL for that row. An error
//! would be an answer about one row, and a wrapped product a hash of it.

use std::sync::{Arc, LazyLock};

use datafusion::{
    arrow::{
        array::{ArrayRef, AsArray, Float64Array, Int64Array},
        datatypes::{DataType, Float64Type, Int64Type},
    },
    common::{
        DFSchema, Result, ScalarValue, exec_err,
        tree_node::{Transformed, TreeNode},
    },
    logical_expr::{
        BinaryExpr, Cast, ColumnarValue, Expr, ExprSchemable, Operator, ScalarUDF, TryCast, Volatility, create_udf, expr::InSubquery,
    },
};

/// Whole-number arithmetic by operator.
static INTEGERS: LazyLock<[Arc<ScalarUDF>; 4]> = LazyLock::new(|| {
    [
        integers("int_add", i64::checked_add),
        integers("int_sub", i64::checked_sub),
        integers("int_mul", i64::checked_mul),
        integers("int_div", i64::checked_div),
    ]
});

/// The other arithmetic by operator.
static REALS: LazyLock<[Arc<ScalarUDF>; 4]> = LazyLock::new(|| {
    [reals("real_add", |a, b| a + b), reals("real_sub", |a, b| a - b), reals("real_mul", |a, b| a * b), reals("real_div", |a, b| a / b)]
});

fn integers(name: &str, f: fn(i64, i64) -> Option<i64>) -> Arc<ScalarUDF> {
    let run = move |args: &[ColumnarValue]| {
        let (a, b) = two(args)?;
        let (Some(a), Some(b)) = (a.as_primitive_opt::<Int64Type>(), b.as_primitive_opt::<Int64Type>()) else {
            return exec_err!("arithmetic on whole numbers got something else");
        };
        let out: Int64Array = a.iter().zip(b.iter()).map(|(a, b)| a.zip(b).and_then(|(a, b)| f(a, b))).collect();
        Ok(ColumnarValue::Array(Arc::new(out)))
    };
    Arc::new(create_udf(name, vec![DataType::Int64; 2], DataType::Int64, Volatility::Immutable, Arc::new(run)))
}

fn reals(name: &str, f: fn(f64, f64) -> f64) -> Arc<ScalarUDF> {
    let run = move |args: &[ColumnarValue]| {
        let (a, b) = two(args)?;
        let (Some(a), Some(b)) = (a.as_primitive_opt::<Float64Type>(), b.as_primitive_opt::<Float64Type>()) else {
            return exec_err!("arithmetic on numbers got something else");
        };
        let finite = |(a, b): (f64, f64)| Some(f(a, b)).filter(|x| x.is_finite()).map(|x| x + 0.0);
        let out: Float64Array = a.iter().zip(b.iter()).map(|(a, b)| a.zip(b).and_then(finite)).collect();
        Ok(ColumnarValue::Array(Arc::new(out)))
    };
    Arc::new(create_udf(name, vec![DataType::Float64; 2], DataType::Float64, Volatility::Immutable, Arc::new(run)))
}

fn two(args: &[ColumnarValue]) -> Result<(ArrayRef, ArrayRef)> {
    match ColumnarValue::values_to_arrays(args)?.as_slice() {
        [a, b] => Ok((a.clone(), b.clone())),
        _ => exec_err!("arithmetic takes two numbers"),
    }
}

/// The same expression as the engine may run it.
pub(crate) fn safe(expression: Expr, schema: &DFSchema) -> Result<Expr> {
    // Outer references have no field in the inner schema: their type is in the expression itself.
    expression
        .transform_up(|e| match e {
            Expr::BinaryExpr(BinaryExpr { left, op, right }) => binary(*left, op, *right, schema),
            Expr::ScalarFunction(mut f) if matches!(f.name(), "power" | "exp" | "ln" | "log" | "log2" | "log10" | "sqrt") => {
                f.args = f.args.into_iter().map(|a| real(a, schema)).collect::<Result<_>>()?;
                // Infinity and NaN become NULL in the addition.
                let zero = Expr::Literal(ScalarValue::Float64(Some(0.0)), None);
                let [add, ..] = &*REALS;
                Ok(Transformed::yes(add.call(vec![Expr::ScalarFunction(f), zero])))
            }
            Expr::ScalarFunction(mut f) if matches!(f.name(), "abs" | "floor" | "ceil" | "round" | "trunc") => {
                if let Some(first) = f.args.first_mut() {
                    *first = real(first.clone(), schema)?;
                }
                Ok(Transformed::yes(Expr::ScalarFunction(f)))
            }
            // A cast that fails is NULL; numbers have the two types of the language.
            Expr::Cast(Cast { expr, field }) => Ok(Transformed::yes(Expr::TryCast(TryCast::new(expr, plain(field.data_type()))))),
            Expr::InList(list) => {
                list.list.iter().try_for_each(|item| comparable(&list.expr, item, schema))?;
                Ok(Transformed::no(Expr::InList(list)))
            }
            // The engine would put a list of reals on the decimals' scale, and fail where one does not fit.
            Expr::InSubquery(within) if *within.subquery.subquery.schema().field(0).data_type() == DataType::Float64 => {
                let expr = Box::new(real(*within.expr, schema)?);
                Ok(Transformed::yes(Expr::InSubquery(InSubquery { expr, ..within })))
            }
            other => Ok(Transformed::no(other)),
        })
        .map(|t| t.data)
}

fn plain(to: &DataType) -> DataType {
    match to {
        whole if whole.is_integer() => DataType::Int64,
        number if number.is_numeric() => DataType::Float64,
        DataType::Utf8View => DataType::Utf8,
        other => other.clone(),
    }
}

/// A text and a number are not compared: the engine would read the text as a number, and fail where it is none.
fn comparable(left: &Expr, right: &Expr, schema: &DFSchema) -> Result<()> {
    let text = |t: &DataType| match t {
        DataType::Dictionary(_, value) => matches!(**value, DataType::Utf8 | DataType::Utf8View),
        other => matches!(other, DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8),
    };
    let (left, right) = (left.get_type(schema)?, right.get_type(schema)?);
    let mixed = |a: &DataType, b: &DataType| text(a) && (b.is_numeric() || *b == DataType::Boolean);
    if mixed(&left, &right) || mixed(&right, &left) {
        return datafusion::common::plan_err!("a text is compared with something that is no text");
    }
    Ok(())
}

fn binary(left: Expr, op: Operator, right: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    let place = match op {
        Operator::Plus => 0,
        Operator::Minus => 1,
        Operator::Multiply => 2,
        Operator::Divide => 3,
        _ => {
            comparable(&left, &right, schema)?;
            return Ok(Transformed::no(Expr::BinaryExpr(BinaryExpr { left: Box::new(left), op, right: Box::new(right) })));
        }
    };
    let whole = |e: &Expr| Ok::<_, datafusion::common::DataFusionError>(matches!(e.get_type(schema)?, DataType::Int64 | DataType::Null));
    let (functions, args) = match whole(&left)? && whole(&right)? {
        true => (&*INTEGERS, vec![left, right]),
        false => (&*REALS, vec![real(left, schema)?, real(right, schema)?]),
    };
    match functions.get(place) {
        Some(function) => Ok(Transformed::yes(function.call(args))),
        None => exec_err!("an operator without a function"),
    }
}

/// As a floating-point number.
fn real(e: Expr, schema: &DFSchema) -> Result<Expr> {
    let numeric = |t: &DataType| t.is_numeric() || *t == DataType::Null;
    match e.get_type(schema)? {
        DataType::Float64 => Ok(e),
        t if numeric(&t) => Ok(Expr::TryCast(TryCast::new(Box::new(e), DataType::Float64))),
        _ => datafusion::common::plan_err!("arithmetic on something that is no number"),
    }
}
