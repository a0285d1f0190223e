//! The examination on both sides of each limit, and the product's own masters.

use visiting_policies::disclosure::limits::{
    CODES_CELL_MAX_BYTES, CODES_COLUMNS_MAX, CODES_FILE_MAX_BYTES, CODES_NAME_MAX_BYTES, CODES_ROWS_MAX,
};

use super::{masters::masters, *};
use crate::{Domain, load_with};

fn taken(file: &str) -> CodeList {
    examine(file.as_bytes()).unwrap()
}

/// The sentence and the place of a refusal, which is in both languages.
fn told(file: impl AsRef<[u8]>) -> (String, Option<(u64, u64)>) {
    let refusal = examine(file.as_ref()).unwrap_err();
    assert!(refusal.code == Code::CodesRefused && refusal.ja.is_some(), "{refusal:?}");
    (refusal.detail, refusal.at.map(|at| (at.line, at.column)))
}

fn text(text: &str) -> CodeValue {
    CodeValue::Text(text.to_owned())
}

#[test]
fn whole_numbers_texts_and_missing_values_are_told_apart() {
    let list = taken("code,weight,label,digits,zeros\nE11,-3,糖尿病,\"11\",01\nI10,,\"a \"\"b\"\", c\",,0\n");
    let numbers: Vec<(&str, bool)> = list.columns.iter().map(|c| (c.name.as_str(), c.numbers)).collect();
    assert_eq!(numbers, [("code", false), ("weight", true), ("label", false), ("digits", false), ("zeros", false)]);
    assert_eq!(list.rows[0], [text("E11"), CodeValue::Int(-3), text("糖尿病"), text("11"), text("01")]);
    assert_eq!(list.rows[1], [text("I10"), CodeValue::Missing, text("a \"b\", c"), CodeValue::Missing, text("0")]);
    assert_eq!(
        list.digest,
        sign::digest("code,weight,label,digits,zeros\nE11,-3,糖尿病,\"11\",01\nI10,,\"a \"\"b\"\", c\",,0\n".as_bytes())
    );
    for other in ["+1", "-0", "1.0", "9223372036854775808"] {
        assert!(!taken(&format!("n\n{other}\n")).columns[0].numbers, "{other}");
    }
    assert_eq!(taken(&format!("n\n{}\n", i64::MIN)).rows, [[CodeValue::Int(i64::MIN)]]);
}

#[test]
fn line_ends_and_a_byte_order_mark_change_nothing() {
    let plain = taken("a,b\n1,x\n1,x\n");
    for same in ["a,b\r\n1,x\r\n1,x\r\n", "\u{feff}a,b\n1,x\n1,x", "\"a\",b\n1,\"x\"\n1,x"] {
        let list = taken(same);
        assert_eq!((&list.columns, &list.rows), (&plain.columns, &plain.rows));
        assert_ne!(list.digest, plain.digest, "the digest is the file's");
    }
    assert_eq!(plain.rows.len(), 2, "a row may stand twice");
}

#[test]
fn every_fault_says_where_and_what_to_do() {
    for (file, words, place) in [
        ("", "at least one row", None),
        ("a,b\n", "at least one row", None),
        ("a,b\n1\n", "line 2, column 1: this line has 1 cells and the header 2", Some((2, 1))),
        ("a,b\n1,2\n1,2,3\n", "line 3, column 3: this line has 3 cells", Some((3, 5))),
        ("a,b\n1,2\n\n1,2\n", "line 3, column 1: this line is empty", Some((3, 1))),
        ("a\n\n", "line 2, column 1: this line is empty", Some((2, 1))),
        ("a,b\nx,y\"z\n", "line 2, column 2: a quote stands inside", Some((2, 3))),
        ("a,b\nx,\"y\nz\"\n", "line 2, column 2: the quotes of this cell do not end", Some((2, 3))),
        ("a,b\n日本,\"y\"z\n", "line 2, column 2: after the closing quote", Some((2, 4))),
        ("a,b\nx, y\n", "line 2, column 2: this cell begins or ends with a space", Some((2, 3))),
        ("a,b\nx,\"y\tz\"\n", "line 2, column 2: this cell holds a tab", Some((2, 3))),
        ("a,b\rc\n1,2\n", "line 1, column 2: this cell holds", Some((1, 3))),
        ("a,a\n1,2\n", "line 1, column 2: two columns are called `a`", Some((1, 3))),
        ("a,B\n1,2\n", "line 1, column 2: `B` is no column name", Some((1, 3))),
        ("a,\n1,2\n", "line 1, column 2: `` is no column name", Some((1, 3))),
        ("都道府県\n1\n", "line 1, column 1: `都道府県` is no column name", Some((1, 1))),
    ] {
        let (said, at) = told(file);
        assert!(said.contains(words) && at == place, "{file:?}: {said} at {at:?}");
    }
    let (said, at) = told(b"a,b\nx,\x93\xfa\n");
    assert!(said.contains("line 2, column 2: this is not UTF-8") && at == Some((2, 3)), "{said} {at:?}");
}

#[test]
fn each_limit_holds_on_both_sides() {
    let both = |fits: String, over: String, words: &str| {
        assert!(examine(fits.as_bytes()).is_ok(), "{words}");
        let (said, _) = told(over);
        assert!(said.contains(words), "{said}");
    };
    let cell = |bytes: usize| format!("a\n{}\n", "x".repeat(bytes));
    both(cell(CODES_CELL_MAX_BYTES), cell(CODES_CELL_MAX_BYTES + 1), "bytes at most");
    let rows = |rows: usize| format!("a\n{}", "1\n".repeat(rows));
    both(rows(CODES_ROWS_MAX), rows(CODES_ROWS_MAX + 1), "10000 rows at most");
    let columns = |n: usize| {
        let names: Vec<String> = (0..n).map(|i| format!("c{i}")).collect();
        format!("{}\n{}\n", names.join(","), vec!["1"; n].join(","))
    };
    both(columns(CODES_COLUMNS_MAX), columns(CODES_COLUMNS_MAX + 1), "8 columns at most");
    let name = |bytes: usize| format!("{}\n1\n", "a".repeat(bytes));
    both(name(CODES_NAME_MAX_BYTES), name(CODES_NAME_MAX_BYTES + 1), "no column name");
    // A file of exactly so many bytes, and of one more.
    let file = |bytes: usize| {
        let line = format!("{}\n", ["x".repeat(CODES_CELL_MAX_BYTES), "x".repeat(CODES_CELL_MAX_BYTES)].join(","));
        let lines = (bytes - "a,b\n".len()) / line.len() - 1;
        let left = bytes - "a,b\n".len() - lines * line.len();
        let (half, quotes) = (left / 2, left.saturating_sub(left / 2) - 2);
        format!("a,b\n{}{},{}\n", line.repeat(lines), quoted(half), quoted(quotes))
    };
    both(file(CODES_FILE_MAX_BYTES), file(CODES_FILE_MAX_BYTES + 1), "and a code list 1048576 at most");
}

/// A cell that takes so many bytes in the file: doubled quotes are one each.
fn quoted(bytes: usize) -> String {
    let inner = bytes - 2;
    format!("\"{}{}\"", "\"\"".repeat(inner / 2), "x".repeat(inner % 2))
}

#[test]
fn a_refusal_quotes_the_beginning_of_a_cell_and_no_more() {
    let (said, _) = told(format!("a\n{}\n", "秘".repeat(40)));
    assert!(said.contains(&format!("`{}…`", "秘".repeat(20))) && !said.contains(&"秘".repeat(21)), "{said}");
}

#[test]
fn the_masters_are_sound_and_whole() {
    let masters = masters().unwrap();
    let list = |id: &str| &masters.iter().find(|m| m.head.id == id).unwrap().list;
    let ids: Vec<&str> = masters.iter().map(|m| m.head.id.as_str()).collect();
    assert_eq!(ids, ["prefecture", "icd10_chapter", "yj_class"]);
    for master in &masters {
        let texts = [&master.head.title, &master.head.source, &master.head.licence];
        assert!(texts.into_iter().chain(master.head.columns.iter().map(|c| &c.title)).all(|t| !t.ja.is_empty() && !t.en.is_empty()));
        assert!(master.list.rows.iter().flatten().all(|value| *value != CodeValue::Missing), "{}", master.head.id);
    }
    let numbers: Vec<CodeValue> = list("prefecture").rows.iter().map(|row| row[0].clone()).collect();
    assert_eq!(numbers, (1..=47).map(CodeValue::Int).collect::<Vec<_>>());
    // Chapters cover what the listings list, once each: a join loses nobody and counts nobody twice.
    let listings = load_with(None).unwrap();
    let codes = |name: &str| {
        let columns = listings.iter().flat_map(|l| &l.tables).flat_map(|t| &t.columns).filter(|c| c.name == name);
        let listed = columns.filter_map(|c| if let Some(Domain::Codes(codes)) = &c.domain { Some(codes.clone()) } else { None });
        listed.flatten().collect::<Vec<String>>()
    };
    let cell = |value: &CodeValue| value.to_string();
    for code in codes("icd10") {
        let three: String = code.chars().take(3).collect();
        let inside = list("icd10_chapter").rows.iter().filter(|row| cell(&row[1]) <= three && three <= cell(&row[2])).count();
        assert_eq!(inside, 1, "{code}");
    }
    for code in codes("yj_code") {
        assert_eq!(list("yj_class").rows.iter().filter(|row| code.starts_with(&cell(&row[0]))).count(), 1, "{code}");
    }
}
