//! Pre-flights: SQL judged on the permit's synthetic twin by the code of real runs. No data are read; the ledger learns nothing.

use visiting_policies::{
    Refusal,
    case::PreflightCase,
    handover::{PreflightAnswer, PreflightReport, Purpose},
    terms::PreflightId,
};

use super::{Enclave, operator_problem};
use crate::{config::ATTEMPTS_MAX, fault::Fault, known::Known, roles::RulesInForce, twin::Tried};

impl Enclave {
    /// Answers a pre-flight once. There is no ladder to wait on: how long it took says nothing of data.
    pub(super) fn preflight(&mut self, id: &PreflightId, sql: &str) -> Result<(), Fault> {
        let Some(case) = self.follower.cases.preflights.get(id).filter(|case| case.answered.is_none()).cloned() else { return Ok(()) };
        // One that takes the process down with it must not do so for ever.
        let again = self.ledger.attempt(id.as_str())? > ATTEMPTS_MAX;
        let tried = if again { Err(Fault::Other("the pre-flight was begun too often".to_owned())) } else { self.try_out(&case, sql) };
        let tried = match tried {
            Ok(tried) => tried,
            Err(Fault::Refused(refusal)) => Tried::refused(refusal),
            // The gateway is away: the same pre-flight is asked for again.
            Err(fault @ Fault::Gateway(_)) => return Err(fault),
            Err(fault) => {
                tracing::error!(%fault, preflight = %id, "a pre-flight could not be completed");
                Tried::refused(operator_problem())
            }
        };
        let Tried { verdict, refusal, table } = tried;
        let table_digest = table.as_ref().map(|csv| visiting_policies::sign::digest(csv.as_bytes()));
        let report = PreflightReport { preflight: id.clone(), index: case.index, verdict, refusal, table: table_digest };
        self.door.report("preflights", &PreflightAnswer { report: report.sign(&self.keys.signing), table })?;
        self.ledger.left(id.as_str())?;
        self.follower.advance(&self.door)
    }

    fn try_out(&mut self, case: &PreflightCase, sql: &str) -> Result<Tried, Fault> {
        let cases = &self.follower.cases;
        cases.open_permit(&case.permit, &case.by, self.follower.now_ms())?;
        let permit = cases.permits.get(&case.permit).ok_or_else(|| Refusal::not_found("permit"))?;
        let bound = cases.guests_of(&case.permit, case.index);
        self.guests.fetch(&self.door, &bound, sql)?;
        let (guests, signatures) = self.guests.open(&bound, sql)?;
        let lists = cases.codes_of(&case.permit, case.index);
        let texts = self.guests.texts(&bound, sql);
        self.codes.fetch(&self.door, &lists, &texts)?;
        let codes = self.codes.open(&lists, &texts)?;
        let twin = self.twins.of(&self.config, permit, &self.listings)?;
        let known = Known::default();
        let rules = RulesInForce { book: &cases.rules, municipalities: &self.municipalities };
        let judged = twin.judge((&self.listings, rules), &known, &mut self.guests, (&guests, signatures, codes), sql);
        Ok(self.runtime.block_on(judged)?.0)
    }
}
