//! JP-CLINS Bundles: three of the 5情報, and a referral with its prescriptions.

use serde_json::{Value, json};

use super::{super::draw::Draw, Person, dressed, narrative};
use crate::population::draw::whole;

const JLAC10: &str = "http://medis.or.jp/CodeSystem/master-JLAC10-17digits";
const JLAC10_OLD: &str = "urn:oid:1.2.392.200119.4.504";
const CORE: &str = "http://jpfhir.jp/fhir/clins/CodeSystem/JLAC10/JP_CLINS_ObsLabResult_CoreLabo_CS";
const LOCAL: &str = "http://jpfhir.jp/fhir/clins/CodeSystem/JP_CLINS_ObsLabResult_LocalCode_CS";
/// MEDIS key number and ICD-10 of common diseases, and how many people have them in per cent.
const DISEASES: &[(&str, &str, f64)] =
    &[("20061593", "I10", 40.0), ("20055563", "E785", 30.0), ("20059914", "J459", 12.0), ("20054178", "C169", 2.0)];
const DIABETES: (&str, &str) = ("20056872", "E119");
const DRUGS: &[(&str, &str)] = &[("121431401", "2171022F6276"), ("104195801", "2316009F1022"), ("103831601", "2233002F1280")];
const ALLERGENS: &[(&str, &str, &str)] = &[
    ("food", "JP_JfagyFoodAllergen_CS", "J9FC11310000"),
    ("food", "JP_JfagyFoodAllergen_CS", "J9FA32540000"),
    ("medication", "GCM/JP_JfagyMedicationAllergen_CS", "GCM2260701F1ZZZ"),
];

/// A 5情報 Bundle: the Patient first, then resources of one type.
fn collection(person: &Person, kind: &str, wide: bool, resources: Vec<Value>) -> Value {
    let mut entries = vec![json!({ "fullUrl": person.url(), "resource": person.patient(wide) })];
    for (place, resource) in resources.into_iter().enumerate() {
        entries.push(json!({ "fullUrl": format!("urn:uuid:00000000-0000-4000-9{place:03}-{:012}", person.number), "resource": resource }));
    }
    json!({
        "resourceType": "Bundle", "type": "collection", "timestamp": "2024-11-12T10:00:00+09:00",
        "meta": { "profile": ["http://jpfhir.jp/fhir/clins/StructureDefinition/JP_Bundle_CLINS|1"],
            "tag": [{ "system": "http://jpfhir.jp/fhir/clins/CodeSystem/BundleResourceType_CS", "code": kind }] },
        "identifier": { "system": "http://jpfhir.jp/fhir/clins/bundle-identifier", "value": format!("{}^2024^{kind}-{:08}", person.institution, person.number) },
        "entry": entries,
    })
}

/// HbA1c, AST, protein in urine and HBs antigen.
pub(super) fn observations(draw: &mut Draw, person: &Person) -> Value {
    let hba1c = if person.diabetic { draw.normal(72.0, 9.0).clamp(55.0, 130.0) } else { draw.normal(55.0, 3.0).clamp(42.0, 64.0) };
    let tenths = whole(hba1c);
    let month = draw.between(1, 12);
    let number = |value: String, unit: &str| ("valueQuantity", json!({ "value": value.parse::<f64>().unwrap_or_default(), "unit": unit }));
    let coded = |code: u64| {
        (
            "valueCodeableConcept",
            json!({ "coding": [{ "system": "urn:oid:1.2.392.200119.6.2102", "code": code.to_string(), "display": "判定の表示" }] }),
        )
    };
    let items = [
        ("3D046000001906202", number(format!("{}.{}", tenths / 10, tenths % 10), "%"), 0),
        ("3B035000002327201", number(draw.between(12, 60).to_string(), "U/l"), 1),
        ("1A010000000190153", coded(draw.between(1, 3)), 2),
        ("5F016000002399811", coded(if draw.chance(0.02) { 1 } else { 2 }), 3),
    ];
    let observation = |(code, (element, value), style): (&str, (&str, Value), u64)| {
        // Some hospitals know the core item only, some have the old URI.
        let coding = match (person.number + style) % 4 {
            0 => json!([{ "system": LOCAL, "code": "A0001", "display": "院内の項目名" }, { "system": CORE, "code": code }]),
            odd => {
                json!([{ "system": LOCAL, "code": "A0001", "display": "院内の項目名" }, { "system": if odd == 1 { JLAC10_OLD } else { JLAC10 }, "code": code }, { "system": CORE, "code": code }])
            }
        };
        dressed(
            person,
            "http://jpfhir.jp/fhir/eCS/StructureDefinition/JP_Observation_LabResult_eCS|1",
            json!({
                "resourceType": "Observation", "id": format!("obs-{}-{style}", person.number), "status": "final",
                "category": [{ "coding": [{ "system": "http://jpfhir.jp/fhir/core/CodeSystem/JP_SimpleObservationCategory_CS", "code": "laboratory" }] }],
                "code": { "coding": coding, "text": "検査項目の文字" },
                "subject": person.subject(person.number + style, style % 2 == 1),
                "encounter": { "reference": "#visit" }, "performer": [{ "reference": "#doctor", "display": format!("担当医師{:04}", person.number) }],
                "effectiveDateTime": format!("2024-{month:02}-05T11:19:41+09:00"),
                element: value,
            }),
        )
    };
    collection(person, "Observation", false, items.into_iter().map(observation).collect())
}

/// Diseases by MEDIS number, every second with ICD-10.
pub(super) fn conditions(draw: &mut Draw, person: &Person) -> Value {
    let diabetes = person.diabetic.then_some(DIABETES);
    let others: Vec<(&str, &str)> = DISEASES.iter().filter(|d| draw.chance(d.2 / 100.0)).map(|d| (d.0, d.1)).collect();
    let condition = |(place, (medis, icd10)): (usize, (&str, &str))| {
        let mut coding =
            vec![json!({ "system": "http://medis.or.jp/CodeSystem/master-disease-keyNumber", "code": medis, "display": "病名の表示" })];
        if (person.number + place as u64).is_multiple_of(2) {
            coding.push(json!({ "system": "http://jpfhir.jp/fhir/core/mhlw/CodeSystem/ICD10-2013-full", "code": icd10 }));
        }
        dressed(
            person,
            "http://jpfhir.jp/fhir/eCS/StructureDefinition/JP_Condition_eCS",
            json!({
                "resourceType": "Condition", "id": format!("con-{}-{place}", person.number),
                "clinicalStatus": { "coding": [{ "system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": "active" }] },
                "verificationStatus": { "coding": [{ "system": "http://terminology.hl7.org/CodeSystem/condition-ver-status", "code": "confirmed" }] },
                "code": { "coding": coding, "text": format!("病名の自由記載{:04}", person.number) },
                "subject": person.subject(1 + place as u64, true), "encounter": { "reference": "#visit" },
                "onsetDateTime": "2018", "recordedDate": format!("2024-{:02}-18", 1 + person.number % 12),
                "recorder": { "display": format!("記録者{:04}", person.number) },
            }),
        )
    };
    collection(person, "Condition", true, diabetes.into_iter().chain(others).enumerate().map(condition).collect())
}

/// None to two allergies.
pub(super) fn allergies(draw: &mut Draw, person: &Person) -> Value {
    let many = draw.below(3);
    let allergy = |place: u64| {
        let (category, system, code) = draw.pick(ALLERGENS);
        dressed(
            person,
            "http://jpfhir.jp/fhir/eCS/StructureDefinition/JP_AllergyIntolerance_eCS|1",
            json!({
                "resourceType": "AllergyIntolerance", "id": format!("all-{}-{place}", person.number),
                "clinicalStatus": { "coding": [{ "system": "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", "code": "active" }] },
                "category": [category], "criticality": "low",
                "code": { "coding": [{ "system": format!("http://jpfhir.jp/fhir/core/CodeSystem/{system}"), "code": code }], "text": format!("アレルギーの記載{:04}", person.number) },
                "patient": person.subject(place, false),
            }),
        )
    };
    collection(person, "AllergyIntolerance", false, (0..many).map(allergy).collect())
}

/// A referral (診療情報提供書) with prescriptions, a letter as an attachment, and other people.
pub(super) fn referral(draw: &mut Draw, person: &Person) -> Value {
    let number = person.number;
    let other = |kind: &str| format!("urn:uuid:00000000-0000-4000-a{kind}-{number:012}");
    let letter = "44Kr44OK44Oq44Ki44Gu5omL57SZ44Gu5YaF5a65";
    let mut entries = vec![
        json!({ "fullUrl": other("001"), "resource": { "resourceType": "Composition", "status": "final", "title": format!("紹介状の表題{number:04}"),
            "type": { "coding": [{ "system": "http://jpfhir.jp/fhir/Common/CodeSystem/doc-typecodes", "code": "57133-1" }] }, "author": [{ "reference": other("002") }],
            "subject": { "reference": person.url() }, "date": "2024-07-07T10:00:00+09:00", "custodian": { "reference": other("003") },
            "section": [{ "title": "構造情報", "section": [{ "title": "経過", "text": narrative(&format!("紹介の経過の文章{number:04}")) }] }] } }),
        json!({ "fullUrl": person.url(), "resource": person.patient(number.is_multiple_of(2)) }),
        json!({ "fullUrl": other("002"), "resource": { "resourceType": "Practitioner", "name": [{ "text": format!("紹介医師{number:04}") }] } }),
        json!({ "fullUrl": other("003"), "resource": { "resourceType": "Organization", "name": format!("架空第{number:04}病院"),
            "identifier": [{ "system": "http://jpfhir.jp/fhir/core/IdSystem/insurance-medical-institution-no", "value": person.institution }],
            "telecom": [{ "system": "phone", "value": format!("0882-77-{number:04}") }] } }),
        json!({ "fullUrl": other("004"), "resource": { "resourceType": "DocumentReference", "status": "current",
            "content": [{ "attachment": { "contentType": "text/plain", "data": letter, "title": format!("添付の表題{number:04}") } }] } }),
        json!({ "fullUrl": other("005"), "resource": { "resourceType": "Binary", "contentType": "text/plain", "data": letter } }),
    ];
    for place in 0..draw.between(1, 3) {
        let (hot9, yj) = draw.pick(DRUGS);
        let request = dressed(
            person,
            "http://jpfhir.jp/fhir/eCS/StructureDefinition/JP_MedicationRequest_eCS|1",
            json!({
                "resourceType": "MedicationRequest", "id": format!("med-{number}-{place}"), "status": "completed", "intent": "order",
                "medicationCodeableConcept": { "coding": [
                    { "system": "http://medis.or.jp/CodeSystem/master-HOT9", "code": hot9 },
                    { "system": if place == 1 { "urn:oid:1.2.392.100495.20.1.73" } else { "http://capstandard.jp/iyaku.info/CodeSystem/YJ-code" }, "code": yj },
                    { "system": format!("http://jpfhir.jp/fhir/eCS/CodeSystem/DrugCode/{}", person.institution), "code": "I1042350" },
                ], "text": "薬剤の文字" },
                "subject": person.subject(place, true), "authoredOn": format!("2024-{:02}-14T12:50:36+09:00", draw.between(1, 12)),
                "requester": { "reference": "#doctor", "display": format!("担当医師{number:04}") },
                "dosageInstruction": [{ "text": format!("用法の自由記載{number:04}") }],
                "dispenseRequest": { "expectedSupplyDuration": { "value": 7 * draw.between(1, 8), "unit": "日", "code": "d", "system": "http://unitsofmeasure.org" } },
            }),
        );
        entries.push(json!({ "fullUrl": format!("urn:uuid:00000000-0000-4000-b{place:03}-{number:012}"), "resource": request }));
    }
    json!({
        "resourceType": "Bundle", "type": "document", "timestamp": "2024-07-07T10:00:00+09:00",
        "meta": { "profile": ["http://jpfhir.jp/fhir/clins/StructureDefinition/JP_Bundle_eReferral|1"] },
        "identifier": { "system": "http://jpfhir.jp/fhir/clins/bundle-identifier", "value": format!("{}^2024^Referral-{number:08}", person.institution) },
        "entry": entries,
    })
}
