//! A witness (C2SP tlog-witness v1.0.0): it cosigns checkpoints of logs that it knows, each only when it continues the one before, so
//! that whoever runs a log cannot show different people different histories.
//!
//! It is meant to run on somebody else's machine than the log's. What it decides is `visiting-tlog`'s, the same code that the tests
//! hold against the specification; here are its key, its folder, its listener and its commands.
//!
//! No TLS: what it is asked is signed by the log, and what it answers by itself. Beyond one machine it stands behind a proxy.

pub mod command;
pub mod home;
mod private;
pub mod routes;
pub mod serve;
