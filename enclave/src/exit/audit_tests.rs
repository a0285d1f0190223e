//! Three numbers that are each harmless, and together tell how many of a few people there are.

use visiting_policies::Code;

use super::{
    desk_tests::{PEOPLE, RULES, ask, ask_and_restart, asked_under, by_pref, by_sex, group, people, total},
    samples::{Row, question},
};
use crate::{known::Known, question::Question};

/// 104 people are shown as 100, 55 as 60 and the 46 others as 50: 104 - 55 - 45 leaves four at most for the three who remain.
fn three() -> [(Question, Vec<Row>); 3] {
    [(total(), people(0..104)), (by_pref(), group(1, 0..55)), (by_sex(), group(2, 55..101))]
}

/// Asks in turn, and says which were shown.
fn shown(known: &mut Known, asked: &[(Question, Vec<Row>)]) -> Vec<bool> {
    asked.iter().map(|(question, rows)| ask(known, question, rows).is_ok()).collect()
}

#[test]
fn the_last_of_three_numbers_that_close_a_group_is_not_shown() {
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let asked = order.map(|i| three()[i].clone());
        assert_eq!(shown(&mut Known::default(), &asked), [true, true, false], "{order:?}");
    }
    // With one more person the upper end is five, and that is as wide as the policy asks.
    let wide = [(total(), people(0..103)), (by_pref(), group(1, 0..54)), (by_sex(), group(2, 54..100))];
    assert_eq!(shown(&mut Known::default(), &wide), [true, true, true]);
}

#[test]
fn a_row_that_closes_a_group_is_hidden_and_the_others_are_shown() {
    let mut known = Known::default();
    let rows = [group(2, 55..101), group(1, 300..380)].concat();
    let [first, second, _] = three();
    assert_eq!(shown(&mut known, &[first, second]), [true, true]);
    assert_eq!(ask(&mut known, &by_sex(), &rows).unwrap(), [["1", "80"], ["2", "<k"]]);
    // Nothing is learned by asking again, and what was hidden is counted once.
    assert_eq!(ask(&mut known, &by_sex(), &rows).unwrap(), [["1", "80"], ["2", "<k"]]);
    let (block, _) = asked_under(&known, &by_sex(), RULES, &rows).unwrap();
    assert!(block.hidden.len() == 1 && !block.is_empty());
    known.add(block);
    assert_eq!(known.hidden_from(""), 1);
}

#[test]
fn a_ledger_that_was_read_again_knows_as_much() {
    let mut known = Known::default();
    let [first, second, third] = three();
    for (question, rows) in [&first, &second] {
        ask_and_restart(&mut known, question, rows).unwrap();
    }
    assert_eq!(ask(&mut known, &third.0, &third.1), Err(Code::NothingToShow));
}

#[test]
fn among_many_people_the_few_who_were_asked_for_are_watched() {
    let many = group(2, 1_000..31_000);
    let asked = question(&[("area", 8)], &[], &[PEOPLE]);
    let mut known = Known::default();
    // The three are a row that is not sent.
    assert_eq!(ask(&mut known, &asked, &[group(1, 101..104), many.clone()].concat()).unwrap(), [["2", "30000"]]);
    assert_eq!(shown(&mut known, &three()), [true, true, false]);
    // The other way round: they are asked for last, and what would close them is the new table itself.
    let mut known = Known::default();
    let [first, second, third] = three();
    ask(&mut known, &question(&[("place", 8)], &[], &[PEOPLE]), &many).unwrap();
    assert_eq!(shown(&mut known, &[first, second]), [true, true]);
    assert_eq!(ask(&mut known, &asked, &[group(1, 101..104), third.1, many].concat()).unwrap(), [["2", "30050"]]);
}

#[test]
fn a_cohort_study_loses_nothing() {
    // 3,000 people by seven attributes, one after the other and in pairs.
    let any = |person: u32, of: u32| (person.wrapping_mul(0x9E37_79B9) ^ of.wrapping_mul(0x85EB_CA6B)).wrapping_mul(0xC2B2_AE35) >> 9;
    let value = |person: u32, of: u32| i64::from(any(person, of) % (of + 2)) + 1;
    let names = ["sex", "pref", "area", "place", "kind", "care", "year"];
    let mut known = Known::default();
    let (mut rows, mut hidden) = (0, 0);
    for a in 0..7u32 {
        for b in a..7 {
            let pair = |n: u32| (names[n as usize], i64::from(n) + 2);
            let keys = if a == b { vec![pair(a)] } else { vec![pair(a), pair(b)] };
            let row = |p: u32| {
                keys.iter()
                    .fold(super::samples::row(p), |row, (name, _)| row.key(value(p, names.iter().position(|n| n == name).unwrap() as u32)))
            };
            let table = ask(&mut known, &question(&keys, &[], &[PEOPLE]), &(0..3_000).map(row).collect::<Vec<_>>()).unwrap();
            rows += table.len();
            hidden += table.iter().filter(|row| row.contains(&"<k".to_owned())).count();
        }
    }
    assert!(rows > 500 && hidden * 100 <= rows, "{hidden} of {rows} rows hidden");
}

#[test]
fn whether_nobody_or_a_few_are_left_over_is_not_told_by_the_verdict() {
    // 53 people are shown as 50, and two groups as 30 each: whoever is left is one of 0 to 4, whatever the truth is.
    for left in 0..4u32 {
        let mut known = Known::default();
        ask(&mut known, &question(&[("area", 8)], &[], &[PEOPLE]), &group(1, 0..53)).unwrap();
        let (of_first, of_second) = (left.min(2), left - left.min(2));
        let rows = [group(1, 0..27 - of_first), group(2, 27..53 - of_second)].concat();
        assert_eq!(ask(&mut known, &by_sex(), &rows).unwrap(), [["1", "<k"], ["2", "30"]], "{left} left");
    }
}

#[test]
fn a_restart_does_not_forget_who_is_watched_among_many() {
    let asked = question(&[("area", 8)], &[], &[PEOPLE]);
    let mut known = Known::default();
    ask_and_restart(&mut known, &asked, &[group(1, 101..104), group(2, 1_000..31_000)].concat()).unwrap();
    assert_eq!(shown(&mut known, &three()), [true, true, false]);
}

#[test]
fn what_is_hidden_does_not_hang_on_the_ordinals_that_were_drawn() {
    let any = |n: u32, of: u32| (n.wrapping_mul(0x9E37_79B9) ^ of.wrapping_mul(0x85EB_CA6B)).wrapping_mul(0xC2B2_AE35) >> 9;
    let mut hidden = 0;
    for seed in 0..30u32 {
        // Four groups at the lower ends of their ranges and all of them at its upper end: four people are left over, and either number of
        // the last table would tell so.
        let sizes: Vec<u32> = (0..4).map(|part| 15 + 10 * (any(seed, part) % 3)).collect();
        let people: u32 = sizes.iter().sum::<u32>() + 4;
        let answers = |order: u32| {
            let mut ordinal: Vec<u32> = (0..people).collect();
            ordinal.sort_by_key(|person| any(*person, 100 + order));
            let part = |n: usize, key: i64| {
                let from: u32 = sizes[..n].iter().sum();
                group(key, ordinal[from as usize..][..sizes[n] as usize].iter().copied())
            };
            let mut known = Known::default();
            ask(&mut known, &total(), &self::people(ordinal.iter().copied())).unwrap();
            ask(&mut known, &by_pref(), &[part(0, 1), part(1, 2)].concat()).unwrap();
            ask(&mut known, &by_sex(), &[part(2, 1), part(3, 2)].concat())
        };
        let first = answers(0);
        hidden += first.iter().flatten().filter(|row| row[1] == "<k").count();
        for order in 1..6 {
            assert_eq!(answers(order), first, "seed {seed}, order {order}");
        }
    }
    assert_eq!(hidden, 30);
}
