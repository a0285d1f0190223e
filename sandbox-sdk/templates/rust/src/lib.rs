//! A guest in Rust: classes of HbA1c for people whose disease code begins with E11. Change it into yours, with `guest.toml`.
//!
//! ```text
//! cargo build --release
//! visiting guest trim target/wasm32-unknown-unknown/release/guest.wasm target/guest.wasm
//! visiting guest check target/guest.wasm --manifest guest.toml
//! ```
#![no_std]

use visiting_sdk::Text;

/// A panic is a trap: the row's label is NULL.
#[cfg(target_arch = "wasm32")]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}

/// `decimal` is one `f64`, `text` two `i64`; the result is the label's value.
#[unsafe(no_mangle)]
pub extern "C" fn f(hba1c: f64, code: i64, code_rest: i64) -> i32 {
    if !Text::new(code, code_rest).starts_with(const { Text::of("E11") }) {
        return 0;
    }
    match hba1c {
        x if x < 7.0 => 1,
        x if x < 8.0 => 2,
        _ => 3,
    }
}
