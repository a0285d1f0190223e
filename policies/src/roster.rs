//! Who is who: roles, organisations and public keys. Gateway and enclave each hold their own copy; its digest opens the record.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{
    refusal::{Code, Refusal},
    terms::{OrganisationId, PersonId, Role},
};

/// One person of the roster. No name: details live in the gateway's erasable people store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Where the person works; decides conflicts of interest.
    pub organisation: OrganisationId,
    /// What the person may do.
    pub roles: BTreeSet<Role>,
    /// Ed25519 public key (base64) of those who sign: committee members, the ministry and output checkers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// X25519 public key (base64) of those to whom the enclave seals: output checkers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seal_key: Option<String>,
}

/// Everyone who may act, and the keys of the two processes that sign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Roster {
    /// Origin of the log, a schemeless URL (C2SP tlog-checkpoint).
    pub origin: String,
    /// The log's Ed25519 public key, base64. Also signs tickets.
    pub log_key: String,
    /// The enclave's Ed25519 public key, base64. Signs reports and receipts.
    pub enclave_key: String,
    /// Approvals needed for a permit.
    pub quorum: usize,
    /// The people.
    pub members: BTreeMap<PersonId, Member>,
}

impl Roster {
    /// Digest of the canonical JSON: keys sorted, no spaces.
    #[must_use]
    pub fn digest(&self) -> String {
        crate::sign::digest(serde_json::to_string(self).unwrap_or_default().as_bytes())
    }

    /// The member with this id.
    ///
    /// # Errors
    /// [`Code::NotAllowed`] when the roster does not hold the person.
    pub fn member(&self, person: &PersonId) -> Result<&Member, Refusal> {
        let unknown = || Refusal::new(Code::NotAllowed, "this person is not in the roster");
        self.members.get(person).ok_or_else(unknown)
    }

    /// The member, when they hold `role`.
    ///
    /// # Errors
    /// [`Code::NotAllowed`] when they do not.
    pub fn holding(&self, person: &PersonId, role: Role) -> Result<&Member, Refusal> {
        let member = self.member(person)?;
        if member.roles.contains(&role) {
            return Ok(member);
        }
        let name = serde_json::to_value(role).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default();
        Err(Refusal::new(Code::NotAllowed, format!("this needs the role {name}; log in as a person who holds it")))
    }
}
