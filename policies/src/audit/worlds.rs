//! Whether what was released leaves a small group of people open: by showing two worlds that a reader cannot tell apart, and in which
//! the group's size differs by as much as the policy asks.
//!
//! A reader knows facts: this set has between so many and so many people. *Atoms* are groups of people whom no fact tells apart; a
//! world says how many people each atom has, and it is *possible* when every fact holds in it. Whoever exhibits two possible worlds has
//! proved that no reader of these facts, with whatever method, narrows the group to less than their distance: a bound of a linear
//! program says less, since its worlds have halves of people. What the search does not find is not proved, and counts as open no more.

mod facts;
mod search;

pub use facts::{Facts, World};
pub use search::Search;

use crate::disclosure::limits::AUDIT_WIDTH;

/// Two possible worlds and the size of a group in each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    /// Where the group is small, and its size there.
    pub low: (World, i64),
    /// Where it is large.
    pub high: (World, i64),
}

impl Witness {
    /// Of a group of which nothing is shown yet: the real world, twice.
    #[must_use]
    pub fn of(size: i64) -> Self {
        Self { low: (World::new(), size), high: (World::new(), size) }
    }

    /// True when the worlds are as far apart as the policy asks.
    #[must_use]
    pub fn suffices(&self) -> bool {
        self.missing() <= 0
    }

    /// How far the group's sizes are apart.
    #[must_use]
    pub fn width(&self) -> i64 {
        self.high.1 - self.low.1
    }

    fn missing(&self) -> i64 {
        AUDIT_WIDTH - self.width()
    }
}

#[cfg(test)]
mod tests;
