//! RFC 6962 Merkle trees: hashes, roots, and which subtrees a proof is made of.

use ring::digest::{Context, SHA256, digest};

/// One node or leaf hash.
pub type Hash = [u8; 32];

fn bytes(digest: &ring::digest::Digest) -> Hash {
    let mut out = [0u8; 32];
    out.copy_from_slice(digest.as_ref());
    out
}

/// SHA-256 of `data`.
#[must_use]
pub fn sha256(data: &[u8]) -> Hash {
    bytes(&digest(&SHA256, data))
}

/// Hash of a leaf: SHA-256 over 0x00 and the record's bytes.
#[must_use]
pub fn leaf_hash(record: &[u8]) -> Hash {
    let mut context = Context::new(&SHA256);
    context.update(&[0]);
    context.update(record);
    bytes(&context.finish())
}

/// Hash of a node: SHA-256 over 0x01 and both children.
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut node = [1u8; 65];
    for (to, from) in node.iter_mut().skip(1).zip(left.iter().chain(right)) {
        *to = *from;
    }
    sha256(&node)
}

/// Root of the empty tree: RFC 6962 defines it as the hash of the empty string.
#[must_use]
pub fn empty_root() -> Hash {
    sha256(b"")
}

/// A tree that keeps the hash of every complete subtree, so that roots and proofs cost O(log n).
#[derive(Debug, Clone, Default)]
pub struct Tree {
    /// `levels[h][i]` is the hash of leaves `i*2^h .. (i+1)*2^h`.
    levels: Vec<Vec<Hash>>,
}

impl Tree {
    /// Number of leaves.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.levels.first().map_or(0, |leaves| leaves.len() as u64)
    }

    /// Appends one leaf hash.
    pub fn push(&mut self, leaf: Hash) {
        let mut hash = leaf;
        let mut height = 0;
        loop {
            if self.levels.len() == height {
                self.levels.push(Vec::new());
            }
            let Some(level) = self.levels.get_mut(height) else { return };
            level.push(hash);
            let [.., left, right] = level.as_slice() else { return };
            if level.len() % 2 == 1 {
                return;
            }
            hash = node_hash(left, right);
            height += 1;
        }
    }

    /// Root over the first `size` leaves; `None` when there are fewer.
    #[must_use]
    pub fn root(&self, size: u64) -> Option<Hash> {
        if size == 0 { Some(empty_root()) } else { self.subtree(0, size) }
    }

    /// Inclusion proof of leaf `index` in the tree of `size` leaves.
    #[must_use]
    pub fn inclusion(&self, index: u64, size: u64) -> Option<Vec<Hash>> {
        if size > self.size() {
            return None;
        }
        inclusion_parts(index, size)?.into_iter().map(|(low, high)| self.subtree(low, high)).collect()
    }

    /// Consistency proof between the trees of `old` and `new` leaves.
    #[must_use]
    pub fn consistency(&self, old: u64, new: u64) -> Option<Vec<Hash>> {
        if new > self.size() {
            return None;
        }
        consistency_parts(old, new)?.into_iter().map(|(low, high)| self.subtree(low, high)).collect()
    }

    fn subtree(&self, low: u64, high: u64) -> Option<Hash> {
        let complete = |first: u64, height: u32| {
            let at = usize::try_from(first >> height).ok();
            at.and_then(|at| self.levels.get(height as usize)?.get(at).copied()).ok_or(())
        };
        range_hash(low, high, complete).ok()
    }
}

/// The right edge of a tree: roots of its complete subtrees, largest first. Enough to append and to know the root, in the room of
/// a few hashes: for readers that follow a log and keep none of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    peaks: Vec<Hash>,
}

impl Frontier {
    /// The frontier of `size` leaves with these peaks; `None` when their number does not fit the size.
    #[must_use]
    pub fn restore(size: u64, peaks: Vec<Hash>) -> Option<Self> {
        (peaks.len() == size.count_ones() as usize).then_some(Self { size, peaks })
    }

    /// Number of leaves.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Roots of the complete subtrees, largest first.
    #[must_use]
    pub fn peaks(&self) -> &[Hash] {
        &self.peaks
    }

    /// Appends one leaf hash.
    pub fn push(&mut self, leaf: Hash) {
        // Binary counting: each trailing one of the size is a subtree as high as what is carried.
        let mut carried = leaf;
        for _ in 0..self.size.trailing_ones() {
            let Some(left) = self.peaks.pop() else { break };
            carried = node_hash(&left, &carried);
        }
        self.peaks.push(carried);
        self.size += 1;
    }

    /// Root over all leaves.
    #[must_use]
    pub fn root(&self) -> Hash {
        fold(&self.peaks).unwrap_or_else(empty_root)
    }
}

/// One hash out of those of neighbouring complete subtrees, largest first.
fn fold(peaks: &[Hash]) -> Option<Hash> {
    let mut peaks = peaks.iter().rev();
    let last = *peaks.next()?;
    Some(peaks.fold(last, |right, left| node_hash(left, &right)))
}

/// Largest power of two strictly below `n` (n >= 2).
fn largest_power_below(n: u64) -> u64 {
    1 << (63 - (n.max(2) - 1).leading_zeros())
}

/// Leaves `.0 .. .1`, whose hash is one piece of a proof.
pub(crate) type Part = (u64, u64);

/// What an inclusion proof of leaf `index` in a tree of `size` consists of, the leaf's sibling first.
pub(crate) fn inclusion_parts(index: u64, size: u64) -> Option<Vec<Part>> {
    if index >= size {
        return None;
    }
    let (mut low, mut high, mut parts) = (0, size, Vec::new());
    while high - low > 1 {
        let split = low + largest_power_below(high - low);
        if index < split {
            parts.push((split, high));
            high = split;
        } else {
            parts.push((low, split));
            low = split;
        }
    }
    parts.reverse();
    Some(parts)
}

/// What a consistency proof from `old` to `new` leaves consists of, the smallest subtree first.
pub(crate) fn consistency_parts(old: u64, new: u64) -> Option<Vec<Part>> {
    if old == 0 || old > new {
        return None;
    }
    let (mut low, mut high, mut whole, mut parts) = (0, new, true, Vec::new());
    while old != high {
        let split = low + largest_power_below(high - low);
        if old <= split {
            parts.push((split, high));
            high = split;
        } else {
            parts.push((low, split));
            low = split;
            whole = false;
        }
    }
    if !whole {
        parts.push((low, high));
    }
    parts.reverse();
    Some(parts)
}

/// Hash over the leaves of a part, out of the complete subtrees in it: `complete` knows the one that starts at a leaf and has a height.
pub(crate) fn range_hash<E>(low: u64, high: u64, mut complete: impl FnMut(u64, u32) -> Result<Hash, E>) -> Result<Hash, E> {
    let (mut at, mut peaks) = (low, Vec::new());
    while at < high {
        let height = (high - at).ilog2().min(at.trailing_zeros());
        peaks.push(complete(at, height)?);
        at += 1 << height;
    }
    Ok(fold(&peaks).unwrap_or_else(empty_root))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frontier_has_the_root_of_its_tree_at_every_size_also_after_a_rest() {
        let (mut tree, mut frontier) = (Tree::default(), Frontier::default());
        for size in 0..600u64 {
            assert_eq!(tree.root(size), Some(frontier.root()), "{size}");
            let leaf = leaf_hash(&size.to_be_bytes());
            tree.push(leaf);
            frontier.push(leaf);
            let rested = Frontier::restore(frontier.size(), frontier.peaks().to_vec()).unwrap();
            assert_eq!(rested, frontier);
        }
        assert_eq!(Frontier::restore(3, vec![[0; 32]]), None);
    }
}
