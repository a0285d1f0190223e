//! In how many different released sets each person is counted. Kept as the ledger grows: a block costs as many steps as its sets have
//! members, and a question none.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use datafusion::common::HashMap;

use super::Block;
use crate::people::People;

/// Counts over all permits, and of each permit.
#[derive(Debug, Clone, Default)]
pub(crate) struct Exposures {
    all: Counter,
    permits: HashMap<String, Counter>,
}

/// Sets that were counted, and how often each person was in one.
#[derive(Debug, Clone, Default)]
struct Counter {
    /// By their hash; sets share their members with the ledger's entries.
    seen: HashMap<u64, Vec<People>>,
    times: HashMap<u32, u16>,
    most: u16,
}

impl Exposures {
    /// Counts what a run shows. A repeated value adds no set, and several statistics of one set are one.
    pub(super) fn add(&mut self, block: &Block) {
        let own = self.permits.entry_ref(block.permit.as_str()).or_default();
        for entry in &block.entries {
            own.add(&entry.vector.people);
            self.all.add(&entry.vector.people);
        }
    }

    /// The largest number of sets that one person is in, over all permits.
    pub(crate) fn most(&self) -> u64 {
        u64::from(self.all.most)
    }

    /// The same of one permit's own releases.
    pub(crate) fn most_of(&self, permit: &str) -> u64 {
        self.permits.get(permit).map_or(0, |counter| u64::from(counter.most))
    }
}

impl Counter {
    fn add(&mut self, set: &People) {
        let mut hasher = DefaultHasher::new();
        set.sorted().hash(&mut hasher);
        let alike = self.seen.entry(hasher.finish()).or_default();
        if alike.contains(set) {
            return;
        }
        alike.push(set.clone());
        for person in set.members() {
            let times = self.times.entry(*person).or_default();
            *times = times.saturating_add(1);
            self.most = self.most.max(*times);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        known::{Entry, Known, Place},
        people::Vector,
    };

    /// Sets from one ordinal up to another.
    fn block(permit: &str, sets: &[(u32, u32)]) -> Block {
        let entry = |(from, to): &(u32, u32)| Entry {
            who: String::new(),
            plan: format!("{from}-{to}"),
            of: "people".to_owned(),
            shown: "people".to_owned(),
            value: "10".to_owned(),
            behind: None,
            vector: Vector::set(People::new((*from..*to).collect())),
            rows: None,
            place: Place { base: String::new(), keys: Vec::new() },
            sites: Vec::new(),
        };
        Block { permit: permit.to_owned(), entries: sets.iter().map(entry).collect(), ..Block::default() }
    }

    fn most(known: &Known) -> (u64, u64, u64) {
        let exposures = known.exposures();
        (exposures.most(), exposures.most_of("a"), exposures.most_of("b"))
    }

    #[test]
    fn a_set_counts_once_for_each_of_its_people_whoever_asks_how_often() {
        let mut known = Known::default();
        known.add(block("a", &[(0, 20), (5, 30), (0, 20)]));
        assert_eq!(most(&known), (2, 2, 0));
        // The same set under another permit is no new one for all of them together.
        known.add(block("b", &[(0, 20)]));
        assert_eq!(most(&known), (2, 2, 1));
        known.add(block("b", &[(7, 40)]));
        assert_eq!(most(&known), (3, 2, 2));
    }

    #[test]
    fn one_person_among_ever_other_people_is_found() {
        let mut known = Known::default();
        // Person 0 and nine others who are in no other set.
        let around = |n: u32| {
            let mut entry = block("a", &[(0, 1)]).entries.remove(0);
            entry.vector = Vector::set(People::new(std::iter::once(0).chain(9 * n + 1..9 * n + 10).collect()));
            entry
        };
        known.add(Block { permit: "a".to_owned(), entries: (0..1_000).map(around).collect(), ..Block::default() });
        assert_eq!(most(&known), (1_000, 1_000, 0));
    }
}
