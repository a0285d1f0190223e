//! Guests of the person form, and guests that give numbers: in SQL, against the same question without a guest, and refused where they do
//! not fit.

use visiting_tests::{guest::Source, world::World};

use crate::{base, guests::bind};

/// Counts the rows of each person. That it counts from nothing for everybody is the host's doing: it has a global and never clears it.
fn visits(name: &str, reads: &str) -> Source {
    let manifest = format!(
        "abi = 2\nname = \"{name}\"\nform = \"person\"\nreads = \"{reads}\"\nrows = 1\nparams = [{{ name = \"ym\", kind = \"int\" }}]\n\
         columns = [{{ name = \"n\", kind = \"number\", low = 0, high = 5000, step = 1 }}, {{ name = \"use\", kind = \"label\", labels = [\
         {{ value = 0, label = \"few\" }}, {{ value = 1, label = \"many\" }}] }}]\n"
    );
    let text = r#"(module (global $n (mut i32) (i32.const 0))
        (func (export "row") (param i32 i64) (global.set $n (i32.add (global.get $n) (i32.const 1))))
        (func (export "finish") (result i32) (i32.const 1))
        (func (export "get") (param i32 i32) (result f64)
            (if (local.get 1) (then (return (f64.convert_i32_s (i32.gt_s (global.get $n) (i32.const 10))))))
            (f64.convert_i32_s (global.get $n))))"#;
    Source { manifest, module: visiting_intake::trim(&wat::parse_str(text).unwrap()).unwrap() }
}

/// A number of a row.
fn older() -> Source {
    let manifest = "abi = 2\nname = \"age\"\nparams = [{ name = \"born\", kind = \"int\" }]\nnumber = { low = 0, high = 120, step = 1 }\n";
    let text = r#"(module (func (export "f") (param i64) (result f64)
        (f64.convert_i64_s (i64.div_s (i64.sub (i64.const 202412) (local.get 0)) (i64.const 100)))))"#;
    Source { manifest: manifest.to_owned(), module: visiting_intake::trim(&wat::parse_str(text).unwrap()).unwrap() }
}

fn shown(world: &World, permit: &str, sql: &str) -> String {
    let run = base::run(world, permit, sql);
    assert_eq!(run.status, "released", "{sql}: {:?}", run.refusal);
    String::from_utf8(world.client("per_hanako").unwrap().file(&run.id, "table.csv").unwrap()).unwrap()
}

#[test]
fn what_a_guest_makes_of_each_person_is_a_table_like_any_other() {
    let (world, permit) = base::running("made");
    bind(&world, &permit, &visits("visits", "SELECT pid, ym FROM ndb.claims"));
    let of_guest = shown(
        &world,
        &permit,
        "SELECT p.sex, COUNT(DISTINCT p.pid) AS n FROM ndb.patients p JOIN guest.visits v ON p.pid = v.pid WHERE v.n > 10 GROUP BY p.sex",
    );
    // The same people in a world of their own, where no number of theirs was shown before.
    let (other, own) = base::running("made-sql");
    let of_sql = shown(
        &other,
        &own,
        "SELECT p.sex, COUNT(DISTINCT p.pid) AS n FROM ndb.patients p JOIN (SELECT pid, COUNT(*) AS n FROM ndb.claims GROUP BY pid) v ON p.pid = v.pid WHERE v.n > 10 GROUP BY p.sex",
    );
    assert_eq!(of_guest, of_sql);
    assert!(of_guest.lines().count() == 3, "{of_guest}");
    // Its numbers are measures of one's own.
    let mean = shown(&world, &permit, "SELECT COUNT(DISTINCT pid) AS n, AVG(n) AS visits FROM guest.visits");
    let cells: Vec<&str> = mean.lines().nth(1).unwrap().split(',').collect();
    assert!(cells[1].parse::<f64>().is_ok_and(|mean| mean > 1.0), "{mean}");
    assert_eq!(world.client("per_hanako").unwrap().permit(&permit).unwrap().budgets[1].left, 19);
    let labels = shown(&world, &permit, "SELECT use, COUNT(DISTINCT pid) AS n FROM guest.visits GROUP BY use");
    assert!(labels.contains("few,") && labels.contains("many,"), "{labels}");
}

#[test]
fn a_guests_number_is_a_measure_of_ones_own() {
    let (world, permit) = base::running("made-number");
    bind(&world, &permit, &older());
    let table =
        shown(&world, &permit, "SELECT sex, COUNT(DISTINCT pid) AS n, AVG(guest.age(birth_ym)) AS age FROM ndb.patients GROUP BY sex");
    for line in table.lines().skip(1) {
        let age: f64 = line.split(',').nth(2).unwrap().parse().unwrap_or_else(|_| panic!("{table}"));
        assert!((30.0..90.0).contains(&age), "{table}");
    }
    let older = shown(&world, &permit, "SELECT COUNT(DISTINCT pid) AS n FROM ndb.patients WHERE guest.age(birth_ym) >= 65");
    assert!(older.lines().count() == 2, "{older}");
}

#[test]
fn a_guest_in_the_wrong_place_or_with_a_wrong_input_is_told_so() {
    let (world, permit) = base::running("made-wrong");
    for (name, reads) in [
        ("nobody", "SELECT ym FROM ndb.claims"),
        ("elsewhere", "SELECT pid, ym FROM other.claims"),
        ("other_kind", "SELECT pid, icd10 FROM ndb.claims"),
        ("groups", "SELECT sex, COUNT(*) FROM ndb.patients GROUP BY sex"),
        ("itself", "SELECT pid, n FROM guest.itself"),
        ("visits", "SELECT pid, ym FROM ndb.claims"),
    ] {
        bind(&world, &permit, &visits(name, reads));
    }
    bind(&world, &permit, &older());
    let count = |from: &str| format!("SELECT COUNT(DISTINCT pid) AS n FROM {from}");
    for (sql, code) in [
        (count("guest.nobody"), "sql-not-offered"),
        (count("guest.elsewhere"), "name-unknown"),
        (count("guest.other_kind"), "sql-not-offered"),
        (count("guest.groups"), "sql-not-offered"),
        (count("guest.itself"), "name-unknown"),
        (count("guest.none"), "name-unknown"),
        (count("guest.age"), "sql-not-offered"),
        ("SELECT COUNT(DISTINCT pid) AS n FROM ndb.patients WHERE guest.visits(birth_ym) = 1".to_owned(), "sql-not-offered"),
        ("SELECT pid, n FROM guest.visits".to_owned(), "sql-not-offered"),
        ("SELECT MAX(n) AS n FROM guest.visits".to_owned(), "sql-not-offered"),
        ("SELECT n, COUNT(DISTINCT pid) AS p FROM guest.visits WHERE pid = 3 GROUP BY n".to_owned(), "column-use"),
    ] {
        let run = base::run(&world, &permit, &sql);
        let refusal = run.refusal.unwrap_or_else(|| panic!("{sql}"));
        assert_eq!(refusal.code, code, "{sql}: {}", refusal.detail);
    }
}
