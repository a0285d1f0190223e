//! What people have, get and are measured for. Figures are plausible, not official.

/// A disease in the demo population.
#[derive(Debug)]
pub(crate) struct Disease {
    /// ICD-10.
    pub(crate) icd10: &'static str,
    /// Percent of people who have it, by age: under 15, 15-39, 40-64, 65-74, 75 and over.
    pub(crate) percent: [f64; 5],
    /// Women's share relative to men's.
    pub(crate) women: f64,
    /// Months of a year with a claim.
    pub(crate) months: f64,
    /// Median points of a claim.
    pub(crate) points: f64,
    /// Drugs (YJ).
    pub(crate) drugs: &'static [&'static str],
}

const fn disease(icd10: &'static str, percent: [f64; 5], women: f64, months: f64, points: f64, drugs: &'static [&'static str]) -> Disease {
    Disease { icd10, percent, women, months, points, drugs }
}

const PRESSURE: &[&str] = &["2149001F1020", "2149032F1021", "2149039F1031", "2149042F1028", "2171022F1029"];
const SUGAR: &[&str] = &["3961008F1020", "3962002F1027", "3969007F1024", "3969010F1020", "3969015F1029"];
const LIPID: &[&str] = &["2189010F1020", "2189015F1029", "2189017F1022"];
const MOOD: &[&str] = &["1124017F1010", "1124023F1029", "1179038F1020", "1179052F1023"];
const PAIN: &[&str] = &["1149001F1030", "1149019F1561"];
const STOMACH: &[&str] = &["2325003F1024", "2329020F1020", "2329029F1028"];
const AIRWAY: &[&str] = &["2259004G1020", "2259709G1029", "2239001F1018"];
const ALLERGY: &[&str] = &["4490014F1020", "4490025F1021"];
const ANTIBIOTIC: &[&str] = &["6132014F1020", "6149003F1020"];
const VIRUS: &[&str] = &["6250021M1027", "6250029F1020", "6250041F1029"];
const IRON: &[&str] = &["3222007F1010", "3222012F1029"];
const HEART: &[&str] = &["2119402A1020", "2123016F1022", "2129002F1026", "3339003F1020", "3399007H1021"];
const CANCER: &[&str] = &["4241004F1020", "4291011F1020"];
const KIDNEY: &[&str] = &["3999018F1020", "3999028F1023"];

/// Diseases of the demo population: common first, then the acute, then the uncommon and rare.
pub(crate) const DISEASES: &[Disease] = &[
    disease("I10", [0.0, 1.2, 19.0, 44.0, 58.0], 0.9, 6.0, 420.0, PRESSURE),
    disease("I11", [0.0, 0.1, 1.5, 4.5, 9.0], 0.9, 6.0, 560.0, PRESSURE),
    disease("I12", [0.0, 0.1, 0.8, 2.5, 4.5], 0.8, 6.0, 610.0, PRESSURE),
    disease("E11", [0.0, 0.6, 7.5, 16.0, 18.0], 0.65, 5.5, 980.0, SUGAR),
    disease("E78", [0.1, 1.5, 15.0, 30.0, 29.0], 1.1, 4.0, 450.0, LIPID),
    disease("J45", [8.5, 3.0, 4.0, 5.0, 5.0], 1.05, 4.0, 620.0, AIRWAY),
    disease("F32", [0.2, 4.0, 4.6, 3.2, 3.0], 1.5, 5.0, 530.0, MOOD),
    disease("F41", [0.3, 3.0, 3.2, 2.6, 2.6], 1.6, 4.0, 470.0, MOOD),
    disease("M54", [0.8, 6.0, 12.0, 19.0, 24.0], 1.1, 3.0, 380.0, PAIN),
    disease("K21", [0.2, 3.0, 8.0, 13.0, 16.0], 0.95, 3.5, 520.0, STOMACH),
    disease("N18", [0.0, 0.3, 2.2, 6.5, 13.0], 0.75, 5.5, 2100.0, KIDNEY),
    disease("D50", [0.4, 3.2, 3.6, 2.6, 4.4], 3.0, 3.0, 360.0, IRON),
    disease("J06", [55.0, 22.0, 15.0, 13.0, 13.0], 1.0, 1.3, 260.0, PAIN),
    disease("J30", [26.0, 18.0, 16.0, 12.0, 9.0], 1.1, 1.6, 310.0, ALLERGY),
    disease("J20", [12.0, 5.0, 4.0, 4.0, 5.0], 1.0, 1.2, 330.0, ANTIBIOTIC),
    disease("A09", [14.0, 7.0, 4.0, 3.0, 3.0], 1.0, 1.1, 290.0, &["2359008F1028"]),
    disease("L20", [7.0, 3.2, 1.6, 1.0, 1.0], 1.0, 3.0, 340.0, ALLERGY),
    disease("L30", [5.0, 3.5, 4.0, 5.0, 7.0], 1.0, 1.8, 300.0, ALLERGY),
    disease("H52", [6.0, 3.0, 3.5, 4.0, 4.0], 1.1, 1.1, 410.0, &["1319730Q1020"]),
    disease("H25", [0.0, 0.1, 2.0, 9.0, 15.0], 1.3, 1.6, 900.0, &["1319730Q1020"]),
    disease("R51", [1.5, 5.0, 5.0, 3.0, 3.0], 1.9, 1.4, 420.0, PAIN),
    disease("K29", [1.0, 4.5, 6.0, 7.0, 7.0], 1.1, 1.6, 390.0, STOMACH),
    disease("K25", [0.0, 0.5, 1.4, 2.2, 2.6], 0.7, 2.5, 640.0, STOMACH),
    disease("K59", [2.0, 2.0, 3.0, 6.0, 12.0], 1.4, 3.0, 280.0, &["2359008F1028"]),
    disease("M17", [0.0, 0.2, 4.0, 11.0, 17.0], 2.2, 3.0, 520.0, PAIN),
    disease("M81", [0.0, 0.0, 1.0, 6.0, 13.0], 6.0, 4.0, 680.0, &["3999018F1020"]),
    disease("N39", [1.0, 1.8, 2.0, 2.6, 4.5], 3.0, 1.3, 380.0, ANTIBIOTIC),
    disease("N40", [0.0, 0.0, 2.5, 13.0, 20.0], 0.0, 4.0, 560.0, &["2590008F1025"]),
    disease("J44", [0.0, 0.0, 0.9, 2.8, 4.0], 0.3, 4.0, 900.0, AIRWAY),
    disease("E03", [0.1, 0.6, 1.4, 2.0, 2.2], 4.0, 3.5, 430.0, &["3929006F1020"]),
    disease("I20", [0.0, 0.0, 1.0, 3.5, 6.5], 0.6, 4.5, 850.0, HEART),
    disease("I48", [0.0, 0.1, 0.8, 3.0, 6.0], 0.5, 5.0, 1100.0, HEART),
    disease("I50", [0.0, 0.0, 0.5, 2.0, 6.5], 0.9, 5.0, 1300.0, HEART),
    disease("I63", [0.0, 0.0, 0.7, 2.6, 5.5], 0.7, 4.5, 1400.0, HEART),
    disease("K80", [0.0, 0.3, 1.2, 2.0, 2.6], 0.9, 1.6, 1500.0, STOMACH),
    disease("C50", [0.0, 0.1, 1.0, 1.4, 1.2], 90.0, 4.0, 6200.0, CANCER),
    disease("C18", [0.0, 0.0, 0.4, 1.2, 1.5], 0.8, 3.5, 5400.0, CANCER),
    disease("C16", [0.0, 0.0, 0.3, 1.1, 1.4], 0.5, 3.5, 5600.0, CANCER),
    disease("C34", [0.0, 0.0, 0.2, 0.9, 1.1], 0.5, 4.0, 9800.0, CANCER),
    disease("C61", [0.0, 0.0, 0.3, 2.4, 3.4], 0.0, 4.0, 4300.0, CANCER),
    disease("G20", [0.0, 0.0, 0.1, 0.5, 1.2], 1.2, 5.0, 1900.0, &["1169005F1020"]),
    disease("G30", [0.0, 0.0, 0.1, 0.9, 7.0], 1.6, 5.0, 950.0, &["1190012F1020"]),
    disease("G40", [0.6, 0.6, 0.7, 0.8, 1.0], 0.9, 5.0, 620.0, &["1139004F1025"]),
    disease("S72", [0.0, 0.0, 0.1, 0.3, 1.6], 2.6, 1.5, 31000.0, PAIN),
    disease("B18", [0.0, 0.1, 0.3, 0.5, 0.5], 0.8, 3.0, 8800.0, VIRUS),
    disease("E10", [0.05, 0.1, 0.1, 0.08, 0.05], 1.1, 10.0, 1900.0, SUGAR),
    disease("E13", [0.0, 0.02, 0.05, 0.08, 0.08], 0.9, 5.0, 1000.0, SUGAR),
    disease("C92", [0.01, 0.01, 0.02, 0.05, 0.06], 0.8, 6.0, 24000.0, CANCER),
    disease("B20", [0.0, 0.04, 0.04, 0.01, 0.0], 0.1, 6.0, 21000.0, VIRUS),
    disease("Z21", [0.0, 0.02, 0.02, 0.0, 0.0], 0.1, 4.0, 1200.0, VIRUS),
    disease("D66", [0.02, 0.02, 0.01, 0.01, 0.0], 0.02, 6.0, 98000.0, &["6343423X1020"]),
    disease("G12", [0.01, 0.01, 0.01, 0.02, 0.02], 0.8, 6.0, 43000.0, &["1190012F1020"]),
    disease("E75.2", [0.002, 0.003, 0.003, 0.001, 0.0], 0.6, 6.0, 61000.0, CANCER),
];

/// A disease in the fixture: code, percent of everybody, median points, drugs. Common in every prefecture and sex.
pub(crate) const FIXTURE_COMMON: &[(&str, f64, f64, &[&str])] = &[
    ("I10", 25.0, 420.0, PRESSURE),
    ("I11", 12.0, 560.0, PRESSURE),
    ("I12", 12.0, 610.0, PRESSURE),
    ("E11", 20.0, 900.0, SUGAR),
    ("E78", 25.0, 450.0, LIPID),
    ("J45", 15.0, 620.0, AIRWAY),
    ("F32", 15.0, 530.0, MOOD),
    ("F41", 15.0, 470.0, MOOD),
    ("M54", 25.0, 380.0, PAIN),
    ("K21", 18.0, 520.0, STOMACH),
    ("N18", 12.0, 1200.0, KIDNEY),
    ("D50", 15.0, 900.0, IRON),
];

/// Drugs of a rare disease of the fixture.
pub(crate) fn rare_drugs(icd10: &str) -> &'static [&'static str] {
    match icd10 {
        "E10" | "E13" => SUGAR,
        "Z21" | "B20" => VIRUS,
        "D66" => &["6343423X1020"],
        _ => CANCER,
    }
}

/// Antivirals, which the fixture also gives to people with something else.
pub(crate) const ANTIVIRALS: &[&str] = VIRUS;

/// Residents by prefecture 1..=47, in 10,000.
pub(crate) const RESIDENTS: [f64; 47] = [
    514.0, 120.0, 118.0, 228.0, 93.0, 104.0, 179.0, 284.0, 191.0, 191.0, 734.0, 628.0, 1405.0, 923.0, 215.0, 102.0, 112.0, 75.0, 80.0,
    202.0, 195.0, 358.0, 750.0, 174.0, 141.0, 255.0, 878.0, 540.0, 131.0, 90.0, 54.0, 66.0, 186.0, 276.0, 131.0, 70.0, 94.0, 131.0, 68.0,
    512.0, 80.0, 129.0, 172.0, 111.0, 105.0, 156.0, 147.0,
];

/// Percent of residents by five years of age, from 0-4 to 95-99.
pub(crate) const AGES: [f64; 20] = [3.3, 3.9, 4.3, 4.4, 4.9, 5.1, 5.1, 5.6, 6.2, 7.2, 7.7, 6.5, 6.0, 5.9, 7.2, 5.9, 4.7, 3.2, 1.8, 0.6];

/// Laboratory items: JLAC10 and unit.
pub(crate) const GLUCOSE_SHARE: (&str, &str) = ("3D046", "%");
/// Neutral fat.
pub(crate) const NEUTRAL_FAT: (&str, &str) = ("3F015", "mg/dL");
/// Creatinine.
pub(crate) const CREATININE: (&str, &str) = ("3C015", "mg/dL");
/// AST.
pub(crate) const AST: (&str, &str) = ("3B035", "U/L");

/// Services of long-term care: kind, from which care level, median units of a month.
pub(crate) const SERVICES: &[(u32, u64, f64)] = &[
    (11, 1, 2600.0),
    (12, 4, 3400.0),
    (13, 2, 3100.0),
    (15, 1, 7200.0),
    (16, 2, 6800.0),
    (17, 1, 1400.0),
    (21, 3, 6100.0),
    (31, 4, 1200.0),
    (43, 1, 1300.0),
    (51, 5, 26500.0),
    (52, 4, 27800.0),
];

/// Family names in kana.
pub(crate) const FAMILY: &[&str] = &[
    "サトウ",
    "スズキ",
    "タカハシ",
    "タナカ",
    "イトウ",
    "ワタナベ",
    "ヤマモト",
    "ナカムラ",
    "コバヤシ",
    "カトウ",
    "ヨシダ",
    "ヤマダ",
    "ササキ",
    "マツモト",
    "イノウエ",
    "キムラ",
];
/// Given names in kana, men's and women's.
pub(crate) const GIVEN: [&[&str]; 2] = [
    &["ハルト", "ソウタ", "ユウト", "ケンジ", "ヒロシ", "タロウ", "アキラ", "マサル", "トオル", "シンイチ"],
    &["ハナコ", "ユイ", "サクラ", "ミサキ", "ヨウコ", "ケイコ", "カズコ", "アヤカ", "トモコ", "サチコ"],
];
