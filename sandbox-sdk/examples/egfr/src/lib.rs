//! Example of a number: estimated glomerular filtration rate, mL/min/1.73 m², by the Japanese equation
//! 194 x creatinine^-1.094 x age^-0.287, x 0.739 for women (Matsuo 2009), of adults.
//!
//! There is no library of functions, so `exp` and `ln` are here. Each is a series cut where the rest is below one part in 10^15; with the
//! rounding of some forty operations the result is off by less than one part in 10^13, at most 3 x 10^-11 here. A step of the declared
//! number is 0.1, so what the host rounds is right unless the true value is that close to the middle of two steps. A test compares it with
//! the machine's `powf`. `expected.csv`: see `examples/expected.py`.
#![cfg_attr(target_arch = "wasm32", no_std)]

/// A panic is a trap: the row's number is NULL.
#[cfg(target_arch = "wasm32")]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}

/// Natural logarithm of a positive normal number: the power of two apart, then 2 artanh(s) with s at most 0.172. The terms end at
/// s^21 / 21; what is left out is below 10^-18.
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

/// e to the power of a number between -600 and 600: the power of two apart, then the series with at most 0.347. The terms end at
/// the 16th power; what is left out is below 10^-22.
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

/// `creatinine` in mg/dL, 0.1 to 50; `age` in years, 18 to 120; `sex`: 1 male, 2 female. NaN, so NULL, for anything else.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn f(creatinine: f64, age: i64, sex: i64) -> f64 {
    if !(0.1..=50.0).contains(&creatinine) || !(18..=120).contains(&age) {
        return f64::NAN;
    }
    let for_sex = match sex {
        1 => 1.0,
        2 => 0.739,
        _ => return f64::NAN,
    };
    194.0 * for_sex * exp(-1.094 * ln(creatinine) - 0.287 * ln(age as f64))
}
