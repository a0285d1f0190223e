//! What the events mean: each is one that the law allowed then, and what an auditor asks of the whole holds.
//!
//! The law itself is the fold, the same code that gateway and enclave run. The checks beside it are written a second time, from the
//! events alone, so that a fault of the fold does not hide itself. Entries come one bundle at a time; what is kept is what the fold
//! keeps, and what is still open.

mod intents;
mod order;
mod packs;
mod reads;
mod releases;
mod summary;

#[cfg(test)]
mod checks_test;

use std::{fs, path::PathBuf};

use visiting_policies::{case::Cases, record::Event, roster::Roster};
use visiting_tlog::{
    merkle::{Frontier, leaf_hash},
    read::{ReadFault, Reader},
    store::Store,
    tile::FULL,
};

use crate::{
    audit::{Request, unread},
    ended::{Ended, Fault},
    trust::Signed,
};

/// One thing that an auditor asks, followed from the first event to the last.
trait Check {
    /// Its name in the report.
    fn name(&self) -> &'static str;

    /// Looks at the next event. An event that fails a check is the end of the verification.
    fn look(&mut self, index: u64, event: &Event) -> Result<(), String>;

    /// What was found, once everything was looked at.
    fn told(&self) -> String;
}

fn checks(roster: &Roster) -> Vec<Box<dyn Check>> {
    vec![
        Box::new(order::Order::default()),
        Box::new(intents::Intents::default()),
        Box::new(reads::Reads::default()),
        Box::new(releases::Releases::new(roster.clone())),
        Box::new(packs::Packs::default()),
    ]
}

/// The roster that the record is judged by. Wherever it lies, the record's first event holds its digest: another one is found out.
pub(crate) fn roster(request: &Request) -> Result<Roster, Ended> {
    let near = [request.log.join("roster.json"), request.log.join("../gateway/roster.json")];
    let found = || near.into_iter().find(|path| path.is_file()).unwrap_or_else(|| PathBuf::from("roster.json"));
    let text = fs::read(request.roster.clone().unwrap_or_else(found)).map_err(|e| {
        Ended::usage(format!(
            "the roster cannot be read ({e}); name it with --roster FILE, or check everything but the meaning with --structure"
        ))
    })?;
    serde_json::from_slice(&text).map_err(|e| Ended::usage(format!("the roster cannot be read: {e}")))
}

/// Why the events are not what they should be.
enum Broken {
    Read(ReadFault),
    Changed,
    Law(String),
    Check(&'static str, String),
}

/// Folds all events of a log whose tiles are verified.
pub(crate) fn verify(mut ended: Ended, store: &impl Store, signed: &Signed, roster: Roster) -> Ended {
    let mut reading = Reading { checks: checks(&roster), cases: Cases::new(roster), summary: summary::Summary::default() };
    match reading.all(store, signed) {
        Err(Broken::Read(fault)) if unread(&fault) == Fault::Usage => Ended::usage(fault),
        Err(Broken::Read(fault)) => ended.fails(Fault::Root, "entries", fault),
        Err(Broken::Changed) => ended.fails(Fault::Root, "entries", "they were changed while they were read"),
        Err(Broken::Law(text)) => ended.fails(Fault::Meaning, "law", text),
        Err(Broken::Check(name, text)) => ended.fails(Fault::Meaning, name, text),
        Ok(()) => {
            ended.holds("law", format!("each of {} events is one that the law allowed at its place", reading.cases.size()));
            for check in &reading.checks {
                ended.holds(check.name(), check.told());
            }
            reading.summary.lines(&reading.cases).into_iter().for_each(|(name, text)| ended.tells(name, text));
            ended.sound(format!("{} events", reading.cases.size()))
        }
    }
}

struct Reading {
    checks: Vec<Box<dyn Check>>,
    cases: Cases,
    summary: summary::Summary,
}

impl Reading {
    /// The entries are read a second time, so they are hashed a second time: what is judged is what leads to the root.
    fn all(&mut self, store: &impl Store, signed: &Signed) -> Result<(), Broken> {
        let size = signed.checkpoint.size();
        let (reader, mut frontier) = (Reader::new(store, size), Frontier::default());
        for bundle in 0..size.div_ceil(u64::from(FULL)) {
            for entry in reader.bundle(bundle).map_err(Broken::Read)? {
                self.one(&entry)?;
                frontier.push(leaf_hash(&entry));
            }
        }
        if frontier.root() != *signed.checkpoint.root() {
            return Err(Broken::Changed);
        }
        if !signed.by_one_of(self.cases.log_keys_over(size)) {
            return Err(Broken::Law("the record has another key of the log in force than the one that signed its checkpoint".to_owned()));
        }
        Ok(())
    }

    fn one(&mut self, entry: &[u8]) -> Result<(), Broken> {
        let index = self.cases.size();
        let admitted = Event::from_bytes(entry).and_then(|event| self.cases.admit(&event).map(|()| event));
        let event = admitted.map_err(|refusal| Broken::Law(format!("event {index}: {} ({})", refusal.detail, refusal.code.name())))?;
        for check in &mut self.checks {
            check.look(index, &event).map_err(|text| Broken::Check(check.name(), format!("event {index}: {text}")))?;
        }
        self.summary.count(&event);
        Ok(())
    }
}
