//! An attacker against the gate: random questions over small populations, asked one after another; then a program that knows only what
//! was released and the public rules (`tests/independent/attacker.py`) computes how many people each small group has. Once with the
//! ledger, once with every question meeting an empty one.

mod question;

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::json;
use visiting_catalog::Listing;
use visiting_enclave::twin::{Model, Trial};
use visiting_policies::{
    disclosure::limits::AUDIT_WIDTH,
    terms::{Form, Period, Scope, Verdict},
};

use self::question::{COLUMNS, Question};
use crate::{population::draw::Draw, world::tree};

/// How much is asked.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// Populations, each with questions of its own.
    pub seeds: u64,
    /// Questions that are put to each.
    pub releases: usize,
    /// People of each.
    pub people: u32,
}

/// What the attacker found in one population.
#[derive(Debug, Clone, Copy)]
pub struct Outcome {
    /// Questions of which something was shown.
    pub released: usize,
    /// Small groups whose size it knows to less than the policy's width.
    pub pinned: usize,
}

/// Asks, attacks and says what came of it, seed by seed: with the ledger, and without.
///
/// # Errors
/// What went wrong, in words; an attacker whose numbers are wrong is an error.
pub fn attack(plan: Plan, python: &str, folder: &Path, mut say: impl FnMut(&str)) -> Result<Vec<[Outcome; 2]>, String> {
    let mut out = Vec::new();
    for seed in 1..=plan.seeds {
        let folder = folder.join(format!("seed-{seed}"));
        let [with, without] = [true, false].map(|ledger| one(plan, seed, ledger, python, &folder));
        let (with, without) = (with?, without?);
        say(&format!(
            "ATTACK seed={seed} with the ledger: {} of {} shown, {} groups pinned; without: {} shown, {} pinned",
            with.released, plan.releases, with.pinned, without.released, without.pinned
        ));
        out.push([with, without]);
    }
    Ok(out)
}

fn one(plan: Plan, seed: u64, ledger: bool, python: &str, folder: &Path) -> Result<Outcome, String> {
    let folder = folder.join(if ledger { "with" } else { "without" });
    fs::create_dir_all(&folder).map_err(|e| e.to_string())?;
    let mut trial = trial(plan.people, seed)?;
    let truth = write_public(&trial, &folder)?;
    let (mut draw, mut lines, mut released) = (Draw::new(seed, 1), String::new(), 0);
    for number in 1..=plan.releases {
        let question = Question::draw(&mut draw);
        let tried = trial.ask(&question.sql()).map_err(|fault| format!("{}: {}", question.sql(), fault.in_full()))?;
        if let Some(refusal) = tried.refusal.as_ref().filter(|r| !r.code.follows_data()) {
            return Err(format!("{} was refused on its plan: {refusal}", question.sql()));
        }
        // What is held for people is not shown.
        let shown = tried.table.as_deref().filter(|_| tried.verdict != Verdict::Hold);
        released += usize::from(shown.is_some());
        let _ = writeln!(lines, "{}", question.told(number, shown));
        if !ledger {
            trial.forget();
        }
    }
    fs::write(folder.join("releases.jsonl"), lines).map_err(|e| e.to_string())?;
    Ok(Outcome { released, pinned: pinned(python, &folder, &truth)? })
}

/// Lets the attacker loose on a folder, and counts what it got right.
fn pinned(python: &str, folder: &Path, truth: &Path) -> Result<usize, String> {
    let script = tree()?.join("tests/independent/attacker.py");
    let pins = folder.join("pins.jsonl");
    let run = |command: &mut Command| command.output().map_err(|e| format!("{python}: {e}"));
    let attacked = run(Command::new(python).arg(&script).arg(folder).arg("--out").arg(&pins))?;
    if !attacked.status.success() {
        return Err(format!("the attacker gave up: {}", String::from_utf8_lossy(&attacked.stderr)));
    }
    let scored = run(Command::new(python).arg(&script).arg("--score").arg(&pins).arg(truth).arg(folder.join("schema.json")))?;
    let said = String::from_utf8_lossy(&scored.stdout).into_owned();
    match scored.status.code() {
        Some(0 | 1) => {}
        _ => return Err(format!("the attacker's numbers are wrong: {said}{}", String::from_utf8_lossy(&scored.stderr))),
    }
    let last: Option<serde_json::Value> = said.lines().last().and_then(|line| serde_json::from_str(line).ok());
    let number = last.as_ref().and_then(|totals| totals.get("protected")).and_then(serde_json::Value::as_u64);
    number.and_then(|n| usize::try_from(n).ok()).ok_or_else(|| format!("the attacker did not say how much it found: {said}"))
}

fn trial(people: u32, seed: u64) -> Result<Trial, String> {
    let listings = visiting_catalog::load_with(Some(&tree()?.join("tests/attack"))).map_err(|e| e.to_string())?;
    let cohort: Vec<Listing> = listings.into_iter().filter(|l| l.id == "cohort").collect();
    let columns = COLUMNS.iter().map(|(name, _)| (*name).to_owned()).collect();
    let columns = BTreeMap::from([("cohort".to_owned(), BTreeMap::from([("people".to_owned(), columns)]))]);
    let scope = Scope { columns, period: Period { from: 202_401, to: 202_412 }, form: Form::Pseudonymised };
    let model = Model { scope, versions: BTreeMap::from([("cohort".to_owned(), 1)]), rows: BTreeMap::new() };
    Trial::new(&model, cohort, people, seed).map_err(|fault| fault.in_full())
}

/// The public domains for the attacker, and, outside of its folder, the true numbers for who scores it.
fn write_public(trial: &Trial, folder: &Path) -> Result<PathBuf, String> {
    let values = |n: u64| (1..=n).map(|v| v.to_string()).collect::<Vec<_>>();
    let columns: serde_json::Map<String, serde_json::Value> =
        COLUMNS.iter().map(|(name, n)| ((*name).to_owned(), json!(values(*n)))).collect();
    let schema = json!({ "columns": columns, "k": 10, "base": 10, "policy": AUDIT_WIDTH });
    fs::write(folder.join("schema.json"), schema.to_string()).map_err(|e| e.to_string())?;
    let mut counts: BTreeMap<Vec<String>, u64> = BTreeMap::new();
    for person in trial.rows("cohort.people", &COLUMNS.map(|(name, _)| name)).map_err(|fault| fault.in_full())? {
        *counts.entry(person).or_default() += 1;
    }
    let mut csv = format!("{},n\n", COLUMNS.map(|(name, _)| name).join(","));
    for (values, n) in counts {
        let _ = writeln!(csv, "{},{n}", values.join(","));
    }
    let truth = folder.with_extension("truth.csv");
    fs::write(&truth, csv).map_err(|e| e.to_string())?;
    Ok(truth)
}
