//! The portal asked without a listener: every address, as every kind of person, in both languages.

use std::sync::Arc;

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Request, StatusCode, header},
};
use tower::ServiceExt;
use visiting_policies::{
    handover::{ExtractReport, FileDigest, LedgerHead, LoadReport, Purpose, RunReport},
    hold::{Held, HoldReason},
    record::{Act, Actor, Event},
    sample::is_drawn,
    sign::{self, SigningKey},
    terms::{PermitId, Role, Verdict},
    vote::{RecallOrder, SuspensionOrder},
};

use super::{ROUTES, Who};
use crate::{
    app::Shared,
    config::Config,
    files,
    home::Home,
    routes, serve,
    setup::{self, tests::Scratch},
};

const HANAKO: &str = "per_hanako";

/// A gateway over a fresh folder, with data of two listings to apply for.
struct Site {
    app: Shared,
    router: Router,
    home: Home,
    _scratch: Scratch,
}

struct Page {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Page {
    fn location(&self) -> String {
        self.headers
            .get(header::LOCATION)
            .unwrap_or_else(|| panic!("no redirect: {} {}", self.status, self.body))
            .to_str()
            .unwrap()
            .to_owned()
    }

    /// The value of the first hidden field of this name.
    fn hidden(&self, name: &str) -> String {
        let at = self.body.find(&format!("name=\"{name}\" value=\"")).unwrap_or_else(|| panic!("no {name} in {}", self.body));
        self.body[at..].split('"').nth(3).unwrap().to_owned()
    }
}

impl Site {
    async fn new(name: &str) -> Self {
        Self::opened(name, true).await
    }

    async fn opened(name: &str, demo: bool) -> Self {
        let scratch = Scratch::new(name);
        let home = Home::at(scratch.path("home"));
        setup::prepare(&home).unwrap();
        let any = "127.0.0.1:0".parse().unwrap();
        let app = Arc::new(serve::open(&Config { home: home.clone(), public: any, internal: any, demo }).await.unwrap());
        let site = Self { router: routes::public(Arc::clone(&app)), app, home, _scratch: scratch };
        for listing in ["ndb", "kaigo"] {
            site.load(listing).await;
        }
        site
    }

    fn gate(&self) -> SigningKey {
        files::read_key(&self.home.enclave("gate.seed")).unwrap()
    }

    async fn load(&self, listing: &str) {
        let rows = [(format!("{listing}.t"), 100)].into();
        let report = LoadReport { listing: listing.to_owned(), version: 1, rows, quarantined: 0, manifest: sign::digest(b"m") };
        let signed = report.sign(&self.gate());
        let act = Act::DataLoaded { report: signed.value, signature: signed.signature };
        self.app.desk.act(Actor::Enclave, None, act).await.unwrap();
    }

    async fn ask(&self, request: Request<Body>) -> Page {
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        let body = String::from_utf8_lossy(&to_bytes(body, usize::MAX).await.unwrap()).into_owned();
        Page { status: parts.status, headers: parts.headers, body }
    }

    fn cookies(&self, person: &str, lang: &str) -> String {
        let login = if person == "nobody" { String::new() } else { self.app.logins.issue(&person.parse().unwrap()).unwrap() };
        format!("visiting_session={login}; visiting_lang={lang}")
    }

    async fn see(&self, person: &str, lang: &str, path: &str) -> Page {
        let request = Request::get(path).header(header::COOKIE, self.cookies(person, lang)).header(header::ACCEPT, "text/html");
        self.ask(request.body(Body::empty()).unwrap()).await
    }

    async fn send_from(&self, site: &str, person: &str, path: &str, form: &[(&str, &str)]) -> Page {
        let request = Request::post(path)
            .header(header::COOKIE, self.cookies(person, "ja"))
            .header(header::ACCEPT, "text/html")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("sec-fetch-site", site)
            .header(header::HOST, "localhost")
            .header(header::REFERER, "http://localhost/catalog?q=from-here");
        self.ask(request.body(Body::from(serde_urlencoded::to_string(form).unwrap())).unwrap()).await
    }

    async fn send(&self, person: &str, path: &str, form: &[(&str, &str)]) -> Page {
        self.send_from("same-origin", person, path, form).await
    }

    /// Every event of the record.
    async fn events(&self) -> Vec<Event> {
        let size = self.app.desk.view().cases.size();
        self.app.desk.leaves(0, size).await.unwrap().iter().map(|leaf| Event::from_bytes(leaf.as_bytes()).unwrap()).collect()
    }

    async fn count(&self, kind: &str) -> usize {
        self.events().await.iter().filter(|e| e.act.kind() == kind).count()
    }

    /// A draft of Hanako's that is fit to be sent.
    async fn draft(&self, request: &str, purpose: &str) -> String {
        let page = self.send(HANAKO, "/applications/new", &[&[("request", request), ("purpose", purpose)], FIT].concat()).await;
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.body);
        page.location().split(['/', '?']).nth(2).unwrap().to_owned()
    }

    /// An application of Hanako's, sent through the pages.
    async fn application(&self, request: &str) -> String {
        let draft = self.draft(request, "糖尿病と介護").await;
        let last = self.see(HANAKO, "ja", &format!("/drafts/{draft}/review")).await;
        let form = [("request", last.hidden("request")), ("shown", last.hidden("shown"))];
        let sent = self.send(HANAKO, &format!("/drafts/{draft}/submit"), &form.each_ref().map(|(n, v)| (*n, v.as_str()))).await;
        sent.location().split(['/', '?']).nth(2).unwrap().to_owned()
    }

    /// A vote signed with the member's own key over the ballot that the page shows.
    async fn vote(&self, member: &str, application: &str, decision: &str, remove: &[&str]) -> Page {
        let removed: String = remove.iter().map(|c| format!("&remove={c}")).collect();
        let page = self.see(member, "ja", &format!("/reviews/{application}/ballot?decision={decision}{removed}")).await;
        let text =
            page.body.split("id=\"signed-text\"").nth(1).unwrap().split('>').nth(1).unwrap().split("</pre").next().unwrap().to_owned();
        let signature = files::read_key(&self.home.key(member)).unwrap().sign(text.as_bytes());
        let request = page.hidden("request");
        let mut form = vec![("request", request.as_str()), ("decision", decision), ("signature", signature.as_str())];
        form.extend(remove.iter().map(|c| ("remove", *c)));
        self.send(member, &format!("/reviews/{application}/votes"), &form).await
    }

    /// A permit by the pages alone, with its extract.
    async fn permit(&self) -> (String, String) {
        let application = self.application("permit").await;
        let form = [("request", "c"), ("finding", "complete")];
        self.send("per_reception", &format!("/applications/{application}/completeness"), &form).await.location();
        self.vote("per_member1", &application, "approve", &["ndb.patients.pref"]).await.location();
        self.vote("per_member2", &application, "approve", &[]).await.location();
        let permit: PermitId = self.app.desk.view().cases.permits.keys().next().unwrap().clone();
        let report = ExtractReport { permit: permit.clone(), versions: [("ndb".to_owned(), 1)].into(), people: 100, rows: [].into() };
        let signed = report.sign(&self.gate());
        let act = Act::ExtractMade { report: signed.value, signature: signed.signature };
        self.app.desk.act(Actor::Enclave, None, act).await.unwrap();
        (application, permit.to_string())
    }

    /// A release of the machine, drawn for a later look or not.
    async fn released(&self, permit: &str, drawn: bool) -> String {
        let table = self.app.documents.put("sex,people,note\n1,120,\n".to_owned()).await.unwrap();
        for number in 0..1_000 {
            let request = format!("release {drawn} {number}");
            let asked = self.send(HANAKO, &format!("/permits/{permit}/workspace"), &[("request", &request), ("sql", "SELECT 3")]).await;
            let run = asked.location().split(['/', '?', '#']).nth(2).unwrap().to_owned();
            let report = RunReport {
                run: run.parse().unwrap(),
                index: self.app.desk.view().cases.runs[&run.parse().unwrap()].index,
                verdict: Verdict::Release,
                refusal: None,
                files: vec![FileDigest { name: "table.csv".to_owned(), digest: table.clone() }],
                ledger: LedgerHead { entries: 0, digest: sign::digest(b"l") },
                rules: [].into(),
                spent: visiting_policies::budget::Spent::default(),
                held: None,
            };
            let signed = report.sign(&self.gate());
            let found = is_drawn(&signed.signature) == drawn;
            let act = Act::RunJudged { report: signed.value, signature: signed.signature };
            self.app.desk.act(Actor::Enclave, None, act).await.unwrap();
            let act = Act::Released { run: run.parse().unwrap(), receipt: sign::digest(b"receipt") };
            self.app.desk.act(Actor::Enclave, None, act).await.unwrap();
            if found {
                return run;
            }
        }
        panic!("none of 1000 verdicts is drawn");
    }

    /// What a page asks to be signed, signed by this person.
    fn signed(&self, person: &str, text: &str) -> String {
        files::read_key(&self.home.key(person)).unwrap().sign(text.as_bytes())
    }

    /// A run that the gate held for one checker.
    async fn held(&self, permit: &str) -> String {
        let asked = self.send(HANAKO, &format!("/permits/{permit}/workspace"), &[("request", "h"), ("sql", "SELECT 2")]).await;
        let run = asked.location().split(['/', '?', '#']).nth(2).unwrap().to_owned();
        let sealed = self.app.documents.put("{}".to_owned()).await.unwrap();
        let held = Held { reasons: [HoldReason::NotAudited].into(), checkers: 1, sealed };
        let report = RunReport {
            run: run.parse().unwrap(),
            index: self.app.desk.view().cases.runs[&run.parse().unwrap()].index,
            verdict: Verdict::Hold,
            refusal: None,
            files: Vec::new(),
            ledger: LedgerHead { entries: 0, digest: sign::digest(b"l") },
            rules: [].into(),
            spent: visiting_policies::budget::Spent::default(),
            held: Some(held),
        };
        let signed = report.sign(&self.gate());
        let act = Act::RunJudged { report: signed.value, signature: signed.signature };
        self.app.desk.act(Actor::Enclave, None, act).await.unwrap();
        run
    }
}

/// Fields of a form that can be sent, but for its purpose.
const FIT: &[(&str, &str)] = &[
    ("column", "ndb.patients.sex"),
    ("column", "ndb.patients.pref"),
    ("column", "kaigo.recipients.care_level"),
    ("member", "per_taro"),
    ("from", "2024-01"),
    ("to", "2024-12"),
    ("until", "2999-03-31"),
    ("act", "save"),
];

/// Somebody for whom an address is meant.
fn reader(who: Who) -> &'static str {
    match who {
        Who::Anyone => "nobody",
        Who::Person | Who::Concerned => HANAKO,
        Who::Holding(roles) => match roles.last() {
            Some(Role::Reception) => "per_reception",
            Some(Role::CommitteeMember) => "per_member4",
            Some(Role::Ministry) => "per_ministry",
            Some(Role::Auditor) => "per_auditor",
            Some(Role::DataHolder) => "per_holder",
            Some(Role::Checker) => "per_checker1",
            _ => HANAKO,
        },
    }
}

/// What every page is: whole, in its language, with nothing inline and nothing from elsewhere.
fn sound(page: &Page, lang: &str, path: &str) {
    let body = &page.body;
    for part in [&format!("<html lang=\"{lang}\">"), "<title>", "class=\"skip\"", "<main id=\"main\"", "<footer", "</html>"] {
        assert!(body.contains(part), "{path} in {lang} lacks {part}: {body}");
    }
    assert_eq!(body.matches("<h1").count(), 1, "{path}");
    let lower = body.to_lowercase();
    for foul in
        [" style=", "<style", "javascript:", " onclick=", " onsubmit=", " onload=", "src=\"http", "href=\"http", "src=\"//", "href=\"//"]
    {
        assert!(!lower.contains(foul), "{path} has {foul}");
    }
    // A block of JSON is data; anything else is a file of ours.
    let own = |tag: &str| tag.contains(" src=\"/assets/") || tag.contains(" type=\"application/json\"");
    let inline = lower.split("<script").skip(1).any(|rest| !own(rest.split('>').next().unwrap_or_default()));
    assert!(!inline, "{path} has an inline script");
}

fn guarded(page: &Page, path: &str) {
    let policy = page.headers.get("content-security-policy").unwrap_or_else(|| panic!("{path} has no policy")).to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe") && policy.contains("frame-ancestors 'none'"), "{path}");
    for (name, value) in [
        ("referrer-policy", "same-origin"),
        ("x-content-type-options", "nosniff"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        assert_eq!(page.headers.get(name).map(|v| v.to_str().unwrap()), Some(value), "{path}");
    }
    assert!(page.headers.contains_key(header::CACHE_CONTROL), "{path}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_answers_in_both_languages_with_its_headers() {
    let site = Site::new("portal-pages").await;
    let (application, permit) = site.permit().await;
    let open = site.application("open").await;
    let draft = site.draft("draft", "まだ途中").await;
    site.send("per_reception", &format!("/applications/{open}/completeness"), &[("request", "o"), ("finding", "complete")]).await;
    let run = site.send(HANAKO, &format!("/permits/{permit}/workspace"), &[("request", "r"), ("sql", "SELECT 1")]).await;
    let run = run.location().split(['/', '?', '#']).nth(2).unwrap().to_owned();
    let held = site.held(&permit).await;
    let sampled = site.released(&permit, true).await;
    for route in ROUTES.iter().filter(|r| r.method == "get" && !r.path.starts_with("/lang") && !r.path.contains("/files/")) {
        let id = match route.path.split('/').nth(1).unwrap() {
            "catalog" => "ndb",
            "drafts" => &draft,
            "reviews" => &open,
            "permits" => &permit,
            "runs" => &run,
            "holds" => &held,
            "samples" | "releases" => &sampled,
            _ => &application,
        };
        let path = route.path.replace("{id}", id).replace("/ballot", "/ballot?decision=approve");
        let mut bodies = Vec::new();
        for lang in ["ja", "en"] {
            let page = site.see(reader(route.who), lang, &path).await;
            assert_eq!(page.status, StatusCode::OK, "{path}: {}", page.body);
            sound(&page, lang, &path);
            guarded(&page, &path);
            bodies.push(page.body);
        }
        assert_ne!(bodies[0], bodies[1], "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checker_looks_afterwards_and_the_ministry_recalls_by_pages_alone() {
    let site = Site::new("portal-sample").await;
    let (_, permit) = site.permit().await;
    let run = site.released(&permit, true).await;
    let fetched = Act::Downloaded { run: run.parse().unwrap(), file: "table.csv".to_owned() };
    site.app.desk.act(Actor::Person(HANAKO.parse().unwrap()), None, fetched).await.unwrap();
    let queue = site.see("per_checker1", "ja", "/holds").await.body;
    assert!(queue.contains(&format!("/samples/{run}")) && queue.contains("あとから確認する出力"), "{queue}");
    let page = site.see("per_checker1", "en", &format!("/samples/{run}")).await;
    assert!(page.body.contains("SELECT 3") && page.body.contains("120") && page.body.contains("糖尿病と介護"), "{}", page.body);

    // The text on the page is the one that counts, with the opinion and the reason in it.
    let text = page.body.split("id=\"signed-text\"").nth(1).unwrap().split('>').nth(1).unwrap().split("</pre").next().unwrap();
    let text = text.replace("opinion: fine", "opinion: recall").replace("reason: \n", "reason: 列が多すぎる\n");
    let (request, signature) = (page.hidden("request"), site.signed("per_checker1", &text));
    let form = [("request", request.as_str()), ("opinion", "recall"), ("reason", "列が多すぎる"), ("signature", &signature)];
    let forged = [("request", "x"), ("opinion", "fine"), ("reason", "列が多すぎる"), ("signature", &signature)];
    let refused = site.send("per_checker1", &format!("/samples/{run}/look"), &forged).await;
    assert!(refused.status == StatusCode::UNPROCESSABLE_ENTITY && refused.body.contains("data-code=\"check-forged\""), "{}", refused.body);
    assert_eq!(site.send("per_checker1", &format!("/samples/{run}/look"), &form).await.location(), "/holds?checked=1");
    assert!(!site.see("per_checker1", "ja", "/holds").await.body.contains(&run));
    assert_eq!(site.see("per_checker2", "ja", &format!("/samples/{run}")).await.status, StatusCode::CONFLICT);
    assert!(!site.see(HANAKO, "ja", &format!("/runs/{run}")).await.body.contains("列が多すぎる"), "the wish is the ministry's to weigh");

    // The ministry sees who asks, and who has it; nothing is recalled by the wish.
    let list = site.see("per_ministry", "en", "/releases").await.body;
    assert!(list.contains("a checker asks for its recall") && list.contains(&run), "{list}");
    assert!(site.see("per_ministry", "ja", "/").await.body.contains("取消しが求められている持ち出し"));
    let page = site.see("per_ministry", "ja", &format!("/releases/{run}")).await;
    assert!(page.body.contains("列が多すぎる") && page.body.contains("花子"), "{}", page.body);
    let order = RecallOrder { run: run.parse().unwrap(), by: "per_ministry".parse().unwrap(), reason: "誤り".to_owned() };
    let (request, signature) = (page.hidden("request"), site.signed("per_ministry", &order.text()));
    let form = [("request", request.as_str()), ("reason", "誤り"), ("signature", &signature)];
    assert_eq!(site.send("per_ministry", &format!("/releases/{run}/recall"), &form).await.location(), format!("/releases/{run}"));
    assert!(site.see("per_ministry", "ja", &format!("/releases/{run}")).await.body.contains("取り消した持ち出しです"));
    assert_eq!(site.count("recalled").await, 1);

    // Whoever has fetched it is told to destroy it; the others of the permit see that it is gone; the register says so.
    for (lang, notice) in [("ja", "すべての写しを廃棄してください"), ("en", "destroy every copy")] {
        assert!(site.see(HANAKO, lang, "/").await.body.contains(notice));
    }
    assert!(!site.see("per_taro", "ja", "/").await.body.contains("すべての写しを廃棄"));
    assert!(site.see("nobody", "ja", "/register").await.body.contains("取消し"));
    for (person, path) in
        [(HANAKO, "/releases".to_owned()), ("per_checker1", format!("/releases/{run}")), ("per_ministry", format!("/samples/{run}"))]
    {
        assert_eq!(site.see(person, "ja", &path).await.status, StatusCode::FORBIDDEN, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn patterns_are_for_the_auditor_alone() {
    let site = Site::new("portal-patterns").await;
    let (_, permit) = site.permit().await;
    site.released(&permit, false).await;
    let page = site.see("per_auditor", "ja", "/patterns").await;
    sound(&page, "ja", "/patterns");
    assert!(page.body.contains(&permit) && page.body.contains(HANAKO) && !page.body.contains("探索の疑い"), "{}", page.body);
    for person in [HANAKO, "per_reception", "per_member1", "per_ministry", "per_holder", "per_checker1"] {
        let refused = site.see(person, "ja", "/patterns").await;
        assert_eq!((refused.status, refused.body.contains(&permit)), (StatusCode::FORBIDDEN, false), "{person}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_may_not_see_is_not_there() {
    let site = Site::new("portal-who").await;
    let (application, permit) = site.permit().await;
    let draft = site.draft("draft", "まだ途中").await;
    for path in
        [format!("/applications/{application}"), format!("/permits/{permit}"), format!("/drafts/{draft}"), "/applications".to_owned()]
    {
        let page = site.see("nobody", "ja", &path).await;
        assert_eq!(page.status, StatusCode::UNAUTHORIZED, "{path}");
        assert!(page.body.contains("この人になる"), "{path} leads to no login");
        sound(&page, "ja", &path);
    }
    for path in [
        format!("/applications/{application}"),
        format!("/permits/{permit}"),
        format!("/drafts/{draft}"),
        format!("/drafts/{draft}/review"),
        "/applications/app_0".to_owned(),
        "/applications/none".to_owned(),
        "/catalog/none".to_owned(),
        "/nothing/here".to_owned(),
    ] {
        let page = site.see("per_outsider", "en", &path).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
        assert!(!page.body.contains("糖尿病") && !page.body.contains("まだ途中"));
        sound(&page, "en", &path);
        guarded(&page, &path);
    }
    assert_eq!(site.see(HANAKO, "ja", "/reviews").await.status, StatusCode::FORBIDDEN);
    assert_eq!(site.see(HANAKO, "ja", &format!("/reviews/{application}")).await.status, StatusCode::FORBIDDEN);
    assert_eq!(site.see("per_reception", "ja", "/applications/new").await.status, StatusCode::FORBIDDEN);
    let others = site.see("per_outsider", "ja", "/applications").await.body;
    assert!(!others.contains(&application) && !others.contains(&draft));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_keeps_its_own_form_of_refusal() {
    let site = Site::new("portal-api").await;
    for path in ["/v1/nothing", "/v1/applications"] {
        let page = site.see("nobody", "ja", path).await;
        assert_eq!(page.headers[header::CONTENT_TYPE], "application/problem+json", "{path}");
    }
    let plain = site.ask(Request::get("/nothing").body(Body::empty()).unwrap()).await;
    assert_eq!(plain.headers[header::CONTENT_TYPE], "application/problem+json");
    let read = site.see(HANAKO, "ja", "/v1/applications").await;
    assert_eq!(read.status, StatusCode::OK, "a page's script reads the API by the cookie");
    let written = Request::post("/v1/applications").header(header::COOKIE, site.cookies(HANAKO, "ja")).header("idempotency-key", "k");
    let written = site.ask(written.body(Body::from("{}")).unwrap()).await;
    assert_eq!(written.status, StatusCode::UNAUTHORIZED, "a cookie alone writes nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn forms_of_other_pages_are_refused_and_recorded() {
    let site = Site::new("portal-csrf").await;
    let before = site.events().await.len();
    // Logging out records nothing, and `/log/words` puts lines it is given into words: neither is an act.
    let posts: Vec<_> = ROUTES.iter().filter(|r| r.method == "post" && !["/logout", "/log/words"].contains(&r.path)).collect();
    for route in &posts {
        let path = route.path.replace("{id}", "ndb");
        for from in ["cross-site", "same-site"] {
            let page = site.send_from(from, reader(route.who), &path, &[("request", "x"), ("act", "save"), ("person", HANAKO)]).await;
            assert!(page.status == StatusCode::FORBIDDEN || page.status == StatusCode::NOT_FOUND, "{path}: {}", page.status);
            assert!(!page.headers.contains_key(header::SET_COOKIE));
        }
    }
    let events = site.events().await;
    assert!(events[before..].iter().all(|e| e.act.kind() == "refused"));
    assert!(site.app.drafts.list(&HANAKO.parse().unwrap()).await.unwrap().is_empty());
    assert_eq!(site.send_from("cross-site", HANAKO, "/logout", &[]).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_sent_twice_is_one_event() {
    let site = Site::new("portal-twice").await;
    let draft = site.draft("d", "目的").await;
    assert_eq!(site.draft("d", "目的").await, draft, "a new draft sent twice is one draft");
    let last = site.see(HANAKO, "ja", &format!("/drafts/{draft}/review")).await;
    let form = [("request", last.hidden("request")), ("shown", last.hidden("shown"))];
    let form = form.each_ref().map(|(n, v)| (*n, v.as_str()));
    let first = site.send(HANAKO, &format!("/drafts/{draft}/submit"), &form).await.location();
    assert_eq!(site.send(HANAKO, &format!("/drafts/{draft}/submit"), &form).await.location(), first);
    assert_eq!(site.count("application_submitted").await, 1);
    assert_eq!(site.see(HANAKO, "ja", &format!("/drafts/{draft}")).await.status, StatusCode::NOT_FOUND, "what was sent is no draft");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_else_is_sent_than_what_was_shown() {
    let site = Site::new("portal-shown").await;
    let draft = site.draft("d", "はじめの目的").await;
    let last = site.see(HANAKO, "ja", &format!("/drafts/{draft}/review")).await;
    let changed = [&[("request", "e"), ("purpose", "あとの目的")], FIT].concat();
    site.send(HANAKO, &format!("/drafts/{draft}"), &changed).await.location();
    let (request, shown) = (last.hidden("request"), last.hidden("shown"));
    let page = site.send(HANAKO, &format!("/drafts/{draft}/submit"), &[("request", &request), ("shown", &shown)]).await;
    assert_eq!(page.status, StatusCode::CONFLICT);
    assert!(page.body.contains("あとの目的"));
    assert_eq!(site.count("application_submitted").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_stand_beside_their_fields_and_nothing_typed_is_lost() {
    let site = Site::new("portal-faults").await;
    let typed = [
        ("request", "f"),
        ("act", "review"),
        ("team", "per_nobody_here"),
        ("purpose", "半分だけ"),
        ("from", "2024-13"),
        ("to", ""),
        ("until", "2001-01-01"),
    ];
    let page = site.send(HANAKO, "/applications/new", &typed).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    sound(&page, "ja", "/applications/new");
    for kept in
        ["半分だけ", "per_nobody_here", "2001-01-01", "role=\"alert\"", "href=\"#columns\"", "id=\"until-fault\"", "aria-invalid=\"true\""]
    {
        assert!(page.body.contains(kept), "{kept}");
    }
    let person = HANAKO.parse().unwrap();
    assert_eq!(site.app.drafts.list(&person).await.unwrap().len(), 1, "it is kept as a draft, too");
    let forged = site.vote_forged().await;
    assert_eq!(forged.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(forged.body.contains("/lang/en?to=%2Fcatalog%3Fq%3Dfrom-here"), "an answered form leads back to its page");
    assert!(forged.body.contains("data-code=\"vote-forged\"") && forged.body.contains("ndb.patients.pref"));
}

impl Site {
    /// A vote signed by somebody else's key.
    async fn vote_forged(&self) -> Page {
        let application = self.application("forged").await;
        self.send("per_reception", &format!("/applications/{application}/completeness"), &[("request", "c"), ("finding", "complete")])
            .await;
        let form = [("request", "v"), ("decision", "approve"), ("remove", "ndb.patients.pref"), ("signature", "AAAA")];
        self.send("per_member1", &format!("/reviews/{application}/votes"), &form).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_case_goes_by_pages_alone() {
    let site = Site::new("portal-case").await;
    let (application, permit) = site.permit().await;
    let shown = site.see(HANAKO, "ja", &format!("/permits/{permit}")).await.body;
    assert!(shown.contains("要介護度") && !shown.contains("都道府県"), "the condition took the column out");
    let case = site.see("per_member1", "en", &format!("/applications/{application}")).await.body;
    for part in ["Permit issued", "Voted:", "per_member2", "糖尿病と介護"] {
        assert!(case.contains(part), "{part}");
    }
    let reason = "確認のため";
    let order = SuspensionOrder { permit: permit.parse().unwrap(), by: "per_ministry".parse().unwrap(), reason: reason.to_owned() };
    let page = site.see("per_ministry", "ja", &format!("/permits/{permit}")).await;
    let signature = files::read_key(&site.home.key("per_ministry")).unwrap().sign(order.text().as_bytes());
    let request = page.hidden("request");
    let form = [("request", request.as_str()), ("reason", reason), ("signature", &signature)];
    assert_eq!(site.send("per_ministry", &format!("/permits/{permit}/suspension"), &form).await.location(), format!("/permits/{permit}"));
    assert!(site.see(HANAKO, "ja", &format!("/permits/{permit}")).await.body.contains(reason));
    assert_eq!(site.count("permit_suspended").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn sent_back_with_remarks_it_can_be_mended_from_a_copy() {
    let site = Site::new("portal-back").await;
    let application = site.application("back").await;
    let path = format!("/applications/{application}/completeness");
    let empty = site.send("per_reception", &path, &[("request", "a"), ("finding", "incomplete")]).await;
    assert_eq!(empty.status, StatusCode::BAD_REQUEST, "remarks are needed");
    site.send("per_reception", &path, &[("request", "a"), ("finding", "incomplete"), ("remarks", "所属が足りません")]).await.location();
    assert!(site.see(HANAKO, "ja", &format!("/applications/{application}")).await.body.contains("所属が足りません"));
    let copy = site.see(HANAKO, "ja", &format!("/applications/new?from={application}")).await.body;
    assert!(copy.contains("糖尿病と介護") && copy.contains("value=\"2999-03-31\"") && copy.contains("value=\"ndb.patients.sex\" checked"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_login_is_a_cookie_that_scripts_cannot_read() {
    let site = Site::new("portal-login").await;
    let page = site.send("nobody", "/login", &[("person", HANAKO), ("to", "https://example.org/")]).await;
    assert_eq!(page.location(), "/");
    let cookie = page.headers[header::SET_COOKIE].to_str().unwrap();
    assert!(
        cookie.starts_with("visiting_session=ey")
            && cookie.contains("HttpOnly")
            && cookie.contains("SameSite=Strict")
            && cookie.contains("Path=/")
    );
    assert_eq!(site.send("nobody", "/login", &[("person", "per_none")]).await.status, StatusCode::UNAUTHORIZED);
    let out = site.send(HANAKO, "/logout", &[]).await;
    assert!(out.headers[header::SET_COOKIE].to_str().unwrap().contains("Max-Age=0"));
    let lang = site.see("nobody", "ja", "/lang/en?to=/catalog%3Fq%3Dx").await;
    assert_eq!(
        (lang.location().as_str(), lang.headers[header::SET_COOKIE].to_str().unwrap().contains("visiting_lang=en")),
        ("/catalog?q=x", true)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn assets_are_kept_and_named_by_their_bytes() {
    let site = Site::new("portal-assets").await;
    let home = site.see("nobody", "ja", "/").await.body;
    let css = home.split("href=\"").find_map(|rest| rest.split('"').next().filter(|h| h.ends_with("portal.css"))).unwrap();
    let page = site.see("nobody", "ja", css).await;
    assert!(page.status.is_success() && page.headers[header::CACHE_CONTROL].to_str().unwrap().contains("immutable"));
    assert_eq!(page.headers[header::CONTENT_TYPE], "text/css; charset=utf-8");
    assert!(!page.body.contains("http:") && !page.body.contains("https:") && !page.body.contains("@import"));
    assert_eq!(site.see("nobody", "ja", "/assets/0000/portal.css").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn outside_the_demo_nobody_is_anybody() {
    let site = Site::opened("portal-earnest", false).await;
    let page = site.see("nobody", "ja", "/login").await;
    sound(&page, "ja", "/login");
    assert!(page.body.contains("name=\"token\"") && !page.body.contains("per_hanako") && !page.body.contains("デモモード"));
    assert_eq!(site.send("nobody", "/login", &[("person", HANAKO), ("token", "ey.no.token")]).await.status, StatusCode::UNAUTHORIZED);
    let token = site.app.logins.issue(&HANAKO.parse().unwrap()).unwrap();
    assert_eq!(site.send("nobody", "/login", &[("token", &token), ("to", "/permits")]).await.location(), "/permits");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_erased_is_an_id_and_their_drafts_are_gone() {
    let site = Site::new("portal-erased").await;
    let application = site.application("a").await;
    let draft = site.draft("d", "途中").await;
    assert!(site.see("per_reception", "ja", &format!("/applications/{application}")).await.body.contains("花子"));
    assert!(setup::forget(&site.home, HANAKO).unwrap());
    let page = site.see("per_reception", "ja", &format!("/applications/{application}")).await.body;
    assert!(!page.contains("花子") && page.contains(HANAKO));
    assert_eq!(site.see(HANAKO, "ja", &format!("/drafts/{draft}")).await.status, StatusCode::NOT_FOUND);
}
