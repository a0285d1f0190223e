//! Writes the synthetic population: `visiting-population --out DIR [--variant demo|fixture|fhir] [--people N] [--seed S]`.

use std::{path::PathBuf, process::ExitCode, time::Instant};

use lexopt::{Arg, Parser, ValueExt};
use visiting_tests::population::{PEOPLE, Variant, generate};

const USAGE: &str = "usage: visiting-population --out DIR [--variant demo|fixture|fhir] [--people N] [--seed S]";
/// The population that the documentation speaks of.
const SEED: u64 = 1;

fn main() -> ExitCode {
    let (out, variant, people, seed) = match arguments() {
        Ok(arguments) => arguments,
        Err(error) => {
            eprintln!("visiting-population: {error}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    let started = Instant::now();
    match generate(&out, variant, people, seed) {
        Ok(written) => {
            written.iter().for_each(|(file, rows)| println!("{rows:>10}  rows in {file}"));
            println!("population written in {:.1} s", started.elapsed().as_secs_f64());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("visiting-population: the files cannot be written: {error}");
            ExitCode::FAILURE
        }
    }
}

fn arguments() -> Result<(PathBuf, Variant, u32, u64), lexopt::Error> {
    let (mut out, mut variant, mut people, mut seed) = (None, Variant::Demo, PEOPLE, SEED);
    let mut parser = Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Long("out") => out = Some(PathBuf::from(parser.value()?)),
            Arg::Long("people") => people = parser.value()?.parse()?,
            Arg::Long("seed") => seed = parser.value()?.parse()?,
            Arg::Long("variant") => {
                variant = match parser.value()?.string()?.as_str() {
                    "demo" => Variant::Demo,
                    "fixture" => Variant::Fixture,
                    "fhir" => Variant::Fhir,
                    _ => return Err("a variant is demo, fixture or fhir".into()),
                }
            }
            other => return Err(other.unexpected()),
        }
    }
    Ok((out.ok_or("--out DIR is missing")?, variant, people, seed))
}
