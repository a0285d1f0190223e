//! HS037 check-up reports: the insured number stands in pieces in Coverage, the institution behind Composition.custodian.

use serde_json::{Value, json};

use super::{super::draw::Draw, Person, narrative, widened};
use crate::population::draw::whole;

const ITEM: &str = "urn:oid:1.2.392.200119.6.1005";
const UCUM: &str = "http://unitsofmeasure.org";
const COVERAGE: &str = "http://jpfhir.jp/fhir/core/Extension/StructureDefinition/JP_Coverage_InsuredPerson";

/// One report.
pub(super) fn report(draw: &mut Draw, person: &Person) -> Value {
    let number = person.number;
    let url = |kind: &str| format!("urn:uuid:00000000-0000-4000-c{kind}-{number:012}");
    let mut patient = person.patient(false);
    if let Some(patient) = patient.as_object_mut() {
        // Check-up centres have the old system, and no insured number in the Patient.
        let mrn = json!([{ "system": format!("urn:oid:1.2.392.200119.6.102.1{}", person.institution), "value": person.mrn() }]);
        patient.insert("identifier".to_owned(), mrn);
    }
    let mut entries = vec![
        json!({ "fullUrl": url("001"), "resource": { "resourceType": "Composition", "status": "final", "title": format!("健診のお知らせ{number:04}"),
            "type": { "coding": [{ "system": "http://jpfhir.jp/fhir/Common/CodeSystem/doc-typecodes", "code": "53576-5" }] }, "author": [{ "reference": url("002") }],
            "subject": { "reference": person.url() }, "date": "2024-12-05T13:28:17+09:00", "custodian": { "reference": url("003") },
            "section": [{ "title": "健診", "text": narrative(&format!("健診の結果の文章{number:04}")) }] } }),
        json!({ "fullUrl": person.url(), "resource": patient }),
        json!({ "fullUrl": url("002"), "resource": { "resourceType": "Practitioner", "name": [{ "text": format!("健診医師{number:04}") }] } }),
        json!({ "fullUrl": url("003"), "resource": { "resourceType": "Organization", "name": format!("架空健診所{number:04}"),
            "identifier": [{ "system": "http://jpfhir.jp/fhir/core/IdSystem/insurance-medical-institution-no", "value": person.institution }] } }),
        json!({ "fullUrl": url("004"), "resource": { "resourceType": "Organization", "name": format!("架空保険組合{number:04}"),
            "identifier": [{ "system": "urn:oid:1.2.392.100495.20.3.61", "value": person.insured(false).split(':').next().unwrap_or_default() }] } }),
    ];
    if !person.local_only {
        let piece = |name: &str, value: String| json!({ "url": format!("{COVERAGE}{name}"), "valueString": value });
        entries.push(json!({ "fullUrl": url("005"), "resource": { "resourceType": "Coverage", "status": "active",
            "extension": [piece("Symbol", person.symbol()), piece("Number", widened(&person.insured_number())), piece("SubNumber", "０１".to_owned())],
            "beneficiary": { "reference": person.url() }, "payor": [{ "reference": url("004") }] } }));
    }
    let bmi = whole(draw.normal(if person.diabetic { 262.0 } else { 228.0 }, 28.0)).max(150);
    let quantity = |value: f64, unit: &str| json!({ "value": value, "unit": unit, "code": unit, "system": UCUM });
    let answers = json!({ "coding": [{ "system": "urn:oid:1.2.392.200119.6.2003", "code": draw.between(1, 2).to_string(), "display": "回答の表示" }] });
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    let tenths = |n: u64| n as f64 / 10.0;
    let items = [
        ("9N011000000000001", "valueQuantity", quantity(tenths(bmi), "kg/m2")),
        ("9A751000000000001", "valueQuantity", quantity(tenths(10 * draw.between(95, 175)), "mm[Hg]")),
        ("9N701000000000011", "valueCodeableConcept", answers),
        ("9N511000000000049", "valueString", json!(format!("医師の判断の文章{number:04}"))),
    ];
    for (place, (code, element, value)) in items.into_iter().enumerate() {
        entries.push(json!({ "fullUrl": url(&format!("1{place:02}")), "resource": {
            "resourceType": "Observation", "status": "final", "meta": { "profile": ["http://jpfhir.jp/fhir/eCheckup/StructureDefinition/JP_Observation_eCheckupGeneral"] },
            "code": { "coding": [{ "system": ITEM, "code": code, "display": "健診項目の表示" }] },
            "subject": { "reference": person.url() }, "effectiveDateTime": format!("2024-{:02}-04", 1 + number % 12), element: value } }));
    }
    json!({
        "resourceType": "Bundle", "type": "document", "timestamp": "2024-12-05T13:28:17+09:00",
        "meta": { "profile": ["http://jpfhir.jp/fhir/eCheckup/StructureDefinition/JP_Bundle_eCheckupGeneral"] },
        "identifier": { "system": "http://jpfhir.jp/fhir/core/IdSystem/documentInstance-identifier", "value": format!("{}-{number:08}", person.institution) },
        "entry": entries,
    })
}
