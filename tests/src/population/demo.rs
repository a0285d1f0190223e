//! The demo population: an NDB-like and a 介護DB-like source. Rows carry the insured number that was valid in their month.

use std::{io, path::Path};

use visiting_policies::rules::Municipalities;

use super::{
    Written,
    draw::{Draw, whole},
    medicine::{AGES, AST, CREATININE, DISEASES, Disease, FAMILY, GIVEN, GLUCOSE_SHARE, NEUTRAL_FAT, RESIDENTS, SERVICES},
    sheet::{Sheet, Tenths},
};

const YEAR: u64 = 2024;
/// Tells the draws of municipalities (invented ones, by their invented populations) from those of people.
const PLACES: u64 = 0x99;
/// Facilities of a prefecture.
const FACILITIES: u64 = 60;
/// One hospital in so many sends its laboratory's results; the others' patients have those of a checkup, if they went.
const SENDS_RESULTS: u64 = 3;
/// Share of people certified for care who use a service (about 6.0 of 6.9 million: MHLW, 介護保険事業状況報告).
const USES_CARE: f64 = 0.86;
/// Share of people whose insured number changes in the year, and of those the share with two changes.
const CHANGES: f64 = 0.15;
const CHANGES_TWICE: f64 = 0.12;
/// A prime above any number of people: number = index times a constant modulo it is one to one and looks mixed.
const MODULUS: u64 = 99_999_989;

struct Person {
    sex: u64,
    age: u64,
    birth: (u64, u64, u64),
    pref: u64,
    /// Insured numbers with their first month, oldest first.
    numbers: Vec<(u64, String)>,
    facilities: [u64; 2],
}

struct Sheets {
    history: Sheet,
    patients: Sheet,
    claims: Sheet,
    labs: Sheet,
    recipients: Sheet,
    services: Sheet,
}

/// Writes `out/ndb` and `out/kaigo`.
pub(crate) fn write(out: &Path, people: u32, seed: u64) -> io::Result<Written> {
    let (ndb, kaigo) = (out.join("ndb"), out.join("kaigo"));
    let mut sheets = Sheets {
        history: Sheet::create(&ndb, "history.csv", "insured_number,previous_number,valid_from")?,
        patients: Sheet::create(&ndb, "patients.csv", "insured_number,kana,birth_date,sex,birth_ym,pref")?,
        claims: Sheet::create(&ndb, "claims.csv", "insured_number,facility_id,ym,icd10,yj_code,points")?,
        labs: Sheet::create(&ndb, "labs.csv", "insured_number,ym,jlac10,value,unit")?,
        recipients: Sheet::create(&kaigo, "recipients.csv", "insured_number,sex,birth_ym,pref,municipality,care_level")?,
        services: Sheet::create(&kaigo, "services.csv", "insured_number,facility_id,ym,service_code,units")?,
    };
    let places = Municipalities::synthetic();
    let (codes, populations): (Vec<&str>, Vec<f64>) = places.iter().map(|(code, people)| (code, people as f64)).unzip();
    for index in 0..u64::from(people) {
        let mut draw = Draw::new(seed, index);
        let person = Person::draw(&mut draw, index);
        // Drawn apart from everything else: nobody else changes when a municipality does.
        let place = Draw::new(seed ^ PLACES, index).weighted(&populations);
        person.register(&mut draw, &mut sheets)?;
        let ill = person.claims(&mut draw, &mut sheets.claims)?;
        person.labs(&mut draw, &ill, &mut sheets.labs)?;
        person.care(&mut draw, codes.get(place).copied().unwrap_or_default(), &mut sheets)?;
    }
    let Sheets { history, patients, claims, labs, recipients, services } = sheets;
    [history, patients, claims, labs, recipients, services].into_iter().map(Sheet::finish).collect()
}

impl Person {
    fn draw(draw: &mut Draw, index: u64) -> Self {
        let band = draw.weighted(&AGES) as u64;
        let age = band * 5 + draw.below(5);
        let birth = (YEAR - 1 - age, draw.between(1, 12), draw.between(1, 28));
        let pref = draw.weighted(&RESIDENTS) as u64 + 1;
        // Women live longer: their share grows with age.
        let women = if age < 65 { 0.495 } else { 0.5 + 0.006 * (age - 65) as f64 };
        let sex = if draw.chance(women) { 2 } else { 1 };
        let numbers = numbers(draw, index, pref, age);
        // Squared: a few large facilities and many small ones.
        let mut facility = || whole(draw.unit().powi(2) * (FACILITIES - 1) as f64) + 1;
        Self { sex, age, birth, pref, numbers, facilities: [facility(), facility()] }
    }

    /// The number valid in a month.
    fn number(&self, ym: u64) -> &str {
        self.numbers.iter().rev().find(|(from, _)| *from <= ym).or(self.numbers.first()).map_or("", |(_, number)| number)
    }

    fn newest(&self) -> &str {
        self.number(u64::MAX)
    }

    fn birth_ym(&self) -> u64 {
        self.birth.0 * 100 + self.birth.1
    }

    fn register(&self, draw: &mut Draw, sheets: &mut Sheets) -> io::Result<()> {
        for ((_, previous), (from, number)) in self.numbers.iter().zip(self.numbers.iter().skip(1)) {
            sheets.history.row(format_args!("{number},{previous},{from}"))?;
        }
        let given = if self.sex == 1 { GIVEN[0] } else { GIVEN[1] };
        let (family, given) = (draw.pick(FAMILY), draw.pick(given));
        let (number, (year, month, day), sex, birth_ym, pref) = (self.newest(), self.birth, self.sex, self.birth_ym(), self.pref);
        sheets.patients.row(format_args!("{number},{family} {given},{year}-{month:02}-{day:02},{sex},{birth_ym},{pref}"))
    }

    /// Claims of the year; the diseases behind them.
    fn claims(&self, draw: &mut Draw, sheet: &mut Sheet) -> io::Result<Vec<&'static str>> {
        let mut ill = Vec::new();
        for disease in DISEASES {
            if !draw.chance(self.risk(disease)) {
                continue;
            }
            ill.push(disease.icd10);
            let drug = draw.pick(disease.drugs);
            for ym in months(draw, disease.months) {
                // Nine of ten stay with their drug; the others try another one.
                let drug = if draw.chance(0.9) { drug } else { draw.pick(disease.drugs) };
                let (number, facility, points) = (self.number(ym), self.facility(draw), draw.cost(disease.points, 0.55));
                sheet.row(format_args!("{number},{facility},{ym},{},{drug},{points}", disease.icd10))?;
            }
        }
        Ok(ill)
    }

    fn risk(&self, disease: &Disease) -> f64 {
        let [child, young, middle, old, oldest] = disease.percent;
        let percent = match self.age {
            0..15 => child,
            15..40 => young,
            40..65 => middle,
            65..75 => old,
            _ => oldest,
        };
        // The percentage is that of both sexes together, so it is split by the ratio.
        let share = if self.sex == 2 { disease.women } else { 1.0 };
        (percent / 100.0 * share * 2.0 / (1.0 + disease.women)).min(0.95)
    }

    fn facility(&self, draw: &mut Draw) -> String {
        let [usual, other] = self.facilities;
        let facility = match draw.below(20) {
            0..15 => usual,
            15..19 => other,
            _ => draw.between(1, FACILITIES),
        };
        format!("{:02}1{facility:05}", self.pref)
    }

    fn labs(&self, draw: &mut Draw, ill: &[&str], sheet: &mut Sheet) -> io::Result<()> {
        // Specific health checkups reach 58 % of those aged 40 to 74 (MHLW, 2022), and fewer of the older.
        let checkup = if self.age >= 75 {
            0.28
        } else if self.age >= 40 {
            0.58
        } else if self.age >= 18 {
            0.4
        } else {
            0.03
        };
        if draw.chance(checkup) {
            let ym = YEAR * 100 + draw.between(1, 12);
            for item in [GLUCOSE_SHARE, NEUTRAL_FAT, CREATININE, AST] {
                self.lab(draw, ill, item, ym, sheet)?;
            }
        }
        for (icd10, item, count) in
            [("E11", GLUCOSE_SHARE, 4.0), ("E78", NEUTRAL_FAT, 3.0), ("N18", CREATININE, 4.0), ("E10", GLUCOSE_SHARE, 6.0)]
        {
            if ill.contains(&icd10) && self.facilities[0].is_multiple_of(SENDS_RESULTS) {
                for ym in months(draw, count) {
                    self.lab(draw, ill, item, ym, sheet)?;
                }
            }
        }
        Ok(())
    }

    fn lab(&self, draw: &mut Draw, ill: &[&str], (jlac10, unit): (&str, &str), ym: u64, sheet: &mut Sheet) -> io::Result<()> {
        let has = |icd10: &str| ill.contains(&icd10);
        let tenths = match jlac10 {
            "3D046" if has("E11") || has("E10") => draw.normal(72.0, 9.0).clamp(52.0, 140.0),
            "3D046" => draw.normal(54.0, 3.0).clamp(42.0, 64.0),
            "3F015" if has("E78") => 1700.0 * draw.normal(0.0, 0.35).exp(),
            "3F015" => 1000.0 * draw.normal(0.0, 0.4).exp(),
            "3C015" if has("N18") => 16.0 * draw.normal(0.0, 0.4).exp(),
            "3C015" => draw.normal(if self.sex == 1 { 8.6 } else { 6.6 }, 1.2).clamp(3.0, 14.0),
            _ => 220.0 * draw.normal(0.0, 0.3).exp(),
        };
        let (number, value) = (self.number(ym), Tenths(whole(tenths)));
        sheet.row(format_args!("{number},{ym},{jlac10},{value},{unit}"))
    }

    fn care(&self, draw: &mut Draw, municipality: &str, sheets: &mut Sheets) -> io::Result<()> {
        let share = if self.age >= 75 {
            0.92
        } else if self.age >= 65 {
            0.76
        } else {
            0.0
        };
        if !draw.chance(share) {
            return Ok(());
        }
        let level = draw.weighted(&[15.0, 14.0, 20.0, 17.0, 13.0, 12.0, 9.0]) as u64 + 1;
        let (number, sex, birth_ym, pref) = (self.newest(), self.sex, self.birth_ym(), self.pref);
        sheets.recipients.row(format_args!("{number},{sex},{birth_ym},{pref},{municipality},{level}"))?;
        if !draw.chance(USES_CARE) {
            return Ok(());
        }
        let facility = draw.between(1, FACILITIES);
        let offered: Vec<(u32, u64, f64)> = SERVICES.iter().copied().filter(|(_, from, _)| *from <= level).collect();
        let usual = draw.pick(&offered);
        for ym in months(draw, 6.1) {
            let (service, _, units) = if draw.chance(0.8) { usual } else { draw.pick(&offered) };
            let units = draw.cost(units * (0.7 + 0.1 * level as f64), 0.35);
            sheets.services.row(format_args!("{number},{pref:02}7{facility:05},{ym},{service},{units}"))?;
        }
        Ok(())
    }
}

/// Months of the year, about `expected` of them.
fn months(draw: &mut Draw, expected: f64) -> Vec<u64> {
    let mut out: Vec<u64> = (1..=12).filter(|_| draw.chance(expected / 12.0)).map(|month| YEAR * 100 + month).collect();
    if out.is_empty() {
        out.push(YEAR * 100 + draw.between(1, 12));
    }
    out
}

/// Insured numbers: `insurer-symbol-number-branch`, the insurer by prefecture and age.
fn numbers(draw: &mut Draw, index: u64, pref: u64, age: u64) -> Vec<(u64, String)> {
    let changes = if !draw.chance(CHANGES) {
        0
    } else if draw.chance(CHANGES_TWICE) {
        2
    } else {
        1
    };
    let mut from: Vec<u64> = (0..changes).map(|_| YEAR * 100 + draw.between(2, 12)).collect();
    from.sort_unstable();
    from.dedup();
    let starts = std::iter::once(0).chain(from);
    let number = |(generation, from): (u64, u64)| {
        let law = if age >= 75 { 39 } else { draw.pick(&[1, 6, 6, 0, 31]) };
        let mixed = (index * 4 + generation + 1) * 61_803_399 % MODULUS;
        (from, format!("{law:02}{pref:02}{:04}-{}-{mixed:08}-{:02}", draw.between(1, 40) * 7, draw.between(10, 999), draw.below(6)))
    };
    (0..).zip(starts).map(number).collect()
}
