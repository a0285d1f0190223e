//! Facts about sets of people as facts about atoms: people whom no fact tells apart.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use visiting_policies::audit::{
    Range,
    worlds::{Facts, Search, Witness, World},
};

use super::reader::{Reader, Stated};
use crate::known::{Group, Moved};

/// Facts over the atoms of some people; everybody else stays as he or she is.
pub(super) struct Ground<'a> {
    reader: &'a Reader<'a>,
    pub(super) facts: Facts,
    /// Numbers of the reader's facts that are about somebody here, each with its fact; none where it says nothing.
    places: Vec<(usize, Option<usize>)>,
    atoms: Vec<Vec<u32>>,
    atom_of: HashMap<u32, usize>,
}

impl<'a> Ground<'a> {
    pub(super) fn new(reader: &'a Reader<'a>, people: &BTreeSet<u32>) -> Self {
        let mut kinds: HashMap<Vec<usize>, Vec<u32>> = HashMap::new();
        people.iter().for_each(|person| kinds.entry(reader.of(*person).collect()).or_default().push(*person));
        // In an order that comes from the facts: which number is hidden must not hang on the ordinals, which were drawn.
        let mut kinds: Vec<_> = kinds.into_iter().collect();
        kinds.sort_unstable();
        let (mut sets, mut atom_of): (BTreeMap<usize, Vec<usize>>, _) = (BTreeMap::new(), HashMap::new());
        for (atom, (facts, members)) in kinds.iter().enumerate() {
            facts.iter().for_each(|fact| sets.entry(*fact).or_default().push(atom));
            atom_of.extend(members.iter().map(|person| (*person, atom)));
        }
        let atoms: Vec<Vec<u32>> = kinds.into_iter().map(|(_, members)| members).collect();
        let mut facts = Facts::new(atoms.iter().map(|atom| count(atom.len())).collect());
        let state = |(number, atoms): (usize, Vec<usize>)| (number, reader.get(number).and_then(|s| state(&mut facts, s, atoms)));
        let places = sets.into_iter().map(state).collect();
        Self { reader, facts, places, atoms, atom_of }
    }

    /// The people of each atom, sorted.
    pub(super) fn atoms(&self) -> &[Vec<u32>] {
        &self.atoms
    }

    /// The new table's facts here.
    pub(super) fn new_facts(&self) -> impl Iterator<Item = (Stated<'_>, usize)> {
        let stated = self.places.iter().filter_map(|(number, place)| Some((self.reader.get(*number)?, (*place)?)));
        stated.filter(|(s, _)| s.new)
    }

    /// True when all these people are here.
    pub(super) fn has(&self, people: &[u32]) -> bool {
        people.iter().all(|person| self.atom_of.contains_key(person))
    }

    /// The atoms of a group.
    pub(super) fn atoms_of(&self, group: &[u32]) -> Vec<usize> {
        let atoms: BTreeSet<usize> = group.iter().filter_map(|person| self.atom_of.get(person)).copied().collect();
        atoms.into_iter().collect()
    }

    /// How far apart the worlds of a group are found without the new table.
    pub(super) fn width_before(&self, group: &[usize]) -> i64 {
        let mut before = Facts::new(self.atoms.iter().map(|atom| count(atom.len())).collect());
        for (number, place) in &self.places {
            let atoms = place.and_then(|place| self.facts.atoms_of(place));
            if let Some((stated, atoms)) = self.reader.get(*number).filter(|s| !s.new).zip(atoms) {
                state(&mut before, stated, atoms.to_vec());
            }
        }
        let mut witness = Witness::of(group.iter().map(|atom| before.count(*atom)).sum());
        Search::new(&before).widen(group, &mut witness);
        witness.width()
    }

    /// Earlier worlds of a group, over these atoms; the real one twice where there are none, or somebody in them is not here.
    pub(super) fn witness(&self, group: &[u32], worlds: Option<&Group>) -> Witness {
        let size = count(group.len());
        let atoms = self.atoms_of(group);
        let world = |people: &Moved| -> Option<(World, i64)> {
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

    /// A group with its worlds by people: who is there more than once, and who is not.
    pub(super) fn group(&self, people: Vec<u32>, witness: &Witness) -> Group {
        let moved = |(atom, by): &(usize, i64)| -> Moved {
            let members = self.atoms.get(*atom).map_or(&[][..], Vec::as_slice);
            match by {
                1.. => members.iter().take(1).map(|person| (*person, *by)).collect(),
                less => members.iter().take(usize::try_from(-less).unwrap_or(0)).map(|person| (*person, -1)).collect(),
            }
        };
        let end = |(world, _): &(World, i64)| world.iter().flat_map(moved).collect();
        Group { people, low: end(&witness.low), high: end(&witness.high) }
    }
}

/// States what a reader knows of those of a set who are here.
fn state(facts: &mut Facts, stated: Stated<'_>, atoms: Vec<usize>) -> Option<usize> {
    let inside: i64 = atoms.iter().map(|atom| facts.count(*atom)).sum();
    let outside = count(stated.people.len()) - inside;
    let range = Range { low: stated.range.low.saturating_sub(outside), high: stated.range.high.saturating_sub(outside) };
    facts.state(atoms, range)
}

fn count(people: usize) -> i64 {
    i64::try_from(people).unwrap_or(i64::MAX)
}
