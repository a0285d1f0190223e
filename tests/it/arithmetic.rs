//! Attacks by arithmetic: what somebody computes from released tables is no better than the base statistics that were released.

use std::collections::BTreeMap;

use visiting_policies::terms::Verdict;

use crate::rewrites::{bench, in_turn, told};

/// Multiples of the dither.
const STEPS: i64 = 24;
/// Rows that a count is multiplied with.
const COPIES: i64 = 100;

/// A released number in millionths, exactly; nothing for a mask.
fn exact(text: &str) -> Option<i128> {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |d| (-1, d));
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let part = format!("{part:0<6}");
    assert!(part.len() == 6 || part[6..].bytes().all(|b| b == b'0'), "{text} has more places than this attacker reads");
    Some(sign * (whole.parse::<i128>().ok()? * 1_000_000 + part[..6].parse::<i128>().ok()?))
}

/// Rows of a table by their first column; every number as [`exact`] reads it.
fn cells(csv: &str) -> BTreeMap<String, Vec<Option<i128>>> {
    csv.lines()
        .skip(1)
        .map(|l| l.split(',').collect::<Vec<_>>())
        .map(|r| (r[0].to_owned(), r[1..r.len() - 1].iter().map(|c| exact(c)).collect()))
        .collect()
}

fn shown(sql: &str) -> BTreeMap<String, Vec<Option<i128>>> {
    let (_, csv) = told(bench(), sql).unwrap_or_else(|e| panic!("{sql}: {e}"));
    cells(&csv)
}

#[test]
fn copies_of_people_tell_no_finer_count_than_the_count_of_people() {
    let values: Vec<String> = (0..COPIES).map(|i| format!("({i})")).collect();
    let text = format!("SELECT pref, COUNT(*) AS n FROM patients CROSS JOIN (VALUES {}) AS t(i) GROUP BY pref", values.join(", "));
    // A hundred rows of everybody: nobody differs from the others, so there is no sum over people to protect, and none to show.
    assert!(told(bench(), &text).unwrap_err().starts_with("nothing-to-show"));
    let people = shown("SELECT pref, COUNT(DISTINCT pid) AS n FROM patients CROSS JOIN (VALUES (1), (2), (3)) AS t(i) GROUP BY pref");
    assert_eq!(people, shown("SELECT pref, COUNT(DISTINCT pid) AS n FROM patients GROUP BY pref"));
    assert_eq!(people.len(), 47);
    assert!(people.values().flatten().all(|n| n.unwrap() % 10_000_000 == 0), "finer than ten people");
}

#[test]
fn a_dither_moves_a_sum_by_what_is_known_and_by_nothing_else() {
    let from = "FROM claims JOIN patients USING (pid) WHERE icd10 = 'I11' AND pref IN (13, 31) GROUP BY pref";
    for dither in [7, 50, 1_000, 33_333] {
        let mut texts = vec![format!("SELECT pref, SUM(points) AS s, COUNT(points) AS r {from}")];
        texts.extend((1..=STEPS).map(|j| format!("SELECT pref, SUM(points + {}) AS s {from}", j * dither)));
        let tables = in_turn(&texts);
        let base = cells(&tables[0].as_ref().unwrap().1);
        for (j, table) in (1..=STEPS).zip(&tables[1..]) {
            let (verdict, csv) = table.as_ref().unwrap();
            assert_eq!(*verdict, Verdict::Release, "{csv}");
            for (pref, row) in cells(csv) {
                // The attacker takes the known part away. What stays is the released sum, each time: an average of 24 is no better.
                let stays = row[0].unwrap() - i128::from(j * dither) * base[&pref][1].unwrap();
                assert_eq!(Some(stays), base[&pref][0], "prefecture {pref}, step {j} of {dither}");
            }
        }
    }
}

#[test]
fn an_offset_hides_nobody() {
    // One person, two people, five people of a rare disease: the offset is everybody's, the rest is theirs.
    for (who, size) in [("birth_ym = 190101", "one"), ("birth_ym = 193001 AND pref = 31", "two"), ("icd10 = 'G12' AND pref = 40", "five")] {
        for offset in [0, 1_000, 1_000_000] {
            let sql = format!("SELECT SUM({offset} + CASE WHEN {who} THEN points ELSE 0 END) AS s FROM claims JOIN patients USING (pid)");
            assert!(told(bench(), &sql).is_err(), "{size}: {sql}");
            let beside = format!(
                "SELECT COUNT(DISTINCT pid) AS n, SUM({offset} + CASE WHEN {who} THEN points ELSE 0 END) AS s FROM claims JOIN patients USING (pid)"
            );
            // Beside a count that may be shown the sum is masked, whatever stands before it.
            let (verdict, csv) = told(bench(), &beside).unwrap();
            assert!(verdict == Verdict::Suppress && csv.lines().nth(1).is_some_and(|row| row.ends_with(",<k,")), "{csv}");
        }
    }
}

#[test]
fn a_sum_without_a_few_tells_nothing_about_the_few() {
    // The second dial: a literal 0 for the people of one place, whose sum the attacker wants.
    let from = "FROM claims JOIN patients USING (pid) WHERE icd10 = 'E13'";
    let answers = in_turn(&[
        format!("SELECT SUM(points) AS s {from}"),
        format!("SELECT SUM(CASE WHEN pref = 40 THEN 0 ELSE points END) AS s {from}"),
        format!("SELECT SUM(points) AS s {from} AND pref <> 40"),
    ]);
    let value = |csv: &str| csv.lines().nth(1).and_then(|row| row.split(',').next()).map(str::to_owned);
    let base = value(&answers[0].as_ref().unwrap().1);
    assert!(base.as_ref().is_some_and(|b| b != "<k"), "{answers:?}");
    // The other two would only repeat it, so they are no answer: the difference is nothing.
    assert_eq!(answers[1..], [Err("nothing-to-show".to_owned()), Err("nothing-to-show".to_owned())]);
}
