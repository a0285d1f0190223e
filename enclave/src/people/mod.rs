//! Sets of people and vectors of contributions, by ledger ordinal: compared with early exit, stored compactly.
//!
//! Two sets that are not nearly equal differ among their first few members, so most comparisons end after about k steps. Sets that were
//! counted in one extract are listed in one order already, that of its ids; only others that are compared further, or stored, are
//! given their ordinals and sorted.

use std::sync::{Arc, OnceLock};

use datafusion::arrow::buffer::ScalarBuffer;
use itertools::{Either, Itertools as _};

pub(crate) mod packed;
#[cfg(test)]
mod tests;
mod vector;

pub(crate) use vector::{Amounts, Fit, Vector, fit};

/// Lowest members that every set knows: several times any k, so that sets which differ are told apart by them.
pub(crate) const LOWEST: usize = 64;

/// Ledger ordinals of the people of an extract, by their ids there.
pub(crate) type Ordinals = Arc<[u32]>;

/// A set of people by ordinal, each once. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct People(Arc<Set>);

#[derive(Debug)]
struct Set {
    came: Came,
    /// The lowest ones, sorted.
    lowest: Vec<u32>,
    /// All of them in the order in which they came; made when first asked for.
    members: OnceLock<Vec<u32>>,
    /// All of them, sorted, and where they were; made when first asked for, `None` where they came sorted.
    order: OnceLock<Option<Order>>,
}

/// Sets that were detached, so that what shared one set still does.
pub(crate) type Detached = std::collections::HashMap<usize, People>;

/// How a set came.
#[derive(Debug)]
enum Came {
    /// As ordinals.
    Ordinals(usize),
    /// As rising ids of an extract: equal ids of one extract are one person.
    Counted(ScalarBuffer<u32>, Ordinals),
}

#[derive(Debug)]
struct Order {
    sorted: Vec<u32>,
    places: Vec<u32>,
}

impl People {
    /// From ordinals in any order, each once.
    pub(crate) fn new(members: Vec<u32>) -> Self {
        let (came, lowest) = (Came::Ordinals(members.len()), lowest(members.iter().copied()));
        Self(Arc::new(Set { came, lowest, members: OnceLock::from(members), order: OnceLock::new() }))
    }

    /// From rising ids of an extract.
    pub(crate) fn counted(ids: ScalarBuffer<u32>, ordinals: &Ordinals) -> Self {
        let lowest = lowest(ids.iter().map(|id| ordinal(*id, ordinals)));
        let came = Came::Counted(ids, ordinals.clone());
        Self(Arc::new(Set { came, lowest, members: OnceLock::new(), order: OnceLock::new() }))
    }

    /// How many.
    pub(crate) fn len(&self) -> usize {
        match &self.0.came {
            Came::Ordinals(len) => *len,
            Came::Counted(ids, _) => ids.len(),
        }
    }

    /// All members, in the order in which they came.
    pub(crate) fn members(&self) -> &[u32] {
        self.0.members.get_or_init(|| match &self.0.came {
            Came::Ordinals(_) => Vec::new(),
            Came::Counted(ids, ordinals) => ids.iter().map(|id| ordinal(*id, ordinals)).collect(),
        })
    }

    /// All members, in the order in which they came, without keeping them.
    pub(crate) fn ordinals(&self) -> impl Iterator<Item = u32> {
        match &self.0.came {
            Came::Ordinals(_) => Either::Left(self.members().iter().copied()),
            Came::Counted(ids, ordinals) => Either::Right(ids.iter().map(|id| ordinal(*id, ordinals))),
        }
    }

    /// The lowest members, sorted; all of them in a small set.
    pub(crate) fn lowest(&self) -> &[u32] {
        &self.0.lowest
    }

    /// All members, sorted.
    pub(crate) fn sorted(&self) -> &[u32] {
        self.order().map_or(self.members(), |order| &order.sorted)
    }

    /// Where the sorted members were when they came; `None` where they came sorted.
    fn places(&self) -> Option<&[u32]> {
        self.order().map(|order| order.places.as_slice())
    }

    /// The same with nothing else in memory: neither the columns that it was counted in nor its extract's ordinals.
    pub(crate) fn detached(&self, seen: &mut Detached) -> Self {
        match &self.0.came {
            Came::Ordinals(_) => self.clone(),
            // INVARIANT: the key is the address of a set that `self` keeps alive while `seen` is used.
            Came::Counted(..) => seen.entry(Arc::as_ptr(&self.0).addr()).or_insert_with(|| Self::new(self.sorted().to_vec())).clone(),
        }
    }

    fn order(&self) -> Option<&Order> {
        let make = || {
            let members = self.members();
            if members.is_sorted() {
                return None;
            }
            let mut pairs: Vec<u64> = members.iter().zip(0u64..).map(|(member, place)| u64::from(*member) << 32 | place).collect();
            pairs.sort_unstable();
            Some(Order { sorted: pairs.iter().map(|p| (p >> 32) as u32).collect(), places: pairs.iter().map(|p| *p as u32).collect() })
        };
        self.0.order.get_or_init(make).as_ref()
    }
}

impl PartialEq for People {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || (self.len() == other.len() && self.sorted() == other.sorted())
    }
}

/// A person id beyond the extract cannot come from its files; it would only ever count against showing.
fn ordinal(id: u32, ordinals: &Ordinals) -> u32 {
    ordinals.get(id as usize).copied().unwrap_or(u32::MAX)
}

/// The lowest members, sorted, in one pass.
fn lowest(members: impl Iterator<Item = u32>) -> Vec<u32> {
    let (mut lowest, mut below) = (Vec::with_capacity(2 * LOWEST), u32::MAX);
    for member in members {
        if member < below || lowest.len() < LOWEST {
            lowest.push(member);
        }
        if lowest.len() == 2 * LOWEST {
            let (_, last, _) = lowest.select_nth_unstable(LOWEST - 1);
            below = *last;
            lowest.truncate(LOWEST);
        }
    }
    lowest.sort_unstable();
    lowest.truncate(LOWEST);
    lowest.shrink_to_fit();
    lowest
}

/// The ids of two sets of one extract.
fn in_one_order<'a>(a: &'a People, b: &'a People) -> Option<(&'a [u32], &'a [u32])> {
    match (&a.0.came, &b.0.came) {
        (Came::Counted(a, of_a), Came::Counted(b, of_b)) if Arc::ptr_eq(of_a, of_b) => Some((a, b)),
        _ => None,
    }
}

/// True when fewer than `k` people are in only one of the two sets.
pub(crate) fn near(a: &People, b: &People, k: u64) -> bool {
    let k = usize::try_from(k).unwrap_or(usize::MAX);
    if Arc::ptr_eq(&a.0, &b.0) {
        return k > 0;
    }
    if a.len().abs_diff(b.len()) >= k {
        return false;
    }
    // Up to where both sets' lowest members reach, they are all there is of either set.
    let whole = |set: &People| set.lowest().len() == set.len();
    let reach = |set: &People| if whole(set) { u32::MAX } else { set.lowest().last().copied().unwrap_or(u32::MAX) };
    let reach = reach(a).min(reach(b));
    let low = |set: &'_ People| set.lowest().partition_point(|p| *p <= reach);
    let (a_low, b_low) = (a.lowest().get(..low(a)).unwrap_or_default(), b.lowest().get(..low(b)).unwrap_or_default());
    let rest = || in_one_order(a, b).map_or_else(|| apart(a.sorted(), b.sorted(), k), |(a, b)| apart(a, b, k));
    apart(a_low, b_low, k) < k && ((whole(a) && whole(b)) || rest() < k)
}

/// How many are in only one of two sorted sets, counted up to `k`.
fn apart(a: &[u32], b: &[u32], k: usize) -> usize {
    a.iter().merge_join_by(b, Ord::cmp).filter(|person| !person.is_both()).take(k).count()
}

/// Who is in only one of two sets.
pub(crate) fn in_one_only(a: &People, b: &People) -> People {
    let one = |person: itertools::EitherOrBoth<&u32, &u32>| match person {
        itertools::EitherOrBoth::Both(..) => None,
        one => Some(*one.reduce(|a, _| a)),
    };
    People::new(a.sorted().iter().merge_join_by(b.sorted(), Ord::cmp).filter_map(one).collect())
}

/// True when fewer than `k` people of `part` are outside `whole`.
pub(crate) fn mostly_inside(part: &People, whole: &People, k: u64) -> bool {
    let k = usize::try_from(k).unwrap_or(usize::MAX);
    if Arc::ptr_eq(&part.0, &whole.0) {
        return k > 0;
    }
    if let Some((part, whole)) = in_one_order(part, whole) {
        let outside = part.iter().merge_join_by(whole, Ord::cmp).filter(|person| person.is_left());
        return part.len() < whole.len().saturating_add(k) && outside.take(k).count() < k;
    }
    let outside = |members: &[u32]| members.iter().filter(|p| whole.sorted().binary_search(p).is_err()).take(k).count();
    part.len() < whole.len().saturating_add(k) && outside(part.lowest()) < k && outside(part.members()) < k
}

/// The union of sets, and the sum of their sizes.
pub(crate) fn union<'a>(sets: impl Iterator<Item = &'a People>) -> (People, usize) {
    let mut all: Vec<u32> = sets.flat_map(People::members).copied().collect();
    let memberships = all.len();
    all.sort_unstable();
    all.dedup();
    (People::new(all), memberships)
}
