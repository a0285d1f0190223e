//! The scalar form.

use visiting_worker::{Column, Fault, Layers, Pool, Validity, Worker};

use super::{Draw, artefact, program, worker};

fn labels(params: &[&str]) -> String {
    let params: Vec<String> = params.iter().enumerate().map(|(i, kind)| format!("{{ name = \"p{i}\", kind = \"{kind}\" }}")).collect();
    let labels: Vec<String> = (0..4).map(|i| format!("{{ value = {i}, label = \"l{i}\" }}")).collect();
    format!("abi = 2\nname = \"g\"\nparams = [{}]\nlabels = [{}]", params.join(","), labels.join(","))
}

fn number(kind: &str, number: &str) -> String {
    format!("abi = 2\nname = \"g\"\nparams = [{{ name = \"x\", kind = \"{kind}\" }}]\nnumber = {number}")
}

fn ints(worker: &mut Worker, values: &[i64]) -> Vec<Option<u32>> {
    worker.rows(&[Column::Int(values, Validity::ALL)], values.len()).unwrap().iter().collect()
}

#[test]
fn arguments_arrive_as_the_boundary_says() {
    let mut bits = worker(
        &labels(&["decimal"]),
        r#"(module (func (export "f") (param f64) (result i32)
            (if (i64.eq (i64.reinterpret_f64 (local.get 0)) (i64.reinterpret_f64 (f64.const 8.1))) (then (return (i32.const 1))))
            (if (i64.eqz (i64.reinterpret_f64 (local.get 0))) (then (return (i32.const 0))))
            (i32.const 2)))"#,
    );
    let values = [8.1, 0.0, -0.0, f64::NAN, f64::INFINITY, -3.0, 8.1];
    let told = bits.rows(&[Column::Decimal(&values, Validity::new(&[0b0111_1110], 1))], 6).unwrap_err();
    assert!(matches!(told, visiting_worker::Fault::Arguments), "seven values are not six rows");
    let told = bits.rows(&[Column::Decimal(&values, Validity::new(&[0b1111_1110, 0], 1))], 7).unwrap();
    assert_eq!(told.iter().collect::<Vec<_>>(), [Some(1), Some(0), Some(0), None, None, Some(2), Some(1)]);

    let mut code = worker(
        &labels(&["text", "int"]),
        r#"(module (func (export "f") (param i64 i64 i64) (result i32)
            (if (i64.ne (local.get 1) (i64.const 0)) (then (return (i32.const 3))))
            (i32.add (i64.eq (local.get 0) (i64.const 0x4531310000000000)) (i64.eq (local.get 2) (i64.const -1)))))"#,
    );
    let dictionary: Vec<_> =
        ["E11", "E110", "0123456789", "0123456789abcdefg"].iter().map(|text| visiting_sdk::pack(text.as_bytes())).collect();
    let columns = [Column::Text(&[0, 1, 2, 3, 0, -1, 9], &dictionary, Validity::ALL), Column::Int(&[0, 0, 0, 0, -1, 0, 0], Validity::ALL)];
    let told: Vec<_> = code.rows(&columns, 7).unwrap().iter().collect();
    assert_eq!(told, [Some(1), Some(0), Some(3), None, Some(2), None, None]);
}

#[test]
fn what_goes_wrong_in_a_row_is_that_rows_null() {
    // The same once in the pure form and once, by a global, in the reset form.
    for global in ["", "(global $g (mut i32) (i32.const 0))"] {
        let write = if global.is_empty() { "" } else { "(global.set $g (i32.const 1))" };
        let mut trouble = worker(
            &labels(&["int"]),
            &format!(
                r#"(module {global}
                (func $deep (param i64) (result i32) (i32.add (call $deep (i64.add (local.get 0) (i64.const 1))) (i32.const 1)))
                (func $wide (param i64) (result i32) (local i64 i64 i64 i64) (i32.add (call $wide (local.get 0)) (i32.wrap_i64 (local.get 4))))
                (func (export "f") (param i64) (result i32) {write}
                    (if (i64.eq (local.get 0) (i64.const 1)) (then (unreachable)))
                    (if (i64.eq (local.get 0) (i64.const 2)) (then (loop (br 0))))
                    (if (i64.eq (local.get 0) (i64.const 3)) (then (return (call $deep (local.get 0)))))
                    (if (i64.eq (local.get 0) (i64.const 4)) (then (return (i32.const 99))))
                    (if (i64.eq (local.get 0) (i64.const 6)) (then (return (call $wide (local.get 0)))))
                    (i32.wrap_i64 (i64.div_s (i64.const 10) (i64.sub (local.get 0) (i64.const 5))))))"#
            ),
        );
        assert_eq!(ints(&mut trouble, &[10, 1, 2, 3, 4, 5, 6, 9]), [Some(2), None, None, None, None, None, None, Some(2)]);
        // A batch of nothing but traps, and the row after it.
        let mut rows = vec![1; 20_000];
        rows.push(10);
        let told = ints(&mut trouble, &rows);
        assert!(told.len() == 20_001 && told[..20_000].iter().all(Option::is_none) && told[20_000] == Some(2));
    }
}

#[test]
fn nothing_that_can_be_written_is_there_in_the_next_row() {
    // Each returns what it finds, after writing what the next one would find.
    for (what, before, body) in [
        ("a global", "(global $g (mut i32) (i32.const 0))", "(local.set 1 (global.get $g)) (global.set $g (i32.const 3))"),
        ("a float", "(global $g (mut f64) (f64.const 0))", "(local.set 1 (i32.trunc_f64_s (global.get $g))) (global.set $g (f64.const 2))"),
        ("a byte", "(memory 1 1)", "(local.set 1 (i32.load8_u (i32.const 65535))) (i32.store8 (i32.const 65535) (i32.const 3))"),
        (
            "data",
            "(memory 2 2) (data (i32.const 70000) \"\\00\\01\")",
            "(local.set 1 (i32.load16_u (i32.const 70000))) (i32.store (i32.const 69999) (i32.const -1)) (local.set 1 (i32.eq (local.get 1) (i32.const 257)))",
        ),
        (
            "before a trap",
            "(memory 1 1)",
            "(local.set 1 (i32.load (i32.const 8))) (i32.store (i32.const 8) (i32.const 3)) (if (i64.eq (local.get 0) (i64.const 2)) (then (unreachable)))",
        ),
    ] {
        let mut guest = worker(
            &labels(&["int"]),
            &format!(r#"(module {before} (func (export "f") (param i64) (result i32) (local i32) {body} (local.get 1)))"#),
        );
        let told = ints(&mut guest, &[1, 2, 3, 4]);
        let expected = [Some(0), if what == "before a trap" { None } else { Some(0) }, Some(0), Some(0)];
        assert_eq!(told, expected, "{what}");
    }
}

#[test]
fn a_nan_has_one_face() {
    // NaNs of several makes: their bits, their sign, and what memory shows of them.
    let nans = [
        "(f64.div (f64.const 0) (f64.convert_i64_s (local.get 0)))",
        "(f64.sqrt (f64.sub (f64.convert_i64_s (local.get 0)) (f64.const 1)))",
        "(f64.const -nan:0x4000000000001)",
        "(f64.neg (f64.const nan))",
        "(f64.promote_f32 (f32.reinterpret_i32 (i32.const 0xffa00001)))",
        "(f64.reinterpret_i64 (i64.const 0xfff8000000000777))",
    ];
    for nan in nans {
        for look in [
            format!("(i64.ne (i64.reinterpret_f64 {nan}) (i64.const 0x7ff8000000000000))"),
            format!("(i32.ne (i32.reinterpret_f32 (f32.demote_f64 {nan})) (i32.const 0x7fc00000))"),
            format!("(f64.lt (f64.copysign (f64.const 1) {nan}) (f64.const 0))"),
            format!("(f32.lt (f32.copysign (f32.const 1) (f32.demote_f64 {nan})) (f32.const 0))"),
            format!("(f64.store (i32.const 8) {nan}) (i64.ne (i64.load (i32.const 8)) (i64.const 0x7ff8000000000000))"),
            format!("(f32.store (i32.const 8) (f32.demote_f64 {nan})) (i32.ne (i32.load (i32.const 8)) (i32.const 0x7fc00000))"),
        ] {
            let memory = if look.contains("store") { "(memory 1 1)" } else { "" };
            let text = format!(r#"(module {memory} (func (export "f") (param i64) (result i32) {look}))"#);
            let mut guest = worker(&labels(&["int"]), &text);
            assert_eq!(ints(&mut guest, &[0]), [Some(0)], "{text}");
        }
    }
    // And what is no NaN is left alone.
    let mut bits = worker(
        &number("decimal", "{ low = -1, high = 1, step = 1 }"),
        r#"(module (func (export "f") (param f64) (result f64)
        (f64.convert_i32_u (i64.eq (i64.reinterpret_f64 (f64.neg (local.get 0))) (i64.const 0xbff8000000000000)))))"#,
    );
    assert_eq!(bits.rows(&[Column::Decimal(&[1.5], Validity::ALL)], 1).unwrap().iter().collect::<Vec<_>>(), [Some(2)]);
}

#[test]
fn a_number_is_on_its_grid_or_null() {
    let same = r#"(module (func (export "f") (param f64) (result f64) (f64.div (local.get 0) (f64.const 4))))"#;
    let values = [0.0, -0.0, 0.4, 0.6, 1.0, 40.0, 40.4, -0.1, 1e300, -8.0, -8.4];
    let told = worker(&number("decimal", "{ low = -2, high = 10, step = 0.1 }"), same);
    let told: Vec<_> = { told }.rows(&[Column::Decimal(&values, Validity::ALL)], values.len()).unwrap().iter().collect();
    // Steps above -2: half a step goes to the even one; both zeros are one.
    assert_eq!(told, [Some(20), Some(20), Some(21), Some(22), Some(22), Some(120), None, Some(20), None, Some(0), None]);
    let nan = worker(
        &number("int", "{ low = 0, high = 10, step = 1 }"),
        r#"(module (func (export "f") (param i64) (result f64)
        (f64.div (f64.convert_i64_s (local.get 0)) (f64.const 0))))"#,
    );
    assert_eq!(ints(&mut { nan }, &[0, 1, -1]), [None, None, None]);
}

/// A random function over a row: it may trap, spin, recurse, call through the table, return early, and leave things behind.
fn random(draw: &mut Draw, depth: u64) -> String {
    if depth == 0 {
        return match draw.below(6) {
            0 => format!("(i64.const {})", draw.below(7) as i64 - 3),
            1 => "(local.get 1)".to_owned(),
            2 => "(i64.reinterpret_f64 (f64.sqrt (f64.convert_i64_s (local.get 0))))".to_owned(),
            3 => "(global.get $g)".to_owned(),
            4 => "(i64.load (i32.wrap_i64 (i64.and (local.get 0) (i64.const 255))))".to_owned(),
            _ => "(local.get 0)".to_owned(),
        };
    }
    let (a, b) = (random(draw, depth - 1), random(draw, depth - 1));
    match draw.below(12) {
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
        8 => format!("(block (result i64) (global.set $g {a}) {b})"),
        9 => format!("(block (result i64) (i64.store (i32.wrap_i64 (i64.and {a} (i64.const 255))) {b}) (local.get 0))"),
        10 => format!("(if (result i64) (i64.lt_s {a} {b}) (then (return {b})) (else {a}))"),
        _ => format!("(i64.sub {a} {b})"),
    }
}

#[test]
fn a_row_is_the_same_alone_in_any_batch_and_in_any_order() {
    let mut draw = Draw(5);
    let (mut shown, mut empty, mut pure) = (0, 0, 0);
    for depth in (0..60).map(|n| 1 + n % 3) {
        let mut body = random(&mut draw, depth);
        if draw.below(2) == 0 {
            // Without state: the pure form, by its own loop.
            body = body.replace("(global.get $g)", "(local.get 0)");
        }
        if !body.contains("global.set") {
            // A global that nothing writes is not taken.
            body = body.replace("(global.get $g)", "(i64.const 7)");
        }
        let uses = |word: &str| body.contains(word);
        let global = if uses("global.set") { "(global $g (mut i64) (i64.const 7))" } else { "" };
        let memory = if uses("i64.load") || uses("i64.store") { "(memory 1 1)" } else { "" };
        pure += i32::from(global.is_empty() && memory.is_empty());
        let text = format!(
            r#"(module (type $t (func (param i64) (result i64))) (table 2 2 funcref) (elem (i32.const 0) $again $half) {global} {memory}
                (func $half (param i64) (result i64) (i64.shr_s (local.get 0) (i64.const 1)))
                (func $again (param i64) (result i64) (local i64) (local.set 1 (i64.const 5)) {body})
                (func (export "f") (param i64) (result i32) (i32.and (i32.wrap_i64 (call $again (local.get 0))) (i32.const 3))))"#
        );
        let pool = Pool::new(program().to_owned(), Layers::ALL, artefact(&labels(&["int"]), &text));
        let call =
            |rows: &[i64]| -> Vec<Option<u32>> { pool.rows(0, &[Column::Int(rows, Validity::ALL)], rows.len()).unwrap().iter().collect() };
        let rows: Vec<i64> = (0..40).map(|_| draw.below(1000) as i64 - 20).collect();
        let whole = call(&rows);
        for (row, label) in rows.iter().zip(&whole) {
            assert_eq!(call(&[*row]), [*label], "alone: {text}");
        }
        let order = draw.order(rows.len());
        let shuffled: Vec<i64> = order.iter().map(|i| rows[*i]).collect();
        let expected: Vec<_> = order.iter().map(|i| whole[*i]).collect();
        assert_eq!(call(&shuffled), expected, "in another order: {text}");
        shown += whole.iter().flatten().count();
        empty += whole.iter().filter(|label| label.is_none()).count();
    }
    assert!(shown > 500 && empty > 200 && pure > 10, "labels {shown}, none {empty}, pure {pure}: the property is tried on one kind only");
}

#[test]
fn a_worker_that_comes_back_after_the_end_of_its_run_is_ended() {
    let text = r#"(module (func (export "f") (param i64) (result i32) (i32.and (i32.wrap_i64 (local.get 0)) (i32.const 3))))"#;
    let pool = Pool::new(program().to_owned(), Layers::ALL, artefact(&labels(&["int"]), text));
    let rows = vec![5_i64; 2_000_000];
    let call = || pool.rows(0, &[Column::Int(&rows, Validity::ALL)], rows.len());
    call().unwrap();
    assert_eq!(pool.idle(), 1, "kept for the next call of the run");
    std::thread::scope(|scope| {
        let late = scope.spawn(call);
        // It is at work once it is idle no more; then the run ends.
        while pool.idle() == 1 && !late.is_finished() {
            std::hint::spin_loop();
        }
        pool.rest();
    });
    assert_eq!(pool.idle(), 0, "it has seen the rows of a run that is over");
    // What is left of the run gets no worker, and so brings none back.
    assert!(matches!(call(), Err(Fault::Over)));
    assert!(pool.rows(pool.run(), &[Column::Int(&rows, Validity::ALL)], rows.len()).is_ok());
}

#[test]
fn traps_cost_a_row_little() {
    // One person's rows can be seen in a run's time by what a trap costs more than a result: 600 of them stay far below the 250 ms of
    // the first step at which verdicts come. Most of it is the processor's: in a virtual machine such a fault goes to the host.
    let text = r#"(module (func (export "f") (param i64) (result i32) (if (i64.eq (local.get 0) (i64.const 1)) (then (unreachable))) (i32.const 1)))"#;
    let mut guest = worker(&labels(&["int"]), text);
    let mut time = |value: i64| {
        let rows = vec![value; 8000];
        let best = (0..9).map(|_| {
            let start = std::time::Instant::now();
            ints(&mut guest, &rows);
            start.elapsed()
        });
        best.min().unwrap()
    };
    let (calm, trapping) = (time(0), time(1));
    assert!(trapping.saturating_sub(calm) * 600 / 8000 < std::time::Duration::from_millis(25), "{calm:?} and {trapping:?} for 8000 rows");
}

#[test]
fn a_local_is_empty_in_every_row() {
    // Short enough to go into the loop itself, where its locals are the loop's; a trap between, and an early end.
    let text = r#"(module (func (export "f") (param i64) (result i32) (local i32 i64 f32 f64)
        (if (i32.or (i32.or (local.get 1) (i64.ne (local.get 2) (i64.const 0))) (i32.or (f32.ne (local.get 3) (f32.const 0)) (f64.ne (local.get 4) (f64.const 0))))
            (then (return (i32.const 3))))
        (local.set 1 (i32.const 1)) (local.set 2 (i64.const 1)) (local.set 3 (f32.const 1)) (local.set 4 (f64.const 1))
        (if (i64.eq (local.get 0) (i64.const 5)) (then (unreachable)))
        (if (i64.eq (local.get 0) (i64.const 6)) (then (return (i32.const 2))))
        (local.set 0 (i64.const 9)) (local.get 1)))"#;
    let mut guest = worker(&labels(&["int"]), text);
    assert_eq!(ints(&mut guest, &[1, 2, 5, 3, 6, 4, 5, 5, 7]), [Some(1), Some(1), None, Some(1), Some(2), Some(1), None, None, Some(1)]);
}
