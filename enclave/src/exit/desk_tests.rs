//! The gate as its attackers meet it. People here are bare ids; files and SQL do not matter to these rules.

use visiting_policies::{
    Code,
    disclosure::{Applied, Rules, Site},
};

use super::{
    Context, Desk,
    desk::{nothing_to_show, shows_its_own},
    samples::{Row, cells, over, question, row, site, without},
};
use crate::{
    config::SPLITS_MAX,
    known::{Block, Known},
    predicate::Predicate,
    question::{Counted, KeyValue, Protected, Question, Statistic},
};

pub(super) const RULES: Rules = Rules { people_min: 10, facilities_min: 0, households_min: 0, round_to: 10, dominance_percent: 10 };
pub(super) const PEOPLE: Statistic = Statistic::People(None);

/// Printed rows: keys, values with `<k`, and a note where one repeats an earlier release.
pub(super) type Table = Vec<Vec<String>>;

fn printed(protected: &Protected) -> Table {
    let key = |k: &KeyValue| k.label();
    let value = |v: &Option<visiting_policies::disclosure::Decimal>| v.map_or_else(|| "<k".to_owned(), |d| d.to_string());
    let note = |before: &[bool]| before.contains(&true).then(|| "before".to_owned());
    let row = |r: &crate::question::ProtectedRow| r.keys.iter().map(key).chain(r.values.iter().map(value)).chain(note(&r.before)).collect();
    protected.rows.iter().map(row).collect()
}

/// Asks, and remembers what was shown. A table without any value of its own is refused, as a run refuses it.
fn ask_under(known: &mut Known, question: &Question, rules: Rules, rows: &[Row]) -> Result<Table, Code> {
    let (block, table) = asked_under(known, question, rules, rows)?;
    known.add(block);
    Ok(table)
}

/// What a run shows, and what it adds to the ledger.
pub(super) fn asked_under(known: &Known, question: &Question, rules: Rules, rows: &[Row]) -> Result<(Block, Table), Code> {
    let applied = Applied::from(rules);
    let mut desk = Desk::new(known);
    let cells = cells(question, &[rows.to_vec()], rules.people_min);
    let protected = desk.judge(&Context { question, rules: &applied, versions: "v1" }, &cells).map_err(|r| r.code)?;
    if !shows_its_own(&protected) {
        return Err(nothing_to_show().code);
    }
    Ok((desk.into_block(), printed(&protected)))
}

/// Asks, and remembers what a ledger reads again that was written and closed.
pub(super) fn ask_and_restart(known: &mut Known, question: &Question, rows: &[Row]) -> Result<Table, Code> {
    let (block, table) = asked_under(known, question, RULES, rows)?;
    known.add(serde_json::from_slice(&serde_json::to_vec(&block).unwrap()).unwrap());
    Ok(table)
}

pub(super) fn ask(known: &mut Known, question: &Question, rows: &[Row]) -> Result<Table, Code> {
    ask_under(known, question, RULES, rows)
}

/// One row each.
pub(super) fn people(units: impl IntoIterator<Item = u32>) -> Vec<Row> {
    units.into_iter().map(row).collect()
}

/// The same in a group.
pub(super) fn group(key: i64, units: impl IntoIterator<Item = u32>) -> Vec<Row> {
    units.into_iter().map(|u| row(u).key(key)).collect()
}

pub(super) fn points(units: impl IntoIterator<Item = u32>, of: impl Fn(u32) -> i64) -> Vec<Row> {
    units.into_iter().map(|u| row(u).number(of(u))).collect()
}

pub(super) fn by_pref() -> Question {
    question(&[("pref", 47)], &[], &[PEOPLE])
}

pub(super) fn by_sex() -> Question {
    question(&[("sex", 2)], &[], &[PEOPLE])
}

pub(super) fn total() -> Question {
    question(&[], &[], &[PEOPLE])
}

#[test]
fn nine_are_not_shown_and_ten_are() {
    let rows = [group(1, 0..9), group(2, 100..110), group(3, 200..214)].concat();
    assert_eq!(ask(&mut Known::default(), &by_pref(), &rows).unwrap(), [["2", "10"], ["3", "10"]]);
}

#[test]
fn nobody_and_nine_people_get_the_same_answer() {
    for n in 0..10 {
        assert_eq!(ask(&mut Known::default(), &total(), &people(0..n)), Err(Code::NothingToShow));
    }
}

#[test]
fn a_near_set_shows_the_earlier_value_again_whether_it_differs_by_nobody_or_by_nine() {
    for missing in 0..10 {
        let mut known = Known::default();
        ask(&mut known, &by_sex(), &[group(1, 0..55), group(2, 500..700)].concat()).unwrap();
        let mut asked = by_sex();
        let not = |name: &str, value, bounds| {
            crate::predicate::Predicate::In(format!("ndb.patients.{name}"), crate::predicate::ValueSet::values([value]).complement(bounds))
        };
        asked.filter = crate::predicate::Predicate::Any(vec![not("sex", 1, (1, 2)), not("pref", 31, (1, 47))]).normalised();
        let table = ask(&mut known, &asked, &[group(1, missing..55), group(2, 500..700)].concat()).unwrap();
        assert_eq!(table, [vec!["1", "60", "before"], vec!["2", "200"]], "{missing} fewer; sex 2 is provably the same");
    }
}

#[test]
fn the_same_people_have_the_same_number_in_other_rows() {
    let twice = [people(0..55), people(0..55)].concat();
    let mut known = Known::default();
    ask(&mut known, &total(), &people(0..55)).unwrap();
    // Other rows of what is provably the same people, whatever the plan of the rows says.
    let joined = Question { relation: "ndb.claims join ndb.patients".to_owned(), ..total() };
    assert_eq!(ask(&mut known, &joined, &twice).unwrap(), [["60"]]);
    // Where the data alone say that nobody is missing, the number is marked: here nothing else is shown, so nothing is.
    assert_eq!(ask(&mut known, &over(total(), "ndb.claims join ndb.patients"), &twice), Err(Code::NothingToShow));
    // Not of other people, nor of other data.
    let fewer = without(joined, "pref", &[31], (1, 47));
    assert_eq!(ask(&mut known, &fewer, &people(0..50)), Err(Code::NothingToShow));
}

#[test]
fn ten_people_apart_is_judged_afresh() {
    let mut known = Known::default();
    ask(&mut known, &total(), &people(0..55)).unwrap();
    let fewer = without(total(), "pref", &[31], (1, 47));
    assert_eq!(ask(&mut known, &fewer, &people(10..55)).unwrap(), [["50"]]);
}

#[test]
fn a_near_set_alone_is_refused() {
    let mut known = Known::default();
    ask(&mut known, &total(), &people(0..55)).unwrap();
    let near = without(total(), "pref", &[31], (1, 47));
    for missing in 0..10 {
        assert_eq!(ask(&mut known, &near, &people(missing..55)), Err(Code::NothingToShow));
    }
}

#[test]
fn a_total_that_would_complete_a_table_with_a_hidden_row_is_not_shown() {
    for hidden in 0..10 {
        let mut known = Known::default();
        let rows = [group(1, 0..30), group(2, 100..140), group(3, 200..200 + hidden)].concat();
        ask(&mut known, &by_pref(), &rows).unwrap();
        let all = people((0..30).chain(100..140).chain(200..200 + hidden));
        assert_eq!(ask(&mut known, &total(), &all), Err(Code::NothingToShow), "{hidden} hidden");
    }
}

#[test]
fn a_margin_of_a_two_way_table_is_tested_row_by_row() {
    let mut known = Known::default();
    let both = question(&[("sex", 2), ("pref", 47)], &[], &[PEOPLE]);
    let cell = |sex, pref, units: std::ops::Range<u32>| units.map(move |u| row(u).key(sex).key(pref)).collect::<Vec<_>>();
    let cells =
        [cell(1, 1, 0..30), cell(1, 2, 100..140), cell(1, 3, 200..204), cell(2, 1, 300..400), cell(2, 2, 400..480), cell(2, 3, 500..560)];
    ask(&mut known, &both, &cells.concat()).unwrap();
    let rows = [group(1, (0..30).chain(100..140).chain(200..204)), group(2, (300..480).chain(500..560))].concat();
    assert_eq!(ask(&mut known, &by_sex(), &rows), Err(Code::NothingToShow));
}

#[test]
fn margins_in_the_same_table_are_tested_as_margins_of_an_earlier_one() {
    let mut both = question(&[("sex", 2), ("pref", 2)], &[], &[PEOPLE]);
    both.sets = vec![vec![0, 1], vec![0], vec![1], vec![]];
    let cell = |sex, pref, units: std::ops::Range<u32>| units.map(move |u| row(u).key(sex).key(pref)).collect::<Vec<_>>();
    for (hidden, margin) in [(0, "<k"), (1, "<k"), (9, "<k"), (10, "50")] {
        let rows = [cell(1, 1, 0..40), cell(1, 2, 100..100 + hidden), cell(2, 1, 300..400), cell(2, 2, 400..480)].concat();
        let table = ask(&mut Known::default(), &both, &rows).unwrap();
        let find = |sex: &str, pref: &str| table.iter().find(|r| r[0] == sex && r[1] == pref).map(|r| r[2].clone());
        assert_eq!(find("2", ""), Some("180".to_owned()), "all of sex 2 is displayed: provably its whole");
        // One shown row is no table to complete: with the second one hidden, the margin is near the first and repeats it.
        let sex_1 = if hidden < 10 { "40" } else { margin };
        assert_eq!(find("1", ""), Some(sex_1.to_owned()), "{hidden} hidden");
        let pref_2 = if hidden < 10 { "80" } else { "90" };
        assert_eq!(find("", "2"), Some(pref_2.to_owned()), "{hidden} hidden");
        assert_eq!(find("", ""), Some(if hidden < 10 { "<k" } else { "230" }.to_owned()), "{hidden} hidden");
    }
}

#[test]
fn branches_of_one_run_know_of_each_other() {
    let known = Known::default();
    let applied = Applied::from(RULES);
    let mut desk = Desk::new(&known);
    let mut judge = |question: &Question, rows: &[Row]| {
        let cells = cells(question, &[rows.to_vec()], 10);
        desk.judge(&Context { question, rules: &applied, versions: "v1" }, &cells).map(|p| printed(&p))
    };
    let rows = [group(1, 0..30), group(2, 100..140), group(3, 200..203)].concat();
    assert_eq!(judge(&by_pref(), &rows).unwrap().len(), 2);
    let all = people((0..30).chain(100..140).chain(200..203));
    assert_eq!(judge(&total(), &all).unwrap(), [["<k"]], "the total would tell of the three");
    assert_eq!(judge(&by_pref(), &rows).unwrap().len(), 2, "the same branch again says the same");
    let block = desk.into_block();
    assert_eq!((block.tables.len(), block.entries.len()), (1, 2));
}

#[test]
fn a_total_over_a_table_that_shows_its_whole_domain_is_shown() {
    let mut known = Known::default();
    ask(&mut known, &by_sex(), &[group(1, 0..30), group(2, 100..140)].concat()).unwrap();
    assert!(ask(&mut known, &total(), &people((0..30).chain(100..140))).is_ok());
}

#[test]
fn a_table_that_would_complete_a_shown_total_hides_a_row_where_that_leaves_few_sizes_of_the_rest() {
    // 73 people are shown as 70, 65 to 74; 30 and 40 as 25 to 34 and 35 to 44: the rest is 0 to 14.
    let mut known = Known::default();
    ask(&mut known, &total(), &people((0..30).chain(100..143))).unwrap();
    let rows = [group(1, 0..30), group(2, 100..140), group(3, 140..143)].concat();
    assert_eq!(ask(&mut known, &by_pref(), &rows).unwrap(), [["1", "30"], ["2", "40"]]);
    // 74 at most less 35 and 35 at least: 0 to 4.
    let mut known = Known::default();
    ask(&mut known, &total(), &people((0..35).chain(100..138))).unwrap();
    let rows = [group(1, 0..35), group(2, 100..135), group(3, 135..138)].concat();
    assert_eq!(ask(&mut known, &by_pref(), &rows).unwrap(), [["1", "<k"], ["2", "40"]]);
}

#[test]
fn tables_of_one_measure_split_a_total_so_often_and_other_measures_do_not_count() {
    let mut known = Known::default();
    ask(&mut known, &total(), &people(0..303)).unwrap();
    for number in 0..SPLITS_MAX {
        let (asked, rows) = split("points", number);
        assert!(ask(&mut known, &asked, &rows).is_ok(), "{number}");
    }
    let (asked, rows) = split("points", SPLITS_MAX);
    assert_eq!(ask(&mut known, &asked, &rows), Err(Code::NothingToShow));
    let (asked, rows) = split("units", SPLITS_MAX);
    assert!(ask(&mut known, &asked, &rows).is_ok());
}

#[test]
fn sums_of_a_total_that_was_split_too_often_are_not_shown_by_asking_again() {
    // Of other rows, so that none of its rows are seen to be missing.
    let summed = over(question(&[], &["points"], &[PEOPLE, Statistic::Sum(0)]), "ndb.claims join ndb.patients");
    let rows = points(0..303, scattered);
    let after = |tables: usize| {
        let mut known = Known::default();
        for number in 0..tables {
            let (asked, rows) = split("points", number);
            assert!(ask(&mut known, &asked, &rows).is_ok(), "{number}");
        }
        [(); 3].map(|()| ask(&mut known, &summed, &rows).unwrap())
    };
    assert!(after(SPLITS_MAX).iter().all(|table| table[0][0] == "300" && table[0][1] != "<k"));
    assert!(after(SPLITS_MAX + 1).iter().all(|table| *table == [["300", "<k"]]));
}

/// One of six tables that split the same 303 people, with sums. An odd number of rows of some thirty people each: the sizes of who may
/// be left over stay open.
fn split(measure: &str, number: usize) -> (Question, Vec<Row>) {
    const KEYS: [&str; 6] = ["sex", "pref", "area", "place", "kind", "care"];
    let rows = (0..303u32).map(|u| row(u).key(i64::from(u) % (3 + 2 * number as i64)).number(scattered(u)));
    (question(&[(KEYS[number], 20)], &[measure], &[PEOPLE, Statistic::Sum(0)]), rows.collect())
}

pub(super) fn scattered(u: u32) -> i64 {
    i64::from(u * 7 % 100)
}

#[test]
fn equal_sets_with_one_changed_contribution_are_near() {
    let mut known = Known::default();
    let asked = question(&[], &["points"], &[PEOPLE, Statistic::Sum(0)]);
    let rows = points(0..200, scattered);
    let first = ask(&mut known, &asked, &rows).unwrap();
    // A join that doubles everybody's points but one: the affine image of the first answer, off at the target.
    let mut joined = asked.clone();
    joined = over(joined, "ndb.claims join ndb.labs");
    let doubled = points(0..200, |u| scattered(u) * if u == 5 { 3 } else { 2 });
    assert_eq!(ask(&mut known, &joined, &doubled), Err(Code::NothingToShow));
    assert_eq!(ask(&mut known, &asked, &rows).unwrap(), first);
}

#[test]
fn sum_and_mean_of_one_cell_are_both_shown() {
    let both = question(&[], &["points"], &[Statistic::Sum(0), Statistic::Ratio(0, 0), Statistic::Sum(0)]);
    let table = ask(&mut Known::default(), &both, &points(0..200, scattered)).unwrap();
    assert_eq!(table[0].len(), 3, "nothing is noted");
    assert!(!table[0].contains(&"<k".to_owned()));
    assert_eq!(table[0][0], table[0][2], "the same statistic has the same value in one row");
}

#[test]
fn two_facilities_are_not_shown_where_the_database_asks_for_three() {
    let rules = Rules { facilities_min: 3, ..RULES };
    let mut asked = total();
    asked.sites = vec![site(Site::Facility, "kaigo.services")];
    for (facilities, shown) in [(1, false), (2, false), (3, true)] {
        let rows: Vec<Row> = (0..60).map(|u| row(u).at(u % facilities)).collect();
        assert_eq!(ask_under(&mut Known::default(), &asked, rules, &rows).is_ok(), shown, "{facilities} facilities");
    }
}

#[test]
fn two_households_are_not_shown_where_three_are_asked_for() {
    let rules = Rules { households_min: 3, ..RULES };
    let mut asked = total();
    asked.sites = vec![site(Site::Household, "regions.residents")];
    let ask = |asked: &Question, rules, rows: &[Row]| ask_under(&mut Known::default(), asked, rules, rows).is_ok();
    for (households, shown) in [(1, false), (2, false), (3, true)] {
        let rows: Vec<Row> = (0..12).map(|u| row(u).living_in(u % households)).collect();
        assert_eq!(ask(&asked, rules, &rows), shown, "{households} households");
    }
    assert!(!ask(&asked, rules, &(0..12).map(row).collect::<Vec<_>>()), "nobody's household is known");
    // A table with both keys: each has its own number.
    asked.sites.insert(0, site(Site::Facility, "regions.residents"));
    let both = Rules { facilities_min: 2, ..rules };
    for (facilities, households, shown) in [(1, 3, false), (2, 2, false), (3, 2, false), (2, 3, true)] {
        let rows: Vec<Row> = (0..12).map(|u| row(u).at(u % facilities).living_in(u % households)).collect();
        assert_eq!(ask(&asked, both, &rows), shown, "{facilities} facilities, {households} households");
    }
}

#[test]
fn a_number_of_people_that_differs_by_two_households_repeats_the_earlier_one() {
    let rules = Rules { households_min: 3, ..RULES };
    let mut asked = total();
    asked.sites = vec![site(Site::Household, "regions.residents")];
    let rows = |households: u32| (0..households * 12).map(|u| row(u).living_in(u / 12)).collect::<Vec<_>>();
    let fewer = without(asked.clone(), "pref", &[31], (1, 47));
    let mut known = Known::default();
    ask_under(&mut known, &asked, rules, &rows(10)).unwrap();
    assert_eq!(ask_under(&mut known, &fewer, rules, &rows(8)), Err(Code::NothingToShow), "two households with 24 people");
    assert!(ask_under(&mut known, &fewer, rules, &rows(7)).is_ok(), "three households");
}

#[test]
fn the_same_question_gets_the_same_bytes() {
    let mut known = Known::default();
    let rows = [group(1, 0..33), group(2, 100..149), group(9, 500..502)].concat();
    let first = ask(&mut known, &by_pref(), &rows).unwrap();
    assert_eq!(ask(&mut known, &by_pref(), &rows).unwrap(), first);
}

#[test]
fn a_sum_that_differs_by_two_facilities_is_not_fresh() {
    let rules = Rules { facilities_min: 3, ..RULES };
    let mut asked = question(&[], &["units"], &[PEOPLE, Statistic::Sum(0)]);
    asked.sites = vec![site(Site::Facility, "kaigo.services")];
    let rows = |facilities: u32| (0..facilities * 20).map(|u| row(u).number(scattered(u)).at(u / 20)).collect::<Vec<_>>();
    let mut known = Known::default();
    ask_under(&mut known, &asked, rules, &rows(10)).unwrap();
    let fewer = without(asked, "pref", &[31], (1, 47));
    assert_eq!(ask_under(&mut known, &fewer, rules, &rows(8)), Err(Code::NothingToShow), "two facilities with forty people");
    assert!(ask_under(&mut known, &fewer, rules, &rows(7)).is_ok(), "three facilities");
}

#[test]
fn a_column_that_few_have_is_not_shown_in_a_large_cell() {
    let statistics = [PEOPLE, Statistic::People(Some(0)), Statistic::Rows(Some(0)), Statistic::Sum(0), Statistic::Ratio(0, 0)];
    let asked = question(&[], &["points"], &statistics);
    let rows = |n: u32| (0..100u32).map(|u| row(u).number((u < n).then_some(scattered(u)))).collect::<Vec<_>>();
    for n in 0..10 {
        assert_eq!(ask(&mut Known::default(), &asked, &rows(n)).unwrap(), [["100", "<k", "<k", "<k", "<k"]], "{n} people have a value");
    }
    let table = ask(&mut Known::default(), &asked, &rows(50)).unwrap();
    assert_eq!(table[0][..3], ["100", "50", "<k"], "one row each says no more than the people");
    assert!(!table[0][3..].contains(&"<k".to_owned()));
}

#[test]
fn a_rate_needs_ten_people_at_either_end() {
    let asked = question(&[], &["event", "any"], &[PEOPLE, Statistic::Ratio(0, 1)]);
    let rows = |events: u32| (0..100u32).map(|u| row(u).number(i64::from(u < events)).number(1)).collect::<Vec<_>>();
    for (events, shown) in [(0, "<k"), (9, "<k"), (10, "0.10"), (50, "0.500"), (90, "0.90"), (91, "<k"), (100, "<k")] {
        let table = ask(&mut Known::default(), &asked, &rows(events)).unwrap();
        let number = |t: &str| t.parse::<f64>().ok();
        assert_eq!(number(&table[0][1]), number(shown), "{events} events");
    }
}

/// Everything that a question can ask about one column, of people with 1..=3 rows each.
fn everything() -> Question {
    let statistics = [
        PEOPLE,
        Statistic::Ratio(0, 0),
        Statistic::Moment(0, 0),
        Statistic::Moment(0, 1),
        Statistic::Leverage(0),
        Statistic::Quantile(0, 500),
        Statistic::Distinct(0),
        Statistic::Sum(0),
        Statistic::Rows(None),
    ];
    let mut asked = question(&[("pref", 47)], &["x", "y"], &statistics);
    asked.values =
        vec![Counted { name: "ndb.claims.code".to_owned(), there: Predicate::Atom("ndb.claims.code is null".to_owned().into(), false) }];
    asked
}

fn varied(people: u32) -> Vec<Row> {
    let one = |u: u32, r: u32| {
        let mut row = row(u).key(1 + i64::from(u % 7).min(4)).number(scattered(u * 3 + r)).number(i64::from((u + r) * 13 % 50));
        row.value = Some(format!("code {}", (u * 5 + r) % 23));
        row
    };
    (0..people).flat_map(|u| (0..1 + u % 3).map(move |r| one(u, r))).collect()
}

#[test]
fn every_kind_of_statistic_is_shown_of_large_groups_and_stays_the_same() {
    let mut known = Known::default();
    let first = ask(&mut known, &everything(), &varied(4000)).unwrap();
    for row in &first {
        assert!(row.len() == 10 && !row.contains(&"<k".to_owned()), "{row:?}");
    }
    assert_eq!(ask(&mut known, &everything(), &varied(4000)).unwrap(), first);
    // Three people more: nothing of it is judged afresh.
    let near = without(everything(), "sex", &[2], (1, 2));
    assert_eq!(ask(&mut known, &near, &varied(4003)), Err(Code::NothingToShow));
}

#[test]
fn rows_of_everybody_times_m_change_no_verdict_no_mask_no_people_and_no_mean() {
    let base = ask(&mut Known::default(), &everything(), &varied(600)).unwrap();
    let masks = |t: &Table| t.iter().map(|r| r.iter().map(|v| v == "<k").collect::<Vec<_>>()).collect::<Vec<_>>();
    for m in [2, 3, 10] {
        let more: Vec<Row> = varied(600).into_iter().flat_map(|r| std::iter::repeat_n(r, m)).collect();
        let table = ask(&mut Known::default(), &everything(), &more).unwrap();
        assert_eq!(masks(&table), masks(&base), "{m} times");
        for (more, base) in table.iter().zip(&base) {
            assert_eq!(more[..6], base[..6], "key, people, mean, moments, leverage: {m} times");
            assert_eq!(more[6..8], base[6..8], "median and shared values: {m} times");
        }
    }
}

#[test]
fn a_row_count_says_nothing_where_everybody_has_as_many() {
    // CROSS JOIN of a hundred rows: 37 people would be 3700, and n read off exactly.
    let asked = question(&[], &[], &[PEOPLE, Statistic::Rows(None)]);
    for n in 30..45 {
        let rows: Vec<Row> = (0..n).flat_map(|u| (0..100).map(move |_| row(u))).collect();
        assert_eq!(ask(&mut Known::default(), &asked, &rows).unwrap(), [[RULES.round(n.into()).to_string(), "<k".to_owned()]]);
    }
}

#[test]
fn one_row_each_is_a_number_of_people() {
    let mut asked = question(&[], &["x"], &[Statistic::Rows(None), Statistic::Rows(Some(0))]);
    asked.one_row_per_person = true;
    let rows: Vec<Row> = (0..47).map(|u| row(u).number((u < 24).then_some(1))).collect();
    assert_eq!(ask(&mut Known::default(), &asked, &rows).unwrap(), [["50", "20"]]);
}

#[test]
fn variants_of_an_opaque_measure_are_one_measure_to_the_ledger() {
    let opaque = |name: &str| {
        let mut asked = question(&[], &[name], &[PEOPLE, Statistic::Sum(0), Statistic::Ratio(0, 0)]);
        asked.columns[0].opaque = true;
        asked
    };
    let mut known = Known::default();
    let first = ask(&mut known, &opaque("f(points)"), &points(0..300, scattered)).unwrap();
    assert!(!first[0].contains(&"<k".to_owned()));
    // g = f + a secret of one person, under another name, in another question.
    let mut other = opaque("g(points)");
    other = over(other, "ndb.patients join ndb.labs");
    let secret = ask(&mut known, &other, &points(0..300, |u| scattered(u) + if u == 9 { 77 } else { 0 }));
    assert_eq!(secret, Err(Code::NothingToShow), "the first answers again, or nothing");
    let mut affine = opaque("3 * f(points) + 7");
    affine = over(affine, "ndb.patients join ndb.rx");
    assert_eq!(ask(&mut known, &affine, &points(0..300, |u| 3 * scattered(u) + 7)), Err(Code::NothingToShow));
}

#[test]
fn a_cell_under_stricter_rules_is_judged_by_them() {
    let rules = Rules { people_min: 12, ..RULES };
    assert_eq!(ask_under(&mut Known::default(), &total(), rules, &people(0..11)), Err(Code::NothingToShow));
    assert!(ask_under(&mut Known::default(), &total(), rules, &people(0..12)).is_ok());
}
