//! The enclave follows the record instead of believing the gateway (A8): it folds every event with the law itself, recomputes the
//! tree, and demands that each checkpoint continues its own last one. What is not in the record does not happen here.

use std::path::PathBuf;

use visiting_policies::{
    Code, Refusal,
    case::Cases,
    handover::{Order, Purpose, RunTicket, Signed},
    merkle::{self, Tree},
    note::Checkpoint,
    record::{Act, Event},
    roster::Roster,
    sign,
};

use crate::{config::Config, door::Door, fault::Fault};

/// The enclave's own copy of everything the record says.
#[derive(Debug)]
pub struct Follower {
    /// The fold.
    pub cases: Cases,
    tree: Tree,
    lines: Vec<String>,
    checkpoint: String,
    seen: Option<(u64, merkle::Hash)>,
    path: PathBuf,
    unlawful: Option<Refusal>,
}

impl Follower {
    /// Starts from nothing; the durable checkpoint of the last session must be met again on the way.
    ///
    /// # Errors
    /// When the roster or the stored checkpoint cannot be read.
    pub fn open(config: &Config) -> Result<Self, Fault> {
        let roster: Roster = serde_json::from_slice(&std::fs::read(config.home.join("roster.json"))?)?;
        let path = config.home.join("checkpoint");
        let stored = match std::fs::read_to_string(&path) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => String::new(),
            read => read?,
        };
        let mut follower = Self {
            cases: Cases::new(roster),
            tree: Tree::default(),
            lines: Vec::new(),
            checkpoint: String::new(),
            seen: None,
            path,
            unlawful: None,
        };
        if !stored.is_empty() {
            let opened = follower.open_checkpoint(&stored)?;
            follower.seen = Some((opened.size, opened.root));
        }
        Ok(follower)
    }

    fn open_checkpoint(&self, note: &str) -> Result<Checkpoint, Refusal> {
        let roster = self.cases.roster();
        let key = sign::from_base64(&roster.log_key).unwrap_or_default();
        Checkpoint::open(note, &roster.origin, &key)
    }

    /// Reads on until the gateway's newest checkpoint is reached and proved.
    pub(crate) fn advance(&mut self, door: &Door) -> Result<(), Fault> {
        loop {
            let page = door.record(self.tree.size())?;
            let done = self.take(&page.events, &page.checkpoint)?;
            if done {
                return Ok(());
            }
        }
    }

    /// Takes one page. After the first unlawful byte nothing is taken any more, until an operator restarts the enclave.
    ///
    /// # Errors
    /// [`Code::RecordUnlawful`] and its reason.
    pub fn take(&mut self, events: &[String], checkpoint: &str) -> Result<bool, Fault> {
        if let Some(refusal) = &self.unlawful {
            return Err(refusal.clone().into());
        }
        match self.try_take(events, checkpoint) {
            Err(Fault::Refused(refusal)) => {
                self.unlawful = Some(refusal.clone());
                Err(refusal.into())
            }
            other => other,
        }
    }

    fn try_take(&mut self, events: &[String], note: &str) -> Result<bool, Fault> {
        let checkpoint = self.open_checkpoint(note)?;
        for line in events {
            let event = Event::from_bytes(line.as_bytes())?;
            self.cases
                .admit(&event)
                .map_err(|r| Refusal::new(Code::RecordUnlawful, format!("event {} breaks the law: {}", self.tree.size(), r.detail)))?;
            self.tree.push(merkle::leaf_hash(line.as_bytes()));
            self.lines.push(line.clone());
        }
        if let Some((size, root)) = self.seen
            && (checkpoint.size < size || (self.tree.size() >= size && self.tree.root(size) != Some(root)))
        {
            return Err(Refusal::new(Code::RecordUnlawful, "the log does not continue the one that this enclave has seen").into());
        }
        if self.tree.size() < checkpoint.size {
            if events.is_empty() {
                return Err(Refusal::new(Code::RecordUnlawful, "the log's checkpoint counts events that it does not show").into());
            }
            return Ok(false);
        }
        if self.tree.root(checkpoint.size) != Some(checkpoint.root) {
            return Err(Refusal::new(Code::RecordUnlawful, "the log's checkpoint does not fit its events").into());
        }
        // A page may show events newer than its checkpoint; they wait for one that covers them.
        if self.tree.size() > checkpoint.size {
            return Ok(false);
        }
        if note != self.checkpoint {
            crate::keys::write_durably(&self.path, note.as_bytes())?;
            self.checkpoint = note.to_owned();
        }
        self.seen = Some((checkpoint.size, checkpoint.root));
        Ok(true)
    }

    /// Checks a ticket: the gateway's signature, and that the record holds just this order at just this index.
    ///
    /// # Errors
    /// [`Code::TicketTampered`].
    pub fn check_ticket(&self, ticket: &Signed<RunTicket>) -> Result<(), Refusal> {
        let tampered =
            |why: &str| Refusal::new(Code::TicketTampered, format!("the ticket {why}; it was not run, and the run can be asked for again"));
        ticket.value.verify(&ticket.signature, &self.cases.roster().log_key, Code::TicketTampered)?;
        let line =
            usize::try_from(ticket.value.index).ok().and_then(|i| self.lines.get(i)).ok_or_else(|| tampered("is not in the record"))?;
        let event = Event::from_bytes(line.as_bytes())?;
        let same = match (&ticket.value.order, &event.act) {
            (Order::Extract { permit }, Act::PermitIssued { permit: issued }) => *permit == issued.id,
            (Order::Run { run, sql }, Act::RunRequested { run: asked, program, .. }) => {
                run == asked && *program == sign::digest(sql.as_bytes())
            }
            (Order::Decide { run, sql }, Act::ChecksOpened { run: opened, .. }) => {
                let asked = self.cases.runs.get(run).is_some_and(|case| case.program == sign::digest(sql.as_bytes()));
                run == opened && asked
            }
            (Order::Preflight { preflight, sql }, Act::PreflightRequested { preflight: asked, program, .. }) => {
                preflight == asked && *program == sign::digest(sql.as_bytes())
            }
            _ => false,
        };
        if same { Ok(()) } else { Err(tampered("is not what the record says")) }
    }

    /// Event `index` with its proof under the newest checkpoint.
    pub(crate) fn proof(&self, index: u64) -> Option<(String, Vec<merkle::Hash>, String)> {
        let (size, _) = self.seen?;
        let line = usize::try_from(index).ok().and_then(|i| self.lines.get(i))?;
        Some((line.clone(), self.tree.inclusion(index, size)?, self.checkpoint.clone()))
    }
}
