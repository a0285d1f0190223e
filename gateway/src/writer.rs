//! The writer thread: admits proposals, commits them in groups, publishes, answers. The order is the soundness: admitted ->
//! durable -> visible -> answered.

use std::sync::{Arc, PoisonError, RwLock, mpsc};

use tokio::sync::{oneshot, watch};
use visiting_policies::{
    case::Cases,
    record::{Act, Actor, Event, RequestKey, VERSION},
    refusal::Refusal,
    sign::SigningKey,
    terms::PermitId,
};

use crate::{
    desk::{Clock, Desk, View, unavailable},
    files,
    journal::Journal,
    log_folder::LogFolder,
};

/// Most proposals in one commit: they share its fsync, and none waits for more than these.
const GROUP_MAX: usize = 256;

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

pub(crate) struct Writer {
    /// The fold with the group's events on top; equal to the view between groups.
    cases: Cases,
    last_ms: u64,
    view: Arc<RwLock<View>>,
    journal: Arc<dyn Journal>,
    clock: Clock,
    folder: LogFolder,
    size: watch::Sender<u64>,
    origin: String,
    key: SigningKey,
}

impl Writer {
    pub(crate) fn new(desk: &Desk, folder: LogFolder, size: watch::Sender<u64>, origin: String, key: SigningKey, last_ms: u64) -> Self {
        let (view, journal, clock) = desk.parts();
        let cases = desk.view().cases.clone();
        Self { cases, last_ms, view, journal, clock, folder, size, origin, key }
    }

    /// Runs until the last desk is dropped.
    pub(crate) fn start(mut self, inbox: mpsc::Receiver<Proposal>) -> Result<(), Refusal> {
        self.publish(&[]);
        let work = move || {
            while let Ok(first) = inbox.recv() {
                let group = std::iter::once(first).chain(inbox.try_iter().take(GROUP_MAX - 1)).collect();
                self.commit(group);
            }
        };
        std::thread::Builder::new().name("journal".to_owned()).spawn(work).map(|_| ()).map_err(|e| unavailable(&e))
    }

    fn commit(&mut self, proposals: Vec<Proposal>) {
        let mut group = Group::default();
        let mut answers = Vec::with_capacity(proposals.len());
        for proposal in proposals {
            let outcome = self.admit(&mut group, proposal.by, proposal.request, (proposal.act, proposal.follows));
            answers.push((proposal.reply, outcome));
        }
        let written = if group.leaves.is_empty() { Ok(()) } else { self.write(&group) };
        for (reply, outcome) in answers {
            // A caller that went away finds its answer under its Idempotency-Key.
            let _ = reply.send(written.clone().and(outcome));
        }
    }

    /// Admits one act, and what follows from it (the permit from a vote, the opening from the last check), so that both are one write.
    fn admit(
        &mut self,
        group: &mut Group,
        by: Actor,
        request: Option<RequestKey>,
        (act, follows): (Act, Option<Act>),
    ) -> Result<u64, Refusal> {
        if let Some(request) = &request
            && let Some(index) = self.cases.repeated(request)?
        {
            return Ok(index);
        }
        let voted = if let Act::VoteCast { vote } = &act { Some(vote.ballot.application.clone()) } else { None };
        let index = self.fold(group, by, request, act)?;
        if let Some(act) = follows {
            self.fold(group, Actor::Gateway, None, act)?;
        }
        let Some(application) = voted else { return Ok(index) };
        let id = PermitId::from_random(&files::random::<16>()?);
        if let Some(permit) = self.cases.granted(&application, &id) {
            self.fold(group, Actor::Gateway, None, Act::PermitIssued { permit })?;
        }
        Ok(index)
    }

    fn fold(&mut self, group: &mut Group, by: Actor, request: Option<RequestKey>, act: Act) -> Result<u64, Refusal> {
        // The record's time never goes back, whatever the machine's clock does.
        self.last_ms = self.last_ms.max((self.clock)());
        let event = Event { v: VERSION, at_ms: self.last_ms, by, request, act };
        let leaf = event.to_bytes()?;
        let index = self.cases.size();
        self.cases.admit(&event)?;
        group.events.push(event);
        group.leaves.push(leaf);
        Ok(index)
    }

    /// Makes the group durable and then visible. On failure the fold goes back to what is durable.
    fn write(&mut self, group: &Group) -> Result<(), Refusal> {
        let head = self.cases.size() - group.leaves.len() as u64;
        if let Err(error) = self.journal.append_if(head, &group.leaves) {
            let durable = self.read().cases.clone();
            self.cases = durable;
            return Err(unavailable(&error));
        }
        self.show(group)?;
        self.publish(&group.leaves);
        Ok(())
    }

    fn show(&self, group: &Group) -> Result<(), Refusal> {
        let mut view = self.view.write().unwrap_or_else(PoisonError::into_inner);
        for (event, leaf) in group.events.iter().zip(&group.leaves) {
            view.follow(event, leaf)?;
        }
        view.seal(&self.origin, &self.key);
        drop(view);
        self.size.send_replace(self.cases.size());
        Ok(())
    }

    /// The folder is a copy: when it cannot be written, operators hear of it and the next publication catches up.
    fn publish(&mut self, leaves: &[Vec<u8>]) {
        let checkpoint = self.read().checkpoint.clone();
        if let Err(error) = self.folder.publish(leaves, &checkpoint, self.journal.as_ref()) {
            tracing::error!("the log was not published: {error}");
        }
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, View> {
        self.view.read().unwrap_or_else(PoisonError::into_inner)
    }
}
