//! The ministry's own example, and tables of one's own.

use super::*;

fn records(text: &str) -> Vec<Vec<String>> {
    text.lines().map(|line| line.split(',').map(|cell| cell.trim().to_owned()).collect()).collect()
}

fn reading(cells: Rounding, totals: Rounding) -> Reading {
    Reading { cells: Some(cells), totals: Some(totals), hidden: (1, 9), besides: false, labels: None, no_sums: Vec::new(), width: 5 }
}

fn checked(text: &str, reading: &Reading) -> Checked {
    check(&Published::read(&records(text), reading.labels).unwrap(), reading).unwrap()
}

/// Place, lower and upper end of each hidden cell.
fn intervals(checked: &Checked) -> Vec<(String, i64, i64)> {
    checked.hidden.iter().map(|h| (h.place.clone(), h.range.unwrap().low, h.range.unwrap().high)).collect()
}

/// 介護DBオープンデータ, the ministry's example of masking: 2 people are hidden in row ②, column A.
/// Plan 1 rounds everything up to tens, plan 2 everything to the nearest ten, plan 3 totals up.
const PLANS: [(&str, Rounding, Rounding, (i64, i64)); 3] = [
    (
        "区分,総数,A,B,C\n総数,1480,40,380,1070\n①,60,20,20,40\n②,1310,―,310,1000\n③,120,30,60,40",
        Rounding::Up(10),
        Rounding::Up(10),
        (1, 8),
    ),
    (
        "区分,総数,A,B,C\n総数,1480,40,370,1070\n①,60,10,10,40\n②,1300,―,310,1000\n③,120,30,60,30",
        Rounding::Nearest(10),
        Rounding::Nearest(10),
        (1, 4),
    ),
    ("区分,総数,A,B,C\n総数,1480,40,380,1070\n①,60,11,12,36\n②,1310,―,305,995\n③,120,26,55,34", Rounding::Exact, Rounding::Up(10), (1, 3)),
];

#[test]
fn of_the_ministrys_three_plans_only_the_first_leaves_a_wide_interval() {
    for (number, (text, cells, totals, expected)) in PLANS.iter().enumerate() {
        let found = checked(text, &reading(*cells, *totals));
        assert_eq!(intervals(&found), [("② | A".to_owned(), expected.0, expected.1)], "plan {}", number + 1);
        assert_eq!(found.passes(), number == 0, "plan {}", number + 1);
        assert_eq!((found.sums.len(), found.loose.len()), (2, 0), "a sum of columns and one of rows: {found:?}");
    }
}

#[test]
fn a_mask_alone_in_a_row_is_pinned_and_two_hide_each_other() {
    let exact = reading(Rounding::Exact, Rounding::Exact);
    let told = |text: &str| intervals(&checked(text, &exact)).into_iter().map(|(_, low, high)| (low, high)).collect::<Vec<_>>();
    assert_eq!(told("pref,total,a,b\n東京都,37,-,30\n大阪府,44,20,24"), [(7, 7)]);
    assert_eq!(told("pref,total,a,b,c\n東京都,39,-,-,30\n大阪府,64,20,24,20"), [(1, 8), (1, 8)]);
    assert_eq!(told("pref,total,a,b,c\n東京都,39,5,-,30\n大阪府,64,20,24,20"), [(4, 4)], "whoever shows one of two shows both");
    // In rows and columns: each mask has another one in its row and in its column, and still all four are a square of one freedom.
    let square = "pref,計,a,b,c\n計,140,30,34,76\n東京都,46,-,-,36\n大阪府,46,-,-,36\n兵庫県,48,20,24,4";
    assert_eq!(told(square), [(1, 9), (1, 9), (1, 9), (1, 9)]);
}

#[test]
fn what_is_not_in_the_table_is_hidden_too() {
    let own = Reading { labels: Some(1), hidden: (0, 9), ..reading(Rounding::Exact, Rounding::Exact) };
    let rest = checked("sex,n\n1,40\n2,30\n,75", &own);
    assert_eq!(intervals(&rest), [("not in the table:  | n less its parts".to_owned(), 5, 5)]);
    assert!(!rest.passes() && rest.sums[0].rest);
    assert!(checked("sex,n\n1,40\n2,30\n,180", &own).passes(), "110 people are nobody in particular");
    let rounded = Reading { cells: None, totals: None, ..own.clone() };
    assert!(checked("sex,n\n1,40\n2,30\n,70", &rounded).passes(), "three numbers rounded to tens");
}

#[test]
fn headers_propose_and_numbers_confirm() {
    let own = reading(Rounding::Exact, Rounding::Exact);
    // A sum to the right of its name, one to the left, a total of two sums, and a column that is no sum though it is called one.
    let table =
        checked("県,コード,区分,総計(患者数),男1,男2,男中計,女1,女2,女中計,設計\nA,1,q,25,1,2,3,10,12,22,5\nB,2,q,14,4,-,8,3,3,6,1", &own);
    let words: Vec<&str> = table.sums.iter().map(|s| s.words.as_str()).collect();
    assert_eq!(words, ["総計(患者数) = 4 parts", "男中計 = 2 parts", "女中計 = 2 parts"]);
    assert_eq!(table.loose, ["設計"]);
    assert_eq!(intervals(&table), [("B / 2 / q | 男2".to_owned(), 4, 4)]);
}

#[test]
fn marks_may_hide_a_larger_number_where_a_small_one_alone_would_be_pinned() {
    // NDB open data: a number under ten that stands alone takes another one with it. Line A shows what the sum is; 40 people in B's
    // marks are more than two small numbers, so marks hide others too.
    let table = checked("県,総計,a,b,c,d\nA,100,20,30,40,10\nB,105,-,-,45,20\nC,90,50,-,28,-", &reading(Rounding::Exact, Rounding::Exact));
    assert_eq!(table.loose, Vec::<String>::new());
    let told: Vec<(i64, i64)> = intervals(&table).into_iter().map(|(_, low, high)| (low, high)).collect();
    assert_eq!(told, [(1, 11), (1, 11), (1, 39), (1, 39)]);
    let besides = Reading { besides: true, ..reading(Rounding::Exact, Rounding::Exact) };
    let alone = "県,総計,a,b,c\nA,90,20,30,40\nB,58,-,-,40";
    assert_eq!(checked(alone, &reading(Rounding::Exact, Rounding::Exact)).hidden.first().unwrap().range, Some(Range::exactly(9)));
    assert_eq!(checked(alone, &besides).hidden.first().unwrap().range, Some(Range { low: 1, high: 17 }));
}

#[test]
fn what_is_not_understood_is_no_pass() {
    let own = Reading { hidden: (0, 9), ..reading(Rounding::Exact, Rounding::Exact) };
    // Women and patients are two ways to divide; a mean is no sum: nothing is decided until somebody says so.
    let mean = "県,患者数,平均計\n全国,87,52\nA,-,50\nB,80,54";
    let table = checked(mean, &own);
    assert!(!table.passes() && !table.loose.is_empty(), "{table:?}");
    // A code beside the name of a prefecture: the total row has no parts by its labels.
    assert!(!checked("code,県,n\n00,全国,87\n01,北海道,-\n02,青森県,80", &own).passes());
    // Lines that fit have no rest, though another line has one.
    let rest = checked("県,総数,男,女\n東京都,37,-,30\n京都府,54,30,24\n大阪府,60,20,24", &own);
    assert_eq!(rest.hidden.first().map(|h| (h.range, h.narrow)), Some((Some(Range::exactly(7)), true)));
    // Where every line has a mark, and marks may hide larger numbers.
    let besides = Reading { besides: true, ..own };
    assert!(!checked("県,総計,a,b\nA,37,-,30\nB,47,31,-", &besides).passes());
}

#[test]
fn marks_and_numbers_are_read_as_they_are_meant() {
    let own = Reading { hidden: (0, 9), ..reading(Rounding::Exact, Rounding::Exact) };
    assert_eq!(intervals(&checked("県,n,m\nA,<5,３７\nB,44,20", &own)), [("A | n".to_owned(), 0, 4)]);
    let refused = |text: &str, reading: &Reading| match Published::read(&records(text), None) {
        Ok(table) => check(&table, reading).unwrap_err().detail,
        Err(refusal) => refusal.detail,
    };
    assert!(refused("県,総数,男,女\n東京,37,?,30\n大阪,44,20,24\n京都,44,20,24", &own).contains("line 2, column `男`: `?`"));
    let grid = Reading { cells: Some(Rounding::Nearest(10)), totals: None, ..own.clone() };
    assert!(refused("県,n\nA,11\nB,20", &grid).contains("11 is no multiple of 10"));
    // A shown 0 is none of those that a mark stands for.
    let from_one = Reading { cells: Some(Rounding::Nearest(10)), totals: Some(Rounding::Exact), hidden: (1, 9), ..own };
    assert_eq!(intervals(&checked("県,総数,a,b,c\nA,20,-,10,0\nB,41,20,10,10", &from_one)), [("A | a".to_owned(), 6, 9)]);
}

#[test]
fn what_is_no_table_or_fits_no_numbers_says_so() {
    let refused = |text: &str| Published::read(&records(text), None).map(|_| ()).unwrap_err().code;
    assert_eq!(refused("a,b"), crate::Code::Malformed);
    assert_eq!(refused("a,b\nx,y"), crate::Code::Malformed);
    assert_eq!(
        ["exact", "nearest:10", "up:5", "up:1", "down:10", ""].map(|t| Rounding::read(t).is_some()),
        [true, true, true, false, false, false]
    );
}
