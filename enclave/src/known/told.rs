//! All that readers know of how many people are in which set, in the order in which it came; found by person.

use datafusion::common::HashMap;
use visiting_policies::audit::Range;

use super::block::Fact;
use crate::people::People;

/// What was told so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Told {
    facts: Vec<Fact>,
    /// Of each person: the facts about sets that he or she is in.
    of: HashMap<u32, Vec<u32>>,
}

impl Told {
    /// Adds one set.
    pub(super) fn add(&mut self, people: &People, range: Range) {
        let place = u32::try_from(self.facts.len()).unwrap_or(u32::MAX);
        people.ordinals().for_each(|person| self.of.entry(person).or_default().push(place));
        self.facts.push(Fact { people: people.clone(), range });
    }

    /// How many facts.
    pub(crate) fn len(&self) -> usize {
        self.facts.len()
    }

    /// One of them.
    pub(crate) fn get(&self, place: usize) -> Option<&Fact> {
        self.facts.get(place)
    }

    /// Places of the facts about sets that a person is in, rising.
    pub(crate) fn of(&self, person: u32) -> &[u32] {
        self.of.get(&person).map_or(&[], Vec::as_slice)
    }

    /// Everybody whom anything was told of, in no order.
    pub(crate) fn people(&self) -> impl ExactSizeIterator<Item = u32> {
        self.of.keys().copied()
    }

    /// True when this is known already.
    pub(crate) fn has(&self, fact: &Fact) -> bool {
        let first = fact.people.lowest().first();
        first.is_some_and(|person| self.of(*person).iter().filter_map(|place| self.get(*place as usize)).any(|known| known == fact))
    }
}
