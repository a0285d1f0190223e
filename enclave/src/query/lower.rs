//! WHERE conditions to [`Predicate`]: comparisons of a column that has a domain, or of a guest, with literals of it, and AND, OR, NOT.

use datafusion::sql::sqlparser::ast::{BinaryOperator, Expr, UnaryOperator, Value};
use visiting_policies::{Code, Refusal};

use super::{
    KeyColumn, PermitSchema, Predicate, ValueSet, Values,
    parse::{Tables, key, names_key, not_offered},
};

/// Lowers a condition; the columns and guests it names are added to `named`.
pub(super) fn condition(
    expression: &Expr,
    tables: &Tables,
    permit: &PermitSchema,
    named: &mut Vec<KeyColumn>,
) -> Result<Predicate, Refusal> {
    Lowering { tables, permit, named }.lower(expression, false)
}

struct Lowering<'a> {
    tables: &'a Tables,
    permit: &'a PermitSchema,
    named: &'a mut Vec<KeyColumn>,
}

impl Lowering<'_> {
    /// `not` says whether the expression stands under an odd number of NOTs.
    fn lower(&mut self, expression: &Expr, not: bool) -> Result<Predicate, Refusal> {
        match expression {
            Expr::Nested(inner) => self.lower(inner, not),
            Expr::UnaryOp { op: UnaryOperator::Not, expr } => self.lower(expr, !not),
            Expr::BinaryOp { left, op: op @ (BinaryOperator::And | BinaryOperator::Or), right } => {
                let parts = vec![self.lower(left, not)?, self.lower(right, not)?];
                let conjunction = (*op == BinaryOperator::And) != not;
                Ok(if conjunction { Predicate::All(parts) } else { Predicate::Any(parts) })
            }
            Expr::BinaryOp { left, op, right } => self.comparison(left, op, right, not),
            Expr::InList { expr, list, negated } => {
                let column = self.column(expr)?;
                let values = list.iter().map(|v| exact(&column, v)).collect::<Result<Vec<_>, _>>()?;
                Ok(atom(&column, ValueSet::values(values), *negated != not))
            }
            Expr::Between { expr, negated, low, high } => {
                let column = self.column(expr)?;
                let set = ValueSet::range(bound(&column, low)?, bound(&column, high)?);
                Ok(atom(&column, set, *negated != not))
            }
            Expr::Like { negated, any: false, expr, pattern, escape_char: None } => {
                let column = self.column(expr)?;
                Ok(atom(&column, prefix(&column, pattern)?, *negated != not))
            }
            _ => Err(not_offered("this condition (a condition compares a column with values of its domain)")),
        }
    }

    fn comparison(&mut self, left: &Expr, op: &BinaryOperator, right: &Expr, not: bool) -> Result<Predicate, Refusal> {
        let (column, op, literal) = match (names_key(left), names_key(right)) {
            (true, false) => (self.column(left)?, op.clone(), right),
            (false, true) => (self.column(right)?, mirrored(op), left),
            _ => return Err(not_offered("a condition that does not compare a column with a literal")),
        };
        let (lo, hi) = column.values.bounds();
        let set = match op {
            BinaryOperator::Eq => ValueSet::values([exact(&column, literal)?]),
            BinaryOperator::NotEq => return Ok(atom(&column, ValueSet::values([exact(&column, literal)?]), !not)),
            BinaryOperator::Lt => ValueSet::range(lo, bound(&column, literal)?.saturating_sub(1)),
            BinaryOperator::LtEq => ValueSet::range(lo, bound(&column, literal)?),
            BinaryOperator::Gt => ValueSet::range(bound(&column, literal)?.saturating_add(1), hi),
            BinaryOperator::GtEq => ValueSet::range(bound(&column, literal)?, hi),
            _ => return Err(not_offered("this operator")),
        };
        Ok(atom(&column, set, not))
    }

    fn column(&mut self, expression: &Expr) -> Result<KeyColumn, Refusal> {
        let column = key(expression, self.tables, self.permit)?.ok_or_else(|| not_offered("a condition on an expression"))?;
        if !self.named.contains(&column) {
            self.named.push(column.clone());
        }
        Ok(column)
    }
}

fn mirrored(op: &BinaryOperator) -> BinaryOperator {
    match op {
        BinaryOperator::Lt => BinaryOperator::Gt,
        BinaryOperator::LtEq => BinaryOperator::GtEq,
        BinaryOperator::Gt => BinaryOperator::Lt,
        BinaryOperator::GtEq => BinaryOperator::LtEq,
        other => other.clone(),
    }
}

/// The set, or what the domain has beyond it; a whole domain is no condition, an empty set no row.
fn atom(column: &KeyColumn, set: ValueSet, not: bool) -> Predicate {
    let whole = column.values.all();
    let set = if not { set.complement(column.values.bounds()) } else { set.intersection(&whole) };
    match () {
        () if set == whole => Predicate::True,
        () if set.is_empty() => Predicate::False,
        () => Predicate::In(column.name.clone(), set),
    }
}

fn wrong(column: &KeyColumn) -> Refusal {
    if let Values::Labels { labels, .. } = &column.values {
        let declared = format!("guest.{} is compared with its declared labels only: '{}'", column.title, labels.join("', '"));
        return Refusal::new(Code::LiteralOutsideDomain, declared);
    }
    let example = column.values.label(column.values.bounds().0);
    Refusal::new(
        Code::LiteralOutsideDomain,
        format!(
            "a value compared with `{}` is not in its declared domain; the listing shows the domain (it starts at {example})",
            column.title
        ),
    )
}

/// A literal that must be a value of the domain.
fn exact(column: &KeyColumn, literal: &Expr) -> Result<i64, Refusal> {
    let value = number(column, literal)?;
    let (lo, hi) = column.values.bounds();
    if (lo..=hi).contains(&value) { Ok(value) } else { Err(wrong(column)) }
}

/// A literal of the right type that only bounds a range of whole numbers.
fn bound(column: &KeyColumn, literal: &Expr) -> Result<i64, Refusal> {
    match column.values {
        Values::Range(..) => number(column, literal),
        Values::Codes(_) | Values::Pattern(_) => Err(not_offered("a range of codes (use = , IN or LIKE 'prefix%')")),
        Values::Labels { .. } => Err(not_offered("a range of a guest's labels (use = , <> or IN)")),
    }
}

fn number(column: &KeyColumn, literal: &Expr) -> Result<i64, Refusal> {
    let found = match (literal, &column.values) {
        (Expr::Value(v), Values::Range(..)) => match &v.value {
            Value::Number(text, false) => text.parse().ok(),
            _ => None,
        },
        (Expr::UnaryOp { op: UnaryOperator::Minus, expr }, Values::Range(..)) => {
            return number(column, expr).map(|n: i64| n.saturating_neg());
        }
        (Expr::Value(v), codes @ (Values::Codes(_) | Values::Pattern(_) | Values::Labels { .. })) => match &v.value {
            Value::SingleQuotedString(text) => codes.index(text),
            _ => None,
        },
        _ => None,
    };
    found.ok_or_else(|| wrong(column))
}

/// The codes that start with the text before a single closing `%`.
fn prefix(column: &KeyColumn, pattern: &Expr) -> Result<ValueSet, Refusal> {
    let refused = || not_offered("LIKE, but for a code column and 'prefix%',");
    let Expr::Value(v) = pattern else { return Err(refused()) };
    let Value::SingleQuotedString(text) = &v.value else { return Err(refused()) };
    let head = text.strip_suffix('%').filter(|h| !h.contains(['%', '_', '\\'])).ok_or_else(refused)?;
    match &column.values {
        Values::Codes(codes) => {
            let starting = codes.iter().enumerate().filter(|(_, c)| c.starts_with(head));
            Ok(ValueSet::values(starting.map(|(i, _)| i as i64)))
        }
        // Codes of one form are numbered in the order of their texts: those with one beginning are neighbours.
        Values::Pattern(form) => Ok(form.span(head).map_or(ValueSet::values([]), |(lo, hi)| ValueSet::range(lo, hi))),
        Values::Range(..) | Values::Labels { .. } => Err(refused()),
    }
}
