//! A man in the middle between the enclave and the gateway, and a gateway that lies: no altered order runs, no unlawful record is
//! followed.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use visiting_enclave::{Config, Fault, Follower};
use visiting_gateway::files;
use visiting_policies::{
    Code, Refusal,
    handover::{Order, Purpose, RunTicket, Signed},
    merkle::{self, Tree},
    note::{Checkpoint, vkey},
    record::{Act, Actor, Event, VERSION},
    roster::Roster,
    rotation::LogKeyRotation,
    sign::{self, SigningKey},
    terms::{PermitId, RunId},
};
use visiting_tests::{
    journey::JOINED,
    world::{Unit, World},
};

use crate::{
    base,
    middle::{Middle, Rule},
};

/// The ticket with SQL that shows something else.
fn other_sql(mut ticket: Signed<RunTicket>) -> Signed<RunTicket> {
    if let Order::Run { sql, .. } = &mut ticket.value.order {
        *sql = "SELECT sex, COUNT(DISTINCT pid) AS people FROM ndb.patients GROUP BY sex".to_owned();
    }
    ticket
}

/// A run whose ticket is changed is refused and recorded; once the line is honest the same run completes as if nothing had been.
fn refused_then_completed(name: &str, rule: impl FnOnce(&World) -> Rule) {
    let granted = base::granted();
    let mut world = World::copy_of(name, &granted.home).unwrap();
    let middle = Middle::start(world.internal(), rule(&world));
    world.set_door(&middle.address);
    world.start_all().unwrap();
    let before = world.lines().len();
    let hanako = world.client("per_hanako").unwrap();
    let run = hanako.run(&granted.permit, JOINED).unwrap();
    let tampered = |e: &Event| e.by == Actor::Enclave && matches!(&e.act, Act::Refused { code: Code::TicketTampered, .. });
    world.wait_event(before, tampered, Duration::from_secs(30)).unwrap();
    // The enclave goes on asking, and is shown the same changed ticket again and again.
    middle.wait_met("/internal/v1/tickets", middle.met("/internal/v1/tickets") + 3);
    assert_eq!(hanako.show_run(&run.id).unwrap().status, "queued", "a changed ticket was judged");
    middle.turn_honest();
    let done = hanako.wait(&run.id).unwrap();
    assert_eq!(done.status, "released", "{:?}", done.refusal);
    let table = hanako.file(&run.id, "table.csv").unwrap();
    let (honest, permit) = base::running(&format!("{name}-honest"));
    assert_eq!(String::from_utf8(table).unwrap(), base::table(&honest, &permit, JOINED).unwrap());
    let refusals = world.events().unwrap().iter().filter(|e| tampered(e)).count();
    assert_eq!(refusals, 1, "one changed ticket is one refusal in the record, however often it comes");
    world.audit().unwrap();
}

#[test]
fn a_ticket_changed_on_its_way_does_not_run() {
    refused_then_completed("tampered", |_| Rule::Change(Arc::new(other_sql)));
}

#[test]
fn a_gateway_that_signs_another_order_than_it_recorded_gets_no_run() {
    refused_then_completed("lying", |world| {
        let key = Mutex::new(log_key(world));
        Rule::Change(Arc::new(move |ticket| other_sql(ticket).value.sign(&key.lock().unwrap())))
    });
}

#[test]
fn a_preflight_is_no_leave_to_run() {
    let mut world = World::copy_of("preflight-as-run", &base::granted().home).unwrap();
    let key = Mutex::new(log_key(&world));
    // A gateway that lies, with its own key: what was recorded as a trial on synthetic data is ordered as a run on data.
    let as_run = move |mut ticket: Signed<RunTicket>| {
        if let Order::Preflight { preflight, sql } = ticket.value.order {
            let run = preflight.as_str().replace("pre_", "run_").parse().unwrap();
            ticket.value.order = Order::Run { run, sql };
        }
        ticket.value.sign(&key.lock().unwrap())
    };
    let middle = Middle::start(world.internal(), Rule::Change(Arc::new(as_run)));
    world.set_door(&middle.address);
    world.start_all().unwrap();
    let before = world.lines().len();
    let hanako = world.client("per_hanako").unwrap();
    let tried = hanako.preflight(&base::granted().permit, JOINED).unwrap();
    let tampered = |e: &Event| e.by == Actor::Enclave && matches!(&e.act, Act::Refused { code: Code::TicketTampered, .. });
    world.wait_event(before, tampered, Duration::from_secs(30)).unwrap();
    middle.turn_honest();
    assert!(hanako.wait_preflight(&tried.id).unwrap().synthetic_table.is_some());
    assert!(!world.events().unwrap().iter().any(|e| matches!(e.act, Act::RunJudged { .. } | Act::Released { .. })));
    world.audit().unwrap();
}

fn log_key(world: &World) -> SigningKey {
    files::read_key(&world.home().join("gateway/log.seed")).unwrap()
}

/// A record in the hands of somebody who has the log's own key.
struct Forger {
    world: World,
    key: SigningKey,
    lines: Vec<String>,
    roster: Roster,
}

impl Forger {
    fn new(name: &str) -> Self {
        let world = World::copy_of(name, &base::granted().home).unwrap();
        std::fs::remove_file(world.home().join("enclave/checkpoint")).unwrap();
        let roster = serde_json::from_slice(&std::fs::read(world.home().join("enclave/roster.json")).unwrap()).unwrap();
        Self { key: log_key(&world), lines: world.lines(), roster, world }
    }

    fn follower(&self) -> Follower {
        let home = self.world.home().join("enclave");
        Follower::open(&Config {
            home,
            linkage: "none".into(),
            gateway: "http://127.0.0.1:1".to_owned(),
            jail: visiting_enclave::Layers::ALL,
        })
        .unwrap()
    }

    fn checkpoint(&self, lines: &[String]) -> String {
        self.signed(lines, &self.key)
    }

    fn signed(&self, lines: &[String], key: &SigningKey) -> String {
        let mut tree = Tree::default();
        lines.iter().for_each(|l| tree.push(merkle::leaf_hash(l.as_bytes())));
        let size = tree.size();
        Checkpoint { size, root: tree.root(size).unwrap() }.sign(&self.roster.origin, key)
    }

    /// The record with one more event of the gateway.
    fn with(&self, lines: Vec<String>, act: Act) -> Vec<String> {
        self.with_by(lines, Actor::Gateway, act)
    }

    fn with_by(&self, mut lines: Vec<String>, by: Actor, act: Act) -> Vec<String> {
        let at_ms = Event::from_bytes(lines.last().unwrap().as_bytes()).unwrap().at_ms;
        let event = Event { v: VERSION, at_ms, by, request: None, act };
        lines.push(String::from_utf8(event.to_bytes().unwrap()).unwrap());
        lines
    }

    /// The enclave is told another key of the log.
    fn tell(&self, key: &SigningKey) {
        let policy = self.world.home().join("enclave/policy");
        let named = format!("log {}\n{}", vkey(&self.roster.origin, &key.public_bytes()), std::fs::read_to_string(&policy).unwrap());
        std::fs::write(&policy, named).unwrap();
    }

    /// What a fresh enclave says to these lines under a proper checkpoint over them.
    fn shown(&self, lines: &[String]) -> Result<bool, Refusal> {
        refusal(self.follower().take(lines, &self.checkpoint(lines)))
    }

    /// The record with the first event that `find` accepts changed by `change`.
    fn forged(&self, find: impl Fn(&Act) -> bool, change: impl FnOnce(&mut Act)) -> Vec<String> {
        let mut lines = self.lines.clone();
        let at = self.position(find);
        let mut event = Event::from_bytes(lines[at].as_bytes()).unwrap();
        change(&mut event.act);
        lines[at] = String::from_utf8(event.to_bytes().unwrap()).unwrap();
        lines
    }

    fn position(&self, find: impl Fn(&Act) -> bool) -> usize {
        self.lines.iter().position(|l| find(&Event::from_bytes(l.as_bytes()).unwrap().act)).unwrap()
    }
}

fn refusal(taken: Result<bool, Fault>) -> Result<bool, Refusal> {
    taken.map_err(|fault| match fault {
        Fault::Refused(refusal) => refusal,
        other => panic!("not a refusal: {other}"),
    })
}

fn unlawful(taken: Result<bool, Refusal>) {
    assert_eq!(taken.map_err(|r| r.code), Err(Code::RecordUnlawful));
}

#[test]
fn an_honest_record_is_followed_to_its_end() {
    let forger = Forger::new("honest-record");
    assert!(forger.shown(&forger.lines).unwrap());
}

#[test]
fn a_record_with_a_forged_vote_is_not_followed() {
    let forger = Forger::new("forged-vote");
    let other = base::key(&forger.world, "per_member3").sign(b"something else");
    unlawful(forger.shown(&forger.forged(
        |a| matches!(a, Act::VoteCast { .. }),
        |a| {
            if let Act::VoteCast { vote } = a {
                vote.signature = other;
            }
        },
    )));
}

#[test]
fn a_permit_that_the_votes_do_not_grant_is_not_followed() {
    let forger = Forger::new("forged-permit");
    let issued = |a: &Act| matches!(a, Act::PermitIssued { .. });
    unlawful(forger.shown(&forger.forged(issued, |a| {
        if let Act::PermitIssued { permit } = a {
            permit.until_ms += 1;
        }
    })));
    // And one that follows after a single vote.
    let (second, permit) = (forger.lines.iter().rposition(|l| l.contains("\"kind\":\"vote_cast\"")).unwrap(), forger.position(issued));
    let mut early = forger.lines[..=permit].to_vec();
    early.remove(second);
    unlawful(forger.shown(&early));
}

#[test]
fn a_record_that_hides_an_event_is_not_followed() {
    let forger = Forger::new("hidden-event");
    for hidden in 0..forger.lines.len() {
        let mut lines = forger.lines.clone();
        lines.remove(hidden);
        unlawful(refusal(forger.follower().take(&lines, &forger.checkpoint(&forger.lines)).and_then(|done| {
            // Events that change nothing for the law are missed by the tree: the checkpoint counts one more than is shown.
            if done { Ok(true) } else { forger.follower().take(&[], &forger.checkpoint(&forger.lines)) }
        })));
    }
}

#[test]
fn an_older_or_another_record_is_not_followed_after_a_newer_one() {
    let forger = Forger::new("older-record");
    assert!(forger.shown(&forger.lines).unwrap());
    // The enclave's own checkpoint is durable now: a restarted enclave still knows what it has seen.
    let older = &forger.lines[..forger.lines.len() - 1];
    unlawful(forger.shown(older));
    let mut other = forger.lines.clone();
    let at = other.iter().position(|l| l.contains("\"kind\":\"application_submitted\"")).unwrap();
    other.truncate(at);
    while other.len() < forger.lines.len() {
        let last = Event::from_bytes(other[at - 1].as_bytes()).unwrap();
        let event =
            Event { by: Actor::Nobody, request: None, act: Act::Refused { tried: "x".to_owned(), code: Code::NotLoggedIn }, ..last };
        other.push(String::from_utf8(event.to_bytes().unwrap()).unwrap());
    }
    unlawful(forger.shown(&other));
}

#[test]
fn a_checkpoint_of_another_key_is_not_followed() {
    let mut forger = Forger::new("other-key");
    forger.key = SigningKey::from_seed(&[7; 32]).unwrap();
    unlawful(forger.shown(&forger.lines));
}

#[test]
fn an_enclave_stops_when_the_record_turns_unlawful() {
    let granted = base::granted();
    let mut world = World::copy_of("stops", &granted.home).unwrap();
    // The gateway's whole store goes back in time; the log folder is gone with it, so that the gateway itself notices nothing.
    world.start_all().unwrap();
    let hanako = world.client("per_hanako").unwrap();
    hanako.application(&hanako.applications().unwrap()[0].id).unwrap();
    world.stop(Unit::Enclave).unwrap();
    world.start(Unit::Enclave).unwrap();
    world.kill_all();
    for part in ["gateway", "log"] {
        std::fs::remove_dir_all(world.home().join(part)).unwrap();
        let copied = std::process::Command::new("cp").arg("-a").arg(granted.home.join(part)).arg(world.home().join(part)).status().unwrap();
        assert!(copied.success());
    }
    world.start(Unit::Linkage).unwrap();
    world.start(Unit::Gateway).unwrap();
    let refused = world.start(Unit::Enclave).unwrap_err();
    assert!(refused.contains("does not continue"), "{refused}");
}

#[test]
fn a_rotated_key_of_the_log_counts_from_its_event_on_where_the_enclave_was_told_of_it() {
    let forger = Forger::new("rotated-key");
    let next = SigningKey::from_seed(&[9; 32]).unwrap();
    let rotated = forger.with(forger.lines.clone(), LogKeyRotation::act(&forger.roster.origin, &forger.key, &next));
    let listing = Act::ListingPublished { listing: "later".to_owned(), digest: sign::digest(b"later") };
    let later = forger.with(rotated.clone(), listing);
    let shown = |lines: &[String], key: &SigningKey| {
        // Each time an enclave that has seen nothing.
        let _ = std::fs::remove_file(forger.world.home().join("enclave/checkpoint"));
        refusal(forger.follower().take(lines, &forger.signed(lines, key))).map_err(|refusal| refusal.detail)
    };
    assert_eq!(shown(&rotated, &forger.key), Ok(true), "the old key signs the event that ends it");
    assert!(shown(&rotated, &next).unwrap_err().contains("belongs into enclave/policy"), "nobody but the log has named the new one");
    forger.tell(&next);
    assert_eq!(shown(&rotated, &next), Ok(true));
    assert_eq!(shown(&later, &next), Ok(true));
    let outdated = "not the one that the record has in force";
    assert!(shown(&later, &forger.key).unwrap_err().contains(outdated), "a stolen old key is worth nothing");
    assert!(shown(&forger.lines, &next).unwrap_err().contains(outdated), "nor is a new one before the old one has named it");
}

#[test]
fn a_ticket_is_signed_by_a_key_that_was_in_force_at_its_event() {
    let forger = Forger::new("rotated-ticket");
    let next = SigningKey::from_seed(&[9; 32]).unwrap();
    forger.tell(&next);
    let permit: PermitId = base::granted().permit.parse().unwrap();
    let (run, sql): (RunId, _) = ("run_later".parse().unwrap(), "SELECT 1".to_owned());
    let asked = Act::RunRequested { run: run.clone(), permit: permit.clone(), program: sign::digest(sql.as_bytes()) };
    let rotated = forger.with(forger.lines.clone(), LogKeyRotation::act(&forger.roster.origin, &forger.key, &next));
    let later = forger.with_by(rotated, Actor::Person("per_hanako".parse().unwrap()), asked);
    let mut follower = forger.follower();
    assert!(refusal(follower.take(&later, &forger.signed(&later, &next))).unwrap());
    let extract = RunTicket { index: forger.position(|a| matches!(a, Act::PermitIssued { .. })) as u64, order: Order::Extract { permit } };
    let run = RunTicket { index: later.len() as u64 - 1, order: Order::Run { run, sql } };
    let code = |ticket: &RunTicket, key: &SigningKey| follower.check_ticket(&ticket.clone().sign(key)).map_err(|refusal| refusal.code);
    assert_eq!(code(&extract, &forger.key), Ok(()), "signed before the rotation and read after it");
    assert_eq!(code(&extract, &next), Ok(()));
    assert_eq!(code(&run, &forger.key), Err(Code::TicketTampered), "a stolen old key orders nothing any more");
    assert_eq!(code(&run, &next), Ok(()));
}
