//! The one error of the law: what was refused, under which code, and what to do about it.

use serde::{Deserialize, Serialize};

/// Why something was refused. The kebab-case name is the `type` of the problem document and the `code` in the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Code {
    /// The request is not of the documented form.
    Malformed,
    /// No valid login.
    NotLoggedIn,
    /// The person's roles do not allow this act.
    NotAllowed,
    /// There is no such thing, or it may not be seen: the same answer.
    NotFound,
    /// The act does not fit the state the case is in.
    WrongState,
    /// The same idempotency key was used for another request.
    KeyReused,
    /// The person is not named in the permit.
    NotNamed,
    /// The reviewer is a member of the applying team.
    ReviewerIsApplicant,
    /// The reviewer belongs to an organisation of the applying team.
    ConflictOfInterest,
    /// The member has voted already.
    AlreadyVoted,
    /// The vote's signature is not the member's.
    VoteForged,
    /// The suspension's signature is not the ministry's.
    SuspensionForged,
    /// A signature under a change of rules is not the person's.
    RulesForged,
    /// A rule pack is broken, or laxer than the floor.
    RulesUnsound,
    /// One person cannot change the rules: another must adopt.
    SecondPersonNeeded,
    /// A database's publication rules forbid this question, whatever the data.
    RuleForbids,
    /// A ticket was changed on its way, or is not in the record.
    TicketTampered,
    /// The record breaks the law or its own signatures: nothing runs.
    RecordUnlawful,
    /// A report was not signed by the enclave.
    ReportForged,
    /// The permit has passed its last moment.
    PermitExpired,
    /// The permit is suspended by the ministry.
    PermitSuspended,
    /// The permit does not match what the committee approved.
    PermitNotGranted,
    /// The listing does not exist, or has no such table or column, or has no data yet.
    ListingUnknown,
    /// The SQL could not be read.
    SqlUnreadable,
    /// The SQL uses something that this version does not offer.
    SqlNotOffered,
    /// A table or column that the permit does not name, or that does not exist: the same answer.
    NameUnknown,
    /// A column cannot be used that way (key, or no declared domain).
    ColumnUse,
    /// A value outside the column's declared domain or of another type.
    LiteralOutsideDomain,
    /// A guest's manifest or module is not of the allowed form; each finding is told.
    GuestRefused,
    /// The bytes of a guest are not those that the record names.
    GuestTampered,
    /// The query is larger than a stated limit.
    TooLarge,
    /// Nothing can be shown: every row is under the threshold or was shown before. Says nothing else.
    NothingToShow,
    /// Too many questions of this permit had nothing to show.
    TooManyUnshown,
    /// As many streams of the record are open as one person, or the server, may have.
    TooManyStreams,
    /// The run could not be completed; operators have been told. Says nothing about the data.
    OperatorProblem,
    /// The record cannot be written, so nothing happens.
    RecordUnavailable,
    /// A key file is damaged.
    KeyUnusable,
}

impl Code {
    /// The kebab-case name.
    #[must_use]
    pub fn name(self) -> String {
        serde_json::to_value(self).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
    }
}

/// A refusal: a stable code, a sentence in English that says what to do, and the same in Japanese where it was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("{code:?}: {detail}")]
pub struct Refusal {
    /// Stable code.
    pub code: Code,
    /// What was refused and what to do. Never quotes a data value.
    pub detail: String,
    /// The same in Japanese, where it was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ja: Option<String>,
    /// Where in the researcher's text, where one place is to blame.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<TextPlace>,
}

/// A place in a text that somebody sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextPlace {
    /// Line, from 1.
    pub line: u64,
    /// Character in the line, from 1.
    pub column: u64,
}

impl Refusal {
    /// A refusal under `code`.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), ja: None, at: None }
    }

    /// The same with its sentence in Japanese.
    #[must_use]
    pub fn ja(mut self, sentence: impl Into<String>) -> Self {
        self.ja = Some(sentence.into());
        self
    }

    /// The same with its place in the text; a place that is known already stays.
    #[must_use]
    pub fn at(mut self, place: Option<TextPlace>) -> Self {
        self.at = self.at.or(place);
        self
    }

    /// The answer for what does not exist or may not be seen.
    pub fn not_found(what: &str) -> Self {
        Self::new(Code::NotFound, format!("there is no such {what}"))
    }
}
