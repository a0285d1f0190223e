//! The launcher: `visiting demo`, `visiting verify`, and `visiting X …` for every `visiting-X` beside it, git style.
//!
//! Depends on the standard library alone, so that `cargo demo` and `cargo verify` start at once and explain the rest themselves.

mod browser;
mod cargo;
mod debian;
mod demo;
mod dispatch;
mod fault;
mod fill;
mod keep;
mod mutants;
mod place;
mod tally;
mod verify;

use std::{ffi::OsString, process::ExitCode};

use fault::Fault;

fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1);
    let word = args.next().unwrap_or_default();
    let rest: Vec<OsString> = args.collect();
    match run(&word.to_string_lossy(), &rest) {
        Ok(code) => code,
        Err(fault) => {
            eprintln!("visiting: {fault}");
            ExitCode::FAILURE
        }
    }
}

fn run(word: &str, rest: &[OsString]) -> Result<ExitCode, Fault> {
    let options: Vec<&str> = rest.iter().map(|arg| arg.to_str().unwrap_or("?")).collect();
    match (word, options.as_slice()) {
        ("demo", []) => demo::stay(),
        ("demo", ["--journey"]) => demo::journey(),
        ("verify", []) => verify::all(),
        ("verify", ["--mutants", names @ ..]) => mutants::all(names),
        ("demo" | "verify", _) => Ok(dispatch::usage(2)),
        ("" | "help" | "--help" | "-h", _) => Ok(dispatch::usage(if word.is_empty() { 2 } else { 0 })),
        // What these two need is installed when it is missing; they find it where it was put.
        ("screenshots", _) | ("bench", ["portal", ..]) => {
            browser::install(&place::tree()?, &place::target()?)?;
            dispatch::exec(word, rest)
        }
        _ => dispatch::exec(word, rest),
    }
}
