//! Identifying content never leaves the linkage unit: every text of the FHIR inputs that is not meant to be kept is looked for in
//! everything else that exists afterwards. Whatever is not known to be harmless is looked for; and what is planted is found.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    fs::{self, File},
    io::Read,
    path::{Path, PathBuf},
    sync::Arc,
};

use datafusion::{
    arrow::{
        array::{ArrayRef, RecordBatch, StringArray},
        datatypes::DataType,
        util::display::array_value_to_string,
    },
    parquet::arrow::{ArrowWriter, arrow_reader::ParquetRecordBatchReaderBuilder},
};
use serde_json::Value;
use visiting_enclave::{Config, stages::Bench};
use visiting_tests::{
    skip::skip,
    world::{World, fhir_set, tree},
};

use crate::{
    base,
    fhir::{COLUMNS, MONTHS},
};

/// Members whose values are codes, units and words of FHIR itself: what is kept, or says nothing about anybody.
const HARMLESS: &[&str] = &[
    "code",
    "status",
    "type",
    "unit",
    "resourceType",
    "gender",
    "profile",
    "mode",
    "use",
    "intent",
    "criticality",
    "language",
    "system",
    "url",
    "category",
    "contentType",
    "valueCode",
    "valueUri",
    "versionId",
    "class",
    "priority",
    "severity",
    "periodUnit",
    "comparator",
    "clinicalStatus",
];
/// Shorter texts occur by chance; two Chinese characters have six bytes.
const SHORTEST_BYTES: usize = 6;

/// What is looked for.
struct Needles {
    all: Vec<String>,
    by_start: HashMap<[u8; SHORTEST_BYTES], Vec<usize>>,
}

impl Needles {
    fn new(texts: BTreeSet<String>) -> Self {
        let all: Vec<String> = texts.into_iter().filter(|t| t.len() >= SHORTEST_BYTES).collect();
        let mut by_start: HashMap<_, Vec<usize>> = HashMap::new();
        for (at, text) in all.iter().enumerate() {
            by_start.entry(*text.as_bytes().first_chunk().unwrap()).or_default().push(at);
        }
        Self { all, by_start }
    }

    /// Which of them the bytes hold.
    fn found(&self, bytes: &[u8]) -> BTreeSet<&str> {
        let mut out = BTreeSet::new();
        for (at, start) in bytes.windows(SHORTEST_BYTES).enumerate() {
            for needle in self.by_start.get(start).into_iter().flatten() {
                if bytes[at..].starts_with(self.all[*needle].as_bytes()) {
                    out.insert(self.all[*needle].as_str());
                }
            }
        }
        out
    }
}

/// Every text of a document that must not be found, with the pieces it is made of.
fn collect(node: &Value, member: &str, out: &mut BTreeSet<String>) {
    match node {
        Value::Object(members) => members.iter().for_each(|(name, value)| collect(value, name, out)),
        Value::Array(items) => items.iter().for_each(|item| collect(item, member, out)),
        Value::String(text) if ["system", "url"].contains(&member) => {
            // Institutions' numbers are hidden in the URIs of numbering systems.
            let tail = text.rsplit(['.', '/']).next().unwrap_or_default();
            let digits: String = tail.chars().filter(char::is_ascii_digit).collect();
            if digits.len() == 11 || digits.len() == 10 {
                out.insert(digits[digits.len() - 10..].to_owned());
            }
        }
        Value::String(text) if !HARMLESS.contains(&member) => {
            for piece in text.split([' ', '\u{3000}', '^', ':', '<', '>', '"', ',']).chain([text.as_str()]) {
                out.insert(piece.to_owned());
                out.insert(narrowed(piece));
            }
        }
        _ => {}
    }
}

fn narrowed(text: &str) -> String {
    text.chars()
        .map(|c| if ('\u{FF01}'..='\u{FF5E}').contains(&c) { char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c) } else { c })
        .collect()
}

fn documents(folder: &Path, out: &mut Vec<Value>) {
    for file in below(folder) {
        let mut text = String::new();
        let name = file.to_string_lossy().into_owned();
        let read = if name.ends_with(".gz") {
            flate2::read::GzDecoder::new(File::open(&file).unwrap()).read_to_string(&mut text)
        } else {
            File::open(&file).unwrap().read_to_string(&mut text)
        };
        if read.is_ok() {
            out.extend(text.lines().filter_map(|line| serde_json::from_str(line).ok()));
            out.extend(serde_json::from_str::<Value>(&text).ok());
        }
    }
}

fn below(folder: &Path) -> Vec<PathBuf> {
    let mut out = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match () {
            () if path.is_dir() => out.extend(below(&path)),
            () if path.is_file() => out.push(path),
            () => {}
        }
    }
    out
}

/// Words of the product itself: its listings, mappings and program texts name `confirmed`, units, prefectures and so on.
fn own_words() -> String {
    let tree = tree().unwrap();
    let folders = ["catalog/listings", "catalog/mappings", "policies/src", "gateway/src", "enclave/src"];
    folders.iter().flat_map(|f| below(&tree.join(f))).map(|f| fs::read_to_string(f).unwrap_or_default()).collect()
}

/// Every place where a text could have gone, by name: files outside the linkage unit, and the values inside Parquet and SQLite.
fn places(world: &World, permit: &str) -> Vec<(String, Vec<u8>)> {
    let mut out = Vec::new();
    let named = |file: PathBuf| (file.strip_prefix(world.home()).unwrap().to_string_lossy().into_owned(), file);
    let files: Vec<(String, PathBuf)> = below(world.home()).into_iter().map(named).filter(|(n, _)| !n.starts_with("linkage/")).collect();
    // All bytes first: opening a database changes its files.
    out.extend(files.iter().map(|(name, file)| (name.clone(), fs::read(file).unwrap())));
    let drawn = drawn(world);
    for (name, file) in files {
        if name.ends_with(".parquet") && !name.contains("extracts") {
            out.push((format!("{name} (values)"), parquet_values(&file, &drawn).join("\n").into_bytes()));
        }
        if name.ends_with(".sqlite") {
            out.push((format!("{name} (values)"), sqlite_values(&file, &drawn)));
        }
    }
    let config = Config {
        home: world.home().join("enclave"),
        linkage: world.home().join("linkage/linkage.sock"),
        gateway: String::new(),
        jail: visiting_enclave::Layers::ALL,
    };
    let values = Bench::open(config, &permit.parse().unwrap()).unwrap().values().unwrap();
    assert!(values.len() > 1000, "the extract holds only {} values", values.len());
    out.push(("the extract (values)".to_owned(), values.join("\n").into_bytes()));
    out
}

/// Ordinals that the enclave drew. Nine random digits hold six of somebody's now and then: as whole values they are left out, and nothing
/// else is.
fn drawn(world: &World) -> HashSet<String> {
    let store = rusqlite::Connection::open(world.home().join("enclave/vault/ordinals.sqlite")).unwrap();
    let all = "SELECT ordinal FROM people UNION SELECT ordinal FROM facilities UNION SELECT ordinal FROM households";
    let mut all = store.prepare(all).unwrap();
    all.query_map([], |row| row.get::<_, i64>(0)).unwrap().map(|ordinal| ordinal.unwrap().to_string()).collect()
}

fn parquet_values(file: &Path, drawn: &HashSet<String>) -> Vec<String> {
    let mut out = Vec::new();
    for batch in ParquetRecordBatchReaderBuilder::try_new(File::open(file).unwrap()).unwrap().build().unwrap() {
        let batch = batch.unwrap();
        for column in batch.columns() {
            let values = (0..column.len()).map(|row| array_value_to_string(column, row).unwrap());
            out.extend(values.filter(|value| *column.data_type() != DataType::UInt32 || !drawn.contains(value)));
        }
    }
    out
}

fn sqlite_values(file: &Path, drawn: &HashSet<String>) -> Vec<u8> {
    let store = rusqlite::Connection::open(file).unwrap();
    let mut names = store.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").unwrap();
    let names: Vec<String> = names.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let mut out = Vec::new();
    for name in names {
        let mut select = store.prepare(&format!("SELECT * FROM \"{name}\"")).unwrap();
        let columns = select.column_count();
        let mut rows = select.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            for column in 0..columns {
                match row.get_ref(column).unwrap() {
                    rusqlite::types::ValueRef::Text(bytes) | rusqlite::types::ValueRef::Blob(bytes) => out.extend_from_slice(bytes),
                    rusqlite::types::ValueRef::Integer(number) if drawn.contains(&number.to_string()) => {}
                    other => out.extend_from_slice(format!("{other:?}").as_bytes()),
                }
                out.push(b'\n');
            }
        }
    }
    out
}

/// What people get to see: released files, refusals, error bodies of the API, standard output.
fn said(world: &World, permit: &str) -> Vec<(String, Vec<u8>)> {
    let mut out = Vec::new();
    let client = world.client("per_hanako").unwrap();
    for sql in [
        "SELECT sex, COUNT(DISTINCT pid) AS n FROM jpclins.patients GROUP BY sex",
        "SELECT disease, COUNT(DISTINCT pid) AS n FROM jpclins.conditions GROUP BY disease",
        "SELECT analyte, AVG(value) AS m, COUNT(*) AS r FROM jpclins.observations GROUP BY analyte",
        "SELECT drug, SUM(days) AS d FROM jpclins.medications WHERE drug LIKE '2%' GROUP BY drug",
        "SELECT allergen, COUNT(DISTINCT pid) AS n FROM jpclins.allergies GROUP BY allergen",
        "SELECT jlac10, AVG(value) AS m FROM hs037.items GROUP BY jlac10",
        "SELECT name FROM jpclins.patients",
        "SELECT birth_year, COUNT(*) AS n FROM jpclins.patients WHERE pref = 99 GROUP BY birth_year",
        "SELECT facility_id, COUNT(*) AS n FROM jpclins.conditions GROUP BY facility_id",
        "SELECT COUNT(*) AS n FROM jpclins.conditions WHERE icd10 = 'Z99x'",
        "nonsense",
    ] {
        let run = base::run(world, permit, sql);
        out.push((format!("answer to {sql}"), serde_json::to_vec(&run.refusal).unwrap()));
        for file in &run.files {
            out.push((format!("{file} of {sql}"), client.file(&run.id, file).unwrap()));
        }
    }
    let raw = world.raw();
    for path in ["/v1/listings/jpclins", "/v1/listings/none", "/v1/permits/none", "/v1/runs/none/files/x", "/v1/log/events", "/none"] {
        out.push((path.to_owned(), raw.get(path, None).unwrap().body));
    }
    out.push(("a bad request".to_owned(), raw.post("/v1/runs", None, Some("k"), "{\"permit\":").unwrap().body));
    out.push(("standard output".to_owned(), world.printed().join("\n").into_bytes()));
    out
}

#[test]
fn nothing_that_identifies_anybody_leaves_the_linkage_unit_and_what_is_planted_is_found() {
    let input = World::new("canary-input").unwrap();
    let generated = input.generate_fhir(&input.home().join("in"), 300).unwrap();
    let mut folders = vec![generated.clone()];
    match fhir_set() {
        Some(examples) => folders.extend(
            ["jp-clins-1.5.2", "eCheckupReport-HS037", "jp-core-1.1.2"].map(|f| examples.join(f)).into_iter().filter(|f| f.is_dir()),
        ),
        None => skip("shared: the FHIR examples are not beside the workspace (../shared/data/fhir); generated Bundles only"),
    }
    // Documents that cannot be loaded hold names too: their reasons must not quote.
    let whole = fs::read_to_string(generated.join("clins/allergies/00007.json")).unwrap();
    fs::write(generated.join("clins/cut.json"), &whole[..whole.char_indices().nth(900).unwrap().0]).unwrap();
    fs::write(generated.join("clins/shape.json"), whole.replace("\"identifier\":[", "\"identifier\":{\"x\":[").replace("]}]}", "]}}]}"))
        .unwrap();
    fs::write(generated.join("clins/kind.json"), whole.replace("\"AllergyIntolerance\",", "\"架空0007\",")).unwrap();
    let mut texts = BTreeSet::new();
    let mut all = Vec::new();
    folders.iter().for_each(|f| documents(f, &mut all));
    all.iter().for_each(|d| collect(d, "", &mut texts));
    // Reports name files, and the examples are named after their resources: what a file name says is said by design.
    let names: String = folders.iter().flat_map(|f| below(f)).map(|f| f.to_string_lossy().into_owned()).collect();
    let (own, before) = (own_words() + &names, texts.len());
    texts.retain(|t| !own.contains(t.as_str()));
    let needles = Needles::new(texts);
    assert!(needles.all.len() > 5_000, "{} needles of {before} texts", needles.all.len());
    for planted in [
        "架空0007",
        "カクウ0007",
        "0880-77-0007",
        "781-0007",
        "MRN31000007",
        "8866000007",
        "きごう0007",
        "1319876501",
        "備考の自由記載0007",
    ] {
        assert!(needles.all.iter().any(|n| n == planted), "{planted} is not looked for");
    }

    let mut world = World::new("canary").unwrap();
    let report = world.ingest_fhir(&folders).unwrap();
    world.start_all().unwrap();
    let permit = base::permit(&world, COLUMNS, MONTHS);
    let mut everything = said(&world, &permit);
    everything.push(("the load report".to_owned(), report.into_bytes()));
    world.kill_all();
    everything.extend(places(&world, &permit));
    let bytes: usize = everything.iter().map(|(_, b)| b.len()).sum();
    let hits: Vec<(&str, BTreeSet<&str>)> =
        everything.iter().map(|(n, b)| (n.as_str(), needles.found(b))).filter(|(_, f)| !f.is_empty()).collect();
    println!("{} texts looked for in {} places, {bytes} bytes", needles.all.len(), everything.len());
    assert!(hits.is_empty(), "{hits:#?}");

    // The same scanner finds one that is planted: in a log, in a packed Parquet column, in a database.
    let vault = world.home().join("enclave/vault");
    fs::write(vault.join("planted.log"), "rejected: 架空0007\n").unwrap();
    plant(&vault.join("planted.parquet"), "MRN31000007");
    let store = rusqlite::Connection::open(vault.join("ordinals.sqlite")).unwrap();
    store.execute("INSERT INTO facilities VALUES ('planted', '1319876501', 268435455)", []).unwrap();
    drop(store);
    let found: HashSet<String> =
        places(&world, &permit).iter().filter(|(_, b)| !needles.found(b).is_empty()).map(|(n, _)| n.clone()).collect();
    for place in ["enclave/vault/planted.log", "enclave/vault/planted.parquet (values)", "enclave/vault/ordinals.sqlite (values)"] {
        assert!(found.contains(place), "{place} is not among {found:?}");
    }
}

/// A Parquet file with the text as a value.
fn plant(path: &Path, text: &str) {
    let column: ArrayRef = Arc::new(StringArray::from(vec![text; 3]));
    let batch = RecordBatch::try_from_iter([("column", column)]).unwrap();
    let mut writer = ArrowWriter::try_new(File::create(path).unwrap(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}
