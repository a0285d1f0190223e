//! `visiting screenshots [--out DIR]`: every page of the portal, narrow and wide, in both languages, as pictures with an index;
//! and what the layout checks found on the way.

use std::{path::PathBuf, process::ExitCode};

use lexopt::{Arg, Parser};
use visiting_tests::{
    browser::{Browser, Case, Setting, wait_for_data},
    world::{World, binaries},
};

const USAGE: &str = "usage: visiting screenshots [--out DIR]";
/// Enough people for tables with shown and absent rows.
const PEOPLE: u32 = 3000;

fn main() -> ExitCode {
    let out = match arguments() {
        Ok(out) => out,
        Err(error) => {
            eprintln!("visiting screenshots: {error}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match take(out) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(wrong) => {
            eprintln!("visiting screenshots: {wrong} checks do not hold; see above");
            ExitCode::FAILURE
        }
        Err(fault) => {
            eprintln!("visiting screenshots: {fault}");
            ExitCode::FAILURE
        }
    }
}

fn arguments() -> Result<Option<PathBuf>, lexopt::Error> {
    let (mut out, mut parser) = (None, Parser::from_env());
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Long("out") => out = Some(PathBuf::from(parser.value()?)),
            other => return Err(other.unexpected()),
        }
    }
    Ok(out)
}

/// Takes the pictures; answers with the number of checks that do not hold.
fn take(out: Option<PathBuf>) -> Result<usize, String> {
    let browser = Browser::find()?;
    let target = binaries()?.parent().map(PathBuf::from).unwrap_or_default();
    let out = out.unwrap_or_else(|| target.join("screenshots"));
    std::fs::create_dir_all(&out).map_err(|e| format!("the folder for the pictures cannot be made: {e}"))?;
    let mut world = World::new("screenshots")?;
    world.populate(PEOPLE)?;
    world.start_all()?;
    wait_for_data(world.address(), &["ndb", "kaigo"])?;
    let case = Case::play(&world)?;
    let setting = Setting {
        suite: "screenshots",
        address: world.address(),
        home: world.home(),
        languages: "ja,en",
        case: Some(&case),
        out: Some(&out),
    };
    let checks = browser.play(&setting, |line| println!("{line}"))?;
    println!("screenshots: {}", out.join("index.html").display());
    Ok(checks.iter().filter(|check| check.wrong.is_some()).count())
}
