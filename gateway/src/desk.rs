//! The desk: the only way to change anything. A proposal is admitted by the law (`Cases::admit`), appended to the journal, and
//! only then seen by anyone. One thread does this; everybody else reads what it published.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, mpsc},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use tokio::sync::{oneshot, watch};
use visiting_policies::{
    case::Cases,
    merkle::{Tree, leaf_hash},
    note::Checkpoint,
    record::{Act, Actor, Event, RequestKey},
    refusal::{Code, Refusal},
    roster::Roster,
    sign::{self, SigningKey},
    terms::ApplicationId,
};

use crate::{
    journal::Journal,
    log_folder::{self, LogFolder, PAGE},
    writer::{Proposal, Writer},
};

/// Tells the time in milliseconds since 1970; tests bring their own.
pub type Clock = Arc<dyn Fn() -> u64 + Send + Sync>;

/// The machine's clock.
#[must_use]
pub fn system_clock() -> Clock {
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Arc::new(move || u64::try_from(now().as_millis()).unwrap_or(u64::MAX))
}

/// What readers see: the fold and the tree of everything that is durable.
#[derive(Debug)]
pub struct View {
    /// The fold.
    pub cases: Cases,
    /// The tree over the leaves.
    pub tree: Tree,
    /// The signed checkpoint over all of them.
    pub checkpoint: String,
    /// Digest of reception's remarks by application: the law does not need them, the applicant does.
    pub remarks: BTreeMap<ApplicationId, String>,
    /// When a permit was issued and a run released, milliseconds since 1970, by id: for the public register.
    pub moments: BTreeMap<String, u64>,
    /// The steps of each application, oldest first: for the people of the case.
    pub courses: BTreeMap<ApplicationId, Vec<Step>>,
}

/// One step of a case, as the record has it.
#[derive(Debug, Clone)]
pub struct Step {
    /// Index of its event.
    pub index: u64,
    /// When, milliseconds since 1970.
    pub at_ms: u64,
    /// Who.
    pub by: Actor,
    /// The event's kind.
    pub kind: String,
}

impl View {
    /// Folds one durable leaf.
    pub(crate) fn follow(&mut self, event: &Event, leaf: &[u8]) -> Result<(), Refusal> {
        self.cases.admit(event)?;
        self.tree.push(leaf_hash(leaf));
        if let Some(application) = self.case_of(&event.act) {
            let step = Step { index: self.tree.size() - 1, at_ms: event.at_ms, by: event.by.clone(), kind: event.act.kind() };
            self.courses.entry(application).or_default().push(step);
        }
        match &event.act {
            Act::CompletenessDenied { application, remarks } => {
                self.remarks.insert(application.clone(), remarks.clone());
            }
            Act::PermitIssued { permit } => {
                self.moments.insert(permit.id.to_string(), event.at_ms);
            }
            Act::Released { run, .. } => {
                self.moments.insert(run.to_string(), event.at_ms);
            }
            _ => {}
        }
        Ok(())
    }

    /// The application that an act moves.
    fn case_of(&self, act: &Act) -> Option<ApplicationId> {
        let of_permit = |permit| self.cases.permits.get(permit).map(|case| case.permit.application.clone());
        match act {
            Act::ApplicationSubmitted { application, .. }
            | Act::CompletenessConfirmed { application }
            | Act::CompletenessDenied { application, .. } => Some(application.clone()),
            Act::VoteCast { vote } => Some(vote.ballot.application.clone()),
            Act::PermitIssued { permit } => Some(permit.application.clone()),
            Act::ExtractMade { report, .. } => of_permit(&report.permit),
            Act::PermitSuspended { order, .. } => of_permit(&order.permit),
            _ => None,
        }
    }

    /// Signs the checkpoint over what is folded.
    pub(crate) fn seal(&mut self, origin: &str, key: &SigningKey) {
        let size = self.tree.size();
        if let Some(root) = self.tree.root(size) {
            self.checkpoint = Checkpoint { size, root }.sign(origin, key);
        }
    }
}

/// The desk. Clones share it.
#[derive(Clone)]
pub struct Desk {
    proposals: mpsc::Sender<Proposal>,
    view: Arc<RwLock<View>>,
    size: watch::Receiver<u64>,
    journal: Arc<dyn Journal>,
    clock: Clock,
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Desk({} events)", *self.size.borrow())
    }
}

impl Desk {
    /// Folds the journal, compares it with the log published last, and starts the writer.
    ///
    /// # Errors
    /// When the journal is unlawful, was rolled back, or the log folder cannot be written.
    pub fn open(journal: Arc<dyn Journal>, roster: Roster, key: SigningKey, log: &Path, clock: Clock) -> Result<Self, Refusal> {
        let origin = roster.origin.clone();
        if roster.log_key != key.public() {
            return Err(Refusal::new(Code::KeyUnusable, "log.seed is not the key that the roster names"));
        }
        let (mut view, last_ms) = recover(journal.as_ref(), roster)?;
        compare(&view, log_folder::last_checkpoint(log, &origin, &key.public_bytes()))?;
        view.seal(&origin, &key);
        let folder = LogFolder::open(log, journal.as_ref()).map_err(|e| unavailable(&e))?;
        let size = watch::Sender::new(view.cases.size());
        let (proposals, inbox) = mpsc::channel();
        let desk = Self { proposals, size: size.subscribe(), view: Arc::new(RwLock::new(view)), journal, clock };
        Writer::new(&desk, folder, size, origin, key, last_ms).start(inbox)?;
        Ok(desk)
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
        let stopped = || Refusal::new(Code::RecordUnavailable, "the record is not being written; nothing was done, try again later");
        self.proposals.send(Proposal { by, request, act, follows, reply }).map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
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
        let leaves = read.await.map_err(|e| unavailable(&e))?.map_err(|e| unavailable(&e))?;
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

    pub(crate) fn parts(&self) -> (Arc<RwLock<View>>, Arc<dyn Journal>, Clock) {
        (Arc::clone(&self.view), Arc::clone(&self.journal), Arc::clone(&self.clock))
    }
}

/// A fault of the store as the caller may see it; the cause goes to the operator's log.
pub(crate) fn unavailable(cause: &dyn std::fmt::Display) -> Refusal {
    tracing::error!("the record is unavailable: {cause}");
    Refusal::new(Code::RecordUnavailable, "the record cannot be written or read, so nothing was done; try again later")
}

/// Folds the whole journal under the same law as a new event.
fn recover(journal: &dyn Journal, roster: Roster) -> Result<(View, u64), Refusal> {
    let mut view = View {
        cases: Cases::new(roster),
        tree: Tree::default(),
        checkpoint: String::new(),
        remarks: BTreeMap::new(),
        moments: BTreeMap::new(),
        courses: BTreeMap::new(),
    };
    let mut last_ms = 0;
    loop {
        let page = journal.read(view.tree.size(), PAGE).map_err(|e| unavailable(&e))?;
        if page.is_empty() {
            return Ok((view, last_ms));
        }
        for leaf in page {
            let event = Event::from_bytes(&leaf)?;
            last_ms = last_ms.max(event.at_ms);
            view.follow(&event, &leaf)?;
        }
    }
}

/// What was published can only be a beginning of the journal: otherwise events were lost or changed and nothing may go on.
fn compare(view: &View, published: Option<Checkpoint>) -> Result<(), Refusal> {
    let Some(published) = published else { return Ok(()) };
    if view.tree.root(published.size) == Some(published.root) {
        return Ok(());
    }
    let detail =
        "the journal does not continue the published checkpoint: it was rolled back or changed; restore the newest copy of the journal";
    Err(Refusal::new(Code::RecordUnlawful, detail))
}

/// Digest that names a request of an actor; the record holds no raw keys.
#[must_use]
pub fn request_key(actor: &str, key: &str, request: &[u8]) -> RequestKey {
    RequestKey { key: sign::digest(format!("{actor}\n{key}").as_bytes()), request: sign::digest(request) }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;
    use crate::{
        home::Home,
        journal::{JournalError, SqliteJournal},
        setup::{self, tests::Scratch},
    };

    /// A journal whose disk can be full.
    #[derive(Debug)]
    struct Fragile(SqliteJournal, AtomicBool);

    impl Journal for Fragile {
        fn append_if(&self, head: u64, batch: &[Vec<u8>]) -> Result<u64, JournalError> {
            if self.1.load(Ordering::SeqCst) {
                return Err(JournalError::Store(rusqlite::Error::InvalidQuery));
            }
            self.0.append_if(head, batch)
        }

        fn read(&self, from: u64, limit: u64) -> Result<Vec<Vec<u8>>, JournalError> {
            self.0.read(from, limit)
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
            Desk::open(self.2.clone(), roster, key, &self.1.log(), system_clock())
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
        let log = std::fs::read_to_string(room.1.log().join("events.ndjson")).unwrap();
        assert_eq!(log.lines().collect::<Vec<_>>(), desk.leaves(0, 100).await.unwrap());
        assert_eq!(std::fs::read_to_string(room.1.log().join("checkpoint")).unwrap(), desk.view().checkpoint);
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
        let leaves = desk.journal.read(0, 1).unwrap();
        let older = SqliteJournal::open(&room.0.path("older.sqlite")).unwrap();
        older.append_if(0, &leaves).unwrap();
        room.2 = Arc::new(Fragile(older, AtomicBool::new(false)));
        assert_eq!(room.desk().unwrap_err().code, Code::RecordUnlawful);
    }
}
