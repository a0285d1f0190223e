//! `visiting bench gate`: the governed path against the raw engine on the same files, and the wait from a question to its verdict.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use visiting_enclave::{
    Config,
    stages::{Bench, Stages},
};
use visiting_gateway::{client::Client, files, home::Home};
use visiting_policies::{terms::PermitId, vote::Decision};

use super::{line, median, ms};
use crate::{
    journey::{COLUMNS, application},
    world::World,
};

/// People whose claims make one million rows.
const PEOPLE: u32 = 152_500;
/// Counted runs of each query, after one that is not.
const RUNS: usize = 7;
/// From "run" pressed to the verdict, milliseconds: the target.
const VERDICT_TARGET_MS: f64 = 600.0;

/// Questions of different shape; each is in the small language and in the engine's SQL at once.
const QUERIES: &[(&str, &str)] = &[
    ("count_by_month", "SELECT ym, COUNT(DISTINCT pid) AS n FROM claims GROUP BY ym"),
    ("sum_by_disease", "SELECT icd10, COUNT(DISTINCT pid) AS n, SUM(points) AS s, AVG(points) AS m FROM claims GROUP BY icd10"),
    ("filtered", "SELECT ym, COUNT(DISTINCT pid) AS n, SUM(points) AS s FROM claims WHERE icd10 = 'E11' GROUP BY ym"),
    (
        "joined",
        "SELECT sex, pref, COUNT(DISTINCT claims.pid) AS n, SUM(points) AS s FROM patients JOIN claims ON patients.pid = claims.pid GROUP BY sex, pref",
    ),
    (
        "fine",
        "SELECT pref, ym, COUNT(DISTINCT claims.pid) AS n, SUM(points) AS s FROM patients JOIN claims ON patients.pid = claims.pid GROUP BY pref, ym",
    ),
    ("no_distinct", "SELECT icd10, COUNT(*) AS r, SUM(points) AS s FROM claims GROUP BY icd10"),
];

/// Runs the benchmarks of the gate.
///
/// # Errors
/// What went wrong, in words.
pub fn gate(mut say: impl FnMut(&str)) -> Result<(), String> {
    let mut world = World::new("bench")?;
    say(&format!(
        "# {PEOPLE} people, one million claim rows; medians of {RUNS} runs; peer: the same engine, the same SQL, the same encrypted and sorted files"
    ));
    world.populate(PEOPLE)?;
    world.start_all()?;
    let permit = permit(&world)?;
    let client = world.client("per_hanako")?;
    let verdict = verdicts(&client, &permit)?;
    world.kill_all();
    let id: PermitId = permit.parse().map_err(|e: visiting_policies::Refusal| e.to_string())?;
    let config = Config { home: world.home().join("enclave"), linkage: world.home().join("linkage/linkage.sock"), gateway: String::new() };
    let bench = Bench::open(config, &id).map_err(|e| e.to_string())?;
    let mut ratios = Vec::new();
    for (name, sql) in QUERIES {
        let (governed, raw) = pair(&bench, sql)?;
        let ratio = ms(governed.total()) / ms(raw);
        ratios.push(ratio);
        say(&line(&format!("governed_vs_raw_1m_{name}"), ms(governed.total()), ms(raw), ratio));
        say(&format!(
            "# {name} stages in ms: plan {:.1}, evidence {:.1}, gate {:.1}, files {:.1}",
            ms(governed.plan),
            ms(governed.evidence),
            ms(governed.gate),
            ms(governed.files)
        ));
    }
    let middle = median(&mut ratios);
    say(&line("governed_vs_raw_1m_median", middle, 1.0, middle));
    say(&line("run_to_verdict_ms", verdict, VERDICT_TARGET_MS, verdict / VERDICT_TARGET_MS));
    Ok(())
}

/// Governed and raw in turn, so that a change of the machine's speed meets both.
fn pair(bench: &Bench, sql: &str) -> Result<(Stages, Duration), String> {
    let (mut governed, mut raw) = (Vec::new(), Vec::new());
    for run in 0..=RUNS {
        let ours = bench.governed(sql).map_err(|e| e.to_string())?;
        let (theirs, _) = bench.raw(sql).map_err(|e| e.to_string())?;
        if run > 0 {
            governed.push(ours);
            raw.push(theirs);
        }
    }
    governed.sort_by_key(Stages::total);
    raw.sort();
    let middle = governed.get(RUNS / 2).copied().zip(raw.get(RUNS / 2).copied());
    middle.ok_or_else(|| "no runs were made".to_owned())
}

/// Median milliseconds from the request to the verdict, over HTTP, against a ledger that grows as it does in use.
fn verdicts(client: &Client, permit: &str) -> Result<f64, String> {
    let mut times = Vec::new();
    for (_, sql) in QUERIES.iter().chain(QUERIES) {
        let start = Instant::now();
        let run = client.run(permit, sql).map_err(|e| e.to_string())?;
        client.wait(&run.id).map_err(|e| e.to_string())?;
        times.push(ms(start.elapsed()));
    }
    Ok(median(&mut times))
}

/// A permit over the journey's columns, its extract made.
fn permit(world: &World) -> Result<String, String> {
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
