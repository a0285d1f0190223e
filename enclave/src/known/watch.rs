//! Small groups that are watched, with the worlds that prove each to be open; found by the people whom these worlds move.

use std::collections::BTreeSet;

use datafusion::common::HashMap;
use serde::{Deserialize, Serialize};
use visiting_policies::{audit::Range, disclosure::limits::AUDIT_WIDTH};

use crate::people::People;

/// People who are there so many times more than they are, or less.
pub(crate) type Moved = Vec<(u32, i64)>;

/// A group with two worlds that no reader can tell apart.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Group {
    /// Its people, sorted.
    pub(crate) people: Vec<u32>,
    /// The world where it is small.
    pub(crate) low: Moved,
    /// The world where it is large.
    pub(crate) high: Moved,
}

impl Group {
    /// True when the worlds are as far apart as the policy asks.
    pub(crate) fn is_open(&self) -> bool {
        let inside =
            |world: &Moved| -> i64 { world.iter().filter(|(person, _)| self.people.binary_search(person).is_ok()).map(|(_, by)| by).sum() };
        inside(&self.high) - inside(&self.low) >= AUDIT_WIDTH
    }
}

/// All watched groups.
#[derive(Debug, Clone, Default)]
pub(crate) struct Watch {
    groups: Vec<Group>,
    places: HashMap<Vec<u32>, usize>,
    /// Of each person: the groups whose worlds move him or her; in the large one or in the small one, and by how much.
    moved: HashMap<u32, Vec<(usize, bool, i64)>>,
    /// Groups that are not open, by their people.
    narrow: HashMap<u32, BTreeSet<usize>>,
}

impl Watch {
    /// Keeps a group's worlds, in place of those that it had.
    pub(crate) fn keep(&mut self, group: Group) {
        let place = self.places.get(&group.people).copied().unwrap_or(self.groups.len());
        if let Some(before) = self.groups.get(place) {
            for (person, _) in before.low.iter().chain(&before.high) {
                self.moved.get_mut(person).into_iter().for_each(|of| of.retain(|(number, ..)| *number != place));
            }
        }
        for (world, high) in [(&group.low, false), (&group.high, true)] {
            world.iter().for_each(|(person, by)| self.moved.entry(*person).or_default().push((place, high, *by)));
        }
        for person in &group.people {
            match group.is_open() {
                true => self.narrow.get_mut(person).map(|narrow| narrow.remove(&place)),
                false => Some(self.narrow.entry(*person).or_default().insert(place)),
            };
        }
        match self.groups.get_mut(place) {
            Some(there) => *there = group,
            None => {
                self.places.insert(group.people.clone(), place);
                self.groups.push(group);
            }
        }
    }

    /// The worlds of a group.
    pub(crate) fn get(&self, people: &[u32]) -> Option<&Group> {
        self.places.get(people).and_then(|place| self.groups.get(*place))
    }

    /// Groups that must be looked at again when these sets have so many people: their worlds do not allow it, or they have none.
    pub(crate) fn concerned<'a>(&self, sets: impl Iterator<Item = (&'a People, Range)>) -> Vec<&Group> {
        let mut found = BTreeSet::new();
        if self.groups.is_empty() {
            return Vec::new();
        }
        for (people, range) in sets {
            let mut by: HashMap<(usize, bool), i64> = HashMap::new();
            for person in people.ordinals() {
                let moved = self.moved.get(&person).into_iter().flatten();
                moved.for_each(|(place, high, n)| *by.entry((*place, *high)).or_default() += n);
                found.extend(self.narrow.get(&person).into_iter().flatten());
            }
            let number = i64::try_from(people.len()).unwrap_or(i64::MAX);
            let outside = |by: &i64| number + by < range.low || number + by > range.high;
            found.extend(by.iter().filter(|(_, by)| outside(by)).map(|((place, _), _)| *place));
        }
        found.into_iter().filter_map(|place| self.groups.get(place)).collect()
    }

    /// All groups, as they came first.
    pub(crate) fn into_groups(self) -> Vec<Group> {
        self.groups
    }
}
