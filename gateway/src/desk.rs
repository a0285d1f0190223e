//! The desk: the only way to change anything. A proposal is admitted by the law (`Cases::admit`), appended to the journal, and
//! only then seen by anyone. One thread at a time does this; everybody else reads what it published.

#[cfg(test)]
mod tests;

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use tokio::{
    runtime::{Handle, RuntimeFlavor},
    sync::{oneshot, watch},
};
use visiting_policies::{
    record::{Act, Actor, Event, RequestKey},
    refusal::{Code, Refusal},
    roster::Roster,
    sign::{self, SigningKey},
};

pub use crate::view::{Step, Stood, View};

use crate::{
    health::{Health, Standing, WRITER},
    journal::Journal,
    publish::{self, Publication, Publisher},
    snapshot::{Shelf, WORTH_KEEPING},
    trial,
    view::{self, stopped},
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
#[derive(Clone)]
pub(crate) struct Parts {
    pub(crate) view: Arc<RwLock<View>>,
    pub(crate) journal: Arc<dyn Journal>,
    pub(crate) clock: Clock,
    pub(crate) health: Arc<Health>,
}

impl Parts {
    /// Folds the journal, and compares it with the checkpoints that are published.
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
}

/// One caller that waits; it counts until it is dropped.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn among(all: &'a AtomicUsize) -> Self {
        all.fetch_add(1, Ordering::SeqCst);
        Self(all)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// The desk. Clones share it.
#[derive(Clone)]
pub struct Desk {
    proposals: mpsc::Sender<Proposal>,
    writer: Arc<Mutex<Writer>>,
    /// Callers whose proposals are on their way to the writer's thread.
    waiting: Arc<AtomicUsize>,
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
        let parts = Parts { view, journal, clock, health: Arc::default() };
        let witnessed = !publication.policy.asks_for_no_witness();
        // Read before the journal: what another gateway publishes meanwhile is in the journal by then.
        // On a thread of its own, as a place may block, which nothing may do where this is called.
        let seen = std::thread::scope(|scope| scope.spawn(|| publication.seen()).join());
        let seen = seen.map_err(|_| unavailable(&"what was published could not be read"))?.map_err(|e| unavailable(&e))?;
        parts.recover(&seen, shelf, &key)?;
        let (publishing, published) = watch::channel(0);
        let publisher = Publisher::new(publication, parts.clone(), publishing, key).map_err(|e| unavailable(&e))?;
        let (news, told) = mpsc::sync_channel(1);
        publisher.start(told).map_err(|e| unavailable(&e))?;
        trial::start(&parts.journal, &parts.health).map_err(|e| unavailable(&e))?;
        let (growing, size) = watch::channel(view::read(&parts.view).tree.size());
        let (proposals, inbox) = mpsc::channel();
        let writer = Writer::new(parts.clone(), growing, news).start(inbox)?;
        let Parts { view, journal, clock, health } = parts;
        Ok(Self { proposals, writer, waiting: Arc::default(), view, size, journal, clock, health, published, witnessed })
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
        let proposal = Proposal { by, request, act, follows, reply };
        let _waiting = self.hand_in(proposal)?;
        answer.await.map_err(|_| unknown())?
    }

    /// A caller that is alone commits on its own thread: to wake another one and be woken by it takes a good part of a disk's sync.
    /// Whoever finds somebody writing or waiting goes to the writer's thread, where those that meet share one sync.
    fn hand_in(&self, proposal: Proposal) -> Result<Option<Waiting<'_>>, Refusal> {
        let stopped = |_| Refusal::new(Code::RecordUnavailable, "the record is not being written; nothing was done, try again later");
        if let Some(mut writer) = self.free() {
            // Should it panic, the lock is poisoned, which ends the writer's thread, and health is told.
            let _watch = self.health.watch(WRITER);
            tokio::task::block_in_place(|| writer.commit(vec![proposal]));
            return Ok(None);
        }
        let waiting = Waiting::among(&self.waiting);
        self.proposals.send(proposal).map_err(stopped)?;
        Ok(Some(waiting))
    }

    /// The writer, where nobody else has it. A journal on a server makes one wait, which a runtime's thread is too good for; and where
    /// there is only one such thread, it must not be blocked at all.
    fn free(&self) -> Option<MutexGuard<'_, Writer>> {
        let threads = Handle::try_current().is_ok_and(|runtime| runtime.runtime_flavor() == RuntimeFlavor::MultiThread);
        let alone = threads && !self.journal.is_shared() && self.waiting.load(Ordering::SeqCst) == 0;
        if alone { self.writer.try_lock().ok() } else { None }
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
        view::read(&self.view)
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
