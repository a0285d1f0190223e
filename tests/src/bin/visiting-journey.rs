//! `visiting journey`: plays the whole journey against the running system that `VISITING_ADDR` and `VISITING_HOME` name.

use std::process::ExitCode;

use visiting_gateway::{config::PUBLIC_ADDRESS, home::Home};
use visiting_tests::journey::{Setting, play};

fn main() -> ExitCode {
    let address = std::env::var("VISITING_ADDR").unwrap_or_else(|_| PUBLIC_ADDRESS.to_owned());
    let home = Home::from_env().path().to_owned();
    let report = play(Setting { address, home }, |line| println!("{line}"));
    println!("journey: {} steps, {} failed", report.steps, report.failed.len());
    if report.failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
