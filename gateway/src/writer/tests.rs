//! A journal that went back, became another one, or went on under another key, while a gateway runs on it; and what is said after a
//! fault of it.

use std::fs::{self, File};

use visiting_policies::{rotation::LogKeyRotation, sign::SigningKey};

use super::*;
use crate::{
    desk::system_clock,
    journal::memory::{self, Memory, Mood},
    setup::tests::Scratch,
};

/// A writer over a journal, on the test's own thread.
struct Room {
    journal: Memory,
    writer: Writer,
    view: Arc<RwLock<View>>,
    health: Arc<Health>,
}

impl Room {
    /// Everything that the journal holds is folded.
    fn over(journal: Memory) -> Self {
        let (roster, key) = memory::roster();
        let mut view = View::new(roster, Arc::new(key));
        view.recover(&journal, None).unwrap();
        let (view, health) = (Arc::new(RwLock::new(view)), Arc::new(Health::default()));
        let parts =
            Parts { view: Arc::clone(&view), journal: Arc::new(journal.clone()), clock: system_clock(), health: Arc::clone(&health) };
        Self { writer: Writer::new(parts, watch::Sender::new(0), mpsc::sync_channel(1).0), journal, view, health }
    }

    fn act(&mut self, name: &str) -> Result<u64, Refusal> {
        let (reply, mut answer) = oneshot::channel();
        let act = memory::listing(name);
        self.writer.commit(vec![Proposal { by: Actor::Gateway, request: None, act, follows: None, reply }]);
        answer.try_recv().unwrap()
    }

    /// What is said to who wants this recorded while the journal is in such a mood.
    fn told(&mut self, mood: Mood, name: &str) -> String {
        self.journal.feel(mood);
        self.act(name).unwrap_err().detail
    }

    /// Other gateways write these.
    fn others_write(&self, acts: impl IntoIterator<Item = Act>) {
        let mut leaves = self.journal.leaves();
        leaves.extend(acts.into_iter().map(memory::leaf));
        self.journal.put(leaves);
    }

    fn size(&self) -> u64 {
        self.view.read().unwrap().tree.size()
    }

    /// The record is closed, for this reason, and stays so: nothing is written to it.
    fn is_closed(&mut self, why: &str) {
        assert_eq!(self.health.standing(0, 0, None).record, "closed");
        let causes = self.health.causes(None);
        assert!(causes.iter().any(|cause| cause.contains(why)), "{causes:?}");
        let (leaves, size) = (self.journal.leaves(), self.size());
        assert_eq!(self.act("more").unwrap_err().code, Code::RecordUnavailable);
        assert_eq!((self.journal.leaves(), self.size()), (leaves, size));
    }
}

#[test]
fn a_journal_that_went_back_under_its_one_gateway_closes_the_record() {
    let journal = Memory::default();
    journal.put(memory::record(&["a", "b"]));
    let mut room = Room::over(journal);
    assert_eq!(room.act("c").unwrap(), 3);
    room.journal.put(memory::record(&["a"]));
    assert_eq!(room.act("d").unwrap_err().code, Code::RecordUnavailable);
    room.is_closed("the journal holds 2 events and had 4");
    // Whoever puts it back has still to look.
    room.journal.put(memory::record(&["a", "b", "c"]));
    room.is_closed("the journal holds 2 events and had 4");
}

/// A fail-over to an older copy; and to one that others have written on since, so that it is as long as it was, or longer.
#[test]
fn a_journal_of_several_gateways_that_went_back_closes_the_record_before_anything_is_admitted() {
    let copies: [&[&str]; 3] = [&["a"], &["a", "x"], &["a", "x", "y", "z"]];
    for others in copies {
        let journal = Memory::shared();
        journal.put(memory::record(&["a", "b"]));
        let mut room = Room::over(journal);
        room.journal.put(memory::record(others));
        assert_eq!(room.act("c").unwrap_err().code, Code::RecordUnavailable);
        assert_eq!(room.size(), 3);
        room.is_closed("event 2 of the journal is gone or another one");
    }
}

/// The same while nobody proposes anything.
#[test]
fn a_gateway_that_only_follows_notices_that_the_journal_went_back() {
    let journal = Memory::shared();
    journal.put(memory::record(&["a", "b"]));
    let mut room = Room::over(journal);
    room.journal.put(memory::record(&["a", "x", "y"]));
    assert_eq!(room.writer.catch_up().unwrap_err().code, Code::RecordUnavailable);
    assert_eq!(room.size(), 3);
    room.is_closed("event 2 of the journal is gone or another one");
}

#[test]
fn what_others_wrote_after_the_newest_known_event_is_taken() {
    let journal = Memory::shared();
    let mut room = Room::over(journal);
    // The first event of all is another gateway's too.
    room.journal.put(memory::record(&["a"]));
    room.writer.catch_up().unwrap();
    room.journal.put(memory::record(&["a", "x", "y"]));
    assert_eq!(room.act("b").unwrap(), 4);
    assert_eq!((room.size(), room.health.standing(0, 0, None).record), (5, "writing"));
}

/// Nobody else is at its disk: what is not there does not come.
#[test]
fn after_a_fault_of_its_own_disk_a_gateway_says_whether_the_act_is_in_the_journal() {
    let journal = Memory::default();
    journal.put(memory::record(&["a"]));
    let mut room = Room::over(journal);
    let full = room.told(Mood::Full, "b");
    assert!(full.starts_with("nothing was done: ") && full.contains("its disk is full"), "{full}");
    assert_eq!((room.journal.leaves().len(), room.size()), (2, 2));
    room.journal.feel(Mood::Unanswered);
    assert_eq!((room.act("c").unwrap(), room.size()), (2, 3), "it is there after all");
    // It was done, which nobody can see.
    assert_eq!(room.told(Mood::Unreadable, "d"), unknown().detail);
    assert_eq!((room.journal.leaves().len(), room.size()), (4, 3));
    room.journal.feel(Mood::Well);
    assert_eq!((room.act("e").unwrap(), room.size()), (4, 5));
}

/// A server may still be at what it has not answered. What was not handed to it was not done.
#[test]
fn after_a_fault_of_a_shared_journal_it_is_not_known_what_was_done_until_it_is_there() {
    let journal = Memory::shared();
    journal.put(memory::record(&["a"]));
    let mut room = Room::over(journal);
    assert_eq!(room.told(Mood::Full, "b"), unknown().detail);
    room.journal.feel(Mood::Unanswered);
    assert_eq!((room.act("c").unwrap(), room.size()), (2, 3), "it is there after all");
    assert_eq!(room.told(Mood::Late, "d"), unknown().detail);
    assert_eq!((room.journal.leaves().len(), room.size()), (4, 4), "it came, and is shown");
    room.journal.feel(Mood::Unreadable);
    let refused = room.act("e").unwrap_err().detail;
    assert!(refused.starts_with("nothing was done: ") && refused.contains("its server cannot be reached"), "{refused}");
    assert_eq!(room.journal.leaves().len(), 4, "it was not tried");
}

/// It has no key to sign with what comes after.
#[test]
fn a_gateway_whose_key_another_one_rotated_stays_at_the_rotation_however_often_it_looks() {
    let journal = Memory::shared();
    journal.put(memory::record(&["a"]));
    let mut room = Room::over(journal);
    let ((_, old), new) = (memory::roster(), SigningKey::from_seed(&[9; 32]).unwrap());
    room.others_write([LogKeyRotation::act(memory::ORIGIN, &old, &new), memory::listing("b"), memory::listing("c")]);
    room.writer.look();
    let shown = room.view.read().unwrap().checkpoint().to_owned();
    for name in ["d", "e", "f"] {
        room.others_write([memory::listing(name)]);
        room.writer.look();
        assert_eq!(room.size(), 3, "it has read the rotation, and nothing past it");
        assert_eq!(room.view.read().unwrap().checkpoint(), shown);
    }
    room.is_closed(OUTDATED_KEY);
}

/// A gateway looks ten times a second, and its publisher comes upon it in its own turns.
#[test]
fn why_a_record_is_closed_is_logged_once() {
    let scratch = Scratch::new("writer-logged");
    let closed = || {
        let journal = Memory::shared();
        journal.put(memory::record(&["a", "b"]));
        let mut room = Room::over(journal);
        room.journal.put(memory::record(&["a"]));
        (0..3).for_each(|_| room.writer.look());
        room.health.close("the publisher's reason");
    };
    let listener = |name: &str| tracing_subscriber::fmt().with_writer(File::create(scratch.path(name)).unwrap()).finish();
    // Twice: what logs for the first time on another test's thread, where nobody listens, stays silent until one more begins to listen.
    tracing::subscriber::with_default(listener("first"), || {
        closed();
        tracing::subscriber::with_default(listener("second"), closed);
    });
    let log = fs::read_to_string(scratch.path("second")).unwrap();
    let lines = |words: &str| log.lines().filter(|line| line.contains(words)).count();
    assert_eq!((lines("the record is closed: "), lines("cannot be followed"), log.lines().count()), (1, 1, 2), "{log}");
}
