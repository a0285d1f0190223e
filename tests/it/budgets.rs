//! Budgets of a permit: what remains is told to its people everywhere, comes from the record alone, and once it is used up people
//! look at each output.

use std::{collections::BTreeMap, fs, time::Duration};

use serde_json::json;
use visiting_gateway::{client::Client, files, home::Home, wire::PermitView};
use visiting_policies::{
    budget::{Kind, Spent},
    check::Finding,
    exposure::{Exposure, ExposureReport},
    handover::{LedgerHead, Purpose, RunReport, Signed},
    hold::HoldReason,
    record::{Act, Event},
    sign,
    terms::Verdict,
};
use visiting_tests::{
    raw::Raw,
    world::{Unit, World},
};

use crate::base;

const PATIENCE: Duration = Duration::from_secs(60);

/// Two groups with two numbers each.
const SEXES: &str = "SELECT sex, COUNT(DISTINCT pid) AS people, AVG(birth_ym) AS born FROM ndb.patients GROUP BY sex";

/// A measure that is no listed column.
const PRODUCT: &str = "SELECT c.icd10, AVG(c.points * c.points) AS n FROM ndb.claims c GROUP BY c.icd10";

fn left(permit: &PermitView, kind: Kind) -> u64 {
    permit.budgets.iter().find(|budget| budget.kind == kind).unwrap().left
}

/// What remains of cells, measures, questions with nothing to show, and places in the checkers' queue.
fn remains(hanako: &Client, permit: &str) -> [u64; 4] {
    let view = hanako.permit(permit).unwrap();
    [Kind::Cells, Kind::Measures, Kind::Unshown, Kind::Waiting].map(|kind| left(&view, kind))
}

/// A report that the enclave could have signed, sent to the gateway in its name while it is down.
pub(crate) fn report(world: &World, path: &str, value: &serde_json::Value) {
    let token = fs::read_to_string(world.home().join("enclave/enclave.token")).unwrap();
    let answer = Raw::new(world.internal()).post(path, Some(token.trim()), None, &value.to_string()).unwrap();
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
}

pub(crate) fn gate(world: &World) -> sign::SigningKey {
    files::read_key(&world.home().join("enclave/gate.seed")).unwrap()
}

/// A verdict that shows nothing new and takes this much from the budgets.
fn verdict(world: &World, run: &str, spent: Spent) -> Signed<RunReport> {
    let events = world.events().unwrap();
    let index = events.iter().position(|e| matches!(&e.act, Act::RunRequested { run: r, .. } if r.as_str() == run)).unwrap() as u64;
    let head =
        events.iter().rev().find_map(|e| if let Act::RunJudged { report, .. } = &e.act { Some(report.ledger.clone()) } else { None });
    let ledger = head.unwrap_or_else(|| LedgerHead { entries: 0, digest: sign::digest(b"visiting ledger v1") });
    let run = run.parse().unwrap();
    let rules = BTreeMap::new();
    RunReport { run, index, judged_by: 0, verdict: Verdict::Release, refusal: None, files: Vec::new(), ledger, rules, spent, held: None }
        .sign(&gate(world))
}

#[test]
fn what_remains_is_told_everywhere_and_when_nothing_does_people_look() {
    let (mut world, permit) = base::running("budgets");
    let hanako = world.client("per_hanako").unwrap();
    assert_eq!(remains(&hanako, &permit), [1_000_000, 20, 20, 20]);

    // Four numbers are ten, a measure of one's own is one, a question with nothing to show is one; refused on the plan is none.
    assert_eq!(base::run(&world, &permit, SEXES).status, "released");
    assert_eq!(remains(&hanako, &permit), [999_990, 20, 20, 20]);
    let table = base::table(&world, &permit, PRODUCT).unwrap();
    let shown: u64 = table.lines().skip(1).filter(|line| line.split(',').nth(1).is_some_and(|n| n.parse::<f64>().is_ok())).count() as u64;
    let cells = 999_990 - shown.div_ceil(10) * 10;
    assert_eq!(remains(&hanako, &permit), [cells, 19, 20, 20], "{table}");
    let nothing = "SELECT pref, COUNT(DISTINCT pid) AS n FROM ndb.patients WHERE birth_ym = 195003 GROUP BY pref";
    assert_eq!(base::table(&world, &permit, nothing), Err("nothing-to-show".to_owned()));
    assert_eq!(base::table(&world, &permit, "SELECT nonsense FROM ndb.patients"), Err("name-unknown".to_owned()));
    assert_eq!(remains(&hanako, &permit), [cells, 19, 19, 20]);

    // The receipt says the same as the record; the command line says it in words.
    world.tool("visiting-client", &["login", "per_hanako"]).unwrap();
    let told = world.tool("visiting-client", &["remains", &permit]).unwrap();
    assert!(told.contains("Released numbers: 999,") && told.contains("19 of 20 left"), "{told}");

    // It comes from the record: whoever dies, it is the same.
    for unit in [Unit::Enclave, Unit::Gateway] {
        world.kill(unit);
        world.spawn(unit).unwrap();
        world.wait_ready(unit).unwrap();
        assert_eq!(remains(&world.client("per_hanako").unwrap(), &permit), [cells, 19, 19, 20], "{}", unit.name());
    }

    // A long history in one line: the enclave reads it off the record and asks people, whatever the next question is.
    world.stop(Unit::Enclave).unwrap();
    let hanako = world.client("per_hanako").unwrap();
    let long = hanako.run(&permit, "SELECT COUNT(DISTINCT pid) AS n FROM ndb.patients").unwrap().id;
    report(&world, "/internal/v1/verdicts", &json!(verdict(&world, &long, Spent::new(1_000_000, 19))));
    assert_eq!(remains(&hanako, &permit)[..2], [0, 1]);
    world.spawn(Unit::Enclave).unwrap();
    world.wait_ready(Unit::Enclave).unwrap();
    let held = base::run(&world, &permit, SEXES);
    assert_eq!((held.status.as_str(), held.checks.unwrap().needed), ("held", 1), "{held:?}");
    assert_eq!(hanako.permit(&permit).unwrap().standing, [HoldReason::CellsSpent]);
    assert_eq!(remains(&hanako, &permit)[3], 19);
    assert!(world.tool("visiting-client", &["remains", &permit]).unwrap().contains("used up"));
    let checker = world.client("per_checker1").unwrap();
    assert_eq!(checker.holds().unwrap()[0].reasons, ["cells_spent"]);
    checker.check(&held.id, Finding::Release, "two large groups", &base::key(&world, "per_checker1")).unwrap();
    assert_eq!(hanako.wait(&held.id).unwrap().status, "released");
    let released = |e: &Event| matches!(&e.act, Act::Released { run, .. } if run.as_str() == held.id);
    world.wait_event(0, released, PATIENCE).unwrap();
    world.audit().unwrap();
}

/// What the record shows anyway, put together for the auditor and for nobody else.
#[test]
fn the_auditor_sees_who_feels_for_a_threshold() {
    let (world, permit) = base::running("patterns");
    assert_eq!(base::run(&world, &permit, SEXES).status, "released");
    for month in 195001..195006 {
        let sql = format!("SELECT pref, COUNT(DISTINCT pid) AS n FROM ndb.patients WHERE birth_ym = {month} GROUP BY pref");
        assert_eq!(base::table(&world, &permit, &sql), Err("nothing-to-show".to_owned()));
    }
    let auditor = world.client("per_auditor").unwrap();
    let from = world.events().unwrap().len();
    let seen = auditor.patterns().unwrap();
    let [pattern] = seen.as_slice() else { panic!("{seen:?}") };
    assert_eq!((pattern.permit.as_str(), pattern.person.as_str()), (permit.as_str(), "per_hanako"));
    assert_eq!((pattern.runs, pattern.released + pattern.suppressed, pattern.refused["nothing-to-show"]), (6, 1, 5));
    assert!(pattern.probing && pattern.longest_row == 5);
    world.wait_event(from, |e| matches!(&e.act, Act::Viewed { what } if what == "/v1/patterns"), PATIENCE).unwrap();
    for person in ["per_hanako", "per_outsider", "per_reception", "per_member1", "per_ministry", "per_holder", "per_checker1"] {
        assert_eq!(world.client(person).unwrap().patterns().unwrap_err().code, "not-allowed", "{person}");
    }
    world.audit().unwrap();
}

/// The enclave tells the record a band, the record holds the permit, and nobody is named anywhere.
#[test]
fn a_permit_whose_releases_count_somebody_too_often_is_held_for_two_organisations() {
    let (mut world, permit) = base::running("exposure");
    let hanako = world.client("per_hanako").unwrap();
    assert_eq!(base::run(&world, &permit, SEXES).status, "released");
    world.stop(Unit::Enclave).unwrap();
    let reach =
        |permit: Option<&str>, exposure| ExposureReport { permit: permit.map(|p| p.parse().unwrap()), exposure }.sign(&gate(&world));
    report(&world, "/internal/v1/exposures", &json!(reach(None, Exposure::Hold)));
    report(&world, "/internal/v1/exposures", &json!(reach(Some(&permit), Exposure::Alert)));
    assert!(hanako.permit(&permit).unwrap().standing.is_empty(), "an alert is for the auditor");
    report(&world, "/internal/v1/exposures", &json!(reach(Some(&permit), Exposure::Hold)));
    world.spawn(Unit::Enclave).unwrap();
    world.wait_ready(Unit::Enclave).unwrap();
    // The enclave follows the record even where its own count is lower, and does not report what the record shows already.
    let run = base::run(&world, &permit, SEXES);
    assert_eq!((run.status.as_str(), run.checks.unwrap().needed), ("held", 2), "{run:?}");
    assert_eq!(hanako.permit(&permit).unwrap().standing, [HoldReason::Exposed]);
    let reached = |e: &Event| matches!(e.act, Act::ExposureReached { .. });
    assert_eq!(world.events().unwrap().iter().filter(|e| reached(e)).count(), 3);
    let key = files::read_seal_key(&Home::at(world.home()).seal_key("per_checker1")).unwrap();
    let (_, evidence) = world.client("per_checker1").unwrap().open_hold(&run.id, &key).unwrap();
    assert_eq!(evidence.exposure, Exposure::Usual.words(), "evidence says what the enclave counts itself");
    world.audit().unwrap();
}

/// Parts of a table, each without three prefectures: everybody is in nearly all of them.
fn crowd(table: usize) -> String {
    let part = |column: usize| {
        let n = 20 * table + column;
        let without = [n % 47, (n / 47 + 5 * n) % 47, (7 * n + 11) % 47].map(|pref| (pref + 1).to_string()).join(", ");
        format!("COUNT(DISTINCT pid) FILTER (WHERE pref NOT IN ({without})) AS c{column}")
    };
    format!("SELECT {} FROM ndb.patients", (0..20).map(part).collect::<Vec<_>>().join(", "))
}

/// The enclave counts by itself: sets around the same people, asked by an honest line of questions, are told to the auditor once.
#[test]
fn the_enclave_tells_the_record_when_the_same_people_are_counted_again_and_again() {
    let (mut world, permit) = base::running("exposure-counted");
    let alerts = |world: &World| {
        let of = |e: &Event| if let Act::ExposureReached { report, .. } = &e.act { Some(report.clone()) } else { None };
        world.events().unwrap().iter().filter_map(of).collect::<Vec<_>>()
    };
    for table in 0..20 {
        assert_eq!(base::run(&world, &permit, &crowd(table)).status, "released");
        if !alerts(&world).is_empty() {
            break;
        }
    }
    let reached = |e: &Event| matches!(e.act, Act::ExposureReached { .. });
    world.wait_event(0, reached, PATIENCE).unwrap();
    world.kill(Unit::Enclave);
    world.spawn(Unit::Enclave).unwrap();
    world.wait_ready(Unit::Enclave).unwrap();
    assert_eq!(base::run(&world, &permit, SEXES).status, "released", "an alert holds nothing");
    let told = alerts(&world);
    assert!(told.iter().all(|report| report.exposure == Exposure::Alert), "{told:?}");
    let permits: Vec<_> = told.iter().map(|report| report.permit.as_ref().map(|p| p.as_str())).collect();
    assert!(matches!(permits.as_slice(), [_] | [_, _]), "each band once: {permits:?}");
    assert!(permits.len() < 2 || permits[0] != permits[1], "each band once: {permits:?}");
    world.audit().unwrap();
}
