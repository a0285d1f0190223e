//! Steps that stay with the person: GROUP BY the person, windows over a person's rows, DISTINCT and UNION with the person.

use std::collections::BTreeSet;

use datafusion::{
    arrow::datatypes::DataType,
    common::{Column, ExprSchema},
    functions_aggregate::expr_fn::min,
    logical_expr::{
        Aggregate, Expr, ExprSchemable, LogicalPlan, LogicalPlanBuilder, TryCast, Window, WindowFrame, WindowFrameBound, WindowFrameUnits,
        expr::{AggregateFunction, Sort, WindowFunction},
    },
};
use visiting_policies::Refusal;

use super::{
    expression::{Scope, counted, not_valid, place, site_misused},
    origin::{Class, Origin, of_guest},
    over::misplaced,
    relation::{Col, Relation, Visible},
    track::Tracker,
};
use crate::{
    plan::{PER_PERSON, not_offered},
    predicate::Predicate,
};

impl Tracker<'_> {
    /// GROUP BY the person and more: one row a person and group.
    pub(super) fn per_person(&mut self, node: &Aggregate, input: Relation, outer: Option<&Scope<'_>>) -> Result<Relation, Refusal> {
        let input = self.with_guest_rows(input, &[node.group_expr.clone(), node.aggr_expr.clone()].concat());
        let here = [&input];
        let scope = Scope::of(&here, outer);
        let fields: Vec<_> = node.schema.iter().map(|(q, f)| (q.cloned(), f.name().clone())).collect();
        let mut visible: Vec<(Col, Option<Expr>)> = Vec::new();
        for e in &node.group_expr {
            visible.push(match self.col(e, &scope)? {
                Col::Value(value) => (Col::Value(value.clone()), Some(value)),
                Col::Person(_, true) => return Err(nobody_there().at(place(e))),
                Col::Person(c, _) => (Col::Person(c, false), None),
                Col::Site(site, _) => return Err(site_misused(site, site.name()).at(place(e))),
            });
        }
        let mut input = self.with_calls(input.clone(), visible.iter().filter_map(|(_, v)| v.as_ref()))?;
        let unit = input.unit.clone().ok_or_else(|| not_valid(None))?;
        // Keys become origins of their own, unless they are one already.
        let mut groups = vec![Expr::Column(unit.clone())];
        let mut carried = Vec::new();
        let mut keys = Vec::new();
        for (col, value) in &mut visible {
            let Some(value) = value.as_ref() else { continue };
            let column = match value {
                Expr::Column(c) => c.clone(),
                other => {
                    let kind = self.kind(other, &input)?;
                    let mut origin = Origin::derived(self.origins.words(other), Class::Other, kind, self.origins.columns(other));
                    self.declare(&mut origin, [other]);
                    origin.listed = self.origins.of_a_list(other);
                    self.origins.add(origin)
                }
            };
            let made = self.safe(value.clone(), &input)?.alias(column.name.clone());
            keys.push(self.origins.words(value));
            *col = Col::Value(Expr::Column(column.clone()));
            if !carried.contains(&column) {
                groups.push(made);
                carried.push(column);
            }
        }
        let mut aggregates = Vec::new();
        let mut told = Vec::new();
        let whole = input.clone();
        let here = [&whole];
        let scope = Scope::of(&here, outer);
        for e in &node.aggr_expr {
            let (made, origin) = self.own_aggregate(e, &scope, &whole)?;
            told.push(origin.name.clone());
            let column = self.origins.add(origin);
            aggregates.push(made.alias(column.name.clone()));
            visible.push((Col::Value(Expr::Column(column.clone())), None));
            carried.push(column);
        }
        // Of a person's several facilities or households one stands for all: fewer different ones than there are, never more.
        let sites = std::mem::take(&mut input.sites);
        aggregates.extend(sites.iter().map(|(_, c)| min(Expr::Column(c.clone())).alias(c.name.clone())));
        let plan = LogicalPlanBuilder::from(input.plan.clone()).aggregate(groups, aggregates).and_then(LogicalPlanBuilder::build);
        let plan = plan.map_err(|_| not_valid(node.group_expr.iter().find_map(place)))?;
        keys.sort();
        told.sort();
        let one_row = keys.is_empty();
        let guest_rows = !one_row && (input.guest_rows || keys.iter().any(|words| of_guest(words)));
        let named = visible.into_iter().zip(fields);
        // Whoever has a row has one group at least.
        let words = format!("per person [{}; {}] of {}", keys.join(", "), told.join(", "), input.words());
        let anybody = self.who(&input);
        let made = Relation {
            plan,
            unit: Some(unit),
            sites,
            carried,
            visible: named.map(|((col, _), (qualifier, name))| Visible { qualifier, name, col }).collect(),
            sources: Vec::new(),
            filter: Predicate::True,
            one_row,
            guest_rows,
            lists: input.lists && !one_row,
            tables: input.tables,
        };
        Ok(Relation { sources: vec![self.as_source(words, &made, anybody)], ..made })
    }

    /// An aggregate of one person's rows: the engine's expression, and what its value is.
    fn own_aggregate(&mut self, e: &Expr, scope: &Scope<'_>, input: &Relation) -> Result<(Expr, Origin), Refusal> {
        let Expr::AggregateFunction(f) = e.clone().unalias() else { return Err(not_valid(place(e))) };
        let name = f.func.name().to_owned();
        if name.starts_with("guest.") {
            return Err(misplaced().at(place(e)));
        }
        if !PER_PERSON.contains(&name.as_str()) {
            return Err(not_offered(
                format!("{name}(...) per person is not offered; {} are", PER_PERSON.join(", ")),
                format!("個人ごとの {name}(…) は使えません。{} を使ってください", PER_PERSON.join("・")),
            )
            .at(place(e)));
        }
        let mut params = f.params.clone();
        let mut values = Vec::new();
        for argument in &f.params.args {
            values.push(match self.col(argument, scope)? {
                Col::Value(value) => value,
                // Counting the rows that have a person: all of them, or those of an outer join's far side.
                Col::Person(c, _) if name == "count" && !f.params.distinct => Expr::Column(c),
                Col::Site(site, c) if name == "count" => counted(site, c).map_err(|r| r.at(place(argument)))?,
                _ => return Err(super::expression::person_misused("person").at(place(argument))),
            });
        }
        let filter = f.params.filter.as_ref().map(|e| self.value(e, scope)).transpose()?;
        let mut order = Vec::new();
        for sort in &f.params.order_by {
            order.push(Sort { expr: self.value(&sort.expr, scope)?, asc: sort.asc, nulls_first: sort.nulls_first });
        }
        let told = |this: &Self, e: &Expr| this.origins.words(e);
        let mut words = values.iter().map(|v| told(self, v)).collect::<Vec<_>>().join(", ");
        if f.params.distinct {
            words = format!("distinct {words}");
        }
        words.extend(filter.iter().map(|f| format!(" if {}", self.origins.condition(f).normalised().text())));
        words.extend(order.iter().map(|s| format!(" by {} {} {}", told(self, &s.expr), s.asc, s.nulls_first)));
        let columns: BTreeSet<String> = values.iter().flat_map(|v| self.origins.columns(v)).collect();
        let plain = match values.as_slice() {
            [Expr::Column(c)] => self.origins.get(c).cloned(),
            _ => None,
        };
        let listed = values.iter().chain(filter.iter()).any(|v| self.origins.of_a_list(v));
        params.args = values.into_iter().map(|v| self.safe(v, input)).collect::<Result<_, _>>()?;
        params.filter = filter.map(|f| self.safe(f, input).map(Box::new)).transpose()?;
        params.order_by = order.into_iter().map(|s| Ok(Sort { expr: self.safe(s.expr, input)?, ..s })).collect::<Result<_, Refusal>>()?;
        if matches!(name.as_str(), "first_value" | "last_value") {
            // Of rows that the order leaves equal, always the same one.
            params.order_by.extend(params.args.first().cloned().map(|e| e.sort(true, false)));
        }
        let made = Expr::AggregateFunction(AggregateFunction { func: f.func.clone(), params });
        let kind = made.get_type(input.plan.schema()).map_err(|_| not_valid(place(e)))?;
        let name_in_plans = format!("{name}({words}) of {}", input.words());
        let mut origin = Origin::derived(name_in_plans, Class::Other, kind, columns.into_iter().collect());
        origin.listed = listed;
        match (name.as_str(), plain) {
            ("count", _) if input.guest_rows => origin.nullable = false,
            ("count", _) => (origin.class, origin.nullable) = (Class::Count, false),
            // One of the column's own values: its domain and its measure are the column's.
            ("min" | "max" | "first_value" | "last_value", Some(of)) => {
                (origin.class, origin.values, origin.months, origin.measure) =
                    (of.class, of.values, of.months, of.measure.map(|(s, _)| (s, None)));
                (origin.declared, origin.most) = (of.declared, of.most);
                // A group has a row, and where every row counts and has a value, so has the group.
                origin.nullable = of.nullable || f.params.filter.is_some();
            }
            // What a plain column comes to for one person is as much the column's as its rows are.
            ("sum", Some(of)) if of.class == Class::Catalogued && !input.guest_rows => {
                (origin.class, origin.measure) = (Class::Catalogued, of.measure);
            }
            ("avg", Some(of)) if of.class == Class::Catalogued && !input.guest_rows => origin.class = Class::Catalogued,
            _ => {}
        }
        Ok((made, origin))
    }

    /// Everything a row has, in the order of its names: rows that are equal in all of it may change places. Texts are read out of their
    /// dictionaries, which the engine would merge again and again while it sorts.
    fn with_ties(&mut self, mut relation: Relation) -> Result<(Relation, Vec<Sort>), Refusal> {
        let sites = relation.visible.iter().filter_map(|v| if let Col::Site(_, c) = &v.col { Some(c) } else { None });
        let sites = relation.sites.iter().map(|(_, c)| c).chain(sites);
        let mut all: Vec<(String, Column)> =
            relation.carried.iter().chain(sites).map(|c| (self.origins.words(&Expr::Column(c.clone())), c.clone())).collect();
        all.sort();
        all.dedup();
        let mut exprs: Vec<Expr> = relation.plan.schema().columns().into_iter().map(Expr::Column).collect();
        let (there, mut ties) = (exprs.len(), Vec::new());
        for (_, column) in all {
            let text = matches!(relation.plan.schema().field_from_column(&column).map(|f| f.data_type()), Ok(DataType::Dictionary(..)));
            let by = if text { self.tie() } else { column.clone() };
            if text {
                exprs.push(Expr::TryCast(TryCast::new(Box::new(Expr::Column(column)), DataType::Utf8View)).alias(by.name.clone()));
            }
            ties.push(Expr::Column(by).sort(true, false));
        }
        if exprs.len() > there {
            let plan = LogicalPlanBuilder::from(relation.plan).project(exprs).and_then(LogicalPlanBuilder::build);
            relation.plan = plan.map_err(|_| not_valid(None))?;
        }
        Ok((relation, ties))
    }

    /// Windows over one person's rows.
    pub(super) fn window(&mut self, node: &Window, input: Relation, outer: Option<&Scope<'_>>) -> Result<Relation, Refusal> {
        let input = self.with_guest_rows(input, &node.window_expr);
        let (input, ties) = if node.window_expr.iter().any(hangs_on_ties) { self.with_ties(input)? } else { (input, Vec::new()) };
        let here = [&input];
        let scope = Scope::of(&here, outer);
        let mut made = Vec::new();
        let mut added = Vec::new();
        for (e, field) in node.window_expr.iter().zip(node.schema.iter().skip(input.visible.len())) {
            let at = place(e);
            let Expr::WindowFunction(w) = e.clone().unalias() else { return Err(not_valid(at)) };
            let WindowFunction { fun, mut params } = *w;
            let mut partition = Vec::new();
            let mut whose = false;
            for p in &params.partition_by {
                partition.push(match self.col(p, &scope)? {
                    Col::Value(value) => value,
                    Col::Person(c, _) => {
                        whose = true;
                        Expr::Column(c)
                    }
                    Col::Site(site, _) => return Err(site_misused(site, site.name()).at(place(p))),
                });
            }
            if !whose {
                return Err(not_offered(
                    "a window over people mixes them: write OVER (PARTITION BY person ORDER BY ...), or use the window above a GROUP BY",
                    "人をまたぐウィンドウ関数は使えません。OVER (PARTITION BY 個人キー ORDER BY …) とするか、GROUP BY の結果に使ってください",
                )
                .at(place(e)));
            }
            let told_partition = partition.iter().map(|a| self.origins.words(a)).collect::<Vec<_>>().join(", ");
            params.partition_by = partition.into_iter().map(|p| self.safe(p, &input)).collect::<Result<_, _>>()?;
            let mut args = Vec::new();
            for a in &params.args {
                args.push(self.value(a, &scope)?);
            }
            let mut order = Vec::new();
            for s in &params.order_by {
                order.push(Sort { expr: self.value(&s.expr, &scope)?, asc: s.asc, nulls_first: s.nulls_first });
            }
            let only = params.filter.as_ref().map(|f| self.value(f, &scope)).transpose()?;
            let told = only.as_ref().map_or_else(String::new, |f| format!(" if {}", self.origins.condition(f).normalised().text()));
            let words = format!(
                "{}({}{}){told} over ({}; {}; {:?}) of {}",
                fun.name(),
                if params.distinct { "distinct " } else { "" },
                args.iter().map(|a| self.origins.words(a)).collect::<Vec<_>>().join(", "),
                told_partition,
                order.iter().map(|s| format!("{} {} {}", self.origins.words(&s.expr), s.asc, s.nulls_first)).collect::<Vec<_>>().join(", "),
                params.window_frame,
                input.words()
            );
            let by = order.iter().map(|s| &s.expr).chain(&only);
            let listed = args.iter().chain(by).any(|v| self.origins.of_a_list(v));
            let columns: BTreeSet<String> = args.iter().flat_map(|v| self.origins.columns(v)).collect();
            let plain = match (fun.name(), args.as_slice()) {
                ("lag" | "lead" | "first_value" | "last_value" | "nth_value" | "min" | "max", [Expr::Column(c)]) => {
                    self.origins.get(c).cloned()
                }
                _ => None,
            };
            let counts = matches!(fun.name(), "row_number" | "rank" | "dense_rank" | "count" | "ntile") && !input.guest_rows;
            params.args = args.into_iter().map(|a| self.safe(a, &input)).collect::<Result<_, _>>()?;
            params.order_by =
                order.into_iter().map(|s| Ok(Sort { expr: self.safe(s.expr, &input)?, ..s })).collect::<Result<_, Refusal>>()?;
            params.filter = only.map(|f| self.safe(f, &input)).transpose()?.map(Box::new);
            if looks_at_rows(fun.name(), &params.window_frame) {
                if params.window_frame.units == WindowFrameUnits::Range && has_distance(&params.window_frame) {
                    return Err(not_offered(
                        "this window function with RANGE BETWEEN n PRECEDING takes any of the rows that its ORDER BY leaves equal; write ROWS BETWEEN",
                        "この関数と RANGE BETWEEN n PRECEDING の組み合わせでは、ORDER BY で同順位の行のどれが選ばれるか決まりません。ROWS BETWEEN と書いてください",
                    )
                    .at(at));
                }
                params.order_by.extend(ties.iter().cloned());
            }
            let e = Expr::WindowFunction(Box::new(WindowFunction { fun, params }));
            let kind = signed(e.get_type(input.plan.schema()).map_err(|_| not_valid(place(&e)))?);
            let mut origin = Origin::derived(words, if counts { Class::Count } else { Class::Other }, kind, columns.into_iter().collect());
            origin.listed = listed;
            if let Some(of) = plain {
                (origin.class, origin.values, origin.months, origin.measure) =
                    (of.class, of.values, of.months, of.measure.map(|(s, _)| (s, None)));
                (origin.declared, origin.most) = (of.declared, of.most);
            }
            let column = self.origins.add(origin);
            made.push(e.alias(column.name.clone()));
            added.push((
                Visible { qualifier: field.0.cloned(), name: field.1.name().clone(), col: Col::Value(Expr::Column(column.clone())) },
                column,
            ));
        }
        let mut relation = input;
        relation.plan = LogicalPlanBuilder::from(relation.plan).window(made).and_then(whole_numbers).map_err(|_| not_valid(None))?;
        for (visible, column) in added {
            relation.visible.push(visible);
            relation.carried.push(column);
        }
        Ok(relation)
    }

    /// DISTINCT with the person among the columns: GROUP BY all of them.
    pub(super) fn distinct(&mut self, input: Relation) -> Result<Relation, Refusal> {
        if !input.visible.iter().any(|v| matches!(v.col, Col::Person(..))) {
            return Err(not_offered(
                "DISTINCT over people's rows is a table nobody counted: use GROUP BY with COUNT(DISTINCT person), or keep the person as a column",
                "人の行への DISTINCT は、人数を数えない表になります。GROUP BY と COUNT(DISTINCT 個人キー) を使うか、個人キーを列に残してください",
            ));
        }
        for v in &input.visible {
            match v.col {
                Col::Person(_, true) => return Err(nobody_there()),
                Col::Site(site, _) => return Err(super::expression::site_misused(site, &v.name)),
                Col::Person(..) | Col::Value(_) => {}
            }
        }
        let visible: Vec<Expr> =
            input.visible.iter().filter_map(|v| if let Col::Value(e) = &v.col { Some(e.clone()) } else { None }).collect();
        let mut relation = self.with_guest_rows(self.with_calls(input, visible.iter())?, &[]);
        let unit = relation.unit.clone().ok_or_else(|| not_valid(None))?;
        let (mut groups, mut carried, mut words) = (vec![Expr::Column(unit)], Vec::new(), Vec::new());
        for place in 0..relation.visible.len() {
            let Some(Visible { col: Col::Value(value), .. }) = relation.visible.get(place).cloned() else { continue };
            words.push(self.origins.words(&value));
            let column = match &value {
                Expr::Column(c) => c.clone(),
                other => {
                    let kind = self.kind(other, &relation)?;
                    let mut origin = Origin::derived(self.origins.words(other), Class::Other, kind, self.origins.columns(other));
                    self.declare(&mut origin, [other]);
                    origin.listed = self.origins.of_a_list(other);
                    self.origins.add(origin)
                }
            };
            if !carried.contains(&column) {
                groups.push(self.safe(value, &relation)?.alias(column.name.clone()));
                carried.push(column.clone());
            }
            if let Some(v) = relation.visible.get_mut(place) {
                v.col = Col::Value(Expr::Column(column));
            }
        }
        words.sort();
        let sites: Vec<Expr> = relation.sites.iter().map(|(_, c)| min(Expr::Column(c.clone())).alias(c.name.clone())).collect();
        let source = if words.is_empty() {
            format!("people of {}", relation.words())
        } else {
            format!("distinct [{}] of {}", words.join(", "), relation.words())
        };
        let anybody = self.who(&relation);
        relation.plan = LogicalPlanBuilder::from(relation.plan)
            .aggregate(groups, sites)
            .and_then(LogicalPlanBuilder::build)
            .map_err(|_| not_valid(None))?;
        let one_row = words.is_empty();
        let guest_rows = !one_row && (relation.guest_rows || words.iter().any(|words| of_guest(words)));
        let lists = relation.lists && !one_row;
        let made = Relation { carried, filter: Predicate::True, one_row, guest_rows, lists, ..relation };
        Ok(Relation { sources: vec![self.as_source(source, &made, anybody)], ..made })
    }
}

/// The person of an outer join's far side, where rows without one would be a group of their own.
pub(super) fn nobody_there() -> Refusal {
    not_offered(
        "this person key belongs to the far side of an outer join and can be empty; use the person key of the table that everybody is kept from",
        "この個人キーは外部結合で空になりうる側のものです。残る側の表の個人キーを使ってください",
    )
}

/// True for a window whose value hangs on the order of rows that its ORDER BY leaves equal.
fn hangs_on_ties(e: &Expr) -> bool {
    matches!(e.clone().unalias(), Expr::WindowFunction(w) if looks_at_rows(w.fun.name(), &w.params.window_frame))
}

/// True for a window function whose value hangs on the order of rows that its ORDER BY leaves equal.
fn looks_at_rows(name: &str, frame: &WindowFrame) -> bool {
    match name {
        "row_number" | "ntile" | "lag" | "lead" | "first_value" | "last_value" | "nth_value" => true,
        "rank" | "dense_rank" | "percent_rank" | "cume_dist" => false,
        _ => frame.units == WindowFrameUnits::Rows,
    }
}

/// True for a frame that reaches a number of steps back or ahead.
fn has_distance(frame: &WindowFrame) -> bool {
    let steps = |bound: &WindowFrameBound| match bound {
        WindowFrameBound::Preceding(n) | WindowFrameBound::Following(n) => !n.is_null(),
        WindowFrameBound::CurrentRow => false,
    };
    steps(&frame.start_bound) || steps(&frame.end_bound)
}

/// Ranks and row numbers are whole numbers like any other.
fn signed(kind: DataType) -> DataType {
    if kind == DataType::UInt64 { DataType::Int64 } else { kind }
}

fn whole_numbers(built: LogicalPlanBuilder) -> datafusion::common::Result<LogicalPlan> {
    let plan = built.build()?;
    let column =
        |(qualifier, field): (Option<&datafusion::common::TableReference>, &std::sync::Arc<datafusion::arrow::datatypes::Field>)| {
            let e = Expr::Column(Column::new(qualifier.cloned(), field.name()));
            let unsigned = *field.data_type() == DataType::UInt64;
            if unsigned { Expr::TryCast(TryCast::new(Box::new(e), DataType::Int64)).alias(field.name()) } else { e }
        };
    let columns: Vec<Expr> = plan.schema().iter().map(column).collect();
    LogicalPlanBuilder::from(plan).project(columns)?.build()
}
