//! placeholder
mod enter;
mod launcher;
mod layers;
mod limits;
mod minder;
mod privileges;
mod reach;
mod rlimits;
mod root;
mod shortfall;
mod start;
mod syscalls;

pub use enter::{enter, harden};
pub use layers::{Layers, NoSuchLayer};
pub use limits::{LIMITS, Limits};
pub use shortfall::{Code, Shortfall};
pub use start::{End, Ended, Jailed, Killer};
