//! What is bound to a permit, as runs need it: the names that a text uses, and bytes that are those of the record.

use std::collections::BTreeMap;

use visiting_catalog::codes::CODES;
use visiting_policies::{Code, Refusal, case::Kind, sign};

use crate::{door::Door, fault::Fault, plan};

/// What of one kind a run or trial could name: digests by name.
pub(crate) type Bound<'a> = BTreeMap<&'a str, &'a str>;

/// Those of them that a text names.
pub(crate) fn named<'a>(kind: Kind, bound: &Bound<'a>, sql: &str) -> Bound<'a> {
    let names = plan::named(sql, if kind == Kind::Guest { plan::GUESTS } else { CODES });
    bound.iter().filter(|(name, _)| names.contains(**name)).map(|(name, digest)| (*name, *digest)).collect()
}

/// Bytes of this digest, which the record names. Others are refused.
pub(crate) fn fetch(door: &Door, kind: Kind, digest: &str) -> Result<Vec<u8>, Fault> {
    match door.bound(kind, digest) {
        Ok(bytes) if sign::digest(&bytes) == digest => Ok(bytes),
        // What the record names and the gateway denies is as good as changed.
        Ok(_) | Err(Fault::Refused(_)) => Err(tampered(kind).into()),
        Err(fault) => Err(fault),
    }
}

fn tampered(kind: Kind) -> Refusal {
    let detail = format!("the bytes of a {} are not those that the record names", kind.word());
    match kind {
        Kind::Guest => Refusal::new(Code::GuestTampered, detail).ja("プログラムの内容が記録と一致しません"),
        Kind::Codes => Refusal::new(Code::CodesTampered, detail),
    }
}
