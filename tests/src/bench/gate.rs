//! `visiting bench gate`: the governed path against the raw engine on the same files, and the wait from a question to its verdict.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use visiting_enclave::{
    Config, Fault,
    stages::{Bench, Stages},
};
use visiting_gateway::{client::Client, files, home::Home};
use visiting_policies::{Code, terms::PermitId, vote::Decision};

use super::{line, median, ms};
use crate::{
    corpus::{case::objects, score::Expected},
    journey::{COLUMNS, application},
    world::{World, tree},
};

/// Sizes by name, with the people whose claims make one and ten million rows, and counted runs of each query after one that is not.
const SIZES: &[(&str, u32, usize)] = &[("1m", 152_500, 7), ("10m", 1_525_000, 3)];
/// From "run" pressed to the verdict, milliseconds: the target.
const VERDICT_TARGET_MS: f64 = 600.0;

/// The plain questions of a study, in SQL that the governed path and the engine both take. The honest SQL of the corpus comes besides.
const PLAIN: &[(&str, &str)] = &[
    ("total", "SELECT COUNT(DISTINCT pid) AS n FROM patients"),
    ("by_pref", "SELECT pref, COUNT(DISTINCT pid) AS n FROM patients GROUP BY pref"),
    ("by_month", "SELECT ym, COUNT(DISTINCT pid) AS n FROM claims GROUP BY ym"),
    ("by_disease", "SELECT icd10, COUNT(DISTINCT pid) AS n, SUM(points) AS s, AVG(points) AS m FROM claims GROUP BY icd10"),
    ("filtered", "SELECT ym, COUNT(DISTINCT pid) AS n, SUM(points) AS s FROM claims WHERE icd10 = 'E11' GROUP BY ym"),
    ("by_chapter", "SELECT substr(icd10, 1, 1) AS chapter, COUNT(DISTINCT pid) AS n FROM claims WHERE icd10 LIKE 'E%' GROUP BY 1"),
    ("laboratory", "SELECT jlac10, AVG(value) AS m, COUNT(DISTINCT pid) AS n FROM labs GROUP BY jlac10"),
    (
        "joined",
        "SELECT sex, pref, COUNT(DISTINCT claims.pid) AS n, SUM(points) AS s FROM patients JOIN claims ON patients.pid = claims.pid GROUP BY sex, pref",
    ),
    (
        "fine",
        "SELECT pref, ym, COUNT(DISTINCT claims.pid) AS n, SUM(points) AS s FROM patients JOIN claims ON patients.pid = claims.pid GROUP BY pref, ym",
    ),
    (
        "spread",
        "SELECT sex, AVG(value) AS m, STDDEV(value) AS sd, COUNT(DISTINCT labs.pid) AS n FROM labs JOIN patients ON labs.pid = patients.pid WHERE jlac10 = '3F015' GROUP BY sex",
    ),
    (
        "bands",
        "SELECT CASE WHEN points < 500 THEN 'low' WHEN points < 1000 THEN 'middle' ELSE 'high' END AS band, COUNT(*) AS r, COUNT(DISTINCT pid) AS n FROM claims GROUP BY 1",
    ),
    ("sums_by_disease", "SELECT icd10, COUNT(*) AS r, SUM(points) AS s FROM claims GROUP BY icd10"),
    ("mean_by_month", "SELECT ym, AVG(points) AS m FROM claims GROUP BY ym"),
    ("laboratory_sums", "SELECT jlac10, SUM(value) AS s, AVG(value) AS m FROM labs GROUP BY jlac10"),
    (
        "share",
        "SELECT pref, AVG(CASE WHEN icd10 LIKE 'F%' THEN 1.0 ELSE 0.0 END) AS rate FROM claims JOIN patients ON claims.pid = patients.pid GROUP BY pref",
    ),
    (
        "per_person",
        "SELECT c.sex, AVG(c.s) AS m FROM (SELECT p.sex, c.pid, SUM(c.points) AS s FROM claims c JOIN patients p ON c.pid = p.pid GROUP BY p.sex, c.pid) c GROUP BY c.sex",
    ),
];

/// One question: what it is called, its text, and whether people are counted, which the engine alone pays for and the gate does anyway.
struct Asked {
    name: String,
    sql: String,
    people: bool,
}

/// The plain ones, and all of the corpus that is honest work in SQL.
fn asked() -> Result<Vec<Asked>, String> {
    let asked = |name: &str, sql: &str| {
        let people = sql.to_ascii_lowercase().contains("count(distinct");
        Asked { name: name.to_owned(), sql: sql.to_owned(), people }
    };
    let mut all: Vec<Asked> = PLAIN.iter().map(|(name, sql)| asked(name, sql)).collect();
    for case in objects(&tree()?.join("tests/corpus/cases.jsonl"))? {
        if Expected::from_json(&case)?.is_benign_sql() {
            let text = |name: &str| case.get(name).and_then(|v| v.as_str()).unwrap_or_default();
            all.push(asked(text("id"), text("sql")));
        }
    }
    Ok(all)
}

/// Runs the benchmarks of the gate.
///
/// # Errors
/// What went wrong, in words.
pub fn gate(mut say: impl FnMut(&str)) -> Result<(), String> {
    for (size, people, runs) in SIZES {
        sized(size, *people, *runs, &mut say)?;
    }
    Ok(())
}

/// All queries over one population; the wait for a verdict at the first size.
fn sized(size: &str, people: u32, runs: usize, say: &mut impl FnMut(&str)) -> Result<(), String> {
    let mut world = World::new(&format!("bench-{size}"))?;
    say(&format!(
        "# {size}: {people} people; medians of {runs} runs; peer: the same engine, the same SQL, the same encrypted and sorted files"
    ));
    world.populate(people)?;
    world.start_all()?;
    let permit = permit(&world)?;
    let verdict =
        (size == "1m").then(|| world.client("per_hanako").map_err(|e| e.to_string()).and_then(|c| verdicts(&c, &permit))).transpose()?;
    world.kill_all();
    let bench = opened(&world, &permit)?;
    let (mut counted, mut uncounted) = (Vec::new(), Vec::new());
    for Asked { name, sql, people } in asked()? {
        // Of this population nothing may be shown to some questions of the corpus, and a refusal is no work to compare.
        if matches!(bench.governed(&sql), Err(Fault::Refused(refusal)) if refusal.code == Code::NothingToShow) {
            say(&format!("# {name}: nothing to show over this population"));
            continue;
        }
        let (governed, raw) = pair(&bench, &sql, runs).map_err(|e| format!("{name}: {e}"))?;
        let ratio = ms(governed.total()) / ms(raw);
        if people { &mut counted } else { &mut uncounted }.push(ratio);
        say(&line(&format!("governed_vs_raw_{size}_{name}"), ms(governed.total()), ms(raw), ratio));
        say(&format!(
            "# {name} stages in ms: plan {:.1}, evidence {:.1}, gate {:.1}, files {:.1}",
            ms(governed.plan),
            ms(governed.evidence),
            ms(governed.gate),
            ms(governed.files)
        ));
    }
    // "The benign SQL" is all of it; what counts no people is told apart besides.
    let mut all: Vec<f64> = counted.iter().chain(&uncounted).copied().collect();
    let worst = all.iter().copied().fold(f64::NAN, f64::max);
    for (what, ratio) in [("median", median(&mut all)), ("worst", worst), ("no_distinct_median", median(&mut uncounted))] {
        say(&line(&format!("governed_vs_raw_{size}_{what}"), ratio, 1.0, ratio));
    }
    if let Some(verdict) = verdict {
        say(&line("run_to_verdict_ms", verdict, VERDICT_TARGET_MS, verdict / VERDICT_TARGET_MS));
    }
    Ok(())
}

/// A permit's extract, opened in this process.
pub(super) fn opened(world: &World, permit: &str) -> Result<Bench, String> {
    let id: PermitId = permit.parse().map_err(|e: visiting_policies::Refusal| e.to_string())?;
    let config = Config {
        home: world.home().join("enclave"),
        linkage: world.home().join("linkage/linkage.sock"),
        gateway: String::new(),
        jail: visiting_enclave::Layers::ALL,
    };
    Bench::open(config, &id).map_err(|e| e.to_string())
}

/// Governed and raw in turn, so that a change of the machine's speed meets both.
pub(super) fn pair(bench: &Bench, sql: &str, runs: usize) -> Result<(Stages, Duration), String> {
    let (mut governed, mut raw) = (Vec::new(), Vec::new());
    for run in 0..=runs {
        let ours = bench.governed(sql).map_err(|e| e.to_string())?;
        let (theirs, _) = bench.raw(sql).map_err(|e| e.to_string())?;
        if run > 0 {
            governed.push(ours);
            raw.push(theirs);
        }
    }
    governed.sort_by_key(Stages::total);
    raw.sort();
    let middle = governed.get(runs / 2).copied().zip(raw.get(runs / 2).copied());
    middle.ok_or_else(|| "no runs were made".to_owned())
}

/// Median milliseconds from the request to the verdict, over HTTP, against a ledger that grows as it does in use.
fn verdicts(client: &Client, permit: &str) -> Result<f64, String> {
    let mut times = Vec::new();
    for (_, sql) in PLAIN {
        let start = Instant::now();
        let run = client.run(permit, sql).map_err(|e| e.to_string())?;
        client.wait(&run.id).map_err(|e| e.to_string())?;
        times.push(ms(start.elapsed()));
    }
    Ok(median(&mut times))
}

/// A permit over the journey's columns, its extract made.
pub(super) fn permit(world: &World) -> Result<String, String> {
    let fault = |e: visiting_gateway::client::Problem| e.to_string();
    let applied = world.client("per_hanako")?.apply(&application(&["per_hanako"], COLUMNS, (202401, 202412))?).map_err(fault)?;
    world.client("per_reception")?.confirm(&applied.id).map_err(fault)?;
    let mut granted = None;
    for member in ["per_member1", "per_member2"] {
        let key = files::read_key(&Home::at(world.home()).key(member)).map_err(|e| e.to_string())?;
        granted = world.client(member)?.vote(&applied.id, Decision::Approve, &BTreeSet::new(), &key).map_err(fault)?.permit;
    }
    let permit = granted.ok_or("two approvals gave no permit")?;
    world.client("per_hanako")?.wait_extract(&permit).map_err(fault)?;
    Ok(permit)
}
