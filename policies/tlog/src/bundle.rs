//! Entry bundles: "sequences of big-endian uint16 length-prefixed log entries" (tlog-tiles, Log entries).

use crate::tile::FULL;

/// Most bytes of one entry: what a uint16 can say.
pub const ENTRY_MAX_BYTES: usize = u16::MAX as usize;

/// Most bytes of one bundle.
pub const BUNDLE_MAX_BYTES: usize = (ENTRY_MAX_BYTES + 2) * FULL as usize;

/// An entry that no bundle can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an entry has {ENTRY_MAX_BYTES} bytes at most, this one has {bytes}")]
pub struct EntryTooLong {
    /// Its length.
    pub bytes: usize,
}

/// A bundle that does not hold what it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BundleFault {
    /// It ends within an entry.
    #[error("the bundle ends within entry {entry}")]
    Torn {
        /// Number within the bundle.
        entry: usize,
    },
    /// It holds more or fewer entries than its name says.
    #[error("the bundle does not hold exactly {expected} entries")]
    Count {
        /// Entries that its name says.
        expected: u16,
    },
}

/// Adds one entry to the bytes of a bundle.
///
/// # Errors
/// [`EntryTooLong`]; then nothing was added.
pub fn push(bundle: &mut Vec<u8>, entry: &[u8]) -> Result<(), EntryTooLong> {
    let length = u16::try_from(entry.len()).map_err(|_| EntryTooLong { bytes: entry.len() })?;
    bundle.extend_from_slice(&length.to_be_bytes());
    bundle.extend_from_slice(entry);
    Ok(())
}

/// The entries of a bundle that holds exactly `width` of them.
///
/// # Errors
/// [`BundleFault`].
pub fn entries(bundle: &[u8], width: u16) -> Result<Vec<&[u8]>, BundleFault> {
    let (mut rest, mut found) = (bundle, Vec::with_capacity(usize::from(width)));
    while let Some((length, after)) = rest.split_first_chunk::<2>() {
        let length = usize::from(u16::from_be_bytes(*length));
        let (entry, after) = after.split_at_checked(length).ok_or(BundleFault::Torn { entry: found.len() })?;
        found.push(entry);
        rest = after;
    }
    if !rest.is_empty() {
        return Err(BundleFault::Torn { entry: found.len() });
    }
    if found.len() == usize::from(width) { Ok(found) } else { Err(BundleFault::Count { expected: width }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_as_long_as_two_bytes_can_say_and_no_longer() {
        let mut bundle = Vec::new();
        push(&mut bundle, &vec![7; ENTRY_MAX_BYTES]).unwrap();
        assert_eq!(push(&mut bundle, &vec![7; ENTRY_MAX_BYTES + 1]), Err(EntryTooLong { bytes: 65_536 }));
        push(&mut bundle, b"").unwrap();
        assert_eq!(entries(&bundle, 2).unwrap(), [&vec![7; ENTRY_MAX_BYTES][..], b""]);
    }

    #[test]
    fn a_bundle_holds_what_its_name_says() {
        assert_eq!(entries(b"\0\x01a\0\0", 2).unwrap(), [&b"a"[..], b""]);
        assert_eq!(entries(b"\0\x01a\0\0", 1), Err(BundleFault::Count { expected: 1 }));
        assert_eq!(entries(b"\0\x01a\0\0", 3), Err(BundleFault::Count { expected: 3 }));
        assert_eq!(entries(b"\0\x01a\0\x02b", 2), Err(BundleFault::Torn { entry: 1 }));
        assert_eq!(entries(b"\0\x01a\0", 1), Err(BundleFault::Torn { entry: 1 }));
    }
}
