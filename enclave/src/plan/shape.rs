//! The allowlist of clauses. Every struct of the syntax tree is taken apart by name, so a clause that a later parser learns does not
//! compile before somebody has decided about it; every enum has the list of what is taken, and the rest is refused.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, Distinct, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList, FunctionArguments, GroupByExpr,
    GroupByWithModifier, Ident, Join, JoinConstraint, JoinOperator, Query, Select, SelectItem, SetExpr, Spanned, TableAlias, TableFactor,
    UnaryOperator, Value, Visitor, With,
};
use visiting_policies::Refusal;

use super::{
    functions::exists,
    text::{not_offered, place},
};

/// Walks a syntax tree and stops at the first clause that is on no list.
#[derive(Debug, Default)]
pub(super) struct Shape;

type Step = ControlFlow<Box<Refusal>>;

fn stop(refusal: Refusal) -> Step {
    ControlFlow::Break(Box::new(refusal))
}

/// Goes on where `there` is false: the clause is absent.
fn absent(there: bool, refusal: impl FnOnce() -> Refusal) -> Step {
    if there { stop(refusal()) } else { ControlFlow::Continue(()) }
}

fn clause(name: &str) -> Refusal {
    not_offered(
        format!("{name} is not offered; use WITH, SELECT, FROM, JOIN, WHERE, GROUP BY, HAVING, ORDER BY and LIMIT"),
        format!("{name} は使えません。WITH・SELECT・FROM・JOIN・WHERE・GROUP BY・HAVING・ORDER BY・LIMIT を使ってください"),
    )
}

impl Visitor for Shape {
    type Break = Box<Refusal>;

    fn pre_visit_query(&mut self, query: &Query) -> Step {
        let Query { with, body, order_by: _, limit_clause: _, fetch, locks, for_clause, settings, format_clause, pipe_operators } = query;
        let others = fetch.is_some() || !locks.is_empty() || for_clause.is_some() || settings.is_some() || format_clause.is_some();
        let at = place(query.span());
        absent(others || !pipe_operators.is_empty(), || clause("FETCH, FOR or another closing clause").at(at))?;
        if let Some(With { with_token: _, recursive, cte_tables }) = with {
            absent(*recursive, || {
                not_offered(
                    "WITH RECURSIVE is not offered; a query that repeats itself could ask for everybody in turn",
                    "WITH RECURSIVE は使えません。繰り返しのない WITH にしてください",
                )
                .at(place(query.span()))
            })?;
            absent(cte_tables.iter().any(|c| c.from.is_some() || c.materialized.is_some()), || clause("MATERIALIZED"))?;
        }
        body_shape(body)
    }

    fn pre_visit_select(&mut self, select: &Select) -> Step {
        select_shape(select)
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> Step {
        factor_shape(factor)
    }

    fn pre_visit_expr(&mut self, expression: &Expr) -> Step {
        expression_shape(expression).map_or(ControlFlow::Continue(()), |r| stop(r.at(place(expression.span()))))
    }
}

fn body_shape(body: &SetExpr) -> Step {
    match body {
        SetExpr::Select(_) | SetExpr::Query(_) => ControlFlow::Continue(()),
        SetExpr::SetOperation { left, right, .. } => {
            body_shape(left)?;
            body_shape(right)
        }
        SetExpr::Values(values) => absent(values.rows.is_empty(), || clause("VALUES without rows")),
        SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_) | SetExpr::Table(_) => {
            stop(clause("a statement that changes data, or TABLE,"))
        }
    }
}

fn select_shape(select: &Select) -> Step {
    let Select {
        select_token: _,
        optimizer_hints,
        distinct,
        select_modifiers,
        top,
        top_before_distinct,
        projection,
        exclude,
        into,
        from,
        lateral_views,
        prewhere,
        selection: _,
        connect_by,
        group_by,
        cluster_by,
        distribute_by,
        sort_by,
        having: _,
        named_window: _,
        qualify,
        window_before_qualify: _,
        value_table_mode,
        flavor,
    } = select;
    let odd = !optimizer_hints.is_empty() || select_modifiers.is_some() || top.is_some() || *top_before_distinct || exclude.is_some();
    let odd = odd || into.is_some() || !lateral_views.is_empty() || prewhere.is_some() || !connect_by.is_empty();
    let odd = odd || !cluster_by.is_empty() || !distribute_by.is_empty() || !sort_by.is_empty() || qualify.is_some();
    let standard = matches!(flavor, datafusion::sql::sqlparser::ast::SelectFlavor::Standard);
    let at = place(select.span());
    absent(odd || value_table_mode.is_some() || !standard, || clause("TOP, INTO, QUALIFY or another clause of this SELECT").at(at))?;
    absent(matches!(distinct, Some(Distinct::On(_) | Distinct::All)), || clause("DISTINCT ON").at(at))?;
    for item in projection {
        absent(matches!(item, SelectItem::ExprWithAliases { .. }), || clause("more than one alias for a column").at(at))?;
    }
    match group_by {
        GroupByExpr::All(_) => return stop(clause("GROUP BY ALL").at(at)),
        GroupByExpr::Expressions(_, modifiers) => {
            let known = |m: &GroupByWithModifier| matches!(m, GroupByWithModifier::Rollup | GroupByWithModifier::Cube);
            absent(!modifiers.iter().all(known), || clause("WITH TOTALS").at(at))?;
        }
    }
    from.iter().flat_map(|f| &f.joins).try_for_each(join_shape)
}

fn join_shape(join: &Join) -> Step {
    let Join { relation: _, global, join_operator } = join;
    let refused = || {
        not_offered(
            "this kind of join is not offered; use JOIN, LEFT JOIN, RIGHT JOIN or CROSS JOIN, with USING or ON",
            "この結合は使えません。JOIN・LEFT JOIN・RIGHT JOIN・CROSS JOIN を USING か ON とともに使ってください",
        )
        .at(place(join.span()))
    };
    let constraint = match join_operator {
        JoinOperator::Join(c) | JoinOperator::Inner(c) | JoinOperator::Left(c) | JoinOperator::LeftOuter(c) => c,
        JoinOperator::Right(c) | JoinOperator::RightOuter(c) | JoinOperator::CrossJoin(c) => c,
        JoinOperator::LeftSemi(c) | JoinOperator::LeftAnti(c) => c,
        _ => return stop(refused()),
    };
    absent(*global || matches!(constraint, JoinConstraint::Natural), refused)
}

fn factor_shape(factor: &TableFactor) -> Step {
    let at = place(factor.span());
    let alias = match factor {
        TableFactor::Table { name: _, alias, args, with_hints, version, with_ordinality, partitions, json_path, sample, index_hints } => {
            absent(args.is_some(), || {
                not_offered(
                    "a table function is not offered; a query reads the tables of its permit, code lists (codes.name) and VALUES",
                    "表関数は使えません。許可された表・コード表（codes.名前）・VALUES だけを読めます",
                )
                .at(at)
            })?;
            let odd = !with_hints.is_empty() || version.is_some() || *with_ordinality || !partitions.is_empty();
            absent(odd || json_path.is_some() || sample.is_some() || !index_hints.is_empty(), || {
                clause("TABLESAMPLE, a hint or an option on a table").at(at)
            })?;
            alias
        }
        TableFactor::Derived { lateral, subquery: _, alias, sample } => {
            absent(*lateral || sample.is_some(), || clause("LATERAL or TABLESAMPLE").at(at))?;
            alias
        }
        TableFactor::NestedJoin { table_with_joins, alias } => {
            table_with_joins.joins.iter().try_for_each(join_shape)?;
            alias
        }
        _ => {
            return stop(
                not_offered(
                    "this source of rows is not offered; name a table of the permit, a code list, a subquery or VALUES",
                    "この行の元は使えません。許可された表・コード表・副問合せ・VALUES のどれかにしてください",
                )
                .at(at),
            );
        }
    };
    match alias {
        Some(TableAlias { explicit: _, name: _, columns: _, at: Some(_) }) => stop(clause("AT on a table").at(at)),
        _ => ControlFlow::Continue(()),
    }
}

/// What is wrong with this node itself; its parts are visited after it.
fn expression_shape(expression: &Expr) -> Option<Refusal> {
    match expression {
        Expr::Identifier(_) | Expr::CompoundIdentifier(_) | Expr::Nested(_) | Expr::InList { .. } | Expr::InSubquery { .. } => None,
        Expr::IsFalse(_) | Expr::IsNotFalse(_) | Expr::IsTrue(_) | Expr::IsNotTrue(_) | Expr::IsNull(_) | Expr::IsNotNull(_) => None,
        Expr::Between { .. } | Expr::Case { .. } | Expr::Exists { .. } | Expr::Subquery(_) | Expr::Substring { .. } => None,
        Expr::GroupingSets(_) | Expr::Cube(_) | Expr::Rollup(_) | Expr::Tuple(_) => None,
        Expr::Ceil { .. } | Expr::Floor { .. } | Expr::Cast { .. } => None,
        Expr::Value(value) => match value.value {
            Value::Number(..) | Value::SingleQuotedString(_) | Value::Boolean(_) | Value::Null => None,
            _ => Some(not_offered(
                "this literal is not offered; write numbers plainly and texts in 'single quotes'",
                "この書き方の値は使えません。数はそのまま、文字列は '…' で書いてください",
            )),
        },
        Expr::Like { any: false, escape_char: None, .. } => None,
        Expr::UnaryOp { op: UnaryOperator::Plus | UnaryOperator::Minus | UnaryOperator::Not, .. } => None,
        Expr::BinaryOp { op, .. } => operator(op),
        Expr::Function(function) => function_shape(function),
        _ => Some(not_offered(
            "this expression is not offered; use columns, numbers, texts, comparisons, CASE, CAST, LIKE, IN, EXISTS and the listed functions",
            "この式は使えません。列・数・文字列・比較・CASE・CAST・LIKE・IN・EXISTS と、一覧にある関数を使ってください",
        )),
    }
}

fn operator(op: &BinaryOperator) -> Option<Refusal> {
    match op {
        BinaryOperator::Plus | BinaryOperator::Minus | BinaryOperator::Multiply | BinaryOperator::Divide => None,
        BinaryOperator::Gt | BinaryOperator::Lt | BinaryOperator::GtEq | BinaryOperator::LtEq | BinaryOperator::Eq => None,
        BinaryOperator::NotEq | BinaryOperator::And | BinaryOperator::Or | BinaryOperator::StringConcat => None,
        BinaryOperator::Modulo => Some(not_offered(
            "the remainder (%) is not offered: it cuts people into arbitrary groups; use ym/100, month_of(ym) or CASE",
            "剰余（%）は使えません。人を任意の組に切り分けられるためです。ym/100、month_of(ym)、CASE を使ってください",
        )),
        _ => Some(not_offered(
            "this operator is not offered; use + - * / || and comparisons",
            "この演算子は使えません。+ - * / || と比較を使ってください",
        )),
    }
}

fn function_shape(function: &Function) -> Option<Refusal> {
    let Function { name, uses_odbc_syntax, parameters, args, filter: _, null_treatment, over: _, within_group: _ } = function;
    let refused = || {
        Some(not_offered(
            "this clause of a function is not offered; DISTINCT, FILTER (WHERE ...), OVER (...) and WITHIN GROUP are",
            "関数のこの句は使えません。DISTINCT・FILTER (WHERE …)・OVER (…)・WITHIN GROUP は使えます",
        ))
    };
    if *uses_odbc_syntax || !matches!(parameters, FunctionArguments::None) || null_treatment.is_some() {
        return refused();
    }
    let called: Vec<Option<&Ident>> = name.0.iter().map(|part| part.as_ident()).collect();
    match called.as_slice() {
        [Some(name)] if exists(&name.value.to_lowercase()) => {}
        // A quoted name would be another way to write the same, and there is one.
        [Some(schema), Some(name)]
            if schema.value.eq_ignore_ascii_case("guest") && schema.quote_style.is_none() && name.quote_style.is_none() => {}
        _ => {
            return Some(not_offered(
                "this function is not offered; the page of the language lists those that are",
                "この関数は使えません。使える関数は言語のページにあります",
            ));
        }
    }
    match args {
        FunctionArguments::None => None,
        FunctionArguments::Subquery(_) => refused(),
        FunctionArguments::List(FunctionArgumentList { duplicate_treatment: _, args, clauses }) => {
            let plain = |a: &FunctionArg| matches!(a, FunctionArg::Unnamed(FunctionArgExpr::Expr(_) | FunctionArgExpr::Wildcard));
            if clauses.is_empty() && args.iter().all(plain) { None } else { refused() }
        }
    }
}
