//! What the language takes and what it refuses, and that equal questions have equal plans.

use std::collections::BTreeMap;

use visiting_catalog::load_with;
use visiting_policies::{
    Code,
    terms::{Form, Period, Scope},
};

use super::{Item, PermitSchema, Query, Signature, Values, parse};

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

/// The same with two guests of three and two labels; `other` is another module under the same declaration.
fn with_guests(band: &str, other: &str) -> PermitSchema {
    let signature = |digest: &str, manifest: &str| Signature { digest: digest.to_owned(), manifest: toml::from_str(manifest).unwrap() };
    schema().with_guests(BTreeMap::from([
        ("band".to_owned(), signature(band, BAND)),
        ("again".to_owned(), signature(other, BAND)),
        ("kin".to_owned(), signature("sha256:kin", KIN)),
    ]))
}

/// Month of birth and sex to a band.
const BAND: &str = r#"
abi = 1
name = "band"
export = "f"
params = [{ name = "born", kind = "int" }, { name = "sex", kind = "int" }]
labels = [{ value = 0, label = "low" }, { value = 1, label = "middle" }, { value = 2, label = "high" }]
"#;

/// A disease and a measure to yes or no.
const KIN: &str = r#"
abi = 1
name = "kin"
export = "f"
params = [{ name = "disease", kind = "text" }, { name = "amount", kind = "decimal" }]
labels = [{ value = 7, label = "yes" }, { value = 3, label = "no" }]
"#;

pub(crate) fn guests() -> PermitSchema {
    with_guests("sha256:one", "sha256:two")
}

pub(crate) fn query(sql: &str) -> Query {
    parse(sql, &guests()).unwrap_or_else(|r| panic!("{sql}: {r}"))
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
        let refusal = parse(sql, &guests()).expect_err(sql);
        assert!(refusal.code != Code::OperatorProblem, "{sql}: {refusal}");
    }
}

#[test]
fn guests_are_taken_as_keys_and_in_conditions() {
    let q = query(
        "SELECT guest.band(birth_ym, p.sex), guest.kin(icd10, points) AS kin, COUNT(DISTINCT p.pid) FROM patients p JOIN claims USING (pid) \
         WHERE GUEST.Band(birth_ym, 2) <> 'low' AND (guest.kin('E11', 7) NOT IN ('no')) GROUP BY guest.band((birth_ym), sex), guest.kin(icd10, points)",
    );
    assert_eq!(q.outputs.iter().map(|(t, _)| t.as_str()).collect::<Vec<_>>(), ["band", "kin", "people"]);
    assert_eq!(q.calls().len(), 4, "two keys and two calls with literals");
    assert_eq!(q.keys[0].values, Values::Labels { labels: ["low", "middle", "high"].map(str::to_owned).to_vec(), reachable: None });
    assert_eq!(q.keys[0].values.count(), 4, "rows without a label are a group");
}

#[test]
fn a_refusal_about_a_guest_says_what_to_do() {
    let refused = |sql: &str| {
        let refusal = parse(sql, &guests()).unwrap_err();
        (refusal.code, refusal.detail)
    };
    let (code, detail) = refused("SELECT COUNT(*) FROM patients WHERE guest.band(birth_ym, sex) = 'lo'");
    assert_eq!(
        (code, detail.as_str()),
        (Code::LiteralOutsideDomain, "guest.band is compared with its declared labels only: 'low', 'middle', 'high'")
    );
    let (code, detail) = refused("SELECT SUM(guest.band(birth_ym, sex)) FROM patients");
    assert!(code == Code::SqlNotOffered && detail.contains("GROUP BY guest.name(...) and count people"), "{detail}");
    assert_eq!(refused("SELECT COUNT(DISTINCT (guest.band(birth_ym, sex))) FROM patients").1, detail);
    assert_eq!(refused("SELECT AVG(1 + guest.band(birth_ym, sex)) FROM patients").1, detail);
    let (code, detail) = refused("SELECT COUNT(*) FROM patients WHERE guest.band(pid, sex) = 'low'");
    assert!(code == Code::ColumnUse && detail.contains("person key"), "{detail}");
    let (code, detail) = refused("SELECT COUNT(*) FROM claims WHERE guest.kin(facility_id, points) = 'yes'");
    assert!(code == Code::ColumnUse && detail.contains("facility key"), "{detail}");
    let (code, detail) = refused("SELECT COUNT(*) FROM patients WHERE guest.band(sex) = 'low'");
    assert!(code == Code::SqlNotOffered && detail.contains("takes 2 arguments: born (a column of whole numbers), sex"), "{detail}");
}

#[test]
fn a_guest_that_is_not_bound_answers_as_a_column_that_does_not_exist() {
    let refused = |sql: &str| parse(sql, &guests()).unwrap_err();
    let column = refused("SELECT COUNT(*) FROM patients WHERE no_such = 1");
    assert_eq!(refused("SELECT COUNT(*) FROM patients WHERE guest.none(sex) = 'low'"), column);
    assert_eq!(refused("SELECT guest.none(sex), COUNT(*) FROM patients GROUP BY guest.none(sex)"), column);
    assert_eq!(refused("SELECT COUNT(*) FROM patients WHERE guest.none(no_such) = 'low'"), column);
    assert_eq!(parse("SELECT COUNT(*) FROM patients WHERE guest.band(birth_ym, sex) = 'low'", &schema()).unwrap_err(), column);
}

#[test]
fn a_plan_knows_a_guest_by_its_digest_and_its_arguments() {
    let plan = |permit: &PermitSchema, name: &str, condition: &str| {
        parse(&format!("SELECT COUNT(*) FROM patients WHERE {}", condition.replace('G', &format!("guest.{name}"))), permit)
            .unwrap()
            .cell_plan(&[])
    };
    let is_low = "G(birth_ym, sex) = 'low'";
    let permit = guests();
    // The same condition however it is said; the labels are a set within the declared ones.
    for same in [
        "NOT G(birth_ym, sex) <> 'low'",
        "G(birth_ym, patients.sex) NOT IN ('high', 'middle')",
        "'low' = G(birth_ym, sex) AND sex IN (1, 2)",
    ] {
        assert_eq!(plan(&permit, "band", is_low), plan(&permit, "band", same), "{same}");
    }
    // Two names of one digest are one guest; one name of two digests, another module under the same declaration, is two.
    let twins = with_guests("sha256:one", "sha256:one");
    assert_eq!(plan(&twins, "band", is_low), plan(&twins, "again", is_low));
    assert_ne!(plan(&permit, "band", is_low), plan(&permit, "again", is_low));
    assert_ne!(plan(&permit, "band", is_low), plan(&with_guests("sha256:three", "sha256:two"), "band", is_low));
    // Other arguments are another question, also as literals.
    let others = ["G(sex, birth_ym) = 'low'", "G(birth_ym, 1) = 'low'", "G(birth_ym, 2) = 'low'", "G(birth_ym, sex) = 'high'"];
    let mut plans: Vec<String> = others.iter().map(|o| plan(&permit, "band", o)).chain([plan(&permit, "band", is_low)]).collect();
    plans.sort();
    plans.dedup();
    assert_eq!(plans.len(), others.len() + 1);
}

#[test]
fn rows_without_a_label_are_in_no_condition_and_in_a_group_of_their_own() {
    let permit = guests();
    let plan = |condition: &str| parse(&format!("SELECT COUNT(*) FROM patients WHERE {condition}"), &permit).unwrap().base_plan();
    let all = "guest.band(birth_ym, sex) IN ('low', 'middle', 'high')";
    assert_ne!(plan(all), parse("SELECT COUNT(*) FROM patients", &permit).unwrap().base_plan(), "every label is not every row");
    assert!(plan(&format!("NOT ({all})")).ends_with("where false"), "and neither is the rest");
    assert!(plan("guest.band(birth_ym, sex) = 'low' AND guest.band(birth_ym, sex) <> 'low'").ends_with("where false"));
    let grouped = query("SELECT guest.band(birth_ym, sex), COUNT(*) FROM patients GROUP BY guest.band(birth_ym, sex)");
    let filtered = query("SELECT COUNT(*) FROM patients WHERE guest.band(birth_ym, sex) = 'high'");
    assert_eq!(grouped.cell_plan(&[2]), filtered.cell_plan(&[]));
    assert_ne!(grouped.cell_plan(&[3]), grouped.cell_plan(&[0]));
    assert_eq!(grouped.keys[0].values.label(3), "");
}

#[test]
fn a_query_calls_guests_in_a_few_ways_only() {
    let asked = |calls: usize| {
        let any: Vec<String> = (0..calls).flat_map(|n| [n, n]).map(|n| format!("guest.band({n}, sex) = 'low'")).collect();
        parse(&format!("SELECT COUNT(*) FROM patients WHERE {}", any.join(" OR ")), &guests()).map(|q| q.calls().len()).map_err(|r| r.code)
    };
    assert_eq!((asked(6), asked(7)), (Ok(6), Err(Code::TooLarge)));
}

#[test]
fn the_names_that_a_text_calls_are_found_without_reading_it_as_sql() {
    let names = |sql: &str| super::named(sql).into_iter().collect::<Vec<_>>();
    assert_eq!(names("SELECT Guest . A(x), guest.b FROM t WHERE 'guest.c' = d AND \"guest\".\"E\"(1)"), ["a", "b", "e"]);
    assert_eq!(names("guest.' unfinished"), Vec::<String>::new());
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
