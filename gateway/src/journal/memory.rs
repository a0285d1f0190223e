//! A journal in memory for tests, with which what no real one should do can be done: leaves go away, become others, or cannot be
//! written. And a small lawful record to put into it.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use visiting_policies::{
    record::{Act, Actor, Event, VERSION},
    roster::Roster,
    sign::{self, SigningKey},
};

use super::{Journal, JournalError, StoreFault, Trouble, suite};

/// Origin of the log.
pub(crate) const ORIGIN: &str = "memory.example/log";

/// Seed of the log's key.
pub(crate) const SEED: [u8; 32] = [7; 32];

/// What happens to who writes.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) enum Mood {
    #[default]
    Well,
    /// The disk is full.
    Full,
    /// What is written is kept, and the answer is lost.
    Unanswered,
    /// The same, and nothing can be read either.
    Unreadable,
    /// The answer is lost, and what is written comes when somebody has read.
    Late,
    /// A fault of the program.
    Panics,
}

/// The journal. Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Memory(Arc<State>);

#[derive(Debug, Default)]
struct State {
    leaves: Mutex<Vec<Vec<u8>>>,
    /// What will be there after the next reading.
    late: Mutex<Option<Vec<Vec<u8>>>>,
    mood: Mutex<Mood>,
    shared: bool,
}

impl Memory {
    /// One that others write too.
    pub(crate) fn shared() -> Self {
        Self(Arc::new(State { shared: true, ..State::default() }))
    }

    pub(crate) fn leaves(&self) -> Vec<Vec<u8>> {
        self.0.leaves.lock().unwrap().clone()
    }

    /// These are there from now on, whatever was: as after a restore, or another gateway's writing.
    pub(crate) fn put(&self, leaves: Vec<Vec<u8>>) {
        *self.0.leaves.lock().unwrap() = leaves;
    }

    pub(crate) fn feel(&self, mood: Mood) {
        *self.0.mood.lock().unwrap() = mood;
    }

    fn mood(&self) -> Mood {
        *self.0.mood.lock().unwrap()
    }

    fn write<T>(&self, work: impl FnOnce(&mut Vec<Vec<u8>>) -> Result<T, JournalError>) -> Result<T, JournalError> {
        match self.mood() {
            Mood::Well => work(&mut self.0.leaves.lock().unwrap()),
            Mood::Full => Err(StoreFault::new(Trouble::Full, "database or disk is full").into()),
            Mood::Unanswered | Mood::Unreadable => work(&mut self.0.leaves.lock().unwrap()).and_then(|_| Err(lost())),
            Mood::Late => {
                let mut leaves = self.leaves();
                work(&mut leaves)?;
                *self.0.late.lock().unwrap() = Some(leaves);
                Err(lost())
            }
            Mood::Panics => panic!("a fault of the program"),
        }
    }
}

fn lost() -> JournalError {
    StoreFault::new(Trouble::Unreachable, "the connection was lost").into()
}

impl Journal for Memory {
    fn append_if(&self, head: u64, batch: &[Vec<u8>]) -> Result<u64, JournalError> {
        self.write(|leaves| {
            let found = leaves.len() as u64;
            if found != head {
                return Err(JournalError::HeadMoved { expected: head, found });
            }
            leaves.extend(batch.iter().cloned());
            Ok(leaves.len() as u64)
        })
    }

    fn read(&self, from: u64, limit: u64) -> Result<Vec<Vec<u8>>, JournalError> {
        if matches!(self.mood(), Mood::Unreadable) {
            return Err(lost());
        }
        let (from, limit) = (usize::try_from(from).unwrap(), usize::try_from(limit).unwrap());
        let read = self.leaves().into_iter().skip(from).take(limit).collect();
        if let Some(leaves) = self.0.late.lock().unwrap().take() {
            self.put(leaves);
        }
        Ok(read)
    }

    fn probe(&self) -> Result<(), JournalError> {
        self.write(|_| Ok(()))
    }

    fn is_shared(&self) -> bool {
        self.0.shared
    }
}

/// A roster without people, and the log's key.
pub(crate) fn roster() -> (Roster, SigningKey) {
    let key = SigningKey::from_seed(&SEED).unwrap();
    let (log_key, enclave_key) = (key.public(), key.public());
    (Roster { origin: ORIGIN.to_owned(), log_key, enclave_key, quorum: 2, members: BTreeMap::new() }, key)
}

/// Something that is lawful at any time.
pub(crate) fn listing(name: &str) -> Act {
    Act::ListingPublished { listing: name.to_owned(), digest: sign::digest(name.as_bytes()) }
}

/// A record's first event.
pub(crate) fn opened() -> Act {
    let (roster, _) = roster();
    Act::RecordOpened { origin: roster.origin.clone(), roster: roster.digest(), demo: true }
}

/// The leaf of an act of the gateway.
pub(crate) fn leaf(act: Act) -> Vec<u8> {
    Event { v: VERSION, at_ms: 1000, by: Actor::Gateway, request: None, act }.to_bytes().unwrap()
}

/// Leaves of a record that was opened, and then had a listing of each of these names.
pub(crate) fn record(names: &[&str]) -> Vec<Vec<u8>> {
    std::iter::once(opened()).chain(names.iter().map(|name| listing(name))).map(leaf).collect()
}

#[test]
fn it_is_a_journal() {
    let mut last = Memory::default();
    suite::is_a_journal(|again| {
        if !again {
            last = Memory::default();
        }
        Box::new(last.clone())
    });
}
