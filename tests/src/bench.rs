//! Benchmarks: ratios against a named peer in one run, medians; a file a room. The command is `visiting bench [ROOM]`.

mod acro;
mod gate;
mod guests;
mod ledger;
mod portal;
mod record;
mod session;
mod sources;

use std::time::Duration;

pub use acro::acro;
pub use gate::gate;
pub use guests::guests;
pub use ledger::ledger;
pub use portal::portal;
pub use record::record;
pub use session::{Played, bench, play, session, study};
pub use sources::sources;

/// One measure: plain numbers in one unit, and their ratio.
fn line(name: &str, ours: f64, peer: f64, ratio: f64) -> String {
    format!("BENCH {name} ours={ours:.2} peer={peer:.2} ratio={ratio:.2}")
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
