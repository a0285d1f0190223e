//! `visiting corpus FILE --json OUT`: each case of a file on a fresh ledger, over HTTP, on the fixture database; a line a case to OUT.

use std::{io::Write, path::PathBuf, process::ExitCode, time::Instant};

use lexopt::{Arg, Parser, ValueExt};
use visiting_tests::{
    corpus::{self, Case, Database, Ground, case},
    world::{Fault, binaries},
};

const USAGE: &str = "usage: visiting corpus FILE --json OUT [--only ID,…]";

struct Arguments {
    file: PathBuf,
    out: PathBuf,
    only: Vec<String>,
}

fn main() -> ExitCode {
    let arguments = match arguments() {
        Ok(arguments) => arguments,
        Err(error) => {
            eprintln!("visiting corpus: {error}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match play(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("visiting corpus: {fault}");
            ExitCode::FAILURE
        }
    }
}

fn arguments() -> Result<Arguments, lexopt::Error> {
    let (mut file, mut out, mut only, mut parser) = (None, None, Vec::new(), Parser::from_env());
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Value(path) if file.is_none() => file = Some(PathBuf::from(path)),
            Arg::Long("json") => out = Some(PathBuf::from(parser.value()?)),
            Arg::Long("only") => only = parser.value()?.string()?.split(',').map(str::to_owned).collect(),
            other => return Err(other.unexpected()),
        }
    }
    Ok(Arguments { file: file.ok_or("FILE is missing")?, out: out.ok_or("--json OUT is missing")?, only })
}

fn play(arguments: &Arguments) -> Result<(), Fault> {
    let start = Instant::now();
    let mut cases = case::read(&arguments.file)?;
    if !arguments.only.is_empty() {
        cases.retain(|case| arguments.only.contains(&case.id));
    }
    // Opened before the long work: a place that cannot be written is told now.
    let unwritable = |e: std::io::Error| format!("{} cannot be written: {e}", arguments.out.display());
    let mut out = std::fs::File::create(&arguments.out).map_err(unwritable)?;
    let ground = prepare(&cases)?;
    let answers = corpus::run(&ground, &cases, |line| println!("{line}"))?;
    let lines: String = answers.iter().map(|answer| format!("{}\n", answer.line())).collect();
    out.write_all(lines.as_bytes()).map_err(unwritable)?;
    println!("{}", corpus::summary(&answers));
    println!("corpus: {} cases in {:.0} s, answers in {}", answers.len(), start.elapsed().as_secs_f64(), arguments.out.display());
    Ok(())
}

fn prepare(cases: &[Case]) -> Result<Ground, Fault> {
    let target = binaries()?.parent().map(PathBuf::from).unwrap_or_default();
    let sources = target.join("tmp").join(format!("corpus-sources-{}-0", std::process::id()));
    let database = Database::fixture(&sources)?;
    let ground = Ground::prepare("corpus", &database, case::permits(cases), |line| println!("{line}"));
    let _ = std::fs::remove_dir_all(&sources);
    ground
}
