//! What a witness, the line to it and the places can do to the record: close it where they prove that it was changed, and only there.

mod keys;

use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use visiting_policies::{record::Act, rotation::LogKeyRotation};
use visiting_servers::{Asked, answering};
use visiting_tlog::{
    checkpoint::Checkpoint,
    cosignature::cosign,
    key::SecretKey,
    merkle::{Tree, leaf_hash},
    request::Request,
    store::{Memory as Tiles, Store},
    tile::Tile,
    witness::{State, Witness},
};

use super::*;
use crate::{
    desk::system_clock,
    journal::memory::{self, Memory, ORIGIN, SEED},
    setup::tests::Scratch,
};

/// The witness's name, and the time at which it cosigns.
const WITNESS: &str = "witness.example/visits";
const TIME: u64 = 1_000;

/// Seed of the key that follows the log's first one.
const NEXT: [u8; 32] = [11; 32];

/// What a lying line answers in the witness's place: to what is added, and to who asks what was cosigned.
#[derive(Clone)]
struct Lie {
    added: (u16, &'static str),
    cosigned: Option<String>,
}

/// A witness, and the line to it.
struct Outside {
    witness: Witness,
    state: State,
    lie: Option<Lie>,
    /// How often it was shown a checkpoint.
    shown: usize,
}

impl Outside {
    fn answer(&mut self, asked: &Asked) -> (u16, Vec<u8>) {
        let adds = asked.method == "POST";
        self.shown += usize::from(adds);
        let monitored = asked.path.trim_start_matches('/').strip_suffix("/checkpoint").unwrap_or_default();
        match (self.lie.clone(), adds) {
            (Some(lie), true) => (lie.added.0, lie.added.1.as_bytes().to_vec()),
            (Some(lie), false) => found(lie.cosigned),
            (None, true) => self.add(&asked.body),
            (None, false) => found(self.state.monitored(monitored).map(|latest| latest.note().to_string())),
        }
    }

    fn add(&mut self, body: &[u8]) -> (u16, Vec<u8>) {
        let answer = self.witness.add_checkpoint(&self.state, body, TIME);
        if let Some(next) = answer.next {
            self.state.put(*next).unwrap();
        }
        (answer.status, answer.body.into_bytes())
    }
}

fn found(note: Option<String>) -> (u16, Vec<u8>) {
    note.map_or((404, Vec::new()), |note| (200, note.into_bytes()))
}

fn log_key() -> SecretKey {
    SecretKey::from_seed(ORIGIN, Algorithm::Ed25519, &SEED).unwrap()
}

/// The one that follows it.
fn next_key() -> SecretKey {
    SecretKey::from_seed(ORIGIN, Algorithm::Ed25519, &NEXT).unwrap()
}

/// Leaves of a record in which it does, by the last of three events.
fn rotated() -> Vec<Vec<u8>> {
    let [old, new] = [SEED, NEXT].map(|seed| SigningKey::from_seed(&seed).unwrap());
    let mut leaves = memory::record(&["a"]);
    leaves.push(memory::leaf(LogKeyRotation::act(ORIGIN, &old, &new)));
    leaves
}

fn witness_key() -> SecretKey {
    SecretKey::from_seed(WITNESS, Algorithm::Cosignature, &[8; 32]).unwrap()
}

/// What a witness shows to who asks, signed with these keys.
fn cosigned(checkpoint: &Checkpoint, log: &SecretKey, witness: &SecretKey) -> String {
    let mut note = checkpoint.sign(&[log]).unwrap();
    let signature = cosign(note.text(), witness, TIME).unwrap();
    note.add(signature);
    note.to_string()
}

/// The checkpoint over the first leaves.
fn over(leaves: &[Vec<u8>]) -> Checkpoint {
    let mut tree = Tree::default();
    leaves.iter().for_each(|leaf| tree.push(leaf_hash(leaf)));
    Checkpoint::new(ORIGIN, tree.size(), tree.root(tree.size()).unwrap()).unwrap()
}

/// A publisher on the test's own thread, with a witness.
struct Stage {
    publisher: Publisher,
    journal: Memory,
    view: Arc<RwLock<View>>,
    health: Arc<Health>,
    outside: Arc<Mutex<Outside>>,
    policy: String,
    scratch: Arc<Scratch>,
}

impl Stage {
    /// Three events are in the journal and folded.
    fn new(name: &str) -> Self {
        Self::of(name, memory::record(&["a", "b"]), SEED)
    }

    /// The third of them has put another key in the place of the log's first one.
    fn rotated(name: &str) -> Self {
        Self::of(name, rotated(), NEXT)
    }

    /// These are in the journal and folded, and the gateway has the key of this seed.
    fn of(name: &str, leaves: Vec<Vec<u8>>, seed: [u8; 32]) -> Self {
        let journal = Memory::shared();
        journal.put(leaves);
        let logs = BTreeMap::from([(ORIGIN.to_owned(), [log_key(), next_key()].map(|key| key.verifier().clone()).to_vec())]);
        let witness = Witness::new(witness_key(), logs).unwrap();
        let outside = Arc::new(Mutex::new(Outside { witness, state: State::default(), lie: None, shown: 0 }));
        let address = answering({
            let outside = Arc::clone(&outside);
            move |asked: &Asked| outside.lock().unwrap().answer(asked)
        });
        let policy = format!("witness w {} http://{}\nquorum w\n", witness_key().verifier(), address.unwrap());
        let scratch = Arc::new(Scratch::new(name));
        fs::create_dir_all(scratch.path("log")).unwrap();
        Self::at(scratch, policy, journal, outside, seed)
    }

    /// Another gateway on the same journal and folder.
    fn beside(&self, seed: [u8; 32]) -> Self {
        let (scratch, outside) = (Arc::clone(&self.scratch), Arc::clone(&self.outside));
        Self::at(scratch, self.policy.clone(), self.journal.clone(), outside, seed)
    }

    fn at(scratch: Arc<Scratch>, policy: String, journal: Memory, outside: Arc<Mutex<Outside>>, seed: [u8; 32]) -> Self {
        let (roster, _) = memory::roster();
        let key = Arc::new(SigningKey::from_seed(&seed).unwrap());
        let mut view = View::new(roster, Arc::clone(&key));
        view.recover(&journal, None).unwrap();
        let (view, health) = (Arc::new(RwLock::new(view)), Arc::new(Health::default()));
        let publication =
            Publication { folder: scratch.path("log"), places: Vec::new(), policy: Policy::parse(policy.as_bytes()).unwrap() };
        let parts =
            Parts { view: Arc::clone(&view), journal: Arc::new(journal.clone()), clock: system_clock(), health: Arc::clone(&health) };
        let publisher = Publisher::new(publication, parts, watch::Sender::new(0), key).unwrap();
        Self { publisher, journal, view, health, outside, policy, scratch }
    }

    fn lie(&self, lie: Option<Lie>) {
        self.outside.lock().unwrap().lie = lie;
    }

    fn shown(&self) -> usize {
        self.outside.lock().unwrap().shown
    }

    /// The witness has seen this, signed by the log's own key.
    fn has_cosigned(&self, checkpoint: &Checkpoint) {
        let note = checkpoint.sign(&[&log_key()]).unwrap();
        let request = Request { old: 0, proof: Vec::new(), note, checkpoint: checkpoint.clone() };
        let (status, _) = self.outside.lock().unwrap().add(request.to_string().as_bytes());
        assert_eq!(status, 200);
    }

    /// This is written too, and folded.
    fn writes(&self, act: Act) {
        let mut leaves = self.journal.leaves();
        leaves.push(memory::leaf(act));
        self.journal.put(leaves);
        self.reads();
    }

    /// What is in the journal is folded.
    fn reads(&self) {
        self.view.write().unwrap().recover(&self.journal, None).unwrap();
    }

    /// Publishes, and says how record and log are then.
    fn turn(&mut self) -> (&'static str, &'static str) {
        self.publisher.turn();
        let standing = self.health.standing(0, 0, None);
        (standing.record, standing.log)
    }

    fn is_closed(&mut self, why: &str) {
        assert_eq!(self.turn(), ("closed", "late"));
        self.tells(why);
    }

    fn tells(&self, why: &str) {
        let causes = self.health.causes(None);
        assert!(causes.iter().any(|cause| cause.contains(why)), "{causes:?}");
    }

    /// As long a time goes by as may.
    fn waits(&mut self) {
        let earlier = |(owed, since): (u64, Instant)| (owed, since.checked_sub(BEHIND_MAX).unwrap());
        self.publisher.owed = self.publisher.owed.map(earlier);
    }

    /// Events under the checkpoint that witnesses stand by.
    fn stands(&self) -> u64 {
        self.view.read().unwrap().published.as_ref().filter(|stood| stood.cosigned).map_or(0, |stood| stood.size)
    }
}

/// Whoever stands on the line can hold up the publication, and no more.
#[test]
fn a_lie_in_the_name_of_a_witness_closes_nothing() {
    let mut stage = Stage::new("publish-lies");
    let (log, witness) = (log_key(), witness_key());
    let (no_log, no_witness) = (
        SecretKey::from_seed(ORIGIN, Algorithm::Ed25519, &[1; 32]).unwrap(),
        SecretKey::from_seed(WITNESS, Algorithm::Cosignature, &[2; 32]).unwrap(),
    );
    let huge = Checkpoint::new(ORIGIN, 1_000_000, [9; 32]).unwrap();
    let foreign = Checkpoint::new("other.example/log", 1_000_000, [9; 32]).unwrap();
    let shown = [
        None,
        Some("no note at all".to_owned()),
        Some(huge.to_string()),
        Some(huge.sign(&[&log]).unwrap().to_string()),
        Some(cosigned(&huge, &no_log, &no_witness)),
        Some(cosigned(&huge, &no_log, &witness)),
        Some(cosigned(&huge, &log, &no_witness)),
        Some(cosigned(&foreign, &log, &witness)),
        // What it has really cosigned, and the journal continues.
        Some(cosigned(&over(&memory::record(&["a"])), &log, &witness)),
    ];
    let answers = [(409, "1000000\n"), (409, "18446744073709551615"), (409, "1\n"), (409, "what"), (422, ""), (200, "what"), (500, "")];
    for (cosigned, added) in shown.iter().flat_map(|shown| answers.map(|added| (shown.clone(), added))) {
        stage.lie(Some(Lie { added, cosigned: cosigned.clone() }));
        assert_eq!(stage.turn(), ("writing", "late"), "{added:?} {cosigned:?}");
        assert_eq!(stage.stands(), 0);
    }
    stage.lie(None);
    assert_eq!(stage.turn(), ("writing", "published"));
    assert_eq!(stage.stands(), 3);
}

#[test]
fn a_witness_that_has_cosigned_more_than_the_journal_holds_closes_the_record() {
    let mut stage = Stage::new("publish-fewer");
    stage.has_cosigned(&over(&memory::record(&["a", "b", "c", "d"])));
    stage.is_closed("the journal holds fewer");
    assert_eq!(stage.stands(), 0);
}

#[test]
fn a_witness_that_has_cosigned_another_beginning_closes_the_record() {
    let mut stage = Stage::new("publish-other");
    stage.has_cosigned(&over(&memory::record(&["x"])));
    stage.is_closed("not the first ones of the journal");
    assert_eq!(stage.stands(), 0);
}

/// Another gateway on the same journal has published it, and this one has not read on yet.
#[test]
fn a_witness_that_has_cosigned_what_is_not_folded_yet_closes_nothing() {
    let mut stage = Stage::new("publish-ahead");
    let more = memory::record(&["a", "b", "c", "d"]);
    stage.has_cosigned(&over(&more));
    stage.journal.put(more);
    assert_eq!(stage.turn(), ("writing", "late"));
    stage.reads();
    assert_eq!(stage.turn(), ("writing", "published"));
    assert_eq!(stage.stands(), 5);
}

#[test]
fn a_publisher_that_closes_the_record_lets_another_one_publish() {
    let mut stage = Stage::new("publish-closes");
    stage.has_cosigned(&over(&memory::record(&["x"])));
    stage.is_closed("not the first ones of the journal");
    File::create(&stage.publisher.lock).unwrap().try_lock().unwrap();
}

#[test]
fn a_gateway_that_does_not_publish_says_so_when_nobody_does() {
    let mut stage = Stage::new("publish-behind");
    let other = File::create(&stage.publisher.lock).unwrap();
    other.lock().unwrap();
    assert_eq!(stage.turn(), ("writing", "published"));
    stage.waits();
    assert_eq!(stage.turn(), ("writing", "late"));
    stage.tells("0 of 3 events are published");
    drop(other);
    assert_eq!((stage.turn(), stage.stands()), (("writing", "published"), 3));
}

/// It is always a little behind, as events go on coming.
#[test]
fn a_publisher_that_keeps_up_is_not_late() {
    let mut publishes = Stage::new("publish-keeps-up");
    publishes.turn();
    let mut follows = publishes.beside(SEED);
    for name in ["c", "d", "e"] {
        follows.writes(memory::listing(name));
        assert_eq!(follows.turn(), ("writing", "published"), "{name}");
        follows.waits();
        publishes.reads();
        publishes.turn();
        follows.writes(memory::listing(&format!("{name}{name}")));
        assert_eq!(follows.turn(), ("writing", "published"), "{name}");
    }
    follows.waits();
    assert_eq!(follows.turn(), ("writing", "late"));
}

#[test]
fn a_lock_that_cannot_be_made_is_not_taken_for_another_gateway_that_publishes() {
    let mut stage = Stage::new("publish-no-lock");
    fs::create_dir(&stage.publisher.lock).unwrap();
    assert_eq!(stage.turn(), ("writing", "late"));
    stage.tells(FOLDER);
    fs::remove_dir(&stage.publisher.lock).unwrap();
    assert_eq!((stage.turn(), stage.stands()), (("writing", "published"), 3));
}

#[test]
fn a_machine_that_has_no_thread_to_give_leaves_its_witnesses_to_another_turn() {
    let mut stage = Stage::new("publish-threads");
    stage.publisher.witnesses.stack_bytes = 1 << 60;
    assert_eq!(stage.turn(), ("writing", "late"));
    stage.tells("no thread could be had");
    assert_eq!(stage.shown(), 0);
    stage.publisher.witnesses.stack_bytes = witnesses::STACK_BYTES;
    assert_eq!((stage.turn(), stage.stands()), (("writing", "published"), 3));
}

/// A place in memory that can be out of order.
#[derive(Default)]
struct Shelf {
    tiles: Tiles,
    note: Mutex<Option<Vec<u8>>>,
    broken: AtomicBool,
}

impl Store for Shelf {
    fn read(&self, tile: Tile) -> io::Result<Option<Vec<u8>>> {
        self.tiles.read(tile)
    }

    fn write(&self, tiles: &[(Tile, Vec<u8>)]) -> io::Result<()> {
        self.tiles.write(tiles)
    }

    fn partials(&self, tile: Tile) -> io::Result<Vec<u16>> {
        self.tiles.partials(tile)
    }

    fn remove(&self, tiles: &[Tile]) -> io::Result<()> {
        self.tiles.remove(tiles)
    }
}

impl Published for Shelf {
    fn checkpoint(&self) -> io::Result<Option<Vec<u8>>> {
        if self.broken.load(Ordering::SeqCst) {
            return Err(io::Error::other("out of order"));
        }
        Ok(self.note.lock().unwrap().clone())
    }

    fn publish(&self, note: &[u8]) -> io::Result<()> {
        *self.note.lock().unwrap() = Some(note.to_vec());
        Ok(())
    }
}

/// One place finds that the journal is not what was folded, and another one fails: whichever is asked first.
#[test]
fn what_contradicts_the_past_is_shown_to_no_witness_whatever_else_fails() {
    for whole_first in [true, false] {
        let mut stage = Stage::new("publish-worse");
        let (whole, broken) = (Arc::new(Shelf::default()), Arc::new(Shelf::default()));
        broken.broken.store(true, Ordering::SeqCst);
        let place = |name: &str, shelf: &Arc<Shelf>| Place::new(name.to_owned(), shelf.clone());
        let mut places = vec![place("whole", &whole), place("broken", &broken)];
        if !whole_first {
            places.reverse();
        }
        stage.publisher.places = places;
        let folded = stage.journal.leaves();
        stage.journal.put(memory::record(&["x", "y"]));
        let fault = stage.publisher.publish().unwrap_err();
        assert!(matches!(fault, PublishFault::Closes(_)), "{fault}");
        assert_eq!(stage.turn(), ("closed", "late"));
        assert_eq!(stage.shown(), 0, "a witness was shown what contradicts the past");
        // A place that only fails holds up nobody.
        stage.journal.put(folded);
        let fault = stage.publisher.publish().unwrap_err();
        assert!(matches!(fault, PublishFault::Place { .. }), "{fault}");
        assert_eq!((stage.shown(), stage.stands()), (1, 3));
        assert!(whole.note.lock().unwrap().is_some());
    }
}
