//! Judging a run: by the record and the ledger of this moment, or of the one at which it was judged before.

use std::{collections::btree_map::Entry, sync::atomic::AtomicBool};

use visiting_policies::{
    Code, Refusal,
    case::{Cases, PermitCase, RunCase},
};

use super::Enclave;
use crate::{
    config::UNSHOWN_MAX,
    extract::Extract,
    fault::Fault,
    judge::{self, Judged, Setting},
    known::Known,
    roles::RulesInForce,
};

/// What a run is judged by: the record and the ledger of one moment.
pub(super) struct Moment<'a> {
    pub(super) cases: &'a Cases,
    pub(super) known: &'a Known,
}

impl Enclave {
    /// Everything from the permit to a checked table, now. Reads no data before the plan is accepted.
    pub(super) fn judge(&mut self, case: &RunCase, sql: &str, auditing: &AtomicBool) -> Result<Judged, Fault> {
        let open = self.follower.cases.open_permit(&case.permit, &case.by, self.follower.now_ms())?;
        check_unshown(open)?;
        self.judge_at(None, case, sql, Some(auditing))
    }

    /// The same by another moment, where one is given; whether the permit is open is not asked.
    pub(super) fn judge_at(
        &mut self,
        then: Option<Moment<'_>>,
        case: &RunCase,
        sql: &str,
        auditing: Option<&AtomicBool>,
    ) -> Result<Judged, Fault> {
        let extract = match self.extracts.entry(case.permit.clone()) {
            Entry::Occupied(open) => open.into_mut(),
            Entry::Vacant(place) => place.insert(Extract::open(&self.config, &self.keys, &case.permit)?),
        };
        let Moment { cases, known } = then.unwrap_or(Moment { cases: &self.follower.cases, known: self.ledger.known() });
        let standing = cases.permits.get(&case.permit).map(PermitCase::standing).unwrap_or_default();
        let bound = cases.guests_of(&case.permit, case.index);
        let (guests, signatures) = self.guests.open(&bound, sql)?;
        let codes = self.codes.open(&cases.codes_of(&case.permit, case.index), &self.guests.texts(&bound, sql))?;
        let setting = Setting {
            config: &self.config,
            extract,
            listings: &self.listings,
            keys: &self.keys,
            known,
            rules: RulesInForce { book: &cases.rules, municipalities: &self.municipalities },
            guests: &guests,
            signatures,
            codes,
            held: !standing.is_empty(),
            auditing,
        };
        self.runtime.block_on(judge::judge(&setting, &mut self.guests, sql))
    }
}

/// Questions that show nothing can feel for the threshold; after so many a person must look (SECURITY.md).
fn check_unshown(permit: &PermitCase) -> Result<(), Refusal> {
    if permit.unshown < UNSHOWN_MAX as u64 {
        return Ok(());
    }
    let detail = format!("{UNSHOWN_MAX} questions of this permit had nothing to show; no more are run until the permit is renewed");
    let ja =
        format!("この許可では、表示できるものがない問合せが {UNSHOWN_MAX} 件に達しました。許可が更新されるまで、これ以上は実行されません");
    Err(Refusal::new(Code::TooManyUnshown, detail).ja(ja))
}
