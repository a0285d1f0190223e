//! What readers see: the fold and the tree of everything that is durable.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, OnceLock, PoisonError, RwLock, RwLockReadGuard},
};

use visiting_policies::{
    case::Cases,
    merkle::{Hash, Tree, leaf_hash},
    note::Checkpoint,
    record::{Act, Actor, Event},
    refusal::{Code, Refusal},
    roster::Roster,
    sign::SigningKey,
    terms::ApplicationId,
};

use crate::{
    desk::unavailable,
    journal::{Journal, JournalError},
    snapshot::{Folded, Kept},
};

/// Leaves read from the journal at a time: a thousand of the usual size are less than a megabyte.
pub(crate) const PAGE: u64 = 1000;

/// The fold and the tree of everything that is durable.
#[derive(Debug)]
pub struct View {
    /// The fold.
    pub cases: Cases,
    /// The tree over the leaves.
    pub tree: Tree,
    seal: Seal,
    /// The signed checkpoint over all of them, once somebody asked for it.
    sealed: OnceLock<String>,
    /// The checkpoint that was published last, with its cosignatures.
    pub published: Option<Arc<Stood>>,
    /// Hash of the newest leaf.
    pub last_leaf: Option<Hash>,
    /// Time of the newest event, milliseconds since 1970.
    pub last_ms: u64,
    /// Digest of reception's remarks by application: the law does not need them, the applicant does.
    pub remarks: BTreeMap<ApplicationId, String>,
    /// When a permit was issued and a run released, milliseconds since 1970, by id: for the public register.
    pub moments: BTreeMap<String, u64>,
    /// The steps of each application, oldest first: for the people of the case.
    pub courses: BTreeMap<ApplicationId, Vec<Step>>,
}

/// A checkpoint that enough witnesses stand by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stood {
    /// Events under it.
    pub size: u64,
    /// The signed note.
    pub note: String,
    /// Whether witnesses were asked for.
    pub cosigned: bool,
}

/// One step of a case, as the record has it.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
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
    /// Nothing yet.
    pub(crate) fn new(roster: Roster, key: Arc<SigningKey>) -> Self {
        Self::over(Cases::new(roster), key)
    }

    /// Nothing yet, in a fold that is made already.
    pub(crate) fn over(cases: Cases, key: Arc<SigningKey>) -> Self {
        Self {
            seal: Seal { origin: cases.roster().origin.clone(), key },
            cases,
            tree: Tree::default(),
            sealed: OnceLock::new(),
            published: None,
            last_leaf: None,
            last_ms: 0,
            remarks: BTreeMap::new(),
            moments: BTreeMap::new(),
            courses: BTreeMap::new(),
        }
    }

    /// Folds the whole journal under the same law as a new event, or what came after a snapshot of it.
    pub(crate) fn recover(&mut self, journal: &dyn Journal, kept: Option<Kept>) -> Result<(), Refusal> {
        if let Some(kept) = kept {
            self.resume(journal, kept)?;
        }
        loop {
            let page = journal.read(self.tree.size(), PAGE).map_err(|error| stopped(&error))?;
            if page.is_empty() {
                return Ok(());
            }
            for leaf in page {
                self.follow(&Event::from_bytes(&leaf)?, &leaf)?;
            }
        }
    }

    /// The leaves that were folded are hashed, and must lead to the snapshot's root.
    fn resume(&mut self, journal: &dyn Journal, Kept { size, root, folded }: Kept) -> Result<(), Refusal> {
        while self.tree.size() < size {
            let page = journal.read(self.tree.size(), PAGE.min(size - self.tree.size())).map_err(|error| stopped(&error))?;
            if page.is_empty() {
                break;
            }
            for leaf in page {
                let hash = leaf_hash(&leaf);
                self.tree.push(hash);
                self.last_leaf = Some(hash);
            }
        }
        if self.tree.root(size) != Some(root) {
            let detail = "the journal is not the one that this gateway folded before: it was rolled back or changed; restore the newest copy of the journal";
            return Err(Refusal::new(Code::RecordUnlawful, detail));
        }
        let Folded { cases, last_ms, remarks, moments, courses } = folded;
        (self.cases, self.last_ms, self.remarks, self.moments, self.courses) = (cases, last_ms, remarks, moments, courses);
        Ok(())
    }

    /// Folds one durable leaf.
    pub(crate) fn follow(&mut self, event: &Event, leaf: &[u8]) -> Result<(), Refusal> {
        self.cases.admit(event)?;
        let hash = leaf_hash(leaf);
        self.tree.push(hash);
        self.last_leaf = Some(hash);
        self.sealed.take();
        self.last_ms = self.last_ms.max(event.at_ms);
        self.note_down(event);
        Ok(())
    }

    /// What the law does not need and pages do.
    fn note_down(&mut self, event: &Event) {
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
            Act::PermitClosed { order, .. } => of_permit(&order.permit),
            Act::ExtractErased { report, .. } => of_permit(&report.permit),
            _ => None,
        }
    }

    /// The checkpoint to hand on with proofs: the newest one that witnesses stand by, or where nobody is asked the newest.
    pub(crate) fn proven(&self) -> &str {
        self.published.as_ref().filter(|stood| stood.cosigned).map_or_else(|| self.checkpoint(), |stood| stood.note.as_str())
    }

    /// The signed checkpoint over all that is folded: the same bytes for everybody who asks. Most sizes nobody asks for, so it is
    /// signed when somebody does.
    pub fn checkpoint(&self) -> &str {
        self.sealed.get_or_init(|| {
            let size = self.tree.size();
            let root = self.tree.root(size).unwrap_or_default();
            Checkpoint { size, root }.sign(&self.seal.origin, &self.seal.key)
        })
    }
}

/// The view as it is now. A panic of whoever wrote it ends that thread's work, which health tells; those who read go on.
pub(crate) fn read(view: &RwLock<View>) -> RwLockReadGuard<'_, View> {
    view.read().unwrap_or_else(PoisonError::into_inner)
}

/// What signs checkpoints.
struct Seal {
    origin: String,
    key: Arc<SigningKey>,
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Seal({})", self.origin)
    }
}

/// A journal that did not do it, as the caller may see it; the cause goes to the operator's log.
pub(crate) fn stopped(error: &JournalError) -> Refusal {
    let refusal = unavailable(error);
    match error {
        JournalError::Store(fault) => {
            Refusal { detail: format!("nothing was done: the record cannot be kept, {}", fault.trouble), ..refusal }
        }
        JournalError::HeadMoved { .. } => refusal,
    }
}
