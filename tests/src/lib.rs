//! room

pub mod population;
