//! Guests over groups: a number from all rows of a group is seen by nobody before two checkers have let it go.

use visiting_gateway::{files, home::Home};
use visiting_policies::{check::Finding, record::Act, terms::Verdict};
use visiting_tests::{guest::Source, world::World};

use crate::{base, guests::bind};

/// The mean of a column, in hundreds.
fn mean() -> Source {
    let manifest = "abi = 2\nname = \"mean\"\nform = \"group\"\nparams = [{ name = \"x\", kind = \"int\" }]\n\
        number = { low = 0, high = 100000, step = 100 }\n";
    let text = r#"(module (global $sum (mut i64) (i64.const 0)) (global $n (mut i64) (i64.const 0))
        (func (export "row") (param i32 i64)
            (global.set $sum (i64.add (global.get $sum) (local.get 1)))
            (global.set $n (i64.add (global.get $n) (i64.const 1))))
        (func (export "finish") (result i32) (i32.const 1))
        (func (export "get") (param i32 i32) (result f64) (f64.div (f64.convert_i64_s (global.get $sum)) (f64.convert_i64_s (global.get $n)))))"#;
    Source { manifest: manifest.to_owned(), module: visiting_intake::trim(&wat::parse_str(text).unwrap()).unwrap() }
}

const BY_SEX: &str = "SELECT p.sex, COUNT(DISTINCT p.pid) AS n, guest.mean(c.points) AS m FROM ndb.patients p JOIN ndb.claims c ON p.pid = c.pid GROUP BY p.sex";

fn let_go(world: &World, checker: &str, run: &str) -> String {
    let key = base::key(world, checker);
    world.client(checker).unwrap().check(run, Finding::Release, "looked at it", &key).unwrap().status
}

#[test]
fn what_a_guest_makes_of_many_people_is_held_for_two_checkers() {
    let (world, permit) = base::running("over");
    bind(&world, &permit, &mean());
    let nothing = mean();
    let module = r#"(module (func (export "row") (param i32 i64)) (func (export "finish") (result i32) (i32.const 0)) (func (export "get") (param i32 i32) (result f64) (f64.const 1)))"#;
    let module = visiting_intake::trim(&wat::parse_str(module).unwrap()).unwrap();
    bind(&world, &permit, &Source { manifest: nothing.manifest.replace("\"mean\"", "\"none\""), module });
    let hanako = world.client("per_hanako").unwrap();
    let run = base::run(&world, &permit, BY_SEX);
    assert_eq!((run.status.as_str(), run.verdict, run.files.len()), ("held", Some(Verdict::Hold), 0), "{run:?}");
    assert_eq!(hanako.file(&run.id, "table.csv").unwrap_err().code, "not-found");
    let checker = world.client("per_checker1").unwrap();
    assert_eq!(checker.holds().unwrap()[0].reasons, ["guest_over_people"]);
    let key = files::read_seal_key(&Home::at(world.home()).seal_key("per_checker1")).unwrap();
    let (_, evidence) = checker.open_hold(&run.id, &key).unwrap();
    assert!(evidence.table.starts_with("sex,n,m,note\n1,"), "{}", evidence.table);
    assert_eq!(let_go(&world, "per_checker1", &run.id), "held");
    assert_eq!(let_go(&world, "per_checker2", &run.id), "approved");
    let done = hanako.wait(&run.id).unwrap();
    assert_eq!(done.status, "released", "{done:?}");
    let table = String::from_utf8(hanako.file(&run.id, "table.csv").unwrap()).unwrap();
    let sums = base::table(&world, &permit, "SELECT p.sex, COUNT(DISTINCT p.pid) AS n, AVG(c.points) AS m FROM ndb.patients p JOIN ndb.claims c ON p.pid = c.pid GROUP BY p.sex").unwrap();
    let means = |csv: &str| -> Vec<f64> { csv.lines().skip(1).map(|line| line.split(',').nth(2).unwrap().parse().unwrap()).collect() };
    assert_eq!(means(&table).len(), 2);
    for (ours, sql) in means(&table).into_iter().zip(means(&sums)) {
        assert!(ours % 100.0 == 0.0 && (ours - sql).abs() <= 50.0 + sql * 0.05, "{table}\n{sums}");
    }
    let events = world.events().unwrap();
    let held = events.iter().find_map(|e| if let Act::RunJudged { report, .. } = &e.act { report.held.clone() } else { None }).unwrap();
    assert_eq!(held.checkers, 2);
    // What is let go is the very table that was looked at.
    let judged: Vec<_> =
        events.iter().filter_map(|e| if let Act::RunJudged { report, .. } = &e.act { Some(report) } else { None }).collect();
    let tables: Vec<_> = judged.iter().filter(|r| r.run.as_str() == run.id).filter_map(|r| r.rules.get("table")).collect();
    assert!(tables.len() == 2 && tables[0] == tables[1] && tables[0].len() == 64, "{tables:?}");
    // Over everybody, and where it says nothing: whether it does is for the checkers to see.
    let run = base::run(&world, &permit, "SELECT guest.none(points) AS m FROM ndb.claims");
    assert_eq!(run.status, "held", "{run:?}");
    let run = base::run(&world, &permit, "SELECT COUNT(DISTINCT pid) AS n, guest.mean(points) AS m FROM ndb.claims");
    assert_eq!(run.status, "held");
    let run = base::run(&world, &permit, "SELECT icd10, guest.mean(points) AS m FROM ndb.claims GROUP BY icd10 ORDER BY m");
    assert_eq!(run.status, "held");
    world.audit().unwrap();
}

#[test]
fn a_guest_over_groups_stands_where_groups_of_people_are_and_nowhere_else() {
    let (world, permit) = base::running("over-wrong");
    bind(&world, &permit, &mean());
    for (sql, code) in [
        // How many rows are left would tell of the number before anybody has looked.
        ("SELECT COUNT(DISTINCT pid) AS n, guest.mean(points) AS m FROM ndb.claims HAVING guest.mean(points) >= 500", "sql-not-offered"),
        ("SELECT n, m FROM (SELECT COUNT(DISTINCT pid) AS n, guest.mean(points) AS m FROM ndb.claims) t WHERE m >= 500", "sql-not-offered"),
        ("SELECT icd10, guest.mean(points) AS m FROM ndb.claims GROUP BY icd10 ORDER BY m LIMIT 1", "sql-not-offered"),
        ("SELECT v.j, guest.mean(points) AS m FROM ndb.claims CROSS JOIN (VALUES (1), (2)) v(j) GROUP BY v.j", "sql-not-offered"),
        (
            "SELECT guest.mean(CASE WHEN EXISTS (SELECT 1 FROM ndb.labs l WHERE l.pid = c.pid) THEN points END) AS m FROM ndb.claims c",
            "sql-not-offered",
        ),
        (
            "SELECT COUNT(DISTINCT pid) AS n, SUM(m) AS s FROM (SELECT pid, guest.mean(points) AS m FROM ndb.claims GROUP BY pid) t",
            "sql-not-offered",
        ),
        (
            "SELECT COUNT(DISTINCT pid) AS n, SUM(m) AS s FROM (SELECT pid, guest.mean(points) OVER (PARTITION BY pid) AS m FROM ndb.claims) t",
            "sql-not-offered",
        ),
        ("SELECT guest.mean(n) AS m FROM (SELECT icd10, COUNT(DISTINCT pid) AS n FROM ndb.claims GROUP BY icd10) t", "sql-not-offered"),
        ("SELECT icd10, guest.mean(points) AS m FROM ndb.claims GROUP BY ROLLUP (icd10)", "sql-not-offered"),
        ("SELECT COUNT(DISTINCT pid) AS n FROM ndb.claims WHERE points > (SELECT guest.mean(points) FROM ndb.claims)", "sql-not-offered"),
        ("SELECT COUNT(DISTINCT pid) AS n FROM ndb.claims WHERE guest.mean(points) > 3", "sql-not-offered"),
        ("SELECT icd10, guest.mean(DISTINCT points) AS m FROM ndb.claims GROUP BY icd10", "sql-not-offered"),
        ("SELECT icd10, guest.mean(points) FILTER (WHERE points > 3) AS m FROM ndb.claims GROUP BY icd10", "sql-not-offered"),
        ("SELECT icd10, guest.mean(points, points) AS m FROM ndb.claims GROUP BY icd10", "sql-not-offered"),
        ("SELECT sex, guest.mean(pid) AS m FROM ndb.patients GROUP BY sex", "column-use"),
        ("SELECT sex, guest.mean(jlac10) AS m FROM ndb.patients JOIN ndb.labs USING (pid) GROUP BY sex", "sql-not-offered"),
        ("SELECT guest.mean(birth_ym) AS m FROM kaigo.recipients", "rule-forbids"),
        ("SELECT guest.mean(points) AS m FROM guest.mean", "sql-not-offered"),
    ] {
        let run = base::run(&world, &permit, sql);
        let refusal = run.refusal.unwrap_or_else(|| panic!("{sql}: {}", run.status));
        assert_eq!(refusal.code, code, "{sql}: {}", refusal.detail);
    }
}
