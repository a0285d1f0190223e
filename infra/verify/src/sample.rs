//! A small lawful record for the tests: from an opened log to a released run, every signature real.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
};

use visiting_policies::{
    case::Cases,
    handover::{ExtractReport, FileDigest, LedgerHead, LoadReport, Purpose, RunReport},
    merkle::{Tree, leaf_hash},
    note::{self, Checkpoint},
    permit::{ApplicationContent, SignedBallot},
    receipt::{self, Receipt},
    record::{Act, Actor, Event, VERSION},
    roster::{Member, Roster},
    sign::{self, SigningKey},
    terms::{Form, Period, Role, Scope, Verdict},
    vote::{Ballot, Decision},
};
use visiting_tlog::{append::Appender, folder::Folder as TileFolder, store::Published};

pub(crate) const ORIGIN: &str = "visiting.test/log";
pub(crate) const TABLE: &[u8] = b"sex,people\n1,100\n2,120\n";

/// A folder that is gone with the test.
#[derive(Debug)]
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("visiting-verify-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub(crate) fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32]).unwrap()
}

pub(crate) fn log_vkey() -> String {
    note::vkey(ORIGIN, &key(1).public_bytes())
}

pub(crate) fn gate_vkey() -> String {
    note::vkey(&receipt::signer(ORIGIN), &key(2).public_bytes())
}

pub(crate) fn roster() -> Roster {
    let member = |organisation: &str, role, seed: Option<u8>| Member {
        organisation: organisation.parse().unwrap(),
        roles: BTreeSet::from([role]),
        key: seed.map(|seed| key(seed).public()),
        seal_key: None,
    };
    let members = BTreeMap::from([
        ("per_a".parse().unwrap(), member("org_univ", Role::Researcher, None)),
        ("per_desk".parse().unwrap(), member("org_desk", Role::Reception, None)),
        ("per_m1".parse().unwrap(), member("org_hosp", Role::CommitteeMember, Some(11))),
        ("per_m2".parse().unwrap(), member("org_law", Role::CommitteeMember, Some(12))),
        ("per_c1".parse().unwrap(), member("org_sdc", Role::Checker, Some(21))),
        ("per_ministry".parse().unwrap(), member("org_ministry", Role::Ministry, Some(31))),
    ]);
    Roster { origin: ORIGIN.into(), log_key: key(1).public(), enclave_key: key(2).public(), quorum: 2, members }
}

/// The acts of one whole case, each with who did it.
pub(crate) fn acts() -> Vec<(Actor, Act)> {
    let application = "app_1".parse().unwrap();
    let content = ApplicationContent {
        team: BTreeSet::from(["per_a".parse().unwrap()]),
        organisations: BTreeSet::from(["org_univ".parse().unwrap()]),
        purpose: sign::digest(b"why"),
        scope: Scope {
            columns: BTreeMap::from([("ndb".to_owned(), BTreeMap::from([("patients".to_owned(), BTreeSet::from(["sex".to_owned()]))]))]),
            period: Period { from: 202401, to: 202412 },
            form: Form::Pseudonymised,
        },
        until_ms: 1_000_000,
    };
    let vote = |member: &str, seed: u8| {
        let ballot = Ballot {
            application: "app_1".parse().unwrap(),
            content: content.digest(),
            member: member.parse().unwrap(),
            decision: Decision::Approve,
            checkers: 0,
            remove: BTreeSet::new(),
        };
        let signature = key(seed).sign(ballot.text().as_bytes());
        SignedBallot { ballot, signature }
    };
    let votes = vec![vote("per_m1", 11), vote("per_m2", 12)];
    let permit = visiting_policies::permit::grant(&"prm_1".parse().unwrap(), &application, &content, &votes, &roster()).unwrap();
    let load = LoadReport {
        listing: "ndb".into(),
        version: 1,
        rows: BTreeMap::from([("patients".into(), 220)]),
        quarantined: 0,
        manifest: sign::digest(b"m"),
    };
    let extract =
        ExtractReport { permit: permit.id.clone(), versions: BTreeMap::from([("ndb".into(), 1)]), people: 220, rows: BTreeMap::new() };
    let person = |id: &str| Actor::Person(id.parse().unwrap());
    let load = load.sign(&key(2));
    let extract = extract.sign(&key(2));
    let judged = report().sign(&key(2));
    vec![
        (Actor::Gateway, Act::RecordOpened { origin: ORIGIN.into(), roster: roster().digest(), demo: true }),
        (Actor::Enclave, Act::DataLoaded { report: load.value, signature: load.signature }),
        (person("per_a"), Act::ApplicationSubmitted { application, content: content.clone() }),
        (person("per_desk"), Act::CompletenessConfirmed { application: "app_1".parse().unwrap() }),
        (person("per_m1"), Act::VoteCast { vote: votes[0].clone() }),
        (person("per_m2"), Act::VoteCast { vote: votes[1].clone() }),
        (Actor::Gateway, Act::PermitIssued { permit }),
        (Actor::Enclave, Act::ExtractMade { report: extract.value, signature: extract.signature }),
        (person("per_a"), Act::GuestBound { permit: "prm_1".parse().unwrap(), guest: sign::digest(b"guest"), name: "band".into() }),
        (
            person("per_a"),
            Act::RunRequested { run: "run_1".parse().unwrap(), permit: "prm_1".parse().unwrap(), program: sign::digest(b"SELECT") },
        ),
        (Actor::Enclave, Act::RunJudged { report: judged.value, signature: judged.signature }),
        (Actor::Enclave, Act::Released { run: "run_1".parse().unwrap(), receipt: sign::digest(b"receipt") }),
    ]
}

pub(crate) const JUDGED: u64 = 10;

pub(crate) fn report() -> RunReport {
    RunReport {
        run: "run_1".parse().unwrap(),
        index: JUDGED - 1,
        judged_by: 0,
        verdict: Verdict::Release,
        refusal: None,
        files: vec![FileDigest { name: "table.csv".into(), digest: sign::digest(TABLE) }],
        ledger: LedgerHead { entries: 2, digest: sign::digest(b"ledger") },
        rules: BTreeMap::from([("people".into(), "pass".into())]),
        spent: visiting_policies::budget::Spent::default(),
        held: None,
    }
}

/// The exact lines of these acts.
pub(crate) fn lines(acts: Vec<(Actor, Act)>) -> Vec<Vec<u8>> {
    let event = |(i, (by, act)): (usize, (Actor, Act))| Event { v: VERSION, at_ms: 1000 + i as u64, by, request: None, act };
    acts.into_iter().enumerate().map(event).map(|event| event.to_bytes().unwrap()).collect()
}

pub(crate) fn tree(lines: &[Vec<u8>]) -> Tree {
    let mut tree = Tree::default();
    lines.iter().for_each(|line| tree.push(leaf_hash(line)));
    tree
}

/// The log's checkpoint over the first `size` lines.
pub(crate) fn checkpoint(lines: &[Vec<u8>], size: usize) -> String {
    checkpoint_by(lines, size, &key(1))
}

fn checkpoint_by(lines: &[Vec<u8>], size: usize, log: &SigningKey) -> String {
    let root = tree(lines).root(size as u64).unwrap();
    Checkpoint { size: size as u64, root }.sign(ORIGIN, log)
}

/// A log folder as the gateway publishes it, with the roster beside it: in two batches, so that an old partial tile is there, too.
pub(crate) fn publish(folder: &Path, lines: &[Vec<u8>]) {
    publish_by(folder, lines, &key(1));
}

/// The same under another key of the log.
pub(crate) fn publish_by(folder: &Path, lines: &[Vec<u8>], log: &SigningKey) {
    let tiles = TileFolder::new(folder);
    let mut tree = Appender::create(&tiles);
    let (first, rest) = lines.split_at(lines.len().min(FIRST));
    for batch in [first, rest] {
        tree.append(batch).unwrap();
    }
    tiles.publish(checkpoint_by(lines, lines.len(), log).as_bytes()).unwrap();
    fs::write(folder.join("roster.json"), serde_json::to_vec(&roster()).unwrap()).unwrap();
}

/// Events of the first batch.
pub(crate) const FIRST: usize = 5;

/// The receipt of the released run.
pub(crate) fn receipt() -> Receipt {
    let lines = lines(acts());
    let size = lines.len() as u64;
    let proof = tree(&lines).inclusion(JUDGED, size).unwrap();
    Receipt {
        form: receipt::FORM.into(),
        permit: "prm_1".parse().unwrap(),
        report: report(),
        program: sign::digest(b"SELECT"),
        versions: BTreeMap::from([("ndb".into(), 1)]),
        index: JUDGED,
        event: String::from_utf8(lines[JUDGED as usize].clone()).unwrap(),
        proof: proof.iter().map(|hash| sign::to_base64(hash)).collect(),
        checkpoint: checkpoint(&lines, lines.len()),
    }
}

#[test]
fn the_sample_is_lawful() {
    let mut cases = Cases::new(roster());
    for line in lines(acts()) {
        cases.admit(&Event::from_bytes(&line).unwrap()).unwrap();
    }
}
