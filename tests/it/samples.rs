//! Later looks and recalls: a share of what the machine released alone is drawn, a checker looks, and the ministry recalls what should
//! not have left.

use std::time::Duration;

use visiting_policies::{
    record::{Act, Event},
    sample::{Opinion, is_drawn},
    terms::Verdict,
};
use visiting_tests::world::{Unit, World};

use crate::base;

const PATIENCE: Duration = Duration::from_secs(60);

/// Questions until one is drawn: by one in twenty, one chance in ten thousand that none of these is.
const TRIES: usize = 180;

const SEXES: &str = "SELECT sex, COUNT(DISTINCT pid) AS people FROM ndb.patients GROUP BY sex";

/// Runs that the record itself says are drawn.
fn drawn(events: &[Event]) -> Vec<String> {
    let of = |e: &Event| match &e.act {
        Act::RunJudged { report, signature } if report.verdict != Verdict::Hold && report.verdict != Verdict::Refuse => {
            is_drawn(signature).then(|| report.run.to_string())
        }
        _ => None,
    };
    events.iter().filter_map(of).collect()
}

/// Asks the same question until a run of it is drawn; answers with it and with one that is not.
fn until_drawn(world: &World, permit: &str) -> (String, String) {
    let mut not = String::new();
    for _ in 0..TRIES {
        let run = base::run(world, permit, SEXES).id;
        let released = |e: &Event| matches!(&e.act, Act::Released { run: r, .. } if r.as_str() == run);
        world.wait_event(0, released, PATIENCE).unwrap();
        if drawn(&world.events().unwrap()).contains(&run) {
            return (run, not);
        }
        not = run;
    }
    panic!("none of {TRIES} releases was drawn");
}

#[test]
fn a_drawn_release_is_looked_at_and_the_ministry_hears_what_a_checker_wants_recalled() {
    let (mut world, permit) = base::running("sample");
    let (run, not) = until_drawn(&world, &permit);
    let (hanako, checker, ministry) =
        (world.client("per_hanako").unwrap(), world.client("per_checker1").unwrap(), world.client("per_ministry").unwrap());
    let table = String::from_utf8(hanako.file(&run, "table.csv").unwrap()).unwrap();

    // The checkers' list is what anybody finds in the record; it shows the table as it left.
    let list = |world: &World| world.client("per_checker1").unwrap().samples().unwrap().into_iter().map(|s| s.run).collect::<Vec<_>>();
    assert_eq!(list(&world), drawn(&world.events().unwrap()));
    let from = world.events().unwrap().len();
    let seen = checker.sample(&run).unwrap();
    assert_eq!((seen.sql.as_str(), seen.table.as_str()), (SEXES, table.as_str()));
    world.wait_event(from, |e| matches!(&e.act, Act::Viewed { what } if *what == format!("/v1/samples/{run}")), PATIENCE).unwrap();

    let key = base::key(&world, "per_checker1");
    if !not.is_empty() {
        assert_eq!(checker.look(&not, Opinion::Fine, "fine", &key).unwrap_err().code, "not-found");
    }
    assert_eq!(checker.look(&run, Opinion::Fine, "fine", &base::key(&world, "per_checker2")).unwrap_err().code, "check-forged");
    for person in ["per_hanako", "per_auditor", "per_ministry", "per_member1"] {
        assert_eq!(world.client(person).unwrap().samples().unwrap_err().code, "not-allowed", "{person}");
    }
    for person in ["per_hanako", "per_checker1", "per_auditor"] {
        assert_eq!(world.client(person).unwrap().releases().unwrap_err().code, "not-allowed", "{person}");
    }

    // Who dies in between changes nothing.
    for unit in [Unit::Gateway, Unit::Enclave] {
        world.kill(unit);
        world.spawn(unit).unwrap();
        world.wait_ready(unit).unwrap();
        assert!(list(&world).contains(&run), "{}", unit.name());
    }
    assert_eq!(checker.look(&run, Opinion::Recall, "too fine", &key).unwrap().opinion, Opinion::Recall);
    assert_eq!(checker.look(&run, Opinion::Fine, "after all", &key).unwrap_err().code, "wrong-state");
    assert!(!list(&world).contains(&run));

    // The wish is the ministry's to weigh: the release is given out until it says otherwise.
    hanako.file(&run, "table.csv").unwrap();
    assert!(hanako.show_run(&run).unwrap().recalled.is_none());
    let first = ministry.releases().unwrap().remove(0);
    assert_eq!((first.run.as_str(), first.fetched), (run.as_str(), 1));
    assert_eq!(first.objection.unwrap().reason, "too fine");
    ministry.recall(&run, "a checker is right", &base::key(&world, "per_ministry")).unwrap();
    let gone = hanako.show_run(&run).unwrap();
    assert_eq!((gone.recalled.as_deref(), gone.destroy), (Some("a checker is right"), true));
    assert!(!world.client("per_taro").unwrap().show_run(&run).unwrap().destroy, "he has not fetched it");
    world.tool("visiting-client", &["login", "per_hanako"]).unwrap();
    let told = world.tool("visiting-client", &["show", &run]).unwrap();
    assert!(told.contains("a checker is right") && told.contains("destroy every copy"), "{told}");
    world.audit().unwrap();
}
