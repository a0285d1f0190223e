//! What a listing must be before anyone relies on it.

use std::collections::BTreeSet;

use visiting_policies::rules::ColumnRole;

use crate::{
    Pattern,
    codes::CODES,
    listing::{Column, Domain, Kind, Listing, Table, is_month},
};

/// Longest name of a listing, table or column, in bytes.
const NAME_MAX_BYTES: usize = 48;
/// Most decimal places; a Decimal128(18, scale) still holds a billion.
const SCALE_MAX: u32 = 9;

/// The first thing wrong with a listing, as a sentence; `None` when it is sound.
pub(crate) fn fault(listing: &Listing) -> Option<String> {
    if !is_name(&listing.id) || !is_name(&listing.rule_pack) {
        return Some(format!("`id` and `rule_pack` are {NAMES}"));
    }
    if listing.id == CODES {
        return Some(format!("`{CODES}` is the schema of code lists; choose another `id`"));
    }
    let period = listing.period;
    if !is_month(period.from) || !is_month(period.to) || period.from > period.to {
        return Some("`period` is two months `yyyymm`, the first not after the last".to_owned());
    }
    if listing.tables.is_empty() || repeats(listing.tables.iter().map(|t| t.name.as_str())) {
        return Some("a listing has at least one table and no two of one name".to_owned());
    }
    listing.tables.iter().find_map(|table| table_fault(table).map(|fault| format!("table `{}`: {fault}", table.name)))
}

const NAMES: &str = "a-z, then a-z, 0-9 or _, 48 bytes at most";

fn table_fault(table: &Table) -> Option<String> {
    let keys = std::iter::once(table.person.as_str()).chain(table.sites().map(|(_, name)| name));
    let names: Vec<&str> = keys.chain(table.columns.iter().map(|c| c.name.as_str())).collect();
    if !is_name(&table.name) || !names.iter().all(|n| is_name(n)) {
        return Some(format!("names are {NAMES}"));
    }
    if repeats(names.into_iter()) {
        return Some("two columns or keys have one name".to_owned());
    }
    if let Some(month) = &table.month
        && !matches!(table.column(month).and_then(|c| c.domain.as_ref()), Some(Domain::Months(_)))
    {
        return Some(format!("`month` names `{month}`, which is no column with a domain of months"));
    }
    table.columns.iter().find_map(|column| column_fault(column).map(|fault| format!("column `{}`: {fault}", column.name)))
}

fn column_fault(column: &Column) -> Option<String> {
    let domain = match (&column.domain, column.kind) {
        (None, _) => None,
        (Some(Domain::Range([lo, hi])), Kind::Int) => (lo > hi).then_some("the range ends before it starts"),
        (Some(Domain::Months([from, to])), Kind::Int) => {
            (!is_month(*from) || !is_month(*to) || from > to).then_some("months are `yyyymm`, the first not after the last")
        }
        (Some(Domain::Codes(codes)), Kind::Code) => {
            let bad = codes.is_empty() || codes.iter().any(String::is_empty) || repeats(codes.iter().map(String::as_str));
            bad.then_some("codes are not empty and no two are equal")
        }
        (Some(Domain::Pattern(form)), Kind::Code) => {
            Pattern::parse(form).is_none().then_some("a pattern is characters and [classes] with {n}, and has at most 2^63 codes")
        }
        _ => Some("ranges and months belong to `int`, codes and patterns to `code`, and a `decimal` has no domain"),
    };
    let measure = match (&column.measure, column.kind) {
        (Some(_), Kind::Code) => Some("a code cannot be measured"),
        (None, Kind::Decimal) => Some("a decimal needs a measure: its scale is the scale of the values"),
        (Some(m), Kind::Int) if m.scale != 0 => Some("the scale of an `int` is 0"),
        (Some(m), _) if m.scale > SCALE_MAX => Some("a scale is 9 at most"),
        (Some(m), _) if m.bounds.is_some_and(|[lo, hi]| lo >= hi) => Some("bounds are a smaller and a larger number"),
        _ => None,
    };
    domain.or(measure).or_else(|| role_fault(column)).map(str::to_owned)
}

/// A role says how rules read the values, so the values must be such.
fn role_fault(column: &Column) -> Option<&'static str> {
    match (column.role?, column.kind, &column.domain) {
        (ColumnRole::Municipality, Kind::Code, Some(_)) | (ColumnRole::Insurer | ColumnRole::Drug, _, Some(_)) => None,
        (ColumnRole::Age | ColumnRole::BirthWeight | ColumnRole::DeathHour, Kind::Int, Some(Domain::Range(_))) => None,
        (ColumnRole::Municipality, ..) => Some("a `municipality` is a `code` with a domain: five digits of JIS X 0402"),
        (ColumnRole::Insurer | ColumnRole::Drug, ..) => Some("an `insurer` and a `drug` have a domain"),
        (ColumnRole::BirthMonth, Kind::Int, Some(Domain::Months(_))) => None,
        (ColumnRole::BirthMonth, ..) => Some("a `birth_month` is an `int` with a domain of months"),
        _ => Some("`age`, `birth_weight` and `death_hour` are `int` with a range"),
    }
}

fn is_name(text: &str) -> bool {
    let legal = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    text.starts_with(|c: char| c.is_ascii_lowercase()) && text.len() <= NAME_MAX_BYTES && text.bytes().all(legal)
}

fn repeats<'a>(mut names: impl Iterator<Item = &'a str>) -> bool {
    let mut seen = BTreeSet::new();
    !names.all(|name| seen.insert(name))
}
