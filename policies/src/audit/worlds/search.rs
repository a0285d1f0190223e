//! The search for possible worlds: a group is made larger or smaller, and facts that this breaks are mended one after the other by
//! adding or taking away people elsewhere. The same facts give the same answer: chance is a fixed sequence.

use super::{Facts, Witness, World};
use crate::disclosure::limits::{AUDIT_MENDS, AUDIT_TRIES};

/// Moves for which an atom rests after it was moved, so that mending does not go in circles: at least, and at most so many more.
const REST: (u64, u64) = (3, 5);

/// One world that is being changed.
#[derive(Debug)]
pub struct Search<'a> {
    facts: &'a Facts,
    /// Of each atom: by how much it differs from the real world; and the atoms that may.
    moved: Vec<i64>,
    touched: Vec<usize>,
    /// Of each fact: how many people it has in this world.
    numbers: Vec<i64>,
    /// Facts that do not hold, and of each fact where it stands there.
    broken: Vec<usize>,
    place: Vec<Option<usize>>,
    /// Of each fact: how often it had to be mended.
    pressure: Vec<u64>,
    /// Of each atom: the time before which it is not moved back.
    rests: Vec<u64>,
    /// Of each atom: part of the group that is looked at.
    held: Vec<bool>,
    /// Facts looked at so far.
    steps: u64,
    time: u64,
    chance: u64,
}

impl<'a> Search<'a> {
    /// In the real world.
    #[must_use]
    pub fn new(facts: &'a Facts) -> Self {
        let numbers: Vec<i64> = (0..facts.len()).map(|f| facts.fact(f).map_or(0, |f| f.number)).collect();
        let (atoms, len) = (facts.atoms(), facts.len());
        Self {
            facts,
            moved: vec![0; atoms],
            touched: Vec::new(),
            numbers,
            broken: Vec::new(),
            place: vec![None; len],
            pressure: vec![0; len],
            rests: vec![0; atoms],
            held: vec![false; atoms],
            steps: 0,
            time: 0,
            chance: 0,
        }
    }

    /// Facts looked at so far: what the search has cost.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// How often a fact stood in the way.
    #[must_use]
    pub fn pressure(&self, fact: usize) -> u64 {
        self.pressure.get(fact).copied().unwrap_or(0)
    }

    /// Moves the worlds of a group apart, until they are as far from each other as the policy asks; true when they are. Worlds that
    /// are possible no more are dropped first.
    pub fn widen(&mut self, group: &[usize], witness: &mut Witness) -> bool {
        let size = group.iter().map(|atom| self.facts.count(*atom)).sum();
        for end in [&mut witness.low, &mut witness.high] {
            if !self.facts.allow(&end.0) {
                *end = (World::new(), size);
            }
        }
        self.hold(group, true);
        for _ in 0..AUDIT_TRIES {
            for by in [1, -1] {
                self.push(group, size, by, witness);
            }
        }
        self.hold(group, false);
        witness.suffices()
    }

    /// One end further out: all that is missing at once, else half of it, else one person.
    fn push(&mut self, group: &[usize], size: i64, by: i64, witness: &mut Witness) {
        let missing = witness.missing();
        let mut steps = vec![missing, missing / 2, 1];
        steps.dedup();
        for step in steps.into_iter().filter(|step| *step > 0) {
            if witness.suffices() {
                return;
            }
            let end = if by > 0 { &mut witness.high } else { &mut witness.low };
            self.enter(&end.0);
            if self.shift(group, step, by) && self.mend() {
                let moved: i64 = group.iter().filter_map(|atom| self.moved.get(*atom)).sum();
                *end = (self.world(), size + moved);
            }
        }
    }

    fn hold(&mut self, group: &[usize], held: bool) {
        group.iter().for_each(|atom| self.held.get_mut(*atom).into_iter().for_each(|h| *h = held));
    }

    fn enter(&mut self, world: &World) {
        let here = self.world();
        self.touched.clear();
        here.into_iter().for_each(|(atom, by)| self.shift_atom(atom, -by));
        self.touched.clear();
        world.iter().for_each(|(atom, by)| self.shift_atom(*atom, *by));
        // Nothing rests from before.
        self.time += REST.0 + REST.1;
    }

    fn world(&self) -> World {
        let mut touched = self.touched.clone();
        touched.sort_unstable();
        touched.dedup();
        touched.into_iter().filter_map(|atom| self.moved.get(atom).map(|by| (atom, *by))).filter(|(_, by)| *by != 0).collect()
    }

    /// The group itself gets people, or loses them: one after the other where it breaks least.
    fn shift(&mut self, group: &[usize], step: i64, by: i64) -> bool {
        let facts: usize = group.iter().map(|atom| self.facts.of(*atom).len()).sum();
        for _ in 0..step {
            self.steps += facts as u64;
            let open = group.iter().copied().filter(|atom| by > 0 || self.people(*atom) > 0);
            let Some(atom) = open.min_by_key(|atom| self.cost(*atom, by)) else { return false };
            self.shift_atom(atom, by);
        }
        true
    }

    /// Mends broken facts until none is left, or there were too many moves.
    fn mend(&mut self) -> bool {
        for _ in 0..AUDIT_MENDS {
            if self.broken.is_empty() {
                return true;
            }
            self.time += 1;
            let any = self.any(self.broken.len());
            let Some(fact) = self.broken.get(any).copied() else { return false };
            self.pressure.get_mut(fact).into_iter().for_each(|p| *p += 1);
            let Some((atom, by)) = self.best(fact) else { return false };
            self.shift_atom(atom, by);
            let rest = self.time + REST.0 + self.any(REST.1 as usize) as u64;
            self.rests.get_mut(atom).into_iter().for_each(|r| *r = rest);
        }
        self.broken.is_empty()
    }

    /// The atom of a broken fact whose change breaks least elsewhere; of several, any.
    fn best(&mut self, fact: usize) -> Option<(usize, i64)> {
        let facts = self.facts;
        let broken = facts.fact(fact)?;
        let by = if self.number(fact) > broken.range.high { -1 } else { 1 };
        let (mut best, mut least, mut equal) = (None, i64::MAX, 0);
        for atom in broken.atoms.iter().copied() {
            let free = !self.held(atom) && (by > 0 || self.people(atom) > 0);
            self.steps += facts.of(atom).len() as u64;
            let cost = if free { self.cost(atom, by) } else { continue };
            if cost > least || (cost >= 0 && self.rests.get(atom).is_some_and(|until| *until > self.time)) {
                continue;
            }
            equal = if cost < least { 1 } else { equal + 1 };
            if cost < least || self.any(equal) == 0 {
                (best, least) = (Some((atom, by)), cost);
            }
        }
        best
    }

    /// How much more facts are missed when an atom changes.
    fn cost(&self, atom: usize, by: i64) -> i64 {
        let more = |fact: usize| {
            let number = self.number(fact);
            self.facts.fact(fact).map_or(0, |f| f.misses(number + by) - f.misses(number))
        };
        self.facts.of(atom).iter().map(|fact| more(*fact)).sum()
    }

    fn shift_atom(&mut self, atom: usize, by: i64) {
        let facts = self.facts;
        self.moved.get_mut(atom).into_iter().for_each(|moved| *moved += by);
        self.touched.push(atom);
        for fact in facts.of(atom).iter().copied() {
            self.numbers.get_mut(fact).into_iter().for_each(|n| *n += by);
            let holds = facts.fact(fact).is_none_or(|f| f.misses(self.number(fact)) == 0);
            self.mark(fact, holds);
        }
    }

    /// Puts a fact on the list of broken ones, or takes it off.
    fn mark(&mut self, fact: usize, holds: bool) {
        let Some(place) = self.place.get_mut(fact) else { return };
        match (*place, holds) {
            (None, false) => {
                *place = Some(self.broken.len());
                self.broken.push(fact);
            }
            (Some(at), true) => {
                *place = None;
                self.broken.swap_remove(at);
                if let Some(last) = self.broken.get(at).and_then(|last| self.place.get_mut(*last)) {
                    *last = Some(at);
                }
            }
            _ => {}
        }
    }

    fn number(&self, fact: usize) -> i64 {
        self.numbers.get(fact).copied().unwrap_or(0)
    }

    fn people(&self, atom: usize) -> i64 {
        self.facts.count(atom) + self.moved.get(atom).copied().unwrap_or(0)
    }

    fn held(&self, atom: usize) -> bool {
        self.held.get(atom).copied().unwrap_or(true)
    }

    /// The same chance, for tests.
    #[cfg(test)]
    pub(super) fn chance_for_tests(mut self) -> impl FnMut(usize) -> usize + use<'a> {
        move |of| self.any(of)
    }

    /// Any of so many (Steele, Lea, Flood: SplitMix64).
    fn any(&mut self, of: usize) -> usize {
        self.chance = self.chance.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.chance ^ (self.chance >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((z ^ (z >> 31)) % (of.max(1) as u64)).unwrap_or(0)
    }
}
