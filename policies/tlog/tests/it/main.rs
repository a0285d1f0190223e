//! What the specifications say, sentence by sentence; the published vectors; two other implementations; and whatever a seeded
//! generator thinks of.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test ends with a message when anything is not as expected"
)]

mod desks;
mod differential;
mod given;
mod growth;
mod injected;
mod injected_desk;
mod killed;
mod mutated;
mod notes;
mod policies;
mod proofs;
mod published;
mod tamper;
mod vectors;
mod witnesses;
