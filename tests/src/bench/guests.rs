//! `visiting bench guests`: guests against the same function compiled natively, on the path that runs take: one call a row.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use datafusion::arrow::array::{ArrayRef, DictionaryArray, Float64Array, Int32Array, Int64Array, StringArray};
use visiting_enclave::guest::Guest;

use super::{line, median, ms};

#[allow(unreachable_pub, reason = "the guest's own source, compiled for this machine as the peer")]
#[path = "../../../sandbox-sdk/examples/egfr_stage/src/lib.rs"]
mod egfr;

/// Rows of one measurement.
const ROWS: usize = 2_000_000;
/// Rows of one batch, as the query engine has them.
const BATCH: usize = 8192;
/// Counted runs, after one that is not.
const RUNS: usize = 7;

const SQUARE_MANIFEST: &str = "abi = 1\nname = \"square\"\nparams = [{ name = \"x\", kind = \"decimal\" }]\nlabels = [{ value = 0, label = \"small\" }, { value = 1, label = \"large\" }]";
const SQUARE: &str = r#"(module (func (export "f") (param f64) (result i32)
    (f64.gt (f64.add (f64.mul (local.get 0) (local.get 0)) (f64.const 1)) (f64.const 250000))))"#;
/// Spins until its fuel ends: the dearest row there can be.
const SPIN: &str = r#"(module (func (export "f") (param f64) (result i32) (loop (br 0)) (i32.const 0)))"#;
/// The dearest instruction in a loop that spends all fuel.
const DIVIDE: &str = r#"(module (func (export "f") (param f64) (result i32) (local i64)
    (local.set 1 (i64.trunc_f64_s (local.get 0)))
    (loop (local.set 1 (i64.rem_s (i64.div_s (i64.const 9223372036854775807) (i64.or (local.get 1) (i64.const 1))) (i64.const 1000003))) (br 0))
    (i32.const 0)))"#;

/// Runs the benchmarks.
///
/// # Errors
/// What went wrong, in words.
pub fn guests(mut say: impl FnMut(&str)) -> Result<(), String> {
    say(&format!(
        "# {ROWS} rows in batches of {BATCH}, one thread, nanoseconds a row, medians of {RUNS} runs; peer: the same function compiled natively over the same arrays"
    ));
    let square = guest(SQUARE_MANIFEST, &text(SQUARE)?)?;
    let numbers: Vec<Vec<ArrayRef>> = batches().map(|rows| vec![column(rows.map(|i| (i % 1000) as f64))]).collect();
    let native = |arrays: &[ArrayRef]| {
        let x = arrays.first().and_then(|a| a.as_any().downcast_ref::<Float64Array>())?;
        Some(x.iter().map(|x| x.map(|x| i32::from(x * x + 1.0 > 250_000.0))).collect())
    };
    say(&pair("scalar_square_vs_native", &square, &numbers, &["small", "large"], native)?);

    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sandbox-sdk/examples/egfr_stage");
    let manifest = std::fs::read_to_string(folder.join("guest.toml")).map_err(|e| e.to_string())?;
    let module = std::fs::read(folder.join("guest.wasm")).map_err(|e| e.to_string())?;
    let stages = guest(&manifest, &module)?;
    let people: Vec<Vec<ArrayRef>> = batches()
        .map(|rows| {
            let creatinine = column(rows.clone().map(|i| 0.3 + (i * 7919 % 900) as f64 / 100.0));
            let (ages, sexes) = (rows.clone().map(|i| (20 + i * 31 % 75) as i64), rows.map(|i| (1 + i % 2) as i64));
            vec![creatinine, Arc::new(ages.collect::<Int64Array>()), Arc::new(sexes.collect::<Int64Array>())]
        })
        .collect();
    let native = |arrays: &[ArrayRef]| {
        let [creatinine, age, sex] = arrays else { return None };
        let creatinine = creatinine.as_any().downcast_ref::<Float64Array>()?;
        let (age, sex) = (age.as_any().downcast_ref::<Int64Array>()?, sex.as_any().downcast_ref::<Int64Array>()?);
        let rows = creatinine.iter().zip(age).zip(sex);
        Some(rows.map(|((c, a), s)| Some(egfr::f(c?, a?, s?) - 1).filter(|place| *place >= 0)).collect())
    };
    say(&pair("scalar_egfr_vs_native", &stages, &people, &["g1", "g2", "g3a", "g3b", "g4", "g5"], native)?);

    let start = Instant::now();
    for _ in 0..20 {
        guest(&manifest, &module)?;
    }
    say(&format!("# examining and compiling the eGFR guest takes {:.2} ms", ms(start.elapsed()) / 20.0));
    for (name, module) in [("spins", SPIN), ("divides in a loop", DIVIDE)] {
        let spin = guest(SQUARE_MANIFEST, &text(module)?)?;
        let one = [column((0..1000).map(f64::from))];
        let start = Instant::now();
        spin.labels(&one, 1000).map_err(|e| e.to_string())?;
        say(&format!("# a row that {name} until its fuel ends takes {:.1} us", ms(start.elapsed())));
    }
    Ok(())
}

fn text(module: &str) -> Result<Vec<u8>, String> {
    wat::parse_str(module).map_err(|e| e.to_string())
}

fn guest(manifest: &str, module: &[u8]) -> Result<Guest, String> {
    Guest::new(manifest, module).map_err(|e| e.to_string())
}

fn batches() -> impl Iterator<Item = std::ops::Range<usize>> {
    (0..ROWS).step_by(BATCH).map(|start| start..(start + BATCH).min(ROWS))
}

fn column(values: impl Iterator<Item = f64>) -> ArrayRef {
    Arc::new(values.collect::<Float64Array>())
}

/// Guest and peer in turn, so that a change of the machine's speed meets both; their labels must agree on every row.
fn pair(
    name: &str,
    guest: &Guest,
    batches: &[Vec<ArrayRef>],
    labels: &[&str],
    native: impl Fn(&[ArrayRef]) -> Option<Int32Array>,
) -> Result<String, String> {
    let labels = Arc::new(StringArray::from(labels.to_vec()));
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for run in 0..=RUNS {
        let (mut wasm, mut peer) = (Duration::ZERO, Duration::ZERO);
        for arrays in batches {
            let rows = arrays.first().map_or(0, |a| a.len());
            let start = Instant::now();
            let told = guest.labels(arrays, rows).map_err(|e| e.to_string())?;
            wasm += start.elapsed();
            let start = Instant::now();
            let keys = native(arrays).ok_or("the peer was given other arrays")?;
            let known: ArrayRef = Arc::new(DictionaryArray::try_new(keys, labels.clone()).map_err(|e| e.to_string())?);
            peer += start.elapsed();
            if told.to_data() != known.to_data() {
                return Err(format!("{name}: the guest and its peer do not agree"));
            }
        }
        if run > 0 {
            ours.push(ms(wasm) * 1e6 / ROWS as f64);
            theirs.push(ms(peer) * 1e6 / ROWS as f64);
        }
    }
    let (ours, theirs) = (median(&mut ours), median(&mut theirs));
    Ok(line(name, ours, theirs, ours / theirs))
}
