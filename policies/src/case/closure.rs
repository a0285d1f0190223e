//! The end of a permit (利用終了) in the fold: closed by the ministry or run out, then erased by the enclave. Neither is taken back.

use super::{Cases, PermitCase, RunCase, person};
use crate::{
    handover::ErasureReport,
    record::Event,
    refusal::{Code, Refusal},
    sign,
    terms::Role,
    vote::ClosureOrder,
};

impl PermitCase {
    /// Nothing can happen under it any more, at this moment and later.
    #[must_use]
    pub fn has_ended(&self, at_ms: u64) -> bool {
        self.closed.is_some() || at_ms >= self.permit.until_ms
    }
}

impl Cases {
    pub(super) fn close(&mut self, event: &Event, order: &ClosureOrder, signature: &str) -> Result<(), Refusal> {
        let member = self.roster.holding(person(event)?, Role::Ministry)?;
        let signer = self.roster.holding(&order.by, Role::Ministry)?;
        let key = signer.key.as_deref().unwrap_or_default();
        if member != signer || !sign::verifies(key, order.text().as_bytes(), signature) {
            return Err(Refusal::new(Code::ClosureForged, "the closure is not signed by the ministry's key"));
        }
        if order.reason.trim().is_empty() || order.reason.chars().any(char::is_control) {
            return Err(Refusal::new(Code::Malformed, "give the reason in one line"));
        }
        let case = self.permits.get_mut(&order.permit).ok_or_else(|| Refusal::not_found("permit"))?;
        if case.closed.is_some() {
            return Err(Refusal::new(Code::WrongState, "the permit was closed already"));
        }
        case.closed = Some(order.reason.clone());
        let begun = |r: &RunCase| r.judged.is_some() || r.hold.is_some();
        let waiting = self.runs.values_mut().filter(|r| r.permit == order.permit && begun(r) && r.released.is_none());
        waiting.for_each(|run| run.withheld = true);
        Ok(())
    }

    pub(super) fn erase(&mut self, event: &Event, report: &ErasureReport, signature: &str) -> Result<(), Refusal> {
        self.only_enclave(event, report, signature)?;
        let index = self.size;
        let case = self.permits.get_mut(&report.permit).ok_or_else(|| Refusal::not_found("permit"))?;
        if !case.has_ended(event.at_ms) {
            return Err(Refusal::new(Code::WrongState, "the permit has not ended"));
        }
        if case.erased.is_some() {
            return Err(Refusal::new(Code::WrongState, "the extract was erased already"));
        }
        case.erased = Some(index);
        Ok(())
    }
}
