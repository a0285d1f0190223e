//! The public RFC 6962 proof vectors (transparency-dev/merkle) against the law's own verification.

use std::{
    fs::{self, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
};

use serde_json::Value;
use visiting_policies::{
    merkle::{Hash, verify_consistency, verify_inclusion},
    sign::{from_base64, sha256},
};

/// Published inputs beside the source tree, or `None` where they are not there: then the skip is said aloud.
pub(crate) fn shared(below: &str, test: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors").join(below);
    if folder.is_dir() {
        return Some(folder);
    }
    skip(test, &format!("shared: {below} is not beside the source tree"));
    None
}

/// All vectors below `kind`, or `None` where they are not there.
fn vectors(kind: &str, test: &str) -> Option<Vec<(PathBuf, Value)>> {
    let folder = shared(&format!("merkle-proofs/testdata/{kind}"), test)?;
    let (mut found, mut folders) = (Vec::new(), vec![folder]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
                found.push((path, value));
            }
        }
    }
    Some(found)
}

/// A test whose input is missing says so where `visiting verify` reads it.
fn skip(test: &str, reason: &str) {
    eprintln!("SKIPPED {test}: {reason}");
    if let Some(file) = std::env::var_os("VISITING_SKIPS_FILE") {
        let mut file = OpenOptions::new().create(true).append(true).open(file).unwrap();
        file.write_all(format!("{test}\t{reason}\n").as_bytes()).unwrap();
    }
}

fn hash(value: &Value) -> Option<Hash> {
    from_base64(value.as_str()?).and_then(|bytes| bytes.try_into().ok())
}

/// Some vectors write "don't care" for a root: 12 bytes that our type cannot hold. Their hash stands in: equal stays equal.
fn root(value: &Value) -> Option<Hash> {
    let bytes = from_base64(value.as_str()?)?;
    Some(bytes.as_slice().try_into().unwrap_or_else(|_| sha256(&bytes)))
}

/// `null` is an empty proof; a piece that is no hash makes the proof unreadable.
fn proof(value: &Value) -> Option<Vec<Hash>> {
    value.as_array().map_or(Some(Vec::new()), |pieces| pieces.iter().map(hash).collect())
}

fn inclusion(v: &Value) -> Option<bool> {
    let (index, size) = (v["leafIdx"].as_u64()?, v["treeSize"].as_u64()?);
    Some(verify_inclusion(&hash(&v["leafHash"])?, index, size, &proof(&v["proof"])?, &root(&v["root"])?))
}

fn consistency(v: &Value) -> Option<bool> {
    let (old, new) = (v["size1"].as_u64()?, v["size2"].as_u64()?);
    Some(verify_consistency(old, &root(&v["root1"])?, new, &root(&v["root2"])?, &proof(&v["proof"])?))
}

fn all(kind: &str, test: &str, verify: fn(&Value) -> Option<bool>) {
    let Some(vectors) = vectors(kind, test) else { return };
    let accepted = vectors.iter().filter(|(_, v)| v["wantErr"] == Value::Bool(false)).count();
    assert!(accepted > 0 && accepted < vectors.len(), "the vectors must hold both kinds");
    for (path, vector) in &vectors {
        let want = !vector["wantErr"].as_bool().unwrap();
        assert_eq!(verify(vector).unwrap_or(false), want, "{}: {}", path.display(), vector["desc"]);
    }
}

#[test]
fn inclusion_proofs_are_accepted_and_refused_as_published() {
    all("inclusion", "vectors_test::inclusion_proofs_are_accepted_and_refused_as_published", inclusion);
}

#[test]
fn consistency_proofs_are_accepted_and_refused_as_published() {
    all("consistency", "vectors_test::consistency_proofs_are_accepted_and_refused_as_published", consistency);
}
