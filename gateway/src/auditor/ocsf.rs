//! Events in the words of OCSF (Open Cybersecurity Schema Framework), for tools that gather logs. A projection: the leaf stays the
//! evidence and travels along as `raw_data` with its digest.
//!
//! Two classes are enough: `datastore_activity` where people's data were written, asked or read, `api_activity` for every other act.
//! `authentication` and `authorize_session` have no events here: logins and sessions are not in the record. What the record does not hold
//! is said to be unknown: there is no network address, and the text of a query is named by its digest.

use serde_json::{Value, json};
use visiting_policies::{
    Code, Refusal,
    case::Cases,
    handover::Repeated,
    incident::Severity,
    record::{Act, Actor, Event},
    sign,
};

use super::row::Row;

/// Version of the schema that the names are taken from.
const VERSION: &str = "1.9.0-dev";

/// Category 6: application activity.
const CATEGORY: u64 = 6;

/// A class and an activity of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Activity {
    class: Class,
    id: u64,
    name: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Api,
    Datastore,
}

impl Class {
    fn uid(self) -> u64 {
        match self {
            Self::Api => CATEGORY * 1000 + 3,
            Self::Datastore => CATEGORY * 1000 + 5,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Api => "API Activity",
            Self::Datastore => "Datastore Activity",
        }
    }
}

const fn api(id: u64, name: &'static str) -> Activity {
    Activity { class: Class::Api, id, name }
}

const fn datastore(id: u64, name: &'static str) -> Activity {
    Activity { class: Class::Datastore, id, name }
}

/// One leaf as an OCSF event.
///
/// # Errors
/// When the leaf is no event.
pub(crate) fn event(index: u64, leaf: &str, cases: &Cases, origin: &str) -> Result<Value, Refusal> {
    let event = Event::from_bytes(leaf.as_bytes())?;
    let row = Row::of(index, leaf.to_owned(), cases)?;
    let activity = activity(&event.act);
    let (severity_id, severity) = severity(&event.act);
    let (status_id, status) = status(&row);
    let mut out = json!({
        "activity_id": activity.id,
        "activity_name": activity.name,
        "actor": actor(&event.by),
        "category_name": "Application Activity",
        "category_uid": CATEGORY,
        "class_name": activity.class.name(),
        "class_uid": activity.class.uid(),
        "message": message(&row),
        "metadata": {
            "event_code": row.action,
            "log_name": origin,
            "product": { "name": "Visiting", "vendor_name": "Visiting" },
            "sequence": index,
            "uid": format!("{origin}#{index}"),
            "version": VERSION,
        },
        "raw_data": leaf,
        "raw_data_hash": { "algorithm": "SHA-256", "algorithm_id": 3, "value": sign::hex(&sign::sha256(leaf.as_bytes())) },
        "raw_data_size": leaf.len(),
        "severity": severity,
        "severity_id": severity_id,
        // The record keeps no address of whoever asked.
        "src_endpoint": { "name": "not recorded", "type": "Unknown", "type_id": 0 },
        "status": status,
        "status_id": status_id,
        "time": event.at_ms,
        "type_name": format!("{}: {}", activity.class.name(), activity.name),
        "type_uid": activity.class.uid() * 100 + activity.id,
    });
    if let Some(fields) = out.as_object_mut() {
        if let Some(code) = &row.code {
            fields.insert("status_code".to_owned(), json!(code));
        }
        match activity.class {
            Class::Api => {
                fields.insert("api".to_owned(), json!({ "operation": operation(&row), "service": { "name": "visiting-gateway" } }));
                fields.insert("resources".to_owned(), resources(&row));
            }
            Class::Datastore => {
                fields.insert("database".to_owned(), database(&row));
                fields.insert("type".to_owned(), json!("Database"));
                fields.insert("type_id".to_owned(), json!(1));
                if let Act::RunRequested { program, .. } = &event.act {
                    fields.insert("query_info".to_owned(), json!({ "query_string": program }));
                }
            }
        }
    }
    Ok(out)
}

/// Every kind of event. A new one must be put into these words before it compiles.
fn activity(act: &Act) -> Activity {
    match act {
        Act::DataLoaded { .. } => datastore(5, "Write"),
        Act::ExtractMade { .. } => datastore(6, "Create"),
        Act::RunRequested { .. } | Act::RunJudged { .. } => datastore(4, "Query"),
        Act::Released { .. } | Act::Downloaded { .. } => datastore(1, "Read"),
        Act::RecordOpened { .. }
        | Act::LogKeyRotated { .. }
        | Act::ListingPublished { .. }
        | Act::ApplicationSubmitted { .. }
        | Act::VoteCast { .. }
        | Act::PermitIssued { .. }
        | Act::GuestBound { .. }
        | Act::CodesBound { .. }
        | Act::PreflightRequested { .. }
        | Act::PreflightAnswered { .. }
        | Act::ExposureReached { .. }
        | Act::CheckCast { .. }
        | Act::SampleLooked { .. }
        | Act::RulesProposed { .. }
        | Act::RerunRequested { .. }
        | Act::RerunAnswered { .. }
        | Act::IncidentNoted { .. } => api(1, "Create"),
        Act::ExtractErased { .. } => api(4, "Delete"),
        Act::CompletenessConfirmed { .. }
        | Act::CompletenessDenied { .. }
        | Act::ChecksOpened { .. }
        | Act::PermitSuspended { .. }
        | Act::PermitClosed { .. }
        | Act::Recalled { .. }
        | Act::RulesAdopted { .. }
        | Act::IncidentClosed { .. } => api(3, "Update"),
        Act::Viewed { .. } => api(2, "Read"),
        Act::Refused { tried, .. } if tried.starts_with("GET ") => api(2, "Read"),
        Act::Refused { tried, .. } if tried.starts_with("POST ") => api(1, "Create"),
        Act::Refused { .. } => api(99, "Other"),
    }
}

/// How much an operator should mind.
fn severity(act: &Act) -> (u64, &'static str) {
    let levels = [(1, "Informational"), (2, "Low"), (3, "Medium"), (4, "High"), (5, "Critical")];
    let [informational, low, medium, high, critical] = levels;
    match act {
        Act::Refused { code, .. } => match code {
            code if code.is_forged() => high,
            Code::OperatorProblem | Code::RecordUnavailable | Code::KeyUnusable => medium,
            _ => low,
        },
        Act::PermitSuspended { .. } | Act::Recalled { .. } | Act::ExposureReached { .. } => medium,
        Act::RerunAnswered { report, .. } if report.outcome == Repeated::Differs => high,
        Act::IncidentNoted { noted, .. } => match noted.severity {
            Severity::Low => low,
            Severity::Medium => medium,
            Severity::High => high,
            Severity::Critical => critical,
        },
        _ => informational,
    }
}

/// Success, failure, or a word of our own.
fn status(row: &Row) -> (u64, &str) {
    match row.outcome.as_str() {
        "refused" | "refuse" => (2, "Failure"),
        "hold" => (99, "hold"),
        _ => (1, "Success"),
    }
}

fn actor(by: &Actor) -> Value {
    match by {
        Actor::Person(id) => json!({ "user": { "type": "User", "type_id": 1, "uid": id } }),
        Actor::Nobody => json!({ "user": { "name": "not logged in", "type": "Unknown", "type_id": 0 } }),
        Actor::Gateway => json!({ "app_name": "visiting-gateway", "app_uid": "gateway" }),
        Actor::Enclave => json!({ "app_name": "visiting-enclave", "app_uid": "enclave" }),
    }
}

/// What was called: the route where it is known, else the kind of the event.
fn operation(row: &Row) -> &str {
    row.route.as_deref().unwrap_or(&row.action)
}

fn named(row: &Row) -> Vec<(&'static str, &String)> {
    let about = &row.about;
    let all = [
        ("application", &about.application),
        ("permit", &about.permit),
        ("run", &about.run),
        ("preflight", &about.preflight),
        ("incident", &about.incident),
    ];
    all.into_iter().filter_map(|(kind, id)| Some((kind, id.as_ref()?))).collect()
}

fn resources(row: &Row) -> Value {
    let cases = named(row).into_iter().map(|(kind, id)| json!({ "type": kind, "uid": id }));
    cases.chain(row.databases.iter().map(|name| json!({ "type": "database", "uid": name }))).collect()
}

/// The databases that were behind it: OCSF knows one for each event, so their names stand together.
fn database(row: &Row) -> Value {
    let name = row.databases.iter().map(String::as_str).collect::<Vec<_>>().join(",");
    let uid = row.about.permit.clone().unwrap_or_else(|| name.clone());
    json!({ "name": name, "type": "Other", "type_id": 99, "uid": uid })
}

fn message(row: &Row) -> String {
    let who = row.person.as_deref().unwrap_or(row.actor);
    let what: String = named(row).into_iter().map(|(_, id)| format!(" {id}")).collect();
    format!("{who}: {}{what} ({})", row.action, row.code.as_deref().unwrap_or(&row.outcome))
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, path::Path};

    use visiting_policies::roster::Roster;

    use super::*;
    use crate::portal::acts;

    fn events() -> Vec<Value> {
        let roster = Roster { origin: "log".into(), log_key: String::new(), enclave_key: String::new(), quorum: 2, members: [].into() };
        let cases = Cases::new(roster);
        let person = Actor::Person("per_hanako".parse().unwrap());
        let by = [person, Actor::Gateway, Actor::Enclave, Actor::Nobody];
        let leaf = |(act, by): (Act, &Actor)| {
            let event = Event { v: 1, at_ms: 1_700_000_000_000, by: by.clone(), request: None, act };
            String::from_utf8(event.to_bytes().unwrap()).unwrap()
        };
        let leaves = acts().into_iter().zip(by.iter().cycle()).map(leaf);
        (0..).zip(leaves).map(|(index, leaf)| event(index, &leaf, &cases, "log.example/x").unwrap()).collect()
    }

    #[test]
    fn every_kind_has_what_ocsf_demands_of_its_class() {
        let all = events();
        for event in &all {
            for field in
                ["activity_id", "category_uid", "class_uid", "metadata", "severity_id", "time", "type_uid", "actor", "src_endpoint"]
            {
                assert!(!event[field].is_null(), "{field} in {event}");
            }
            let (class, activity) = (event["class_uid"].as_u64().unwrap(), event["activity_id"].as_u64().unwrap());
            assert_eq!(event["type_uid"], class * 100 + activity);
            assert_eq!(class / 1000, event["category_uid"].as_u64().unwrap());
            match class {
                6003 => assert!(event["api"]["operation"].is_string(), "{event}"),
                6005 => assert!(event["database"]["uid"].is_string(), "{event}"),
                other => panic!("class {other}"),
            }
            assert!(event["metadata"]["version"].is_string() && event["metadata"]["product"]["name"].is_string());
            assert_eq!(event["metadata"]["uid"].as_str().unwrap(), format!("log.example/x#{}", event["metadata"]["sequence"]));
            let leaf = event["raw_data"].as_str().unwrap();
            assert_eq!(event["raw_data_hash"]["value"].as_str().unwrap(), sign::hex(&sign::sha256(leaf.as_bytes())));
            let words = ["user", "app_name"];
            assert!(words.iter().any(|word| !event["actor"][word].is_null()), "{event}");
        }
        let code = |event: &&Value| event.get("status_code").is_some();
        assert!(all.iter().filter(code).all(|event| event["status_id"] == 2));
        assert_eq!(all.iter().filter(code).count(), 4);
    }

    /// The class with what it inherits: attribute -> requirement, and the activities that it knows.
    fn class(folder: &Path, name: &str) -> (Vec<(String, String)>, BTreeSet<u64>, Vec<String>) {
        let read =
            |name: &str| -> Value { serde_json::from_str(&std::fs::read_to_string(folder.join(format!("{name}.json"))).unwrap()).unwrap() };
        let (base, own) = (read("base_event"), read(name));
        let attributes = |schema: &Value| {
            let all = schema["attributes"].as_object().unwrap().clone();
            all.into_iter().filter(|(name, _)| !name.starts_with('$')).collect::<Vec<_>>()
        };
        let mut all = std::collections::BTreeMap::new();
        for (name, attribute) in attributes(&base).into_iter().chain(attributes(&own)) {
            if let Some(requirement) = attribute["requirement"].as_str() {
                all.insert(name, requirement.to_owned());
            }
        }
        let ids =
            [&base, &own].into_iter().flat_map(|schema| schema["attributes"]["activity_id"]["enum"].as_object().unwrap().keys().cloned());
        let ids = ids.map(|id| id.parse().unwrap()).collect();
        let one = own["constraints"]["at_least_one"].as_array().map(|all| all.iter().map(|n| n.as_str().unwrap().to_owned()).collect());
        (all.into_iter().collect(), ids, one.unwrap_or_default())
    }

    #[test]
    fn every_kind_is_valid_by_the_published_schema() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/reference/ocsf");
        if !folder.is_dir() {
            eprintln!("SKIPPED every_kind_is_valid_by_the_published_schema: {} is not there", folder.display());
            return;
        }
        for event in events() {
            let name = if event["class_uid"] == 6003 { "api_activity" } else { "datastore_activity" };
            let (attributes, activities, one) = class(&folder, name);
            for (attribute, requirement) in &attributes {
                assert!(requirement != "required" || event.get(attribute).is_some(), "{attribute} is required: {event}");
            }
            let known: BTreeSet<&str> = attributes.iter().map(|(name, _)| name.as_str()).collect();
            for field in event.as_object().unwrap().keys() {
                assert!(known.contains(field.as_str()), "{name} has no `{field}`");
            }
            assert!(activities.contains(&event["activity_id"].as_u64().unwrap()), "{event}");
            assert!(one.is_empty() || one.iter().any(|field| event.get(field).is_some()), "{one:?}: {event}");
        }
    }
}
