//! A released table as the page shows it: the text form of every chart, with `<k` and repeated values explained beside it.

use maud::{Markup, html};
use visiting_policies::Refusal;
use visiting_policies::refusal::Code;

use super::{
    lang::Lang,
    select::{self, Part},
};

/// Rows on the page; the file holds all of them. A browser lays out this many without a pause.
pub(super) const ROWS_SHOWN: usize = 500;

/// The mark of a value that is not shown, as the exit gate writes it.
const MASKED: &str = "<k";

/// The gate's note on a row that repeats an earlier release.
const AS_BEFORE: &str = "as released before";

/// One value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cell {
    /// As it stands in the file.
    Text(String),
    /// `<k`.
    Masked,
}

/// One row with its note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) cells: Vec<Cell>,
    pub(super) note: String,
}

/// A released table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Table {
    pub(super) titles: Vec<String>,
    /// What each column shows; as long as `titles`.
    pub(super) parts: Vec<Part>,
    pub(super) rows: Vec<Row>,
}

impl Table {
    /// Reads `table.csv`; `sql` says which columns are keys. When it does not fit the table, every column is taken for a key.
    pub(super) fn read(csv: &[u8], sql: &str) -> Result<Self, Refusal> {
        let fault = |_| Refusal::new(Code::OperatorProblem, "the released table cannot be read; fetch the file instead");
        let mut reader = csv::Reader::from_reader(csv);
        let mut titles: Vec<String> = reader.headers().map_err(fault)?.iter().map(str::to_owned).collect();
        // The last column is the gate's note.
        titles.pop();
        let mut rows = Vec::new();
        for record in reader.records() {
            let mut fields: Vec<String> = record.map_err(fault)?.iter().map(str::to_owned).collect();
            let note = fields.pop().unwrap_or_default();
            rows.push(Row { cells: fields.into_iter().map(Cell::of).collect(), note });
        }
        let parts = select::parts(sql).filter(|p| p.len() == titles.len()).unwrap_or_else(|| vec![Part::Key; titles.len()]);
        Ok(Self { titles, parts, rows })
    }

    /// Columns of one kind, by index.
    pub(super) fn columns(&self, part: Part) -> Vec<usize> {
        self.parts.iter().enumerate().filter(|(_, p)| **p == part).map(|(i, _)| i).collect()
    }

    pub(super) fn has_masks(&self) -> bool {
        self.rows.iter().any(|row| row.cells.contains(&Cell::Masked))
    }

    pub(super) fn has_repeats(&self) -> bool {
        self.rows.iter().any(|row| row.note == AS_BEFORE)
    }
}

impl Cell {
    fn of(text: String) -> Self {
        if text == MASKED { Self::Masked } else { Self::Text(text) }
    }

    /// As it is printed.
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Masked => MASKED,
        }
    }
}

/// The table with its caption, and the words on what its marks mean. `explain` gives a column's title from the catalogue.
pub(super) fn view(lang: Lang, table: &Table, explain: impl Fn(&str) -> Option<String>) -> Markup {
    captioned(lang, table, "result-caption", lang.say("出口審査を通った結果", "The result that passed the exit gate"), explain)
}

/// The same of made-up data, which passed nothing.
pub(super) fn synthetic(lang: Lang, table: &Table, explain: impl Fn(&str) -> Option<String>) -> Markup {
    captioned(lang, table, "try-caption", lang.say("合成データの表（実際のデータではありません）", "SYNTHETIC table, not data"), explain)
}

fn captioned(lang: Lang, table: &Table, id: &str, caption: &str, explain: impl Fn(&str) -> Option<String>) -> Markup {
    let noted = table.rows.iter().any(|row| !row.note.is_empty());
    html! {
        div.scroll role="group" tabindex="0" aria-labelledby=(id) {
            table.data {
                caption id=(id) { (caption) }
                thead {
                    tr {
                        @for (title, part) in table.titles.iter().zip(&table.parts) {
                            th scope="col" class=(class(*part)) { code { (title) } @if let Some(text) = explain(title) { br; small { (text) } } }
                        }
                        @if noted { th scope="col" { (lang.say("注記", "Note")) } }
                    }
                }
                tbody {
                    @for row in table.rows.iter().take(ROWS_SHOWN) { (row_view(lang, table, row, noted)) }
                }
            }
        }
        @if table.rows.len() > ROWS_SHOWN {
            p.note {
                (lang.say("先頭の行だけを表示しています。すべての行はファイルにあります：", "Only the first rows are shown. The file has all of them: "))
                (ROWS_SHOWN) " / " (table.rows.len())
            }
        }
        (marks(lang, table))
    }
}

fn class(part: Part) -> &'static str {
    if part == Part::Number { "number" } else { "key" }
}

fn row_view(lang: Lang, table: &Table, row: &Row, noted: bool) -> Markup {
    html! {
        tr {
            @for (index, (cell, part)) in row.cells.iter().zip(&table.parts).enumerate() {
                @match (cell, part) {
                    (Cell::Masked, _) => { td.number.masked { "<k" } }
                    (Cell::Text(text), Part::Number) => { td.number { (text) } }
                    (Cell::Text(text), Part::Key) if index == 0 => { th scope="row" { bdi { (text) } } }
                    (Cell::Text(text), Part::Key) => { td { bdi { (text) } } }
                }
            }
            @if noted { td { (note(lang, &row.note)) } }
        }
    }
}

/// The gate's note in words.
fn note(lang: Lang, note: &str) -> &str {
    if note == AS_BEFORE { lang.say("既公表値", AS_BEFORE) } else { note }
}

fn marks(lang: Lang, table: &Table) -> Markup {
    html! {
        @if table.has_masks() || table.has_repeats() {
            dl.marks {
                @if table.has_masks() {
                    dt { code { "<k" } }
                    dd {
                        (lang.say(
                            "最小集計単位に満たない、または一人か二人で決まるなど、見せられない値です。0 か、1 か、もっと多いかは区別しません。",
                            "A value that cannot be shown: too few people, or one or two people decide it. It does not tell 0 from 1 or from more.",
                        ))
                    }
                }
                @if table.has_repeats() {
                    dt { (lang.say("既公表値", AS_BEFORE)) }
                    dd {
                        (lang.say(
                            "すでに公表した値と対象者がごくわずかしか違わないため、公表済みの値をもう一度示しています。差から個人が分かることを防ぎます。",
                            "The people behind it differ from an earlier release by too few, so the earlier value is shown again: the difference would point at them.",
                        ))
                    }
                }
            }
        }
        p.note {
            (lang.say(
                "出ていない組合せは、対象者が少ないか、いないかのどちらかです。行の有無からは区別できません。人数は10人単位に丸めてあります。",
                "A combination that is not listed has few people or none; its absence does not tell which. Counts of people are rounded to tens.",
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SQL: &str = "SELECT a, COUNT(DISTINCT pid) AS n FROM t GROUP BY a";

    #[test]
    fn a_table_is_read_with_its_marks() {
        let table = Table::read(b"a,n,note\n1,120,\n2,<k,\n\"3,\"\"x\",10,as released before\n", SQL).unwrap();
        assert_eq!(table.titles, ["a", "n"]);
        assert_eq!(table.parts, [Part::Key, Part::Number]);
        assert_eq!(table.rows[1].cells[1], Cell::Masked);
        assert_eq!(table.rows[2].cells[0].text(), "3,\"x");
        assert!(table.has_masks() && table.has_repeats());
        let page = view(Lang::Ja, &table, |_| None).into_string();
        assert!(page.contains("既公表値") && page.contains("&lt;k"), "{page}");
    }

    #[test]
    fn hostile_labels_are_text() {
        for label in ["<script>alert(1)</script>", "\u{202E}evil", "\u{1F600}", "'\"&<>"] {
            let csv = format!("a,n,note\n\"{}\",10,\n", label.replace('"', "\"\""));
            let page = view(Lang::En, &Table::read(csv.as_bytes(), SQL).unwrap(), |_| Some(label.to_owned())).into_string();
            assert!(!page.contains("<script>"), "{page}");
        }
    }

    #[test]
    fn a_select_list_that_does_not_fit_makes_every_column_a_key() {
        let table = Table::read(b"a,n,note\n1,2,\n", "SELECT a FROM t").unwrap();
        assert_eq!(table.columns(Part::Number), Vec::<usize>::new());
        assert!(Table::read(b"a,note\n\xff,1,2\n", SQL).is_err());
    }

    #[test]
    fn a_long_table_is_cut_on_the_page_and_says_so() {
        let rows: String = (0..ROWS_SHOWN + 1).map(|i| format!("{i},10,\n")).collect();
        let page = view(Lang::En, &Table::read(format!("a,n,note\n{rows}").as_bytes(), SQL).unwrap(), |_| None).into_string();
        assert!(page.contains("500 / 501"));
        assert_eq!(page.matches("<th scope=\"row\">").count(), ROWS_SHOWN);
    }
}
