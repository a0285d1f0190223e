//! The audit of combinations: what was ever shown, a new table included, must leave the size of every small group open
//! (`visiting_policies::audit::worlds`). Here facts about sets of people become facts about atoms.
//!
//! Where all sets hold up to `AUDIT_PEOPLE_MAX` people, all small groups are looked at: every set that was asked for and has too few
//! people, and every atom. Otherwise what was asked for among the people of the new table and of smaller sets that it meets; and always
//! its own absent rows, earlier groups whose worlds it makes impossible, and such as have none yet. A world that changes some people and
//! leaves all others as they are is a world, so looking at a few people proves as much.

use std::collections::{BTreeSet, HashMap, HashSet};

use visiting_policies::{
    audit::{
        Range,
        worlds::{Facts, Search, Witness, World},
    },
    disclosure::limits::{AUDIT_ABSENT_MAX, AUDIT_MOVES_MAX, AUDIT_PEOPLE_MAX, AUDIT_WIDTH},
};

use crate::{
    known::{Absent, Known, Mark, Watched, Worlds},
    people::People,
};

/// Groups that are looked at together where people are many.
const TOGETHER: usize = 32;
/// People of a table's rows who may change with such groups.
const HELPERS: usize = 2_000;
/// Of sets that such groups' people are in: everybody of one with so few people, and so many of a larger one.
const BESIDE: (usize, usize) = (64, 8);
/// Most people who may change at once.
const CHANGING: usize = 16_000;

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

/// What a reader knows of one set.
#[derive(Debug, Clone, Copy)]
struct Stated<'a> {
    people: &'a People,
    range: Range,
    /// Of a number of people: its plan.
    plan: Option<&'a str>,
    /// Comes with the new table.
    new: bool,
}

/// Facts over atoms.
struct Ground {
    facts: Facts,
    /// Of each stated set: its fact.
    places: Vec<Option<usize>>,
    atoms: Vec<Vec<u32>>,
    atom_of: HashMap<u32, usize>,
}

impl Audit<'_> {
    /// Worlds that prove every small group to be open, or why there are none.
    pub(super) fn pass(&self) -> Result<Watched, Closed> {
        let stated = self.stated();
        if !stated.iter().any(|s| s.new) {
            return Ok(Watched::default());
        }
        if self.absent.sets.len() > AUDIT_ABSENT_MAX {
            return Err(Closed::Untold);
        }
        if let Some(all) = memberships(&stated, None, AUDIT_PEOPLE_MAX) {
            return self.everybody(&stated, all, true);
        }
        let mut watched = match people_of_new(&stated).and_then(|new| memberships(&stated, Some(&new), AUDIT_PEOPLE_MAX)) {
            Some(new) => self.everybody(&stated, new, false)?,
            None => Watched::default(),
        };
        watched.groups.extend(self.those_concerned(&stated, &watched)?.groups);
        Ok(watched)
    }

    fn stated(&self) -> Vec<Stated<'_>> {
        let old = self.known.facts_until(self.known.mark()).chain(self.fresh.facts_until(self.since));
        let old = old.map(|(people, range, plan)| Stated { people, range, plan, new: false });
        let new = self.fresh.facts_since(self.since).map(|(people, range, plan)| Stated { people, range, plan, new: true });
        let absent = self.absent.sets.iter().map(|people| Stated { people, range: self.absent.range(), plan: None, new: true });
        old.chain(new).chain(absent).collect()
    }

    /// Too few to be told of.
    fn is_small(&self, people: usize) -> bool {
        people > 0 && (people as u64) < self.absent.below
    }

    /// All small groups of these people: of everybody, or of those whom the new table is about. Whoever has an atom in common with one of
    /// these is one of them.
    fn everybody(&self, stated: &[Stated<'_>], memberships: HashMap<u32, Vec<usize>>, all: bool) -> Result<Watched, Closed> {
        let ground = Ground::new(stated, memberships);
        let here = |s: &&Stated<'_>| all || s.people.ordinals().all(|person| ground.atom_of.contains_key(&person));
        let asked = stated.iter().filter(|s| self.is_small(s.people.len())).filter(here).map(|s| sorted(s.people));
        // Of a part of the people some may be missing who would mend a fact: there, only what was asked for is looked at.
        let atoms = ground.atoms.iter().filter(|atom| all && self.is_small(atom.len())).cloned();
        let groups: BTreeSet<Vec<u32>> = asked.chain(atoms).collect();
        let mut watched = Watched { all, ..Watched::default() };
        self.open(stated, &ground, groups, &mut 0, &mut watched)?;
        Ok(watched)
    }

    /// Small sets of the new table; earlier ones without worlds, as after a restart; and groups whose worlds it makes impossible.
    fn those_concerned(&self, stated: &[Stated<'_>], done: &Watched) -> Result<Watched, Closed> {
        let small = stated.iter().filter(|s| self.is_small(s.people.len())).map(|s| (s.new, sorted(s.people)));
        let small = small.filter(|(new, group)| *new || self.worlds(group).is_none()).map(|(_, group)| group);
        let groups: BTreeSet<Vec<u32>> = small.chain(self.broken(stated)).collect();
        let groups: Vec<Vec<u32>> = groups.into_iter().filter(|group| !done.groups.contains_key(group)).collect();
        if groups.len() > AUDIT_ABSENT_MAX {
            return Err(Closed::Untold);
        }
        let helpers = helpers(stated);
        let (mut moves, mut watched) = (0, Watched::default());
        for groups in groups.chunks(TOGETHER) {
            let worlds = groups.iter().filter_map(|group| self.worlds(group));
            let moved = worlds.flat_map(|w| w.low.iter().chain(&w.high)).map(|(person, _)| *person);
            let of_groups: HashSet<u32> = groups.iter().flatten().copied().chain(moved).collect();
            let beside = beside(stated, &of_groups);
            let region: HashSet<u32> = of_groups.into_iter().chain(beside).chain(helpers.iter().copied()).collect();
            let Some(memberships) = memberships(stated, Some(&region), AUDIT_PEOPLE_MAX) else { return Err(Closed::Untold) };
            let ground = Ground::new(stated, memberships);
            self.open(stated, &ground, groups.iter().cloned(), &mut moves, &mut watched)?;
        }
        Ok(watched)
    }

    /// Groups whose worlds the new facts do not allow.
    fn broken(&self, stated: &[Stated<'_>]) -> Vec<Vec<u32>> {
        let watched = self.known.watched().groups.iter().chain(&self.fresh.watched().groups);
        let watched: Vec<(&Vec<u32>, &Worlds)> = watched.collect();
        let mut moved: HashMap<u32, Vec<(usize, bool, i64)>> = HashMap::new();
        for (number, (_, worlds)) in watched.iter().enumerate() {
            for (end, high) in [(&worlds.low, false), (&worlds.high, true)] {
                end.iter().for_each(|(person, by)| moved.entry(*person).or_default().push((number, high, *by)));
            }
        }
        let mut broken = BTreeSet::new();
        for fact in stated.iter().filter(|s| s.new && !moved.is_empty()) {
            let mut by: HashMap<(usize, bool), i64> = HashMap::new();
            let here = fact.people.ordinals().filter_map(|person| moved.get(&person)).flatten();
            here.for_each(|(number, high, n)| *by.entry((*number, *high)).or_default() += n);
            let number = i64::try_from(fact.people.len()).unwrap_or(i64::MAX);
            let outside = |by: &i64| number + by < fact.range.low || number + by > fact.range.high;
            broken.extend(by.iter().filter(|(_, by)| outside(by)).map(|((number, _), _)| *number));
        }
        broken.iter().filter_map(|number| watched.get(*number)).map(|(group, _)| (*group).clone()).collect()
    }

    fn worlds(&self, group: &[u32]) -> Option<&Worlds> {
        self.fresh.worlds(group).or_else(|| self.known.worlds(group))
    }

    /// Finds the worlds of each group. Of one that was not open before this table the table must leave as much as it found.
    fn open(
        &self,
        stated: &[Stated<'_>],
        ground: &Ground,
        groups: impl IntoIterator<Item = Vec<u32>>,
        moves: &mut u64,
        watched: &mut Watched,
    ) -> Result<(), Closed> {
        let mut search = Search::new(&ground.facts);
        for group in groups {
            let before = self.worlds(&group);
            let atoms = ground.atoms_of(&group);
            let mut witness = ground.witness(&group, before);
            let open = search.widen(&atoms, &mut witness);
            if *moves + search.moves() > AUDIT_MOVES_MAX {
                return Err(Closed::Untold);
            }
            if open {
                watched.groups.insert(group, ground.worlds(&witness));
            } else if before.is_some() || witness.width() < ground.width_before(stated, &atoms).min(AUDIT_WIDTH) {
                return Err(closed(stated, ground, &search));
            }
        }
        *moves += search.moves();
        Ok(())
    }
}

/// The number that stood in the way most often; of several, that of the fewest people.
fn closed(stated: &[Stated<'_>], ground: &Ground, search: &Search<'_>) -> Closed {
    let numbers = stated.iter().zip(&ground.places).filter_map(|(s, place)| {
        let pressure = search.pressure((*place)?);
        (s.new && pressure > 0).then_some((pressure, std::cmp::Reverse(s.people.len()), s.plan?))
    });
    numbers.max().map_or(Closed::Together, |(_, _, plan)| Closed::By(plan.to_owned()))
}

/// Of each person, the sets; of a region's people only where there is one. `None` where they are more than so many.
fn memberships(stated: &[Stated<'_>], region: Option<&HashSet<u32>>, most: usize) -> Option<HashMap<u32, Vec<usize>>> {
    let mut out: HashMap<u32, Vec<usize>> = HashMap::new();
    for (number, fact) in stated.iter().enumerate() {
        for person in fact.people.ordinals().filter(|p| region.is_none_or(|region| region.contains(p))) {
            out.entry(person).or_default().push(number);
            if out.len() > most {
                return None;
            }
        }
    }
    Some(out)
}

/// Everybody in the new table's sets, and in smaller sets that these meet, as long as they are not many; `None` where the table's own
/// are.
fn people_of_new(stated: &[Stated<'_>]) -> Option<HashSet<u32>> {
    let new = || stated.iter().filter(|s| s.new);
    if new().any(|s| s.people.len() > AUDIT_PEOPLE_MAX) {
        return None;
    }
    let mut out = HashSet::new();
    for s in new() {
        out.extend(s.people.ordinals());
        if out.len() > AUDIT_PEOPLE_MAX {
            return None;
        }
    }
    let mut old: Vec<&People> = stated.iter().filter(|s| !s.new && s.people.len() <= AUDIT_PEOPLE_MAX).map(|s| s.people).collect();
    old.sort_by_key(|people| people.len());
    let new = out.clone();
    for people in old.into_iter().filter(|people| people.ordinals().any(|person| new.contains(&person))) {
        if out.len() + people.len() > AUDIT_PEOPLE_MAX {
            break;
        }
        out.extend(people.ordinals());
    }
    Some(out)
}

/// Some people of each of the new table's rows: they come in the order of the extract, which is none.
fn helpers(stated: &[Stated<'_>]) -> BTreeSet<u32> {
    let rows: Vec<&Stated<'_>> = stated.iter().filter(|s| s.new).collect();
    let each = (HELPERS / rows.len().max(1)).max(1);
    rows.iter().flat_map(|row| row.people.ordinals().take(each)).take(HELPERS).collect()
}

/// Some people of each set that some of these are in: who may leave it when they come.
fn beside(stated: &[Stated<'_>], these: &HashSet<u32>) -> HashSet<u32> {
    let with = memberships(stated, Some(these), usize::MAX).unwrap_or_default();
    let sets: BTreeSet<usize> = with.into_values().flatten().collect();
    let mut sets: Vec<&People> = sets.into_iter().filter_map(|number| Some(stated.get(number)?.people)).collect();
    sets.sort_by_key(|people| people.len());
    let mut out = HashSet::new();
    for people in sets {
        let some = if people.len() <= BESIDE.0 { BESIDE.0 } else { BESIDE.1 };
        out.extend(people.ordinals().take(some));
        if out.len() > CHANGING {
            break;
        }
    }
    out
}

fn sorted(people: &People) -> Vec<u32> {
    let mut all: Vec<u32> = people.ordinals().collect();
    all.sort_unstable();
    all
}

impl Ground {
    fn new(stated: &[Stated<'_>], memberships: HashMap<u32, Vec<usize>>) -> Self {
        let mut people: Vec<(u32, Vec<usize>)> = memberships.into_iter().collect();
        people.sort_unstable();
        let (mut atoms, mut atom_of, mut kinds): (Vec<Vec<u32>>, _, HashMap<Vec<usize>, usize>) = <_>::default();
        let mut sets: Vec<(Vec<usize>, i64)> = vec![(Vec::new(), 0); stated.len()];
        for (person, facts) in people {
            let atom = *kinds.entry(facts).or_insert_with_key(|facts| {
                for fact in facts {
                    sets.get_mut(*fact).into_iter().for_each(|set| set.0.push(atoms.len()));
                }
                atoms.push(Vec::new());
                atoms.len() - 1
            });
            atoms.get_mut(atom).into_iter().for_each(|members| members.push(person));
            HashMap::insert(&mut atom_of, person, atom);
        }
        let mut facts = Facts::new(atoms.iter().map(|atom| count(atom.len())).collect());
        for (members, number) in &mut sets {
            *number = members.iter().map(|atom| facts.count(*atom)).sum();
        }
        let state = |((atoms, inside), s): ((Vec<usize>, i64), &Stated<'_>)| facts.state(atoms, within(s, inside));
        let places = sets.into_iter().zip(stated).map(state).collect();
        Self { facts, places, atoms, atom_of }
    }

    /// The same atoms without the new table: how far apart the worlds of a group are found there.
    fn width_before(&self, stated: &[Stated<'_>], group: &[usize]) -> i64 {
        let mut before = Facts::new(self.atoms.iter().map(|atom| count(atom.len())).collect());
        for (s, place) in stated.iter().zip(&self.places).filter(|(s, _)| !s.new) {
            if let Some(atoms) = place.and_then(|place| self.facts.atoms_of(place)) {
                before.state(atoms.to_vec(), within(s, atoms.iter().map(|atom| before.count(*atom)).sum()));
            }
        }
        let mut witness = Witness::of(group.iter().map(|atom| before.count(*atom)).sum());
        Search::new(&before).widen(group, &mut witness);
        witness.width()
    }

    fn atoms_of(&self, group: &[u32]) -> Vec<usize> {
        let atoms: BTreeSet<usize> = group.iter().filter_map(|person| self.atom_of.get(person)).copied().collect();
        atoms.into_iter().collect()
    }

    /// Earlier worlds of a group, over these atoms; the real one twice where there are none, or somebody in them is not here.
    fn witness(&self, group: &[u32], worlds: Option<&Worlds>) -> Witness {
        let size = count(group.len());
        let atoms = self.atoms_of(group);
        let world = |people: &[(u32, i64)]| -> Option<(World, i64)> {
            let mut by: HashMap<usize, i64> = HashMap::new();
            for (person, n) in people {
                *by.entry(*self.atom_of.get(person)?).or_default() += n;
            }
            let mut world: World = by.into_iter().filter(|(_, n)| *n != 0).collect();
            world.sort_unstable();
            let inside: i64 = world.iter().filter(|(atom, _)| atoms.contains(atom)).map(|(_, n)| n).sum();
            Some((world, size + inside))
        };
        let ends = worlds.and_then(|w| Some(Witness { low: world(&w.low)?, high: world(&w.high)? }));
        ends.unwrap_or_else(|| Witness::of(size))
    }

    /// Worlds by people: who is more than once, and who is not there.
    fn worlds(&self, witness: &Witness) -> Worlds {
        let people = |(atom, by): &(usize, i64)| -> Vec<(u32, i64)> {
            let members = self.atoms.get(*atom).map_or(&[][..], Vec::as_slice);
            match by {
                1.. => members.iter().take(1).map(|person| (*person, *by)).collect(),
                less => members.iter().take(usize::try_from(-less).unwrap_or(0)).map(|person| (*person, -1)).collect(),
            }
        };
        let end = |(world, _): &(World, i64)| world.iter().flat_map(people).collect();
        Worlds { low: end(&witness.low), high: end(&witness.high) }
    }
}

/// What a reader knows of those of a set who are here.
fn within(stated: &Stated<'_>, inside: i64) -> Range {
    let outside = count(stated.people.len()) - inside;
    Range { low: stated.range.low.saturating_sub(outside), high: stated.range.high.saturating_sub(outside) }
}

fn count(people: usize) -> i64 {
    i64::try_from(people).unwrap_or(i64::MAX)
}
