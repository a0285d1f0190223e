//! Guests in SQL: `guest.<name>(argument, ...)` with columns of the joined tables, or literals, as arguments. Only guests that the
//! record binds to the permit resolve.

use std::collections::BTreeSet;

use datafusion::sql::sqlparser::{
    ast::{Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, UnaryOperator, Value},
    dialect::GenericDialect,
    tokenizer::{Token, Tokenizer},
};
use visiting_catalog::{Column, Kind};
use visiting_intake::{Param, ParamKind};
use visiting_policies::{Code, Refusal};

use super::{
    ColumnUse, KeyColumn, Origin, PermitSchema, Values,
    parse::{Tables, arguments, column_parts, full_name, not_offered},
    schema,
};

/// The schema below which guests are called.
const SCHEMA: &str = "guest";

/// One call of a guest. Equal calls give equal labels on every row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    /// The guest's digest.
    pub(crate) guest: String,
    /// In the order of its parameters.
    pub(crate) arguments: Vec<Argument>,
}

/// One argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Argument {
    /// A column of a table of the query, by index.
    Column(usize, Column),
    /// A whole number.
    Int(i64),
    /// A text.
    Text(String),
}

/// Names behind `guest.` in a text: at least those that it calls. What cannot be read calls none.
pub(crate) fn named(sql: &str) -> BTreeSet<String> {
    let tokens = Tokenizer::new(&GenericDialect {}, sql).tokenize().unwrap_or_default();
    let tokens: Vec<&Token> = tokens.iter().filter(|t| !matches!(t, Token::Whitespace(_))).collect();
    let word = |token: &Token| if let Token::Word(w) = token { Some(w.value.to_lowercase()) } else { None };
    let name = |window: &[&Token]| match window {
        [schema, Token::Period, name] if word(schema).as_deref() == Some(SCHEMA) => word(name),
        _ => None,
    };
    tokens.windows(3).filter_map(name).collect()
}

/// The function of an expression that calls something below `guest.`, however it is written.
pub(super) fn function(expression: &Expr) -> Option<&Function> {
    match expression {
        Expr::Nested(inner) => function(inner),
        Expr::Function(function) => {
            let below = |ident: &Ident| ident.value.eq_ignore_ascii_case(SCHEMA);
            let first = function.name.0.iter().rev().nth(1).and_then(|part| part.as_ident());
            first.is_some_and(below).then_some(function)
        }
        _ => None,
    }
}

/// True for an argument that calls a guest somewhere inside.
pub(super) fn within(argument: &FunctionArg) -> bool {
    fn inside(expression: &Expr) -> bool {
        let arguments = match expression {
            Expr::Function(Function { args: FunctionArguments::List(list), .. }) => list.args.iter().any(within),
            Expr::Nested(inner) | Expr::UnaryOp { expr: inner, .. } => inside(inner),
            Expr::BinaryOp { left, right, .. } => inside(left) || inside(right),
            _ => false,
        };
        arguments || function(expression).is_some()
    }
    matches!(argument, FunctionArg::Unnamed(FunctionArgExpr::Expr(expression)) if inside(expression))
}

/// A call as a key: its name in plans is the guest's digest with the full names of its arguments.
pub(super) fn call(function: &Function, tables: &Tables, permit: &PermitSchema) -> Result<KeyColumn, Refusal> {
    let name = name(function)?;
    let list = arguments(function)?;
    if list.duplicate_treatment.is_some() {
        return Err(not_offered("DISTINCT or ALL in a guest"));
    }
    let guest = permit.guest(&name)?;
    let params = &guest.manifest.params;
    if list.args.len() != params.len() {
        let detail = format!("guest.{name} takes {}: {}", counted(params.len()), params.iter().map(shown).collect::<Vec<_>>().join(", "));
        return Err(Refusal::new(Code::SqlNotOffered, detail));
    }
    let arguments: Vec<Argument> =
        params.iter().zip(&list.args).map(|(param, given)| argument(&name, param, given, tables)).collect::<Result<_, _>>()?;
    let told: Vec<String> = arguments.iter().map(|a| a.name(tables)).collect();
    let labels = guest.manifest.labels.iter().map(|l| l.label.clone()).collect();
    Ok(KeyColumn {
        name: format!("guest {}({})", guest.digest, told.join(", ")),
        title: name,
        values: Values::Labels { labels, reachable: None },
        origin: Origin::Call(Call { guest: guest.digest.clone(), arguments }),
    })
}

/// `guest.<name>`, both plain: a quoted name or a third part would be another way to write the same, and there is one.
fn name(function: &Function) -> Result<String, Refusal> {
    let parts: Vec<&Ident> = function.name.0.iter().filter_map(|part| part.as_ident()).collect();
    match parts.as_slice() {
        [schema, name] if function.name.0.len() == 2 && schema.quote_style.is_none() && name.quote_style.is_none() => {
            Ok(name.value.to_lowercase())
        }
        _ => Err(not_offered("a guest by a quoted name or a name of three parts (write guest.name)")),
    }
}

fn counted(params: usize) -> String {
    if params == 1 { "one argument".to_owned() } else { format!("{params} arguments") }
}

fn shown(param: &Param) -> String {
    format!("{} ({})", param.name, kind(param.kind))
}

fn kind(kind: ParamKind) -> &'static str {
    match kind {
        ParamKind::Int => "a column of whole numbers",
        ParamKind::Decimal => "a column of decimals or whole numbers",
        ParamKind::Text => "a column of codes",
    }
}

fn argument(guest: &str, param: &Param, given: &FunctionArg, tables: &Tables) -> Result<Argument, Refusal> {
    let FunctionArg::Unnamed(FunctionArgExpr::Expr(expression)) = given else {
        return Err(not_offered("* or a named argument in a guest"));
    };
    let refused = |why: &str| Refusal::new(Code::ColumnUse, format!("guest.{guest}: {} {why}", shown(param)));
    if let Some(literal) = literal(expression) {
        let fits = match &literal {
            Argument::Int(_) => param.kind != ParamKind::Text,
            Argument::Text(text) => param.kind == ParamKind::Text && visiting_sdk::pack(text.as_bytes()).is_some(),
            Argument::Column(..) => true,
        };
        return if fits { Ok(literal) } else { Err(refused("does not take this literal")) };
    }
    let (qualifier, name) = column_parts(expression)
        .ok_or_else(|| not_offered("an expression or another guest as the argument of a guest (hand it a column or a literal)"))?;
    match schema::find(tables, qualifier.as_deref(), &name)? {
        (_, ColumnUse::Person) => Err(refused("cannot be the person key: no guest is told who a row is about")),
        (_, ColumnUse::Facility) => Err(refused("cannot be the facility key: no guest is told where a row is from")),
        (table, ColumnUse::Value(column)) => {
            let fits = match param.kind {
                ParamKind::Int => column.kind == Kind::Int,
                ParamKind::Decimal => matches!(column.kind, Kind::Int | Kind::Decimal),
                ParamKind::Text => column.kind == Kind::Code,
            };
            if fits { Ok(Argument::Column(table, column)) } else { Err(refused(&format!("cannot be `{name}`, which is of another kind"))) }
        }
    }
}

/// A whole number or a text.
fn literal(expression: &Expr) -> Option<Argument> {
    match expression {
        Expr::Nested(inner) => literal(inner),
        Expr::Value(value) => match &value.value {
            Value::Number(text, false) => text.parse().ok().map(Argument::Int),
            Value::SingleQuotedString(text) => Some(Argument::Text(text.clone())),
            _ => None,
        },
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => match literal(expr) {
            Some(Argument::Int(number)) => number.checked_neg().map(Argument::Int),
            _ => None,
        },
        _ => None,
    }
}

impl Argument {
    /// What it is in a plan.
    fn name(&self, tables: &Tables) -> String {
        match self {
            Self::Column(table, column) => full_name(tables, *table, &column.name),
            Self::Int(number) => number.to_string(),
            Self::Text(text) => format!("{text:?}"),
        }
    }
}
