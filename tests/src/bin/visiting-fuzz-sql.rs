//! `visiting fuzz-sql --seconds N|--texts N [--seed S] [--from N]`: texts for the planner until a limit; exit 0 when nothing was found.
//! `--show N` prints the text of that number.

use std::{process::ExitCode, time::Duration};

use lexopt::{Arg, Parser, ValueExt};
use visiting_tests::fuzz::{Limits, run, text};

const USAGE: &str = "usage: visiting fuzz-sql --seconds N | --texts N [--seed S] [--from N] | --show N [--seed S]";
/// Longer than anybody waits: the limit where only texts are counted.
const FOR_EVER: Duration = Duration::from_secs(7 * 24 * 60 * 60);

fn main() -> ExitCode {
    let (limits, show) = match arguments() {
        Ok(read) => read,
        Err(error) => {
            eprintln!("visiting fuzz-sql: {error}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    if let Some(number) = show {
        println!("{}", text(limits.seed, number));
        return ExitCode::SUCCESS;
    }
    match run(limits, |line| println!("{line}")) {
        Ok(report) => {
            println!("{}", report.told());
            if report.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(fault) => {
            eprintln!("visiting fuzz-sql: {fault}");
            ExitCode::FAILURE
        }
    }
}

fn arguments() -> Result<(Limits, Option<u64>), lexopt::Error> {
    let (mut limits, mut show) = (Limits { texts: u64::MAX, time: FOR_EVER, seed: 1, from: 0 }, None);
    let (mut limited, mut parser) = (false, Parser::from_env());
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Long("seconds") => limits.time = Duration::from_secs(parser.value()?.parse()?),
            Arg::Long("texts") => limits.texts = parser.value()?.parse()?,
            Arg::Long("seed") => limits.seed = parser.value()?.parse()?,
            Arg::Long("from") => limits.from = parser.value()?.parse()?,
            Arg::Long("show") => show = Some(parser.value()?.parse()?),
            other => return Err(other.unexpected()),
        }
        limited = true;
    }
    if !limited || (show.is_none() && limits.texts == u64::MAX && limits.time == FOR_EVER) {
        return Err("say how long: --seconds or --texts".into());
    }
    Ok((limits, show))
}
