//! Rule packs through the whole system: the ladder of municipalities and households on real cells, and a change that takes two people.

use std::{fmt::Write, path::PathBuf};

use visiting_gateway::client::Client;
use visiting_policies::{
    receipt::Receipt,
    rules::{RulesAdoption, RulesProposal, genesis},
    sign,
};
use visiting_tests::world::{Unit, World, text, tree};

use crate::{
    base,
    middle::{Middle, Rule},
};

const COLUMNS: &[&str] = &[
    "regions.residents.sex",
    "regions.residents.municipality",
    "regions.residents.insurer",
    "regions.residents.age",
    "regions.residents.birth_weight",
    "regions.residents.death_hour",
];

const BY_PLACE: &str = "SELECT municipality, COUNT(DISTINCT pid) AS n FROM residents GROUP BY municipality";

/// A municipality with its people and households.
type Place = (&'static str, u64, u64);

/// Enough people in a village, too few in a small town.
const RESIDENTS: &[Place] =
    &[("99101", 400, 400), ("99202", 15, 15), ("99203", 60, 30), ("99201", 15, 5), ("99302", 300, 150), ("99304", 40, 20)];
/// Enough people, and enough households or not.
const TOGETHER: &[Place] = &[("99102", 12, 3), ("99103", 12, 2)];

/// A running system over people of invented municipalities, and a permit of all of it.
fn regions(name: &str) -> (World, String) {
    regions_and(name, &[])
}

/// The same with more of them.
fn regions_and(name: &str, more: &[Place]) -> (World, String) {
    let mut world = World::new(name).unwrap();
    start(&mut world, more);
    let permit = base::permit(&world, COLUMNS, (202401, 202412));
    (world, permit)
}

/// Loads the residents and starts everything.
fn start(world: &mut World, more: &[Place]) {
    world.set("VISITING_LISTINGS", &text(&tree().unwrap().join("catalog/listings/variants")));
    let source = world.home().join("source/regions");
    std::fs::create_dir_all(&source).unwrap();
    std::fs::write(source.join("residents.csv"), residents(more)).unwrap();
    world.ingest("regions", &[source]).unwrap();
    world.start_all().unwrap();
}

fn residents(more: &[Place]) -> String {
    let mut out = "pid,facility_id,household_id,sex,municipality,insurer,age,birth_weight,death_hour\n".to_owned();
    let all = RESIDENTS.iter().chain(more).flat_map(|(place, people, households)| (0..*people).map(move |n| (place, n % households)));
    for (i, (place, household)) in all.enumerate() {
        let weight = 2000 + 10 * (i % 200);
        let (sex, insurer) = (1 + i % 2, 1 + i % 4);
        writeln!(out, "P{i:06},F{},{place}-{household},{sex},{place},{insurer},{},{weight},{}", i % 7, i % 100, i % 24).unwrap();
    }
    out
}

/// Places of a table with their people.
fn places(table: &str) -> Vec<(String, String)> {
    let fields = |line: &str| line.split(',').map(str::to_owned).collect::<Vec<_>>();
    table.lines().skip(1).map(fields).map(|f| (f[0].clone(), f[1].clone())).collect()
}

fn shown(places: &[(&str, &str)]) -> Vec<(String, String)> {
    places.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
}

#[test]
fn a_municipality_is_shown_as_its_population_allows() {
    let (world, permit) = regions("rules-ladder");
    let ask = |sql: &str| base::table(&world, &permit, sql);
    // 99202 (24,999 people) would need twenty residents and has 15; 99201 (25,000) needs ten. 99302 (1,999) and 99304 are never shown.
    let table = ask(BY_PLACE).unwrap();
    assert_eq!(places(&table), shown(&[("99101", "400"), ("99201", "20"), ("99203", "60")]));

    let forbidden = Err("rule-forbids".to_owned());
    let count = |condition: &str| ask(&format!("SELECT COUNT(DISTINCT pid) AS n FROM residents WHERE {condition}"));
    assert_eq!(count("municipality = '99302'"), forbidden, "a village in a condition");
    assert_eq!(count("municipality <> '99302' AND sex = 1"), forbidden, "everybody but a village");
    assert_eq!(count("municipality IN ('99101', '99304')"), forbidden, "a village beside a city");
    assert_eq!(count("municipality = '99202'"), Err("nothing-to-show".to_owned()), "fifteen people where twenty are asked for");
    assert!(count("municipality = '99203'").is_ok());
    assert_eq!(count("municipality = '99101' AND insurer = 2"), forbidden, "crossed with the insurer");
    assert_eq!(ask("SELECT municipality, insurer, COUNT(DISTINCT pid) AS n FROM residents GROUP BY municipality, insurer"), forbidden);
    assert!(ask("SELECT insurer, COUNT(DISTINCT pid) AS n FROM residents GROUP BY insurer").is_ok());
    assert_eq!(count("age = 90"), forbidden, "the tail of ages is not cut");
    assert!(count("age >= 85").is_ok());
    assert_eq!(count("birth_weight = 2350"), forbidden);
    assert!(count("birth_weight BETWEEN 2300 AND 2399").is_ok());
    assert_eq!(count("death_hour = 3"), forbidden);
    assert!(count("death_hour IN (2, 3)").is_ok());
}

#[test]
fn fewer_than_three_households_are_not_shown() {
    let (world, permit) = regions_and("rules-households", TOGETHER);
    let ask = |sql: &str| base::table(&world, &permit, sql);
    let count = |places: &str| {
        let table = ask(&format!("SELECT COUNT(DISTINCT pid) AS n FROM residents WHERE municipality IN ({places})"));
        table.map(|table| table.lines().nth(1).and_then(|row| row.split(',').next()).unwrap_or_default().to_owned())
    };
    assert_eq!(count("'99102'"), Ok("10".to_owned()), "twelve people in three households");
    assert_eq!(count("'99103'"), Err("nothing-to-show".to_owned()), "twelve people in two");
    // Twelve people more are enough, two households more are not: the earlier number again, and nothing new to show.
    assert_eq!(count("'99101'"), Ok("400".to_owned()));
    assert_eq!(count("'99101', '99103'"), Err("nothing-to-show".to_owned()));
    assert_eq!(count("'99101', '99102'"), Ok("410".to_owned()), "three households more");
    let run = base::run(&world, &permit, "SELECT sex, COUNT(DISTINCT pid) AS n FROM residents GROUP BY sex");
    assert_eq!(receipt(&world, &run.id).report.rules["households_min"], "3: pass");
    for sql in [
        "SELECT household_id, COUNT(DISTINCT pid) AS n FROM residents GROUP BY household_id",
        "SELECT COUNT(DISTINCT pid) AS n FROM residents WHERE household_id = '99103-0'",
        "SELECT COUNT(DISTINCT household_id) AS n FROM residents",
    ] {
        assert_eq!(ask(sql), Err("column-use".to_owned()), "{sql}");
    }
}

/// Texts that would tell the village 99304 by another name, place or difference.
const ATTACKS: &[&str] = &[
    "SELECT COUNT(DISTINCT pid) AS n FROM residents WHERE municipality = '99304'",
    "SELECT COUNT(DISTINCT pid) AS n FROM residents WHERE pid IN (SELECT pid FROM residents WHERE municipality = '99304')",
    "SELECT COUNT(DISTINCT pid) AS n FROM residents WHERE pid NOT IN (SELECT pid FROM residents WHERE municipality = '99304')",
    "SELECT SUM(CASE WHEN municipality = '99304' THEN 1 ELSE 0 END) AS n FROM residents",
    "SELECT COUNT(DISTINCT pid) FILTER (WHERE municipality = '99304') AS n FROM residents",
    "SELECT CASE WHEN municipality <> '99304' THEN municipality END AS place, COUNT(DISTINCT pid) AS n FROM residents GROUP BY 1",
    "SELECT NULLIF(municipality, '99304') AS place, COUNT(DISTINCT pid) AS n FROM residents GROUP BY 1",
    "SELECT municipality, COUNT(DISTINCT pid) AS n FROM residents WHERE municipality = '99304' GROUP BY ROLLUP (municipality)",
    "SELECT v.municipality, COUNT(DISTINCT r.pid) AS n FROM residents r LEFT JOIN (SELECT pid, municipality FROM residents WHERE municipality <> '99304') v ON r.pid = v.pid GROUP BY v.municipality",
    "SELECT COUNT(DISTINCT pid) AS n FROM (SELECT pid, COUNT(*) FILTER (WHERE municipality = '99304') OVER (PARTITION BY pid) AS c FROM residents) t WHERE c > 0",
];

#[test]
fn a_village_is_not_told_in_another_way_and_a_preflight_says_so_too() {
    let (world, permit) = regions("rules-attacks");
    let hanako = world.client("per_hanako").unwrap();
    for sql in ATTACKS {
        assert_eq!(base::table(&world, &permit, sql), Err("rule-forbids".to_owned()), "{sql}");
        let tried = hanako.wait_preflight(&hanako.preflight(&permit, sql).unwrap().id).unwrap();
        assert_eq!(tried.refusal.map(|r| r.code).as_deref(), Some("rule-forbids"), "{sql}");
    }
    // People whom a join leaves without a municipality are no place of their own: their row would be shown under the ladder.
    let joined = "SELECT v.municipality, COUNT(DISTINCT r.pid) AS n FROM residents r LEFT JOIN residents v ON r.pid = v.pid AND v.sex = 1 GROUP BY v.municipality";
    let table = places(&base::table(&world, &permit, joined).unwrap());
    assert!(!table.is_empty() && table.iter().all(|(place, _)| place.starts_with("99")), "{table:?}");
    // A total beside the places is one, and has no ladder of its own.
    let total = "SELECT municipality, COUNT(DISTINCT pid) AS n FROM residents GROUP BY ROLLUP (municipality)";
    assert!(places(&base::table(&world, &permit, total).unwrap()).iter().any(|(place, _)| place.is_empty()));
}

#[test]
fn the_strictest_of_two_databases_holds_for_a_join() {
    let mut world = World::copy_of("rules-strictest", base::loaded()).unwrap();
    let columns = [COLUMNS, &["kaigo.recipients.sex"]].concat();
    start(&mut world, &[]);
    let permit = base::permit(&world, &columns, (202401, 202412));
    let count = |join: &str, ages: &str| {
        let sql = format!("SELECT COUNT(DISTINCT r.pid) AS n FROM residents r {join} WHERE r.age BETWEEN {ages}");
        base::table(&world, &permit, &sql)
    };
    let join = "JOIN recipients k ON r.pid = k.pid";
    let within = "JOIN (SELECT pid FROM recipients WHERE sex = 1) k ON r.pid = k.pid";
    assert!(count("", "66 AND 69").is_ok(), "the NDB's pack has ages in years");
    for join in [join, within] {
        assert_eq!(count(join, "66 AND 69"), Err("rule-forbids".to_owned()), "the LTC-DB's has bands of five");
        // Nobody is in both: the question is taken, and there is nothing to show.
        assert_eq!(count(join, "65 AND 69"), Err("nothing-to-show".to_owned()));
    }
}

#[test]
fn the_operators_populations_are_the_ones_that_count() {
    let (mut world, permit) = regions("rules-table");
    let table = world.home().join("populations.csv");
    std::fs::write(&table, "code,population\n99304,30000\n99202,30000\n99101,1500\n").unwrap();
    world.stop(Unit::Enclave).unwrap();
    world.set("VISITING_MUNICIPALITIES", &text(&table));
    world.start(Unit::Enclave).unwrap();
    let shown_now = base::table(&world, &permit, BY_PLACE).unwrap();
    assert_eq!(places(&shown_now), shown(&[("99202", "20"), ("99304", "40")]));
    // A table that is none stops the enclave: nothing runs on wrong populations.
    std::fs::write(&table, "code,population\n99304,many\n").unwrap();
    world.stop(Unit::Enclave).unwrap();
    let fault = world.start(Unit::Enclave).unwrap_err();
    assert!(fault.contains("line 2") || world.said(Unit::Enclave).contains("line 2"), "{fault}");
}

/// A stricter version of the NDB's pack.
fn stricter(version: &str) -> String {
    let (_, now) = genesis().find(|(name, _)| *name == "ndb").unwrap();
    // Its examples are of the rules as they are.
    let text = now.split("\n[examples]").next().unwrap().replace("version = \"2026-11\"", &format!("version = \"{version}\""));
    text.replacen("people_min = 10 ", "people_min = 70 ", 1)
        .replacen("under = 25000, people_min = 20", "under = 25000, people_min = 100", 1)
        .replacen("patients_min = 10 ", "patients_min = 70 ", 1)
}

fn code<T: std::fmt::Debug>(answer: Result<T, visiting_gateway::client::Problem>) -> String {
    answer.unwrap_err().code
}

#[test]
fn two_people_change_the_rules_and_the_gate_follows() {
    let (mut world, permit) = regions("rules-change");
    let (a, b) = (world.client("per_member1").unwrap(), world.client("per_member2").unwrap());
    let (key_a, key_b) = (base::key(&world, "per_member1"), base::key(&world, "per_member2"));

    assert_eq!(code(world.client("per_hanako").unwrap().propose_rules("ndb", &stricter("2026-12"), "why", &key_a)), "not-allowed");
    assert_eq!(code(a.propose_rules("ndb", &stricter("2026-12"), "why", &key_b)), "rules-forged");
    assert_eq!(code(a.propose_rules("ndb", &stricter("2026-12"), " ", &key_a)), "malformed");
    let lax = stricter("2026-12").replacen("people_min = 70", "people_min = 5", 1);
    assert_eq!(code(a.propose_rules("ndb", &lax, "why", &key_a)), "rules-unsound");
    // The client does not send what no pack can be; the server does not take it either.
    let replaces = a.rules().unwrap().packs.into_iter().find(|p| p.pack == "ndb").unwrap().versions.pop().unwrap().digest;
    let by = "per_member1".parse().unwrap();
    let unsound = RulesProposal { pack: "ndb".into(), replaces, digest: sign::digest(lax.as_bytes()), reason: "why".into(), by };
    assert_eq!(code(a.send_proposal(&unsound, &lax, &key_a.sign(unsound.text().as_bytes()))), "rules-unsound");

    let proposed = a.propose_rules("ndb", &stricter("2026-12"), "the committee's 40th session", &key_a).unwrap();
    assert_eq!((proposed.status.as_str(), proposed.version.as_str()), ("open", "2026-12"));
    let before = base::run(&world, &permit, BY_PLACE);
    assert_eq!(before.status, "released", "a proposal changes nothing");
    assert!(receipt(&world, &before.id).report.rules["rule_pack regions"].starts_with("ndb 2026-11 "));

    assert_eq!(code(a.adopt_rules(&proposed.id, &key_a)), "second-person-needed");
    assert_eq!(code(b.adopt_rules(&proposed.id, &key_a)), "rules-forged");
    let hanako = world.client("per_hanako").unwrap();
    let adoption =
        RulesAdoption { rules: proposed.id.parse().unwrap(), digest: proposed.digest.clone(), by: "per_hanako".parse().unwrap() };
    assert_eq!(code(hanako.send_adoption(&proposed.id, &key_b.sign(adoption.text().as_bytes()))), "not-allowed");
    assert!(hanako.rules().unwrap().proposals.is_empty(), "who proposes is not everybody's to see");
    assert_eq!(b.adopt_rules(&proposed.id, &key_b).unwrap().status, "adopted");

    // Sixty people of 99203 are under 70 now, as are 99201's fifteen.
    in_force(&world, &permit);
    world.stop(Unit::Enclave).unwrap();
    world.kill(Unit::Gateway);
    world.start(Unit::Gateway).unwrap();
    world.start(Unit::Enclave).unwrap();
    in_force(&world, &permit);
    let kept = Client::new(&format!("http://{}", world.address())).rules().unwrap();
    let ndb = kept.packs.iter().find(|p| p.pack == "ndb").unwrap();
    assert_eq!(ndb.versions.iter().map(|v| v.version.as_str()).collect::<Vec<_>>(), ["2026-11", "2026-12"]);
    assert_eq!(ndb.versions[1].reason.as_deref(), Some("the committee's 40th session"));
    world.audit().unwrap();
}

/// The rules change between a verdict and its place in the record: a repetition goes by those that were read.
#[test]
fn a_release_is_repeated_by_the_rules_that_it_was_judged_by() {
    let (mut world, permit) = regions("rules-repeated");
    let middle = Middle::start(world.internal(), Rule::Block("/internal/v1/verdicts"));
    world.stop(Unit::Enclave).unwrap();
    world.set_door(&middle.address);
    world.start(Unit::Enclave).unwrap();
    let hanako = world.client("per_hanako").unwrap();
    let run = hanako.run(&permit, BY_PLACE).unwrap().id;
    middle.wait_met("/internal/v1/verdicts", 1);
    let (a, b) = (world.client("per_member1").unwrap(), world.client("per_member2").unwrap());
    let proposed = a.propose_rules("ndb", &stricter("2026-12"), "why", &base::key(&world, "per_member1")).unwrap();
    b.adopt_rules(&proposed.id, &base::key(&world, "per_member2")).unwrap();
    middle.turn_honest();
    assert_eq!(hanako.wait(&run).unwrap().status, "released");
    assert_eq!(world.client("per_auditor").unwrap().rerun(&run).unwrap().status, "same");
    in_force(&world, &permit);
    world.audit().unwrap();
}

/// The stricter pack is what the gate and the receipt go by.
fn in_force(world: &World, permit: &str) {
    let run = base::run(world, permit, BY_PLACE);
    assert_eq!(run.status, "released");
    let table = String::from_utf8(world.client("per_hanako").unwrap().file(&run.id, "table.csv").unwrap()).unwrap();
    assert_eq!(places(&table).into_iter().map(|(place, _)| place).collect::<Vec<_>>(), ["99101"]);
    let digest = sign::digest(stricter("2026-12").as_bytes());
    let rules = receipt(world, &run.id).report.rules;
    assert_eq!(rules["rule_pack regions"], format!("ndb 2026-12 {digest}"));
    assert_eq!(rules["people_min"], "70: pass");
}

/// What the receipt of a release says.
fn receipt(world: &World, run: &str) -> Receipt {
    let note = world.client("per_hanako").unwrap().file(run, "receipt.note").unwrap();
    serde_json::from_str(String::from_utf8(note).unwrap().lines().next().unwrap()).unwrap()
}

/// The same over the command line, and on the page that everybody sees.
#[test]
fn the_command_line_proposes_adopts_and_shows() {
    let mut world = World::new("rules-cli").unwrap();
    world.start_all().unwrap();
    let file: PathBuf = world.home().join("ndb.toml");
    std::fs::write(&file, stricter("2027-01")).unwrap();
    for person in ["per_member1", "per_ministry"] {
        world.tool("visiting-client", &["login", person]).unwrap();
    }
    let said =
        world.tool("visiting-client", &["--as", "per_member1", "rules", "propose", &text(&file), "--reason", "a longer tail"]).unwrap();
    let id = said.split_whitespace().find(|word| word.starts_with("rul_")).unwrap().to_owned();
    let adopted = world.tool("visiting-client", &["--as", "per_ministry", "rules", "adopt", &id]).unwrap();
    assert!(adopted.contains("\"adopted\""), "{adopted}");
    let shown = world.tool("visiting-client", &["--as", "per_member1", "rules", "show", "ndb"]).unwrap();
    assert!(shown.contains("2027-01") && shown.contains("a longer tail"), "{shown}");
    let page = world.raw().get("/rules", None).unwrap();
    let page = String::from_utf8_lossy(&page.body).into_owned();
    assert!(page.contains("公表基準") && page.contains("2027-01") && page.contains("a longer tail"));
    assert!(!page.contains("per_member1") && !page.contains("per_ministry"), "the public page names nobody");
}
