//! Sets of people and vectors of contributions, by ledger ordinal: compared with early exit, stored compactly.
//!
//! Two sets that are not nearly equal differ among their first few members, so most comparisons end after about k steps. Sets that one
//! question counted are listed in one order already, that of its extract; only others that are compared further, or stored, are sorted.

use std::sync::{Arc, OnceLock};

use itertools::{Either, EitherOrBoth, Itertools as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use visiting_policies::sign;

/// People for each k that tell most unlike vectors apart.
const SAMPLE: usize = 8;

/// Lowest members that every set knows: several times any k, so that sets which differ are told apart by them.
const LOWEST: usize = 64;

/// A set of people by ordinal, each once. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct People(Arc<Set>);

#[derive(Debug)]
struct Set {
    /// In the order in which they came.
    members: Vec<u32>,
    /// The lowest ones, sorted.
    lowest: Vec<u32>,
    /// All of them, sorted, and where they were; made when first asked for, `None` where they came sorted.
    order: OnceLock<Option<Order>>,
    /// Ids of the members where they were counted, in the same places and rising.
    listed: Option<Listed>,
}

/// Ids of one source: equal ids are one person, and all sets of a source are listed by them.
#[derive(Debug)]
struct Listed {
    source: u64,
    ids: Vec<u32>,
}

#[derive(Debug)]
struct Order {
    sorted: Vec<u32>,
    places: Vec<u32>,
}

impl People {
    /// From ordinals in any order, each once.
    pub(crate) fn new(members: Vec<u32>) -> Self {
        Self::of(members, None)
    }

    /// The same, with the members' rising ids in a source.
    pub(crate) fn listed(members: Vec<u32>, source: u64, ids: Vec<u32>) -> Self {
        Self::of(members, Some(Listed { source, ids }))
    }

    fn of(members: Vec<u32>, listed: Option<Listed>) -> Self {
        let sorted = members.is_sorted();
        let mut lowest = members.clone();
        if !sorted && lowest.len() > LOWEST {
            lowest.select_nth_unstable(LOWEST);
        }
        lowest.truncate(LOWEST);
        lowest.sort_unstable();
        let order = if sorted { OnceLock::from(None) } else { OnceLock::new() };
        Self(Arc::new(Set { members, lowest, order, listed }))
    }

    /// How many.
    pub(crate) fn len(&self) -> usize {
        self.0.members.len()
    }

    /// All members, in the order in which they came.
    #[cfg(test)]
    pub(crate) fn members(&self) -> &[u32] {
        &self.0.members
    }

    /// The lowest members, sorted; all of them in a small set.
    pub(crate) fn lowest(&self) -> &[u32] {
        &self.0.lowest
    }

    /// All members, sorted.
    pub(crate) fn sorted(&self) -> &[u32] {
        self.order().map_or(&self.0.members, |order| &order.sorted)
    }

    fn order(&self) -> Option<&Order> {
        let make = || {
            let mut pairs: Vec<u64> = self.0.members.iter().zip(0u64..).map(|(member, place)| u64::from(*member) << 32 | place).collect();
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

/// Contributions by person; who contributes nothing stands with 0.
#[derive(Debug, Clone)]
pub(crate) struct Vector {
    /// Who.
    pub(crate) people: People,
    /// How much.
    pub(crate) amounts: Amounts,
}

/// One number a person in the order in which people came, in the smallest form that holds them all.
#[derive(Debug, Clone)]
pub(crate) enum Amounts {
    /// 1 each: a set.
    One,
    /// Numbers that fit in 64 bits.
    Small(Vec<i64>),
    /// Others.
    Wide(Vec<i128>),
}

impl Amounts {
    /// The number at a place.
    pub(crate) fn at(&self, place: usize) -> i128 {
        match self {
            Self::One => 1,
            Self::Small(all) => all.get(place).copied().map_or(0, i128::from),
            Self::Wide(all) => all.get(place).copied().unwrap_or(0),
        }
    }
}

impl Vector {
    /// A set: 1 for everybody in it.
    pub(crate) fn set(people: People) -> Self {
        Self { people, amounts: Amounts::One }
    }

    /// From contributions sorted by person.
    pub(crate) fn new(pairs: Vec<(u32, i128)>) -> Self {
        let people = People::new(pairs.iter().map(|(p, _)| *p).collect());
        let small: Option<Vec<i64>> = pairs.iter().map(|(_, y)| i64::try_from(*y).ok()).collect();
        let amounts = match small {
            Some(all) if all.iter().all(|y| *y == 1) => Amounts::One,
            Some(all) => Amounts::Small(all),
            None => Amounts::Wide(pairs.into_iter().map(|(_, y)| y).collect()),
        };
        Self { people, amounts }
    }

    /// Person and contribution, by person.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, i128)> {
        let places = self.people.order().map(|order| order.places.as_slice());
        let place = move |i: usize| places.map_or(i, |all| all.get(i).map_or(i, |place| *place as usize));
        self.people.sorted().iter().enumerate().map(move |(i, person)| (*person, self.amounts.at(place(i))))
    }
}

impl PartialEq for Vector {
    fn eq(&self, other: &Self) -> bool {
        self.people == other.people && self.iter().eq(other.iter())
    }
}

/// How two vectors lie to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fit {
    /// Equal for all but fewer than k of their people.
    Same,
    /// One is `a*x + b` of the other, a not 0, for all but fewer than k.
    Line,
    /// Neither.
    Apart,
}

/// Whether two vectors, or an affine image of one of them, differ for fewer than `k` of their people.
pub(crate) fn fit(a: &Vector, b: &Vector, k: u64) -> Fit {
    if !near(&a.people, &b.people, k) || surely_apart(a, b, k) {
        return Fit::Apart;
    }
    let (mut both, mut apart) = (Vec::new(), 0u64);
    for person in side_by_side(a, b) {
        match person {
            EitherOrBoth::Both(x, y) => both.push((x, y)),
            _ => apart += 1,
        }
        if apart >= k {
            return Fit::Apart;
        }
    }
    on_a_line(&mut both, apart, k)
}

/// Whether a few people tell already: a line through all but fewer than k people goes through all but fewer than k of these, and
/// through one of k disjoint pairs of them. Most vectors of the same people are no more alike than this.
fn surely_apart(a: &Vector, b: &Vector, k: u64) -> bool {
    let k = usize::try_from(k).unwrap_or(usize::MAX);
    let people = side_by_side(a, b).take(k.saturating_mul(SAMPLE));
    let mut some: Vec<(i128, i128)> = people.filter_map(EitherOrBoth::both).collect();
    if some.iter().filter(|(x, y)| x != y).take(k).count() < k {
        return false;
    }
    some.sort_unstable();
    let pairs: Vec<_> = pairs(&some).take(k).collect();
    pairs.len() == k && !pairs.iter().any(|pair| through(pair).is_none_or(|off| some.iter().filter(|p| off(p)).take(k).count() < k))
}

/// Pairs of people whose x differ, each person in one.
fn pairs(sorted: &[(i128, i128)]) -> impl Iterator<Item = ((i128, i128), (i128, i128))> {
    let (low, high) = sorted.split_at(sorted.len() / 2);
    low.iter().copied().zip(high.iter().copied()).filter(|(p, q)| p.0 != q.0)
}

/// Who is off the line through a pair; `None` where that cannot be computed. On a level line, which is no image, all are off.
fn through(((x0, y0), (x1, y1)): &((i128, i128), (i128, i128))) -> Option<impl Fn(&(i128, i128)) -> bool> {
    let (x0, y0, dx, dy) = (*x0, *y0, x1.checked_sub(*x0)?, y1.checked_sub(*y0)?);
    Some(move |(x, y): &(i128, i128)| {
        let (left, right) = (y.checked_sub(y0).and_then(|d| dx.checked_mul(d)), x.checked_sub(x0).and_then(|d| dy.checked_mul(d)));
        dy == 0 || left.is_none() || left != right
    })
}

/// Fewer than k people spoil fewer than k of k disjoint pairs, so one of k pairs shows the right line if there is one.
fn on_a_line(both: &mut [(i128, i128)], apart: u64, k: u64) -> Fit {
    let room = usize::try_from(k - apart).unwrap_or(1);
    let off = |wrong: &dyn Fn(&(i128, i128)) -> bool| both.iter().filter(|p| wrong(p)).take(room).count() as u64 + apart < k;
    if off(&|(x, y)| x != y) {
        return Fit::Same;
    }
    both.sort_unstable();
    let fits = |pair| through(&pair).is_some_and(|off| both.iter().filter(|p| off(p)).take(room).count() as u64 + apart < k);
    if pairs(both).take(usize::try_from(k).unwrap_or(0)).any(fits) { Fit::Line } else { Fit::Apart }
}

/// The ids of two sets of one source.
fn in_one_order<'a>(a: &'a People, b: &'a People) -> Option<(&'a [u32], &'a [u32])> {
    let (a, b) = (a.0.listed.as_ref()?, b.0.listed.as_ref()?);
    (a.source == b.source).then_some((&a.ids, &b.ids))
}

/// The people of two vectors, each once and in one order, with what they contribute.
fn side_by_side<'a>(a: &'a Vector, b: &'a Vector) -> impl Iterator<Item = EitherOrBoth<i128, i128>> {
    match in_one_order(&a.people, &b.people) {
        Some((left, right)) => {
            let both = left.iter().enumerate().merge_join_by(right.iter().enumerate(), |(_, p), (_, q)| p.cmp(q));
            Either::Left(both.map(|person| person.map_any(|(i, _)| a.amounts.at(i), |(i, _)| b.amounts.at(i))))
        }
        None => {
            let both = a.iter().merge_join_by(b.iter(), |(p, _), (q, _)| p.cmp(q));
            Either::Right(both.map(|person| person.map_any(|(_, x)| x, |(_, y)| y)))
        }
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

/// True when fewer than `k` people of `part` are outside `whole`.
pub(crate) fn mostly_inside(part: &People, whole: &People, k: u64) -> bool {
    let k = usize::try_from(k).unwrap_or(usize::MAX);
    let outside = |members: &[u32]| members.iter().filter(|p| whole.sorted().binary_search(p).is_err()).take(k).count();
    part.len() < whole.len().saturating_add(k) && outside(part.lowest()) < k && outside(&part.0.members) < k
}

/// The union of sets, and the sum of their sizes.
pub(crate) fn union<'a>(sets: impl Iterator<Item = &'a People>) -> (People, usize) {
    let mut all: Vec<u32> = sets.flat_map(|set| &set.0.members).copied().collect();
    let memberships = all.len();
    all.sort_unstable();
    all.dedup();
    (People::new(all), memberships)
}

/// Writes ordinals as differences and values zigzag, both as base-128 varints, in base64: about five bytes a person.
fn pack(vector: impl Iterator<Item = (u32, i128)>) -> String {
    let (mut bytes, mut last) = (Vec::new(), 0);
    for (ordinal, value) in vector {
        varint(u128::from(ordinal - last), &mut bytes);
        varint(((value << 1) ^ (value >> 127)).cast_unsigned(), &mut bytes);
        last = ordinal;
    }
    sign::to_base64(&bytes)
}

fn varint(mut n: u128, bytes: &mut Vec<u8>) {
    while n >= 128 {
        bytes.push((n & 127) as u8 | 128);
        n >>= 7;
    }
    bytes.push(n as u8);
}

fn unpack(text: &str) -> Option<Vec<(u32, i128)>> {
    let bytes = sign::from_base64(text)?;
    let mut numbers = Vec::new();
    let (mut n, mut shift) = (0u128, 0u32);
    for byte in bytes {
        n |= u128::from(byte & 127).checked_shl(shift)?;
        shift += 7;
        if byte < 128 {
            numbers.push(n);
            (n, shift) = (0, 0);
        }
    }
    let mut last = 0u32;
    let pair = |pair: &[u128]| {
        let [step, value] = pair else { return None };
        last = last.checked_add(u32::try_from(*step).ok()?)?;
        Some((last, (value >> 1).cast_signed() ^ -((value & 1).cast_signed())))
    };
    numbers.chunks(2).map(pair).collect()
}

/// Serde form of a [`Vector`].
pub(crate) mod packed {
    use super::{Deserialize, Deserializer, Error, Serialize, Serializer, Vector, pack, unpack};

    pub(crate) fn serialize<S: Serializer>(vector: &Vector, to: S) -> Result<S::Ok, S::Error> {
        pack(vector.iter()).serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vector, D::Error> {
        unpack(&String::deserialize(from)?).map(Vector::new).ok_or_else(|| D::Error::custom("a vector is damaged"))
    }
}

/// Serde form of a [`Vector`] that may be absent.
pub(crate) mod packed_if {
    use super::{Deserialize, Deserializer, Error, Serialize, Serializer, Vector, pack, unpack};

    pub(crate) fn serialize<S: Serializer>(vector: &Option<Vector>, to: S) -> Result<S::Ok, S::Error> {
        vector.as_ref().map(|v| pack(v.iter())).serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Vector>, D::Error> {
        let text = Option::<String>::deserialize(from)?;
        text.map(|t| unpack(&t).map(Vector::new).ok_or_else(|| D::Error::custom("a vector is damaged"))).transpose()
    }
}

/// Serde form of a [`People`] set.
pub(crate) mod packed_people {
    use super::{Deserialize, Deserializer, Error, People, Serialize, Serializer, pack, unpack};

    pub(crate) fn serialize<S: Serializer>(people: &People, to: S) -> Result<S::Ok, S::Error> {
        pack(people.sorted().iter().map(|p| (*p, 0))).serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<People, D::Error> {
        let vector = unpack(&String::deserialize(from)?).ok_or_else(|| D::Error::custom("a set is damaged"))?;
        Ok(People::new(vector.into_iter().map(|(p, _)| p).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packing_loses_nothing() {
        let vector = vec![(0, 0), (1, -1), (500, i128::MAX), (501, i128::MIN), (u32::MAX, 12_345)];
        assert_eq!(unpack(&pack(vector.iter().copied())), Some(vector));
        assert_eq!(unpack("!"), None);
    }

    fn line(n: u32) -> Vec<(u32, i128)> {
        (0..n).map(|i| (i, i128::from(i * i % 97))).collect()
    }

    fn near(a: &[(u32, i128)], b: &[(u32, i128)]) -> Fit {
        fit(&Vector::new(a.to_vec()), &Vector::new(b.to_vec()), 10)
    }

    #[test]
    fn nine_people_apart_is_near_and_ten_is_not() {
        let a = line(200);
        for (changed, close) in [(0, true), (1, true), (9, true), (10, false), (40, false)] {
            let b: Vec<_> = a.iter().map(|(p, y)| (*p, if *p < changed { y + 1000 + i128::from(*p) * 7919 } else { *y })).collect();
            assert_eq!(near(&a, &b), if close { Fit::Same } else { Fit::Apart }, "{changed} changed");
            let affine: Vec<_> = b.iter().map(|(p, y)| (*p, 3 * y + 7)).collect();
            assert_eq!(near(&a, &affine), if close { Fit::Line } else { Fit::Apart }, "{changed} changed, 3y+7");
        }
    }

    #[test]
    fn a_difference_is_found_wherever_it_lies() {
        // Mostly zeros, as costs are; the changes at the end, beyond the people who are looked at first.
        let a: Vec<_> = (0..500u32).map(|i| (i, if i % 7 == 0 { i128::from(i * 31 % 211) } else { 0 })).collect();
        for (changed, close) in [(0u32, true), (9, true), (10, false), (300, false)] {
            let b: Vec<_> = a.iter().map(|(p, y)| (*p, if *p >= 500 - changed { y + 1 + i128::from(p * p % 97) } else { *y })).collect();
            assert_eq!(near(&a, &b), if close { Fit::Same } else { Fit::Apart }, "{changed} changed");
            let image: Vec<_> = b.iter().map(|(p, y)| (*p, 5 - 2 * y)).collect();
            assert_eq!(near(&a, &image), if close { Fit::Line } else { Fit::Apart }, "{changed} changed, 5-2y");
        }
        let level: Vec<_> = a.iter().map(|(p, _)| (*p, 1)).collect();
        assert_eq!((near(&level, &level), near(&a, &level)), (Fit::Same, Fit::Apart), "a level line is no image");
    }

    #[test]
    fn missing_people_count_as_apart() {
        let a = line(200);
        assert_eq!((near(&a, &a[..195]), near(&a, &a[..190])), (Fit::Same, Fit::Apart));
    }

    #[test]
    fn one_form_or_the_other_is_the_same_vector() {
        let wide = Vector { people: People::new(vec![1, 2]), amounts: Amounts::Wide(vec![1, 1]) };
        assert_eq!(wide, Vector::new(vec![(1, 1), (2, 1)]));
    }

    #[test]
    fn near_counts_people_in_only_one_set() {
        // Small and large sets, in order and not; the difference low, high or in the middle.
        for size in [20u32, 64, 100, 3000] {
            let shuffled = |members: &mut dyn Iterator<Item = u32>| {
                let mut all: Vec<u32> = members.collect();
                all.sort_unstable_by_key(|p| p.wrapping_mul(2_654_435_761));
                People::new(all)
            };
            let a = shuffled(&mut (0..size));
            for from in [0, size / 2, size - 15] {
                for n in 0..15u32 {
                    let b = shuffled(&mut (0..size).filter(|p| *p < from || *p >= from + n));
                    assert_eq!((super::near(&a, &b, 10), super::near(&b, &a, 10)), (n < 10, n < 10), "{size} without {n} from {from}");
                    assert_eq!(mostly_inside(&a, &b, 10), n < 10);
                    assert!(mostly_inside(&b, &a, 10));
                }
            }
            assert_eq!(a.sorted(), (0..size).collect::<Vec<_>>());
            assert_eq!(union([&a, &a].into_iter()), (a, 2 * size as usize));
        }
    }

    #[test]
    fn sets_of_one_source_are_compared_in_its_order_and_say_the_same() {
        let member = |id: u32| id.wrapping_mul(2_654_435_761) >> 8;
        let listed = |ids: Vec<u32>, source| People::listed(ids.iter().map(|id| member(*id)).collect(), source, ids);
        let amount = |id: &u32, by: i64| i64::from(id * id % 97) * by;
        let vector =
            |people: People, ids: &[u32], by: i64| Vector { people, amounts: Amounts::Small(ids.iter().map(|i| amount(i, by)).collect()) };
        let all: Vec<u32> = (0..900).collect();
        for missing in [0, 1, 9, 10, 40] {
            for from in [0usize, 450, 850] {
                let some: Vec<u32> = all.iter().copied().filter(|i| (*i as usize) < from || *i as usize >= from + missing).collect();
                let (a, here, elsewhere) = (listed(all.clone(), 1), listed(some.clone(), 1), listed(some.clone(), 2));
                assert_eq!(super::near(&a, &here, 10), super::near(&a, &elsewhere, 10), "{missing} from {from}");
                for by in [1, 3] {
                    let fits = |people: &People| fit(&vector(a.clone(), &all, 1), &vector(people.clone(), &some, by), 10);
                    assert_eq!(fits(&here), fits(&elsewhere), "{missing} from {from}, times {by}");
                }
                assert_eq!(here, elsewhere);
            }
        }
    }

    #[test]
    fn contributions_stay_with_their_people_when_sorted() {
        let vector = Vector { people: People::new(vec![9, 2, 5]), amounts: Amounts::Small(vec![90, 20, 50]) };
        assert_eq!(vector.iter().collect::<Vec<_>>(), [(2, 20), (5, 50), (9, 90)]);
        assert_eq!(vector, Vector::new(vec![(2, 20), (5, 50), (9, 90)]));
    }
}
