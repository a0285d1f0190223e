//! The gate as its attackers meet it. People here are bare ordinals; rows and files do not matter to these rules.

use visiting_policies::{
    Code,
    disclosure::{Contribution, Rules},
    terms::Verdict,
};

use crate::{
    evidence::{Cell, Cells, FacilityShare, Share},
    gate::{Context, MASKED, Value, check},
    known::Known,
    query::{Query, tests::query},
};

const RULES: Rules = Rules { people_min: 10, facilities_min: 0, round_to: 10, dominance_percent: 10 };

/// Everyone is their own ledger ordinal.
fn everyone() -> Vec<u32> {
    (0..10_000).collect()
}

fn cell(units: impl IntoIterator<Item = u32>, value: impl Fn(u32) -> i128) -> Cell {
    let share = |unit| Share { unit, rows: 1, parts: vec![Contribution { sum: value(unit), rows: 1 }] };
    Cell { shares: units.into_iter().map(share).collect(), facilities: Vec::new() }
}

fn people(units: impl IntoIterator<Item = u32>) -> Cell {
    cell(units, |_| 0)
}

/// Asks, and remembers what was shown. Answers with the printed rows, or the refusal's code.
fn ask(known: &mut Known, query: &Query, rules: Rules, cells: Vec<(Vec<i64>, Cell)>) -> Result<(Vec<Vec<String>>, Verdict), Code> {
    let everyone = everyone();
    let names = ["kaigo.services".to_owned()];
    let context =
        Context { query, rules, people: &everyone, facilities: if rules.facilities_min > 0 { &names } else { &[] }, versions: "v1" };
    let cells: Cells = cells.into_iter().collect();
    let (table, block) = check(&context, &cells, known).map_err(|r| r.code)?;
    known.add(block);
    let text = |v: &Value| match v {
        Value::Label(t) | Value::Number(t) => t.clone(),
        Value::Masked => MASKED.to_owned(),
    };
    Ok((
        table.rows().iter().map(|(row, before)| row.iter().map(text).chain(before.then(|| "before".to_owned())).collect()).collect(),
        table.verdict(),
    ))
}

const BY_PREF: &str = "SELECT pref, COUNT(DISTINCT pid) FROM patients GROUP BY pref";
const TOTAL: &str = "SELECT COUNT(DISTINCT pid) FROM patients";

#[test]
fn nine_are_not_shown_and_ten_are() {
    let cells = vec![(vec![1], people(0..9)), (vec![2], people(100..110)), (vec![3], people(200..214))];
    let (rows, verdict) = ask(&mut Known::default(), &query(BY_PREF), RULES, cells).unwrap();
    assert_eq!(rows, [["2", "10"], ["3", "10"]]);
    assert_eq!(verdict, Verdict::Release, "a row that is not there says nothing, not even through the verdict");
}

#[test]
fn nobody_and_nine_people_get_the_same_answer() {
    for n in 0..10 {
        let cells = if n == 0 { Vec::new() } else { vec![(vec![], people(0..n))] };
        assert_eq!(ask(&mut Known::default(), &query(TOTAL), RULES, cells), Err(Code::NothingToShow));
    }
}

#[test]
fn a_near_set_shows_the_earlier_value_again_whether_it_differs_by_nobody_or_by_nine() {
    for missing in 0..10 {
        let mut known = Known::default();
        ask(
            &mut known,
            &query("SELECT sex, COUNT(DISTINCT pid) FROM patients GROUP BY sex"),
            RULES,
            vec![(vec![1], people(0..55)), (vec![2], people(500..700))],
        )
        .unwrap();
        let without = query("SELECT sex, COUNT(DISTINCT pid) FROM patients WHERE NOT (sex = 1 AND pref = 31) GROUP BY sex");
        let (rows, verdict) = ask(&mut known, &without, RULES, vec![(vec![1], people(missing..55)), (vec![2], people(500..700))]).unwrap();
        assert_eq!(rows, [vec!["1", "60", "before"], vec!["2", "200"]], "{missing} fewer; sex 2 is provably the same");
        assert_eq!(verdict, Verdict::Suppress);
    }
}

#[test]
fn ten_people_apart_is_judged_afresh() {
    let mut known = Known::default();
    ask(&mut known, &query(TOTAL), RULES, vec![(vec![], people(0..55))]).unwrap();
    let (rows, _) =
        ask(&mut known, &query("SELECT COUNT(DISTINCT pid) FROM patients WHERE pref <> 31"), RULES, vec![(vec![], people(10..55))])
            .unwrap();
    assert_eq!(rows, [["50"]]);
}

#[test]
fn a_near_set_alone_is_refused() {
    let mut known = Known::default();
    ask(&mut known, &query(TOTAL), RULES, vec![(vec![], people(0..55))]).unwrap();
    let near = query("SELECT COUNT(DISTINCT pid) FROM patients WHERE pref <> 31");
    for missing in 0..10 {
        assert_eq!(ask(&mut known, &near, RULES, vec![(vec![], people(missing..55))]), Err(Code::NothingToShow));
    }
}

#[test]
fn a_total_that_would_complete_a_table_with_a_hidden_row_is_not_shown() {
    for hidden in 0..10 {
        let mut known = Known::default();
        let cells = vec![(vec![1], people(0..30)), (vec![2], people(100..140)), (vec![3], people(200..200 + hidden))];
        ask(&mut known, &query(BY_PREF), RULES, cells).unwrap();
        let total = people((0..30).chain(100..140).chain(200..200 + hidden));
        assert_eq!(ask(&mut known, &query(TOTAL), RULES, vec![(vec![], total)]), Err(Code::NothingToShow), "{hidden} hidden");
    }
}

#[test]
fn a_margin_of_a_two_way_table_is_tested_row_by_row() {
    let mut known = Known::default();
    let both = query("SELECT sex, pref, COUNT(DISTINCT pid) FROM patients GROUP BY sex, pref");
    ask(
        &mut known,
        &both,
        RULES,
        vec![
            (vec![1, 1], people(0..30)),
            (vec![1, 2], people(100..140)),
            (vec![1, 3], people(200..204)),
            (vec![2, 1], people(300..400)),
            (vec![2, 2], people(400..480)),
            (vec![2, 3], people(500..560)),
        ],
    )
    .unwrap();
    let by_sex = query("SELECT sex, COUNT(DISTINCT pid) FROM patients GROUP BY sex");
    let cells = vec![(vec![1], people((0..30).chain(100..140).chain(200..204))), (vec![2], people((300..480).chain(500..560)))];
    assert_eq!(ask(&mut known, &by_sex, RULES, cells), Err(Code::NothingToShow));
}

#[test]
fn a_total_over_a_table_that_shows_its_whole_domain_is_shown() {
    let mut known = Known::default();
    let by_sex = query("SELECT sex, COUNT(DISTINCT pid) FROM patients GROUP BY sex");
    ask(&mut known, &by_sex, RULES, vec![(vec![1], people(0..30)), (vec![2], people(100..140))]).unwrap();
    assert!(ask(&mut known, &query(TOTAL), RULES, vec![(vec![], people((0..30).chain(100..140)))]).is_ok());
}

#[test]
fn a_table_that_would_complete_a_shown_total_is_refused() {
    let mut known = Known::default();
    ask(&mut known, &query(TOTAL), RULES, vec![(vec![], people((0..30).chain(100..143)))]).unwrap();
    let cells = vec![(vec![1], people(0..30)), (vec![2], people(100..140)), (vec![3], people(140..143))];
    assert_eq!(ask(&mut known, &query(BY_PREF), RULES, cells), Err(Code::NothingToShow));
}

#[test]
fn equal_sets_with_one_changed_contribution_are_near() {
    let mut known = Known::default();
    let sum = "SELECT COUNT(DISTINCT pid), SUM(points) FROM claims";
    let first = ask(&mut known, &query(sum), RULES, vec![(vec![], cell(0..200, |u| i128::from(u * 7 % 100)))]).unwrap().0;
    let joined =
        query("SELECT COUNT(DISTINCT claims.pid), SUM(points) FROM claims JOIN labs ON claims.pid = labs.pid WHERE labs.ym = 202401");
    // A join that doubles everybody's points but one: the affine image of the first answer, off at the target.
    let doubled = cell(0..200, |u| i128::from(u * 7 % 100) * if u == 5 { 3 } else { 2 });
    assert_eq!(ask(&mut known, &joined, RULES, vec![(vec![], doubled)]), Err(Code::NothingToShow));
    assert_eq!(ask(&mut known, &query(sum), RULES, vec![(vec![], cell(0..200, |u| i128::from(u * 7 % 100)))]).unwrap().0, first);
}

#[test]
fn sum_and_mean_of_one_cell_are_both_shown() {
    let both = query("SELECT SUM(points), AVG(points) FROM claims");
    let (rows, verdict) = ask(&mut Known::default(), &both, RULES, vec![(vec![], cell(0..200, |u| i128::from(u * 7 % 100)))]).unwrap();
    assert_eq!((rows[0].len(), verdict), (2, Verdict::Release));
    assert!(!rows[0].contains(&MASKED.to_owned()));
}

#[test]
fn two_facilities_are_not_shown_where_the_database_asks_for_three() {
    let rules = Rules { facilities_min: 3, ..RULES };
    let q = query("SELECT COUNT(DISTINCT pid) FROM services");
    for (facilities, shown) in [(1, false), (2, false), (3, true)] {
        let mut cell = people(0..60);
        cell.facilities = vec![(0..facilities).map(|f| (f, FacilityShare { rows: 20, sums: Vec::new() })).collect()];
        assert_eq!(ask(&mut Known::default(), &q, rules, vec![(vec![], cell)]).is_ok(), shown, "{facilities} facilities");
    }
}

#[test]
fn the_same_question_gets_the_same_bytes() {
    let mut known = Known::default();
    let cells = || vec![(vec![1], people(0..33)), (vec![2], people(100..149)), (vec![9], people(500..502))];
    let first = ask(&mut known, &query(BY_PREF), RULES, cells()).unwrap();
    assert_eq!(
        ask(&mut known, &query("select pref, count(distinct patients.pid) from ndb.patients group by pref"), RULES, cells()).unwrap(),
        first
    );
}

#[test]
fn a_sum_that_differs_by_two_facilities_is_not_fresh() {
    let rules = Rules { facilities_min: 3, ..RULES };
    let sql = "SELECT COUNT(DISTINCT pid), SUM(units) FROM services";
    let with = |people: std::ops::Range<u32>, facilities: std::ops::Range<u32>| {
        let mut cell = cell(people, |u| i128::from(u * 7 % 100));
        let share = |f| (f, FacilityShare { rows: 20, sums: vec![i128::from(1000 + f)] });
        cell.facilities = vec![facilities.map(share).collect()];
        vec![(vec![], cell)]
    };
    let mut known = Known::default();
    ask(&mut known, &query(sql), rules, with(0..200, 0..10)).unwrap();
    let without = query(&format!("{sql} WHERE service_code <> '11'"));
    assert_eq!(ask(&mut known, &without, rules, with(0..160, 0..8)), Err(Code::NothingToShow), "two facilities with forty people");
    assert!(ask(&mut known, &without, rules, with(0..160, 0..7)).is_ok(), "three facilities");
}
