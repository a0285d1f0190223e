//! The release point: an aggregate over people becomes a question for the gate, and a table of what the gate lets through.

use std::collections::BTreeSet;

use datafusion::{
    arrow::datatypes::DataType,
    common::tree_node::TreeNode,
    functions::math::expr_fn::sqrt,
    logical_expr::{
        Aggregate, Case, Expr, GroupingSet, LogicalPlan, LogicalPlanBuilder, Operator, TryCast, expr::AggregateFunction, lit, when,
    },
};
use visiting_policies::{Code, Refusal};

use super::{
    above::{BEFORE, Point, scan},
    expression::{Scope, counted, first_column, not_valid, person_misused, place},
    linear::{Term, and, constant},
    origin::Class,
    relation::{Col, Relation},
    track::Tracker,
};
use crate::{
    plan::{RELEASED, not_offered},
    question::{Column, Key, Preimage, Question, Statistic},
};

/// Decimal places that a measure without declared ones is put on.
const OPAQUE_SCALE: u32 = 6;

/// A question while it is put together.
struct Making {
    input: Relation,
    columns: Vec<(Column, Expr)>,
    values: Vec<(String, Expr)>,
    statistics: Vec<Statistic>,
}

impl Making {
    /// The released column of a statistic.
    fn show(&mut self, statistic: Statistic) -> Expr {
        let at = self.statistics.iter().position(|s| *s == statistic).unwrap_or_else(|| {
            self.statistics.push(statistic);
            self.statistics.len() - 1
        });
        datafusion::prelude::ident(format!("s{at}"))
    }

    fn column(&mut self, column: Column, e: Expr) -> usize {
        self.columns.iter().position(|(c, _)| c.name == column.name).unwrap_or_else(|| {
            self.columns.push((column, e));
            self.columns.len() - 1
        })
    }
}

/// A column that enters second moments: `factor * column + offset`.
#[derive(Clone, Copy)]
struct Axis {
    column: usize,
    factor: f64,
    offset: f64,
}

impl Tracker<'_> {
    /// True where the person is one of the groups.
    pub(super) fn groups_by_person(&mut self, node: &Aggregate, input: &Relation, outer: Option<&Scope<'_>>) -> Result<bool, Refusal> {
        let here = [input];
        let scope = Scope::of(&here, outer);
        for e in &node.group_expr {
            if !matches!(e, Expr::GroupingSet(_)) && matches!(self.col(e, &scope)?, Col::Person(..)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The table that the gate's answer becomes, under the aggregate's own names.
    pub(super) fn release(&mut self, node: &Aggregate, input: Relation, outer: Option<&Scope<'_>>) -> Result<LogicalPlan, Refusal> {
        let (groups, sets) = grouping(&node.group_expr)?;
        let (keys, key_exprs, kinds, input) = self.keys(&groups, input, outer)?;
        let mut making = Making { input: input.clone(), columns: Vec::new(), values: Vec::new(), statistics: Vec::new() };
        let here = [&input];
        let scope = Scope::of(&here, outer);
        let mut formulas = Vec::new();
        for e in &node.aggr_expr {
            formulas.push(self.aggregate(&mut making, e, &scope)?);
        }
        // A SELECT of groups only still says who is there: people are judged with it.
        if making.statistics.is_empty() {
            return Err(not_offered(
                "a SELECT without an aggregate is a list of groups that nobody counted; add COUNT(DISTINCT person)",
                "集計のない GROUP BY は、人数を数えない群の一覧になります。COUNT(DISTINCT 個人キー) を加えてください",
            ));
        }
        let used: Vec<Expr> = making.columns.iter().map(|(_, e)| e.clone()).chain(making.values.iter().map(|(_, e)| e.clone())).collect();
        making.input = self.with_calls(making.input, used.iter())?;
        let question = self.question(making, keys, &key_exprs, sets)?;
        if asks_of_each(&question.rows) {
            return Err(not_offered(
                "an aggregate that is computed anew for each person around it is not offered; GROUP BY the person in a subquery and join it",
                "外側の個人ごとに計算し直す集計は使えません。個人キーで GROUP BY した副問合せを結合してください",
            ));
        }
        let point = Point::new(question, &kinds);
        let number = self.points.len();
        let fields = node.schema.iter().map(|(q, f)| (q.cloned(), f.name().clone()));
        let of_keys = (0..groups.len()).map(|i| datafusion::prelude::ident(format!("k{i}")));
        // Between groups and aggregates the engine's schema has the number of the grouping set.
        let internal = node.schema.fields().len().saturating_sub(groups.len() + formulas.len());
        let of_sets = (0..internal).map(|_| lit(0u32));
        let exprs: Vec<Expr> = of_keys
            .chain(of_sets)
            .chain(formulas.iter().map(|(f, _)| f.clone()))
            .zip(fields)
            .map(|(e, (qualifier, name))| e.alias_qualified(qualifier, name))
            .collect();
        for (_, (_, field)) in groups.iter().zip(node.schema.iter()).filter(|(e, _)| !matches!(e, Expr::Column(_) | Expr::Alias(_))) {
            self.made.insert(field.name().clone());
        }
        for ((_, title), (_, field)) in formulas.iter().zip(node.schema.iter().skip(groups.len() + internal)) {
            self.titles.insert(field.name().clone(), title.clone());
        }
        self.remember_counts(&point, &formulas, node, groups.len() + internal);
        let plan = scan(number, &point)
            .and_then(|s| s.project(exprs.into_iter().chain([datafusion::prelude::ident("before").alias(BEFORE)])))
            .and_then(LogicalPlanBuilder::build)
            .map_err(|_| not_valid(None))?;
        self.points.push(point);
        Ok(plan)
    }

    fn remember_counts(&mut self, point: &Point, formulas: &[(Expr, String)], node: &Aggregate, from: usize) {
        for ((formula, _), (_, field)) in formulas.iter().zip(node.schema.iter().skip(from)) {
            let Expr::Column(c) = formula else { continue };
            let at = c.name.strip_prefix('s').and_then(|n| n.parse::<usize>().ok());
            let statistic = at.and_then(|i| point.question.statistics.get(i));
            if matches!(statistic, Some(Statistic::People(_) | Statistic::Rows(_))) {
                self.counts.insert(field.name().clone());
            }
        }
    }

    fn question(&mut self, making: Making, keys: Vec<Key>, key_exprs: &[Expr], sets: Vec<Vec<usize>>) -> Result<Question, Refusal> {
        let Making { input, columns, values, statistics } = making;
        let unit = input.unit.clone().ok_or_else(|| not_valid(None))?;
        let mut rows = vec![Expr::Column(unit).alias("unit")];
        rows.extend(input.sites.iter().enumerate().map(|(i, (_, c))| Expr::Column(c.clone()).alias(format!("site{i}"))));
        for (i, e) in key_exprs.iter().enumerate() {
            rows.push(self.safe(e.clone(), &input)?.alias(format!("key{i}")));
        }
        for (i, (_, e)) in columns.iter().enumerate() {
            rows.push(self.safe(e.clone(), &input)?.alias(format!("column{i}")));
        }
        for (i, (_, e)) in values.iter().enumerate() {
            rows.push(self.safe(e.clone(), &input)?.alias(format!("value{i}")));
        }
        let plan =
            LogicalPlanBuilder::from(input.plan.clone()).project(rows).and_then(LogicalPlanBuilder::build).map_err(|_| not_valid(None))?;
        let tables: BTreeSet<(String, String)> = input.tables.iter().chain(&self.also).cloned().collect();
        let listings: BTreeSet<String> = tables.iter().map(|(l, _)| l.clone()).collect();
        Ok(Question {
            rows: plan,
            relation: input.name(),
            filter: input.filter.clone().normalised(),
            keys,
            sets,
            columns: columns.into_iter().map(|(c, _)| c).collect(),
            values: values.into_iter().map(|(name, _)| name).collect(),
            statistics,
            sites: input.sites.into_iter().map(|(column, _)| column).collect(),
            listings: listings.into_iter().collect(),
            tables: tables.into_iter().map(|(l, t)| format!("{l}.{t}")).collect(),
            one_row_per_person: input.one_row,
            places: self.places.clone(),
        })
    }

    /// Group keys: expressions whose values are known without looking at the data, or counts of one person's rows.
    fn keys(
        &mut self,
        groups: &[Expr],
        input: Relation,
        outer: Option<&Scope<'_>>,
    ) -> Result<(Vec<Key>, Vec<Expr>, Vec<DataType>, Relation), Refusal> {
        let mut values = Vec::new();
        {
            let here = [&input];
            let scope = Scope::of(&here, outer);
            for e in groups {
                values.push((e, self.value(e, &scope)?));
            }
        }
        let input = self.with_calls(input, values.iter().map(|(_, v)| v))?;
        let (mut keys, mut exprs, mut kinds) = (Vec::new(), Vec::new(), Vec::new());
        for (written, value) in values {
            self.check_key(written, &value)?;
            let kind = self.widest(&value, &input)?;
            let value = match kind {
                DataType::Int64 | DataType::Boolean | DataType::Utf8 | DataType::Utf8View | DataType::Dictionary(..) | DataType::Null => {
                    value
                }
                // Steps of FLOOR and ROUND come as floating-point numbers.
                DataType::Float64 if self.whole_steps(&value) => Expr::TryCast(TryCast::new(Box::new(value), DataType::Int64)),
                _ => return Err(broken_key(written)),
            };
            kinds.push(match kind {
                DataType::Float64 => DataType::Int64,
                DataType::Dictionary(..) | DataType::Utf8View | DataType::Null => DataType::Utf8,
                other => other,
            });
            let of = match &value {
                Expr::Column(c) => self.origins.get(c).and_then(|o| o.values.clone().map(|v| Preimage::Column(o.name.clone(), v))),
                other => self.origins.preimage(other).map(|(name, sets)| Preimage::Sets(name, sets)),
            };
            keys.push(Key { name: self.origins.words(&value), columns: self.origins.columns(&value), of });
            exprs.push(value);
        }
        Ok((keys, exprs, kinds, input))
    }

    /// The type of a key: of a CASE, whole numbers and others together are others, as the engine makes them.
    fn widest(&self, e: &Expr, input: &Relation) -> Result<DataType, Refusal> {
        let Expr::Case(case) = e else { return self.kind(e, input) };
        let branches = case.when_then_expr.iter().map(|(_, t)| &**t).chain(case.else_expr.as_deref());
        let kinds = branches.map(|b| self.widest(b, input)).collect::<Result<Vec<_>, _>>()?;
        let real = |k: &DataType| matches!(k, DataType::Float64 | DataType::Decimal128(..));
        if kinds.iter().any(real) { Ok(DataType::Float64) } else { self.kind(e, input) }
    }

    /// True where a rounded key is whole for every declared value.
    fn whole_steps(&self, e: &Expr) -> bool {
        let cut = Expr::TryCast(TryCast::new(Box::new(e.clone()), DataType::Int64));
        let same = cut.eq(e.clone());
        matches!(self.origins.condition(&same), crate::predicate::Predicate::True)
    }

    /// True where the values of an expression are known without looking at the data.
    pub(super) fn is_declared(&self, e: &Expr) -> bool {
        let open = |c: &datafusion::common::Column| {
            self.origins.get(c).is_some_and(|o| o.values.is_none() && !o.declared && !matches!(o.class, Class::Count | Class::Public))
        };
        declared(e, &open)
    }

    fn check_key(&self, written: &Expr, value: &Expr) -> Result<(), Refusal> {
        if !self.is_declared(value) {
            let name = first_column(written).unwrap_or_else(|| "this".to_owned());
            return Err(Refusal::new(
                Code::ColumnUse,
                format!(
                    "`{name}` has no declared domain, so its values cannot name groups: band it with CASE WHEN {name} < ... THEN '...' END"
                ),
            )
            .ja(format!(
                "`{name}` には宣言された値域がないため、群の名前にできません。CASE WHEN {name} < … THEN '…' END で区分してください"
            ))
            .at(place(written)));
        }
        Ok(())
    }

    /// One aggregate: what is shown, as a formula over the released statistics, and its title.
    fn aggregate(&mut self, making: &mut Making, e: &Expr, scope: &Scope<'_>) -> Result<(Expr, String), Refusal> {
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
            Col::Site(site, c) => (site.name().to_owned(), counted(site, c).map_err(|r| r.at(place(argument)))?),
            Col::Value(value) => (self.origins.words(&value), value),
            Col::Person(..) => return Err(person_misused("person")),
        };
        if !self.calls_in(&value).is_empty() {
            return Err(guest_inside());
        }
        let (words, value) = match filter {
            Some(p) => (format!("{words} if {}", self.origins.condition(&p).normalised().text()), only(&p, value)),
            None => (words, value),
        };
        let at = making.values.iter().position(|(n, _)| *n == words).unwrap_or_else(|| {
            making.values.push((words, value));
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
        let condition = self.origins.condition(&p).normalised();
        if condition == crate::predicate::Predicate::True {
            return Ok(None);
        }
        let column = Column { name: format!("1 if {}", condition.text()), scale: 0, bounds: None, opaque: false };
        Ok(Some(making.column(column, only(&p, lit(1i64)))))
    }

    /// A catalogued column where a condition holds.
    fn measure(&mut self, making: &mut Making, term: &Term) -> Result<Option<usize>, Refusal> {
        let Some(value) = &term.column else { return self.indicator(making, term.when.clone()) };
        let origin = self.origins.of(value).into_iter().next().map(|(_, o)| o.clone());
        let plain = matches!(value, Expr::Column(_));
        let (scale, bounds) = origin.and_then(|o| o.measure).filter(|_| plain).unwrap_or((0, None));
        let kind = self.kind(value, &making.input)?;
        let scale = match kind {
            DataType::Decimal128(_, s) => u32::try_from(s).unwrap_or(scale),
            DataType::Float64 => OPAQUE_SCALE,
            _ => 0,
        };
        let words = self.origins.words(value);
        let (name, e) = match &term.when {
            None => (words, value.clone()),
            Some(p) => match self.origins.condition(p).normalised() {
                crate::predicate::Predicate::True => (words, value.clone()),
                condition => (format!("{words} if {}", condition.text()), only(p, value.clone())),
            },
        };
        Ok(Some(making.column(Column { name, scale, bounds, opaque: false }, e)))
    }

    /// Anything that is not linear: one column, clipped at the k-th person.
    fn opaque(&mut self, making: &mut Making, e: &Expr) -> Result<usize, Refusal> {
        let whole = match self.kind(e, &making.input)? {
            DataType::Int64 => true,
            DataType::Float64 => false,
            DataType::Decimal128(..) => false,
            _ => return Err(not_valid(place(e))),
        };
        let value = if whole { e.clone() } else { Expr::TryCast(TryCast::new(Box::new(e.clone()), DataType::Float64)) };
        let scale = if whole { 0 } else { OPAQUE_SCALE };
        let name = format!("opaque {}", self.origins.words(e));
        Ok(making.column(Column { name, scale, bounds: None, opaque: true }, value))
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
        if let [Term { factor, column: Some(_), when: None }] = terms.as_slice() {
            let column = terms.first().map(|t| self.measure(making, t)).transpose()?.flatten().ok_or_else(|| not_valid(None))?;
            return Ok(times(making.show(Statistic::Ratio(column, column)), *factor));
        }
        // The rows over which the mean is taken: those in which the whole argument has a value.
        let all = Column { name: format!("1 if {}", self.origins.words(x)), scale: 0, bounds: None, opaque: false };
        let present = self.origins.present(x);
        let bottom = match &present {
            None => making.column(Column { name: "1".to_owned(), ..all }, lit(1i64)),
            Some(p) => {
                let name = format!("1 if {}", self.origins.condition(p).normalised().text());
                making.column(Column { name, ..all }, only(p, lit(1i64)))
            }
        };
        let mut formula: Option<Expr> = None;
        for term in terms {
            let top = match &term.column {
                None if term.when.is_none() || term.when == present => None,
                _ => self.measure(making, &term)?,
            };
            let shown = match top {
                // A number in every row that counts is itself.
                None => lit(term.factor),
                Some(top) => times(making.show(Statistic::Ratio(top, bottom)), term.factor),
            };
            formula = Some(added(formula, shown));
        }
        formula.ok_or_else(|| not_valid(place(x)))
    }

    fn quantile(&mut self, making: &mut Making, x: &Expr, p: f64) -> Result<Expr, Refusal> {
        if !(0.01..=0.99).contains(&p) {
            return Err(not_offered(
                "a percentile lies between 0.01 and 0.99: the ends are single people",
                "百分位は 0.01 から 0.99 の間にしてください。両端は 1 人の値になります",
            )
            .at(place(x)));
        }
        let x = self.axis(making, x, None)?;
        // A falling line turns the order round.
        let p = if x.factor < 0.0 { 1.0 - p } else { p };
        let thousandths = (p * 1000.0).round() as u32;
        Ok(times(making.show(Statistic::Quantile(x.column, thousandths)), x.factor) + lit(x.offset))
    }

    /// The column of an expression that second moments and quantiles are taken of; `other` must have a value as well.
    fn axis(&mut self, making: &mut Making, x: &Expr, other: Option<&Expr>) -> Result<Axis, Refusal> {
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
    fn pair(&mut self, making: &mut Making, name: &str, y: &Expr, x: &Expr) -> Option<Result<Expr, Refusal>> {
        let known = ["corr", "covar_pop", "covar_samp", "covar"].contains(&name) || name.starts_with("regr_");
        known.then(|| self.pair_of(making, name, y, x))
    }

    fn pair_of(&mut self, making: &mut Making, name: &str, y: &Expr, x: &Expr) -> Result<Expr, Refusal> {
        let (ay, ax) = (self.axis(making, y, Some(x))?, self.axis(making, x, Some(y))?);
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

/// True where the rows of an aggregate hang on a row of the query around it. Conditions inside EXISTS and IN are not looked into.
fn asks_of_each(rows: &LogicalPlan) -> bool {
    let outer = |e: &Expr| e.exists(|n| Ok(matches!(n, Expr::OuterReferenceColumn(..)))).unwrap_or(true);
    rows.exists(|node| Ok(node.expressions().iter().any(outer))).unwrap_or(true)
}

/// Guests give labels, not numbers.
pub(super) fn guest_inside() -> Refusal {
    not_offered(
        "a guest inside an aggregate is not offered: GROUP BY guest.name(...) and count people in each group",
        "集計の中でプログラム（guest）は使えません。GROUP BY guest.名前(…) とし、群ごとに人数を数えてください",
    )
}

/// True once the first argument is there: further ones (a percentile) are no measures.
fn values_done(values: &[Expr]) -> bool {
    !values.is_empty()
}

/// An expression where a condition holds, NULL elsewhere.
fn only(condition: &Expr, e: Expr) -> Expr {
    Expr::Case(Case { expr: None, when_then_expr: vec![(Box::new(condition.clone()), Box::new(e))], else_expr: None })
}

fn times(e: Expr, factor: f64) -> Expr {
    if factor == 1.0 { e } else { e * lit(factor) }
}

fn added(sum: Option<Expr>, e: Expr) -> Expr {
    match sum {
        Some(sum) => sum + e,
        None => e,
    }
}

/// Terms of one column and condition are one term.
fn merged(terms: Vec<Term>) -> Vec<Term> {
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

/// Operators whose answer is true or false.
const COMPARING: [Operator; 8] =
    [Operator::Eq, Operator::NotEq, Operator::Lt, Operator::LtEq, Operator::Gt, Operator::GtEq, Operator::And, Operator::Or];

/// True where the values of an expression are known without looking at the data.
fn declared(e: &Expr, open: &dyn Fn(&datafusion::common::Column) -> bool) -> bool {
    match e {
        // Bands: whatever the conditions look at, the labels stand in the text.
        Expr::Case(case) => {
            let labels = case.when_then_expr.iter().map(|(_, t)| &**t).chain(case.else_expr.as_deref());
            labels.into_iter().all(|l| declared(l, open))
        }
        // True, false or nothing.
        Expr::IsNull(_) | Expr::IsNotNull(_) | Expr::IsTrue(_) | Expr::IsNotTrue(_) | Expr::IsFalse(_) | Expr::IsNotFalse(_) => true,
        Expr::Not(_) | Expr::Like(_) | Expr::InList(_) | Expr::Exists(_) | Expr::InSubquery(_) => true,
        Expr::BinaryExpr(b) if COMPARING.contains(&b.op) => true,
        other => !other.column_refs().into_iter().any(open),
    }
}

fn broken_key(written: &Expr) -> Refusal {
    not_offered(
        "groups are named by whole numbers, codes and texts; round a number with FLOOR(...) or band it with CASE",
        "群の名前は整数・コード・文字列です。FLOOR(…) で丸めるか、CASE で区分してください",
    )
    .at(place(written))
}

/// The groups of a GROUP BY, each once, and which of them each grouping set has, finest first.
fn grouping(exprs: &[Expr]) -> Result<(Vec<Expr>, Vec<Vec<usize>>), Refusal> {
    let [Expr::GroupingSet(set)] = exprs else {
        if exprs.iter().any(|e| matches!(e, Expr::GroupingSet(_))) {
            return Err(not_offered(
                "ROLLUP, CUBE or GROUPING SETS beside other groups is not offered; put all groups inside",
                "ROLLUP・CUBE・GROUPING SETS とほかの群を並べることはできません。すべてを中に入れてください",
            ));
        }
        return Ok((exprs.to_vec(), vec![(0..exprs.len()).collect()]));
    };
    let groups: Vec<Expr> = set.distinct_expr().into_iter().cloned().collect();
    let all: Vec<usize> = (0..groups.len()).collect();
    let place = |e: &Expr| groups.iter().position(|g| g == e);
    let mut sets: Vec<Vec<usize>> = match set {
        GroupingSet::Rollup(list) => (0..=list.len()).map(|n| list.iter().take(n).filter_map(place).collect()).collect(),
        GroupingSet::Cube(list) => {
            if list.len() > 6 {
                return Err(not_offered("CUBE takes six groups at most", "CUBE に入れられる群は 6 つまでです"));
            }
            (0..1usize << list.len()).map(|mask| all.iter().copied().filter(|i| mask >> i & 1 == 1).collect()).collect()
        }
        GroupingSet::GroupingSets(lists) => lists.iter().map(|list| list.iter().filter_map(place).collect()).collect(),
    };
    for set in &mut sets {
        set.sort_unstable();
        set.dedup();
    }
    sets.sort_by_key(|s| (std::cmp::Reverse(s.len()), s.clone()));
    sets.dedup();
    Ok((groups, sets))
}
