//! How deep and how large a query is, measured on its syntax tree before anybody walks it in earnest: a tree as deep as its text is
//! long would use up a stack, and a WITH that names the one before it twice doubles with every line.

use std::{collections::BTreeMap, ops::ControlFlow};

use datafusion::sql::sqlparser::{
    ast::{Expr, ObjectName, Query, Select, Statement, TableFactor, Visit, Visitor},
    tokenizer::Token,
};
use visiting_policies::{Code, Refusal};

use super::text::folded;

/// Words and signs of one text that each can make its tree deeper: far above hand-written SQL; what comes after the planner walks a
/// tree of this depth on any thread's stack.
pub(super) const CHAINED_MAX: usize = 400;
/// Signs of arithmetic among them: the engine's time to plan a chain of them grows with its third power, and this many take a second.
pub(super) const ARITHMETIC_MAX: usize = 150;
/// Levels of the syntax tree, whatever made them: the chains that are counted, and brackets besides.
const LEVELS_MAX: usize = 500;
/// Tables and subqueries of a query, those of a WITH once for each time that it is named: a plan of a few hundred steps, planned in
/// tens of milliseconds.
const SOURCES_MAX: u64 = 256;

/// True for a sign or word that hangs one expression, table or SELECT on another. Lists, names and literals do not.
pub(super) fn chains(token: &Token) -> bool {
    use datafusion::sql::sqlparser::keywords::Keyword as K;
    match token {
        Token::Word(word) => matches!(
            word.keyword,
            K::AND
                | K::OR
                | K::NOT
                | K::XOR
                | K::IS
                | K::IN
                | K::LIKE
                | K::ILIKE
                | K::BETWEEN
                | K::COLLATE
                | K::UNION
                | K::EXCEPT
                | K::INTERSECT
                | K::JOIN
                | K::APPLY
                | K::WHEN
                | K::SELECT
        ),
        Token::Number(..) | Token::Comma | Token::Period | Token::Whitespace(_) | Token::SemiColon | Token::EOF => false,
        Token::LParen | Token::RParen | Token::Char(_) => false,
        text => !is_text(text),
    }
}

/// True for a sign of arithmetic.
pub(super) fn computes(token: &Token) -> bool {
    matches!(token, Token::Plus | Token::Minus | Token::Mul | Token::Div | Token::StringConcat)
}

fn is_text(token: &Token) -> bool {
    use Token as T;
    matches!(
        token,
        T::SingleQuotedString(_)
            | T::DoubleQuotedString(_)
            | T::TripleSingleQuotedString(_)
            | T::TripleDoubleQuotedString(_)
            | T::DollarQuotedString(_)
            | T::NationalStringLiteral(_)
            | T::HexStringLiteral(_)
    )
}

/// Refuses a tree that is deeper or, with every WITH written out, larger than the limits.
pub(super) fn fits(statement: &Statement) -> Result<(), Refusal> {
    match statement.visit(&mut Measure::default()) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(refusal) => Err(*refusal),
    }
}

/// One query: its WITHs, how many of them are read, and what it comes to so far.
#[derive(Debug, Default)]
struct Frame {
    names: std::vec::IntoIter<String>,
    known: BTreeMap<String, u64>,
    sources: u64,
}

#[derive(Debug, Default)]
struct Measure {
    level: usize,
    frames: Vec<Frame>,
}

type Step = ControlFlow<Box<Refusal>>;

impl Measure {
    fn deeper(&mut self) -> Step {
        self.level += 1;
        if self.level <= LEVELS_MAX {
            return ControlFlow::Continue(());
        }
        let en = format!("a query is nested {LEVELS_MAX} levels deep at most; use IN for lists of values, and WITH for steps");
        let ja = format!("問合せの入れ子は {LEVELS_MAX} 段までです。値の並びには IN を、段階には WITH を使ってください");
        ControlFlow::Break(Box::new(Refusal::new(Code::TooLarge, en).ja(ja)))
    }

    fn up(&mut self) -> Step {
        self.level = self.level.saturating_sub(1);
        ControlFlow::Continue(())
    }

    /// A table, or a WITH with all that it names.
    fn source(&mut self, name: &ObjectName) -> Step {
        let bare = match name.0.as_slice() {
            [one] => one.as_ident().map(folded),
            _ => None,
        };
        let known = bare.and_then(|name| self.frames.iter().rev().find_map(|frame| frame.known.get(&name).copied()));
        self.add(known.unwrap_or(1))
    }

    fn add(&mut self, sources: u64) -> Step {
        let Some(frame) = self.frames.last_mut() else { return ControlFlow::Continue(()) };
        frame.sources = frame.sources.saturating_add(sources);
        if frame.sources <= SOURCES_MAX {
            return ControlFlow::Continue(());
        }
        let en = format!(
            "a query has {SOURCES_MAX} tables and subqueries at most, and those of a WITH count each time that it is named; name it less often"
        );
        let ja =
            format!("表と副問合せは合わせて {SOURCES_MAX} 個までです。WITH の中のものは、使うたびに数えます。使う回数を減らしてください");
        ControlFlow::Break(Box::new(Refusal::new(Code::TooLarge, en).ja(ja)))
    }
}

impl Visitor for Measure {
    type Break = Box<Refusal>;

    fn pre_visit_query(&mut self, query: &Query) -> Step {
        let names: Vec<String> = query.with.iter().flat_map(|w| &w.cte_tables).map(|c| folded(&c.alias.name)).collect();
        self.frames.push(Frame { names: names.into_iter(), ..Frame::default() });
        self.deeper()
    }

    /// The first queries inside another are its WITHs, in their order.
    fn post_visit_query(&mut self, _: &Query) -> Step {
        let done = self.frames.pop().unwrap_or_default().sources;
        self.up()?;
        let Some(around) = self.frames.last_mut() else { return ControlFlow::Continue(()) };
        match around.names.next() {
            Some(name) => {
                around.known.insert(name, done);
                ControlFlow::Continue(())
            }
            None => self.add(done),
        }
    }

    fn pre_visit_select(&mut self, _: &Select) -> Step {
        self.add(1)
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> Step {
        self.deeper()?;
        match factor {
            TableFactor::Table { name, .. } => self.source(name),
            _ => ControlFlow::Continue(()),
        }
    }

    fn post_visit_table_factor(&mut self, _: &TableFactor) -> Step {
        self.up()
    }

    fn pre_visit_expr(&mut self, _: &Expr) -> Step {
        self.deeper()
    }

    fn post_visit_expr(&mut self, _: &Expr) -> Step {
        self.up()
    }
}
