//! Example of the person form with labels and months: when each of four groups of diseases first appears. One row for each group that a
//! person has, in the order of the groups: its label, and the month of its first row. Rows without a month or a code say nothing.
//!
//! The rows of a person come in ascending order of their month, so the first one seen is the first. `expected.csv`: see
//! `examples/expected.py`.
#![no_std]

use core::sync::atomic::{AtomicI64, Ordering::Relaxed};

/// A panic is a trap: the person has no rows.
#[cfg(target_arch = "wasm32")]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}

/// The first and the last code of each group, three characters: E10-E14, E78, I10-I15, N18.
const GROUPS: [(u64, u64); 4] = [(0x45_31_30, 0x45_31_34), (0x45_37_38, 0x45_37_38), (0x49_31_30, 0x49_31_35), (0x4e_31_38, 0x4e_31_38)];

/// The month of each group; 0 is none. The host empties them before each person.
static SINCE: [AtomicI64; 4] = [const { AtomicI64::new(0) }; 4];

/// One row of the person: bit 0 of `present` says that there is a month, bit 1 that there is a code.
#[unsafe(no_mangle)]
pub extern "C" fn row(present: u32, ym: i64, code: i64, _code_rest: i64) {
    let code = code as u64 >> 40;
    if present & 3 != 3 {
        return;
    }
    for ((from, to), since) in GROUPS.iter().zip(&SINCE) {
        if (*from..=*to).contains(&code) && since.load(Relaxed) == 0 {
            since.store(ym, Relaxed);
        }
    }
}

/// After the last row: as many rows as groups were found.
#[unsafe(no_mangle)]
pub extern "C" fn finish() -> i32 {
    SINCE.iter().map(|since| i32::from(since.load(Relaxed) != 0)).sum()
}

/// Column 0 is the group's label, column 1 its month.
#[unsafe(no_mangle)]
pub extern "C" fn get(row: i32, column: i32) -> f64 {
    let mut before = 0;
    for (group, since) in SINCE.iter().enumerate() {
        let since = since.load(Relaxed);
        if since == 0 {
            continue;
        }
        if before == row {
            return if column == 0 { group as f64 } else { since as f64 };
        }
        before += 1;
    }
    f64::NAN
}
