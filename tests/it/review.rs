//! Holes that a hostile review found, kept as tests.

use std::collections::BTreeSet;

use visiting_gateway::client::Client;
use visiting_policies::vote::Decision;
use visiting_tests::{
    journey::{self, COLUMNS},
    world::Unit,
};

use crate::{
    base,
    middle::{Middle, Rule},
};

/// Two permits of other months must never be taken to have asked the same, though their SQL is.
#[test]
fn the_same_question_under_other_months_is_another_question() {
    let (world, year) = base::running("months");
    let half = base::permit(&world, COLUMNS, (202401, 202406));
    let lines = |permit: &str| {
        let table = base::table(&world, permit, "SELECT COUNT(DISTINCT pid) AS people, COUNT(*) AS lines FROM ndb.claims").unwrap();
        let row = table.lines().nth(1).unwrap().to_owned();
        assert!(!row.contains("before"), "{row}");
        row.split(',').nth(1).unwrap().parse::<f64>().unwrap()
    };
    let (year, half) = (lines(&year), lines(&half));
    assert!(half > 0.4 * year && half < 0.6 * year, "{half} claim lines of half a year, {year} of the year");
}

/// Verdicts reach the record in the order of the ledger, also when the gateway dies under the first of two.
#[test]
fn two_runs_survive_a_gateway_that_dies_under_the_first_verdict() {
    let (mut world, permit) = base::running("two-runs");
    let hanako = world.client("per_hanako").unwrap();
    let first = hanako.run(&permit, "SELECT sex, COUNT(DISTINCT pid) AS people FROM ndb.patients GROUP BY sex").unwrap();
    let second = hanako.run(&permit, "SELECT icd10, COUNT(DISTINCT pid) AS people FROM ndb.claims GROUP BY icd10").unwrap();
    // The first verdict waits for its rung while the gateway goes down.
    world.kill(Unit::Gateway);
    world.start(Unit::Gateway).unwrap();
    for run in [first, second] {
        assert_eq!(hanako.wait(&run.id).unwrap().status, "released");
    }
    assert!(world.ended(Unit::Enclave).is_none(), "{}", world.said(Unit::Enclave));
    world.audit().unwrap();
}

/// A bare file name is a path too.
#[test]
fn a_released_file_is_fetched_under_its_own_name() {
    let (world, permit) = base::running("fetch");
    let run = base::run(&world, &permit, "SELECT sex, COUNT(DISTINCT pid) AS people FROM ndb.patients GROUP BY sex");
    world.tool("visiting-client", &["login", "per_hanako"]).unwrap();
    let folder = world.home().join("fetched");
    std::fs::create_dir(&folder).unwrap();
    let fetched = world.command("visiting-client").current_dir(&folder).args(["fetch", &run.id, "table.csv"]).status().unwrap();
    assert!(fetched.success());
    assert!(std::fs::read_to_string(folder.join("table.csv")).unwrap().starts_with("sex,people,note\n1,"));
}

/// A member signs what was shown or nothing: a purpose that was changed on its way has another digest than the ballot.
#[test]
fn a_member_signs_only_the_application_that_was_shown() {
    let (world, _) = base::running("shown");
    let hanako = world.client("per_hanako").unwrap();
    let wish = journey::application(&["per_hanako"], &["ndb.patients.sex"], (202401, 202412)).unwrap();
    let purpose = wish.purpose.clone();
    let application = hanako.apply(&wish).unwrap().id;
    world.client("per_reception").unwrap().confirm(&application).unwrap();

    let rewrite = Rule::Rewrite { path: "/v1/applications/", from: Box::leak(purpose.into_boxed_str()), to: "a harmless purpose" };
    let middle = Middle::start(world.address(), rewrite);
    let mut member = Client::new(&format!("http://{}", middle.address));
    member.login("per_member1").unwrap();
    let key = base::key(&world, "per_member1");
    let vote = |client: &Client| client.vote(&application, Decision::Approve, &BTreeSet::new(), &key);
    let refused = vote(&member).unwrap_err();
    assert!(refused.detail.contains("nothing was signed"), "{refused:?}");
    assert_eq!(middle.met(&format!("/v1/applications/{application}/votes")), 0);
    assert_eq!(vote(&world.client("per_member1").unwrap()).unwrap().status, "under_review");
}

/// Whoever feels for the threshold is stopped: after twenty questions that show nothing the permit answers none.
#[test]
fn a_permit_that_only_feels_for_the_threshold_is_stopped() {
    let (world, permit) = base::running("unshown");
    let ask =
        |n: u32| base::table(&world, &permit, &format!("SELECT COUNT(DISTINCT pid) AS n FROM ndb.claims WHERE icd10 LIKE 'Q{n:02}%'"));
    for n in 0..20 {
        assert_eq!(ask(n), Err("nothing-to-show".to_owned()), "question {n}");
    }
    assert_eq!(ask(20), Err("too-many-unshown".to_owned()));
    let benign = base::table(&world, &permit, "SELECT sex, COUNT(DISTINCT pid) AS n FROM ndb.patients GROUP BY sex");
    assert_eq!(benign, Err("too-many-unshown".to_owned()));
}
