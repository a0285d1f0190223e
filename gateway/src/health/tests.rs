//! What health says while something is wrong, and once it no longer is.

use std::{
    io,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use visiting_policies::record::Actor;
use visiting_tlog::{
    store::{Published, Store},
    tile::Tile,
};

use super::*;
use crate::{
    desk::{Clock, Desk, system_clock},
    journal::{
        Journal,
        memory::{self, Memory, Mood},
    },
    publish::Publication,
    setup::tests::Scratch,
    snapshot::Shelf,
    trial,
};

/// Longest wait for what other threads do.
const WITHIN: Duration = Duration::from_secs(20);

/// A desk over a journal, in a folder of its own.
fn desk(scratch: &Scratch, journal: &Memory, clock: Clock, places: Vec<(String, Arc<dyn Published + Send>)>) -> Desk {
    let (roster, key) = memory::roster();
    let publication = Publication { places, ..Publication::unwitnessed(&scratch.path("log")).unwrap() };
    Desk::open(Arc::new(journal.clone()), roster, key, publication, &Shelf::at(&scratch.path("")), clock).unwrap()
}

async fn act(desk: &Desk, name: &str) -> Result<u64, Refusal> {
    let act = if name == "opened" { memory::opened() } else { memory::listing(name) };
    desk.act(Actor::Gateway, None, act).await
}

/// Waits for what another thread does.
fn wait_for(what: &str, ready: impl Fn() -> bool) {
    let until = Instant::now() + WITHIN;
    while !ready() {
        assert!(Instant::now() < until, "{what}");
        thread::sleep(Duration::from_millis(2));
    }
}

#[tokio::test]
async fn a_journal_is_well_again_without_a_proposal() {
    let (scratch, journal) = (Scratch::new("health-again"), Memory::default());
    let desk = desk(&scratch, &journal, system_clock(), Vec::new());
    act(&desk, "opened").await.unwrap();
    journal.feel(Mood::Full);
    assert_eq!(act(&desk, "l").await.unwrap_err().code, Code::RecordUnavailable);
    assert_eq!(desk.health().record, "failing");
    assert!(!desk.health().is_well());
    journal.feel(Mood::Well);
    wait_for("health stays as it was", || desk.health().record == "writing");
    assert_eq!(act(&desk, "l").await.unwrap(), 1);
}

#[test]
fn a_trial_does_not_take_reading_for_writing() {
    let (journal, health) = (Memory::default(), Health::default());
    journal.feel(Mood::Full);
    health.written(journal.append_if(0, &[Vec::new()]).as_ref().err());
    trial::attempt(&journal, &health);
    health.read(None);
    assert!(health.is_failing(), "it can be read and not be written");
    journal.feel(Mood::Well);
    // That others wrote is no answer to whether it can be written.
    health.written(journal.append_if(7, &[]).as_ref().err());
    assert!(health.is_failing());
    trial::attempt(&journal, &health);
    assert_eq!(health.standing(0, 0, None).record, "writing");
    assert!(journal.leaves().is_empty());
}

#[tokio::test]
async fn a_wrong_clock_is_told() {
    let (scratch, journal) = (Scratch::new("health-clock"), Memory::default());
    let time = Arc::new(AtomicU64::new(1_000_000));
    let clock: Clock = {
        let time = Arc::clone(&time);
        Arc::new(move || time.load(Ordering::SeqCst))
    };
    let desk = desk(&scratch, &journal, clock, Vec::new());
    act(&desk, "opened").await.unwrap();
    time.store(990_000, Ordering::SeqCst);
    assert_eq!((desk.health().record, desk.health().is_well()), ("clock", false));
    assert!(desk.causes().iter().any(|cause| cause.contains("clock is 10 s before")), "{:?}", desk.causes());
    assert_eq!(act(&desk, "l").await.unwrap_err().code, Code::RecordUnavailable);
    time.store(1_000_000, Ordering::SeqCst);
    assert_eq!((desk.health().record, desk.health().is_well()), ("writing", true));
    assert_eq!(act(&desk, "l").await.unwrap(), 1);
}

#[tokio::test]
async fn a_writer_that_ended_is_told() {
    let (scratch, journal) = (Scratch::new("health-writer"), Memory::default());
    let desk = desk(&scratch, &journal, system_clock(), Vec::new());
    act(&desk, "opened").await.unwrap();
    assert_eq!(desk.health().record, "writing");
    journal.feel(Mood::Panics);
    assert_eq!(act(&desk, "l").await.unwrap_err().code, Code::RecordUnavailable);
    wait_for("health does not say that the writer has ended", || desk.health().record == "stopped");
    assert!(!desk.health().is_well());
    assert!(desk.causes().iter().any(|cause| cause.contains(WRITER)), "{:?}", desk.causes());
}

/// A caller that is alone is the writer for that moment: the fault ends it, and nobody writes after it.
#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_ended_while_it_wrote_is_told() {
    let (scratch, journal) = (Scratch::new("health-caller"), Memory::default());
    let desk = desk(&scratch, &journal, system_clock(), Vec::new());
    act(&desk, "opened").await.unwrap();
    journal.feel(Mood::Panics);
    let caller = {
        let desk = desk.clone();
        tokio::spawn(async move { act(&desk, "l").await })
    };
    assert!(caller.await.unwrap_err().is_panic(), "it wrote on its own thread");
    assert_eq!((desk.health().record, desk.health().is_well()), ("stopped", false));
    assert!(desk.causes().iter().any(|cause| cause.contains(WRITER)), "{:?}", desk.causes());
    journal.feel(Mood::Well);
    for _ in 0..2 {
        assert_eq!(act(&desk, "l").await.unwrap_err().code, Code::RecordUnavailable);
    }
    assert_eq!((journal.leaves().len(), desk.health().record), (1, "stopped"));
}

/// A place where the publisher meets a fault of the program. A start asks too, on another thread.
struct Trap;

impl Store for Trap {
    fn read(&self, _: Tile) -> io::Result<Option<Vec<u8>>> {
        Ok(None)
    }

    fn write(&self, _: &[(Tile, Vec<u8>)]) -> io::Result<()> {
        Ok(())
    }

    fn partials(&self, _: Tile) -> io::Result<Vec<u16>> {
        Ok(Vec::new())
    }

    fn remove(&self, _: &[Tile]) -> io::Result<()> {
        Ok(())
    }
}

impl Published for Trap {
    fn checkpoint(&self) -> io::Result<Option<Vec<u8>>> {
        assert_ne!(thread::current().name(), Some(PUBLISHER), "a fault of the program");
        Ok(None)
    }

    fn publish(&self, _: &[u8]) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_publisher_that_ended_is_told() {
    let (scratch, journal) = (Scratch::new("health-publisher"), Memory::default());
    let desk = desk(&scratch, &journal, system_clock(), vec![("a trap".to_owned(), Arc::new(Trap))]);
    act(&desk, "opened").await.unwrap();
    wait_for("health does not say that the publisher has ended", || desk.health().log == "stopped");
    // The record goes on, and whoever watches over it is told all the same.
    assert_eq!((act(&desk, "l").await.unwrap(), desk.health().record, desk.health().is_well()), (1, "writing", false));
    assert!(desk.causes().iter().any(|cause| cause.contains(PUBLISHER)), "{:?}", desk.causes());
}

#[test]
fn a_thread_that_ends_in_peace_is_no_fault() {
    let health = Arc::new(Health::default());
    drop(health.watch(WRITER));
    assert_eq!(health.standing(0, 0, None).record, "writing");
    let (watch, well) = (health.watch(WRITER), false);
    let work = move || {
        let _watch = watch;
        assert!(well, "a fault of the program");
    };
    assert!(thread::spawn(work).join().is_err());
    assert_eq!(health.standing(0, 0, None).record, "stopped");
}
