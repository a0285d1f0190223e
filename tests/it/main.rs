//! The end-to-end tests: one binary, so that the engine is linked once and the prepared data folders are shared.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test ends with a message when anything is not as expected"
)]

mod access;
mod arithmetic;
mod attack;
mod audit_events;
mod base;
mod browser;
mod budgets;
mod canary;
mod check;
mod codes;
mod corpus;
mod differential;
mod duckdb;
mod ending;
mod fhir;
mod fixture;
mod follow;
mod guests;
mod holds;
mod hostile;
mod invariants;
mod journey;
mod kill;
mod made;
mod measures;
mod middle;
mod over;
mod portal;
mod preflight;
mod python_guests;
mod record;
mod review;
mod rewrites;
mod rotation;
mod rules;
mod samples;
mod stream;
mod stream_wrong;
mod tamper;
mod worked;
