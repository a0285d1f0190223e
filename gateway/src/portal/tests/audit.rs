//! What an auditor asks the record, over the API and by pages.

use serde_json::{Value, json};

use super::*;

const AUDITOR: &str = "per_auditor";

impl Site {
    /// The JSON that a reader gets.
    async fn read(&self, person: &str, path: &str) -> (StatusCode, Value) {
        let page = self.see(person, "en", path).await;
        (page.status, serde_json::from_str(&page.body).unwrap_or(Value::Null))
    }

    /// A request of the API's own kind, with a body.
    pub(super) async fn post(&self, person: &str, path: &str, accept: &str, body: &Value) -> Page {
        let request =
            Request::post(path).header(header::ACCEPT, accept).header("idempotency-key", sign::digest(body.to_string().as_bytes()));
        let request = match person {
            "nobody" => request,
            _ => request.header(header::AUTHORIZATION, format!("Bearer {}", self.app.logins.issue(&person.parse().unwrap()).unwrap())),
        };
        self.ask(request.body(Body::from(body.to_string())).unwrap()).await
    }

    async fn sql(&self, text: &str) -> Value {
        let page = self.post(AUDITOR, "/v1/log/sql", "application/json", &json!({ "sql": text })).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.body);
        serde_json::from_str(&page.body).unwrap()
    }

    /// The last event's path, where it is a read.
    async fn last_viewed(&self) -> String {
        match self.events().await.pop().unwrap().act {
            Act::Viewed { what } => what,
            other => panic!("{other:?}"),
        }
    }
}

fn indices(found: &Value) -> Vec<u64> {
    found["hits"].as_array().unwrap().iter().map(|hit| hit["index"].as_u64().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_finds_exactly_what_a_reader_of_the_leaves_would() {
    let site = Site::new("audit-search").await;
    let (application, permit) = site.permit().await;
    let run = site.released(&permit, false).await;
    site.see(HANAKO, "ja", "/log").await;
    let events = site.events().await;
    let leaves = site.app.desk.leaves(0, events.len() as u64).await.unwrap();
    let of = |holds: &dyn Fn(&Event) -> bool| {
        (0u64..).zip(&events).filter(|(_, event)| holds(event)).map(|(index, _)| index).collect::<Vec<_>>()
    };
    let hanako = Actor::Person(HANAKO.parse().unwrap());
    let wanted: Vec<(String, Vec<u64>)> = vec![
        (format!("person={HANAKO}"), of(&|e| e.by == hanako)),
        ("person=enclave".to_owned(), of(&|e| e.by == Actor::Enclave)),
        ("action=vote_cast".to_owned(), of(&|e| e.act.kind() == "vote_cast")),
        ("outcome=approve".to_owned(), of(&|e| matches!(e.act, Act::VoteCast { .. }))),
        ("outcome=not-allowed".to_owned(), of(&|e| matches!(e.act, Act::Refused { .. }))),
        ("outcome=refused".to_owned(), of(&|e| matches!(e.act, Act::Refused { .. }))),
        (format!("run={run}&action=released"), of(&|e| matches!(&e.act, Act::Released { run: of, .. } if of.as_str() == run))),
        (format!("from={}", events[3].at_ms), of(&|e| e.at_ms >= events[3].at_ms)),
        (format!("until={}&person=gateway", events[3].at_ms), of(&|e| e.at_ms < events[3].at_ms && e.by == Actor::Gateway)),
    ];
    for (query, wanted) in wanted {
        let (status, found) = site
            .read(
                AUDITOR,
                &format!("/v1/log/search?limit=500&until={}&{query}", u64::MAX).replace("until=18446744073709551615&until", "until"),
            )
            .await;
        assert_eq!(status, StatusCode::OK, "{query}: {found}");
        let found: Vec<u64> = indices(&found).into_iter().filter(|index| *index < events.len() as u64).collect();
        assert_eq!(found, wanted, "{query}");
        assert!(!wanted.is_empty() || query.starts_with("until"), "{query}");
    }
    // The case and its databases are derived: a verdict names only its run.
    let (_, found) = site.read(AUDITOR, &format!("/v1/log/search?permit={permit}&action=run_judged&database=kaigo")).await;
    let hit = &found["hits"][0];
    assert_eq!((hit["application"].as_str().unwrap(), hit["permit"].as_str().unwrap()), (application.as_str(), permit.as_str()));
    assert_eq!((&hit["databases"], hit["outcome"].as_str()), (&json!(["kaigo", "ndb"]), Some("release")));
    let index = usize::try_from(hit["index"].as_u64().unwrap()).unwrap();
    assert_eq!(hit["leaf"].as_str().unwrap(), leaves[index]);
    let again = site.see(AUDITOR, "en", hit["permalink"].as_str().unwrap()).await;
    assert_eq!(again.body.trim_end(), leaves[index]);
    // A later event of the case is found at once, also a read of it by the auditor.
    let (_, found) = site.read(AUDITOR, &format!("/v1/log/search?permit={permit}&action=viewed")).await;
    assert!(found["hits"].as_array().unwrap().iter().any(|hit| hit["person"] == AUDITOR), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_a_search_lose_and_repeat_nothing() {
    let site = Site::new("audit-pages").await;
    site.permit().await;
    let whole = indices(&site.read(AUDITOR, "/v1/log/search?limit=500&person=gateway").await.1);
    let (mut paged, mut after) = (Vec::new(), String::new());
    loop {
        let (_, page) = site.read(AUDITOR, &format!("/v1/log/search?limit=2&person=gateway{after}")).await;
        paged.extend(indices(&page));
        match page["next"].as_u64() {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    assert!(whole.len() > 4 && paged == whole, "{paged:?} {whole:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_question_is_in_the_record_first_and_wrong_ones_say_what_is_known() {
    let site = Site::new("audit-known").await;
    let (_, permit) = site.permit().await;
    site.read(AUDITOR, &format!("/v1/log/search?permit={permit}&outcome=ok")).await;
    assert_eq!(site.last_viewed().await, format!("/v1/log/search?permit={permit}&outcome=ok&limit=100"));
    site.read(AUDITOR, &format!("/v1/log/timeline/{permit}?after=3")).await;
    assert_eq!(site.last_viewed().await, format!("/v1/log/timeline/{permit}?after=3"));
    site.sql("SELECT 1").await;
    let digest = site.last_viewed().await.strip_prefix("/v1/log/sql?sql=").unwrap().to_owned();
    assert_eq!(site.app.documents.text(&digest).await.unwrap(), "SELECT 1");
    for (query, known) in [
        ("search?person=per_none", "per_hanako"),
        ("search?permit=prm_none", permit.as_str()),
        ("search?run=run_none", "none yet"),
        ("search?database=xyz", "ndb"),
        ("search?action=run", "run_judged"),
        ("search?outcome=bad", "suppress"),
        ("search?from=soon", "2026-11-21T09:00:00"),
        ("search?persn=per_hanako", "person"),
        ("timeline/prm_none", permit.as_str()),
        ("timeline/per_none", "per_hanako"),
        ("timeline/none", "app_"),
    ] {
        let (status, problem) = site.read(AUDITOR, &format!("/v1/log/{query}")).await;
        assert_eq!((status, problem["code"].as_str()), (StatusCode::BAD_REQUEST, Some("malformed")), "{query}: {problem}");
        assert!(problem["detail"].as_str().unwrap().contains(known), "{query}: {problem}");
        let last = site.events().await.pop().unwrap();
        assert!(matches!(last.act, Act::Refused { .. }), "{query}: {last:?}");
    }
    for (person, status) in
        [("nobody", 401), (HANAKO, 403), ("per_reception", 403), ("per_member1", 403), ("per_ministry", 403), ("per_holder", 403)]
    {
        for path in ["/v1/log/search", &format!("/v1/log/timeline/{permit}")] {
            assert_eq!(site.read(person, path).await.0.as_u16(), status, "{person} {path}");
            assert!(matches!(site.events().await.pop().unwrap().act, Act::Refused { .. }));
        }
        let asked = site.post(person, "/v1/log/sql", "*/*", &json!({ "sql": "SELECT 1" })).await;
        assert_eq!(asked.status.as_u16(), status, "{person}");
        assert!(matches!(site.events().await.pop().unwrap().act, Act::Refused { .. }));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sql_is_answered_as_json_and_as_csv() {
    let site = Site::new("audit-sql").await;
    let (_, permit) = site.permit().await;
    let counted = site.sql("SELECT action, count(*) AS n FROM events WHERE permit IS NOT NULL GROUP BY action ORDER BY action").await;
    assert_eq!(counted["columns"], json!(["action", "n"]));
    assert_eq!(counted["rows"][0], json!(["extract_made", 1]));
    let text = "SELECT permit, leaf ->> '$.act.kind' AS kind, NULL AS empty FROM events WHERE action = 'permit_issued'";
    let csv = site.post(AUDITOR, "/v1/log/sql", "text/csv", &json!({ "sql": text })).await;
    assert_eq!(csv.body, format!("permit,kind,empty\n{permit},permit_issued,\n"));
    assert_eq!(
        (&csv.headers["visiting-truncated"], &csv.headers[header::CONTENT_TYPE]),
        (&"false".parse().unwrap(), &"text/csv; charset=utf-8".parse().unwrap())
    );
    let refused = site.post(AUDITOR, "/v1/log/sql", "*/*", &json!({ "sql": "DELETE FROM events" })).await;
    assert!(
        refused.status == StatusCode::UNPROCESSABLE_ENTITY && refused.body.contains("sql-not-offered"),
        "{} {}",
        refused.status,
        refused.body
    );
    let size = site.app.desk.view().cases.size();
    assert_eq!(site.sql("SELECT count(*) FROM events").await["rows"], json!([[size + 1]]), "what asks is in the table");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timeline_has_the_steps_and_the_time_between() {
    let site = Site::new("audit-timeline").await;
    let (application, permit) = site.permit().await;
    let run = site.released(&permit, false).await;
    let (_, course) = site.read(AUDITOR, &format!("/v1/log/timeline/{run}")).await;
    let steps = course["steps"].as_array().unwrap();
    let actions: Vec<_> = steps.iter().map(|step| step["action"].as_str().unwrap()).collect();
    assert_eq!(actions[..3], ["run_requested", "run_judged", "released"]);
    let at = |n: usize| steps[n]["at_ms"].as_u64().unwrap();
    assert!(steps[0].get("since_previous_ms").is_none());
    assert_eq!(steps[1]["since_previous_ms"].as_u64().unwrap(), at(1) - at(0));
    assert_eq!(course["total_ms"].as_u64().unwrap(), at(steps.len() - 1) - at(0));
    let after = steps[0]["index"].as_u64().unwrap();
    let (_, rest) = site.read(AUDITOR, &format!("/v1/log/timeline/{run}?after={after}")).await;
    assert_eq!(rest["steps"][0], course["steps"][1], "a later page begins with the time since the one before");
    for (id, first) in [(&application, "application_submitted"), (&permit, "permit_issued")] {
        let (_, course) = site.read(AUDITOR, &format!("/v1/log/timeline/{id}")).await;
        assert_eq!(course["steps"][0]["action"], first);
    }
    let (_, person) = site.read(AUDITOR, &format!("/v1/log/timeline/{HANAKO}")).await;
    assert!(person["steps"].as_array().unwrap().iter().all(|step| step["person"] == HANAKO));
}

impl Site {
    /// An incident about these events.
    pub(super) async fn incident(&self, person: &str, leaves: &[u64]) -> Page {
        let body = json!({ "kind": "probing", "severity": "high", "leaves": leaves, "text": "境目を探っている" });
        self.post(person, "/v1/incidents", "*/*", &body).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_incident_is_noted_about_leaves_and_closed_once() {
    let site = Site::new("audit-incident").await;
    let (_, permit) = site.permit().await;
    site.released(&permit, false).await;
    let size = site.app.desk.view().cases.size();
    let noted = site.incident(AUDITOR, &[4, 3, 4]).await;
    assert_eq!(noted.status, StatusCode::CREATED, "{}", noted.body);
    let incident: Value = serde_json::from_str(&noted.body).unwrap();
    let id = incident["id"].as_str().unwrap();
    assert_eq!((&incident["leaves"], &incident["index"], &incident["text"]), (&json!([3, 4]), &json!(size), &json!("境目を探っている")));
    // The record holds the digest and no word of the text; the same request is the same incident.
    let leaf = site.app.desk.leaves(size, 1).await.unwrap().remove(0);
    assert!(leaf.contains(incident["digest"].as_str().unwrap()) && !leaf.contains("境目"), "{leaf}");
    let again: Value = serde_json::from_str(&site.incident(AUDITOR, &[4, 3, 4]).await.body).unwrap();
    assert_eq!(again, incident);
    assert_eq!(site.count("incident_noted").await, 1);
    // Linked both ways.
    assert_eq!(site.sql("SELECT incident, idx FROM incident_leaves").await["rows"], json!([[id, 3], [id, 4]]));
    let (_, course) = site.read(AUDITOR, &format!("/v1/log/timeline/{id}")).await;
    assert_eq!(course["steps"][0]["action"], "incident_noted");

    let (status, list) = site.read("per_ministry", "/v1/incidents").await;
    assert_eq!((status, list["incidents"][0]["id"].as_str(), list["incidents"][0].get("text")), (StatusCode::OK, Some(id), None));
    assert_eq!(site.last_viewed().await, "/v1/incidents");
    let closing = json!({ "text": "許可を停止した" });
    let path = format!("/v1/incidents/{id}/close");
    let closed = site.post("per_ministry", &path, "*/*", &closing).await;
    assert_eq!(closed.status, StatusCode::OK, "{}", closed.body);
    assert_eq!(site.post("per_ministry", &path, "*/*", &closing).await.body, closed.body);
    assert_eq!(site.post(AUDITOR, &path, "*/*", &json!({ "text": "もう一度" })).await.status, StatusCode::CONFLICT);
    let (_, shown) = site.read(AUDITOR, &format!("/v1/incidents/{id}")).await;
    assert_eq!((shown["closed"]["by"].as_str(), shown["closed"]["text"].as_str()), (Some("per_ministry"), Some("許可を停止した")));
    assert_eq!(site.count("incident_closed").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_incidents_are_refused_and_recorded_and_nothing_of_them_is_kept() {
    let site = Site::new("audit-incident-wrong").await;
    for (person, status) in [("nobody", 401), (HANAKO, 403), ("per_reception", 403), ("per_member1", 403), ("per_checker1", 403)] {
        assert_eq!(site.incident(person, &[1]).await.status.as_u16(), status, "{person}");
        for path in ["/v1/incidents", "/v1/incidents/inc_none"] {
            assert_eq!(site.read(person, path).await.0.as_u16(), status, "{person} {path}");
            assert!(matches!(site.events().await.pop().unwrap().act, Act::Refused { .. }));
        }
    }
    for leaves in [&[][..], &[1_000_000], &(0..300).collect::<Vec<u64>>()] {
        let refused = site.incident(AUDITOR, leaves).await;
        assert!(refused.status.is_client_error(), "{}", refused.body);
        assert!(matches!(site.events().await.pop().unwrap().act, Act::Refused { .. }));
    }
    assert!(
        site.app.documents.text(&sign::digest("境目を探っている".as_bytes())).await.is_err(),
        "the text of a refused incident was kept"
    );
    for (field, value) in
        [("text", json!("")), ("text", json!("x".repeat(20_001))), ("kind", json!("theft")), ("severity", json!(3)), ("more", json!(1))]
    {
        let mut body = json!({ "kind": "other", "severity": "low", "leaves": [0], "text": "x" });
        body[field] = value;
        assert!(site.post(AUDITOR, "/v1/incidents", "*/*", &body).await.status.is_client_error(), "{field}");
    }
    assert_eq!(site.count("incident_noted").await, 0);
    assert_eq!(site.post(AUDITOR, "/v1/incidents/inc_none/close", "*/*", &json!({ "text": "x" })).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_file_holds_the_case_and_verifies_without_the_gateway() {
    use visiting_policies::case_file::CaseFile;
    use visiting_tlog::policy::Policy;

    let site = Site::new("audit-case").await;
    let (application, permit) = site.permit().await;
    let run = site.released(&permit, false).await;
    let noted: Value = serde_json::from_str(&site.incident(AUDITOR, &[2, 5]).await.body).unwrap();
    let incident = noted["id"].as_str().unwrap();
    let vkey = crate::portal::log_vkey(&site.app);
    let policy = Policy::parse(format!("log {vkey}\nquorum none\n").as_bytes()).unwrap();
    let events = site.events().await;
    for (id, kinds) in [
        (application.as_str(), vec!["record_opened", "application_submitted", "vote_cast", "permit_issued", "run_judged", "released"]),
        (&permit, vec!["record_opened", "permit_issued", "extract_made", "run_requested"]),
        (&run, vec!["record_opened", "run_requested", "run_judged", "released"]),
        (incident, vec!["record_opened", "incident_noted"]),
    ] {
        let page = site.see(AUDITOR, "en", &format!("/v1/log/case/{id}")).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.body);
        assert_eq!(page.headers[header::CONTENT_DISPOSITION].to_str().unwrap(), format!("attachment; filename=\"case-{id}.json\""));
        let file: CaseFile = serde_json::from_str(&page.body).unwrap();
        assert_eq!(site.last_viewed().await, format!("/v1/log/case/{id}"));
        file.verify(&policy).unwrap();
        let inside: Vec<String> = file.leaves.iter().map(|leaf| Event::from_bytes(leaf.leaf.as_bytes()).unwrap().act.kind()).collect();
        assert!(kinds.iter().all(|kind| inside.iter().any(|have| have == kind)), "{id}: {inside:?}");
        let naming = (0u64..).zip(&events).filter(|(_, event)| serde_json::to_string(event).unwrap().contains(&format!("\"{id}\"")));
        for (index, event) in naming {
            assert!(file.leaves.iter().any(|leaf| leaf.index == index), "{id} lacks {event:?}");
        }
    }
    let file: CaseFile = serde_json::from_str(&site.see(AUDITOR, "en", &format!("/v1/log/case/{incident}")).await.body).unwrap();
    assert!([0, 2, 5].iter().all(|index| file.leaves.iter().any(|leaf| leaf.index == *index)));
    let other = SigningKey::from_seed(&[9; 32]).unwrap();
    let other = visiting_policies::note::vkey(&file.origin, &other.public_bytes());
    assert!(file.verify(&Policy::parse(format!("log {other}\nquorum none\n").as_bytes()).unwrap()).is_err());
    assert_eq!(site.read("per_ministry", &format!("/v1/log/case/{incident}")).await.0, StatusCode::FORBIDDEN);
    assert_eq!(site.read(AUDITOR, "/v1/log/case/inc_none").await.0, StatusCode::BAD_REQUEST);
}

#[tokio::test(flavor = "multi_thread")]
async fn ocsf_is_one_line_for_each_leaf() {
    let site = Site::new("audit-ocsf").await;
    let (_, permit) = site.permit().await;
    let run = site.released(&permit, false).await;
    let page = site.see(AUDITOR, "en", "/v1/log/ocsf?from=3&limit=1000").await;
    assert_eq!(page.headers[header::CONTENT_TYPE], "application/x-ndjson");
    let size = site.app.desk.view().cases.size();
    let leaves = site.app.desk.leaves(3, size).await.unwrap();
    let lines: Vec<Value> = page.body.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.iter().map(|event| event["raw_data"].as_str().unwrap().to_owned()).collect::<Vec<_>>(), leaves);
    let origin = site.app.desk.view().cases.roster().origin.clone();
    assert!((3u64..).zip(&lines).all(|(index, event)| event["metadata"]["uid"] == format!("{origin}#{index}")));
    let query =
        lines.iter().find(|event| event["metadata"]["event_code"] == "run_requested" && event["message"].as_str().unwrap().contains(&run));
    let query = query.unwrap();
    assert_eq!(
        (&query["class_uid"], &query["activity_name"], &query["database"]["name"]),
        (&json!(6005), &json!("Query"), &json!("kaigo,ndb"))
    );
    assert_eq!((query["actor"]["user"]["uid"].as_str(), query["database"]["uid"].as_str()), (Some(HANAKO), Some(permit.as_str())));
    assert_eq!(site.last_viewed().await, "/v1/log/ocsf?from=3");
    assert_eq!(site.read(AUDITOR, "/v1/log/ocsf?from=1000000").await.0, StatusCode::BAD_REQUEST);
    assert_eq!(site.read("per_ministry", "/v1/log/ocsf").await.0, StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_auditor_searches_asks_and_follows_a_case_by_pages_alone() {
    let site = Site::new("audit-by-pages").await;
    let (application, permit) = site.permit().await;
    let run = site.released(&permit, false).await;
    let page = site.see(AUDITOR, "ja", &format!("/log/search?permit={permit}&action=run_judged&from=2020-01-01T00%3A00&outcome=")).await;
    sound(&page, "ja", "/log/search");
    assert!(
        page.status == StatusCode::OK && page.body.contains(&format!("/log/timeline/{run}")) && page.body.contains("出口審査は解析"),
        "{}",
        page.body
    );
    assert!(
        page.body.contains(&format!("value=\"{permit}\"")) && page.body.contains("value=\"run_judged\" selected"),
        "what was asked stays in the form"
    );
    assert!(site.last_viewed().await.contains("from=1577804400000"), "Japan time");
    let wrong = site.see(AUDITOR, "en", "/log/search?person=per_%3Cu%3E").await;
    sound(&wrong, "en", "/log/search");
    assert!(wrong.status == StatusCode::BAD_REQUEST && wrong.body.contains("per_hanako") && !wrong.body.contains("<u>"), "{}", wrong.body);
    let next = site.see(AUDITOR, "en", "/log/search").await.body;
    if site.app.desk.view().cases.size() > 60 {
        assert!(next.contains("after="), "{next}");
    }

    let asked = site.send(AUDITOR, "/log/sql", &[("sql", "SELECT '<script>' AS x, count(*) AS n, NULL FROM events")]).await;
    sound(&asked, "ja", "/log/sql");
    assert!(
        asked.status == StatusCode::OK && asked.body.contains("<bdi>&lt;script&gt;</bdi>") && asked.body.contains(">NULL<"),
        "{}",
        asked.body
    );
    let refused = site.send(AUDITOR, "/log/sql", &[("sql", "DELETE FROM events -- </textarea><u>")]).await;
    sound(&refused, "ja", "/log/sql");
    assert!(
        refused.status == StatusCode::UNPROCESSABLE_ENTITY && refused.body.contains("data-code=\"sql-not-offered\""),
        "{}",
        refused.body
    );
    assert!(refused.body.contains("DELETE FROM events -- &lt;/textarea&gt;") && !refused.body.contains("<u>"));
    assert!(site.see(AUDITOR, "en", "/log/sql?sql=SELECT%201").await.body.contains("SELECT 1</textarea>"), "an example fills the form");
    assert!(matches!(site.events().await.pop().unwrap().act, Act::Refused { .. }), "the empty form reads nothing, so it is no event");

    for id in [&application, &permit, &run, &HANAKO.to_owned()] {
        let page = site.see(AUDITOR, "ja", &format!("/log/timeline/{id}")).await;
        sound(&page, "ja", "/log/timeline");
        assert!(page.body.contains("<svg") && page.body.contains("role=\"img\"") && page.body.contains("前の段階から"), "{}", page.body);
        assert_eq!(page.body.contains(&format!("/v1/log/case/{id}")), id != HANAKO);
    }
    for path in ["/log/search", "/log/sql", &format!("/log/timeline/{run}")] {
        for person in [HANAKO, "per_reception", "per_member1", "per_ministry", "per_holder", "per_checker1"] {
            let refused = site.see(person, "ja", path).await;
            assert_eq!((refused.status, refused.body.contains("<table")), (StatusCode::FORBIDDEN, false), "{person} {path}");
        }
    }
    assert_eq!(site.send(HANAKO, "/log/sql", &[("sql", "SELECT 1")]).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_incident_goes_by_pages_alone() {
    let site = Site::new("audit-incident-pages").await;
    site.permit().await;
    let form = site.see(AUDITOR, "ja", "/incidents?leaves=3").await;
    assert!(form.body.contains("name=\"leaves\"") && form.body.contains("value=\"3\""), "{}", form.body);
    let request = form.hidden("request");
    let typed = |leaves: &'static str| {
        [("request", request.as_str()), ("kind", "probing"), ("severity", "high"), ("leaves", leaves), ("text", "<b>何か</b>")]
    };
    for wrong in ["", "three", "999999"] {
        let again = site.send(AUDITOR, "/incidents", &typed(wrong)).await;
        sound(&again, "ja", "/incidents");
        assert!(again.status == StatusCode::BAD_REQUEST && again.body.contains("&lt;b&gt;何か"), "{}", again.body);
    }
    let there = site.send(AUDITOR, "/incidents", &typed("3、 4")).await.location();
    assert_eq!(site.send(AUDITOR, "/incidents", &typed("3、 4")).await.location(), there, "sent twice it is one");
    let page = site.see("per_ministry", "en", &there).await;
    sound(&page, "en", &there);
    assert!(page.body.contains("probing") && page.body.contains("&lt;b&gt;何か") && !page.body.contains("/log?before"), "{}", page.body);
    assert!(site.see(AUDITOR, "en", &there).await.body.contains("/log?before=4#event-3"));
    let (request, close) = (page.hidden("request"), format!("{there}/close"));
    let closing = [("request", request.as_str()), ("text", "止めた")];
    assert_eq!(site.send("per_ministry", &close, &closing).await.location(), there);
    let again = site.send(AUDITOR, &close, &[("request", "x"), ("text", "もう一度")]).await;
    assert_eq!(again.status, StatusCode::CONFLICT);
    let closed = site.see(AUDITOR, "ja", &there).await.body;
    assert!(closed.contains("止めた") && !closed.contains("事案を閉じる"), "{closed}");
    assert!(site.see(AUDITOR, "ja", "/incidents").await.body.contains("終了"));
    assert_eq!((site.count("incident_noted").await, site.count("incident_closed").await), (1, 1));
    for person in [HANAKO, "per_reception", "per_member1", "per_holder", "per_checker1"] {
        for path in ["/incidents", &there] {
            assert_eq!(site.see(person, "ja", path).await.status, StatusCode::FORBIDDEN, "{person} {path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_clients_verbs_say_what_the_api_says() {
    use crate::client::{
        Client,
        audit::{Said, verb},
    };

    let site = Site::new("audit-client").await;
    let (_, permit) = site.permit().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(axum::serve(listener, site.router.clone()).into_future());
    let token = site.app.logins.issue(&AUDITOR.parse().unwrap()).unwrap();
    let out = site._scratch.path("case.json");
    let file = out.clone();
    let said = tokio::task::spawn_blocking(move || {
        let client = Client::new(&base).with_login(AUDITOR, &token);
        let flags = |flags: &[(&str, &str)]| flags.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        let ask = |words: &[&str], flags: std::collections::BTreeMap<String, String>, out: Option<&std::path::Path>| {
            verb(&client, words, Said { flags: &flags, from: None, limit: Some(5), out }).unwrap()
        };
        let noted = ask(&["incident", "note", "probing", "low"], flags(&[("leaves", "0,2"), ("text", "疑い")]), None);
        let id = noted.split('"').find(|part| part.starts_with("inc_")).unwrap().to_owned();
        [
            ask(&["search"], flags(&[("action", "permit_issued"), ("since", "2020-01-01T00:00:00+09:00")]), None),
            ask(&["sql", "SELECT", "count(*)", "AS", "n", "FROM", "events", "WHERE", "action='vote_cast'"], flags(&[]), None),
            ask(&["timeline", &permit], flags(&[]), None),
            ask(&["ocsf"], flags(&[]), None),
            ask(&["case", &id], flags(&[]), Some(&file)),
            ask(&["incident", "close", &id], flags(&[("text", "済み")]), None),
            ask(&["incidents"], flags(&[]), None),
        ]
    });
    let [search, sql, timeline, ocsf, case, closed, incidents] = said.await.unwrap();
    assert!(search.contains("permit_issued") && search.contains("1 of "), "{search}");
    assert_eq!(sql, "n\n2");
    assert!(timeline.contains("extract_made") && timeline.contains(" steps in "), "{timeline}");
    assert_eq!(ocsf.lines().count(), 5);
    assert!(case.contains("bytes in") && std::fs::read_to_string(&out).unwrap().contains("visiting-case/v1"));
    assert!(closed.contains("済み") && incidents.contains("\"closed\""), "{closed}");
    server.abort();
}
