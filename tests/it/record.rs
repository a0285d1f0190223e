//! The record as a whole: witnesses outside, several gateways on one database, back-ups that were put back.

use std::{
    fs,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use visiting_gateway::client::Client;
use visiting_policies::record::Act;
use visiting_servers::Postgres;
use visiting_tests::world::{Unit, World, audit, binaries};

use crate::base;

/// Something that is released.
const SQL: &str = "SELECT sex, COUNT(DISTINCT pid) AS people FROM ndb.patients GROUP BY sex";

const PATIENCE: Duration = Duration::from_secs(30);

/// A witness of another house: its own folder, key and process.
pub(crate) struct Witness {
    home: std::path::PathBuf,
    vkey: String,
    address: String,
    process: Option<Child>,
}

impl Witness {
    pub(crate) fn of(world: &World) -> Self {
        let home = world.home().join("witness");
        let mut this = Self { home, vkey: String::new(), address: "127.0.0.1:0".to_owned(), process: None };
        this.tool(&["init", "--name", "witness.example/visits"]);
        this.vkey = this.tool(&["key"]).trim().to_owned();
        this.trust(fs::read_to_string(world.home().join("log/log.vkey")).unwrap().trim());
        world.tool("visiting-setup", &["--witness", &format!("{}=http://{}", this.vkey, this.address)]).unwrap();
        this
    }

    fn tool(&self, arguments: &[&str]) -> String {
        let mut command = Command::new(binaries().unwrap().join("visiting-witness"));
        let out = command.args(arguments).args(["--home", self.home.to_str().unwrap()]).output().unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stdout).unwrap()
    }

    /// Is told another key of the log, and starts again.
    pub(crate) fn trust(&mut self, log: &str) {
        self.is_told("trust", log);
    }

    /// Is told that a key of the log was followed, and starts again.
    pub(crate) fn distrust(&mut self, log: &str) {
        self.is_told("distrust", log);
    }

    fn is_told(&mut self, word: &str, log: &str) {
        self.kill();
        self.tool(&[word, "--log", log]);
        self.start();
    }

    fn start(&mut self) {
        let mut command = Command::new(binaries().unwrap().join("visiting-witness"));
        command.args(["serve", "--home", self.home.to_str().unwrap(), "--listen", &self.address]).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let line = BufReader::new(process.stdout.take().unwrap()).lines().next().unwrap().unwrap();
        line.strip_prefix("ready witness ").unwrap().clone_into(&mut self.address);
        self.process = Some(process);
    }

    fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        self.kill();
    }
}

#[test]
fn nothing_runs_while_no_witness_stands_by_the_record() {
    let mut world = World::copy_of("witnessed", &base::granted().home).unwrap();
    let mut witness = Witness::of(&world);
    world.start_all().unwrap();
    let permit = base::granted().permit.clone();
    let client = world.client("per_hanako").unwrap();
    let run = client.run(&permit, SQL).unwrap().id;
    world.wait_event(0, |e| matches!(&e.act, Act::Released { run: released, .. } if released.to_string() == run), PATIENCE).unwrap();
    // What was published carries the witness's line, and its policy verifies.
    let log = world.home().join("log");
    let note = fs::read_to_string(log.join("checkpoint")).unwrap();
    assert!(note.contains("\u{2014} witness.example/visits "), "{note}");
    let policy = log.join("policy");
    let verified = Command::new(binaries().unwrap().join("visiting-audit"))
        .args(["verify", "--structure", "--log", log.to_str().unwrap(), "--policy", policy.to_str().unwrap()])
        .args(["--key", fs::read_to_string(log.join("log.vkey")).unwrap().trim()])
        .output()
        .unwrap();
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));

    // Without it acts are recorded as ever, and nothing is run or leaves.
    witness.kill();
    let waits = client.run(&permit, SQL).unwrap().id;
    let judged = |world: &World, run: &str| world.client("per_hanako").unwrap().show_run(run).unwrap().status;
    world.wait_health("log", "late", PATIENCE).unwrap();
    assert_ne!(judged(&world, &waits), "released");
    witness.start();
    world.wait_event(0, |e| matches!(&e.act, Act::Released { run: released, .. } if released.to_string() == waits), PATIENCE).unwrap();
}

#[test]
fn a_record_that_was_put_back_with_everything_around_it_is_closed_by_its_witness() {
    let mut world = World::new("put-back").unwrap();
    let witness = Witness::of(&world);
    world.start(Unit::Gateway).unwrap();
    let auditor = world.client("per_auditor").unwrap();
    auditor.log_events(0, 1).unwrap();
    world.stop(Unit::Gateway).unwrap();
    let back_up = World::copy_of("put-back-copy", world.home()).unwrap();
    world.start(Unit::Gateway).unwrap();
    let from = world.events().unwrap().len();
    auditor.log_events(7, 1).unwrap();
    world.wait_event(from, |e| matches!(e.act, Act::Viewed { .. }), PATIENCE).unwrap();
    world.stop(Unit::Gateway).unwrap();
    // The whole data folder of yesterday, the published log among it; only the witness is elsewhere.
    let mut yesterday = back_up;
    yesterday.spawn(Unit::Gateway).unwrap();
    yesterday.wait_ready(Unit::Gateway).unwrap();
    yesterday.wait_health("record", "closed", PATIENCE).unwrap();
    let refused = yesterday.client("per_auditor").unwrap().log_events(0, 1).unwrap_err();
    assert_eq!(refused.code, "record-unavailable");
    assert!(yesterday.said(Unit::Gateway).contains("older copy"), "{}", yesterday.said(Unit::Gateway));
    drop(witness);
}

/// Eight clients at two gateways, one of which is killed and started again and again; whatever was answered is in the one record.
#[test]
fn two_gateways_on_one_postgresql_never_fork_or_lose() {
    let mut server = Postgres::start(&[]).unwrap();
    let mut world = World::new("two-gateways").unwrap();
    world.set("VISITING_JOURNAL", &server.url());
    world.start(Unit::Gateway).unwrap();
    let mut second = world.beside().unwrap();
    second.start(Unit::Gateway).unwrap();
    let done = Arc::new(AtomicBool::new(false));
    let next = Arc::new(AtomicU64::new(1_000_000));
    let client = |n: usize| {
        let address = format!("http://{}", if n.is_multiple_of(2) { world.address() } else { second.address() });
        let (done, next) = (Arc::clone(&done), Arc::clone(&next));
        thread::spawn(move || {
            let (mut client, mut answered) = (Client::new(&address), Vec::new());
            while !done.load(Ordering::SeqCst) {
                let number = next.fetch_add(1, Ordering::SeqCst);
                match client.log_events(number, 1) {
                    Ok(_) => answered.push(number),
                    Err(_) => {
                        // Its gateway is away, or it was not logged in yet.
                        let _ = client.login("per_auditor");
                        thread::sleep(Duration::from_millis(5));
                    }
                }
            }
            answered
        })
    };
    let clients: Vec<_> = (0..8).map(client).collect();
    for round in 0..6 {
        let before = next.load(Ordering::SeqCst);
        while next.load(Ordering::SeqCst) < before + 200 {
            thread::sleep(Duration::from_millis(2));
        }
        if round == 3 {
            server.kill();
            server.run().unwrap();
        } else {
            assert!(second.kill(Unit::Gateway));
            second.start(Unit::Gateway).unwrap();
        }
    }
    done.store(true, Ordering::SeqCst);
    let answered: Vec<Vec<u64>> = clients.into_iter().map(|client| client.join().unwrap()).collect();
    assert!(answered.iter().all(|numbers| numbers.len() > 20), "{:?}", answered.iter().map(Vec::len).collect::<Vec<_>>());
    // An act reads on to the head first: from here on this gateway knows what the other one answered last.
    world.client("per_auditor").unwrap().log_events(0, 1).unwrap();
    let lines = world.lines();
    let counts = |number: &u64| lines.iter().filter(|line| line.contains(&format!("events?from={number}\""))).count();
    for number in answered.iter().flatten() {
        // A reading has no Idempotency-Key: one that was cut off may have been asked twice.
        assert!(counts(number) >= 1, "the reading from {number} was answered and is not there");
    }
    // Both show one and the same record, and it verifies whole.
    let same = |world: &World| world.client("per_auditor").unwrap().log_events(0, 500).unwrap();
    assert_eq!(same(&world), same(&second));
    second.stop(Unit::Gateway).unwrap();
    world.stop(Unit::Gateway).unwrap();
    audit(world.home(), &world.home().join("log")).unwrap();
}
