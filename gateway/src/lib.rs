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
pub mod home;
pub mod journal;
mod log_folder;
mod own_name;
mod people;
pub mod portal;
pub mod problem;
mod remains;
mod routes;
pub mod serve;
pub mod setup;
mod stream;
mod tickets;
pub mod wire;
mod writer;

pub use routes::openapi;
