//! SQL text to a syntax tree whose every clause is on the list of `shape`.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::{
    ast::{Statement, Visit},
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
    let (Some(statement @ Statement::Query(_)), true) = (found.pop(), found.is_empty()) else {
        return Err(not_offered(
            "anything but one SELECT is not offered; write one query, without a second statement",
            "1 つの SELECT 文だけが書けます。2 つ目の文や、ほかの種類の文を除いてください",
        ));
    };
    match statement.visit(&mut Shape::default()) {
        ControlFlow::Continue(()) => Ok(statement),
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
