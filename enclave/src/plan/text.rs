//! SQL text to a syntax tree whose every clause is on the list of `shape`.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::{
    ast::{
        BinaryOperator, Expr, Ident, JoinConstraint, JoinOperator, Query, Select, Spanned, Statement, TableFactor, Visit, VisitMut,
        VisitorMut,
    },
    dialect::GenericDialect,
    parser::Parser,
    tokenizer::{Span, Tokenizer},
};
use visiting_policies::{Code, Refusal, TextPlace, disclosure::limits};

use super::{shape::Shape, weight};

/// Deepest nesting of brackets, CASE, NOT and subqueries that the parser follows: far above hand-written SQL. Chains it does not count.
const DEPTH_MAX: usize = 40;

/// Reads one SELECT.
pub(super) fn read(sql: &str) -> Result<Statement, Refusal> {
    if sql.len() > limits::SQL_MAX_BYTES {
        let (en, ja) =
            (format!("a query has {} bytes at most", limits::SQL_MAX_BYTES), format!("SQL は {} バイトまでです", limits::SQL_MAX_BYTES));
        return Err(Refusal::new(Code::TooLarge, en).ja(ja));
    }
    few_chained(sql)?;
    let mut found = statements(sql)?;
    let second = found.get(1).or(found.first()).and_then(|s| place(s.span()));
    let (Some(mut statement @ Statement::Query(_)), true) = (found.pop(), found.is_empty()) else {
        return Err(not_offered(
            "anything but one SELECT is not offered; write one query, without a second statement",
            "1 つの SELECT 文だけが書けます。2 つ目の文や、ほかの種類の文を除いてください",
        )
        .at(second));
    };
    weight::fits(&statement)?;
    match statement.visit(&mut Shape) {
        ControlFlow::Continue(()) => {
            // The person may be named without its table after a join on it, however the join is written.
            let _ = VisitMut::visit(&mut statement, &mut OneName);
            Ok(statement)
        }
        ControlFlow::Break(refusal) => Err(*refusal),
    }
}

/// A refusal of something that the language does not have, in both languages.
pub(crate) fn not_offered(en: impl Into<String>, ja: impl Into<String>) -> Refusal {
    Refusal::new(Code::SqlNotOffered, en).ja(ja)
}

/// Where a syntax tree's node starts; `None` for nodes that the parser gives no place.
pub(super) fn place(span: Span) -> Option<TextPlace> {
    let start = span.start;
    (start.line > 0).then_some(TextPlace { line: start.line, column: start.column })
}

fn unreadable() -> Refusal {
    Refusal::new(Code::SqlUnreadable, "the SQL could not be read; check brackets, quotes and commas")
        .ja("SQL を読み取れません。括弧・引用符・カンマを確かめてください")
}

fn statements(sql: &str) -> Result<Vec<Statement>, Refusal> {
    // The parser's own text can quote the query; ours names only what to do, and where.
    let dialect = GenericDialect {};
    let parser = Parser::new(&dialect).with_recursion_limit(DEPTH_MAX).try_with_sql(sql);
    parser.and_then(|mut p| p.parse_statements()).map_err(|e| unreadable().at(told_place(&e.to_string())))
}

/// The place that the parser ends its sentence with: `at Line: 1, Column: 8`.
fn told_place(error: &str) -> Option<TextPlace> {
    let (_, rest) = error.rsplit_once("Line: ")?;
    let (line, column) = rest.split_once(", Column: ")?;
    let digits: String = column.chars().take_while(char::is_ascii_digit).collect();
    Some(TextPlace { line: line.parse().ok()?, column: digits.parse().ok()? })
}

/// Chains of AND, OR and operators grow as deep as they are long, whatever the parser's own depth limit.
fn few_chained(sql: &str) -> Result<(), Refusal> {
    let tokens = Tokenizer::new(&GenericDialect {}, sql).tokenize().map_err(|e| unreadable().at(told_place(&e.to_string())))?;
    if tokens.iter().filter(|t| weight::computes(t)).count() > weight::ARITHMETIC_MAX {
        let most = weight::ARITHMETIC_MAX;
        let (en, ja) = (format!("a query has {most} of + - * / || at most"), format!("+ - * / || は合わせて {most} 個までです"));
        return Err(Refusal::new(Code::TooLarge, en).ja(ja));
    }
    if tokens.iter().filter(|t| weight::chains(t)).count() <= weight::CHAINED_MAX {
        return Ok(());
    }
    let most = weight::CHAINED_MAX;
    let en =
        format!("a query has {most} operators, comparisons, AND, OR, NOT, IS, WHEN, JOIN and SELECT at most; use IN for lists of values");
    let ja = format!("演算子・比較・AND・OR・NOT・IS・WHEN・JOIN・SELECT は合わせて {most} 個までです。値の並びには IN を使ってください");
    Err(Refusal::new(Code::TooLarge, en).ja(ja))
}

/// After joins that all say that one column is the same in both tables, its bare name means the first table's: the person may be
/// named without a table, however many tables there are and however the joins are written.
struct OneName;

impl VisitorMut for OneName {
    type Break = ();

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
        if let Some((names, first)) = joined_on_one(select) {
            let _ = VisitMut::visit(select, &mut Qualify { names, first, depth: 0 });
        }
        ControlFlow::Continue(())
    }
}

/// The columns that every join of a SELECT names on both sides, and the name of the table that comes first.
fn joined_on_one(select: &Select) -> Option<(Vec<String>, Vec<Ident>)> {
    let [from] = select.from.as_slice() else { return None };
    let mut common: Option<Vec<String>> = None;
    for join in &from.joins {
        let (JoinOperator::Join(on) | JoinOperator::Inner(on) | JoinOperator::Left(on) | JoinOperator::LeftOuter(on)) = &join.join_operator
        else {
            return None;
        };
        let same = same_names(on);
        common = Some(match common {
            None => same,
            Some(before) => before.into_iter().filter(|n| same.contains(n)).collect(),
        });
    }
    let first = match &from.relation {
        TableFactor::Table { alias: Some(a), .. } | TableFactor::Derived { alias: Some(a), .. } => vec![a.name.clone()],
        TableFactor::Table { name, alias: None, .. } => name.0.iter().map(|p| p.as_ident().cloned()).collect::<Option<_>>()?,
        _ => return None,
    };
    Some((common?, first))
}

/// The columns that a join says are the same on both sides.
fn same_names(constraint: &JoinConstraint) -> Vec<String> {
    match constraint {
        JoinConstraint::Using(names) => names.iter().filter_map(|n| n.0.last()?.as_ident().map(folded)).collect(),
        JoinConstraint::On(condition) => {
            let mut names = Vec::new();
            equal_names(condition, &mut names);
            names
        }
        JoinConstraint::Natural | JoinConstraint::None => Vec::new(),
    }
}

fn equal_names(condition: &Expr, into: &mut Vec<String>) {
    match condition {
        Expr::Nested(inner) => equal_names(inner, into),
        Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
            equal_names(left, into);
            equal_names(right, into);
        }
        Expr::BinaryOp { left, op: BinaryOperator::Eq, right } => {
            if let (Expr::CompoundIdentifier(left), Expr::CompoundIdentifier(right)) = (&**left, &**right)
                && let (Some(x), Some(y)) = (left.last().map(folded), right.last().map(folded))
                && x == y
            {
                into.push(x);
            }
        }
        _ => {}
    }
}

/// A name as the engine reads it.
pub(super) fn folded(name: &Ident) -> String {
    if name.quote_style.is_some() { name.value.clone() } else { name.value.to_lowercase() }
}

/// Writes the table before bare names of one SELECT; subqueries have names of their own.
struct Qualify {
    names: Vec<String>,
    first: Vec<Ident>,
    depth: usize,
}

impl VisitorMut for Qualify {
    type Break = ();

    fn pre_visit_query(&mut self, _: &mut Query) -> ControlFlow<()> {
        self.depth += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &mut Query) -> ControlFlow<()> {
        self.depth -= 1;
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, e: &mut Expr) -> ControlFlow<()> {
        if let (Expr::Identifier(name), 0) = (&*e, self.depth)
            && self.names.contains(&folded(name))
        {
            *e = Expr::CompoundIdentifier(self.first.iter().chain([name]).cloned().collect());
        }
        ControlFlow::Continue(())
    }
}
