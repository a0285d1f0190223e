//! A guest's numbers are measures of one's own under whatever name they come: as labels, as months, as rows of a list, per person.

use visiting_tests::{guest::Source, world::World};

use crate::{base, guests::bind, made::older};

/// About each person one row: a number and a month, and a label that everybody has.
fn about() -> Source {
    let manifest = "abi = 2\nname = \"about\"\nform = \"person\"\nreads = \"SELECT pid, points FROM ndb.claims\"\nrows = 1\n\
        params = [{ name = \"points\", kind = \"int\" }]\n\
        columns = [{ name = \"n\", kind = \"number\", low = 0, high = 9, step = 1 }, { name = \"since\", kind = \"month\" }]\n";
    let text = r#"(module (global $sum (mut i64) (i64.const 0))
        (func (export "row") (param i32 i64) (global.set $sum (i64.add (global.get $sum) (local.get 1))))
        (func (export "finish") (result i32) (i32.const 1))
        (func (export "get") (param i32 i32) (result f64)
            (if (local.get 1) (then (return (f64.add (f64.const 202401) (f64.convert_i64_u (i64.rem_u (global.get $sum) (i64.const 7)))))))
            (f64.convert_i64_u (i64.rem_u (global.get $sum) (i64.const 9)))))"#;
    Source { manifest: manifest.to_owned(), module: visiting_intake::trim(&wat::parse_str(text).unwrap()).unwrap() }
}

/// A label of everybody's sex.
fn half() -> Source {
    let manifest = "abi = 2\nname = \"half\"\nparams = [{ name = \"sex\", kind = \"int\" }]\n\
        labels = [{ value = 1, label = \"one\" }, { value = 2, label = \"other\" }]\n";
    let text = r#"(module (func (export "f") (param i64) (result i32) (i32.wrap_i64 (local.get 0))))"#;
    Source { manifest: manifest.to_owned(), module: visiting_intake::trim(&wat::parse_str(text).unwrap()).unwrap() }
}

/// A number of a row that few share.
fn digit() -> Source {
    let manifest = "abi = 2\nname = \"digit\"\nparams = [{ name = \"x\", kind = \"int\" }]\nnumber = { low = 0, high = 9, step = 1 }\n";
    let text = r#"(module (func (export "f") (param i64) (result f64) (f64.convert_i64_s (i64.rem_s (local.get 0) (i64.const 7)))))"#;
    Source { manifest: manifest.to_owned(), module: visiting_intake::trim(&wat::parse_str(text).unwrap()).unwrap() }
}

fn running(name: &str) -> (World, String) {
    let (world, permit) = base::running(name);
    [about(), half(), digit(), older()].iter().for_each(|source| _ = bind(&world, &permit, source));
    (world, permit)
}

/// What a question takes from the twenty, or the code with which it is refused.
fn cost(world: &World, permit: &str, sql: &str) -> Result<u64, String> {
    let left = || world.client("per_hanako").unwrap().permit(permit).unwrap().budgets[1].left;
    let before = left();
    let run = base::run(world, permit, sql);
    match run.refusal {
        Some(refusal) => Err(refusal.code),
        None => Ok(before - left()),
    }
}

const LIST: &str = "(VALUES (1), (2), (3), (4), (5), (6), (7), (8), (9)) v(j)";

#[test]
fn a_guests_number_that_chooses_rows_of_a_list_is_a_measure_still() {
    let (world, permit) = running("measures-list");
    let ask = |sql: &str| cost(&world, &permit, &sql.replace("LIST", LIST));
    assert_eq!(ask("SELECT COUNT(DISTINCT pid) AS p, COUNT(*) AS s FROM guest.about CROSS JOIN LIST WHERE v.j <= n"), Ok(1));
    let again = "SELECT COUNT(DISTINCT pid) AS p, SUM(CASE WHEN v.j <= n THEN 1 END) AS s FROM guest.about CROSS JOIN LIST";
    assert_eq!(ask(again), Ok(0), "the same number of each person is the same measure");
    assert_eq!(
        ask("SELECT COUNT(DISTINCT pid) AS p, COUNT(*) AS s FROM ndb.patients CROSS JOIN LIST WHERE v.j <= guest.age(birth_ym)"),
        Ok(1),
        "a function of the row as well"
    );
    let per_person = "(SELECT pid, COUNT(*) AS r FROM guest.about CROSS JOIN LIST WHERE v.j <= n GROUP BY pid) t";
    assert_eq!(ask(&format!("SELECT r, COUNT(DISTINCT pid) AS p FROM {per_person} GROUP BY r")), Err("column-use".to_owned()));
    for sql in [
        format!("SELECT COUNT(DISTINCT pid) AS p, MEDIAN(r) AS m FROM {per_person}"),
        "SELECT COUNT(DISTINCT pid) AS p, COUNT(DISTINCT v.j) AS m FROM guest.about CROSS JOIN LIST WHERE v.j <= n".to_owned(),
        // A measure of its own for each row of the list, under one name.
        "SELECT v.j, COUNT(DISTINCT pid) AS p, SUM(guest.age(v.j)) AS s FROM ndb.patients CROSS JOIN LIST GROUP BY v.j".to_owned(),
        "SELECT v.j, COUNT(DISTINCT pid) AS p, SUM(n) AS s FROM guest.about CROSS JOIN LIST GROUP BY v.j".to_owned(),
        "SELECT k, COUNT(DISTINCT pid) AS p, SUM(guest.digit(k)) AS s FROM (SELECT DISTINCT pid, birth_ym, v.j * 2 AS k FROM ndb.patients CROSS JOIN LIST) t GROUP BY k".to_owned(),
    ] {
        assert_eq!(ask(&sql), Err("sql-not-offered".to_owned()), "{sql}");
    }
}

#[test]
fn a_guests_months_and_labels_are_measures_and_values_of_its_own() {
    let (world, permit) = running("measures-months");
    let ask = |sql: &str| cost(&world, &permit, sql);
    assert_eq!(ask("SELECT COUNT(DISTINCT pid) AS p, SUM(months_between(202401, since)) AS s FROM guest.about"), Ok(1));
    for sql in [
        "SELECT COUNT(DISTINCT pid) AS p, MEDIAN(year_of(since)) AS m FROM guest.about",
        "SELECT COUNT(DISTINCT u) AS m FROM (SELECT pid, MAX(l) AS u FROM (SELECT pid, guest.half(sex) AS l FROM ndb.patients WHERE guest.half(sex) IS NOT NULL) a GROUP BY pid) b",
        "SELECT COUNT(DISTINCT since) AS m FROM guest.about",
        "SELECT COUNT(DISTINCT pid) AS p, AVG(guest.age(n)) AS m FROM guest.about",
    ] {
        assert_eq!(ask(sql), Err("sql-not-offered".to_owned()), "{sql}");
    }
    // As many rows of a person as the guest has labels for the person's rows.
    let rows = "SELECT COUNT(DISTINCT pid) AS p, COUNT(*) AS r FROM (SELECT pid, guest.digit(points) AS a FROM ndb.claims GROUP BY pid, guest.digit(points)) t";
    assert_eq!(ask(rows), Ok(1));
}

#[test]
fn whether_somebody_has_no_row_with_a_label_does_not_end_a_run() {
    // On the far side of an outer join a row may be without what the call always gives.
    let labelled = "(SELECT pid, guest.half(sex) AS l FROM ndb.patients WHERE guest.half(sex) IS NOT NULL AND NOT (birth_ym = 195003 AND pref = 31)) t";
    let plain = "(SELECT pid, guest.half(sex) AS l FROM ndb.patients WHERE NOT (birth_ym = 195003 AND pref = 31)) t";
    for join in [
        format!("ndb.patients p LEFT JOIN {labelled} ON t.pid = p.pid"),
        format!("{labelled} RIGHT JOIN ndb.patients p ON t.pid = p.pid"),
        format!("ndb.patients p LEFT JOIN {plain} ON t.pid = p.pid"),
    ] {
        let sql = format!("SELECT t.l, COUNT(DISTINCT p.pid) AS n FROM {join} GROUP BY t.l");
        let (world, permit) = running("measures-far");
        let run = base::run(&world, &permit, &sql);
        assert_eq!(run.status, "released", "{sql}: {:?}", run.refusal);
    }
}
