//! `visiting bench acro`: the gate beside ACRO, the reference checker of research outputs, on the same rows and the same tables, with the
//! same threshold and p%-rule. ACRO counts rows, we count people.

use std::{fs, process::Command};

use serde_json::Value;
use visiting_enclave::stages::Bench;

use super::{gate, line, ms};
use crate::world::{World, text, tree};

/// People whose claims make a million rows.
const PEOPLE: u32 = 152_500;
/// Rows that both read. Age is a band of five years of birth; older people are left out, so that 47 x 2 x 20 cells remain.
const ROWS: &str = "SELECT c.pid, p.pref, c.ym, p.sex, p.birth_ym / 500 AS age5, c.points FROM claims c JOIN patients p ON c.pid = p.pid WHERE p.birth_ym >= 192500";
/// ACRO's names of the tables, and the same in SQL.
const TABLES: [(&str, &str, &str); 3] = [
    (
        "count pref x sex",
        "pref_sex",
        "SELECT p.pref, p.sex, COUNT(*) AS n FROM claims c JOIN patients p ON c.pid = p.pid WHERE p.birth_ym >= 192500 GROUP BY p.pref, p.sex",
    ),
    (
        "count pref x [sex, age5]",
        "1m",
        "SELECT p.pref, p.sex, p.birth_ym / 500 AS age5, COUNT(*) AS n FROM claims c JOIN patients p ON c.pid = p.pid WHERE p.birth_ym >= 192500 GROUP BY p.pref, p.sex, p.birth_ym / 500",
    ),
    (
        "mean points pref x year",
        "pref_month",
        "SELECT p.pref, c.ym, AVG(c.points) AS mean FROM claims c JOIN patients p ON c.pid = p.pid WHERE p.birth_ym >= 192500 GROUP BY p.pref, c.ym",
    ),
];
const RUNS: usize = 5;

/// Runs the benchmark.
///
/// # Errors
/// What went wrong, in words.
pub fn acro(mut say: impl FnMut(&str)) -> Result<(), String> {
    let mut world = World::new("bench-acro")?;
    world.populate(PEOPLE)?;
    world.start_all()?;
    let permit = gate::permit(&world)?;
    world.kill_all();
    let bench = gate::opened(&world, &permit)?;
    let (data, out) = (world.home().join("acro.csv"), world.home().join("acro.json"));
    say(&format!("# {} rows, for both", write(&bench, &data)?));
    let peer = peer(&text(&data), &out)?;
    for (table, name, sql) in TABLES {
        let of = |what: &str| peer.pointer(&format!("/times/{table}/{what}")).and_then(Value::as_f64).map(|seconds| seconds * 1000.0);
        let (Some(plain), Some(checked), Some(whole)) = (of("plain"), of("check_suppress"), of("end_to_end_check_suppress")) else {
            return Err(format!("ACRO gave no times for `{table}`"));
        };
        let (governed, raw) = gate::pair(&bench, sql, RUNS)?;
        // What checking costs: the verdict less what the same table takes without it.
        let ours = ms(governed.total().saturating_sub(raw));
        say(&line(&format!("acro_check_vs_ours_{name}"), ours, checked - plain, (checked - plain) / ours));
        say(&line(&format!("acro_end_to_end_vs_ours_{name}"), ms(governed.total()), whole, whole / ms(governed.total())));
    }
    for case in peer.get("cases").and_then(Value::as_array).into_iter().flatten() {
        let word = |key: &str| case.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let through = case.get("lets_through").and_then(Value::as_bool).unwrap_or_default();
        say(&format!("# ACRO {} {}: {}", if through { "lets through" } else { "stops" }, word("case"), word("why")));
    }
    Ok(())
}

fn write(bench: &Bench, path: &std::path::Path) -> Result<usize, String> {
    let rows = bench.texts(ROWS).map_err(|e| e.in_full())?;
    let mut writer = csv::Writer::from_path(path).map_err(|e| e.to_string())?;
    writer.write_record(["pid", "pref", "ym", "sex", "age5", "points"]).map_err(|e| e.to_string())?;
    rows.iter().try_for_each(|row| writer.write_record(row)).map_err(|e| e.to_string())?;
    writer.flush().map_err(|e| e.to_string())?;
    Ok(rows.len())
}

fn peer(data: &str, out: &std::path::Path) -> Result<Value, String> {
    let script = tree()?.join("tests/independent/acro_check.py");
    let python = std::env::var("VISITING_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let ran = Command::new(&python).arg(script).arg(data).arg(out).output().map_err(|e| format!("{python}: {e}"))?;
    if !ran.status.success() {
        return Err(format!("acro_check.py: {}", String::from_utf8_lossy(&ran.stderr)));
    }
    serde_json::from_slice(&fs::read(out).map_err(|e| e.to_string())?).map_err(|e| e.to_string())
}
