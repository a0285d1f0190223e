//! Which parts of WebAssembly a guest may use: the first version, and two sets of plain number instructions that compilers count on.
//! Everything else is off, here and in the engine, one by one; `ABI.md` names the class of faults that each switch takes away.

use wasmparser::WasmFeatures;

/// What is on. Each of these works on numbers only.
const ON: &[WasmFeatures] = &[
    WasmFeatures::FLOATS,
    // i32.extend8_s and its like.
    WasmFeatures::SIGN_EXTENSION,
    // i32.trunc_sat_f64_s and its like: conversions that cannot trap.
    WasmFeatures::SATURATING_FLOAT_TO_INT,
];

/// The features of guests. The engine is given exactly these.
#[must_use]
pub fn features() -> WasmFeatures {
    ON.iter().fold(WasmFeatures::empty(), |all, feature| all | *feature)
}

/// Families of instructions (as the parser calls them) that work on numbers, or on one memory as the first version has it.
pub(crate) const FAMILIES: &[&str] = &["mvp", "sign_extension", "saturating_float_to_int"];
