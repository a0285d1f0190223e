//! Bounded fuzzing of intake: changed modules and manifests never make it panic, and what it takes is valid.

use wasmparser::Validator;

use crate::{examine, features, trim};

const MANIFEST: &str = "abi = 1\nname = \"g\"\nparams = [{ name = \"x\", kind = \"int\" }, { name = \"c\", kind = \"text\" }]\nlabels = [{ value = 0, label = \"no\" }, { value = 1, label = \"yes\", ja = \"はい\" }]";

const SEEDS: &[&str] = &[
    r#"(module (func (export "f") (param i64 i64 i64) (result i32) (i64.eq (local.get 0) (local.get 1))))"#,
    r#"(module (table 2 2 funcref) (elem (i32.const 0) $a $b) (type $t (func (result i32)))
        (func $a (result i32) i32.const 0) (func $b (result i32) i32.const 1) (global i64 (i64.const 3))
        (func (export "f") (param i64 i64 i64) (result i32)
            (call_indirect (type $t) (i32.wrap_i64 (i64.and (local.get 0) (i64.const 1))))))"#,
    r#"(module (func (export "f") (param i64 i64 i64) (result i32) (local f64)
        (local.set 3 (f64.mul (f64.convert_i64_s (local.get 0)) (f64.sqrt (f64.add (f64.const 1.25) (f64.convert_i64_u (i64.shr_u (local.get 2) (i64.const 11)))))))
        (select (i32.const 1) (i32.const 0) (f64.lt (f64.max (local.get 3) (f64.const -7.5)) (f64.convert_i64_s (i64.rotl (i64.xor (local.get 1) (i64.const 77)) (i64.const 3)))))))"#,
    r#"(module (memory 1) (global $g (mut i32) (i32.const 0)) (data (i32.const 0) "abc")
        (func (export "f") (param i64 i64 i64) (result i32)
            (block (loop (br_if 1 (i64.eqz (local.get 0))) (br_table 0 1 (i32.const 0)))) (f64.gt (f64.const 1) (f64.const 2))))"#,
];

/// SplitMix64.
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }

    fn change(&mut self, bytes: &mut Vec<u8>) {
        for _ in 0..=self.below(4).min(self.below(4)) {
            let at = self.below(bytes.len());
            match self.below(6) {
                0 => bytes.truncate(at),
                1 => bytes.insert(at, self.next() as u8),
                2 if !bytes.is_empty() => drop(bytes.remove(at)),
                3 => {
                    let end = (at + 1 + self.below(12)).min(bytes.len());
                    let piece = bytes[at.min(end)..end].to_vec();
                    let to = self.below(bytes.len());
                    bytes.splice(to..to, piece);
                }
                _ if !bytes.is_empty() => bytes[at] = self.next() as u8,
                _ => {}
            }
        }
    }
}

#[test]
fn changed_modules_never_panic_and_what_is_taken_is_valid() {
    // The text format writes names, which a guest may not have; the last seed keeps everything that is refused.
    let seed = |(i, text): (usize, &&str)| {
        let module = wat::parse_str(text).unwrap();
        if i < 3 { trim::trim(&module).unwrap() } else { module }
    };
    let seeds: Vec<Vec<u8>> = SEEDS.iter().enumerate().map(seed).collect();
    let (mut draw, mut taken) = (Draw(1), 0);
    for round in 0..200_000 {
        let mut module = seeds[round % seeds.len()].clone();
        draw.change(&mut module);
        if examine(MANIFEST, &module).is_ok() {
            taken += 1;
            Validator::new_with_features(features()).validate_all(&module).unwrap();
        }
        if round % 8 == 0
            && let Ok(trimmed) = trim::trim(&module)
        {
            let _ = examine(MANIFEST, &trimmed);
        }
    }
    assert!(taken > 100, "only {taken} were taken: the test reaches nothing");
}

#[test]
fn changed_manifests_never_panic() {
    let module = trim::trim(&wat::parse_str(SEEDS[0]).unwrap()).unwrap();
    let (mut draw, mut taken) = (Draw(2), 0);
    for _ in 0..20_000 {
        let mut text = MANIFEST.as_bytes().to_vec();
        draw.change(&mut text);
        let text = String::from_utf8_lossy(&text);
        if let Ok(accepted) = examine(&text, &module) {
            taken += 1;
            let plain = |text: &str| text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
            let labels = accepted.manifest.labels();
            assert!(
                labels
                    .iter()
                    .all(|l| plain(&l.label) && l.ja.as_deref().is_none_or(|ja| !ja.contains(['=', ',', '\n', '"', '<', '+', '@'])))
            );
        }
    }
    assert!(taken > 20, "only {taken} were taken");
}
