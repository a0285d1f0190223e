//! The writer: admits proposals, commits them in groups, answers. The order is the soundness: admitted -> durable -> visible ->
//! answered. Where others write the same journal, it reads on to their head first and admits anew. One thread at a time writes: the
//! writer's own, or a caller that is alone.

#[cfg(test)]
mod tests;

use std::{
    sync::{Arc, Mutex, PoisonError, RwLock, mpsc},
    time::Duration,
};

use tokio::sync::{oneshot, watch};
use visiting_policies::{
    case::Cases,
    merkle::leaf_hash,
    record::{Act, Actor, Event, RequestKey, VERSION},
    refusal::{Code, Refusal},
    terms::PermitId,
};

use crate::{
    desk::{Clock, Parts, unavailable, unknown},
    files,
    health::{Health, WRITER},
    journal::{Journal, JournalError},
    publish::OUTDATED_KEY,
    view::{self, PAGE, View, stopped},
};

/// Most proposals in one commit: they share its fsync. A thousand of the usual size are written in the time of one fsync.
const GROUP_MAX: usize = 1024;

/// How often what other gateways wrote is looked for, while nobody proposes anything here: a tenth of a second is not waited for.
const FOLLOW_EVERY: Duration = Duration::from_millis(100);

/// Times that a group is admitted anew because another gateway wrote first. Of many writers one gets through each time.
const RACES_MAX: usize = 100;

/// How far a clock may be behind the record, milliseconds: clocks of two gateways differ, and are set. The record's time stands
/// still meanwhile; beyond, permits would not end when they should.
const CLOCK_BACK_MAX_MS: u64 = 5_000;

/// Seconds that a clock is behind the record, where they are too many for anything to be written.
pub(crate) fn clock_behind_s(now_ms: u64, last_ms: u64) -> Option<u64> {
    (now_ms.saturating_add(CLOCK_BACK_MAX_MS) < last_ms).then(|| (last_ms - now_ms) / 1000)
}

/// One act that somebody wants recorded.
#[derive(Debug)]
pub(crate) struct Proposal {
    pub(crate) by: Actor,
    pub(crate) request: Option<RequestKey>,
    pub(crate) act: Act,
    /// What the gateway does in the same write.
    pub(crate) follows: Option<Act>,
    pub(crate) reply: oneshot::Sender<Result<u64, Refusal>>,
}

/// Admitted but not durable yet.
#[derive(Default)]
struct Group {
    events: Vec<Event>,
    leaves: Vec<Vec<u8>>,
}

fn next(inbox: &mpsc::Receiver<Proposal>, shared: bool) -> Result<Proposal, mpsc::RecvTimeoutError> {
    if shared {
        return inbox.recv_timeout(FOLLOW_EVERY);
    }
    inbox.recv().map_err(|_| mpsc::RecvTimeoutError::Disconnected)
}

/// Why a group was not written.
enum Stopped {
    /// Others wrote; everything is admitted anew.
    Moved,
    Refused(Refusal),
}

pub(crate) struct Writer {
    /// The fold with the group's events on top; equal to the view between groups.
    cases: Cases,
    last_ms: u64,
    view: Arc<RwLock<View>>,
    journal: Arc<dyn Journal>,
    clock: Clock,
    size: watch::Sender<u64>,
    /// Tells the publisher that there is something.
    news: mpsc::SyncSender<()>,
    health: Arc<Health>,
    /// What the journal holds may be more than what is folded here.
    behind: bool,
    /// A fault that only tests can ask for: answers before the journal has it. The simulation must find it.
    #[cfg(test)]
    pub(crate) hasty: bool,
}

impl Writer {
    pub(crate) fn new(parts: Parts, size: watch::Sender<u64>, news: mpsc::SyncSender<()>) -> Self {
        let Parts { view, journal, clock, health } = parts;
        let (cases, last_ms) = {
            let view = view::read(&view);
            (view.cases.clone(), view.last_ms)
        };
        Self {
            cases,
            last_ms,
            view,
            journal,
            clock,
            size,
            news,
            health,
            behind: false,
            #[cfg(test)]
            hasty: false,
        }
    }

    /// A thread that commits in groups what callers do not commit themselves; it runs until the last desk is dropped.
    pub(crate) fn start(self, inbox: mpsc::Receiver<Proposal>) -> Result<Arc<Mutex<Self>>, Refusal> {
        let (watch, shared) = (self.health.watch(WRITER), self.journal.is_shared());
        let this = Arc::new(Mutex::new(self));
        let writer = Arc::clone(&this);
        let work = move || {
            let _watch = watch;
            loop {
                let first = match next(&inbox, shared) {
                    Err(mpsc::RecvTimeoutError::Disconnected) => return,
                    other => other.ok(),
                };
                // A fault of the program in whoever wrote last: what the fold holds is not known any more. Health was told by them.
                let Ok(mut writer) = writer.lock() else { return };
                match first {
                    // What came while others wrote shares the sync.
                    Some(first) => writer.commit(std::iter::once(first).chain(inbox.try_iter().take(GROUP_MAX - 1)).collect()),
                    None => writer.look(),
                }
            }
        };
        std::thread::Builder::new().name(WRITER.to_owned()).spawn(work).map_err(|e| unavailable(&e))?;
        Ok(this)
    }

    /// What others wrote; a fault is told when somebody proposes something. A closed record stays where it was closed: what comes after
    /// that may be unlawful, or under a key that this gateway does not have.
    fn look(&mut self) {
        if self.health.open().is_err() {
            return;
        }
        if let Err(refusal) = self.catch_up() {
            tracing::error!("the journal cannot be followed: {}", refusal.detail);
        }
    }

    pub(crate) fn commit(&mut self, proposals: Vec<Proposal>) {
        let answers = self.decide(&proposals);
        for (proposal, outcome) in proposals.into_iter().zip(answers) {
            // A caller that went away finds its answer under its Idempotency-Key.
            let _ = proposal.reply.send(outcome);
        }
    }

    /// One answer for each proposal, all of them durable.
    fn decide(&mut self, proposals: &[Proposal]) -> Vec<Result<u64, Refusal>> {
        let refuse_all = |refusal: Refusal| proposals.iter().map(|_| Err(refusal.clone())).collect();
        for _ in 0..RACES_MAX {
            if let Err(refusal) = self.ready() {
                return refuse_all(refusal);
            }
            let mut group = Group::default();
            let outcomes = proposals.iter().map(|proposal| self.admit(&mut group, proposal)).collect();
            #[cfg(test)]
            if self.hasty {
                let _ = self.write(&group);
                return outcomes;
            }
            match self.write(&group) {
                Ok(()) => return outcomes,
                Err(Stopped::Refused(refusal)) => return refuse_all(refusal),
                Err(Stopped::Moved) => {}
            }
        }
        refuse_all(Refusal::new(Code::RecordUnavailable, "many gateways write the record at this moment; nothing was done, send it again"))
    }

    /// Nothing is admitted while the record is closed, its clock is wrong, or more may be in the journal than is known here.
    fn ready(&mut self) -> Result<(), Refusal> {
        self.health.open()?;
        // What others wrote is read first, or an act would be judged by what was: nothing that they allowed would be allowed here yet.
        if self.behind || self.journal.is_shared() {
            self.catch_up()?;
        }
        if let Some(seconds) = clock_behind_s((self.clock)(), self.last_ms) {
            let detail =
                format!("this machine's clock is {seconds} s before the newest event of the record; nothing was done, set the clock");
            return Err(Refusal::new(Code::RecordUnavailable, detail));
        }
        Ok(())
    }

    /// Admits one act, and what follows from it (the permit from a vote, the opening from the last check), so that both are one write.
    fn admit(&mut self, group: &mut Group, proposal: &Proposal) -> Result<u64, Refusal> {
        let Proposal { by, request, act, follows, .. } = proposal;
        if let Some(request) = request
            && let Some(index) = self.cases.repeated(request)?
        {
            return Ok(index);
        }
        self.opens_when_last(act, follows.is_some())?;
        let index = self.fold(group, by.clone(), request.clone(), act.clone())?;
        if let Some(act) = follows {
            self.fold(group, Actor::Gateway, None, act.clone())?;
        }
        let Act::VoteCast { vote } = act else { return Ok(index) };
        let application = &vote.ballot.application;
        let id = PermitId::from_random(&files::random::<16>()?);
        if let Some(permit) = self.cases.granted(application, &id) {
            self.fold(group, Actor::Gateway, None, Act::PermitIssued { permit })?;
        }
        Ok(index)
    }

    /// Whoever casts the last check opens all in the same write. At another gateway somebody may have cast one in between.
    fn opens_when_last(&self, act: &Act, opens: bool) -> Result<(), Refusal> {
        let Act::CheckCast { run, .. } = act else { return Ok(()) };
        let hold = self.cases.runs.get(run).and_then(|case| case.hold.as_ref());
        if hold.is_some_and(|hold| (hold.missing() == 1) != opens) {
            let detail = "another check was cast at the same moment; nothing was done, send yours again";
            return Err(Refusal::new(Code::RecordUnavailable, detail).ja("同時に別の審査結果が提出されました。もう一度送信してください"));
        }
        Ok(())
    }

    fn fold(&mut self, group: &mut Group, by: Actor, request: Option<RequestKey>, act: Act) -> Result<u64, Refusal> {
        // The record's time never goes back, whatever the machine's clock does.
        let at_ms = self.last_ms.max((self.clock)());
        let event = Event { v: VERSION, at_ms, by, request, act };
        let leaf = event.to_bytes()?;
        let index = self.cases.size();
        self.cases.admit(&event)?;
        self.last_ms = at_ms;
        group.events.push(event);
        group.leaves.push(leaf);
        Ok(index)
    }

    /// Makes the group durable and then visible. On failure the fold goes back to what is known to be durable, and the journal is
    /// asked what it has before anything else is admitted.
    fn write(&mut self, group: &Group) -> Result<(), Stopped> {
        if group.leaves.is_empty() {
            return Ok(());
        }
        let head = self.cases.size() - group.leaves.len() as u64;
        let written = self.journal.append_if(head, &group.leaves);
        self.health.written(written.as_ref().err());
        if let Err(error) = written {
            if let JournalError::HeadMoved { expected, found } = error
                && found < expected
            {
                self.health
                    .close(&format!("the journal holds {found} events and had {expected}: it was rolled back; restore the newest copy"));
            }
            self.back();
            if matches!(error, JournalError::HeadMoved { .. }) {
                return Err(Stopped::Moved);
            }
            return self.after(&error, head, group).map_err(Stopped::Refused);
        }
        self.show(&group.events, &group.leaves).map_err(Stopped::Refused)
    }

    /// After a fault: the journal may have the group all the same. Where it can be read, that is found out now; where a server may still
    /// be at it, what is not there yet may come.
    fn after(&mut self, error: &JournalError, head: u64, group: &Group) -> Result<(), Refusal> {
        let nothing = stopped(error);
        // Read before the rest is followed: what is answered is shown by then, also where it comes in between.
        let read = self.journal.read(head, group.leaves.len() as u64).map_err(|error| stopped(&error));
        match read.and_then(|leaves| self.catch_up().map(|()| leaves)) {
            Ok(leaves) if leaves == group.leaves => Ok(()),
            Ok(_) if !self.journal.is_shared() => Err(nothing),
            _ => Err(unknown()),
        }
    }

    fn back(&mut self) {
        let (cases, last_ms) = {
            let view = view::read(&self.view);
            (view.cases.clone(), view.last_ms)
        };
        (self.cases, self.last_ms, self.behind) = (cases, last_ms, true);
    }

    /// Folds what the journal holds beyond what is known: others' events, and one's own of which the answer was lost.
    pub(crate) fn catch_up(&mut self) -> Result<(), Refusal> {
        loop {
            // The newest leaf that is known is read again: where it is another one, or gone, these are not the events that follow it.
            let (known, last) = (self.cases.size(), view::read(&self.view).last_leaf);
            let read = self.journal.read(known.saturating_sub(1), PAGE);
            self.health.read(read.as_ref().err());
            let mut leaves = read.map_err(|error| stopped(&error))?;
            if let Some(last) = last {
                if leaves.first().map(|leaf| leaf_hash(leaf)) != Some(last) {
                    self.health.close(&format!("event {} of the journal is gone or another one: it was rolled back or changed", known - 1));
                    return self.health.open();
                }
                leaves.remove(0);
            }
            if leaves.is_empty() {
                self.behind = false;
                return Ok(());
            }
            self.take(&leaves).inspect_err(|refusal| self.health.close(&refusal.detail))?;
        }
    }

    /// Events that this gateway did not admit are judged by the same law; after an unlawful one nothing is written any more, and neither
    /// after one that takes this gateway's key out of force.
    fn take(&mut self, leaves: &[Vec<u8>]) -> Result<(), Refusal> {
        let mut events = Vec::with_capacity(leaves.len());
        let mut outdated = false;
        for leaf in leaves {
            let event = Event::from_bytes(leaf)?;
            self.cases.admit(&event)?;
            self.last_ms = self.last_ms.max(event.at_ms);
            outdated = matches!(event.act, Act::LogKeyRotated { .. });
            events.push(event);
            if outdated {
                break;
            }
        }
        self.show(&events, leaves)?;
        if outdated { Err(Refusal::new(Code::KeyUnusable, OUTDATED_KEY)) } else { Ok(()) }
    }

    fn show(&self, events: &[Event], leaves: &[Vec<u8>]) -> Result<(), Refusal> {
        let mut view = self.view.write().unwrap_or_else(PoisonError::into_inner);
        for (event, leaf) in events.iter().zip(leaves) {
            view.follow(event, leaf)?;
        }
        drop(view);
        self.size.send_replace(self.cases.size());
        // It knows already, or it ended with its fault told: the record goes on.
        let _ = self.news.try_send(());
        Ok(())
    }
}
