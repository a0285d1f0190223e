//! The law: nouns, the lifecycle as a fold over the record, disclosure rules, and the values that cross the enclave's wall.
//!
//! Pure: no I/O, no clock, no async, no arrow. The gateway, the enclave and the offline verifier run the same functions on the
//! same bytes, which is what lets the enclave check the gateway instead of believing it.

pub mod audit;
pub mod budget;
pub mod case;
pub mod case_file;
pub mod check;
pub mod disclosure;
pub mod exposure;
pub mod handover;
pub mod hold;
pub mod incident;
pub mod merkle;
pub mod note;
pub mod pattern;
pub mod permit;
pub mod receipt;
pub mod record;
pub mod refusal;
pub mod roster;
pub mod rotation;
pub mod rules;
pub mod sample;
pub mod seal;
pub mod sign;
pub mod terms;
pub mod vote;

pub use refusal::{Code, Refusal, TextPlace};
