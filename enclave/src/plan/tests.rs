//! What the language takes and what it refuses, and that equal questions have equal plans.

use std::collections::BTreeMap;

use visiting_catalog::load_with;
use visiting_policies::{
    Code,
    terms::{Form, Period, Scope},
};

use super::{PermitSchema, Signature, plan};
use crate::unit::Tracked;

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

fn planned(sql: &str, permit: &PermitSchema) -> Result<Tracked, visiting_policies::Refusal> {
    plan(sql, permit, 10, &|_| false)
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
