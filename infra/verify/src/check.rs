//! `visiting-check TABLE.csv`: what a reader of a published table can compute of the cells that it hides.

use std::{fs, path::PathBuf};

use visiting_policies::{
    audit::{Checked, Published, Reading, Rounding, check},
    refusal::{Refusal, wants_japanese},
};

use crate::ended::{Ended, Fault};

/// Shown when the command is not understood.
pub const USAGE: &str =
    "usage: visiting check TABLE.csv [--cells R] [--totals R] [--hidden LOW-HIGH] [--labels N] [--width W] [--lang ja|en]
  TABLE.csv          a table as it is published: a header, columns of labels, columns of whole numbers; `-`, `<k` and the like hide one
  --cells R          how numbers are rounded: exact, nearest:N (halves up) or up:N (default: nearest:10 where all are multiples of 10)
  --totals R         the same of totals (default: as cells)
  --hidden LOW-HIGH  what a mark stands for (default: 0-9); with a + behind it, or any larger number that is hidden so that no small one
                     stands alone
  --labels N         how many columns are labels (default: up to the last column of text)
  --not-a-sum NAME   a total by its header or label that is no sum (people counted once, a mean); may be given several times
  --width W          the interval that protects a hidden cell, upper less lower end (default: 5)
exit codes: 0 every hidden cell is protected, 1 some are not or a total is not understood, 2 usage";

/// What to check.
#[derive(Debug, Clone)]
pub struct Request {
    /// The table.
    pub table: PathBuf,
    /// How to read it.
    pub reading: Reading,
    /// True for sentences in Japanese.
    pub japanese: bool,
}

/// Reads the command line.
///
/// # Errors
/// A sentence and the usage.
pub fn parse(arguments: impl IntoIterator<Item = std::ffi::OsString>) -> Result<Request, Ended> {
    use lexopt::prelude::{Long, Value, ValueExt};
    let mut parser = lexopt::Parser::from_args(arguments);
    let mut reading = Reading { cells: None, totals: None, hidden: (0, 9), besides: false, labels: None, no_sums: Vec::new(), width: 5 };
    let (mut table, mut japanese) = (None, wants_japanese(|name| std::env::var(name).ok()));
    let mut read = || -> Result<(), lexopt::Error> {
        while let Some(argument) = parser.next()? {
            match argument {
                Long("cells") => reading.cells = Some(rounding(&parser.value()?.string()?)?),
                Long("totals") => reading.totals = Some(rounding(&parser.value()?.string()?)?),
                Long("hidden") => (reading.hidden, reading.besides) = hidden(&parser.value()?.string()?)?,
                Long("labels") => reading.labels = Some(parser.value()?.parse()?),
                Long("not-a-sum") => reading.no_sums.push(parser.value()?.string()?),
                Long("width") => {
                    reading.width = parser.value()?.parse_with(|text| text.parse().ok().filter(|w| *w > 0).ok_or("at least 1"))?
                }
                Long("lang") => japanese = parser.value()?.string()? == "ja",
                Value(file) if table.is_none() => table = Some(PathBuf::from(file)),
                other => return Err(other.unexpected()),
            }
        }
        Ok(())
    };
    read().map_err(|e| Ended::usage(format!("{e}\n{USAGE}")))?;
    let table = table.ok_or_else(|| Ended::usage(USAGE))?;
    Ok(Request { table, reading, japanese })
}

fn rounding(text: &str) -> Result<Rounding, String> {
    Rounding::read(text).ok_or_else(|| format!("`{text}` is no rounding: exact, nearest:10 or up:10"))
}

fn hidden(text: &str) -> Result<((i64, i64), bool), String> {
    let (range, besides) = text.strip_suffix('+').map_or((text, false), |range| (range, true));
    let ends = range.split_once('-').and_then(|(low, high)| Some((low.parse().ok()?, high.parse().ok()?)));
    ends.filter(|(low, high)| 0 <= *low && low <= high)
        .map(|ends| (ends, besides))
        .ok_or_else(|| format!("`{text}` is no range: 0-9, 1-9 or 1-9+"))
}

/// Reads the table and says what a reader knows of each hidden cell.
#[must_use]
pub fn told(request: &Request) -> Ended {
    let sentence = |refusal: &Refusal| refusal.ja.clone().filter(|_| request.japanese).unwrap_or_else(|| refusal.detail.clone());
    let table = match records(request).and_then(|all| Published::read(&all, request.reading.labels).map_err(|r| sentence(&r))) {
        Ok(table) => table,
        Err(why) => return Ended::usage(format!("{}: {why}", request.table.display())),
    };
    match check(&table, &request.reading) {
        Ok(checked) => ended(&table, &checked, request),
        Err(refusal) => Ended::usage(format!("{}: {}", request.table.display(), sentence(&refusal))),
    }
}

fn records(request: &Request) -> Result<Vec<Vec<String>>, String> {
    let bytes = fs::read(&request.table).map_err(|e| e.to_string())?;
    let text = String::from_utf8(bytes).map_err(|_| "this is not UTF-8; save it as CSV UTF-8".to_owned())?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    reader.records().map(|r| r.map(|r| r.iter().map(str::to_owned).collect()).map_err(|e| e.to_string())).collect()
}

fn ended(table: &Published, checked: &Checked, request: &Request) -> Ended {
    let say = |ja: String, en: String| if request.japanese { ja } else { en };
    let (mut lines, (cells, totals), (low, high)) = (Vec::new(), checked.rounding, request.reading.hidden);
    let (labels, size) = (table.label_headers.join(", "), (table.cells.len(), table.headers.len()));
    lines.push(say(
        format!(
            "{} 行 × {} 列、ラベル: {labels}。丸め: 値 {cells}、合計 {totals}。記号は {low}〜{high} を表すものとします",
            size.0, size.1
        ),
        format!(
            "{} rows x {} columns, labels: {labels}; rounding: cells {cells}, totals {totals}; a mark is read as {low} to {high}",
            size.0, size.1
        ),
    ));
    let rests = checked.sums.iter().filter(|sum| sum.rest).count();
    lines.push(say(
        format!("合計 {} 組を使いました（うち表にない内訳があるもの {rests}）", checked.sums.len()),
        format!("{} sums are used, {rests} of them with parts that are not in the table", checked.sums.len()),
    ));
    for name in &checked.loose {
        lines.push(say(
            format!("NARROW  内訳が見つからない合計: {name}（合計でなければ --not-a-sum で指定してください）"),
            format!("NARROW  no parts were found for the total: {name} (if it is no sum, say so with --not-a-sum)"),
        ));
    }
    if checked.widened {
        lines.push(say(
            "記号は、より大きな数を隠しうるものとして扱いました（補完的秘匿）".to_owned(),
            "marks are taken to hide larger numbers as well (complementary suppression)".to_owned(),
        ));
    }
    for hidden in &checked.hidden {
        let told = match hidden.range {
            Some(range) => {
                format!("[{}, {}] {}", range.low, range.high, say(format!("幅 {}", range.width()), format!("width {}", range.width())))
            }
            None => say("計算の上限に達しました".to_owned(), "beyond the limits of this computation".to_owned()),
        };
        lines.push(format!("{}  {}  {told}", if hidden.narrow { "NARROW" } else { "ok    " }, hidden.place));
    }
    let (narrow, width) = (checked.hidden.iter().filter(|h| h.narrow).count(), request.reading.width);
    let unknown = checked.hidden.iter().filter(|h| h.range.is_none()).count();
    let pinned = checked.hidden.iter().filter(|h| h.narrow && h.range.is_some_and(|r| r.width() == 0)).count();
    lines.push(say(
        format!(
            "秘匿セル {}、うち幅が {width} 未満 {}、1 つの値に定まるもの {pinned}、計算できないもの {unknown}",
            checked.hidden.len(),
            narrow - unknown
        ),
        format!(
            "{} hidden cells, {} of them narrower than {width}, {pinned} pinned to one number, {unknown} not computed",
            checked.hidden.len(),
            narrow - unknown
        ),
    ));
    Ended { lines, fault: (!checked.passes()).then_some(Fault::Narrow) }
}
