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
