//! The synthetic population: seeded, the same bytes every time. Nobody in it is real.

mod demo;
pub(crate) mod draw;
pub mod fhir;
mod fixture;
mod medicine;
mod sheet;

use std::{io, path::Path};

/// People of a full population.
pub const PEOPLE: u32 = 100_000;

/// Which population.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variant {
    /// Two listings, plausible in age, sex, disease, drug and cost: for the demo.
    Demo,
    /// One listing with the cases that the attack corpus needs. Has at least 47 x 700 people, whatever is asked for.
    Fixture,
    /// Two listings as FHIR Bundles; `people` is the number of Bundles of each type.
    Fhir,
}

/// Files and their rows, in the order they were written.
pub type Written = Vec<(String, u64)>;

/// Writes a population below `out`: `ndb/` and `kaigo/`, or `fixture/`, or `fhir/`.
///
/// # Errors
/// When a file cannot be written.
pub fn generate(out: &Path, variant: Variant, people: u32, seed: u64) -> io::Result<Written> {
    match variant {
        Variant::Demo => demo::write(out, people, seed),
        Variant::Fhir => fhir::write(&out.join("fhir"), people, seed),
        Variant::Fixture => fixture::write(&out.join("fixture"), people, seed),
    }
}

#[cfg(test)]
mod tests;
