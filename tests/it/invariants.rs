//! One test per invariant of the design that exists by now (`docs`: ARCHITECTURE.md). `tests/mutants/` keeps a patch for each that breaks
//! the invariant and must make just that test fail.

mod keys;
mod rooms;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    process::Command,
    time::Duration,
};

use visiting_policies::record::{Act, Event};
use visiting_tests::{
    guest,
    journey::{COLUMNS, JOINED, SUMS},
    world::{Unit, World, tree},
};

use self::{
    keys::order,
    rooms::{listening, refuses_other_machines},
};
use crate::{
    base,
    middle::{Middle, Rule},
};

/// Rows of a source file as maps from column to field.
fn rows(source: &Path, file: &str) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_path(source.join(file)).unwrap();
    reader.deserialize().map(Result::unwrap).collect()
}

#[test]
fn i01_no_row_about_one_person_leaves() {
    let (world, permit) = base::running("i01");
    // Groups so fine that nobody shares theirs with nine others: nothing may leave, not even empty-handed rows.
    let fine = "SELECT birth_ym, pref, sex, COUNT(DISTINCT pid) FROM ndb.patients GROUP BY birth_ym, pref, sex";
    assert_eq!(base::table(&world, &permit, fine), Err("nothing-to-show".to_owned()));
    let table =
        base::table(&world, &permit, "SELECT pref, sex, COUNT(DISTINCT pid) AS people FROM ndb.patients GROUP BY pref, sex").unwrap();
    let mut people = BTreeMap::<(String, String), usize>::new();
    for row in rows(&base::loaded().join("source/ndb"), "patients.csv") {
        *people.entry((row["pref"].clone(), row["sex"].clone())).or_default() += 1;
    }
    assert!(people.values().any(|n| *n < 10), "the population has small groups");
    let shown: BTreeSet<(String, String)> =
        table.lines().skip(1).map(|l| l.split(',').map(str::to_owned).collect::<Vec<_>>()).map(|f| (f[0].clone(), f[1].clone())).collect();
    assert_eq!(shown, people.iter().filter(|(_, n)| **n >= 10).map(|(k, _)| k.clone()).collect());
    // What the gateway and the public hold names no source identity.
    let numbers: BTreeSet<String> =
        rows(&base::loaded().join("source/ndb"), "patients.csv").into_iter().map(|r| r["insured_number"].clone()).collect();
    for room in ["gateway", "log", "enclave"] {
        each_file(&world.home().join(room), &mut |path, bytes| {
            let text = String::from_utf8_lossy(bytes);
            assert!(!numbers.iter().take(50).any(|n| text.contains(n.as_str())), "{} holds an insured number", path.display());
        });
    }
}

fn each_file(folder: &Path, look: &mut dyn FnMut(&Path, &[u8])) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            each_file(&path, look);
            continue;
        }
        // The world runs while it is looked through: a file may be renamed or gone between the listing and the look.
        match fs::read(&path) {
            Ok(bytes) => look(&path, &bytes),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
            Err(e) => panic!("{}: {e}", path.display()),
        }
    }
}

#[test]
fn i02_nothing_runs_or_leaves_that_is_not_in_the_record() {
    let granted = base::granted();
    let mut world = World::copy_of("i02", &granted.home).unwrap();
    let middle = Middle::start(world.internal(), Rule::Block("/internal/v1/verdicts"));
    world.set_door(&middle.address);
    world.start_all().unwrap();
    let hanako = world.client("per_hanako").unwrap();
    let run = hanako.run(&granted.permit, JOINED).unwrap().id;
    assert!(
        world.events().unwrap().iter().any(|e| matches!(&e.act, Act::RunRequested { run: r, .. } if r.as_str() == run)),
        "the intent comes first"
    );
    // The verdict cannot enter the record: then no byte leaves, however often the enclave tries.
    middle.wait_met("/internal/v1/verdicts", 3);
    assert_eq!(middle.met("/internal/v1/deliveries"), 0, "bytes left before their verdict was in the record");
    assert_eq!(hanako.file(&run, "table.csv").unwrap_err().code, "not-found");
    middle.turn_honest();
    assert_eq!(hanako.wait(&run).unwrap().status, "released");
    hanako.file(&run, "table.csv").unwrap();
    let events = world.events().unwrap();
    let at = |of: &dyn Fn(&Act) -> bool| events.iter().position(|e: &Event| of(&e.act)).expect("the event is in the record");
    let asked = at(&|a| matches!(a, Act::RunRequested { run: r, .. } if r.as_str() == run));
    let judged = at(&|a| matches!(a, Act::RunJudged { report, .. } if report.run.as_str() == run));
    let released = at(&|a| matches!(a, Act::Released { run: r, .. } if r.as_str() == run));
    let fetched = at(&|a| matches!(a, Act::Downloaded { run: r, file } if r.as_str() == run && file == "table.csv"));
    assert!(asked < judged && judged < released && released < fetched);
}

#[test]
fn i03_the_gate_judges_by_the_hosts_own_counts() {
    let (world, permit) = base::running("i03");
    // Rows are asked for, not people: who has many rows does not make a group larger.
    let sql = "SELECT p.pref, icd10, COUNT(*) AS lines FROM ndb.claims JOIN ndb.patients p USING (pid) GROUP BY p.pref, icd10";
    let table = base::table(&world, &permit, sql).unwrap();
    let source = base::loaded().join("source/ndb");
    let oldest = oldest_numbers(&source);
    let person = |number: &String| oldest.get(number).cloned().unwrap_or_else(|| number.clone());
    let homes: BTreeMap<String, String> =
        rows(&source, "patients.csv").iter().map(|r| (person(&r["insured_number"]), r["pref"].clone())).collect();
    let mut groups = BTreeMap::<(String, String), (BTreeSet<String>, usize)>::new();
    for row in rows(&source, "claims.csv") {
        let who = person(&row["insured_number"]);
        let group = groups.entry((homes[&who].clone(), row["icd10"].clone())).or_default();
        group.0.insert(who);
        group.1 += 1;
    }
    let few_people_many_rows = groups.values().filter(|(people, lines)| people.len() < 10 && *lines >= 20).count();
    assert!(few_people_many_rows > 0, "the population has such groups");
    let shown: BTreeSet<(String, String)> =
        table.lines().skip(1).map(|l| l.split(',').map(str::to_owned).collect::<Vec<_>>()).map(|f| (f[0].clone(), f[1].clone())).collect();
    assert_eq!(shown, groups.iter().filter(|(_, (people, _))| people.len() >= 10).map(|(k, _)| k.clone()).collect());
    // A guest that makes one group of all small ones names groups, and counts nobody: each label's people are counted by the host.
    let small = guest::guest("small", &[("pref", "int"), ("disease", "text")], &["named", "other"], &{
        let (pref, disease) = groups.iter().find(|(_, (people, _))| people.len() < 10).map(|(key, _)| key).unwrap();
        // The boundary's form of a text of at most eight bytes: its bytes from the highest place on.
        let word = disease.bytes().fold(0u64, |word, byte| (word << 8) | u64::from(byte)) << (8 * (8 - disease.len()));
        format!("(i32.eqz (i32.and (i64.eq (local.get $pref) (i64.const {pref})) (i64.eq (local.get $disease) (i64.const {word}))))")
    });
    crate::guests::bind(&world, &permit, &small.unwrap());
    let call = "guest.small(p.pref, icd10)";
    let sql = format!("SELECT {call} AS g, COUNT(*) AS lines FROM ndb.claims JOIN ndb.patients p USING (pid) GROUP BY {call}");
    let table = base::table(&world, &permit, &sql).unwrap();
    assert!(table.contains("\nother,") && !table.contains("named"), "{table}");
    // And no researcher's number can stand where the host counts.
    for sql in ["SELECT 100 AS people FROM ndb.patients", "SELECT sex, 100 AS people, COUNT(DISTINCT pid) FROM ndb.patients GROUP BY sex"] {
        assert_eq!(base::table(&world, &permit, sql), Err("sql-not-offered".to_owned()));
    }
}

/// Each number's oldest predecessor.
fn oldest_numbers(source: &Path) -> BTreeMap<String, String> {
    let steps: BTreeMap<String, String> =
        rows(source, "history.csv").into_iter().map(|r| (r["insured_number"].clone(), r["previous_number"].clone())).collect();
    let walk = |number: &String| {
        let mut at = number;
        while let Some(previous) = steps.get(at) {
            at = previous;
        }
        at.clone()
    };
    steps.keys().map(|n| (n.clone(), walk(n))).collect()
}

#[test]
fn i04_the_rooms_are_apart() {
    let families = |package: &str| -> BTreeSet<String> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let arguments = ["tree", "--offline", "--edges", "normal,build", "--prefix", "none", "--format", "{p}", "--package", package];
        let out = Command::new(cargo).current_dir(tree().unwrap()).args(arguments).output().unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8_lossy(&out.stdout).lines().filter_map(|l| l.split(' ').next()).map(str::to_owned).collect()
    };
    let walls = [
        ("visiting-gateway", &["datafusion", "parquet", "arrow", "visiting-enclave", "visiting-linkage"][..]),
        ("visiting-enclave", &["axum", "hyper", "visiting-gateway"][..]),
        ("visiting-linkage", &["axum", "hyper", "datafusion", "parquet", "visiting-gateway", "visiting-enclave"][..]),
        ("visiting-verify", &["axum", "hyper", "datafusion", "visiting-gateway", "visiting-enclave"][..]),
    ];
    for (package, banned) in walls {
        let tree = families(package);
        let breach = tree.iter().find(|name| banned.iter().any(|b| *name == b || name.starts_with(&format!("{b}-"))));
        assert_eq!(breach, None, "{package} links what it must not");
    }
    let (world, _) = base::running("i04");
    for unit in [Unit::Enclave, Unit::Linkage] {
        assert_eq!(listening(world.pid(unit).unwrap()), 0, "{} listens on the network", unit.name());
    }
    assert_eq!(listening(world.pid(Unit::Gateway).unwrap()), 2, "the gateway has its two listeners");
    refuses_other_machines(&world);
}

#[test]
fn i05_what_the_permit_does_not_name_does_not_exist() {
    let mut world = World::copy_of("i05", base::loaded()).unwrap();
    world.start_all().unwrap();
    let permit = base::permit(&world, &["ndb.patients.sex", "ndb.claims.points"], (202401, 202412));
    let refused = |sql: &str| base::run(&world, &permit, sql).refusal.expect("refused");
    // Columns: one that the listing has and one that nobody has. Tables: of this listing, of another, of none.
    let columns = ["pref", "kana", "nothing"].map(|c| format!("SELECT {c}, COUNT(DISTINCT pid) FROM ndb.patients GROUP BY {c}"));
    let filters = ["pref", "nothing"].map(|c| format!("SELECT COUNT(DISTINCT pid) FROM ndb.patients WHERE {c} = 1"));
    let sums = ["ym", "nothing"].map(|c| format!("SELECT SUM({c}) FROM ndb.claims"));
    // Guests: one of another permit, and one of none.
    let other_permit = base::permit(&world, &["ndb.patients.sex", "ndb.patients.birth_ym"], (202401, 202412));
    crate::guests::bind(&world, &other_permit, &guest::band("band").unwrap());
    let guests = ["guest.band(sex, sex)", "guest.nothing(sex, sex)", "guest.band(birth_ym, sex)", "nothing"]
        .map(|g| format!("SELECT COUNT(DISTINCT pid) FROM ndb.patients WHERE {g} = 'young'"));
    let tables = ["ndb.labs", "ndb.nothing", "kaigo.services", "omop.persons", "nothing.nothing", "labs"]
        .map(|t| format!("SELECT COUNT(DISTINCT pid) FROM {t}"));
    for group in [&columns[..], &filters, &sums, &guests, &tables] {
        let first = refused(&group[0]);
        assert_eq!(first.code, "name-unknown");
        for sql in &group[1..] {
            assert_eq!(refused(sql), first, "{sql}");
        }
    }
    // The same for things of the gateway: what may not be seen is what does not exist.
    let token = world.raw().post("/v1/demo/login", None, None, "{\"person\":\"per_outsider\"}").unwrap().text("token");
    let run = base::run(&world, &permit, "SELECT sex, COUNT(DISTINCT pid) FROM ndb.patients GROUP BY sex").id;
    let other = |id: &str| {
        id.chars()
            .map(|c| {
                if c == '0' {
                    '1'
                } else if c.is_ascii_digit() {
                    '0'
                } else {
                    c
                }
            })
            .collect::<String>()
    };
    for path in [
        format!("/v1/permits/{permit}"),
        format!("/v1/permits/{permit}/runs"),
        format!("/v1/permits/{permit}/guests"),
        format!("/v1/runs/{run}"),
        format!("/v1/runs/{run}/files/table.csv"),
    ] {
        let (real, made_up) = (
            world.raw().get(&path, Some(&token)).unwrap(),
            world.raw().get(&other(&path).replacen("/v0", "/v1", 1), Some(&token)).unwrap(),
        );
        assert_eq!(real.status, 404, "{path}");
        assert_eq!(real, made_up, "{path}");
    }
}

#[test]
fn i06_two_permits_cannot_be_joined_and_without_its_key_an_extract_is_gone() {
    let (mut world, first) = base::running("i06");
    let second = base::permit(&world, COLUMNS, (202401, 202412));
    let (a, b) = (order(&world, &first), order(&world, &second));
    assert!(a.len() > 1000 && a.iter().collect::<BTreeSet<_>>() == b.iter().collect(), "the same people");
    // Row ids are places in this order. In two random orders about one person has the same place, and neighbours are no neighbours.
    let same = a.iter().zip(&b).filter(|(x, y)| x == y).count();
    let neighbours = |order: &[[u8; 4]]| order.windows(2).map(|p| (p[0], p[1])).collect::<BTreeSet<_>>();
    let kept = neighbours(&a).intersection(&neighbours(&b)).count();
    assert!(same < 12 && kept < 12, "{same} people have the same row id in both permits, {kept} the same neighbour");
    let extract = world.home().join(format!("enclave/extracts/{first}"));
    each_file(&extract, &mut |path, bytes| {
        let plain = bytes.windows(3).any(|w| w == b"I10") && bytes.windows(3).any(|w| w == b"E11");
        assert!(!plain && !bytes.starts_with(b"PAR1"), "{} is not encrypted", path.display());
    });
    world.kill(Unit::Enclave);
    fs::remove_file(world.home().join(format!("enclave/keys/{first}.key"))).unwrap();
    world.start(Unit::Enclave).unwrap();
    assert_eq!(base::table(&world, &first, JOINED), Err("operator-problem".to_owned()));
    assert!(base::table(&world, &second, JOINED).is_ok());
}

#[test]
fn i07_form_time_and_presence_say_nothing_about_a_person() {
    let (world, permit) = base::running("i07");
    let source = base::loaded().join("source/ndb");
    let mut people = BTreeMap::<(String, String), usize>::new();
    for row in rows(&source, "patients.csv") {
        *people.entry((row["pref"].clone(), row["birth_ym"].clone())).or_default() += 1;
    }
    let ((pref, month), _) = people.iter().find(|(_, n)| **n == 1).expect("somebody is alone in a month and prefecture");
    let nobody = (1900..1999).map(|y| format!("{y}01")).find(|m| !people.contains_key(&(pref.clone(), m.clone()))).unwrap();
    let ask = |month: &str| {
        let run = base::run(
            &world,
            &permit,
            &format!("SELECT COUNT(DISTINCT pid) AS people FROM ndb.patients WHERE pref = {pref} AND birth_ym = {month}"),
        );
        (run.refusal, run.verdict, run.files)
    };
    let (alone, none) = (ask(month), ask(&nobody));
    assert_eq!(alone, none, "one person and nobody are told apart");
    assert_eq!(alone.0.map(|r| r.code).as_deref(), Some("nothing-to-show"));
    // The same by guests with the person's own data written into them, and with nobody's; one of them runs long for that person alone.
    let named = |name: &str, month: &str| {
        let body = format!(
            "(local $n i64) (if (result i32) (i32.and (i64.eq (local.get $born) (i64.const {month})) (i64.eq (local.get $pref) (i64.const {pref})))
                (then (loop $l (br_if $l (i64.lt_u (local.tee $n (i64.add (local.get $n) (i64.const 1))) (i64.const 5000)))) (i32.const 0))
                (else (i32.const 1)))"
        );
        let source = guest::guest(name, &[("born", "int"), ("pref", "int")], &["found", "rest"], &body).unwrap();
        crate::guests::bind(&world, &permit, &source);
        let run = base::run(
            &world,
            &permit,
            &format!("SELECT COUNT(DISTINCT pid) AS people FROM ndb.patients WHERE guest.{name}(birth_ym, pref) = 'found'"),
        );
        (run.refusal, run.verdict, run.files)
    };
    assert_eq!((named("person", month), named("nobody", &nobody)), (none.clone(), none), "a guest tells one person and nobody apart");
    let table = base::table(&world, &permit, "SELECT pref, COUNT(DISTINCT pid) AS people FROM ndb.patients GROUP BY pref").unwrap();
    let keys: Vec<i64> = table.lines().skip(1).map(|l| l.split(',').next().unwrap().parse().unwrap()).collect();
    assert!(keys.is_sorted() && table.starts_with("pref,people,note\n"), "rows stand in key order, columns in the question's");
    // Verdicts come on the ladder, refusals too: a quarter of a second at the earliest.
    let events = world.events().unwrap();
    let mut asked = BTreeMap::new();
    for event in &events {
        match &event.act {
            Act::RunRequested { run, .. } => {
                asked.insert(run.clone(), event.at_ms);
            }
            Act::RunJudged { report, .. } => {
                let took = event.at_ms - asked[&report.run];
                assert!(took >= 250, "the verdict on {} came after {took} ms", report.run);
            }
            _ => {}
        }
    }
    assert!(asked.len() >= 3);
}

#[test]
fn i08_what_was_acknowledged_survives_and_what_was_begun_is_finished() {
    let granted = base::granted();
    let mut world = World::copy_of("i08", &granted.home).unwrap();
    let middle = Middle::start(world.internal(), Rule::Block("/internal/v1/verdicts"));
    world.set_door(&middle.address);
    world.start_all().unwrap();
    // The enclave dies when its verdict is durable in its ledger and on nobody else's disk.
    let run = world.client("per_hanako").unwrap().run(&granted.permit, SUMS).unwrap().id;
    middle.wait_met("/internal/v1/verdicts", 1);
    assert!(world.kill(Unit::Enclave));
    middle.turn_honest();
    world.start(Unit::Enclave).unwrap();
    let judged = |e: &Event| matches!(&e.act, Act::Released { run: r, .. } if r.as_str() == run);
    world.wait_event(0, judged, Duration::from_secs(20)).expect("the verdict that waited in the outbox leaves after a restart");
    // The gateway dies right after it has acknowledged; nothing acknowledged is missing, every time.
    let raw = world.raw();
    let token = raw.post("/v1/demo/login", None, None, "{\"person\":\"per_hanako\"}").unwrap().text("token");
    let body =
        serde_json::to_string(&visiting_tests::journey::application(&["per_hanako"], &["ndb.patients.sex"], (202401, 202412)).unwrap())
            .unwrap();
    for attempt in 0..5 {
        let key = format!("i08-{attempt}");
        let answer = raw.post("/v1/applications", Some(&token), Some(&key), &body).unwrap();
        assert_eq!(answer.status, 201);
        assert!(world.kill(Unit::Gateway));
        world.start(Unit::Gateway).unwrap();
        assert!(world.lines().iter().any(|l| l.contains(&answer.text("id"))), "an acknowledged application is lost");
        assert_eq!(
            raw.post("/v1/applications", Some(&token), Some(&key), &body).unwrap(),
            answer,
            "the same request gets the same answer after a crash"
        );
    }
    world.audit().unwrap();
}

#[test]
fn i09_the_same_question_gives_the_same_bytes_in_any_order_of_rows() {
    let (world, first) = base::running("i09");
    let second = base::permit(&world, COLUMNS, (202401, 202412));
    let fetch = |world: &World, permit: &str, sql: &str| {
        let run = base::run(world, permit, sql);
        assert_eq!(run.status, "released", "{:?}", run.refusal);
        let hanako = world.client("per_hanako").unwrap();
        ["table.csv", "table.parquet"].map(|f| hanako.file(&run.id, f).unwrap())
    };
    let questions = [
        JOINED,
        SUMS,
        "SELECT pref, jlac10, AVG(value), COUNT(DISTINCT labs.pid) FROM ndb.labs JOIN ndb.patients USING (pid) GROUP BY pref, jlac10",
        "SELECT guest.kin(icd10, points) AS kin, guest.band(birth_ym, sex) AS band, COUNT(DISTINCT pid), SUM(points) FROM ndb.claims \
         JOIN ndb.patients USING (pid) WHERE guest.band(birth_ym, 2) <> 'young' GROUP BY guest.kin(icd10, points), guest.band(birth_ym, sex)",
    ];
    let bind = |world: &World, permit: &str| {
        for source in [guest::band("band").unwrap(), guest::kin("kin").unwrap()] {
            crate::guests::bind(world, permit, &source);
        }
    };
    bind(&world, &first);
    bind(&world, &second);
    let tables = questions.map(|sql| fetch(&world, &first, sql));
    for (sql, table) in questions.iter().zip(&tables) {
        assert!(fetch(&world, &first, sql) == *table, "a second run: {sql}");
        assert!(fetch(&world, &second, sql) == *table, "another permit, other row ids: {sql}");
    }
    // The same data, loaded in the opposite order: other ordinals, other partitions, an empty ledger.
    let mut turned = World::new("i09-turned").unwrap();
    for listing in ["ndb", "kaigo"] {
        let (from, to) = (base::loaded().join("source").join(listing), turned.home().join("source").join(listing));
        fs::create_dir_all(&to).unwrap();
        for entry in fs::read_dir(&from).unwrap().flatten() {
            let text = fs::read_to_string(entry.path()).unwrap();
            let mut lines: Vec<&str> = text.lines().collect();
            lines[1..].reverse();
            fs::write(to.join(entry.file_name()), lines.join("\n") + "\n").unwrap();
        }
        turned.ingest(listing, &[to]).unwrap();
    }
    turned.start_all().unwrap();
    let permit = base::permit(&turned, COLUMNS, (202401, 202412));
    bind(&turned, &permit);
    for (sql, table) in questions.iter().zip(&tables) {
        let [csv, parquet] = fetch(&turned, &permit, sql);
        assert_eq!(String::from_utf8_lossy(&csv), String::from_utf8_lossy(&table[0]), "rows in the opposite order: {sql}");
        assert!(parquet == table[1], "rows in the opposite order, as Parquet: {sql}");
    }
}

#[test]
fn i10_what_is_shown_is_in_the_ledger_first() {
    let (mut world, permit) = base::running("i10");
    base::table(&world, &permit, JOINED).unwrap();
    world.kill(Unit::Enclave);
    let older = ["ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-shm"].map(|name| {
        let path = world.home().join("enclave").join(name);
        let bytes = fs::read(&path).ok();
        (path, bytes)
    });
    world.start(Unit::Enclave).unwrap();
    base::table(&world, &permit, SUMS).unwrap();
    // Each verdict names a ledger that has grown by what it shows.
    let heads: Vec<u64> = world
        .events()
        .unwrap()
        .iter()
        .filter_map(|e| if let Act::RunJudged { report, .. } = &e.act { Some(report.ledger.entries) } else { None })
        .collect();
    assert!(heads.len() == 2 && heads[0] < heads[1], "{heads:?}");
    // A ledger from before the last release has forgotten what was shown: the enclave does not start on it.
    world.kill(Unit::Enclave);
    for (path, bytes) in older {
        match bytes {
            Some(bytes) => fs::write(path, bytes).unwrap(),
            None => drop(fs::remove_file(path)),
        }
    }
    let refused = world.start(Unit::Enclave).unwrap_err();
    assert!(refused.contains("not the one in the record"), "{refused}");
}
