//! Second example, and what `visiting bench guests` measures: stages of kidney function by the Japanese eGFR equation
//! (194 x creatinine^-1.094 x age^-0.287, x 0.739 for women). Shows how to do without a library of functions and without tables.
#![cfg_attr(target_arch = "wasm32", no_std)]

/// A panic is a trap: the row's label is NULL.
#[cfg(target_arch = "wasm32")]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}

/// Natural logarithm of a positive normal number: by parts of two, then a series about 1.
fn ln(x: f64) -> f64 {
    let bits = x.to_bits();
    let (mut exponent, mut part) = ((bits >> 52) as i64 - 1023, f64::from_bits(bits & 0x000f_ffff_ffff_ffff | 0x3ff0_0000_0000_0000));
    if part > core::f64::consts::SQRT_2 {
        exponent += 1;
        part /= 2.0;
    }
    let s = (part - 1.0) / (part + 1.0);
    let z = s * s;
    let (mut sum, mut n) = (0.0, 21.0);
    while n > 0.0 {
        sum = sum * z + 1.0 / n;
        n -= 2.0;
    }
    2.0 * s * sum + exponent as f64 * core::f64::consts::LN_2
}

/// e to the power of a number between -600 and 600.
fn exp(x: f64) -> f64 {
    let twos = (x / core::f64::consts::LN_2 + if x < 0.0 { -0.5 } else { 0.5 }) as i64;
    let rest = x - twos as f64 * core::f64::consts::LN_2;
    let (mut sum, mut n) = (1.0, 16.0);
    while n > 0.0 {
        sum = sum * rest / n + 1.0;
        n -= 1.0;
    }
    sum * f64::from_bits(((twos + 1023) as u64) << 52)
}

/// `creatinine` in mg/dL; `age` in years; `sex`: 1 male, 2 female. Stages G1 to G5 are 1 to 6 (3 is G3a, 4 is G3b).
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn f(creatinine: f64, age: i64, sex: i64) -> i32 {
    if !(0.1..=50.0).contains(&creatinine) || !(18..=120).contains(&age) {
        return -1;
    }
    let for_sex = match sex {
        1 => 1.0,
        2 => 0.739,
        _ => return -1,
    };
    match 194.0 * for_sex * exp(-1.094 * ln(creatinine) - 0.287 * ln(age as f64)) {
        g if g >= 90.0 => 1,
        g if g >= 60.0 => 2,
        g if g >= 45.0 => 3,
        g if g >= 30.0 => 4,
        g if g >= 15.0 => 5,
        _ => 6,
    }
}
