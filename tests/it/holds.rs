//! Held outputs: what the committee wants people to look at is seen by nobody, is in no ledger, and leaves only when output checkers
//! of different organisations have let it go.

use std::{collections::BTreeSet, fs, time::Duration};

use serde_json::json;
use visiting_gateway::{
    client::{Client, Conditions, Problem},
    files,
    home::Home,
    wire::{CheckStanding, RunView},
};
use visiting_policies::{
    check::{Check, Finding},
    handover::RunReport,
    receipt::Receipt,
    record::{Act, Event},
    seal::SealKey,
    sign,
    terms::Verdict,
    vote::Decision,
};
use visiting_tests::{
    journey::{self, COLUMNS},
    world::{Unit, World},
};

use crate::base;

const PATIENCE: Duration = Duration::from_secs(60);

/// Two groups, each far above any threshold.
const SEXES: &str = "SELECT sex, COUNT(DISTINCT pid) AS people FROM ndb.patients GROUP BY sex";

/// The first group but for a few people, which no text can tell.
const NEARLY: &str = "SELECT COUNT(DISTINCT pid) AS people FROM ndb.patients WHERE sex = 1 AND NOT (birth_ym = 195003 AND pref = 31)";

/// A permit of which so many checkers look at each output, beside the one of [`base::running`].
fn running(name: &str, checkers: u8) -> (World, String, String) {
    let (world, machine) = base::running(name);
    let hanako = world.client("per_hanako").unwrap();
    let wish = journey::application(&["per_hanako", "per_taro"], COLUMNS, (202401, 202412)).unwrap();
    let application = hanako.apply(&wish).unwrap().id;
    world.client("per_reception").unwrap().confirm(&application).unwrap();
    let approve = |member: &str, checkers| {
        let conditions = Conditions { remove: BTreeSet::new(), checkers };
        world.client(member).unwrap().vote(&application, Decision::Approve, conditions, &base::key(&world, member)).unwrap().permit
    };
    // The strictest approval holds.
    approve("per_member1", checkers);
    let permit = approve("per_member2", 0).unwrap();
    let ready = hanako.wait_extract(&permit).unwrap();
    assert_eq!((ready.extract.as_str(), ready.checkers), ("ready", checkers));
    (world, permit, machine)
}

fn held(world: &World, permit: &str, sql: &str) -> String {
    let run = base::run(world, permit, sql);
    assert_eq!((run.status.as_str(), run.verdict, run.files.len()), ("held", Some(Verdict::Hold), 0), "{run:?}");
    run.id
}

fn opening_key(world: &World, checker: &str) -> SealKey {
    files::read_seal_key(&Home::at(world.home()).seal_key(checker)).unwrap()
}

fn check(world: &World, checker: &str, run: &str, finding: Finding) -> Result<CheckStanding, Problem> {
    world.client(checker).unwrap().check(run, finding, "looked at it", &base::key(world, checker))
}

trait Logged {
    fn code(self) -> String;
}

impl Logged for Result<CheckStanding, Problem> {
    fn code(self) -> String {
        self.unwrap_err().code
    }
}

fn reports(events: &[Event], run: &str) -> Vec<RunReport> {
    let of = |e: &Event| if let Act::RunJudged { report, .. } = &e.act { Some(report.clone()) } else { None };
    events.iter().filter_map(of).filter(|r| r.run.as_str() == run).collect()
}

fn file(hanako: &Client, run: &str) -> Result<String, String> {
    hanako.file(run, "table.csv").map(|bytes| String::from_utf8(bytes).unwrap()).map_err(|problem| problem.code)
}

/// What the ledger's head was after the last verdict.
fn ledger(world: &World) -> u64 {
    let events = world.events().unwrap();
    let entries =
        events.iter().rev().find_map(|e| if let Act::RunJudged { report, .. } = &e.act { Some(report.ledger.entries) } else { None });
    entries.unwrap_or(0)
}

#[test]
fn a_held_output_leaves_when_two_organisations_let_it_go_and_is_judged_against_what_was_released_meanwhile() {
    let (world, permit, machine) = running("held", 2);
    let hanako = world.client("per_hanako").unwrap();
    let before = ledger(&world);
    let run = held(&world, &permit, SEXES);

    // Nothing of it is shown, to anybody; he hears how many are missing and no more.
    let token = world.raw().post("/v1/demo/login", None, None, "{\"person\":\"per_hanako\"}").unwrap().text("token");
    let seen = world.raw().get(&format!("/v1/runs/{run}"), Some(&token)).unwrap().json();
    assert_eq!(seen["checks"], json!({ "needed": 2, "missing": 2 }));
    assert!(!seen.to_string().contains("per_checker") && seen.get("refusal").is_none(), "{seen}");
    assert_eq!(file(&hanako, &run), Err("not-found".to_owned()));
    world.raw().get(&format!("/v1/holds/{run}"), Some(&token)).unwrap().problem(403, "not-allowed").unwrap();
    assert_eq!(ledger(&world), before, "a held output is in no ledger");

    // The checkers' queue, and what is sealed to them.
    let first = world.client("per_checker1").unwrap();
    let queue = first.holds().unwrap();
    assert_eq!(queue.iter().map(|h| (h.run.as_str(), h.standing.as_str())).collect::<Vec<_>>(), [(run.as_str(), "open")]);
    assert_eq!(queue[0].reasons, ["asked_by_the_committee"]);
    let (view, evidence) = first.open_hold(&run, &opening_key(&world, "per_checker1")).unwrap();
    assert!(first.open_hold(&run, &opening_key(&world, "per_checker2")).is_err());
    assert_eq!((evidence.sql.as_str(), evidence.application.as_str()), (SEXES, view.hold.application.as_str()));
    assert!(evidence.table.starts_with("sex,people,note\n1,") && !evidence.table.contains("before"), "{}", evidence.table);
    let rows: Vec<_> = evidence.rows.iter().map(|r| (r.keys.clone(), r.people.as_str(), r.near.as_str())).collect();
    assert_eq!(rows, [(vec!["1".to_owned()], "500 and more", "0"), (vec!["2".to_owned()], "500 and more", "0")]);
    assert!(!view.document.contains("people,note") && !view.document.contains("500 and more"), "the gateway carries a sealed thing");

    // In between the same question, but for a few people, is released under another permit.
    let meanwhile = base::table(&world, &machine, NEARLY).unwrap();
    assert!(!meanwhile.contains("before"), "{meanwhile}");

    // A first check: nobody sees what it says.
    let from = world.events().unwrap().len();
    let standing = check(&world, "per_checker1", &run, Finding::Release).unwrap();
    assert_eq!((standing.status.as_str(), standing.checks.missing), ("held", 1));
    world.wait_event(from, |e| matches!(e.act, Act::CheckCast { .. }), PATIENCE).unwrap();
    let log = world.lines().join("\n");
    assert!(log.contains("\"check_cast\"") && !log.contains("looked at it") && !log.contains("\"finding\""));
    let other = world.client("per_checker2").unwrap().hold(&run).unwrap();
    assert!(!serde_json::to_string(&other).unwrap().contains("looked at it"));
    let waiting = hanako.show_run(&run).unwrap();
    assert_eq!((waiting.status.as_str(), waiting.checks.unwrap().missing), ("held", 1));

    // Wrong moves, each an event.
    let refused = |world: &World| world.events().unwrap().iter().filter(|e| matches!(e.act, Act::Refused { .. })).count();
    let before = refused(&world);
    assert_eq!(check(&world, "per_checker1", &run, Finding::Refuse).code(), "already-voted");
    assert_eq!(check(&world, "per_checker3", &run, Finding::Release).code(), "other-organisation-needed");
    assert_eq!(world.client("per_checker3").unwrap().holds().unwrap()[0].standing, "another");
    assert_eq!(check(&world, "per_member1", &run, Finding::Release).code(), "not-allowed");
    let own = hanako.check(&run, Finding::Release, "mine", &base::key(&world, "per_checker1"));
    assert_eq!(own.code(), "not-allowed");
    assert_eq!(world.client("per_auditor").unwrap().holds().unwrap_err().code, "not-allowed");
    let events = world.events().unwrap().len();
    world.wait_event(events.saturating_sub(1), |e| matches!(e.act, Act::Refused { .. }), PATIENCE).unwrap();
    assert_eq!(refused(&world) - before, 5);

    // The second one opens both, and the gate judges again.
    let standing = check(&world, "per_checker2", &run, Finding::Release).unwrap();
    assert_eq!((standing.status.as_str(), standing.checks.missing), ("approved", 0));
    let done = hanako.wait(&run).unwrap();
    assert_eq!((done.status.as_str(), done.verdict), ("released", Some(Verdict::Suppress)), "{done:?}");
    let table = file(&hanako, &run).unwrap();
    let line = |table: &str, sex: &str| table.lines().find(|l| l.starts_with(sex)).unwrap().to_owned();
    let shown = meanwhile.lines().nth(1).unwrap();
    assert_eq!(line(&table, "1,"), format!("1,{shown}as released before"), "{table}");
    assert!(!line(&table, "2,").contains("before"));

    let events = world.events().unwrap();
    let opened = events.iter().position(|e| matches!(e.act, Act::ChecksOpened { .. })).unwrap();
    assert!(matches!(events[opened - 1].act, Act::CheckCast { .. }), "one write");
    let judged = reports(&events, &run);
    assert_eq!(judged.iter().map(|r| r.verdict).collect::<Vec<_>>(), [Verdict::Hold, Verdict::Suppress]);
    assert_eq!(judged[1].rules["checkers"], "2: pass");
    assert!(judged[1].index > judged[0].index && judged[1].ledger.entries > judged[0].ledger.entries);

    // The receipt is as good as any.
    let vkey = fs::read_to_string(world.home().join("log/gate.vkey")).unwrap();
    let note = String::from_utf8(hanako.file(&run, "receipt.note").unwrap()).unwrap();
    let receipt = Receipt::verify(&note, vkey.trim(), table.as_bytes()).unwrap();
    assert_eq!(receipt.report, judged[1]);
    assert!(first.holds().unwrap().is_empty());
    assert_eq!(check(&world, "per_checker2", &run, Finding::Release).code(), "wrong-state");
    world.audit().unwrap();
}

#[test]
fn what_a_checker_refuses_never_leaves() {
    let (mut world, permit, _) = running("not-released", 1);
    let hanako = world.client("per_hanako").unwrap();
    let run = held(&world, &permit, SEXES);
    let before = ledger(&world);
    assert_eq!(check(&world, "per_checker2", &run, Finding::Refuse).unwrap().status, "refused");
    let refused = hanako.wait(&run).unwrap();
    let code = |run: &RunView| run.refusal.as_ref().map(|r| r.code.clone());
    assert_eq!((refused.status.as_str(), code(&refused)), ("refused", Some("not-released-by-checkers".to_owned())));
    assert!(!serde_json::to_string(&refused).unwrap().contains("looked at it"), "no votes, no reasons");
    assert_eq!(file(&hanako, &run), Err("not-released-by-checkers".to_owned()));
    assert_eq!(check(&world, "per_checker1", &run, Finding::Release).code(), "wrong-state");
    world.stop(Unit::Enclave).unwrap();
    world.spawn(Unit::Enclave).unwrap();
    world.wait_ready(Unit::Enclave).unwrap();
    // The same question again is another run, and held again: nothing was shown before.
    let again = held(&world, &permit, SEXES);
    assert_ne!(again, run);
    assert_eq!(reports(&world.events().unwrap(), &run).len(), 1);
    assert_eq!(ledger(&world), before);
    // What has nothing to show is refused at once: nobody is asked.
    assert_eq!(
        base::table(&world, &permit, "SELECT pref, COUNT(DISTINCT pid) AS n FROM ndb.patients WHERE birth_ym = 195003 GROUP BY pref"),
        Err("nothing-to-show".to_owned())
    );
    world.audit().unwrap();
}

#[test]
fn under_a_suspended_permit_a_held_output_stays_where_it_is() {
    let (world, permit, _) = running("held-suspended", 1);
    let hanako = world.client("per_hanako").unwrap();
    let run = held(&world, &permit, SEXES);
    world.client("per_ministry").unwrap().suspend(&permit, "stop", &base::key(&world, "per_ministry")).unwrap();
    assert!(world.client("per_checker1").unwrap().holds().unwrap().is_empty());
    assert_eq!(check(&world, "per_checker1", &run, Finding::Release).code(), "wrong-state");
    let stopped = hanako.wait(&run).unwrap();
    assert_eq!((stopped.status.as_str(), stopped.refusal.unwrap().code.as_str()), ("refused", "permit-suspended"));
    assert_eq!(file(&hanako, &run), Err("permit-suspended".to_owned()));
    assert_eq!(reports(&world.events().unwrap(), &run).len(), 1);
    world.audit().unwrap();
}

#[test]
fn a_check_that_is_not_the_checkers_own_is_refused_before_it_is_cast() {
    let (world, permit, _) = running("check-forged", 1);
    let run = held(&world, &permit, SEXES);
    let token = world.raw().post("/v1/demo/login", None, None, "{\"person\":\"per_checker1\"}").unwrap().text("token");
    let sealed = world.client("per_checker1").unwrap().hold(&run).unwrap().sealed;
    let salt = sign::hex(&files::random::<32>().unwrap());
    let post = |signer: &str, sealed: &str, reason: &str, salt: &str| {
        let check = Check {
            run: run.parse().unwrap(),
            sealed: sealed.to_owned(),
            by: "per_checker1".parse().unwrap(),
            finding: Finding::Release,
            reason: reason.to_owned(),
            salt: salt.to_owned(),
        };
        let signature = base::key(&world, signer).sign(check.text().as_bytes());
        let body = json!({ "finding": "release", "reason": reason, "salt": salt, "signature": signature }).to_string();
        world.raw().post(&format!("/v1/holds/{run}/checks"), Some(&token), Some(&files::request_name().unwrap()), &body).unwrap()
    };
    post("per_checker2", &sealed, "why", &salt).problem(422, "check-forged").unwrap();
    post("per_checker1", &sign::digest(b"another output"), "why", &salt).problem(422, "check-forged").unwrap();
    post("per_checker1", &sealed, "", &salt).problem(400, "malformed").unwrap();
    post("per_checker1", &sealed, "a\nb", &salt).problem(400, "malformed").unwrap();
    post("per_checker1", &sealed, "why", "1").problem(400, "malformed").unwrap();
    assert!(!world.events().unwrap().iter().any(|e| matches!(e.act, Act::CheckCast { .. })));
    let none = world.raw().get("/v1/holds/run_0", Some(&token)).unwrap();
    none.problem(404, "not-found").unwrap();
    assert_eq!(post("per_checker1", &sealed, "why", &salt).json()["status"], "approved");
    assert_eq!(world.client("per_hanako").unwrap().wait(&run).unwrap().status, "released");
}

#[test]
fn a_condition_that_nobody_could_fulfil_cannot_be_voted() {
    let (world, _) = base::running("checkers-three");
    let hanako = world.client("per_hanako").unwrap();
    let wish = journey::application(&["per_hanako"], &["ndb.patients.sex"], (202401, 202412)).unwrap();
    let application = hanako.apply(&wish).unwrap().id;
    world.client("per_reception").unwrap().confirm(&application).unwrap();
    let member = world.client("per_member1").unwrap();
    let conditions = Conditions { remove: BTreeSet::new(), checkers: 3 };
    let refused = member.vote(&application, Decision::Approve, conditions, &base::key(&world, "per_member1")).unwrap_err();
    assert_eq!(refused.code, "malformed");
}

/// The gate holds by itself what is larger than the machine may let out; no committee has asked for it.
#[test]
fn an_output_beyond_what_the_machine_may_release_is_held_for_two() {
    let (world, permit) = base::running("held-budget");
    let sql = "WITH a AS (SELECT icd10, COUNT(DISTINCT pid) AS n FROM ndb.claims GROUP BY icd10) \
         SELECT x.icd10 AS i, y.icd10 AS j, z.icd10 AS k, x.n AS n, y.n AS m, z.n AS o FROM a x JOIN a y ON x.n > 0 JOIN a z ON y.n > 0";
    let run = held(&world, &permit, sql);
    let (view, evidence) = world.client("per_checker2").unwrap().open_hold(&run, &opening_key(&world, "per_checker2")).unwrap();
    assert_eq!((view.hold.reasons.as_slice(), view.hold.checks.needed), (&["budget".to_owned()][..], 2));
    let values = (evidence.table.lines().count() - 1) * 6;
    assert!(values > 100_000 && !evidence.rows.is_empty(), "{values} values");
    world.audit().unwrap();
}

/// A release that should not have left: given out no more, and the ministry hears who has it.
#[test]
fn a_recalled_release_is_given_out_no_more() {
    let (world, permit) = base::running("recall");
    let (hanako, ministry) = (world.client("per_hanako").unwrap(), world.client("per_ministry").unwrap());
    let run = base::run(&world, &permit, SEXES).id;
    file(&hanako, &run).unwrap();
    assert_eq!(ministry.fetched(&run).unwrap().fetched, ["per_hanako"]);
    assert_eq!(hanako.fetched(&run).unwrap_err().code, "not-allowed");
    let key = base::key(&world, "per_ministry");
    assert_eq!(ministry.recall(&run, "wrong", &base::key(&world, "per_member1")).unwrap_err().code, "recall-forged");
    assert_eq!(ministry.recall("run_0", "wrong", &key).unwrap_err().code, "not-found");
    let recalled = ministry.recall(&run, "a wrong table", &key).unwrap();
    assert_eq!((recalled.recalled.as_deref(), recalled.fetched), (Some("a wrong table"), vec!["per_hanako".to_owned()]));
    assert_eq!(ministry.recall(&run, "again", &key).unwrap_err().code, "wrong-state");
    for reader in ["per_hanako", "per_taro"] {
        assert_eq!(world.client(reader).unwrap().file(&run, "table.csv").unwrap_err().code, "recalled");
    }
    let seen = hanako.show_run(&run).unwrap();
    assert_eq!((seen.status.as_str(), seen.files.len(), seen.refusal.unwrap().code.as_str()), ("recalled", 0, "recalled"));
    // What was shown stays in the ledger: the same question gives the same values.
    assert!(base::table(&world, &permit, SEXES).is_ok());
    world.audit().unwrap();
}

/// `kill -9` at every step: nothing is lost, nothing leaves twice.
#[test]
fn a_held_output_survives_the_end_of_each_process_at_every_step() {
    let (mut world, permit, _) = running("held-kill", 1);
    let again = |world: &mut World, unit| {
        world.kill(unit);
        world.spawn(unit).unwrap();
        world.wait_ready(unit).unwrap();
    };
    for unit in [Unit::Enclave, Unit::Gateway] {
        for step in 0..5 {
            let hanako = world.client("per_hanako").unwrap();
            let asked = hanako.run(&permit, SEXES).unwrap().id;
            if step == 0 {
                again(&mut world, unit);
            }
            if step == 1 {
                // Somewhere between the gate and the record.
                std::thread::sleep(Duration::from_millis(240));
                again(&mut world, unit);
            }
            assert_eq!(hanako.wait(&asked).unwrap().status, "held", "{step} {}", unit.name());
            if step == 2 {
                again(&mut world, unit);
            }
            assert_eq!(check(&world, "per_checker1", &asked, Finding::Release).unwrap().status, "approved");
            if step == 3 {
                again(&mut world, unit);
            }
            if step == 4 {
                std::thread::sleep(Duration::from_millis(240));
                again(&mut world, unit);
            }
            assert_eq!(hanako.wait(&asked).unwrap().status, "released", "{step} {}", unit.name());
            let left = |e: &Event| matches!(&e.act, Act::Released { run, .. } if run.as_str() == asked);
            world.wait_event(0, left, PATIENCE).unwrap();
            let events = world.events().unwrap();
            let verdicts: Vec<Verdict> = reports(&events, &asked).iter().map(|r| r.verdict).collect();
            assert!(matches!(verdicts.as_slice(), [Verdict::Hold, Verdict::Release | Verdict::Suppress]), "{verdicts:?}");
            assert_eq!(events.iter().filter(|e| left(e)).count(), 1, "{step} {}", unit.name());
        }
    }
    world.audit().unwrap();
}

/// The same by the command line, as a checker has it.
#[test]
fn a_checker_works_by_the_command_line() {
    let (world, permit, _) = running("held-cli", 1);
    let run = held(&world, &permit, SEXES);
    world.tool("visiting-client", &["login", "per_checker1"]).unwrap();
    assert!(world.tool("visiting-client", &["holds"]).unwrap().contains(&run));
    let opened = world.tool("visiting-client", &["hold", "open", &run]).unwrap();
    assert!(opened.contains("asked_by_the_committee") && opened.contains("500 and more") && opened.contains("sex,people,note"), "{opened}");
    let checked = world.tool("visiting-client", &["hold", "check", &run, "release", "--reason", "large groups only"]).unwrap();
    assert!(checked.contains("approved"), "{checked}");
    assert_eq!(world.client("per_hanako").unwrap().wait(&run).unwrap().status, "released");
}
