//! What comes after the sample's first release: a change of rules, a held output, a pre-flight, a suspension, views without end.

use visiting_policies::{
    check::{Check, Finding, SignedCheck},
    handover::{ErasureReport, LedgerHead, PreflightReport, Purpose, Repeated, RerunReport, RunReport},
    hold::{Held, HoldReason},
    record::{Act, Actor},
    refusal::Code,
    rules::{RulesAdoption, RulesProposal, genesis},
    sign,
    terms::Verdict,
    vote::{ClosureOrder, SuspensionOrder},
};

use crate::sample::{self, key, report};

fn person(id: &str) -> Actor {
    Actor::Person(id.parse().unwrap())
}

/// The pack of the sample's database, as the product begins with it and as it is changed.
fn packs() -> (String, String) {
    let (_, first) = genesis().find(|(name, _)| *name == "ndb").unwrap();
    (first.to_owned(), first.replacen("version = \"2026-11\"", "version = \"2026-12\"", 1))
}

/// What a verdict says of the pack of `ndb`: the first one, or the changed one.
pub(crate) fn named(changed: bool) -> (String, String) {
    let (first, second) = packs();
    let (version, text) = if changed { ("2026-12", second) } else { ("2026-11", first) };
    ("rule_pack ndb".to_owned(), format!("ndb {version} {}", sign::digest(text.as_bytes())))
}

/// Two events: one person proposes the changed pack, another puts it in force.
pub(crate) fn rules_changed() -> Vec<(Actor, Act)> {
    let (first, text) = packs();
    let (replaces, digest) = (sign::digest(first.as_bytes()), sign::digest(text.as_bytes()));
    let proposal =
        RulesProposal { pack: "ndb".into(), replaces, digest: digest.clone(), reason: "a new year".into(), by: "per_m1".parse().unwrap() };
    let adoption = RulesAdoption { rules: proposal.id(), digest, by: "per_m2".parse().unwrap() };
    let signatures = (key(11).sign(proposal.text().as_bytes()), key(12).sign(adoption.text().as_bytes()));
    vec![
        (person("per_m1"), Act::RulesProposed { proposal, text, signature: signatures.0 }),
        (person("per_m2"), Act::RulesAdopted { adoption, signature: signatures.1 }),
    ]
}

pub(crate) fn judged(report: RunReport) -> (Actor, Act) {
    let report = report.sign(&key(2));
    (Actor::Enclave, Act::RunJudged { report: report.value, signature: report.signature })
}

pub(crate) fn requested(run: &str) -> (Actor, Act) {
    let (run, permit) = (run.parse().unwrap(), "prm_1".parse().unwrap());
    (person("per_a"), Act::RunRequested { run, permit, program: sign::digest(b"SELECT") })
}

pub(crate) fn released(run: &str) -> (Actor, Act) {
    (Actor::Enclave, Act::Released { run: run.parse().unwrap(), receipt: sign::digest(run.as_bytes()) })
}

/// A held run, from its request at `index` to its release: six events.
pub(crate) fn held(index: u64) -> Vec<(Actor, Act)> {
    let held = Held { reasons: [HoldReason::NotAudited].into(), checkers: 1, sealed: sign::digest(b"evidence") };
    let check = Check {
        run: "run_2".parse().unwrap(),
        sealed: held.sealed.clone(),
        by: "per_c1".parse().unwrap(),
        finding: Finding::Release,
        reason: "large groups".into(),
        salt: "0".repeat(64),
    };
    let signed = SignedCheck { signature: key(21).sign(check.text().as_bytes()), check };
    let of = |index, verdict| RunReport { run: "run_2".parse().unwrap(), index, verdict, rules: [named(true)].into(), ..report() };
    let first = RunReport { held: Some(held), files: Vec::new(), ..of(index, Verdict::Hold) };
    let ledger = LedgerHead { entries: 3, digest: sign::digest(b"ledger 3") };
    let second = RunReport { ledger, ..of(index + 3, Verdict::Suppress) };
    let cast = Act::CheckCast { run: "run_2".parse().unwrap(), by: "per_c1".parse().unwrap(), commitment: signed.commitment() };
    vec![
        requested("run_2"),
        judged(first),
        (person("per_c1"), cast),
        (Actor::Gateway, Act::ChecksOpened { run: "run_2".parse().unwrap(), checks: vec![signed] }),
        judged(second),
        released("run_2"),
    ]
}

/// A pre-flight with its answer, the request at `index`.
pub(crate) fn tried(index: u64) -> Vec<(Actor, Act)> {
    let preflight: visiting_policies::terms::PreflightId = "pre_1".parse().unwrap();
    let asked =
        Act::PreflightRequested { preflight: preflight.clone(), permit: "prm_1".parse().unwrap(), program: sign::digest(b"SELECT") };
    let report = PreflightReport { preflight, index, verdict: Verdict::Release, refusal: None, table: Some(sign::digest(b"table")) };
    let report = report.sign(&key(2));
    vec![(person("per_a"), asked), (Actor::Enclave, Act::PreflightAnswered { report: report.value, signature: report.signature })]
}

pub(crate) fn suspended() -> (Actor, Act) {
    let order = SuspensionOrder { permit: "prm_1".parse().unwrap(), by: "per_ministry".parse().unwrap(), reason: "a question".into() };
    let signature = key(31).sign(order.text().as_bytes());
    (person("per_ministry"), Act::PermitSuspended { order, signature })
}

/// The end of the sample's permit: closed by the ministry, erased by the enclave.
pub(crate) fn ended() -> Vec<(Actor, Act)> {
    let order = ClosureOrder { permit: "prm_1".parse().unwrap(), by: "per_ministry".parse().unwrap(), reason: "it is over".into() };
    let signature = key(31).sign(order.text().as_bytes());
    let erased = ErasureReport { permit: "prm_1".parse().unwrap() }.sign(&key(2));
    vec![
        (person("per_ministry"), Act::PermitClosed { order, signature }),
        (Actor::Enclave, Act::ExtractErased { report: erased.value, signature: erased.signature }),
    ]
}

/// A repetition of the sample's first run for an auditor.
pub(crate) fn rerun() -> (Actor, Act) {
    (person("per_auditor"), Act::RerunRequested { rerun: "rer_1".parse().unwrap(), run: "run_1".parse().unwrap() })
}

/// What came of it; its request is event `index`.
pub(crate) fn repeated(index: u64, outcome: Repeated) -> (Actor, Act) {
    let report = RerunReport { rerun: "rer_1".parse().unwrap(), index, outcome }.sign(&key(2));
    (Actor::Enclave, Act::RerunAnswered { report: report.value, signature: report.signature })
}

pub(crate) fn viewed(number: usize) -> (Actor, Act) {
    (person("per_a"), Act::Viewed { what: format!("/v1/log/events?from={number}") })
}

/// Everything: the sample, what comes after it, a wrong move, and at the end a run that nobody has judged.
pub(crate) fn acts() -> Vec<(Actor, Act)> {
    let mut acts = sample::acts();
    acts.extend(rules_changed());
    acts.extend(held(acts.len() as u64));
    acts.extend(tried(acts.len() as u64));
    acts.push((Actor::Nobody, Act::Refused { tried: "GET /v1/log/events".into(), code: Code::NotLoggedIn }));
    acts.push(requested("run_3"));
    acts
}

/// A lawful log of at least `size` events.
pub(crate) fn long(size: usize) -> Vec<Vec<u8>> {
    let mut acts = acts();
    acts.extend((acts.len()..size).map(viewed));
    sample::lines(acts)
}
