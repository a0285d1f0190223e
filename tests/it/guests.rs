//! Researchers' own functions, end to end: uploaded, examined, bound, run as group and condition, and no way around the gate.

use std::{collections::BTreeSet, fs, process::Command, sync::Arc, time::Duration};

use serde_json::json;
use visiting_gateway::{files, wire::RunView};
use visiting_intake::{Manifest, ParamKind};
use visiting_policies::{
    Code,
    record::{Act, Actor, Event},
    sign,
};
use visiting_tests::{
    guest::{Source, band, guest, keeping_memory, kin},
    hostile,
    raw::Answer,
    world::{Unit, World, binaries, text},
};

use crate::{
    base,
    fixture::{fixture, rows},
    middle::{Middle, Rule},
};

/// Binds a guest as per_hanako.
pub(crate) fn bind(world: &World, permit: &str, source: &Source) -> String {
    world.client("per_hanako").unwrap().bind_guest(permit, &source.manifest, &source.module).unwrap().guest
}

fn token(world: &World, person: &str) -> String {
    world.raw().post("/v1/demo/login", None, None, &format!("{{\"person\":\"{person}\"}}")).unwrap().text("token")
}

/// The body of an upload.
pub(crate) fn upload(source: &Source) -> String {
    json!({ "manifest": source.manifest, "module": sign::to_base64(&source.module) }).to_string()
}

fn post(world: &World, permit: &str, person: &str, key: &str, body: &str) -> Answer {
    world.raw().post(&format!("/v1/permits/{permit}/guests"), Some(&token(world, person)), Some(key), body).unwrap()
}

fn refused(run: RunView) -> (String, String) {
    let refusal = run.refusal.expect("refused");
    (refusal.code, refusal.detail)
}

const BY_BAND: &str =
    "SELECT guest.band(birth_ym, sex) AS band, COUNT(DISTINCT pid) AS people FROM ndb.patients GROUP BY guest.band(birth_ym, sex)";

#[test]
fn a_guest_is_examined_bound_and_listed() {
    let (world, permit) = base::running("guest-bound");
    let (hanako, source) = (world.client("per_hanako").unwrap(), band("band").unwrap());
    assert!(hanako.guests(&permit).unwrap().is_empty());
    let first = post(&world, &permit, "per_hanako", "k1", &upload(&source));
    assert_eq!(first.status, 201, "{}", String::from_utf8_lossy(&first.body));
    let container = visiting_intake::container(&source.manifest, &source.module);
    assert_eq!((first.text("guest"), first.text("name")), (sign::digest(&container), "band".to_owned()));
    assert!(first.json()["report"]["checked"].as_array().is_some_and(|words| !words.is_empty()), "the report says what was checked");
    // The same request again is the same answer; the same key for another body is none.
    assert_eq!(post(&world, &permit, "per_hanako", "k1", &upload(&source)), first);
    post(&world, &permit, "per_hanako", "k1", &upload(&band("other").unwrap())).problem(409, "key-reused").unwrap();
    // A binding stands, also against the very same bytes; another name is another guest.
    post(&world, &permit, "per_hanako", "k2", &upload(&source)).problem(409, "wrong-state").unwrap();
    assert_eq!(post(&world, &permit, "per_taro", "k3", &upload(&band("second").unwrap())).status, 201);
    let listed = hanako.guests(&permit).unwrap();
    assert_eq!(
        listed.iter().map(|g| (g.name.as_str(), g.by.as_str())).collect::<Vec<_>>(),
        [("band", "per_hanako"), ("second", "per_taro")]
    );
    assert_eq!(serde_json::to_value(&listed[0]).unwrap(), first.json());
    assert_eq!(listed[0].labels.iter().map(|l| l.label.as_str()).collect::<Vec<_>>(), ["young", "middle", "old"]);
    let bound = |e: &Event| matches!(&e.act, Act::GuestBound { guest, name, .. } if *guest == first.text("guest") && name == "band");
    assert_eq!(world.events().unwrap().iter().filter(|e| bound(e)).count(), 1);
    world.audit().unwrap();
}

#[test]
fn what_does_not_pass_leaves_nothing_but_its_refusal() {
    let (world, permit) = base::running("guest-refused");
    let documents = || fs::read_dir(world.home().join("gateway/documents")).unwrap().count();
    let (stored, lines) = (documents(), world.lines().len());
    let answer = post(&world, &permit, "per_hanako", "k", &upload(&keeping_memory("band").unwrap()));
    answer.problem(422, "guest-refused").unwrap();
    let findings = answer.json()["findings"].as_array().cloned().unwrap_or_default();
    assert!(!findings.is_empty() && findings.iter().all(|f| answer.text("detail").contains(f.as_str().unwrap())), "{answer:?}");
    for (body, status, code) in [
        (json!({ "manifest": "x", "module": "!" }).to_string(), 400, "malformed"),
        (json!({ "manifest": "x" }).to_string(), 400, "malformed"),
        (json!({ "manifest": "abi = 1", "module": "" }).to_string(), 422, "guest-refused"),
        (json!({ "manifest": "", "module": "A".repeat(1 << 20) }).to_string(), 413, "too-large"),
    ] {
        post(&world, &permit, "per_hanako", &files::request_name().unwrap(), &body).problem(status, code).unwrap();
    }
    // Whom the permit does not name learns nothing of it, whatever they send.
    let made_up = post(&world, "prm_0", "per_outsider", "k", &upload(&band("band").unwrap()));
    assert_eq!(post(&world, &permit, "per_outsider", "k", &upload(&band("band").unwrap())), made_up);
    made_up.problem(404, "not-found").unwrap();
    assert_eq!(documents(), stored, "a refused guest is stored nowhere");
    let events = world.events().unwrap();
    assert!(events[lines..].iter().all(|e| matches!(e.act, Act::Refused { .. })), "only refusals");
    assert!(world.client("per_hanako").unwrap().guests(&permit).unwrap().is_empty());
}

#[test]
fn a_guest_on_the_command_line() {
    let (world, permit) = base::running("guest-cli");
    let folder = world.home().join("mine");
    fs::create_dir_all(&folder).unwrap();
    let source = band("band").unwrap();
    let (manifest, module) = (folder.join("band.toml"), folder.join("band.wasm"));
    fs::write(&manifest, &source.manifest).unwrap();
    fs::write(&module, &source.module).unwrap();
    let visiting = |words: &[&str]| {
        let mut command = Command::new(binaries().unwrap().join("visiting"));
        command.env("VISITING_HOME", world.home()).env("VISITING_ADDR", world.address()).args(words);
        let out = command.output().unwrap();
        let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if out.status.success() { Ok(said(&out.stdout)) } else { Err(said(&out.stderr)) }
    };
    visiting(&["guest", "check", &text(&module), "--manifest", &text(&manifest)]).unwrap();
    visiting(&["login", "per_taro"]).unwrap();
    let bound = visiting(&["guest", "bind", &permit, &text(&module), "--manifest", &text(&manifest)]).unwrap();
    assert!(bound.contains("bound: guest.band(born, sex)"), "{bound}");
    assert!(visiting(&["guest", "list", &permit]).unwrap().contains("\"name\": \"band\""));
    let table = visiting(&["run", &permit, BY_BAND]).unwrap();
    assert!(table.starts_with("band,people,note\nmiddle,") && table.contains("fetch: table.csv"), "{table}");
    fs::write(&module, b"\0asm").unwrap();
    assert!(visiting(&["guest", "check", &text(&module), "--manifest", &text(&manifest)]).is_err());
    let refused = visiting(&["guest", "bind", &permit, &text(&module), "--manifest", &text(&manifest)]).unwrap_err();
    assert!(refused.contains("guest-refused"), "{refused}");
}

#[test]
fn another_permit_does_not_have_it_and_neither_has_an_earlier_run() {
    let (mut world, permit) = base::running("guest-other");
    let other = base::permit(&world, visiting_tests::journey::COLUMNS, (202401, 202412));
    let hanako = world.client("per_hanako").unwrap();
    // Asked for before the binding, judged after it.
    world.stop(Unit::Enclave).unwrap();
    let early = hanako.run(&permit, BY_BAND).unwrap().id;
    bind(&world, &permit, &band("band").unwrap());
    world.start(Unit::Enclave).unwrap();
    let unknown = refused(hanako.wait(&early).unwrap());
    assert_eq!(unknown.0, "name-unknown");
    assert_eq!(refused(base::run(&world, &other, BY_BAND)), unknown);
    assert_eq!(refused(base::run(&world, &permit, &BY_BAND.replace("band(", "never("))), unknown);
    assert_eq!(refused(base::run(&world, &permit, "SELECT COUNT(*) FROM ndb.patients WHERE nothing = 1")), unknown);
    assert_eq!(base::run(&world, &permit, BY_BAND).status, "released");
}

#[test]
fn a_binding_survives_kill_9_and_ends_with_its_permit() {
    let (mut world, permit) = base::running("guest-killed");
    bind(&world, &permit, &band("band").unwrap());
    let before = world.client("per_hanako").unwrap().guests(&permit).unwrap();
    world.kill_all();
    world.start_all().unwrap();
    let hanako = world.client("per_hanako").unwrap();
    assert_eq!(hanako.guests(&permit).unwrap(), before);
    let table = base::table(&world, &permit, BY_BAND).unwrap();
    // Suspended: nothing more is bound, nothing runs, and the list says why.
    world.client("per_ministry").unwrap().suspend(&permit, "stop", &base::key(&world, "per_ministry")).unwrap();
    assert_eq!(hanako.guests(&permit).unwrap()[0].status, "withheld");
    post(&world, &permit, "per_hanako", "late", &upload(&band("late").unwrap())).problem(403, "permit-suspended").unwrap();
    assert_eq!(hanako.run(&permit, BY_BAND).unwrap_err().code, "permit-suspended");
    assert_eq!(table.lines().count(), 4);
    world.audit().unwrap();
}

/// What the gateway hands over instead of the bytes in the record: another guest under the same name, and nothing at all.
fn handed(name: &str, change: impl Fn(Vec<u8>) -> Vec<u8> + Send + Sync + 'static) {
    let granted = base::granted();
    let mut world = World::copy_of(name, &granted.home).unwrap();
    let middle = Middle::start(world.internal(), Rule::Bytes("/internal/v1/guests", Arc::new(change)));
    world.set_door(&middle.address);
    world.start_all().unwrap();
    bind(&world, &granted.permit, &band("band").unwrap());
    let before = world.lines().len();
    let hanako = world.client("per_hanako").unwrap();
    let run = hanako.run(&granted.permit, BY_BAND).unwrap().id;
    let tampered = |e: &Event| e.by == Actor::Enclave && matches!(&e.act, Act::Refused { code: Code::GuestTampered, .. });
    world.wait_event(before, tampered, Duration::from_secs(30)).unwrap();
    middle.wait_met("/internal/v1/guests", middle.met("/internal/v1/guests") + 3);
    assert_eq!(hanako.show_run(&run).unwrap().status, "queued", "a run with changed bytes was judged");
    // Runs without a guest go on meanwhile.
    assert_eq!(base::run(&world, &granted.permit, "SELECT sex, COUNT(DISTINCT pid) FROM ndb.patients GROUP BY sex").status, "released");
    middle.turn_honest();
    assert_eq!(hanako.wait(&run).unwrap().status, "released");
    assert_eq!(world.events().unwrap().iter().filter(|e| tampered(e)).count(), 1, "one run is one refusal, however often it comes");
    world.audit().unwrap();
}

#[test]
fn other_bytes_than_the_record_names_do_not_run() {
    handed("guest-swapped", |_| {
        // A guest that intake would take, and that calls itself the same.
        let other = guest("band", &[("born", "int"), ("sex", "int")], &["young", "middle", "old"], "(i32.const 0)").unwrap();
        let container = visiting_intake::container(&other.manifest, &other.module);
        json!({ "document": sign::to_base64(&container) }).to_string().into_bytes()
    });
}

#[test]
fn a_guest_that_the_gateway_denies_does_not_run() {
    handed("guest-denied", |_| json!({ "document": "" }).to_string().into_bytes());
}

/// People of a table's row by its label; `None` where there is no such row.
fn people(table: &str, label: &str) -> Option<(String, String)> {
    rows(table).into_iter().find(|r| r[0] == label).map(|r| (r[1].to_owned(), r[2].to_owned()))
}

const BEFORE: &str = "as released before";

#[test]
fn a_guest_finds_nobody() {
    let (world, permit) = fixture("guest-attacks");
    let ask = |sql: &str| base::table(&world, &permit, sql);
    let nothing = Err("nothing-to-show".to_owned());
    let add = |name: &str, params: &[&str], labels: &[&str], body: &str| {
        let params: Vec<(&str, &str)> = params.iter().map(|p| (*p, "int")).collect();
        bind(&world, &permit, &guest(name, &params, labels, body).unwrap());
    };
    let grouped = |call: &str| format!("SELECT {call} AS g, COUNT(DISTINCT pid) AS n FROM patients GROUP BY {call}");
    // One person by embedded constants, and a combination that nobody has: the same answer.
    let who = |month: u32| {
        format!(
            "(i32.eqz (i32.and (i64.eq (local.get $born) (i64.const {month})) (i32.and (i64.eq (local.get $pref) (i64.const 31)) (i64.eq (local.get $sex) (i64.const 2)))))"
        )
    };
    add("target", &["born", "pref", "sex"], &["one", "rest"], &who(195_003));
    add("nobody", &["born", "pref", "sex"], &["one", "rest"], &who(190_012));
    let count = |name: &str| ask(&format!("SELECT COUNT(DISTINCT pid) AS n FROM patients WHERE guest.{name}(birth_ym, pref, sex) = 'one'"));
    assert_eq!((count("target"), count("nobody")), (nothing.clone(), nothing.clone()));

    // A condition that a guest repeats: the same people, so the same value, and it is said so.
    let men = ask("SELECT COUNT(DISTINCT pid) AS n FROM patients WHERE sex = 1").unwrap();
    let men = rows(&men)[0][0].to_owned();
    add("sexes", &["sex"], &["men", "women"], "(i64.eq (local.get $sex) (i64.const 2))");
    let table = ask(&grouped("guest.sexes(sex)")).unwrap();
    assert_eq!(people(&table, "men"), Some((men.clone(), BEFORE.to_owned())));
    let women = people(&table, "women").unwrap();
    assert_eq!(women.1, "");

    // The same guest again is provably the same question; one that only permutes the labels shows nothing of its own.
    assert_eq!(ask(&grouped("guest.sexes(sex)")), Ok(table));
    add("turned", &["sex"], &["women", "men"], "(i64.ne (local.get $sex) (i64.const 2))");
    assert_eq!(ask(&grouped("guest.turned(sex)")), nothing);
    // Nor does one that sends labels the other way and hides it behind a third, large, group.
    add(
        "mixed",
        &["sex", "pref"],
        &["x", "y", "z"],
        "(i32.add (i64.eq (local.get $sex) (i64.const 1)) (i32.and (i64.eq (local.get $sex) (i64.const 1)) (i64.eq (local.get $pref) (i64.const 13))))",
    );
    let mixed = ask(&grouped("guest.mixed(sex, pref)"));
    assert!(mixed.as_ref().map_or(true, |t| people(t, "x") == Some((women.0.clone(), BEFORE.to_owned()))), "{mixed:?}");

    // Women without the target: what differs by fewer than ten people is the earlier value, whether one is missing or nobody.
    let by_pref =
        |condition: &str| ask(&format!("SELECT pref, COUNT(DISTINCT pid) AS n FROM patients WHERE {condition} GROUP BY pref")).unwrap();
    let shown = people(&by_pref("sex = 2 AND pref IN (29, 31)"), "31").unwrap();
    for (name, month, fresh) in [("but_target", 195_003, 30), ("but_nobody", 190_012, 32)] {
        let body = format!("(select (i32.const 2) (i64.eq (local.get $sex) (i64.const 1)) (i32.eqz {}))", who(month));
        add(name, &["born", "pref", "sex"], &["women", "men", "gone"], &body);
        let table = by_pref(&format!("guest.{name}(birth_ym, pref, sex) = 'women' AND pref IN (31, {fresh})"));
        assert_eq!(people(&table, "31"), Some((shown.0.clone(), BEFORE.to_owned())), "{name}");
        assert_eq!(people(&table, &fresh.to_string()).map(|(_, note)| note), Some(String::new()), "{name}");
        assert_eq!(
            ask(&grouped(&format!("guest.{name}(birth_ym, pref, sex)"))),
            nothing,
            "{name}: women and men were shown, and the third group has one or nobody"
        );
    }

    // A total and its groups: provably whole where every declared value has a label. Else the rest is one person or nobody, and the shown
    // numbers leave many more sizes of it: the groups are shown, and once more without that person they are the same.
    add("decade", &["born"], &["early", "late"], "(i64.ge_s (local.get $born) (i64.const 195001))");
    for (name, month) in [("oldest", 190_101), ("none", 190_012)] {
        let body = format!(
            "(if (result i32) (i64.eq (local.get $born) (i64.const {month})) (then unreachable) (else (i64.ge_s (local.get $born) (i64.const 196001))))"
        );
        add(name, &["born"], &["early", "late"], &body);
    }
    ask("SELECT COUNT(DISTINCT pid) AS n FROM patients").unwrap();
    let decades = ask(&grouped("guest.decade(birth_ym)")).unwrap();
    assert_eq!(rows(&decades).iter().map(|r| (r[0], r[2])).collect::<Vec<_>>(), [("early", ""), ("late", "")]);
    let oldest = ask(&grouped("guest.oldest(birth_ym)")).unwrap();
    assert_eq!(rows(&oldest).iter().map(|r| (r[0], r[2])).collect::<Vec<_>>(), [("early", ""), ("late", "")]);
    assert_eq!(ask(&grouped("guest.none(birth_ym)")), nothing, "one person more or less is no new number");
}

#[test]
fn rows_without_a_label_are_a_group_like_any_other() {
    let (world, permit) = base::running("guest-null");
    bind(&world, &permit, &kin("kin").unwrap());
    let call = "guest.kin(icd10, points)";
    let table =
        base::table(&world, &permit, &format!("SELECT {call} AS kin, COUNT(DISTINCT pid) AS people FROM ndb.claims GROUP BY {call}"))
            .unwrap();
    let labels: Vec<&str> = rows(&table).iter().map(|r| r[0]).collect::<Vec<_>>();
    assert_eq!(labels, ["diabetes", "other", ""], "declared order, then no label");
    // No condition is true of them: neither the label nor its opposite, however it is said.
    let (world, permit) = base::running("guest-null-where");
    bind(&world, &permit, &kin("kin").unwrap());
    let count = |condition: &str| {
        base::table(&world, &permit, &format!("SELECT icd10, COUNT(DISTINCT pid) AS n FROM ndb.claims WHERE {condition} GROUP BY icd10"))
    };
    let other = count(&format!("{call} = 'other'")).unwrap();
    for same in [
        format!("NOT {call} = 'diabetes'"),
        format!("{call} <> 'diabetes'"),
        format!("NOT ({call} = 'diabetes' OR NOT {call} IN ('other', 'diabetes'))"),
    ] {
        assert_eq!(count(&same).as_ref(), Ok(&other), "{same}");
    }
    let diseases: BTreeSet<&str> = rows(&other).iter().map(|r| r[0]).collect();
    assert!(diseases.len() > 5 && diseases.iter().all(|d| !d.starts_with('I') && !d.starts_with("E1")), "{diseases:?}");
}

/// What stands for an upload that is larger than any request may be.
const TOO_LARGE: &str = "not taken whole: larger than a request may be\n";

/// What the API says to an upload, without what changes from run to run.
fn told(answer: &Answer) -> String {
    let findings: Vec<String> =
        answer.json()["findings"].as_array().into_iter().flatten().map(|f| format!("  {}\n", f.as_str().unwrap())).collect();
    let code = if answer.status == 201 { "bound".to_owned() } else { answer.text("code") };
    format!("{} {code}\n{}", answer.status, findings.concat())
}

/// True for a function of one whole number that gives labels: what can be asked for groups of `sex`.
fn classes(case: &hostile::Case) -> bool {
    let manifest = Manifest::read(&case.manifest).unwrap();
    !manifest.labels().is_empty() && matches!(manifest.params.as_slice(), [param] if param.kind == ParamKind::Int)
}

#[test]
fn hostile_guests_get_their_messages_over_the_api_and_their_twins_run() {
    let (world, _) = base::running("guest-hostile");
    let renamed = |case: &hostile::Case| Source {
        manifest: case.manifest.replace("name = \"g\"", &format!("name = \"{}\"", case.name.replace(".benign", ""))),
        module: case.module.clone(),
    };
    let (mut text, mut twins, hanakos) = (String::new(), Vec::new(), token(&world, "per_hanako"));
    // A permit has a limited number of guests: as many permits as it takes.
    let pairs = hostile::corpus().unwrap();
    for group in pairs.chunks(30) {
        let [permit, theirs] = [(); 2].map(|()| base::permit(&world, visiting_tests::journey::COLUMNS, (202401, 202412)));
        for (wrong, twin) in group {
            let body = upload(&renamed(wrong));
            let path = format!("/v1/permits/{permit}/guests");
            let said = match world.raw().post(&path, Some(&hanakos), Some(&wrong.name), &body) {
                // The server answers before it has read that much, and hangs up on who goes on sending: either is seen.
                Ok(answer) if answer.status == 413 => TOO_LARGE.to_owned(),
                Err(_) if body.len() > 1 << 20 => TOO_LARGE.to_owned(),
                Ok(answer) => told(&answer),
                Err(error) => panic!("{}: {error}", wrong.name),
            };
            text.push_str(&format!("# {}: {}\n{said}", wrong.name, wrong.about));
            let bound = post(&world, &theirs, "per_hanako", &twin.name, &upload(&renamed(twin)));
            assert_eq!(bound.status, 201, "{}: {}", twin.name, told(&bound));
            if classes(twin) {
                twins.push((theirs.clone(), bound.text("name")));
            }
        }
    }
    let path = visiting_tests::world::tree().unwrap().join("tests/golden/guests.txt");
    if std::env::var_os("UPDATE_HOSTILE").is_some() {
        fs::write(&path, &text).unwrap();
    }
    assert_eq!(
        text,
        fs::read_to_string(&path).unwrap_or_default(),
        "if that is meant, run with UPDATE_HOSTILE=1 and review tests/golden/guests.txt"
    );
    // Each twin over people of its own, so that no answer is an earlier one: as many as there are prefectures.
    twins.truncate(47);
    let hanako = world.client("per_hanako").unwrap();
    let ask = |(number, (permit, name)): (usize, &(String, String))| {
        let sql = format!(
            "SELECT guest.{name}(sex) AS g, COUNT(DISTINCT pid) AS n FROM ndb.patients WHERE pref = {} GROUP BY guest.{name}(sex)",
            number + 1
        );
        (name.clone(), hanako.run(permit, &sql).unwrap().id)
    };
    let asked: Vec<(String, String)> = twins.iter().enumerate().map(ask).collect();
    let mut released = 0;
    for (name, run) in &asked {
        let run = hanako.wait(run).unwrap();
        let code = run.refusal.map(|r| r.code);
        assert!(run.status == "released" || code.as_deref() == Some("nothing-to-show"), "{name}: {code:?}");
        released += usize::from(run.status == "released");
    }
    assert!(released * 2 > asked.len(), "{released} of {} twins had something to show", asked.len());
    world.audit().unwrap();
}

#[test]
fn an_enclave_without_the_jail_says_so_of_every_run_that_calls_a_guest() {
    let (mut world, permit) = base::running("guest-no-jail");
    bind(&world, &permit, &band("band").unwrap());
    assert!(world.kill(Unit::Enclave));
    world.tell_enclave("--unsafe-no-jail");
    world.start(Unit::Enclave).unwrap();
    let released = base::run(&world, &permit, BY_BAND);
    let refused = base::run(&world, &permit, "SELECT pid, guest.band(birth_ym, sex) AS band FROM ndb.patients");
    let without = base::run(&world, &permit, "SELECT sex, COUNT(DISTINCT pid) AS people FROM ndb.patients GROUP BY sex");
    assert_eq!([&released, &refused, &without].map(|run| run.status.as_str()), ["released", "refused", "released"]);
    let jail = |id: &str| {
        let events = world.events().unwrap();
        let report = events.iter().find_map(|e| match &e.act {
            Act::RunJudged { report, .. } if report.run.to_string() == id => Some(report.clone()),
            _ => None,
        });
        report.unwrap().rules.get("jail").cloned()
    };
    for run in [&released, &refused] {
        assert!(jail(&run.id).is_some_and(|line| line.contains("without the whole jail")), "{:?}", jail(&run.id));
    }
    assert_eq!(jail(&without.id), None);
    world.audit().unwrap();
}
