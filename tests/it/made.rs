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
pub(crate) fn older() -> Source {
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

/// What a guest reads is as good as a condition: what the publication rules forbid there they forbid here, wherever the table stands.
#[test]
fn the_publication_rules_see_what_a_guest_reads() {
    let (world, permit) = base::running("made-rules");
    for (name, reads) in [
        ("village", "SELECT pid, ym FROM kaigo.services JOIN kaigo.recipients USING (pid) WHERE municipality = '99304'"),
        ("city", "SELECT pid, ym FROM kaigo.services JOIN kaigo.recipients USING (pid) WHERE municipality = '99101'"),
        ("born", "SELECT pid, birth_ym AS ym FROM kaigo.recipients"),
        (
            "older",
            "SELECT pid, ym FROM kaigo.services WHERE EXISTS (SELECT 1 FROM kaigo.recipients r WHERE r.pid = services.pid AND r.birth_ym < 193507)",
        ),
        (
            "place",
            "SELECT s.pid, CASE WHEN r.municipality = '99304' THEN s.ym END AS ym FROM kaigo.services s JOIN kaigo.recipients r ON s.pid = r.pid",
        ),
    ] {
        bind(&world, &permit, &visits(name, reads));
    }
    let ways = |guest: &str| {
        [
            format!("SELECT COUNT(DISTINCT pid) AS n FROM guest.{guest}"),
            format!("SELECT use, COUNT(DISTINCT pid) AS n FROM guest.{guest} GROUP BY use"),
            format!("SELECT COUNT(DISTINCT p.pid) AS n FROM ndb.patients p JOIN guest.{guest} v ON p.pid = v.pid WHERE v.n > 3"),
            format!("SELECT COUNT(DISTINCT pid) AS n FROM ndb.patients p WHERE EXISTS (SELECT 1 FROM guest.{guest} v WHERE v.pid = p.pid)"),
            format!("SELECT COUNT(DISTINCT pid) AS n FROM ndb.patients WHERE pid NOT IN (SELECT pid FROM guest.{guest} WHERE use = 'few')"),
            format!("SELECT COUNT(DISTINCT pid) FILTER (WHERE n > 3) AS n FROM guest.{guest}"),
            format!("SELECT COUNT(DISTINCT pid) AS n, AVG(n) AS visits FROM guest.{guest}"),
            format!("SELECT COUNT(DISTINCT v.pid) AS n FROM ndb.patients p LEFT JOIN guest.{guest} v ON p.pid = v.pid"),
        ]
    };
    for guest in ["village", "born", "older", "place"] {
        for sql in ways(guest) {
            let run = base::run(&world, &permit, &sql);
            assert_eq!(run.refusal.map(|r| r.code).as_deref(), Some("rule-forbids"), "{sql}");
        }
    }
    for sql in &ways("city")[..2] {
        let run = base::run(&world, &permit, sql);
        assert_ne!(run.refusal.map(|r| r.code).as_deref(), Some("rule-forbids"), "{sql}");
    }
}

/// Two guests of one module that read otherwise, by a code list of the permit's own: their tables are not the same table.
#[test]
fn a_guest_reads_the_permits_own_code_lists_and_its_table_is_named_by_them() {
    let (world, first) = base::running("made-codes");
    let second = base::permit(&world, visiting_tests::journey::COLUMNS, (202401, 202412));
    let source = visits("visits", "SELECT pid, ym FROM ndb.claims JOIN codes.mine m ON claims.icd10 = m.code");
    let sql = "SELECT COUNT(DISTINCT pid) AS n FROM guest.visits";
    let mut told = Vec::new();
    for (permit, list, plain) in
        [(&first, "code\nI10\n", "= 'I10'"), (&second, "code\nI10\nE11\nE78\nJ45\n", "IN ('I10', 'E11', 'E78', 'J45')")]
    {
        world.client("per_hanako").unwrap().bind_codes(permit, "mine", list).unwrap();
        bind(&world, permit, &source);
        let (other, own) = base::running("made-codes-plain");
        let expected = shown(&other, &own, &format!("SELECT COUNT(DISTINCT pid) AS n FROM ndb.claims WHERE icd10 {plain}"));
        assert_eq!(shown(&world, permit, sql), expected, "{list}");
        told.push(expected);
    }
    assert_ne!(told[0], told[1]);
}

/// A thousand rows for a few people; for the others one, or two for every third.
fn crowd(name: &str, third: u32) -> Source {
    let manifest = format!(
        "abi = 2\nname = \"{name}\"\nform = \"person\"\nreads = \"SELECT pid, points FROM ndb.claims\"\nrows = 1000\n\
        params = [{{ name = \"points\", kind = \"int\" }}]\n\
        columns = [{{ name = \"n\", kind = \"number\", low = 0, high = 9, step = 1 }}, {{ name = \"use\", kind = \"label\", labels = [\
        {{ value = 0, label = \"few\" }}, {{ value = 1, label = \"many\" }}] }}]\n"
    );
    let text = r#"(module (global $sum (mut i64) (i64.const 0))
        (func (export "row") (param i32 i64) (global.set $sum (i64.add (global.get $sum) (local.get 1))))
        (func (export "finish") (result i32)
            (select (i32.const 1000)
                (select (i32.const THIRD) (i32.const 1) (i64.eqz (i64.rem_u (global.get $sum) (i64.const 3))))
                (i64.eqz (i64.rem_u (global.get $sum) (i64.const 499)))))
        (func (export "get") (param i32 i32) (result f64) (f64.convert_i32_s (i32.eqz (local.get 1)))))"#
        .replace("THIRD", &third.to_string());
    Source { manifest, module: visiting_intake::trim(&wat::parse_str(text).unwrap()).unwrap() }
}

/// How many rows somebody has is what a guest says of him or her: it leaves as any measure of one's own, or not at all.
#[test]
fn the_number_of_a_guests_rows_is_a_measure_of_ones_own() {
    let (world, permit) = base::running("made-rows");
    bind(&world, &permit, &crowd("alike", 1));
    bind(&world, &permit, &crowd("crowd", 2));
    let left = || world.client("per_hanako").unwrap().permit(&permit).unwrap().budgets[1].left;
    let row = |sql: &str| -> Vec<Option<f64>> {
        shown(&world, &permit, sql).lines().nth(1).unwrap().split(',').map(|cell| cell.parse().ok()).collect()
    };
    let Some(people) = row("SELECT COUNT(DISTINCT pid) AS n FROM guest.crowd")[0] else { panic!("people are people") };
    assert_eq!(left(), 20);
    // Nine in a hundred rows are theirs who have one or two; the rest is a few people's, and that is not told.
    let rows = row("SELECT COUNT(DISTINCT pid) AS n, COUNT(*) AS r FROM guest.crowd")[1].unwrap();
    assert!((1.2..1.5).contains(&(rows / people)), "{rows} rows of {people} people");
    assert_eq!(left(), 19);
    // Where all but a few are alike it would be them alone.
    let run = base::run(&world, &permit, "SELECT COUNT(*) AS r FROM guest.alike");
    assert_eq!(run.refusal.map(|r| r.code).as_deref(), Some("nothing-to-show"));
    assert_eq!(left(), 19);
    // As much where other rows are multiplied by it, per person, in a window, and after DISTINCT and UNION.
    for (sql, costs) in [
        ("SELECT COUNT(DISTINCT c.pid) AS n, SUM(c.points) AS s FROM ndb.claims c JOIN guest.crowd g ON c.pid = g.pid", 1),
        ("SELECT COUNT(DISTINCT c.pid) AS n, AVG(c.points) AS s FROM ndb.claims c JOIN guest.crowd g ON c.pid = g.pid", 1),
        // The same number of each person is the same measure.
        ("SELECT COUNT(DISTINCT pid) AS n, SUM(r) AS s FROM (SELECT pid, COUNT(*) AS r FROM guest.crowd GROUP BY pid) t", 0),
        ("SELECT COUNT(DISTINCT pid) AS n, COUNT(*) AS s FROM (SELECT pid FROM guest.crowd UNION ALL SELECT pid FROM ndb.claims) t", 1),
    ] {
        let before = left();
        let told = shown(&world, &permit, sql);
        assert_eq!(before - left(), costs, "{sql}: {told}");
    }
    // Of everybody alike there is nothing to show, and what is not shown costs nothing.
    for sql in [
        "SELECT COUNT(DISTINCT pid) AS n, COUNT(*) AS s FROM (SELECT DISTINCT pid, use FROM guest.crowd) t",
        "SELECT COUNT(DISTINCT pid) AS n, AVG(r) AS s FROM (SELECT pid, row_number() OVER (PARTITION BY pid ORDER BY n) AS r FROM guest.crowd) t",
    ] {
        let before = left();
        let told = shown(&world, &permit, sql);
        assert!(told.contains(",<k,") && before == left(), "{sql}: {told}");
    }
    for sql in [
        "SELECT COUNT(DISTINCT c.pid) AS n, STDDEV(c.points) AS s FROM ndb.claims c JOIN guest.crowd g ON c.pid = g.pid",
        "SELECT COUNT(DISTINCT c.pid) AS n, MEDIAN(c.points) AS s FROM ndb.claims c JOIN guest.crowd g ON c.pid = g.pid",
        "SELECT COUNT(DISTINCT c.pid) AS n, CORR(c.points, c.ym) AS s FROM ndb.claims c JOIN guest.crowd g ON c.pid = g.pid",
        "SELECT COUNT(DISTINCT pid) AS n, COUNT(DISTINCT use) AS s FROM guest.crowd",
        "SELECT COUNT(DISTINCT pid) AS n, COUNT(DISTINCT u) AS s FROM (SELECT pid, MAX(use) AS u FROM guest.crowd GROUP BY pid) t",
    ] {
        let run = base::run(&world, &permit, sql);
        assert_eq!(run.refusal.map(|r| r.code).as_deref(), Some("sql-not-offered"), "{sql}");
    }
    // By how many rows they have nobody is grouped: bands of it are a condition like any other.
    let run = base::run(
        &world,
        &permit,
        "SELECT r, COUNT(DISTINCT pid) AS n FROM (SELECT pid, COUNT(*) AS r FROM guest.crowd GROUP BY pid) t GROUP BY r",
    );
    assert_eq!(run.refusal.map(|r| r.code).as_deref(), Some("column-use"));
}
