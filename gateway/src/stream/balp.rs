//! The record as FHIR R4 AuditEvents after IHE BALP: a projection for tools that know no other form. The leaf stays the evidence.
//!
//! What BALP asks for and the record does not hold is said, never made up:
//! * the network address of the client is no part of the record: it is absent with `data-absent-reason`;
//! * the text of a query is a document beside the record, which holds its digest. `entity.query` is the request with the digest in place of
//!   the SQL: enough to prove which text was asked, and no text that could carry a value into somebody's audit store;
//! * no event is about a patient that anybody here could name, so there is no patient entity; profiles that demand one (AuthZconsent,
//!   PrivacyDisclosure) are followed in codes and not claimed. What happened inside the enclave is no REST interaction and claims none either.

use serde_json::{Value, json};
use visiting_policies::{
    check::Finding,
    handover::Repeated,
    record::{Act, Actor, Event},
    refusal::Code,
    sample::Opinion,
    sign,
    terms::{PermitId, Verdict},
};

use super::{
    codes::{self, Coding},
    item::rfc3339,
};

/// Where BALP's profiles live.
const PROFILES: &str = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.";

/// What an act is in the words of an audit.
struct Said {
    kind: Coding,
    subtype: Coding,
    /// C, R, U, D or E.
    action: &'static str,
    /// 0 success, 4 minor, 8 serious, 12 major failure.
    outcome: &'static str,
    why: Option<String>,
    /// The profile that a person's act of this kind fits.
    profile: Option<&'static str>,
    /// Done for research under a permit, or to get one.
    research: bool,
    entity: Vec<Value>,
}

impl Said {
    fn new(kind: Coding, subtype: Coding, action: &'static str, entity: Vec<Value>) -> Self {
        Self { kind, subtype, action, outcome: "0", why: None, profile: None, research: false, entity }
    }

    /// A REST interaction that fits one of BALP's profiles.
    fn rest(interaction: Coding, action: &'static str, profile: &'static str, entity: Vec<Value>) -> Self {
        Self { profile: Some(profile), ..Self::new(codes::REST, interaction, action, entity) }
    }

    fn for_research(self) -> Self {
        Self { research: true, ..self }
    }

    fn failed(self, outcome: &'static str, why: String) -> Self {
        Self { outcome, why: Some(why), ..self }
    }
}

/// One event as an AuditEvent.
pub(crate) fn audit_event(index: u64, leaf: &str, event: &Event, origin: &str) -> Value {
    let named = Named { origin };
    let said = said(&event.act, &named);
    let profile = said.profile.filter(|_| matches!(event.by, Actor::Person(_)));
    let mut entity = said.entity;
    entity.push(named.leaf(index, leaf));
    let mut resource = json!({
        "resourceType": "AuditEvent",
        "id": format!("record-{index}"),
        "type": said.kind.json(),
        "subtype": [said.subtype.json()],
        "action": said.action,
        "recorded": rfc3339(event.at_ms),
        "outcome": said.outcome,
        "agent": agents(&event.by, profile, said.research, &named),
        "source": { "site": origin, "observer": named.gateway(), "type": [codes::APPLICATION_SERVER.json()] },
        "entity": entity,
    });
    if let Some(fields) = resource.as_object_mut() {
        if let Some(profile) = profile {
            fields.insert("meta".to_owned(), json!({ "profile": [format!("{PROFILES}{profile}")] }));
        }
        if let Some(why) = said.why {
            fields.insert("outcomeDesc".to_owned(), Value::from(why));
        }
    }
    resource
}

/// Every kind of event. A new one must be put into an auditor's words before it compiles.
fn said(act: &Act, named: &Named<'_>) -> Said {
    let create = |entity| Said::rest(codes::CREATE, "C", "Create", entity);
    let update = |entity| Said::new(codes::REST, codes::UPDATE, "U", entity);
    match act {
        Act::RecordOpened { roster, .. } => Said::new(
            codes::APPLICATION_ACTIVITY,
            codes::APPLICATION_START,
            "E",
            vec![named.data("roster", roster, codes::SECURITY_RESOURCE)],
        ),
        Act::LogKeyRotated { rotation, .. } => Said::new(
            codes::SECURITY_ALERT,
            codes::SECURITY_ATTRIBUTES_CHANGED,
            "U",
            vec![named.data("log-key", &rotation.to, codes::SECURITY_RESOURCE)],
        ),
        Act::ListingPublished { listing, .. } => {
            Said::new(codes::ORIGINATE, codes::CREATE, "C", vec![named.data("listing", listing, codes::DOMAIN_RESOURCE)])
        }
        Act::DataLoaded { report, .. } => {
            let version = format!("{}/{}", report.listing, report.version);
            Said::new(codes::IMPORT, codes::RECEIVE, "C", vec![named.data("data", &version, codes::DOMAIN_RESOURCE)])
        }
        Act::ApplicationSubmitted { application, .. } => {
            create(vec![named.data("application", application.as_str(), codes::DOMAIN_RESOURCE)]).for_research()
        }
        Act::CompletenessConfirmed { application } => update(vec![named.data("application", application.as_str(), codes::DOMAIN_RESOURCE)]),
        Act::CompletenessDenied { application, .. } => {
            update(vec![named.data("application", application.as_str(), codes::DOMAIN_RESOURCE)]).failed("4", "sent back".to_owned())
        }
        Act::VoteCast { vote } => create(vec![named.data("application", vote.ballot.application.as_str(), codes::DOMAIN_RESOURCE)]),
        Act::PermitIssued { permit } => {
            let data = named.data("permit", permit.id.as_str(), codes::SECURITY_RESOURCE);
            Said::new(codes::SECURITY_ALERT, codes::AUTHZ_ROLE, "E", vec![data, named.beside("application", permit.application.as_str())])
        }
        Act::ExtractMade { report, .. } => Said::new(
            codes::EXTRACT,
            codes::PSEUDONYMIZE,
            "C",
            vec![named.data("permit", report.permit.as_str(), codes::SECURITY_RESOURCE)],
        ),
        Act::GuestBound { permit, guest, .. } => {
            create(vec![named.data("guest", guest, codes::DOMAIN_RESOURCE), named.beside("permit", permit.as_str())]).for_research()
        }
        Act::CodesBound { permit, codes: list, .. } => {
            create(vec![named.data("codes", list, codes::DOMAIN_RESOURCE), named.beside("permit", permit.as_str())]).for_research()
        }
        Act::PreflightRequested { preflight, permit, program } => {
            let beside = [named.beside("preflight", preflight.as_str()), named.beside("permit", permit.as_str())];
            let entity = std::iter::once(query("preflights", permit.as_str(), program)).chain(beside).collect();
            Said::rest(codes::SEARCH, "E", "Query", entity).for_research()
        }
        // No data were touched, so nothing was de-identified: a check of a text.
        Act::PreflightAnswered { report, .. } => {
            let data = named.data("preflight", report.preflight.as_str(), codes::JOB);
            let tried = Said::new(codes::APPLICATION_ACTIVITY, codes::OPERATION, "E", vec![data]);
            match &report.refusal {
                Some(refusal) => tried.failed("4", refusal.code.name()),
                None => tried,
            }
        }
        Act::RunRequested { run, permit, program } => {
            let entity =
                vec![query("runs", permit.as_str(), program), named.beside("run", run.as_str()), named.beside("permit", permit.as_str())];
            Said::rest(codes::SEARCH, "E", "Query", entity).for_research()
        }
        Act::RunJudged { report, .. } => {
            let judged = Said::new(codes::VERIFY, codes::DEIDENTIFY, "E", vec![named.data("run", report.run.as_str(), codes::JOB)]);
            match (report.verdict, &report.refusal) {
                (Verdict::Refuse, Some(refusal)) => judged.failed("4", refusal.code.name()),
                (Verdict::Refuse, None) => judged.failed("4", "refused".to_owned()),
                (Verdict::Release | Verdict::Suppress | Verdict::Hold, _) => judged,
            }
        }
        Act::ExposureReached { report, .. } => {
            let whose = report.permit.as_ref().map_or("all", PermitId::as_str);
            Said::new(codes::SECURITY_ALERT, codes::OPERATION, "E", vec![named.data("permit", whose, codes::SECURITY_RESOURCE)])
        }
        Act::CheckCast { run, commitment, .. } => {
            create(vec![named.data("run", run.as_str(), codes::REPORT), named.beside("check", commitment)])
        }
        Act::ChecksOpened { run, checks } => {
            let opened = Said::new(codes::VERIFY, codes::OPERATION, "E", vec![named.data("run", run.as_str(), codes::REPORT)]);
            let release = checks.iter().all(|signed| signed.check.finding == Finding::Release);
            if release { opened } else { opened.failed("4", Code::NotReleasedByCheckers.name()) }
        }
        Act::Released { run, .. } => {
            Said::new(codes::EXPORT, codes::DISCLOSE, "R", vec![named.data("run", run.as_str(), codes::REPORT)]).for_research()
        }
        Act::SampleLooked { signed } => {
            let looked = Said::new(codes::VERIFY, codes::OPERATION, "E", vec![named.data("run", signed.look.run.as_str(), codes::REPORT)]);
            if signed.look.opinion == Opinion::Fine { looked } else { looked.failed("4", "recall asked for".to_owned()) }
        }
        Act::PermitSuspended { order, .. } => {
            let data = named.data("permit", order.permit.as_str(), codes::SECURITY_RESOURCE);
            Said::new(codes::SECURITY_ALERT, codes::SECURITY_ATTRIBUTES_CHANGED, "U", vec![data])
        }
        Act::PermitClosed { order, .. } => {
            let data = named.data("permit", order.permit.as_str(), codes::SECURITY_RESOURCE);
            Said::new(codes::SECURITY_ALERT, codes::SECURITY_ATTRIBUTES_CHANGED, "U", vec![data])
        }
        Act::ExtractErased { report, .. } => {
            Said::new(codes::DESTROY, codes::OPERATION, "D", vec![named.data("permit", report.permit.as_str(), codes::DOMAIN_RESOURCE)])
        }
        Act::RerunRequested { rerun, run } => {
            create(vec![named.data("run", run.as_str(), codes::REPORT), named.beside("rerun", rerun.as_str())])
        }
        Act::RerunAnswered { report, .. } => {
            let verified = Said::new(codes::VERIFY, codes::OPERATION, "E", vec![named.data("rerun", report.rerun.as_str(), codes::JOB)]);
            match report.outcome {
                Repeated::Same => verified,
                Repeated::Differs => verified.failed("8", "differs".to_owned()),
                Repeated::NotRepeated => verified.failed("4", "not repeated".to_owned()),
            }
        }
        Act::Recalled { order, .. } => {
            let data = named.data("run", order.run.as_str(), codes::REPORT);
            Said::new(codes::SECURITY_ALERT, codes::SECURITY_ATTRIBUTES_CHANGED, "U", vec![data])
        }
        Act::IncidentNoted { incident, noted } => {
            let entity = vec![named.data("incident", incident.as_str(), codes::SECURITY_RESOURCE), named.beside("text", &noted.text)];
            Said::new(codes::SECURITY_ALERT, codes::CREATE, "C", entity)
        }
        Act::IncidentClosed { incident, text } => {
            let entity = vec![named.data("incident", incident.as_str(), codes::SECURITY_RESOURCE), named.beside("text", text)];
            Said::new(codes::SECURITY_ALERT, codes::UPDATE, "U", entity)
        }
        Act::RulesProposed { proposal, .. } => create(vec![
            named.data("rules", proposal.id().as_str(), codes::SECURITY_RESOURCE),
            named.beside("rule-pack", &format!("{}/{}", proposal.pack, proposal.digest)),
        ]),
        Act::RulesAdopted { adoption, .. } => {
            let data = named.data("rules", adoption.rules.as_str(), codes::SECURITY_RESOURCE);
            Said::new(codes::SECURITY_ALERT, codes::SECURITY_ATTRIBUTES_CHANGED, "U", vec![data])
        }
        Act::Viewed { what } => {
            let read = Said::rest(codes::READ, "R", "Read", vec![named.data("path", what, codes::DOMAIN_RESOURCE)]);
            let log = what.starts_with("/v1/log/");
            // The standard has a word of its own for reading the log, which BALP's Read does not allow.
            if log { Said { kind: codes::AUDIT_LOG_USED, profile: None, ..read } } else { read }
        }
        Act::Downloaded { run, file } => {
            let entity = vec![named.data("file", &format!("{run}/{file}"), codes::REPORT), named.beside("run", run.as_str())];
            Said::rest(codes::READ, "R", "Read", entity).for_research()
        }
        Act::Refused { tried, code } => {
            let refused = Said::new(codes::REST, codes::OPERATION, "E", vec![named.data("attempt", tried, codes::DOMAIN_RESOURCE)]);
            refused.failed(gravity(*code), code.name())
        }
    }
}

/// How bad a refusal is: a mistake, something forged, or a system that cannot do its work.
fn gravity(code: Code) -> &'static str {
    match code {
        code if code.is_forged() => "8",
        Code::OperatorProblem | Code::RecordUnavailable | Code::KeyUnusable => "12",
        _ => "4",
    }
}

/// The query entity of BALP. It allows no `what`; the digest is inside `query`.
fn query(what: &str, permit: &str, program: &str) -> Value {
    let request = format!("POST /v1/permits/{permit}/{what}\n\nsql: {program}\n");
    json!({
        "type": codes::SYSTEM_OBJECT.json(),
        "role": codes::QUERY.json(),
        "description": "The request with the digest in place of the SQL; the text is kept beside the record",
        "query": sign::to_base64(request.as_bytes()),
    })
}

/// Who took part. BALP names both ends of a request and the person; data flows out of a server that is read, and into one that is asked
/// or written, and the codes of the two ends follow.
fn agents(by: &Actor, profile: Option<&str>, research: bool, named: &Named<'_>) -> Value {
    let (client, server) = match profile {
        Some("Read") => (codes::DESTINATION, codes::SOURCE),
        _ => (codes::SOURCE, codes::DESTINATION),
    };
    let absent = json!({ "extension": [{ "url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown" }] });
    let asks = |requestor: bool| json!({ "type": client.concept(), "who": { "display": "client of the API" }, "requestor": requestor, "network": { "_address": absent } });
    let serves = json!({
        "type": server.concept(),
        "who": named.gateway(),
        "requestor": false,
        // 5: a URI.
        "network": { "address": named.origin, "type": "5" },
    });
    let works = |who: Value| json!({ "type": codes::APPLICATION.concept(), "who": who, "requestor": true });
    match by {
        Actor::Person(id) => {
            let role = if profile == Some("Create") { codes::AUTHOR } else { codes::RECIPIENT };
            let mut user = json!({ "type": role.concept(), "who": named.identifier("person", id.as_str()), "requestor": true });
            if let (Some(user), true) = (user.as_object_mut(), research) {
                user.insert("purposeOfUse".to_owned(), json!([codes::RESEARCH.concept()]));
            }
            json!([asks(false), serves, user])
        }
        Actor::Nobody => json!([asks(true), serves]),
        Actor::Gateway => json!([works(named.gateway())]),
        Actor::Enclave => json!([works(named.identifier("unit", "enclave")), serves]),
    }
}

/// Names of things, in the namespace of the log's origin.
struct Named<'a> {
    origin: &'a str,
}

impl Named<'_> {
    fn identifier(&self, what: &str, id: &str) -> Value {
        json!({ "identifier": { "system": format!("https://{}/{what}", self.origin), "value": id } })
    }

    fn gateway(&self) -> Value {
        self.identifier("unit", "gateway")
    }

    /// What the act is about. Of this type there is one in an AuditEvent: BALP tells its entities apart by their types.
    fn data(&self, what: &str, id: &str, role: Coding) -> Value {
        json!({ "type": codes::SYSTEM_OBJECT.json(), "role": role.json(), "what": self.identifier(what, id) })
    }

    /// What else it touches.
    fn beside(&self, what: &str, id: &str) -> Value {
        json!({ "type": codes::OTHER.json(), "what": self.identifier(what, id) })
    }

    /// Where the evidence is.
    fn leaf(&self, index: u64, leaf: &str) -> Value {
        json!({
            "type": codes::OTHER.json(),
            "role": codes::SECURITY_RESOURCE.json(),
            "what": self.identifier("record", &index.to_string()),
            "name": "leaf of the record",
            "detail": [{ "type": "digest", "valueString": sign::digest(leaf.as_bytes()) }],
        })
    }
}
