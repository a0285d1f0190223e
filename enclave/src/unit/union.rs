//! UNION ALL of people: the branches' columns by place, in one type.

use std::collections::BTreeSet;

use datafusion::{
    arrow::datatypes::DataType,
    common::Column,
    logical_expr::{Expr, LogicalPlanBuilder, TryCast, lit},
};
use visiting_policies::Refusal;

use super::{
    origin::{Class, Origin},
    person::nobody_there,
    relation::{Col, Relation, Visible},
    track::Tracker,
};
use crate::{plan::not_offered, predicate::Predicate, question::SiteColumn};

impl Tracker<'_> {
    /// One column of all branches in one type: the engine's own choice would come after everything that depends on it.
    fn one_type(&mut self, values: Vec<Expr>, branches: &[Relation]) -> Result<(Vec<Expr>, DataType), Refusal> {
        let kinds = values.iter().zip(branches).map(|(v, b)| self.kind(v, b)).collect::<Result<Vec<_>, _>>()?;
        let said: BTreeSet<&DataType> = kinds.iter().filter(|k| **k != DataType::Null).collect();
        let kind = match said.iter().copied().collect::<Vec<_>>().as_slice() {
            [] => DataType::Null,
            [one] => (*one).clone(),
            [first, ..] if first.is_numeric() => DataType::Float64,
            _ => DataType::Utf8,
        };
        let cast = |(v, is): (Expr, &DataType)| if *is == kind { v } else { Expr::TryCast(TryCast::new(Box::new(v), kind.clone())) };
        Ok((values.into_iter().zip(&kinds).map(cast).collect(), kind))
    }

    /// The values that a relation shows, in words and in its order.
    fn values_of(&self, relation: &Relation) -> Vec<String> {
        let words = |v: &Visible| if let Col::Value(e) = &v.col { self.origins.words(e) } else { String::new() };
        relation.visible.iter().map(words).collect()
    }

    /// UNION ALL of people: each branch's columns by place.
    pub(super) fn union(&mut self, branches: Vec<Relation>, names: Vec<Visible>) -> Result<Relation, Refusal> {
        let refused = || {
            not_offered(
                "each branch of this UNION must have the same columns, the person among them, or be an aggregate of its own",
                "この UNION の各部分は、個人キーを含む同じ列を持つか、それぞれが集計である必要があります",
            )
        };
        // What the branches are called does not hang on their order; which branch has which values does not get lost by that.
        let mut order: Vec<usize> = (0..branches.len()).collect();
        order.sort_by_cached_key(|at| branches.get(*at).map(|b| (b.words(), self.values_of(b))));
        let unit = self.unit();
        let sites: BTreeSet<SiteColumn> = branches.iter().flat_map(|b| b.sites.iter().map(|(n, _)| n.clone())).collect();
        let sites: Vec<(SiteColumn, Column)> = sites.into_iter().map(|n| (n, self.site())).collect();
        let mut visible = Vec::new();
        let mut columns = Vec::new();
        for (place, name) in names.into_iter().enumerate() {
            let cols: Vec<Col> =
                branches.iter().map(|b| b.visible.get(place).map(|v| v.col.clone()).ok_or_else(refused)).collect::<Result<_, _>>()?;
            if cols.iter().any(|c| matches!(c, Col::Person(_, true))) {
                return Err(nobody_there());
            }
            if cols.iter().all(|c| matches!(c, Col::Person(..))) {
                visible.push(Visible { col: Col::Person(unit.clone(), false), ..name });
                continue;
            }
            let values: Vec<Expr> =
                cols.into_iter().map(|c| if let Col::Value(v) = c { Ok(v) } else { Err(refused()) }).collect::<Result<_, _>>()?;
            let (values, kind) = self.one_type(values, &branches)?;
            let words: Vec<String> = order.iter().filter_map(|at| values.get(*at)).map(|v| self.origins.words(v)).collect();
            let behind: BTreeSet<String> = values.iter().flat_map(|v| self.origins.columns(v)).collect();
            let mut origin = Origin::derived(format!("union({})", words.join(", ")), Class::Other, kind, behind.into_iter().collect());
            let origins: Option<Vec<Origin>> =
                values.iter().map(|v| if let Expr::Column(c) = v { self.origins.get(c).cloned() } else { None }).collect();
            if let Some([first, rest @ ..]) = origins.as_deref()
                && rest.iter().all(|o| o.values == first.values && o.class == first.class && o.kind == first.kind)
            {
                (origin.class, origin.values, origin.months, origin.measure) =
                    (first.class, first.values.clone(), first.months, first.measure);
            }
            self.declare(&mut origin, &values);
            origin.listed = values.iter().any(|v| self.origins.of_a_list(v));
            let column = self.origins.add(origin);
            visible.push(Visible { col: Col::Value(Expr::Column(column.clone())), ..name });
            columns.push((column, values));
        }
        let mut plan = None;
        for (number, branch) in branches.iter().enumerate() {
            let whose = branch.unit.clone().ok_or_else(refused)?;
            let mut exprs = vec![Expr::Column(whose).alias(unit.name.clone())];
            for (name, column) in &sites {
                let there = branch.sites.iter().find(|(n, _)| n == name);
                let e = there.map_or(lit(datafusion::common::ScalarValue::UInt32(None)), |(_, c)| Expr::Column(c.clone()));
                exprs.push(e.alias(column.name.clone()));
            }
            for (column, values) in &columns {
                let value = values.get(number).cloned().ok_or_else(refused)?;
                exprs.push(self.safe(value, branch)?.alias(column.name.clone()));
            }
            let branch = LogicalPlanBuilder::from(branch.plan.clone()).project(exprs).map_err(|_| refused())?;
            plan = Some(match plan {
                None => branch,
                Some(all) => LogicalPlanBuilder::union(all, branch.build().map_err(|_| refused())?).map_err(|_| refused())?,
            });
        }
        let plan = plan.ok_or_else(refused)?.build().map_err(|_| refused())?;
        let words: Vec<String> = order.iter().filter_map(|at| branches.get(*at)).map(Relation::words).collect();
        let made = Relation {
            plan,
            unit: Some(unit),
            sites,
            carried: columns.into_iter().map(|(c, _)| c).collect(),
            visible,
            sources: Vec::new(),
            filter: Predicate::True,
            one_row: false,
            guest_rows: branches.iter().any(|b| b.guest_rows),
            lists: branches.iter().any(|b| b.lists),
            tables: branches.into_iter().flat_map(|b| b.tables).collect(),
        };
        Ok(Relation { sources: vec![self.as_source(format!("union({})", words.join("; ")), &made, None)], ..made })
    }
}
