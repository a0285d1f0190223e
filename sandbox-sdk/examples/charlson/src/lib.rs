//! Example of the person form, and what `visiting bench guests` measures: the Charlson comorbidity index over the disease codes of one
//! person. Groups and weights follow Quan 2005, cut down to three characters of a code: this shows the boundary, not medicine.
//!
//! What is found is kept in a static, which the host empties before each person.
#![cfg_attr(target_arch = "wasm32", no_std)]

use core::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// A panic is a trap: the person has no rows.
#[cfg(target_arch = "wasm32")]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}

/// One bit a group of diseases.
static FOUND: AtomicU32 = AtomicU32::new(0);

/// Weights of the groups, in the order of their bits.
const WEIGHTS: [u32; 17] = [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 3, 6, 6];

/// Three characters as a number that orders like the text.
const fn code(text: &[u8; 3]) -> u32 {
    (text[0] as u32) << 16 | (text[1] as u32) << 8 | text[2] as u32
}

/// The group of a code; 17 is none.
fn group(found: u32) -> u32 {
    let within = |from: &[u8; 3], to: &[u8; 3]| (code(from)..=code(to)).contains(&found);
    match found >> 16 {
        0x49 => match () {
            () if within(b"I21", b"I22") || within(b"I25", b"I25") => 0,
            () if within(b"I50", b"I50") || within(b"I42", b"I43") => 1,
            () if within(b"I70", b"I73") => 2,
            () if within(b"I60", b"I69") => 3,
            _ => 17,
        },
        0x46 if within(b"F00", b"F03") => 4,
        0x4a if within(b"J40", b"J47") || within(b"J60", b"J67") => 5,
        0x4d if within(b"M05", b"M06") || within(b"M32", b"M34") => 6,
        0x4b => match () {
            () if within(b"K25", b"K28") => 7,
            () if within(b"K73", b"K74") => 8,
            () if within(b"K72", b"K72") => 14,
            _ => 17,
        },
        0x45 if within(b"E10", b"E14") => 9,
        0x47 if within(b"G81", b"G83") => 10,
        0x4e if within(b"N18", b"N19") => 11,
        0x43 => match () {
            () if within(b"C77", b"C80") => 15,
            () if within(b"C81", b"C96") => 13,
            _ => 12,
        },
        0x42 if within(b"B20", b"B24") => 16,
        _ => 17,
    }
}

/// One row of the person: bit 0 of `present` says that there is a code.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn row(present: u32, first: i64, _second: i64) {
    let group = group((first as u64 >> 40) as u32);
    if present & 1 == 1 && group < 17 {
        FOUND.store(FOUND.load(Relaxed) | 1 << group, Relaxed);
    }
}

/// After the last row: one row about this person.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn finish() -> i32 {
    1
}

/// Column 0 is the score, column 1 its band.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn get(_row: i32, column: i32) -> f64 {
    let (mut score, mut rest) = (0, FOUND.load(Relaxed));
    for weight in WEIGHTS {
        score += if rest & 1 == 1 { weight } else { 0 };
        rest >>= 1;
    }
    let band = match score {
        0 => 0,
        1 | 2 => 1,
        3 | 4 => 2,
        _ => 3,
    };
    f64::from(if column == 0 { score } else { band })
}
