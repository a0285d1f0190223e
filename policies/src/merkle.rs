//! RFC 6962 Merkle tree: roots, inclusion and consistency proofs, and their verification (algorithms of RFC 9162, 2.1.3-2.1.4).

use crate::sign::sha256;

/// One node or leaf hash.
pub type Hash = [u8; 32];

/// Hash of a leaf: SHA-256 over 0x00 and the record's bytes.
#[must_use]
pub fn leaf_hash(record: &[u8]) -> Hash {
    let mut bytes = Vec::with_capacity(record.len() + 1);
    bytes.push(0);
    bytes.extend_from_slice(record);
    sha256(&bytes)
}

fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut bytes = [1u8; 65];
    for (to, from) in bytes.iter_mut().skip(1).zip(left.iter().chain(right)) {
        *to = *from;
    }
    sha256(&bytes)
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
        if size == 0 { Some(sha256(b"")) } else { self.subtree(0, size) }
    }

    /// Inclusion proof of leaf `index` in the tree of `size` leaves.
    #[must_use]
    pub fn inclusion(&self, index: u64, size: u64) -> Option<Vec<Hash>> {
        if index >= size || size > self.size() {
            return None;
        }
        let (mut low, mut high, mut path) = (0, size, Vec::new());
        while high - low > 1 {
            let split = low + largest_power_below(high - low);
            if index < split {
                path.push(self.subtree(split, high)?);
                high = split;
            } else {
                path.push(self.subtree(low, split)?);
                low = split;
            }
        }
        path.reverse();
        Some(path)
    }

    /// Consistency proof between the trees of `old` and `new` leaves.
    #[must_use]
    pub fn consistency(&self, old: u64, new: u64) -> Option<Vec<Hash>> {
        if old == 0 || old > new || new > self.size() {
            return None;
        }
        let (mut low, mut high, mut whole, mut path) = (0, new, true, Vec::new());
        while old != high {
            let split = low + largest_power_below(high - low);
            if old <= split {
                path.push(self.subtree(split, high)?);
                high = split;
            } else {
                path.push(self.subtree(low, split)?);
                low = split;
                whole = false;
            }
        }
        if !whole {
            path.push(self.subtree(low, high)?);
        }
        path.reverse();
        Some(path)
    }

    fn subtree(&self, low: u64, high: u64) -> Option<Hash> {
        let size = high.checked_sub(low)?;
        if size.is_power_of_two() && low.is_multiple_of(size) {
            let level = self.levels.get(size.trailing_zeros() as usize)?;
            return level.get(usize::try_from(low / size).ok()?).copied();
        }
        let split = low + largest_power_below(size);
        Some(node_hash(&self.subtree(low, split)?, &self.subtree(split, high)?))
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
        let mut peaks = self.peaks.iter().rev();
        let Some(last) = peaks.next() else { return sha256(b"") };
        peaks.fold(*last, |right, left| node_hash(left, &right))
    }
}

/// Largest power of two strictly below `n` (n >= 2).
fn largest_power_below(n: u64) -> u64 {
    1 << (63 - (n.max(2) - 1).leading_zeros())
}

/// True when `proof` shows that `leaf` is number `index` of the tree with this `size` and `root`.
#[must_use]
pub fn verify_inclusion(leaf: &Hash, index: u64, size: u64, proof: &[Hash], root: &Hash) -> bool {
    if index >= size {
        return false;
    }
    let (mut position, mut last, mut hash) = (index, size - 1, *leaf);
    for sibling in proof {
        if last == 0 {
            return false;
        }
        if position & 1 == 1 || position == last {
            hash = node_hash(sibling, &hash);
            while position & 1 == 0 && position != 0 {
                position >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        position >>= 1;
        last >>= 1;
    }
    last == 0 && hash == *root
}

/// True when `proof` shows that the tree (`new`, `new_root`) only appends to the tree (`old`, `old_root`).
#[must_use]
pub fn verify_consistency(old: u64, old_root: &Hash, new: u64, new_root: &Hash, proof: &[Hash]) -> bool {
    if old == 0 || old > new {
        return false;
    }
    if old == new {
        return proof.is_empty() && old_root == new_root;
    }
    let mut nodes = proof.iter();
    let (mut position, mut last) = (old - 1, new - 1);
    while position & 1 == 1 {
        position >>= 1;
        last >>= 1;
    }
    let first = if position == 0 { Some(old_root) } else { nodes.next() };
    let Some(first) = first else { return false };
    let (mut from_old, mut from_new) = (*first, *first);
    for node in nodes {
        if last == 0 {
            return false;
        }
        if position & 1 == 1 || position == last {
            from_old = node_hash(node, &from_old);
            from_new = node_hash(node, &from_new);
            while position & 1 == 0 && position != 0 {
                position >>= 1;
                last >>= 1;
            }
        } else {
            from_new = node_hash(&from_new, node);
        }
        position >>= 1;
        last >>= 1;
    }
    last == 0 && from_old == *old_root && from_new == *new_root
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
