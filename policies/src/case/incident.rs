//! Incidents in the fold: noted by an auditor or the ministry, about events that are there, and closed once.

use super::{Cases, person};
use crate::{
    incident::{Incident, check_text},
    record::Event,
    refusal::{Code, Refusal},
    terms::{IncidentId, PersonId, Role},
};

/// One incident.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct IncidentCase {
    /// What was noted.
    pub noted: Incident,
    /// By whom.
    pub by: PersonId,
    /// When, milliseconds since 1970.
    pub at_ms: u64,
    /// Index of its event.
    pub index: u64,
    /// How it ended.
    pub closed: Option<Closed>,
}

/// The end of an incident.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct Closed {
    /// Who closed it.
    pub by: PersonId,
    /// When, milliseconds since 1970.
    pub at_ms: u64,
    /// Index of its event.
    pub index: u64,
    /// Digest of what came of it.
    pub text: String,
}

impl Cases {
    /// Whether this person keeps incidents: auditors and the ministry do.
    ///
    /// # Errors
    /// [`Code::NotAllowed`].
    pub fn may_keep_incidents(&self, person: &PersonId) -> Result<(), Refusal> {
        let ministry = self.roster.holding(person, Role::Ministry).is_ok();
        if ministry { Ok(()) } else { self.roster.holding(person, Role::Auditor).map(|_| ()) }
    }

    pub(super) fn note_incident(&mut self, event: &Event, incident: &IncidentId, noted: &Incident) -> Result<(), Refusal> {
        let by = person(event)?;
        self.may_keep_incidents(by)?;
        noted.check(self.size)?;
        if self.incidents.contains_key(incident) {
            return Err(Refusal::new(Code::WrongState, "the incident exists"));
        }
        let case = IncidentCase { noted: noted.clone(), by: by.clone(), at_ms: event.at_ms, index: self.size, closed: None };
        self.incidents.insert(incident.clone(), case);
        Ok(())
    }

    pub(super) fn close_incident(&mut self, event: &Event, incident: &IncidentId, text: &str) -> Result<(), Refusal> {
        let by = person(event)?;
        self.may_keep_incidents(by)?;
        check_text(text)?;
        let case = self.incidents.get_mut(incident).ok_or_else(|| Refusal::not_found("incident"))?;
        if case.closed.is_some() {
            return Err(Refusal::new(Code::WrongState, "the incident was closed already; note another one about it")
                .ja("この事案はすでに閉じられています。続きは新しい事案として記録してください"));
        }
        case.closed = Some(Closed { by: by.clone(), at_ms: event.at_ms, index: self.size, text: text.to_owned() });
        Ok(())
    }
}
