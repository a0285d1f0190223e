//! Quantiles, and aggregates of two columns: all of them from base statistics of a column and its line.

use datafusion::functions::math::expr_fn::sqrt;
use datafusion::logical_expr::{Expr, lit, when};
use visiting_policies::Refusal;

use super::{
    aggregate::{Making, merged, only, times},
    expression::{not_valid, place},
    linear::{Term, and},
    track::Tracker,
};
use crate::{plan::not_offered, question::Statistic};

/// A column that enters second moments: `factor * column + offset`.
#[derive(Clone, Copy)]
pub(super) struct Axis {
    pub(super) column: usize,
    pub(super) factor: f64,
    offset: f64,
}

/// Aggregates that say where a line lies: one person's weight could carry it.
const LINES: [&str; 4] = ["corr", "regr_slope", "regr_intercept", "regr_r2"];

/// What is not taken of an opaque measure: it would be clipped person by person, which neither a line nor an order survives.
fn made_up(what: &str, ja: &str) -> Refusal {
    not_offered(
        format!(
            "{what} is taken of listed columns only, not of products, logarithms and the like; use AVG or STDDEV of it, or ask for it to be registered as a derived column"
        ),
        format!(
            "{ja}は一覧にある列についてだけ求められます。積や対数などの式には AVG か STDDEV を使うか、派生列としての登録を求めてください"
        ),
    )
}

impl Tracker<'_> {
    pub(super) fn quantile(&mut self, making: &mut Making, x: &Expr, p: f64) -> Result<Expr, Refusal> {
        if !(0.01..=0.99).contains(&p) {
            return Err(not_offered(
                "a percentile lies between 0.01 and 0.99: the ends are single people",
                "百分位は 0.01 から 0.99 の間にしてください。両端は 1 人の値になります",
            )
            .at(place(x)));
        }
        let at = place(x);
        let x = self.axis(making, x, None)?;
        if making.is_opaque(x.column) {
            return Err(made_up("a percentile", "百分位").at(at));
        }
        // A falling line turns the order round.
        let p = if x.factor < 0.0 { 1.0 - p } else { p };
        let thousandths = (p * 1000.0).round() as u32;
        Ok(times(making.show(Statistic::Quantile(x.column, thousandths)), x.factor) + lit(x.offset))
    }

    /// The column of an expression that second moments and quantiles are taken of; `other` must have a value as well.
    pub(super) fn axis(&mut self, making: &mut Making, x: &Expr, other: Option<&Expr>) -> Result<Axis, Refusal> {
        let there = other.and_then(|o| self.origins.present(o));
        let terms = self.terms(x, &making.input).map(merged).unwrap_or_default();
        let (of_columns, of_numbers): (Vec<Term>, Vec<Term>) = terms.into_iter().partition(|t| t.column.is_some());
        if let [term] = of_columns.as_slice()
            && term.factor != 0.0
        {
            let present = term.column.as_ref().and_then(|c| self.origins.present(c));
            // Numbers that stand in the same rows as the column move the line, no more.
            let same = |t: &Term| t.when == and(present.clone(), term.when.clone()) || t.when == term.when || t.when == present;
            if of_numbers.iter().all(same) {
                let wanted = Term { when: and(term.when.clone(), there), ..term.clone() };
                let column = self.measure(making, &wanted)?.ok_or_else(|| not_valid(place(x)))?;
                return Ok(Axis { column, factor: term.factor, offset: of_numbers.iter().map(|t| t.factor).sum() });
            }
        }
        let e = there.map_or(x.clone(), |p| only(&p, x.clone()));
        Ok(Axis { column: self.opaque(making, &e)?, factor: 1.0, offset: 0.0 })
    }

    /// Aggregates of two columns, all from the same five moments.
    pub(super) fn pair(&mut self, making: &mut Making, name: &str, y: &Expr, x: &Expr) -> Option<Result<Expr, Refusal>> {
        let known = ["corr", "covar_pop", "covar_samp", "covar"].contains(&name) || name.starts_with("regr_");
        known.then(|| self.pair_of(making, name, y, x))
    }

    fn pair_of(&mut self, making: &mut Making, name: &str, y: &Expr, x: &Expr) -> Result<Expr, Refusal> {
        let (ay, ax) = (self.axis(making, y, Some(x))?, self.axis(making, x, Some(y))?);
        if LINES.contains(&name) && (making.is_opaque(ay.column) || making.is_opaque(ax.column)) {
            return Err(made_up("a line or correlation", "回帰直線や相関").at(place(if making.is_opaque(ay.column) { y } else { x })));
        }
        let m = |making: &mut Making, a: Axis, b: Axis| making.show(Statistic::Moment(a.column, b.column)) * lit(a.factor * b.factor);
        let mean = |making: &mut Making, a: Axis| times(making.show(Statistic::Ratio(a.column, a.column)), a.factor) + lit(a.offset);
        let carried = |making: &mut Making, a: Axis, e: Expr| {
            let one_carries_it = making.show(Statistic::Leverage(a.column));
            when(Expr::IsNotNull(Box::new(one_carries_it)), e).end().map_err(|_| not_valid(None))
        };
        let slope = |making: &mut Making| m(making, ay, ax) / m(making, ax, ax);
        Ok(match name {
            "covar_pop" | "covar_samp" | "covar" => m(making, ay, ax),
            "corr" => {
                let e = m(making, ay, ax) / sqrt(m(making, ax, ax) * m(making, ay, ay));
                carried(making, ax, e)?
            }
            "regr_slope" => {
                let e = slope(making);
                carried(making, ax, e)?
            }
            "regr_intercept" => {
                let e = mean(making, ay) - slope(making) * mean(making, ax);
                carried(making, ax, e)?
            }
            "regr_r2" => {
                let e = m(making, ay, ax) * m(making, ay, ax) / (m(making, ax, ax) * m(making, ay, ay));
                carried(making, ax, e)?
            }
            "regr_avgx" => mean(making, ax),
            "regr_avgy" => mean(making, ay),
            "regr_count" => making.show(Statistic::Rows(Some(ay.column))),
            "regr_sxx" => m(making, ax, ax) * making.show(Statistic::Rows(Some(ax.column))),
            "regr_syy" => m(making, ay, ay) * making.show(Statistic::Rows(Some(ay.column))),
            "regr_sxy" => m(making, ay, ax) * making.show(Statistic::Rows(Some(ay.column))),
            _ => return Err(not_valid(place(y))),
        })
    }
}
