//! The corpus, scored: attacks are answered as they deserve and honest work comes through; under other names the same.

use std::{
    path::{Path, PathBuf},
    sync::OnceLock,
};

use visiting_tests::{
    corpus::{
        self, Answer, Case, Database, Ground,
        case::{self, objects},
        rename::Names,
        score::{Expected, table},
    },
    skip::skip,
    world::{binaries, tree},
};

/// Most permits that a case of ours names.
const PERMITS: usize = 3;

/// A folder for sources below `target/tmp`.
fn folder(name: &str) -> PathBuf {
    binaries().unwrap().parent().unwrap().join("tmp").join(format!("{name}-{}-0", std::process::id()))
}

/// The fixture's files, written once.
pub(crate) fn database() -> &'static Database {
    static MADE: OnceLock<Database> = OnceLock::new();
    MADE.get_or_init(|| Database::fixture(&folder("fixture-sources")).unwrap())
}

/// The home that cases start from, prepared once.
pub(crate) fn ground() -> &'static Ground {
    static MADE: OnceLock<Ground> = OnceLock::new();
    MADE.get_or_init(|| Ground::prepare("fixture-ground", database(), PERMITS, |line| println!("{line}")).unwrap())
}

fn ours() -> PathBuf {
    tree().unwrap().join("tests/corpus/cases.jsonl")
}

fn shared() -> Option<PathBuf> {
    let file = tree().unwrap().parent()?.join("shared/attacks/cases.jsonl");
    let found = file.is_file();
    if !found {
        skip("shared: the attack corpus is not beside the workspace (../shared/attacks/cases.jsonl)");
    }
    found.then_some(file)
}

fn answers(file: &Path) -> &'static [Answer] {
    static OURS: OnceLock<Vec<Answer>> = OnceLock::new();
    static SHARED: OnceLock<Vec<Answer>> = OnceLock::new();
    let made = if file == ours() { &OURS } else { &SHARED };
    made.get_or_init(|| {
        let cases = case::read(file).unwrap();
        assert!(case::permits(&cases) <= PERMITS, "prepare more permits");
        corpus::run(ground(), &cases, |line| println!("{line}")).unwrap()
    })
}

/// Scores a file: what the text alone decides is right, honest SQL is released, and the system never failed.
fn score(file: &Path) -> Vec<(Expected, Answer)> {
    let expected: Vec<Expected> = objects(file).unwrap().iter().map(|v| Expected::from_json(v).unwrap()).collect();
    let answers = answers(file);
    println!("{}", table(&expected, answers));
    let pairs: Vec<(Expected, Answer)> = expected.into_iter().zip(answers.iter().cloned()).collect();
    assert!(pairs.iter().all(|(e, a)| e.id == a.id));
    let broken = |a: &Answer| a.reason.as_deref() == Some("operator-problem");
    let wrong = |choose: &dyn Fn(&Expected, &Answer) -> bool| {
        pairs.iter().filter(|(e, a)| choose(e, a)).map(|(e, a)| format!("{} {} {:?}", e.id, a.word(), a.reason)).collect::<Vec<_>>()
    };
    assert_eq!(wrong(&|_, a| broken(a)), Vec::<String>::new(), "the system failed");
    assert_eq!(wrong(&|e, a| e.is_of_the_plan() && !e.is_met(a)), Vec::<String>::new(), "decided on the plan, and wrong");
    assert_eq!(wrong(&|e, a| e.is_benign_sql() && !e.is_met(a)), Vec::<String>::new(), "honest work that did not come through");
    pairs
}

#[test]
fn our_own_corpus_is_answered_as_it_deserves() {
    let pairs = score(&ours());
    assert!(pairs.len() >= 60);
    let missed: Vec<&str> = pairs.iter().filter(|(e, a)| !e.is_met(a)).map(|(e, _)| e.id.as_str()).collect();
    assert_eq!(missed, Vec::<&str>::new());
}

#[test]
fn the_attack_corpus_is_answered_on_the_plan_and_honest_work_comes_through() {
    if let Some(file) = shared() {
        let pairs = score(&file);
        // Statistic cases are for a later version; everything that is SQL or a guest is answered as it deserves.
        let asked = pairs.iter().filter(|(e, _)| e.kind != "statistic");
        let missed: Vec<&str> = asked.clone().filter(|(e, a)| !e.is_met(a)).map(|(e, _)| e.id.as_str()).collect();
        assert!(asked.count() > 70);
        assert_eq!(missed, Vec::<&str>::new());
    }
}

/// Every SQL case over a database in which nothing has its old name: the same verdict, reason and table.
#[test]
fn under_other_names_everything_is_the_same() {
    let names = Names::of_the_fixture();
    let place = folder("renamed-sources");
    let renamed = names.database(database(), &place).unwrap();
    let other = Ground::prepare("renamed-ground", &renamed, PERMITS, |line| println!("{line}")).unwrap();
    for file in [Some(ours()), shared()].into_iter().flatten() {
        let cases: Vec<Case> = case::read(&file).unwrap().into_iter().filter(|c| c.kind == case::Kind::Sql).collect();
        let told = answers(&file);
        let texts: Vec<(String, String)> = cases.iter().map(|c| (c.id.clone(), c.asked.sql.clone())).collect();
        let cases: Vec<Case> = cases.into_iter().map(|c| c.map_sql(|text| names.sql(text))).collect();
        let mut differ = Vec::new();
        for there in corpus::run(&other, &cases, |_| ()).unwrap() {
            let here = told.iter().find(|a| a.id == there.id).unwrap();
            let text = texts.iter().find(|(id, _)| *id == there.id).map_or("", |(_, text)| text);
            let table = here.table.as_ref().map(|csv| names.table(csv, text));
            if (&here.verdict, &here.reason, table.as_ref()) != (&there.verdict, &there.reason, there.table.as_ref()) {
                differ.push(format!(
                    "{}: {} {:?} {:?}, renamed {} {:?} {:?}",
                    here.id,
                    here.word(),
                    here.reason,
                    table,
                    there.word(),
                    there.reason,
                    there.table
                ));
            }
        }
        assert_eq!(differ, Vec::<String>::new(), "{}", file.display());
    }
    // The listings are read at every start.
    std::fs::remove_dir_all(&place).unwrap();
}
