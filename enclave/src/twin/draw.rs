//! Seeded draws: the same seed and names give the same twin, on every machine.

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};
use visiting_policies::sign;

/// A stream of draws.
#[derive(Debug)]
pub(super) struct Draw(ChaCha8Rng);

impl Draw {
    /// The stream of a person for one purpose.
    pub(super) fn new(seed: u64, person: u32) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(u64::from(person));
        Self(rng)
    }

    /// Uniform in `[0, 1)`.
    pub(super) fn unit(&mut self) -> f64 {
        f64::from(self.0.next_u32()) / (f64::from(u32::MAX) + 1.0)
    }

    /// Uniform in `0..n`; 0 for an `n` of 0.
    pub(super) fn below(&mut self, n: u64) -> u64 {
        let wide = u128::from(self.0.next_u64()) * u128::from(n);
        u64::try_from(wide >> 64).unwrap_or(0)
    }

    /// True with probability `p`.
    pub(super) fn chance(&mut self, p: f64) -> bool {
        self.unit() < p
    }

    /// Exponential with this mean: many small, few large.
    pub(super) fn exponential(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.unit()).ln()
    }

    /// Log-normal around `median`.
    pub(super) fn skewed(&mut self, median: f64, sigma: f64) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        median * (sigma * radius * (std::f64::consts::TAU * self.unit()).cos()).exp()
    }
}

/// The seed of a purpose under a twin's seed.
pub(super) fn purpose(seed: u64, name: &str) -> u64 {
    sign::sha256(format!("{seed}\n{name}").as_bytes()).iter().take(8).fold(0, |n, byte| (n << 8) | u64::from(*byte))
}

/// Ranks with weights that fall as a power of the rank (Zipf).
#[derive(Debug)]
pub(super) struct Ranks(Vec<f64>);

impl Ranks {
    /// `n` ranks with weights `1 / rank^exponent`.
    pub(super) fn new(n: usize, exponent: f64) -> Self {
        let mut sum = 0.0;
        let add = |rank: usize| {
            sum += (rank as f64).powf(-exponent);
            sum
        };
        Self((1..=n).map(add).collect())
    }

    /// One of the ranks, from 0.
    pub(super) fn draw(&self, draw: &mut Draw) -> usize {
        let at = draw.unit() * self.0.last().copied().unwrap_or_default();
        self.0.partition_point(|sum| *sum <= at).min(self.0.len().saturating_sub(1))
    }
}

/// `0..n` in an order of the seed's own: which code is frequent must not follow from its place in a list.
pub(super) fn shuffled(n: usize, seed: u64) -> Vec<usize> {
    let mut draw = Draw::new(seed, 0);
    let mut keyed: Vec<(u64, usize)> = (0..n).map(|i| (draw.below(u64::MAX), i)).collect();
    keyed.sort_unstable();
    keyed.into_iter().map(|(_, i)| i).collect()
}
