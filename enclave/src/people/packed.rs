//! Sets and vectors as text: ordinals as differences and values zigzag, both as base-128 varints, in base64: about five bytes a person.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use visiting_policies::sign;

use super::{People, Vector};

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

fn set_of(text: &str) -> Option<People> {
    Some(People::new(unpack(text)?.into_iter().map(|(person, _)| person).collect()))
}

/// Serde form of a [`Vector`].
pub(crate) mod vector {
    use super::{Deserialize, Deserializer, Error, Serialize, Serializer, Vector, pack, unpack};

    pub(crate) fn serialize<S: Serializer>(vector: &Vector, to: S) -> Result<S::Ok, S::Error> {
        pack(vector.iter()).serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vector, D::Error> {
        unpack(&String::deserialize(from)?).map(Vector::new).ok_or_else(|| D::Error::custom("a vector is damaged"))
    }
}

/// Serde form of a [`Vector`] that may be absent.
pub(crate) mod vector_if {
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
pub(crate) mod set {
    use super::{Deserialize, Deserializer, Error, People, Serialize, Serializer, pack, set_of};

    pub(crate) fn serialize<S: Serializer>(people: &People, to: S) -> Result<S::Ok, S::Error> {
        pack(people.sorted().iter().map(|p| (*p, 0))).serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<People, D::Error> {
        set_of(&String::deserialize(from)?).ok_or_else(|| D::Error::custom("a set is damaged"))
    }
}

/// Serde form of several sets.
pub(crate) mod sets {
    use super::{Deserialize, Deserializer, Error, People, Serializer, pack, set_of};

    pub(crate) fn serialize<S: Serializer>(sets: &[People], to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(sets.iter().map(|set| pack(set.sorted().iter().map(|p| (*p, 0)))))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<People>, D::Error> {
        let texts = Vec::<String>::deserialize(from)?;
        texts.iter().map(|text| set_of(text).ok_or_else(|| D::Error::custom("a set is damaged"))).collect()
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
}
