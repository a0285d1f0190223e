//! FHIR from files to released tables: the published examples, and Bundles of our own in the same profiles.

use std::{fs, path::PathBuf};

use visiting_enclave::{Config, stages::Bench};
use visiting_gateway::client::Client;
use visiting_tests::{
    population::fhir::BUNDLES,
    skip::skip,
    world::{World, fhir_set, text},
};

use crate::{base, duckdb};

/// Every column of both listings.
pub(crate) const COLUMNS: &[&str] = &[
    "jpclins.patients.sex",
    "jpclins.patients.birth_year",
    "jpclins.patients.pref",
    "jpclins.conditions.ym",
    "jpclins.conditions.disease",
    "jpclins.conditions.icd10",
    "jpclins.conditions.clinical",
    "jpclins.conditions.verification",
    "jpclins.observations.ym",
    "jpclins.observations.analyte",
    "jpclins.observations.jlac10",
    "jpclins.observations.core_lab",
    "jpclins.observations.value",
    "jpclins.observations.unit",
    "jpclins.observations.result",
    "jpclins.allergies.category",
    "jpclins.allergies.criticality",
    "jpclins.allergies.clinical",
    "jpclins.allergies.allergen",
    "jpclins.medications.ym",
    "jpclins.medications.drug",
    "jpclins.medications.hot9",
    "jpclins.medications.days",
    "hs037.participants.sex",
    "hs037.participants.birth_year",
    "hs037.participants.pref",
    "hs037.items.ym",
    "hs037.items.analyte",
    "hs037.items.jlac10",
    "hs037.items.value",
    "hs037.items.unit",
    "hs037.items.result",
];
/// All months of the listings.
pub(crate) const MONTHS: (i64, i64) = (199_001, 202_612);
/// Columns that can be summed.
const MEASURES: &[&str] = &["observations.value", "medications.days", "items.value"];
/// Conditions that hold somewhere in the published examples, and one that does not.
const CONDITIONS: &[(&str, &str)] = &[
    ("patients", "sex = 2"),
    ("patients", "NOT birth_year = 1930"),
    ("conditions", "disease = 20054178"),
    ("conditions", "icd10 LIKE 'C%'"),
    ("observations", "analyte = '3H015'"),
    ("observations", "jlac10 LIKE '8A065%' OR value_is_not_here = 1"),
    ("observations", "unit <> 'none'"),
    ("allergies", "category IN ('food', 'medication')"),
    ("medications", "drug LIKE '2171022F%'"),
    ("medications", "NOT drug = '2171022F6276'"),
    ("participants", "pref BETWEEN 0 AND 47"),
    ("items", "jlac10 = '9N001000000000001'"),
    ("items", "result = '1' AND ym < 202101"),
];

#[test]
fn the_published_examples_load_and_show_nobody() {
    let Some(examples) = fhir_set() else {
        return skip("shared: the FHIR examples are not beside the workspace (../shared/data/fhir)");
    };
    let mut world = World::new("examples").unwrap();
    let report = world.ingest_fhir(&[examples.join("jp-clins-1.5.2"), examples.join("eCheckupReport-HS037")]).unwrap();
    for line in [
        "8  rows in allergies",
        "9  rows in conditions",
        "13  rows in medications",
        "6  rows in observations",
        "5  rows in patients",
        "43  rows in items",
        "1  rows in participants",
        "not read: 0",
    ] {
        assert!(report.contains(line), "`{line}` is not in\n{report}");
    }
    world.start_all().unwrap();
    let permit = base::permit(&world, COLUMNS, MONTHS);
    let found = Client::new(&format!("http://{}", world.address())).find("FHIR").unwrap();
    assert_eq!(found.iter().map(|l| l.id.as_str()).collect::<Vec<_>>(), ["jpclins", "hs037"]);
    let asked = base::table(&world, &permit, "SELECT sex, COUNT(DISTINCT pid) AS n FROM jpclins.patients GROUP BY sex");
    assert_eq!(asked, Err("nothing-to-show".to_owned()));

    // The whole grammar of the language over them, each question from an empty ledger and without a limit on tries.
    world.kill_all();
    let config = Config {
        home: world.home().join("enclave"),
        linkage: world.home().join("linkage/linkage.sock"),
        gateway: String::new(),
        jail: visiting_enclave::Layers::ALL,
    };
    let bench = Bench::open(config, &permit.parse().unwrap()).unwrap();
    let questions = questions();
    let (mut unshown, mut reasons) = (0, std::collections::BTreeMap::<String, u32>::new());
    for sql in &questions {
        let answer = bench.governed(sql).map(|_| ()).map_err(|e| e.to_string());
        let said = answer.expect_err(&format!("{sql} shows something"));
        unshown += usize::from(!said.contains("does not exist"));
        *reasons.entry(said).or_default() += 1;
    }
    // Refusals only: a machine that failed would prove nothing.
    assert!(reasons.len() <= 4, "{reasons:#?}");
    println!("{} questions, {unshown} of them over columns that exist; nothing was shown: {reasons:#?}", questions.len());
    assert!(unshown > 300, "{unshown} of {}", questions.len());
}

/// Questions over all tables, columns, measures and conditions, alone and joined.
fn questions() -> Vec<String> {
    let mut out = Vec::new();
    let tables: Vec<(&str, &str)> = {
        let mut all: Vec<(&str, &str)> =
            COLUMNS.iter().filter_map(|c| c.split_once('.').map(|(l, rest)| (l, rest.split('.').next().unwrap()))).collect();
        all.dedup();
        all
    };
    for (listing, table) in &tables {
        let keys = COLUMNS.iter().filter_map(|c| c.strip_prefix(&format!("{listing}.{table}.")));
        let keys: Vec<&str> = keys.filter(|c| !["value", "days"].contains(c)).chain([""]).collect();
        let mut aggregates = vec!["COUNT(DISTINCT pid)".to_owned(), "COUNT(*)".to_owned()];
        let measures = MEASURES.iter().filter_map(|m| m.strip_prefix(&format!("{table}.")));
        aggregates.extend(measures.flat_map(|m| [format!("SUM({m})"), format!("AVG({m})")]));
        let conditions: Vec<&str> = CONDITIONS.iter().filter(|(t, _)| t == table).map(|(_, c)| *c).collect();
        for key in &keys {
            for aggregate in &aggregates {
                for condition in std::iter::once("").chain(conditions.iter().copied()) {
                    let filter = if condition.is_empty() { String::new() } else { format!(" WHERE {condition}") };
                    let (shown, group) =
                        if key.is_empty() { (String::new(), String::new()) } else { (format!("{key}, "), format!(" GROUP BY {key}")) };
                    out.push(format!("SELECT {shown}{aggregate} AS n FROM {listing}.{table}{filter}{group}"));
                }
            }
        }
        for (other, second) in tables.iter().filter(|t| *t != &(*listing, *table)) {
            out.push(format!("SELECT COUNT(DISTINCT a.pid) AS n FROM {listing}.{table} a JOIN {other}.{second} b ON a.pid = b.pid"));
        }
    }
    out
}

/// A world with the generated Bundles loaded, and where they lie.
fn generated(name: &str) -> (World, PathBuf, String) {
    let world = World::new(name).unwrap();
    let folder = world.generate_fhir(&world.home().join("source"), BUNDLES).unwrap();
    let report = world.ingest_fhir(std::slice::from_ref(&folder)).unwrap();
    (world, folder, report)
}

#[test]
fn five_hundred_bundles_are_loaded_and_benign_tables_equal_the_independent_computation() {
    let (mut world, folder, report) = generated("bundles");
    assert!(report.contains("500  rows in patients") && report.contains("500  rows in participants"), "{report}");
    assert_eq!(report.matches("quarantined: 0\n").count(), 2, "{report}");
    assert!(
        report.contains("1000  Patient: the person's row is there already")
            || report.contains("1500  Patient: the person's row is there already"),
        "{report}"
    );
    let Some(python) = duckdb::python() else { return };
    world.start_all().unwrap();
    let permit = base::permit(&world, COLUMNS, MONTHS);
    let folders = [format!("fhir={}", text(&folder))];
    let questions = [
        (
            "fhir_hba1c",
            "SELECT p.sex, COUNT(DISTINCT pid) AS people, AVG(o.value) AS mean FROM jpclins.observations o JOIN jpclins.patients p USING (pid) \
             WHERE o.analyte = '3D046' AND p.birth_year BETWEEN 1935 AND 1969 GROUP BY p.sex",
        ),
        ("fhir_diseases", "SELECT disease, COUNT(DISTINCT pid) AS people FROM jpclins.conditions GROUP BY disease"),
        (
            "fhir_bmi",
            "SELECT p.sex, COUNT(DISTINCT pid) AS people, AVG(i.value) AS mean FROM hs037.items i JOIN hs037.participants p USING (pid) \
             WHERE i.jlac10 = '9N011000000000001' GROUP BY p.sex",
        ),
    ];
    for (name, sql) in questions {
        let released = base::table(&world, &permit, sql).unwrap();
        let (expected, cells, under) = duckdb::recompute(&python, name, &folders);
        duckdb::compare(name, &released, &expected);
        assert!(released.lines().count() > 2, "{name}: {released}");
        println!("{name}: {} rows released of {cells} cells, {under} under ten people\n{released}", released.lines().count() - 1);
    }
    // The insured number of a check-up stands in pieces, in another width: it is the same person as the hospital's.
    let both = "SELECT COUNT(DISTINCT p.pid) AS n FROM jpclins.patients p JOIN hs037.participants h ON p.pid = h.pid";
    let joined = base::table(&world, &permit, both).unwrap();
    assert!(joined.lines().nth(1).is_some_and(|l| l.starts_with("4")), "about nine in ten of 500: {joined}");
}

#[test]
fn bad_files_end_in_the_report_and_the_good_ones_beside_them_are_loaded() {
    let mut world = World::new("bad-fhir").unwrap();
    let folder = world.generate_fhir(&world.home().join("source"), 20).unwrap();
    let good = fs::read_to_string(folder.join("clins/allergies/00001.json")).unwrap();
    let bad = folder.join("clins/bad");
    fs::create_dir_all(bad.join("deeper")).unwrap();
    let write = |name: &str, bytes: &[u8]| fs::write(bad.join(name), bytes).unwrap();
    let utf16: Vec<u8> = [0xff, 0xfe].into_iter().chain(good.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let mut shape: serde_json::Value = serde_json::from_str(&good).unwrap();
    shape["entry"] = serde_json::json!({ "a": 1 });
    // A Bundle of its own, not an older copy of the good one.
    shape["identifier"]["value"] = serde_json::json!("shape");
    let shape = shape.to_string();
    write("empty.json", b"");
    write("broken.json", good.replace("\"collection\"", "$collection").as_bytes());
    write("deep.json", format!("{}{}", "[".repeat(10_000), "]".repeat(10_000)).as_bytes());
    write("utf16.json", &utf16);
    write("sjis.json", &good.bytes().map(|b| if b == b'O' { 0x83 } else { b }).collect::<Vec<_>>());
    write("bom.json", format!("\u{feff}{good}").as_bytes());
    write("nul.json", good.replace("Bundle", "Bun\0dle").as_bytes());
    write("huge.json", br#"{"resourceType":"Bundle","total":1e999}"#);
    write("twice.json", good.replacen('{', "{\"type\":\"collection\",", 1).as_bytes());
    write("shape.json", shape.as_bytes());
    write("other.json", br#"{"resourceType":"Questionnaire"}"#);
    write("note.txt", b"not FHIR");
    let packed = {
        let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        std::io::Write::write_all(&mut out, good.as_bytes()).unwrap();
        out.finish().unwrap()
    };
    write("truncated.json.gz", &packed[..packed.len() / 2]);
    std::os::unix::fs::symlink("../..", bad.join("deeper/loop")).unwrap();
    let report = world.ingest_fhir(std::slice::from_ref(&folder)).unwrap();
    for said in [
        "empty.json: an empty file",
        "broken.json: not JSON (line 1",
        "deep.json: nested deeper than 128 levels",
        "utf16.json: UTF-16; write UTF-8",
        "sjis.json: not UTF-8 (Shift_JIS?)",
        "bom.json: a byte order mark in front",
        "nul.json: NUL bytes",
        "huge.json: a number too large",
        "twice.json: an object names a key twice",
        "shape.json: `entry` is not a list, as FHIR has it",
        "other.json: of no profile that a mapping names",
        "note.txt: not .json, .ndjson",
        "truncated.json.gz: the compressed file ends too early",
        "deeper/loop: a link",
        "20  rows in patients",
        "20  rows in participants",
    ] {
        assert!(report.contains(said), "`{said}` is not in\n{report}");
    }
    world.start_all().unwrap();
    base::wait_for_data(&world, &["jpclins", "hs037"]);
    // Nothing but bad files: a report, no version, and no failure.
    let report = world.ingest_fhir(&[bad.join("empty.json"), bad.join("deep.json")]).unwrap();
    assert!(report.starts_with("not read: 2"), "{report}");
}
