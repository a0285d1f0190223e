//! Offline verification: `visiting-audit` proves a copy of the record whole, unaltered and lawful; `visiting-receipt` proves a
//! released file to be what the exit gate let out. Both need public keys and files, no network and no trust in who sends them.
//! `visiting-check` says what a published table gives away of the cells that it hides.
//!
//! The law that is checked is `visiting-policies`, the same code that the gateway and the enclave run.

pub mod audit;
pub mod case_file;
pub mod check;
pub mod ended;
mod meaning;
mod progress;
pub mod receipt;
mod trust;

#[cfg(test)]
mod audit_test;
#[cfg(test)]
mod check_test;
#[cfg(test)]
mod codes_test;
#[cfg(test)]
mod guest_test;
#[cfg(test)]
mod interop_test;
#[cfg(test)]
mod live_test;
#[cfg(test)]
mod receipt_test;
#[cfg(test)]
mod sample;
#[cfg(test)]
mod sample_later;
#[cfg(test)]
mod tamper_test;
#[cfg(test)]
mod trust_test;
#[cfg(test)]
mod vectors_test;
#[cfg(test)]
mod waiting_test;
