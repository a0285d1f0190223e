//! Released tables equal an independent computation: DuckDB and exact fractions over the source files, `independent/recompute.py`.

use std::{collections::BTreeSet, process::Command};

use visiting_tests::{
    guest,
    journey::{CONDITIONS, JOINED, OMOP_COLUMNS, SUMS},
    skip::skip,
    world::{World, omop_set, text, tree},
};

use crate::base;

/// The queries of the two synthetic databases, by their names in `recompute.py`.
const QUERIES: &[(&str, &str)] = &[
    ("joined", JOINED),
    ("sums", SUMS),
    (
        "sparse",
        "SELECT p.pref, c.icd10, COUNT(DISTINCT pid) AS people, SUM(points) FROM ndb.claims c JOIN ndb.patients p ON c.pid = p.pid \
         WHERE p.sex = 2 AND c.ym BETWEEN 202404 AND 202409 GROUP BY p.pref, c.icd10",
    ),
    (
        "labs",
        "SELECT pref, jlac10, AVG(value), SUM(value), COUNT(DISTINCT labs.pid) FROM ndb.labs JOIN ndb.patients USING (pid) GROUP BY pref, jlac10",
    ),
    (
        "services",
        "SELECT r.pref, service_code, COUNT(DISTINCT pid), COUNT(*), SUM(units), AVG(units) FROM kaigo.services JOIN kaigo.recipients r USING (pid) \
         GROUP BY r.pref, service_code",
    ),
    (
        "both",
        "SELECT icd10, COUNT(DISTINCT pid), COUNT(*), SUM(units), SUM(points) FROM ndb.claims JOIN kaigo.services USING (pid) GROUP BY icd10",
    ),
    ("total", "SELECT COUNT(DISTINCT pid), COUNT(*), AVG(points) FROM ndb.claims"),
];

/// Queries that call guests, with their names in `recompute.py`, where the same functions stand as CASE.
const GUEST_QUERIES: &[(&str, &str)] = &[
    (
        "risk_groups",
        "SELECT guest.risk_band(p.birth_ym, c.ym, p.sex, r.care_level) AS band, p.sex, COUNT(DISTINCT pid) AS people, SUM(points), COUNT(*) \
         FROM ndb.patients p JOIN ndb.claims c USING (pid) JOIN kaigo.recipients r USING (pid) \
         GROUP BY guest.risk_band(p.birth_ym, c.ym, p.sex, r.care_level), p.sex",
    ),
    (
        "risk_filter",
        "SELECT icd10, COUNT(DISTINCT pid) AS people, AVG(points) FROM ndb.patients p JOIN ndb.claims c USING (pid) \
         JOIN kaigo.recipients r USING (pid) WHERE NOT guest.risk_band(p.birth_ym, c.ym, p.sex, r.care_level) = 'low' \
         AND guest.risk_band(p.birth_ym, 202401, p.sex, 7) IN ('medium', 'high') GROUP BY icd10",
    ),
    (
        "guest_groups",
        "SELECT guest.band(p.birth_ym, p.sex) AS band, guest.kin(icd10, points) AS kin, COUNT(DISTINCT pid) AS people, SUM(points), AVG(points) \
         FROM ndb.patients p JOIN ndb.claims USING (pid) GROUP BY guest.band(p.birth_ym, p.sex), guest.kin(icd10, points)",
    ),
    (
        "guest_filter",
        "SELECT p.pref, COUNT(DISTINCT pid) AS people, COUNT(*) FROM ndb.claims JOIN ndb.patients p USING (pid) \
         WHERE NOT (guest.kin(icd10, points) = 'diabetes' OR guest.band(p.birth_ym, p.sex) IN ('young', 'old')) GROUP BY p.pref",
    ),
    (
        "guest_literal",
        "SELECT guest.band(birth_ym, 2) AS band, sex, COUNT(DISTINCT pid) AS people FROM ndb.patients \
         WHERE guest.kin('E11', 5) <> 'other' GROUP BY guest.band(birth_ym, 2), sex",
    ),
];

/// Python with duckdb; `None` after saying so.
pub(crate) fn python() -> Option<String> {
    let python = std::env::var("VISITING_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let works = Command::new(&python).args(["-c", "import duckdb"]).output().is_ok_and(|o| o.status.success());
    if !works {
        skip("no python with duckdb; `cargo verify` installs one, or name it in VISITING_PYTHON");
    }
    works.then_some(python)
}

/// The independent table, and the number of non-empty cells and of those under ten people.
pub(crate) fn recompute(python: &str, query: &str, folders: &[String]) -> (String, usize, usize) {
    let script = tree().unwrap().join("tests/independent/recompute.py");
    let out = Command::new(python).arg(script).arg(query).args(folders).output().unwrap();
    let errors = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(out.status.success(), "{errors}");
    let number = |name: &str| errors.split_whitespace().find_map(|w| w.strip_prefix(name)).and_then(|n| n.parse().ok()).unwrap();
    (String::from_utf8(out.stdout).unwrap(), number("cells="), number("under="))
}

/// Compares line by line, so that a difference is readable.
pub(crate) fn compare(name: &str, released: &str, expected: &str) {
    let (ours, theirs): (Vec<&str>, Vec<&str>) = (released.lines().collect(), expected.lines().collect());
    for (number, (a, b)) in ours.iter().zip(&theirs).enumerate() {
        assert_eq!(a, b, "{name}, line {number}");
    }
    assert_eq!(ours.len(), theirs.len(), "{name}: another number of rows");
}

/// The same where the audit of combinations hides a number, or one that would have been repeated then stands for itself: it is not
/// computed independently here (`attack` does), so such lines are counted, and few.
fn compare_but_hidden(name: &str, released: &str, expected: &str) {
    let (ours, theirs): (Vec<&str>, Vec<&str>) = (released.lines().collect(), expected.lines().collect());
    assert_eq!(ours.len(), theirs.len(), "{name}: another number of rows");
    let other: Vec<(&str, &str)> = ours.iter().zip(&theirs).filter(|(a, b)| a != b).map(|(a, b)| (*a, *b)).collect();
    println!("{name}: {} of {} rows are the audit's: {other:?}", other.len(), ours.len());
    for (a, b) in &other {
        let (a, b): (Vec<&str>, Vec<&str>) = (a.split(',').collect(), b.split(',').collect());
        let keys = a.len() - 2;
        assert_eq!(a[..keys], b[..keys], "{name}: other rows");
        assert!(a[keys] == "<k" || b[keys + 1] == "as released before", "{name}: {a:?} instead of {b:?}");
    }
    assert!(other.len() * 20 <= ours.len(), "{name}: {} of {} rows are hidden", other.len(), ours.len());
}

#[test]
fn synthetic_tables_equal_the_independent_computation() {
    let Some(python) = python() else { return };
    let source = base::loaded().join("source");
    let folders = ["ndb", "kaigo"].map(|l| format!("{l}={}", text(&source.join(l))));
    let (mut masked, mut repeated, mut absent) = (0, 0, 0);
    for (name, sql) in QUERIES {
        // A fresh ledger for each: the independent computation knows of no earlier question.
        let (world, permit) = base::running(name);
        let released = base::table(&world, &permit, sql).unwrap();
        let (expected, cells, under) = recompute(&python, name, &folders);
        compare(name, &released, &expected);
        masked += released.matches("<k").count();
        repeated += released.matches("as released before").count();
        absent += under;
        println!("{name}: {} rows released of {cells} cells, {under} under ten people", released.lines().count() - 1);
    }
    assert!(
        masked > 0 && repeated > 0 && absent > 0,
        "the queries do not exercise masks ({masked}), repeats ({repeated}) and absent rows ({absent})"
    );
}

#[test]
fn tables_by_guests_equal_the_independent_computation() {
    let Some(python) = python() else { return };
    let folders = ["ndb", "kaigo"].map(|l| format!("{l}={}", text(&base::loaded().join("source").join(l))));
    for (name, sql) in GUEST_QUERIES {
        let (world, permit) = base::running(name);
        for source in [guest::worked_example().unwrap(), guest::band("band").unwrap(), guest::kin("kin").unwrap()] {
            crate::guests::bind(&world, &permit, &source);
        }
        let released = base::table(&world, &permit, sql).unwrap();
        let (expected, cells, under) = recompute(&python, name, &folders);
        compare(name, &released, &expected);
        println!("{name}: {} rows released of {cells} cells, {under} under ten people", released.lines().count() - 1);
    }
}

#[test]
fn omop_conditions_equal_the_independent_computation() {
    let Some(files) = omop_set() else {
        return skip("shared: the OMOP set is not beside the workspace (../shared/data/omop_synthea1k)");
    };
    let Some(python) = python() else { return };
    let folders = [format!("omop={}", text(files[0].parent().unwrap()))];
    let (shown, cells, under) = conditions(&python, "conditions", CONDITIONS, &folders);
    assert_eq!((cells, under, shown), (229, 101, 128), "conditions by sex: non-empty cells, cells under ten people, rows released");
    let overall = "SELECT condition_concept_id, COUNT(DISTINCT pid) AS people FROM omop.conditions JOIN omop.persons USING (pid) GROUP BY condition_concept_id";
    let (shown, cells, under) = conditions(&python, "overall", overall, &folders);
    assert_eq!((cells, under, shown), (127, 42, 85), "conditions over both sexes");
}

/// Releases a table over the OMOP set from a fresh ledger and compares it; rows released, non-empty cells, cells under ten.
fn conditions(python: &str, name: &str, sql: &str, folders: &[String]) -> (usize, usize, usize) {
    let mut world = World::copy_of(name, base::loaded()).unwrap();
    world.start_all().unwrap();
    let permit = base::permit(&world, OMOP_COLUMNS, (190001, 201912));
    let released = base::table(&world, &permit, sql).unwrap();
    let (expected, cells, under) = recompute(python, name, folders);
    compare_but_hidden(name, &released, &expected);
    let rows: BTreeSet<&str> = released.lines().skip(1).collect();
    (rows.len(), cells, under)
}
