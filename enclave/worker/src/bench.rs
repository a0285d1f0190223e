//! What guests cost: beside the same function compiled natively, in people per second, and in the time until a first answer.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{Artefact, Column, Fault, Layers, Validity, Worker};

#[allow(unreachable_pub, reason = "the guest's own source, compiled for this machine as the peer")]
#[path = "../../../sandbox-sdk/examples/egfr_stage/src/lib.rs"]
mod egfr;

/// Rows of one measurement.
const ROWS: usize = 10_000_000;
/// People of one measurement.
const PEOPLE: usize = 100_000;
/// Counted runs, after one that is not.
const RUNS: usize = 5;
/// Cold starts.
const STARTS: usize = 100;

const SQUARE_MANIFEST: &str =
    "abi = 2\nname = \"square\"\nparams = [{ name = \"x\", kind = \"decimal\" }]\nnumber = { low = 0, high = 1000001, step = 1 }";
/// `x * x + 1`, as an assembler writes it.
const SQUARE: &[u8] = b"\0asm\x01\0\0\0\x01\x06\x01\x60\x01\x7c\x01\x7c\x03\x02\x01\0\x07\x05\x01\x01f\0\0\x0a\x13\x01\x11\0\x20\0\x20\0\xa2\x44\0\0\0\0\0\0\xf0\x3f\xa0\x0b";

/// Runs the benchmarks with the worker at `program`.
///
/// # Errors
/// What went wrong, in words.
pub fn bench(program: &Path, mut say: impl FnMut(&str)) -> Result<(), String> {
    let words = |fault: Fault| fault.to_string();
    say(&format!(
        "# {ROWS} rows, one caller and one worker, nanoseconds a row, medians of {RUNS} runs; peer: the same function, declared range and grid included, compiled natively over the same columns"
    ));
    let square = Artefact::compile(program, Layers::ALL, SQUARE_MANIFEST, SQUARE).map_err(words)?;
    let numbers: Vec<f64> = (0..ROWS).map(|i| (i % 1000) as f64).collect();
    let columns = [Column::Decimal(&numbers, Validity::ALL)];
    let native = || -> Vec<u32> {
        let codes = |x: &f64| {
            let result = x * x + 1.0;
            if (0.0..=1_000_001.0).contains(&result) { (result + 0.5) as u32 } else { u32::MAX }
        };
        numbers.iter().map(codes).collect()
    };
    pair("worker_square_vs_native", program, square, &columns, native, &mut say)?;

    let (manifest, module) = (
        include_str!("../../../sandbox-sdk/examples/egfr_stage/guest.toml"),
        include_bytes!("../../../sandbox-sdk/examples/egfr_stage/guest.wasm"),
    );
    let stages = Artefact::compile(program, Layers::ALL, manifest, module).map_err(words)?;
    let creatinine: Vec<f64> = (0..ROWS).map(|i| 0.3 + (i * 7919 % 900) as f64 / 100.0).collect();
    let ages: Vec<i64> = (0..ROWS).map(|i| (20 + i * 31 % 75) as i64).collect();
    let sexes: Vec<i64> = (0..ROWS).map(|i| (1 + i % 2) as i64).collect();
    let columns = [Column::Decimal(&creatinine, Validity::ALL), Column::Int(&ages, Validity::ALL), Column::Int(&sexes, Validity::ALL)];
    let native = || -> Vec<u32> {
        let rows = creatinine.iter().zip(&ages).zip(&sexes);
        rows.map(|((c, a), s)| egfr::f(*c, *a, *s))
            .map(|stage| if (1..=6).contains(&stage) { stage as u32 - 1 } else { u32::MAX })
            .collect()
    };
    pair("worker_egfr_vs_native", program, stages.clone(), &columns, native, &mut say)?;
    people(program, &mut say)?;
    dearest(program, &mut say)?;
    starts(program, stages, &mut say)
}

/// Guest and peer in turn, so that a change of the machine's speed meets both; they must agree on every row.
fn pair(
    name: &str,
    program: &Path,
    artefact: Artefact,
    columns: &[Column<'_>],
    native: impl Fn() -> Vec<u32>,
    say: &mut impl FnMut(&str),
) -> Result<(), String> {
    let mut worker = Worker::start(program, Layers::ALL, Arc::new(artefact)).map_err(|fault| fault.to_string())?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for run in 0..=RUNS {
        let start = Instant::now();
        let told = worker.rows(columns, ROWS).map_err(|fault| fault.to_string())?;
        let guest = start.elapsed();
        let start = Instant::now();
        let known = native();
        let peer = start.elapsed();
        if !told.iter().eq(known.iter().map(|code| (*code != u32::MAX).then_some(*code))) {
            return Err(format!("{name}: the guest and its peer do not agree"));
        }
        if run > 0 {
            ours.push(guest.as_secs_f64() * 1e9 / ROWS as f64);
            theirs.push(peer.as_secs_f64() * 1e9 / ROWS as f64);
        }
    }
    let (ours, theirs) = (median(&mut ours), median(&mut theirs));
    say(&format!("BENCH {name} ours={ours:.2} peer={theirs:.2} ratio={:.2}", ours / theirs));
    Ok(())
}

/// The Charlson index of people with 20 disease codes each, on the median.
fn people(program: &Path, say: &mut impl FnMut(&str)) -> Result<(), String> {
    let (manifest, module) = (
        include_str!("../../../sandbox-sdk/examples/charlson/guest.toml"),
        include_bytes!("../../../sandbox-sdk/examples/charlson/guest.wasm"),
    );
    let artefact = Artefact::compile(program, Layers::ALL, manifest, module).map_err(|fault| fault.to_string())?;
    let mut worker = Worker::start(program, Layers::ALL, Arc::new(artefact)).map_err(|fault| fault.to_string())?;
    let texts =
        ["I10", "E119", "I500", "J459", "C349", "N185", "K269", "M069", "Z000", "I639", "F009", "G819", "B24", "C787", "J00", "K746"];
    let dictionary: Vec<_> = texts.iter().map(|text| visiting_sdk::pack(text.as_bytes())).collect();
    let lengths: Vec<u32> = (0..PEOPLE).map(|i| 5 + (i * 7919 % 31) as u32).collect();
    let rows: u32 = lengths.iter().sum();
    let keys: Vec<i32> = (0..rows).map(|i| (i.wrapping_mul(2_654_435_761) >> 7) as i32 % texts.len() as i32).collect();
    let columns = [Column::Text(&keys, &dictionary, Validity::ALL)];
    let mut times = Vec::new();
    for _ in 0..=RUNS {
        let start = Instant::now();
        let told = worker.people(&columns, &lengths).map_err(|fault| fault.to_string())?;
        times.push(start.elapsed().as_secs_f64());
        if told.counts().any(|count| count != Some(1)) {
            return Err("charlson: a person without a row".to_owned());
        }
    }
    let rate = PEOPLE as f64 / median(&mut times);
    say(&format!(
        "# people of {:.0} rows on the mean; parent and worker take turns, so that this is one core",
        f64::from(rows) / PEOPLE as f64
    ));
    say(&format!("BENCH worker_charlson_people_per_second ours={rate:.0} target=50000 ratio={:.2}", rate / 50_000.0));
    Ok(())
}

/// What one person can add to a run's time: all fuel on one kind of instruction, in a chain.
fn dearest(program: &Path, say: &mut impl FnMut(&str)) -> Result<(), String> {
    let body = |step: &[u8]| -> Vec<u8> {
        // row: loop { local 2 = step(local 2) eight times; br 0 }
        let mut body = vec![0x01, 0x01, 0x7c, 0x44, 0, 0, 0, 0, 0, 0, 0xf8, 0x3f, 0x21, 0x02, 0x03, 0x40];
        (0..8).for_each(|_| body.extend([&[0x20, 0x02], step, &[0x21, 0x02]].concat()));
        body.extend([0x0c, 0x00, 0x0b, 0x0b]);
        body
    };
    let module = |step: &[u8]| -> Vec<u8> {
        let code = body(step);
        let mut module = b"\0asm\x01\0\0\0\x01\x10\x03\x60\x02\x7f\x7e\0\x60\0\x01\x7f\x60\x02\x7f\x7f\x01\x7c\x03\x04\x03\0\x01\x02\x07\x16\x03\x03row\0\0\x06finish\0\x01\x03get\0\x02\x0a".to_vec();
        let rest = [0x04, 0, 0x41, 0x01, 0x0b, 0x0b, 0, 0x44, 0, 0, 0, 0, 0, 0, 0, 0, 0x0b];
        let length = code.len() + 2 + 1 + rest.len();
        let leb = |n: usize| [n as u8 & 0x7f | 0x80, (n >> 7) as u8];
        module.extend(leb(length));
        module.push(3);
        module.extend(leb(code.len()));
        module.extend(code);
        module.extend(rest);
        module
    };
    let manifest = "abi = 2\nname = \"g\"\nform = \"person\"\nreads = \"SELECT x\"\nrows = 1\nparams = [{ name = \"x\", kind = \"int\" }]\ncolumns = [{ name = \"m\", kind = \"month\" }]";
    let chains: [(&str, &[u8]); 5] = [
        ("square roots", &[0x9f]),
        ("divisions", &[0x44, 0, 0, 0, 0, 0, 0, 0xf8, 0x3f, 0xa3]),
        ("roundings", &[0x9e]),
        ("minima", &[0x20, 0x02, 0xa4]),
        ("whole divisions", &[0xbd, 0x42, 0x07, 0x7f, 0xbf]),
    ];
    for (name, step) in chains {
        let artefact = Artefact::compile(program, Layers::ALL, manifest, &module(step)).map_err(|fault| format!("{name}: {fault}"))?;
        let mut worker = Worker::start(program, Layers::ALL, Arc::new(artefact)).map_err(|fault| fault.to_string())?;
        let mut times = Vec::new();
        for _ in 0..20 {
            let start = Instant::now();
            let told = worker.people(&[Column::Int(&[1], Validity::ALL)], &[1]).map_err(|fault| fault.to_string())?;
            times.push(ms(start.elapsed()));
            if told.counts().any(|count| count.is_some()) {
                return Err(format!("{name}: ended before its fuel"));
            }
        }
        say(&format!("# a person whose guest does {name} until the fuel ends takes {:.2} ms", median(&mut times)));
    }
    Ok(())
}

/// From nothing to the first answer with compiled code at hand, and the same without a process of its own.
fn starts(program: &Path, artefact: Artefact, say: &mut impl FnMut(&str)) -> Result<(), String> {
    let artefact = Arc::new(artefact);
    let columns = [Column::Decimal(&[1.0], Validity::ALL), Column::Int(&[50], Validity::ALL), Column::Int(&[1], Validity::ALL)];
    let (mut apart, mut inside) = (Vec::new(), Vec::new());
    for _ in 0..STARTS {
        let start = Instant::now();
        let mut worker = Worker::start(program, Layers::ALL, Arc::clone(&artefact)).map_err(|fault| fault.to_string())?;
        worker.rows(&columns, 1).map_err(|fault| fault.to_string())?;
        apart.push(ms(start.elapsed()));
        let start = Instant::now();
        crate::run::alone(&artefact).map_err(|fault| fault.to_string())?;
        inside.push(ms(start.elapsed()));
    }
    let (apart, inside) = (median(&mut apart), median(&mut inside));
    say(&format!("# the first row of a run with compiled code, milliseconds, medians of {STARTS}; peer: the same in one process"));
    say(&format!("BENCH worker_cold_start_ms ours={apart:.2} peer={inside:.2} ratio={:.2}", apart / inside));
    Ok(())
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
