//! `visiting bench [gate|portal]`: prints one `BENCH` line per measure.

use std::process::ExitCode;

use visiting_tests::bench;

fn main() -> ExitCode {
    if cfg!(debug_assertions) {
        eprintln!("visiting bench: a debug build measures nothing; use the release profile");
        return ExitCode::from(2);
    }
    let say = |line: &str| println!("{line}");
    let done = match std::env::args().nth(1).as_deref() {
        None => bench::gate(say).and_then(|()| bench::portal(say)),
        Some("gate") => bench::gate(say),
        Some("portal") => bench::portal(say),
        Some(other) => {
            eprintln!("visiting bench: `{other}` is not built yet; there is: gate, portal");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("visiting bench: {fault}");
            ExitCode::FAILURE
        }
    }
}
