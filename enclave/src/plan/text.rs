//! SQL text to a syntax tree whose every clause is on the list of `shape`.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::{
    ast::{BinaryOperator, Expr, Ident, JoinConstraint, JoinOperator, ObjectName, Select, Statement, Visit, VisitMut, VisitorMut},
    dialect::GenericDialect,
    keywords::Keyword,
    parser::Parser,
    tokenizer::{Span, Token, Tokenizer},
};
use visiting_policies::{Code, Refusal, TextPlace, disclosure::limits};

use super::shape::Shape;
use crate::config::CONNECTIVES_MAX;

/// Deepest nesting of the syntax tree: far above hand-written SQL, far below the stack.
const DEPTH_MAX: usize = 40;

/// Reads one SELECT.
pub(super) fn read(sql: &str) -> Result<Statement, Refusal> {
    if sql.len() > limits::SQL_MAX_BYTES {
        let (en, ja) =
            (format!("a query has {} bytes at most", limits::SQL_MAX_BYTES), format!("SQL は {} バイトまでです", limits::SQL_MAX_BYTES));
        return Err(Refusal::new(Code::TooLarge, en).ja(ja));
    }
    few_connectives(sql)?;
    let mut found = statements(sql)?;
    let (Some(mut statement @ Statement::Query(_)), true) = (found.pop(), found.is_empty()) else {
        return Err(not_offered(
            "anything but one SELECT is not offered; write one query, without a second statement",
            "1 つの SELECT 文だけが書けます。2 つ目の文や、ほかの種類の文を除いてください",
        ));
    };
    match statement.visit(&mut Shape::default()) {
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
fn few_connectives(sql: &str) -> Result<(), Refusal> {
    let tokens = Tokenizer::new(&GenericDialect {}, sql).tokenize().map_err(|e| unreadable().at(told_place(&e.to_string())))?;
    let word = |k: Keyword| {
        matches!(
            k,
            Keyword::AND
                | Keyword::OR
                | Keyword::NOT
                | Keyword::XOR
                | Keyword::UNION
                | Keyword::EXCEPT
                | Keyword::INTERSECT
                | Keyword::JOIN
                | Keyword::WHEN
                | Keyword::SELECT
        )
    };
    let counts = |t: &Token| match t {
        Token::Word(w) => word(w.keyword),
        Token::Plus | Token::Minus | Token::Mul | Token::Div | Token::StringConcat | Token::Eq | Token::Pipe | Token::Ampersand => true,
        _ => false,
    };
    if tokens.iter().filter(|t| counts(t)).count() <= 2 * CONNECTIVES_MAX {
        return Ok(());
    }
    let en = format!("a query has {} AND, OR, NOT, WHEN and operators at most; use IN for lists of values", 2 * CONNECTIVES_MAX);
    let ja = format!("AND・OR・NOT・WHEN と演算子は合わせて {} 個までです。値の並びには IN を使ってください", 2 * CONNECTIVES_MAX);
    Err(Refusal::new(Code::TooLarge, en).ja(ja))
}

/// Reads `JOIN b ON a.x = b.x` as `JOIN b USING (x)`: the same rows, and one column of that name.
struct OneName;

impl VisitorMut for OneName {
    type Break = ();

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
        for joins in select.from.iter_mut().map(|f| &mut f.joins) {
            let mut one: Option<String> = None;
            for join in joins {
                let (JoinOperator::Join(constraint) | JoinOperator::Inner(constraint)) = &mut join.join_operator else { break };
                let Some(name) = same_name(constraint) else { break };
                // A further join on another column could mean that of either table before it.
                if one.get_or_insert_with(|| name.value.clone()) != &name.value {
                    break;
                }
                *constraint = JoinConstraint::Using(vec![ObjectName::from(vec![name])]);
            }
        }
        ControlFlow::Continue(())
    }
}

/// The one column that both sides of `ON a.x = b.x` name.
fn same_name(constraint: &JoinConstraint) -> Option<Ident> {
    let JoinConstraint::On(Expr::BinaryOp { left, op: BinaryOperator::Eq, right }) = constraint else { return None };
    let (Expr::CompoundIdentifier(left), Expr::CompoundIdentifier(right)) = (&**left, &**right) else { return None };
    let ([a, x], [b, y]) = (left.as_slice(), right.as_slice()) else { return None };
    (a.value != b.value && x.value == y.value && x.quote_style == y.quote_style).then(|| x.clone())
}
