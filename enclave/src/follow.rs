//! The enclave follows the record instead of believing the gateway (A8): it folds every event with the law itself, recomputes the
//! tree, and demands that each checkpoint continues its own last one. What is not in the record does not happen here.

use std::{
    path::PathBuf,
    time::{SystemTime, UNIX_EPOCH},
};

use visiting_policies::{
    Code, Refusal,
    case::Cases,
    handover::{Order, Purpose, RunTicket, Signed},
    merkle::{self, Tree},
    record::{Act, Event},
    roster::Roster,
    sign,
};
use visiting_tlog::{
    checkpoint::Checkpoint,
    key::{Algorithm, VerifierKey},
    note::{Note, NoteFault},
    policy::{Accepted, Policy, Refused},
};

use crate::{
    config::{Config, FRESH_MAX_S},
    door::Door,
    fault::Fault,
};

/// The enclave's own copy of everything the record says.
#[derive(Debug)]
pub struct Follower {
    /// The fold.
    pub cases: Cases,
    tree: Tree,
    lines: Vec<String>,
    checkpoint: String,
    seen: Option<(u64, merkle::Hash)>,
    /// Witnesses' time of the newest checkpoint, seconds since 1970; `None` where nobody is asked for.
    witnessed: Option<u64>,
    policy: Policy,
    path: PathBuf,
    unlawful: Option<Refusal>,
}

/// Who must stand by the log, as this enclave was told: its own copy, not the gateway's.
///
/// # Errors
/// When the file cannot be read.
pub fn policy(config: &Config) -> Result<Policy, Fault> {
    let file = std::fs::read(config.home.join("policy"))
        .map_err(|e| Fault::Other(format!("enclave/policy cannot be read ({e}); `visiting setup` makes it")))?;
    Policy::parse(&file).map_err(|fault| Fault::Other(format!("enclave/policy: {fault}")))
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
            witnessed: None,
            policy: policy(config)?,
            path,
            unlawful: None,
        };
        if !stored.is_empty() {
            // It was accepted once; who must stand by the newest one may be others by now.
            let opened = follower.signed(&stored)?;
            follower.seen = Some((opened.size(), *opened.root()));
        }
        Ok(follower)
    }

    /// The time that permits are judged by, milliseconds since 1970: the witnesses', who are not the operator's; a demo has the
    /// machine's clock.
    pub(crate) fn now_ms(&self) -> u64 {
        self.witnessed.map_or_else(system_ms, |seconds| seconds.saturating_mul(1000))
    }

    /// Nothing is destroyed by a time that has not come. One that is past is no reason to keep what has ended by then.
    pub(crate) fn has_come(&self) -> Result<(), Fault> {
        let ahead = self.witnessed.is_some_and(|time| time > (system_ms() / 1000).saturating_add(FRESH_MAX_S));
        if ahead { self.fresh() } else { Ok(()) }
    }

    /// Nothing runs or is released by a checkpoint that may be missing a revocation (A8).
    pub(crate) fn fresh(&self) -> Result<(), Fault> {
        self.fresh_at(system_ms() / 1000)
    }

    fn fresh_at(&self, now: u64) -> Result<(), Fault> {
        let Some(time) = self.witnessed.filter(|time| time.abs_diff(now) > FRESH_MAX_S) else { return Ok(()) };
        Err(Fault::Other(format!(
            "the witnesses stood by the newest checkpoint {} s {} this machine's time: nothing runs until they are reached again, or a clock is set",
            time.abs_diff(now),
            if time < now { "before" } else { "after" }
        )))
    }

    /// The keys of the log that this enclave was told: the roster's, and those that its own policy names after a rotation.
    fn logs(&self) -> Result<Vec<VerifierKey>, Refusal> {
        let roster = self.cases.roster();
        let first = <[u8; 32]>::try_from(sign::from_base64(&roster.log_key).unwrap_or_default()).ok();
        let first = first.and_then(|key| VerifierKey::new(&roster.origin, Algorithm::Ed25519, key).ok());
        let first = first.ok_or_else(|| unlawful(&"the roster's key of it is none"))?;
        let further = self.policy.logs().iter().filter(|key| key.name() == roster.origin && **key != first).cloned();
        Ok(further.chain([first.clone()]).collect())
    }

    /// A checkpoint of this log by its own words.
    fn read(&self, note: &str) -> Result<(Note, Checkpoint), Refusal> {
        let note = Note::parse(note.as_bytes()).map_err(|fault| unlawful(&fault))?;
        let checkpoint = Checkpoint::parse(note.text()).map_err(|fault| unlawful(&fault))?;
        if checkpoint.origin() == self.cases.roster().origin { Ok((note, checkpoint)) } else { Err(unlawful(&"it is another log's")) }
    }

    /// One that carries the signature of a key of the log, whoever else stands by it.
    fn signed(&self, note: &str) -> Result<Checkpoint, Refusal> {
        let (note, checkpoint) = self.read(note)?;
        let logs = self.logs()?;
        note.verify(&logs.iter().collect::<Vec<_>>()).map_err(|fault| unsigned(&fault.into()))?;
        Ok(checkpoint)
    }

    /// One that the log signed and enough witnesses stand by. One that only lacks witnesses may still get them: it is not taken, and not
    /// held against the record.
    fn accept(&self, note: &str) -> Result<Accepted, Fault> {
        let (note, _) = self.read(note)?;
        self.policy.accept_of(&note, &self.logs()?).map_err(|refused| match refused {
            Refused::Quorum => Fault::Gateway("it shows a checkpoint that too few witnesses stand by".to_owned()),
            other => unsigned(&other).into(),
        })
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
        let Accepted { checkpoint, logs, time, .. } = self.accept(note)?;
        let (size, root) = (checkpoint.size(), *checkpoint.root());
        let by: Vec<String> = logs.iter().map(|key| sign::to_base64(key.public())).collect();
        for line in events {
            let event = Event::from_bytes(line.as_bytes())?;
            self.cases
                .admit(&event)
                .map_err(|r| Refusal::new(Code::RecordUnlawful, format!("event {} breaks the law: {}", self.tree.size(), r.detail)))?;
            self.tree.push(merkle::leaf_hash(line.as_bytes()));
            self.lines.push(line.clone());
        }
        if let Some((seen, known)) = self.seen
            && (size < seen || (self.tree.size() >= seen && self.tree.root(seen) != Some(known)))
        {
            return Err(Refusal::new(Code::RecordUnlawful, "the log does not continue the one that this enclave has seen").into());
        }
        if self.tree.size() < size {
            if events.is_empty() {
                return Err(Refusal::new(Code::RecordUnlawful, "the log's checkpoint counts events that it does not show").into());
            }
            return Ok(false);
        }
        if self.tree.root(size) != Some(root) {
            return Err(Refusal::new(Code::RecordUnlawful, "the log's checkpoint does not fit its events").into());
        }
        if !self.cases.log_keys_over(size).any(|key| by.iter().any(|signer| signer == key)) {
            return Err(unlawful(&"the key that signed it is not the one that the record has in force").into());
        }
        // A page may show events newer than its checkpoint; they wait for one that covers them.
        if self.tree.size() > size {
            return Ok(false);
        }
        if note != self.checkpoint {
            crate::keys::write_durably(&self.path, note.as_bytes())?;
            self.checkpoint = note.to_owned();
        }
        self.seen = Some((size, root));
        // An older time for what is known already makes nothing older.
        self.witnessed = self.witnessed.max(time);
        Ok(true)
    }

    /// Checks a ticket: the gateway's signature, and that the record holds just this order at just this index.
    ///
    /// # Errors
    /// [`Code::TicketTampered`].
    pub fn check_ticket(&self, ticket: &Signed<RunTicket>) -> Result<(), Refusal> {
        let tampered =
            |why: &str| Refusal::new(Code::TicketTampered, format!("the ticket {why}; it was not run, and the run can be asked for again"));
        // Signed before a rotation and read after it, it is as good.
        let signed = |key| ticket.value.verify(&ticket.signature, key, Code::TicketTampered).is_ok();
        if !self.cases.log_keys_over(ticket.value.index.saturating_add(1)).any(signed) {
            return Err(tampered("is not signed by the log's key"));
        }
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
            (Order::Rerun { rerun, sql }, Act::RerunRequested { rerun: asked, run }) => {
                let program = self.cases.runs.get(run).map(|case| &case.program);
                rerun == asked && program == Some(&sign::digest(sql.as_bytes()))
            }
            (Order::Preflight { preflight, sql }, Act::PreflightRequested { preflight: asked, program, .. }) => {
                preflight == asked && *program == sign::digest(sql.as_bytes())
            }
            _ => false,
        };
        if same { Ok(()) } else { Err(tampered("is not what the record says")) }
    }

    /// The fold of the first `size` events.
    ///
    /// # Errors
    /// Only when what was admitted once is not admitted again.
    pub(crate) fn cases_over(&self, size: u64) -> Result<Cases, Fault> {
        let mut cases = Cases::new(self.cases.roster().clone());
        for line in self.lines.iter().take(usize::try_from(size).unwrap_or(usize::MAX)) {
            cases.admit(&Event::from_bytes(line.as_bytes())?)?;
        }
        Ok(cases)
    }

    /// Entries of the ledger as the newest verdict before event `index` says.
    pub(crate) fn ledger_before(&self, index: u64) -> u64 {
        let before = self.lines.iter().take(usize::try_from(index).unwrap_or(usize::MAX)).rev();
        let events = before.filter_map(|line| Event::from_bytes(line.as_bytes()).ok());
        let mut heads = events.filter_map(|event| match event.act {
            Act::RunJudged { report, .. } => Some(report.ledger.entries),
            _ => None,
        });
        heads.next().unwrap_or(0)
    }

    /// Event `index` with its proof under the newest checkpoint.
    pub(crate) fn proof(&self, index: u64) -> Option<(String, Vec<merkle::Hash>, String)> {
        let (size, _) = self.seen?;
        let line = usize::try_from(index).ok().and_then(|i| self.lines.get(i))?;
        Some((line.clone(), self.tree.inclusion(index, size)?, self.checkpoint.clone()))
    }
}

fn unsigned(why: &Refused) -> Refusal {
    match why {
        Refused::Log | Refused::Note(NoteFault::Unsigned) => unlawful(
            &"no key of the log that this enclave was told has signed it; after a rotation the new one belongs into enclave/policy",
        ),
        other => unlawful(other),
    }
}

fn unlawful(why: &dyn std::fmt::Display) -> Refusal {
    Refusal::new(Code::RecordUnlawful, format!("the log's checkpoint: {why}"))
}

fn system_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| u64::try_from(d.as_millis()).unwrap_or(u64::MAX))
}
