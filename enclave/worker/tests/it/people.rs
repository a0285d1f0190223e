//! The person form.

use visiting_worker::{Artefact, Column, LIMITS, Layers, People, Pool, Validity, Worker};

use super::{Draw, program, worker};

fn manifest(rows: u32, columns: &str) -> String {
    format!(
        "abi = 2\nname = \"g\"\nform = \"person\"\nreads = \"SELECT a, b FROM t\"\nrows = {rows}\nparams = [{{ name = \"a\", kind = \"int\" }}, {{ name = \"b\", kind = \"decimal\" }}]\ncolumns = [{columns}]"
    )
}

const COUNT: &str = "{ name = \"n\", kind = \"number\", low = 0, high = 1000000, step = 1 }";

fn call(worker: &mut Worker, people: &[&[(i64, f64)]]) -> People {
    let rows: Vec<(i64, f64)> = people.concat();
    let (a, b): (Vec<i64>, Vec<f64>) = rows.into_iter().unzip();
    let lengths: Vec<u32> = people.iter().map(|rows| rows.len() as u32).collect();
    worker.people(&[Column::Int(&a, Validity::ALL), Column::Decimal(&b, Validity::ALL)], &lengths).unwrap()
}

fn counts(people: &People) -> Vec<Option<u32>> {
    people.counts().collect()
}

fn column(people: &People, index: usize) -> Vec<Option<u32>> {
    people.column(index).collect()
}

#[test]
fn person_a_writes_everything_and_person_b_sees_only_what_was_there_at_first() {
    // Row 1 writes every byte of the memory and every global (the table has no instruction that could write it). `get` tells how many
    // bytes, globals and places of the table are not as they were.
    let text = r#"(module (memory 4 4) (data (i32.const 100) "\05\06") (table 2 2 funcref) (elem (i32.const 0) $one $two) (type $t (func (result i32)))
        (func $one (result i32) (i32.const 1)) (func $two (result i32) (i32.const 2))
        (global $i (mut i32) (i32.const 11)) (global $l (mut i64) (i64.const 12)) (global $f (mut f32) (f32.const 1.5)) (global $d (mut f64) (f64.const 2.5))
        (func (export "row") (param i32 i64 f64) (local i32)
            (if (i64.eq (local.get 1) (i64.const 1)) (then
                (loop (i64.store (local.get 3) (i64.const -1)) (local.set 3 (i32.add (local.get 3) (i32.const 8))) (br_if 0 (i32.lt_u (local.get 3) (i32.const 262144))))
                (global.set $i (i32.const 1)) (global.set $l (i64.const 1)) (global.set $f (f32.const 1)) (global.set $d (f64.const 1)))))
        (func (export "finish") (result i32) (i32.const 1))
        (func (export "get") (param i32 i32) (result f64) (local i32 i32)
            (loop (local.set 3 (i32.add (local.get 3) (i64.ne (i64.load (local.get 2)) (select (i64.const 0x60500000000) (i64.const 0) (i32.eq (local.get 2) (i32.const 96))))))
                (local.set 2 (i32.add (local.get 2) (i32.const 8))) (br_if 0 (i32.lt_u (local.get 2) (i32.const 262144))))
            (local.set 3 (i32.add (local.get 3) (i32.ne (global.get $i) (i32.const 11))))
            (local.set 3 (i32.add (local.get 3) (i64.ne (global.get $l) (i64.const 12))))
            (local.set 3 (i32.add (local.get 3) (f32.ne (global.get $f) (f32.const 1.5))))
            (local.set 3 (i32.add (local.get 3) (f64.ne (global.get $d) (f64.const 2.5))))
            (local.set 3 (i32.add (local.get 3) (i32.ne (call_indirect (type $t) (i32.const 0)) (i32.const 1))))
            (local.set 3 (i32.add (local.get 3) (i32.ne (call_indirect (type $t) (i32.const 1)) (i32.const 2))))
            (f64.convert_i32_u (local.get 3))))"#;
    let mut guest = worker(&manifest(1, COUNT), text);
    let told = call(&mut guest, &[&[(0, 0.0)], &[(1, 0.0)], &[(0, 0.0)], &[], &[(1, 0.0), (1, 0.0)], &[(2, 0.0)]]);
    assert_eq!(counts(&told), [Some(1); 6]);
    let all = Some(262_144 / 8 + 4);
    assert_eq!(column(&told, 0), [Some(0), all, Some(0), Some(0), all, Some(0)], "a person who writes sees it, the next does not");
}

/// Mixes all rows in their order, so that another order or a forgotten row shows.
const MIX: &str = r#"(module (global $h (mut i64) (i64.const 1))
    (func (export "row") (param i32 i64 f64)
        (global.set $h (i64.add (i64.mul (global.get $h) (i64.const 31)) (i64.xor (local.get 1) (i64.add (i64.extend_i32_u (local.get 0)) (i64.reinterpret_f64 (local.get 2)))))))
    (func (export "finish") (result i32) (i32.const 1))
    (func (export "get") (param i32 i32) (result f64) (f64.convert_i64_u (i64.and (global.get $h) (i64.const 0xfffff)))))"#;

#[test]
fn a_person_is_the_same_alone_in_any_batch_and_with_rows_in_any_order() {
    let mut draw = Draw(3);
    let columns = "{ name = \"n\", kind = \"number\", low = 0, high = 1048575, step = 1 }";
    let mut guest = worker(&manifest(1, columns), MIX);
    let people: Vec<Vec<(i64, f64)>> =
        (0..300).map(|_| (0..draw.below(40)).map(|_| (draw.below(9) as i64 - 4, draw.below(5) as f64 - 2.0)).collect()).collect();
    let all = column(&call(&mut guest, &people.iter().map(Vec::as_slice).collect::<Vec<_>>()), 0);
    for (person, mix) in people.iter().zip(&all).take(60) {
        let order = draw.order(person.len());
        let shuffled: Vec<_> = order.iter().map(|i| person[*i]).collect();
        assert_eq!(column(&call(&mut guest, &[&shuffled]), 0), [*mix]);
    }
    let order = draw.order(people.len());
    let shuffled: Vec<_> = order.iter().map(|i| people[*i].as_slice()).collect();
    assert_eq!(column(&call(&mut guest, &shuffled), 0), order.iter().map(|i| all[*i]).collect::<Vec<_>>());
    let distinct: std::collections::BTreeSet<_> = all.iter().collect();
    assert!(distinct.len() > 200, "the guest tells people apart, so the property says something");
}

#[test]
fn rows_come_by_their_columns_and_empty_arguments_are_told() {
    // The first argument of the first row, and the mask of the last.
    let text = r#"(module (global $first (mut i64) (i64.const 99)) (global $mask (mut i32) (i32.const 0))
        (func (export "row") (param i32 i64 f64) (if (i64.eq (global.get $first) (i64.const 99)) (then (global.set $first (local.get 1)))) (global.set $mask (local.get 0)))
        (func (export "finish") (result i32) (i32.const 1))
        (func (export "get") (param i32 i32) (result f64)
            (if (result f64) (local.get 1) (then (f64.convert_i32_u (global.get $mask))) (else (f64.convert_i64_s (i64.add (global.get $first) (i64.const 10)))))))"#;
    let mut guest = worker(&manifest(1, &format!("{COUNT}, {}", COUNT.replace("\"n\"", "\"m\""))), text);
    let told = call(&mut guest, &[&[(5, 0.0), (-3, 1.0), (4, f64::NAN)], &[(7, 2.0)]]);
    assert_eq!(column(&told, 0), [Some(7), Some(17)]);
    assert_eq!(column(&told, 1), [Some(3), Some(3)]);
    let told =
        guest.people(&[Column::Int(&[5, 6], Validity::new(&[0b10], 0)), Column::Decimal(&[1.0, f64::NAN], Validity::ALL)], &[2]).unwrap();
    assert_eq!((column(&told, 0), column(&told, 1)), (vec![Some(10)], vec![Some(1)]), "NULL comes first, as 0 with its bit unset");
}

#[test]
fn what_goes_wrong_for_a_person_is_nobody_elses() {
    let text = r#"(module (global $x (mut i64) (i64.const 0))
        (func $deep (param i32) (result i32) (i32.add (call $deep (local.get 0)) (i32.const 1)))
        (func (export "row") (param i32 i64 f64) (global.set $x (local.get 1))
            (if (i64.eq (local.get 1) (i64.const 1)) (then (unreachable)))
            (if (i64.eq (local.get 1) (i64.const 2)) (then (loop (br 0))))
            (if (i64.eq (local.get 1) (i64.const 3)) (then (drop (call $deep (i32.const 0))))))
        (func (export "finish") (result i32)
            (if (i64.eq (global.get $x) (i64.const 4)) (then (unreachable)))
            (if (i64.eq (global.get $x) (i64.const 5)) (then (return (i32.const 2147483647))))
            (if (i64.eq (global.get $x) (i64.const 6)) (then (return (i32.const -1))))
            (if (i64.eq (global.get $x) (i64.const 7)) (then (return (i32.const -2147483648))))
            (i32.const 2))
        (func (export "get") (param i32 i32) (result f64)
            (if (i64.eq (global.get $x) (i64.const 8)) (then (loop (br 0))))
            (f64.convert_i32_s (i32.add (i32.mul (local.get 0) (i32.const 10)) (local.get 1)))))"#;
    let mut guest = worker(&manifest(3, COUNT), text);
    let people: Vec<[(i64, f64); 1]> = (0..10).map(|x| [(x, 0.0)]).collect();
    let told = call(&mut guest, &people.iter().map(|rows| rows.as_slice()).collect::<Vec<_>>());
    let none = None;
    assert_eq!(counts(&told), [Some(2), none, none, none, none, Some(3), Some(0), Some(0), none, Some(2)]);
    assert_eq!(column(&told, 0), [Some(0), Some(10), Some(0), Some(10), Some(20), Some(0), Some(10)]);
}

#[test]
fn what_is_not_declared_is_null() {
    let text = r#"(module (global $x (mut f64) (f64.const 0))
        (func (export "row") (param i32 i64 f64) (global.set $x (local.get 2)))
        (func (export "finish") (result i32) (i32.const 1))
        (func (export "get") (param i32 i32) (result f64) (global.get $x)))"#;
    let columns = "{ name = \"band\", kind = \"label\", labels = [{ value = -1, label = \"low\" }, { value = 7, label = \"high\" }] }, { name = \"since\", kind = \"month\" }, { name = \"n\", kind = \"number\", low = -1, high = 202401, step = 0.5 }";
    let mut guest = worker(&manifest(1, columns), text);
    let values = [-1.0, 7.0, 7.25, 202_401.0, 202_413.0, 4e9, -0.0, 1e308];
    let people: Vec<[(i64, f64); 1]> = values.iter().map(|x| [(0, *x)]).collect();
    let told = call(&mut guest, &people.iter().map(|rows| rows.as_slice()).collect::<Vec<_>>());
    assert_eq!(column(&told, 0), [Some(0), Some(1), None, None, None, None, None, None]);
    assert_eq!(column(&told, 1), [None, None, None, Some(202_401), None, None, None, None]);
    assert_eq!(column(&told, 2), [Some(0), Some(16), Some(16), Some(404_804), None, None, Some(2), None]);
}

#[test]
fn a_person_with_too_many_rows_has_no_result_and_many_rows_cost_fuel() {
    let mut guest = worker(&manifest(1, COUNT), MIX);
    let one = |rows: usize| vec![(1, 1.0); rows];
    let (few, many, too_many) = (one(12_000), one(LIMITS.person_rows), one(LIMITS.person_rows + 1));
    let told = call(&mut guest, &[&few, &too_many, &many, &few]);
    // Each row costs its call, so that the last of the many find no fuel.
    assert_eq!(counts(&told), [Some(1), None, None, Some(1)]);
    assert_eq!(column(&told, 0).len(), 2);
}

#[test]
fn the_worked_example_gives_the_index_that_is_known() {
    let manifest = include_str!("../../../../sandbox-sdk/examples/charlson/guest.toml");
    let module = include_bytes!("../../../../sandbox-sdk/examples/charlson/guest.wasm");
    let artefact = Artefact::compile(program(), Layers::ALL, manifest, module).unwrap();
    assert_eq!(artefact.accepted().state, visiting_intake::State::Reset);
    let pool = Pool::new(program().to_owned(), Layers::ALL, artefact.into());
    // Codes of a person, score, place of the band.
    let people: [(&[&str], u32, u32); 6] = [
        (&["I10", "J00"], 0, 0),
        (&["E119", "I500", "E110"], 2, 1),
        (&["C780"], 6, 3),
        (&[], 0, 0),
        (&["N185", "K746"], 3, 2),
        (&["B24", "C787", "C349", "K721", "G819", "I21", "F00"], 6 + 6 + 2 + 3 + 2 + 1 + 1, 3),
    ];
    let dictionary: Vec<_> = people.iter().flat_map(|(codes, ..)| *codes).map(|code| visiting_sdk::pack(code.as_bytes())).collect();
    let keys: Vec<i32> = (0..dictionary.len() as i32).collect();
    let lengths: Vec<u32> = people.iter().map(|(codes, ..)| codes.len() as u32).collect();
    let told = pool.people(0, &[Column::Text(&keys, &dictionary, Validity::ALL)], &lengths).unwrap();
    assert_eq!(counts(&told), [Some(1); 6]);
    assert_eq!(column(&told, 0), people.iter().map(|(_, score, _)| Some(*score)).collect::<Vec<_>>());
    assert_eq!(column(&told, 1), people.iter().map(|(.., band)| Some(*band)).collect::<Vec<_>>());
}
