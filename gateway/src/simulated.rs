//! The writer under a simulated store: seeded schedules of two gateways on one journal, and of one gateway on its own, with writes that
//! fail and are kept, fail and are lost, fail and come later, reads that fail, crashes at every point, and clocks that jump. Nothing that
//! was answered may be missing, and nothing of which it was said that it was not done may be there.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
};

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};
use tokio::sync::{oneshot, watch};
use visiting_policies::{
    case::Cases,
    record::{Act, Actor, Event, RequestKey},
    refusal::{Code, Refusal},
    roster::Roster,
    sign::{self, SigningKey},
};

use crate::{
    desk::{Clock, Parts, request_key, unknown},
    health::Health,
    journal::{Journal, JournalError, StoreFault, Trouble},
    view::View,
    writer::{Proposal, Writer},
};

/// Schedules that are played, half of them on a journal that others write too.
const SCHEDULES: u64 = 100_000;

/// Schedules within which an early answer must be found.
const FOUND_WITHIN: u64 = 10_000;

/// The disk of all gateways, and the dice.
#[derive(Debug)]
struct Disk {
    leaves: Mutex<Vec<Vec<u8>>>,
    /// A write that a server has not answered and is still at, with the head that it goes on from.
    late: Mutex<Option<(u64, Vec<Vec<u8>>)>>,
    dice: Mutex<ChaCha8Rng>,
    /// One in so many operations goes wrong; 0 is never.
    wrong: AtomicU64,
    counts: Mutex<BTreeMap<&'static str, u64>>,
    /// Whether several write it: then it is a server.
    shared: bool,
}

impl Disk {
    fn roll(&self, sides: u64) -> u64 {
        self.dice.lock().unwrap_or_else(PoisonError::into_inner).next_u64() % sides
    }

    fn goes_wrong(&self) -> bool {
        let wrong = self.wrong.load(Ordering::Relaxed);
        wrong > 0 && self.roll(wrong) == 0
    }

    fn count(&self, what: &'static str) {
        *self.counts.lock().unwrap_or_else(PoisonError::into_inner).entry(what).or_default() += 1;
    }

    /// What a server was still at is done, unless somebody else wrote in its place.
    fn arrives(&self) {
        let late = self.late.lock().unwrap_or_else(PoisonError::into_inner).take();
        let mut leaves = self.leaves.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, batch)) = late.filter(|(head, _)| *head == leaves.len() as u64) {
            leaves.extend(batch);
        }
    }

    /// At any moment, and so before some of the calls.
    fn may_arrive(&self) {
        if self.shared && self.roll(3) == 0 {
            self.arrives();
        }
    }

    fn kept(&self) -> Vec<Vec<u8>> {
        self.leaves.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[derive(Debug)]
struct Simulated(Arc<Disk>);

impl Journal for Simulated {
    fn append_if(&self, head: u64, batch: &[Vec<u8>]) -> Result<u64, JournalError> {
        let failed = |why: &str| Err(StoreFault::new(Trouble::Device, why).into());
        self.0.may_arrive();
        if self.0.goes_wrong() {
            self.0.count("write lost");
            return failed("the write was lost");
        }
        if self.0.shared && self.0.goes_wrong() {
            self.0.count("write late");
            *self.0.late.lock().unwrap_or_else(PoisonError::into_inner) = Some((head, batch.to_vec()));
            return failed("the write is not answered");
        }
        let mut leaves = self.0.leaves.lock().unwrap_or_else(PoisonError::into_inner);
        if self.0.shared && self.0.goes_wrong() {
            let other = others(&leaves);
            leaves.extend(other);
        }
        if leaves.len() as u64 != head {
            self.0.count("head moved");
            return Err(JournalError::HeadMoved { expected: head, found: leaves.len() as u64 });
        }
        leaves.extend(batch.iter().cloned());
        if self.0.goes_wrong() {
            self.0.count("write kept, answer lost");
            return failed("the answer was lost");
        }
        Ok(leaves.len() as u64)
    }

    fn read(&self, from: u64, limit: u64) -> Result<Vec<Vec<u8>>, JournalError> {
        self.0.may_arrive();
        if self.0.goes_wrong() {
            self.0.count("read failed");
            return Err(StoreFault::new(Trouble::Device, "the read failed").into());
        }
        let leaves = self.0.leaves.lock().unwrap_or_else(PoisonError::into_inner);
        let from = usize::try_from(from).unwrap();
        Ok(leaves.iter().skip(from).take(usize::try_from(limit).unwrap()).cloned().collect())
    }

    fn probe(&self) -> Result<(), JournalError> {
        Ok(())
    }

    fn is_shared(&self) -> bool {
        self.0.shared
    }
}

/// What a third gateway writes at this very moment: something lawful, after the last event.
fn others(leaves: &[Vec<u8>]) -> Option<Vec<u8>> {
    let last = Event::from_bytes(leaves.last()?).ok()?;
    let listing = format!("other{}", leaves.len());
    let act = Act::ListingPublished { digest: sign::digest(listing.as_bytes()), listing };
    Event { by: Actor::Gateway, request: None, act, ..last }.to_bytes().ok()
}

/// What tells an act from all others.
fn listing(act: &Act) -> Option<String> {
    if let Act::ListingPublished { listing, .. } = act { Some(listing.clone()) } else { None }
}

/// What was answered to whom.
struct Answered {
    index: u64,
    act: Act,
    request: Option<RequestKey>,
}

/// One schedule.
struct World {
    disk: Arc<Disk>,
    clocks: [Arc<AtomicU64>; 2],
    writers: Vec<Writer>,
    answered: Vec<Answered>,
    /// Requests that were refused and may be sent again.
    open: Vec<(RequestKey, Act)>,
    /// What was not done, as it was said last.
    denied: BTreeSet<String>,
    /// What was once not known to be done: it may be there, and come, whatever is said of it when it is sent again.
    doubtful: BTreeSet<String>,
    /// What the journal holds, of so many leaves.
    there: BTreeSet<String>,
    read: usize,
    named: u64,
    hasty: bool,
}

/// The same for all schedules: keys are dear.
struct Stage {
    roster: Roster,
    /// An empty fold: reading the rule packs anew for each would take most of the time.
    cases: Cases,
    key: Arc<SigningKey>,
    counts: BTreeMap<&'static str, u64>,
    shared: bool,
}

impl Stage {
    fn new(shared: bool) -> Self {
        let key = SigningKey::from_seed(&[7; 32]).unwrap();
        let (log_key, enclave_key) = (key.public(), key.public());
        let roster = Roster { origin: "simulated.example/log".to_owned(), log_key, enclave_key, quorum: 2, members: BTreeMap::new() };
        Self { cases: Cases::new(roster.clone()), roster, key: Arc::new(key), counts: BTreeMap::new(), shared }
    }

    fn writer(&self, disk: &Arc<Disk>, clock: &Arc<AtomicU64>, hasty: bool) -> Writer {
        let journal: Arc<dyn Journal> = Arc::new(Simulated(Arc::clone(disk)));
        let mut view = View::over(self.cases.clone(), Arc::clone(&self.key));
        let wrong = disk.wrong.swap(0, Ordering::Relaxed);
        view.recover(journal.as_ref(), None).expect("what is durable is lawful");
        disk.wrong.store(wrong, Ordering::Relaxed);
        let clock = Arc::clone(clock);
        let clock: Clock = Arc::new(move || clock.load(Ordering::Relaxed));
        let parts = Parts { view: Arc::new(RwLock::new(view)), journal, clock, health: Arc::new(Health::default()) };
        let mut writer = Writer::new(parts, watch::Sender::new(0), mpsc::sync_channel(1).0);
        writer.hasty = hasty;
        writer
    }

    /// Plays a schedule; what broke, if anything did.
    fn play(&mut self, seed: u64, hasty: bool) -> Result<(), String> {
        let disk = Arc::new(Disk {
            leaves: Mutex::default(),
            late: Mutex::default(),
            dice: Mutex::new(ChaCha8Rng::seed_from_u64(seed)),
            wrong: AtomicU64::new(0),
            counts: Mutex::default(),
            shared: self.shared,
        });
        let clocks = [Arc::new(AtomicU64::new(1_000_000)), Arc::new(AtomicU64::new(1_000_000))];
        let mut world = World {
            disk,
            clocks,
            writers: Vec::new(),
            answered: Vec::new(),
            open: Vec::new(),
            denied: BTreeSet::new(),
            doubtful: BTreeSet::new(),
            there: BTreeSet::new(),
            read: 0,
            named: 0,
            hasty,
        };
        let gateways = if self.shared { 2 } else { 1 };
        world.writers = world.clocks.iter().take(gateways).map(|clock| self.writer(&world.disk, clock, hasty)).collect();
        let opened = Act::RecordOpened { origin: self.roster.origin.clone(), roster: self.roster.digest(), demo: true };
        world.propose(0, vec![(opened, None)]);
        world.disk.wrong.store(3 + world.disk.roll(10), Ordering::Relaxed);
        for _ in 0..4 + world.disk.roll(6) {
            world.step(self);
            world.holds()?;
            world.keeps_its_word()?;
        }
        world.disk.arrives();
        world.keeps_its_word()?;
        for (what, count) in world.disk.counts.lock().unwrap().iter() {
            *self.counts.entry(what).or_default() += count;
        }
        world.is_lawful(self)
    }
}

impl World {
    fn step(&mut self, stage: &Stage) {
        let at = usize::try_from(self.disk.roll(self.writers.len() as u64)).unwrap();
        match self.disk.roll(8) {
            0 => {
                self.disk.count("crash");
                self.writers[at] = stage.writer(&self.disk, &self.clocks[at], self.hasty);
            }
            1 => {
                let _ = self.writers[at].catch_up();
            }
            2 => self.turn_the_clock(at),
            _ => {
                let acts = (0..1 + self.disk.roll(4)).map(|_| self.wish()).collect();
                self.propose(at, acts);
            }
        }
    }

    fn turn_the_clock(&self, at: usize) {
        let clock = &self.clocks[at];
        match self.disk.roll(3) {
            0 => {
                self.disk.count("clock went back");
                clock.fetch_sub(self.disk.roll(20_000), Ordering::Relaxed)
            }
            _ => clock.fetch_add(self.disk.roll(10_000), Ordering::Relaxed),
        };
    }

    /// A new wish, half of them under a key, or one that was refused before.
    fn wish(&mut self) -> (Act, Option<RequestKey>) {
        if let Some((request, act)) = (self.disk.roll(3) == 0).then(|| self.open.pop()).flatten() {
            self.disk.count("sent again");
            if let Some(listing) = listing(&act) {
                self.denied.remove(&listing);
            }
            return (act, Some(request));
        }
        self.named += 1;
        let name = format!("l{}", self.named);
        let act = Act::ListingPublished { listing: name.clone(), digest: sign::digest(name.as_bytes()) };
        let request = (self.disk.roll(2) == 0).then(|| request_key("gateway", &name, name.as_bytes()));
        (act, request)
    }

    fn propose(&mut self, at: usize, acts: Vec<(Act, Option<RequestKey>)>) {
        let (mut proposals, mut replies) = (Vec::new(), Vec::new());
        for (act, request) in acts {
            let (reply, answer) = oneshot::channel();
            replies.push((answer, act.clone(), request.clone()));
            proposals.push(Proposal { by: Actor::Gateway, request, act, follows: None, reply });
        }
        self.writers[at].commit(proposals);
        for (mut answer, act, request) in replies {
            match answer.try_recv().expect("everybody is answered") {
                Ok(index) => self.answered.push(Answered { index, act, request }),
                Err(Refusal { code: Code::RecordUnavailable, detail, .. }) => {
                    self.told(&act, &detail);
                    self.open.extend(request.map(|request| (request, act)));
                }
                Err(other) => panic!("refused for another reason: {other:?}"),
            }
        }
    }

    /// Every refusal says which of the two it is.
    fn told(&mut self, act: &Act, detail: &str) {
        let listing = listing(act).expect("the first event is written before anything goes wrong");
        if *detail == unknown().detail {
            self.disk.count("not known");
            self.doubtful.insert(listing);
            return;
        }
        assert!(detail.contains("nothing was done"), "{detail}");
        self.disk.count("nothing was done");
        if !self.doubtful.contains(&listing) {
            self.denied.insert(listing);
        }
    }

    /// Nothing is there of which it was said that it was not done.
    fn keeps_its_word(&mut self) -> Result<(), String> {
        for leaf in self.disk.kept().iter().skip(self.read) {
            self.read += 1;
            self.there.extend(listing(&Event::from_bytes(leaf).map_err(|refusal| refusal.detail)?.act));
        }
        match self.denied.intersection(&self.there).next() {
            Some(listing) => Err(format!("it was said that {listing} was not done, and it is there")),
            None => Ok(()),
        }
    }

    /// What was answered is durable, at its place, once.
    fn holds(&self) -> Result<(), String> {
        let kept = self.disk.kept();
        for Answered { index, act, request } in &self.answered {
            let leaf = kept.get(usize::try_from(*index).unwrap()).ok_or_else(|| format!("event {index} was answered and is not there"))?;
            let event = Event::from_bytes(leaf).map_err(|refusal| refusal.detail)?;
            if event.act != *act || event.request != *request {
                return Err(format!("event {index} is another one than was answered"));
            }
        }
        Ok(())
    }

    /// The journal is one lawful history: whoever recovers folds it, no request is in it twice, and its time never goes back.
    fn is_lawful(&self, stage: &Stage) -> Result<(), String> {
        let _recovered = stage.writer(&self.disk, &self.clocks[0], false);
        let mut last = 0;
        for leaf in self.disk.kept() {
            let event = Event::from_bytes(&leaf).map_err(|refusal| refusal.detail)?;
            if event.at_ms < last {
                return Err("the record's time went back".to_owned());
            }
            last = event.at_ms;
        }
        Ok(())
    }
}

#[test]
fn nothing_that_was_answered_is_ever_missing() {
    let always =
        ["clock went back", "crash", "not known", "nothing was done", "read failed", "sent again", "write kept, answer lost", "write lost"];
    let of_a_server = ["head moved", "write late"];
    for shared in [true, false] {
        let mut stage = Stage::new(shared);
        for seed in 0..SCHEDULES / 2 {
            stage.play(seed, false).unwrap_or_else(|broke| panic!("schedule {seed}, shared {shared}: {broke}"));
        }
        println!("{} schedules, shared {shared}: {:?}", SCHEDULES / 2, stage.counts);
        let met: BTreeSet<_> = always.iter().chain(of_a_server.iter().filter(|_| shared)).copied().collect();
        assert_eq!(stage.counts.keys().copied().collect::<BTreeSet<_>>(), met, "each fault was met");
    }
}

#[test]
fn a_writer_that_answers_before_the_journal_has_it_is_found() {
    for shared in [true, false] {
        let mut stage = Stage::new(shared);
        let found = (0..FOUND_WITHIN).find(|seed| stage.play(*seed, true).is_err());
        println!("found in schedule {found:?}, shared {shared}");
        assert!(found.is_some(), "not found within {FOUND_WITHIN} schedules, shared {shared}");
    }
}
