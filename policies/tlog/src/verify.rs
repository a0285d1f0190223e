//! Whether a proof shows what it claims: RFC 9162, 2.1.3.2 and 2.1.4.2, and the same for subtrees
//! (draft-ietf-plants-merkle-tree-certs, 4.3 and 4.4).

use crate::merkle::{Hash, empty_root, node_hash};

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

/// True when `proof` shows that the tree (`new`, `new_root`) only appends to the tree (`old`, `old_root`). From nothing there is
/// nothing to show, so `old` is at least one.
#[must_use]
pub fn verify_consistency(old: u64, old_root: &Hash, new: u64, new_root: &Hash, proof: &[Hash]) -> bool {
    if old == 0 {
        return false;
    }
    if old == new {
        return proof.is_empty() && old_root == new_root;
    }
    verify_subtree_consistency((0, old), old_root, new, new_root, proof)
}

/// True when leaves `start .. end` are a subtree: it starts where a complete one of its height could.
#[must_use]
pub fn is_subtree((start, end): (u64, u64)) -> bool {
    if start >= end {
        return false;
    }
    match (end - start).checked_next_power_of_two() {
        Some(room) => start.is_multiple_of(room),
        None => start == 0,
    }
}

/// True when `proof` shows that `leaf` is number `index` of the log, within the subtree `range` with this `root`.
#[must_use]
pub fn verify_subtree_inclusion(leaf: &Hash, index: u64, range: (u64, u64), proof: &[Hash], root: &Hash) -> bool {
    let (start, end) = range;
    is_subtree(range) && index >= start && verify_inclusion(leaf, index - start, end - start, proof, root)
}

/// True when `proof` shows that the subtree `range` with `hash` is part of the tree of `size` leaves with `root`.
#[must_use]
pub fn verify_subtree_consistency(range: (u64, u64), hash: &Hash, size: u64, root: &Hash, proof: &[Hash]) -> bool {
    let (start, end) = range;
    if end > size {
        return false;
    }
    // The empty subtree is part of every tree, whatever its root.
    if start == end {
        return proof.is_empty() && *hash == empty_root();
    }
    if !is_subtree(range) {
        return false;
    }
    // Positions of the subtree's first and last node and of the tree's last, all at one height.
    let (mut first, mut last, mut tree) = (start, end - 1, size - 1);
    while first != last && (last == tree || last & 1 == 1) {
        (first, last, tree) = (first >> 1, last >> 1, tree >> 1);
    }
    let mut nodes = proof.iter();
    let lowest = if first == last { Some(hash) } else { nodes.next() };
    let Some(lowest) = lowest else { return false };
    let (mut from_subtree, mut from_tree) = (*lowest, *lowest);
    for node in nodes {
        if tree == 0 {
            return false;
        }
        if last & 1 == 1 || last == tree {
            if first < last {
                from_subtree = node_hash(node, &from_subtree);
            }
            from_tree = node_hash(node, &from_tree);
            while last & 1 == 0 && last != 0 {
                (first, last, tree) = (first >> 1, last >> 1, tree >> 1);
            }
        } else {
            from_tree = node_hash(&from_tree, node);
        }
        (first, last, tree) = (first >> 1, last >> 1, tree >> 1);
    }
    tree == 0 && from_subtree == *hash && from_tree == *root
}
