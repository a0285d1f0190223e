//! The record's vocabulary. One event = one line of JSON = one leaf; the bytes as written are what is hashed, for ever.
//!
//! Events hold ids, digests, scopes, rule packs and reasons of the ministry, the committee and the output checkers, never names of people, never values. Counts of people or rows are base 10 (A10).

use serde::{Deserialize, Serialize};

use crate::{
    check::SignedCheck,
    exposure::ExposureReport,
    handover::{ErasureReport, ExtractReport, LoadReport, PreflightReport, RerunReport, RunReport},
    incident::Incident,
    permit::{ApplicationContent, Permit, SignedBallot},
    refusal::{Code, Refusal},
    rotation::LogKeyRotation,
    rules::{RulesAdoption, RulesProposal},
    sample::SignedLook,
    terms::{ApplicationId, IncidentId, PermitId, PersonId, PreflightId, RerunId, RunId},
    vote::{ClosureOrder, RecallOrder, SuspensionOrder},
};

/// Version of the event form.
pub const VERSION: u8 = 1;

/// Largest event, bytes: C2SP entry bundles prefix each entry with 16 bits.
pub const EVENT_MAX_BYTES: usize = 65_535;

/// Who acted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// A person of the roster.
    Person(PersonId),
    /// The gateway itself, where the law leaves it no choice (a permit once the quorum is there).
    Gateway,
    /// The enclave, by a signed report.
    Enclave,
    /// Somebody without a valid login.
    Nobody,
}

/// A request that may be repeated: the same key and body give the first answer again, also after a crash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestKey {
    /// Digest of the actor and the client's `Idempotency-Key`.
    pub key: String,
    /// Digest of the request.
    pub request: String,
}

/// One line of the record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// [`VERSION`].
    pub v: u8,
    /// When, milliseconds since 1970-01-01T00:00Z, by the gateway's clock.
    pub at_ms: u64,
    /// Who.
    pub by: Actor,
    /// For requests that may be repeated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<RequestKey>,
    /// What.
    pub act: Act,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Act {
    /// First event: which log this is, under which roster.
    RecordOpened {
        /// Origin of the log.
        origin: String,
        /// Digest of the roster.
        roster: String,
        /// True in demo mode: no witness, the enclave's own clock.
        demo: bool,
    },
    /// The log signs with another key from here on.
    LogKeyRotated {
        /// Which follows which.
        rotation: LogKeyRotation,
        /// The signature of the key so far.
        signature: String,
        /// The signature of the new one: whoever rotates has it.
        accepted: String,
    },
    /// A listing of the catalogue as published.
    ListingPublished {
        /// Listing id.
        listing: String,
        /// Digest of the listing file.
        digest: String,
    },
    /// A data version came into the vault; extracts made from now on use it.
    DataLoaded {
        /// What was loaded.
        report: LoadReport,
        /// The enclave's signature over the report.
        signature: String,
    },
    /// 申請.
    ApplicationSubmitted {
        /// Its id.
        application: ApplicationId,
        /// Its structured content.
        content: ApplicationContent,
    },
    /// Reception found the application complete: the committee may vote.
    CompletenessConfirmed {
        /// Which.
        application: ApplicationId,
    },
    /// Reception sent it back.
    CompletenessDenied {
        /// Which.
        application: ApplicationId,
        /// Digest of the remarks.
        remarks: String,
    },
    /// A committee member voted.
    VoteCast {
        /// Ballot and signature.
        vote: SignedBallot,
    },
    /// The quorum was reached; follows from the votes alone.
    PermitIssued {
        /// The permit.
        permit: Permit,
    },
    /// The extract of a permit is ready.
    ExtractMade {
        /// What was extracted.
        report: ExtractReport,
        /// The enclave's signature.
        signature: String,
    },
    /// A researcher's program that passed the examination, bound to a permit under a name.
    GuestBound {
        /// To which permit.
        permit: PermitId,
        /// Digest over manifest and module; the bytes lie beside the record.
        guest: String,
        /// What it is called in the permit's SQL: `guest.<name>`.
        name: String,
    },
    /// A code list that passed the examination, bound to a permit under a name.
    CodesBound {
        /// To which permit.
        permit: PermitId,
        /// Digest of the file; the bytes lie beside the record.
        codes: String,
        /// What it is called in the permit's SQL: `codes.<name>`.
        name: String,
    },
    /// Intent of a pre-flight: SQL is tried on synthetic data.
    PreflightRequested {
        /// Its id.
        preflight: PreflightId,
        /// Under which permit.
        permit: PermitId,
        /// Digest of the SQL.
        program: String,
    },
    /// What the exit gate would say. No data were read.
    PreflightAnswered {
        /// Verdict, reason, digest of the synthetic table.
        report: PreflightReport,
        /// The enclave's signature.
        signature: String,
    },
    /// Intent of a run; recorded before any data is read.
    RunRequested {
        /// Its id.
        run: RunId,
        /// Under which permit.
        permit: PermitId,
        /// Digest of the SQL.
        program: String,
    },
    /// The exit gate's verdict; recorded before any byte leaves.
    RunJudged {
        /// Verdict, reasons, digests of the files.
        report: RunReport,
        /// The enclave's signature.
        signature: String,
    },
    /// Somebody is in very many released sets; a band, and nobody is named.
    ExposureReached {
        /// Which band, of one permit or of all.
        report: ExposureReport,
        /// The enclave's signature.
        signature: String,
    },
    /// An output checker has looked; the finding stays hidden until all are in.
    CheckCast {
        /// Which run.
        run: RunId,
        /// Who.
        by: PersonId,
        /// Digest of the signed check with its salt.
        commitment: String,
    },
    /// The last check is in: all of them at once, in the order in which they were cast.
    ChecksOpened {
        /// Which run.
        run: RunId,
        /// The signed checks in full.
        checks: Vec<SignedCheck>,
    },
    /// The bytes left the enclave.
    Released {
        /// Of which run.
        run: RunId,
        /// Digest of the receipt.
        receipt: String,
    },
    /// An output checker has looked at a release of the machine that was drawn.
    SampleLooked {
        /// The signed opinion in full.
        signed: SignedLook,
    },
    /// The ministry stopped a permit.
    PermitSuspended {
        /// The order.
        order: SuspensionOrder,
        /// The ministry's signature.
        signature: String,
    },
    /// The ministry ended a permit for good.
    PermitClosed {
        /// The order.
        order: ClosureOrder,
        /// The ministry's signature.
        signature: String,
    },
    /// The extract of an ended permit is destroyed.
    ExtractErased {
        /// Of which permit.
        report: ErasureReport,
        /// The enclave's signature.
        signature: String,
    },
    /// An auditor wants a released run repeated.
    RerunRequested {
        /// Its id.
        rerun: RerunId,
        /// Which run.
        run: RunId,
    },
    /// What came of the repetition.
    RerunAnswered {
        /// Same, or not.
        report: RerunReport,
        /// The enclave's signature.
        signature: String,
    },
    /// The ministry recalled a release.
    Recalled {
        /// The order.
        order: RecallOrder,
        /// The ministry's signature.
        signature: String,
    },
    /// Somebody proposed another version of a rule pack.
    RulesProposed {
        /// What is signed.
        proposal: RulesProposal,
        /// The proposed file itself: whoever has the record has the rules.
        text: String,
        /// The proposer's signature.
        signature: String,
    },
    /// A second person put a proposed version in force.
    RulesAdopted {
        /// What is signed.
        adoption: RulesAdoption,
        /// The adopter's signature.
        signature: String,
    },
    /// An auditor or the ministry noted that something went wrong, or may have, and the events that it is about.
    IncidentNoted {
        /// Its id.
        incident: IncidentId,
        /// What is noted.
        noted: Incident,
    },
    /// An auditor or the ministry closed an incident, once.
    IncidentClosed {
        /// Which.
        incident: IncidentId,
        /// Digest of what came of it; the text is kept beside the record.
        text: String,
    },
    /// Somebody read something that matters.
    Viewed {
        /// What: a path of the API.
        what: String,
    },
    /// A released file was fetched.
    Downloaded {
        /// Of which run.
        run: RunId,
        /// Which file.
        file: String,
    },
    /// A wrong move.
    Refused {
        /// What was tried: method and path, or the enclave's step.
        tried: String,
        /// Why it was refused.
        code: Code,
    },
}

impl Act {
    /// The kind, as it stands in the JSON.
    #[must_use]
    pub fn kind(&self) -> String {
        let value = serde_json::to_value(self).unwrap_or_default();
        value.get("kind").and_then(|k| k.as_str()).unwrap_or_default().to_owned()
    }
}

impl Event {
    /// The bytes of the leaf.
    ///
    /// # Errors
    /// [`Code::TooLarge`] over [`EVENT_MAX_BYTES`].
    pub fn to_bytes(&self) -> Result<Vec<u8>, Refusal> {
        let bytes = serde_json::to_vec(self).map_err(|e| Refusal::new(Code::Malformed, e.to_string()))?;
        if bytes.len() > EVENT_MAX_BYTES {
            return Err(Refusal::new(Code::TooLarge, format!("an event has {EVENT_MAX_BYTES} bytes at most; shorten the request")));
        }
        Ok(bytes)
    }

    /// Reads a leaf. The bytes must be exactly what [`Event::to_bytes`] writes: one event has one spelling.
    ///
    /// # Errors
    /// [`Code::RecordUnlawful`] when they are not.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Refusal> {
        let unlawful = |detail: String| Refusal::new(Code::RecordUnlawful, detail);
        let event: Self = serde_json::from_slice(bytes).map_err(|e| unlawful(format!("an event of the record cannot be read: {e}")))?;
        if event.v != VERSION || event.to_bytes()? != bytes {
            return Err(unlawful("an event of the record is not in canonical form".to_owned()));
        }
        Ok(event)
    }
}
