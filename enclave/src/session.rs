//! From a [`Query`] to rows: the engine's plan is built from the lowered question, never from the researcher's text, and only the
//! permit's extract is in reach. A guest is one more column of the joined rows, computed by the host's own loop.

use datafusion::{
    arrow::datatypes::DataType,
    common::{JoinType, ScalarValue},
    dataframe::DataFrame,
    execution::SendableRecordBatchStream,
    logical_expr::Expr,
    prelude::{SessionContext, ident, lit},
};

use crate::{
    bound::Guests,
    engine,
    extract::{Extract, FACILITY, UNIT},
    fault::Fault,
    query::{Argument, Call, KeyColumn, Origin, Predicate, Query, Values},
};

/// Name of a table's column in the joined rows.
fn place(table: usize, column: &str) -> String {
    format!("t{table}__{column}")
}

/// Name of a guest's column in the joined rows.
fn call_place(index: usize) -> String {
    format!("g{index}")
}

/// Name of a key in the joined rows.
fn key_place(key: &KeyColumn, calls: &[&KeyColumn]) -> Option<String> {
    match &key.origin {
        Origin::Column { table, column } => Some(place(*table, column)),
        Origin::Call(_) => calls.iter().position(|c| c.name == key.name).map(call_place),
    }
}

/// Indices of the query's tables that carry a facility which the rules protect.
pub(crate) fn facility_tables(query: &Query, protected: impl Fn(&str) -> bool) -> Vec<usize> {
    let has = |(_, t): &(usize, &crate::query::SchemaTable)| t.table.facility.is_some() && protected(&t.listing);
    query.tables.iter().enumerate().filter(has).map(|(i, _)| i).collect()
}

/// The rows of a query: person id, facilities, keys, measures, in that order. One stream a partition.
pub(crate) async fn rows(
    session: &SessionContext,
    extract: &Extract,
    query: &Query,
    facilities: &[usize],
    guests: &Guests,
) -> Result<Vec<SendableRecordBatchStream>, Fault> {
    Ok(plan(session, extract, query, facilities, guests).await?.execute_stream_partitioned().await?)
}

/// The same rows as a plan; benchmarks put other aggregates on it.
pub(crate) async fn plan(
    session: &SessionContext,
    extract: &Extract,
    query: &Query,
    facilities: &[usize],
    guests: &Guests,
) -> Result<DataFrame, Fault> {
    let mut joined: Option<DataFrame> = None;
    for index in 0..query.tables.len() {
        let table = table(session, extract, query, index).await?;
        joined = Some(match joined {
            None => table,
            Some(left) => left.join(table, JoinType::Inner, &[&place(0, UNIT)], &[&place(index, UNIT)], None)?,
        });
    }
    let joined = joined.ok_or_else(|| Fault::Other("a query without tables".to_owned()))?;
    let calls = query.calls();
    let joined = labelled(joined, &calls, guests)?;
    let filtered = match condition(&query.filter, &query.filtered, &calls) {
        Some(expression) => joined.filter(expression)?,
        None => joined,
    };
    let unknown = || Fault::Other("a query names a guest that it does not call".to_owned());
    let keys = query.keys.iter().map(|k| key_place(k, &calls).ok_or_else(unknown)).collect::<Result<Vec<_>, _>>()?;
    let mut columns = vec![ident(place(0, UNIT))];
    columns.extend(facilities.iter().map(|t| ident(place(*t, FACILITY))));
    columns.extend(keys.into_iter().enumerate().map(|(i, k)| ident(k).alias(format!("k{i}"))));
    columns.extend(query.measures.iter().enumerate().map(|(i, m)| ident(place(m.table, &m.column)).alias(format!("m{i}"))));
    Ok(filtered.select(columns)?)
}

/// The rows with a column of labels for each call.
fn labelled(mut rows: DataFrame, calls: &[&KeyColumn], guests: &Guests) -> Result<DataFrame, Fault> {
    for (index, key) in calls.iter().enumerate() {
        let Origin::Call(call) = &key.origin else { continue };
        let guest = guests.get(&call.guest).ok_or_else(|| Fault::Other("a guest of the query is not compiled".to_owned()))?;
        rows = rows.with_column(&call_place(index), guest.udf().call(call.arguments.iter().map(argument).collect()))?;
    }
    Ok(rows)
}

fn argument(argument: &Argument) -> Expr {
    match argument {
        Argument::Column(table, column) => ident(place(*table, &column.name)),
        Argument::Int(number) => lit(*number),
        Argument::Text(text) => code(text.clone()),
    }
}

/// One table with only the columns that the query names, each under its [`place`].
async fn table(session: &SessionContext, extract: &Extract, query: &Query, index: usize) -> Result<DataFrame, Fault> {
    let Some(table) = query.tables.get(index) else { return Err(Fault::Other("a query names a table that it does not have".to_owned())) };
    let name = table.full_name();
    let rows = engine::read(session, extract.files(&name), Some((&extract.key, &name))).await?;
    let keys = query.keys.iter().chain(&query.filtered).flat_map(|k| needed(k, index));
    let measures = query.measures.iter().filter(|m| m.table == index).map(|m| m.column.clone());
    let mut wanted: Vec<String> = keys.chain(measures).collect();
    wanted.sort();
    wanted.dedup();
    let keys = std::iter::once(UNIT.to_owned()).chain(table.table.facility.iter().map(|_| FACILITY.to_owned()));
    Ok(rows.select(keys.chain(wanted).map(|c| ident(c.clone()).alias(place(index, &c))).collect::<Vec<_>>())?)
}

/// Columns of one table that a key is made of.
fn needed(key: &KeyColumn, index: usize) -> Vec<String> {
    let argument = |argument: &Argument| match argument {
        Argument::Column(table, column) if *table == index => Some(column.name.clone()),
        _ => None,
    };
    match &key.origin {
        Origin::Column { table, column } => Some(column.clone()).filter(|_| *table == index).into_iter().collect(),
        Origin::Call(Call { arguments, .. }) => arguments.iter().filter_map(argument).collect(),
    }
}

/// The engine's expression; `None` where every row passes. Only rows for which it is true pass: one without a label is in no set.
fn condition(predicate: &Predicate, columns: &[KeyColumn], calls: &[&KeyColumn]) -> Option<Expr> {
    let many = |parts: &[Predicate], join: fn(Expr, Expr) -> Expr| parts.iter().filter_map(|p| condition(p, columns, calls)).reduce(join);
    match predicate {
        Predicate::True => None,
        Predicate::False | Predicate::Atom(..) => Some(lit(false)),
        Predicate::All(parts) => many(parts, Expr::and),
        Predicate::Any(parts) => many(parts, Expr::or),
        Predicate::In(name, set) => {
            // A condition whose column is not known lets no row pass.
            let Some(column) = columns.iter().find(|c| c.name == *name) else { return Some(lit(false)) };
            let Some(found) = key_place(column, calls) else { return Some(lit(false)) };
            let at = || ident(found.clone());
            match &column.values {
                Values::Range(..) => set
                    .intervals()
                    .iter()
                    .map(|(lo, hi)| if lo == hi { at().eq(lit(*lo)) } else { at().between(lit(*lo), lit(*hi)) })
                    .reduce(Expr::or),
                form @ Values::Pattern(_) => {
                    let one = |(lo, hi): &(i64, i64)| match lo == hi {
                        true => at().eq(code(form.label(*lo))),
                        false => at().between(code(form.label(*lo)), code(form.label(*hi))),
                    };
                    set.intervals().iter().map(one).reduce(Expr::or)
                }
                codes @ (Values::Codes(_) | Values::Labels { .. }) => {
                    let all = set.intervals().iter().flat_map(|(lo, hi)| *lo..=*hi).map(|i| code(codes.label(i))).collect();
                    Some(at().in_list(all, false))
                }
            }
        }
    }
}

/// A code in the type that extracts keep codes in.
fn code(text: String) -> Expr {
    Expr::Literal(ScalarValue::Dictionary(Box::new(DataType::Int32), Box::new(ScalarValue::Utf8(Some(text)))), None)
}
