//! The desk over a journal of its own: what is acknowledged, repeated, refused and published.

use visiting_tlog::{folder::Folder, read::Reader, store::Published};

use super::*;
use crate::{
    journal::{
        SqliteJournal,
        memory::{self, Memory, Mood, listing, opened},
    },
    setup::tests::Scratch,
};

/// A desk that publishes into this folder.
fn desk(scratch: &Scratch, journal: Arc<dyn Journal>) -> Result<Desk, Refusal> {
    let (roster, key) = memory::roster();
    let publication = Publication::unwitnessed(&scratch.path("log")).unwrap();
    Desk::open(journal, roster, key, publication, &Shelf::at(&scratch.path("")), system_clock())
}

/// On a disk, whose syncs take as long as it needs for acts to meet.
#[tokio::test(flavor = "multi_thread")]
async fn acts_at_once_are_all_recorded_and_published() {
    let scratch = Scratch::new("desk-group");
    let journal = SqliteJournal::open(&scratch.path("journal.sqlite")).unwrap();
    let desk = desk(&scratch, Arc::new(journal)).unwrap();
    desk.act(Actor::Gateway, None, opened()).await.unwrap();
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
    let folder = Folder::new(&scratch.path("log"));
    let note = folder.checkpoint().unwrap().unwrap();
    assert_eq!(String::from_utf8(note).unwrap(), desk.view().checkpoint());
    let read = |entry: Result<Vec<u8>, _>| String::from_utf8(entry.unwrap()).unwrap();
    let log: Vec<_> = Reader::new(folder, 65).entries().map(read).collect();
    assert_eq!(log, told);
}

#[tokio::test]
async fn without_a_record_nothing_happens() {
    let (scratch, journal) = (Scratch::new("desk-full"), Memory::default());
    let desk = desk(&scratch, Arc::new(journal.clone())).unwrap();
    desk.act(Actor::Gateway, None, opened()).await.unwrap();
    journal.feel(Mood::Full);
    let refused = desk.act(Actor::Gateway, None, listing("l")).await.unwrap_err();
    assert_eq!(refused.code, Code::RecordUnavailable);
    assert_eq!((desk.view().cases.size(), desk.view().cases.listings.len()), (1, 0));
    journal.feel(Mood::Well);
    assert_eq!(desk.act(Actor::Gateway, None, listing("l")).await.unwrap(), 1);
}

#[tokio::test]
async fn a_repeated_request_gives_the_first_index_also_after_a_restart() {
    let (scratch, journal) = (Scratch::new("desk-again"), Memory::default());
    let open = || desk(&scratch, Arc::new(journal.clone())).unwrap();
    let (desk, request) = (open(), request_key("gateway", "k", b"one"));
    desk.act(Actor::Gateway, None, opened()).await.unwrap();
    let first = desk.act(Actor::Gateway, Some(request.clone()), listing("l")).await.unwrap();
    drop(desk);
    let desk = open();
    assert_eq!(desk.act(Actor::Gateway, Some(request), listing("l")).await.unwrap(), first);
    let other = desk.act(Actor::Gateway, Some(request_key("gateway", "k", b"two")), listing("m")).await.unwrap_err();
    assert_eq!(other.code, Code::KeyReused);
}

#[tokio::test]
async fn a_rolled_back_journal_is_not_served() {
    let (scratch, journal) = (Scratch::new("desk-rollback"), Memory::default());
    let open = |journal: &Memory| desk(&scratch, Arc::new(journal.clone()));
    let desk = open(&journal).unwrap();
    desk.act(Actor::Gateway, None, opened()).await.unwrap();
    desk.act(Actor::Gateway, None, listing("l")).await.unwrap();
    // What nobody has seen can be taken back unseen; what was published cannot.
    desk.published.clone().wait_for(|size| *size == 2).await.unwrap();
    let older = Memory::default();
    older.put(journal.leaves()[..1].to_vec());
    assert_eq!(open(&older).unwrap_err().code, Code::RecordUnlawful);
}
