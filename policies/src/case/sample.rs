//! Later looks in the fold: drawn with the verdict, looked at once, by somebody whom nothing ties to the permit.

use super::{Cases, RunCase, person};
use crate::{
    check,
    record::Event,
    refusal::{Code, Refusal},
    sample::{Opinion, SignedLook},
    terms::{PersonId, Role, RunId},
};

impl RunCase {
    /// True when it was released by the machine alone and drawn for a later look.
    #[must_use]
    pub fn is_sampled(&self) -> bool {
        self.drawn && self.released.is_some()
    }

    /// The checker's look, where it asks for a recall.
    #[must_use]
    pub fn objection(&self) -> Option<&SignedLook> {
        self.looked.as_ref().filter(|signed| signed.look.opinion == Opinion::Recall)
    }
}

impl Cases {
    /// The sampled release, when this person may look at it. After the fact an ended permit changes nothing.
    ///
    /// # Errors
    /// [`Code::NotAllowed`], [`Code::NotFound`], conflicts of interest, [`Code::WrongState`] once somebody has looked or it was recalled.
    pub fn may_look(&self, run: &RunId, checker: &PersonId) -> Result<&RunCase, Refusal> {
        self.roster.holding(checker, Role::Checker)?;
        let case = self.runs.get(run).filter(|case| case.is_sampled()).ok_or_else(|| Refusal::not_found("sampled release"))?;
        let (permit, content) = self.behind(case)?;
        check::unconflicted(checker, permit, content, &self.roster)?;
        if case.looked.is_some() || case.recalled.is_some() {
            return Err(Refusal::new(Code::WrongState, "this release was looked at already, or recalled")
                .ja("この持ち出しはすでに確認されたか、取り消されています"));
        }
        Ok(case)
    }

    pub(super) fn look(&mut self, event: &Event, signed: &SignedLook) -> Result<(), Refusal> {
        let by = person(event)?;
        if *by != signed.look.by {
            return Err(Refusal::new(Code::CheckForged, "a checker gives only their own opinion"));
        }
        let receipt = self.may_look(&signed.look.run, by)?.released.clone().unwrap_or_default();
        signed.verify(&receipt, &self.roster)?;
        if let Some(case) = self.runs.get_mut(&signed.look.run) {
            case.looked = Some(signed.clone());
        }
        Ok(())
    }
}
