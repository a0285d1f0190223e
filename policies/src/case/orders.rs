//! The ministry's orders in the fold, and what the enclave tells of exposure: each stops something, and none is taken back.

use super::{Cases, RunCase, person};
use crate::{
    exposure::ExposureReport,
    record::Event,
    refusal::{Code, Refusal},
    sign,
    terms::Role,
    vote::{RecallOrder, SuspensionOrder},
};

impl Cases {
    pub(super) fn suspend(&mut self, event: &Event, order: &SuspensionOrder, signature: &str) -> Result<(), Refusal> {
        let member = self.roster.holding(person(event)?, Role::Ministry)?;
        let signer = self.roster.holding(&order.by, Role::Ministry)?;
        let key = signer.key.as_deref().unwrap_or_default();
        if member != signer || !sign::verifies(key, order.text().as_bytes(), signature) {
            return Err(Refusal::new(Code::SuspensionForged, "the suspension is not signed by the ministry's key"));
        }
        let case = self.permits.get_mut(&order.permit).ok_or_else(|| Refusal::not_found("permit"))?;
        case.suspended = Some(order.reason.clone());
        let begun = |r: &RunCase| r.judged.is_some() || r.hold.is_some();
        let waiting = self.runs.values_mut().filter(|r| r.permit == order.permit && begun(r) && r.released.is_none());
        waiting.for_each(|run| run.withheld = true);
        Ok(())
    }

    pub(super) fn recall(&mut self, event: &Event, order: &RecallOrder, signature: &str) -> Result<(), Refusal> {
        let member = self.roster.holding(person(event)?, Role::Ministry)?;
        let signer = self.roster.holding(&order.by, Role::Ministry)?;
        let key = signer.key.as_deref().unwrap_or_default();
        if member != signer || !sign::verifies(key, order.text().as_bytes(), signature) {
            return Err(Refusal::new(Code::RecallForged, "the recall is not signed by the ministry's key"));
        }
        if order.reason.trim().is_empty() || order.reason.chars().any(char::is_control) {
            return Err(Refusal::new(Code::Malformed, "give the reason in one line"));
        }
        let case = self.runs.get_mut(&order.run).filter(|case| case.released.is_some()).ok_or_else(|| Refusal::not_found("release"))?;
        if case.recalled.is_some() {
            return Err(Refusal::new(Code::WrongState, "the release was recalled already"));
        }
        case.recalled = Some(order.reason.clone());
        Ok(())
    }

    /// A band that rose; it never falls, as nothing that was shown is taken back.
    pub(super) fn expose(&mut self, event: &Event, report: &ExposureReport, signature: &str) -> Result<(), Refusal> {
        self.only_enclave(event, report, signature)?;
        let place = match &report.permit {
            None => &mut self.exposure,
            Some(permit) => &mut self.permits.get_mut(permit).ok_or_else(|| Refusal::not_found("permit"))?.exposure,
        };
        if report.exposure <= *place {
            return Err(Refusal::new(Code::WrongState, "the record shows as much already"));
        }
        *place = report.exposure;
        Ok(())
    }
}
