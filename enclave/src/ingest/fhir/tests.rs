//! What is decided about odd and broken FHIR, one decision a test; and that no input whatever stops its neighbours.

use std::{fs, io::Write};

use serde_json::{Value, json};

use super::*;
use crate::ingest::tests::World;

const INSURED: &str = "http://jpfhir.jp/fhir/clins/Idsystem/JP_Insurance_memberID";
const MRN: &str = "urn:oid:1.2.392.100495.20.3.51.11318814790";

fn insured(number: &str) -> Value {
    json!({ "system": INSURED, "value": number })
}

fn patient(identifiers: Value) -> Value {
    json!({ "resourceType": "Patient", "id": "p1", "identifier": identifiers, "gender": "female", "birthDate": "1950-03-14",
        "name": [{ "text": "架空 花子" }] })
}

/// A potassium value.
fn potassium(subject: Value) -> Value {
    json!({ "resourceType": "Observation", "status": "final", "subject": subject, "effectiveDateTime": "2024-05-01",
        "code": { "coding": [{ "system": "http://medis.or.jp/CodeSystem/master-JLAC10-17digits", "code": "3H015000002326101" }] },
        "valueQuantity": { "value": 3.5, "unit": "mEq/L" } })
}

fn with(mut resource: Value, path: &str, value: Value) -> Value {
    *resource.pointer_mut(path).unwrap() = value;
    resource
}

fn without(mut resource: Value, member: &str) -> Value {
    resource.as_object_mut().unwrap().remove(member);
    resource
}

fn and(mut resource: Value, member: &str, value: Value) -> Value {
    resource.as_object_mut().unwrap().insert(member.to_owned(), value);
    resource
}

fn bundle(id: &str, time: &str, resources: &[Value]) -> Value {
    let entry = |(n, r): (usize, &Value)| json!({ "fullUrl": format!("urn:uuid:{id}-{n}"), "resource": r });
    json!({ "resourceType": "Bundle", "type": "collection", "timestamp": time, "identifier": { "system": "s", "value": id },
        "meta": { "profile": ["http://jpfhir.jp/fhir/clins/StructureDefinition/JP_Bundle_CLINS|1"] },
        "entry": resources.iter().enumerate().map(entry).collect::<Vec<_>>() })
}

/// The Bundle's first entry.
fn first(id: &str) -> Value {
    json!({ "reference": format!("urn:uuid:{id}-0") })
}

/// The usual Bundle: a Patient and some resources.
fn usual(id: &str, resources: &[Value]) -> Value {
    let all: Vec<Value> = std::iter::once(patient(json!([insured("00012344:あ:187:01")]))).chain(resources.iter().cloned()).collect();
    bundle(id, "2024-01-01T00:00:00Z", &all)
}

struct Loaded {
    world: World,
    report: Report,
}

impl Loaded {
    fn of(name: &str, files: &[(&str, &[u8])]) -> Self {
        let world = World::new(&format!("fhir-{name}"));
        files.iter().for_each(|(name, bytes)| world.file(name, bytes));
        let report = again(&world);
        Self { world, report }
    }

    fn bundles(name: &str, bundles: &[Value]) -> Self {
        let lines: String = bundles.iter().map(|b| format!("{b}\n")).collect();
        Self::of(name, &[("in.ndjson", lines.as_bytes())])
    }

    fn rows(&self, table: &str) -> u64 {
        self.report.listings[0].0.manifest.as_ref().map_or(0, |m| m.tables[table].rows)
    }

    /// Reasons of the quarantine, with their counts.
    fn reasons(&self) -> Vec<(&str, u64)> {
        self.report.listings[0].0.quarantined.iter().map(|((_, reason), n)| (reason.as_str(), *n)).collect()
    }

    fn left(&self, part: &str) -> u64 {
        self.report.listings[0].1.left.iter().filter(|((_, reason), _)| reason.contains(part)).map(|(_, n)| n).sum()
    }
}

fn again(world: &World) -> Report {
    load(&Request {
        home: world.home.clone(),
        linkage: world.home.join("linkage/linkage.sock"),
        vault: world.home.join("vault"),
        mapping: None,
        listing: None,
        paths: vec![world.home.join("in")],
    })
    .unwrap()
}

#[test]
fn one_person_by_every_kind_of_reference() {
    let number = "00012344:あ:187:01";
    let contained =
        and(potassium(json!({ "reference": "#p" })), "contained", json!([and(patient(json!([insured(number)])), "id", json!("p"))]));
    let loaded = Loaded::bundles(
        "references",
        &[usual(
            "a",
            &[
                potassium(first("a")),
                potassium(json!({ "reference": "Patient/p1" })),
                potassium(json!({ "reference": "https://server.example/fhir/Patient/p1/_history/3" })),
                potassium(json!({ "identifier": insured("０００１２３４４：あ：１８７：０１") })),
                potassium(json!({ "reference": "Patient/elsewhere", "identifier": insured(number) })),
                contained,
            ],
        )],
    );
    assert_eq!((loaded.rows("observations"), loaded.rows("patients")), (6, 1), "{}", loaded.report);
    let people = loaded.world.table("jpclins", "observations");
    let person = loaded.world.table("jpclins", "patients");
    let ordinals = |batch: &datafusion::arrow::array::RecordBatch| format!("{:?}", batch.column(0).slice(0, 1));
    assert!((0..6).all(|n| format!("{:?}", people.column(0).slice(n, 1)) == ordinals(&person)));
}

#[test]
fn whose_a_row_is_must_be_clear() {
    let other = "00012344:い:999:01";
    let loaded = Loaded::bundles(
        "subjects",
        &[
            usual(
                "a",
                &[
                    potassium(json!({ "reference": "urn:uuid:nobody" })),
                    potassium(json!({ "identifier": insured(other) })),
                    potassium(json!({ "identifier": { "system": "urn:other", "value": "1" } })),
                    potassium(json!([{ "reference": "Patient/p1" }])),
                    without(potassium(json!(0)), "subject"),
                    potassium(json!({ "reference": "urn:uuid:a-6" })),
                    json!({ "resourceType": "Organization" }),
                ],
            ),
            bundle("b", "2024-01-01T00:00:00Z", &[patient(json!([insured(other)])), patient(json!([insured("00012344:う:1:01")]))]),
            bundle("c", "2024-01-01T00:00:00Z", &[patient(json!([{ "system": "urn:other", "value": "7" }])), potassium(first("c"))]),
            bundle("d", "2024-01-01T00:00:00Z", &[patient(json!([insured(other), insured("00012344:え:2:01")]))]),
        ],
    );
    assert_eq!(
        loaded.reasons(),
        [
            ("`subject` is not an object, as FHIR has it", 1),
            ("no subject", 1),
            ("the Patient has no number that the mapping knows (insured number, or patient number with its institution)", 2),
            ("the Patient has two different insured numbers", 1),
            ("the subject has neither a reference nor a number that the mapping knows", 1),
            ("the subject is another person than the document's Patient", 1),
            ("the subject is not a Patient", 1),
            ("the subject's reference leads to no resource of this document", 1),
            ("two Patients; whose the rest is cannot be known", 1),
        ]
    );
    assert_eq!((loaded.rows("patients"), loaded.rows("observations")), (1, 0));
}

/// `Patient/p1` of one hospital is not that of another: references between files stay in their folder, and lead nowhere where a
/// Patient of that folder cannot be read.
#[test]
fn references_between_files_stay_in_their_folder() {
    let profile = json!({ "profile": ["http://jpfhir.jp/fhir/eCS/StructureDefinition/JP_Observation_LabResult_eCS|1"] });
    let alone = |resource: Value| and(resource, "meta", profile.clone()).to_string();
    let (person, value) = (alone(patient(json!([insured("00012344:あ:187:01")]))), alone(potassium(json!({ "reference": "Patient/p1" }))));
    let twice = person.replacen('{', "{\"active\":true,\"active\":true,", 1);
    let files = [
        ("a/patient.json", person.as_bytes()),
        ("a/value.json", value.as_bytes()),
        ("b/value.json", value.as_bytes()),
        ("c/patient.json", person.as_bytes()),
        ("c/twice.json", twice.as_bytes()),
        ("c/value.json", value.as_bytes()),
    ];
    let loaded = Loaded::of("folders", &files);
    assert_eq!(loaded.rows("observations"), 1, "{}", loaded.report);
    let nowhere = loaded.reasons().into_iter().filter(|(reason, _)| reason.contains("leads to no resource")).map(|(_, n)| n);
    assert_eq!(nowhere.sum::<u64>(), 2, "{}", loaded.report);
}

#[test]
fn the_insured_number_wins_and_without_it_the_institutions_own() {
    let mrn = |institution: &str| json!({ "system": format!("urn:oid:1.2.392.100495.20.3.51.1{institution}"), "value": "0042" });
    let one = |id: &str, identifiers: Value| bundle(id, "2024-01-01T00:00:00Z", &[patient(identifiers)]);
    let loaded = Loaded::bundles(
        "identity",
        &[
            one("a", json!([mrn("1318814790"), insured("00012344:あ:187:01")])),
            one("b", json!([insured("00012344:あ:１８７:01"), mrn("1318814791")])),
            one("c", json!([mrn("1318814790")])),
            one("d", json!([mrn("1318814791")])),
            one("e", json!([mrn("1318814790"), { "system": MRN, "value": "0042" }])),
            one("f", json!([insured("not a number"), mrn("1318814792")])),
            one("g", json!([{ "system": "http://jpfhir.jp/fhir/clins/Idsystem/JP_PublicPayer_memberID", "value": "12345678::1234567:" }])),
            one("h", json!([insured("12345678::1234567:")])),
            // Neither another spelling nor a public payer's number makes two people of one.
            one("i", json!([insured("00012344:あ:187:01"), insured("00012344：あ：１８７：01")])),
            one(
                "j",
                json!([insured("00012344:あ:187:01"), { "system": "http://jpfhir.jp/fhir/clins/Idsystem/JP_PublicPayer_memberID", "value": "12345678::7654321:" }]),
            ),
        ],
    );
    assert!(loaded.reasons().is_empty(), "{}", loaded.report);
    // a, b, i and j are one, c and e are one; d, f, g and h are others.
    assert_eq!(loaded.rows("patients"), 6, "{}", loaded.report);
    let quality = &loaded.report.listings[0].1.quality;
    assert_eq!(quality.get("an insured number that is not insurer:symbol:number:branch (not used)"), Some(&1));
    assert_eq!(quality.get("an insurer's number with a wrong check digit (used all the same)"), Some(&1));
}

#[test]
fn codes_units_dates_and_status_are_decided_one_by_one() {
    let k = || potassium(first("a"));
    let code = "/code/coding/0/code";
    let loaded = Loaded::bundles(
        "decisions",
        &[usual(
            "a",
            &[
                with(k(), "/code/coding/0/system", json!("urn:unknown")),
                with(k(), "/code/coding/0/system", json!("urn:oid:1.2.392.200119.4.504")),
                with(k(), code, json!("3H015")),
                with(k(), code, json!("9Z999000002326101")),
                with(k(), "/valueQuantity", json!({ "value": 3.5 })),
                with(k(), "/valueQuantity", json!({ "value": 3.5, "unit": "g/dL" })),
                with(k(), "/valueQuantity", json!({ "value": 3.5, "unit": "cups" })),
                with(k(), "/valueQuantity", json!({ "value": 3.5, "unit": "mEq/L", "code": "mg/dL" })),
                with(k(), "/valueQuantity", json!({ "value": 3.5, "unit": "mEq/L", "comparator": "<" })),
                with(k(), "/valueQuantity", json!({ "value": 3.123_456, "unit": "mEq/L" })),
                with(k(), "/valueQuantity", json!({ "value": 1e30, "unit": "mEq/L" })),
                with(k(), "/valueQuantity", json!({ "value": "3,5", "unit": "mEq/L" })),
                with(k(), "/effectiveDateTime", json!("2024")),
                with(k(), "/effectiveDateTime", json!("2024-06")),
                with(k(), "/effectiveDateTime", json!("R6.5.1")),
                with(k(), "/effectiveDateTime", json!("2031-01-01")),
                without(k(), "effectiveDateTime"),
                with(k(), "/status", json!("entered-in-error")),
                with(k(), "/status", json!("cancelled")),
                with(k(), "/code", json!({ "text": "カリウム" })),
                and(without(k(), "valueQuantity"), "valueString", json!("少し高い")),
                and(without(k(), "valueQuantity"), "dataAbsentReason", json!({})),
                without(k(), "valueQuantity"),
                and(without(k(), "valueQuantity"), "valueCodeableConcept", json!({ "coding": [{ "system": "urn:unknown", "code": "1" }] })),
                with(k(), "/code/coding", json!({ "system": "x" })),
                json!({ "resourceType": "Practitioner" }),
                json!({ "resourceType": "架空" }),
                json!({ "resourceType": 7 }),
            ],
        )],
    );
    assert_eq!(
        loaded.reasons(),
        [
            ("`code.coding[]`: `coding` is not a list, as FHIR has it", 1),
            ("a resource type that the mapping does not name", 1),
            ("an entry without a resource", 1),
            ("column `jlac10`: outside the catalogue's domain", 1),
            ("column `unit`: a unit that the mapping does not know", 1),
            ("column `unit`: another unit than the item's; nothing is converted", 1),
            ("column `unit`: no unit", 1),
            ("column `unit`: no unit is known for this item", 1),
            ("column `unit`: the unit's text and code are two units", 1),
            ("column `value`: a number too large", 1),
            ("column `value`: more decimal places than the catalogue's scale", 1),
            ("column `value`: not a decimal number", 1),
            ("column `ym`: no date", 1),
            ("column `ym`: not a date of FHIR's form", 1),
            ("column `ym`: outside the catalogue's domain", 1),
            ("column `ym`: the date has no month", 1),
            ("no value, or a coded one of a system that the mapping does not know", 2),
            ("the item has no code of a system that the mapping knows", 1),
        ]
    );
    // The old URI, and the date without a day.
    assert_eq!(loaded.rows("observations"), 2);
    for (reason, times) in [
        ("status", 2),
        ("named in free text", 1),
        ("the result is free text", 1),
        ("no value was obtained", 1),
        ("a limit instead", 1),
        ("not patients", 1),
    ] {
        assert_eq!(loaded.left(reason), times, "{reason}: {}", loaded.report);
    }
    assert!(!loaded.report.to_string().contains("架空") && !loaded.report.to_string().contains("cups"));
}

#[test]
fn a_newer_bundle_replaces_an_older_one_and_a_document_in_error_counts_as_none() {
    let of = |id: &str, time: &str, value: f64| {
        bundle(
            id,
            time,
            &[patient(json!([insured("00012344:あ:187:01")])), with(potassium(first(id)), "/valueQuantity/value", json!(value))],
        )
    };
    let void = json!({ "resourceType": "Composition", "status": "entered-in-error" });
    let loaded = Loaded::bundles(
        "duplicates",
        &[
            of("a", "2024-01-01T00:00:00+09:00", 3.1),
            of("a", "2024-01-01T00:00:00Z", 3.2),
            of("a", "2023-12-31T23:00:00Z", 3.3),
            of("b", "", 3.4),
            of("b", "", 3.5),
            with(usual("c", &[void, potassium(first("c"))]), "/type", json!("document")),
            with(usual("d", &[]), "/type", json!("transaction")),
            with(usual("e", &[]), "/entry", json!({})),
            with(usual("f", &[]), "/meta/profile/0", json!("urn:other")),
        ],
    );
    let values = loaded.world.table("jpclins", "observations");
    let value = values.column_by_name("value").unwrap();
    let shown = datafusion::arrow::util::pretty::pretty_format_columns("value", std::slice::from_ref(value)).unwrap().to_string();
    assert!(shown.contains("3.200") && shown.contains("3.400") && values.num_rows() == 2, "{shown}");
    assert_eq!((loaded.left("same identifier"), loaded.left("entered in error")), (3, 1));
    assert_eq!(loaded.reasons(), [("`entry` is not a list, as FHIR has it", 1), ("a Bundle of a type that the mapping does not name", 1)]);
    assert_eq!(loaded.report.unread.values().sum::<u64>(), 1);
}

#[test]
fn a_person_has_one_row_and_another_one_is_told_about() {
    let one = |id: &str, born: &str| {
        bundle(id, "2024-01-01T00:00:00Z", &[with(patient(json!([insured("00012344:あ:187:01")])), "/birthDate", json!(born))])
    };
    let loaded = Loaded::bundles("rows", &[one("a", "1950-03-14"), one("b", "1950-12-01"), one("c", "1951-01-01")]);
    assert_eq!(loaded.reasons(), [("differs from the row that the person already has", 1)]);
    assert_eq!((loaded.rows("patients"), loaded.left("is the same")), (1, 1));
}

#[test]
fn resources_on_their_own_find_their_patient_among_the_files() {
    let profile = json!({ "profile": ["http://jpfhir.jp/fhir/eCS/StructureDefinition/JP_Observation_LabResult_eCS|1"] });
    let alone = |resource: Value| and(resource, "meta", profile.clone()).to_string();
    let person = alone(patient(json!([insured("00012344:あ:187:01")])));
    let (known, unknown) = (alone(potassium(json!({ "reference": "Patient/p1" }))), alone(potassium(json!({ "reference": "Patient/p2" }))));
    let loaded = Loaded::of("singles", &[("a.json", known.as_bytes()), ("b.json", unknown.as_bytes()), ("z.json", person.as_bytes())]);
    assert_eq!((loaded.rows("observations"), loaded.rows("patients")), (1, 1), "{}", loaded.report);
    assert_eq!(loaded.reasons(), [("the subject's reference leads to no resource of this document", 1)]);
}

#[test]
fn bad_files_are_told_about_and_the_next_line_is_read() {
    let good = usual("a", &[potassium(first("a"))]).to_string();
    let zip = |bytes: &[u8]| {
        let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        out.write_all(bytes).unwrap();
        out.finish().unwrap()
    };
    let mixed =
        [good.as_bytes(), b"\n{\"a\":\n\"\x83\x41\"\n\n", good.replace("\"a\"", "\"b\"").replace("uuid:a", "uuid:b").as_bytes(), b"\n"]
            .concat();
    let packed = zip(&mixed);
    let loaded = Loaded::of(
        "files",
        &[
            ("mixed.ndjson", &mixed),
            ("empty.ndjson.gz", &zip(b"")),
            ("bomb.json.gz", &zip(&vec![b' '; 40 << 20])),
            ("cut.ndjson.gz", &packed[..packed.len() - 9]),
            ("many.ndjson.gz", &zip(&vec![b'x'; 200 << 20])),
            ("list.json", b"[]"),
            ("text.json", b"\"Bundle\""),
            ("number.json", b"7"),
        ],
    );
    let said: Vec<String> = loaded.report.unread.iter().map(|((file, reason), n)| format!("{file} {n}: {reason}")).collect();
    for expected in [
        "mixed.ndjson 1: not UTF-8 (Shift_JIS?); convert the file",
        "mixed.ndjson 1: the JSON ends too early (line 1, column 5)",
        "empty.ndjson.gz 1: an empty file",
        "bomb.json.gz 1: longer than 32 MiB",
        "many.ndjson.gz 1: longer than 32 MiB",
        "list.json 1: no FHIR resource",
        "text.json 1: no FHIR resource",
        "number.json 1: no FHIR resource",
    ] {
        let known = said.iter().any(|s| s.starts_with(expected));
        assert!(known, "`{expected}` is not in {said:#?}");
    }
    assert_eq!(loaded.rows("observations"), 2);
}

#[test]
fn a_mapping_is_obeyed_and_a_wrong_one_is_refused() {
    let world = World::new("fhir-mapping");
    world.file("a.json", usual("a", &[potassium(first("a"))]).to_string().as_bytes());
    let with_mapping = |text: &str| {
        let path = world.home.join("mapping.toml");
        fs::write(&path, text).unwrap();
        let (home, linkage, vault) = (world.home.clone(), world.home.join("linkage/linkage.sock"), world.home.join("vault"));
        load(&Request { home, linkage, vault, mapping: Some(path), listing: None, paths: vec![world.home.join("in")] })
    };
    let changed = BUILT_IN[0]
        .replace("path = \"status\"\nin = [\"entered-in-error\", \"cancelled\", \"registered\"", "path = \"status\"\nin = [\"final\"");
    let report = with_mapping(&changed).unwrap();
    assert!(report.to_string().contains("1  Observation: status: not a valid final result"), "{report}");
    for (from, to, said) in [
        ("[jlac10]", "[jlac11]", "not under [systems]"),
        ("name = \"allergies\"", "name = \"allergy\"", "no such table"),
        ("hot9 = {", "hot8 = {", "no column `hot8`"),
        ("format = \"fhir\"", "format = \"table\"", "not fhir"),
        ("as = \"month\"", "as = \"moon\"", "mapping"),
    ] {
        let error = with_mapping(&BUILT_IN[0].replace(from, to)).unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
}

/// Draws of a fixed sequence.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % n.max(1)
    }
}

/// Changes one node of the document, somewhere.
fn mutate(node: &mut Value, dice: &mut Dice) {
    let odd = [json!(null), json!([]), json!({}), json!("x"), json!(-1e300), json!("#"), json!({ "reference": "#" }), json!([[[]]])];
    match node {
        Value::Object(members) if !members.is_empty() && dice.below(5) > 0 => {
            let key = members.keys().nth(dice.below(members.len())).unwrap().clone();
            match dice.below(12) {
                0 => drop(members.remove(&key)),
                1 => drop(members.insert("resourceType".to_owned(), json!("Patient"))),
                _ => mutate(members.get_mut(&key).unwrap(), dice),
            }
        }
        Value::Array(items) if !items.is_empty() && dice.below(5) > 0 => {
            let at = dice.below(items.len());
            match dice.below(12) {
                0 => items.push(items[at].clone()),
                1 => drop(items.remove(at)),
                _ => mutate(&mut items[at], dice),
            }
        }
        Value::String(text) if dice.below(2) == 0 => {
            let cut = text.char_indices().nth(dice.below(text.chars().count() + 1)).map_or(text.len(), |(at, _)| at);
            text.truncate(cut);
        }
        other => *other = odd[dice.below(odd.len())].clone(),
    }
}

#[test]
fn thousands_of_mutations_never_stop_the_neighbours() {
    let mut dice = Dice(7);
    let resources = [
        potassium(first("m")),
        json!({ "resourceType": "Condition", "subject": { "identifier": insured("00012344:あ:187:01") }, "recordedDate": "2024-01-01",
            "code": { "coding": [{ "system": "http://medis.or.jp/CodeSystem/master-disease-keyNumber", "code": "20054178" }] } }),
        json!({ "resourceType": "MedicationRequest", "status": "active", "subject": { "reference": "Patient/p1" }, "authoredOn": "2024-01-01",
            "medicationCodeableConcept": { "coding": [{ "system": "http://medis.or.jp/CodeSystem/master-HOT9", "code": "121431401" }] } }),
    ];
    let seed = usual("m", &resources);
    let (mut text, mut neighbours) = (Vec::new(), 0);
    for round in 0..4_000 {
        if round % 40 == 0 {
            neighbours += 1;
            let id = format!("n{round}");
            let good = usual(&id, &[potassium(first(&id))]).to_string();
            text.extend_from_slice(good.as_bytes());
            text.push(b'\n');
        }
        let mut bad = with(seed.clone(), "/identifier/value", json!(format!("m{round}")));
        for _ in 0..=dice.below(4) {
            mutate(&mut bad, &mut dice);
        }
        let mut line = bad.to_string().into_bytes();
        // A third of them is damaged as bytes too.
        if round % 3 == 0 {
            let at = dice.below(line.len());
            line[at] = u8::try_from(dice.below(256)).unwrap();
            line.truncate(if dice.below(2) == 0 { at + 1 } else { line.len() });
        }
        line.retain(|b| *b != b'\n');
        text.extend_from_slice(&line);
        text.push(b'\n');
    }
    let loaded = Loaded::of("mutations", &[("in.ndjson", &text)]);
    let person = loaded.report.listings[0].1.loaded.get("Observation").copied().unwrap_or_default();
    assert!(person >= neighbours, "{person} of at least {neighbours}");
    assert_eq!(loaded.rows("observations"), person);
    let (_, tally) = &loaded.report.listings[0];
    println!("{} documents read, {} not; {person} values", tally.documents, loaded.report.unread.values().sum::<u64>());
}
