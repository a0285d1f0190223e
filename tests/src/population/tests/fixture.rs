//! The fixture against its description, a test a sentence, over the population that the corpus runs on.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::OnceLock,
};

use super::{
    super::{PEOPLE, Variant, generate},
    Folder,
};

const RARE: [&str; 8] = ["E10", "E13", "D66", "G12", "E75.2", "Z21", "B20", "C92"];
const COMMON: [&str; 12] = ["I10", "I11", "I12", "E11", "E78", "J45", "F32", "F41", "M54", "K21", "N18", "D50"];
const TARGETS: [&str; 2] = ["P000000123", "P000000124"];

struct Claim {
    pid: u32,
    facility: String,
    ym: u32,
    icd10: String,
    yj: String,
    points: u64,
}

struct Lab {
    pid: u32,
    ym: u32,
    jlac10: String,
    value: f64,
    unit: String,
}

/// Everything, parsed once; `people` is (sex, birth, prefecture) by number.
struct Fixture {
    headers: Vec<String>,
    people: BTreeMap<u32, (u32, u32, u32)>,
    claims: Vec<Claim>,
    labs: Vec<Lab>,
}

fn number(pid: &str) -> u32 {
    assert!(pid.len() == 10 && pid.starts_with('P'), "{pid}");
    pid[1..].parse().unwrap()
}

fn fixture() -> &'static Fixture {
    static MADE: OnceLock<Fixture> = OnceLock::new();
    MADE.get_or_init(|| {
        let folder = Folder::new("fixture-sentences");
        generate(&folder.0, Variant::Fixture, PEOPLE, 1).unwrap();
        let files = ["patients", "claims", "labs"].map(|f| folder.text(&format!("fixture/{f}.csv")));
        let rows = |file: usize| files[file].lines().skip(1).map(|l| l.split(',').collect::<Vec<_>>());
        let n = |text: &str| text.parse::<u32>().unwrap();
        Fixture {
            headers: files.iter().map(|f| f.lines().next().unwrap().to_owned()).collect(),
            people: rows(0).map(|r| (number(r[0]), (n(r[1]), n(r[2]), n(r[3])))).collect(),
            claims: rows(1)
                .map(|r| Claim {
                    pid: number(r[0]),
                    facility: r[1].to_owned(),
                    ym: n(r[2]),
                    icd10: r[3].to_owned(),
                    yj: r[4].to_owned(),
                    points: r[5].parse().unwrap(),
                })
                .collect(),
            labs: rows(2)
                .map(|r| Lab {
                    pid: number(r[0]),
                    ym: n(r[1]),
                    jlac10: r[2].to_owned(),
                    value: r[3].parse().unwrap(),
                    unit: r[4].to_owned(),
                })
                .collect(),
        }
    })
}

impl Fixture {
    fn sex(&self, pid: u32) -> u32 {
        self.people[&pid].0
    }

    fn pref(&self, pid: u32) -> u32 {
        self.people[&pid].2
    }

    /// Different people by a key of their claims.
    fn by<K: Ord>(&self, key: impl Fn(&Claim) -> Option<K>) -> BTreeMap<K, BTreeSet<u32>> {
        let mut out: BTreeMap<K, BTreeSet<u32>> = BTreeMap::new();
        for claim in &self.claims {
            if let Some(key) = key(claim) {
                out.entry(key).or_default().insert(claim.pid);
            }
        }
        out
    }

    /// People with a disease by prefecture and sex, seen up to a month.
    fn cells(&self, icd10: &str, until: u32) -> BTreeMap<(u32, u32), BTreeSet<u32>> {
        self.by(|c| (c.icd10 == icd10 && c.ym <= until).then(|| (self.pref(c.pid), self.sex(c.pid))))
    }

    /// The same by prefecture.
    fn prefs(&self, icd10: &str, until: u32) -> BTreeMap<u32, usize> {
        let mut out = BTreeMap::new();
        self.cells(icd10, until).iter().for_each(|((pref, _), people)| *out.entry(*pref).or_default() += people.len());
        out
    }

    fn born(&self, birth: u32) -> BTreeMap<u32, Vec<u32>> {
        let mut out: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        self.people.iter().filter(|(_, p)| p.1 == birth).for_each(|(pid, p)| out.entry(p.2).or_default().push(*pid));
        out
    }
}

/// Shares of the two largest in a sum over people, largest first.
fn largest(sums: &BTreeMap<u32, u64>) -> (f64, f64) {
    let mut all: Vec<u64> = sums.values().copied().collect();
    all.sort_unstable_by(|a, b| b.cmp(a));
    let share = |n: usize| all.iter().take(n).sum::<u64>() as f64 / all.iter().sum::<u64>() as f64;
    (share(1), share(2))
}

fn points(claims: impl Iterator<Item = &'static Claim>) -> BTreeMap<u32, u64> {
    let mut out = BTreeMap::new();
    claims.for_each(|c| *out.entry(c.pid).or_default() += c.points);
    out
}

#[test]
fn three_tables_of_about_a_hundred_thousand_people_in_twelve_months() {
    let f = fixture();
    assert_eq!(f.headers, ["pid,sex,birth_ym,pref", "pid,facility_id,ym,icd10,yj_code,points", "pid,ym,jlac10,value,unit"]);
    assert!((99_000..=101_000).contains(&f.people.len()), "{}", f.people.len());
    assert!(
        f.people.values().all(|(sex, birth, pref)| [1, 2].contains(sex) && (1..=12).contains(&(birth % 100)) && (1..=47).contains(pref))
    );
    let months: BTreeSet<u32> = (202_401..=202_412).collect();
    assert_eq!(f.claims.iter().map(|c| c.ym).collect::<BTreeSet<_>>(), months);
    assert_eq!(f.labs.iter().map(|l| l.ym).collect::<BTreeSet<_>>(), months);
    assert!(f.claims.iter().map(|c| c.pid).chain(f.labs.iter().map(|l| l.pid)).all(|pid| f.people.contains_key(&pid)));
}

#[test]
fn prefectures_sexes_and_bands_of_birth_are_common() {
    let f = fixture();
    let (mut cells, mut bands) = (BTreeMap::new(), BTreeMap::new());
    for (sex, birth, pref) in f.people.values() {
        *cells.entry((pref, sex)).or_insert(0) += 1;
        *bands.entry((pref, birth / 100 / 5)).or_insert(0) += 1;
    }
    assert!(cells.len() == 94 && cells.values().all(|n| *n >= 300));
    // Every prefecture has everybody's ages; 2020 is a band of one year.
    let whole = (1930 / 5..2020 / 5).flat_map(|band| (1..=47).map(move |pref| (pref, band)));
    assert!(whole.into_iter().all(|(pref, band)| bands.get(&(&pref, band)).is_some_and(|n| *n >= 20)));
}

#[test]
fn common_diseases_drugs_and_items_are_common_everywhere() {
    let f = fixture();
    let diseases = f.by(|c| Some((c.icd10.clone(), f.pref(c.pid))));
    assert!(COMMON.iter().all(|icd10| (1..=47).all(|pref| diseases.get(&((*icd10).to_owned(), pref)).is_some_and(|p| p.len() >= 100))));
    let drugs = f.by(|c| Some(c.yj[..4].to_owned()));
    assert!(["3969", "2149", "2189", "1124"].iter().all(|class| drugs[*class].len() >= 10_000));
    assert!((500..5_000).contains(&drugs["6250"].len()));
    let mut items: BTreeMap<&str, (BTreeSet<u32>, BTreeSet<&str>)> = BTreeMap::new();
    for lab in &f.labs {
        let (people, units) = items.entry(&lab.jlac10).or_default();
        people.insert(lab.pid);
        units.insert(&lab.unit);
    }
    assert_eq!(items.keys().copied().collect::<Vec<_>>(), ["3B035", "3C015", "3D046", "3F015"]);
    assert!(items.values().all(|(people, units)| people.len() >= 50_000 && units.len() == 1));
    assert_eq!(items["3D046"].1, BTreeSet::from(["%"]));
}

#[test]
fn facilities_are_many_and_one_holds_four_fifths_of_a_disease() {
    let f = fixture();
    let mut all: BTreeMap<u32, BTreeSet<&str>> = BTreeMap::new();
    let mut rows: BTreeMap<(u32, &str), BTreeMap<&str, usize>> = BTreeMap::new();
    for c in &f.claims {
        all.entry(f.pref(c.pid)).or_default().insert(&c.facility);
        if COMMON.contains(&c.icd10.as_str()) {
            *rows.entry((f.pref(c.pid), &c.icd10)).or_default().entry(&c.facility).or_default() += 1;
        }
    }
    assert!(all.len() == 47 && all.values().all(|f| f.len() >= 40));
    let share = |by: &BTreeMap<&str, usize>| *by.values().max().unwrap() as f64 / by.values().sum::<usize>() as f64;
    let held: Vec<u32> = rows.iter().filter(|(_, by)| share(by) > 0.75).map(|((pref, _), _)| *pref).collect();
    assert_eq!(held.len(), 1, "{held:?}");
    // A cell of the facility rule: three and more facilities nevertheless.
    assert!(rows.values().all(|by| by.len() >= 3));
}

#[test]
fn rare_diseases_are_absent_few_and_some_by_prefecture() {
    let f = fixture();
    for icd10 in RARE {
        let prefs = f.prefs(icd10, 202_412);
        assert_eq!(prefs[&31], 1, "{icd10}");
        assert!(prefs.len() < 47 && prefs.values().all(|n| (1..=40).contains(n)), "{icd10}: {prefs:?}");
        assert!(prefs.values().any(|n| (2..=9).contains(n)) && prefs.values().any(|n| (10..=30).contains(n)), "{icd10}: {prefs:?}");
    }
    let d66 = f.cells("D66", 202_412);
    assert!(d66.values().all(|p| p.len() < 10) && f.prefs("D66", 202_412).values().any(|n| (12..=18).contains(n)));
    assert!(["Z21", "G12"].iter().all(|icd10| f.cells(icd10, 202_412).values().any(|p| p.len() >= 10)));
    for sex in [1, 2] {
        let small = f.cells("G12", 202_412).iter().filter(|((_, s), p)| *s == sex && p.len() < 10).map(|(_, p)| p.len()).sum::<usize>();
        assert!((1..=9).contains(&small), "sex {sex}: {small}");
    }
}

#[test]
fn the_people_under_attack_are_there() {
    let f = fixture();
    let born = f.born(195_003);
    assert_eq!(born[&31], TARGETS.map(number));
    assert_eq!(TARGETS.map(|t| f.sex(number(t))), [1, 2]);
    assert!(born.iter().any(|(pref, people)| *pref != 31 && people.len() >= 12));
    let first = number(TARGETS[0]);
    let own: BTreeSet<&str> = f.claims.iter().filter(|c| c.pid == first).map(|c| c.icd10.as_str()).collect();
    assert!(own.contains("Z21") && own.contains("D66"));
    let glucose = |own: bool| f.labs.iter().filter(move |l| l.jlac10 == "3D046" && (l.pid == first) == own).map(|l| l.value.to_bits());
    let values: BTreeSet<u64> = glucose(true).collect();
    assert!(!values.is_empty() && glucose(false).all(|v| !values.contains(&v)));
    assert_eq!(f.born(190_101).into_iter().map(|(pref, people)| (pref, people.len())).collect::<Vec<_>>(), [(31, 1)]);
    assert_eq!(f.born(193_001)[&31].len(), 2);
}

#[test]
fn one_of_twelve_makes_nearly_all_of_a_sum_in_many_small_rows() {
    let f = fixture();
    let found: Vec<u32> = f
        .prefs("D66", 202_412)
        .into_iter()
        .filter(|(pref, n)| *n == 12 && *pref != 31)
        .filter(|(pref, _)| {
            let sums = points(f.claims.iter().filter(|c| c.icd10 == "D66" && f.pref(c.pid) == *pref));
            (0.9975..0.9985).contains(&largest(&sums).0)
        })
        .map(|(pref, _)| pref)
        .collect();
    assert_eq!(found.len(), 1);
    let sums = points(f.claims.iter().filter(|c| c.icd10 == "D66" && f.pref(c.pid) == found[0]));
    let dominant = *sums.iter().max_by_key(|(_, v)| **v).unwrap().0;
    assert_eq!(f.claims.iter().filter(|c| c.icd10 == "D66" && c.pid == dominant).count(), 500);
    let chapter = points(f.claims.iter().filter(|c| c.icd10.starts_with('D') && f.sex(c.pid) == f.sex(dominant)));
    assert!((chapter[&dominant] as f64) < 0.1 * chapter.values().sum::<u64>() as f64);
}

#[test]
fn somebody_is_alone_in_a_cell_with_forty_rows() {
    let f = fixture();
    let cells = f.by(|c| Some((f.pref(c.pid), c.icd10.clone())));
    let alone = cells.iter().filter(|(_, people)| people.len() == 1);
    let rows = |pref: u32, icd10: &str| f.claims.iter().filter(|c| c.icd10 == icd10 && f.pref(c.pid) == pref).count();
    assert_eq!(alone.filter(|((pref, icd10), _)| rows(*pref, icd10) == 40).count(), 1);
}

#[test]
fn the_refresh_month_adds_a_few_people_where_both_sexes_stay_large() {
    let f = fixture();
    let (before, after) = (f.cells("G12", 202_403), f.cells("G12", 202_404));
    assert_eq!(after, f.cells("G12", 202_412));
    let old = f.prefs("G12", 202_403);
    let added: BTreeMap<u32, usize> =
        f.prefs("G12", 202_404).into_iter().map(|(pref, n)| (pref, n - old.get(&pref).unwrap_or(&0))).filter(|(_, n)| *n > 0).collect();
    assert_eq!(added.values().filter(|n| (1..=9).contains(*n)).count(), 3);
    assert_eq!(added.values().filter(|n| (10..=20).contains(*n)).count(), 1);
    assert!(before.iter().filter(|((pref, _), _)| added.contains_key(pref)).all(|(_, people)| people.len() >= 10));
}

#[test]
fn what_singles_out_also_occurs_where_it_is_harmless() {
    let f = fixture();
    assert!(f.born(195_003).len() >= 20 && f.born(193_001).len() >= 20);
    assert!(f.people.values().filter(|p| p.2 == 31).count() >= 600);
    assert!(RARE.iter().all(|icd10| f.prefs(icd10, 202_412).len() >= 5));
    for target in TARGETS.map(number) {
        assert!(f.claims.iter().any(|c| c.pid == target && COMMON.contains(&c.icd10.as_str())) || f.labs.iter().any(|l| l.pid == target));
    }
    let first = number(TARGETS[0]);
    let values: BTreeSet<u64> = f.labs.iter().filter(|l| l.pid == first && l.jlac10 == "3D046").map(|l| l.value.to_bits()).collect();
    let elsewhere: BTreeSet<u64> = f.labs.iter().filter(|l| l.jlac10 != "3D046").map(|l| l.value.to_bits()).collect();
    assert!(values.iter().all(|v| elsewhere.contains(v)));
}

#[test]
fn benign_tables_have_thirty_people_three_facilities_and_nobody_large_in_every_cell() {
    let f = fixture();
    let tables: [(&str, fn(&Fixture, &Claim) -> Option<String>); 7] = [
        ("chapter and sex", |f, c| Some(format!("{} {}", &c.icd10[..1], f.sex(c.pid)))),
        ("disease", |_, c| COMMON.contains(&c.icd10.as_str()).then(|| c.icd10.clone())),
        ("kinds of diabetes", |_, c| c.icd10.starts_with("E1").then(|| c.icd10[..3].to_owned())),
        ("month", |_, c| Some(c.ym.to_string())),
        ("prefecture", |f, c| Some(f.pref(c.pid).to_string())),
        ("class of drugs", |_, c| Some(c.yj[..4].to_owned()).filter(|class| class != "6343")),
        ("common disease, prefecture and sex", |f, c| {
            COMMON.contains(&c.icd10.as_str()).then(|| format!("{} {} {}", c.icd10, f.pref(c.pid), f.sex(c.pid)))
        }),
    ];
    for (name, key) in tables {
        let mut sums: BTreeMap<String, BTreeMap<u32, u64>> = BTreeMap::new();
        let mut facilities: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
        for claim in &f.claims {
            if let Some(cell) = key(f, claim) {
                facilities.entry(cell.clone()).or_default().insert(&claim.facility);
                *sums.entry(cell).or_default().entry(claim.pid).or_default() += claim.points;
            }
        }
        for (cell, people) in &sums {
            assert!(people.len() >= 30 && facilities[cell].len() >= 3, "{name}, {cell}: {} people", people.len());
            assert!(largest(people).1 < 0.2, "{name}, {cell}: {:?}", largest(people));
        }
    }
}

#[test]
fn cohorts_that_attacks_start_from_are_large_enough_to_be_shown() {
    let f = fixture();
    let with: BTreeSet<u32> = f.claims.iter().map(|c| c.pid).collect();
    let other: BTreeSet<u32> = f.claims.iter().filter(|c| c.icd10 != "Z21").map(|c| c.pid).collect();
    let without = |set: &BTreeSet<u32>| f.people.keys().filter(|pid| !set.contains(pid)).count();
    assert!(without(&with) >= 1_000 && without(&other) >= 1_000);
    for icd10 in RARE {
        let people = f.by(|c| (c.icd10 == icd10).then_some(())).remove(&()).unwrap();
        let mut sums: BTreeMap<u32, u64> = BTreeMap::new();
        for lab in f.labs.iter().filter(|l| people.contains(&l.pid)) {
            *sums.entry(lab.pid).or_default() += (lab.value * 10.0).round() as u64;
        }
        assert!(sums.len() >= 10 && largest(&sums).0 < 0.2, "{icd10}: {} people, {:?}", sums.len(), largest(&sums));
    }
}
