//! Tests as a room: the harness that starts a whole Visiting, the journey, and the synthetic population.

pub mod attack;
pub mod bench;
pub mod browser;
pub mod corpus;
pub mod forms;
pub mod fuzz;
pub mod guest;
pub mod hostile;
pub mod journey;
pub mod population;
pub mod raw;
pub mod reader;
pub mod rewrite;
pub mod skip;
pub mod world;
