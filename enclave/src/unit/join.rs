//! Joins: two people-relations on the person, or people with something that is about nobody.

use std::collections::BTreeSet;

use datafusion::{
    common::{JoinType, NullEquality},
    logical_expr::{Expr, Join, LogicalPlanBuilder, Operator, utils::split_conjunction},
};
use visiting_policies::Refusal;

use super::{
    expression::{Scope, not_valid, place},
    relation::{Col, Relation, Typed, Visible},
    safe::safe,
    track::Tracker,
};
use crate::{plan::not_offered, predicate::Predicate, who::Who};

fn not_on_person() -> Refusal {
    not_offered(
        "tables about people are joined on the person: JOIN t USING (person), or ON a.person = b.person AND further conditions",
        "人についての表どうしは個人キーで結合します。JOIN t USING (個人キー)、または ON a.個人キー = b.個人キー AND 追加の条件 としてください",
    )
}

/// What a join's condition says: the person is the same, and what else.
struct Condition {
    people: Option<(Expr, Expr)>,
    rest: Vec<Expr>,
}

impl Tracker<'_> {
    pub(super) fn join(&mut self, join: &Join, outer: Option<&Scope<'_>>) -> Result<Typed, Refusal> {
        let (left, right) = (self.typed(&join.left, outer)?, self.typed(&join.right, outer)?);
        let (left, right) = match (left, right) {
            (Typed::Unit(l), Typed::Unit(r)) => (*l, *r),
            (Typed::Unit(l), other) => (*l, self.nobody(other)?),
            (other, Typed::Unit(r)) => (self.nobody(other)?, *r),
            (l, r) => return self.above_join(join, l, r),
        };
        let condition = self.split(join, &left, &right, outer)?;
        if left.unit.is_some() && right.unit.is_some() && condition.people.is_none() {
            return Err(not_on_person().at(join.filter.as_ref().and_then(place)));
        }
        self.joined(join, left, right, condition)
    }

    /// Sorts the conditions, and checks that each names only what may be named.
    fn split(&mut self, join: &Join, left: &Relation, right: &Relation, outer: Option<&Scope<'_>>) -> Result<Condition, Refusal> {
        let both = [left, right];
        let scope = Scope::of(&both, outer);
        let pairs = join.on.iter().map(|(l, r)| l.clone().eq(r.clone()));
        let all: Vec<Expr> = pairs.chain(join.filter.iter().flat_map(|f| split_conjunction(f).into_iter().cloned())).collect();
        let mut found = Condition { people: None, rest: Vec::new() };
        for e in &all {
            match self.people_of(e, left, right)? {
                Some(pair) if found.people.is_none() => found.people = Some(pair),
                Some((a, b)) => found.rest.push(a.eq(b)),
                None => {
                    let value = self.value(e, &scope)?;
                    if !self.calls_in(&value).is_empty() {
                        return Err(not_offered(
                            "a guest in ON is not offered; write it in WHERE",
                            "ON の中でプログラム（guest）は使えません。WHERE に書いてください",
                        )
                        .at(place(e)));
                    }
                    found.rest.push(value);
                }
            }
        }
        Ok(found)
    }

    /// `left.person = right.person`.
    fn people_of(&mut self, e: &Expr, left: &Relation, right: &Relation) -> Result<Option<(Expr, Expr)>, Refusal> {
        let Expr::BinaryExpr(b) = e else { return Ok(None) };
        let (Expr::Column(x), Expr::Column(y)) = (b.left.as_ref(), b.right.as_ref()) else { return Ok(None) };
        if b.op != Operator::Eq {
            return Ok(None);
        }
        // USING gives both sides one name: then the first is the left's and the second the right's.
        let person = |r: &Relation, c| match r.find(c) {
            Some(Col::Person(unit, _)) => Some(Expr::Column(unit.clone())),
            _ => None,
        };
        let straight = person(left, x).zip(person(right, y));
        Ok(straight.or_else(|| person(left, y).zip(person(right, x))))
    }

    fn joined(&mut self, join: &Join, mut left: Relation, mut right: Relation, condition: Condition) -> Result<Typed, Refusal> {
        // EXCEPT and INTERSECT take two missing values for one; a comparison does not.
        let missing = |e: &Expr| self.origins.of(e).iter().any(|(_, o)| o.nullable);
        if join.null_equality == NullEquality::NullEqualsNull && condition.rest.iter().any(missing) {
            return Err(not_offered(
                "EXCEPT and INTERSECT over columns that can be empty are not offered; keep the person as the only column",
                "空になりうる列での EXCEPT・INTERSECT は使えません。個人キーだけを列にしてください",
            ));
        }
        let kind = match join.join_type {
            JoinType::Inner | JoinType::Left | JoinType::Right | JoinType::LeftSemi | JoinType::LeftAnti => join.join_type,
            _ => {
                return Err(not_offered(
                    "FULL JOIN is not offered; use LEFT JOIN from the table that has everybody",
                    "FULL JOIN は使えません。全員がいる表からの LEFT JOIN にしてください",
                ));
            }
        };
        // Whose rows there are must be people: a list on the kept side would make rows about nobody.
        let kept = match kind {
            JoinType::Left | JoinType::LeftSemi | JoinType::LeftAnti => left.unit.is_some(),
            JoinType::Right => right.unit.is_some(),
            _ => true,
        };
        if !kept {
            return Err(not_offered(
                "an outer join that keeps rows about nobody is not offered; put the table of people on the kept side",
                "人のいない行を残す外部結合は使えません。人の表を残る側に置いてください",
            ));
        }
        // A call on the far side is made there: a row without that side has no value of it.
        match kind {
            JoinType::Left => right = self.with_own_calls(right)?,
            JoinType::Right => left = self.with_own_calls(left)?,
            _ => {}
        }
        let frame = left.plan.schema().join(right.plan.schema()).map_err(|_| not_valid(None))?;
        let safe = |e: Expr| safe(e, &frame).map_err(|_| not_valid(place(&e_place(join))));
        // That two people who must be there are the same says nothing new; of one who may be missing it does.
        let pair = condition.people.iter().filter(|(a, b)| self.origins.may_be_nobody(a) || self.origins.may_be_nobody(b));
        let said: Vec<Expr> = pair.map(|(a, b)| a.clone().eq(b.clone())).chain(condition.rest.iter().cloned()).collect();
        let words: Vec<String> = said.iter().map(|e| self.origins.words(e)).collect();
        let rest = condition.rest.iter().cloned().map(safe).collect::<Result<Vec<_>, _>>()?;
        let people: Vec<Expr> = condition.people.iter().map(|(a, b)| a.clone().eq(b.clone())).collect();
        let filter: Vec<Expr> = people.into_iter().chain(rest).collect();
        let builder = LogicalPlanBuilder::from(left.plan.clone());
        let plan = match (filter.is_empty(), kind) {
            (true, JoinType::Inner) => builder.cross_join(right.plan.clone()),
            _ => builder.join_on(right.plan.clone(), kind, filter),
        };
        let plan = plan.and_then(LogicalPlanBuilder::build).map_err(|_| not_valid(join.filter.as_ref().and_then(place)))?;
        let public = left.unit.is_none() || right.unit.is_none();
        let one_row = left.one_row && right.one_row && !public;
        let (guest_rows, lists) = (left.guest_rows || right.guest_rows, left.lists || right.lists || public);
        let tables: BTreeSet<_> = left.tables.iter().chain(&right.tables).cloned().collect();
        let mut outer = None;
        let (sources, filter) = match kind {
            // The words of an inner join do not depend on how it is written: sources and conditions, each in order.
            JoinType::Inner => {
                let mut sources = [left.sources.clone(), right.sources.clone()].concat();
                sources.sort_by(|a, b| a.words.cmp(&b.words));
                let conditions = said.iter().map(|e| self.origins.condition(e));
                (sources, Predicate::All([left.filter.clone(), right.filter.clone()].into_iter().chain(conditions).collect()).normalised())
            }
            _ => {
                let mut words = words;
                words.sort();
                outer = Some((
                    format!("({} {kind} {} on [{}])", left.words(), right.words(), words.join(", ")),
                    self.kept(kind, &left, &right, said.is_empty()),
                ));
                (Vec::new(), Predicate::True)
            }
        };
        match kind {
            JoinType::Left => self.nullable(&mut right),
            JoinType::Right => self.nullable(&mut left),
            _ => {}
        }
        if matches!(kind, JoinType::LeftSemi | JoinType::LeftAnti) {
            return Ok(Typed::Unit(Box::new(self.named(Relation { plan, sources, filter, tables, ..left }, outer))));
        }
        let unit = if kind == JoinType::Right { right.unit.clone() } else { left.unit.clone().or(right.unit.clone()) };
        let mut relation = Relation {
            plan,
            unit,
            sites: [left.sites, right.sites].concat(),
            carried: [left.carried, right.carried].concat(),
            visible: [left.visible, right.visible].concat(),
            sources,
            filter,
            one_row,
            guest_rows,
            lists,
            tables,
        };
        if let Some(renamed) = self.renamed.take() {
            self.rename(&mut relation, renamed)?;
        }
        Ok(Typed::Unit(Box::new(self.named(relation, outer))))
    }

    fn with_own_calls(&self, relation: Relation) -> Result<Relation, Refusal> {
        let values: Vec<Expr> =
            relation.visible.iter().filter_map(|v| if let Col::Value(e) = &v.col { Some(e.clone()) } else { None }).collect();
        self.with_calls(relation, values.iter())
    }

    /// The relation as one source, where it is one to the relations that it is joined to.
    fn named(&self, mut relation: Relation, source: Option<(String, Option<Who>)>) -> Relation {
        if let Some((words, anybody)) = source {
            relation.sources = vec![self.as_source(words, &relation, anybody)];
        }
        relation
    }

    /// Who has a row in a join that keeps one side, or keeps what the other side has as well or has not.
    fn kept(&self, kind: JoinType, left: &Relation, right: &Relation, by_person_alone: bool) -> Option<Who> {
        match kind {
            JoinType::Left => self.who(left),
            JoinType::Right => self.who(right),
            JoinType::LeftSemi if by_person_alone => Some(self.who(left)?.and(self.who(right)?)),
            JoinType::LeftAnti if by_person_alone => Some(self.who(left)?.without(self.who(right)?)),
            _ => None,
        }
    }

    /// The far side of an outer join: a row may be without it, and the words say so.
    fn nullable(&mut self, far: &mut Relation) {
        let mut pairs = Vec::new();
        for column in &far.carried {
            let Some(origin) = self.origins.get(column).cloned() else { continue };
            pairs.push((column.clone(), self.origins.add(origin.or_null())));
        }
        let whose = far.words();
        for Visible { col, .. } in &mut far.visible {
            if let Col::Person(_, maybe) = col {
                *maybe = true;
            }
            if let Col::Person(c, _) | Col::Site(_, c) = col {
                let words = format!("{} of {whose}?", self.origins.key_words(c));
                self.origins.call_key(c, words);
            }
        }
        self.renamed = Some(pairs);
    }
}

fn e_place(join: &Join) -> Expr {
    join.filter.clone().unwrap_or_else(|| datafusion::prelude::lit(true))
}
