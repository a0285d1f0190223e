//! Guests in processes of their own: one compiles, others run. The enclave keeps the plain side, [`Pool`], and no guest's code is ever
//! in its memory.
//!
//! That a guest remembers nothing is made, not found: the module that runs is rewritten (`rewrite`), so that the loop over the rows
//! is the host's, every row or person has its own fuel, and what could be written is put back before each call. Whatever goes wrong
//! in a row is that row's NULL. So a result is the same alone, in any batch and in any order.

mod bench;
mod compile;
mod engine;
mod limits;
mod parent;
mod rewrite;
mod run;
mod wire;

pub use bench::bench;
pub use compile::serve as compile;
pub use limits::{LIMITS, Limits, jail};
pub use parent::{Artefact, Codes, Column, Fault, People, Pool, Validity, Worker};
pub use run::{Fault as ChildFault, serve as run};
pub use visiting_jail::Layers;
