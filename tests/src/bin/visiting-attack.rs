//! `visiting attack [--seeds N] [--releases N] [--people N]`: an independent attacker against the gate; exit 0 when it pins nobody with the
//! ledger, and somebody in every population without.

use std::process::ExitCode;

use lexopt::{Arg, Parser, ValueExt};
use visiting_tests::{
    attack::{Plan, attack},
    world::tree,
};

const USAGE: &str = "usage: visiting attack [--seeds N] [--releases N] [--people N]";

fn main() -> ExitCode {
    let plan = match arguments() {
        Ok(plan) => plan,
        Err(error) => {
            eprintln!("visiting attack: {error}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    let python = std::env::var("VISITING_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let folder = tree().map(|tree| tree.join("target/attack"));
    let outcomes = match folder.and_then(|folder| attack(plan, &python, &folder, |line| println!("{line}"))) {
        Ok(outcomes) => outcomes,
        Err(fault) => {
            eprintln!("visiting attack: {fault}");
            return ExitCode::FAILURE;
        }
    };
    let held = outcomes.iter().filter(|[with, _]| with.pinned == 0).count();
    let won = outcomes.iter().filter(|[_, without]| without.pinned > 0).count();
    println!("attack: {} seeds, {held} held with the ledger, {won} won without", outcomes.len());
    if held == outcomes.len() && won == outcomes.len() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn arguments() -> Result<Plan, lexopt::Error> {
    let (mut plan, mut parser) = (Plan { seeds: 20, releases: 200, people: 600 }, Parser::from_env());
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Long("seeds") => plan.seeds = parser.value()?.parse()?,
            Arg::Long("releases") => plan.releases = parser.value()?.parse()?,
            Arg::Long("people") => plan.people = parser.value()?.parse()?,
            other => return Err(other.unexpected()),
        }
    }
    Ok(plan)
}
