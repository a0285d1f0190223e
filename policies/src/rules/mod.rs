//! Rule packs (公表基準): what each database's publication rules ask of a question on its plan, and of every cell by its labels.
//!
//! Data files (`policies/rules/*.toml`) say what the rules are and where they stand; this room says what they mean. Where a question
//! joins databases, the strictest rule of each kind holds. [`apply`] judges the plan, [`Applied::cell`] a cell; [`RuleBook`] keeps which
//! version of a pack is in force, and a change needs two people.

mod applied;
mod bands;
mod birth;
mod book;
mod change;
mod crossing;
mod drugs;
mod examples;
#[cfg(test)]
mod examples_tests;
mod ladder;
mod pack;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use applied::{Applied, KeyRole, NO_VALUE, Named, apply};
pub use bands::Band;
pub use birth::ages;
pub use book::{PackInForce, RuleBook, RulesCase, signer};
pub use change::{NO_PACK, RulesAdoption, RulesProposal};
pub use crossing::Crossing;
pub use drugs::Drugs;
pub use examples::Example;
pub use ladder::{Ladder, Municipalities, Step};
pub use pack::{Households, RulePack, genesis, rule_pack};

/// What a column means to publication rules; a listing declares it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnRole {
    /// 市区町村: JIS X 0402, five digits.
    Municipality,
    /// 保険者, or the kind of insurer.
    Insurer,
    /// 医薬品: a code of a drug.
    Drug,
    /// 年齢, in years.
    Age,
    /// 生年月, `yyyymm`: the age follows from it.
    BirthMonth,
    /// 出生体重, in grams.
    BirthWeight,
    /// 死亡時刻: the hour of death, 0-23.
    DeathHour,
}

impl ColumnRole {
    /// The name as listings and packs write it.
    #[must_use]
    pub fn name(self) -> String {
        serde_json::to_value(self).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
    }
}

/// The limits of this room, each with its unit and reason.
pub mod limits {
    /// Bytes of a pack's text: several times the longest of today, and an event of the record must hold it with its JSON escapes.
    pub const PACK_MAX_BYTES: usize = 16_384;
    /// Bytes of the reason of a change: a paragraph, in one line.
    pub const REASON_MAX_BYTES: usize = 1_000;
    /// Bytes of a pack's name or version: they stand in receipts.
    pub const NAME_MAX_BYTES: usize = 48;
    /// Proposals that may wait for a second person at a time: more are not read.
    pub const OPEN_MAX: usize = 32;
}
