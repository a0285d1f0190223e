//! The witness over real HTTP on a real port, most of it as the real program.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test ends with a message when anything is not as expected"
)]

mod given;
mod homes;
mod kills;
mod limits;
mod protocol;
mod quorum;
