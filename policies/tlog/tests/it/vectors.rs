//! The 518 published proof vectors (transparency-dev/merkle): 98 inclusion, 98 consistency, 204 and 118 of subtrees; and every
//! subtree of small trees.

use std::{fs, path::PathBuf};

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::Value;
use visiting_tlog::{
    merkle::{Hash, Tree, empty_root, leaf_hash, sha256},
    verify::{is_subtree, verify_consistency, verify_inclusion, verify_subtree_consistency, verify_subtree_inclusion},
};

use crate::given::shared;

fn bytes(value: &Value) -> Option<Vec<u8>> {
    BASE64_STANDARD.decode(value.as_str()?).ok()
}

fn hash(value: &Value) -> Option<Hash> {
    bytes(value)?.try_into().ok()
}

/// Some vectors write "don't care" for a root: 12 bytes that our type cannot hold. Their hash stands in: equal stays equal.
fn root(value: &Value) -> Option<Hash> {
    let bytes = bytes(value)?;
    Some(bytes.as_slice().try_into().unwrap_or_else(|_| sha256(&bytes)))
}

/// `null` is an empty proof; a piece that is no hash makes the proof unreadable.
fn proof(v: &Value) -> Option<Vec<Hash>> {
    v["proof"].as_array().map_or(Some(Vec::new()), |pieces| pieces.iter().map(hash).collect())
}

fn all(kind: &str, count: usize, verify: fn(&Value) -> Option<bool>) {
    let Some(folder) = shared("merkle-proofs/testdata") else { return };
    let (mut vectors, mut folders): (Vec<PathBuf>, _) = (Vec::new(), vec![folder.join(kind)]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { vectors.push(path) }
        }
    }
    assert_eq!(vectors.len(), count);
    for path in vectors {
        let vector: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        let want = !vector["wantErr"].as_bool().unwrap();
        assert_eq!(verify(&vector).unwrap_or(false), want, "{}: {}", path.display(), vector["desc"]);
    }
}

#[test]
fn inclusion_is_shown_and_refused_as_published() {
    all("inclusion", 98, |v| {
        let (index, size) = (v["leafIdx"].as_u64()?, v["treeSize"].as_u64()?);
        Some(verify_inclusion(&hash(&v["leafHash"])?, index, size, &proof(v)?, &root(&v["root"])?))
    });
}

#[test]
fn consistency_is_shown_and_refused_as_published() {
    all("consistency", 98, |v| {
        let (old, new) = (v["size1"].as_u64()?, v["size2"].as_u64()?);
        Some(verify_consistency(old, &root(&v["root1"])?, new, &root(&v["root2"])?, &proof(v)?))
    });
}

#[test]
fn inclusion_in_a_subtree_is_shown_and_refused_as_published() {
    all("subtreeinclusion", 204, |v| {
        let range = (v["start"].as_u64()?, v["end"].as_u64()?);
        Some(verify_subtree_inclusion(&hash(&v["leafHash"])?, v["leafIdx"].as_u64()?, range, &proof(v)?, &root(&v["root"])?))
    });
}

#[test]
fn consistency_of_a_subtree_is_shown_and_refused_as_published() {
    all("subtreeconsistency", 118, |v| {
        let range = (v["start"].as_u64()?, v["end"].as_u64()?);
        Some(verify_subtree_consistency(range, &root(&v["root1"])?, v["size"].as_u64()?, &root(&v["root2"])?, &proof(v)?))
    });
}

/// Hash over some leaves, by the definition (RFC 6962, 2.1).
fn mth(leaves: &[Hash]) -> Hash {
    let mut tree = Tree::default();
    leaves.iter().for_each(|leaf| tree.push(*leaf));
    tree.root(leaves.len() as u64).unwrap()
}

/// SUBTREE_SUBPROOF of draft-ietf-plants-merkle-tree-certs, 4.4.1.
fn subproof(start: usize, end: usize, leaves: &[Hash], known: bool) -> Vec<Hash> {
    if (start, end) == (0, leaves.len()) {
        return if known { vec![] } else { vec![mth(leaves)] };
    }
    let split = leaves.len().next_power_of_two() / 2;
    let (left, right) = leaves.split_at(split);
    let (mut proof, other) = if end <= split {
        (subproof(start, end, left, known), right)
    } else if split <= start {
        (subproof(start - split, end - split, right, known), left)
    } else {
        (subproof(0, end - split, right, false), left)
    };
    proof.push(mth(other));
    proof
}

#[test]
fn every_subtree_of_small_trees_is_shown_and_nothing_else() {
    let leaves: Vec<Hash> = (0..40u8).map(|n| leaf_hash(&[n])).collect();
    for size in 1..=leaves.len() {
        let (tree, root) = (&leaves[..size], mth(&leaves[..size]));
        for (start, end) in (0..size).flat_map(|start| (start + 1..=size).map(move |end| (start, end))) {
            let range = (start as u64, end as u64);
            if !is_subtree(range) {
                continue;
            }
            let (hash, proof) = (mth(&leaves[start..end]), subproof(start, end, tree, true));
            let holds = |range, hash: &Hash, root: &Hash, proof: &[Hash]| verify_subtree_consistency(range, hash, size as u64, root, proof);
            assert!(holds(range, &hash, &root, &proof), "{range:?} of {size}");
            assert!(!holds(range, &[1; 32], &root, &proof) && !holds(range, &hash, &[1; 32], &proof));
            assert!(!holds(range, &hash, &root, &[proof.as_slice(), &[root]].concat()));
            assert!(proof.is_empty() || !holds(range, &hash, &root, &proof[1..]));
        }
    }
}

#[test]
fn from_an_empty_tree_nothing_is_shown() {
    assert!(!verify_consistency(0, &empty_root(), 1, &[1; 32], &[]));
    assert!(!verify_consistency(0, &empty_root(), 0, &empty_root(), &[]));
    // As the published vectors have it, an empty subtree is part of any tree that reaches so far.
    assert!(verify_subtree_consistency((4, 4), &empty_root(), 9, &[1; 32], &[]));
    assert!(!verify_subtree_consistency((10, 10), &empty_root(), 9, &[1; 32], &[]));
}
