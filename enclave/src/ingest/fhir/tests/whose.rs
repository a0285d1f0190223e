//! Whose a row is: references, numbers, and one row for each person.

use super::*;

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
