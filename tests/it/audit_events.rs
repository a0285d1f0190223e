//! The record in other people's forms: every kind of event as FHIR AuditEvent and as CloudEvent, checked by independent programs.

use std::{collections::BTreeSet, path::Path, process::Command, sync::Mutex};

use visiting_tests::{
    reader::{Asked, Reader},
    skip::skip,
    world::{World, text, tree},
};

use crate::{
    kill::{self, KINDS},
    stream::token,
};

/// Python with what `needs` imports; `None` after saying so.
fn python(needs: &str) -> Option<String> {
    let python = std::env::var("VISITING_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let works = Command::new(&python).args(["-c", &format!("import {needs}")]).output().is_ok_and(|o| o.status.success());
    if !works {
        skip(&format!("no python with {needs}; `cargo verify` installs one, or name it in VISITING_PYTHON"));
    }
    works.then_some(python)
}

/// A world whose record holds every kind of event.
fn whole() -> World {
    let mut world = World::copy_of("audit-events", kill::tiny()).unwrap();
    world.start_all().unwrap();
    kill::play(world.address(), world.home(), &Mutex::default());
    let kinds: BTreeSet<String> = world.events().unwrap().iter().map(|e| e.act.kind()).collect();
    assert_eq!(kinds, KINDS.iter().map(|k| (*k).to_owned()).collect());
    world
}

fn judged(python: &str, script: &str, arguments: &[&Path]) -> String {
    let script = tree().unwrap().join("tests/independent").join(script);
    let output = Command::new(python).arg(script).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

#[test]
fn every_event_is_a_valid_audit_event() {
    let world = whole();
    let (auditor, mut from, mut events) = (world.client("per_auditor").unwrap(), 0, 0);
    let Some(python) = python("fhir.resources") else { return };
    // In several pages, as the links lead.
    loop {
        let answer = auditor.audit_events(from, Some(25)).unwrap();
        let bundle: serde_json::Value = serde_json::from_str(&answer).unwrap();
        let file = world.home().join("bundle.json");
        std::fs::write(&file, &answer).unwrap();
        let said = judged(&python, "audit_events.py", &[&file]);
        println!("audit events from {from}: {said}");
        let entries = bundle["entry"].as_array().unwrap().clone();
        assert!(entries.len() <= 25 && entries[0]["resource"]["id"] == format!("record-{from}"));
        events += entries.len();
        let links = bundle["link"].as_array().unwrap().clone();
        let Some(next) = links.iter().find(|l| l["relation"] == "next") else { break };
        let next = next["url"].as_str().unwrap().rsplit_once('=').unwrap().1.parse().unwrap();
        assert_eq!(next, from + entries.len() as u64);
        from = next;
    }
    assert_eq!(events, world.lines().len());
    let all = auditor.audit_events(0, None).unwrap();
    for profile in ["Create", "Read", "Query"] {
        assert!(all.contains(&format!("IHE.BasicAudit.{profile}\"")), "no event claims {profile}");
    }
    assert!(!all.contains("SELECT") && !all.contains("花子"), "an AuditEvent says more than the record");
    let answer = world.raw().get("/v1/log/audit-events?from=0&limit=0", Some(&token(&world, "per_auditor"))).unwrap();
    assert_eq!((answer.status, answer.kind.as_str(), answer.json().get("entry")), (200, "application/fhir+json", None));
}

#[test]
fn every_item_of_the_stream_is_a_cloud_event() {
    let world = whole();
    let Some(python) = python("jsonschema, rfc3339_validator") else { return };
    let asked = Asked { path: "/v1/log/stream.ndjson", headers: &[] };
    let bytes = Reader::open(world.address(), &token(&world, "per_auditor"), &asked).unwrap().bytes().unwrap();
    let file = world.home().join("items.ndjson");
    std::fs::write(&file, &bytes).unwrap();
    println!("cloud events: {}", judged(&python, "cloudevents.py", &[&file]));
    let schema = tree().unwrap().join("../shared/reference/cloudevents/cloudevents.json");
    if !schema.is_file() {
        return skip("shared: the JSON Schema of CloudEvents is not beside the source tree");
    }
    let said = judged(&python, "cloudevents.py", &[&file, &schema]);
    assert!(said.ends_with("schema=yes"), "{said}");
    println!("cloud events: {said} ({})", text(&schema));
}
