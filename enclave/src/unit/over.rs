//! Guests of the group form: a number from all rows of a group, which no ledger knows and people look at. The gate judges the group's
//! people as anywhere; a group that it does not show has no number either.

use datafusion::{
    arrow::datatypes::DataType,
    common::tree_node::TreeNode,
    logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, cast, expr::AggregateFunction},
    prelude::ident,
};
use visiting_policies::Refusal;

use super::{
    aggregate::Making,
    expression::{Scope, not_valid, person_misused, place},
    guests::{of_a_row, too_many},
    reads::fits,
    relation::{Col, Relation},
    track::Tracker,
};
use crate::{
    config::CALLS_MAX,
    plan::{GroupName, not_offered},
    question::{OfGroup, Statistic},
};

/// One call, while the question is put together.
#[derive(Clone, PartialEq)]
pub(super) struct Called {
    words: String,
    digest: String,
    arguments: Vec<Expr>,
}

impl Tracker<'_> {
    /// The released column of `guest.<name>(...)` over a group.
    pub(super) fn over_group(
        &mut self,
        making: &mut Making,
        guest: &GroupName,
        f: &AggregateFunction,
        scope: &Scope<'_>,
    ) -> Result<(Expr, String), Refusal> {
        let name = &guest.name;
        let params = f.params.args.len();
        if f.params.distinct || f.params.filter.is_some() || !f.params.order_by.is_empty() || params != guest.params.len() {
            let list = guest.params.iter().map(|p| p.name.as_str()).collect::<Vec<_>>().join(", ");
            return Err(not_offered(
                format!("{name} takes {list}, without DISTINCT, FILTER and ORDER BY: put conditions into WHERE"),
                format!("{name} の引数は {list} です。DISTINCT・FILTER・ORDER BY は使えません。条件は WHERE に書いてください"),
            ));
        }
        let mut arguments = Vec::with_capacity(params);
        for (param, e) in guest.params.iter().zip(&f.params.args) {
            let value = match self.col(e, scope)? {
                Col::Value(value) => value,
                _ => return Err(person_misused("person").at(place(e))),
            };
            if !of_a_row(&value, &self.origins) || !fits(param.kind, &self.kind(&value, &making.input)?) {
                return Err(not_offered(
                    format!("{name}: `{}` is of another kind than the guest declares, another guest's value, or of a list", param.name),
                    format!("{name}：引数 `{}` の型が宣言と違うか、別のプログラムの値か、リストの列です", param.name),
                )
                .at(place(e)));
            }
            arguments.push(value);
        }
        let given: Vec<String> = arguments.iter().map(|e| self.origins.words(e)).collect();
        let called = Called { words: format!("{name} {}({})", guest.digest, given.join(", ")), digest: guest.digest.clone(), arguments };
        if making.guests.len() + self.calls.len() >= CALLS_MAX && !making.guests.contains(&called) {
            return Err(too_many());
        }
        let at = making.guests.iter().position(|one| *one == called).unwrap_or_else(|| {
            making.guests.push(called);
            making.guests.len() - 1
        });
        // Whoever is in the group is judged, whether their number is asked for or not.
        making.show(Statistic::People(None));
        Ok((making.show(Statistic::Guest(at)), name.trim_start_matches("guest.").to_owned()))
    }

    /// What each call reads: the keys, then the arguments, group by group.
    pub(super) fn of_groups(&self, calls: Vec<Called>, keys: &[Expr], input: &Relation) -> Result<Vec<OfGroup>, Refusal> {
        if !calls.is_empty() && keys.iter().any(|e| self.is_listed(e)) {
            return Err(not_offered(
                "a guest over groups is not offered for groups of a list's column: everybody would be in many of them",
                "群ごとのプログラムは、リストの列による群には使えません。同じ人が多くの群に入るためです",
            ));
        }
        let one = |Called { words, digest, arguments }: Called| {
            let mut exprs = Vec::new();
            for (i, e) in keys.iter().enumerate() {
                // A dictionary's order is no order of its texts.
                let text = matches!(self.kind(e, input)?, DataType::Dictionary(..));
                let key = self.safe(e.clone(), input)?;
                exprs.push(if text { cast(key, DataType::Utf8) } else { key }.alias(format!("key{i}")));
            }
            for (i, e) in arguments.into_iter().enumerate() {
                exprs.push(self.safe(e, input)?.alias(format!("argument{i}")));
            }
            let order: Vec<_> = (0..keys.len()).map(|i| ident(format!("key{i}")).sort(true, true)).collect();
            let rows = LogicalPlanBuilder::from(input.plan.clone()).project(exprs);
            let rows = if order.is_empty() { rows } else { rows.and_then(|rows| rows.sort(order)) };
            let rows: LogicalPlan = rows.and_then(LogicalPlanBuilder::build).map_err(|_| not_valid(None))?;
            Ok(OfGroup { words, digest, keys: keys.len(), rows })
        };
        calls.into_iter().map(one).collect()
    }
}

/// Nothing is asked beside such a number: it is in no ledger, and another question could be cut by it. Nor does anything above choose
/// rows: how many there are would be told before anybody has looked.
pub(super) fn alone(points: usize, root: &LogicalPlan) -> Result<(), Refusal> {
    let plain = |node: &LogicalPlan| match node {
        LogicalPlan::TableScan(_) | LogicalPlan::Projection(_) | LogicalPlan::SubqueryAlias(_) => true,
        LogicalPlan::Sort(sort) => sort.fetch.is_none(),
        _ => false,
    };
    if points == 1 && !root.exists(|node| Ok(!plain(node))).unwrap_or(true) {
        return Ok(());
    }
    Err(not_offered(
        "a guest over groups stands in a query with one GROUP BY over people and no HAVING, WHERE above it, LIMIT, DISTINCT, window, join or UNION",
        "群ごとのプログラムは、人についての GROUP BY が 1 つだけで、その上に HAVING・WHERE・LIMIT・DISTINCT・ウィンドウ・結合・UNION のない問合せで使えます",
    ))
}

/// A guest over groups where there are no groups of people.
pub(super) fn misplaced() -> Refusal {
    not_offered(
        "a guest over groups stands in the SELECT of the GROUP BY over people: not per person, in a window, with ROLLUP, or over released numbers",
        "群ごとのプログラムは、人についての GROUP BY の SELECT に書きます。個人ごとの集計・ウィンドウ・ROLLUP・公表値の上では使えません",
    )
}
