//! Which questions are seen to be about the same people, and which are not. That none is seen wrongly is tried on data beside this
//! (`who_data_tests`).

use crate::{
    plan::tests::{guests, planned},
    predicate::Predicate,
    question::{KeyValue, both},
};

/// The people of a query's last release point in words: of all of its rows, or of its first part (FILTER, CASE, a far side).
fn people(sql: &str) -> String {
    let tracked = planned(sql, &guests()).unwrap_or_else(|r| panic!("{sql}\n    {r}"));
    let question = &tracked.points.last().unwrap().question;
    let part = question.columns.first().map_or(Predicate::True, |column| column.there());
    question.people_where(&both(&question.filter, &part))
}

/// Texts about the same people.
const SAME: &[&[&str]] = &[
    // A join, IN, EXISTS, and each way round.
    &[
        "SELECT COUNT(DISTINCT pid) FROM claims JOIN patients USING (pid) WHERE icd10 = 'E11' AND sex = 1",
        "SELECT COUNT(*) FROM patients WHERE pid IN (SELECT pid FROM claims WHERE icd10 = 'E11') AND sex = 1",
        "SELECT COUNT(DISTINCT pid) FROM claims WHERE icd10 = 'E11' AND pid IN (SELECT pid FROM patients WHERE sex = 1)",
        "SELECT COUNT(*) FROM patients p WHERE sex = 1 AND EXISTS (SELECT 1 FROM claims c WHERE c.pid = p.pid AND c.icd10 = 'E11')",
        "SELECT COUNT(*) FROM patients WHERE NOT sex <> 1 AND NOT pid NOT IN (SELECT pid FROM claims WHERE icd10 = 'E11')",
        "SELECT COUNT(DISTINCT c.pid) FROM claims c JOIN (SELECT pid FROM patients WHERE sex = 1) p ON p.pid = c.pid AND c.icd10 = 'E11'",
        "SELECT COUNT(*) FROM patients JOIN (SELECT DISTINCT pid FROM claims WHERE icd10 = 'E11') d USING (pid) WHERE sex = 1",
        "SELECT COUNT(*) FROM patients JOIN (SELECT pid, MIN(ym) AS m FROM claims WHERE icd10 = 'E11' GROUP BY pid) d USING (pid) WHERE sex = 1",
        "SELECT COUNT(*) FROM (SELECT pid FROM patients WHERE sex = 1 INTERSECT SELECT pid FROM claims WHERE icd10 = 'E11') t",
        "SELECT COUNT(DISTINCT pid) FROM (SELECT pid, icd10, sex FROM claims JOIN patients USING (pid)) t WHERE icd10 = 'E11' AND sex = 1",
    ],
    // Whoever is in a cell is in the rows of the same disease that were asked for.
    &[
        "SELECT COUNT(DISTINCT pid) FROM claims WHERE icd10 = 'E11'",
        "SELECT COUNT(DISTINCT pid) FROM claims WHERE icd10 = 'E11' AND pid IN (SELECT pid FROM claims WHERE icd10 = 'E11')",
        "SELECT COUNT(DISTINCT pid) FROM claims WHERE pid IN (SELECT pid FROM claims WHERE icd10 = 'E11')",
        "SELECT COUNT(DISTINCT a.pid) FROM claims a JOIN claims b ON a.pid = b.pid WHERE b.icd10 = 'E11'",
        "SELECT COUNT(DISTINCT a.pid) FROM claims a JOIN claims b ON a.pid = b.pid WHERE b.icd10 = 'E11' AND a.icd10 IN ('E11', 'I10')",
        "SELECT SUM(n) FROM (SELECT pid, COUNT(*) AS n FROM claims WHERE icd10 = 'E11' GROUP BY pid) t",
    ],
    // Two diseases of one person, in any order of their namings.
    &[
        "SELECT COUNT(DISTINCT a.pid) FROM claims a JOIN claims b ON a.pid = b.pid WHERE a.icd10 = 'E11' AND b.icd10 = 'I10'",
        "SELECT COUNT(DISTINCT a.pid) FROM claims a JOIN claims b ON a.pid = b.pid WHERE b.icd10 = 'E11' AND a.icd10 = 'I10'",
        "SELECT COUNT(DISTINCT pid) FROM claims WHERE icd10 = 'I10' AND pid IN (SELECT pid FROM claims WHERE icd10 = 'E11')",
        "SELECT COUNT(DISTINCT pid) FROM claims WHERE pid IN (SELECT b.pid FROM claims b JOIN claims c ON c.pid = b.pid AND c.icd10 = 'E11' WHERE b.icd10 = 'I10')",
    ],
    // NOT IN, NOT EXISTS, EXCEPT.
    &[
        "SELECT COUNT(*) FROM patients WHERE sex = 1 AND pid NOT IN (SELECT pid FROM claims WHERE points > 5)",
        "SELECT COUNT(*) FROM patients p WHERE sex = 1 AND NOT EXISTS (SELECT 1 FROM claims c WHERE p.pid = c.pid AND 5 < points)",
        "SELECT COUNT(*) FROM (SELECT pid FROM patients WHERE sex = 1 EXCEPT SELECT pid FROM claims WHERE points > 5) t",
        "SELECT COUNT(*) FROM patients WHERE sex = 1 AND pid NOT IN (SELECT pid FROM claims JOIN patients USING (pid) WHERE points > 5 AND sex = 1)",
    ],
    // People of the only row of a person: two conditions on it are one.
    &[
        "SELECT COUNT(*) FROM patients WHERE sex = 1 AND pref = 13",
        "SELECT COUNT(*) FROM patients WHERE sex = 1 AND pid IN (SELECT pid FROM patients WHERE pref = 13)",
        "SELECT COUNT(*) FROM patients a JOIN patients b ON a.pid = b.pid WHERE a.sex = 1 AND b.pref = 13",
        "SELECT COUNT(*) FROM patients p LEFT JOIN claims c ON c.pid = p.pid WHERE p.pid IN (SELECT pid FROM patients WHERE pref = 13 AND sex = 1)",
    ],
    // What ties two relations stands as it is, the rest apart.
    &[
        "SELECT COUNT(DISTINCT a.pid) FROM claims a JOIN labs b ON a.pid = b.pid AND a.ym = b.ym JOIN patients p ON p.pid = a.pid WHERE p.sex = 1",
        "SELECT COUNT(DISTINCT a.pid) FROM labs b JOIN claims a ON a.pid = b.pid WHERE b.ym = a.ym AND a.pid IN (SELECT pid FROM patients WHERE sex = 1)",
    ],
    // A set of values of one column is a set however it is written; a list about nobody beside it.
    &[
        "SELECT COUNT(DISTINCT a.pid) FROM labs a JOIN claims c ON c.pid = a.pid WHERE c.points IN (SELECT k FROM (VALUES (5), (7)) AS v(k))",
        "SELECT COUNT(DISTINCT a.pid) FROM claims c JOIN claims d ON d.pid = c.pid JOIN labs a ON a.pid = c.pid WHERE d.points IN (SELECT k FROM (VALUES (5), (7)) AS w(k))",
    ],
];

/// Texts about people who may differ.
const DIFFERENT: &[[&str; 2]] = &[
    // One claim that is both, and two claims.
    [
        "SELECT COUNT(DISTINCT pid) FROM claims WHERE icd10 = 'E11' AND points > 5",
        "SELECT COUNT(DISTINCT pid) FROM claims WHERE icd10 = 'E11' AND pid IN (SELECT pid FROM claims WHERE points > 5)",
    ],
    [
        "SELECT COUNT(DISTINCT pid) FROM claims WHERE icd10 = 'E11' AND ym = 202404",
        "SELECT COUNT(DISTINCT a.pid) FROM claims a JOIN claims b ON a.pid = b.pid WHERE a.icd10 = 'E11' AND b.ym = 202404",
    ],
    // Not to have a row with, and to have a row without.
    [
        "SELECT COUNT(DISTINCT pid) FROM claims WHERE pid NOT IN (SELECT pid FROM claims WHERE icd10 = 'E11')",
        "SELECT COUNT(DISTINCT pid) FROM claims WHERE icd10 <> 'E11'",
    ],
    // Outside of both, and outside of each.
    [
        "SELECT COUNT(*) FROM patients WHERE pid NOT IN (SELECT l.pid FROM labs l JOIN claims c ON c.pid = l.pid)",
        "SELECT COUNT(*) FROM patients WHERE pid NOT IN (SELECT pid FROM labs) AND pid NOT IN (SELECT pid FROM claims)",
    ],
    [
        "SELECT COUNT(*) FROM patients WHERE pid IN (SELECT pid FROM claims WHERE icd10 = 'E11') AND pid NOT IN (SELECT pid FROM claims WHERE icd10 = 'I10')",
        "SELECT COUNT(*) FROM patients WHERE pid IN (SELECT pid FROM claims WHERE icd10 = 'I10') AND pid NOT IN (SELECT pid FROM claims WHERE icd10 = 'E11')",
    ],
    // Unknown is neither.
    ["SELECT COUNT(DISTINCT pid) FROM claims WHERE points > 5", "SELECT COUNT(DISTINCT pid) FROM claims WHERE (points > 5) IS NOT FALSE"],
    [
        "SELECT COUNT(*) FROM patients WHERE pid NOT IN (SELECT pid FROM claims WHERE points > 5)",
        "SELECT COUNT(*) FROM patients WHERE pid NOT IN (SELECT pid FROM claims WHERE NOT points <= 5 OR points IS NULL)",
    ],
    // Nobody has a table for themselves: a join may lose people.
    [
        "SELECT COUNT(DISTINCT pid) FROM claims WHERE icd10 = 'E11'",
        "SELECT COUNT(DISTINCT pid) FROM claims JOIN patients USING (pid) WHERE icd10 = 'E11'",
    ],
    ["SELECT COUNT(*) FROM patients WHERE sex = 1", "SELECT COUNT(*) FROM kaigo.recipients WHERE sex = 1"],
    // The far side of an outer join, before and after.
    [
        "SELECT COUNT(DISTINCT p.pid) FROM patients p LEFT JOIN claims c ON c.pid = p.pid WHERE c.icd10 = 'E11'",
        "SELECT COUNT(DISTINCT p.pid) FROM patients p LEFT JOIN claims c ON c.pid = p.pid AND c.icd10 = 'E11'",
    ],
    [
        "SELECT COUNT(DISTINCT c.pid) FROM patients p LEFT JOIN claims c ON c.pid = p.pid",
        "SELECT COUNT(DISTINCT p.pid) FROM patients p LEFT JOIN claims c ON c.pid = p.pid",
    ],
    [
        "SELECT COUNT(*) FROM labs l WHERE l.pid IN (SELECT p.pid FROM patients p LEFT JOIN claims c ON c.pid = p.pid)",
        "SELECT COUNT(*) FROM labs l WHERE l.pid IN (SELECT c.pid FROM patients p LEFT JOIN claims c ON c.pid = p.pid)",
    ],
    // What somebody's rows come to.
    [
        "SELECT COUNT(*) FROM (SELECT pid, COUNT(*) AS n FROM claims WHERE icd10 = 'E11' GROUP BY pid) t WHERE n > 1",
        "SELECT COUNT(*) FROM (SELECT pid, COUNT(*) AS n FROM claims GROUP BY pid) t WHERE n > 1",
    ],
    // EXISTS that hangs on more than the person.
    [
        "SELECT COUNT(DISTINCT c.pid) FROM claims c JOIN labs l ON l.pid = c.pid WHERE EXISTS (SELECT 1 FROM labs m WHERE m.pid = c.pid AND m.ym > c.ym)",
        "SELECT COUNT(DISTINCT c.pid) FROM claims c JOIN labs l ON l.pid = c.pid WHERE EXISTS (SELECT 1 FROM labs m WHERE m.pid = c.pid AND m.ym > l.ym)",
    ],
    // Windows look at rows beside.
    [
        "SELECT COUNT(*) FROM (SELECT pid, icd10, ROW_NUMBER() OVER (PARTITION BY pid ORDER BY ym) AS r FROM claims) t WHERE r = 1 AND icd10 = 'E11'",
        "SELECT COUNT(*) FROM (SELECT pid, icd10, ROW_NUMBER() OVER (PARTITION BY pid ORDER BY ym) AS r FROM claims WHERE icd10 = 'E11') t WHERE r = 1",
    ],
    // Two namings that a condition compares, one way and the other.
    [
        "SELECT COUNT(DISTINCT a.pid) FROM claims a JOIN claims b ON a.pid = b.pid WHERE a.icd10 = 'E11' AND b.icd10 = 'I10' AND a.ym < b.ym",
        "SELECT COUNT(DISTINCT a.pid) FROM claims a JOIN claims b ON a.pid = b.pid WHERE a.icd10 = 'E11' AND b.icd10 = 'I10' AND b.ym < a.ym",
    ],
    // Outside of all, and outside of some.
    [
        "SELECT COUNT(*) FROM patients WHERE pid NOT IN (SELECT pid FROM claims) AND pid NOT IN (SELECT pid FROM claims WHERE icd10 = 'E11')",
        "SELECT COUNT(*) FROM patients WHERE pid NOT IN (SELECT pid FROM claims WHERE icd10 = 'E11')",
    ],
    [
        "SELECT COUNT(DISTINCT pid) FROM claims WHERE pid NOT IN (SELECT l.pid FROM labs l JOIN claims c ON c.pid = l.pid WHERE c.icd10 = 'E11')",
        "SELECT COUNT(DISTINCT pid) FROM claims WHERE pid NOT IN (SELECT pid FROM labs)",
    ],
    // What is not understood ties everything: the row that EXISTS looks at is the row that the rest is about.
    [
        "SELECT COUNT(DISTINCT c.pid) FROM claims c WHERE EXISTS (SELECT 1 FROM labs l WHERE l.pid = c.pid AND l.ym < c.ym) AND c.icd10 = 'E11'",
        "SELECT COUNT(DISTINCT c.pid) FROM claims c WHERE EXISTS (SELECT 1 FROM labs l WHERE l.pid = c.pid AND l.ym < c.ym) AND c.pid IN (SELECT pid FROM claims WHERE icd10 = 'E11')",
    ],
    [
        "SELECT COUNT(DISTINCT c.pid) FROM claims c JOIN labs l ON l.pid = c.pid WHERE EXISTS (SELECT 1 FROM claims d WHERE d.pid = l.pid AND d.ym < l.ym) AND l.value > 7",
        "SELECT COUNT(DISTINCT c.pid) FROM claims c JOIN labs l ON l.pid = c.pid WHERE EXISTS (SELECT 1 FROM claims d WHERE d.pid = l.pid AND d.ym < l.ym) AND l.pid IN (SELECT pid FROM labs WHERE value > 7)",
    ],
    // In both as the same person, and as the same person of the same sex.
    [
        "SELECT COUNT(*) FROM (SELECT pid FROM patients INTERSECT SELECT pid FROM kaigo.recipients) t",
        "SELECT COUNT(*) FROM (SELECT pid, sex FROM patients INTERSECT SELECT pid, sex FROM kaigo.recipients) t",
    ],
    // A number that was released before it is part of what is asked.
    [
        "SELECT COUNT(DISTINCT pid) FROM claims WHERE points > (SELECT AVG(points) FROM claims)",
        "SELECT COUNT(DISTINCT pid) FROM claims WHERE points > (SELECT AVG(points) FROM claims WHERE ym = 202404)",
    ],
];

#[test]
fn the_same_people_are_known_again() {
    for texts in SAME {
        for other in *texts {
            assert_eq!(people(texts[0]), people(other), "{}\n{other}", texts[0]);
        }
    }
}

#[test]
fn people_who_may_differ_are_not_taken_for_the_same() {
    for [a, b] in DIFFERENT {
        // The number of the released point is the same; its value is added when it is known.
        if !a.contains("(SELECT AVG") {
            assert_ne!(people(a), people(b), "{a}\n{b}");
        }
        for text in [a, b] {
            assert_eq!(people(text), people(text));
        }
    }
}

#[test]
fn a_cell_and_a_part_are_the_question_with_their_condition_in_where() {
    let cell = |sql: &str, value: KeyValue| {
        let tracked = planned(sql, &guests()).unwrap_or_else(|r| panic!("{sql}\n    {r}"));
        let question = &tracked.points[0].question;
        question.people_where(&question.cell(&[0], &[value]))
    };
    let men =
        cell("SELECT sex, COUNT(*) FROM patients WHERE pid IN (SELECT pid FROM claims WHERE icd10 = 'E11') GROUP BY sex", KeyValue::Int(1));
    assert_eq!(men, people("SELECT COUNT(DISTINCT pid) FROM claims JOIN patients USING (pid) WHERE sex = 1 AND icd10 = 'E11'"));
    assert_eq!(men, people("SELECT COUNT(DISTINCT pid) FILTER (WHERE sex = 1 AND icd10 = 'E11') FROM claims JOIN patients USING (pid)"));
    assert_eq!(
        men,
        people("SELECT COUNT(DISTINCT CASE WHEN sex = 1 THEN pid END) FROM claims JOIN patients USING (pid) WHERE icd10 = 'E11'")
    );
    // A key that is computed is known by its words, in whichever naming of the table.
    let band = |of: &str, from: &str, value: &str| {
        let sql = format!("SELECT CASE WHEN {of}.points > 5 THEN 'a' ELSE 'b' END AS g, COUNT(DISTINCT {of}.pid) FROM {from} GROUP BY 1");
        cell(&sql, KeyValue::Text(value.to_owned()))
    };
    let (once, twice) = ("claims c", "claims b JOIN claims c ON c.pid = b.pid");
    assert_eq!(band("c", once, "a"), band("c", twice, "a"));
    assert_ne!(band("c", once, "a"), band("c", twice, "b"));
}
