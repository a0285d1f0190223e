//! The packs in force as a part of the fold: what the product begins with, and every change that two people signed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{NO_PACK, RulePack, RulesAdoption, RulesProposal, genesis, limits, pack::is_label};
use crate::{
    refusal::{Code, Refusal},
    roster::{Member, Roster},
    sign,
    terms::{PersonId, Role, RulesId},
};

/// One version of a pack that is or was in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "PackFile", into = "PackFile")]
pub struct PackInForce {
    /// What it says.
    pub pack: RulePack,
    /// Its file, as it was proposed.
    pub text: String,
    /// Digest of the file.
    pub digest: String,
    /// The change that brought it; none for what the product begins with.
    pub change: Option<RulesId>,
}

/// One proposal and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "RulesFile", into = "RulesFile")]
pub struct RulesCase {
    /// The proposal.
    pub proposal: RulesProposal,
    /// The proposed file.
    pub text: String,
    /// What it says.
    pub pack: RulePack,
    /// Index of its event.
    pub index: u64,
    /// Who adopted it, and the index of that event.
    pub adopted: Option<(PersonId, u64)>,
}

/// Every pack with its history, oldest first, and every proposal.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RuleBook {
    packs: BTreeMap<String, Vec<PackInForce>>,
    /// By id.
    pub proposals: BTreeMap<RulesId, RulesCase>,
}

/// A version as it is kept: what its file says is read again.
#[derive(Serialize, Deserialize)]
struct PackFile {
    text: String,
    change: Option<RulesId>,
}

impl From<PackInForce> for PackFile {
    fn from(version: PackInForce) -> Self {
        Self { text: version.text, change: version.change }
    }
}

impl TryFrom<PackFile> for PackInForce {
    type Error = Refusal;
    fn try_from(PackFile { text, change }: PackFile) -> Result<Self, Refusal> {
        Ok(Self { pack: RulePack::read(&text)?, digest: sign::digest(text.as_bytes()), text, change })
    }
}

/// A proposal as it is kept.
#[derive(Serialize, Deserialize)]
struct RulesFile {
    proposal: RulesProposal,
    text: String,
    index: u64,
    adopted: Option<(PersonId, u64)>,
}

impl From<RulesCase> for RulesFile {
    fn from(case: RulesCase) -> Self {
        Self { proposal: case.proposal, text: case.text, index: case.index, adopted: case.adopted }
    }
}

impl TryFrom<RulesFile> for RulesCase {
    type Error = Refusal;
    fn try_from(RulesFile { proposal, text, index, adopted }: RulesFile) -> Result<Self, Refusal> {
        Ok(Self { pack: RulePack::read(&text)?, proposal, text, index, adopted })
    }
}

impl Default for RuleBook {
    /// The packs that the product begins with.
    fn default() -> Self {
        let first = |(name, text): (&str, &str)| {
            let pack = RulePack::read(text).ok()?;
            let version = PackInForce { pack, text: text.to_owned(), digest: sign::digest(text.as_bytes()), change: None };
            Some((name.to_owned(), vec![version]))
        };
        Self { packs: genesis().filter_map(first).collect(), proposals: BTreeMap::new() }
    }
}

impl RuleBook {
    /// The version of a pack that is in force.
    #[must_use]
    pub fn pack(&self, name: &str) -> Option<&PackInForce> {
        self.packs.get(name).and_then(|versions| versions.last())
    }

    /// Names of all packs with their versions, oldest first.
    pub fn all(&self) -> impl Iterator<Item = (&str, &[PackInForce])> {
        self.packs.iter().map(|(name, versions)| (name.as_str(), versions.as_slice()))
    }

    /// What a proposal for this pack replaces now.
    #[must_use]
    pub fn replaces(&self, name: &str) -> &str {
        self.pack(name).map_or(NO_PACK, |p| p.digest.as_str())
    }

    /// True while a second person can adopt it: not adopted yet, and the pack is still the one it was written against.
    #[must_use]
    pub fn is_open(&self, case: &RulesCase) -> bool {
        case.adopted.is_none() && case.proposal.replaces == self.replaces(&case.proposal.pack)
    }

    /// Takes a proposal, or refuses it and stays as it was.
    ///
    /// # Errors
    /// The rule that it breaks.
    pub fn propose(
        &mut self,
        roster: &Roster,
        who: &PersonId,
        proposal: &RulesProposal,
        text: &str,
        signature: &str,
        index: u64,
    ) -> Result<(), Refusal> {
        signed(roster, who, &proposal.by, &proposal.text(), signature)?;
        if proposal.digest != sign::digest(text.as_bytes()) {
            return Err(Refusal::new(Code::RulesForged, "the file is not the one that was signed for").ja("署名されたファイルと違います。"));
        }
        let reason = proposal.reason.trim();
        if reason.is_empty() || proposal.reason.contains(['\n', '\r']) || proposal.reason.len() > limits::REASON_MAX_BYTES {
            let detail = format!("a change of rules has a reason: one line, {} bytes at most", limits::REASON_MAX_BYTES);
            return Err(Refusal::new(Code::Malformed, detail).ja("規則の改定には理由（1行）が必要です。"));
        }
        if !is_label(&proposal.pack) {
            return Err(Refusal::new(Code::Malformed, "a pack's name is a-z, 0-9, ., - and _")
                .ja("公表基準の名前に使える文字は a-z 0-9 . - _ です。"));
        }
        if proposal.replaces != self.replaces(&proposal.pack) {
            return Err(stale());
        }
        let pack = RulePack::read(text)?;
        let versions = self.packs.get(&proposal.pack).map(Vec::as_slice).unwrap_or_default();
        if versions.iter().any(|v| v.pack.version == pack.version) {
            let detail = format!("`{}` was a version of this pack already; receipts name versions, so give it a new one", pack.version);
            return Err(Refusal::new(Code::RulesUnsound, detail).ja("この版名は既に使われています。新しい版名を付けてください。"));
        }
        let id = proposal.id();
        if self.proposals.contains_key(&id) {
            return Err(Refusal::new(Code::WrongState, "this change is proposed already; a second person can adopt it")
                .ja("この改定案は既に出ています。もう一人が採用できます。"));
        }
        if self.proposals.values().filter(|case| self.is_open(case)).count() >= limits::OPEN_MAX {
            let detail = format!("{} proposals are open; adopt or replace some first", limits::OPEN_MAX);
            let ja = format!("採用を待つ改定案が{}件あります。先にどれかを採用するか、改定し直してください。", limits::OPEN_MAX);
            return Err(Refusal::new(Code::TooLarge, detail).ja(ja));
        }
        let case = RulesCase { proposal: proposal.clone(), text: text.to_owned(), pack, index, adopted: None };
        self.proposals.insert(id, case);
        Ok(())
    }

    /// Puts a proposal in force by a second person's word, or refuses and stays as it was.
    ///
    /// # Errors
    /// The rule that it breaks.
    pub fn adopt(&mut self, roster: &Roster, who: &PersonId, adoption: &RulesAdoption, signature: &str, index: u64) -> Result<(), Refusal> {
        signed(roster, who, &adoption.by, &adoption.text(), signature)?;
        let case = self.proposals.get(&adoption.rules).ok_or_else(|| Refusal::not_found("proposal").ja("この改定案はありません。"))?;
        if !self.is_open(case) {
            return Err(stale());
        }
        if case.proposal.by == adoption.by {
            let detail = "you proposed this change; another committee member or the ministry must adopt it";
            return Err(Refusal::new(Code::SecondPersonNeeded, detail)
                .ja("提案した本人は採用できません。ほかの審査委員か所管省庁の人が採用します。"));
        }
        if case.proposal.digest != adoption.digest {
            return Err(Refusal::new(Code::RulesForged, "the adoption names another file than the proposal; read it again and sign anew")
                .ja("採用の文面が改定案のファイルと違います。改定案を読み直して、署名し直してください。"));
        }
        let version = PackInForce {
            pack: case.pack.clone(),
            text: case.text.clone(),
            digest: case.proposal.digest.clone(),
            change: Some(adoption.rules.clone()),
        };
        self.packs.entry(case.proposal.pack.clone()).or_default().push(version);
        if let Some(case) = self.proposals.get_mut(&adoption.rules) {
            case.adopted = Some((adoption.by.clone(), index));
        }
        Ok(())
    }
}

/// Whoever may sign a change of rules: a committee member, or somebody of the ministry.
///
/// # Errors
/// [`Code::NotAllowed`] for everybody else.
pub fn signer<'a>(roster: &'a Roster, person: &PersonId) -> Result<&'a Member, Refusal> {
    roster.holding(person, Role::CommitteeMember).or_else(|_| roster.holding(person, Role::Ministry)).map_err(|_| {
        Refusal::new(Code::NotAllowed, "rules are changed by committee members and the ministry; log in as one of them")
            .ja("公表基準を改定できるのは審査委員と所管省庁だけです。")
    })
}

fn signed(roster: &Roster, who: &PersonId, named: &PersonId, text: &str, signature: &str) -> Result<(), Refusal> {
    let member = signer(roster, who)?;
    let key = member.key.as_deref().unwrap_or_default();
    if who == named && sign::verifies(key, text.as_bytes(), signature) {
        return Ok(());
    }
    Err(Refusal::new(Code::RulesForged, "the signature is not this person's over this change; sign its text with the person's own key")
        .ja("署名がこの人のものと確認できません。文面に本人の鍵で署名してください。"))
}

fn stale() -> Refusal {
    Refusal::new(Code::WrongState, "the pack has changed since, or this was adopted; read what is in force and propose anew")
        .ja("この規則は既に改定されています。現行の規則を確かめて、あらためて提案してください。")
}
