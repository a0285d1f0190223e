//! Every read of data was made under a permit that was alive: there, not expired, not suspended, and naming who asked.

use std::collections::{BTreeMap, BTreeSet};

use visiting_policies::{
    check::Finding,
    handover::{Repeated, RerunReport},
    record::{Act, Actor, Event},
    terms::{PermitId, PersonId, RerunId, RunId, Verdict},
};

use super::Check;

/// Permits, and the runs under them that are not decided.
#[derive(Debug, Default)]
pub(super) struct Reads {
    permits: BTreeMap<PermitId, Life>,
    runs: BTreeMap<RunId, (PermitId, PersonId)>,
    extracts: u64,
    judged: u64,
    late: u64,
    erased: BTreeSet<PermitId>,
    repeated: u64,
    /// Permits of runs that may leave.
    leaving: BTreeMap<RunId, PermitId>,
    /// Permits of runs that left.
    released: BTreeMap<RunId, PermitId>,
    /// Permits of repetitions that are not answered.
    reruns: BTreeMap<RerunId, PermitId>,
}

#[derive(Debug)]
struct Life {
    people: BTreeSet<PersonId>,
    until_ms: u64,
    /// When it was issued: an extract is begun on that alone.
    issued_ms: u64,
    suspended: bool,
    closed: bool,
}

impl Life {
    fn ended(&self, at_ms: u64) -> Option<&'static str> {
        if self.closed {
            return Some("closed");
        }
        if self.suspended {
            return Some("suspended");
        }
        (at_ms >= self.until_ms).then_some("expired")
    }
}

impl Reads {
    /// How much is kept of what is not over.
    #[cfg(test)]
    pub(super) fn open(&self) -> usize {
        self.runs.len() + self.leaving.len() + self.reruns.len()
    }

    fn alive(&self, permit: &PermitId, by: &PersonId, at_ms: u64, what: &str) -> Result<(), String> {
        let life = self.permits.get(permit).ok_or_else(|| format!("{what} under {permit}, which was never issued"))?;
        if let Some(ended) = life.ended(at_ms) {
            return Err(format!("{what} under {permit}, which is {ended}"));
        }
        if life.people.contains(by) { Ok(()) } else { Err(format!("{what} under {permit}, which does not name {by}")) }
    }

    /// An extract is begun when its permit is issued. That it is reported after the permit's end says nothing about when it was read:
    /// this is told and no fault.
    fn extract(&mut self, permit: &PermitId, at_ms: u64) -> Result<(), String> {
        let life = self.permits.get(permit).ok_or_else(|| format!("an extract under {permit}, which was never issued"))?;
        if life.issued_ms >= life.until_ms {
            return Err(format!("an extract under {permit}, which had expired before it was issued"));
        }
        if self.erased.contains(permit) {
            return Err(format!("an extract under {permit}, of which the record says that it is erased"));
        }
        self.late += u64::from(life.ended(at_ms).is_some());
        self.extracts += 1;
        Ok(())
    }

    /// A repetition reads data for an auditor, also after the permit's end, as long as the extract is there.
    fn repeat(&mut self, rerun: &RerunId, run: &RunId) -> Result<(), String> {
        let permit = self.released.get(run).ok_or_else(|| format!("a repetition of {run}, which was not released"))?;
        if self.erased.contains(permit) {
            return Err(format!("a repetition of {run}, the extract of which is erased"));
        }
        self.reruns.insert(rerun.clone(), permit.clone());
        self.repeated += 1;
        Ok(())
    }

    /// What was asked for before the erasure and is answered after it was not read.
    fn answer(&mut self, report: &RerunReport) -> Result<(), String> {
        let permit = self.reruns.remove(&report.rerun).ok_or_else(|| format!("{} was answered, which nobody waits for", report.rerun))?;
        if report.outcome != Repeated::NotRepeated && self.erased.contains(&permit) {
            return Err(format!("{} was repeated, the extract of which is erased", report.rerun));
        }
        Ok(())
    }

    /// What is erased has ended: suspended for good by its closure, or run out.
    fn erase(&mut self, permit: &PermitId, at_ms: u64) -> Result<(), String> {
        let life = self.permits.get(permit).ok_or_else(|| format!("the extract of {permit} was erased, which was not issued"))?;
        if !life.closed && at_ms < life.until_ms {
            return Err(format!("the extract of {permit} was erased before the permit had ended"));
        }
        self.erased.insert(permit.clone());
        Ok(())
    }

    /// A refusal may come without any read; everything else is made of data.
    fn judge(&mut self, run: &RunId, verdict: Verdict, at_ms: u64) -> Result<(), String> {
        if verdict == Verdict::Refuse {
            self.runs.remove(run);
            return Ok(());
        }
        let (permit, by) = self.runs.get(run).ok_or_else(|| format!("a verdict on {run}, which nobody asked for"))?;
        self.alive(permit, by, at_ms, "data were read")?;
        let permit = permit.clone();
        if verdict != Verdict::Hold {
            self.runs.remove(run);
            self.leaving.insert(run.clone(), permit);
        }
        self.judged += 1;
        Ok(())
    }

    /// Whether it was let go, other checks say.
    fn release(&mut self, run: &RunId) {
        if let Some((run, permit)) = self.leaving.remove_entry(run) {
            self.released.insert(run, permit);
        }
    }
}

impl Check for Reads {
    fn name(&self) -> &'static str {
        "reads"
    }

    fn look(&mut self, _: u64, event: &Event) -> Result<(), String> {
        match (&event.act, &event.by) {
            (Act::PermitIssued { permit }, _) => {
                let life = Life {
                    people: permit.people.clone(),
                    until_ms: permit.until_ms,
                    issued_ms: event.at_ms,
                    suspended: false,
                    closed: false,
                };
                self.permits.insert(permit.id.clone(), life);
            }
            (Act::PermitSuspended { order, .. }, _) => {
                self.permits.get_mut(&order.permit).into_iter().for_each(|life| life.suspended = true);
            }
            (Act::PermitClosed { order, .. }, _) => {
                self.permits.get_mut(&order.permit).into_iter().for_each(|life| life.closed = true);
            }
            (Act::ExtractErased { report, .. }, _) => self.erase(&report.permit, event.at_ms)?,
            (Act::RerunRequested { rerun, run }, _) => self.repeat(rerun, run)?,
            (Act::RerunAnswered { report, .. }, _) => self.answer(report)?,
            (Act::Released { run, .. }, _) => self.release(run),
            (Act::ExtractMade { report, .. }, _) => self.extract(&report.permit, event.at_ms)?,
            (Act::RunRequested { run, permit, .. }, Actor::Person(by)) => {
                self.alive(permit, by, event.at_ms, "a run was asked for")?;
                self.runs.insert(run.clone(), (permit.clone(), by.clone()));
            }
            (Act::PreflightRequested { permit, .. }, Actor::Person(by)) => {
                self.alive(permit, by, event.at_ms, "a pre-flight was asked for")?
            }
            (Act::ChecksOpened { run, checks }, _) if checks.iter().any(|signed| signed.check.finding == Finding::Refuse) => {
                self.runs.remove(run);
            }
            (Act::RunJudged { report, .. }, _) => self.judge(&report.run, report.verdict, event.at_ms)?,
            _ => {}
        }
        Ok(())
    }

    fn told(&self) -> String {
        let more = |n: usize, what: &str| if n == 0 { String::new() } else { format!("; {n} {what}") };
        let late = more(usize::try_from(self.late).unwrap_or(usize::MAX), "extracts were reported after their permit's end");
        let repeated = more(usize::try_from(self.repeated).unwrap_or(usize::MAX), "repetitions for auditors");
        let erased = more(self.erased.len(), "extracts erased");
        format!("{} extracts and {} verdicts over data, each under a permit alive then{late}{repeated}{erased}", self.extracts, self.judged)
    }
}
