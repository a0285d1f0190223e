//! Intent before outcome: whatever came about has one event before it that said it would, and each such event has one outcome at most.

use std::collections::BTreeMap;

use visiting_policies::{
    check::Finding,
    handover::RunReport,
    record::{Act, Event},
    terms::{PermitId, PreflightId, RerunId, RunId, Verdict},
};

use super::Check;

/// What is announced and has not come about yet. What has is forgotten.
#[derive(Debug, Default)]
pub(super) struct Intents {
    extracts: BTreeMap<PermitId, u64>,
    preflights: BTreeMap<PreflightId, u64>,
    reruns: BTreeMap<RerunId, u64>,
    runs: BTreeMap<RunId, Run>,
    outcomes: u64,
    withheld: u64,
}

#[derive(Debug)]
struct Run {
    permit: PermitId,
    stage: Stage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// A verdict may come, on the authority of this event.
    Due(u64),
    /// Output checkers look.
    Held,
    /// It may leave.
    Judged,
}

impl Intents {
    /// How much is kept of what is not over.
    #[cfg(test)]
    pub(super) fn open(&self) -> usize {
        self.runs.len() + self.extracts.len() + self.preflights.len() + self.reruns.len()
    }

    fn request(&mut self, index: u64, run: &RunId, permit: &PermitId) -> Result<(), String> {
        let case = Run { permit: permit.clone(), stage: Stage::Due(index) };
        if self.runs.insert(run.clone(), case).is_some() { Err(format!("{run} was asked for already")) } else { Ok(()) }
    }

    fn judge(&mut self, report: &RunReport) -> Result<(), String> {
        let case = self.runs.get_mut(&report.run).filter(|case| case.stage == Stage::Due(report.index));
        let case =
            case.ok_or_else(|| format!("a verdict on {} on the authority of event {}, which gives none", report.run, report.index))?;
        match report.verdict {
            Verdict::Hold => case.stage = Stage::Held,
            Verdict::Refuse => drop(self.runs.remove(&report.run)),
            Verdict::Release | Verdict::Suppress => case.stage = Stage::Judged,
        }
        self.outcomes += 1;
        Ok(())
    }

    /// What the checkers let go is judged again on their authority; the rest is over.
    fn open_checks(&mut self, index: u64, run: &RunId, release: bool) -> Result<(), String> {
        let case = self.runs.get_mut(run).filter(|case| case.stage == Stage::Held);
        let case = case.ok_or_else(|| format!("checks of {run}, which was not held"))?;
        case.stage = Stage::Due(index);
        if !release {
            self.runs.remove(run);
        }
        self.outcomes += 1;
        Ok(())
    }

    fn release(&mut self, run: &RunId) -> Result<(), String> {
        match self.runs.remove(run) {
            Some(Run { stage: Stage::Judged, .. }) => self.outcomes += 1,
            _ => return Err(format!("{run} left without a verdict that lets it")),
        }
        Ok(())
    }

    /// What was judged or held under a suspended permit never leaves; what is only asked for still gets its refusal.
    fn suspend(&mut self, permit: &PermitId) {
        let before = self.runs.len();
        self.runs.retain(|_, case| case.permit != *permit || matches!(case.stage, Stage::Due(_)));
        self.withheld += (before - self.runs.len()) as u64;
    }

    fn one<K: Ord>(open: &mut BTreeMap<K, u64>, key: &K, what: &str) -> Result<u64, String> {
        open.remove(key).ok_or_else(|| format!("{what} that nobody asked for, or a second one"))
    }
}

impl Check for Intents {
    fn name(&self) -> &'static str {
        "intents"
    }

    fn look(&mut self, index: u64, event: &Event) -> Result<(), String> {
        match &event.act {
            Act::PermitIssued { permit } => drop(self.extracts.insert(permit.id.clone(), index)),
            Act::ExtractMade { report, .. } => {
                Self::one(&mut self.extracts, &report.permit, "an extract")?;
                self.outcomes += 1;
            }
            Act::PreflightRequested { preflight, .. } => drop(self.preflights.insert(preflight.clone(), index)),
            Act::PreflightAnswered { report, .. } => {
                if Self::one(&mut self.preflights, &report.preflight, "an answer")? != report.index {
                    return Err(format!("{} was answered on another authority than its request", report.preflight));
                }
                self.outcomes += 1;
            }
            Act::RerunRequested { rerun, .. } => drop(self.reruns.insert(rerun.clone(), index)),
            Act::RerunAnswered { report, .. } => {
                if Self::one(&mut self.reruns, &report.rerun, "a repetition")? != report.index {
                    return Err(format!("{} was answered on another authority than its request", report.rerun));
                }
                self.outcomes += 1;
            }
            Act::RunRequested { run, permit, .. } => self.request(index, run, permit)?,
            Act::RunJudged { report, .. } => self.judge(report)?,
            Act::ChecksOpened { run, checks } => {
                self.open_checks(index, run, checks.iter().all(|signed| signed.check.finding == Finding::Release))?;
            }
            Act::Released { run, .. } => self.release(run)?,
            Act::PermitSuspended { order, .. } => self.suspend(&order.permit),
            Act::PermitClosed { order, .. } => {
                self.extracts.remove(&order.permit);
                self.suspend(&order.permit);
            }
            _ => {}
        }
        Ok(())
    }

    fn told(&self) -> String {
        let count = |wanted: fn(Stage) -> bool| self.runs.values().filter(|run| wanted(run.stage)).count();
        let open = [
            (count(|stage| matches!(stage, Stage::Due(_))), "runs without a verdict"),
            (count(|stage| stage == Stage::Held), "outputs that wait for checkers"),
            (count(|stage| stage == Stage::Judged), "outputs that may leave and have not"),
            (self.extracts.len(), "extracts not made"),
            (self.preflights.len(), "pre-flights without an answer"),
            (self.reruns.len(), "repetitions without an answer"),
            (usize::try_from(self.withheld).unwrap_or(usize::MAX), "outputs withheld by a suspension or a closure"),
        ];
        let open: Vec<_> = open.into_iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
        let open = if open.is_empty() { "none is open".to_owned() } else { format!("open: {}", open.join(", ")) };
        format!("{} outcomes, each after its one intent; {open}", self.outcomes)
    }
}
