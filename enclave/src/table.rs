//! What is shown: the released table of one run. Between the gate and the files stands only arithmetic on what the gate let through.

use std::sync::Arc;

use datafusion::{
    arrow::{
        array::{Array, ArrayRef, AsArray, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray},
        compute::{cast, concat_batches},
        datatypes::{DataType, Float64Type, Int64Type, SchemaRef},
        error::ArrowError,
    },
    common::Column,
    logical_expr::LogicalPlan,
};
use visiting_policies::terms::Verdict;

use crate::{
    exit::{nothing_to_show, shows_its_own},
    fault::Fault,
    question::{KeyValue, Protected, Question},
    unit::{BEFORE, Tracked, released_scan},
};

/// The one symbol for everything that is not shown, whatever the rule.
pub(crate) const MASKED: &str = "<k";

/// Note on a row that repeats a value released before.
pub(crate) const AS_BEFORE: &str = "as released before";

/// Digits that a computed number is printed with: what a double holds without noise.
const DIGITS: usize = 15;

/// One shown value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Value {
    /// A key's label, or a number as it is printed.
    Text(String),
    /// `<k`.
    Masked,
}

/// A table that passed the gate. Private fields, one constructor: [`CheckedOutput::new`], from what the gate let through.
#[derive(Debug)]
pub(crate) struct CheckedOutput {
    titles: Vec<String>,
    rows: Vec<(Vec<Value>, bool)>,
    cells: u64,
    verdict: Verdict,
}

impl CheckedOutput {
    /// The result of what stands above the release points. `ordered` says whether its order is the researcher's.
    pub(crate) fn new(tracked: &Tracked, points: &[Protected], result: &[RecordBatch], ordered: bool) -> Result<Self, Fault> {
        let masked = points.iter().flat_map(|p| &p.rows).any(|r| r.values.contains(&None));
        let before = points.iter().flat_map(|p| &p.rows).any(|r| r.before.contains(&true));
        let columns = bearing(&tracked.root);
        let mut rows = Vec::new();
        for batch in result {
            rows.extend(shown(batch, &columns, masked, tracked.untraced && before)?);
        }
        // Nothing of its own: a repetition of earlier values, or an empty table, is no answer. What only feeds another question is none,
        // nor is a table in which only the groups have names.
        let own = |place: usize, answer: &Protected| reads(&tracked.root, place) && shows_its_own(answer);
        let bears = |values: &[Value]| {
            values.iter().zip(&columns).filter(|(v, b)| **b && **v != Value::Masked && **v != Value::Text(String::new())).count()
        };
        let cells: u64 = rows.iter().map(|(values, _)| bears(values) as u64).sum();
        // Where a guest speaks of groups it is decided before: the gate shows people, and they are asked whatever the guest said.
        let asked = tracked.points.iter().any(|point| !point.question.guests.is_empty());
        if !asked && (cells == 0 || !points.iter().enumerate().any(|(place, answer)| own(place, answer))) {
            return Err(nothing_to_show().into());
        }
        if !ordered {
            rows.sort_by(|a, b| natural(&a.0).cmp(&natural(&b.0)));
        }
        let altered = rows.iter().any(|(values, before)| *before || values.contains(&Value::Masked));
        let verdict = if altered { Verdict::Suppress } else { Verdict::Release };
        Ok(Self { titles: tracked.titles.clone(), rows, cells, verdict })
    }

    /// Column titles.
    pub(crate) fn titles(&self) -> &[String] {
        &self.titles
    }

    /// Rows; `true` where a value is shown as released before.
    pub(crate) fn rows(&self) -> &[(Vec<Value>, bool)] {
        &self.rows
    }

    /// How many numbers it shows: what is neither a group's name nor `<k`.
    pub(crate) fn cells(&self) -> u64 {
        self.cells
    }

    /// `release` or `suppress`.
    pub(crate) fn verdict(&self) -> Verdict {
        self.verdict
    }
}

/// For each column of the result, whether a statistic is in it: the others only name groups.
fn bearing(root: &LogicalPlan) -> Vec<bool> {
    root.schema().columns().iter().filter(|c| c.name != BEFORE).map(|c| bears(root, c)).collect()
}

fn bears(plan: &LogicalPlan, column: &Column) -> bool {
    let key = |c: &Column| c.name.strip_prefix('k').is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
    match plan {
        LogicalPlan::TableScan(_) => !key(column),
        LogicalPlan::Projection(p) => match p.schema.maybe_index_of_column(column).and_then(|i| p.expr.get(i)) {
            Some(e) => e.column_refs().into_iter().any(|c| bears(&p.input, c)),
            None => true,
        },
        LogicalPlan::SubqueryAlias(a) => match a.schema.maybe_index_of_column(column) {
            Some(i) => a.input.schema().columns().get(i).is_none_or(|c| bears(&a.input, c)),
            None => true,
        },
        LogicalPlan::Union(u) => match u.schema.maybe_index_of_column(column) {
            Some(i) => u.inputs.iter().any(|p| p.schema().columns().get(i).is_none_or(|c| bears(p, c))),
            None => true,
        },
        LogicalPlan::Filter(_) | LogicalPlan::Sort(_) | LogicalPlan::Limit(_) | LogicalPlan::Join(_) | LogicalPlan::Window(_) => {
            match plan.inputs().into_iter().find(|p| p.schema().has_column(column)) {
                Some(input) => bears(input, column),
                None => true,
            }
        }
        _ => true,
    }
}

/// True where the plan above reads the released table of this number.
fn reads(plan: &LogicalPlan, number: usize) -> bool {
    match plan {
        LogicalPlan::TableScan(scan) => released_scan(scan.table_name.table()) == Some(number),
        other => other.inputs().into_iter().any(|input| reads(input, number)),
    }
}

/// Numbers by size, texts by letter, nothing last.
fn natural(values: &[Value]) -> Vec<(u8, ordered::Number, &str)> {
    let place = |v: &'_ Value| match v {
        Value::Masked => (3, 0.0),
        Value::Text(t) if t.is_empty() => (2, 0.0),
        Value::Text(t) => t.parse::<f64>().map_or((1, 0.0), |n| (0, n)),
    };
    fn text(v: &Value) -> &str {
        if let Value::Text(t) = v { t.as_str() } else { "" }
    }
    values.iter().map(|v| (place(v).0, ordered::Number(place(v).1), text(v))).collect()
}

mod ordered {
    /// A number that has a place among all others.
    #[derive(Debug, Clone, Copy, PartialEq)]
    pub(super) struct Number(pub(super) f64);

    impl Eq for Number {}

    impl PartialOrd for Number {
        fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
            Some(self.cmp(other))
        }
    }

    impl Ord for Number {
        fn cmp(&self, other: &Self) -> std::cmp::Ordering {
            self.0.total_cmp(&other.0)
        }
    }
}

/// The rows of one batch of the result. Nothing is `<k` only where a statistic would stand: a group's name is empty in a subtotal.
fn shown(batch: &RecordBatch, bearing: &[bool], masked: bool, all_before: bool) -> Result<Vec<(Vec<Value>, bool)>, Fault> {
    let mut columns = Vec::new();
    let mut marks = None;
    for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
        match field.name().as_str() {
            BEFORE => marks = column.as_boolean_opt().cloned(),
            _ => columns.push(texts(column)?),
        }
    }
    let null = |bears: bool| if masked && bears { Value::Masked } else { Value::Text(String::new()) };
    let value = |c: &Vec<Option<String>>, bears: bool, row: usize| c.get(row).cloned().flatten().map_or_else(|| null(bears), Value::Text);
    let before = |row: usize| all_before || marks.as_ref().is_some_and(|m: &BooleanArray| m.is_valid(row) && m.value(row));
    let row = |row: usize| columns.iter().zip(bearing).map(|(c, bears)| value(c, *bears, row)).collect();
    Ok((0..batch.num_rows()).map(|n| (row(n), before(n))).collect())
}

/// A column as it is printed; NULL where there is nothing.
fn texts(column: &ArrayRef) -> Result<Vec<Option<String>>, ArrowError> {
    Ok(match column.data_type() {
        DataType::Float64 => column.as_primitive::<Float64Type>().iter().map(|v| v.and_then(number)).collect(),
        DataType::Int64 => column.as_primitive::<Int64Type>().iter().map(|v| v.map(|n| n.to_string())).collect(),
        DataType::Utf8 => column.as_string::<i32>().iter().map(|v| v.map(str::to_owned)).collect(),
        kind if kind.is_numeric() => return texts(&cast(column, &DataType::Float64)?),
        _ => return texts(&cast(column, &DataType::Utf8)?),
    })
}

/// A number without noise and without an exponent; nothing for what is no number.
pub(crate) fn number(x: f64) -> Option<String> {
    if !x.is_finite() {
        return None;
    }
    let rounded: f64 = format!("{x:.*e}", DIGITS - 1).parse().ok()?;
    let text = format!("{rounded}");
    Some(if text == "-0" { "0".to_owned() } else { text })
}

/// What the gate let through of one question, as the table that the plan above it reads.
pub(crate) fn released(protected: &Protected, question: &Question, schema: &SchemaRef) -> Result<RecordBatch, Fault> {
    let mut columns: Vec<ArrayRef> = Vec::with_capacity(schema.fields().len());
    for (place, field) in schema.fields().iter().take(question.keys.len()).enumerate() {
        columns.push(key_column(protected.rows.iter().map(|r| r.keys.get(place)), field.data_type()));
    }
    for place in 0..question.statistics.len() {
        let value =
            |r: &crate::question::ProtectedRow| r.values.get(place).copied().flatten().and_then(|d| d.to_string().parse::<f64>().ok());
        columns.push(Arc::new(protected.rows.iter().map(value).collect::<Float64Array>()));
    }
    columns.push(Arc::new(BooleanArray::from(protected.rows.iter().map(|r| r.before.contains(&true)).collect::<Vec<_>>())));
    let batch = RecordBatch::try_new(schema.clone(), columns)?;
    Ok(concat_batches(schema, [&batch])?)
}

fn key_column<'a>(values: impl Iterator<Item = Option<&'a KeyValue>>, kind: &DataType) -> ArrayRef {
    match kind {
        DataType::Int64 => Arc::new(values.map(|v| if let Some(KeyValue::Int(n)) = v { Some(*n) } else { None }).collect::<Int64Array>()),
        DataType::Boolean => {
            Arc::new(values.map(|v| if let Some(KeyValue::Bool(b)) = v { Some(*b) } else { None }).collect::<BooleanArray>())
        }
        _ => Arc::new(values.map(|v| if let Some(KeyValue::Text(t)) = v { Some(t.clone()) } else { None }).collect::<StringArray>()),
    }
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn numbers_are_printed_without_noise() {
        assert_eq!([0.1 + 0.2, 1e21, 7.30, -0.0].map(number), ["0.3", "1000000000000000000000", "7.3", "0"].map(|t| Some(t.to_owned())));
        assert_eq!([f64::NAN, f64::INFINITY].map(number), [None, None]);
    }
}
