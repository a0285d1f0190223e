//! The kill matrix: for every kind of event and each process, `kill -9` when the event appears, start it again, and the journey
//! ends the same with nothing lost that was acknowledged.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use visiting_gateway::{client::Client, files, home::Home};
use visiting_policies::{record::Event, vote::Decision};
use visiting_tests::{
    guest, journey,
    skip::skip,
    world::{Unit, World, journal_lines},
};

/// People of the population: the journey is about events, not about rows.
const PEOPLE: u32 = 400;

/// Every kind of event that this version writes, but those of held outputs, of exposure and of later looks: `holds.rs`, `budgets.rs` and
/// `samples.rs` have their own.
pub(crate) const KINDS: &[&str] = &[
    "record_opened",
    "listing_published",
    "data_loaded",
    "application_submitted",
    "completeness_confirmed",
    "completeness_denied",
    "vote_cast",
    "permit_issued",
    "extract_made",
    "guest_bound",
    "codes_bound",
    "preflight_requested",
    "preflight_answered",
    "run_requested",
    "run_judged",
    "released",
    "permit_suspended",
    "viewed",
    "downloaded",
    "refused",
];

const COLUMNS: &[&str] =
    &["ndb.patients.sex", "ndb.patients.birth_ym", "ndb.claims.ym", "ndb.claims.icd10", "ndb.claims.points", "kaigo.recipients.sex"];

/// Counts and sums by a guest and a code list that were bound just before: what a crash could tear apart.
const SQL: &str = "SELECT guest.band(p.birth_ym, p.sex) AS band, COUNT(DISTINCT pid) AS people, SUM(points) AS points FROM ndb.patients p \
     JOIN ndb.claims c USING (pid) WHERE c.icd10 NOT IN (SELECT code FROM codes.kin WHERE kin = 'pressure') \
     GROUP BY guest.band(p.birth_ym, p.sex)";

/// What the players saw acknowledged, and how it ended.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Ending {
    /// Statuses in order; ids left out.
    statuses: Vec<String>,
    /// The released table.
    table: String,
}

/// A folder with the tiny population in the vault and no record, made once.
pub(crate) fn tiny() -> &'static Path {
    static MADE: OnceLock<PathBuf> = OnceLock::new();
    MADE.get_or_init(|| {
        let world = World::new("tiny").unwrap();
        world.populate(PEOPLE).unwrap();
        world.settle().unwrap()
    })
}

/// A short journey that brings every kind of event; `ids` gets what the gateway acknowledged, as soon as it did.
pub(crate) fn play(address: &str, home: &Path, ids: &Mutex<BTreeSet<String>>) -> Ending {
    let mut ending = Ending::default();
    let client = |person: &str| {
        let mut client = Client::new(&format!("http://{address}"));
        client.login(person).unwrap();
        client
    };
    let key = |person: &str| files::read_key(&Home::at(home).key(person)).unwrap();
    let acknowledged = |id: &str| ids.lock().unwrap().insert(id.to_owned());
    let hanako = client("per_hanako");
    let until = Instant::now() + Duration::from_secs(60);
    while !["ndb", "kaigo"].iter().all(|l| hanako.listing(l).unwrap().data_version.is_some()) {
        assert!(Instant::now() < until, "the listings get no data");
        std::thread::sleep(Duration::from_millis(2));
    }
    let wanted = journey::application(&["per_hanako"], COLUMNS, (202401, 202412)).unwrap();
    let (returned, application) = (hanako.apply(&wanted).unwrap(), hanako.apply(&wanted).unwrap().id);
    acknowledged(&returned.id);
    acknowledged(&application);
    let reception = client("per_reception");
    ending.statuses.push(reception.complete(&returned.id, false, "no").unwrap().status);
    ending.statuses.push(reception.confirm(&application).unwrap().status);
    ending
        .statuses
        .push(client("per_member3").vote(&application, Decision::Approve, &BTreeSet::new(), &key("per_member3")).unwrap_err().code);
    let mut permit = None;
    for member in ["per_member1", "per_member2"] {
        let standing = client(member).vote(&application, Decision::Approve, &BTreeSet::new(), &key(member)).unwrap();
        ending.statuses.push(standing.status);
        permit = permit.or(standing.permit);
    }
    let permit = permit.unwrap();
    acknowledged(&permit);
    ending.statuses.push(hanako.wait_extract(&permit).unwrap().extract);
    let source = guest::band("band").unwrap();
    let bound = hanako.bind_guest(&permit, &source.manifest, &source.module).unwrap();
    acknowledged(&bound.guest);
    ending.statuses.push(bound.status);
    let bound = hanako.bind_codes(&permit, "kin", "code,kin\nE11,sugar\nI10,pressure\n").unwrap();
    acknowledged(&bound.codes);
    ending.statuses.push(bound.status);
    let tried = hanako.preflight(&permit, SQL).unwrap().id;
    acknowledged(&tried);
    ending.statuses.push(hanako.wait_preflight(&tried).unwrap().status);
    let run = hanako.run(&permit, SQL).unwrap().id;
    acknowledged(&run);
    ending.statuses.push(hanako.wait(&run).unwrap().status);
    ending.table = String::from_utf8(hanako.file(&run, "table.csv").unwrap()).unwrap();
    hanako.file(&run, "receipt.note").unwrap();
    ending.statuses.push(hanako.application(&application).unwrap().status);
    ending.statuses.push(client("per_ministry").suspend(&permit, "stop", &key("per_ministry")).unwrap().status);
    ending.statuses.push(hanako.run(&permit, SQL).unwrap_err().code);
    ending
}

fn kind(line: &str) -> String {
    Event::from_bytes(line.as_bytes()).unwrap().act.kind()
}

/// Kills `victim` when an event of a kind in `todo` appears, one kind at a time, until told that the players are done and every
/// event was looked at. Answers with the kinds it killed at.
fn disturb(world: &mut World, victim: Unit, todo: &BTreeSet<&'static str>, done: &AtomicBool) -> BTreeSet<&'static str> {
    let (mut killed, mut seen, mut length) = (BTreeSet::new(), 0, 0);
    loop {
        let last = done.load(Ordering::SeqCst);
        // The journal itself: what is published comes later, when the step that follows may have been taken.
        let lines = journal_lines(world.home());
        if lines.len() != length {
            length = lines.len();
            // Kinds that came while the victim was away, or in one write, wait for the next journey: each pair is a kill of its own.
            let fresh: Vec<String> = lines.iter().skip(seen).map(|l| kind(l)).collect();
            seen = lines.len();
            let hit = todo.iter().find(|k| !killed.contains(*k) && fresh.iter().any(|f| f == *k));
            if let Some(hit) = hit {
                assert!(world.kill(victim), "{} had ended by itself before {hit}: {}", victim.name(), world.said(victim));
                killed.insert(*hit);
                world.spawn(victim).unwrap();
                if victim != Unit::Gateway {
                    continue;
                }
                // A gateway that is killed again before it serves would only test the start, again and again.
                world.wait_ready(victim).unwrap();
            }
        } else if last {
            return killed;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// One journey with kills; checks its end. Answers with the kinds that were covered.
fn disturbed(victim: Unit, todo: &BTreeSet<&'static str>, expected: &Ending) -> BTreeSet<&'static str> {
    let mut world = World::copy_of("kill", tiny()).unwrap();
    let (done, ids) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(BTreeSet::new())));
    Unit::ALL.into_iter().for_each(|unit| world.spawn(unit).unwrap());
    let (address, home) = (world.address().to_owned(), world.home().to_owned());
    let players = {
        let (done, ids) = (Arc::clone(&done), Arc::clone(&ids));
        std::thread::spawn(move || {
            // Dropped also when the journey panics, so that the other thread ends.
            let _finished = Finished(done);
            play(&address, &home, &ids)
        })
    };
    let killed = disturb(&mut world, victim, todo, &done);
    let ending = players.join().unwrap_or_else(|_| panic!("the journey broke when {} was killed: {}", victim.name(), world.said(victim)));
    assert_eq!(&ending, expected, "the journey ended differently after kills of {}", victim.name());
    let lines = world.lines().concat();
    let lost: Vec<String> = ids.lock().unwrap().iter().filter(|id| !lines.contains(id.as_str())).cloned().collect();
    assert_eq!(lost, Vec::<String>::new(), "acknowledged and lost");
    world.audit().unwrap();
    killed
}

struct Finished(Arc<AtomicBool>);

impl Drop for Finished {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[test]
fn every_process_survives_kill_9_at_every_event() {
    if std::env::var_os("VISITING_FAST").is_some() {
        return skip("VISITING_FAST leaves the kill matrix out");
    }
    let started = Instant::now();
    let expected = {
        let mut world = World::copy_of("unkilled", tiny()).unwrap();
        world.start_all().unwrap();
        let ending = play(world.address(), world.home(), &Mutex::default());
        let kinds: BTreeSet<String> = world.lines().iter().map(|l| kind(l)).collect();
        assert_eq!(kinds, KINDS.iter().map(|k| (*k).to_owned()).collect(), "the short journey brings every kind of event");
        ending
    };
    let mut pairs = 0;
    for victim in Unit::ALL {
        for kind in KINDS {
            let killed = disturbed(victim, &BTreeSet::from([*kind]), &expected);
            assert_eq!(killed, BTreeSet::from([*kind]), "{} was not killed at {kind}", victim.name());
            pairs += 1;
        }
        // And all in one journey, one kill after the other.
        let killed = disturbed(victim, &KINDS.iter().copied().collect(), &expected);
        println!("kill matrix: {} killed at {} kinds of event, then {} times in one journey", victim.name(), KINDS.len(), killed.len());
    }
    let seconds = started.elapsed().as_secs();
    println!("kill matrix: {pairs} pairs, 0 lost ({seconds} s)");
    assert!(seconds < 300, "the kill matrix takes {seconds} s");
}
