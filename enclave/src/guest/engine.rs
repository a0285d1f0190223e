//! The WebAssembly engine, every setting said aloud: what is off cannot be reached, and what decides a result does not change.

use std::sync::OnceLock;

use visiting_intake::LIMITS;
use wasmtime::{Config, Engine, InstanceAllocationStrategy, OptLevel, RegallocAlgorithm, Strategy, WasmFeatures};

use crate::fault::Fault;

/// One engine serves all guests: it holds settings and compiled code, nothing of any call.
pub(super) fn shared() -> Result<&'static Engine, Fault> {
    static ENGINE: OnceLock<Result<Engine, String>> = OnceLock::new();
    let engine = ENGINE.get_or_init(|| Engine::new(&config()).map_err(|error| error.to_string()));
    engine.as_ref().map_err(|error| Fault::Other(format!("the WebAssembly engine cannot start: {error}")))
}

/// Compiler's and engine's own words; they hold nothing of any row.
pub(super) fn fault(error: &wasmtime::Error) -> Fault {
    Fault::Other(format!("guest: {error}"))
}

fn config() -> Config {
    let mut config = Config::new();
    // All features that the engine knows, and those that it will learn: off, but for the ones that intake lets pass.
    let on = visiting_intake::features();
    config.wasm_features(WasmFeatures::all().difference(on), false).wasm_features(on, true);
    // Never Winch: most of 2026's advisories are in it.
    config.strategy(Strategy::Cranelift).cranelift_opt_level(OptLevel::Speed);
    config.cranelift_regalloc_algorithm(RegallocAlgorithm::Backtracking);
    // One bit pattern for every NaN that arithmetic makes, on every machine.
    config.cranelift_nan_canonicalization(true);
    // Fuel, not clocks: the same row ends at the same instruction every time. Nothing outside can interrupt a row.
    config.consume_fuel(true).epoch_interruption(false).max_wasm_stack(LIMITS.stack_bytes);
    // Division by zero and the end of the stack are noticed by the processor; without this, the mitigations for tables
    // against speculative reads would have to be off.
    config.signals_based_traps(true);
    // No instance is reused and no memory exists: nothing is pooled, reserved, guarded or mapped.
    config.allocation_strategy(InstanceAllocationStrategy::OnDemand);
    config.memory_reservation(0).memory_reservation_for_growth(0).memory_guard_size(0).guard_before_linear_memory(false);
    config.memory_may_move(false).memory_init_cow(false).shared_memory(false).table_lazy_init(false);
    // Nobody is shown where a guest failed.
    config.wasm_backtrace_max_frames(None).debug_info(false).generate_address_map(false).native_unwind_info(false);
    config
}
