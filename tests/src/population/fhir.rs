//! FHIR as hospitals and check-up centres send it: JP-CLINS 5情報 and 2文書, and HS037, in the profiles and linking styles of the
//! published examples. Everything in it is invented, and every identifying place holds a text that a scanner can look for.

mod checkup;
mod clins;

use std::{
    fs::{self, File},
    io::{self, Write},
    path::Path,
};

use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};

use super::{Written, draw::Draw};

/// Bundles of each type that the tests load.
pub const BUNDLES: u32 = 500;
/// Institutions: enough that no cell of the tests has under three.
const INSTITUTIONS: u64 = 12;

/// One person of the population.
pub(crate) struct Person {
    pub(crate) number: u64,
    pub(crate) female: bool,
    pub(crate) year: u64,
    pub(crate) prefecture: &'static str,
    pub(crate) institution: String,
    /// Known by the institution's number only.
    pub(crate) local_only: bool,
    pub(crate) diabetic: bool,
}

impl Person {
    fn new(draw: &mut Draw, number: u64) -> Self {
        Self {
            number,
            female: draw.chance(0.5),
            year: draw.between(1935, 1999),
            prefecture: draw.pick(&["高知県", "東京都", "大阪府", "北海道"]),
            institution: format!("13198765{:02}", draw.below(INSTITUTIONS)),
            local_only: draw.chance(0.1),
            diabetic: draw.chance(0.35),
        }
    }

    pub(crate) fn symbol(&self) -> String {
        format!("きごう{:04}", self.number)
    }

    pub(crate) fn insured_number(&self) -> String {
        format!("8866{:06}", self.number)
    }

    /// `insurer:symbol:number:branch`; hospitals write it in either width.
    pub(crate) fn insured(&self, wide: bool) -> String {
        // Every seventh insurer's number has a wrong check digit, as the official examples have.
        let insurer = if self.number.is_multiple_of(7) { "33120019" } else { "33120015" };
        let number = if wide { widened(&self.insured_number()) } else { self.insured_number() };
        format!("{insurer}:{}:{number}:01", self.symbol())
    }

    pub(crate) fn mrn(&self) -> String {
        format!("MRN{:08}", self.number + 31_000_000)
    }

    fn identifiers(&self, wide: bool) -> Value {
        let mrn = json!({ "system": format!("urn:oid:1.2.392.100495.20.3.51.1{}", self.institution), "value": self.mrn() });
        let insured = json!({ "system": INSURED, "value": self.insured(wide) });
        if self.local_only { json!([mrn]) } else { json!([mrn, insured]) }
    }

    /// Patient with everything that must not be kept.
    pub(crate) fn patient(&self, wide: bool) -> Value {
        let (family, given) = (format!("架空{:04}", self.number), format!("人物{:04}", self.number));
        json!({
            "resourceType": "Patient", "id": format!("pat-{}", self.number),
            "meta": { "profile": ["http://jpfhir.jp/fhir/eCS/StructureDefinition/JP_Patient_eCS"], "source": format!("urn:source:CANARY-{:04}", self.number) },
            "text": narrative(&format!("患者 {family} {given} の要約")),
            "identifier": self.identifiers(wide),
            "name": [
                { "extension": [{ "url": NAME, "valueCode": "IDE" }], "text": format!("{family} {given}"), "family": family, "given": [given] },
                { "extension": [{ "url": NAME, "valueCode": "SYL" }], "text": format!("カクウ{:04} ジンブツ", self.number) },
            ],
            "telecom": [{ "system": "phone", "value": format!("0880-77-{:04}", self.number) }],
            "gender": if self.female { "female" } else { "male" },
            "birthDate": format!("{}-03-14", self.year),
            "address": [{ "text": format!("{}架空市{}番地", self.prefecture, self.number), "postalCode": format!("781-{:04}", self.number),
                "city": "架空市", "state": self.prefecture }],
            "contact": [{ "name": { "text": format!("緊急連絡先{:04}", self.number) }, "telecom": [{ "system": "phone", "value": format!("0881-77-{:04}", self.number) }] }],
        })
    }

    /// The subject of a resource, in one of the linking styles.
    pub(crate) fn subject(&self, style: u64, wide: bool) -> Value {
        let display = format!("架空{:04} 人物{:04}", self.number, self.number);
        match style % 3 {
            0 => json!({ "reference": self.url(), "display": display }),
            1 if !self.local_only => json!({ "identifier": { "system": INSURED, "value": self.insured(wide) }, "display": display }),
            _ => json!({ "reference": format!("Patient/pat-{}", self.number), "display": display }),
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("urn:uuid:00000000-0000-4000-8000-{:012}", self.number)
    }
}

/// System of insured numbers.
pub(crate) const INSURED: &str = "http://jpfhir.jp/fhir/clins/Idsystem/JP_Insurance_memberID";
const NAME: &str = "http://hl7.org/fhir/StructureDefinition/iso21090-EN-representation";

/// ASCII digits in full width.
pub(crate) fn widened(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_digit() { char::from_u32(u32::from(c) + 0xFEE0).unwrap_or(c) } else { c }).collect()
}

pub(crate) fn narrative(text: &str) -> Value {
    json!({ "status": "additional", "div": format!("<div xmlns=\"http://www.w3.org/1999/xhtml\"><p>{text}</p></div>") })
}

/// What every clinical resource carries beside its content: an institution, contained people, narrative and notes.
pub(crate) fn dressed(person: &Person, profile: &str, mut content: Value) -> Value {
    let number = person.number;
    let common = json!({
        "meta": { "profile": [profile], "lastUpdated": "2024-11-12T10:00:00+09:00" },
        "text": narrative(&format!("架空{number:04}さんの所見の文章")),
        "extension": [
            { "url": "http://jpfhir.jp/fhir/clins/Extension/StructureDefinition/JP_eCS_InstitutionNumber",
              "valueIdentifier": { "system": "http://jpfhir.jp/fhir/core/IdSystem/insurance-medical-institution-no", "value": person.institution } },
            { "url": "http://example.jp/fhir/StructureDefinition/remark", "valueString": format!("拡張の自由記載{number:04}") },
        ],
        "identifier": [{ "system": "http://jpfhir.jp/fhir/core/IdSystem/resourceInstance-identifier",
            "value": format!("{}-{}-20240709091210705", person.institution, person.mrn()) }],
        "contained": [
            { "resourceType": "Practitioner", "id": "doctor", "name": [{ "text": format!("担当医師{number:04}") }],
              "identifier": [{ "system": format!("urn:oid:1.2.392.100495.20.3.41.1{}", person.institution), "value": format!("DOCTOR-{number:06}") }] },
            { "resourceType": "Encounter", "id": "visit", "status": "finished", "class": { "code": "AMB", "display": format!("外来受診の表示{number:04}") },
              "reasonCode": [{ "text": format!("受診理由の記載{number:04}") }] },
        ],
        "note": [{ "text": format!("備考の自由記載{number:04}") }],
    });
    if let (Some(content), Value::Object(common)) = (content.as_object_mut(), common) {
        content.extend(common);
    }
    content
}

/// Files of one kind being written: NDJSON plain or packed, or a file for each Bundle.
enum Out {
    Lines(Box<dyn Write>),
    Files(std::path::PathBuf, u64),
}

impl Out {
    fn write(&mut self, bundle: &Value) -> io::Result<()> {
        match self {
            Self::Lines(out) => writeln!(out, "{bundle}"),
            Self::Files(folder, next) => {
                *next += 1;
                fs::write(folder.join(format!("{next:05}.json")), bundle.to_string())
            }
        }
    }
}

/// Writes `bundles` Bundles of each type below `out`: `clins/` and `hs037/`. Everybody has one of each.
pub(crate) fn write(out: &Path, bundles: u32, seed: u64) -> io::Result<Written> {
    let (clins, checkups) = (out.join("clins"), out.join("hs037"));
    fs::create_dir_all(clins.join("allergies"))?;
    fs::create_dir_all(&checkups)?;
    let plain = |path: &Path| File::create(path).map(|f| Box::new(io::BufWriter::new(f)) as Box<dyn Write>);
    let packed = GzEncoder::new(File::create(clins.join("conditions.ndjson.gz"))?, Compression::fast());
    let mut observations = Out::Lines(plain(&clins.join("observations.ndjson"))?);
    let mut conditions = Out::Lines(Box::new(packed));
    let mut allergies = Out::Files(clins.join("allergies"), 0);
    let mut referrals = Out::Lines(plain(&clins.join("referrals.ndjson"))?);
    let mut reports = Out::Lines(plain(&checkups.join("reports.ndjson"))?);
    for number in 1..=u64::from(bundles) {
        let mut draw = Draw::new(seed, number);
        let person = Person::new(&mut draw, number);
        observations.write(&clins::observations(&mut draw, &person))?;
        conditions.write(&clins::conditions(&mut draw, &person))?;
        allergies.write(&clins::allergies(&mut draw, &person))?;
        referrals.write(&clins::referral(&mut draw, &person))?;
        reports.write(&checkup::report(&mut draw, &person))?;
    }
    for out in [observations, conditions, referrals, reports] {
        if let Out::Lines(mut out) = out {
            out.flush()?;
        }
    }
    let names = ["clins/observations", "clins/conditions", "clins/allergies", "clins/referrals", "hs037/reports"];
    Ok(names.map(|name| (name.to_owned(), u64::from(bundles))).into())
}
