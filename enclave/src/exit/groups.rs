//! Which group each row is in: every key column is turned into small numbers, and pairs of these into one, column by column, so that
//! a row costs a few look-ups in tables and no hash of its values.

use datafusion::{arrow::array::ArrayRef, common::HashMap};

use super::codes::{Codes, NONE};
use crate::{config::CELLS_MAX, fault::Fault, question::KeyValue};

/// Entries of a table of whole numbers or pairs: 16 MB, about what stays in a core's caches; beyond, a hash map takes over.
const TABLE_MAX: usize = 1 << 22;

/// Groups of one partition.
#[derive(Default)]
pub(super) struct Groups {
    keys: Vec<Codes>,
    pairs: Vec<Pairs>,
}

impl Groups {
    /// For so many keys.
    pub(super) fn new(keys: usize) -> Self {
        Self { keys: (0..keys).map(|_| Codes::default()).collect(), pairs: (1..keys).map(|_| Pairs::new()).collect() }
    }

    /// How many groups there are.
    pub(super) fn count(&self) -> usize {
        match (self.pairs.last(), self.keys.last()) {
            (Some(pairs), _) => pairs.members.len(),
            (None, Some(key)) => key.values.len(),
            (None, None) => 1,
        }
    }

    /// The group of each row.
    pub(super) fn of(&mut self, columns: &[ArrayRef], rows: usize) -> Result<Vec<u32>, Fault> {
        let mut group = vec![0u32; rows];
        let mut codes = vec![0u32; if columns.len() > 1 { rows } else { 0 }];
        for (i, (column, key)) in columns.iter().zip(&mut self.keys).enumerate() {
            match i.checked_sub(1).and_then(|before| self.pairs.get_mut(before)) {
                None => key.read(column, &mut group)?,
                Some(pairs) => {
                    key.read(column, &mut codes)?;
                    pairs.join(&mut group, &codes);
                }
            }
            if self.pairs.iter().any(|p| p.members.len() > CELLS_MAX) || key.values.len() > CELLS_MAX {
                return Err(Fault::Other("a query has more cells than this machine's limit".to_owned()));
            }
        }
        Ok(group)
    }

    /// The values of each key, by their numbers.
    pub(super) fn values(&self) -> impl Iterator<Item = &[KeyValue]> {
        self.keys.iter().map(|k| k.values.as_slice())
    }

    /// The numbers of a group's key values, in the order of the keys.
    pub(super) fn codes(&self, group: u32, into: &mut Vec<u32>) {
        let mut rest = group;
        into.clear();
        for pairs in self.pairs.iter().rev() {
            let (before, code) = usize::try_from(rest).ok().and_then(|i| pairs.members.get(i)).copied().unwrap_or((0, 0));
            into.push(code);
            rest = before;
        }
        if !self.keys.is_empty() {
            into.push(rest);
        }
        into.reverse();
    }
}

/// Numbers of pairs of a group and a key value.
struct Pairs {
    members: Vec<(u32, u32)>,
    /// Place `group << bits | code`; empty once the map took over.
    table: Vec<u32>,
    bits: u32,
    map: HashMap<(u32, u32), u32>,
    full: bool,
}

impl Pairs {
    fn new() -> Self {
        Self { members: Vec::new(), table: Vec::new(), bits: 4, map: HashMap::default(), full: false }
    }

    /// Replaces each group by the number of its pair with the code.
    fn join(&mut self, group: &mut [u32], codes: &[u32]) {
        self.make_room(group.iter().max().copied().unwrap_or(0), codes.iter().max().copied().unwrap_or(0));
        if self.full {
            for (group, code) in group.iter_mut().zip(codes) {
                let next = self.members.len() as u32;
                let pair = (*group, *code);
                *group = *self.map.entry(pair).or_insert(next);
                if *group == next {
                    self.members.push(pair);
                }
            }
            return;
        }
        for (group, code) in group.iter_mut().zip(codes) {
            let at = (*group as usize) << self.bits | *code as usize;
            // INVARIANT: `make_room` saw the largest group and code of this batch.
            let Some(place) = self.table.get_mut(at) else { continue };
            if *place == NONE {
                *place = self.members.len() as u32;
                self.members.push((*group, *code));
            }
            *group = *place;
        }
    }

    /// A table in which every pair up to these has a place, or the map when it would be too large.
    fn make_room(&mut self, group: u32, code: u32) {
        let bits = self.bits.max(u32::BITS - code.leading_zeros());
        let places = ((group as usize + 1) << bits).max(self.table.len() << (bits - self.bits));
        if self.full || (bits == self.bits && places <= self.table.len()) {
            return;
        }
        if places > TABLE_MAX {
            self.full = true;
            self.table = Vec::new();
            self.map = self.members.iter().copied().zip(0..).collect();
            return;
        }
        let places = places.next_power_of_two();
        if self.bits == bits {
            self.table.resize(places, NONE);
            return;
        }
        self.bits = bits;
        self.table = vec![NONE; places];
        for (number, (group, code)) in self.members.iter().enumerate() {
            if let Some(place) = self.table.get_mut((*group as usize) << bits | *code as usize) {
                *place = number as u32;
            }
        }
    }
}
