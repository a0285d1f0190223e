//! Which cells of a published table are sums of which others: headers and labels propose, numbers confirm.

use std::collections::BTreeSet;

use super::{
    bounds::Bounds,
    published::{Published, Reading, Rounding, Shown},
    system::{Range, Sum, System},
};
use crate::refusal::{Code, Refusal};

/// Endings of a header or label that stands for a total.
const TOTALS: &[&str] = &["総計", "合計", "総数", "小計", "中計", "計", "全体", "全国", "total", "all", "sum"];

/// A hidden cell and what a reader knows of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hidden {
    /// Labels of its row, and the header of its column; or the sum whose rest it is.
    pub place: String,
    /// The interval; `None` where it could not be computed within the limits.
    pub range: Option<Range>,
    /// True where it is narrower than the policy allows.
    pub narrow: bool,
}

/// A sum that the table states.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SumOf {
    /// What is summed, in words.
    pub words: String,
    /// True where parts are missing in the table: the rest is a hidden cell of its own.
    pub rest: bool,
}

/// What was found out about a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// How cells and totals were read.
    pub rounding: (Rounding, Rounding),
    /// Sums that were used.
    pub sums: Vec<SumOf>,
    /// Totals by their headers or labels for which no sum was found: nothing is decided while one of them may be one.
    pub loose: Vec<String>,
    /// True where marks were taken to hide larger numbers as well.
    pub widened: bool,
    /// Hidden cells, the narrowest first.
    pub hidden: Vec<Hidden>,
}

impl Checked {
    /// True where every hidden cell is protected, and every total is understood.
    #[must_use]
    pub fn passes(&self) -> bool {
        self.hidden.is_empty() || (self.loose.is_empty() && self.hidden.iter().all(|h| !h.narrow))
    }
}

/// Computes what a reader of a table knows of every cell that it hides.
///
/// # Errors
/// [`Code::Malformed`] where numbers, rounding and marks contradict each other.
pub fn check(table: &Published, reading: &Reading) -> Result<Checked, Refusal> {
    let cells = reading.cells.unwrap_or_else(|| table.rounding());
    let rounding = (cells, reading.totals.unwrap_or(cells));
    on_grid(table, rounding)?;
    let mut draft = Draft::new(table, reading, rounding);
    draft.columns();
    draft.rows();
    let Draft { system, at, rests, sums, loose, widened, .. } = draft;
    let loose = loose.into_iter().filter(|name| !reading.no_sums.contains(name)).collect();
    let bounds = Bounds::new(system).ok_or_else(|| {
        Refusal::new(Code::Malformed, "no numbers fit this table: a sum differs from its parts by more than the rounding; say how it is rounded (--cells, --totals) and what a mark stands for (--hidden)")
            .ja("この表に合う数がありません。合計と内訳の差が丸めの幅を超えています。丸め方（--cells、--totals）と記号の意味（--hidden）を指定してください")
    })?;
    let judged = |place: String, cell: usize, counts: fn(Range, i64) -> bool| {
        let range = bounds.of(cell);
        let narrow = range.is_none_or(|r| r.width() < reading.width && counts(r, reading.hidden.1));
        Hidden { place, range, narrow }
    };
    let marks = table.cells.iter().enumerate().flat_map(|(r, row)| row.iter().enumerate().map(move |(c, shown)| (r, c, shown)));
    let mut hidden: Vec<Hidden> = marks
        .filter(|(.., shown)| shown.is_mark())
        .filter_map(|(r, c, _)| Some(judged(place(table, r, c), *at.get(r)?.get(c)?.as_ref()?, |_, _| true)))
        .collect();
    // What is missing besides is hidden as long as it can be somebody, and few.
    let some = |range: Range, most: i64| range.high > 0 && range.low <= most;
    hidden.extend(rests.into_iter().map(|(place, cell)| judged(place, cell, some)));
    hidden.sort_by_key(|h| (!h.narrow, h.range.map_or(-1, Range::width), h.place.clone()));
    Ok(Checked { rounding, sums, loose, widened, hidden })
}

/// Numbers that no rounding gives are read wrongly.
fn on_grid(table: &Published, (cells, totals): (Rounding, Rounding)) -> Result<(), Refusal> {
    for (r, row) in table.cells.iter().enumerate() {
        for (c, shown) in row.iter().enumerate() {
            let by = if is_total_at(table, r, c) { totals } else { cells };
            if let (Shown::Number(n), Rounding::Nearest(base) | Rounding::Up(base)) = (shown, by)
                && n % base != 0
            {
                let at = place(table, r, c);
                return Err(Refusal::new(
                    Code::Malformed,
                    format!("{at}: {n} is no multiple of {base}; say how numbers are rounded with --cells and --totals"),
                )
                .ja(format!("{at}: {n} は {base} の倍数ではありません。丸め方を --cells と --totals で指定してください")));
            }
        }
    }
    Ok(())
}

/// True for a cell in the row or the column of a total.
fn is_total_at(table: &Published, row: usize, column: usize) -> bool {
    table.labels.get(row).is_some_and(|labels| labels.iter().any(|l| is_total(l))) || table.headers.get(column).is_some_and(|h| is_total(h))
}

fn place(table: &Published, row: usize, column: usize) -> String {
    let labels = table.labels.get(row).map(|labels| labels.join(" / ")).unwrap_or_default();
    format!("{labels} | {}", table.headers.get(column).map_or("", String::as_str))
}

/// True for a header or label that names a total; what stands in brackets behind it does not count.
fn is_total(text: &str) -> bool {
    let end = text.find(['(', '（']).unwrap_or(text.len());
    let word: String = text.get(..end).unwrap_or(text).to_lowercase().split_whitespace().collect();
    TOTALS.iter().any(|total| word.ends_with(total))
}

/// A system that is being made.
struct Draft<'a> {
    table: &'a Published,
    system: System,
    /// The number of each cell.
    at: Vec<Vec<Option<usize>>>,
    /// Rests: which, and the cell.
    rests: Vec<(String, usize)>,
    sums: Vec<SumOf>,
    loose: Vec<String>,
    /// Cells that are hidden by a mark.
    marks: BTreeSet<usize>,
    /// True where a mark may hide a larger number besides.
    besides: bool,
    widened: bool,
}

impl<'a> Draft<'a> {
    fn new(table: &'a Published, reading: &Reading, rounding: (Rounding, Rounding)) -> Self {
        let mut system = System::default();
        let hides = table.cells.iter().flatten().any(Shown::is_mark);
        let (low, high) = reading.hidden;
        let mut range = |r: usize, c: usize, shown: &Shown| {
            let range = match shown {
                Shown::Hidden => Range { low, high },
                Shown::Below(n) => Range { low: low.min(n - 1), high: n - 1 },
                Shown::Number(n) => {
                    let by = if is_total_at(table, r, c) { rounding.1 } else { rounding.0 };
                    let (from, to) = by.range(*n);
                    // Whoever hides small numbers shows no other small one than those that no mark stands for.
                    let to = if hides && *n == 0 && low > 0 { to.min(low - 1) } else { to };
                    let least = if !hides || (*n == 0 && by == Rounding::Exact) || *n < high { 0 } else { high + 1 };
                    Range { low: from.max(least).min(to), high: to }
                }
                Shown::Other => return None,
            };
            Some(system.cell(range))
        };
        let at: Vec<Vec<Option<usize>>> =
            table.cells.iter().enumerate().map(|(r, row)| row.iter().enumerate().map(|(c, shown)| range(r, c, shown)).collect()).collect();
        let shown = table.cells.iter().flatten().zip(at.iter().flatten());
        let marks = shown.filter(|(shown, _)| shown.is_mark()).filter_map(|(_, cell)| *cell).collect();
        Self { table, system, at, rests: Vec::new(), sums: Vec::new(), loose: Vec::new(), marks, besides: reading.besides, widened: false }
    }

    fn cell(&self, (row, column): (usize, usize)) -> Option<usize> {
        self.at.get(row)?.get(column).copied().flatten()
    }

    /// Totals among the columns.
    fn columns(&mut self) {
        let rows = self.table.cells.len();
        let headers = &self.table.headers;
        let totals: Vec<usize> = (0..headers.len()).filter(|c| headers.get(*c).is_some_and(|h| is_total(h))).collect();
        let plain = |from: usize, to: usize| (from..to).filter(|c| !totals.contains(c)).collect::<Vec<_>>();
        for (number, total) in totals.iter().enumerate() {
            let before = number.checked_sub(1).and_then(|i| totals.get(i)).map_or(0, |c| c + 1);
            let after = totals.get(number + 1).copied().unwrap_or(headers.len());
            let others = totals.iter().copied().filter(|c| c != total).collect();
            // Left of it up to the total before, right of it up to the next one, all other totals, everything else.
            let proposals = [plain(before, *total), plain(total + 1, after), others, plain(0, headers.len())];
            let lines = |parts: &Vec<usize>| -> Vec<Line> {
                (0..rows).map(|r| Line { total: (r, *total), parts: parts.iter().map(|c| (r, *c)).collect() }).collect()
            };
            let name = headers.get(*total).cloned().unwrap_or_default();
            self.best(&name, proposals.iter().filter(|parts| !parts.is_empty()).map(|parts| (lines(parts), parts.len())));
        }
    }

    /// Totals among the rows: those with a label that names one, over the rows that are alike in all other labels.
    fn rows(&mut self) {
        let labels = &self.table.labels;
        let empty_is_total = |c: usize, l: &String| l.is_empty() && labels.iter().any(|row| row.get(c).is_some_and(|l| !l.is_empty()));
        let over = |row: &Vec<String>| -> Vec<bool> { row.iter().enumerate().map(|(c, l)| is_total(l) || empty_is_total(c, l)).collect() };
        let overs: Vec<Vec<bool>> = labels.iter().map(over).collect();
        for (row, own) in overs.iter().enumerate().filter(|(_, own)| own.contains(&true)) {
            // Other rows that stand for less of this one, by what they are totals over themselves.
            let alike = |r: usize| {
                let pairs = labels.get(r).into_iter().flatten().zip(labels.get(row).into_iter().flatten());
                pairs.zip(own).all(|((a, b), over)| *over || a == b)
            };
            let within = |o: &Vec<bool>| o != own && o.iter().zip(own).all(|(o, own)| *own || !*o);
            let mut kinds: Vec<&Vec<bool>> = overs.iter().filter(|o| within(o)).collect();
            kinds.sort();
            kinds.dedup();
            let largest = |o: &&&Vec<bool>| !kinds.iter().any(|k| k != *o && k.iter().zip(o.iter()).all(|(k, o)| *k || !*o));
            let name = labels.get(row).map(|l| l.join(" / ")).unwrap_or_default();
            if kinds.is_empty() {
                self.loose.push(name.clone());
            }
            for kind in kinds.iter().filter(largest) {
                let parts: Vec<usize> = (0..labels.len()).filter(|r| overs.get(*r) == Some(*kind) && alike(*r)).collect();
                let line = |c: usize| Line { total: (row, c), parts: parts.iter().map(|r| (*r, c)).collect() };
                let lines = (0..self.table.headers.len()).map(line).collect();
                match parts.is_empty() {
                    true => self.loose.push(name.clone()),
                    false => self.best(&name, std::iter::once((lines, parts.len()))),
                }
            }
        }
    }

    /// Adds the first proposal that fits every line; else one that fits where some marks stand for more than small numbers; else one
    /// with a rest that is not in the table.
    fn best(&mut self, name: &str, proposals: impl Iterator<Item = (Vec<Line>, usize)>) {
        let proposals: Vec<(Vec<Line>, usize)> = proposals.collect();
        let found = [Fit::Exact, Fit::Marks, Fit::Rest].into_iter().find_map(|how| {
            let fits = |(lines, _): &&(Vec<Line>, usize)| self.fit(lines, how);
            proposals.iter().find(fits).cloned().map(|(lines, parts)| (lines, parts, how))
        });
        let Some((lines, parts, how)) = found else {
            self.loose.push(name.to_owned());
            return;
        };
        for line in lines {
            let Some(mut sum) = self.sum(&line) else { continue };
            match how {
                Fit::Exact => {}
                Fit::Marks => self.widen(&sum),
                // A line that fits as it stands has no rest: that would only hide what its reader knows.
                Fit::Rest if self.fits(&sum) => {}
                Fit::Rest => {
                    let cell = self.system.cell(Range::from(0));
                    self.rests.push((format!("not in the table: {} less its parts", place(self.table, line.total.0, line.total.1)), cell));
                    sum.parts.push(cell);
                }
            }
            self.system.sum(sum);
        }
        self.sums.push(SumOf { words: format!("{name} = {parts} parts"), rest: how == Fit::Rest });
    }

    fn sum(&self, line: &Line) -> Option<Sum> {
        Some(Sum { total: self.cell(line.total)?, parts: line.parts.iter().map(|part| self.cell(*part)).collect::<Option<_>>()? })
    }

    /// Whether a sum can be true.
    fn fits(&self, sum: &Sum) -> bool {
        self.system.range(sum.total).is_some_and(|total| total.and(self.system.parts(sum)).is_some())
    }

    /// Whether every line can be true; at least one line is needed. With [`Fit::Marks`] lines with marks may be anything, as long as
    /// another line without any shows that this is the sum.
    fn fit(&self, lines: &[Line], how: Fit) -> bool {
        let sums: Vec<Sum> = lines.iter().filter_map(|line| self.sum(line)).collect();
        let marked = |sum: &Sum| sum.parts.iter().chain([&sum.total]).any(|cell| self.marks.contains(cell));
        let fits = |sum: &Sum| self.fits(sum);
        let short = |sum: &Sum| self.system.range(sum.total).is_some_and(|total| self.system.parts(sum).low <= total.high);
        match how {
            Fit::Exact => !self.besides && !sums.is_empty() && sums.iter().all(fits),
            Fit::Marks => {
                (self.besides || sums.iter().any(|s| !marked(s))) && !sums.is_empty() && sums.iter().all(|s| fits(s) || marked(s))
            }
            Fit::Rest => !sums.is_empty() && sums.iter().all(short),
        }
    }

    /// A mark may hide a larger number, so that a small one beside it, in this line or in another one, is not pinned.
    fn widen(&mut self, sum: &Sum) {
        let marks = sum.parts.iter().chain([&sum.total]).filter(|cell| self.marks.contains(cell));
        for mark in marks {
            self.system.widen(*mark, i64::MAX);
            self.widened = true;
        }
    }
}

/// How a proposal fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fit {
    /// As it stands.
    Exact,
    /// With marks that hide more than small numbers.
    Marks,
    /// With parts that are not in the table.
    Rest,
}

/// A sum by row and column.
#[derive(Debug, Clone)]
struct Line {
    total: (usize, usize),
    parts: Vec<(usize, usize)>,
}
