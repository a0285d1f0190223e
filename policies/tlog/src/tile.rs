//! Names of tiles: `tile/<L>/<N>[.p/<W>]` and `tile/entries/<N>[.p/<W>]` (tlog-tiles, Merkle Tree and Log entries).

use std::fmt;

use crate::{
    encoding::decimal,
    merkle::{Hash, node_hash},
};

/// Hashes in a full tile, entries in a full bundle.
pub const FULL: u16 = 256;

/// Levels of the tree that one tile spans.
pub const HEIGHT: u32 = 8;

/// Bytes of one hash.
pub(crate) const HASH_BYTES: usize = 32;

/// What a resource holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Hashes of a level, 0 to 63.
    Level(u8),
    /// Log entries; they lie as the hashes of level 0 do.
    Entries,
}

/// All that a tree of 64-bit size can have.
pub const KINDS: [Kind; 9] = [
    Kind::Entries,
    Kind::Level(0),
    Kind::Level(1),
    Kind::Level(2),
    Kind::Level(3),
    Kind::Level(4),
    Kind::Level(5),
    Kind::Level(6),
    Kind::Level(7),
];

/// Hashes that a tree of `size` entries has in all tiles of a level, or entries in all its bundles.
#[must_use]
pub fn hashes_of(kind: Kind, size: u64) -> u64 {
    let level = if let Kind::Level(level) = kind { u32::from(level) } else { 0 };
    size.checked_shr(level * HEIGHT).unwrap_or(0)
}

/// One immutable resource of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tile {
    kind: Kind,
    index: u64,
    width: u16,
}

impl Tile {
    /// A tile with `width` hashes or entries; `None` for a level over 63 or a width outside 1 to 256.
    #[must_use]
    pub fn new(kind: Kind, index: u64, width: u16) -> Option<Self> {
        let level_fits = !matches!(kind, Kind::Level(64..));
        (level_fits && (1..=FULL).contains(&width)).then_some(Self { kind, index, width })
    }

    /// What it holds.
    #[must_use]
    pub fn kind(self) -> Kind {
        self.kind
    }

    /// Its number within the level.
    #[must_use]
    pub fn index(self) -> u64 {
        self.index
    }

    /// How many hashes or entries it holds.
    #[must_use]
    pub fn width(self) -> u16 {
        self.width
    }

    /// True when it will never get wider.
    #[must_use]
    pub fn is_full(self) -> bool {
        self.width == FULL
    }

    /// The same place, as wide as it can get.
    #[must_use]
    pub fn full(self) -> Self {
        Self { width: FULL, ..self }
    }

    /// The same place with another width; `None` outside 1 to 256.
    #[must_use]
    pub fn of_width(self, width: u16) -> Option<Self> {
        Self::new(self.kind, self.index, width)
    }

    /// The tile with this number in a tree of `size` entries, as wide as that tree makes it; `None` where it would be empty.
    #[must_use]
    pub fn at(kind: Kind, index: u64, size: u64) -> Option<Self> {
        let before = index.checked_mul(u64::from(FULL))?;
        let width = hashes_of(kind, size).checked_sub(before)?.min(u64::from(FULL));
        Self::new(kind, index, u16::try_from(width).ok()?)
    }

    /// Everything that a tree of `size` entries consists of.
    pub fn all(size: u64) -> impl Iterator<Item = Self> {
        KINDS.into_iter().flat_map(move |kind| (0..).map_while(move |index| Self::at(kind, index, size)))
    }

    /// Reads a path; only the one spelling of each tile is taken.
    #[must_use]
    pub fn parse(path: &str) -> Option<Self> {
        let (level, place) = path.strip_prefix("tile/")?.split_once('/')?;
        let kind = if level == "entries" { Kind::Entries } else { Kind::Level(u8::try_from(decimal(level)?).ok()?) };
        let (number, width) = match place.split_once(".p/") {
            Some((number, width)) => (number, u16::try_from(decimal(width)?).ok().filter(|w| *w < FULL)?),
            None => (place, FULL),
        };
        let tile = Self::new(kind, parse_index(number)?, width)?;
        (tile.to_string() == path).then_some(tile)
    }
}

impl fmt::Display for Tile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::Level(level) => write!(f, "tile/{level}/{}", index_path(self.index))?,
            Kind::Entries => write!(f, "tile/entries/{}", index_path(self.index))?,
        }
        if self.is_full() { Ok(()) } else { write!(f, ".p/{}", self.width) }
    }
}

/// Three digits an element, all but the last with an `x`: 1234067 is `x001/x234/067`.
fn index_path(index: u64) -> String {
    let mut path = format!("{:03}", index % 1000);
    let mut rest = index / 1000;
    while rest > 0 {
        path = format!("x{:03}/{path}", rest % 1000);
        rest /= 1000;
    }
    path
}

/// Reads the elements; that they are the shortest spelling is seen by writing them again.
fn parse_index(path: &str) -> Option<u64> {
    path.split('/').try_fold(0u64, |index, element| {
        let digits = element.strip_prefix('x').unwrap_or(element);
        let digits = digits.bytes().all(|b| b.is_ascii_digit()).then_some(digits)?;
        index.checked_mul(1000)?.checked_add(digits.parse().ok()?)
    })
}

/// Hash over the hashes of a full tile, or over any number of them that is a power of two.
pub(crate) fn complete_hash(hashes: &[Hash]) -> Option<Hash> {
    let mut row = hashes.to_vec();
    while row.len() > 1 {
        row = row.as_chunks::<2>().0.iter().map(|[left, right]| node_hash(left, right)).collect();
    }
    row.first().copied().filter(|_| hashes.len().is_power_of_two())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_spelled_as_specified() {
        // "For example, index 1234067 will be encoded as `x001/x234/067`."
        for (tile, path) in [
            (Tile::new(Kind::Level(0), 1_234_067, 256), "tile/0/x001/x234/067"),
            (Tile::new(Kind::Level(63), 0, 1), "tile/63/000.p/1"),
            (Tile::new(Kind::Entries, 1000, 255), "tile/entries/x001/000.p/255"),
            (Tile::new(Kind::Entries, u64::MAX, 256), "tile/entries/x018/x446/x744/x073/x709/x551/615"),
        ] {
            assert_eq!(tile.unwrap().to_string(), path);
            assert_eq!(Tile::parse(path), tile, "{path}");
        }
    }

    #[test]
    fn other_spellings_are_no_paths() {
        // "`<L>` ... MUST be a decimal ASCII integer between 0 and 63, with no additional leading zeroes." "All but the last path
        // element MUST begin with an `x`." "`<W>` is ... a decimal ASCII integer between 1 and 255, with no additional leading zeroes."
        for path in [
            "",
            "tile",
            "tile/0",
            "tile/0/",
            "tile/64/000",
            "tile/00/000",
            "tile/-1/000",
            "tile/0/0",
            "tile/0/0000",
            "tile/0/x000",
            "tile/0/x000/001",
            "tile/0/001/000",
            "tile/0/x001/x000",
            "tile/0/000.p/0",
            "tile/0/000.p/256",
            "tile/0/000.p/01",
            "tile/0/000.p/",
            "tile/0/000.p",
            "tile/0/000/",
            "/tile/0/000",
            "tile/0/+01",
            "tile/data/000",
            "tile/0/xx01/000",
            "tile/0/x019/x446/x744/x073/x709/x551/616",
            "tile/0/../000",
            "tile/entries/000.p/1.p/1",
        ] {
            assert_eq!(Tile::parse(path), None, "{path}");
        }
    }

    #[test]
    fn a_tree_consists_of_the_tiles_that_the_text_counts() {
        // "a tree of size 70,000 will be represented by 273 full level 0 tiles, one partial level 0 tile of width 112, one full
        // level 1 tile, one partial level 1 tile of width 17, and one partial level 2 tile of width 1."
        let count =
            |size: u64, level: u8, width: u16| Tile::all(size).filter(|t| t.kind() == Kind::Level(level) && t.width() == width).count();
        assert_eq!((count(70_000, 0, 256), count(70_000, 0, 112)), (273, 1));
        assert_eq!((count(70_000, 1, 256), count(70_000, 1, 17), count(70_000, 2, 1)), (1, 1, 1));
        assert_eq!(Tile::all(70_000).filter(|t| t.kind() != Kind::Entries).count(), 277);
        // "a tree of size 256 will be represented by a full level 0 tile and a partial level 1 tile of width 1."
        assert_eq!(Tile::all(256).map(|t| t.to_string()).collect::<Vec<_>>(), ["tile/entries/000", "tile/0/000", "tile/1/000.p/1"]);
        // "Empty tiles MUST NOT be served."
        assert_eq!(Tile::all(0).count(), 0);
    }
}
