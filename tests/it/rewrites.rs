//! Properties of whole answers: what means the same gives the same bytes, and no join and no copy of rows changes who is counted.

use std::{path::PathBuf, sync::OnceLock};

use visiting_enclave::{Fault, stages::Bench};
use visiting_policies::terms::Verdict;
use visiting_tests::{
    corpus::{Database, Ground},
    forms::{EQUAL, NEAR, dressed},
    rewrite::{questions, render},
    world::binaries,
};

/// Renderings of each question that are compared with the first.
const WORDS: u64 = 6;
/// What is drawn around each form.
const DRESSES: u64 = 2;
/// Seed of everything that is drawn here.
const SEED: u64 = 4;
/// How often rows are repeated.
const TIMES: usize = 3;

fn folder(name: &str) -> PathBuf {
    binaries().unwrap().parent().unwrap().join("tmp").join(format!("{name}-{}-0", std::process::id()))
}

/// The smallest fixture that has everything; 32,900 people.
fn small() -> &'static Database {
    static MADE: OnceLock<Database> = OnceLock::new();
    MADE.get_or_init(|| Database::fixture_of(&folder("small-sources"), 1).unwrap())
}

/// The small fixture's extract.
pub(crate) fn bench() -> &'static Bench {
    static MADE: OnceLock<(Ground, Bench)> = OnceLock::new();
    let made = MADE.get_or_init(|| {
        let ground = Ground::prepare("rewrites", small(), 1, |_| ()).unwrap();
        let bench = ground.bench().unwrap();
        (ground, bench)
    });
    &made.1
}

/// Verdict and table, or the refusal's code.
pub(crate) fn told(bench: &Bench, sql: &str) -> Result<(Verdict, String), String> {
    match bench.judged(sql) {
        Ok((verdict, csv)) => Ok((verdict, String::from_utf8(csv).unwrap())),
        Err(Fault::Refused(refusal)) => Err(format!("{}: {}", refusal.code.name(), refusal.detail)),
        Err(fault) => panic!("{sql}: {fault}"),
    }
}

/// Verdict and table, or the refusal's code.
pub(crate) type Told = Result<(Verdict, String), String>;

/// Tables of questions that are asked one after another on one ledger.
pub(crate) fn in_turn(texts: &[String]) -> Vec<Told> {
    let answers = bench().judged_in_turn(texts).unwrap();
    let told = |answer: Result<(Verdict, Vec<u8>), visiting_policies::Refusal>| match answer {
        Ok((verdict, csv)) => Ok((verdict, String::from_utf8(csv).unwrap())),
        Err(refusal) => Err(refusal.code.name()),
    };
    answers.into_iter().map(told).collect()
}

/// Texts that do not answer on one ledger as the first of them does: equal bytes that repeat nothing are the proof that the plans are
/// equal. Equal data alone give equal bytes on empty ledgers only.
fn not_proved(texts: &[String]) -> Vec<String> {
    let answers = in_turn(texts);
    let own = |told: &Told| told.as_ref().is_ok_and(|(_, csv)| !csv.contains("as released before"));
    let differs = |told: &&(&String, &Told)| !own(told.1) || *told.1 != answers[0];
    let pairs: Vec<(&String, &Told)> = texts.iter().zip(&answers).collect();
    pairs.iter().filter(differs).map(|(text, told)| format!("{}\n    {:?}\n{text}\n    {told:?}\n", texts[0], answers[0])).collect()
}

/// Texts that alone do not answer as the first, or that in turn show anything of their own that it did not.
fn not_near(texts: &[String]) -> Vec<String> {
    let alone: Vec<Told> = texts.iter().map(|text| told(bench(), text)).collect();
    let quiet = |told: &Told| {
        *told == Err("nothing-to-show".to_owned())
            || *told == alone[0]
            || matches!(told, Ok((_, csv)) if csv.contains("as released before"))
    };
    let in_turn = in_turn(texts);
    let wrong = |(one, turn): &(&Told, &Told)| **one != alone[0] || one.is_err() || !quiet(turn);
    let all = texts.iter().zip(alone.iter().zip(&in_turn)).filter(|(_, pair)| wrong(pair));
    all.map(|(text, pair)| format!("{}\n    {:?}\n{text}\n    {pair:?}\n", texts[0], alone[0])).collect()
}

#[test]
fn what_means_the_same_gives_the_same_bytes() {
    let mut differ = Vec::new();
    for (at, question) in questions().iter().enumerate() {
        let texts: Vec<String> = (0..=WORDS).map(|n| render(question, SEED, at as u64 * 1000 + n)).collect();
        differ.extend(if question.looks_elsewhere() { not_near(&texts) } else { not_proved(&texts) });
    }
    assert!(differ.is_empty(), "{} of {}:\n{}", differ.len(), questions().len() as u64 * WORDS, differ.join("\n"));
}

#[test]
fn forms_of_one_question_are_one_question_to_the_ledger() {
    let drawn = |forms: &&[&str]| (0..DRESSES).flat_map(|n| forms.iter().map(move |form| dressed(form, SEED, n))).collect::<Vec<_>>();
    let differ: Vec<String> = EQUAL.iter().flat_map(|forms| not_proved(&drawn(forms))).collect();
    assert!(differ.is_empty(), "{}:\n{}", differ.len(), differ.join("\n"));
}

#[test]
fn forms_that_are_not_proved_equal_show_the_same_values_or_nothing() {
    let drawn = |forms: &&[&str]| forms.iter().map(|form| dressed(form, SEED, 0)).collect::<Vec<_>>();
    let differ: Vec<String> = NEAR.iter().flat_map(|forms| not_near(&drawn(forms))).collect();
    assert!(differ.is_empty(), "{}:\n{}", differ.len(), differ.join("\n"));
}

/// Joins that cannot lose or add a person: each row finds at least itself.
const JOINS: [&str; 10] = [
    "CROSS JOIN (VALUES (1), (2), (3), (4), (5), (6), (7)) AS v{}(i)",
    "JOIN (VALUES ('E11'), ('E11'), ('E11')) AS v{}(code) ON v{}.code = c.icd10",
    "JOIN (VALUES (1), (2), (2)) AS v{}(s) ON v{}.s = p.sex",
    "JOIN claims c{} ON c{}.pid = p.pid",
    "JOIN claims c{} ON c{}.pid = c.pid AND c{}.points >= c.points",
    "JOIN claims c{} ON c{}.pid = c.pid AND c{}.ym BETWEEN c.ym AND c.ym + 3",
    "JOIN claims c{} ON c.pid = c{}.pid AND c{}.icd10 = c.icd10",
    "JOIN patients p{} ON p{}.pid = c.pid",
    "LEFT JOIN labs l{} ON l{}.pid = p.pid",
    "JOIN (SELECT DISTINCT pid FROM claims WHERE icd10 = 'E11') s{} ON s{}.pid = p.pid",
];

#[test]
fn no_join_changes_how_many_people_are_counted() {
    let ask = |joins: &str| {
        format!(
            "SELECT p.sex, COUNT(DISTINCT p.pid) AS n FROM patients p JOIN claims c ON c.pid = p.pid {joins} WHERE c.icd10 = 'E11' GROUP BY p.sex"
        )
    };
    let plain = told(bench(), &ask("")).unwrap();
    let join = |which: usize, name: usize| JOINS[which % JOINS.len()].replace("{}", &name.to_string());
    let alone = (0..JOINS.len()).map(|which| vec![join(which, 1)]);
    // Pairs and triples, every join with several others.
    let pairs = (0..JOINS.len()).map(|which| vec![join(which, 1), join(which * 3 + 1, 2)]);
    let triples = (0..4).map(|which| vec![join(which, 1), join(which + 3, 2), join(which + 6, 3)]);
    for joins in alone.chain(pairs).chain(triples) {
        let sql = ask(&joins.join(" "));
        assert_eq!(told(bench(), &sql).as_ref(), Ok(&plain), "{sql}");
    }
}

/// Questions whose answers rows that are written several times leave as they are.
const OF_PEOPLE: [&str; 8] = [
    "SELECT sex, COUNT(DISTINCT pid) AS n FROM claims JOIN patients USING (pid) GROUP BY sex",
    "SELECT pref, icd10, COUNT(DISTINCT pid) AS n FROM claims JOIN patients USING (pid) GROUP BY pref, icd10",
    "SELECT pref, AVG(points) AS m, COUNT(DISTINCT pid) AS n FROM claims JOIN patients USING (pid) WHERE icd10 = 'D66' GROUP BY pref",
    "SELECT sex, AVG(value) AS m FROM labs JOIN patients USING (pid) WHERE jlac10 = '3D046' GROUP BY sex",
    "SELECT jlac10, AVG(value) AS m, COUNT(DISTINCT pid) AS n FROM labs GROUP BY jlac10",
    "SELECT ym, AVG(points) AS m FROM claims WHERE icd10 = 'G12' GROUP BY ym",
    "SELECT pref, sex, COUNT(DISTINCT pid) AS n FROM claims JOIN patients USING (pid) WHERE icd10 = 'Z21' GROUP BY pref, sex",
    "SELECT COUNT(DISTINCT pid) AS n FROM claims WHERE icd10 = 'E75.2'",
];

#[test]
fn rows_that_are_written_several_times_change_no_verdict_no_mask_no_count_of_people_and_no_mean() {
    let place = folder("repeated-sources");
    let repeated = small().repeated(&place, &["claims", "labs"], TIMES).unwrap();
    let ground = Ground::prepare("repeated", &repeated, 1, |_| ()).unwrap();
    std::fs::remove_dir_all(&place).unwrap();
    let many = ground.bench().unwrap();
    for sql in OF_PEOPLE {
        let once = told(bench(), sql);
        assert!(once.is_ok(), "{sql}: {once:?}");
        assert_eq!(told(&many, sql), once, "{sql}");
    }
    // Rows are no people: their number does grow, so the rows were really there.
    let rows = |bench: &Bench| told(bench, "SELECT COUNT(*) AS r FROM claims").unwrap().1;
    assert_ne!(rows(&many), rows(bench()));
}
