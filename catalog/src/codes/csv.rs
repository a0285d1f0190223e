//! The file of a code list, cell by cell, with the place of each. Stricter than what spreadsheets read: a cell ends on its line, and
//! what could be meant in two ways is refused, because a code that is read wrongly only shows as people who are missing.

use visiting_policies::{Refusal, TextPlace, disclosure::limits};

use super::{refused, refused_at};

/// Characters of a cell that a refusal quotes.
const SHOWN_CHARS: usize = 20;

/// One cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) text: String,
    /// True where it stands in quotes: then it is a text, whatever it looks like.
    pub(super) quoted: bool,
    /// Number in its line, from 1.
    column: usize,
    at: TextPlace,
}

impl Cell {
    pub(super) fn refused(&self, en: impl AsRef<str>, ja: impl AsRef<str>) -> Refusal {
        refused_at(self.at, self.column, en.as_ref(), ja.as_ref())
    }

    /// Its beginning, for a sentence.
    pub(super) fn shown(&self) -> String {
        let short: String = self.text.chars().filter(|c| !c.is_control()).take(SHOWN_CHARS).collect();
        if self.text.chars().count() > SHOWN_CHARS { format!("{short}…") } else { short }
    }
}

/// The file as text, without a byte order mark.
pub(super) fn text(file: &[u8]) -> Result<&str, Refusal> {
    let max = limits::CODES_FILE_MAX_BYTES;
    if file.len() > max {
        return Err(refused(
            format!("the file has {} bytes, and a code list {max} at most; leave out rows or columns", file.len()),
            format!("ファイルは {} バイトです。コード表は {max} バイトまでです。行か列を減らしてください", file.len()),
        ));
    }
    let text = std::str::from_utf8(file).map_err(|e| {
        let before = String::from_utf8_lossy(file.get(..e.valid_up_to()).unwrap_or_default());
        let line = before.matches('\n').count() as u64 + 1;
        let cell = before.rsplit('\n').next().unwrap_or_default();
        let at = TextPlace { line, column: cell.chars().count() as u64 + 1 };
        refused_at(
            at,
            cell.matches(',').count() + 1,
            "this is not UTF-8; save the file as \"CSV UTF-8\"",
            "UTF-8 ではありません。「CSV UTF-8」として保存し直してください",
        )
    })?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// The lines of a text, each in cells. More rows than a list may have are not read to their end.
pub(super) fn lines(text: &str) -> Result<Vec<Vec<Cell>>, Refusal> {
    let text = text.strip_suffix('\n').unwrap_or(text);
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let mut lines = Vec::new();
    for (number, line) in text.split('\n').enumerate() {
        if number > limits::CODES_ROWS_MAX {
            let max = limits::CODES_ROWS_MAX;
            return Err(refused(
                format!("a code list has {max} rows at most; leave out what no query needs"),
                format!("コード表は {max} 行までです。使わない行を除いてください"),
            ));
        }
        lines.push(Line::new(number as u64 + 1, line.strip_suffix('\r').unwrap_or(line)).cells()?);
    }
    Ok(lines)
}

/// One line as it is read.
struct Line<'a> {
    number: u64,
    whole: &'a str,
    rest: &'a str,
    cells: Vec<Cell>,
}

impl<'a> Line<'a> {
    fn new(number: u64, line: &'a str) -> Self {
        Self { number, whole: line, rest: line, cells: Vec::new() }
    }

    fn cells(mut self) -> Result<Vec<Cell>, Refusal> {
        if self.whole.is_empty() {
            return Err(self.refused("this line is empty; take it out", "空の行です。除いてください"));
        }
        loop {
            let cell = if self.rest.starts_with('"') { self.quoted()? } else { self.plain()? };
            check(&cell)?;
            self.cells.push(cell);
            match self.rest.strip_prefix(',') {
                Some(rest) => self.rest = rest,
                None => return Ok(self.cells),
            }
        }
    }

    /// Up to the next comma.
    fn plain(&mut self) -> Result<Cell, Refusal> {
        let (text, rest) = self.rest.split_at_checked(self.rest.find(',').unwrap_or(self.rest.len())).unwrap_or((self.rest, ""));
        if text.contains('"') {
            return Err(self.refused(
                "a quote stands inside a cell; put the whole cell into \"quotes\" and write \"\" for each quote in it",
                "セルの途中に引用符があります。セル全体を \"…\" で囲み、中の引用符は \"\" と書いてください",
            ));
        }
        if text.trim() != text {
            return Err(self.refused(
                "this cell begins or ends with a space; take it out, or put the cell into \"quotes\" if it is meant",
                "セルの前後に空白があります。除くか、必要な空白なら \"…\" で囲んでください",
            ));
        }
        let cell = self.cell(text.to_owned(), false);
        self.rest = rest;
        Ok(cell)
    }

    /// Between quotes; two of them are one.
    fn quoted(&mut self) -> Result<Cell, Refusal> {
        let (mut text, mut rest) = (String::new(), self.rest.strip_prefix('"').unwrap_or_default());
        loop {
            let Some((before, after)) = rest.split_once('"') else {
                return Err(self.refused(
                    "the quotes of this cell do not end on its line; close them, and take line breaks out",
                    "引用符がこの行の中で閉じていません。閉じて、改行を除いてください",
                ));
            };
            text.push_str(before);
            match after.strip_prefix('"') {
                Some(more) => {
                    text.push('"');
                    rest = more;
                }
                None if after.is_empty() || after.starts_with(',') => {
                    let cell = self.cell(text, true);
                    self.rest = after;
                    return Ok(cell);
                }
                None => {
                    return Err(self.refused(
                        "after the closing quote comes a comma or the end of the line; write \"\" for a quote in the cell",
                        "閉じた引用符の後には、カンマか行末だけが続きます。セルの中の引用符は \"\" と書いてください",
                    ));
                }
            }
        }
    }

    fn cell(&self, text: String, quoted: bool) -> Cell {
        Cell { text, quoted, column: self.cells.len() + 1, at: self.here() }
    }

    /// Where the rest begins.
    fn here(&self) -> TextPlace {
        let read = self.whole.len() - self.rest.len();
        let column = self.whole.get(..read).unwrap_or_default().chars().count() as u64 + 1;
        TextPlace { line: self.number, column }
    }

    fn refused(&self, en: &str, ja: &str) -> Refusal {
        refused_at(self.here(), self.cells.len() + 1, en, ja)
    }
}

/// What a cell may hold.
fn check(cell: &Cell) -> Result<(), Refusal> {
    let max = limits::CODES_CELL_MAX_BYTES;
    if cell.text.chars().any(char::is_control) {
        return Err(cell.refused(
            "this cell holds a tab or another control character; take it out",
            "タブなどの制御文字が入っています。除いてください",
        ));
    }
    if cell.text.len() > max {
        return Err(cell.refused(
            format!("a cell has {max} bytes at most, and `{}` has {}; shorten it", cell.shown(), cell.text.len()),
            format!("セルは {max} バイトまでです（`{}` は {} バイト）。短くしてください", cell.shown(), cell.text.len()),
        ));
    }
    Ok(())
}
