//! A published table as its reader sees it: labels, numbers, marks.

use crate::refusal::{Code, Refusal};

/// What stands for a number that is not shown. Official tables use several kinds of dash; we and others write `<k`.
const MARKS: &[&str] =
    &["-", "‐", "‑", "–", "—", "―", "－", "ー", "*", "＊", "x", "X", "Ｘ", "…", "−", "***", "**", "<k", "suppressed", "[c]"];

/// How numbers are rounded before they are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rounding {
    /// Not at all.
    Exact,
    /// To the nearest multiple, halves up.
    Nearest(i64),
    /// Up to the next multiple.
    Up(i64),
}

impl Rounding {
    /// Reads `exact`, `nearest:10` or `up:10`.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let base = |text: &str| text.parse().ok().filter(|base| (2..=1_000_000).contains(base));
        match text.split_once(':') {
            None if text == "exact" => Some(Self::Exact),
            Some(("nearest", n)) => base(n).map(Self::Nearest),
            Some(("up", n)) => base(n).map(Self::Up),
            _ => None,
        }
    }

    /// The smallest and the largest number that is shown as this one.
    #[must_use]
    pub fn range(self, shown: i64) -> (i64, i64) {
        match self {
            Self::Exact => (shown, shown),
            Self::Nearest(base) => (shown.saturating_sub(base / 2), shown.saturating_add((base - 1) / 2)),
            Self::Up(base) => (shown.saturating_sub(base - 1), shown),
        }
    }
}

impl std::fmt::Display for Rounding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exact => write!(f, "exact"),
            Self::Nearest(base) => write!(f, "nearest:{base}"),
            Self::Up(base) => write!(f, "up:{base}"),
        }
    }
}

/// How a table is to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// Of the cells; `None` for what the numbers look like.
    pub cells: Option<Rounding>,
    /// Of totals; `None` for the same as cells.
    pub totals: Option<Rounding>,
    /// What a mark stands for.
    pub hidden: (i64, i64),
    /// True where a mark may also hide a larger number, so that no small one stands alone (complementary suppression); found out where
    /// the numbers say so.
    pub besides: bool,
    /// Columns of labels; `None` for what the header looks like.
    pub labels: Option<usize>,
    /// Totals by name that are known to be no sums: people who are counted once, means.
    pub no_sums: Vec<String>,
    /// Interval that protects a hidden cell.
    pub width: i64,
}

/// What stands in a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    /// A whole number.
    Number(i64),
    /// A mark.
    Hidden,
    /// A mark that says below which number: `<5`.
    Below(i64),
    /// Anything else: no part of any sum.
    Other,
}

/// A table with its columns of labels before its columns of numbers.
#[derive(Debug, Clone)]
pub struct Published {
    /// Headers of the labels.
    pub label_headers: Vec<String>,
    /// Headers of the numbers.
    pub headers: Vec<String>,
    /// Labels by row.
    pub labels: Vec<Vec<String>>,
    /// Cells by row.
    pub cells: Vec<Vec<Shown>>,
}

impl Shown {
    /// True for a mark of either kind.
    #[must_use]
    pub fn is_mark(&self) -> bool {
        matches!(self, Self::Hidden | Self::Below(_))
    }
}

impl Published {
    /// Reads the records of a CSV file, the header first.
    ///
    /// # Errors
    /// [`Code::Malformed`] where there is no table of numbers.
    pub fn read(records: &[Vec<String>], labels: Option<usize>) -> Result<Self, Refusal> {
        let (header, rows) = records.split_first().filter(|(_, rows)| !rows.is_empty()).ok_or_else(no_table)?;
        let shown: Vec<Vec<Shown>> = rows.iter().map(|row| (0..header.len()).map(|c| cell(row.get(c))).collect()).collect();
        // A column is one of numbers when most of its cells are: one that cannot be read is an error there, and no reason to take the
        // column for labels.
        let numbers = |c: usize| {
            let read = |row: &&Vec<Shown>| row.get(c).is_some_and(|s| matches!(s, Shown::Number(_)) || s.is_mark());
            2 * shown.iter().filter(read).count() > rows.len()
        };
        let decimals = |c: usize| rows.iter().all(|row| row.get(c).is_some_and(|t| t.is_empty() || t.trim().parse::<f64>().is_ok()));
        let last = (0..header.len()).rev().find(|c| numbers(*c)).ok_or_else(no_table)?;
        // Text after the last numbers is a note.
        let first = labels.unwrap_or_else(|| (0..=last).rev().find(|c| !numbers(*c) && !decimals(*c)).map_or(1, |c| c + 1));
        if first > last {
            return Err(no_table());
        }
        for (r, row) in shown.iter().enumerate() {
            let unread = (first..=last).find(|c| numbers(*c) && row.get(*c) == Some(&Shown::Other));
            if let Some(c) = unread {
                return Err(unreadable(r + 2, header.get(c), rows.get(r).and_then(|row| row.get(c))));
            }
        }
        let text = |row: &Vec<String>, c: usize| row.get(c).map(|t| t.trim().to_owned()).unwrap_or_default();
        Ok(Self {
            label_headers: (0..first).map(|c| text(header, c)).collect(),
            headers: (first..=last).map(|c| text(header, c)).collect(),
            labels: rows.iter().map(|row| (0..first).map(|c| text(row, c)).collect()).collect(),
            cells: shown.into_iter().map(|row| row.into_iter().take(last + 1).skip(first).collect()).collect(),
        })
    }

    /// What its numbers look like: rounded to tens where all of them are multiples of ten.
    #[must_use]
    pub fn rounding(&self) -> Rounding {
        let mut numbers = self.cells.iter().flatten().filter_map(|s| if let Shown::Number(n) = s { Some(*n) } else { None });
        if numbers.all(|n| n % 10 == 0) { Rounding::Nearest(10) } else { Rounding::Exact }
    }
}

fn no_table() -> Refusal {
    Refusal::new(
        Code::Malformed,
        "there is no table of numbers here: a CSV file has a header, columns of labels, and then columns of whole numbers",
    )
    .ja("数表が見つかりません。CSV は、見出し行、ラベルの列、そのあとに整数の列、という形にしてください")
}

fn unreadable(line: usize, column: Option<&String>, text: Option<&String>) -> Refusal {
    let (column, text) = (column.map_or("", String::as_str), text.map_or("", String::as_str));
    let detail = format!(
        "line {line}, column `{column}`: `{text}` is no whole number and no mark; write a number or `-`, or say with --labels how many columns are labels"
    );
    Refusal::new(Code::Malformed, detail)
        .ja(format!("{line} 行目、列「{column}」の「{text}」は整数でも秘匿記号でもありません。数か「-」にするか、ラベルの列数を --labels で指定してください"))
}

fn cell(text: Option<&String>) -> Shown {
    let narrow = |c: char| match c {
        '０'..='９' => char::from_u32(c as u32 - '０' as u32 + '0' as u32).unwrap_or(c),
        '＜' => '<',
        '，' => ',',
        other => other,
    };
    let text: String = text.map(|t| t.trim().chars().map(narrow).collect()).unwrap_or_default();
    if MARKS.contains(&text.as_str()) {
        return Shown::Hidden;
    }
    let digits: String = text.chars().filter(|c| *c != ',').collect();
    match digits.strip_prefix('<') {
        Some(below) => below.trim().parse().map_or(Shown::Other, Shown::Below),
        None => digits.parse().ok().filter(|n: &i64| n.unsigned_abs() < 1 << 49).map_or(Shown::Other, Shown::Number),
    }
}
