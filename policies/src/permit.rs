//! From votes to a permit: the only way one comes to be.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{
    hold::CHECKERS_MAX,
    refusal::{Code, Refusal},
    roster::Roster,
    sign,
    terms::{ApplicationId, OrganisationId, PermitId, PersonId, Role, Scope},
    vote::{self, Ballot, Decision},
};

/// Structured content of an application. The purpose's text is a document beside the record; here is its digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApplicationContent {
    /// The people who would work in the workspace, the applicant among them.
    pub team: BTreeSet<PersonId>,
    /// Their organisations.
    pub organisations: BTreeSet<OrganisationId>,
    /// Digest of the purpose's text.
    pub purpose: String,
    /// What is applied for.
    pub scope: Scope,
    /// Last moment of use, milliseconds since 1970-01-01T00:00Z.
    pub until_ms: u64,
}

impl ApplicationContent {
    /// What ballots name.
    #[must_use]
    pub fn digest(&self) -> String {
        sign::digest(serde_json::to_string(self).unwrap_or_default().as_bytes())
    }
}

/// The only authority to touch data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Permit {
    /// Its id.
    pub id: PermitId,
    /// The application it came from.
    pub application: ApplicationId,
    /// The named people.
    pub people: BTreeSet<PersonId>,
    /// What may be seen, conditions applied.
    pub scope: Scope,
    /// Last moment of use, milliseconds since 1970.
    pub until_ms: u64,
    /// So many output checkers look at each output.
    #[serde(default, skip_serializing_if = "vote::is_none")]
    pub checkers: u8,
}

/// A vote with the member's signature (base64) over [`Ballot::text`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedBallot {
    /// The vote.
    pub ballot: Ballot,
    /// Ed25519 signature, base64.
    pub signature: String,
}

/// Checks one vote against the roster and the application: role, conflict, content, signature.
///
/// # Errors
/// The first rule that it breaks.
pub fn check_vote(vote: &SignedBallot, content: &ApplicationContent, roster: &Roster) -> Result<(), Refusal> {
    let ballot = &vote.ballot;
    let member = roster.holding(&ballot.member, Role::CommitteeMember)?;
    if content.team.contains(&ballot.member) {
        return Err(Refusal::new(Code::ReviewerIsApplicant, "an applicant cannot review their own application; another member must vote"));
    }
    if content.organisations.contains(&member.organisation) {
        return Err(Refusal::new(
            Code::ConflictOfInterest,
            "your organisation takes part in this application; an unconflicted member must vote",
        ));
    }
    if ballot.content != content.digest() {
        return Err(Refusal::new(Code::WrongState, "the vote names another content of the application; read it again and sign anew"));
    }
    if let Some(missing) = ballot.remove.iter().find(|c| !content.scope.names(c)) {
        let name = String::from(missing.clone());
        return Err(Refusal::new(Code::Malformed, format!("the condition removes `{name}`, which the application does not ask for")));
    }
    check_checkers(ballot.checkers, content, roster)?;
    let key = member.key.as_deref().unwrap_or_default();
    if !sign::verifies(key, ballot.text().as_bytes(), &vote.signature) {
        return Err(Refusal::new(
            Code::VoteForged,
            "the signature is not this member's over this ballot; sign the ballot text with the member's own key",
        ));
    }
    Ok(())
}

/// The permit that these votes grant: `None` while the quorum is not reached. Conditions of all approvals apply together.
#[must_use]
pub fn grant(
    id: &PermitId,
    application: &ApplicationId,
    content: &ApplicationContent,
    votes: &[SignedBallot],
    roster: &Roster,
) -> Option<Permit> {
    let lawful: Vec<&SignedBallot> = votes.iter().filter(|v| check_vote(v, content, roster).is_ok()).collect();
    let approvals: BTreeSet<&PersonId> =
        lawful.iter().filter(|v| v.ballot.decision == Decision::Approve).map(|v| &v.ballot.member).collect();
    if approvals.len() < roster.quorum || lawful.iter().any(|v| v.ballot.decision != Decision::Approve) {
        return None;
    }
    let checkers = lawful.iter().map(|v| v.ballot.checkers).max().unwrap_or(0);
    let removed = lawful.iter().flat_map(|v| v.ballot.remove.iter().cloned()).collect();
    Some(Permit {
        id: id.clone(),
        application: application.clone(),
        people: content.team.clone(),
        scope: content.scope.without(&removed),
        until_ms: content.until_ms,
        checkers,
    })
}

/// A condition that nobody could fulfil is refused before it is voted: as many organisations without a part in the application must
/// have a checker with keys.
fn check_checkers(asked: u8, content: &ApplicationContent, roster: &Roster) -> Result<(), Refusal> {
    if asked > CHECKERS_MAX {
        return Err(Refusal::new(Code::Malformed, format!("an output is looked at by {CHECKERS_MAX} checkers at most")));
    }
    let able = roster.members.iter().filter(|(id, member)| {
        let keys = member.key.is_some() && member.seal_key.is_some();
        keys && member.roles.contains(&Role::Checker) && !content.team.contains(id) && !content.organisations.contains(&member.organisation)
    });
    let organisations: BTreeSet<&OrganisationId> = able.map(|(_, member)| &member.organisation).collect();
    if organisations.len() < usize::from(asked) {
        return Err(Refusal::new(
            Code::Malformed,
            "the roster has no checkers of so many organisations without a part in this application",
        ));
    }
    Ok(())
}
