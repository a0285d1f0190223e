//! Held outputs (保留) in the fold: held, checked one by one without seeing each other, opened together, decided.

use super::{Cases, RunCase, only_gateway, person, suspended};
use crate::{
    check::{self, Finding, SignedCheck},
    handover::RunReport,
    hold::Held,
    permit::{ApplicationContent, Permit},
    record::Event,
    refusal::{Code, Refusal},
    terms::{OrganisationId, PersonId, RunId},
};

/// What became of a held output.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct Hold {
    /// What the record says of it.
    pub held: Held,
    /// The enclave's report, verdict `hold`.
    pub report: RunReport,
    /// When it was held, milliseconds since 1970.
    pub at_ms: u64,
    /// Checks so far, in their order.
    pub cast: Vec<Cast>,
    /// Once all were opened.
    pub opened: Option<Opened>,
}

/// A check that nobody has seen yet.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct Cast {
    /// Whose.
    pub by: PersonId,
    /// Their organisation.
    pub organisation: OrganisationId,
    /// Digest of the signed check.
    pub commitment: String,
}

/// The opened checks.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct Opened {
    /// Index of the event: authorises the second judgement.
    pub index: u64,
    /// True when every checker found that it may leave.
    pub release: bool,
    /// All of them.
    pub checks: Vec<SignedCheck>,
}

impl Hold {
    /// How many checkers have not looked yet.
    #[must_use]
    pub fn missing(&self) -> u8 {
        self.held.checkers.saturating_sub(u8::try_from(self.cast.len()).unwrap_or(u8::MAX))
    }

    fn is_refused(&self) -> bool {
        self.opened.as_ref().is_some_and(|opened| !opened.release)
    }

    /// Whether this person of this organisation may be the next one.
    fn next(&self, person: &PersonId, organisation: &OrganisationId) -> Result<(), Refusal> {
        if self.cast.iter().any(|cast| cast.by == *person) {
            return Err(Refusal::new(Code::AlreadyVoted, "you have checked this output; a check stands")
                .ja("この出力はすでに確認しました。判定は変えられません"));
        }
        if self.cast.iter().any(|cast| cast.organisation == *organisation) {
            return Err(Refusal::new(
                Code::OtherOrganisationNeeded,
                "somebody of your organisation has checked it; the second checker is of another one",
            )
            .ja("あなたの所属の人がすでに確認しました。二人目は別の所属の担当者です"));
        }
        if self.missing() == 0 {
            return Err(Refusal::new(Code::WrongState, "all checks of this output are in"));
        }
        Ok(())
    }
}

impl RunCase {
    /// True while people are asked.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.judged.is_none() && !self.withheld && self.hold.as_ref().is_some_and(|hold| !hold.is_refused())
    }

    /// True when the checkers let it go and the gate judges again.
    #[must_use]
    pub fn is_approved(&self) -> bool {
        self.is_held() && self.hold.as_ref().is_some_and(|hold| hold.opened.is_some())
    }

    /// Index of the event that authorises the next verdict; `None` where none may come.
    #[must_use]
    pub fn authority(&self) -> Option<u64> {
        match &self.hold {
            _ if self.judged.is_some() => None,
            None => Some(self.index),
            Some(hold) => hold.opened.as_ref().filter(|opened| opened.release).map(|opened| opened.index),
        }
    }

    /// Why nothing comes of it, where that is so.
    #[must_use]
    pub fn refusal(&self) -> Option<Refusal> {
        let judged = self.judged.as_ref().and_then(|(report, _)| report.refusal.clone());
        let stopped = || (self.withheld && self.released.is_none()).then(suspended);
        let refused = || self.hold.as_ref().filter(|hold| hold.is_refused()).map(|_| not_released());
        if self.recalled.is_some() {
            return Some(recalled());
        }
        judged.or_else(refused).or_else(stopped)
    }
}

/// The answer when a checker found that an output may not leave. Nothing else is told.
#[must_use]
pub fn not_released() -> Refusal {
    Refusal::new(Code::NotReleasedByCheckers, "the output checkers did not release this output; ask for larger groups or less detail")
        .ja("出口審査の担当者がこの出力の持ち出しを認めませんでした。より大きな集団で、または粗くしてたずねてください")
}

/// The answer for the files of a recalled release. The reason stands beside it.
#[must_use]
pub fn recalled() -> Refusal {
    Refusal::new(Code::Recalled, "the ministry has recalled this release; use it no more and destroy every copy")
        .ja("所管省庁がこの持ち出しを取り消しました。これ以上使わず、すべての写しを廃棄してください")
}

impl Cases {
    /// A verdict that leaves it to people: once, for lawful reasons, and without a trace in the ledger.
    pub(super) fn hold(&mut self, event: &Event, report: &RunReport) -> Result<(), Refusal> {
        let case = self.runs.get(&report.run).ok_or_else(|| Refusal::not_found("run"))?;
        if case.hold.is_some() {
            return Err(Refusal::new(Code::WrongState, "an output is held once"));
        }
        let permit = self.open_permit(&case.permit, &case.by, event.at_ms)?;
        let held = report.held.as_ref().filter(|held| held.is_lawful(permit.permit.checkers, &permit.standing()));
        let held = held.ok_or_else(|| Refusal::new(Code::Malformed, "a held output says why, and for how many checkers"))?.clone();
        let grown = self.ledger.as_ref().map_or(report.ledger.entries > 0, |head| *head != report.ledger);
        if grown || !report.files.is_empty() {
            return Err(Refusal::new(Code::RecordUnlawful, "nothing of a held output is shown, so the ledger stays as it is"));
        }
        let hold = Hold { held, report: report.clone(), at_ms: event.at_ms, cast: Vec::new(), opened: None };
        if let Some(case) = self.runs.get_mut(&report.run) {
            case.hold = Some(hold);
        }
        self.ledger = Some(report.ledger.clone());
        Ok(())
    }

    /// The held output, when this person may check it at this moment.
    ///
    /// # Errors
    /// [`Code::NotAllowed`], [`Code::NotFound`], conflicts of interest, an ended permit, [`Code::AlreadyVoted`],
    /// [`Code::OtherOrganisationNeeded`], [`Code::WrongState`].
    pub fn may_check(&self, run: &RunId, checker: &PersonId, at_ms: u64) -> Result<&Hold, Refusal> {
        let (case, hold) = self.held(run, checker)?;
        self.open_permit(&case.permit, &case.by, at_ms)?;
        hold.next(checker, &self.roster.member(checker)?.organisation)?;
        Ok(hold)
    }

    /// The run and its hold, when this person may look at it: an unconflicted checker, while it is held.
    ///
    /// # Errors
    /// [`Code::NotAllowed`], [`Code::NotFound`], conflicts of interest, [`Code::WrongState`] once it is decided.
    pub fn held(&self, run: &RunId, checker: &PersonId) -> Result<(&RunCase, &Hold), Refusal> {
        self.roster.holding(checker, crate::terms::Role::Checker)?;
        let case = self.runs.get(run).filter(|case| case.hold.is_some()).ok_or_else(|| Refusal::not_found("held output"))?;
        let (permit, content) = self.behind(case)?;
        check::unconflicted(checker, permit, content, &self.roster)?;
        let decided = || Refusal::new(Code::WrongState, "this output is decided").ja("この出力の判定は終わっています");
        let hold = case.hold.as_ref().filter(|_| case.is_held()).ok_or_else(decided)?;
        Ok((case, hold))
    }

    /// The permit of a run, and what was applied for.
    ///
    /// # Errors
    /// [`Code::NotFound`].
    pub fn behind(&self, run: &RunCase) -> Result<(&Permit, &ApplicationContent), Refusal> {
        let permit = &self.permits.get(&run.permit).ok_or_else(|| Refusal::not_found("permit"))?.permit;
        let application = self.applications.get(&permit.application).ok_or_else(|| Refusal::not_found("application"))?;
        Ok((permit, &application.content))
    }

    pub(super) fn cast_check(&mut self, event: &Event, run: &RunId, by: &PersonId, commitment: &str) -> Result<(), Refusal> {
        if person(event)? != by {
            return Err(Refusal::new(Code::CheckForged, "a checker casts only their own check"));
        }
        self.may_check(run, by, event.at_ms)?;
        if !crate::sign::is_digest(commitment) {
            return Err(Refusal::new(Code::Malformed, "a commitment is a digest"));
        }
        let organisation = self.roster.member(by)?.organisation.clone();
        if let Some(hold) = self.runs.get_mut(run).and_then(|case| case.hold.as_mut()) {
            hold.cast.push(Cast { by: by.clone(), organisation, commitment: commitment.to_owned() });
        }
        Ok(())
    }

    /// All checks at once, each the one that was committed to.
    pub(super) fn open_checks(&mut self, event: &Event, run: &RunId, checks: &[SignedCheck]) -> Result<(), Refusal> {
        only_gateway(event)?;
        let (index, roster) = (self.size, self.roster.clone());
        let case = self.runs.get_mut(run).ok_or_else(|| Refusal::not_found("held output"))?;
        let held = case.is_held();
        let hold = case.hold.as_mut().filter(|hold| held && hold.opened.is_none()).ok_or_else(|| Refusal::not_found("held output"))?;
        if hold.missing() > 0 || checks.len() != hold.cast.len() {
            return Err(Refusal::new(Code::WrongState, "checks are opened all together, once the last one is in"));
        }
        for (signed, cast) in checks.iter().zip(&hold.cast) {
            if signed.check.by != cast.by || signed.commitment() != cast.commitment {
                return Err(Refusal::new(Code::CheckForged, "an opened check is not the one that was cast"));
            }
            signed.verify(run, &hold.held, &roster)?;
        }
        let release = checks.iter().all(|signed| signed.check.finding == Finding::Release);
        hold.opened = Some(Opened { index, release, checks: checks.to_vec() });
        Ok(())
    }
}
