//! One aggregate over people: taken apart into base statistics, each protected alone, and a formula over what is shown of them.

use datafusion::{
    arrow::datatypes::DataType,
    functions::math::expr_fn::sqrt,
    logical_expr::{Case, Expr, TryCast, expr::AggregateFunction, lit},
};
use visiting_policies::{Refusal, sign};

use super::{
    expression::{Scope, counted, first_column, not_valid, person_misused, place},
    linear::{Term, and, constant},
    origin::of_guest,
    over::Called,
    relation::{Col, Relation},
    track::Tracker,
};
use crate::{
    plan::{GroupName, RELEASED, not_offered},
    predicate::Predicate,
    question::{Column, Counted, Key, OPAQUE, Statistic},
};

/// What is measured where only rows are counted.
const ONE: &str = "1";

/// Decimal places that a measure without declared ones is put on.
const OPAQUE_SCALE: u32 = 6;

/// A question while it is put together.
pub(super) struct Making {
    pub(super) input: Relation,
    pub(super) columns: Vec<(Column, Expr)>,
    pub(super) values: Vec<(Counted, Expr)>,
    pub(super) statistics: Vec<Statistic>,
    /// Guests over its groups.
    pub(super) guests: Vec<Called>,
    /// True where a statistic was asked for that is not taken of rows of which a guest chooses the number.
    pub(super) weighs: bool,
}

impl Making {
    /// The released column of a statistic; where a guest chooses how many rows somebody has, of sums that are clipped person by person.
    pub(super) fn show(&mut self, statistic: Statistic) -> Expr {
        if !self.input.guest_rows {
            return self.shown(statistic);
        }
        match statistic {
            Statistic::Rows(of) => self.rows_of_guest(of),
            Statistic::Ratio(top, bottom) => {
                let sum = if self.is_opaque(top) { self.shown(Statistic::Sum(top)) } else { self.rows_of_guest(Some(top)) };
                let real = |e: Expr| Expr::TryCast(TryCast::new(Box::new(e), DataType::Float64));
                real(sum) / real(self.rows_of_guest(Some(bottom)))
            }
            Statistic::Moment(..) | Statistic::Leverage(_) | Statistic::Quantile(..) => {
                self.weighs = true;
                self.shown(statistic)
            }
            Statistic::People(_) | Statistic::Sum(_) | Statistic::Distinct(_) | Statistic::Guest(_) => self.shown(statistic),
        }
    }

    /// A measure that is another one over other rows.
    fn of_these_rows(&self, column: Column) -> Column {
        let of = column.name.strip_prefix(OPAQUE).unwrap_or(&column.name);
        let rows = sign::digest(format!("{} if {}", self.input.words(), column.when.text()).as_bytes());
        Column { name: format!("{OPAQUE}{of} in {rows}"), bounds: None, opaque: true, ..column }
    }

    /// Each group of a guest's own, or of a list's, would be another measure of the rows that a guest makes: under one name they would be
    /// as many as one likes.
    pub(super) fn check_groups(&self, keys: &[Key], of_a_list: bool) -> Result<(), Refusal> {
        let people = |s: &Statistic| matches!(s, Statistic::People(_) | Statistic::Distinct(_) | Statistic::Guest(_));
        let many = of_a_list || keys.iter().any(|key| of_guest(&key.name));
        if self.input.guest_rows && many && !self.statistics.iter().all(people) {
            return Err(not_offered(
                "what is counted or summed over rows that a guest makes is not offered by a guest's labels or a list's columns: group by listed columns, or count people",
                "プログラムが作る行についての数や合計は、プログラムのラベルやリストの列では区分できません。一覧の列で区分するか、人数を数えてください",
            ));
        }
        Ok(())
    }

    /// The rows in which a column has a value, as a sum of ones.
    fn rows_of_guest(&mut self, of: Option<usize>) -> Expr {
        let there = of.and_then(|c| self.columns.get(c)).map(|(column, e)| (column.there(), e.clone()));
        let (when, e) = match there {
            Some((when, e)) => (when, only(&Expr::IsNotNull(Box::new(e)), lit(1i64))),
            None => (Predicate::True, lit(1i64)),
        };
        let ones = self.column(Column { name: format!("{OPAQUE}{ONE}"), opaque: true, ..one(when) }, e);
        self.shown(Statistic::Sum(ones))
    }

    fn shown(&mut self, statistic: Statistic) -> Expr {
        let at = self.statistics.iter().position(|s| *s == statistic).unwrap_or_else(|| {
            self.statistics.push(statistic);
            self.statistics.len() - 1
        });
        datafusion::prelude::ident(format!("s{at}"))
    }

    /// True for anything but a catalogued column.
    pub(super) fn is_opaque(&self, column: usize) -> bool {
        self.columns.get(column).is_none_or(|(c, _)| c.opaque)
    }

    pub(super) fn column(&mut self, mut column: Column, e: Expr) -> usize {
        // People are counted where a condition holds as anywhere. All else hangs on the rows that the guest makes, and so is another
        // measure over each of its tables.
        if self.input.guest_rows && column.name != ONE {
            column = self.of_these_rows(column);
        }
        self.columns.iter().position(|(c, _)| c.name == column.name && c.when == column.when).unwrap_or_else(|| {
            self.columns.push((column, e));
            self.columns.len() - 1
        })
    }
}

impl Tracker<'_> {
    /// One aggregate: what is shown, as a formula over the released statistics, and its title.
    pub(super) fn aggregate(&mut self, making: &mut Making, e: &Expr, scope: &Scope<'_>) -> Result<(Expr, String), Refusal> {
        let Expr::AggregateFunction(f) = e.clone().unalias() else { return Err(not_valid(place(e))) };
        let name = f.func.name().to_owned();
        let refused = || {
            not_offered(
                format!(
                    "{name}(...) over people is not offered here: a single person's value could be the answer; {} are",
                    RELEASED.join(", ")
                ),
                format!("{name}(…) は人をまたいで使えません。1 人の値がそのまま出るためです。{} を使ってください", RELEASED.join("・")),
            )
            .at(place(e))
        };
        if let Some(guest) = f.func.inner().downcast_ref::<GroupName>() {
            return self.over_group(making, guest, &f, scope).map_err(|r| r.at(place(e)));
        }
        if !RELEASED.contains(&name.as_str()) {
            return Err(refused());
        }
        let filter = f.params.filter.as_ref().map(|p| self.value(p, scope)).transpose()?;
        if name == "count" {
            return self.count(making, &f, filter, scope);
        }
        if f.params.distinct {
            return Err(not_offered(
                "DISTINCT in this aggregate is not offered; GROUP BY person in a subquery first",
                "この集計での DISTINCT は使えません。先に副問合せで個人キーによる GROUP BY をしてください",
            )
            .at(place(e)));
        }
        let mut values = Vec::new();
        for a in &f.params.args {
            let value = self.value(a, scope)?;
            values.push(
                filter
                    .as_ref()
                    .map_or(value.clone(), |p| if constant(&value).is_some() && values_done(&values) { value } else { only(p, value) }),
            );
        }
        // A guest's number has a type only where its column is.
        making.input = self.with_calls(making.input.clone(), values.iter())?;
        let title = |e: &Expr| first_column(e).map_or(name.clone(), |c| format!("{name}_{c}"));
        let title = f.params.args.first().map_or(name.clone(), title);
        let formula = match (name.as_str(), values.as_slice()) {
            ("sum", [x]) => self.sum(making, x)?,
            ("avg", [x]) => self.mean(making, x)?,
            ("var" | "var_samp" | "var_pop" | "stddev" | "stddev_samp" | "stddev_pop", [x]) => {
                let x = self.axis(making, x, None)?;
                let variance = making.show(Statistic::Moment(x.column, x.column)) * lit(x.factor * x.factor);
                if name.starts_with("stddev") { sqrt(variance) } else { variance }
            }
            ("median" | "approx_median", [x]) => self.quantile(making, x, 0.5)?,
            ("percentile_cont" | "approx_percentile_cont", [x, p, ..]) => {
                let up = f.params.order_by.first().is_none_or(|s| s.asc);
                let p = constant(p).ok_or_else(|| not_valid(place(e)))?;
                self.quantile(making, x, if up { p } else { 1.0 - p })?
            }
            (_, [y, x]) => self.pair(making, &name, y, x).ok_or_else(refused)??,
            _ => return Err(refused()),
        };
        Ok((formula, title))
    }

    fn count(
        &mut self,
        making: &mut Making,
        f: &AggregateFunction,
        filter: Option<Expr>,
        scope: &Scope<'_>,
    ) -> Result<(Expr, String), Refusal> {
        let [argument] = f.params.args.as_slice() else { return Err(not_valid(f.params.args.first().and_then(place))) };
        if let Some((unit, condition)) = self.person_if(argument, scope)? {
            // The person of an outer join's far side may be missing.
            let there = unit.map(|c| Expr::IsNotNull(Box::new(Expr::Column(c))));
            let only = self.indicator(making, and(and(filter, condition), there))?;
            return Ok(match f.params.distinct {
                true => (making.show(Statistic::People(only)), "people".to_owned()),
                false => (making.show(Statistic::Rows(only)), "rows".to_owned()),
            });
        }
        if !f.params.distinct {
            let value = match self.col(argument, scope)? {
                Col::Value(value) => value,
                Col::Site(site, c) => counted(site, c).map_err(|r| r.at(place(argument)))?,
                Col::Person(..) => return Err(person_misused("person")),
            };
            let only = self.indicator(making, and(filter, self.origins.present(&value)))?;
            return Ok((making.show(Statistic::Rows(only)), "rows".to_owned()));
        }
        let (words, value) = match self.col(argument, scope)? {
            Col::Site(site, c) => (self.origins.key_words(&c).to_owned(), counted(site, c).map_err(|r| r.at(place(argument)))?),
            Col::Value(value) => (self.origins.words(&value), value),
            Col::Person(..) => return Err(person_misused("person")),
        };
        // Those of a guest are as many as it likes, and whose they are is not in the ledger.
        if !self.calls_in(&value).is_empty() || of_guest(&words) || (making.input.guest_rows && self.is_listed(&value)) {
            return Err(guest_inside());
        }
        let present = self.origins.present(&value);
        let there = and(filter.clone(), present).map_or(Predicate::True, |p| self.origins.condition(&p).normalised());
        let value = filter.map_or(value.clone(), |p| only(&p, value));
        let counted = Counted { name: words, there };
        let at = making.values.iter().position(|(c, _)| *c == counted).unwrap_or_else(|| {
            making.values.push((counted, value));
            making.values.len() - 1
        });
        Ok((making.show(Statistic::Distinct(at)), "distinct".to_owned()))
    }

    /// The person, plain or as `CASE WHEN p THEN person END`: the column where it may be missing, and the condition.
    fn person_if(&mut self, e: &Expr, scope: &Scope<'_>) -> Result<Option<(Option<datafusion::common::Column>, Option<Expr>)>, Refusal> {
        match e {
            Expr::Alias(a) => self.person_if(&a.expr, scope),
            Expr::Column(_) => Ok(match self.col(e, scope)? {
                Col::Person(c, maybe) => Some((maybe.then_some(c), None)),
                _ => None,
            }),
            Expr::Case(Case { expr: None, when_then_expr, else_expr }) => {
                let [(when, then)] = when_then_expr.as_slice() else { return Ok(None) };
                let nothing = else_expr.as_ref().is_none_or(|e| matches!(&**e, Expr::Literal(v, _) if v.is_null()));
                if !nothing || !matches!(&**then, Expr::Column(_)) {
                    return Ok(None);
                }
                let Some((unit, None)) = self.person_if(then, scope)? else { return Ok(None) };
                Ok(Some((unit, Some(self.value(when, scope)?))))
            }
            _ => Ok(None),
        }
    }

    /// A column that is 1 where a condition holds; `None` without a condition.
    fn indicator(&mut self, making: &mut Making, when: Option<Expr>) -> Result<Option<usize>, Refusal> {
        let Some(p) = when else { return Ok(None) };
        let when = self.origins.condition(&p).normalised();
        if when == Predicate::True {
            return Ok(None);
        }
        Ok(Some(making.column(one(when), only(&p, lit(1i64)))))
    }

    /// The column of a term.
    pub(super) fn measure(&mut self, making: &mut Making, term: &Term) -> Result<Option<usize>, Refusal> {
        let Some(value) = &term.column else { return self.indicator(making, term.when.clone()) };
        if term.opaque {
            let e = term.when.as_ref().map_or(value.clone(), |p| only(p, value.clone()));
            return self.opaque(making, &e).map(Some);
        }
        let origin = self.origins.of(value).into_iter().next().map(|(_, o)| o.clone());
        let plain = matches!(value, Expr::Column(_));
        let (scale, bounds) = origin.and_then(|o| o.measure).filter(|_| plain).unwrap_or((0, None));
        let kind = self.kind(value, &making.input)?;
        let scale = match kind {
            DataType::Decimal128(_, s) => u32::try_from(s).unwrap_or(scale),
            DataType::Float64 => OPAQUE_SCALE,
            _ => 0,
        };
        let (when, e) = self.where_it_counts(term.when.as_ref(), value.clone());
        let column = Column { name: self.origins.words(value), when, present: self.presence(value), scale, bounds, opaque: false };
        Ok(Some(making.column(column, e)))
    }

    /// The condition under which a value counts, and the value there.
    fn where_it_counts(&self, when: Option<&Expr>, value: Expr) -> (Predicate, Expr) {
        match when.map(|p| (p, self.origins.condition(p).normalised())) {
            None | Some((_, Predicate::True)) => (Predicate::True, value),
            Some((p, condition)) => (condition, only(p, value)),
        }
    }

    /// The condition that an expression has a value; `True` where that is proved.
    fn presence(&self, e: &Expr) -> Predicate {
        self.origins.present(e).map_or(Predicate::True, |p| self.origins.condition(&p).normalised())
    }

    /// True for what a list, or a released table, has a part in.
    pub(super) fn is_listed(&self, e: &Expr) -> bool {
        self.origins.of_a_list(e)
    }

    /// Anything that is not linear: one column, clipped at the k-th person.
    pub(super) fn opaque(&mut self, making: &mut Making, e: &Expr) -> Result<usize, Refusal> {
        let whole = match self.kind(e, &making.input)? {
            DataType::Int64 => true,
            DataType::Float64 => false,
            DataType::Decimal128(..) => false,
            _ => return Err(not_valid(place(e))),
        };
        let scale = if whole { 0 } else { OPAQUE_SCALE };
        // `CASE WHEN p THEN x END` is x where p.
        let (p, x) = match e {
            Expr::Case(Case { expr: None, when_then_expr, else_expr: None }) if when_then_expr.len() == 1 => {
                when_then_expr.first().map_or((None, e), |(p, x)| (Some(&**p), &**x))
            }
            _ => (None, e),
        };
        let (when, value) = self.where_it_counts(p, x.clone());
        let value = if whole { value } else { Expr::TryCast(TryCast::new(Box::new(value), DataType::Float64)) };
        // Arithmetic that overflows or divides by zero is NULL, whatever its columns are.
        let present = self.origins.condition(&Expr::IsNotNull(Box::new(x.clone()))).normalised();
        let name = format!("{OPAQUE}{}", self.origins.words(x));
        Ok(making.column(Column { name, when, present, scale, bounds: None, opaque: true }, value))
    }

    fn sum(&mut self, making: &mut Making, x: &Expr) -> Result<Expr, Refusal> {
        let Some(terms) = self.terms(x, &making.input) else {
            let column = self.opaque(making, x)?;
            return Ok(making.show(Statistic::Sum(column)));
        };
        let mut formula: Option<Expr> = None;
        for term in merged(terms) {
            let column = self.measure(making, &term)?;
            let shown = match (&term.column, column) {
                (None, only) => making.show(Statistic::Rows(only)),
                (Some(_), Some(column)) => making.show(Statistic::Sum(column)),
                (Some(_), None) => return Err(not_valid(None)),
            };
            formula = Some(added(formula, times(shown, term.factor)));
        }
        formula.ok_or_else(|| not_valid(place(x)))
    }

    fn mean(&mut self, making: &mut Making, x: &Expr) -> Result<Expr, Refusal> {
        let Some(terms) = self.terms(x, &making.input) else {
            let column = self.opaque(making, x)?;
            return Ok(making.show(Statistic::Ratio(column, column)));
        };
        let terms = merged(terms);
        if let [Term { factor, column: Some(_), when: None, .. }] = terms.as_slice() {
            let column = terms.first().map(|t| self.measure(making, t)).transpose()?.flatten().ok_or_else(|| not_valid(None))?;
            return Ok(times(making.show(Statistic::Ratio(column, column)), *factor));
        }
        // The rows over which the mean is taken: those in which the whole argument has a value.
        let present = self.origins.present(x);
        let (when, e) = self.where_it_counts(present.as_ref(), lit(1i64));
        let bottom = one(when);
        let mut formula: Option<Expr> = None;
        for term in terms {
            let top = match &term.column {
                None if term.when.is_none() || term.when == present => None,
                _ => self.measure(making, &term)?,
            };
            let shown = match top {
                // A number in every row that counts is itself.
                None => lit(term.factor),
                Some(top) => {
                    // Over the rows in which the part itself has a value, it is a plain mean of that part.
                    let plain = making.columns.get(top).is_some_and(|(c, _)| c.there() == bottom.there());
                    let over = if plain { top } else { making.column(bottom.clone(), e.clone()) };
                    times(making.show(Statistic::Ratio(top, over)), term.factor)
                }
            };
            formula = Some(added(formula, shown));
        }
        formula.ok_or_else(|| not_valid(place(x)))
    }
}

/// The number 1 where a condition holds.
fn one(when: Predicate) -> Column {
    Column { name: ONE.to_owned(), when, present: Predicate::True, scale: 0, bounds: None, opaque: false }
}

/// Values of guests are not counted by their values.
pub(super) fn guest_inside() -> Refusal {
    not_offered(
        "different values of a guest are not counted: GROUP BY them and count people in each group",
        "プログラム（guest）の値の種類は数えられません。その値で GROUP BY し、群ごとに人数を数えてください",
    )
}

/// True once the first argument is there: further ones (a percentile) are no measures.
fn values_done(values: &[Expr]) -> bool {
    !values.is_empty()
}

/// An expression where a condition holds, NULL elsewhere.
pub(super) fn only(condition: &Expr, e: Expr) -> Expr {
    Expr::Case(Case { expr: None, when_then_expr: vec![(Box::new(condition.clone()), Box::new(e))], else_expr: None })
}

pub(super) fn times(e: Expr, factor: f64) -> Expr {
    if factor == 1.0 { e } else { e * lit(factor) }
}

fn added(sum: Option<Expr>, e: Expr) -> Expr {
    match sum {
        Some(sum) => sum + e,
        None => e,
    }
}

/// Terms of one column and condition are one term.
pub(super) fn merged(terms: Vec<Term>) -> Vec<Term> {
    let mut out: Vec<Term> = Vec::new();
    for term in terms {
        match out.iter_mut().find(|t| t.column == term.column && t.when == term.when) {
            Some(same) => same.factor += term.factor,
            None => out.push(term),
        }
    }
    let some = out.iter().any(|t| t.factor != 0.0);
    out.retain(|t| t.factor != 0.0 || !some);
    out.dedup_by(|a, b| !some && a.factor == b.factor);
    out
}
