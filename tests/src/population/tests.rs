//! The same bytes every time, values of the catalogue only, and the fixture as it is described.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
};

use super::*;

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("visiting-population-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        Self(path)
    }

    fn text(&self, file: &str) -> String {
        fs::read_to_string(self.0.join(file)).unwrap()
    }

    fn rows(&self, file: &str) -> Vec<Vec<String>> {
        self.text(file).lines().skip(1).map(|l| l.split(',').map(str::to_owned).collect()).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_fewer_people_are_the_first_ones() {
    let (one, two, small, other) = (Folder::new("one"), Folder::new("two"), Folder::new("small"), Folder::new("other"));
    let written = generate(&one.0, Variant::Demo, 600, 7).unwrap();
    generate(&two.0, Variant::Demo, 600, 7).unwrap();
    generate(&small.0, Variant::Demo, 300, 7).unwrap();
    generate(&other.0, Variant::Demo, 600, 8).unwrap();
    for (file, rows) in &written {
        assert!(*rows > 0, "{file}");
        assert_eq!(one.text(file), two.text(file), "{file}");
        assert_ne!(one.text(file), other.text(file), "{file}");
        assert!(one.text(file).starts_with(&small.text(file)), "{file}");
    }
}

#[test]
fn codes_of_the_demo_are_in_the_catalogue() {
    let listings = visiting_catalog::load_with(None).unwrap();
    let claims = listings.iter().find(|l| l.id == "ndb").unwrap().table("claims").unwrap();
    let known = |column: &str, code: &str| claims.column(column).unwrap().domain.as_ref().unwrap().holds_code(code);
    for disease in medicine::DISEASES {
        assert!(known("icd10", disease.icd10), "{}", disease.icd10);
        assert!(disease.drugs.iter().all(|d| known("yj_code", d)), "{}", disease.icd10);
    }
}

#[test]
fn insured_numbers_are_one_person_each() {
    let folder = Folder::new("numbers");
    generate(&folder.0, Variant::Demo, 2_000, 1).unwrap();
    let patients = folder.rows("ndb/patients.csv");
    let history = folder.rows("ndb/history.csv");
    let numbers: BTreeSet<&String> = patients.iter().chain(&history).map(|r| &r[0]).chain(history.iter().map(|r| &r[1])).collect();
    assert_eq!(numbers.len(), patients.len() + history.len());
    let changed = history.len() as f64 / patients.len() as f64;
    assert!((0.12..0.20).contains(&changed), "{changed}");
    assert!(folder.rows("ndb/claims.csv").iter().all(|r| numbers.contains(&r[0])));
}

/// People by prefecture and sex who have a disease, up to a month.
fn people(folder: &Folder, icd10: &str, until: &str) -> BTreeMap<(String, String), BTreeSet<String>> {
    let of: BTreeMap<String, (String, String)> =
        folder.rows("fixture/patients.csv").into_iter().map(|r| (r[0].clone(), (r[3].clone(), r[1].clone()))).collect();
    let mut out: BTreeMap<_, BTreeSet<String>> = BTreeMap::new();
    for row in folder.rows("fixture/claims.csv").into_iter().filter(|r| r[3] == icd10 && r[2].as_str() <= until) {
        out.entry(of[&row[0]].clone()).or_default().insert(row[0].clone());
    }
    out
}

fn by_pref(cells: &BTreeMap<(String, String), BTreeSet<String>>) -> BTreeMap<String, usize> {
    let mut out = BTreeMap::new();
    cells.iter().for_each(|((pref, _), people)| *out.entry(pref.clone()).or_default() += people.len());
    out
}

#[test]
fn the_fixture_is_as_described() {
    let folder = Folder::new("fixture");
    generate(&folder.0, Variant::Fixture, 1, 1).unwrap();
    let patients = folder.rows("fixture/patients.csv");
    let mut sizes: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    patients.iter().for_each(|r| *sizes.entry((&r[3], &r[1])).or_default() += 1);
    assert!(sizes.len() == 94 && sizes.values().all(|n| *n >= 300));
    let born =
        |birth: &str, pref: &str| patients.iter().filter(|r| r[2] == birth && r[3] == pref).map(|r| r[0].as_str()).collect::<Vec<_>>();
    assert_eq!(born("195003", "31"), ["P000000123", "P000000124"]);
    assert_eq!((born("190101", "31").len(), born("193001", "31").len()), (1, 2));
    assert_eq!(patients.iter().filter(|r| r[2] == "190101").count(), 1);
    assert!(born("195003", "13").len() >= 12);
    for icd10 in ["E10", "E13", "D66", "G12", "E75.2", "Z21", "B20", "C92"] {
        let prefs = by_pref(&people(&folder, icd10, "202412"));
        assert_eq!(prefs["31"], 1, "{icd10}");
        assert!(
            prefs.len() < 47 && prefs.values().any(|n| (10..=30).contains(n)) && prefs.values().any(|n| (1..=9).contains(n)),
            "{icd10}"
        );
    }
    let d66 = people(&folder, "D66", "202412");
    assert!(d66.values().all(|p| p.len() < 10) && by_pref(&d66)["40"] == 12);
    let points: Vec<(String, f64)> = folder
        .rows("fixture/claims.csv")
        .into_iter()
        .filter(|r| r[3] == "D66" && r[1].starts_with("F40"))
        .map(|r| (r[0].clone(), r[5].parse().unwrap()))
        .collect();
    let total: f64 = points.iter().map(|p| p.1).sum();
    let largest = points.iter().max_by(|a, b| a.1.total_cmp(&b.1)).unwrap().0.clone();
    let own: f64 = points.iter().filter(|p| p.0 == largest).map(|p| p.1).sum();
    assert!((0.9975..0.9985).contains(&(own / total)), "{}", own / total);
}

#[test]
fn the_refresh_month_adds_a_few_people_where_both_sexes_stay_large() {
    let folder = Folder::new("refresh");
    generate(&folder.0, Variant::Fixture, 1, 1).unwrap();
    let (before, after, all) = (people(&folder, "G12", "202403"), people(&folder, "G12", "202404"), people(&folder, "G12", "202412"));
    assert_eq!(after, all);
    let (old, new) = (by_pref(&before), by_pref(&after));
    let added: BTreeMap<&String, usize> =
        new.iter().map(|(pref, n)| (pref, n - old.get(pref).unwrap_or(&0))).filter(|(_, n)| *n > 0).collect();
    assert_eq!(added.values().filter(|n| (1..=9).contains(*n)).count(), 3);
    assert_eq!(added.values().filter(|n| (10..=20).contains(*n)).count(), 1);
    assert!(before.iter().filter(|((pref, _), _)| added.contains_key(pref)).all(|(_, people)| people.len() >= 10));
    let small: usize = all.iter().filter(|((_, sex), p)| sex == "1" && p.len() < 10).map(|(_, p)| p.len()).sum();
    assert!(small <= 9, "{small}");
}
