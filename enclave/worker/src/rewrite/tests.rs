//! That rewriting keeps what a guest computes, and what it adds.

use super::*;

/// The module without names, for intake.
pub(super) fn module(text: &str) -> Vec<u8> {
    visiting_intake::trim(&wat::parse_str(text).unwrap()).unwrap()
}

fn manifest(rest: &str) -> String {
    format!("abi = 2\nname = \"g\"\nparams = [{{ name = \"x\", kind = \"int\" }}]\n{rest}")
}

const NUMBER: &str = "number = { low = 0, high = 1000, step = 1 }";

fn rewritten(text: &str) -> Vec<u8> {
    let module = module(text);
    let accepted = visiting_intake::examine(&manifest(NUMBER), &module).unwrap();
    let out = rewrite(&accepted.manifest, accepted.state, &module).unwrap();
    crate::engine::engine().unwrap().precompile_module(&out).unwrap();
    out
}

#[test]
fn straight_code_pays_nothing_and_what_repeats_pays() {
    let pays = |text: &str| {
        let out = rewritten(text);
        // The loop fills the account only where somebody draws on it.
        let filled = 10_000_u64.to_le_bytes();
        let leb = [0x42, 0x90, 0xce, 0x00];
        assert!(!out.windows(8).any(|bytes| bytes == filled));
        out.windows(4).any(|bytes| bytes == leb)
    };
    assert!(!pays(r#"(module (func (export "f") (param i64) (result f64) (f64.convert_i64_s (local.get 0))))"#));
    assert!(pays(r#"(module (func (export "f") (param i64) (result f64) (loop (br_if 0 (i64.eqz (local.get 0)))) (f64.const 1)))"#));
    assert!(pays(r#"(module (func $f (export "f") (param i64) (result f64) (call $f (local.get 0))))"#));
}

/// SplitMix64.
struct Draw(u64);

impl Draw {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }

    /// Code that leaves an `i64`: every way that control can take, and loops that end.
    fn value(&mut self, depth: u64) -> String {
        if depth == 0 {
            return ["(local.get 0)", "(local.get 1)", "(i64.const 3)", "(i64.const -2)"][self.below(4) as usize].to_owned();
        }
        let (a, b, c) = (self.value(depth - 1), self.value(depth - 1), self.value(depth - 1));
        match self.below(11) {
            0 => format!("(i64.add {a} {b})"),
            1 => format!("(i64.mul {a} (i64.xor {b} {c}))"),
            2 => format!("(if (result i64) (i64.lt_s {a} {b}) (then {c}) (else (local.get 1)))"),
            3 => format!("(if (result i64) (i64.lt_s {a} {b}) (then (return {c})) (else {b}))"),
            4 => format!("(block (result i64) (br_if 0 {a} (i64.gt_s {b} {c})) (drop) {c})"),
            5 => format!("(block (result i64) (block (block (br_table 0 1 0 (i32.wrap_i64 {a}))) (br 1 {b})) {c})"),
            // A branch to the label of the function.
            6 => format!("(block (result i64) (drop (br_if 1 {a} (i64.eqz {b}))) {c})"),
            7 => format!(
                "(block (result i64) (local.set 1 (i64.and {a} (i64.const 15))) (loop (local.set 0 (i64.add (local.get 0) (i64.const 1))) (local.set 1 (i64.sub (local.get 1) (i64.const 1))) (br_if 0 (i64.gt_s (local.get 1) (i64.const 0)))) {b})"
            ),
            8 => format!("(call $leaf {a} {b})"),
            9 => format!("(call_indirect (type $t) {a} {b} (i32.wrap_i64 (i64.and {c} (i64.const 1))))"),
            _ => format!("(i64.reinterpret_f64 (f64.copysign (f64.convert_i64_s {a}) (f64.sqrt (f64.convert_i64_s {b}))))"),
        }
    }
}

/// What a module's `f` says of two numbers, by name of the export; `None` for a trap.
fn direct(engine: &wasmtime::Engine, module: &[u8], x: i64, account: bool) -> Option<u64> {
    let mut store = wasmtime::Store::new(engine, ());
    let module = wasmtime::Module::from_binary(engine, module).unwrap();
    let instance = wasmtime::Instance::new(&mut store, &module, &[]).unwrap();
    if account {
        instance.get_global(&mut store, names::ACCOUNT).unwrap().set(&mut store, wasmtime::Val::I64(i64::MAX)).unwrap();
    }
    instance.get_typed_func::<i64, f64>(&mut store, "f").unwrap().call(&mut store, x).ok().map(f64::to_bits)
}

#[test]
fn a_rewritten_function_computes_what_it_did() {
    let engine = crate::engine::engine().unwrap();
    let (mut draw, mut same, mut trapped) = (Draw(11), 0, 0);
    for round in 0..150 {
        let (body, leaf) = (draw.value(1 + round % 4), draw.value(round % 3).replace("call $leaf", "call $other"));
        // The global puts the guest into the reset form, whose function the host can call alone.
        let text = format!(
            r#"(module (type $t (func (param i64 i64) (result i64))) (table 2 2 funcref) (elem (i32.const 0) $leaf $other) (global $g (mut i32) (i32.const 0))
            (func $other (param i64 i64) (result i64) (i64.sub (local.get 0) (local.get 1)))
            (func $leaf (param i64 i64) (result i64) {})
            (func $body (param i64) (result i64) (local i64) {body})
            (func (export "f") (param i64) (result f64) (global.set $g (i32.const 1)) (f64.convert_i64_s (call $body (local.get 0)))))"#,
            if leaf.contains("call_indirect") { "(local.get 1)" } else { &leaf }
        );
        let before = module(&text);
        let accepted = visiting_intake::examine(&manifest(NUMBER), &before).unwrap_or_else(|e| panic!("{text}\n{e}"));
        let after = rewrite(&accepted.manifest, accepted.state, &before).unwrap_or_else(|e| panic!("{text}\n{e}"));
        for x in [-9, -1, 0, 1, 5, 1 << 40] {
            let (was, is) = (direct(&engine, &before, x, false), direct(&engine, &after, x, true));
            // Only the bits of a NaN may differ, and this machine's own are the one pattern but for the sign.
            if !text.contains("f64.sqrt") {
                assert_eq!(was, is, "{x}: {text}");
            }
            assert_eq!(was.is_some(), is.is_some(), "{x}: {text}");
            same += usize::from(was.is_some());
            trapped += usize::from(was.is_none());
        }
    }
    assert!(same > 500, "{same} values, {trapped} traps");
}

#[test]
fn what_costs_more_than_its_fuel_ends_at_the_same_instruction_each_time() {
    let engine = crate::engine::engine().unwrap();
    let text = r#"(module (global $n (mut i64) (i64.const 0)) (func (export "f") (param i64) (result f64) (global.set $n (i64.const 0))
        (loop (global.set $n (i64.add (global.get $n) (i64.const 1))) (br_if 0 (i64.lt_s (global.get $n) (local.get 0)))) (f64.convert_i64_s (global.get $n))))"#;
    let before = module(text);
    let accepted = visiting_intake::examine(&manifest(NUMBER), &before).unwrap();
    let after = rewrite(&accepted.manifest, accepted.state, &before).unwrap();
    let compiled = wasmtime::Module::from_binary(&engine, &after).unwrap();
    let turns = || {
        let mut store = wasmtime::Store::new(&engine, ());
        let instance = wasmtime::Instance::new(&mut store, &compiled, &[]).unwrap();
        instance.get_global(&mut store, names::ACCOUNT).unwrap().set(&mut store, wasmtime::Val::I64(10_000)).unwrap();
        assert!(instance.get_typed_func::<i64, f64>(&mut store, "f").unwrap().call(&mut store, i64::MAX).is_err());
        instance.get_global(&mut store, "g0").unwrap().get(&mut store).unwrap_i64()
    };
    // A turn is a global read, a constant, an addition and so on: its number here is part of the boundary.
    assert_eq!(turns(), 1110);
    assert_eq!(turns(), turns());
}

#[test]
fn what_intake_takes_is_rewritten_and_compiles_whatever_was_changed() {
    let text = r#"(module (type $t (func (param i64) (result i64))) (table 2 2 funcref) (elem (i32.const 0) 0 0) (memory 1 1) (global $g (mut i64) (i64.const 3))
        (func (param i64) (result i64) (i64.rem_s (i64.const 1000) (local.get 0)))
        (func (export "f") (param i64) (result f64) (local i64 f64) (global.set $g (i64.load offset=8 (i32.const 16)))
            (loop (local.set 1 (i64.add (local.get 1) (i64.const 1))) (br_if 0 (i64.lt_s (local.get 1) (i64.const 9))))
            (f64.store (i32.const 8) (f64.div (f64.convert_i64_s (local.get 1)) (f64.convert_i64_s (local.get 0))))
            (f64.add (f64.load (i32.const 8)) (f64.convert_i64_s (i64.and (i64.trunc_f64_s (f64.mul (local.get 2) (f64.const 3.5)))
                (call_indirect (type $t) (local.get 1) (i32.and (i32.wrap_i64 (local.get 0)) (i32.const 1))))))))"#;
    let (seed, engine) = (module(text), crate::engine::engine().unwrap());
    let (mut draw, mut ran) = (Draw(9), 0);
    for _ in 0..60_000 {
        let mut changed = seed.clone();
        let at = draw.below(changed.len() as u64) as usize;
        changed[at] = draw.below(256) as u8;
        let Ok(accepted) = visiting_intake::examine(&manifest(NUMBER), &changed) else { continue };
        let out = rewrite(&accepted.manifest, accepted.state, &changed).unwrap();
        if ran < 150 {
            engine.precompile_module(&out).unwrap();
        }
        ran += 1;
    }
    assert!(ran > 1000, "only {ran} were taken");
}

#[test]
fn the_engine_refuses_what_intake_refuses() {
    // The engine's own switches, without intake before it.
    let beyond = [
        "(module (func (param v128)))",
        "(module (func (result i32 i32) unreachable))",
        "(module (func (param externref)))",
        "(module (memory 1) (memory 1))",
        "(module (memory i64 1))",
        "(module (memory 1 1 shared))",
        "(module (func return_call 0))",
        "(module (memory 1) (func (memory.fill (i32.const 0) (i32.const 0) (i32.const 0))))",
        "(module (tag))",
        "(module (type (struct)))",
        "(module (global i32 (i32.add (i32.const 1) (i32.const 1))))",
    ];
    for text in beyond {
        let module = wat::parse_str(text).unwrap();
        assert!(wasmtime::Module::from_binary(&crate::engine::engine().unwrap(), &module).is_err(), "{text}");
    }
}
