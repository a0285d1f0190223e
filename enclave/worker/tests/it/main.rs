//! Guests through their processes: that a result depends on the row or person alone, that nothing a guest does reaches anybody
//! else, and that a worker which turned hostile gets nothing through.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test ends with a message when anything is not as expected"
)]

mod corpus;
mod examples;
#[path = "../../../../tests/src/hostile.rs"]
#[allow(unreachable_pub, reason = "the tests of the whole use the same reader")]
mod format;
mod hostile;
mod people;
mod rows;
mod texts;

use std::{path::Path, sync::Arc};

use visiting_worker::{Artefact, Layers, Worker};

fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_visiting-worker"))
}

fn module(text: &str) -> Vec<u8> {
    visiting_intake::trim(&wat::parse_str(text).unwrap_or_else(|e| panic!("{text}\n{e}"))).unwrap()
}

fn artefact(manifest: &str, text: &str) -> Arc<Artefact> {
    Arc::new(Artefact::compile(program(), Layers::ALL, manifest, &module(text)).unwrap_or_else(|fault| panic!("{text}\n{fault}")))
}

fn worker(manifest: &str, text: &str) -> Worker {
    Worker::start(program(), Layers::ALL, artefact(manifest, text)).unwrap()
}

/// SplitMix64.
struct Draw(u64);

impl Draw {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }

    /// Another order of so many things.
    fn order(&mut self, n: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..n).collect();
        (1..n).rev().for_each(|i| order.swap(i, self.below(i as u64 + 1) as usize));
        order
    }
}
