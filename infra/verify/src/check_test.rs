//! The command says what a reader knows, with the exit code for scripts, in both languages.

use std::fs;

use crate::{
    check::{Request, parse, told},
    ended::{Ended, Fault},
    sample::Folder,
};

fn asked(table: &str, words: &[&str]) -> Ended {
    let folder = Folder::new();
    let file = folder.0.join("table.csv");
    fs::write(&file, table).unwrap();
    let words = words.iter().map(Into::into).chain([file.as_os_str().to_owned()]);
    parse(words).map_or_else(|usage| usage, |request: Request| told(&request))
}

const TABLE: &str = "\u{feff}県,総数,男,女\n東京都,\"1,037\",-,\"1,030\"\n大阪府,44,20,24\n";

#[test]
fn a_pinned_cell_is_named_with_its_interval() {
    let en = asked(TABLE, &["--lang", "en", "--hidden", "1-9"]);
    assert_eq!(en.fault, Some(Fault::Narrow));
    assert!(en.lines.contains(&"NARROW  東京都 | 男  [7, 7] width 0".to_owned()), "{:#?}", en.lines);
    assert_eq!(en.lines.last().unwrap(), "1 hidden cells, 1 of them narrower than 5, 1 pinned to one number, 0 not computed");
    let ja = asked(TABLE, &["--lang", "ja"]);
    assert_eq!(ja.lines.last().unwrap(), "秘匿セル 1、うち幅が 5 未満 1、1 つの値に定まるもの 1、計算できないもの 0");
}

#[test]
fn a_protected_table_passes() {
    let ended = asked("県,総数,男,女\n東京都,1040,-,1030\n大阪府,40,20,20\n", &["--lang", "en"]);
    assert_eq!(ended.fault, None, "{:#?}", ended.lines);
    assert!(ended.lines[0].contains("nearest:10"), "{:#?}", ended.lines);
}

#[test]
fn what_is_asked_wrongly_is_said() {
    let says = |table: &str, words: &[&str], part: &str| {
        let ended = asked(table, words);
        assert_eq!(ended.fault, Some(Fault::Usage));
        assert!(ended.lines[0].contains(part), "{:#?}", ended.lines);
    };
    says(TABLE, &["--cells", "down:3"], "is no rounding");
    says(TABLE, &["--hidden", "9-1"], "is no range");
    let crossed = "県,計,a,b\n計,20,12,8\nx,2,-,-\ny,18,-,-\n";
    says(crossed, &["--lang", "ja", "--hidden", "1-9"], "この表に合う数がありません");
    says("x\n", &["--lang", "en"], "no table of numbers");
    assert!(parse(std::iter::empty()).is_err());
}
