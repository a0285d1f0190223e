//! Every release stands on signatures of people: the committee's votes behind its permit, and the checkers' where the gate held it.

use std::collections::{BTreeMap, BTreeSet};

use visiting_policies::{
    check::{Finding, SignedCheck},
    handover::RunReport,
    permit::{Permit, SignedBallot},
    record::{Act, Event},
    roster::Roster,
    sign,
    terms::{ApplicationId, PermitId, PersonId, Role, RunId, Verdict},
    vote::Decision,
};

use super::Check;

/// Votes, permits, and outputs on their way out.
#[derive(Debug)]
pub(super) struct Releases {
    roster: Roster,
    approvals: BTreeMap<ApplicationId, BTreeSet<PersonId>>,
    /// Rejected, or sent back.
    turned_down: BTreeSet<ApplicationId>,
    /// With how many approvals.
    permits: BTreeMap<PermitId, usize>,
    runs: BTreeMap<RunId, Output>,
    by_machine: u64,
    by_checkers: u64,
    checks: u64,
}

#[derive(Debug)]
struct Output {
    permit: PermitId,
    /// How many checkers are to look, and how many let it go.
    held: Option<(usize, usize)>,
    leaves: bool,
}

impl Releases {
    /// How much is kept of what is not over.
    #[cfg(test)]
    pub(super) fn open(&self) -> usize {
        self.runs.len()
    }

    pub(super) fn new(roster: Roster) -> Self {
        Self {
            roster,
            approvals: BTreeMap::new(),
            turned_down: BTreeSet::new(),
            permits: BTreeMap::new(),
            runs: BTreeMap::new(),
            by_machine: 0,
            by_checkers: 0,
            checks: 0,
        }
    }

    /// True when the text is signed by somebody of the roster who holds the role.
    fn signed(&self, by: &PersonId, role: Role, text: &str, signature: &str) -> bool {
        let member = self.roster.members.get(by).filter(|member| member.roles.contains(&role));
        member.and_then(|member| member.key.as_deref()).is_some_and(|key| sign::verifies(key, text.as_bytes(), signature))
    }

    fn vote(&mut self, vote: &SignedBallot) -> Result<(), String> {
        let ballot = &vote.ballot;
        if !self.signed(&ballot.member, Role::CommitteeMember, &ballot.text(), &vote.signature) {
            return Err(format!("the vote of {} is not signed by a committee member of that name", ballot.member));
        }
        if ballot.decision == Decision::Approve {
            self.approvals.entry(ballot.application.clone()).or_default().insert(ballot.member.clone());
        } else {
            self.turned_down.insert(ballot.application.clone());
        }
        Ok(())
    }

    fn issue(&mut self, permit: &Permit) -> Result<(), String> {
        let approvals = self.approvals.remove(&permit.application).unwrap_or_default().len();
        if self.turned_down.contains(&permit.application) {
            return Err(format!("{} was issued for an application that a member turned down", permit.id));
        }
        if approvals < self.roster.quorum {
            return Err(format!("{} has {approvals} approvals and needs {}", permit.id, self.roster.quorum));
        }
        self.permits.insert(permit.id.clone(), approvals);
        Ok(())
    }

    fn judge(&mut self, report: &RunReport) -> Result<(), String> {
        let output = self.runs.get_mut(&report.run).ok_or_else(|| format!("a verdict on {}, which nobody asked for", report.run))?;
        match (report.verdict, &report.held) {
            (Verdict::Hold, Some(held)) => output.held = Some((usize::from(held.checkers), 0)),
            (Verdict::Hold, None) => return Err(format!("{} is held for nobody", report.run)),
            (Verdict::Refuse, _) => drop(self.runs.remove(&report.run)),
            (Verdict::Release | Verdict::Suppress, _) => output.leaves = true,
        }
        Ok(())
    }

    fn open_checks(&mut self, run: &RunId, checks: &[SignedCheck]) -> Result<(), String> {
        let signed = |one: &&SignedCheck| self.signed(&one.check.by, Role::Checker, &one.check.text(), &one.signature);
        if let Some(forged) = checks.iter().find(|one| one.check.run != *run || !signed(one)) {
            return Err(format!("the check of {} is not one of this output that a checker signed", forged.check.by));
        }
        let letting = checks.iter().filter(|one| one.check.finding == Finding::Release);
        let people: BTreeSet<&PersonId> = letting.map(|one| &one.check.by).collect();
        let people = people.len();
        let (_, found) =
            self.runs.get_mut(run).and_then(|output| output.held.as_mut()).ok_or_else(|| format!("checks of {run}, which was not held"))?;
        *found = people;
        self.checks += checks.len() as u64;
        if people < checks.len() {
            self.runs.remove(run);
        }
        Ok(())
    }

    fn release(&mut self, run: &RunId) -> Result<(), String> {
        let output = self.runs.remove(run).filter(|output| output.leaves).ok_or_else(|| format!("{run} left without a verdict"))?;
        if !self.permits.contains_key(&output.permit) {
            return Err(format!("{run} left under {}, which no votes granted", output.permit));
        }
        match output.held {
            None => self.by_machine += 1,
            Some((needed, found)) if needed > 0 && found >= needed => self.by_checkers += 1,
            Some((needed, found)) => return Err(format!("{run} left after {found} of {needed} checks")),
        }
        Ok(())
    }
}

impl Check for Releases {
    fn name(&self) -> &'static str {
        "releases"
    }

    fn look(&mut self, _: u64, event: &Event) -> Result<(), String> {
        match &event.act {
            Act::VoteCast { vote } => self.vote(vote),
            Act::PermitIssued { permit } => self.issue(permit),
            Act::RunRequested { run, permit, .. } => {
                self.runs.insert(run.clone(), Output { permit: permit.clone(), held: None, leaves: false });
                Ok(())
            }
            Act::RunJudged { report, .. } => self.judge(report),
            Act::ChecksOpened { run, checks } => self.open_checks(run, checks),
            Act::Released { run, .. } => self.release(run),
            _ => Ok(()),
        }
    }

    fn told(&self) -> String {
        let least =
            self.permits.values().min().map_or(String::new(), |least| format!("; each permit has {least} signed approvals or more"));
        format!(
            "{} by the machine's verdict, {} after output checkers' ({} signed checks){least}",
            self.by_machine, self.by_checkers, self.checks
        )
    }
}
