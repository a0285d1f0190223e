//! What a question is in words: equal for what provably means the same, and never equal for what does not. The ledger, which is one
//! for all permits, shows an earlier value again where the words are equal: a slip here would falsify somebody else's numbers.

use super::track::Tracked;
use crate::plan::tests::{guests, planned};

/// Everything that tells a query's questions apart.
fn words(sql: &str) -> Vec<String> {
    let Tracked { points, .. } = planned(sql, &guests()).unwrap_or_else(|r| panic!("{sql}\n    {r}"));
    let told =
        |p: super::above::Point| format!("{:?} {:?} {:?}", p.question.words().collect::<Vec<_>>(), p.question.statistics, p.question.sets);
    points.into_iter().map(told).collect()
}

/// Texts that mean the same.
const SAME: &[[&str; 2]] = &[
    ["SELECT COUNT(*) AS n FROM patients WHERE sex = 1", "SELECT COUNT(*) AS other FROM patients p WHERE NOT p.sex <> 1"],
    ["SELECT COUNT(*) FROM claims WHERE icd10 IN ('E11', 'I10')", "SELECT COUNT(*) FROM claims WHERE icd10 = 'I10' OR icd10 = 'E11'"],
    ["SELECT COUNT(*) FROM claims WHERE points > 5 AND ym = 202404", "SELECT COUNT(*) FROM claims WHERE 202404 = ym AND 5 < points"],
    ["SELECT SUM(points) FROM claims JOIN patients USING (pid)", "SELECT SUM(c.points) FROM patients p JOIN claims c ON c.pid = p.pid"],
    [
        "SELECT COUNT(DISTINCT p.pid) FROM patients p JOIN (SELECT pid FROM claims WHERE icd10 = 'E11') d ON d.pid = p.pid",
        "WITH ill AS (SELECT pid FROM claims WHERE icd10 = 'E11') SELECT COUNT(DISTINCT ill.pid) FROM ill JOIN patients USING (pid)",
    ],
    [
        "SELECT v.kin, COUNT(DISTINCT pid) FROM (VALUES ('I10', 'a'), ('E11', 'b')) AS v(code, kin) JOIN claims c ON c.icd10 = v.code GROUP BY v.kin",
        "SELECT w.b, COUNT(DISTINCT pid) FROM claims c JOIN (VALUES ('I10', 'a'), ('E11', 'b')) AS w(a, b) ON w.a = c.icd10 GROUP BY w.b",
    ],
    [
        "SELECT CASE sex WHEN 1 THEN 'm' ELSE 'f' END AS s, COUNT(*) FROM patients GROUP BY 1",
        "SELECT CASE WHEN sex = 1 THEN 'm' ELSE 'f' END AS s, COUNT(*) FROM patients GROUP BY CASE WHEN sex = 1 THEN 'm' ELSE 'f' END",
    ],
    [
        "SELECT COUNT(*) FROM patients p LEFT JOIN claims c ON c.pid = p.pid AND c.icd10 = 'E11' WHERE c.pid IS NULL",
        "SELECT COUNT(*) FROM patients LEFT JOIN claims ON patients.pid = claims.pid AND 'E11' = claims.icd10 WHERE claims.pid IS NULL",
    ],
];

/// Two left joins, of N18 and of I10, and what is asked of them.
macro_rules! two_left {
    ($ask:literal, $on:literal, $rest:literal) => {
        concat!(
            "SELECT ",
            $ask,
            " FROM patients p LEFT JOIN (SELECT DISTINCT pid FROM claims WHERE icd10 = 'N18') a ON a.pid = p.pid ",
            "LEFT JOIN (SELECT DISTINCT pid FROM claims WHERE icd10 = 'I10') b ON ",
            $on,
            $rest
        )
    };
}

/// Texts that do not.
const DIFFERENT: &[[&str; 2]] = &[
    [
        "SELECT s, COUNT(DISTINCT pid) FROM (SELECT pid, 'a' AS s FROM patients UNION ALL SELECT pid, 'b' AS s FROM claims) t GROUP BY s",
        "SELECT s, COUNT(DISTINCT pid) FROM (SELECT pid, 'b' AS s FROM patients UNION ALL SELECT pid, 'a' AS s FROM claims) t GROUP BY s",
    ],
    [two_left!("COUNT(DISTINCT a.pid) AS n", "b.pid = p.pid", ""), two_left!("COUNT(DISTINCT b.pid) AS n", "b.pid = p.pid", "")],
    [
        two_left!("COUNT(*) AS n", "b.pid = p.pid", " WHERE a.pid IS NULL"),
        two_left!("COUNT(*) AS n", "b.pid = p.pid", " WHERE b.pid IS NULL"),
    ],
    [two_left!("COUNT(DISTINCT b.pid) AS n", "b.pid = p.pid", ""), two_left!("COUNT(DISTINCT b.pid) AS n", "b.pid = a.pid", "")],
    [
        two_left!("COUNT(*) AS n", "b.pid = p.pid", " JOIN labs l ON l.pid = p.pid"),
        two_left!("COUNT(*) AS n", "b.pid = p.pid", " JOIN labs l ON l.pid = a.pid"),
    ],
    [
        two_left!("COUNT(*) AS n", "b.pid = p.pid", " WHERE p.pid IN (SELECT pid FROM labs)"),
        two_left!("COUNT(*) AS n", "b.pid = p.pid", " WHERE a.pid IN (SELECT pid FROM labs)"),
    ],
    [
        "SELECT COUNT(*) FROM claims WHERE pid IN (SELECT p.pid FROM patients p LEFT JOIN labs l ON l.pid = p.pid)",
        "SELECT COUNT(*) FROM claims WHERE pid IN (SELECT l.pid FROM patients p LEFT JOIN labs l ON l.pid = p.pid)",
    ],
    [
        "SELECT SUM(n) FROM (SELECT p.pid, COUNT(c.pid) AS n FROM patients p LEFT JOIN claims c ON c.pid = p.pid LEFT JOIN labs l ON l.pid = p.pid GROUP BY p.pid) t",
        "SELECT SUM(n) FROM (SELECT p.pid, COUNT(l.pid) AS n FROM patients p LEFT JOIN claims c ON c.pid = p.pid LEFT JOIN labs l ON l.pid = p.pid GROUP BY p.pid) t",
    ],
    // A label that is written like the rest of another CASE.
    [
        "SELECT CASE WHEN points < 500 THEN 'a' WHEN points < 1000 THEN 'b' ELSE 'c' END AS g, COUNT(*) FROM claims GROUP BY 1",
        "SELECT CASE WHEN points < 500 THEN 'a\"; (ndb.claims.points < Int64(1000)): text \"b' ELSE 'c' END AS g, COUNT(*) FROM claims GROUP BY 1",
    ],
    [
        "SELECT COUNT(*) FROM claims c JOIN (VALUES ('I10'), ('E11')) AS v(x) ON v.x = c.icd10",
        "SELECT COUNT(*) FROM claims c JOIN (VALUES ('I10\"); text \"E11')) AS v(x) ON v.x = c.icd10",
    ],
    // Two namings of one list are two relations.
    [
        "SELECT COUNT(*) FROM claims c JOIN (VALUES (1), (2)) AS a(i) ON c.points > a.i JOIN (VALUES (1), (2)) AS b(i) ON c.points < b.i",
        "SELECT COUNT(*) FROM claims c JOIN (VALUES (1), (2)) AS a(i) ON c.points > a.i JOIN (VALUES (1), (2)) AS b(i) ON c.points < a.i",
    ],
    [
        "SELECT SUM(w) FROM (SELECT pid, COUNT(icd10) OVER (PARTITION BY pid) AS w FROM claims) t",
        "SELECT SUM(w) FROM (SELECT pid, COUNT(DISTINCT icd10) OVER (PARTITION BY pid) AS w FROM claims) t",
    ],
    [
        "SELECT COUNT(DISTINCT c.facility_id) FROM claims c JOIN kaigo.services s ON s.pid = c.pid",
        "SELECT COUNT(DISTINCT s.facility_id) FROM claims c JOIN kaigo.services s ON s.pid = c.pid",
    ],
    // What NOT is about.
    [
        "SELECT CASE WHEN NOT ((points IN (5, 7)) IS TRUE) THEN 'a' ELSE 'b' END AS g, COUNT(*) FROM claims GROUP BY 1",
        "SELECT CASE WHEN (NOT (points IN (5, 7))) IS TRUE THEN 'a' ELSE 'b' END AS g, COUNT(*) FROM claims GROUP BY 1",
    ],
    ["SELECT SUM(points) FROM claims WHERE NOT points > 5", "SELECT SUM(points) FROM claims WHERE points < 5"],
    ["SELECT SUM(points) FROM claims WHERE points IS NOT NULL OR ym = 202404", "SELECT SUM(points) FROM claims WHERE ym = 202404"],
];

#[test]
fn what_means_the_same_has_the_same_words() {
    for [a, b] in SAME {
        assert_eq!(words(a), words(b), "{a}\n{b}");
    }
}

#[test]
fn what_does_not_mean_the_same_has_other_words() {
    for [a, b] in DIFFERENT {
        assert_ne!(words(a), words(b), "{a}\n{b}");
    }
}

/// A number that was released in the same run is what it is, wherever it stands: in a key, a filter of an aggregate, a CASE.
#[test]
fn a_released_number_is_named_wherever_it_stands() {
    for asked in [
        "SELECT COUNT(*) FROM claims WHERE points > (SELECT AVG(points) FROM claims)",
        "SELECT CASE WHEN points > (SELECT AVG(points) FROM claims) THEN 'high' ELSE 'low' END AS g, COUNT(*) FROM claims GROUP BY 1",
        "SELECT COUNT(DISTINCT pid) FILTER (WHERE points > (SELECT AVG(points) FROM claims)) FROM claims",
        "SELECT SUM(CASE WHEN points > (SELECT AVG(points) FROM claims) THEN points END) FROM claims",
        "SELECT COUNT(DISTINCT CASE WHEN points > (SELECT AVG(points) FROM claims) THEN icd10 END) FROM claims",
    ] {
        let last = words(asked).pop().unwrap();
        assert!(last.contains("_released_"), "{asked}\n{last}");
    }
}

#[test]
fn a_facility_or_an_empty_person_names_no_row() {
    for (sql, said) in [
        ("SELECT COUNT(*) FROM (SELECT DISTINCT pid, facility_id FROM claims) t", "facility"),
        (two_left!("SUM(1)", "b.pid = p.pid", " GROUP BY a.pid"), "outer join"),
        ("SELECT COUNT(*) FROM (SELECT DISTINCT l.pid FROM patients p LEFT JOIN labs l ON l.pid = p.pid) t", "outer join"),
        (
            "SELECT COUNT(*) FROM (SELECT l.pid FROM patients p LEFT JOIN labs l ON l.pid = p.pid UNION ALL SELECT pid FROM claims) t",
            "outer join",
        ),
    ] {
        let refusal = planned(sql, &guests()).map(|_| ()).unwrap_err();
        assert!(refusal.detail.contains(said) && refusal.ja.is_some(), "{sql}: {refusal}");
    }
}

/// What breaks ties in a query's window, by where it comes from.
fn ties(sql: &str) -> Vec<String> {
    let Tracked { points, .. } = planned(sql, &guests()).unwrap_or_else(|r| panic!("{sql}\n    {r}"));
    let plans = points.iter().map(|p| p.question.rows.display_indent().to_string()).collect::<String>();
    let alias =
        |piece: &str| piece.trim_start_matches("Projection: ").split_once(" AS ").map(|(from, to)| (to.to_owned(), from.to_owned()));
    let aliases: std::collections::BTreeMap<String, String> =
        plans.lines().flat_map(|line| line.trim().split(", ").filter_map(alias)).collect();
    let window = plans.split("ORDER BY [").nth(1).and_then(|rest| rest.split(']').next()).unwrap();
    let column = |by: &str| by.split(' ').next().map(|c| aliases.get(c).cloned().unwrap_or_default()).unwrap_or_default();
    window.split(", ").map(column).collect()
}

#[test]
fn ties_are_broken_by_the_whole_row_whatever_else_is_asked() {
    let first =
        "SELECT SUM(points) FROM (SELECT pid, points, ROW_NUMBER() OVER (PARTITION BY pid ORDER BY ym) r FROM claims) t WHERE r = 1";
    let other = "SELECT AVG(points), COUNT(DISTINCT CASE WHEN icd10 = 'E11' THEN pid END) FROM \
        (SELECT *, ROW_NUMBER() OVER (PARTITION BY pid ORDER BY ym) r FROM claims) t WHERE r = 1";
    let told = ties(first);
    assert_eq!(told, ties(other), "one plan is one choice of rows");
    // The facility too, though no rule protects those of this table; month, disease and points.
    assert_eq!(told.len(), 5, "{told:?}");
    let relation = |sql: &str| planned(sql, &guests()).unwrap().points.into_iter().map(|p| p.question.relation).collect::<Vec<_>>();
    assert_eq!(relation(first), relation(other));
    // A join's two sides are one row, in whichever order they are written.
    let joined = |from: &str| {
        format!(
            "SELECT SUM(points) FROM (SELECT c.pid, points, ROW_NUMBER() OVER (PARTITION BY c.pid ORDER BY ym) r FROM {from}) t WHERE r = 1"
        )
    };
    let (one, turned) =
        (ties(&joined("claims c JOIN patients p ON p.pid = c.pid")), ties(&joined("patients p JOIN claims c ON p.pid = c.pid")));
    assert_eq!(one, turned);
    assert!(one.len() > told.len(), "{one:?}");
}

#[test]
fn what_a_guest_can_give_is_known_from_domains_only_where_every_row_has_a_value() {
    use crate::guest::shelf::Argument;
    let known = |month: &str, join: &str| {
        let sql = format!(
            "SELECT guest.band(p.birth_ym, {month}) AS b, COUNT(*) AS n FROM patients p {join} JOIN claims c ON p.pid = c.pid GROUP BY guest.band(p.birth_ym, {month})"
        );
        let Tracked { calls, .. } = planned(&sql, &guests()).unwrap_or_else(|r| panic!("{sql}\n    {r}"));
        calls[0].call.arguments.iter().map(|a| matches!(a, Argument::Column(_, Some(_), _))).collect::<Vec<_>>()
    };
    assert_eq!(known("c.ym", ""), [true, true]);
    assert_eq!(known("c.ym", "LEFT"), [true, false], "who has no claim has no month, and so no label");
}
