//! `visiting bench [ROOM]`: prints one `BENCH` line per measure.

use std::process::ExitCode;

use visiting_tests::{bench, world::Fault};

/// One room's benchmark: it is given where its lines go.
type Bench = fn(fn(&str)) -> Result<(), Fault>;

/// The rooms, in the order in which they run.
const ROOMS: &[(&str, Bench)] = &[
    ("acro", |say| bench::acro(say)),
    ("gate", |say| bench::gate(say)),
    ("guests", |say| bench::guests(say)),
    ("ledger", |say| bench::ledger(say)),
    ("portal", |say| bench::portal(say)),
    ("record", |say| bench::record(say)),
    ("session", |say| bench::session(say)),
    ("sources", |say| bench::sources(say)),
];

fn main() -> ExitCode {
    if cfg!(debug_assertions) {
        eprintln!("visiting bench: a debug build measures nothing; use the release profile");
        return ExitCode::from(2);
    }
    let wanted = std::env::args().nth(1);
    let chosen: Vec<_> = ROOMS.iter().filter(|(room, _)| wanted.as_deref().is_none_or(|w| w == *room)).collect();
    if chosen.is_empty() {
        let rooms: Vec<&str> = ROOMS.iter().map(|(room, _)| *room).collect();
        eprintln!("visiting bench: there is no such room; there are: {}", rooms.join(", "));
        return ExitCode::from(2);
    }
    for (room, bench) in chosen {
        if let Err(fault) = bench(|line| println!("{line}")) {
            eprintln!("visiting bench {room}: {fault}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
