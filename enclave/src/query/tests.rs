//! What the language takes and what it refuses, and that equal questions have equal plans.

use visiting_catalog::load_with;
use visiting_policies::{
    Code,
    terms::{Form, Period, Scope},
};

use super::{Item, PermitSchema, Query, parse};

/// A permit over all of the NDB-like and the LTC-like listing, but for `yj_code`.
pub(crate) fn schema() -> PermitSchema {
    let listings = load_with(None).unwrap();
    let chosen = listings.iter().filter(|l| l.id == "ndb" || l.id == "kaigo");
    let tables = |l: &visiting_catalog::Listing| {
        let names = |t: &visiting_catalog::Table| t.columns.iter().map(|c| c.name.clone()).filter(|c| c != "yj_code").collect();
        l.tables.iter().map(|t| (t.name.clone(), names(t))).collect()
    };
    let scope = Scope {
        columns: chosen.map(|l| (l.id.clone(), tables(l))).collect(),
        period: Period { from: 202401, to: 202412 },
        form: Form::Pseudonymised,
    };
    PermitSchema::new(&visiting_catalog::plan(&scope, &listings).unwrap())
}

pub(crate) fn query(sql: &str) -> Query {
    parse(sql, &schema()).unwrap_or_else(|r| panic!("{sql}: {r}"))
}

#[test]
fn the_language_is_taken() {
    let q = query(
        "SELECT p.sex, COUNT(DISTINCT p.pid) AS n, COUNT(*), SUM(c.points), AVG(points) FROM ndb.patients p JOIN claims c USING (pid) WHERE icd10 LIKE 'E1%' AND NOT (pref = 31 OR ym < 202403) GROUP BY p.sex",
    );
    assert_eq!(q.outputs.iter().map(|(t, _)| t.as_str()).collect::<Vec<_>>(), ["sex", "n", "rows", "sum_points", "avg_points"]);
    assert_eq!(q.outputs[1].1, Item::People);
    query("SELECT COUNT(*) FROM ndb.patients JOIN kaigo.recipients ON patients.pid = recipients.pid");
    query("select count(distinct pid) from PATIENTS where SEX in (1,2) and pref between 1 and 10");
}

#[test]
fn everything_else_is_refused() {
    let sqls = include_str!("refused.sql").lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with("--"));
    for sql in sqls {
        let refusal = parse(sql, &schema()).expect_err(sql);
        assert!(refusal.code != Code::OperatorProblem, "{sql}: {refusal}");
    }
}

#[test]
fn what_is_not_permitted_answers_as_what_does_not_exist() {
    let refused = |sql: &str| parse(sql, &schema()).unwrap_err();
    let outside = refused("SELECT COUNT(*) FROM claims WHERE yj_code = '3969'");
    assert_eq!(outside, refused("SELECT COUNT(*) FROM claims WHERE no_such_column = '3969'"));
    assert_eq!(refused("SELECT COUNT(*) FROM omop.persons"), refused("SELECT COUNT(*) FROM none.such"));
}

#[test]
fn equal_questions_have_equal_plans() {
    let grouped = query("SELECT pref, COUNT(DISTINCT pid) FROM patients WHERE sex = 1 GROUP BY pref");
    let pref = grouped.keys[0].values.bounds().0;
    let plain = query(&format!("SELECT COUNT(DISTINCT pid) FROM patients WHERE pref = {pref} AND NOT sex <> 1"));
    assert_eq!(grouped.cell_plan(&[pref]), plain.cell_plan(&[]));
    let joined = query("SELECT COUNT(*) FROM patients JOIN claims USING (pid) WHERE sex = 1");
    let other_way = query("SELECT COUNT(*) FROM claims c JOIN patients p ON p.pid = c.pid WHERE (p.sex IN (1))");
    assert_eq!(joined.base_plan(), other_way.base_plan());
}
