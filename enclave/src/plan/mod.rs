//! From SQL text to typed relations. The engine's reader resolves names and types of a text whose clauses are on our list; its plan
//! says what was asked, and is never run: `unit` builds the plan that is, from the permit's tables alone.

mod functions;
mod lists;
mod names;
mod schema;
mod shape;
#[cfg(test)]
pub(crate) mod tests;
mod text;
mod weight;

use std::{
    collections::BTreeSet,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::LazyLock,
};

use datafusion::{
    common::{DataFusionError, SchemaError},
    logical_expr::LogicalPlan,
    sql::{
        planner::{ParserOptions, SqlToRel},
        sqlparser::{
            ast::Statement,
            dialect::GenericDialect,
            tokenizer::{Token, Tokenizer},
        },
    },
};
use visiting_intake::Param;
use visiting_policies::{Code, Refusal, TextPlace};

pub(crate) use crate::unit::Protected;
pub(crate) use functions::{PER_PERSON, RELEASED, is_of_months};
pub(crate) use names::{GroupName, GuestName, Source, is_key, kind};
pub use schema::PermitSchema;
pub(crate) use schema::{SchemaTable, Signature, unknown};
pub(crate) use text::not_offered;

use crate::{
    certain,
    deep::deep,
    unit::{self, Reads, Tracked, track},
};

static FUNCTIONS: LazyLock<functions::Functions> = LazyLock::new(functions::Functions::new);

/// Reads and types a query, on a stack of known size. `floor` is the fewest people behind anything shown; `protected` says whether a
/// listing's rules protect facilities, or households. Reads no data.
pub(crate) fn plan(sql: &str, permit: &PermitSchema, floor: u64, protected: Protected<'_>) -> Result<Tracked, Refusal> {
    let work = || {
        let tracked = track(&read(text::read(sql)?, permit)?, permit, floor, protected)?;
        let rows = tracked.points.iter().map(|point| &point.question.rows);
        let of_guests = tracked.points.iter().flat_map(|point| &point.question.guests).map(|guest| &guest.rows);
        rows.chain(of_guests).chain([&tracked.root]).try_for_each(certain::runs)?;
        Ok(tracked)
    };
    // A mistake of ours is for the operator, and the process lives.
    let planned = deep(|| catch_unwind(AssertUnwindSafe(work)).ok());
    planned.flatten().unwrap_or_else(|| Err(broken()))
}

/// Reads and types what a guest of the person form reads, by the rules of every query. Guests are no part of its language.
pub(crate) fn reads(sql: &str, params: &[Param], permit: &PermitSchema, floor: u64, protected: Protected<'_>) -> Result<Reads, Refusal> {
    let work = || {
        let reads = unit::reads(&read(text::read(sql)?, permit)?, permit, floor, protected, params)?;
        certain::runs(&reads.rows)?;
        Ok(reads)
    };
    let planned = deep(|| catch_unwind(AssertUnwindSafe(work)).ok());
    planned.flatten().unwrap_or_else(|| Err(broken()))
}

/// What the engine's reader understands. It is not ours: what makes it panic is refused.
fn read(statement: Statement, permit: &PermitSchema) -> Result<LogicalPlan, Refusal> {
    let read = catch_unwind(AssertUnwindSafe(|| {
        let names = names::Names::new(permit, &FUNCTIONS);
        let options = ParserOptions { collect_spans: true, ..ParserOptions::default() };
        SqlToRel::new_with_options(&names, options).sql_statement_to_plan(statement).map_err(|e| {
            let place = place_of(&e);
            names.refused.take().unwrap_or_else(|| told(&e)).at(place)
        })
    }));
    read.unwrap_or_else(|_| Err(unit_invalid()))
}

/// A mistake of ours: operators look at it.
fn broken() -> Refusal {
    Refusal::new(Code::OperatorProblem, "this query could not be planned; the operators have been told")
        .ja("この問合せは計画できませんでした。運用者に伝えてあります")
}

fn unit_invalid() -> Refusal {
    not_offered(
        "this query could not be planned; write it in simpler steps (WITH helps)",
        "この問合せは計画できませんでした。WITH などで、より単純な段階に分けてください",
    )
}

fn place_of(error: &DataFusionError) -> Option<TextPlace> {
    let span = error.diagnostic().and_then(|d| d.span)?;
    (span.start.line > 0).then_some(TextPlace { line: span.start.line, column: span.start.column })
}

/// The engine's reason in our words: its own can quote the query and name what the permit does not.
fn told(error: &DataFusionError) -> Refusal {
    match error.find_root() {
        DataFusionError::SchemaError(schema, _) => match schema.as_ref() {
            SchemaError::AmbiguousReference { field } => {
                let name = field.name.clone();
                Refusal::new(Code::NameUnknown, format!("`{name}` is in more than one table; write table.{name}"))
                    .ja(format!("`{name}` は 2 つ以上の表にあります。表名.{name} と書いてください"))
            }
            SchemaError::DuplicateUnqualifiedField { .. } | SchemaError::DuplicateQualifiedField { .. } => not_offered(
                "two columns would have one name; give one of them an alias",
                "同じ名前の列が 2 つできます。別名を付けてください",
            ),
            SchemaError::FieldNotFound { .. } => unknown(),
        },
        other => {
            let text = other.to_string();
            match () {
                () if text.contains("GROUP BY") => not_offered(
                    "a column of the SELECT list, HAVING or ORDER BY is neither in GROUP BY nor inside an aggregate",
                    "SELECT・HAVING・ORDER BY の列は、GROUP BY に書くか、集計の中に入れてください",
                ),
                () if text.contains("table '") || text.contains("not found") => unknown(),
                () => not_offered(
                    "the query reads well but does not fit together; check types (codes are texts in quotes, months are numbers), the number of columns and the names of aliases",
                    "文としては読めますが、組み合わせが合いません。型（コードは '…' の文字列、年月は数）・列の数・別名を確かめてください",
                ),
            }
        }
    }
}

/// The schema below which guests are called.
pub(crate) const GUESTS: &str = "guest";

/// Names behind `guest.` or `codes.` in a text: at least those that it means. What cannot be read means none.
pub(crate) fn named(sql: &str, below: &str) -> BTreeSet<String> {
    let tokens = Tokenizer::new(&GenericDialect {}, sql).tokenize().unwrap_or_default();
    let tokens: Vec<&Token> = tokens.iter().filter(|t| !matches!(t, Token::Whitespace(_))).collect();
    let word = |token: &Token| if let Token::Word(w) = token { Some(w.value.to_lowercase()) } else { None };
    let name = |window: &[&Token]| match window {
        [schema, Token::Period, name] if word(schema).as_deref() == Some(below) => word(name),
        _ => None,
    };
    tokens.windows(3).filter_map(name).collect()
}
