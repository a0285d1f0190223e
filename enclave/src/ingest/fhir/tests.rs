//! What is decided about odd and broken FHIR, one decision a test; and that no input whatever stops its neighbours.

mod broken;
mod decisions;
mod whose;

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
