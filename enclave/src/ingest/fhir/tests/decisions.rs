//! What is decided about codes, units, dates, status, versions and mappings.

use super::*;

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
