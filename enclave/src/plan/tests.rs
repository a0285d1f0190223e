//! What the language takes and what it refuses.

use std::{collections::BTreeMap, sync::Arc};

use visiting_catalog::load_with;
use visiting_policies::{
    Code,
    terms::{Form, Period, Scope},
};

use super::{PermitSchema, Signature, plan};
use crate::{codes::CodeShelf, unit::Tracked};

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
    let codes = CodeShelf::new().unwrap().open(&BTreeMap::new(), &[]).unwrap();
    PermitSchema::new(&visiting_catalog::plan(&scope, &listings).unwrap()).with_codes(codes)
}

/// The same with two guests of three and two labels; `other` is another module under the same declaration.
fn with_guests(band: &str, other: &str) -> PermitSchema {
    let signature = |digest: &str, manifest: &str| Signature {
        digest: digest.to_owned(),
        manifest: visiting_intake::Manifest::read(manifest).unwrap(),
    };
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

pub(crate) fn planned(sql: &str, permit: &PermitSchema) -> Result<Tracked, visiting_policies::Refusal> {
    plan(sql, permit, 10, &|_, _| false)
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with("--"))
}

#[test]
fn the_language_is_taken() {
    let refused: Vec<String> =
        lines(include_str!("taken.sql")).filter_map(|sql| planned(sql, &guests()).err().map(|r| format!("{sql}\n    {r}"))).collect();
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}

#[test]
fn everything_else_is_refused_with_a_reason_in_both_languages() {
    let mut wrong = Vec::new();
    for sql in lines(include_str!("refused.sql")) {
        match planned(sql, &guests()) {
            Ok(_) => wrong.push(format!("taken: {sql}")),
            Err(r) if r.code == Code::OperatorProblem || r.ja.is_none() => wrong.push(format!("{r}: {sql}")),
            Err(_) => {}
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The plans of a query's release points.
fn words(sql: &str, permit: &PermitSchema) -> Vec<String> {
    planned(sql, permit).unwrap_or_else(|r| panic!("{sql}: {r}")).points.iter().map(|p| p.question.base_plan()).collect()
}

#[test]
fn a_code_list_is_the_same_rows_in_values() {
    let list = |rows: usize, weight: i64| {
        let rows: String = (0..rows).map(|n| format!("E{n:02},kin {},{weight}\n", n % 3)).collect();
        visiting_catalog::codes::examine(format!("code,kin,w\n{rows}").as_bytes()).unwrap()
    };
    let permit = |name: &str, list| schema().with_codes(BTreeMap::from([(name.to_owned(), Arc::new(list))]));
    let values = |rows: usize, weight: i64| {
        let rows: Vec<String> = (0..rows).map(|n| format!("('E{n:02}', 'kin {}', {weight})", n % 3)).collect();
        format!("(VALUES {}) AS v(code, kin, w)", rows.join(", "))
    };
    let ask = |from: &str| {
        format!(
            "SELECT v.kin, COUNT(DISTINCT c.pid) AS n, SUM(c.points * v.w) AS s FROM claims c JOIN {from} ON c.icd10 = v.code GROUP BY v.kin"
        )
    };
    for rows in [2, 90] {
        // Under any name, beside any alias, as VALUES: one question.
        let one = words(&ask("codes.mine AS v"), &permit("mine", list(rows, 1)));
        assert_eq!(one, words(&ask("codes.other v"), &permit("other", list(rows, 1))));
        assert_eq!(one, words(&ask(&values(rows, 1)), &schema()));
        // Other rows are another, and a long list is no long plan.
        assert_ne!(one, words(&ask("codes.mine AS v"), &permit("mine", list(rows, 2))));
        assert_ne!(one, words(&ask("codes.mine AS v"), &permit("mine", list(rows - 1, 1))));
        assert!(one[0].len() < 1500, "{}", one[0]);
    }
    // A list that stands twice: which of the two a condition means is said.
    let twice = |condition: &str| {
        let join = "FROM claims c JOIN codes.mine a ON c.icd10 = a.code JOIN codes.mine b ON c.icd10 = b.code";
        words(&format!("SELECT COUNT(DISTINCT c.pid) AS n {join} WHERE {condition}"), &permit("mine", list(3, 1)))
    };
    assert_ne!(twice("a.w < b.w"), twice("b.w < a.w"));
}

/// Code and place of every refusal, beside its text: a place that gets lost shows here.
#[test]
fn every_refusal_keeps_its_code_and_its_place() {
    let told = |sql: &str| match planned(sql, &guests()) {
        Ok(_) => format!("taken  {sql}"),
        Err(r) => {
            let at = r.at.map_or_else(|| "-".to_owned(), |at| format!("{}:{}", at.line, at.column));
            format!("{} {at}  {sql}", r.code.name())
        }
    };
    let all: String = lines(include_str!("refused.sql")).map(|sql| told(sql) + "\n").collect();
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/src/plan/refused.txt");
    if std::env::var_os("UPDATE_REFUSED").is_some() {
        std::fs::write(golden, &all).unwrap();
    }
    let before = std::fs::read_to_string(golden).unwrap();
    let differ: Vec<(&str, &str)> = all.lines().zip(before.lines()).filter(|(now, then)| now != then).collect();
    assert!(
        all == before,
        "with UPDATE_REFUSED=1 after reading, {} lines, {} before: {differ:#?}",
        all.lines().count(),
        before.lines().count()
    );
}
