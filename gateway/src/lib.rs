//! The front desk: the one process that people reach. It takes applications, votes and runs, writes the record, hands tickets to
//! the enclave and releases what comes back. It never links a query engine and never opens a table.
//!
//! Read [`desk`] first: every change of state goes through it, and nothing else can write.

mod app;
mod auditor;
mod audits;
mod auth;
pub mod client;
pub mod config;
mod crypto;
pub mod desk;
mod documents;
mod drafts;
pub mod files;
mod health;
pub mod home;
#[cfg(test)]
mod injected;
pub mod journal;
mod own_name;
mod people;
pub mod portal;
pub mod problem;
pub mod publish;
mod remains;
pub mod rotation;
mod routes;
pub mod serve;
pub mod setup;
#[cfg(test)]
mod simulated;
pub mod snapshot;
mod stream;
mod tickets;
mod trial;
mod view;
pub mod wire;
mod writer;

pub use routes::openapi;
