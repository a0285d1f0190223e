//! That a row's label depends on the row alone, and that nothing a guest does fails a run.

use std::sync::Arc;

use datafusion::arrow::{
    array::{Array, ArrayRef, AsArray, Decimal128Array, DictionaryArray, Float64Array, Int64Array},
    compute::take,
    datatypes::Int32Type,
};

use super::Guest;

/// A guest over `params`, its labels `l0` to `l3`.
fn guest(params: &[&str], module: &str) -> Guest {
    let params: Vec<String> = params.iter().enumerate().map(|(i, kind)| format!("{{ name = \"p{i}\", kind = \"{kind}\" }}")).collect();
    let labels: Vec<String> = (0..4).map(|i| format!("{{ value = {i}, label = \"l{i}\" }}")).collect();
    let manifest = format!("abi = 1\nname = \"g\"\nparams = [{}]\nlabels = [{}]", params.join(","), labels.join(","));
    let module_bytes = visiting_intake::trim(&wat::parse_str(module).unwrap()).unwrap();
    Guest::new(&manifest, &module_bytes).unwrap_or_else(|fault| panic!("{module}\n{fault}"))
}

fn ints(values: &[Option<i64>]) -> ArrayRef {
    Arc::new(Int64Array::from(values.to_vec()))
}

fn labels(guest: &Guest, arguments: &[ArrayRef]) -> Vec<Option<String>> {
    let array = guest.values(arguments, arguments[0].len()).unwrap();
    let dictionary = array.as_dictionary::<Int32Type>();
    let texts = dictionary.values().as_string::<i32>();
    dictionary.keys().iter().map(|key| key.map(|key| texts.value(key as usize).to_owned())).collect()
}

fn some(texts: &[Option<&str>]) -> Vec<Option<String>> {
    texts.iter().map(|text| text.map(str::to_owned)).collect()
}

#[test]
fn arguments_arrive_as_the_boundary_says() {
    let bits = guest(
        &["decimal"],
        r#"(module (func (export "f") (param f64) (result i32)
            (if (i64.eq (i64.reinterpret_f64 (local.get 0)) (i64.reinterpret_f64 (f64.const 8.1))) (then (return (i32.const 1))))
            (if (i64.eqz (i64.reinterpret_f64 (local.get 0))) (then (return (i32.const 0))))
            (if (f64.eq (local.get 0) (f64.const -3)) (then (return (i32.const 3))))
            (i32.const 2)))"#,
    );
    let decimals: ArrayRef =
        Arc::new(Decimal128Array::from(vec![Some(810), Some(0), Some(-300), None]).with_precision_and_scale(18, 2).unwrap());
    assert_eq!(labels(&bits, &[decimals]), some(&[Some("l1"), Some("l0"), Some("l3"), None]));
    assert_eq!(labels(&bits, &[ints(&[Some(-3), Some(0), Some(7)])]), some(&[Some("l3"), Some("l0"), Some("l2")]));
    let odd: ArrayRef = Arc::new(Float64Array::from(vec![-0.0, f64::NAN, f64::INFINITY, 8.1]));
    assert_eq!(labels(&bits, &[odd]), some(&[Some("l0"), None, None, Some("l1")]), "one zero; what is not finite is no value");

    let code = guest(
        &["text"],
        r#"(module (func (export "f") (param i64 i64) (result i32)
            (if (i64.ne (local.get 1) (i64.const 0)) (then (return (i32.const 3))))
            (i64.eq (local.get 0) (i64.const 0x4531310000000000))))"#,
    );
    let texts: DictionaryArray<Int32Type> =
        [Some("E11"), Some("E110"), None, Some("0123456789"), Some("0123456789abcdefg"), Some("E11")].into_iter().collect();
    let expected = some(&[Some("l1"), Some("l0"), None, Some("l3"), None, Some("l1")]);
    assert_eq!(labels(&code, &[Arc::new(texts)]), expected);
}

#[test]
fn what_goes_wrong_in_a_row_is_that_rows_null() {
    let trouble = guest(
        &["int"],
        r#"(module
            (func $deep (param i64) (result i32) (i32.add (call $deep (i64.add (local.get 0) (i64.const 1))) (i32.const 1)))
            (func (export "f") (param i64) (result i32)
                (if (i64.eq (local.get 0) (i64.const 1)) (then (unreachable)))
                (if (i64.eq (local.get 0) (i64.const 2)) (then (loop (br 0))))
                (if (i64.eq (local.get 0) (i64.const 3)) (then (return (call $deep (local.get 0)))))
                (if (i64.eq (local.get 0) (i64.const 4)) (then (return (i32.const 99))))
                (i32.wrap_i64 (i64.div_s (i64.const 10) (i64.sub (local.get 0) (i64.const 5))))))"#,
    );
    let rows = [10, 1, 2, 3, 4, 5, 9].map(Some);
    assert_eq!(labels(&trouble, &[ints(&rows)]), some(&[Some("l2"), None, None, None, None, None, Some("l2")]));
}

#[test]
fn a_column_of_another_kind_is_a_fault_and_not_a_guess() {
    let g = guest(&["int"], r#"(module (func (export "f") (param i64) (result i32) (i32.const 0)))"#);
    let floats: ArrayRef = Arc::new(Float64Array::from(vec![1.0]));
    assert!(g.values(&[floats], 1).is_err());
    assert!(g.values(&[], 1).is_err() && g.values(&[ints(&[Some(1)])], 2).is_err());
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

    /// A random expression over the arguments and a local that loops change: it may trap, spin, recurse and call through the table.
    fn whole(&mut self, depth: u64) -> String {
        if depth == 0 {
            return match self.below(4) {
                0 => format!("(i64.const {})", self.below(7) as i64 - 3),
                1 => "(local.get 1)".to_owned(),
                2 => "(i64.reinterpret_f64 (f64.sqrt (f64.convert_i64_s (local.get 0))))".to_owned(),
                _ => "(local.get 0)".to_owned(),
            };
        }
        let (a, b) = (self.whole(depth - 1), self.whole(depth - 1));
        match self.below(9) {
            0 => format!("(i64.div_s {a} {b})"),
            1 => format!("(i64.rem_u {a} {b})"),
            2 => format!("(i64.mul {a} {b})"),
            3 => format!("(select {a} {b} (i64.lt_s {b} {a}))"),
            4 => format!("(i64.trunc_f64_s (f64.div (f64.convert_i64_s {a}) (f64.convert_i64_s {b})))"),
            5 => format!(
                "(block (result i64) (loop (local.set 1 (i64.sub (local.get 1) {a})) (br_if 0 (i64.gt_s (local.get 1) {b}))) (local.get 1))"
            ),
            6 => format!("(call_indirect (type $t) {a} (i32.wrap_i64 {b}))"),
            7 => format!("(if (result i64) (i64.eqz {a}) (then {b}) (else (call $again {b})))"),
            _ => format!("(i64.sub {a} {b})"),
        }
    }
}

#[test]
fn a_row_is_the_same_alone_in_any_batch_and_in_any_order() {
    let mut draw = Draw(5);
    let (mut shown, mut empty) = (0, 0);
    for depth in (0..60).map(|n| 1 + n % 3) {
        let module = format!(
            r#"(module (type $t (func (param i64) (result i64))) (table 2 2 funcref) (elem (i32.const 0) $again $half)
                (func $half (param i64) (result i64) (i64.shr_s (local.get 0) (i64.const 1)))
                (func $again (param i64) (result i64) (local i64) (local.set 1 (i64.const 5)) {})
                (func (export "f") (param i64) (result i32) (i32.and (i32.wrap_i64 (call $again (local.get 0))) (i32.const 3))))"#,
            draw.whole(depth)
        );
        let guest = guest(&["int"], &module);
        let rows: Vec<Option<i64>> = (0..40).map(|i| if i == 7 { None } else { Some(draw.below(1000) as i64 - 20) }).collect();
        let whole = labels(&guest, &[ints(&rows)]);
        for (row, label) in rows.iter().zip(&whole) {
            assert_eq!(labels(&guest, &[ints(&[*row])]), *std::slice::from_ref(label), "alone: {module}");
        }
        let mut order: Vec<i64> = (0..40).collect();
        (1..40_usize).rev().for_each(|i| order.swap(i, draw.below(i as u64 + 1) as usize));
        let shuffled = take(&ints(&rows), &Int64Array::from(order.clone()), None).unwrap();
        let expected: Vec<_> = order.iter().map(|i| whole[*i as usize].clone()).collect();
        assert_eq!(labels(&guest, &[shuffled]), expected, "in another order: {module}");
        shown += whole.iter().flatten().count();
        empty += whole.iter().filter(|label| label.is_none()).count();
    }
    assert!(shown > 500 && empty > 200, "labels {shown}, none {empty}: the property is tried on one kind only");
}

#[test]
fn what_intake_takes_compiles_and_runs_whatever_was_changed() {
    let text = r#"(module (type $t (func (param i64) (result i64))) (table 2 2 funcref) (elem (i32.const 0) 0 0)
        (func (param i64) (result i64) (i64.rem_s (i64.const 1000) (local.get 0)))
        (func (export "f") (param i64) (result i32) (local i64 f64)
            (loop (local.set 1 (i64.add (local.get 1) (i64.const 1))) (br_if 0 (i64.lt_s (local.get 1) (i64.const 9))))
            (local.set 2 (f64.div (f64.convert_i64_s (local.get 1)) (f64.convert_i64_s (local.get 0))))
            (i32.wrap_i64 (i64.and (i64.trunc_f64_s (f64.mul (local.get 2) (f64.const 3.5)))
                (call_indirect (type $t) (local.get 1) (i32.and (i32.wrap_i64 (local.get 0)) (i32.const 1)))))))"#;
    let manifest = "abi = 1\nname = \"g\"\nparams = [{ name = \"x\", kind = \"int\" }]\nlabels = [{ value = 0, label = \"no\" }, { value = 1, label = \"yes\" }]";
    let module = visiting_intake::trim(&wat::parse_str(text).unwrap()).unwrap();
    let (mut draw, mut ran) = (Draw(9), 0);
    for _ in 0..30_000 {
        let mut changed = module.clone();
        let at = draw.below(changed.len() as u64) as usize;
        changed[at] = draw.below(256) as u8;
        if visiting_intake::examine(manifest, &changed).is_ok() {
            let guest = Guest::new(manifest, &changed).unwrap();
            guest.values(&[ints(&[Some(-1), Some(0), Some(3), Some(i64::MAX)])], 4).unwrap();
            ran += 1;
        }
        if ran == 60 {
            break;
        }
    }
    assert!(ran > 20, "only {ran} were taken");
}

#[test]
fn a_person_guest_gives_rows_of_each_person_and_fails_for_that_person_alone() {
    let manifest = "abi = 2\nname = \"g\"\nform = \"person\"\nreads = \"SELECT x\"\nrows = 3\nparams = [{ name = \"x\", kind = \"int\" }]\n\
                    columns = [{ name = \"n\", kind = \"number\", low = 0, high = 50, step = 0.5 }, { name = \"m\", kind = \"month\" }]";
    // As many rows as the person has, each with the sum of all; who has a 7 traps.
    let text = r#"(module (global $n (mut i32) (i32.const 0)) (global $sum (mut f64) (f64.const 0))
        (func (export "row") (param i32 i64)
            (if (i64.eq (local.get 1) (i64.const 7)) (then (unreachable)))
            (global.set $n (i32.add (global.get $n) (i32.const 1)))
            (global.set $sum (f64.add (global.get $sum) (f64.convert_i64_s (local.get 1)))))
        (func (export "finish") (result i32) (global.get $n))
        (func (export "get") (param i32 i32) (result f64)
            (if (result f64) (local.get 1) (then (f64.const 202401)) (else (f64.add (global.get $sum) (f64.const 0.5))))))"#;
    let module = visiting_intake::trim(&wat::parse_str(text).unwrap()).unwrap();
    let guest = Guest::new(manifest, &module).unwrap_or_else(|fault| panic!("{fault}"));
    let (counts, columns) = guest.people(&[ints(&[1, 2, 7, 1, 90, 5].map(Some))], &[2, 2, 1, 1]).unwrap();
    assert_eq!(counts, [2, 1, 1, 1], "who has none because the guest failed has one row of NULLs");
    let sums = columns[0].as_primitive::<datafusion::arrow::datatypes::Decimal128Type>();
    assert_eq!(sums.iter().collect::<Vec<_>>(), [Some(35), Some(35), None, None, Some(55)], "units of 0.1; 90.5 is not declared");
    let months = columns[1].as_primitive::<datafusion::arrow::datatypes::Int64Type>();
    assert_eq!(months.iter().collect::<Vec<_>>(), [Some(202_401), Some(202_401), None, Some(202_401), Some(202_401)]);
}
