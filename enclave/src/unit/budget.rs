//! What one query may grow to while it is typed. A name stands for all that is behind it, so a text that is short may ask for an
//! expression that doubles with every subquery; words about aggregates of aggregates grow the same way.

use datafusion::{
    common::tree_node::{TreeNode, TreeNodeRecursion},
    logical_expr::Expr,
};
use visiting_policies::{Code, Refusal};

use super::{relation::Relation, track::Tracker};

/// Parts of all expressions that names were replaced with: far above what is written by hand, and planned and run within a second.
const PARTS_MAX: usize = 5_000;
/// Bytes of all words that say what columns and relations are: three aggregates of aggregates deep, and some megabytes.
const WORDS_MAX_BYTES: usize = 8 << 20;

/// What was used of both.
#[derive(Debug, Default)]
pub(super) struct Budget {
    parts: usize,
    words: usize,
}

impl Tracker<'_> {
    /// Goes on while there is room.
    pub(super) fn affordable(&self) -> Result<(), Refusal> {
        if self.budget.parts <= PARTS_MAX && self.budget.words.saturating_add(self.origins.bytes()) <= WORDS_MAX_BYTES {
            return Ok(());
        }
        Err(Refusal::new(
            Code::TooLarge,
            "written out, this query is too large: every name stands for all that is behind it; use fewer steps that name a column twice",
        )
        .ja("名前をすべて書き下すと、この問合せは大きすぎます。1 つの列を何度も使う段階を減らしてください"))
    }

    /// Takes the place of a name.
    pub(super) fn spend(&mut self, value: &Expr) -> Result<(), Refusal> {
        let most = PARTS_MAX.saturating_sub(self.budget.parts);
        let mut parts = 0usize;
        // The closure never fails, so neither does the walk.
        let _ = value.apply(|_| {
            parts += 1;
            Ok(if parts > most { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
        });
        self.budget.parts = self.budget.parts.saturating_add(parts);
        self.affordable()
    }

    /// A relation whose words go into everything above it.
    pub(super) fn remember(&mut self, relation: &Relation) -> Result<(), Refusal> {
        self.budget.words = relation.sources.iter().fold(self.budget.words, |sum, source| sum.saturating_add(source.words.len()));
        self.affordable()
    }
}
