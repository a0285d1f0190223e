//! A check: one output checker's finding on one held output, as a text that the checker signs.
//!
//! It is cast as a commitment, the digest of the signed text with its random salt, and opened together with the others: nobody is led
//! by an earlier vote, and nobody can change their own after the next one is in.

use serde::{Deserialize, Serialize};

use crate::{
    hold::Held,
    permit::{ApplicationContent, Permit},
    refusal::{Code, Refusal},
    roster::{Member, Roster},
    sign,
    terms::{PersonId, Role, RunId},
};

/// Longest reason of a finding, characters: a sentence or two, and no table.
pub const REASON_MAX_CHARS: usize = 300;

/// Bytes of a salt: nobody finds a finding by trying.
pub const SALT_BYTES: usize = 32;

/// What a checker finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// It may leave.
    Release,
    /// It may not.
    Refuse,
}

/// A finding before it is signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// Which run.
    pub run: RunId,
    /// Digest of the sealed evidence: a finding cannot be moved to another output.
    pub sealed: String,
    /// Who looked.
    pub by: PersonId,
    /// The finding.
    pub finding: Finding,
    /// Why, in one line.
    pub reason: String,
    /// [`SALT_BYTES`] random bytes, hexadecimal.
    pub salt: String,
}

impl Check {
    /// The exact text that the checker signs: one field a line, in this order.
    #[must_use]
    pub fn text(&self) -> String {
        let finding = match self.finding {
            Finding::Release => "release",
            Finding::Refuse => "refuse",
        };
        format!(
            "visiting check v1\nrun: {}\nsealed: {}\nby: {}\nfinding: {finding}\nreason: {}\nsalt: {}\n",
            self.run, self.sealed, self.by, self.reason, self.salt
        )
    }

    fn is_of_the_form(&self) -> Result<(), Refusal> {
        let one_line = !self.reason.trim().is_empty() && !self.reason.chars().any(char::is_control);
        if !one_line || self.reason.chars().count() > REASON_MAX_CHARS {
            let detail = format!("give a reason in one line of {REASON_MAX_CHARS} characters at most");
            return Err(Refusal::new(Code::Malformed, detail).ja(format!("理由を{REASON_MAX_CHARS}文字までの1行で書いてください")));
        }
        let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        if self.salt.len() != 2 * SALT_BYTES || !self.salt.bytes().all(hex) {
            return Err(Refusal::new(Code::Malformed, format!("the salt is {SALT_BYTES} random bytes in lower-case hexadecimal")));
        }
        Ok(())
    }
}

/// A check with the checker's signature (base64) over [`Check::text`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedCheck {
    /// The finding.
    pub check: Check,
    /// Ed25519 signature, base64.
    pub signature: String,
}

impl SignedCheck {
    /// The bytes that lie beside the record until all checks are opened.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// What the record holds of it until then.
    #[must_use]
    pub fn commitment(&self) -> String {
        sign::digest(&self.bytes())
    }

    /// Checks the text and the signature against the roster and the held output.
    ///
    /// # Errors
    /// [`Code::Malformed`], [`Code::CheckForged`].
    pub fn verify(&self, run: &RunId, held: &Held, roster: &Roster) -> Result<(), Refusal> {
        self.check.is_of_the_form()?;
        let forged = |detail: &str| Err(Refusal::new(Code::CheckForged, detail));
        if self.check.run != *run || self.check.sealed != held.sealed {
            return forged("the check names another output; open the evidence again and sign anew");
        }
        let key = roster.holding(&self.check.by, Role::Checker)?.key.as_deref().unwrap_or_default();
        if !sign::verifies(key, self.check.text().as_bytes(), &self.signature) {
            return forged("the signature is not this checker's over this check; sign with the checker's own key");
        }
        Ok(())
    }
}

/// The checker, when nothing ties them to the permit: they are not named in it, and not of an organisation of its people.
///
/// # Errors
/// [`Code::NotAllowed`], [`Code::ReviewerIsApplicant`], [`Code::ConflictOfInterest`].
pub fn unconflicted<'a>(
    person: &PersonId,
    permit: &Permit,
    content: &ApplicationContent,
    roster: &'a Roster,
) -> Result<&'a Member, Refusal> {
    let checker = roster.holding(person, Role::Checker)?;
    if permit.people.contains(person) || content.team.contains(person) {
        return Err(Refusal::new(Code::ReviewerIsApplicant, "nobody checks an output of a permit that names them; another checker must")
            .ja("自分の名前がある許可の出力は確認できません。ほかの担当者が確認します"));
    }
    let works = |p: &PersonId| roster.members.get(p).is_some_and(|member| member.organisation == checker.organisation);
    if content.organisations.contains(&checker.organisation) || permit.people.iter().any(works) {
        return Err(Refusal::new(
            Code::ConflictOfInterest,
            "your organisation takes part in this permit; an unconflicted checker must look",
        )
        .ja("あなたの所属はこの許可に関わっています。利害のない担当者が確認します"));
    }
    Ok(checker)
}

/// The checkers to whom evidence of a permit is sealed: unconflicted, with both keys.
pub fn eligible<'a>(
    permit: &'a Permit,
    content: &'a ApplicationContent,
    roster: &'a Roster,
) -> impl Iterator<Item = (&'a PersonId, &'a Member)> {
    let able = |(id, member): &(&PersonId, &Member)| {
        member.key.is_some() && member.seal_key.is_some() && unconflicted(id, permit, content, roster).is_ok()
    };
    roster.members.iter().filter(able)
}
