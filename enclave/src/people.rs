//! Sets of people and vectors of contributions, by ledger ordinal: sorted, compared with early exit, stored compactly.
//!
//! Two sets that are not nearly equal differ among their first few members, so most comparisons end after about k steps.

use itertools::Itertools as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use visiting_policies::sign;

/// A set of people: sorted ordinals, each once.
pub(crate) type People = Vec<u32>;

/// Contributions by ordinal, sorted, each once; who contributes nothing stands with 0.
pub(crate) type Vector = Vec<(u32, i128)>;

/// True when fewer than `k` people are in only one of the two sets.
pub(crate) fn near(a: &[u32], b: &[u32], k: u64) -> bool {
    let k = usize::try_from(k).unwrap_or(usize::MAX);
    a.len().abs_diff(b.len()) < k && a.iter().merge_join_by(b, Ord::cmp).filter(|person| !person.is_both()).take(k).count() < k
}

/// True when fewer than `k` people of `part` are outside `whole`.
pub(crate) fn mostly_inside(part: &[u32], whole: &[u32], k: u64) -> bool {
    let k = usize::try_from(k).unwrap_or(usize::MAX);
    part.len() < whole.len() + k && part.iter().filter(|p| whole.binary_search(p).is_err()).take(k).count() < k
}

/// The union of sets, and the sum of their sizes.
pub(crate) fn union<'a>(sets: impl Iterator<Item = &'a People>) -> (People, usize) {
    let mut all: People = sets.flatten().copied().collect();
    let memberships = all.len();
    all.sort_unstable();
    all.dedup();
    (all, memberships)
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

fn unpack(text: &str) -> Option<Vector> {
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
        pack(vector.iter().copied()).serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vector, D::Error> {
        unpack(&String::deserialize(from)?).ok_or_else(|| D::Error::custom("a vector is damaged"))
    }
}

/// Serde form of a [`People`] set.
pub(crate) mod packed_people {
    use super::{Deserialize, Deserializer, Error, People, Serialize, Serializer, pack, unpack};

    pub(crate) fn serialize<S: Serializer>(people: &People, to: S) -> Result<S::Ok, S::Error> {
        pack(people.iter().map(|p| (*p, 0))).serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<People, D::Error> {
        let vector = unpack(&String::deserialize(from)?).ok_or_else(|| D::Error::custom("a set is damaged"))?;
        Ok(vector.into_iter().map(|(p, _)| p).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packing_loses_nothing() {
        let vector: Vector = vec![(0, 0), (1, -1), (500, i128::MAX), (501, i128::MIN), (u32::MAX, 12_345)];
        assert_eq!(unpack(&pack(vector.iter().copied())), Some(vector));
        assert_eq!(unpack("!"), None);
    }

    #[test]
    fn near_counts_people_in_only_one_set() {
        let a: People = (0..100).collect();
        for n in 0..15u32 {
            let b: People = (n..100).collect();
            assert_eq!((near(&a, &b, 10), near(&b, &a, 10)), (n < 10, n < 10));
            assert_eq!(mostly_inside(&a, &b, 10), n < 10);
            assert!(mostly_inside(&b, &a, 10));
        }
    }
}
