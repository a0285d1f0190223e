//! One act of every kind, or more, as tests of whatever tells, shows or projects the record want them.

use std::collections::{BTreeMap, BTreeSet};

use visiting_policies::{
    check::{Check, Finding, SignedCheck},
    exposure::{Exposure, ExposureReport},
    handover::{ErasureReport, ExtractReport, LedgerHead, LoadReport, PreflightReport, Repeated, RerunReport, RunReport},
    incident::{Incident, IncidentKind, Severity},
    permit::{ApplicationContent, Permit, SignedBallot},
    record::{Act, Actor, Event},
    refusal::{Code, Refusal},
    rotation::LogKeyRotation,
    rules::{RulesAdoption, RulesProposal},
    sample::{Look, Opinion, SignedLook},
    terms::{Form, Period, PersonId, Scope, Verdict},
    vote::{Ballot, ClosureOrder, Decision, RecallOrder, SuspensionOrder},
};

fn report(verdict: Verdict) -> RunReport {
    let refusal = (verdict == Verdict::Refuse).then(|| Refusal::new(Code::NothingToShow, "nothing"));
    let ledger = LedgerHead { entries: 0, digest: String::new() };
    RunReport {
        run: "run_1".parse().unwrap(),
        index: 9,
        judged_by: 0,
        verdict,
        refusal,
        files: Vec::new(),
        ledger,
        rules: BTreeMap::new(),
        spent: visiting_policies::budget::Spent::default(),
        held: None,
    }
}

fn scope() -> Scope {
    let columns = BTreeMap::from([("ndb".to_owned(), BTreeMap::from([("patients".to_owned(), BTreeSet::from(["sex".to_owned()]))]))]);
    Scope { columns, period: Period { from: 202401, to: 202412 }, form: Form::Pseudonymised }
}

/// At least one act of every kind.
pub(crate) fn acts() -> Vec<Act> {
    let (application, permit, run) = ("app_1".parse().unwrap(), "prm_1".parse().unwrap(), "run_1".parse().unwrap());
    let person: PersonId = "per_hanako".parse().unwrap();
    let content = ApplicationContent {
        team: BTreeSet::from([person.clone()]),
        organisations: BTreeSet::from(["org_univ".parse().unwrap()]),
        purpose: "sha256:0".to_owned(),
        scope: scope(),
        until_ms: 2,
    };
    let ballot = |decision| Ballot {
        application: "app_1".parse().unwrap(),
        content: content.digest(),
        member: "per_member1".parse().unwrap(),
        decision,
        remove: BTreeSet::new(),
        checkers: 0,
    };
    let vote = |decision| Act::VoteCast { vote: SignedBallot { ballot: ballot(decision), signature: String::new() } };
    let repeated = |outcome| Act::RerunAnswered {
        report: RerunReport { rerun: "rer_1".parse().unwrap(), index: 1, outcome },
        signature: String::new(),
    };
    let tried = |verdict| Act::PreflightAnswered {
        report: PreflightReport { preflight: "pre_1".parse().unwrap(), index: 9, verdict, refusal: report(verdict).refusal, table: None },
        signature: String::new(),
    };
    let checked = |finding| SignedCheck {
        check: Check {
            run: "run_1".parse().unwrap(),
            sealed: String::new(),
            by: "per_checker1".parse().unwrap(),
            finding,
            reason: "<b>why</b>".to_owned(),
            salt: String::new(),
        },
        signature: String::new(),
    };
    let judged = |verdict| Act::RunJudged { report: report(verdict), signature: String::new() };
    let rows = BTreeMap::from([("patients".to_owned(), 120)]);
    let load = LoadReport { listing: "ndb".to_owned(), version: 1, rows: rows.clone(), quarantined: 10, manifest: String::new() };
    let extract = ExtractReport { permit: "prm_1".parse().unwrap(), versions: BTreeMap::new(), people: 120, rows };
    let order = SuspensionOrder { permit: "prm_1".parse().unwrap(), by: "per_ministry".parse().unwrap(), reason: "<b>why</b>".to_owned() };
    let rotation = LogKeyRotation { origin: "log".to_owned(), from: String::new(), to: String::new() };
    let proposal = RulesProposal {
        pack: "ndb".to_owned(),
        replaces: String::new(),
        digest: String::new(),
        reason: "<b>why</b>".to_owned(),
        by: "per_ministry".parse().unwrap(),
    };
    vec![
        Act::RecordOpened { origin: "log".to_owned(), roster: String::new(), demo: true },
        Act::LogKeyRotated { rotation, signature: String::new(), accepted: String::new() },
        Act::ListingPublished { listing: "ndb".to_owned(), digest: String::new() },
        Act::DataLoaded { report: load, signature: String::new() },
        Act::ApplicationSubmitted { application: "app_1".parse().unwrap(), content: content.clone() },
        Act::CompletenessConfirmed { application: "app_1".parse().unwrap() },
        Act::CompletenessDenied { application, remarks: String::new() },
        vote(Decision::Approve),
        vote(Decision::Reject),
        vote(Decision::Return),
        Act::PermitIssued {
            permit: Permit {
                id: "prm_1".parse().unwrap(),
                application: "app_1".parse().unwrap(),
                people: content.team,
                scope: scope(),
                until_ms: 2,
                checkers: 0,
            },
        },
        Act::ExtractMade { report: extract, signature: String::new() },
        Act::GuestBound { permit: "prm_1".parse().unwrap(), guest: String::new(), name: "risk_band".to_owned() },
        Act::CodesBound { permit: "prm_1".parse().unwrap(), codes: String::new(), name: "mine".to_owned() },
        Act::PreflightRequested { preflight: "pre_1".parse().unwrap(), permit: "prm_1".parse().unwrap(), program: String::new() },
        tried(Verdict::Release),
        tried(Verdict::Refuse),
        Act::RunRequested { run, permit, program: String::new() },
        judged(Verdict::Release),
        judged(Verdict::Suppress),
        judged(Verdict::Refuse),
        judged(Verdict::Hold),
        Act::ExposureReached { report: ExposureReport { permit: None, exposure: Exposure::Alert }, signature: String::new() },
        Act::ExposureReached {
            report: ExposureReport { permit: Some("prm_1".parse().unwrap()), exposure: Exposure::Hold },
            signature: String::new(),
        },
        Act::CheckCast { run: "run_1".parse().unwrap(), by: person.clone(), commitment: "sha256:0".to_owned() },
        Act::ChecksOpened { run: "run_1".parse().unwrap(), checks: vec![checked(Finding::Release)] },
        Act::ChecksOpened { run: "run_1".parse().unwrap(), checks: vec![checked(Finding::Release), checked(Finding::Refuse)] },
        Act::Released { run: "run_1".parse().unwrap(), receipt: String::new() },
        looked(Opinion::Fine),
        looked(Opinion::Recall),
        Act::PermitSuspended { order, signature: String::new() },
        Act::PermitClosed {
            order: ClosureOrder { permit: "prm_1".parse().unwrap(), by: "per_ministry".parse().unwrap(), reason: "<b>why</b>".to_owned() },
            signature: String::new(),
        },
        Act::ExtractErased { report: ErasureReport { permit: "prm_1".parse().unwrap() }, signature: String::new() },
        Act::RerunRequested { rerun: "rer_1".parse().unwrap(), run: "run_1".parse().unwrap() },
        repeated(Repeated::Same),
        repeated(Repeated::Differs),
        repeated(Repeated::NotRepeated),
        Act::Recalled {
            order: RecallOrder { run: "run_1".parse().unwrap(), by: "per_ministry".parse().unwrap(), reason: "<b>why</b>".to_owned() },
            signature: String::new(),
        },
        Act::RulesProposed { proposal: proposal.clone(), text: String::new(), signature: String::new() },
        Act::RulesAdopted {
            adoption: RulesAdoption { rules: proposal.id(), digest: String::new(), by: "per_member1".parse().unwrap() },
            signature: String::new(),
        },
        Act::IncidentNoted {
            incident: "inc_1".parse().unwrap(),
            noted: Incident {
                kind: IncidentKind::Probing,
                severity: Severity::High,
                leaves: (3..20).collect(),
                text: "sha256:0".to_owned(),
            },
        },
        Act::IncidentClosed { incident: "inc_1".parse().unwrap(), text: "sha256:0".to_owned() },
        Act::Viewed { what: "/v1/log/events?from=0".to_owned() },
        Act::Downloaded { run: "run_1".parse().unwrap(), file: "table.csv".to_owned() },
        Act::Refused { tried: "POST /v1/permits/{id}/runs".to_owned(), code: Code::NotNamed },
    ]
}

fn looked(opinion: Opinion) -> Act {
    let (run, by) = ("run_1".parse().unwrap(), "per_checker1".parse().unwrap());
    let look = Look { run, receipt: String::new(), by, opinion, reason: "<b>why</b>".to_owned() };
    Act::SampleLooked { signed: SignedLook { look, signature: String::new() } }
}

/// It, done by somebody at some time.
pub(crate) fn event(act: Act) -> Event {
    Event { v: 1, at_ms: 1_700_000_000_000, by: Actor::Person("per_hanako".parse().unwrap()), request: None, act }
}
