//! The desk over a journal of its own: what is acknowledged, repeated, refused and published.

use std::sync::atomic::{AtomicBool, Ordering};

use visiting_tlog::{folder::Folder, read::Reader, store::Published};

use super::*;
use crate::{
    home::Home,
    journal::{JournalError, SqliteJournal, StoreFault, Trouble},
    setup::{self, tests::Scratch},
};

/// A journal whose disk can be full.
#[derive(Debug)]
struct Fragile(SqliteJournal, AtomicBool);

impl Journal for Fragile {
    fn append_if(&self, head: u64, batch: &[Vec<u8>]) -> Result<u64, JournalError> {
        if self.1.load(Ordering::SeqCst) {
            return Err(StoreFault::new(Trouble::Full, "database or disk is full").into());
        }
        self.0.append_if(head, batch)
    }

    fn read(&self, from: u64, limit: u64) -> Result<Vec<Vec<u8>>, JournalError> {
        self.0.read(from, limit)
    }

    fn probe(&self) -> Result<(), JournalError> {
        if self.1.load(Ordering::SeqCst) {
            return Err(StoreFault::new(Trouble::Full, "database or disk is full").into());
        }
        self.0.probe()
    }

    fn is_shared(&self) -> bool {
        false
    }
}

struct Room(Scratch, Home, Arc<Fragile>);

impl Room {
    fn new(name: &str) -> Self {
        let scratch = Scratch::new(name);
        let home = Home::at(scratch.path("home"));
        setup::prepare(&home).unwrap();
        let journal = SqliteJournal::open(&home.gateway("journal.sqlite")).unwrap();
        Self(scratch, home, Arc::new(Fragile(journal, AtomicBool::new(false))))
    }

    fn desk(&self) -> Result<Desk, Refusal> {
        let roster = setup::read_roster(&self.1.gateway("roster.json")).unwrap();
        let key = crate::files::read_key(&self.1.gateway("log.seed")).unwrap();
        Desk::open(
            self.2.clone(),
            roster,
            key,
            Publication::unwitnessed(&self.1.log()).unwrap(),
            &Shelf::at(&self.1.gateway("")),
            system_clock(),
        )
    }

    fn opened(&self) -> Act {
        let roster = setup::read_roster(&self.1.gateway("roster.json")).unwrap();
        Act::RecordOpened { origin: roster.origin.clone(), roster: roster.digest(), demo: true }
    }
}

fn listing(name: &str) -> Act {
    Act::ListingPublished { listing: name.to_owned(), digest: sign::digest(name.as_bytes()) }
}

#[tokio::test(flavor = "multi_thread")]
async fn acts_at_once_are_all_recorded_and_published() {
    let room = Room::new("desk-group");
    let desk = room.desk().unwrap();
    desk.act(Actor::Gateway, None, room.opened()).await.unwrap();
    let acts = (0..64).map(|n| {
        let desk = desk.clone();
        tokio::spawn(async move { desk.act(Actor::Gateway, None, listing(&format!("l{n}"))).await.unwrap() })
    });
    let mut indices = Vec::new();
    for act in acts.collect::<Vec<_>>() {
        indices.push(act.await.unwrap());
    }
    indices.sort_unstable();
    assert_eq!(indices, (1..65).collect::<Vec<_>>());
    let told = desk.leaves(0, 100).await.unwrap();
    let mut published = desk.published.clone();
    published.wait_for(|size| *size == 65).await.unwrap();
    let note = Folder::new(&room.1.log()).checkpoint().unwrap().unwrap();
    assert_eq!(String::from_utf8(note).unwrap(), desk.view().checkpoint());
    let read = |entry: Result<Vec<u8>, _>| String::from_utf8(entry.unwrap()).unwrap();
    let log: Vec<_> = Reader::new(Folder::new(&room.1.log()), 65).entries().map(read).collect();
    assert_eq!(log, told);
}

#[tokio::test]
async fn without_a_record_nothing_happens() {
    let room = Room::new("desk-full");
    let desk = room.desk().unwrap();
    desk.act(Actor::Gateway, None, room.opened()).await.unwrap();
    room.2.1.store(true, Ordering::SeqCst);
    let refused = desk.act(Actor::Gateway, None, listing("l")).await.unwrap_err();
    assert_eq!(refused.code, Code::RecordUnavailable);
    assert_eq!((desk.view().cases.size(), desk.view().cases.listings.len()), (1, 0));
    room.2.1.store(false, Ordering::SeqCst);
    assert_eq!(desk.act(Actor::Gateway, None, listing("l")).await.unwrap(), 1);
}

#[tokio::test]
async fn a_repeated_request_gives_the_first_index_also_after_a_restart() {
    let room = Room::new("desk-again");
    let (desk, request) = (room.desk().unwrap(), request_key("gateway", "k", b"one"));
    desk.act(Actor::Gateway, None, room.opened()).await.unwrap();
    let first = desk.act(Actor::Gateway, Some(request.clone()), listing("l")).await.unwrap();
    drop(desk);
    let desk = room.desk().unwrap();
    assert_eq!(desk.act(Actor::Gateway, Some(request), listing("l")).await.unwrap(), first);
    let other = desk.act(Actor::Gateway, Some(request_key("gateway", "k", b"two")), listing("m")).await.unwrap_err();
    assert_eq!(other.code, Code::KeyReused);
}

#[tokio::test]
async fn a_rolled_back_journal_is_not_served() {
    let mut room = Room::new("desk-rollback");
    let desk = room.desk().unwrap();
    desk.act(Actor::Gateway, None, room.opened()).await.unwrap();
    desk.act(Actor::Gateway, None, listing("l")).await.unwrap();
    // What nobody has seen can be taken back unseen; what was published cannot.
    desk.published.clone().wait_for(|size| *size == 2).await.unwrap();
    let leaves = desk.journal.read(0, 1).unwrap();
    let older = SqliteJournal::open(&room.0.path("older.sqlite")).unwrap();
    older.append_if(0, &leaves).unwrap();
    room.2 = Arc::new(Fragile(older, AtomicBool::new(false)));
    assert_eq!(room.desk().unwrap_err().code, Code::RecordUnlawful);
}
