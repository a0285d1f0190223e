//! RFC 6962 Merkle tree: roots, inclusion and consistency proofs, and their verification. The tree is that of every C2SP log.

pub use visiting_tlog::{
    merkle::{Frontier, Hash, Tree, leaf_hash},
    verify::{verify_consistency, verify_inclusion},
};
