//! Pre-flights: SQL on the synthetic twin, over the API, by the page, and on a researcher's own machine.

use std::{collections::BTreeMap, fs, path::PathBuf, process::Output, time::Duration};

use serde_json::json;
use visiting_enclave::{
    Config,
    twin::{PEOPLE, Real, SEED, Trial},
};
use visiting_policies::{
    disclosure::limits::PREFLIGHTS_OPEN_MAX,
    record::{Act, Actor},
    terms::Verdict,
};
use visiting_tests::{
    guest,
    journey::{JOINED, SUMS},
    world::{Unit, World, text},
};

use crate::base;

/// A question that every version answers.
const SEXES: &str = "SELECT sex, COUNT(DISTINCT pid) AS people FROM ndb.patients GROUP BY sex";

/// Texts that no version runs; every language has other reasons, and all have the same words on the twin.
const NEVER: &[&str] = &[
    "",
    "SELECT * FROM ndb.patients",
    "SELECT pid FROM ndb.patients",
    "SELECT pid, COUNT(*) FROM ndb.patients GROUP BY pid",
    "SELECT COUNT(*) FROM ndb.patients WHERE pid = 'P000000123'",
    "SELECT facility_id, COUNT(*) FROM ndb.claims GROUP BY facility_id",
    "SELECT COUNT(DISTINCT pid) FROM ndb.nothing",
    "SELECT nothing, COUNT(DISTINCT pid) FROM ndb.patients GROUP BY nothing",
    "SELECT COUNT(DISTINCT pid) FROM ndb.patients WHERE sex = 'x'",
    "SELECT ym, icd10, yj_code, p.birth_ym, p.pref, COUNT(DISTINCT pid) FROM ndb.claims JOIN ndb.patients p USING (pid) GROUP BY ym, icd10, yj_code, p.birth_ym, p.pref",
    "DROP TABLE ndb.patients",
    "SELECT guest.nobody(sex) AS a, COUNT(*) FROM ndb.patients GROUP BY guest.nobody(sex)",
    "SELECT",
    "SELEKT sex,\n  COUNT(*) FROM\tndb.patients",
];

/// Questions of a study, from coarse to fine: what the agreement of results is measured over.
fn questions() -> Vec<String> {
    let keys = ["sex", "pref", "p.birth_ym", "sex, pref", "icd10", "ym", "icd10, sex", "ym, pref", "yj_code", "icd10, pref"];
    let conditions = ["", " WHERE sex = 2", " WHERE icd10 LIKE 'E1%'", " WHERE pref IN (13, 27) AND ym BETWEEN 202404 AND 202409"];
    let shown = ["COUNT(DISTINCT pid) AS n", "COUNT(DISTINCT pid) AS n, SUM(points) AS s, AVG(points) AS m"];
    let mut all: Vec<String> = [JOINED, SUMS, SEXES].map(str::to_owned).into();
    for key in keys {
        for (condition, shown) in conditions.iter().flat_map(|c| shown.iter().map(move |s| (c, s))) {
            all.push(format!("SELECT {key}, {shown} FROM ndb.claims c JOIN ndb.patients p USING (pid){condition} GROUP BY {key}"));
        }
    }
    all
}

#[test]
fn plans_are_refused_on_the_twin_as_on_the_data_and_results_mostly_agree() {
    let granted = base::granted();
    let world = World::copy_of("agreement", &granted.home).unwrap();
    let config =
        Config { home: world.home().join("enclave"), linkage: PathBuf::new(), gateway: String::new(), jail: visiting_enclave::Layers::ALL };
    let listings = visiting_catalog::load_with(None).unwrap();
    let real = Real::open(config, &granted.permit.parse().unwrap(), listings.clone()).unwrap();
    let mut trial = Trial::new(&real.model(), listings, PEOPLE, SEED).unwrap();
    let (mut agreed, mut all, mut pairs) = (0, 0, BTreeMap::<String, u32>::new());
    let never = NEVER.iter().filter(|sql| !sql.is_empty()).map(|sql| (*sql).to_owned());
    for sql in never.chain(questions()) {
        trial.forget();
        let (ours, theirs) = (trial.ask(&sql).unwrap(), real.ask(&sql).unwrap());
        assert_eq!(ours.refused_on_plan(), theirs.refused_on_plan(), "{sql}\n{ours:?}\n{theirs:?}");
        if ours.refused_on_plan() {
            let bytes = |tried: &visiting_enclave::twin::Tried| serde_json::to_string(&tried.refusal).unwrap();
            assert_eq!(bytes(&ours), bytes(&theirs), "{sql}");
            continue;
        }
        all += 1;
        agreed += u32::from(ours.verdict == theirs.verdict);
        *pairs.entry(format!("twin {:?}, data {:?}", ours.verdict, theirs.verdict)).or_default() += 1;
    }
    println!("agreement of result verdicts, twin against data: {agreed} of {all} {pairs:?}");
    assert!(all >= 60 && agreed * 2 > all, "{agreed} of {all}: {pairs:?}");
}

#[test]
fn a_preflight_is_two_events_and_no_release() {
    let (world, permit) = base::running("preflight");
    let hanako = world.client("per_hanako").unwrap();
    crate::guests::bind(&world, &permit, &guest::band("band").unwrap());
    let before = world.events().unwrap().len();
    let asked = hanako.preflight(&permit, SEXES).unwrap();
    assert!(asked.synthetic && asked.permit == permit);
    let tried = hanako.wait_preflight(&asked.id).unwrap();
    assert_eq!((tried.verdict, tried.refusal.clone()), (Some(Verdict::Release), None));
    assert_eq!(tried.synthetic_table.as_deref().unwrap().lines().next(), Some("sex,people,note"));
    // The published copy of the record follows the record.
    world.wait_event(before, |e| matches!(e.act, Act::PreflightAnswered { .. }), Duration::from_secs(30)).unwrap();
    let events = world.events().unwrap().split_off(before);
    let [asked_for, answered] = events.as_slice() else { panic!("{events:?}") };
    assert!(matches!(&asked_for.act, Act::PreflightRequested { preflight, .. } if preflight.as_str() == asked.id));
    assert!(matches!(asked_for.by, Actor::Person(_)) && answered.by == Actor::Enclave);
    assert!(matches!(&answered.act, Act::PreflightAnswered { report, .. } if report.preflight.as_str() == asked.id));

    // A guest of the permit can be tried too, and the answer to the same text is the same.
    let band = "SELECT guest.band(birth_ym, sex) AS band, COUNT(DISTINCT pid) AS n FROM ndb.patients GROUP BY guest.band(birth_ym, sex)";
    let again = |sql: &str| hanako.wait_preflight(&hanako.preflight(&permit, sql).unwrap().id).unwrap().synthetic_table;
    assert!(again(band).is_some());
    assert_eq!(again(band), again(band));
    // Nothing was shown of data: the same question is fresh when it is run, and no run is in the history before.
    assert!(hanako.runs(&permit).unwrap().is_empty());
    let table = base::table(&world, &permit, SEXES).unwrap();
    assert!(!table.contains("as released before"), "{table}");
    assert_ne!(Some(table), tried.synthetic_table);
    // What was tried is no run and has no files.
    for path in [format!("/v1/runs/{}", asked.id), format!("/v1/runs/{}/files/table.csv", asked.id)] {
        let token = world.raw().post("/v1/demo/login", None, None, "{\"person\":\"per_hanako\"}").unwrap().text("token");
        world.raw().get(&path, Some(&token)).unwrap().problem(404, "not-found").unwrap();
    }
    world.audit().unwrap();
}

#[test]
fn no_data_are_read_for_a_preflight() {
    let (mut world, permit) = base::running("preflight-no-data");
    let hanako = world.client("per_hanako").unwrap();
    let ask = |sql: &str| {
        let tried = hanako.wait_preflight(&hanako.preflight(&permit, sql).unwrap().id).unwrap();
        (tried.verdict, tried.refusal, tried.synthetic_table)
    };
    let texts = [SEXES, JOINED, SUMS, "SELECT * FROM ndb.patients"];
    let with: Vec<_> = texts.iter().map(|sql| ask(sql)).collect();
    world.stop(Unit::Enclave).unwrap();
    for folder in ["extracts", "keys", "vault/ndb", "vault/kaigo"] {
        let folder = world.home().join("enclave").join(folder);
        fs::remove_dir_all(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    }
    world.spawn(Unit::Enclave).unwrap();
    world.wait_ready(Unit::Enclave).unwrap();
    assert_eq!(with, texts.iter().map(|sql| ask(sql)).collect::<Vec<_>>(), "no vault, no extract, no key: the same answers");
}

#[test]
fn refusals_are_those_of_a_run_byte_for_byte() {
    let (world, permit) = base::running("preflight-same");
    let hanako = world.client("per_hanako").unwrap();
    for sql in NEVER.iter().filter(|sql| !sql.is_empty()) {
        let tried = hanako.wait_preflight(&hanako.preflight(&permit, sql).unwrap().id).unwrap();
        let run = base::run(&world, &permit, sql);
        assert_eq!((tried.verdict, &tried.refusal), (run.verdict, &run.refusal), "{sql}");
        assert!(tried.refusal.is_some() && tried.synthetic_table.is_none(), "{sql}");
    }
    assert_eq!(hanako.preflight(&permit, "").unwrap_err().code, hanako.run(&permit, "").unwrap_err().code);
}

#[test]
fn only_people_of_a_permit_that_stands_may_try_and_only_so_many_at_once() {
    let (mut world, permit) = base::running("preflight-who");
    let body = json!({ "sql": SEXES }).to_string();
    let token =
        |person: &str| world.raw().post("/v1/demo/login", None, None, &json!({ "person": person }).to_string()).unwrap().text("token");
    let path = format!("/v1/permits/{permit}/preflights");
    let (outsider, nobody) = (token("per_outsider"), world.raw().post(&path, None, Some("k"), &body).unwrap());
    nobody.problem(401, "not-logged-in").unwrap();
    let hanako = world.client("per_hanako").unwrap();
    let asked = hanako.preflight(&permit, SEXES).unwrap();
    hanako.wait_preflight(&asked.id).unwrap();
    let seen = world.raw().get(&format!("/v1/preflights/{}", asked.id), Some(&outsider)).unwrap();
    let made_up = world.raw().get("/v1/preflights/pre_0", Some(&outsider)).unwrap();
    assert_eq!(seen, made_up, "what is not yours does not exist");
    assert_eq!(world.raw().post(&path, Some(&outsider), Some("k"), &body).unwrap().status, 403);

    // While nobody answers, a person has so many and no more; the other person of the permit still can.
    world.stop(Unit::Enclave).unwrap();
    let waiting: Vec<String> = (0..PREFLIGHTS_OPEN_MAX).map(|_| hanako.preflight(&permit, SEXES).unwrap().id).collect();
    let refused = hanako.preflight(&permit, SEXES).unwrap_err();
    assert_eq!((refused.status, refused.code.as_str()), (429, "too-many-preflights"));
    assert!(refused.detail_ja.is_some());
    world.client("per_taro").unwrap().preflight(&permit, SEXES).unwrap();
    world.spawn(Unit::Enclave).unwrap();
    for id in &waiting {
        assert!(hanako.wait_preflight(id).unwrap().verdict.is_some(), "a request outlives the enclave");
    }
    hanako.preflight(&permit, SEXES).unwrap();

    world.client("per_ministry").unwrap().suspend(&permit, "stop", &base::key(&world, "per_ministry")).unwrap();
    assert_eq!(hanako.preflight(&permit, SEXES).unwrap_err().code, "permit-suspended");
    world.audit().unwrap();
}

/// `visiting try` with nothing of a server in its surroundings.
fn try_alone(world: &World, words: &[&str]) -> (Option<i32>, String) {
    let mut command = world.command("visiting");
    command.env("VISITING_HOME", "/nonexistent").env("VISITING_ADDR", "127.0.0.1:1").env("VISITING_INTERNAL_ADDR", "127.0.0.1:1");
    let Output { status, stdout, stderr } = command.arg("try").args(words).output().unwrap();
    (status.code(), format!("{}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr)))
}

#[test]
fn visiting_try_needs_nothing_and_says_what_the_enclave_says() {
    let (mut world, permit) = base::running("try");
    let hanako = world.client("per_hanako").unwrap();
    let file = world.home().join("permit.json");
    fs::write(&file, serde_json::to_vec(&hanako.permit(&permit).unwrap()).unwrap()).unwrap();
    let texts: Vec<&str> = NEVER.iter().copied().chain([SEXES, JOINED, SUMS]).filter(|sql| !sql.is_empty()).collect();
    let answers: Vec<_> = texts.iter().map(|sql| hanako.wait_preflight(&hanako.preflight(&permit, sql).unwrap().id).unwrap()).collect();
    world.kill_all();
    for (sql, answer) in texts.iter().zip(&answers) {
        let (code, said) = try_alone(&world, &["--permit", &text(&file), "--json", "-e", sql]);
        let line: serde_json::Value = serde_json::from_str(&said).unwrap_or_else(|e| panic!("{e}: {said}"));
        assert_eq!(line["synthetic"], true);
        assert_eq!(line["verdict"], serde_json::to_value(answer.verdict).unwrap(), "{sql}");
        assert_eq!(line["synthetic_table"], serde_json::to_value(&answer.synthetic_table).unwrap(), "{sql}");
        let refusal = answer.refusal.as_ref();
        assert_eq!(line["refusal"]["detail"].as_str(), refusal.map(|r| r.detail.as_str()), "{sql}");
        assert_eq!(line["refusal"]["detail_ja"].as_str(), refusal.and_then(|r| r.detail_ja.as_deref()), "{sql}");
        assert_eq!(code, Some(i32::from(refusal.is_some())));
    }
}

#[test]
fn visiting_try_speaks_to_people() {
    let world = World::new("try-words").unwrap();
    let sql = world.home().join("question.sql");
    fs::write(&sql, SEXES).unwrap();
    let (code, said) = try_alone(&world, &["--listing", "ndb", "--lang", "en", &text(&sql)]);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.starts_with("SYNTHETIC, not data\nsex,people,note\n") && said.trim_end().ends_with("release (SYNTHETIC, not data)"),
        "{said}"
    );
    let (_, ja) = try_alone(&world, &["--listing", "ndb", "--listing", "kaigo", "--lang", "ja", "-e", JOINED]);
    assert!(ja.starts_with("合成データ（実際のデータではありません）\n"), "{ja}");
    let few = ["--listing", "ndb", "--columns", "ndb.patients.sex", "-e", "SELECT pref, COUNT(*) FROM patients GROUP BY pref"];
    let (code, said) = try_alone(&world, &few);
    assert!(code == Some(1) && said.starts_with("refuse (name-unknown): "), "{said}");
    // A guest of one's own is examined first.
    let (manifest, module) = (world.home().join("m.toml"), world.home().join("m.wasm"));
    let band = guest::band("band").unwrap();
    fs::write(&manifest, &band.manifest).unwrap();
    fs::write(&module, &band.module).unwrap();
    let question = "SELECT guest.band(birth_ym, sex) AS band, COUNT(DISTINCT pid) AS n FROM patients GROUP BY guest.band(birth_ym, sex)";
    let words = ["--listing", "ndb", "--guest", &text(&module), "--manifest", &text(&manifest), "-e", question];
    assert_eq!(try_alone(&world, &words).0, Some(0));
    fs::write(&module, "no module").unwrap();
    assert_eq!(try_alone(&world, &words).0, Some(2));
    for wrong in
        [&["-e", "SELECT"][..], &["--listing", "ndb"], &["--listing", "nothing", "-e", "x"], &["--permit", "/nonexistent", "-e", "x"]]
    {
        let (code, said) = try_alone(&world, wrong);
        assert!(code == Some(2) && said.starts_with("visiting try: "), "{wrong:?} {said}");
    }
}
