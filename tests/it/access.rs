//! Who may do what: every endpoint tried as every kind of person, against a reviewed table (`golden/access.txt`).

use std::{collections::BTreeSet, fmt::Write};

use serde_json::json;
use visiting_gateway::files;
use visiting_tests::{
    guest,
    journey::{self, JOINED},
    raw::Answer,
    world::{World, tree},
};

use crate::base;

/// One of each kind, and nobody.
const PEOPLE: &[&str] = &[
    "nobody",
    "per_hanako",
    "per_outsider",
    "per_reception",
    "per_member1",
    "per_member3",
    "per_ministry",
    "per_auditor",
    "per_holder",
    "per_checker1",
];

/// Every endpoint of the API, with a request that is in order but for who sends it (signatures apart: those are nobody's).
fn endpoints(case: &Case) -> Vec<(&'static str, &'static str, String, String)> {
    let Case { application, fresh, permit, run, preflight } = case;
    let apply =
        |person: &str| serde_json::to_string(&journey::application(&[person], &["ndb.patients.sex"], (202401, 202412)).unwrap()).unwrap();
    let get = |template, path: String| ("GET", template, path, String::new());
    vec![
        ("POST", "/v1/demo/login", "/v1/demo/login".into(), "{\"person\":\"per_hanako\"}".into()),
        get("/v1/listings", "/v1/listings?q=NDB".into()),
        get("/v1/listings/{id}", "/v1/listings/ndb".into()),
        get("/v1/applications", "/v1/applications".into()),
        ("POST", "/v1/applications", "/v1/applications".into(), apply("per_hanako")),
        get("/v1/applications/{id}", format!("/v1/applications/{application}")),
        (
            "POST",
            "/v1/applications/{id}/completeness",
            format!("/v1/applications/{fresh}/completeness"),
            json!({ "complete": true }).to_string(),
        ),
        get("/v1/applications/{id}/ballot", format!("/v1/applications/{application}/ballot?decision=approve")),
        (
            "POST",
            "/v1/applications/{id}/votes",
            format!("/v1/applications/{application}/votes"),
            json!({ "decision": "approve", "remove": [], "signature": "AAAA" }).to_string(),
        ),
        get("/v1/permits", "/v1/permits".into()),
        get("/v1/permits/{id}", format!("/v1/permits/{permit}")),
        (
            "POST",
            "/v1/permits/{id}/suspension",
            format!("/v1/permits/{permit}/suspension"),
            json!({ "reason": "stop", "signature": "AAAA" }).to_string(),
        ),
        (
            "POST",
            "/v1/permits/{id}/closure",
            format!("/v1/permits/{permit}/closure"),
            json!({ "reason": "over", "signature": "AAAA" }).to_string(),
        ),
        get("/v1/permits/{id}/guests", format!("/v1/permits/{permit}/guests")),
        ("POST", "/v1/permits/{id}/guests", format!("/v1/permits/{permit}/guests"), crate::guests::upload(&guest::band("band").unwrap())),
        get("/v1/permits/{id}/codes", format!("/v1/permits/{permit}/codes")),
        (
            "POST",
            "/v1/permits/{id}/codes",
            format!("/v1/permits/{permit}/codes"),
            json!({ "name": "mine", "csv": "code,kin\nE11,sugar\n" }).to_string(),
        ),
        get("/v1/permits/{id}/runs", format!("/v1/permits/{permit}/runs")),
        ("POST", "/v1/permits/{id}/runs", format!("/v1/permits/{permit}/runs"), json!({ "sql": JOINED }).to_string()),
        ("POST", "/v1/permits/{id}/preflights", format!("/v1/permits/{permit}/preflights"), json!({ "sql": JOINED }).to_string()),
        get("/v1/preflights/{id}", format!("/v1/preflights/{preflight}")),
        get("/v1/runs/{id}", format!("/v1/runs/{run}")),
        get("/v1/runs/{id}/files/{name}", format!("/v1/runs/{run}/files/table.csv")),
        get("/v1/runs/{id}/recall", format!("/v1/runs/{run}/recall")),
        ("POST", "/v1/runs/{id}/recall", format!("/v1/runs/{run}/recall"), json!({ "reason": "why", "signature": "AAAA" }).to_string()),
        ("POST", "/v1/runs/{id}/reruns", format!("/v1/runs/{run}/reruns"), "{}".into()),
        get("/v1/reruns/{id}", "/v1/reruns/rer_none".into()),
        get("/v1/releases", "/v1/releases".into()),
        get("/v1/samples", "/v1/samples".into()),
        get("/v1/samples/{run}", format!("/v1/samples/{run}")),
        (
            "POST",
            "/v1/samples/{run}/look",
            format!("/v1/samples/{run}/look"),
            json!({ "opinion": "fine", "reason": "why", "signature": "AAAA" }).to_string(),
        ),
        get("/v1/holds", "/v1/holds".into()),
        get("/v1/holds/{run}", format!("/v1/holds/{run}")),
        (
            "POST",
            "/v1/holds/{run}/checks",
            format!("/v1/holds/{run}/checks"),
            json!({ "finding": "release", "reason": "why", "salt": "00", "signature": "AAAA" }).to_string(),
        ),
        get("/v1/rules", "/v1/rules".into()),
        (
            "POST",
            "/v1/rules/proposals",
            "/v1/rules/proposals".into(),
            json!({ "pack": "ndb", "replaces": "none", "reason": "why", "text": "", "signature": "AAAA" }).to_string(),
        ),
        (
            "POST",
            "/v1/rules/proposals/{id}/adoption",
            "/v1/rules/proposals/rul_a/adoption".into(),
            json!({ "signature": "AAAA" }).to_string(),
        ),
        get("/v1/patterns", "/v1/patterns".into()),
        get("/v1/log/search", format!("/v1/log/search?permit={permit}&limit=1")),
        ("POST", "/v1/log/sql", "/v1/log/sql".into(), json!({ "sql": "SELECT 1" }).to_string()),
        get("/v1/log/timeline/{id}", format!("/v1/log/timeline/{run}")),
        get("/v1/log/ocsf", "/v1/log/ocsf?from=0&limit=1".into()),
        get("/v1/log/case/{id}", format!("/v1/log/case/{run}")),
        get("/v1/incidents", "/v1/incidents".into()),
        (
            "POST",
            "/v1/incidents",
            "/v1/incidents".into(),
            json!({ "kind": "other", "severity": "low", "leaves": [0], "text": "why" }).to_string(),
        ),
        get("/v1/incidents/{id}", "/v1/incidents/inc_none".into()),
        ("POST", "/v1/incidents/{id}/close", "/v1/incidents/inc_none/close".into(), json!({ "text": "why" }).to_string()),
        get("/v1/health", "/v1/health".into()),
        get("/log/checkpoint", "/log/checkpoint".into()),
        get("/log/tile/{*path}", "/log/tile/entries/000.p/1".into()),
        get("/v1/log/checkpoint", "/v1/log/checkpoint".into()),
        get("/v1/log/events", "/v1/log/events?from=0&limit=1".into()),
        get("/v1/log/stream", "/v1/log/stream?follow=false".into()),
        get("/v1/log/stream.ndjson", "/v1/log/stream.ndjson".into()),
        get("/v1/log/audit-events", "/v1/log/audit-events?from=0&limit=1".into()),
        get("/v1/log/inclusion", "/v1/log/inclusion?index=0&size=2".into()),
        get("/v1/log/consistency", "/v1/log/consistency?old=1&new=2".into()),
    ]
}

/// What the requests are about.
struct Case {
    application: String,
    /// Waits for reception.
    fresh: String,
    permit: String,
    run: String,
    preflight: String,
}

/// Status, and the code of a refusal; for lists, how many are seen.
fn said(answer: &Answer) -> String {
    let body = answer.json();
    let list = ["applications", "permits", "holds", "guests", "codes"].iter().find_map(|f| body.get(f)?.as_array());
    match (body.get("code").and_then(|c| c.as_str()), list) {
        (Some(code), _) if answer.status >= 400 => format!("{} {code}", answer.status),
        (_, Some(list)) => format!("{} {}", answer.status, if list.is_empty() { "none" } else { "some" }),
        _ => answer.status.to_string(),
    }
}

fn matrix(world: &World, case: &Case) -> String {
    let mut out = String::new();
    for (method, template, path, body) in endpoints(case) {
        writeln!(out, "{method} {template}").unwrap();
        for person in PEOPLE {
            let token = (*person != "nobody").then(|| {
                let login = world.raw().post("/v1/demo/login", None, None, &format!("{{\"person\":\"{person}\"}}")).unwrap();
                login.text("token")
            });
            let answer = match method {
                "GET" => world.raw().get(&path, token.as_deref()).unwrap(),
                _ => world.raw().post(&path, token.as_deref(), Some(&files::request_name().unwrap()), &body).unwrap(),
            };
            writeln!(out, "  {person:<14} {}", said(&answer)).unwrap();
        }
    }
    out
}

#[test]
fn each_person_may_do_what_the_reviewed_table_says() {
    let (world, permit) = base::running("access");
    let hanako = world.client("per_hanako").unwrap();
    let application = hanako.applications().unwrap()[0].id.clone();
    let fresh = hanako.apply(&journey::application(&["per_hanako"], &["ndb.patients.sex"], (202401, 202412)).unwrap()).unwrap().id;
    let run = base::run(&world, &permit, JOINED).id;
    let preflight = hanako.preflight(&permit, JOINED).unwrap().id;
    hanako.wait_preflight(&preflight).unwrap();
    let now = matrix(&world, &Case { application, fresh, permit, run, preflight });
    let path = tree().unwrap().join("tests/golden/access.txt");
    if std::env::var_os("UPDATE_ACCESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &now).unwrap();
    }
    let reviewed = std::fs::read_to_string(path).unwrap_or_default();
    let differ: Vec<(&str, &str)> = now.lines().zip(reviewed.lines()).filter(|(a, b)| a != b).collect();
    assert!(
        now == reviewed,
        "who may do what has changed: {differ:?}; if that is meant, run with UPDATE_ACCESS=1 and review tests/golden/access.txt"
    );
}

#[test]
fn every_endpoint_is_in_the_table() {
    let document = serde_json::to_value(visiting_gateway::openapi()).unwrap();
    let documented: BTreeSet<String> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, methods)| methods.as_object().unwrap().keys().map(move |m| format!("{} {path}", m.to_uppercase())))
        .collect();
    let [application, fresh, permit, run, preflight] = ["app_a", "app_b", "prm_a", "run_a", "pre_a"].map(str::to_owned);
    let case = Case { application, fresh, permit, run, preflight };
    let tried: BTreeSet<String> = endpoints(&case).iter().map(|(method, template, ..)| format!("{method} {template}")).collect();
    assert_eq!(documented, tried);
    let reviewed = std::fs::read_to_string(tree().unwrap().join("tests/golden/access.txt")).unwrap();
    assert!(tried.iter().all(|t| reviewed.lines().any(|l| l == t)), "the reviewed table lacks an endpoint");
}
