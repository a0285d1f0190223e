//! `visiting bench sources`: FHIR Bundles through the whole ingest against a plain Python flattener that does the same job on the same
//! files (`independent/flatten.py`). Whole processes in turn, medians; both make tokens of numbers and a durable table file each.

use std::{fs, process::Command, time::Instant};

use super::{line, median};
use crate::world::{World, text, tree};

/// Bundles of each of the five types.
const BUNDLES: u32 = 4_000;
/// Counted runs, after one that is not.
const RUNS: usize = 5;

/// Runs the benchmark.
///
/// # Errors
/// What went wrong, in words.
pub fn sources(mut say: impl FnMut(&str)) -> Result<(), String> {
    let world = World::new("bench-sources")?;
    let folder = world.generate_fhir(&world.home().join("source"), BUNDLES)?;
    let all = u64::from(BUNDLES) * 5;
    say(&format!("# {all} Bundles; seconds, medians of {RUNS} runs; peer: python3 tests/independent/flatten.py on the same files"));
    let (mut ours, mut peer) = (Vec::new(), Vec::new());
    for run in 0..=RUNS {
        let fresh = World::new("bench-sources-run")?;
        let start = Instant::now();
        fresh.ingest_fhir(std::slice::from_ref(&folder))?;
        let mine = start.elapsed().as_secs_f64();
        let theirs = flatten(&text(&folder), &text(&fresh.home().join("peer")), all)?;
        if run > 0 {
            ours.push(mine);
            peer.push(theirs);
        }
    }
    let (ours, peer) = (median(&mut ours), median(&mut peer));
    say(&line("fhir_bundles_vs_python", ours, peer, ours / peer));
    Ok(())
}

/// One run of the peer; its seconds, the interpreter's start included as ours is.
fn flatten(folder: &str, out: &str, all: u64) -> Result<f64, String> {
    let script = tree()?.join("tests/independent/flatten.py");
    let python = std::env::var("VISITING_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let start = Instant::now();
    let done = Command::new(python).arg(script).args([folder, out]).output().map_err(|e| format!("python3 cannot be started: {e}"))?;
    let seconds = start.elapsed().as_secs_f64();
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    fs::remove_dir_all(out).map_err(|e| e.to_string())?;
    if done.status.success() && said.starts_with(&format!("bundles {all} ")) {
        return Ok(seconds);
    }
    Err(format!("the peer did not read all Bundles: {said}{}", String::from_utf8_lossy(&done.stderr)))
}
