//! `visiting bench [gate]`: prints one `BENCH` line per measure.

use std::process::ExitCode;

fn main() -> ExitCode {
    if cfg!(debug_assertions) {
        eprintln!("visiting bench: a debug build measures nothing; use the release profile");
        return ExitCode::from(2);
    }
    match std::env::args().nth(1).as_deref() {
        None | Some("gate") => {}
        Some(other) => {
            eprintln!("visiting bench: `{other}` is not built yet; there is: gate");
            return ExitCode::from(2);
        }
    }
    match visiting_tests::bench::gate(|line| println!("{line}")) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("visiting bench: {fault}");
            ExitCode::FAILURE
        }
    }
}
