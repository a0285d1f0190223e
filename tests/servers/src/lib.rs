//! Real servers that tests start for themselves, each in a folder of its own and on a free port of this machine.

mod postgres;

pub use postgres::Postgres;
