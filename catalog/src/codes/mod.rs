//! Code lists (コード表): small tables about nobody, which SQL sees as `codes.<name>`. Researchers upload their own; the product's
//! public masters go through the same examination.
//!
//! [`examine`] is one pure function: the client runs it on the author's machine, the gateway at the upload, the enclave before use.

mod csv;
pub mod masters;
#[cfg(test)]
mod tests;

use std::{collections::BTreeSet, fmt};

use visiting_policies::{Code, Refusal, TextPlace, case::is_bound_name, disclosure::limits, sign};

use self::csv::Cell;

/// The schema of code lists in SQL; no listing has it as its id.
pub const CODES: &str = "codes";

/// A code list that passed the examination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeList {
    /// Digest of the file.
    pub digest: String,
    /// In the order of the file.
    pub columns: Vec<CodeColumn>,
    /// In the order of the file; each has a value for every column.
    pub rows: Vec<Vec<CodeValue>>,
}

/// A column of a code list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeColumn {
    /// Its name in SQL.
    pub name: String,
    /// True where every value is a whole number written without quotes; the others are texts.
    pub numbers: bool,
}

/// A value of a code list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CodeValue {
    /// An empty cell.
    Missing,
    /// A whole number.
    Int(i64),
    /// Anything else.
    Text(String),
}

impl fmt::Display for CodeValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => Ok(()),
            Self::Int(n) => n.fmt(f),
            Self::Text(text) => f.write_str(text),
        }
    }
}

/// Reads a code list: UTF-8, one line a row, the first with the columns' names.
///
/// # Errors
/// [`Code::CodesRefused`] with the first thing that is wrong: line, column, and what to do.
pub fn examine(file: &[u8]) -> Result<CodeList, Refusal> {
    let lines = csv::lines(csv::text(file)?)?;
    let (header, rows) = lines.split_first().ok_or_else(no_rows)?;
    names(header)?;
    if rows.is_empty() {
        return Err(no_rows());
    }
    rows.iter().try_for_each(|row| fits(header, row))?;
    let column = |(place, name): (usize, &Cell)| CodeColumn {
        name: name.text.clone(),
        numbers: rows.iter().filter_map(|row| row.get(place)).all(|c| c.text.is_empty() || (!c.quoted && whole(&c.text).is_some())),
    };
    let columns: Vec<CodeColumn> = header.iter().enumerate().map(column).collect();
    let row = |cells: &Vec<Cell>| cells.iter().zip(&columns).map(|(cell, column)| value(cell, column)).collect();
    Ok(CodeList { digest: sign::digest(file), rows: rows.iter().map(row).collect(), columns })
}

fn value(cell: &Cell, column: &CodeColumn) -> CodeValue {
    match (cell.text.as_str(), whole(&cell.text)) {
        ("", _) => CodeValue::Missing,
        (_, Some(number)) if column.numbers => CodeValue::Int(number),
        (text, _) => CodeValue::Text(text.to_owned()),
    }
}

/// A whole number in its one spelling: `007` is a code.
fn whole(text: &str) -> Option<i64> {
    text.parse::<i64>().ok().filter(|n| n.to_string() == text)
}

/// The header: names that SQL can say without quotes, each once.
fn names(header: &[Cell]) -> Result<(), Refusal> {
    if header.len() > limits::CODES_COLUMNS_MAX {
        let max = limits::CODES_COLUMNS_MAX;
        return Err(refused(
            format!("a code list has {max} columns at most; leave out what the query does not need"),
            format!("コード表の列は {max} 個までです。使わない列を除いてください"),
        ));
    }
    let mut seen = BTreeSet::new();
    for cell in header {
        if !is_bound_name(&cell.text) {
            let (shown, max) = (cell.shown(), limits::CODES_NAME_MAX_BYTES);
            return Err(cell.refused(
                format!("`{shown}` is no column name; the first line has names of a-z, 0-9 and _, which begin with a letter and have {max} bytes at most"),
                format!("`{shown}` は列の名前になりません。1 行目には、英小文字で始まる英小文字・数字・_ の {max} 文字以内の名前を書いてください"),
            ));
        }
        if !seen.insert(&cell.text) {
            let shown = cell.shown();
            return Err(cell.refused(
                format!("two columns are called `{shown}`; rename one"),
                format!("`{shown}` という列が 2 つあります。一方の名前を変えてください"),
            ));
        }
    }
    Ok(())
}

/// A row has as many cells as the header.
fn fits(header: &[Cell], row: &[Cell]) -> Result<(), Refusal> {
    let (found, expected) = (row.len(), header.len());
    match row.get(expected).or(row.last()) {
        Some(cell) if found != expected => Err(cell.refused(
            format!("this line has {found} cells and the header {expected}; put a cell that holds a comma into \"quotes\""),
            format!("この行のセルは {found} 個で、見出しは {expected} 個です。カンマを含むセルは \"…\" で囲んでください"),
        )),
        _ => Ok(()),
    }
}

fn no_rows() -> Refusal {
    refused(
        "a code list has a line with the columns' names and at least one row below it".to_owned(),
        "コード表には、列の名前の行と、その下に 1 行以上が必要です".to_owned(),
    )
}

/// A refusal of the file as a whole.
fn refused(en: String, ja: String) -> Refusal {
    Refusal::new(Code::CodesRefused, en).ja(ja)
}

/// A refusal of one place: the number of the column for people, the character for a caret.
fn refused_at(at: TextPlace, column: usize, en: &str, ja: &str) -> Refusal {
    refused(format!("line {}, column {column}: {en}", at.line), format!("{} 行目 {column} 列目：{ja}", at.line)).at(Some(at))
}
