//! The audit of combinations: what was ever shown, a new table included, must leave the size of every small group open
//! (`visiting_policies::audit::worlds`).
//!
//! Small groups are watched from the table on that first tells of them: sets that were asked for and have too few people, and, where all
//! sets hold up to `AUDIT_PEOPLE_MAX` people, every atom. A group's worlds serve until a new number excludes one of them; only such
//! groups and new ones are looked at.

mod ground;
mod reader;
mod region;

use std::collections::BTreeSet;

use visiting_policies::{
    audit::worlds::Search,
    disclosure::limits::{AUDIT_ABSENT_MAX, AUDIT_PEOPLE_MAX, AUDIT_STEPS_MAX, AUDIT_WIDTH},
};

use self::{
    ground::Ground,
    reader::{Reader, Stated, everybody},
    region::{FAR, NEAR, around, helpers},
};
use crate::known::{Absent, Group, Known, Mark};

/// Groups that are looked at together where people are many.
const TOGETHER: usize = 32;

/// Why a table cannot be shown as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Closed {
    /// The number with this plan closes a group most: hidden, the rest may pass.
    By(String),
    /// No number of this table does, and all of it together does.
    Together,
    /// It took too long to tell.
    Untold,
}

/// A new table, and everything that was shown before it.
#[derive(Debug)]
pub(super) struct Audit<'a> {
    pub(super) known: &'a Known,
    pub(super) fresh: &'a Known,
    /// What the run showed before the table.
    pub(super) since: Mark,
    /// The table's rows that are not sent.
    pub(super) absent: &'a Absent,
}

/// One pass: what it has cost, and the groups that it has looked at.
struct Pass<'a> {
    audit: &'a Audit<'a>,
    reader: &'a Reader<'a>,
    steps: u64,
    groups: Vec<Group>,
}

impl Audit<'_> {
    /// Whether every small group is left open, and the worlds that prove it. A group of which that was not proved is kept all the same.
    pub(super) fn pass(&self) -> (Vec<Group>, Result<(), Closed>) {
        let more = self.more();
        if !more.iter().any(|s| s.new) {
            return (Vec::new(), Ok(()));
        }
        let (asked, all) = (self.asked(&more), everybody(self.known.told(), &more, AUDIT_PEOPLE_MAX));
        if asked.is_empty() && all.is_none() {
            return (Vec::new(), Ok(()));
        }
        let reader = Reader::new(self.known.told(), more);
        let mut pass = Pass { audit: self, reader: &reader, steps: 0, groups: Vec::new() };
        let told = if self.absent.sets.len() > AUDIT_ABSENT_MAX || asked.len() > AUDIT_ABSENT_MAX {
            pass.leave(asked);
            Err(Closed::Untold)
        } else {
            match all {
                Some(all) => pass.everybody(asked, &all),
                None => pass.parts(asked),
            }
        };
        (pass.groups, told)
    }

    /// What the run adds to what was told.
    fn more(&self) -> Vec<Stated<'_>> {
        let old = self.fresh.facts_until(self.since).map(|(people, range, plan)| Stated { people, range, plan, new: false });
        let new = self.fresh.facts_since(self.since).map(|(people, range, plan)| Stated { people, range, plan, new: true });
        let absent = self.absent.sets.iter().map(|people| Stated { people, range: self.absent.range(), plan: None, new: true });
        old.chain(new).chain(absent).collect()
    }

    /// Small sets that the new table is the first to tell of, and watched groups whose worlds it excludes.
    fn asked(&self, more: &[Stated<'_>]) -> BTreeSet<Vec<u32>> {
        let new = || more.iter().filter(|s| s.new);
        let small = new().filter(|s| self.is_small(s.people.len())).map(|s| s.people.sorted().to_vec());
        let small = small.filter(|group| self.worlds(group).is_none());
        let sets = || new().map(|s| (s.people, s.range));
        let before = self.known.watch().concerned(sets()).into_iter().filter(|g| self.fresh.watch().get(&g.people).is_none());
        let concerned = before.chain(self.fresh.watch().concerned(sets())).map(|g| g.people.clone());
        small.chain(concerned).collect()
    }

    /// Too few to be told of.
    fn is_small(&self, people: usize) -> bool {
        people > 0 && (people as u64) < self.absent.below
    }

    fn worlds(&self, group: &[u32]) -> Option<&Group> {
        self.fresh.watch().get(group).or_else(|| self.known.watch().get(group))
    }
}

impl Pass<'_> {
    /// Among few people: what was asked for, and every small atom.
    fn everybody(&mut self, asked: BTreeSet<Vec<u32>>, all: &BTreeSet<u32>) -> Result<(), Closed> {
        let ground = Ground::new(self.reader, all);
        let atoms = ground.atoms().iter().filter(|atom| self.audit.is_small(atom.len()) && self.audit.worlds(atom).is_none());
        let groups: BTreeSet<Vec<u32>> = atoms.cloned().chain(asked).collect();
        self.open(&ground, groups, true).map(|_| ())
    }

    /// Among many: what was asked for, first with others, then each that was not found to be open with more people around it.
    fn parts(&mut self, asked: BTreeSet<Vec<u32>>) -> Result<(), Closed> {
        let ground = self.reader.people_of_new(AUDIT_PEOPLE_MAX).map(|people| Ground::new(self.reader, &people));
        let (here, elsewhere): (Vec<_>, Vec<_>) = asked.into_iter().partition(|group| ground.as_ref().is_some_and(|g| g.has(group)));
        let mut narrow = match ground {
            Some(ground) => self.open(&ground, here, false)?,
            None => Vec::new(),
        };
        let helpers = helpers(self.reader);
        let region = |groups: &[Vec<u32>], reach| {
            let worlds = groups.iter().filter_map(|group| self.audit.worlds(group));
            let moved = worlds.flat_map(|w| w.low.iter().chain(&w.high)).map(|(person, _)| *person);
            around(self.reader, groups.iter().flatten().copied().chain(moved).collect(), reach).union(&helpers).copied().collect()
        };
        let region: &dyn Fn(&[Vec<u32>], _) -> BTreeSet<u32> = &region;
        for groups in elsewhere.chunks(TOGETHER) {
            let ground = Ground::new(self.reader, &region(groups, NEAR));
            narrow.extend(self.open(&ground, groups.iter().cloned(), false)?);
        }
        for group in narrow {
            let ground = Ground::new(self.reader, &region(std::slice::from_ref(&group), FAR));
            self.open(&ground, [group], true)?;
        }
        Ok(())
    }

    /// Finds the worlds of each group; answers with those that are not found to be open, or, when this is the last time that they are
    /// looked at, with why. Of one that was not open before this table the table must leave as much as it found.
    fn open(&mut self, ground: &Ground<'_>, groups: impl IntoIterator<Item = Vec<u32>>, last: bool) -> Result<Vec<Vec<u32>>, Closed> {
        let (mut search, mut narrow) = (Search::new(&ground.facts), Vec::new());
        let mut groups: Vec<_> = groups.into_iter().collect();
        groups.sort_by_cached_key(|people| (ground.atoms_of(people), people.len()));
        let mut groups = groups.into_iter();
        for people in groups.by_ref() {
            let before = self.audit.worlds(&people);
            let atoms = ground.atoms_of(&people);
            let mut witness = ground.witness(&people, before);
            let open = search.widen(&atoms, &mut witness);
            if self.steps + search.steps() > AUDIT_STEPS_MAX {
                self.leave(std::iter::once(people).chain(groups));
                return Err(Closed::Untold);
            }
            let was_open = before.is_some_and(Group::is_open);
            if !open && !last {
                narrow.push(people);
            } else if !open && (was_open || witness.width() < ground.width_before(&atoms).min(AUDIT_WIDTH)) {
                return Err(closed(ground, &people));
            } else {
                self.groups.push(ground.group(people, &witness));
            }
        }
        self.steps += search.steps();
        Ok(narrow)
    }

    /// Groups that were not looked at are watched without worlds.
    fn leave(&mut self, groups: impl IntoIterator<Item = Vec<u32>>) {
        let unknown = groups.into_iter().filter(|people| self.audit.worlds(people).is_none());
        self.groups.extend(unknown.map(|people| Group { people, ..Group::default() }));
    }
}

/// The number that stands in the way most often, from the real world on; of several, that of the fewest people.
fn closed(ground: &Ground<'_>, group: &[u32]) -> Closed {
    let (atoms, mut search) = (ground.atoms_of(group), Search::new(&ground.facts));
    search.widen(&atoms, &mut ground.witness(group, None));
    let numbers = ground.new_facts().filter_map(|(s, place)| {
        let pressure = search.pressure(place);
        (pressure > 0).then_some((pressure, std::cmp::Reverse(s.people.len()), s.plan?))
    });
    numbers.max().map_or(Closed::Together, |(_, _, plan)| Closed::By(plan.to_owned()))
}
