//! What the gate leaves to people: the evidence is sealed to their keys, the verdict `hold` goes the way of every verdict, and what
//! they let go is judged again against the ledger of that moment (A9). Nothing of a held output is in the ledger.

use std::collections::{BTreeMap, BTreeSet};

use visiting_policies::{
    case::{Hold, PermitCase, RunCase, not_released},
    check,
    handover::{LedgerHead, RunReport},
    hold::{self, Evidence, Held, HoldReason},
    refusal::{Code, Refusal},
    roster::Member,
    seal::{self, Seal, SealedHold},
    sign,
    terms::{PersonId, RunId, Verdict},
};

use super::{Enclave, operator_problem};
use crate::{fault::Fault, judge::Judged, keys::random, known::Block, ledger::Pending};

/// Name of the sealed evidence in the outbox.
pub(super) const SEALED: &str = "sealed.json";

/// A verdict with what the ledger learns, and what lies in the outbox until it is in the record.
pub(super) struct Verdicted {
    pub(super) block: Block,
    pub(super) report: RunReport,
    pub(super) files: BTreeMap<String, String>,
}

impl Enclave {
    /// What becomes of a judged run: it leaves, it is refused, or people are asked.
    pub(super) fn verdict(&self, run: &RunId, case: &RunCase, sql: &str, judged: Judged) -> Result<Verdicted, Fault> {
        if judged.verdict == Verdict::Refuse {
            return Ok(self.verdicted(run, case, judged));
        }
        if let Some(hold) = &case.hold {
            return Ok(self.verdicted(run, case, again(hold, judged, self.ledger.head())));
        }
        let asked = self.follower.cases.behind(case)?.0.checkers;
        let standing = self.follower.cases.permits.get(&case.permit).map(PermitCase::standing).unwrap_or_default();
        let reasons: BTreeSet<HoldReason> = judged.reasons.union(&standing).copied().collect();
        if reasons.is_empty() {
            return Ok(self.verdicted(run, case, judged));
        }
        match self.hold(run, case, (sql, reasons, asked), judged) {
            Err(Fault::Refused(refusal)) => Ok(self.verdicted(run, case, Judged::refused(refusal))),
            other => other,
        }
    }

    fn hold(
        &self,
        run: &RunId,
        case: &RunCase,
        (sql, reasons, asked): (&str, BTreeSet<HoldReason>, u8),
        judged: Judged,
    ) -> Result<Verdicted, Fault> {
        let (permit, content) = self.follower.cases.behind(case)?;
        let checkers = hold::checkers(&reasons, asked);
        let readers: Vec<(&PersonId, &Member)> = check::eligible(permit, content, self.follower.cases.roster()).collect();
        let organisations: BTreeSet<_> = readers.iter().map(|(_, member)| &member.organisation).collect();
        if organisations.len() < usize::from(checkers) {
            tracing::error!(%run, checkers, "the roster has too few output checkers without a conflict: the output cannot leave");
            return Err(operator_problem().into());
        }
        let (rows, rows_not_listed) = judged.seen;
        let evidence = Evidence {
            form: hold::FORM.to_owned(),
            run: run.clone(),
            permit: permit.id.clone(),
            application: permit.application.clone(),
            sql: sql.to_owned(),
            reasons: reasons.clone(),
            exposure: self.exposure_of(&permit.id).words().to_owned(),
            table: judged.csv,
            rows,
            rows_not_listed,
        };
        let sealed = sealed(run, &evidence.padded(), &readers)?;
        let held = Held { reasons, checkers, sealed: sign::digest(sealed.as_bytes()) };
        let judged = Judged { rules: judged.rules, ..Judged::empty(Verdict::Hold) };
        let mut verdicted = self.verdicted(run, case, judged);
        verdicted.report.held = Some(held);
        verdicted.files.insert(SEALED.to_owned(), sealed);
        Ok(verdicted)
    }

    /// A verdict says by which events it was judged: those that are known now, as nothing is read on while a run is judged.
    fn verdicted(&self, run: &RunId, case: &RunCase, judged: Judged) -> Verdicted {
        let report = RunReport {
            run: run.clone(),
            index: case.authority().unwrap_or(case.index),
            judged_by: self.follower.cases.size(),
            verdict: judged.verdict,
            refusal: judged.refusal,
            files: judged.digests,
            ledger: LedgerHead { entries: 0, digest: String::new() },
            rules: judged.rules,
            spent: judged.spent,
            held: None,
        };
        Verdicted { block: judged.block, report, files: judged.files }
    }
}

/// The second judgement of what the checkers let go. They have looked at one table under certain rules, for certain reasons: where
/// these are others by now, they have not looked at this one. What nobody could audit leaves beside the releases that they knew of only.
fn again(hold: &Hold, mut judged: Judged, ledger: &LedgerHead) -> Judged {
    let known = judged.reasons.iter().all(|reason| hold.held.reasons.contains(reason));
    let moved = judged.reasons.contains(&HoldReason::NotAudited) && hold.report.ledger != *ledger;
    if !known || moved || judged.rules != hold.report.rules {
        return Judged::refused(changed());
    }
    judged.rules.insert("checkers".to_owned(), format!("{}: pass", hold.held.checkers));
    judged
}

fn changed() -> Refusal {
    Refusal {
        detail: "the rules for this output have changed since the checkers looked at it; ask again".to_owned(),
        ja: Some("担当者が確認したあとで、この出力の公表基準が変わりました。もう一度実行してください".to_owned()),
        ..not_released()
    }
}

/// One seal for each reader, over the same bytes.
fn sealed(run: &RunId, evidence: &[u8], readers: &[(&PersonId, &Member)]) -> Result<String, Fault> {
    let one = |(id, member): &(&PersonId, &Member)| -> Result<Seal, Fault> {
        Ok(Seal::new(run, id, member.seal_key.as_deref().unwrap_or_default(), evidence, random()?)?)
    };
    let seals = readers.iter().map(one).collect::<Result<_, _>>()?;
    Ok(serde_json::to_string(&SealedHold { form: seal::FORM.to_owned(), run: run.clone(), seals })?)
}

/// A verdict with its place in the ledger.
pub(super) fn placed(ledger: LedgerHead, report: RunReport, files: BTreeMap<String, String>) -> Pending {
    Pending { report: RunReport { ledger, ..report }, files }
}

/// What the record says of a run that this verdict would be: nothing, or the same.
pub(super) fn recorded(case: &RunCase, verdict: Verdict) -> Option<&RunReport> {
    match verdict {
        Verdict::Hold => case.hold.as_ref().map(|hold| &hold.report),
        _ => case.judged.as_ref().map(|(report, _)| report),
    }
}

/// Refusals after which a permit lets nothing out any more.
pub(super) fn ended(code: Code) -> bool {
    matches!(code, Code::PermitSuspended | Code::PermitExpired | Code::PermitClosed)
}
