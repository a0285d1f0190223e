//! Publication: the tiles of the log and its checkpoint at every place that is configured, cosigned by the policy's witnesses.
//!
//! A thread of its own: the record never waits for it. The journal is the truth and the places follow it; what a place or a witness
//! has seen and the journal does not hold closes the record, as then the journal was rolled back or changed.

mod place;
pub(crate) mod s3;
#[cfg(test)]
mod tests;
mod witnesses;

use std::{
    fmt,
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, mpsc},
    time::{Duration, Instant},
};

use tokio::sync::watch;
use visiting_policies::{
    case::Cases,
    merkle::Hash,
    refusal::{Code, Refusal},
    sign::{self, SigningKey},
};
use visiting_tlog::{
    append::AppendFault,
    folder::Folder,
    key::{Algorithm, VerifierKey},
    note::Note,
    policy::{Policy, PolicyFault},
    store::Published,
};

use self::{
    place::{NotOurs, Place},
    witnesses::{Past, Witnesses},
};
use crate::{
    desk::{Parts, unavailable},
    health::{Health, PUBLISHER},
    journal::{Journal, JournalError},
    view::{self, Stood, View},
};

/// Name of the place that is always there.
const FOLDER: &str = "the log's folder";

/// Pause between the beginnings of two publications, where nobody waits for cosignatures: each costs half a dozen syncs of the disk
/// that the journal is on, and a proof within a second is soon enough.
const GAP: Duration = Duration::from_millis(250);

/// The same where the enclave waits for cosignatures before it does anything.
const GAP_WITNESSED: Duration = Duration::from_millis(50);

/// How often witnesses are asked although nothing happened: the enclave takes no checkpoint that is older than 60 s (A8), and
/// two answers may be lost.
const FRESH_EVERY: Duration = Duration::from_secs(20);

/// Another gateway has rotated the key while this one ran.
pub(crate) const OUTDATED_KEY: &str = "the log's key was rotated by another gateway; bring it the new log.seed and start it again";

/// How long a gateway that does not publish waits after a turn and its gap until it looks again whether it may, and what the one that
/// does has published.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// How long what this gateway knows may stay unpublished where another one publishes. That one takes a fraction of a second; this is
/// twice as long as it waits for a witness that does not answer.
const BEHIND_MAX: Duration = Duration::from_secs(10);

/// Where and for whom the log is published.
#[derive(Clone)]
pub struct Publication {
    /// The folder of the log on this machine; always one of the places.
    pub folder: PathBuf,
    /// Further places by name.
    pub places: Vec<(String, Arc<dyn Published + Send>)>,
    /// Which witnesses must stand by a checkpoint.
    pub policy: Policy,
}

/// Why the log could not be published.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PublishFault {
    #[error("{place}: {fault}")]
    Place { place: String, fault: io::Error },
    #[error("{place}: {fault}")]
    Tiles { place: String, fault: AppendFault },
    #[error("the key of the log cannot sign: {0}")]
    Key(String),
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error("too few witnesses cosigned the checkpoint over {size} events: {}", .answers.join("; "))]
    Witnesses { size: u64, answers: Vec<String> },
    #[error("{published} of {owed} events are published and this gateway does not publish; see to the one that does")]
    Behind { published: u64, owed: u64 },
    /// The record is closed.
    #[error("{0}")]
    Closes(String),
}

/// Publishes one log.
pub(crate) struct Publisher {
    view: Arc<RwLock<View>>,
    journal: Arc<dyn Journal>,
    health: Arc<Health>,
    key: Arc<SigningKey>,
    places: Vec<Place>,
    witnesses: Witnesses,
    lock: PathBuf,
    /// Size of what was published last.
    news: watch::Sender<u64>,
    /// Held by the one gateway that publishes.
    publishing: Option<File>,
    /// So many events are to be published by who does, since then.
    owed: Option<(u64, Instant)>,
}

impl Publisher {
    /// Opens the places of a record that is folded.
    pub(crate) fn new(
        publication: Publication,
        parts: Parts,
        news: watch::Sender<u64>,
        key: Arc<SigningKey>,
    ) -> Result<Self, PublishFault> {
        let Parts { view, journal, health, .. } = parts;
        // A key that nobody can verify with is told at the start.
        logs(&view::read(&view).cases)?;
        Ok(Self {
            places: publication.all().map(|(name, store)| Place::new(name, store)).collect(),
            witnesses: Witnesses::new(publication.policy.clone()),
            lock: publication.folder.join(".publishing"),
            publishing: None,
            owed: None,
            view,
            journal,
            health,
            news,
            key,
        })
    }

    /// Runs until the writer ends.
    pub(crate) fn start(mut self, news: mpsc::Receiver<()>) -> io::Result<()> {
        let watch = self.health.watch(PUBLISHER);
        let work = move || {
            let _watch = watch;
            let mut patience = Duration::ZERO;
            loop {
                if let Err(mpsc::RecvTimeoutError::Disconnected) = news.recv_timeout(patience) {
                    // What was written last is published too.
                    return self.turn();
                }
                let begun = Instant::now();
                self.turn();
                patience = self.patience();
                // What comes meanwhile is in the next turn. Nobody is woken for it: that would cost each writer as much as its own work.
                std::thread::sleep(self.gap().saturating_sub(begun.elapsed()));
            }
        };
        std::thread::Builder::new().name(PUBLISHER.to_owned()).spawn(work).map(|_| ())
    }

    fn gap(&self) -> Duration {
        if self.witnesses.are_asked() { GAP_WITNESSED } else { GAP }
    }

    fn patience(&self) -> Duration {
        // A key that was followed has one checkpoint left to sign; whose key is in force must not wait for the lock after that.
        if self.publishing.is_none() || self.is_followed() {
            return LOOK_EVERY;
        }
        let failing = !self.health.is_published();
        if failing { FRESH_EVERY / 20 } else { FRESH_EVERY }
    }

    /// Another key has taken the place of this gateway's.
    fn is_followed(&self) -> bool {
        self.view().cases.log_key() != self.key.public()
    }

    fn turn(&mut self) {
        let done = match self.may_publish() {
            Ok(true) => self.publish(),
            Ok(false) => self.look(),
            // What others publish is seen all the same.
            Err(fault) => worse(Some(fault), self.look().err()).map_or(Ok(()), Err),
        };
        match done {
            Ok(()) => self.health.publication(None),
            Err(PublishFault::Closes(why)) => {
                self.publishing = None;
                self.health.close(&why);
                self.health.publication(Some(why));
            }
            Err(fault) => self.health.publication(Some(fault.to_string())),
        }
    }

    /// One gateway publishes; the lock ends with its process, however it ends. One whose record is closed leaves it to those that go on.
    fn may_publish(&mut self) -> Result<bool, PublishFault> {
        if self.health.open().is_err() {
            self.publishing = None;
            return Ok(false);
        }
        if self.publishing.is_none() {
            let fault = |fault| PublishFault::Place { place: FOLDER.to_owned(), fault };
            let file = File::create(&self.lock).map_err(fault)?;
            match file.try_lock() {
                Ok(()) => self.publishing = Some(file),
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => return Err(fault(error)),
            }
        }
        Ok(self.publishing.is_some())
    }

    /// Tiles first, then the signature, then the witnesses', then the checkpoint.
    fn publish(&mut self) -> Result<(), PublishFault> {
        let (size, root, note, logs) = {
            let view = self.view();
            let (size, own) = (view.tree.size(), self.key.public());
            // A key that was followed signs up to the event that says so, and nothing after it.
            if !view.cases.log_keys_over(size).any(|key| key == own) {
                return Err(PublishFault::Closes(OUTDATED_KEY.to_owned()));
            }
            (size, view.tree.root(size), view.checkpoint().to_owned(), logs(&view.cases)?)
        };
        let Some(root) = root.filter(|_| size > 0) else { return Ok(()) };
        let journal = Arc::clone(&self.journal);
        let mut late = None;
        for place in &mut self.places {
            // A place that fails does not hold up the others.
            late = worse(place.bring(size, &root, journal.as_ref(), &logs).err(), late);
        }
        // What contradicts the past is shown to no witness: it would stand in the way of the true journal.
        if matches!(late, Some(PublishFault::Closes(_))) {
            return late.map_or(Ok(()), Err);
        }
        let note = Note::parse(note.as_bytes()).map_err(|fault| PublishFault::Key(fault.to_string()))?;
        let note = self.cosigned(&note, size, &logs)?;
        let mut shown = false;
        for place in &mut self.places {
            let published = place.publish(size, &note);
            shown |= matches!(published, Ok(true));
            late = worse(published.err(), late);
        }
        if shown {
            self.stands(size, &note);
        }
        late.map_or(Ok(()), Err)
    }

    fn cosigned(&mut self, note: &Note, size: u64, known: &[VerifierKey]) -> Result<Note, PublishFault> {
        let view = Arc::clone(&self.view);
        let prove = |old: u64| leads(&view::read(&view), old, size);
        let root = |size: u64| view::read(&view).tree.root(size);
        let origin = self.view().cases.roster().origin.clone();
        // Those that the record names were read as keys before: its law has verified their signatures.
        let logs = |size: u64| logs_over(&view::read(&view).cases, size).unwrap_or_default();
        let journal = Arc::clone(&self.journal);
        let is_kept = |event: u64| Ok(!journal.read(event, 1)?.is_empty());
        self.witnesses.cosign(note, size, &Past { origin: &origin, known, logs: &logs, prove: &prove, root: &root, is_kept: &is_kept })
    }

    /// What another gateway has published of the same record.
    fn look(&mut self) -> Result<(), PublishFault> {
        let Some(place) = self.places.first() else { return Ok(()) };
        let logs = logs(&self.view().cases)?;
        let Some((checkpoint, note)) = place.published(&logs)? else { return self.keeps_up(0) };
        let known = self.view().tree.root(checkpoint.size());
        if known.is_some_and(|root| root != *checkpoint.root()) {
            return Err(PublishFault::Closes(format!(
                "another gateway has published {} events that are not the first ones of what is folded here: the journal was rolled back or changed",
                checkpoint.size()
            )));
        }
        // Too few witnesses are a checkpoint that counts for nobody.
        if !self.witnesses.accept(&note, &logs) {
            return self.keeps_up(0);
        }
        if known.is_some() {
            self.stands(checkpoint.size(), &note);
        }
        self.keeps_up(checkpoint.size())
    }

    /// What this gateway knows is published within a while, whoever does it. Where the record is closed nothing comes meanwhile that
    /// could be waited for.
    fn keeps_up(&mut self, published: u64) -> Result<(), PublishFault> {
        let size = self.view().tree.size();
        let (owed, since) = self.owed.filter(|(owed, _)| published < *owed).unwrap_or_else(|| (size, Instant::now()));
        self.owed = Some((owed, since));
        let patience = if self.health.open().is_ok() { BEHIND_MAX } else { Duration::ZERO };
        if published < owed && since.elapsed() >= patience { Err(PublishFault::Behind { published, owed }) } else { Ok(()) }
    }

    fn stands(&self, size: u64, note: &Note) {
        let stood = Some(Arc::new(Stood { size, note: note.to_string(), cosigned: self.witnesses.are_asked() }));
        let mut view = self.view.write().unwrap_or_else(PoisonError::into_inner);
        if view.published != stood {
            view.published = stood;
            drop(view);
            self.news.send_replace(size);
        }
    }

    fn view(&self) -> RwLockReadGuard<'_, View> {
        view::read(&self.view)
    }
}

/// Of two faults the one that closes the record, or the newer one.
fn worse(new: Option<PublishFault>, old: Option<PublishFault>) -> Option<PublishFault> {
    if matches!(old, Some(PublishFault::Closes(_))) { old } else { new.or(old) }
}

/// The proof that a tree continues an earlier one. "From nothing", and from itself, it is empty.
fn leads(view: &View, old: u64, size: u64) -> Option<Vec<Hash>> {
    if old == 0 || old == size { Some(Vec::new()) } else { view.tree.consistency(old, size) }
}

/// The verifier keys that the log has had.
fn logs(cases: &Cases) -> Result<Vec<VerifierKey>, PublishFault> {
    cases.log_keys().iter().map(|known| verifier(cases, &known.key)).collect()
}

/// Those of them whose signature counts under a checkpoint over so many events.
fn logs_over(cases: &Cases, size: u64) -> Result<Vec<VerifierKey>, PublishFault> {
    cases.log_keys_over(size).map(|public| verifier(cases, public)).collect()
}

fn verifier(cases: &Cases, public: &str) -> Result<VerifierKey, PublishFault> {
    let public = <[u8; 32]>::try_from(sign::from_base64(public).unwrap_or_default()).ok();
    let key = public.and_then(|public| VerifierKey::new(&cases.roster().origin, Algorithm::Ed25519, public).ok());
    key.ok_or_else(|| PublishFault::Key("it is no Ed25519 key".to_owned()))
}

/// What was published can only be a beginning of what is folded, under a key that the record knows.
pub(crate) fn compare(view: &View, seen: &[(String, Vec<u8>)]) -> Result<(), Refusal> {
    let logs = logs(&view.cases).map_err(|fault| unavailable(&fault))?;
    for (place, note) in seen {
        let (published, _) = place::signed(note, &logs).map_err(|why| match why {
            NotOurs::Foreign => unavailable(&format!("{place}: {why}")),
            NotOurs::UnknownKey => Refusal::new(Code::RecordUnlawful, format!("{place}: {why}")),
        })?;
        let size = published.size();
        if view.tree.root(size) != Some(*published.root()) {
            let detail = format!(
                "the journal does not continue the checkpoint over {size} events that was published at {place}: it was rolled back or changed; restore the newest copy of the journal"
            );
            return Err(Refusal::new(Code::RecordUnlawful, detail));
        }
    }
    Ok(())
}

impl fmt::Debug for Publication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let places: Vec<&str> = self.places.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("Publication").field("folder", &self.folder).field("places", &places).finish_non_exhaustive()
    }
}

impl Publication {
    /// The places by name, the folder first.
    fn all(&self) -> impl Iterator<Item = (String, Arc<dyn Published + Send>)> {
        let folder = (FOLDER.to_owned(), Arc::new(Folder::new(&self.folder)) as Arc<dyn Published + Send>);
        std::iter::once(folder).chain(self.places.iter().cloned())
    }

    /// The checkpoint that stands at each place now, as it stands there.
    pub(crate) fn seen(&self) -> Result<Vec<(String, Vec<u8>)>, PublishFault> {
        let at = |place: &str, fault| PublishFault::Place { place: place.to_owned(), fault };
        fs::create_dir_all(&self.folder).map_err(|fault| at(FOLDER, fault))?;
        let note = |(name, store): (String, Arc<dyn Published + Send>)| match store.checkpoint() {
            Ok(note) => Ok(note.map(|note| (name, note))),
            Err(fault) => Err(at(&name, fault)),
        };
        self.all().filter_map(|place| note(place).transpose()).collect()
    }

    /// A log in this folder that nobody witnesses, as the demo has it.
    ///
    /// # Errors
    /// None that is known: the policy is a constant.
    pub fn unwitnessed(folder: &Path) -> Result<Self, PolicyFault> {
        Ok(Self { folder: folder.to_owned(), places: Vec::new(), policy: Policy::parse(b"quorum none\n")? })
    }
}
