//! The desk: the only way to change anything. A proposal is admitted by the law (`Cases::admit`), appended to the journal, and
//! only then seen by anyone. One thread does this; everybody else reads what it published.

use std::{
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, mpsc},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

pub use crate::view::{Step, Stood, View};
use tokio::sync::{oneshot, watch};
use visiting_policies::{
    record::{Act, Actor, Event, RequestKey},
    refusal::{Code, Refusal},
    roster::Roster,
    sign::{self, SigningKey},
};

use crate::{
    health::{Health, Standing},
    journal::Journal,
    publish::{self, Publication, Publisher},
    snapshot::{Shelf, WORTH_KEEPING},
    trial,
    view::stopped,
    writer::{Proposal, Writer, clock_behind_s},
};

/// Tells the time in milliseconds since 1970; tests bring their own.
pub type Clock = Arc<dyn Fn() -> u64 + Send + Sync>;

/// The machine's clock.
#[must_use]
pub fn system_clock() -> Clock {
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Arc::new(move || u64::try_from(now().as_millis()).unwrap_or(u64::MAX))
}

/// What writer and publisher share with the desk.
pub(crate) struct Parts {
    pub(crate) view: Arc<RwLock<View>>,
    pub(crate) journal: Arc<dyn Journal>,
    pub(crate) clock: Clock,
    pub(crate) health: Arc<Health>,
}

/// The desk. Clones share it.
#[derive(Clone)]
pub struct Desk {
    proposals: mpsc::Sender<Proposal>,
    view: Arc<RwLock<View>>,
    size: watch::Receiver<u64>,
    journal: Arc<dyn Journal>,
    clock: Clock,
    health: Arc<Health>,
    published: watch::Receiver<u64>,
    /// Whether a policy asks for witnesses.
    witnessed: bool,
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Desk({} events)", *self.size.borrow())
    }
}

impl Desk {
    /// Folds the journal, compares it with what was published last, and starts writer and publisher.
    ///
    /// # Errors
    /// When the journal is unlawful, was rolled back, or a place of publication cannot be read.
    pub fn open(
        journal: Arc<dyn Journal>,
        roster: Roster,
        key: SigningKey,
        publication: Publication,
        shelf: &Shelf,
        clock: Clock,
    ) -> Result<Self, Refusal> {
        let key = Arc::new(key);
        let view = Arc::new(RwLock::new(View::new(roster, Arc::clone(&key))));
        let size = watch::Sender::new(0);
        let (proposals, inbox) = mpsc::channel();
        let published = watch::Sender::new(0);
        let (told_size, told_published) = (size.subscribe(), published.subscribe());
        let witnessed = !publication.policy.asks_for_no_witness();
        let health = Arc::default();
        let desk = Self { proposals, size: told_size, view, journal, clock, health, published: told_published, witnessed };
        // Read before the journal: what another gateway publishes meanwhile is in the journal by then.
        // On a thread of its own, as a place may block, which nothing may do where this is called.
        let seen = std::thread::scope(|scope| scope.spawn(|| publication.seen()).join());
        let seen = seen.map_err(|_| unavailable(&"what was published could not be read"))?.map_err(|e| unavailable(&e))?;
        desk.recover(&seen, shelf, &key)?;
        let publisher = Publisher::new(publication, desk.parts(), published, key).map_err(|e| unavailable(&e))?;
        size.send_replace(desk.view().tree.size());
        let (news, told) = mpsc::channel();
        publisher.start(told).map_err(|e| unavailable(&e))?;
        trial::start(&desk.journal, &desk.health).map_err(|e| unavailable(&e))?;
        Writer::new(desk.parts(), size, news).start(inbox)?;
        Ok(desk)
    }

    fn recover(&self, seen: &[(String, Vec<u8>)], shelf: &Shelf, key: &SigningKey) -> Result<(), Refusal> {
        let mut view = self.view.write().unwrap_or_else(PoisonError::into_inner);
        let kept = shelf.read(view.cases.roster(), key);
        let before = kept.as_ref().map_or(0, |kept| kept.size);
        view.recover(self.journal.as_ref(), kept)?;
        if view.cases.log_key() != key.public() {
            return Err(Refusal::new(Code::KeyUnusable, "log.seed is not the key that the record has in force"));
        }
        publish::compare(&view, seen)?;
        if view.tree.size() - before >= WORTH_KEEPING {
            shelf.keep(&view, key);
        }
        Ok(())
    }

    /// Records an act and returns its index once it is durable. A request that was recorded before gives the first index.
    ///
    /// # Errors
    /// The rule it breaks, or [`Code::RecordUnavailable`]; nothing has happened then.
    pub async fn act(&self, by: Actor, request: Option<RequestKey>, act: Act) -> Result<u64, Refusal> {
        self.act_with(by, request, act, None).await
    }

    /// The same with what the gateway must do in the same write, because it follows.
    ///
    /// # Errors
    /// As [`Self::act`].
    pub async fn act_with(&self, by: Actor, request: Option<RequestKey>, act: Act, follows: Option<Act>) -> Result<u64, Refusal> {
        let (reply, answer) = oneshot::channel();
        let stopped = |_| Refusal::new(Code::RecordUnavailable, "the record is not being written; nothing was done, try again later");
        self.proposals.send(Proposal { by, request, act, follows, reply }).map_err(stopped)?;
        answer.await.map_err(|_| unknown())?
    }

    /// Index of the event that this request made before, if it did.
    ///
    /// # Errors
    /// [`Code::KeyReused`] when the key was used for another request.
    pub fn repeated(&self, request: &RequestKey) -> Result<Option<u64>, Refusal> {
        self.view().cases.repeated(request)
    }

    /// What is durable now. Hold it shortly: the writer waits for it.
    pub fn view(&self) -> RwLockReadGuard<'_, View> {
        self.view.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Leaves from the journal.
    ///
    /// # Errors
    /// [`Code::RecordUnavailable`].
    pub async fn leaves(&self, from: u64, limit: u64) -> Result<Vec<String>, Refusal> {
        let journal = Arc::clone(&self.journal);
        let read = tokio::task::spawn_blocking(move || journal.read(from, limit));
        let leaves = read.await.map_err(|e| unavailable(&e))?.map_err(|e| stopped(&e))?;
        Ok(leaves.into_iter().map(|leaf| String::from_utf8_lossy(&leaf).into_owned()).collect())
    }

    /// The event at `index` and the one after it, which may follow from it.
    ///
    /// # Errors
    /// [`Code::RecordUnavailable`].
    pub async fn event_and_next(&self, index: u64) -> Result<(Event, Option<Event>), Refusal> {
        let leaves = self.leaves(index, 2).await?;
        let mut events = leaves.iter().map(|leaf| Event::from_bytes(leaf.as_bytes()));
        let first = events.next().ok_or_else(|| Refusal::not_found("event"))??;
        Ok((first, events.next().transpose()?))
    }

    /// Waits until `ready` answers something, at most `wait`. Wakes when the record grows, never by itself.
    pub async fn wait_for<T>(&self, wait: Duration, mut ready: impl FnMut() -> Option<T>) -> Option<T> {
        let mut size = self.changes();
        let until = tokio::time::Instant::now() + wait;
        loop {
            size.borrow_and_update();
            if let Some(answer) = ready() {
                return Some(answer);
            }
            match tokio::time::timeout_at(until, size.changed()).await {
                Ok(Ok(())) => {}
                _ => return None,
            }
        }
    }

    /// Tells when the record has grown.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.size.clone()
    }

    /// The clock's time, milliseconds since 1970.
    #[must_use]
    pub fn now_ms(&self) -> u64 {
        (self.clock)()
    }

    /// Waits until everything that is durable is published too, at most `wait`: whoever stops a gateway in peace finds a whole log.
    pub(crate) async fn settle(&self, wait: Duration) {
        let size = self.view().tree.size();
        let mut published = self.published.clone();
        if tokio::time::timeout(wait, published.wait_for(|published| *published >= size)).await.is_err() {
            tracing::warn!("the newest events are not published yet; the next start does it");
        }
    }

    /// The checkpoint that the enclave may go by, over everything that is durable now: where witnesses are asked for, they have
    /// cosigned it, which is waited for at most `wait`.
    ///
    /// # Errors
    /// [`Code::RecordUnavailable`] when too few witnesses answer.
    pub async fn stood(&self, wait: Duration) -> Result<Arc<Stood>, Refusal> {
        let (size, note) = {
            let view = self.view();
            (view.tree.size(), view.checkpoint().to_owned())
        };
        if !self.witnessed {
            return Ok(Arc::new(Stood { size, note, cosigned: false }));
        }
        let mut published = self.published.clone();
        let reached = tokio::time::timeout(wait, published.wait_for(|published| *published >= size)).await;
        let stood = self.view().published.clone();
        let late = || Refusal::new(Code::RecordUnavailable, "too few witnesses have cosigned the record; nothing goes on until they do");
        if reached.is_ok_and(|reached| reached.is_ok()) { stood.ok_or_else(late) } else { Err(late()) }
    }

    /// What is wrong at this moment.
    pub(crate) fn health(&self) -> Standing {
        let (size, published, last_ms) = {
            let view = self.view();
            (view.tree.size(), view.published.as_ref().map_or(0, |stood| stood.size), view.last_ms)
        };
        self.health.standing(size, published, clock_behind_s(self.now_ms(), last_ms))
    }

    /// The causes, for the operator's side.
    pub(crate) fn causes(&self) -> Vec<String> {
        let last_ms = self.view().last_ms;
        self.health.causes(clock_behind_s(self.now_ms(), last_ms))
    }

    fn parts(&self) -> Parts {
        let (view, journal) = (Arc::clone(&self.view), Arc::clone(&self.journal));
        Parts { view, journal, clock: Arc::clone(&self.clock), health: Arc::clone(&self.health) }
    }
}

/// Nobody knows yet whether it was done.
pub(crate) fn unknown() -> Refusal {
    let detail = "the record failed while this was written, and whether it was done is not known yet; send it again under the same Idempotency-Key, and it is done once";
    Refusal::new(Code::RecordUnavailable, detail)
}

/// A fault of the store as the caller may see it; the cause goes to the operator's log.
pub(crate) fn unavailable(cause: &dyn std::fmt::Display) -> Refusal {
    tracing::error!("the record is unavailable: {cause}");
    Refusal::new(Code::RecordUnavailable, "the record cannot be written or read, so nothing was done; try again later")
}

/// Digest that names a request of an actor; the record holds no raw keys.
#[must_use]
pub fn request_key(actor: &str, key: &str, request: &[u8]) -> RequestKey {
    RequestKey { key: sign::digest(format!("{actor}\n{key}").as_bytes()), request: sign::digest(request) }
}

#[cfg(test)]
mod tests {
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
}
