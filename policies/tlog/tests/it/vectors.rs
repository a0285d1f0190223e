//! The 518 published proof vectors (transparency-dev/merkle): 98 inclusion, 98 consistency, 204 and 118 of subtrees.

use std::{fs, path::PathBuf};

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::Value;
use visiting_tlog::{
    merkle::{Hash, sha256},
    verify::{verify_consistency, verify_inclusion, verify_subtree_consistency, verify_subtree_inclusion},
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
