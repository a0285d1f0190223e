//! Example of the person form: medication possession ratio. Months in which a drug of class 396 (diabetes) was dispensed, divided by the
//! months from the first of them to the last, both counted. Who was never given one has no row.
//!
//! The rows of a person come in ascending order of their month, so the last month seen is the greatest. `expected.csv`: see
//! `examples/expected.py`.
#![no_std]

use core::sync::atomic::{AtomicI64, Ordering::Relaxed};

/// A panic is a trap: the person has no rows.
#[cfg(target_arch = "wasm32")]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}

/// First and last month `yyyymm`; 0 is none. The host empties all three before each person.
static FIRST: AtomicI64 = AtomicI64::new(0);
static LAST: AtomicI64 = AtomicI64::new(0);
/// Months with a dispensing.
static MONTHS: AtomicI64 = AtomicI64::new(0);

/// The class, three digits, as the code's first bytes.
const CLASS: u64 = 0x33_39_36;

/// Months since the year 0.
fn count(ym: i64) -> i64 {
    ym / 100 * 12 + ym % 100
}

/// One row of the person: bit 0 of `present` says that there is a month, bit 1 that there is a code.
#[unsafe(no_mangle)]
pub extern "C" fn row(present: u32, ym: i64, code: i64, _code_rest: i64) {
    if present & 3 != 3 || code as u64 >> 40 != CLASS || ym == LAST.load(Relaxed) {
        return;
    }
    if FIRST.load(Relaxed) == 0 {
        FIRST.store(ym, Relaxed);
    }
    LAST.store(ym, Relaxed);
    MONTHS.store(MONTHS.load(Relaxed) + 1, Relaxed);
}

/// After the last row: one row about this person, or none.
#[unsafe(no_mangle)]
pub extern "C" fn finish() -> i32 {
    i32::from(MONTHS.load(Relaxed) > 0)
}

/// The columns in the manifest's order.
#[unsafe(no_mangle)]
pub extern "C" fn get(_row: i32, column: i32) -> f64 {
    let (first, last, months) = (FIRST.load(Relaxed), LAST.load(Relaxed), MONTHS.load(Relaxed) as f64);
    match column {
        0 => months / (count(last) - count(first) + 1) as f64,
        1 => months,
        2 => first as f64,
        _ => last as f64,
    }
}
