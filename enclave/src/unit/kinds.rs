//! Texts, numbers, and true or false: what the engine would silently turn into one another, row by row, and fail in the row where it
//! cannot. Such a failure is an answer about that row, so nothing mixed gets as far as the engine.
//!
//! Every expression of every step of the reader's plan comes by here before anything else is made of it, above a release point and
//! below, while it still knows its place in the text.

use datafusion::{
    arrow::datatypes::DataType,
    common::{
        Column,
        tree_node::{TreeNode, TreeNodeRecursion},
    },
    logical_expr::{
        Expr, LogicalPlan, Operator, Union, Values,
        expr::{AggregateFunction, ScalarFunction, WindowFunction},
    },
};
use visiting_policies::Refusal;

use super::{
    arguments,
    expression::{not_valid, place},
    over::misplaced,
};
use crate::plan::{GuestName, is_key, not_offered};

/// What a value is to the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Number,
    Truth,
    /// NULL goes with everything.
    Nothing,
    /// A key of the person or the facility: what is done to it is judged where its meaning is known.
    Key,
    /// What no listing has: dates, lists.
    Other,
}

impl Kind {
    fn of(data: &DataType) -> Self {
        match data {
            key if is_key(key) => Self::Key,
            DataType::Utf8 | DataType::Utf8View => Self::Text,
            DataType::Dictionary(_, value) => Self::of(value),
            DataType::Boolean => Self::Truth,
            DataType::Null => Self::Nothing,
            number if number.is_numeric() => Self::Number,
            _ => Self::Other,
        }
    }

    fn open(self) -> bool {
        matches!(self, Self::Nothing | Self::Key)
    }

    /// True where the engine needs to turn neither into the other.
    fn meets(self, other: Self) -> bool {
        self.open() || other.open() || (self == other && self != Self::Other)
    }
}

/// The columns that a step's expressions can name.
struct Frame<'p>(&'p LogicalPlan);

/// Refuses a step of the reader's plan that mixes kinds, or hands a function what it fails on.
pub(super) fn fit(plan: &LogicalPlan) -> Result<(), Refusal> {
    let frame = Frame(plan);
    match plan {
        LogicalPlan::Union(union) => frame.branches(union)?,
        LogicalPlan::Values(list) => frame.rows(list)?,
        LogicalPlan::Limit(_) => plan.expressions().iter().try_for_each(arguments::count)?,
        LogicalPlan::Filter(filter) => frame.all([&filter.predicate], Kind::Truth)?,
        LogicalPlan::Join(join) => frame.all(&join.filter, Kind::Truth)?,
        _ => {}
    }
    for expression in plan.expressions() {
        let mut refused = None;
        let walked = expression.apply(|node| {
            refused = frame.fits(node).err();
            Ok(if refused.is_some() { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
        });
        if let Some(refusal) = refused {
            return Err(refusal.at(place(&expression)));
        }
        walked.map_err(|_| not_valid(place(&expression)))?;
    }
    Ok(())
}

impl Frame<'_> {
    fn column(&self, column: &Column) -> Kind {
        let find = |p: &LogicalPlan| p.schema().maybe_index_of_column(column).map(|at| Kind::of(p.schema().field(at).data_type()));
        self.0.inputs().into_iter().find_map(find).or_else(|| find(self.0)).unwrap_or(Kind::Other)
    }

    fn kind(&self, e: &Expr) -> Kind {
        match e {
            Expr::Alias(alias) => self.kind(&alias.expr),
            Expr::Column(column) => self.column(column),
            Expr::OuterReferenceColumn(field, _) => Kind::of(field.data_type()),
            Expr::Literal(value, _) => Kind::of(&value.data_type()),
            Expr::BinaryExpr(b) => match b.op {
                Operator::Plus | Operator::Minus | Operator::Multiply | Operator::Divide | Operator::Modulo => Kind::Number,
                Operator::StringConcat => Kind::Text,
                _ => Kind::Truth,
            },
            Expr::Negative(_) => Kind::Number,
            Expr::Case(case) => {
                let branches = case.when_then_expr.iter().map(|(_, then)| &**then);
                self.first(branches.chain(case.else_expr.as_deref()))
            }
            Expr::Cast(cast) => Kind::of(cast.field.data_type()),
            Expr::TryCast(cast) => Kind::of(cast.field.data_type()),
            Expr::ScalarFunction(f) => match f.name() {
                "substr" | "left" | "right" => Kind::Text,
                "coalesce" | "nvl" | "nullif" | "greatest" | "least" => self.first(&f.args),
                _ => f.func.inner().downcast_ref::<GuestName>().map_or(Kind::Number, |guest| Kind::of(&guest.kind)),
            },
            Expr::AggregateFunction(f) => self.gathered(f.func.name(), &f.params.args),
            Expr::WindowFunction(w) => self.gathered(w.fun.name(), &w.params.args),
            Expr::ScalarSubquery(s) => s.subquery.schema().fields().first().map_or(Kind::Other, |f| Kind::of(f.data_type())),
            Expr::Like(_) | Expr::Not(_) | Expr::Between(_) | Expr::InList(_) | Expr::Exists(_) | Expr::InSubquery(_) => Kind::Truth,
            Expr::IsNull(_) | Expr::IsNotNull(_) | Expr::IsTrue(_) | Expr::IsNotTrue(_) | Expr::IsFalse(_) | Expr::IsNotFalse(_) => {
                Kind::Truth
            }
            _ => Kind::Other,
        }
    }

    /// Of several that must be alike: the first that says anything.
    fn first<'e>(&self, all: impl IntoIterator<Item = &'e Expr>) -> Kind {
        all.into_iter().map(|e| self.kind(e)).find(|k| *k != Kind::Nothing).unwrap_or(Kind::Nothing)
    }

    /// What comes out of an aggregate or a window.
    fn gathered(&self, name: &str, args: &[Expr]) -> Kind {
        match name {
            "min" | "max" | "first_value" | "last_value" | "nth_value" | "lag" | "lead" => self.first(args.first()),
            "bool_and" | "bool_or" => Kind::Truth,
            _ => Kind::Number,
        }
    }

    fn all<'e>(&self, all: impl IntoIterator<Item = &'e Expr>, wanted: Kind) -> Result<(), Refusal> {
        let kinds: Vec<(Kind, &Expr)> = all.into_iter().map(|e| (self.kind(e), e)).collect();
        if kinds.iter().any(|(kind, _)| *kind == Kind::Key) {
            return Ok(());
        }
        match kinds.into_iter().find(|(kind, _)| !kind.meets(wanted)) {
            None => Ok(()),
            Some((_, e)) => Err(not_valid(place(e))),
        }
    }

    fn alike<'e>(&self, all: impl IntoIterator<Item = &'e Expr> + Clone) -> Result<(), Refusal> {
        let kind = self.first(all.clone());
        self.all(all, kind)
    }

    /// One node; its parts come by themselves.
    fn fits(&self, node: &Expr) -> Result<(), Refusal> {
        match node {
            Expr::BinaryExpr(b) => {
                let both = [&*b.left, &*b.right];
                match b.op {
                    Operator::And | Operator::Or => self.all(both, Kind::Truth),
                    Operator::StringConcat => self.all(both, Kind::Text),
                    Operator::Plus | Operator::Minus | Operator::Multiply | Operator::Divide => self.all(both, Kind::Number),
                    _ => self.alike(both),
                }
            }
            Expr::Not(e) | Expr::IsTrue(e) | Expr::IsNotTrue(e) | Expr::IsFalse(e) | Expr::IsNotFalse(e) => self.all([&**e], Kind::Truth),
            Expr::Negative(e) => self.all([&**e], Kind::Number),
            Expr::Between(b) => self.alike([&*b.expr, &*b.low, &*b.high]),
            Expr::InList(list) => self.alike(std::iter::once(&*list.expr).chain(&list.list)),
            Expr::InSubquery(within) => {
                let theirs = within.subquery.subquery.schema().fields().first().map_or(Kind::Other, |f| Kind::of(f.data_type()));
                self.all([&*within.expr], theirs)
            }
            Expr::Like(like) => {
                arguments::pattern(&like.pattern).map_err(|refusal| refusal.at(place(node)))?;
                self.all([&*like.expr], Kind::Text)
            }
            Expr::Case(case) => {
                let whens = case.when_then_expr.iter().map(|(when, _)| &**when);
                match &case.expr {
                    Some(subject) => self.alike(std::iter::once(&**subject).chain(whens))?,
                    None => self.all(whens, Kind::Truth)?,
                }
                self.alike(case.when_then_expr.iter().map(|(_, then)| &**then).chain(case.else_expr.as_deref()))
            }
            Expr::Cast(cast) => self.castable(&cast.expr, cast.field.data_type()),
            Expr::TryCast(cast) => self.castable(&cast.expr, cast.field.data_type()),
            Expr::ScalarFunction(f) => self.function(f),
            Expr::AggregateFunction(f) => self.aggregate(f),
            Expr::WindowFunction(w) => self.window(w),
            _ => Ok(()),
        }
    }

    fn castable(&self, from: &Expr, to: &DataType) -> Result<(), Refusal> {
        let strange = [self.kind(from), Kind::of(to)].contains(&Kind::Other);
        if strange { Err(not_valid(place(from))) } else { Ok(()) }
    }

    fn function(&self, f: &ScalarFunction) -> Result<(), Refusal> {
        arguments::of_function(f)?;
        match f.name() {
            "coalesce" | "nvl" | "nullif" | "greatest" | "least" => self.alike(&f.args),
            // What may be taken apart is said where columns are known; places and lengths are literals by now.
            "substr" | "left" | "right" => Ok(()),
            guest if guest.starts_with("guest.") => Ok(()),
            _ => self.all(&f.args, Kind::Number),
        }
    }

    fn aggregate(&self, f: &AggregateFunction) -> Result<(), Refusal> {
        self.all(f.params.filter.as_deref(), Kind::Truth)?;
        self.gathers(f.func.name(), &f.params.args)
    }

    fn window(&self, w: &WindowFunction) -> Result<(), Refusal> {
        if w.fun.name().starts_with("guest.") {
            return Err(misplaced());
        }
        self.all(w.params.filter.as_deref(), Kind::Truth)?;
        arguments::of_window(w)?;
        if arguments::by_value(&w.params.window_frame) {
            self.all(w.params.order_by.iter().map(|s| &s.expr), Kind::Number)?;
        }
        match w.fun.name() {
            "lag" | "lead" => self.alike(w.params.args.first().into_iter().chain(w.params.args.get(2))),
            name => self.gathers(name, &w.params.args),
        }
    }

    fn gathers(&self, name: &str, args: &[Expr]) -> Result<(), Refusal> {
        match name {
            guest if guest.starts_with("guest.") => Ok(()),
            "count" | "min" | "max" | "first_value" | "last_value" | "nth_value" => Ok(()),
            "bool_and" | "bool_or" => self.all(args, Kind::Truth),
            _ => self.all(args, Kind::Number),
        }
    }

    /// So do the rows of a list; the reader has made one type of them already.
    fn rows(&self, list: &Values) -> Result<(), Refusal> {
        fn written(e: &Expr) -> &Expr {
            match e {
                Expr::Cast(cast) => written(&cast.expr),
                Expr::Alias(alias) => written(&alias.expr),
                other => other,
            }
        }
        let columns = list.schema.fields().len();
        (0..columns).try_for_each(|at| self.alike(list.values.iter().filter_map(|row| row.get(at)).map(written)))
    }

    /// Branches of a UNION agree column by column.
    fn branches(&self, union: &Union) -> Result<(), Refusal> {
        for at in 0..union.schema.fields().len() {
            let mut kinds = union.inputs.iter().filter_map(|p| p.schema().fields().get(at)).map(|f| Kind::of(f.data_type()));
            let said = kinds.clone().find(|k| *k != Kind::Nothing).unwrap_or(Kind::Nothing);
            if !kinds.all(|k| k.meets(said)) {
                return Err(not_offered(
                    format!("column {} of this UNION is a text in one branch and a number in another; write the same kind in all", at + 1),
                    format!("この UNION の {} 列目は、部分によって文字列と数が混ざっています。同じ種類にそろえてください", at + 1),
                ));
            }
        }
        Ok(())
    }
}
