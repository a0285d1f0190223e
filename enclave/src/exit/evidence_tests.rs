//! Evidence is exact, whatever the order of rows and partitions.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Cells,
    samples::{Row, cells, gathered, ordinals, question, row},
    wanted::{RowsOf, SumOf},
};
use crate::{
    predicate::{Predicate, Values},
    question::{Counted, KeyValue, Preimage, Question, Statistic},
};

/// A small generator, so that the same rows come in every run.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *state >> 33
}

fn rows(people: u32) -> Vec<Row> {
    let mut state = 4;
    let mut out = Vec::new();
    for unit in 0..people {
        for _ in 0..next(&mut state) % 6 {
            let mut one = row(unit).key((next(&mut state) % 2) as i64 + 1).key(next(&mut state) as i64 % 5 * 1_000_000_007);
            if next(&mut state).is_multiple_of(17) {
                one.keys[0] = KeyValue::Null;
            }
            one = one.number((!next(&mut state).is_multiple_of(3)).then(|| next(&mut state) as i64 % 1000 - 500));
            one = one.number((!next(&mut state).is_multiple_of(4)).then(|| next(&mut state) as i64 % 100));
            one.value = (!next(&mut state).is_multiple_of(5)).then(|| format!("v{}", next(&mut state) % 9));
            out.push(one.at((next(&mut state) % 4) as u32));
        }
    }
    out
}

fn everything() -> Question {
    let statistics = [
        Statistic::People(None),
        Statistic::Rows(Some(0)),
        Statistic::Sum(0),
        Statistic::Ratio(0, 1),
        Statistic::Moment(0, 1),
        Statistic::Moment(1, 1),
        Statistic::Leverage(1),
        Statistic::Quantile(0, 500),
        Statistic::Distinct(0),
    ];
    let mut question = question(&[("sex", 2), ("code", 9)], &["x", "y"], &statistics);
    question.sets = vec![vec![0, 1], vec![0], vec![1], vec![]];
    question.values =
        vec![Counted { name: "ndb.claims.v".to_owned(), there: Predicate::Atom("ndb.claims.v is null".to_owned().into(), false) }];
    question.sites = vec![super::samples::site(visiting_policies::disclosure::Site::Facility, "ndb.claims")];
    question
}

/// What a cell says of one person, by the rows themselves.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Told {
    rows: u64,
    x: (i128, u64),
    x_where_y: i128,
    y_where_x: i128,
    both: u64,
    xy: i128,
    yy: i128,
    values: Vec<i128>,
    labels: BTreeSet<u32>,
}

type Everything = Vec<BTreeMap<Vec<KeyValue>, BTreeMap<u32, Told>>>;

/// Counted row by row, without any of the code under test.
fn by_hand(question: &Question, rows: &[Row]) -> Everything {
    let (ordinals, mut out) = (ordinals(), vec![BTreeMap::new(); question.sets.len()]);
    for (set, table) in question.sets.iter().zip(&mut out) {
        for row in rows {
            let key = (0..question.keys.len()).map(|k| if set.contains(&k) { row.keys[k].clone() } else { KeyValue::Null }).collect();
            let people: &mut BTreeMap<u32, Told> = BTreeMap::entry(table, key).or_default();
            let told = people.entry(ordinals[row.unit as usize]).or_default();
            let (x, y) = (row.numbers[0].map(i128::from), row.numbers[1].map(i128::from));
            told.rows += 1;
            if let Some(x) = x {
                told.x = (told.x.0 + x, told.x.1 + 1);
                told.values.push(x);
                told.values.sort_unstable();
            }
            if let Some(y) = y {
                told.x_where_y += x.unwrap_or(0);
                told.yy += y * y;
            }
            if let (Some(x), Some(y)) = (x, y) {
                told.both += 1;
                told.xy += x * y;
                told.y_where_x += y;
            }
            told.labels.extend(row.value.as_ref().map(|v| v[1..].parse::<u32>().unwrap()));
        }
    }
    out
}

fn told(question: &Question, cells: &Cells) -> Everything {
    let of_set = |set: usize| {
        cells.of(set).map(|cell| {
            let mut people: BTreeMap<u32, Told> = BTreeMap::new();
            for (i, ordinal) in cell.people().members().iter().copied().enumerate() {
                let sum = |what| cell.sum(what).at(i);
                let count = |what| u64::from(cell.count(what).map_or(cell.rows()[i], |c| c[i]));
                let at = cell.units()[i];
                let values = cell.list(0).iter().filter(|(_, place)| *place == at).map(|(v, _)| *v).collect();
                let one = Told {
                    rows: cell.rows()[i].into(),
                    x: (sum(SumOf::Column(0)), count(RowsOf::Column(0))),
                    x_where_y: sum(SumOf::Where(0, 1)),
                    y_where_x: sum(SumOf::Where(1, 0)),
                    both: count(RowsOf::Both(0, 1)),
                    xy: sum(SumOf::Product(0, 1)),
                    yy: sum(SumOf::Product(1, 1)),
                    values,
                    labels: cell.having(0).iter().filter(|(unit, _)| *unit == at).map(|(_, code)| *code).collect(),
                };
                assert!(people.insert(ordinal, one).is_none(), "everybody stands in a cell once");
            }
            (cell.key().to_vec(), people)
        })
    };
    (0..question.sets.len()).map(|set| of_set(set).collect()).collect()
}

/// Labels stand for values; only which people share one counts.
fn shared(all: &Everything) -> Vec<Vec<Vec<BTreeSet<u32>>>> {
    let of_cell = |people: &BTreeMap<u32, Told>| {
        let mut by_label: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
        for (person, told) in people {
            told.labels.iter().for_each(|l| _ = by_label.entry(*l).or_default().insert(*person));
        }
        let mut sets: Vec<_> = by_label.into_values().collect();
        sets.sort();
        sets
    };
    all.iter().map(|table| table.values().map(of_cell).collect()).collect()
}

fn unlabelled(mut all: Everything) -> Everything {
    all.iter_mut().flat_map(|t| t.values_mut()).flat_map(|p| p.values_mut()).for_each(|t| t.labels.clear());
    all
}

fn shuffled(rows: &[Row], seed: u64) -> Vec<Row> {
    let (mut out, mut state) = (rows.to_vec(), seed);
    for i in (1..out.len()).rev() {
        out.swap(i, next(&mut state) as usize % (i + 1));
    }
    out
}

#[test]
fn every_sum_is_the_one_counted_by_hand_in_any_order_and_number_of_partitions() {
    let (question, rows) = (everything(), rows(700));
    let expected = by_hand(&question, &rows);
    assert!(expected[0].len() > 10 && expected[0].values().any(|p| p.values().any(|t| t.rows > 1)));
    let mut sites: Option<String> = None;
    for partitions in 1..=7usize {
        // As extracts give them: each person's rows in one file, in order. Then rows in no order at all, people in all partitions.
        let sorted = (0..partitions).map(|p| rows.iter().filter(|r| r.unit as usize * partitions / 700 == p).cloned().collect::<Vec<_>>());
        let mixed = shuffled(&rows, partitions as u64);
        let chunks = mixed.chunks(mixed.len().div_ceil(partitions)).map(<[Row]>::to_vec);
        for arranged in [sorted.collect::<Vec<_>>(), chunks.collect::<Vec<_>>()] {
            let cells = cells(&question, &arranged, 0);
            let found = told(&question, &cells);
            assert_eq!(shared(&found), shared(&expected), "{partitions} partitions");
            assert_eq!(unlabelled(found), unlabelled(expected.clone()), "{partitions} partitions");
            let shares =
                format!("{:?}", (0..4).map(|s| cells.of(s).map(|c| c.sites().collect::<Vec<_>>()).collect::<Vec<_>>()).collect::<Vec<_>>());
            assert_eq!(sites.get_or_insert(shares.clone()), &shares);
        }
    }
}

#[test]
fn cells_that_cannot_be_shown_are_left_out_and_others_are_not_touched() {
    let (question, rows) = (everything(), rows(300));
    let (all, few) = (told(&question, &cells(&question, std::slice::from_ref(&rows), 0)), told(&question, &cells(&question, &[rows], 30)));
    let kept = |table: &BTreeMap<_, BTreeMap<u32, Told>>| table.values().filter(|p| p.len() >= 30).cloned().collect::<Vec<_>>();
    assert!(all[0].len() > few[0].len() && !few[3].is_empty());
    for (all, few) in unlabelled(all).iter().zip(unlabelled(few)) {
        assert_eq!(kept(all), few.into_values().collect::<Vec<_>>());
    }
}

#[test]
fn a_sum_that_leaves_64_bits_stays_exact() {
    let question = question(&[], &["x"], &[Statistic::Sum(0)]);
    let rows: Vec<Row> = (0..40).map(|i| row(i % 4).number(if i % 8 < 4 { i64::MAX } else { i64::MIN + i64::from(i) })).collect();
    let expected = by_sum(&rows);
    for arranged in [vec![rows.clone()], vec![shuffled(&rows, 1)], rows.chunks(9).map(<[Row]>::to_vec).collect()] {
        let cells = cells(&question, &arranged, 0);
        let cell = cells.of(0).next().unwrap();
        let sums = cell.sum(SumOf::Column(0));
        let found = cell.people().members().iter().copied().enumerate().map(|(i, person)| (person, sums.at(i))).collect::<BTreeMap<_, _>>();
        assert_eq!(found, expected);
    }
}

fn by_sum(rows: &[Row]) -> BTreeMap<u32, i128> {
    let (ordinals, mut out) = (ordinals(), BTreeMap::new());
    rows.iter().for_each(|r| *out.entry(ordinals[r.unit as usize]).or_insert(0) += i128::from(r.numbers[0].unwrap()));
    out
}

#[test]
fn many_values_of_many_keys_are_still_told_apart() {
    // Wide keys leave the tables of small numbers: beyond the window of whole numbers, and beyond the table of pairs.
    let question = question(&[("a", 2), ("b", 2)], &[], &[Statistic::People(None)]);
    let rows: Vec<Row> = (0..30_000u32).map(|i| row(i).key(i64::from(i % 5_000) * 1_000_003).key(i64::from(i) * 99_991 % 29_989)).collect();
    let cells = cells(&question, std::slice::from_ref(&rows), 0);
    let distinct: BTreeSet<_> = rows.iter().map(|r| r.keys.clone()).collect();
    assert_eq!(cells.of(0).map(|c| c.key().to_vec()).collect::<Vec<_>>(), distinct.into_iter().collect::<Vec<_>>());
}

#[test]
fn a_label_that_a_call_cannot_give_ends_the_run() {
    let labels = vec!["young".to_owned(), "old".to_owned()];
    let of = |places: &[i64]| {
        let mut asked = question(&[("age", 2)], &[], &[Statistic::People(None)]);
        let values = Values::Labels { labels: labels.clone(), reachable: Some(places.iter().copied().collect()) };
        asked.keys[0].of = Some(Preimage::Column(asked.keys[0].name.clone(), values, false));
        asked
    };
    let labelled = |unit: u32, label: &str| {
        let mut one = row(unit);
        one.keys = vec![if label.is_empty() { KeyValue::Null } else { KeyValue::Text(label.to_owned()) }];
        one
    };
    let told = |asked: &Question, rows: &[Row]| gathered(asked, &[rows.to_vec()], 1).map(|_| ()).map_err(|fault| fault.to_string());
    let rows: Vec<Row> = (0..30).map(|unit| labelled(unit, if unit < 29 { "young" } else { "old" })).collect();
    assert_eq!(told(&of(&[0, 1]), &rows), Ok(()));
    // One person is enough, and so is somebody without a label.
    assert!(told(&of(&[0]), &rows).unwrap_err().contains("cannot give"));
    let nobody: Vec<Row> = rows[..29].iter().cloned().chain([labelled(29, "")]).collect();
    assert!(told(&of(&[0, 1]), &nobody).unwrap_err().contains("cannot give"));
    assert_eq!(told(&of(&[0, 1, 2]), &nobody), Ok(()));
}
