//! Incidents (事案): what went wrong, or may have, as an auditor or the ministry notes it, with the events of the record that it is about.
//! The record holds what can be counted and searched; the text is a document beside it, because it may name people.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{
    refusal::{Code, Refusal},
    sign,
};

/// Most events that one incident names: as many as a person reads, and a small part of an event's size. More are two incidents.
pub const INCIDENT_LEAVES_MAX: usize = 256;

/// What kind of thing happened. Short on purpose: who sorts finely sorts differently from the next person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IncidentKind {
    /// Something about people was shown that should not have been.
    Disclosure,
    /// Somebody acted who should not have been able to.
    UnauthorisedAccess,
    /// Data were used for something else than was permitted.
    Misuse,
    /// Questions that feel for a threshold or for somebody.
    Probing,
    /// The record, a report or a released file is not what it should be.
    Integrity,
    /// The service could not be used.
    Availability,
    /// Anything else.
    Other,
}

impl IncidentKind {
    /// All of them.
    pub const ALL: &[Self] =
        &[Self::Disclosure, Self::UnauthorisedAccess, Self::Misuse, Self::Probing, Self::Integrity, Self::Availability, Self::Other];
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Nothing came of it.
    Low,
    /// It must be mended.
    Medium,
    /// People may be harmed.
    High,
    /// Everything else waits.
    Critical,
}

impl Severity {
    /// All of them.
    pub const ALL: &[Self] = &[Self::Low, Self::Medium, Self::High, Self::Critical];
}

/// What is noted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    /// What kind.
    pub kind: IncidentKind,
    /// How bad.
    pub severity: Severity,
    /// Indices of the events that it is about; all of them are in the record before it.
    pub leaves: BTreeSet<u64>,
    /// Digest of the text.
    pub text: String,
}

impl Incident {
    /// Whether it can stand as event number `size`.
    ///
    /// # Errors
    /// [`Code::Malformed`] without events, with an event that is not there before it, or without a digest; [`Code::TooLarge`].
    pub fn check(&self, size: u64) -> Result<(), Refusal> {
        if self.leaves.len() > INCIDENT_LEAVES_MAX {
            let detail = format!("an incident names {INCIDENT_LEAVES_MAX} events at most; note the rest as another incident");
            return Err(Refusal::new(Code::TooLarge, detail).ja(format!("1つの事案に書けるのは{INCIDENT_LEAVES_MAX}件までです")));
        }
        let Some(last) = self.leaves.last() else {
            return Err(Refusal::new(Code::Malformed, "name at least one event of the record that the incident is about, by its index")
                .ja("事案に関わる記録番号を1つ以上書いてください"));
        };
        if *last >= size {
            let detail = format!("the record has no event {last} yet: its last one is {}", size.saturating_sub(1));
            let ja = format!("記録番号{last}はまだありません（最新は{}）", size.saturating_sub(1));
            return Err(Refusal::new(Code::Malformed, detail).ja(ja));
        }
        check_text(&self.text)
    }
}

/// The record holds the digest of a text and nothing else of it.
///
/// # Errors
/// [`Code::Malformed`].
pub fn check_text(text: &str) -> Result<(), Refusal> {
    if sign::is_digest(text) { Ok(()) } else { Err(Refusal::new(Code::Malformed, "an incident's text is named by its digest")) }
}
