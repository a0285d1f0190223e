//! A rule pack as its file says it, and the packs that the product begins with.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Band, Crossing, Drugs, Example, Ladder, limits};
use crate::{Code, Refusal, disclosure::Rules};

/// A database's rules with their version and sources.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RulePack {
    /// Quoted in receipts.
    pub version: String,
    /// Where the thresholds come from.
    pub sources: Vec<String>,
    /// The thresholds.
    pub rules: Rules,
    /// What small municipalities ask for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub municipalities: Option<Ladder>,
    /// What drugs ask for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drugs: Option<Drugs>,
    /// What households ask for, where a table has a household key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub households: Option<Households>,
    /// Kinds of columns that may not be crossed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub crossings: Vec<Crossing>,
    /// Values that are shown in bands only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bands: Vec<Band>,
    /// By rule: what it lets through and what it does not.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub examples: BTreeMap<String, Vec<Example>>,
}

/// Households behind anything shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Households {
    /// Fewest households.
    pub min: u64,
    /// Where the rule stands.
    pub source: String,
}

/// What no pack may go below, whoever signs it: the claims of this project rest on these (ARCHITECTURE.md, "The gate").
const FLOOR: Rules = Rules { people_min: 10, facilities_min: 0, households_min: 0, round_to: 10, dominance_percent: 10 };

/// Above this a threshold is a slip of the pen: nothing would ever be shown.
const CEILING: Rules = Rules { people_min: 10_000, facilities_min: 1_000, households_min: 0, round_to: 10_000, dominance_percent: 100 };

const GENESIS: &[(&str, &str)] = &[
    ("ndb", include_str!("../../rules/ndb.toml")),
    ("kaigo", include_str!("../../rules/kaigo.toml")),
    ("default", include_str!("../../rules/default.toml")),
    ("jpclins", include_str!("../../rules/jpclins.toml")),
    ("hs037", include_str!("../../rules/hs037.toml")),
    ("fixture", include_str!("../../rules/fixture.toml")),
];

/// Names and texts of the packs that are in force until the record says otherwise.
pub fn genesis() -> impl Iterator<Item = (&'static str, &'static str)> {
    GENESIS.iter().copied()
}

/// The pack of this name as the product begins with it; `None` when there is none or its file is broken (a test reads every one).
#[must_use]
pub fn rule_pack(name: &str) -> Option<RulePack> {
    let (_, text) = GENESIS.iter().find(|(n, _)| *n == name)?;
    RulePack::read(text).ok()
}

impl RulePack {
    /// Reads a pack and checks that it is one that may be in force.
    ///
    /// # Errors
    /// [`Code::RulesUnsound`] with what is wrong.
    pub fn read(text: &str) -> Result<Self, Refusal> {
        if text.len() > limits::PACK_MAX_BYTES {
            return Err(unsound(&format!("the file is larger than {} bytes", limits::PACK_MAX_BYTES)));
        }
        let pack: Self = toml::from_str(text).map_err(|e| unsound(e.to_string().trim()))?;
        match pack.fault().map(str::to_owned).or_else(|| pack.contradiction()) {
            Some(fault) => Err(unsound(&fault)),
            None => Ok(pack),
        }
    }

    /// The thresholds of every cell, those of `[households]` included.
    #[must_use]
    pub fn thresholds(&self) -> Rules {
        Rules { households_min: self.households.as_ref().map_or(0, |h| h.min), ..self.rules }
    }

    fn fault(&self) -> Option<&'static str> {
        if !is_label(&self.version) || self.sources.is_empty() || self.sources.iter().any(|s| s.trim().is_empty()) {
            return Some("`version` is a-z, 0-9, . and -, and `sources` names at least one");
        }
        let Rules { people_min, round_to, .. } = self.rules;
        if self.rules != self.rules.strictest(FLOOR) {
            return Some("it is laxer than the floor: people_min 10, round_to 10, dominance_percent 10");
        }
        if CEILING != CEILING.strictest(self.rules) {
            return Some("a threshold is far above what any rule asks for; is it a slip?");
        }
        if people_min < round_to.div_ceil(2) {
            return Some("people_min is below half of round_to: a group could be shown as 0");
        }
        let households = self.households.as_ref().filter(|h| h.min < 2).map(|_| "[households] min is at least 2");
        let roles: Vec<_> = self.bands.iter().map(|b| b.role).collect();
        let twice = roles.iter().enumerate().any(|(i, role)| roles.iter().skip(i + 1).any(|other| other == role));
        self.municipalities
            .as_ref()
            .and_then(|l| l.fault(people_min))
            .or_else(|| self.drugs.as_ref().and_then(|d| d.fault(people_min)))
            .or(households)
            .or_else(|| self.crossings.iter().find_map(Crossing::fault))
            .or_else(|| self.bands.iter().find_map(Band::fault))
            .or_else(|| twice.then_some("[[bands]] name each role once"))
    }
}

/// True for a version, or a pack's name.
pub(super) fn is_label(text: &str) -> bool {
    let legal = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'_');
    !text.is_empty() && text.len() <= limits::NAME_MAX_BYTES && text.bytes().all(legal)
}

fn unsound(what: &str) -> Refusal {
    Refusal::new(Code::RulesUnsound, format!("this is no rule pack that may be in force: {what}"))
        .ja(format!("この公表基準は採用できません（書式の誤り、または下限より緩い値）：{what}"))
}
