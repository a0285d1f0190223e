//! The portal asked without a listener: every address, as every kind of person, in both languages.

mod audit;
mod forms;
mod pages;

use std::sync::Arc;

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Request, StatusCode, header},
};
use tower::ServiceExt;
use visiting_policies::{
    handover::{ErasureReport, ExtractReport, FileDigest, LedgerHead, LoadReport, Purpose, RunReport},
    hold::{Held, HoldReason},
    record::{Act, Actor, Event},
    sample::is_drawn,
    sign::{self, SigningKey},
    terms::{PermitId, Role, Verdict},
    vote::{ClosureOrder, RecallOrder, SuspensionOrder},
};

use super::{ROUTES, Who};
use crate::{
    app::Shared,
    config::Config,
    files,
    home::Home,
    rotation, routes, serve,
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

/// A witness that never answers: people are served all the same, only the enclave waits for it.
const WITNESS: &str = "witness.example/visits+6df725b5+BNdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea=http://127.0.0.1:9";

impl Site {
    async fn new(name: &str) -> Self {
        Self::opened(name, true).await
    }

    async fn opened(name: &str, demo: bool) -> Self {
        let scratch = Scratch::new(name);
        let home = Home::at(scratch.path("home"));
        setup::prepare(&home).unwrap();
        if !demo {
            setup::set_witnesses(&home, &[WITNESS.to_owned()], None).unwrap();
        }
        Self::started(scratch, home, demo).await
    }

    /// One whose log has had two keys; and their verifier keys, the older one first.
    async fn rotated(name: &str) -> (Self, [String; 2]) {
        let scratch = Scratch::new(name);
        let home = Home::at(scratch.path("home"));
        setup::prepare(&home).unwrap();
        let old = std::fs::read_to_string(home.log().join("log.vkey")).unwrap().trim().to_owned();
        let new = rotation::prepare(&home).unwrap();
        (Self::started(scratch, home, true).await, [old, new])
    }

    async fn started(scratch: Scratch, home: Home, demo: bool) -> Self {
        let any = "127.0.0.1:0".parse().unwrap();
        let app = Arc::new(serve::open(&Config { home: home.clone(), public: any, internal: any, journal: None, demo }).await.unwrap());
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
            page.body.split("id=\"ballot-text\"").nth(1).unwrap().split('>').nth(1).unwrap().split("</pre").next().unwrap().to_owned();
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
                judged_by: 0,
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
            judged_by: 0,
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
