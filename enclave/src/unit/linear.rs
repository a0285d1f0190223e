//! Linear measures taken apart: `SUM(1000 + CASE WHEN p THEN x END)` is 1000 times the rows in which it has a value, plus the sum of x
//! where p. Each part is protected on its own; numbers that the researcher wrote are applied afterwards, so they carry nothing out.

use datafusion::{
    arrow::datatypes::DataType,
    common::ScalarValue,
    logical_expr::{BinaryExpr, Case, Expr, Operator, TryCast},
};

use super::{
    origin::{Class, Origins},
    relation::Relation,
    track::Tracker,
};
use crate::plan::is_of_months;

/// `factor * column` in the rows in which a condition holds.
#[derive(Debug, Clone)]
pub(super) struct Term {
    pub(super) factor: f64,
    /// `None` is the number 1.
    pub(super) column: Option<Expr>,
    /// True where the column is anything but a catalogued one.
    pub(super) opaque: bool,
    /// `None` is every row.
    pub(super) when: Option<Expr>,
}

impl Tracker<'_> {
    /// The terms of an expression; what is not linear in catalogued columns is a column of its own, so that numbers around it are
    /// applied to what is shown as well. `None` for what is no number.
    pub(super) fn terms(&self, e: &Expr, input: &Relation) -> Option<Vec<Term>> {
        self.linear(e, input).or_else(|| {
            let number = !self.origins.of(e).is_empty() && self.kind(e, input).is_ok_and(|k| k.is_numeric());
            number.then(|| vec![Term { factor: 1.0, column: Some(e.clone()), opaque: true, when: None }])
        })
    }

    fn linear(&self, e: &Expr, input: &Relation) -> Option<Vec<Term>> {
        let one = |factor, column| Some(vec![Term { factor, column, opaque: false, when: None }]);
        match e {
            Expr::Literal(value, _) => one(number(value)?, None),
            Expr::Column(c) => {
                let origin = self.origins.get(c)?;
                let measured = matches!(origin.class, Class::Catalogued | Class::Count) && origin.kind.is_numeric();
                measured.then(|| one(1.0, Some(e.clone())))?
            }
            Expr::TryCast(TryCast { expr, field }) if field.data_type().is_numeric() => {
                // A cast to whole numbers cuts; of a whole number it does nothing.
                let whole = *field.data_type() == DataType::Int64;
                (!whole || self.is_whole(expr, input)).then(|| self.terms(expr, input))?
            }
            Expr::BinaryExpr(b) => self.terms_of_binary(e, b, input),
            Expr::Case(case) => self.terms_of_case(case, input),
            Expr::ScalarFunction(f) if matches!(f.name(), "coalesce" | "nvl") => {
                let branches = f.args.iter().map(|a| (Box::new(Expr::IsNotNull(Box::new(a.clone()))), Box::new(a.clone()))).collect();
                self.terms_of_case(&Case { expr: None, when_then_expr: branches, else_expr: None }, input)
            }
            // Months taken apart are the month column in another unit.
            Expr::ScalarFunction(f) if is_of_months(f.name()) => {
                let listed = self.origins.of(e).iter().all(|(_, origin)| origin.class == Class::Catalogued);
                Some(vec![Term { factor: 1.0, column: Some(e.clone()), opaque: !listed, when: None }])
            }
            _ => None,
        }
    }

    fn is_whole(&self, e: &Expr, input: &Relation) -> bool {
        self.kind(e, input).is_ok_and(|k| k == DataType::Int64)
    }

    fn terms_of_binary(&self, e: &Expr, b: &BinaryExpr, input: &Relation) -> Option<Vec<Term>> {
        let scaled = |terms: Vec<Term>, by: f64| terms.into_iter().map(|t| Term { factor: t.factor * by, ..t }).collect::<Vec<_>>();
        match b.op {
            Operator::Plus | Operator::Minus => {
                // A row counts where both sides have a value.
                let left = both(self.terms(&b.left, input)?, self.origins.present(&b.right).as_ref());
                let right = both(self.terms(&b.right, input)?, self.origins.present(&b.left).as_ref());
                let sign = if b.op == Operator::Minus { -1.0 } else { 1.0 };
                Some([left, scaled(right, sign)].concat())
            }
            Operator::Multiply => match (constant(&b.left), constant(&b.right)) {
                (Some(by), _) => self.terms(&b.right, input).map(|t| scaled(t, by)),
                (_, Some(by)) => self.terms(&b.left, input).map(|t| scaled(t, by)),
                _ => None,
            },
            Operator::Divide => {
                let by = constant(&b.right).filter(|by| *by != 0.0)?;
                if self.is_whole(&b.left, input) && self.is_whole(&b.right, input) {
                    // Whole numbers are cut: a declared column in coarser steps (months to years) is a column still. Anything else is
                    // not linear: cut by two, by three and so on, one measure would have as many answers.
                    let declared = |c| self.origins.get(c).is_some_and(|o| o.class == Class::Catalogued && o.values.is_some());
                    let coarser = by.log10().fract() == 0.0 && matches!(&*b.left, Expr::Column(c) if declared(c));
                    return coarser.then(|| vec![Term { factor: 1.0, column: Some(e.clone()), opaque: false, when: None }]);
                }
                self.terms(&b.left, input).map(|t| scaled(t, 1.0 / by))
            }
            _ => None,
        }
    }

    /// Each branch where it is the first whose condition is true.
    fn terms_of_case(&self, case: &Case, input: &Relation) -> Option<Vec<Term>> {
        let mut earlier: Option<Expr> = None;
        let mut all = Vec::new();
        for (when, then) in &case.when_then_expr {
            let here = and(earlier.clone(), Some((**when).clone()));
            all.extend(both(self.branch(then, input)?, here.as_ref()));
            earlier = and(earlier, Some(Expr::IsNotTrue(when.clone())));
        }
        if let Some(otherwise) = &case.else_expr {
            all.extend(both(self.branch(otherwise, input)?, earlier.as_ref()));
        }
        Some(all)
    }

    /// The terms of one branch; NULL has none.
    fn branch(&self, e: &Expr, input: &Relation) -> Option<Vec<Term>> {
        match e {
            Expr::Literal(value, _) if value.is_null() => Some(Vec::new()),
            other => self.terms(other, input),
        }
    }
}

impl Origins {
    /// The condition under which an expression has a value; `None` where it always has one.
    pub(super) fn present(&self, e: &Expr) -> Option<Expr> {
        match e {
            Expr::Literal(value, _) if !value.is_null() => None,
            Expr::Column(c) if self.get(c).is_some_and(|o| !o.nullable) => None,
            Expr::BinaryExpr(b) if matches!(b.op, Operator::Plus | Operator::Minus | Operator::Multiply) => {
                and(self.present(&b.left), self.present(&b.right))
            }
            Expr::Case(case) => match (case.when_then_expr.as_slice(), &case.else_expr) {
                ([(when, then)], None) => and(Some((**when).clone()), self.present(then)),
                (branches, Some(other)) if branches.iter().all(|(_, t)| self.present(t).is_none()) && self.present(other).is_none() => None,
                _ => Some(Expr::IsNotNull(Box::new(e.clone()))),
            },
            _ => Some(Expr::IsNotNull(Box::new(e.clone()))),
        }
    }
}

/// Both conditions; `None` is no condition.
pub(super) fn and(a: Option<Expr>, b: Option<Expr>) -> Option<Expr> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.and(b)),
        (a, b) => a.or(b),
    }
}

/// The terms where a condition holds besides.
fn both(terms: Vec<Term>, when: Option<&Expr>) -> Vec<Term> {
    terms.into_iter().map(|t| Term { when: and(when.cloned(), t.when), ..t }).collect()
}

fn number(value: &ScalarValue) -> Option<f64> {
    match value {
        ScalarValue::Int64(Some(n)) => Some(*n as f64),
        ScalarValue::Float64(Some(x)) if x.is_finite() => Some(*x),
        _ => None,
    }
}

/// The value of an expression of numbers only.
pub(super) fn constant(e: &Expr) -> Option<f64> {
    match e {
        Expr::Literal(value, _) => number(value),
        Expr::TryCast(c) => constant(&c.expr),
        Expr::BinaryExpr(b) => {
            let (l, r) = (constant(&b.left)?, constant(&b.right)?);
            let value = match b.op {
                Operator::Plus => l + r,
                Operator::Minus => l - r,
                Operator::Multiply => l * r,
                _ => return None,
            };
            value.is_finite().then_some(value)
        }
        _ => None,
    }
}
