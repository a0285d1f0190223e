//! The fixture database: common values everywhere, rare diseases laid out by prefecture and sex, and people under attack.
//!
//! The layout is the one described beside the attack corpus. It lives here, in the tests, and nothing in the product knows it.

use std::{collections::BTreeMap, io, path::Path};

use super::{
    Written,
    draw::{Draw, whole},
    medicine::{ANTIVIRALS, AST, CREATININE, FIXTURE_COMMON, GLUCOSE_SHARE, NEUTRAL_FAT, RESIDENTS, rare_drugs},
    sheet::{Sheet, Tenths},
};

const YEAR: u64 = 2024;
const FACILITIES: u64 = 45;
/// Fewest people of a prefecture: 300 and more of each sex.
const PREF_PEOPLE_MIN: u64 = 700;
/// The prefecture of the people under attack.
const TARGET_PREF: u64 = 31;
/// Their positions: `P000000123` and `P000000124`.
const TARGETS: [usize; 2] = [122, 123];
const TARGET_BIRTH: u64 = 195_003;
const OLDEST_BIRTH: u64 = 190_101;
const PAIR_BIRTH: u64 = 193_001;
/// Another prefecture where a dozen people share the targets' month of birth.
const CROWD_PREF: u64 = 13;
const CROWD: usize = 14;
/// Where one facility holds four fifths of one disease.
const MONOPOLY: (u64, &str) = (33, "K21");
/// Where one of twelve people makes nearly all of a sum, in many rows, none of them large.
const DOMINATED: (u64, &str) = (40, "D66");
const DOMINANT: (u64, u64) = (500, 1996);
/// Where somebody is alone in a cell, with many rows.
const ALONE: (u64, &str, u64) = (45, "E75.2", 40);
/// The disease that gets new people in one month, and how many where.
const REFRESHED: (&str, u64) = ("G12", 4);
const NEW_PEOPLE: &[(u64, u64)] = &[(13, 3), (27, 5), (23, 7), (14, 14)];

/// Rare diseases: people of sex 1 and 2 by prefecture. Prefectures that are not named have none.
const RARE: &[(&str, &[(u64, u64, u64)])] = &[
    ("D66", &[(31, 1, 0), (40, 6, 6), (27, 8, 8), (14, 9, 9), (13, 9, 8), (5, 2, 1), (20, 0, 3), (45, 1, 0)]),
    ("Z21", &[(31, 1, 0), (13, 14, 13), (27, 10, 8), (1, 3, 2), (40, 0, 1), (23, 5, 10), (9, 2, 2)]),
    // The small cells of a sex stay under ten people together, of either sex: a margin is then its shown cells and a few more.
    (
        "G12",
        &[(31, 1, 0), (13, 12, 12), (27, 11, 11), (23, 10, 11), (14, 10, 10), (28, 0, 14), (5, 3, 0), (40, 2, 3), (9, 0, 4), (33, 2, 0)],
    ),
    ("E10", &[(31, 0, 1), (13, 8, 9), (27, 7, 7), (1, 2, 2), (40, 3, 1), (12, 1, 0), (23, 6, 5), (8, 4, 4)]),
    ("E13", &[(31, 1, 0), (14, 9, 12), (27, 5, 6), (2, 1, 1), (40, 1, 0), (11, 12, 13)]),
    ("E75.2", &[(31, 1, 0), (45, 1, 0), (13, 6, 7), (23, 3, 2), (1, 0, 2), (28, 5, 6)]),
    ("B20", &[(31, 1, 0), (13, 14, 13), (27, 9, 8), (47, 1, 2), (40, 4, 0), (26, 0, 1), (23, 6, 10)]),
    ("C92", &[(31, 0, 1), (12, 11, 12), (14, 8, 8), (6, 1, 2), (40, 2, 3), (34, 1, 0), (11, 10, 9)]),
];
/// The rare diseases of the first target.
const TARGET_DISEASES: [&str; 2] = ["Z21", "D66"];
/// The first target's HbA1c in tenths: found nowhere else.
const TARGET_VALUES: [u64; 3] = [173, 181, 169];

#[derive(Debug, Clone, Copy)]
struct Person {
    pref: u64,
    sex: u64,
    birth: u64,
}

/// A rare disease of one person.
#[derive(Debug, Clone, Copy)]
struct Rare {
    icd10: &'static str,
    /// True for those whom the refresh month adds.
    new: bool,
    /// True for the one who dominates.
    dominant: bool,
}

/// Writes `patients.csv`, `claims.csv` and `labs.csv` into `folder`.
pub(crate) fn write(folder: &Path, people: u32, seed: u64) -> io::Result<Written> {
    let mut draw = Draw::new(seed, u64::MAX);
    let people = populate(&mut draw, people);
    let rare = lay_out(&people);
    let mut patients = Sheet::create(folder, "patients.csv", "pid,sex,birth_ym,pref")?;
    let mut claims = Sheet::create(folder, "claims.csv", "pid,facility_id,ym,icd10,yj_code,points")?;
    let mut labs = Sheet::create(folder, "labs.csv", "pid,ym,jlac10,value,unit")?;
    for (index, person) in people.iter().enumerate() {
        let pid = format!("P{:09}", index + 1);
        let mut draw = Draw::new(seed, index as u64);
        patients.row(format_args!("{pid},{},{},{}", person.sex, person.birth, person.pref))?;
        let diabetic = common_claims(&mut draw, &pid, person, &mut claims)?;
        for disease in rare.get(&index).into_iter().flatten() {
            rare_claims(&mut draw, &pid, person, *disease, &mut claims)?;
        }
        let special = TARGETS.first() == Some(&index);
        write_labs(&mut draw, &pid, special, diabetic, &mut labs)?;
    }
    [patients, claims, labs].into_iter().map(Sheet::finish).collect()
}

/// Everybody, in a drawn order, the targets at their places.
fn populate(draw: &mut Draw, wanted: u32) -> Vec<Person> {
    let residents: f64 = RESIDENTS.iter().sum();
    let spare = u64::from(wanted).saturating_sub(PREF_PEOPLE_MIN * RESIDENTS.len() as u64);
    let mut people = Vec::new();
    for (pref, weight) in (1..).zip(RESIDENTS) {
        let size = PREF_PEOPLE_MIN + whole(spare as f64 * weight / residents);
        people.extend((0..size).map(|i| Person { pref, sex: i % 2 + 1, birth: birth(draw, pref) }));
    }
    draw.shuffle(&mut people);
    let in_crowd = people.iter_mut().filter(|p| p.pref == CROWD_PREF).take(CROWD);
    in_crowd.for_each(|person| person.birth = TARGET_BIRTH);
    for (place, sex) in TARGETS.into_iter().zip([1, 2]) {
        let found =
            people.iter().enumerate().position(|(i, p)| p.pref == TARGET_PREF && p.sex == sex && (i == place || !TARGETS.contains(&i)));
        people.swap(found.unwrap_or(place), place);
        if let Some(target) = people.get_mut(place) {
            target.birth = TARGET_BIRTH;
        }
    }
    let others = people.iter_mut().enumerate().filter(|(i, p)| p.pref == TARGET_PREF && !TARGETS.contains(i)).map(|(_, p)| p);
    for (person, birth) in others.zip([OLDEST_BIRTH, PAIR_BIRTH, PAIR_BIRTH]) {
        person.birth = birth;
    }
    people
}

/// A month of birth; those of the people under attack are taken in their prefecture.
fn birth(draw: &mut Draw, pref: u64) -> u64 {
    loop {
        let birth = draw.between(1930, 2020) * 100 + draw.between(1, 12);
        if pref != TARGET_PREF || ![TARGET_BIRTH, PAIR_BIRTH].contains(&birth) {
            return birth;
        }
    }
}

/// Who has which rare disease. Nobody but the first target has two.
fn lay_out(people: &[Person]) -> BTreeMap<usize, Vec<Rare>> {
    let ordinary = |i: &usize| !TARGETS.contains(i);
    let mut free: BTreeMap<(u64, u64), Vec<usize>> = BTreeMap::new();
    for (index, person) in people.iter().enumerate().filter(|(i, _)| ordinary(i)) {
        free.entry((person.pref, person.sex)).or_default().push(index);
    }
    let mut out: BTreeMap<usize, Vec<Rare>> = BTreeMap::new();
    let mut take =
        |pref: u64, sex: u64, count: u64| -> Vec<usize> { (0..count).filter_map(|_| free.get_mut(&(pref, sex))?.pop()).collect() };
    for (icd10, places) in RARE {
        for (pref, men, women) in *places {
            if *pref == TARGET_PREF && TARGET_DISEASES.contains(icd10) {
                out.entry(TARGETS[0]).or_default().push(Rare { icd10, new: false, dominant: false });
                continue;
            }
            let chosen = [take(*pref, 1, *men), take(*pref, 2, *women)].concat();
            for (at, index) in chosen.into_iter().enumerate() {
                let dominant = (*pref, *icd10) == DOMINATED && at == 0;
                out.entry(index).or_default().push(Rare { icd10, new: false, dominant });
            }
        }
    }
    for (pref, count) in NEW_PEOPLE {
        for sex in [1, 2] {
            for index in take(*pref, sex, (count + 2 - sex) / 2) {
                out.entry(index).or_default().push(Rare { icd10: REFRESHED.0, new: true, dominant: false });
            }
        }
    }
    out
}

/// Claims for common diseases; true when diabetes is among them.
fn common_claims(draw: &mut Draw, pid: &str, person: &Person, sheet: &mut Sheet) -> io::Result<bool> {
    let mut diabetic = false;
    for (icd10, percent, points, drugs) in FIXTURE_COMMON {
        if !draw.chance(percent / 100.0) {
            continue;
        }
        diabetic |= *icd10 == "E11";
        let monopoly = (person.pref, *icd10) == MONOPOLY && draw.chance(0.8);
        for _ in 0..draw.between(1, 5) {
            let facility = if monopoly { 1 } else { draw.between(1, FACILITIES) };
            let drug = if draw.chance(0.003) { draw.pick(ANTIVIRALS) } else { draw.pick(drugs) };
            let (ym, points) = (YEAR * 100 + draw.between(1, 12), draw.cost(*points, 0.5));
            sheet.row(format_args!("{pid},F{:02}{facility:03},{ym},{icd10},{drug},{points}", person.pref))?;
        }
    }
    Ok(diabetic)
}

fn rare_claims(draw: &mut Draw, pid: &str, person: &Person, disease: Rare, sheet: &mut Sheet) -> io::Result<()> {
    let icd10 = disease.icd10;
    let dominated = (person.pref, icd10) == DOMINATED;
    let rows = match disease {
        Rare { dominant: true, .. } => DOMINANT.0,
        _ if dominated => 1,
        _ if (person.pref, icd10) == (ALONE.0, ALONE.1) => ALONE.2,
        _ => draw.between(1, 4),
    };
    for row in 0..rows {
        // Before the refresh everybody of that disease has been seen; the new ones come in its month.
        let month = match (icd10 == REFRESHED.0, disease.new, row) {
            (true, true, 0) => REFRESHED.1,
            (true, true, _) => draw.between(REFRESHED.1, 12),
            (true, false, 0) => draw.between(1, REFRESHED.1 - 1),
            _ => draw.between(1, 12),
        };
        // The other eleven share what is left: 2 of 1,000 parts.
        let points = if disease.dominant {
            DOMINANT.1
        } else if dominated {
            draw.between(180, 183)
        } else {
            draw.cost(2_000.0, 0.5)
        };
        let (facility, drug) = (draw.between(1, FACILITIES), draw.pick(rare_drugs(icd10)));
        sheet.row(format_args!("{pid},F{:02}{facility:03},{},{icd10},{drug},{points}", person.pref, YEAR * 100 + month))?;
    }
    Ok(())
}

fn write_labs(draw: &mut Draw, pid: &str, special: bool, diabetic: bool, sheet: &mut Sheet) -> io::Result<()> {
    for (jlac10, unit) in [GLUCOSE_SHARE, NEUTRAL_FAT, CREATININE, AST] {
        let glucose = jlac10 == GLUCOSE_SHARE.0;
        if glucose && special {
            for value in TARGET_VALUES.map(Tenths) {
                sheet.row(format_args!("{pid},{},{jlac10},{value},{unit}", YEAR * 100 + draw.between(1, 12)))?;
            }
        } else if draw.chance(0.75) {
            let tenths = match jlac10 {
                _ if glucose && diabetic => draw.normal(72.0, 9.0).clamp(52.0, 140.0),
                _ if glucose => draw.normal(54.0, 3.0).clamp(42.0, 64.0),
                "3F015" => 1200.0 * draw.normal(0.0, 0.4).exp(),
                "3C015" => draw.normal(8.0, 1.4).clamp(3.0, 20.0),
                _ => 220.0 * draw.normal(0.0, 0.3).exp(),
            };
            let value = Tenths(whole(tenths));
            sheet.row(format_args!("{pid},{},{jlac10},{value},{unit}", YEAR * 100 + draw.between(1, 12)))?;
            // Some are measured twice: a number of rows that is the same for everybody would tell a person's.
            if draw.chance(0.3) {
                sheet.row(format_args!("{pid},{},{jlac10},{value},{unit}", YEAR * 100 + draw.between(1, 12)))?;
            }
        }
    }
    Ok(())
}
