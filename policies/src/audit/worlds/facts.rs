//! Facts over atoms.

use std::collections::HashMap;

use crate::audit::Range;

/// Atoms whose number of people is another than in the real world, and by how much.
pub type World = Vec<(usize, i64)>;

/// All that a reader knows, and the real world.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Of each atom: its people.
    counts: Vec<i64>,
    facts: Vec<Fact>,
    /// Of each atom: the facts that it is part of.
    of: Vec<Vec<usize>>,
    places: HashMap<Vec<usize>, usize>,
}

/// One set, and how many people a reader knows to be in it.
#[derive(Debug, Clone)]
pub(super) struct Fact {
    pub(super) atoms: Vec<usize>,
    /// How many really are.
    pub(super) number: i64,
    pub(super) range: Range,
}

impl Facts {
    /// Nothing, of atoms with so many people.
    #[must_use]
    pub fn new(counts: Vec<i64>) -> Self {
        Self { of: vec![Vec::new(); counts.len()], counts, ..Self::default() }
    }

    /// How many people an atom really has.
    #[must_use]
    pub fn count(&self, atom: usize) -> i64 {
        self.counts.get(atom).copied().unwrap_or(0)
    }

    /// States how many people are in a set, given as its atoms, rising; answers with the fact's number. The same set stated twice is
    /// one fact. `None` for a set without atoms, and for what is not so: nobody learns that.
    pub fn state(&mut self, atoms: Vec<usize>, range: Range) -> Option<usize> {
        let number = atoms.iter().map(|atom| self.count(*atom)).sum();
        if atoms.is_empty() || range.low > number || number > range.high {
            return None;
        }
        if let Some(place) = self.places.get(&atoms).copied() {
            let fact = self.facts.get_mut(place)?;
            fact.range = fact.range.and(range)?;
            return Some(place);
        }
        let place = self.facts.len();
        for atom in &atoms {
            self.of.get_mut(*atom)?.push(place);
        }
        self.places.insert(atoms.clone(), place);
        self.facts.push(Fact { atoms, number, range });
        Some(place)
    }

    /// True when every fact holds in a world.
    #[must_use]
    pub fn allow(&self, world: &World) -> bool {
        let mut moved: HashMap<usize, i64> = HashMap::new();
        for (atom, by) in world {
            if self.count(*atom) + by < 0 {
                return false;
            }
            for fact in self.of(*atom) {
                *moved.entry(*fact).or_default() += by;
            }
        }
        moved.iter().all(|(fact, by)| self.fact(*fact).is_some_and(|f| f.misses(f.number + by) == 0))
    }

    /// The atoms of a fact.
    #[must_use]
    pub fn atoms_of(&self, fact: usize) -> Option<&[usize]> {
        self.fact(fact).map(|f| f.atoms.as_slice())
    }

    /// How many facts there are.
    pub(super) fn len(&self) -> usize {
        self.facts.len()
    }

    /// How many atoms.
    pub(super) fn atoms(&self) -> usize {
        self.counts.len()
    }

    pub(super) fn fact(&self, place: usize) -> Option<&Fact> {
        self.facts.get(place)
    }

    pub(super) fn of(&self, atom: usize) -> &[usize] {
        self.of.get(atom).map_or(&[], Vec::as_slice)
    }
}

impl Fact {
    /// By how much a number is outside of what is known.
    pub(super) fn misses(&self, number: i64) -> i64 {
        (self.range.low - number).max(0) + (number - self.range.high).max(0)
    }
}
