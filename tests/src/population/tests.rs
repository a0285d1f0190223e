//! The same bytes every time, values of the catalogue only, and the fixture as it is described.

mod fixture;

use std::{collections::BTreeSet, fs, path::PathBuf};

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
