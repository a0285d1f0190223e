//! Words that are equal for equal expressions and conditions: what the ledger knows a question by. Where two ways to write one thing
//! are not recognised as equal, the ledger's near rule answers with the earlier value, so an incomplete proof costs a note, never a leak.

use std::{collections::BTreeMap, sync::Arc};

use datafusion::{
    arrow::{
        array::{Array, ArrayRef, AsArray, BooleanArray, Int64Array, RecordBatch, StringArray},
        compute::cast,
        datatypes::{DataType, Field, Int64Type, Schema},
    },
    common::{Column, DFSchema, ScalarValue, tree_node::TreeNode},
    execution::SessionState,
    logical_expr::{BinaryExpr, Expr, Operator},
    physical_expr::PhysicalExpr,
    prelude::SessionContext,
};

use super::{
    origin::{Origin, Origins},
    safe::safe,
};
use crate::{
    predicate::{Predicate, Said, ValueSet, Values},
    question::KeyValue,
};

/// Values of a domain that are tried one by one: months of 125 years, or a national code list.
const DOMAIN_MAX: u64 = 30_000;

thread_local! {
    /// For expressions over literals and declared values; it has no table.
    static STATE: SessionState = SessionContext::new().state();
}

impl Origins {
    /// An expression in words.
    pub(super) fn words(&self, e: &Expr) -> String {
        self.told(e, |origin| &origin.name)
    }

    /// The same as if each table stood in the query once: for what looks at one naming of one table.
    pub(super) fn plain_words(&self, e: &Expr) -> String {
        self.told(e, Origin::plain_name)
    }

    fn told(&self, e: &Expr, called: fn(&Origin) -> &str) -> String {
        let name = |c: &Column| self.get(c).map_or_else(|| self.key_words(c).to_owned(), |o| called(o).to_owned());
        let words = |e: &Expr| self.told(e, called);
        let both = |l: &Expr, r: &Expr| (words(l), words(r));
        match e {
            Expr::Column(c) => name(c),
            Expr::OuterReferenceColumn(_, c) => format!("outer {}", name(c)),
            Expr::Literal(value, _) => literal(value),
            Expr::BinaryExpr(BinaryExpr { left, op, right }) => {
                let (l, r) = both(left, right);
                match op {
                    Operator::Gt => format!("({r} < {l})"),
                    Operator::GtEq => format!("({r} <= {l})"),
                    Operator::Eq | Operator::NotEq | Operator::Plus | Operator::Multiply | Operator::And | Operator::Or if r < l => {
                        format!("({r} {op} {l})")
                    }
                    _ => format!("({l} {op} {r})"),
                }
            }
            Expr::InList(list) => {
                let mut all: Vec<String> = list.list.iter().map(words).collect();
                all.sort();
                all.dedup();
                format!("({}{} in {})", words(&list.expr), if list.negated { " not" } else { "" }, all.join(","))
            }
            Expr::Not(e) => match opposite(e) {
                Some(other) => words(&other),
                None => format!("(not {})", words(e)),
            },
            Expr::IsNull(e) => format!("{} is null", words(e)),
            Expr::IsNotNull(e) => format!("(not {} is null)", words(e)),
            Expr::IsTrue(e) => format!("{} is true", words(e)),
            Expr::IsNotTrue(e) => format!("{} is not true", words(e)),
            Expr::IsFalse(e) => format!("{} is false", words(e)),
            Expr::IsNotFalse(e) => format!("{} is not false", words(e)),
            Expr::Like(like) => {
                format!("({}{} like {})", words(&like.expr), if like.negated { " not" } else { "" }, words(&like.pattern))
            }
            Expr::TryCast(c) => format!("cast({} {})", words(&c.expr), c.field.data_type()),
            Expr::Case(case) => {
                let branches = case.when_then_expr.iter().map(|(w, t)| format!("{}: {}", words(w), words(t)));
                let other = case.else_expr.as_ref().map(|e| words(e));
                format!("case({})", branches.chain(other).collect::<Vec<_>>().join("; "))
            }
            Expr::ScalarFunction(f) => {
                let name = match f.func.inner().downcast_ref::<crate::plan::GuestName>() {
                    Some(guest) => format!("guest {}", guest.digest),
                    None => f.name().to_owned(),
                };
                format!("{name}({})", f.args.iter().map(words).collect::<Vec<_>>().join(", "))
            }
            // Subqueries were put into words when they were made: the engine's text does not show what is in them.
            Expr::Exists(s) => format!("{}exists {}", if s.negated { "not " } else { "" }, self.described(e).unwrap_or("?")),
            Expr::InSubquery(s) => {
                format!("{}{} in {}", if s.negated { "not " } else { "" }, words(&s.expr), self.described(e).unwrap_or("?"))
            }
            other => format!("{other} {}", self.described(other).unwrap_or("")),
        }
    }

    /// The condition that an expression is true.
    pub(super) fn condition(&self, e: &Expr) -> Predicate {
        self.truth(e, true)
    }

    fn truth(&self, e: &Expr, wanted: bool) -> Predicate {
        match e {
            Expr::BinaryExpr(BinaryExpr { left, op: op @ (Operator::And | Operator::Or), right }) => {
                let parts = vec![self.truth(left, wanted), self.truth(right, wanted)];
                if (*op == Operator::And) == wanted { Predicate::All(parts) } else { Predicate::Any(parts) }
            }
            Expr::Not(e) => self.truth(e, !wanted),
            // Neither is ever unknown.
            Expr::IsNotNull(e) => self.leaf(&Expr::IsNull(e.clone()), !wanted),
            leaf if !wanted && opposite(leaf).is_some() => opposite(leaf).map_or(Predicate::False, |other| self.leaf(&other, true)),
            Expr::Literal(ScalarValue::Boolean(Some(b)), _) => {
                if *b == wanted {
                    Predicate::True
                } else {
                    Predicate::False
                }
            }
            leaf => self.leaf(leaf, wanted),
        }
    }

    fn leaf(&self, e: &Expr, wanted: bool) -> Predicate {
        let asked = if wanted { e.clone() } else { Expr::Not(Box::new(e.clone())) };
        let found = self.over_domain(&asked).and_then(|(origin, values, answers)| {
            let answers = answers.as_boolean_opt()?.clone();
            Some(set_where(origin, values, &answers))
        });
        found.unwrap_or_else(|| Predicate::Atom(Said::new(self.words(e), self.looks(e)), wanted))
    }

    /// An expression of one origin with a declared domain, for every value of it (the last one NULL where the origin can be NULL).
    fn over_domain(&self, e: &Expr) -> Option<(&Origin, &Values, ArrayRef)> {
        let [(column, origin)] = self.of(e).try_into().ok()?;
        let values = origin.values.as_ref().filter(|v| v.count() <= DOMAIN_MAX)?;
        let plain = !e
            .exists(|n| Ok(matches!(n, Expr::OuterReferenceColumn(..) | Expr::Exists(_) | Expr::InSubquery(_) | Expr::ScalarSubquery(_))))
            .ok()?;
        plain.then_some(())?;
        let array = domain(values, origin)?;
        let rows = array.len();
        let schema = Arc::new(Schema::new(vec![Field::new(&column.name, array.data_type().clone(), true)]));
        let frame = DFSchema::try_from(schema.as_ref().clone()).ok()?;
        let batch = RecordBatch::try_new(schema, vec![array]).ok()?;
        let safe = safe(e.clone(), &frame).ok()?;
        let physical: Arc<dyn PhysicalExpr> = STATE.with(|state| state.create_physical_expr(safe, &frame)).ok()?;
        let answers = physical.evaluate(&batch).ok()?.into_array(rows).ok()?;
        Some((origin, values, answers))
    }

    /// For a key that is an expression of one declared domain: which values of the column give which value of the key.
    pub(super) fn preimage(&self, e: &Expr) -> Option<(String, BTreeMap<KeyValue, ValueSet>)> {
        let (origin, values, answers) = self.over_domain(e)?;
        let (lo, _) = values.bounds();
        let mut places: BTreeMap<KeyValue, Vec<(i64, i64)>> = BTreeMap::new();
        for (row, value) in key_values(&answers)?.into_iter().enumerate() {
            let place = lo.saturating_add(i64::try_from(row).ok()?);
            match places.entry(value).or_default() {
                all if all.last().is_some_and(|(_, hi)| hi.saturating_add(1) == place) => {
                    if let Some(last) = all.last_mut() {
                        last.1 = place;
                    }
                }
                all => all.push((place, place)),
            }
        }
        Some((origin.name.clone(), places.into_iter().map(|(value, all)| (value, ValueSet::intervals_of(all))).collect()))
    }
}

/// A literal in words. The engine's own do not say where a text ends, so that one text could be taken for another expression.
pub(super) fn literal(value: &ScalarValue) -> String {
    match value.try_as_str() {
        Some(Some(text)) => format!("text {text:?}"),
        _ => format!("{value:?}"),
    }
}

/// The comparison that is true where this one is false, and unknown where it is.
fn opposite(e: &Expr) -> Option<Expr> {
    let Expr::BinaryExpr(BinaryExpr { left, op, right }) = e else { return None };
    let op = match op {
        Operator::Lt => Operator::GtEq,
        Operator::LtEq => Operator::Gt,
        Operator::Gt => Operator::LtEq,
        Operator::GtEq => Operator::Lt,
        Operator::Eq => Operator::NotEq,
        Operator::NotEq => Operator::Eq,
        _ => return None,
    };
    Some(Expr::BinaryExpr(BinaryExpr { left: left.clone(), op, right: right.clone() }))
}

/// Every value of a domain as the engine has it, in the order of their places.
fn domain(values: &Values, origin: &Origin) -> Option<ArrayRef> {
    let null = origin.nullable.then_some(());
    let (lo, hi) = values.bounds();
    let array: ArrayRef = match values {
        Values::Range(..) => {
            let all = (lo..=hi).map(Some).chain(null.map(|()| None));
            Arc::new(all.collect::<Int64Array>())
        }
        _ => {
            let all = (lo..=hi).map(|place| Some(values.label(place))).chain(null.map(|()| None));
            Arc::new(all.collect::<StringArray>())
        }
    };
    match &origin.kind {
        kind if kind == array.data_type() => Some(array),
        DataType::Dictionary(..) => cast(&array, &origin.kind).ok(),
        _ => None,
    }
}

/// The condition that a column has one of the values for which the answer is true.
fn set_where(origin: &Origin, values: &Values, answers: &BooleanArray) -> Predicate {
    let (lo, _) = values.bounds();
    let mut runs: Vec<(i64, i64)> = Vec::new();
    for (place, answer) in (lo..).zip(answers.iter()) {
        if answer == Some(true) {
            match runs.last_mut() {
                Some(last) if last.1.saturating_add(1) == place => last.1 = place,
                _ => runs.push((place, place)),
            }
        }
    }
    let set = ValueSet::intervals_of(runs);
    match () {
        () if set.is_empty() => Predicate::False,
        () if set.size() == answers.len() as u64 => Predicate::True,
        () => Predicate::In(origin.name.clone(), set),
    }
}

/// Values of a key column; `None` for a type that is no key.
pub(crate) fn key_values(array: &ArrayRef) -> Option<Vec<KeyValue>> {
    let or_null = |v: Option<KeyValue>| v.unwrap_or(KeyValue::Null);
    Some(match array.data_type() {
        DataType::Int64 => array.as_primitive::<Int64Type>().iter().map(|v| or_null(v.map(KeyValue::Int))).collect(),
        DataType::Boolean => array.as_boolean().iter().map(|v| or_null(v.map(KeyValue::Bool))).collect(),
        DataType::Null => vec![KeyValue::Null; array.len()],
        DataType::Utf8 => array.as_string::<i32>().iter().map(|v| or_null(v.map(|t| KeyValue::Text(t.to_owned())))).collect(),
        DataType::Utf8View | DataType::LargeUtf8 | DataType::Dictionary(..) => return key_values(&cast(array, &DataType::Utf8).ok()?),
        _ => return None,
    })
}
