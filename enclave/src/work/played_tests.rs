//! The enclave beside a gateway that the test plays: it shows one record, has no work, and takes every report. What the enclave does
//! of itself, and what it does not do whatever the gateway says, is seen here without a process.

use std::{
    fs,
    path::PathBuf,
    sync::{Arc, Mutex},
    thread,
    time::{SystemTime, UNIX_EPOCH},
};

use serde_json::{Value, json};
use visiting_linkage::Client;
use visiting_policies::{
    case::{PermitCase, RerunCase},
    merkle::{Tree, leaf_hash},
    note::Checkpoint,
    permit::Permit,
    record::{Act, Actor, Event, VERSION},
    roster::Roster,
    sign::SigningKey,
    terms::{Form, Period, RerunId, Scope},
};
use visiting_servers::{Asked, answering};
use visiting_tlog::{
    cosignature::cosign,
    key::{Algorithm, SecretKey},
    note::Note,
};

use super::*;
use crate::{config::FRESH_MAX_S, extract::Manifest, keys::Key, known::Block};

const ORIGIN: &str = "played.example/log";

/// A report that reached the gateway.
struct Report {
    path: String,
    body: Value,
    at: Instant,
}

/// What the gateway shows and has heard.
struct Gateway {
    leaf: String,
    note: String,
    reports: Vec<Report>,
}

impl Gateway {
    fn answer(&mut self, asked: &Asked) -> (u16, Vec<u8>) {
        let path = asked.path.split('?').next().unwrap_or_default();
        let answer = if asked.method == "POST" {
            let body = serde_json::from_slice(&asked.body).unwrap();
            self.reports.push(Report { path: path.to_owned(), body, at: Instant::now() });
            json!({ "index": 0 })
        } else if path == "/internal/v1/record" {
            let events: Vec<&String> = asked.path.ends_with("from=0").then_some(&self.leaf).into_iter().collect();
            json!({ "events": events, "checkpoint": self.note })
        } else {
            json!([])
        };
        (200, answer.to_string().into_bytes())
    }
}

/// A data folder of an enclave, and the gateway beside it.
struct Room {
    folder: PathBuf,
    config: Config,
    gateway: Arc<Mutex<Gateway>>,
}

impl Room {
    /// Witnesses stand by the record of one event, at this time.
    fn new(name: &str, time: u64) -> Self {
        let folder = std::env::temp_dir().join(format!("visiting-{name}-{}", std::process::id()));
        let home = folder.join("enclave");
        fs::create_dir_all(&home).unwrap();
        let (log, gate) = (log_key(), SigningKey::from_seed(&[2; 32]).unwrap());
        let roster =
            Roster { origin: ORIGIN.to_owned(), log_key: log.public(), enclave_key: gate.public(), quorum: 1, members: BTreeMap::new() };
        fs::write(home.join("roster.json"), serde_json::to_vec(&roster).unwrap()).unwrap();
        fs::write(home.join("policy"), format!("witness w {}\nquorum w\n", witness_key().verifier())).unwrap();
        fs::write(home.join("gate.seed"), sign::hex(&[2; 32])).unwrap();
        fs::write(home.join("enclave.token"), "token").unwrap();
        let act = Act::RecordOpened { origin: ORIGIN.to_owned(), roster: roster.digest(), demo: false };
        let event = Event { v: VERSION, at_ms: 1000, by: Actor::Gateway, request: None, act };
        let leaf = String::from_utf8(event.to_bytes().unwrap()).unwrap();
        let note = witnessed(&leaf, time);
        let gateway = Arc::new(Mutex::new(Gateway { leaf, note, reports: Vec::new() }));
        let address = answering({
            let gateway = Arc::clone(&gateway);
            move |asked: &Asked| gateway.lock().unwrap().answer(asked)
        });
        let (linkage, gateway_at) = (folder.join("linkage/linkage.sock"), format!("http://{}", address.unwrap()));
        let config = Config { home, linkage, gateway: gateway_at, jail: Layers::ALL };
        Self { folder, config, gateway }
    }

    fn enclave(&self) -> Enclave {
        Enclave::open(self.config.clone(), false).unwrap()
    }

    /// Witnesses stand by the same record anew, at this time.
    fn is_witnessed(&self, time: u64) {
        let mut gateway = self.gateway.lock().unwrap();
        gateway.note = witnessed(&gateway.leaf, time);
    }

    fn extract(&self, id: &PermitId) -> PathBuf {
        self.config.extracts().join(id.as_str())
    }

    fn key(&self, id: &PermitId) -> PathBuf {
        self.config.keys().join(format!("{id}.key"))
    }

    /// A permit in the enclave's fold, with a key and an extract.
    fn has_permit(&self, enclave: &mut Enclave, id: &PermitId, until_ms: u64) {
        enclave.follower.cases.permits.insert(id.clone(), permit(id, until_ms));
        enclave.keys.permit_key(&self.config, id, true).unwrap();
        fs::create_dir_all(self.extract(id)).unwrap();
        assert!(self.keeps(id));
    }

    fn keeps(&self, id: &PermitId) -> bool {
        self.key(id).is_file() && self.extract(id).is_dir()
    }

    /// Permits of which the gateway has heard that they are erased.
    fn erased(&self) -> Vec<Value> {
        self.reported("erasures").into_iter().map(|(body, _)| body["value"]["permit"].clone()).collect()
    }

    /// The real linkage unit; its thread ends with the test program.
    fn linkage(&self) -> Client {
        let place = visiting_linkage::Place::take(&self.folder).unwrap();
        let socket = place.socket();
        thread::spawn(move || visiting_linkage::serve(&place, |_| ()));
        Client::connect(&socket).unwrap()
    }

    /// Reports of one kind that have reached the gateway: what they say, and when.
    fn reported(&self, kind: &str) -> Vec<(Value, Instant)> {
        let gateway = self.gateway.lock().unwrap();
        let path = format!("/internal/v1/{kind}");
        gateway.reports.iter().filter(|report| report.path == path).map(|report| (report.body.clone(), report.at)).collect()
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn log_key() -> SigningKey {
    SigningKey::from_seed(&[1; 32]).unwrap()
}

fn witness_key() -> SecretKey {
    SecretKey::from_seed("witness.example/visits", Algorithm::Cosignature, &[3; 32]).unwrap()
}

/// Seconds since 1970.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// The checkpoint over this one event, cosigned at this time.
fn witnessed(leaf: &str, time: u64) -> String {
    let mut tree = Tree::default();
    tree.push(leaf_hash(leaf.as_bytes()));
    let checkpoint = Checkpoint { size: 1, root: tree.root(1).unwrap() };
    let mut note = Note::parse(checkpoint.sign(ORIGIN, &log_key()).as_bytes()).unwrap();
    let cosignature = cosign(note.text(), &witness_key(), time).unwrap();
    note.add(cosignature);
    note.to_string()
}

/// A permit in the fold, as the record would have made it.
fn permit(id: &PermitId, until_ms: u64) -> PermitCase {
    let scope = Scope { columns: BTreeMap::new(), period: Period { from: 202_401, to: 202_412 }, form: Form::Pseudonymised };
    let application = "app_a".parse().unwrap();
    let permit = Permit { id: id.clone(), application, people: BTreeSet::new(), scope, until_ms, checkers: 0 };
    let nothing_yet = json!({
        "permit": permit, "index": 0, "suspended": null, "closed": null, "extract": null, "erased": null,
        "cells": 0, "measures": 0, "unshown": 0, "exposure": "usual", "bound": [],
    });
    serde_json::from_value(nothing_yet).unwrap()
}

/// A gateway that keeps silent keeps no extract.
#[test]
fn what_has_ended_is_erased_although_no_ticket_says_so() {
    let room = Room::new("played-ended", now());
    let (mut linkage, mut enclave) = (room.linkage(), room.enclave());
    let token = linkage.tokens("insured", &["06132013:12:345:01".to_owned()]).unwrap();
    let (ended, going): (PermitId, PermitId) = ("prm_ended".parse().unwrap(), "prm_going".parse().unwrap());
    for (id, until_ms) in [(&ended, 1), (&going, u64::MAX)] {
        room.has_permit(&mut enclave, id, until_ms);
        linkage.pseudonyms(id.as_str(), &token).unwrap();
    }
    enclave.turn().unwrap();
    assert_eq!(room.erased(), [json!("prm_ended")]);
    assert!(!room.key(&ended).exists() && !room.extract(&ended).exists());
    assert!(linkage.pseudonyms(ended.as_str(), &token).unwrap_err().to_string().contains("ended"));
    assert!(room.keeps(&going));
    linkage.pseudonyms(going.as_str(), &token).unwrap();
}

/// Of two on one ledger, one destroys an extract, and both may have read it.
#[test]
fn an_extract_that_another_enclave_has_erased_is_not_held_open() {
    let room = Room::new("played-erased", now());
    let mut enclave = room.enclave();
    let (gone, going): (PermitId, PermitId) = ("prm_gone".parse().unwrap(), "prm_going".parse().unwrap());
    for (id, erased) in [(&gone, Some(7)), (&going, None)] {
        let mut case = permit(id, u64::MAX);
        case.erased = erased;
        let (versions, files, rows) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        let manifest = Manifest { scope: case.permit.scope.clone(), versions, files, rows, people: 1 };
        let folder = room.config.extracts().join(id.as_str());
        enclave.extracts.insert(id.clone(), Extract::of_parts(manifest, Key::generate().unwrap(), (0..1).collect(), folder));
        enclave.follower.cases.permits.insert(id.clone(), case);
    }
    enclave.turn().unwrap();
    assert_eq!(enclave.extracts.keys().collect::<Vec<_>>(), [&going]);
}

/// Whoever can set the witnesses' clocks would end every permit at once, and nothing brings an extract back.
#[test]
fn a_cosignature_from_the_future_destroys_nothing() {
    let room = Room::new("played-future", now() + 10 * FRESH_MAX_S);
    let _linkage = room.linkage();
    // One has ended by any clock, the other one by the witnesses' only.
    let (ended, going): (PermitId, PermitId) = ("prm_ended".parse().unwrap(), "prm_going".parse().unwrap());
    let permits = [(&ended, 1), (&going, (now() + 5 * FRESH_MAX_S) * 1000)];
    let mut enclave = room.enclave();
    permits.iter().for_each(|(id, until_ms)| room.has_permit(&mut enclave, id, *until_ms));
    enclave.turn().unwrap();
    assert!(room.erased().is_empty() && room.keeps(&ended) && room.keeps(&going));
    // An enclave that starts under a right clock ends what has ended.
    drop(enclave);
    room.is_witnessed(now());
    let mut enclave = room.enclave();
    permits.iter().for_each(|(id, until_ms)| room.has_permit(&mut enclave, id, *until_ms));
    enclave.turn().unwrap();
    assert_eq!(room.erased(), [json!("prm_ended")]);
    assert!(!room.keeps(&ended) && room.keeps(&going));
}

/// Or a gateway that replays what witnesses once stood by would keep every extract.
#[test]
fn what_had_ended_by_a_checkpoint_that_is_too_old_to_run_on_is_erased() {
    let room = Room::new("played-past", now() - 10 * FRESH_MAX_S);
    let _linkage = room.linkage();
    let ended: PermitId = "prm_ended".parse().unwrap();
    let mut enclave = room.enclave();
    room.has_permit(&mut enclave, &ended, 1);
    enclave.turn().unwrap();
    assert_eq!(room.erased(), [json!("prm_ended")]);
    assert!(!room.keeps(&ended));
}

#[test]
fn where_nobody_is_asked_for_the_machines_clock_ends_a_permit() {
    let room = Room::new("played-demo", now() + 10 * FRESH_MAX_S);
    fs::write(room.config.home.join("policy"), "quorum none\n").unwrap();
    let _linkage = room.linkage();
    let mut enclave = Enclave::open(room.config.clone(), true).unwrap();
    let (ended, going): (PermitId, PermitId) = ("prm_ended".parse().unwrap(), "prm_going".parse().unwrap());
    room.has_permit(&mut enclave, &ended, 1);
    room.has_permit(&mut enclave, &going, (now() + 5 * FRESH_MAX_S) * 1000);
    enclave.turn().unwrap();
    assert_eq!(room.erased(), [json!("prm_ended")]);
    assert!(!room.keeps(&ended) && room.keeps(&going));
}

/// It would be waited for once for each permit and turn, and nothing else be done meanwhile.
#[test]
fn a_linkage_unit_that_cannot_forget_is_asked_once_a_turn_and_no_extract_waits_for_it() {
    let room = Room::new("played-linkage", now());
    let (mut linkage, mut enclave) = (room.linkage(), room.enclave());
    let token = linkage.tokens("insured", &["06132013:12:345:01".to_owned()]).unwrap();
    let ids = ["prm_a", "prm_b", "prm_c"].map(|id| id.parse::<PermitId>().unwrap());
    for id in &ids {
        room.has_permit(&mut enclave, id, 1);
        linkage.pseudonyms(id.as_str(), &token).unwrap();
    }
    let keys = |store: &rusqlite::Connection| -> i64 {
        store.query_row("SELECT count(*) FROM permits WHERE length(sealed) > 0", [], |row| row.get(0)).unwrap()
    };
    // Somebody reads the unit's database for longer than it waits.
    let reader = rusqlite::Connection::open(room.folder.join("linkage/linkage.sqlite")).unwrap();
    reader.execute_batch("BEGIN").unwrap();
    assert_eq!(keys(&reader), 3);
    enclave.turn().unwrap();
    reader.execute_batch("COMMIT").unwrap();
    assert_eq!(keys(&reader), 2, "it was asked to forget one of them");
    assert!(room.erased().is_empty() && ids.iter().all(|id| !room.key(id).exists() && !room.extract(id).exists()));
    enclave.turn().unwrap();
    assert_eq!((keys(&reader), room.erased().len()), (0, 3));
}

/// What is judged already waits: a revocation among what is not shown would come too late.
#[test]
fn a_verdict_does_not_leave_while_the_record_may_be_an_old_one() {
    let room = Room::new("played-stale", now() - FRESH_MAX_S - 60);
    let mut enclave = room.enclave();
    let run: RunId = "run_a".parse().unwrap();
    let report = |ledger| RunReport {
        run: run.clone(),
        index: 0,
        judged_by: 0,
        verdict: Verdict::Release,
        refusal: None,
        files: Vec::new(),
        ledger,
        rules: BTreeMap::new(),
        spent: Spent::default(),
        held: None,
    };
    let pending = |ledger| Pending { report: report(ledger), files: BTreeMap::new() };
    assert!(enclave.ledger.append(&run, Block::default(), pending).unwrap());
    let told = enclave.let_out(&run).unwrap_err().to_string();
    assert!(told.contains("the witnesses stood by the newest checkpoint"), "{told}");
    enclave.turn().unwrap();
    assert!(room.reported("verdicts").is_empty());
    assert!(enclave.ledger.waiting(&run).unwrap().is_some());
    // As soon as they are reached again it goes on.
    room.is_witnessed(now());
    enclave.turn().unwrap();
    assert_eq!(room.reported("verdicts").len(), 1);
}

/// One that fails at once says no sooner that it did than one that was run (A10).
#[test]
fn a_repetition_is_answered_on_the_ladder() {
    let room = Room::new("played-ladder", now());
    let mut enclave = room.enclave();
    let rerun: RerunId = "rer_a".parse().unwrap();
    let (run, by) = ("run_none".parse().unwrap(), "per_auditor".parse().unwrap());
    enclave.follower.cases.reruns.insert(rerun.clone(), RerunCase { run, by, index: 0, answered: None });
    let started = Instant::now();
    enclave.rerun(&rerun, "SELECT 1").unwrap();
    let reports = room.reported("reruns");
    let [(body, at)] = reports.as_slice() else { panic!("it is answered {} times", reports.len()) };
    assert_eq!(body["value"]["outcome"], "not_repeated");
    assert!(at.duration_since(started) >= Duration::from_millis(LADDER_FIRST_MS));
}
