//! The walk over the reader's plan that gives every relation its type, bottom up. What is on no list is refused.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use datafusion::{
    arrow::datatypes::{DataType, Field, Schema},
    common::{Column, DFSchema, tree_node::TreeNode},
    logical_expr::{
        Distinct, Expr, ExprSchemable, Filter, LogicalPlan, LogicalPlanBuilder, Projection, SubqueryAlias, TableScan, Union, Values,
        builder::LogicalTableSource,
    },
};
use visiting_policies::{Refusal, TextPlace, disclosure::Site};

use super::{
    above::{BEFORE, Point},
    budget::Budget,
    expression::{Scope, not_valid, place},
    kinds::fit,
    origin::{Origin, Origins},
    over,
    relation::{Col, Relation, Typed, Visible},
    safe::safe,
};
use crate::{
    config::TITLE_MAX_BYTES,
    extract::UNIT,
    guest::shelf::Call,
    plan::{PermitSchema, Source, kind, not_offered},
    predicate::Predicate,
    question::SiteColumn,
    vault::site_column,
    who::Joined,
};

/// A query whose types are all known.
#[derive(Debug)]
pub(crate) struct Tracked {
    /// The reader's plan above the release points.
    pub(crate) root: LogicalPlan,
    /// In the order in which they must be judged: later ones may use what earlier ones released.
    pub(crate) points: Vec<Point>,
    /// Calls of guests: name in plans, the call.
    pub(crate) calls: Vec<GuestCall>,
    /// Titles of the result's columns.
    pub(crate) titles: Vec<String>,
    /// True where it is not known which rows of the result repeat an earlier release.
    pub(crate) untraced: bool,
}

/// One call of a guest, as a column.
#[derive(Debug, Clone)]
pub(crate) struct GuestCall {
    /// What it is in plans.
    pub(crate) name: String,
    /// Digest and arguments.
    pub(crate) call: Call,
}

/// Says whether a listing's rules protect its facilities, or its households.
pub(crate) type Protected<'a> = &'a (dyn Fn(&str, Site) -> bool + Sync);

/// What the walk knows.
pub(super) struct Tracker<'a> {
    pub(super) permit: &'a PermitSchema,
    pub(super) origins: Origins,
    pub(super) points: Vec<Point>,
    /// Names of aggregates that count people or rows.
    pub(super) counts: BTreeSet<String>,
    pub(super) titles: BTreeMap<String, String>,
    /// Names that the engine made of expressions without an alias.
    pub(super) made: BTreeSet<String>,
    /// Guests' calls: expression, column, description.
    pub(super) calls: Vec<(Expr, Column, GuestCall)>,
    /// Origins that an outer join makes new.
    pub(super) renamed: Option<Vec<(Column, Column)>>,
    /// Where each column is first used, by its name in plans.
    pub(super) places: BTreeMap<String, TextPlace>,
    /// Fewest people behind anything shown, by any rule pack of the permit.
    pub(super) floor: u64,
    /// True where rows were merged above a release point.
    pub(super) untraced: bool,
    /// Tables that only conditions read.
    pub(super) also: BTreeSet<(String, String)>,
    pub(super) budget: Budget,
    keys: usize,
    occurrences: BTreeMap<String, usize>,
    protected: Protected<'a>,
}

/// Types a plan.
pub(crate) fn track(plan: &LogicalPlan, permit: &PermitSchema, floor: u64, protected: Protected<'_>) -> Result<Tracked, Refusal> {
    let mut tracker = Tracker::new(permit, floor, protected);
    match tracker.typed(plan, None)? {
        Typed::Released(root) if !tracker.points.is_empty() => {
            if tracker.points.iter().any(|point| !point.question.guests.is_empty()) {
                over::alone(tracker.points.len(), &root)?;
            }
            let titles = titles(&root, &tracker.titles, &tracker.made)?;
            let calls = tracker.calls.into_iter().map(|(_, _, call)| call).collect();
            Ok(Tracked { root, points: tracker.points, calls, titles, untraced: tracker.untraced })
        }
        Typed::Unit(_) => Err(not_offered(
            "this query would give a row for each person or record; only aggregates leave: add GROUP BY with COUNT(DISTINCT person), SUM, AVG, ...",
            "この問合せは人や記録ごとの行を返します。外に出せるのは集計だけです。GROUP BY と COUNT(DISTINCT 個人キー)・SUM・AVG などを使ってください",
        )),
        _ => Err(not_offered(
            "this query asks nothing about the data; name a table of the permit and an aggregate",
            "データについての問合せになっていません。許可された表と集計を書いてください",
        )),
    }
}

impl<'a> Tracker<'a> {
    /// Before the walk.
    pub(super) fn new(permit: &'a PermitSchema, floor: u64, protected: Protected<'a>) -> Self {
        Self {
            permit,
            origins: Origins::default(),
            points: Vec::new(),
            counts: BTreeSet::new(),
            titles: BTreeMap::new(),
            made: BTreeSet::new(),
            calls: Vec::new(),
            renamed: None,
            places: BTreeMap::new(),
            floor,
            untraced: false,
            also: BTreeSet::new(),
            budget: Budget::default(),
            keys: 0,
            occurrences: BTreeMap::new(),
            protected,
        }
    }
}

impl Tracker<'_> {
    /// The type of a relation.
    pub(super) fn typed(&mut self, plan: &LogicalPlan, outer: Option<&Scope<'_>>) -> Result<Typed, Refusal> {
        fit(plan)?;
        let typed = self.step(plan, outer)?;
        if let Typed::Unit(relation) = &typed {
            self.remember(relation)?;
        }
        Ok(typed)
    }

    fn step(&mut self, plan: &LogicalPlan, outer: Option<&Scope<'_>>) -> Result<Typed, Refusal> {
        match plan {
            LogicalPlan::TableScan(scan) => self.table(scan),
            LogicalPlan::Values(values) => self.list(values),
            LogicalPlan::EmptyRelation(_) => Ok(Typed::Public(plan.clone())),
            LogicalPlan::Join(join) => self.join(join, outer),
            LogicalPlan::Union(union) => self.all_of(plan, union, outer),
            LogicalPlan::Projection(_)
            | LogicalPlan::Filter(_)
            | LogicalPlan::SubqueryAlias(_)
            | LogicalPlan::Aggregate(_)
            | LogicalPlan::Window(_)
            | LogicalPlan::Sort(_)
            | LogicalPlan::Limit(_)
            | LogicalPlan::Distinct(_)
            | LogicalPlan::Subquery(_) => {
                let [input] = plan.inputs().try_into().map_err(|_| not_valid(None))?;
                match self.typed(input, outer)? {
                    Typed::Unit(relation) => self.over_people(plan, *relation, outer),
                    other => self.above(plan, vec![other], outer),
                }
            }
            _ => Err(not_offered(
                "this step is not offered; use SELECT, JOIN, WHERE, GROUP BY, HAVING, ORDER BY, LIMIT, UNION, EXCEPT and INTERSECT",
                "この操作は使えません。SELECT・JOIN・WHERE・GROUP BY・HAVING・ORDER BY・LIMIT・UNION・EXCEPT・INTERSECT を使ってください",
            )),
        }
    }

    /// A list in the text: what is computed in it is computed as everywhere.
    fn list(&mut self, values: &Values) -> Result<Typed, Refusal> {
        let nothing = Scope::of(&[], None);
        let frame = DFSchema::empty();
        let mut rows = Vec::with_capacity(values.values.len());
        for row in &values.values {
            let mut made = Vec::with_capacity(row.len());
            for e in row {
                if e.exists(|n| Ok(matches!(n, Expr::ScalarSubquery(_) | Expr::InSubquery(_) | Expr::Exists(_)))).unwrap_or(true) {
                    return Err(not_offered(
                        "a subquery inside VALUES is not offered; write the values out, or join the subquery",
                        "VALUES の中に副問合せは書けません。値をそのまま書くか、副問合せを結合してください",
                    )
                    .at(place(e)));
                }
                made.push(safe(self.value(e, &nothing)?, &frame).map_err(|_| not_valid(place(e)))?);
            }
            rows.push(made);
        }
        LogicalPlanBuilder::values(rows).and_then(LogicalPlanBuilder::build).map(Typed::Public).map_err(|_| not_valid(None))
    }

    /// A step over rows about people.
    fn over_people(&mut self, plan: &LogicalPlan, input: Relation, outer: Option<&Scope<'_>>) -> Result<Typed, Refusal> {
        let unit = |r: Relation| Ok(Typed::Unit(Box::new(r)));
        match plan {
            LogicalPlan::Projection(p) => self.projection(p, input, outer).and_then(unit),
            LogicalPlan::Filter(f) => self.filter(f, input, outer).and_then(unit),
            LogicalPlan::SubqueryAlias(a) => unit(alias(a, input)),
            LogicalPlan::Subquery(_) => unit(input),
            LogicalPlan::Aggregate(a) => match self.groups_by_person(a, &input, outer)? {
                true => self.per_person(a, input, outer).and_then(unit),
                false => self.release(a, input, outer).map(Typed::Released),
            },
            LogicalPlan::Window(w) => self.window(w, input, outer).and_then(unit),
            LogicalPlan::Distinct(Distinct::All(_)) => self.distinct(input).and_then(unit),
            // An order without a limit changes nothing below an aggregate.
            LogicalPlan::Sort(s) if s.fetch.is_none() => {
                let here = [&input];
                for e in &s.expr {
                    self.col(&e.expr, &Scope::of(&here, outer))?;
                }
                unit(input)
            }
            _ => Err(not_offered(
                "LIMIT over people's rows picks single people; write it after the GROUP BY",
                "人の行に対する LIMIT は個人を選び出します。GROUP BY の後に書いてください",
            )),
        }
    }

    /// A fresh column for a person.
    pub(super) fn unit(&mut self) -> Column {
        self.keys += 1;
        Column::new_unqualified(format!("u{}", self.keys))
    }

    /// A fresh column for a facility or a household.
    pub(super) fn site(&mut self) -> Column {
        self.keys += 1;
        Column::new_unqualified(format!("f{}", self.keys))
    }

    /// A fresh column that only breaks ties.
    pub(super) fn tie(&mut self) -> Column {
        self.keys += 1;
        Column::new_unqualified(format!("t{}", self.keys))
    }

    /// Which naming of one relation in the query this is, from 1.
    pub(super) fn occurrence(&mut self, words: &str) -> usize {
        *self.occurrences.entry(words.to_owned()).and_modify(|n| *n += 1).or_insert(1)
    }

    fn table(&mut self, scan: &TableScan) -> Result<Typed, Refusal> {
        let source = scan.source.downcast_ref::<Source>().ok_or_else(|| not_valid(None))?;
        let table = &source.table;
        let full = table.full_name();
        let occurrence = self.occurrence(&full);
        let unit = self.unit();
        let mut fields = vec![Field::new(UNIT, DataType::UInt32, false)];
        let mut exprs = vec![Expr::Column(Column::from_name(UNIT)).alias(unit.name.clone())];
        let qualifier = Some(scan.table_name.clone());
        let person = Visible { qualifier: qualifier.clone(), name: table.table.person.clone(), col: Col::Person(unit.clone(), false) };
        let (mut visible, mut sites, mut carried) = (vec![person], Vec::new(), Vec::new());
        for (site, name) in table.table.sites() {
            let (stored, column) = (site_column(site), self.site());
            fields.push(Field::new(stored, DataType::UInt32, true));
            self.origins.call_key(&column, format!("{full}.{name}#{occurrence}"));
            exprs.push(Expr::Column(Column::from_name(stored)).alias(column.name.clone()));
            visible.push(Visible { qualifier: qualifier.clone(), name: name.to_owned(), col: Col::Site(site, column.clone()) });
            if (self.protected)(&table.listing, site) {
                sites.push((SiteColumn { site, table: full.clone() }, column));
            }
        }
        for (i, site) in table.reads.iter().flat_map(|reads| &reads.sites).enumerate() {
            let column = self.site();
            fields.push(Field::new(format!("site{i}"), DataType::UInt32, true));
            exprs.push(Expr::Column(Column::from_name(format!("site{i}"))).alias(column.name.clone()));
            sites.push((site.clone(), column));
        }
        for column in &table.table.columns {
            fields.push(Field::new(&column.name, kind(column), true));
            let origin = Origin::column(table, column, occurrence);
            let origin = self.origins.add(table.reads.as_ref().map_or(origin.clone(), |reads| origin.made(&reads.columns)));
            exprs.push(Expr::Column(Column::from_name(&column.name)).alias(origin.name.clone()));
            let col = Col::Value(Expr::Column(origin.clone()));
            visible.push(Visible { qualifier: qualifier.clone(), name: column.name.clone(), col });
            carried.push(origin);
        }
        // Two namings of one table in a query differ in a name that only the plan sees.
        let rows = Arc::new(LogicalTableSource::new(Arc::new(Schema::new(fields))));
        let plan = LogicalPlanBuilder::scan(datafusion::common::TableReference::bare(full.clone()), rows, None)
            .and_then(|scan| scan.project(exprs))
            .and_then(LogicalPlanBuilder::build)
            .map_err(|_| not_valid(None))?;
        let words = if occurrence > 1 { format!("{full}#{occurrence}") } else { full.clone() };
        let columns = carried.iter().filter_map(|c| self.origins.get(c)).map(|o| (o.name.clone(), o.plain_name().to_owned())).collect();
        let source = Joined::table(words, full, table.table.one_row_per_person, columns);
        Ok(Typed::Unit(Box::new(Relation {
            plan,
            unit: Some(unit),
            sites,
            carried,
            visible,
            sources: vec![source],
            filter: Predicate::True,
            one_row: table.table.one_row_per_person,
            guest_rows: table.reads.is_some() && !table.table.one_row_per_person,
            lists: false,
            tables: table
                .reads
                .iter()
                .flat_map(|reads| reads.tables.clone())
                .chain([(table.listing.clone(), table.table.name.clone())])
                .collect(),
        })))
    }

    fn projection(&mut self, node: &Projection, input: Relation, outer: Option<&Scope<'_>>) -> Result<Relation, Refusal> {
        let mut visible = Vec::with_capacity(node.expr.len());
        let here = [&input];
        let scope = Scope::of(&here, outer);
        for (e, (qualifier, field)) in node.expr.iter().zip(node.schema.iter()) {
            visible.push(Visible { qualifier: qualifier.cloned(), name: field.name().clone(), col: self.col(e, &scope)? });
        }
        Ok(Relation { visible, ..input })
    }

    fn filter(&mut self, node: &Filter, input: Relation, outer: Option<&Scope<'_>>) -> Result<Relation, Refusal> {
        let here = [&input];
        let condition = self.value(&node.predicate, &Scope::of(&here, outer))?;
        let mut input = self.with_calls(input, std::iter::once(&condition))?;
        let made = self.safe(condition.clone(), &input)?;
        input.plan = LogicalPlanBuilder::from(input.plan)
            .filter(made)
            .and_then(LogicalPlanBuilder::build)
            .map_err(|_| not_valid(place(&node.predicate)))?;
        input.filter = Predicate::All(vec![input.filter, self.origins.condition(&condition)]).normalised();
        Ok(input)
    }

    /// UNION ALL: people of the same shape, or aggregates each standing alone.
    fn all_of(&mut self, plan: &LogicalPlan, union: &Union, outer: Option<&Scope<'_>>) -> Result<Typed, Refusal> {
        let branches = union.inputs.iter().map(|p| self.typed(p, outer)).collect::<Result<Vec<_>, _>>()?;
        if !branches.iter().any(|b| matches!(b, Typed::Unit(_))) {
            return self.above(plan, branches, outer);
        }
        let names = union
            .schema
            .iter()
            .map(|(q, f)| Visible { qualifier: q.cloned(), name: f.name().clone(), col: Col::Value(Expr::default()) })
            .collect();
        let mut people = Vec::with_capacity(branches.len());
        for branch in branches {
            match branch {
                Typed::Unit(relation) => {
                    let values: Vec<Expr> =
                        relation.visible.iter().filter_map(|v| if let Col::Value(e) = &v.col { Some(e.clone()) } else { None }).collect();
                    people.push(self.with_calls(*relation, values.iter())?);
                }
                _ => {
                    return Err(not_offered(
                        "this UNION mixes people's rows with an aggregate or a list; make every branch an aggregate",
                        "この UNION は人の行と集計（または値の並び）を混ぜています。すべての部分を集計にしてください",
                    ));
                }
            }
        }
        self.union(people, names).map(|r| Typed::Unit(Box::new(r)))
    }

    /// Engine type of an expression over a relation.
    pub(super) fn kind(&self, e: &Expr, relation: &Relation) -> Result<DataType, Refusal> {
        let made = self.safe(e.clone(), relation)?;
        made.get_type(relation.plan.schema()).map_err(|_| not_valid(place(e)))
    }

    /// The expression as the engine may run it over a relation.
    pub(super) fn safe(&self, e: Expr, relation: &Relation) -> Result<Expr, Refusal> {
        let at = place(&e);
        safe(e, relation.plan.schema()).map_err(|_| not_valid(at))
    }

    /// Remembers the tables of a subquery: their rules hold as well.
    pub(super) fn absorb(&mut self, inner: &Relation) {
        self.also.extend(inner.tables.iter().cloned());
    }

    /// Gives origins of a relation other names.
    pub(super) fn rename(&self, relation: &mut Relation, pairs: Vec<(Column, Column)>) -> Result<(), Refusal> {
        let new = |c: &Column| pairs.iter().find(|(old, _)| old == c).map(|(_, new)| new.clone());
        let exprs: Vec<Expr> = relation
            .plan
            .schema()
            .columns()
            .into_iter()
            .map(|c| match new(&c) {
                Some(to) => Expr::Column(c).alias(to.name),
                None => Expr::Column(c),
            })
            .collect();
        relation.plan = LogicalPlanBuilder::from(relation.plan.clone())
            .project(exprs)
            .and_then(LogicalPlanBuilder::build)
            .map_err(|_| not_valid(None))?;
        for column in &mut relation.carried {
            if let Some(to) = new(column) {
                *column = to;
            }
        }
        for v in &mut relation.visible {
            if let Col::Value(e) = &mut v.col {
                use datafusion::common::tree_node::Transformed;
                let turned = e.clone().transform(|n| {
                    Ok(match &n {
                        Expr::Column(c) => new(c).map_or_else(|| Transformed::no(n.clone()), |to| Transformed::yes(Expr::Column(to))),
                        _ => Transformed::no(n),
                    })
                });
                *e = turned.map(|t| t.data).map_err(|_| not_valid(None))?;
            }
        }
        Ok(())
    }
}

/// An alias: the names get its qualifier.
fn alias(node: &SubqueryAlias, input: Relation) -> Relation {
    let fields = node.schema.iter().map(|(q, f)| (q.cloned(), f.name().clone()));
    let visible = input.visible.into_iter().zip(fields).map(|(v, (qualifier, name))| Visible { qualifier, name, col: v.col }).collect();
    Relation { visible, ..input }
}

/// What the result's columns are called: the researcher's own words are kept short and plain.
fn titles(root: &LogicalPlan, of_aggregates: &BTreeMap<String, String>, made: &BTreeSet<String>) -> Result<Vec<String>, Refusal> {
    let mut titles: Vec<String> = Vec::new();
    for field in root.schema().fields().iter().filter(|f| f.name() != BEFORE) {
        let title = match of_aggregates.get(field.name()) {
            Some(title) => title.clone(),
            // The reader itself calls it so.
            None if field.name() == "count(*)" => "rows".to_owned(),
            None if made.contains(field.name()) => format!("c{}", titles.len() + 1),
            None => field.name().clone(),
        };
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        if title.is_empty() || title.len() > TITLE_MAX_BYTES || !title.bytes().all(plain) || title.starts_with('_') {
            return Err(not_offered(
                format!("an alias is 1 to {TITLE_MAX_BYTES} of a-z, 0-9 and _, and does not begin with _"),
                format!("別名は a-z・0-9・_ の {TITLE_MAX_BYTES} 文字までで、_ では始められません"),
            ));
        }
        if titles.contains(&title) || title == "note" {
            return Err(not_offered(
                format!("two output columns would be called `{title}`; give one an alias"),
                format!("出力の 2 つの列が `{title}` という名前になります。別名を付けてください"),
            ));
        }
        titles.push(title);
    }
    Ok(titles)
}
