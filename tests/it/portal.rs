//! The portal without a browser: what its forms do, who finds nothing, what is public. Clicking and looking is in `browser.rs`.

use std::collections::BTreeSet;

use serde_json::json;
use visiting_gateway::setup;
use visiting_policies::{record::Act, sign};
use visiting_tests::{
    guest::{self, Source},
    journey::{self, JOINED, Setting},
    raw::Raw,
    world::{Unit, World},
};

use crate::{base, budgets::report};

/// A reader of pages: a cookie instead of a header, forms instead of JSON, redirects looked at.
struct Reader {
    address: String,
    cookie: String,
    agent: ureq::Agent,
}

struct Page {
    status: u16,
    text: String,
    location: String,
}

impl Reader {
    /// A logged-in person; nobody where the name is empty.
    fn new(world: &World, person: &str) -> Self {
        let login = Raw::new(world.address()).post("/v1/demo/login", None, None, &json!({ "person": person }).to_string()).unwrap();
        let settings = ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0).proxy(None).build();
        let cookie = format!("visiting_lang=en; visiting_session={}", login.text("token"));
        Self { address: world.address().to_owned(), cookie, agent: settings.into() }
    }

    fn get(&self, path: &str) -> Page {
        let request = self.agent.get(format!("http://{}{path}", self.address));
        Page::of(request.header("Cookie", &self.cookie).header("Accept", "text/html").call().unwrap())
    }

    fn post(&self, path: &str, form: &[(&str, &str)]) -> Page {
        let request = self.agent.post(format!("http://{}{path}", self.address)).header("Cookie", &self.cookie);
        Page::of(request.header("Origin", format!("http://{}", self.address)).send_form(form.iter().copied()).unwrap())
    }

    fn post_json(&self, path: &str, body: &str) -> Page {
        let request = self.agent.post(format!("http://{}{path}", self.address)).header("Cookie", &self.cookie);
        Page::of(request.content_type("application/json").send(body).unwrap())
    }
}

impl Page {
    fn of(mut answer: ureq::http::Response<ureq::Body>) -> Self {
        let location = answer.headers().get("location").and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
        let text = answer.body_mut().with_config().limit(1 << 26).read_to_vec().unwrap();
        Self { status: answer.status().as_u16(), text: String::from_utf8_lossy(&text).into_owned(), location }
    }

    /// The text between two marks, as it was before it was escaped.
    fn between(&self, start: &str, end: &str) -> String {
        let rest = self.text.split_once(start).unwrap_or_else(|| panic!("no `{start}` in {}", self.text)).1;
        let found = rest.split_once(end).unwrap().0;
        found.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
    }

    /// The name that the page gave to the request of its form.
    fn request(&self) -> String {
        self.between("name=\"request\" value=\"", "\"")
    }

    fn editor(&self) -> String {
        self.between("<textarea id=\"sql\"", "</textarea>").split_once('>').unwrap().1.to_owned()
    }
}

/// Sends the workspace's form and waits for the end of its run.
fn ran(world: &World, reader: &Reader, permit: &str, sql: &str) -> (String, Page) {
    let path = format!("/permits/{permit}/workspace");
    let sent = reader.post(&path, &[("request", &reader.get(&path).request()), ("sql", sql)]);
    assert_eq!(sent.status, 303, "{}", sent.text);
    let run = sent.location.strip_prefix("/runs/").unwrap().to_owned();
    world.client("per_hanako").unwrap().wait(&run).unwrap();
    let page = reader.get(&sent.location);
    (run, page)
}

#[test]
fn every_example_of_the_workspace_runs_and_its_result_is_a_table_a_chart_and_files() {
    let (world, permit) = base::running("portal-examples");
    let hanako = Reader::new(&world, "per_hanako");
    let examples = hanako.get(&format!("/permits/{permit}/workspace")).text.matches("?example=").count();
    assert_eq!(examples, 4, "a permit of two whole databases has an example of each kind");
    for number in 0..examples {
        let sql = hanako.get(&format!("/permits/{permit}/workspace?example={number}")).editor();
        let (run, page) = ran(&world, &hanako, &permit, &sql);
        assert!(page.text.contains("data-status=\"released\"") || page.text.contains("data-status=\"suppressed\""), "{sql}\n{}", page.text);
        assert!(page.text.contains("<svg") && page.text.contains("<caption") && !page.text.contains("http-equiv"), "{}", page.text);
        let again = hanako.get(&format!("/permits/{permit}/workspace?run={run}")).editor();
        assert_eq!(again, sql, "`use again` gives the text as it was");
        let csv = hanako.get(&format!("/runs/{run}/files/table.csv"));
        assert_eq!(csv.text.as_bytes(), world.client("per_taro").unwrap().file(&run, "table.csv").unwrap());
        let read = world.events().unwrap().iter().filter(|e| matches!(&e.act, Act::Downloaded { run: r, .. } if r.as_str() == run)).count();
        assert_eq!(read, 3, "the page, the file and the API: each look is an event");
    }
}

#[test]
fn a_form_sent_twice_is_one_run_and_a_refused_one_keeps_its_text() {
    let (world, permit) = base::running("portal-forms");
    let (hanako, path) = (Reader::new(&world, "per_hanako"), format!("/permits/{permit}/workspace"));
    let request = hanako.get(&path).request();
    let form = [("request", request.as_str()), ("sql", JOINED)];
    let (first, second) = (hanako.post(&path, &form), hanako.post(&path, &form));
    assert_eq!((first.status, first.location.clone()), (303, second.location));
    let runs = world.events().unwrap().iter().filter(|e| matches!(e.act, Act::RunRequested { .. })).count();
    assert_eq!(runs, 1);
    // The gate refuses: a page of the run. The desk refuses: the same page again, with what was typed.
    let (_, refused) = ran(&world, &hanako, &permit, "SELECT * FROM ndb.patients");
    assert!(refused.text.contains("data-status=\"refused\"") && refused.text.contains("sql-not-offered"), "{}", refused.text);
    let long = format!("SELECT '{}<b>'", "x".repeat(40_000));
    let kept = hanako.post(&path, &[("request", &hanako.get(&path).request()), ("sql", &long)]);
    assert_eq!((kept.status, kept.editor()), (413, long));
    assert!(kept.text.contains("role=\"alert\""));
    // A form of another site's page does nothing.
    let request = hanako.agent.post(format!("http://{}{path}", hanako.address)).header("Cookie", &hanako.cookie);
    let foreign = Page::of(request.header("Origin", "http://example.org").send_form(form).unwrap());
    assert_eq!(foreign.status, 403);
}

#[test]
fn trying_beside_the_editor_shows_made_up_figures_and_runs_nothing() {
    let (world, permit) = base::running("portal-try");
    let (hanako, path) = (Reader::new(&world, "per_hanako"), format!("/permits/{permit}/workspace"));
    let request = hanako.get(&path).request();
    let send = |sql: &str| hanako.post(&path, &[("request", &request), ("sql", sql), ("do", "try")]);
    let sent = send(JOINED);
    assert_eq!(sent.status, 303, "{}", sent.text);
    assert_eq!(send(JOINED).location, sent.location, "sent twice, it is one pre-flight");
    let tried = sent.location.split_once("try=").unwrap().1.trim_end_matches("#try").to_owned();
    world.client("per_hanako").unwrap().wait_preflight(&tried).unwrap();
    let page = hanako.get(&format!("{path}?try={tried}"));
    assert!(page.text.contains("SYNTHETIC, not data.") && page.text.contains("SYNTHETIC table, not data"), "{}", page.text);
    assert!(page.text.contains("data-final=\"true\"") && !page.text.contains("/files/table.csv"));
    assert_eq!(page.editor(), JOINED, "the text stays in the editor");
    // Another text from the same page is another pre-flight; its refusal is told beside the editor.
    let refused = send("SELECT * FROM ndb.patients");
    assert_eq!(refused.status, 303, "{}", refused.text);
    let id = refused.location.split_once("try=").unwrap().1.trim_end_matches("#try").to_owned();
    world.client("per_hanako").unwrap().wait_preflight(&id).unwrap();
    let page = hanako.get(&format!("{path}?try={id}"));
    assert!(page.text.contains("data-code=\"") && page.text.contains("It could not leave."), "{}", page.text);
    let events = world.events().unwrap();
    assert!(!events.iter().any(|e| matches!(e.act, Act::RunRequested { .. } | Act::Released { .. } | Act::Downloaded { .. })));
    assert_eq!(events.iter().filter(|e| matches!(e.act, Act::PreflightAnswered { .. })).count(), 2);
    assert_eq!(Reader::new(&world, "per_outsider").get(&format!("{path}?try={tried}")).status, 404);
}

#[test]
fn who_waits_for_a_long_audit_is_told_so_and_nothing_is_recorded_of_it() {
    let (mut world, permit) = base::running("portal-checking");
    world.stop(Unit::Enclave).unwrap();
    let (hanako, client) = (Reader::new(&world, "per_hanako"), world.client("per_hanako").unwrap());
    let run = client.run(&permit, JOINED).unwrap().id;
    assert_eq!(client.show_run(&run).unwrap().status, "queued");
    let before = world.lines().len();
    report(&world, "/internal/v1/audits", &json!({ "run": run }));
    assert_eq!(world.lines().len(), before, "it is no act");
    assert_eq!(client.show_run(&run).unwrap().status, "checking");
    assert_eq!(client.runs(&permit).unwrap()[0].status, "checking");
    let page = hanako.get(&format!("/runs/{run}"));
    assert!(page.text.contains("are being audited") && page.text.contains("data-final=\"false\""), "{}", page.text);
    // A person's token opens nothing of the enclave's.
    let foreign = Raw::new(world.internal()).post("/internal/v1/audits", Some("per_hanako"), None, &json!({ "run": run }).to_string());
    assert_eq!(foreign.unwrap().status, 401);
    world.spawn(Unit::Enclave).unwrap();
    assert_eq!(client.wait(&run).unwrap().status, "released");
    assert!(!hanako.get(&format!("/runs/{run}")).text.contains("are being audited"));
}

#[test]
fn who_is_not_named_in_a_permit_finds_nothing_of_its_work() {
    let (world, permit) = base::running("portal-named");
    let (run, _) = ran(&world, &Reader::new(&world, "per_taro"), &permit, JOINED);
    let workspace = format!("/permits/{permit}/workspace");
    let form = [("request", "r"), ("sql", JOINED)];
    for person in ["per_outsider", "per_member1", "per_ministry", "per_auditor", "per_reception"] {
        let reader = Reader::new(&world, person);
        for path in [&workspace, &format!("/runs/{run}"), &format!("/runs/{run}/files/table.csv"), &format!("{workspace}?run={run}")] {
            let page = reader.get(path);
            assert_eq!(page.status, 404, "{person} {path}");
            let none = reader.get(&path.replace(&permit, "prm_none").replace(&run, "run_none"));
            let plain = |page: &Page| page.text.replace(&permit, "").replace(&run, "").replace("prm_none", "").replace("run_none", "");
            assert_eq!(plain(&page), plain(&none), "what may not be seen looks like what does not exist");
        }
        assert_eq!(reader.post(&workspace, &form).status, 404, "{person}");
    }
    let nobody = Reader::new(&world, "");
    assert_eq!((nobody.get(&workspace).status, nobody.get(&format!("/runs/{run}")).status, nobody.get("/log").status), (401, 401, 401));
}

#[test]
fn the_register_tells_every_permit_and_release_and_nobody() {
    let mut world = World::copy_of("portal-register", base::loaded()).unwrap();
    world.start_all().unwrap();
    base::wait_for_data(&world, &["ndb", "kaigo"]);
    if visiting_tests::world::omop_set().is_some() {
        base::wait_for_data(&world, &["omop"]);
    }
    let report = journey::play(Setting { address: world.address().to_owned(), home: world.home().to_owned() }, |_| {});
    assert_eq!(report.failed, Vec::<String>::new());
    let register = Reader::new(&world, "").get("/register");
    assert_eq!(register.status, 200);
    for event in world.events().unwrap() {
        match event.act {
            Act::PermitIssued { permit } => assert!(register.text.contains(permit.id.as_str()), "{} is missing", permit.id),
            Act::Released { run, receipt } => assert!(register.text.contains(run.as_str()) && register.text.contains(&receipt)),
            _ => {}
        }
    }
    let main = register.between("<main", "</main>");
    for (id, name) in setup::demo_people() {
        assert!(!main.contains(id) && !main.contains(name) && !main.contains(name.split(" (").next().unwrap()), "{id} is in the register");
    }
    assert!(!main.contains("per_"), "{main}");
    let filtered = Reader::new(&world, "").get("/register?db=kaigo&q=%E3%81%82%E3%82%8A%E3%81%88%E3%81%AA%E3%81%84");
    assert!(filtered.text.contains("No permit fits."), "{}", filtered.text);
}

/// A page of a foreign name that was made to point here is not answered, whatever it says of itself.
#[test]
fn under_a_foreign_name_nothing_is_answered() {
    use std::io::{Read, Write};
    let (world, _) = base::running("portal-name");
    let ask = |host: &str, rest: &str| {
        let mut stream = std::net::TcpStream::connect(world.address()).unwrap();
        write!(stream, "{rest} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nSec-Fetch-Site: same-origin\r\nContent-Length: 0\r\n\r\n")
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.lines().next().unwrap().to_owned()
    };
    assert_eq!(ask(world.address(), "GET /login"), "HTTP/1.1 200 OK");
    for rest in ["GET /login", "POST /login", "GET /v1/listings", "GET /register"] {
        assert_eq!(ask("evil.test:8750", rest), "HTTP/1.1 403 Forbidden", "{rest}");
    }
}

/// Whoever is erased is not named by what others wrote about them, either.
#[test]
fn an_erased_name_does_not_come_back_in_the_register() {
    let (world, _) = base::running("portal-erased");
    let hanako = world.client("per_hanako").unwrap();
    let mut wish = journey::application(&["per_hanako"], &["ndb.patients.sex"], (202401, 202412)).unwrap();
    wish.purpose = "厚労　花子の糖尿病研究".to_owned();
    let application = hanako.apply(&wish).unwrap().id;
    world.client("per_reception").unwrap().confirm(&application).unwrap();
    base::approve(&world, "per_member1", &application, &BTreeSet::new());
    base::approve(&world, "per_member2", &application, &BTreeSet::new()).unwrap();
    let register = || Reader::new(&world, "per_auditor").get("/register").text;
    let main = |text: String| text.split_once("<main").unwrap().1.to_owned();
    let before = main(register());
    assert!(before.contains("糖尿病研究") && !before.contains("花子") && !before.contains("厚労"), "{before}");
    world.tool("visiting-setup", &["--forget", "per_hanako"]).unwrap();
    let after = main(register());
    assert!(!after.contains("糖尿病研究") && !after.contains("花子") && !after.contains("厚労"), "{after}");
}

#[test]
fn a_guest_is_bound_by_the_page_and_what_is_refused_keeps_its_text() {
    let (world, permit) = base::running("portal-guests");
    let (reader, path) = (Reader::new(&world, "per_hanako"), format!("/permits/{permit}/guests"));
    let hand_in = |source: &Source| {
        let (request, module) = (reader.get(&path).request(), sign::to_base64(&source.module));
        reader.post(&path, &[("request", &request), ("manifest", &source.manifest), ("module", &module)])
    };
    let refused = hand_in(&guest::keeping_memory("band").unwrap());
    assert_eq!(refused.status, 422);
    assert!(refused.text.contains("no-memory") && refused.text.contains("name = &quot;band&quot;"), "{}", refused.text);
    let bound = hand_in(&guest::band("band").unwrap());
    assert!(bound.status == 200 && bound.text.contains("It passed the examination"), "{} {}", bound.status, bound.text);
    assert!(reader.get(&path).text.contains("guest.band(born: int, sex: int)"));
    let sql =
        "SELECT guest.band(birth_ym, sex) AS band, COUNT(DISTINCT pid) AS people FROM ndb.patients GROUP BY guest.band(birth_ym, sex)";
    let (_, result) = ran(&world, &reader, &permit, sql);
    assert!(result.text.contains("middle"), "{}", result.text);
    let binding = |event: &&visiting_policies::record::Event| matches!(event.act, Act::GuestBound { .. });
    assert_eq!(world.events().unwrap().iter().filter(binding).count(), 1);
    assert_eq!(Reader::new(&world, "per_outsider").get(&path).status, 404);
}

#[test]
fn the_access_log_is_for_auditors_and_putting_live_rows_into_words_makes_no_event() {
    let (world, permit) = base::running("portal-log");
    let (run, _) = ran(&world, &Reader::new(&world, "per_hanako"), &permit, JOINED);
    let auditor = Reader::new(&world, "per_auditor");
    let all = auditor.get("/log");
    assert_eq!(all.status, 200);
    assert!(all.text.contains("Viewed /log.") && all.text.contains("The exit gate judged run"), "{}", all.text);
    for person in ["per_hanako", "per_member1", "per_ministry"] {
        assert_eq!(Reader::new(&world, person).get("/log").status, 403, "{person}");
        assert_eq!(Reader::new(&world, person).post_json("/log/words", "[]").status, 403, "{person}");
    }
    let size = world.events().unwrap().len();
    let kinds = |text: &str| -> BTreeSet<u64> {
        text.split("data-index=\"").skip(1).map(|rest| rest.split('"').next().unwrap().parse().unwrap()).collect()
    };
    let leaves = visiting_tests::world::record_lines(world.home());
    let pairs = serde_json::to_string(&(0..).zip(&leaves).take(20).collect::<Vec<(u64, _)>>()).unwrap();
    assert_eq!(kinds(&auditor.post_json("/log/words", &pairs).text).len(), 20);
    let few = auditor.post_json(&format!("/log/words?case={run}&kind=run_judged"), &pairs);
    assert_eq!((few.status, kinds(&few.text).len()), (200, 1), "live rows honour the filter");
    assert_eq!(world.events().unwrap().len(), size, "words for leaves that the reader has are no event");
    // A run by its id; the whole case by the id of its application; paging reaches the first event.
    let own = auditor.get(&format!("/log?case={run}&outcome=accepted"));
    assert!(own.text.contains(&format!("Asked for run {run}")) && !own.text.contains("The votes on"), "{}", own.text);
    let application = world.client("per_hanako").unwrap().permit(&permit).unwrap().application;
    let case = auditor.get(&format!("/log?case={application}"));
    assert!(case.text.contains("The votes on") && case.text.contains(&format!("Asked for run {run}")), "{}", case.text);
    let mut seen = kinds(&all.text);
    let mut page = all;
    while let Some((_, rest)) = page.text.split_once("&amp;before=") {
        page = auditor.get(&format!("/log?before={}", rest.split('"').next().unwrap()));
        seen.extend(kinds(&page.text));
    }
    assert!((0..u64::try_from(size).unwrap() - 6).all(|index| seen.contains(&index)), "a page was left out: {seen:?}");
    assert_eq!(auditor.post_json("/log/words", "[[0,\"not a leaf\"]]").status, 422);
    assert_eq!(auditor.get("/log?before=x").status, 400);
}

#[test]
fn a_code_list_is_bound_by_the_page_and_what_is_refused_keeps_its_text() {
    let (world, permit) = base::running("portal-codes");
    let (reader, path) = (Reader::new(&world, "per_hanako"), format!("/permits/{permit}/codes"));
    let hand_in = |csv: &str| {
        let request = reader.get(&path).request();
        reader.post(&path, &[("request", &request), ("name", "kin"), ("csv", csv)])
    };
    let refused = hand_in("code,kin\r\nE11\r\n");
    assert_eq!(refused.status, 422);
    assert!(refused.text.contains("line 2, column 1") && refused.text.contains("value=\"kin\""), "{}", refused.text);
    // Larger than other forms may be: browsers write three bytes for most of a file's.
    let bound =
        hand_in(&format!("code,kin\r\nE11,糖尿病\r\n{}", (0..9_000).map(|n| format!("X{n},{}\r\n", "あ".repeat(20))).collect::<String>()));
    assert!(bound.status == 200 && bound.text.contains("It passed the examination"), "{} {}", bound.status, bound.text);
    assert!(reader.get(&path).text.contains("codes.kin(code: text, kin: text)"));
    assert!(reader.get(&format!("/permits/{permit}/workspace")).text.contains("codes.prefecture"));
    let sql = "SELECT k.kin, COUNT(DISTINCT c.pid) AS people FROM ndb.claims c JOIN codes.kin k ON k.code = c.icd10 GROUP BY k.kin";
    let (_, result) = ran(&world, &reader, &permit, sql);
    assert!(result.text.contains("糖尿病"), "{}", result.text);
    assert_eq!(Reader::new(&world, "per_outsider").get(&path).status, 404);
    let public = Reader::new(&world, "per_outsider").get("/codes").text;
    assert!(public.contains("codes.prefecture") && public.contains("JIS X 0401") && public.contains("鹿児島県"), "{public}");
}
