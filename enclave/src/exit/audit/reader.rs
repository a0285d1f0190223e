//! All that a reader of a new table knows: what was told before, what the same run shows, and the table.

use std::collections::{BTreeSet, HashMap};

use visiting_policies::audit::Range;

use crate::{known::Told, people::People};

/// What a reader knows of one set.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stated<'a> {
    pub(super) people: &'a People,
    pub(super) range: Range,
    /// Of a number of people: its plan.
    pub(super) plan: Option<&'a str>,
    /// Comes with the new table.
    pub(super) new: bool,
}

/// Facts by number, and by person.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    told: &'a Told,
    /// What this run adds; numbered after what was told.
    more: Vec<Stated<'a>>,
    of: HashMap<u32, Vec<usize>>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(told: &'a Told, more: Vec<Stated<'a>>) -> Self {
        let mut of: HashMap<u32, Vec<usize>> = HashMap::new();
        for (number, stated) in (told.len()..).zip(&more) {
            stated.people.ordinals().for_each(|person| of.entry(person).or_default().push(number));
        }
        Self { told, more, of }
    }

    pub(super) fn get(&self, number: usize) -> Option<Stated<'_>> {
        match number.checked_sub(self.told.len()) {
            Some(number) => self.more.get(number).copied(),
            None => self.told.get(number).map(|f| Stated { people: &f.people, range: f.range, plan: None, new: false }),
        }
    }

    /// Numbers of the facts about sets that a person is in, rising.
    pub(super) fn of(&self, person: u32) -> impl Iterator<Item = usize> {
        let more = self.of.get(&person).into_iter().flatten().copied();
        self.told.of(person).iter().map(|number| *number as usize).chain(more)
    }

    /// The new table's sets.
    pub(super) fn new_sets(&self) -> impl Iterator<Item = &Stated<'a>> {
        self.more.iter().filter(|s| s.new)
    }

    /// Everybody in the new table's sets, and in smaller ones that these meet, up to so many; `None` where the table's own are more.
    pub(super) fn people_of_new(&self, most: usize) -> Option<BTreeSet<u32>> {
        let mut out = union(self.new_sets().map(|s| s.people), most)?;
        let meets: BTreeSet<usize> = out.iter().flat_map(|person| self.of(*person)).collect();
        let mut sets: Vec<&People> = meets.into_iter().filter_map(|n| self.get(n)).filter(|s| !s.new).map(|s| s.people).collect();
        sets.sort_by_key(|people| people.len());
        for people in sets {
            if out.len() + people.len() > most {
                break;
            }
            out.extend(people.ordinals());
        }
        Some(out)
    }
}

/// Everybody whom anything is known of; `None` where they are more than so many.
pub(super) fn everybody(told: &Told, more: &[Stated<'_>], most: usize) -> Option<BTreeSet<u32>> {
    if told.people().len() > most {
        return None;
    }
    let mut out = union(more.iter().map(|s| s.people), most)?;
    out.extend(told.people());
    (out.len() <= most).then_some(out)
}

fn union<'p>(sets: impl Iterator<Item = &'p People>, most: usize) -> Option<BTreeSet<u32>> {
    let mut out = BTreeSet::new();
    for people in sets {
        if people.len() > most {
            return None;
        }
        out.extend(people.ordinals());
        if out.len() > most {
            return None;
        }
    }
    Some(out)
}
