//! Code lists, end to end: uploaded, examined, bound, joined, and judged exactly as the same rows written in VALUES.

use std::{fs, process::Command, sync::Arc, time::Duration};

use serde_json::json;
use visiting_gateway::{files, wire::RunView};
use visiting_policies::{
    Code,
    disclosure::limits::CODES_ROWS_MAX,
    record::{Act, Actor, Event},
    sign,
};
use visiting_tests::{
    raw::Answer,
    world::{Unit, World, binaries, text},
};

use crate::{
    base,
    fixture::{fixture, rows},
    middle::{Middle, Rule},
};

/// Diseases by kind, with a weight.
const KIN: &str = "code,kin,w\nI10,pressure,3\nI11,pressure,1\nE11,sugar,2\nE10,sugar,5\n";

/// The same rows as a text has them.
const VALUES: &str = "(VALUES ('I10', 'pressure', 3), ('I11', 'pressure', 1), ('E11', 'sugar', 2), ('E10', 'sugar', 5)) AS k(code, kin, w)";

/// A question over diseases and a list called `k`.
fn asked(shown: &str, list: &str) -> String {
    format!("SELECT k.kin, {shown} FROM ndb.claims c JOIN {list} ON c.icd10 = k.code GROUP BY k.kin")
}

fn by_kin(list: &str) -> String {
    asked("COUNT(DISTINCT c.pid) AS people, SUM(c.points) AS points", list)
}

fn bind(world: &World, permit: &str, name: &str, csv: &str) -> String {
    world.client("per_hanako").unwrap().bind_codes(permit, name, csv).unwrap().codes
}

fn token(world: &World, person: &str) -> String {
    world.raw().post("/v1/demo/login", None, None, &format!("{{\"person\":\"{person}\"}}")).unwrap().text("token")
}

fn upload(name: &str, csv: &str) -> String {
    json!({ "name": name, "csv": csv }).to_string()
}

fn post(world: &World, permit: &str, person: &str, key: &str, body: &str) -> Answer {
    world.raw().post(&format!("/v1/permits/{permit}/codes"), Some(&token(world, person)), Some(key), body).unwrap()
}

fn refused(run: RunView) -> (String, String) {
    let refusal = run.refusal.expect("refused");
    (refusal.code, refusal.detail)
}

#[test]
fn a_code_list_is_examined_bound_and_listed() {
    let (mut world, permit) = base::running("codes-bound");
    let hanako = world.client("per_hanako").unwrap();
    let before = hanako.codes(&permit).unwrap();
    assert!(before.codes.is_empty() && before.public.iter().any(|m| m.name == "prefecture" && m.rows == 47));
    let first = post(&world, &permit, "per_hanako", "k1", &upload("kin", KIN));
    assert_eq!(first.status, 201, "{}", String::from_utf8_lossy(&first.body));
    assert_eq!((first.text("codes"), first.text("name")), (sign::digest(KIN.as_bytes()), "kin".to_owned()));
    assert_eq!(first.json()["columns"][2], json!({ "name": "w", "kind": "int" }));
    // The same request again is the same answer; the same key for another body is none; a binding stands.
    assert_eq!(post(&world, &permit, "per_hanako", "k1", &upload("kin", KIN)), first);
    post(&world, &permit, "per_hanako", "k1", &upload("other", KIN)).problem(409, "key-reused").unwrap();
    post(&world, &permit, "per_hanako", "k2", &upload("kin", KIN)).problem(409, "wrong-state").unwrap();
    post(&world, &permit, "per_hanako", "k3", &upload("prefecture", KIN)).problem(409, "wrong-state").unwrap();
    assert_eq!(post(&world, &permit, "per_taro", "k4", &upload("second", KIN)).status, 201, "one file under two names");
    // A file that is larger than other requests may be, and as large as a list may.
    let long = format!("code,label\n{}", (0..CODES_ROWS_MAX).map(|n| format!("\"X{n}\",\"{}\"\n", "x".repeat(30))).collect::<String>());
    assert!(long.len() < 1 << 20 && upload("long", &long).len() < 4 << 20);
    assert_eq!(post(&world, &permit, "per_hanako", "k5", &upload("long", &long)).status, 201);
    // What was bound is there after kill -9, and the list says who and what.
    let listed = hanako.codes(&permit).unwrap();
    world.kill_all();
    world.start_all().unwrap();
    let hanako = world.client("per_hanako").unwrap();
    assert_eq!(hanako.codes(&permit).unwrap().codes, listed.codes);
    let names: Vec<(&str, &str, u64)> = listed.codes.iter().map(|c| (c.name.as_str(), c.by.as_str(), c.rows)).collect();
    assert_eq!(names, [("kin", "per_hanako", 4), ("second", "per_taro", 4), ("long", "per_hanako", CODES_ROWS_MAX as u64)]);
    let bound = |e: &Event| matches!(&e.act, Act::CodesBound { codes, name, .. } if *codes == first.text("codes") && name == "kin");
    assert_eq!(world.events().unwrap().iter().filter(|e| bound(e)).count(), 1);
    // Suspended: nothing more is bound, and the list says why.
    world.client("per_ministry").unwrap().suspend(&permit, "stop", &base::key(&world, "per_ministry")).unwrap();
    assert_eq!(hanako.codes(&permit).unwrap().codes[0].status, "withheld");
    post(&world, &permit, "per_hanako", "late", &upload("late", KIN)).problem(403, "permit-suspended").unwrap();
    world.audit().unwrap();
}

#[test]
fn what_is_no_code_list_leaves_nothing_but_its_refusal() {
    let (world, permit) = base::running("codes-refused");
    let documents = || fs::read_dir(world.home().join("gateway/documents")).unwrap().count();
    let (stored, lines) = (documents(), world.lines().len());
    let answer = post(&world, &permit, "per_hanako", "k", &upload("kin", "code,kin\nE11\n"));
    answer.problem(422, "codes-refused").unwrap();
    assert!(answer.text("detail").starts_with("line 2, column 1:") && answer.text("detail_ja").contains("2 行目"), "{answer:?}");
    assert_eq!(answer.json()["at"], json!({ "line": 2, "column": 1 }));
    for (body, status, code) in [
        (upload("Kin", KIN), 400, "malformed"),
        (upload("", KIN), 400, "malformed"),
        (json!({ "name": "kin" }).to_string(), 400, "malformed"),
        (upload("kin", ""), 422, "codes-refused"),
        (upload("kin", &"x".repeat((1 << 20) + 1)), 422, "codes-refused"),
        (upload("kin", &"x".repeat(5 << 20)), 413, "too-large"),
    ] {
        post(&world, &permit, "per_hanako", &files::request_name().unwrap(), &body).problem(status, code).unwrap();
    }
    // Whom the permit does not name learns nothing of it, whatever they send.
    let made_up = post(&world, "prm_0", "per_outsider", "k", &upload("kin", KIN));
    assert_eq!(post(&world, &permit, "per_outsider", "k", &upload("kin", KIN)), made_up);
    made_up.problem(404, "not-found").unwrap();
    assert_eq!(documents(), stored, "a refused list is stored nowhere");
    let events = world.events().unwrap();
    assert!(events[lines..].iter().all(|e| matches!(e.act, Act::Refused { .. })), "only refusals");
}

#[test]
fn a_list_is_the_same_rows_in_values_whatever_is_asked() {
    // Weights are literals or make an opaque measure; that must not depend on where they stand (attacks 2 and 3 of A2).
    let shown = [
        "COUNT(DISTINCT c.pid) AS people, SUM(c.points) AS points",
        "SUM(c.points * k.w) AS s",
        "SUM(k.w) AS s",
        "SUM(c.points + k.w) AS s, AVG(k.w) AS m",
        "AVG(CASE WHEN k.w > 2 THEN 0 ELSE c.points END) AS m",
        "COUNT(*) AS n, MAX(k.w) AS w",
    ];
    let (listed, permit) = base::running("codes-listed");
    bind(&listed, &permit, "kin", KIN);
    let (written, same) = base::running("codes-values");
    let mut released = 0;
    for shown in shown {
        let (list, values) = (asked(shown, "codes.kin AS k"), asked(shown, VALUES));
        let answer = base::table(&listed, &permit, &list);
        assert_eq!(answer, base::table(&written, &same, &values), "{shown}");
        // To the ledger they are one question: the other way of writing it shows the same again, as the same.
        assert_eq!(answer, base::table(&listed, &permit, &values), "{shown}");
        released += usize::from(answer.is_ok());
    }
    assert!(released >= 3, "{released}");
    // Another name for the same file is the same question, and the public masters are lists like any other.
    bind(&listed, &permit, "again", KIN);
    assert_eq!(base::table(&listed, &permit, &by_kin("codes.again k")), base::table(&listed, &permit, &by_kin("codes.kin k")));
    let regions =
        "SELECT k.region_ja, COUNT(DISTINCT pid) AS n FROM ndb.patients p JOIN codes.prefecture k USING (pref) GROUP BY k.region_ja";
    let regions = base::table(&written, &same, regions).unwrap();
    assert_eq!(rows(&regions).len(), 8, "{regions}");
    let chapters = "SELECT k.title_en, COUNT(DISTINCT c.pid) AS n FROM ndb.claims c JOIN codes.icd10_chapter k \
                    ON substr(c.icd10, 1, 3) BETWEEN k.first_code AND k.last_code GROUP BY k.title_en";
    assert!(base::table(&written, &same, chapters).unwrap().contains("Diseases of the circulatory system"));
}

#[test]
fn a_code_that_stands_twice_counts_nobody_twice() {
    let doubled = format!("{KIN}{}", KIN.split_once('\n').unwrap().1);
    let ask = |name: &str, csv: &str| {
        let (world, permit) = fixture(name);
        bind(&world, &permit, "kin", csv);
        base::table(
            &world,
            &permit,
            "SELECT k.kin, COUNT(DISTINCT c.pid) AS n FROM claims c JOIN codes.kin k ON c.icd10 = k.code GROUP BY k.kin",
        )
    };
    assert_eq!(ask("codes-once", KIN), ask("codes-twice", &doubled));
}

#[test]
fn a_list_cannot_name_a_person_or_a_facility_and_singles_nobody_out() {
    let (world, permit) = fixture("codes-attacks");
    bind(&world, &permit, "who", "k,born,label\nP000000123,195003,a\nP000000124,190012,b\n");
    for sql in [
        "SELECT COUNT(*) AS n FROM patients p JOIN codes.who w ON p.pid = w.k",
        "SELECT COUNT(*) AS n FROM patients WHERE pid IN (SELECT k FROM codes.who)",
        "SELECT pid FROM patients UNION SELECT k FROM codes.who",
    ] {
        let code = base::table(&world, &permit, sql).unwrap_err();
        assert!(["column-use", "sql-not-offered"].contains(&code.as_str()), "{sql}: {code}");
    }
    // One person by the month of birth, and a month that nobody was born in: the same answer.
    let born = |label: &str| {
        format!(
            "SELECT COUNT(DISTINCT pid) AS n FROM patients p JOIN codes.who w ON p.birth_ym = w.born AND p.pref = 31 AND p.sex = 2 WHERE w.label = '{label}'"
        )
    };
    assert_eq!(base::table(&world, &permit, &born("a")), Err("nothing-to-show".to_owned()));
    assert_eq!(base::table(&world, &permit, &born("b")), Err("nothing-to-show".to_owned()));
}

#[test]
fn another_permit_does_not_have_it_and_neither_has_an_earlier_run() {
    let (mut world, permit) = base::running("codes-other");
    let other = base::permit(&world, visiting_tests::journey::COLUMNS, (202401, 202412));
    let hanako = world.client("per_hanako").unwrap();
    // Asked for before the binding, judged after it.
    world.stop(Unit::Enclave).unwrap();
    let sql = by_kin("codes.kin AS k");
    let early = hanako.run(&permit, &sql).unwrap().id;
    bind(&world, &permit, "kin", KIN);
    world.start(Unit::Enclave).unwrap();
    let unknown = refused(hanako.wait(&early).unwrap());
    assert_eq!(unknown.0, "name-unknown");
    assert_eq!(refused(base::run(&world, &other, &sql)), unknown);
    assert_eq!(refused(base::run(&world, &permit, &sql.replace("codes.kin", "codes.never"))), unknown);
    assert_eq!(refused(base::run(&world, &permit, "SELECT COUNT(*) FROM ndb.nothing")), unknown);
    assert_eq!(base::run(&world, &permit, &sql).status, "released");
    let tried = hanako.preflight(&permit, &sql).unwrap().id;
    assert!(hanako.wait_preflight(&tried).unwrap().refusal.is_none());
}

/// What the gateway hands over instead of the bytes in the record: another list under the same name, and nothing at all.
fn handed(name: &str, change: impl Fn(Vec<u8>) -> Vec<u8> + Send + Sync + 'static) {
    let granted = base::granted();
    let mut world = World::copy_of(name, &granted.home).unwrap();
    let middle = Middle::start(world.internal(), Rule::Bytes("/internal/v1/codes", Arc::new(change)));
    world.set_door(&middle.address);
    world.start_all().unwrap();
    bind(&world, &granted.permit, "kin", KIN);
    let before = world.lines().len();
    let hanako = world.client("per_hanako").unwrap();
    let run = hanako.run(&granted.permit, &by_kin("codes.kin AS k")).unwrap().id;
    let tampered = |e: &Event| e.by == Actor::Enclave && matches!(&e.act, Act::Refused { code: Code::CodesTampered, .. });
    world.wait_event(before, tampered, Duration::from_secs(30)).unwrap();
    middle.wait_met("/internal/v1/codes", middle.met("/internal/v1/codes") + 3);
    assert_eq!(hanako.show_run(&run).unwrap().status, "queued", "a run with changed bytes was judged");
    // Runs with a public list go on meanwhile.
    let public = "SELECT k.region_en, COUNT(DISTINCT pid) AS n FROM ndb.patients JOIN codes.prefecture k USING (pref) GROUP BY k.region_en";
    assert_eq!(base::run(&world, &granted.permit, public).status, "released");
    middle.turn_honest();
    assert_eq!(hanako.wait(&run).unwrap().status, "released");
    assert_eq!(world.events().unwrap().iter().filter(|e| tampered(e)).count(), 1, "one run is one refusal, however often it comes");
    world.audit().unwrap();
}

#[test]
fn other_bytes_than_the_record_names_are_not_joined() {
    handed("codes-swapped", |_| json!({ "document": sign::to_base64(KIN.replace("sugar", "other").as_bytes()) }).to_string().into_bytes());
}

#[test]
fn a_list_that_the_gateway_denies_is_not_joined() {
    handed("codes-denied", |_| json!({ "document": "" }).to_string().into_bytes());
}

#[test]
fn a_code_list_on_the_command_line() {
    let (world, permit) = base::running("codes-cli");
    let folder = world.home().join("mine");
    fs::create_dir_all(&folder).unwrap();
    let (file, broken) = (folder.join("kin.csv"), folder.join("broken.csv"));
    fs::write(&file, KIN).unwrap();
    fs::write(&broken, "code,kin\nE11,a,b\n").unwrap();
    let visiting = |words: &[&str]| {
        let mut command = Command::new(binaries().unwrap().join("visiting"));
        command.env("VISITING_HOME", world.home()).env("VISITING_ADDR", world.address()).env("LC_ALL", "C").args(words);
        let out = command.output().unwrap();
        let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if out.status.success() { Ok(said(&out.stdout)) } else { Err(said(&out.stderr)) }
    };
    // Checking needs no login and no server.
    let sound = visiting(&["codes", "check", &text(&file)]).unwrap();
    assert!(
        sound.contains("sound: 4 rows of code (text), kin (text), w (int)") && sound.contains(&sign::digest(KIN.as_bytes())),
        "{sound}"
    );
    let told = visiting(&["codes", "check", &text(&broken)]).unwrap_err();
    assert!(told.contains("codes-refused") && told.contains("line 2, column 3") && told.contains("  E11,a,b\n        ^"), "{told}");
    visiting(&["login", "per_taro"]).unwrap();
    assert!(visiting(&["codes", "bind", &permit, "broken", &text(&broken)]).unwrap_err().contains("line 2, column 3"));
    let bound = visiting(&["codes", "bind", &permit, "kin", &text(&file)]).unwrap();
    assert!(bound.contains("bound: codes.kin (4 rows)"), "{bound}");
    let listed = visiting(&["codes", "list", &permit]).unwrap();
    assert!(listed.contains("\"name\": \"kin\"") && listed.contains("\"name\": \"icd10_chapter\""), "{listed}");
    let table = visiting(&["run", &permit, &by_kin("codes.kin AS k")]).unwrap();
    assert!(table.starts_with("kin,people,points,note\npressure,"), "{table}");
    // On one's own machine: the same list, and one that is none.
    let sql = by_kin("codes.mine AS k");
    let (named, wrong) = (format!("mine={}", text(&file)), format!("mine={}", text(&broken)));
    let tried = visiting(&["try", "--listing", "ndb", "--codes", &named, "-e", &sql]).unwrap();
    assert!(tried.contains("kin,people,points,note\npressure,"), "{tried}");
    assert!(visiting(&["try", "--listing", "ndb", "--codes", &wrong, "-e", &sql]).unwrap_err().contains("line 2, column 3"));
    assert!(visiting(&["try", "--listing", "ndb", "-e", &sql]).unwrap_or_else(|said| said).is_empty());
}
