//! From a source field to a catalogue value, or to the reason why not. Reasons never quote the field.

use std::{collections::HashMap, sync::Arc};

use visiting_catalog::{Column, Domain, Kind, Pattern, listing::is_month};

use super::mapping::{Origin, Reading};

/// Digits of the stored decimals.
pub(crate) const DECIMAL_DIGITS: u8 = 18;

/// One value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Cell {
    /// An empty field.
    Null,
    /// A whole number.
    Int(i64),
    /// A decimal in units of `10^-scale`.
    Decimal(i128),
    /// A code.
    Code(Arc<str>),
}

/// Reads one column's fields.
#[derive(Debug)]
pub(crate) struct CellReader<'a> {
    column: &'a Column,
    origin: &'a Origin,
    codes: Option<HashMap<&'a str, Arc<str>>>,
    form: Option<Pattern>,
}

impl<'a> CellReader<'a> {
    /// A reader.
    pub(crate) fn new(column: &'a Column, origin: &'a Origin) -> Self {
        let codes = match &column.domain {
            Some(Domain::Codes(codes)) => Some(codes.iter().map(|c| (c.as_str(), Arc::from(c.as_str()))).collect()),
            _ => None,
        };
        let form = match &column.domain {
            Some(Domain::Pattern(form)) => Pattern::parse(form),
            _ => None,
        };
        Self { column, origin, codes, form }
    }

    /// The column's name.
    pub(crate) fn name(&self) -> &str {
        &self.column.name
    }

    /// The value of a field.
    pub(crate) fn read(&self, field: &str) -> Result<Cell, String> {
        self.value(field.trim()).map_err(|reason| format!("column `{}`: {reason}", self.column.name))
    }

    fn value(&self, field: &str) -> Result<Cell, &'static str> {
        if field.is_empty() {
            // A condition and its negation must together be everybody, so a column that can stand in one is never empty.
            return if self.column.domain.is_some() {
                Err("empty, but a column with a declared domain has a value in every row")
            } else {
                Ok(Cell::Null)
            };
        }
        let transform = self.origin.transform();
        let field = match transform.and_then(|t| t.map.as_ref()) {
            Some(map) => map.get(field).ok_or("a value that the mapping does not map")?,
            None => field,
        };
        match self.column.kind {
            Kind::Int if transform.and_then(|t| t.reading) == Some(Reading::YearMonth) => {
                self.int(year_month(field).ok_or("not a date yyyy-mm-dd")?)
            }
            Kind::Int => self.int(field.parse().map_err(|_| "not a whole number")?),
            Kind::Decimal => Ok(Cell::Decimal(decimal(field, self.column.scale())?)),
            Kind::Code => self.code(field),
        }
    }

    fn int(&self, value: i64) -> Result<Cell, &'static str> {
        match &self.column.domain {
            Some(domain) if !domain.holds_int(value) => Err(OUTSIDE),
            _ => Ok(Cell::Int(value)),
        }
    }

    fn code(&self, value: &str) -> Result<Cell, &'static str> {
        if self.form.as_ref().is_some_and(|form| form.number(value).is_none()) {
            return Err(OUTSIDE);
        }
        match &self.codes {
            Some(codes) => codes.get(value).map(|code| Cell::Code(Arc::clone(code))).ok_or(OUTSIDE),
            None => Ok(Cell::Code(Arc::from(value))),
        }
    }
}

const OUTSIDE: &str = "outside the catalogue's domain";

/// `yyyy-mm-dd` as `yyyymm`.
fn year_month(text: &str) -> Option<i64> {
    let digits = |range: std::ops::Range<usize>| {
        let part = text.get(range)?;
        part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse::<i64>().ok())?
    };
    let dashes = text.get(4..5) == Some("-") && text.get(7..8) == Some("-");
    let (year, month, day) = (digits(0..4)?, digits(5..7)?, digits(8..10)?);
    let whole = year * 100 + month;
    (dashes && text.len() == 10 && is_month(whole) && (1..=31).contains(&day)).then_some(whole)
}

/// A decimal text in units of `10^-scale`, exactly.
fn decimal(text: &str, scale: u32) -> Result<i128, &'static str> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let fraction = fraction.trim_end_matches('0');
    let scale = usize::try_from(scale).unwrap_or(usize::MAX);
    let all = format!("{whole}{fraction}{}", "0".repeat(scale.saturating_sub(fraction.len())));
    if digits.is_empty() || digits == "." || !all.bytes().all(|b| b.is_ascii_digit()) {
        return Err("not a decimal number");
    }
    if fraction.len() > scale {
        return Err("more decimal places than the catalogue's scale");
    }
    let significant = all.trim_start_matches('0');
    if significant.len() > usize::from(DECIMAL_DIGITS) {
        return Err("a number too large");
    }
    let value: i128 = if significant.is_empty() { 0 } else { significant.parse().map_err(|_| "not a decimal number")? };
    Ok(if negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact() {
        assert_eq!(decimal("5.6", 1), Ok(56));
        assert_eq!(decimal("-0.10", 1), Ok(-1));
        assert_eq!(decimal("7", 2), Ok(700));
        assert_eq!(decimal(".5", 1), Ok(5));
        for bad in ["", ".", "-", "1e3", "NaN", "５", "1.2.3"] {
            assert!(decimal(bad, 1).is_err(), "{bad}");
        }
        assert!(decimal("5.67", 1).is_err() && decimal("99999999999999999999", 0).is_err());
    }

    #[test]
    fn months_come_from_whole_dates_only() {
        assert_eq!(year_month("2013-07-05"), Some(201307));
        for bad in ["2013-13-01", "2013-7-05", "20130705", "2013-07-05x", "２013-07-05", "+013-07-05"] {
            assert_eq!(year_month(bad), None, "{bad}");
        }
    }
}
