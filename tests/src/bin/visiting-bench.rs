//! `visiting bench [gate|guests]`: prints one `BENCH` line per measure.

use std::process::ExitCode;

fn main() -> ExitCode {
    if cfg!(debug_assertions) {
        eprintln!("visiting bench: a debug build measures nothing; use the release profile");
        return ExitCode::from(2);
    }
    let say = |line: &str| println!("{line}");
    let done = match std::env::args().nth(1).as_deref() {
        None => visiting_tests::bench::gate(say).and_then(|()| visiting_tests::bench_guests::guests(say)),
        Some("gate") => visiting_tests::bench::gate(say),
        Some("guests") => visiting_tests::bench_guests::guests(say),
        Some(other) => {
            eprintln!("visiting bench: `{other}` is not built yet; there is: gate, guests");
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
