//! Parts of a cell, other names of one measure, and denominators: what the plan must say, and not the data.

use super::{
    desk_tests::{PEOPLE, ask, points, scattered, total},
    room_for,
    samples::{Row, over, question, row},
};
use crate::{
    config::OPAQUE_MAX,
    known::{Block, Entry, Known, Place},
    people::{People, Vector},
    predicate::{Predicate, ValueSet},
    question::{Column, Question, Statistic},
};

fn sex(values: &[i64]) -> Predicate {
    Predicate::In("ndb.patients.sex".to_owned(), ValueSet::values(values.iter().copied()))
}

fn atom(words: &str) -> Predicate {
    Predicate::Atom(words.to_owned().into(), true)
}

/// Columns of one name under conditions; what is not NULL is known by its condition alone.
fn parts(of: &str, conditions: &[Predicate], statistics: &[Statistic]) -> Question {
    let mut asked = question(&[], &vec!["x"; conditions.len()], statistics);
    for (column, when) in asked.columns.iter_mut().zip(conditions) {
        *column = Column { name: of.to_owned(), when: when.clone(), present: Predicate::True, ..column.clone() };
    }
    asked
}

/// Rows with a number for each column in which a person is.
fn rows(people: u32, of: impl Fn(u32) -> i64, within: &[&dyn Fn(u32) -> bool]) -> Vec<Row> {
    let one = |u: u32| within.iter().fold(row(u), |row, inside| row.number(inside(u).then(|| of(u))));
    (0..people).map(one).collect()
}

#[test]
fn a_part_that_is_the_whole_looks_like_one_that_nearly_is() {
    let asked = parts("1", &[atom("not a target")], &[PEOPLE, Statistic::People(Some(0))]);
    for missing in 0..10 {
        let table = ask(&mut Known::default(), &asked, &rows(104, |_| 1, &[&|u| u >= missing])).unwrap();
        assert_eq!(table, [["100", "100", "before"]], "{missing} are left out");
    }
    let proved = parts("1", &[Predicate::True], &[PEOPLE, Statistic::People(Some(0))]);
    assert_eq!(ask(&mut Known::default(), &proved, &rows(104, |_| 1, &[&|_| true])).unwrap(), [["100", "100"]]);
}

#[test]
fn sums_without_a_few_people_each_are_one_sum() {
    let conditions: Vec<Predicate> = (0..5).map(|t| atom(&format!("not target {t}"))).collect();
    let asked = parts("ndb.claims.points", &conditions, &[0, 1, 2, 3, 4].map(Statistic::Sum));
    let without = |t: u32| move |u: u32| u != t;
    let table =
        ask(&mut Known::default(), &asked, &rows(300, scattered, &[&without(0), &without(1), &without(2), &without(3), &without(4)]));
    let table = table.unwrap();
    assert!(table[0][..5].iter().all(|v| *v == table[0][0]) && table[0][5] == "before", "{table:?}");
}

#[test]
fn another_name_of_a_measure_tells_nothing_new() {
    let mut known = Known::default();
    let sum = |of: &str| parts(of, &[Predicate::True], &[Statistic::Sum(0)]);
    let first = ask(&mut known, &sum("ndb.claims.points"), &points(0..300, scattered)).unwrap();
    // The same numbers under a second naming of the table: the same value, and nothing of its own. Top-coded: nothing at all.
    let mut opaque = sum("opaque abs(ndb.claims.points)");
    opaque.columns[0].opaque = true;
    for other in [sum("ndb.claims.points#2"), opaque] {
        assert!(ask(&mut known, &other, &points(0..300, scattered)).is_err());
    }
    assert_eq!(ask(&mut known, &sum("ndb.claims.points"), &points(0..300, scattered)).unwrap(), first);
    // Another column of the same people is another matter.
    assert!(ask(&mut known, &sum("ndb.labs.value"), &points(0..300, |u| i64::from(u * 13 % 41))).is_ok());
}

#[test]
fn a_mean_over_other_rows_is_not_the_earlier_mean() {
    let mut known = Known::default();
    let asked = parts("ndb.claims.points", &[Predicate::True], &[Statistic::Ratio(0, 0)]);
    let each = |u: u32| [row(u).number(scattered(u)), row(u).number(scattered(u + 1))];
    ask(&mut known, &asked, &(0..300).flat_map(each).collect::<Vec<_>>()).unwrap();
    // Per person first: the same sums over half as many rows. To repeat the mean of claims would mislead.
    let mut per_person = parts("sum of points", &[Predicate::True], &[PEOPLE, Statistic::Ratio(0, 0)]);
    per_person = over(per_person, "a row a person");
    assert!(ask(&mut known, &per_person, &points(0..300, |u| scattered(u) + scattered(u + 1))).is_err());
}

#[test]
fn one_sum_is_told_over_one_denominator() {
    let mut asked = parts("1", &[atom("a"), atom("a or b"), atom("a or c")], &[PEOPLE, Statistic::Ratio(0, 1), Statistic::Ratio(0, 2)]);
    asked.columns[0].name = "ndb.claims.points".to_owned();
    let in_part = |u: u32, until: u32| u < 100 || (100..until).contains(&u);
    let one =
        |u: u32| row(u).number((u < 100).then(|| scattered(u))).number(in_part(u, 200).then_some(1)).number(in_part(u, 260).then_some(1));
    let table = ask(&mut Known::default(), &asked, &(0..300).map(one).collect::<Vec<_>>()).unwrap();
    assert!(table[0][1] != "<k" && table[0][2] == "<k", "{table:?}");
}

#[test]
fn nearly_the_same_rows_are_one_denominator() {
    // Two sums of unlike people over rows that differ by one person's.
    let mut asked =
        parts("1", &[atom("a"), atom("b"), atom("x"), atom("x but one")], &[PEOPLE, Statistic::Ratio(0, 2), Statistic::Ratio(1, 3)]);
    asked.columns[0].name = "ndb.claims.points".to_owned();
    asked.columns[1].name = "ndb.claims.points".to_owned();
    let one = |u: u32| {
        let (a, b) = ((u < 100).then(|| scattered(u)), (100..200).contains(&u).then(|| scattered(u)));
        row(u).number(a).number(b).number(Some(1)).number((u != 250).then_some(1))
    };
    let table = ask(&mut Known::default(), &asked, &(0..300).map(one).collect::<Vec<_>>()).unwrap();
    assert!(table[0][1] != "<k" && table[0][2] == "<k", "{table:?}");
}

#[test]
fn parts_of_a_cell_must_not_leave_a_few_of_it() {
    let sums = [PEOPLE, Statistic::Sum(0), Statistic::Sum(1)];
    for missing in 0..10u32 {
        let but = parts("ndb.claims.points", &[sex(&[1]), Predicate::All(vec![sex(&[2]), atom("no target")])], &sums);
        let table = ask(&mut Known::default(), &but, &rows(200, scattered, &[&|u| u < 100, &|u| u >= 100 + missing])).unwrap();
        assert!(table[0][1] != "<k" && table[0][2] == "<k", "{missing} are left out: {table:?}");
    }
    let whole = parts("ndb.claims.points", &[sex(&[1]), sex(&[2])], &sums);
    let table = ask(&mut Known::default(), &whole, &rows(200, scattered, &[&|u| u < 100, &|u| u >= 100])).unwrap();
    assert!(!table[0].contains(&"<k".to_owned()), "men and women are provably all: {table:?}");
}

#[test]
fn the_sums_of_rates_are_parts_too() {
    let statistics = [PEOPLE, Statistic::Ratio(0, 2), Statistic::Ratio(1, 2), Statistic::Sum(3)];
    for (second, shown) in [(Predicate::All(vec![sex(&[2]), atom("no target")]), false), (sex(&[2]), true)] {
        let asked = parts("ndb.claims.points", &[sex(&[1]), second, Predicate::True, Predicate::True], &statistics);
        let but = |u: u32| u >= if shown { 100 } else { 101 };
        let table = ask(&mut Known::default(), &asked, &rows(200, scattered, &[&|u| u < 100, &but, &|_| true, &|_| true])).unwrap();
        assert_eq!((table[0][1] != "<k", table[0][2] != "<k"), (true, shown), "{table:?}");
    }
}

#[test]
fn a_later_total_must_not_complete_parts() {
    // Both and three more: their number less the parts would be the three. 100 are shown as 95 to 104, which leaves 0 to 14 of them; 105 as
    // 105 to 114, which leaves 0 to 4.
    for (each, open) in [(100, true), (105, false)] {
        let mut known = Known::default();
        let mut asked = parts("1", &[atom("a"), atom("b")], &[Statistic::People(Some(0)), Statistic::People(Some(1))]);
        ask(&mut known, &asked, &rows(300, |_| 1, &[&|u| u < each, &|u| (each..2 * each).contains(&u)])).unwrap();
        asked = total();
        asked.filter = atom("a or b or c");
        assert_eq!(ask(&mut known, &asked, &rows(2 * each + 3, |_| 1, &[])).is_ok(), open, "{each} each");
    }
}

#[test]
fn a_permit_is_shown_so_many_made_up_measures_and_may_ask_for_these_again() {
    let name = |n: usize| format!("opaque f{n}(points)");
    let asked = |names: std::ops::Range<usize>| {
        let mut asked = question(&[], &vec!["x"; names.len()], &[]);
        for (column, n) in asked.columns.iter_mut().zip(names) {
            (column.name, column.opaque) = (name(n), true);
        }
        asked
    };
    let shown = |n: usize| Entry {
        plan: "p".to_owned(),
        who: String::new(),
        of: name(n),
        shown: "mean, top-coded".to_owned(),
        value: "1".to_owned(),
        behind: None,
        vector: Vector::set(People::new(vec![1])),
        rows: None,
        place: Place { base: "p".to_owned(), keys: Vec::new() },
        sites: Vec::new(),
    };
    let mut known = Known::default();
    known.add(Block { permit: "a".to_owned(), entries: (0..OPAQUE_MAX - 1).map(shown).collect(), ..Block::default() });
    let room = |permit: &str, names| room_for(&known, permit, [asked(names)].iter()).is_ok();
    assert!(room("a", 0..OPAQUE_MAX) && !room("a", 0..OPAQUE_MAX + 1) && room("a", 3..7));
    assert!(room("b", 0..OPAQUE_MAX) && !room("b", 0..OPAQUE_MAX + 1), "each permit has its own");
    assert!(room_for(&known, "b", [asked(0..12), asked(8..OPAQUE_MAX)].iter()).is_ok(), "one name counts once");
}

#[test]
fn numbers_that_audits_hid_are_counted_by_permit_and_once_each() {
    let hiding = |permit: &str, plans: std::ops::Range<u32>| Block {
        permit: permit.to_owned(),
        hidden: plans.map(|n| n.to_string()).collect(),
        ..Block::default()
    };
    let mut known = Known::default();
    known.add(hiding("a", 0..150));
    known.add(hiding("a", 100..199));
    assert_eq!((known.hidden_from("a"), known.hidden_from("b")), (199, 0));
    assert!(!hiding("b", 0..1).is_empty(), "a run that only hides is in the ledger");
    let kept: Block = serde_json::from_slice(&serde_json::to_vec(&hiding("b", 0..3)).unwrap()).unwrap();
    assert_eq!(kept, hiding("b", 0..3), "a restart knows as much");
}
