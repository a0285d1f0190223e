//! Example of the person form with several rows about a person: episodes. Consecutive months with a diagnosis of type 2 diabetes (E11) are
//! one episode; a month without ends it. Each episode is a row: its first month, its last month, its length in months.
//!
//! The rows of a person come in ascending order of their month. `expected.csv`: see `examples/expected.py`.
#![no_std]

use core::sync::atomic::{AtomicI32, AtomicUsize, Ordering::Relaxed};

/// A panic is a trap: the person has no rows.
#[cfg(target_arch = "wasm32")]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}

/// As many as the manifest's `rows`: five years of every other month. What is more is left out.
const EPISODES: usize = 60;

/// First and last month of each episode, counted from the year 0. The host empties them before each person.
static FIRST: [AtomicI32; EPISODES] = [const { AtomicI32::new(0) }; EPISODES];
static LAST: [AtomicI32; EPISODES] = [const { AtomicI32::new(0) }; EPISODES];
static FOUND: AtomicUsize = AtomicUsize::new(0);

/// The first three characters of the codes.
const E11: u64 = 0x45_31_31;

/// One row of the person: bit 0 of `present` says that there is a month, bit 1 that there is a code.
#[unsafe(no_mangle)]
pub extern "C" fn row(present: u32, ym: i64, code: i64, _code_rest: i64) {
    if present & 3 != 3 || code as u64 >> 40 != E11 {
        return;
    }
    // January is 0, so that a count divides into year and month again.
    let month = (ym / 100 * 12 + ym % 100 - 1) as i32;
    let found = FOUND.load(Relaxed);
    let open = found.checked_sub(1).and_then(|at| LAST.get(at));
    if let Some(last) = open.filter(|last| month - last.load(Relaxed) <= 1) {
        last.store(month, Relaxed);
    } else if let (Some(first), Some(last)) = (FIRST.get(found), LAST.get(found)) {
        first.store(month, Relaxed);
        last.store(month, Relaxed);
        FOUND.store(found + 1, Relaxed);
    }
}

/// After the last row: a row for each episode.
#[unsafe(no_mangle)]
pub extern "C" fn finish() -> i32 {
    FOUND.load(Relaxed) as i32
}

/// The columns in the manifest's order.
#[unsafe(no_mangle)]
pub extern "C" fn get(row: i32, column: i32) -> f64 {
    let (Some(first), Some(last)) = (FIRST.get(row as usize), LAST.get(row as usize)) else { return f64::NAN };
    let (first, last) = (first.load(Relaxed), last.load(Relaxed));
    let ym = |month: i32| f64::from(month / 12 * 100 + month % 12 + 1);
    match column {
        0 => ym(first),
        1 => ym(last),
        _ => f64::from(last - first + 1),
    }
}
