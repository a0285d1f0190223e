//! Two populations that differ in one person: everything that is decided on the plan is answered with the same bytes.

use std::{collections::BTreeSet, fs, path::Path};

use visiting_tests::{
    guest,
    journey::COLUMNS,
    raw::Answer,
    world::{World, tree},
};

use crate::base;

/// One case of `corpus/refusals.sql`.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) code: String,
    pub(crate) sql: String,
}

pub(crate) fn corpus() -> Vec<Case> {
    let text = fs::read_to_string(tree().unwrap().join("tests/corpus/refusals.sql")).unwrap();
    let block = |block: &str| {
        let (code, sql) = block.trim().split_once('\n')?;
        Some(Case { code: code.strip_prefix("-- ")?.to_owned(), sql: sql.to_owned() })
    };
    text.split("\n\n").filter_map(block).collect()
}

/// All rows of one person disappear from every file, whatever number they carry.
fn without_one_person(source: &Path) {
    let read = |file: &str| fs::read_to_string(source.join(file)).unwrap();
    // Somebody with claims: the first claim's number, and every number that the history ties to it.
    let first = read("ndb/claims.csv").lines().nth(1).and_then(|l| l.split(',').next()).unwrap().to_owned();
    let mut numbers = BTreeSet::from([first]);
    let history = read("ndb/history.csv");
    for _ in 0..10 {
        for line in history.lines().skip(1) {
            let pair: Vec<String> = line.split(',').take(2).map(str::to_owned).collect();
            if pair.iter().any(|n| numbers.contains(n)) {
                numbers.extend(pair);
            }
        }
    }
    for file in ["ndb/history.csv", "ndb/patients.csv", "ndb/claims.csv", "ndb/labs.csv", "kaigo/recipients.csv", "kaigo/services.csv"] {
        let kept: String =
            read(file).lines().filter(|l| !numbers.contains(l.split(',').next().unwrap())).map(|l| format!("{l}\n")).collect();
        fs::write(source.join(file), kept).unwrap();
    }
}

/// A running system over the population, whole or without one person, and its permit.
fn population(name: &str, whole: bool) -> (World, String) {
    let mut world = World::new(name).unwrap();
    let source = world.home().join("source");
    world.tool("visiting-population", &["--out", &visiting_tests::world::text(&source), "--people", "300"]).unwrap();
    if !whole {
        without_one_person(&source);
    }
    world.ingest("ndb", &[source.join("ndb")]).unwrap();
    world.ingest("kaigo", &[source.join("kaigo")]).unwrap();
    world.start_all().unwrap();
    let permit = base::permit(&world, COLUMNS, (202401, 202412));
    for source in [guest::band("band").unwrap(), guest::kin("kin").unwrap()] {
        crate::guests::bind(&world, &permit, &source);
    }
    (world, permit)
}

/// The problem document of each case, as bytes.
fn answers(world: &World, permit: &str, cases: &[Case]) -> Vec<Answer> {
    let hanako = world.client("per_hanako").unwrap();
    let token = world.raw().post("/v1/demo/login", None, None, "{\"person\":\"per_hanako\"}").unwrap().text("token");
    let asked: Vec<String> = cases.iter().map(|c| hanako.run(permit, &c.sql).unwrap().id).collect();
    asked
        .iter()
        .map(|run| {
            let view = hanako.wait(run).unwrap();
            let answer = world.raw().get(&format!("/v1/runs/{run}/files/table.csv"), Some(&token)).unwrap();
            let refusal = view.refusal.expect("refused");
            assert_eq!((refusal.code, refusal.detail), (answer.text("code"), answer.text("detail")), "run and problem document agree");
            answer
        })
        .collect()
}

#[test]
fn plan_decided_refusals_say_nothing_about_one_person() {
    let cases = corpus();
    assert!(cases.len() >= 40, "only {} cases", cases.len());
    let other = std::thread::spawn(|| population("one-less", false));
    let (world, permit) = population("whole", true);
    let (other, other_permit) = other.join().unwrap();
    let more = {
        let cases = cases.clone();
        std::thread::spawn(move || answers(&other, &other_permit, &cases))
    };
    let (ours, theirs) = (answers(&world, &permit, &cases), more.join().unwrap());
    let mut wrong = Vec::new();
    for ((case, a), b) in cases.iter().zip(&ours).zip(&theirs) {
        assert_eq!(a, b, "{}", case.sql);
        if a.text("code") != case.code {
            wrong.push(format!("{} instead of {}: {}", a.text("code"), case.code, case.sql));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    println!("differential: {} refusals, byte-identical", cases.len());
}
