//! What each page shows, and to whom.

use super::*;

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
    site.incident("per_auditor", &[1]).await;
    let incident = site.app.desk.view().cases.incidents.keys().next().unwrap().to_string();
    for route in ROUTES.iter().filter(|r| r.method == "get" && !r.path.starts_with("/lang") && !r.path.contains("/files/")) {
        let id = match route.path.split('/').nth(1).unwrap() {
            "catalog" => "ndb",
            "drafts" => &draft,
            "reviews" => &open,
            "permits" => &permit,
            "runs" => &run,
            "holds" => &held,
            "samples" | "releases" => &sampled,
            "incidents" => &incident,
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
async fn a_receipt_is_checked_with_every_key_that_the_log_has_had_and_the_log_with_the_newest() {
    let (site, [old, new]) = Site::rotated("portal-rotated").await;
    let (_, permit) = site.permit().await;
    let run = site.released(&permit, false).await;
    let page = site.see(HANAKO, "en", &format!("/runs/{run}")).await;
    assert!(page.body.contains(&format!(" --log-key {old} --log-key {new}<")), "{}", page.body);
    let page = site.see("per_auditor", "en", "/log").await;
    assert!(page.body.contains(&format!(" --key {new} --roster")), "{}", page.body);
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
    let text = page.body.split("id=\"look-text\"").nth(1).unwrap().split('>').nth(1).unwrap().split("</pre").next().unwrap();
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
