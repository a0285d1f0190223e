//! Ingest against a real linkage unit on a thread and a vault in a temporary folder.

use std::{fs, io::Write, path::PathBuf, sync::mpsc, thread};

use datafusion::{arrow::array::RecordBatch, parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder};
use visiting_linkage::{Place, serve};

use super::*;

const OMOP: &str = include_str!("../../../catalog/mappings/omop.toml");
const NDB: &str = include_str!("../../../catalog/mappings/ndb.toml");
const PERSONS: &str = "person_id,gender_concept_id,year_of_birth\n1,8507,1974\n2,8532,1950\n";

/// A home of its own with a running linkage unit.
pub(crate) struct World {
    pub(crate) home: PathBuf,
}

impl World {
    pub(crate) fn new(name: &str) -> Self {
        let home = std::env::temp_dir().join(format!("visiting-ingest-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&home);
        fs::create_dir_all(home.join("in")).unwrap();
        let place = Place::take(&home).unwrap();
        let (tell, told) = mpsc::channel();
        thread::spawn(move || serve(&place, |_| tell.send(()).unwrap()));
        told.recv().unwrap();
        Self { home }
    }

    pub(crate) fn file(&self, name: &str, bytes: &[u8]) {
        let path = self.home.join("in").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    fn load(&self, mapping: &str) -> Result<Summary, IngestError> {
        let path = self.home.join("mapping.toml");
        fs::write(&path, mapping).unwrap();
        let socket = self.home.join("linkage/linkage.sock");
        load(&Request {
            home: self.home.clone(),
            linkage: socket,
            vault: self.home.join("vault"),
            mapping: path,
            listing: None,
            paths: vec![self.home.join("in")],
        })
    }

    pub(crate) fn vault(&self) -> Vault {
        Vault::at(self.home.join("vault"))
    }

    pub(crate) fn table(&self, listing: &str, table: &str) -> RecordBatch {
        let vault = self.vault();
        let path = vault.table(listing, vault.newest(listing).unwrap().unwrap(), table).unwrap();
        let mut reader = ParquetRecordBatchReaderBuilder::try_new(fs::File::open(path).unwrap()).unwrap().build().unwrap();
        reader.next().unwrap().unwrap()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.home);
    }
}

fn reasons(summary: &Summary) -> Vec<(&str, u64)> {
    summary.quarantined.iter().map(|((_, reason), n)| (reason.as_str(), *n)).collect()
}

fn gzip(text: &str) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    out.write_all(text.as_bytes()).unwrap();
    out.finish().unwrap()
}

#[test]
fn bad_rows_are_set_aside_with_a_reason_and_the_rest_is_loaded() {
    let world = World::new("rows");
    let mut bytes = PERSONS.as_bytes().to_vec();
    bytes.extend(b"3,9999,1950\n4,8507,1850\n5,8507,x\n,8507,1950\n1,8507,1974\n6,8507\n7,8507,\n8,85\xff7,1950\n");
    world.file("person.csv", &bytes);
    let summary = world.load(OMOP).unwrap();
    assert_eq!(
        reasons(&summary),
        [
            ("a second row of a person; the table has one", 1),
            ("column `birth_year`: empty, but a column with a declared domain has a value in every row", 1),
            ("column `birth_year`: not a whole number", 1),
            ("column `birth_year`: outside the catalogue's domain", 1),
            ("column `sex`: a value that the mapping does not map", 1),
            ("no identity", 1),
            ("the row has not as many fields as the header", 1),
            ("the row is not UTF-8", 1),
        ]
    );
    let manifest = summary.manifest.unwrap();
    assert_eq!((manifest.tables["persons"].rows, manifest.quarantined), (2, 8));
    let quarantine = fs::read_to_string(world.home.join("vault/omop/1/quarantine.ndjson")).unwrap();
    assert!(quarantine.contains(r#"{"file":"person.csv","line":4,"reason":"column `sex`: a value that the mapping does not map"}"#));
    assert!(!quarantine.contains("9999"));
}

#[test]
fn a_truncated_gzip_gives_what_came_before_and_a_reason() {
    let world = World::new("gzip");
    let rows: String = (0..20_000u64).map(|i| format!("{i},8507,{}\n", 1920 + i * i % 97)).collect();
    let whole = gzip(&format!("person_id,gender_concept_id,year_of_birth\n{rows}"));
    world.file("person.csv.gz", &whole[..whole.len() / 2]);
    let summary = world.load(OMOP).unwrap();
    assert_eq!(reasons(&summary), [("the compressed file ends too early; the rest is missing", 1)]);
    let rows = summary.manifest.unwrap().tables["persons"].rows;
    assert!(rows > 1_000 && rows < 20_000, "{rows}");
}

#[test]
fn an_unclosed_quote_does_not_take_the_whole_file() {
    let world = World::new("quote");
    let rows: String = (3..200_000).map(|i| format!("{i},8507,1950\n")).collect();
    world.file("person.csv", format!("{PERSONS}\"9,8507,1950\n{rows}").as_bytes());
    let summary = world.load(OMOP).unwrap();
    assert!(reasons(&summary)[0].0.contains("unclosed quote"));
    assert_eq!(summary.manifest.unwrap().tables["persons"].rows, 2);
}

#[test]
fn nothing_readable_is_an_error_and_no_version() {
    let world = World::new("nothing");
    assert!(world.load(OMOP).unwrap_err().to_string().contains("no file there is named"));
    world.file("person.csv", b"");
    assert!(world.load(OMOP).unwrap_err().to_string().contains("no header"));
    world.file("person.csv", b"person_id,year_of_birth\n1,1950\n");
    assert!(world.load(OMOP).unwrap_err().to_string().contains("no column `gender_concept_id`"));
    assert!(world.load("listing = 1").unwrap_err().to_string().contains("mapping"));
    assert!(world.load(&OMOP.replace("birth_year =", "birth_day =")).unwrap_err().to_string().contains("birth_year"));
    assert_eq!(world.vault().newest("omop").unwrap(), None);
    assert!(world.vault().pending().unwrap().is_empty());
}

#[test]
fn people_keep_their_ordinal_and_tables_without_a_file_stay() {
    let world = World::new("again");
    world.file("person.csv", PERSONS.as_bytes());
    world.load(OMOP).unwrap();
    let before = world.table("omop", "persons");
    fs::remove_file(world.home.join("in/person.csv")).unwrap();
    world.file("condition_occurrence.csv", b"person_id,condition_concept_id,condition_start_date\n2,28060,2013-07-05\n");
    let summary = world.load(OMOP).unwrap();
    assert_eq!(summary.manifest.as_ref().map(|m| m.version), Some(2));
    assert_eq!(world.table("omop", "persons"), before);
    assert!(world.table("omop", "conditions").column(0).as_ref() == before.column(0).slice(1, 1).as_ref());
    let versions: Vec<u64> = world.vault().pending().unwrap().iter().map(|r| r.version).collect();
    assert_eq!(versions, [1, 2]);
}

#[test]
fn numbers_of_one_history_are_one_person_and_identities_stay_out_of_the_vault() {
    let world = World::new("history");
    world.file("history.csv", b"insured_number,previous_number\n06130012-NEW-1-01,06130012-OLD-1-01\n");
    world.file(
        "patients.csv",
        "insured_number,kana,birth_date,sex,birth_ym,pref\n06130012-NEW-1-01,ヤマダ ハナコ,1950-03-14,2,195003,31\n".as_bytes(),
    );
    world.file("labs.csv", "insured_number,ym,jlac10,value,unit\n０６１３００１２-OLD-1-01,202403,3D046,6.5,%\n".as_bytes());
    let summary = world.load(NDB).unwrap();
    assert!(summary.quarantined.is_empty(), "{summary}");
    assert!(world.table("ndb", "patients").column(0) == world.table("ndb", "labs").column(0));
    assert!(summary.to_string().contains("1  steps of the history"));
    for (file, bytes) in files_below(&world.home.join("vault")) {
        for secret in ["NEW-1", "OLD-1", "ハナコ", "1950-03-14"] {
            assert!(!bytes.windows(secret.len()).any(|w| w == secret.as_bytes()), "{secret} in {file}");
        }
    }
}

#[test]
fn a_second_writer_is_refused_and_leftovers_are_cleared() {
    let world = World::new("lock");
    let vault = world.vault();
    let lock = vault.lock().unwrap();
    assert!(vault.lock().is_err());
    std::mem::forget(vault.draft(&lock).unwrap());
    drop(lock);
    let _lock = vault.lock().unwrap();
    assert!(files_below(&world.home.join("vault")).iter().all(|(file, _)| !file.contains(".tmp-")));
}

fn files_below(folder: &std::path::Path) -> Vec<(String, Vec<u8>)> {
    let mut out = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            out.extend(files_below(&path));
        } else {
            out.push((path.display().to_string(), fs::read(path).unwrap()));
        }
    }
    out
}
