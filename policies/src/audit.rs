//! What a reader computes of the cells that a published table hides: the sums that the table states, and a linear program over them.
//!
//! The reader knows the table, how its numbers are rounded and what its mark stands for, and nothing else. A hidden cell is protected
//! when the interval that is left for it is as wide as the policy asks (width = upper - lower).

mod bounds;
mod published;
mod structure;
mod system;
pub mod worlds;

pub use published::{Published, Reading, Rounding, Shown};
pub use structure::{Checked, Hidden, SumOf, check};
pub use system::Range;

#[cfg(test)]
mod tests;
