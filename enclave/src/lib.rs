//! The enclave: the only place that can name a source table. Tickets in, checked outputs out; nothing listens here.
//!
//! The straight line is [`Enclave`]: follow the record, extract, run, let the gate judge, record, let the bytes out. Ingest fills the
//! vault from the side; it is a process of its own and shares only files with the rest.

mod bound;
mod certain;
mod codes;
pub mod config;
mod deep;
mod door;
mod engine;
mod exit;
mod extract;
pub mod fault;
pub mod follow;
pub mod guest;
pub mod ingest;
mod judge;
mod keys;
mod known;
mod ledger;
mod output;
mod people;
mod plan;
mod predicate;
mod question;
mod roles;
mod session;
pub mod stages;
mod table;
pub mod twin;
mod unit;
pub mod vault;
mod who;
mod work;

pub use config::Config;
pub use deep::deep;
pub use fault::Fault;
pub use follow::Follower;
pub use plan::PermitSchema;
pub use visiting_worker::Layers;
pub use work::Enclave;
