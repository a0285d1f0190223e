//! Twins are repeatable, whole, like their listings, and judged by the code of real runs.

use visiting_policies::{
    Code,
    rules::ColumnRole,
    terms::{Form, Scope},
};

use super::*;

/// Few people: each test makes its own.
const FEW: u32 = 2_000;

fn model(ids: &[&str]) -> (Model, Vec<Listing>) {
    let listings = visiting_catalog::load_with(None).unwrap();
    let chosen = || listings.iter().filter(|l| ids.contains(&l.id.as_str()));
    let columns = |l: &Listing| l.tables.iter().map(|t| (t.name.clone(), t.columns.iter().map(|c| c.name.clone()).collect())).collect();
    let scope = Scope {
        columns: chosen().map(|l| (l.id.clone(), columns(l))).collect(),
        period: chosen().next().unwrap().period,
        form: Form::Pseudonymised,
    };
    let versions = chosen().map(|l| (l.id.clone(), 1)).collect();
    (Model { scope, versions, rows: BTreeMap::new() }, listings)
}

fn trial(ids: &[&str], people: u32, seed: u64) -> Trial {
    let (model, listings) = model(ids);
    Trial::new(&model, listings, people, seed).unwrap()
}

/// The rows of an answer, without the title line.
fn rows(tried: &Tried) -> Vec<Vec<String>> {
    let table = tried.table.as_deref().unwrap_or_else(|| panic!("{tried:?}"));
    table.lines().skip(1).map(|line| line.split(',').map(str::to_owned).collect()).collect()
}

#[test]
fn one_seed_is_one_twin_and_another_seed_another() {
    let sql = "SELECT pref, COUNT(DISTINCT pid) AS n FROM patients GROUP BY pref";
    let ask = |seed| trial(&["ndb"], FEW, seed).ask(sql).unwrap();
    assert_eq!(ask(1), ask(1));
    assert_ne!(ask(1), ask(2));
}

#[test]
fn every_built_in_listing_has_a_twin_whose_values_are_of_its_domains() {
    for listing in visiting_catalog::load_with(None).unwrap() {
        let mut trial = trial(&[&listing.id], 500, 1);
        for table in &listing.tables {
            let name = format!("{}.{}", listing.id, table.name);
            let tried = trial.ask(&format!("SELECT COUNT(DISTINCT {}) AS n FROM {name}", table.person)).unwrap();
            let people: u64 = rows(&tried)[0][0].parse().unwrap();
            assert!((100..=500).contains(&people), "{name}: {people}");
            // A month of birth is no group by itself: it follows the bands of ages.
            for column in table.columns.iter().filter(|c| c.domain.is_some() && c.role != Some(ColumnRole::BirthMonth)) {
                trial.forget();
                let sql = format!("SELECT {0}, COUNT(DISTINCT {1}) AS n FROM {name} GROUP BY {0}", column.name, table.person);
                let tried = trial.ask(&sql).unwrap();
                let Some(domain) = column.domain.as_ref().filter(|_| tried.table.is_some()) else {
                    assert_eq!(tried.refusal.unwrap().code, Code::NothingToShow, "{sql}");
                    continue;
                };
                let inside = |value: &String| domain.holds_code(value) || value.parse().is_ok_and(|n| domain.holds_int(n));
                assert!(rows(&tried).iter().all(|row| inside(&row[0])), "{sql}: {tried:?}");
            }
        }
    }
}

#[test]
fn frequencies_are_skewed_and_people_are_shared_between_databases() {
    let mut trial = trial(&["ndb", "kaigo"], FEW, 1);
    let mut counts: Vec<u64> = rows(&trial.ask("SELECT icd10, COUNT(DISTINCT pid) AS n FROM claims GROUP BY icd10").unwrap())
        .iter()
        .filter_map(|row| row[1].parse().ok())
        .collect();
    counts.sort_unstable();
    assert!(counts.last().unwrap() > &(4 * counts[counts.len() / 2]), "{counts:?}");
    let same = "SELECT p.sex, r.sex AS other, COUNT(DISTINCT p.pid) AS n FROM ndb.patients p JOIN kaigo.recipients r USING (pid) GROUP BY p.sex, r.sex";
    let tried = trial.ask(same).unwrap();
    let shown = rows(&tried);
    assert!(!shown.is_empty() && shown.iter().all(|row| row[0] == row[1]), "a person has one sex in both: {tried:?}");
}

#[test]
fn what_was_shown_counts_until_it_is_forgotten() {
    let mut trial = trial(&["ndb"], FEW, 1);
    let (all, most) =
        ("SELECT COUNT(DISTINCT pid) AS n FROM patients", "SELECT COUNT(DISTINCT pid) AS n FROM patients WHERE birth_ym > 190001");
    trial.ask(all).unwrap();
    let repeated = trial.ask(most).unwrap();
    trial.forget();
    let fresh = trial.ask(most).unwrap();
    assert!(rows(&fresh)[0].last().unwrap().is_empty(), "{fresh:?}");
    assert_ne!(repeated, fresh);
}

#[test]
fn a_refusal_is_an_answer_and_says_whether_the_plan_decided() {
    let mut trial = trial(&["ndb"], FEW, 1);
    let star = trial.ask("SELECT * FROM patients").unwrap();
    assert!(star.refused_on_plan() && star.table.is_none(), "{star:?}");
    let nobody = trial.ask("SELECT COUNT(DISTINCT pid) AS n FROM patients WHERE birth_ym = 190001 AND pref = 1 AND sex = 1").unwrap();
    assert_eq!(nobody.refusal.as_ref().unwrap().code, Code::NothingToShow);
    assert!(!nobody.refused_on_plan());
}

#[test]
fn a_refusal_with_endless_names_fits_into_the_record() {
    let mut trial = trial(&["ndb"], 50, 1);
    let tried = trial.ask(&format!("SELECT \"{}\" FROM patients", "\u{1}あ".repeat(7_000))).unwrap();
    assert!(serde_json::to_string(&tried.refusal).unwrap().len() < 30_000);
}

#[test]
fn a_twin_goes_with_its_folder() {
    let (model, listings) = model(&["ndb"]);
    let folder = std::env::temp_dir().join(format!("visiting-twin-test-{}", std::process::id()));
    let twin = Twin::make(folder.clone(), &model, &listings, 50, 1).unwrap();
    let sealed = std::fs::read_dir(folder.join("extract")).unwrap().next().unwrap().unwrap().path();
    assert!(!String::from_utf8_lossy(&std::fs::read(sealed).unwrap()).contains("birth_ym"), "encrypted as a real one");
    drop(twin);
    assert!(!folder.exists());
}

#[test]
fn a_guest_is_examined_and_named_as_in_a_run() {
    let mut trial = trial(&["ndb"], FEW, 1);
    let manifest = "abi = 1\nname = \"odd\"\nparams = [{ name = \"x\", kind = \"int\" }]\nlabels = [{ value = 0, label = \"even\" }, { value = 1, label = \"odd\" }]";
    let module = wat::parse_str("(module (func (export \"f\") (param i64) (result i32) local.get 0 i64.const 1 i64.and i32.wrap_i64))");
    let Ok(name) = trial.bind(manifest, &visiting_intake::trim(&module.unwrap()).unwrap()) else {
        panic!("{:?}", trial.bind(manifest, &[]).unwrap_err())
    };
    let sql = format!("SELECT guest.{name}(pref) AS side, COUNT(DISTINCT pid) AS n FROM patients GROUP BY guest.{name}(pref)");
    let shown = rows(&trial.ask(&sql).unwrap());
    assert_eq!(shown.iter().map(|row| row[0].as_str()).collect::<Vec<_>>(), ["even", "odd"]);
    assert!(trial.bind("abi = 1", b"\0asm").is_err());
    assert!(trial.ask("SELECT guest.none(pref), COUNT(*) FROM patients GROUP BY guest.none(pref)").unwrap().refused_on_plan());
}
