//! What is sent by forms, and what comes of it.

use visiting_policies::refusal::Code;

use super::*;

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
    assert_eq!(site.suspend(&permit, reason).await.location(), format!("/permits/{permit}"));
    assert!(site.see(HANAKO, "ja", &format!("/permits/{permit}")).await.body.contains(reason));
    assert_eq!(site.count("permit_suspended").await, 1);
}

/// The name that a page gave to the request of its form that goes to `to`.
fn request_of(page: &Page, to: &str) -> String {
    let form = page.body.split(&format!("action=\"{to}\"")).nth(1).unwrap_or_else(|| panic!("no form goes to {to}: {}", page.body));
    form.split("name=\"request\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
}

impl Site {
    /// The ministry's suspension, as its form sends it.
    async fn suspend(&self, permit: &str, reason: &str) -> Page {
        let (path, by) = (format!("/permits/{permit}"), "per_ministry".parse().unwrap());
        let order = SuspensionOrder { permit: permit.parse().unwrap(), by, reason: reason.to_owned() };
        let to = format!("{path}/suspension");
        let request = request_of(&self.see("per_ministry", "ja", &path).await, &to);
        let signature = self.signed("per_ministry", &order.text());
        let form = [("request", request.as_str()), ("reason", reason), ("signature", signature.as_str())];
        self.send("per_ministry", &to, &form).await
    }

    /// The enclave has erased the extract.
    async fn erase(&self, permit: &str) {
        let signed = ErasureReport { permit: permit.parse().unwrap() }.sign(&self.gate());
        let act = Act::ExtractErased { report: signed.value, signature: signed.signature };
        self.app.desk.act(Actor::Enclave, None, act).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ministry_closes_a_permit_for_good_by_its_page() {
    let site = Site::new("portal-closure").await;
    let (_, permit) = site.permit().await;
    let (path, to, reason) = (format!("/permits/{permit}"), format!("/permits/{permit}/closure"), "研究が終わった");
    for person in [HANAKO, "per_member1"] {
        let page = site.see(person, "ja", &path).await;
        assert!(page.status.is_success() && !page.body.contains(&to) && !page.body.contains("利用を終了する"), "{person}: {}", page.body);
    }
    // It is there beside the stop and after it, and each of the two forms is its own.
    let both = site.see("per_ministry", "en", &path).await;
    sound(&both, "en", &path);
    assert!(both.body.contains("Nobody can take it back") && both.body.contains(&format!("visiting close {permit} ")), "{}", both.body);
    let mut ids: Vec<&str> = both.body.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count, "an id stands twice on the page: {}", both.body);

    let by = "per_ministry".parse().unwrap();
    let order = ClosureOrder { permit: permit.parse().unwrap(), by, reason: reason.to_owned() };
    let (signature, forged) = (site.signed("per_ministry", &order.text()), site.signed("per_member1", &order.text()));
    let request = request_of(&both, &to);
    let form = |id: &'static str, signature: &str| {
        [
            ("request", request.clone()),
            ("reason", reason.to_owned()),
            ("confirm", id.replace("{id}", &permit)),
            ("signature", signature.to_owned()),
        ]
    };
    for (person, id, signature, status, code) in [
        (HANAKO, "{id}", &signature, 403, Code::NotAllowed),
        ("per_ministry", "{id}", &forged, 422, Code::ClosureForged),
        ("per_ministry", "prm_other", &signature, 400, Code::Malformed),
        ("per_ministry", "", &signature, 400, Code::Malformed),
    ] {
        let typed = form(id, signature);
        let again = site.send(person, &to, &typed.each_ref().map(|(name, value)| (*name, value.as_str()))).await;
        assert_eq!(again.status.as_u16(), status, "{}", again.body);
        assert!(again.body.contains(&format!("data-code=\"{}\"", code.name())), "{}", again.body);
        let last = site.events().await.pop().unwrap();
        let told = matches!(&last.act, Act::Refused { tried, code: said } if tried == "POST /v1/permits/{id}/closure" && *said == code);
        assert!(told, "{last:?}");
        if person == "per_ministry" {
            assert_eq!(request_of(&again, &to), request);
            assert_eq!(again.body.matches(&format!("value=\"{reason}\"")).count(), 1, "what was typed is in its own form: {}", again.body);
            assert!(again.body.contains(&format!("value=\"{}\"", id.replace("{id}", &permit))), "{}", again.body);
        }
    }
    assert_eq!(site.count("permit_closed").await, 0);

    assert_eq!(site.suspend(&permit, "調査のあいだ").await.location(), path);
    let page = site.see("per_ministry", "ja", &path).await;
    assert!(page.body.contains("調査のあいだ") && !page.body.contains(&format!("{path}/suspension")), "{}", page.body);
    assert!(page.body.contains(&format!("action=\"{to}\"")), "a suspended permit can be closed: {}", page.body);
    let typed = form("{id}", &signature);
    let typed = typed.each_ref().map(|(name, value)| (*name, value.as_str()));
    for _ in 0..2 {
        assert_eq!(site.send("per_ministry", &to, &typed).await.location(), path, "sent twice it is one");
    }
    assert_eq!(site.count("permit_closed").await, 1);
    let page = site.see("per_ministry", "ja", &path).await;
    sound(&page, "ja", &path);
    for part in ["利用許可は終了しています", reason, "消去しています"] {
        assert!(page.body.contains(part), "{part}: {}", page.body);
    }
    assert!(!page.body.contains(&format!("{path}/suspension")) && !page.body.contains(&to), "{}", page.body);
    site.erase(&permit).await;
    let told = [("ja", "利用許可は終了しています", "消去されました："), ("en", "The permit is closed", "were erased: ")];
    for (lang, closed, gone) in told {
        let page = site.see(HANAKO, lang, &path).await;
        sound(&page, lang, &path);
        assert!(page.body.contains(closed) && page.body.contains(reason) && page.body.contains(gone), "{}", page.body);
        let bench = site.see(HANAKO, lang, &format!("{path}/workspace")).await;
        assert!(bench.body.contains(reason) && !bench.body.contains("name=\"sql\""), "{}", bench.body);
    }
    assert!(site.see("nobody", "en", "/register").await.body.contains("closed by the ministry"));
    assert!(site.see("per_ministry", "ja", "/permits").await.body.contains("抽出データ消去済み"));
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
