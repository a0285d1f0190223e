//! Worked example: an age-adjusted risk band from month of birth, month of care, sex and care level.
//!
//! Points: two for each full ten years above 40 (men) or 50 (women), three for each level of care (要介護1 to 5), one for 要支援.
//! Under 6 points is low, under 12 medium, from there on high. The points are invented: this shows the boundary, not medicine.
#![no_std]

/// A panic is a trap: the row's label is NULL.
#[cfg(target_arch = "wasm32")]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}

const LOW: i32 = 0;
const MEDIUM: i32 = 1;
const HIGH: i32 = 2;
/// No declared label: the row has none.
const NOT_KNOWN: i32 = -1;

/// Full years between two months `yyyymm`; negative where the second is earlier.
fn years(from: i64, to: i64) -> i64 {
    let months = |yyyymm: i64| (yyyymm / 100) * 12 + yyyymm % 100;
    (months(to) - months(from)).div_euclid(12)
}

/// `birth_ym`, `ym`: months `yyyymm`; `sex`: 1 male, 2 female; `care_level`: 1-2 support, 3-7 care 1-5.
#[unsafe(no_mangle)]
pub extern "C" fn f(birth_ym: i64, ym: i64, sex: i64, care_level: i64) -> i32 {
    let age = years(birth_ym, ym);
    let free_years = match sex {
        1 => 40,
        2 => 50,
        _ => return NOT_KNOWN,
    };
    if !(0..=130).contains(&age) {
        return NOT_KNOWN;
    }
    let for_age = if age > free_years { (age - free_years) / 10 * 2 } else { 0 };
    let for_care = match care_level {
        1 | 2 => 1,
        3..=7 => (care_level - 2) * 3,
        _ => return NOT_KNOWN,
    };
    match for_age + for_care {
        ..6 => LOW,
        6..12 => MEDIUM,
        _ => HIGH,
    }
}
