//! Guests' calls as columns: each is made once, where its value is needed.

use datafusion::{
    common::{Column, tree_node::TreeNode},
    logical_expr::{Expr, LogicalPlanBuilder, expr::ScalarFunction},
};
use visiting_policies::Refusal;

use super::{
    expression::{Scope, not_valid},
    guests,
    origin::{Class, Origin, of_guest},
    relation::Relation,
    track::{GuestCall, Tracker},
};
use crate::config::CALLS_MAX;

impl Tracker<'_> {
    /// A guest's call: an origin of its own, with the guest's labels as its domain.
    pub(super) fn guest(&mut self, function: &ScalarFunction, scope: &Scope<'_>) -> Result<Expr, Refusal> {
        let name = function.name().trim_start_matches("guest.").to_owned();
        let guest = self.permit.guest(&name)?.clone();
        let mut args = Vec::new();
        for argument in &function.args {
            args.push((argument.clone(), self.col(argument, scope)?));
        }
        let kind = |e: &Expr| if let [relation] = scope.here { self.kind(e, relation).ok() } else { None };
        let (call, values) = guests::call(&name, &guest, args, &self.origins, &kind)?;
        let args = call.1;
        let expression = Expr::ScalarFunction(ScalarFunction { func: function.func.clone(), args });
        if let Some((_, column, _)) = self.calls.iter().find(|(e, _, _)| *e == expression) {
            return Ok(Expr::Column(column.clone()));
        }
        let words = self.origins.words(&expression);
        let behind = self.origins.columns(&expression);
        let mut origin = Origin::derived(words.clone(), Class::Other, guest.kind(), behind);
        origin.values = values;
        let column = self.origins.add(origin);
        self.calls.push((expression, column.clone(), GuestCall { name: words, call: call.0 }));
        if self.calls.len() > CALLS_MAX {
            return Err(guests::too_many());
        }
        Ok(Expr::Column(column))
    }

    /// The relation as a step with these expressions finds it: where something about nobody is joined, any guest in the query may say how
    /// often a row is there (`list.n <= guest.f(...)`).
    pub(super) fn with_guest_rows(&self, relation: Relation, exprs: &[Expr]) -> Relation {
        let calls = |e: &Expr| e.exists(|n| Ok(matches!(n, Expr::ScalarFunction(f) if f.name().starts_with("guest.")))).unwrap_or(true);
        let by_guest = || !self.calls.is_empty() || of_guest(&relation.words()) || exprs.iter().any(calls);
        Relation { guest_rows: relation.guest_rows || (relation.lists && by_guest()), ..relation }
    }

    /// Columns of guests' calls in an expression.
    pub(super) fn calls_in(&self, e: &Expr) -> Vec<(Expr, Column)> {
        let refs = e.column_refs();
        self.calls.iter().filter(|(_, c, _)| refs.contains(c)).map(|(call, c, _)| (call.clone(), c.clone())).collect()
    }

    /// The relation with a column for every guest's call in these expressions.
    pub(super) fn with_calls<'e>(&self, mut relation: Relation, expressions: impl Iterator<Item = &'e Expr>) -> Result<Relation, Refusal> {
        let mut missing: Vec<(Expr, Column)> = expressions.flat_map(|e| self.calls_in(e)).collect();
        missing.retain(|(_, c)| !relation.carried.contains(c));
        missing.sort_by(|a, b| a.1.cmp(&b.1));
        missing.dedup_by(|a, b| a.1 == b.1);
        if missing.is_empty() {
            return Ok(relation);
        }
        let there = relation.plan.schema().columns().into_iter().map(Expr::Column);
        let made = missing.iter().map(|(call, c)| Ok(self.safe(call.clone(), &relation)?.alias(c.name.clone())));
        let exprs: Vec<Expr> = there.map(Ok).chain(made).collect::<Result<_, Refusal>>()?;
        relation.plan =
            LogicalPlanBuilder::from(relation.plan).project(exprs).and_then(LogicalPlanBuilder::build).map_err(|_| not_valid(None))?;
        relation.carried.extend(missing.into_iter().map(|(_, c)| c));
        Ok(relation)
    }
}
