//! The WebAssembly engine, every setting said aloud: what is off cannot be reached, and what decides a result does not change.

use visiting_intake::LIMITS;
use wasmtime::{Config, Engine, InstanceAllocationStrategy, OptLevel, RegallocAlgorithm, Result, Strategy, WasmFeatures};

/// What a rewritten module may use: what a guest may, and exported globals that change, which are ours alone (a guest exports
/// functions only).
pub(crate) fn features() -> WasmFeatures {
    visiting_intake::features() | WasmFeatures::MUTABLE_GLOBAL
}

/// The engine. Compile child and run child have the same, or the one's code would not load in the other.
pub(crate) fn engine() -> Result<Engine> {
    let mut config = Config::new();
    // All features that the engine knows, and those that it will learn: off, but for the ones that intake lets pass.
    let on = features();
    config.wasm_features(WasmFeatures::all().difference(on), false).wasm_features(on, true);
    // Never Winch: most of 2026's advisories are in it.
    config.strategy(Strategy::Cranelift).cranelift_opt_level(OptLevel::Speed);
    config.cranelift_regalloc_algorithm(RegallocAlgorithm::Backtracking);
    // The rewriter sees to it that every NaN has one bit pattern where it can be seen.
    config.cranelift_nan_canonicalization(false);
    // The rewriter's own metering, and a kill from outside: no fuel and no epochs of the engine.
    config.consume_fuel(false).epoch_interruption(false).max_wasm_stack(LIMITS.stack_bytes);
    // Division by zero and the end of the stack are noticed by the processor; without this, the mitigations for tables
    // against speculative reads would have to be off.
    config.signals_based_traps(true);
    // One instance a process: nothing is pooled, reserved, guarded or mapped, and nothing moves.
    config.allocation_strategy(InstanceAllocationStrategy::OnDemand);
    config.memory_reservation(0).memory_reservation_for_growth(0).memory_guard_size(0).guard_before_linear_memory(false);
    config.memory_may_move(false).memory_init_cow(false).shared_memory(false).table_lazy_init(false);
    // Nobody is shown where a guest failed.
    config.wasm_backtrace_max_frames(None).debug_info(false).generate_address_map(false).native_unwind_info(false);
    Engine::new(&config)
}
