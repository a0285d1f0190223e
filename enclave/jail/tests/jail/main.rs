//! The jail, tried by a worker whose guest has escaped and runs native code: with every layer, with each alone, and with none.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends with a message when anything is not as expected")]

mod alone;
mod ends;
mod shortfalls;
mod stage;
mod whole;
