//! The release point: an aggregate over people becomes a question for the gate, and a table of what the gate lets through.

use std::collections::BTreeSet;

use datafusion::{
    common::tree_node::TreeNode,
    logical_expr::{Aggregate, Expr, LogicalPlan, LogicalPlanBuilder, lit},
};
use visiting_policies::Refusal;

use super::{
    above::{BEFORE, Point, scan},
    aggregate::Making,
    expression::{Scope, not_valid},
    keys::grouping,
    over::misplaced,
    relation::{Col, Relation},
    track::Tracker,
};
use crate::{
    plan::{GUESTS, not_offered},
    predicate::ValueSet,
    question::{Column, Key, Question, Statistic},
};

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
        let input = self.with_guest_rows(input, &node.aggr_expr);
        let mut making = Making {
            input: input.clone(),
            columns: Vec::new(),
            values: Vec::new(),
            statistics: Vec::new(),
            guests: Vec::new(),
            weighs: false,
        };
        let here = [&input];
        let scope = Scope::of(&here, outer);
        let mut formulas = Vec::new();
        for e in &node.aggr_expr {
            formulas.push(self.aggregate(&mut making, e, &scope)?);
        }
        if making.weighs {
            return Err(not_offered(
                "of a table in which a guest makes several rows of one person, only COUNT, SUM and AVG are taken; GROUP BY the person in a subquery first",
                "プログラムが 1 人に複数の行を作る表では、COUNT・SUM・AVG だけが使えます。先に副問合せで個人キーによる GROUP BY をしてください",
            ));
        }
        // A SELECT of groups only still says who is there: people are judged with it.
        if making.statistics.is_empty() {
            return Err(not_offered(
                "a SELECT without an aggregate is a list of groups that nobody counted; add COUNT(DISTINCT person)",
                "集計のない GROUP BY は、人数を数えない群の一覧になります。COUNT(DISTINCT 個人キー) を加えてください",
            ));
        }
        making.check_groups(&keys, key_exprs.iter().any(|e| self.is_listed(e)))?;
        if !making.guests.is_empty() && sets.len() != 1 {
            return Err(misplaced());
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
        let Making { input, columns, values, statistics, guests, .. } = making;
        let guests = self.of_groups(guests, key_exprs, &input)?;
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
        // What guests made is under the rules of what they read.
        let listings: BTreeSet<String> = tables.iter().map(|(l, _)| l.clone()).filter(|l| l != GUESTS).collect();
        Ok(Question {
            rows: plan,
            relation: input.name(),
            sources: input.sources.clone(),
            released: String::new(),
            filter: input.filter.clone().normalised(),
            keys,
            sets,
            domains: self.domains(columns.iter().map(|(c, _)| c)),
            columns: columns.into_iter().map(|(c, _)| c).collect(),
            values: values.into_iter().map(|(counted, _)| counted).collect(),
            statistics,
            sites: input.sites.into_iter().map(|(column, _)| column).collect(),
            listings: listings.into_iter().collect(),
            tables: tables.into_iter().map(|(l, t)| format!("{l}.{t}")).collect(),
            one_row_per_person: input.one_row,
            reads: guests.iter().map(|guest| guest.words.clone()).collect(),
            guests,
            places: self.places.clone(),
        })
    }

    /// The domains of what stands in the conditions of columns.
    fn domains<'c>(&self, columns: impl Iterator<Item = &'c Column>) -> Vec<(String, ValueSet)> {
        let names: BTreeSet<&String> = columns.flat_map(|c| c.when.names()).collect();
        names.into_iter().filter_map(|name| Some((name.clone(), self.origins.domain(name)?))).collect()
    }
}

/// True where the rows of an aggregate hang on a row of the query around it. Conditions inside EXISTS and IN are not looked into.
fn asks_of_each(rows: &LogicalPlan) -> bool {
    let outer = |e: &Expr| e.exists(|n| Ok(matches!(n, Expr::OuterReferenceColumn(..)))).unwrap_or(true);
    rows.exists(|node| Ok(node.expressions().iter().any(outer))).unwrap_or(true)
}
