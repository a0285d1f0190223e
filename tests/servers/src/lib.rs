//! Real servers that tests start for themselves, each in a folder of its own and on a free port of this machine; and one that answers
//! what a test wants.

mod http;
mod postgres;

pub use http::{Asked, answering};
pub use postgres::Postgres;
