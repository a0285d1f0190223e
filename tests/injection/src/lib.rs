//! Crash tests by system-call injection: a program is run under `strace` again and again, and each time one system call on its
//! folder fails (EIO, ENOSPC) or kills it. What is true of the folder afterwards is for the caller to judge.
//!
//! A [`Scene`] says what runs where. [`Scene::traced`] runs it untouched and returns its calls; [`Scene::inject`] hits every call of
//! the given names that touches the folder, one per run, and returns a [`Table`] of injections that really fired. What was asked
//! of the disk, and when, is replayed by [`Disk`].
//!
//! This is about processes and about calls. A disk that lies about a sync is not simulated.

mod disk;
mod run;
mod scene;
mod table;
mod trace;

pub use disk::Disk;
pub use run::{TOLD, possible, work};
pub use scene::{Ended, FAULTS, Fault, Scene, Shot};
pub use table::Table;
pub use trace::Call;
