//! What publication rules make of real SQL, before any data: wherever a municipality hides in a text, it is found.

use std::{collections::BTreeSet, path::Path};

use visiting_policies::{
    Code,
    disclosure::Site,
    rules::NO_VALUE,
    terms::{Form, Period, Scope},
};

use super::*;
use crate::{
    plan::{PermitSchema, plan},
    question::SiteColumn,
};

fn listings() -> Vec<Listing> {
    let variants = Path::new(env!("CARGO_MANIFEST_DIR")).join("../catalog/listings/variants");
    visiting_catalog::load_with(Some(&variants)).unwrap()
}

fn schema(listings: &[Listing]) -> PermitSchema {
    let names = |t: &visiting_catalog::Table| t.columns.iter().map(|c| c.name.clone()).collect::<BTreeSet<_>>();
    let of = |l: &Listing| (l.id.clone(), l.tables.iter().map(|t| (t.name.clone(), names(t))).collect());
    let columns = listings.iter().filter(|l| ["regions", "ndb", "kaigo"].contains(&l.id.as_str())).map(of).collect();
    let scope = Scope { columns, period: Period { from: 202401, to: 202412 }, form: Form::Pseudonymised };
    PermitSchema::new(&visiting_catalog::plan(&scope, listings).unwrap())
}

/// The rules of the text's last release point.
fn asked(sql: &str) -> Result<Applied, Refusal> {
    let (listings, book, municipalities) = (listings(), RuleBook::default(), Municipalities::synthetic());
    let rules = RulesInForce { book: &book, municipalities: &municipalities };
    let tracked = plan(sql, &schema(&listings), 10, &|_, _| true).unwrap_or_else(|r| panic!("{sql}: {r}"));
    let mut last = Err(Refusal::not_found("release point"));
    for point in &tracked.points {
        last = match rules.apply(&listings, &point.question) {
            Err(Fault::Refused(refusal)) => return Err(refusal),
            other => Ok(other.unwrap_or_else(|e| panic!("{sql}: {e}"))),
        };
    }
    last
}

fn forbidden(sql: &str) {
    let refusal = asked(sql).err().unwrap_or_else(|| panic!("not refused: {sql}"));
    assert_eq!(refusal.code, Code::RuleForbids, "{sql}: {refusal}");
    assert!(refusal.ja.is_some(), "{sql}");
}

/// Fewest people of a cell with these labels.
fn least(sql: &str, labels: &[&str]) -> Option<u64> {
    asked(sql).unwrap_or_else(|r| panic!("{sql}: {r}")).cell(labels).map(|r| r.people_min)
}

const COUNT: &str = "SELECT COUNT(DISTINCT pid) AS n FROM residents";

#[test]
fn a_plain_key_is_judged_by_its_labels_at_its_place() {
    let sql = "SELECT sex, municipality, COUNT(DISTINCT pid) AS n FROM residents GROUP BY sex, municipality";
    assert_eq!(least(sql, &["1", "99202"]), Some(20));
    assert_eq!(least(sql, &["1", "99304"]), None);
    assert_eq!(least(sql, &["1", ""]), Some(10), "a total");
    assert_eq!(least(sql, &["1", NO_VALUE]), None, "a row without a municipality is no total");
}

#[test]
fn a_municipality_in_a_condition_is_found_wherever_it_hides() {
    let village = "municipality = '99304'";
    for sql in [
        format!("{COUNT} WHERE {village}"),
        format!("{COUNT} WHERE sex = 1 OR (sex = 2 AND {village})"),
        format!("{COUNT} WHERE NOT ({village})"),
        format!("{COUNT} WHERE municipality LIKE '9930%'"),
        format!("{COUNT} WHERE left(municipality, 4) = '9930'"),
        format!("{COUNT} WHERE municipality || 'x' = '99304x'"),
        format!("{COUNT} WHERE CASE WHEN {village} THEN 1 ELSE 0 END = 1"),
        format!("{COUNT} WHERE pid IN (SELECT pid FROM residents WHERE {village})"),
        format!("{COUNT} WHERE pid NOT IN (SELECT pid FROM residents WHERE {village})"),
        format!("{COUNT} r WHERE EXISTS (SELECT 1 FROM residents v WHERE v.pid = r.pid AND v.{village})"),
        format!("{COUNT} JOIN (SELECT pid FROM residents WHERE {village}) v USING (pid)"),
        format!(
            "SELECT COUNT(DISTINCT r.pid) AS n FROM residents r LEFT JOIN residents v ON r.pid = v.pid AND v.{village} WHERE v.sex = 1"
        ),
        format!(
            "SELECT COUNT(DISTINCT pid) AS n FROM (SELECT pid, COUNT(*) FILTER (WHERE {village}) AS c FROM residents GROUP BY pid) WHERE c > 0"
        ),
        format!(
            "SELECT COUNT(DISTINCT pid) AS n FROM (SELECT pid, COUNT(*) FILTER (WHERE {village}) OVER (PARTITION BY pid) AS c FROM residents) WHERE c > 0"
        ),
        format!(
            "SELECT COUNT(DISTINCT pid) AS n FROM (SELECT pid FROM residents WHERE {village} UNION ALL SELECT pid FROM residents WHERE sex = 1)"
        ),
        "SELECT COUNT(DISTINCT pid) AS n FROM residents JOIN (VALUES ('99304')) AS v(m) ON municipality = v.m".to_owned(),
    ] {
        forbidden(&sql);
    }
    assert_eq!(least(&format!("{COUNT} WHERE municipality = '99101'"), &[]), Some(10));
    assert_eq!(least(&format!("{COUNT} WHERE pid IN (SELECT pid FROM residents WHERE municipality = '99202')"), &[]), Some(20));
    assert_eq!(least(&format!("{COUNT} WHERE sex = 1"), &[]), Some(10));
}

#[test]
fn a_municipality_in_a_measure_is_found_as_well() {
    for measure in [
        "SUM(CASE WHEN municipality = '99304' THEN 1 ELSE 0 END)",
        "AVG(CASE WHEN municipality = '99304' THEN age END)",
        "COUNT(*) FILTER (WHERE municipality = '99304')",
        "COUNT(DISTINCT pid) FILTER (WHERE municipality = '99304')",
        "COUNT(DISTINCT CASE WHEN municipality = '99304' THEN pid END)",
        "COUNT(DISTINCT CASE WHEN municipality = '99304' THEN age END)",
        "SUM(age * CASE WHEN municipality = '99304' THEN 1 ELSE 0 END)",
        "COUNT(DISTINCT left(municipality, 4))",
    ] {
        forbidden(&format!("SELECT COUNT(DISTINCT pid) AS n, {measure} AS x FROM residents"));
    }
    assert_eq!(least("SELECT COUNT(DISTINCT pid) FILTER (WHERE municipality = '99202') AS n FROM residents", &[]), Some(20));
    assert_eq!(least("SELECT COUNT(DISTINCT municipality) AS n FROM residents", &[]), Some(10), "a number of places names none");
}

#[test]
fn a_key_that_is_made_of_a_municipality_is_judged_as_one() {
    for key in [
        "CASE WHEN municipality = '99304' THEN 'a' ELSE 'b' END",
        "CASE WHEN municipality <> '99304' THEN municipality END",
        "NULLIF(municipality, '99304')",
        "municipality = '99304'",
        "CASE WHEN sex = 1 THEN municipality ELSE 'x' END",
        "CASE WHEN municipality = '99101' AND sex = 1 THEN 1 END",
    ] {
        forbidden(&format!("SELECT {key} AS k, COUNT(DISTINCT pid) AS n FROM residents GROUP BY 1"));
    }
}

#[test]
fn a_condition_beside_the_same_group_leaves_rows_out_but_not_beside_a_total() {
    let by = |group: &str| {
        format!("SELECT municipality, COUNT(DISTINCT pid) AS n FROM residents WHERE municipality IN ('99304', '99101') {group}")
    };
    assert_eq!(least(&by("GROUP BY municipality"), &["99101"]), Some(10));
    assert_eq!(least(&by("GROUP BY municipality"), &["99304"]), None);
    forbidden(&by("GROUP BY ROLLUP (municipality)"));
    let elsewhere = "SELECT a.municipality, COUNT(DISTINCT a.pid) AS n FROM residents a JOIN residents b ON a.pid = b.pid";
    forbidden(&format!("{elsewhere} WHERE b.municipality = '99304' GROUP BY a.municipality"));
    forbidden(&format!("{elsewhere} WHERE a.pid IN (SELECT pid FROM residents WHERE municipality = '99304') GROUP BY a.municipality"));
}

#[test]
fn the_far_side_of_a_join_has_its_ladder_too() {
    let sql =
        "SELECT r.municipality, COUNT(DISTINCT p.pid) AS n FROM patients p LEFT JOIN residents r ON p.pid = r.pid GROUP BY r.municipality";
    assert_eq!(least(sql, &["99202"]), Some(20));
    assert_eq!((least(sql, &["99304"]), least(sql, &[NO_VALUE])), (None, None));
}

#[test]
fn bands_hold_in_groups_conditions_and_measures() {
    let by = |key: &str| format!("SELECT {key} AS k, COUNT(DISTINCT pid) AS n FROM residents GROUP BY 1");
    for key in ["age", "CASE WHEN age > 90 THEN 1 ELSE 0 END", "birth_weight", "birth_weight / 50 * 50", "death_hour"] {
        forbidden(&by(key));
    }
    for condition in ["age = 90", "birth_weight = 2350", "death_hour = 3", "pid IN (SELECT pid FROM residents WHERE age > 90)"] {
        forbidden(&format!("{COUNT} WHERE {condition}"));
    }
    forbidden("SELECT SUM(CASE WHEN age > 90 THEN 1 ELSE 0 END) AS n FROM residents");
    for condition in ["age >= 85", "birth_weight BETWEEN 2300 AND 2399", "pid IN (SELECT pid FROM residents WHERE age >= 65)"] {
        assert_eq!(least(&format!("{COUNT} WHERE {condition}"), &[]), Some(10));
    }
    assert!(asked("SELECT AVG(age) AS a, SUM(CASE WHEN age >= 65 THEN birth_weight END) AS b FROM residents").is_ok());
}

#[test]
fn what_a_refusal_says_to_write_instead_is_taken() {
    for key in ["age", "birth_weight", "death_hour"] {
        let refusal = asked(&format!("SELECT {key}, COUNT(DISTINCT pid) AS n FROM residents GROUP BY {key}")).unwrap_err();
        let (_, fix) = refusal.detail.split_once("group by ").unwrap();
        let (fix, _) = fix.split_once(", and put").unwrap();
        let sql = format!("SELECT {fix} AS k, COUNT(DISTINCT pid) AS n FROM residents GROUP BY 1");
        assert!(asked(&sql).is_ok(), "{sql}: {}", asked(&sql).unwrap_err());
        assert!(refusal.ja.unwrap().contains(fix));
    }
}

#[test]
fn municipality_and_insurer_do_not_meet_anywhere() {
    for sql in [
        "SELECT municipality, insurer, COUNT(DISTINCT pid) AS n FROM residents GROUP BY municipality, insurer",
        "SELECT insurer, COUNT(DISTINCT pid) AS n FROM residents WHERE municipality = '99101' GROUP BY insurer",
        "SELECT municipality, COUNT(DISTINCT pid) FILTER (WHERE insurer = 1) AS n FROM residents GROUP BY municipality",
        "SELECT municipality, AVG(insurer) AS n FROM residents GROUP BY municipality",
        "SELECT insurer, COUNT(DISTINCT municipality) AS n FROM residents GROUP BY insurer",
        "SELECT COUNT(DISTINCT pid) AS n FROM residents WHERE municipality = '99101' AND pid IN (SELECT pid FROM residents WHERE insurer = 1)",
    ] {
        forbidden(sql);
    }
    assert!(asked("SELECT insurer, COUNT(DISTINCT pid) AS n FROM residents GROUP BY insurer").is_ok());
}

#[test]
fn the_strictest_of_two_databases_holds() {
    let count = |c: &str| format!("SELECT COUNT(DISTINCT r.pid) AS n FROM residents r JOIN recipients k ON r.pid = k.pid WHERE r.{c}");
    // The LTC-DB has bands of five years and facilities; regions is under the NDB's pack, which has neither.
    assert!(asked(&format!("{COUNT} WHERE age BETWEEN 66 AND 69")).is_ok());
    forbidden(&count("age BETWEEN 66 AND 69"));
    forbidden(&format!("{COUNT} WHERE age BETWEEN 66 AND 69 AND pid IN (SELECT pid FROM recipients)"));
    let joined = asked(&count("age BETWEEN 65 AND 69")).unwrap();
    assert_eq!((joined.rules.facilities_min, asked(COUNT).unwrap().rules.facilities_min), (3, 0));
}

#[test]
fn a_month_of_birth_follows_the_bands_of_ages() {
    let by = |key: &str| format!("SELECT {key} AS k, COUNT(DISTINCT pid) AS n FROM recipients GROUP BY 1");
    let born = |c: &str| format!("SELECT COUNT(DISTINCT pid) AS n FROM recipients WHERE {c}");
    for sql in [
        by("birth_ym"),
        by("birth_ym / 100"),
        by("birth_ym / 12"),
        by("CASE WHEN birth_ym < 195507 THEN 1 ELSE 2 END"),
        born("birth_ym = 195501"),
        born("birth_ym BETWEEN 195501 AND 195812"),
        born("pid IN (SELECT pid FROM recipients WHERE birth_ym = 195501)"),
        "SELECT COUNT(DISTINCT pid) FILTER (WHERE birth_ym < 195507) AS n FROM recipients".to_owned(),
    ] {
        forbidden(&sql);
    }
    let bands = "CASE WHEN (2024 - birth_ym / 100) <= 64 THEN 0 WHEN (2024 - birth_ym / 100) >= 95 THEN 95 ELSE (2024 - birth_ym / 100) / 5 * 5 END";
    let refused = asked(&by("birth_ym")).unwrap_err();
    assert!(refused.detail.contains(bands), "{refused}");
    for sql in [by(bands), born("birth_ym BETWEEN 195501 AND 195912"), born("birth_ym >= 196001")] {
        assert!(asked(&sql).is_ok(), "{sql}: {:?}", asked(&sql));
    }
    assert!(asked("SELECT AVG(birth_ym) AS m FROM recipients").is_ok(), "a mean is no group");
}

#[test]
fn a_refusal_by_a_rule_points_at_the_column() {
    let place = |sql: &str| asked(sql).unwrap_err().at.map(|at| (at.line, at.column));
    assert_eq!(place("SELECT COUNT(DISTINCT pid) AS n FROM residents\nWHERE sex = 1 AND municipality = '99304'"), Some((2, 19)));
    assert_eq!(place("SELECT birth_ym, COUNT(DISTINCT pid) AS n FROM recipients\nGROUP BY birth_ym"), Some((2, 10)));
    assert_eq!(place("SELECT COUNT(DISTINCT pid) AS n FROM residents r WHERE r.insurer = 1\n AND r.municipality = '99101'"), Some((2, 6)));
    assert_eq!(
        place("SELECT COUNT(DISTINCT pid) AS n FROM residents WHERE pid IN\n(SELECT pid FROM residents WHERE age = 90)"),
        Some((2, 34))
    );
    let joined =
        "SELECT COUNT(DISTINCT r.pid) AS n FROM residents r LEFT JOIN residents v ON r.pid = v.pid\nWHERE v.municipality = '99304'";
    assert_eq!(place(joined), Some((2, 7)));
}

#[test]
fn a_household_goes_along_and_stands_nowhere() {
    let sites = |sql: &str| {
        let listings = listings();
        let tracked = plan(sql, &schema(&listings), 10, &|_, site| site == Site::Household)?;
        Ok::<_, Refusal>(tracked.points[0].question.sites.clone())
    };
    let own = SiteColumn { site: Site::Household, table: "regions.residents".to_owned() };
    assert_eq!(sites(COUNT), Ok(vec![own.clone()]));
    let joined = "SELECT COUNT(DISTINCT a.pid) AS n FROM residents a JOIN residents b ON a.pid = b.pid";
    assert_eq!(sites(joined), Ok(vec![own.clone(), own.clone()]));
    assert_eq!(sites("SELECT COUNT(DISTINCT pid) AS n FROM (SELECT pid, MAX(age) AS a FROM residents GROUP BY pid)"), Ok(vec![own]));
    for sql in [
        "SELECT household_id, COUNT(DISTINCT pid) AS n FROM residents GROUP BY household_id",
        "SELECT COUNT(DISTINCT household_id) AS n FROM residents",
        "SELECT COUNT(DISTINCT pid) AS n FROM residents WHERE household_id = 'H1'",
        "SELECT COUNT(DISTINCT a.pid) AS n FROM residents a JOIN residents b ON a.pid = b.pid AND a.household_id = b.household_id",
        "SELECT COUNT(DISTINCT pid) AS n FROM (SELECT pid, COUNT(DISTINCT household_id) AS h FROM residents GROUP BY pid) WHERE h > 1",
    ] {
        let refused = sites(sql).unwrap_err();
        assert_eq!(refused.code, Code::ColumnUse, "{sql}");
        assert!(refused.ja.is_some_and(|ja| ja.contains("世帯キー")) && refused.at.is_some(), "{sql}");
    }
}

#[test]
fn names_in_words_are_whole_and_literals_are_no_conditions() {
    let listings = listings();
    let columns = Columns::of(&listings);
    let read = |words: &str| columns.in_words(words, false).into_iter().map(|k| (k.name, k.named)).collect::<Vec<_>>();
    let age = "regions.residents.age";
    assert_eq!(read(&format!("all({age}#2? in [(0, 4), (7, 9)],x)")), [(format!("{age}#2?"), Named::Ranges(vec![(0, 4), (7, 9)]))]);
    assert_eq!(read(&format!("{age}_class in [(0, 4)] and x{age} in [(0, 4)]")), []);
    for words in [format!("({age} < Int64(5))"), format!("{age} in list [(0, 4)]"), format!("{age} in [(0, x)]"), format!("f({age})")] {
        assert_eq!(read(&words), [(age.to_owned(), Named::Unreadable)], "{words}");
    }
    assert_eq!(columns.in_words(&format!("{age} if {age} in [(65, 109)]"), true).len(), 2);
}
