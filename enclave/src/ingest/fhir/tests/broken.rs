//! That no input whatever stops its neighbours.

use super::*;

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
