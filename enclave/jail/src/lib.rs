//! The jail around researchers' code.
//!
//! A stranger's WASM is compiled in one process and run in another. This crate assumes that it broke out of the engine and runs native code
//! there. What it then has left: three pipes, a bounded amount of memory and CPU, and its own end.
//!
//! ```text
//! parent (enclave)                launcher                        worker
//! Jailed::start  -- pipes -->  enter(): in this role it  ------>  enter(): empties its file system, bounds and gives up
//!   keeps time, kills          leaves namespaces, waits             what is left, says so to the kernel, then reads
//!   <-- end ---------------    kills when nobody listens          harden(): the module is loaded, no new code from here on
//! ```
//!
//! Launcher and worker are one program, started twice: [`enter`] is its first act, and knows by the arguments which one it is.
//!
//! | layer | what it stops | named test (`tests/jail/alone.rs`) |
//! |---|---|---|
//! | [`Layers::CLEAN`] | the parent's environment and open files | `clean_alone_brings_nothing_of_the_parents_along` |
//! | [`Layers::USER`] | files, signals and powers of root | `user_alone_makes_root_nobody` |
//! | [`Layers::NAMESPACES`] | every path, the network, other processes | `namespaces_alone_hide_every_file`, `…_have_no_network`, `…_hide_other_processes` |
//! | [`Layers::RLIMITS`] | memory, CPU, files, and (of an unprivileged user) processes without end | `rlimits_alone_bound_memory_and_files`, `…_end_who_only_burns_cpu`, `rlimits_of_an_unprivileged_user_allow_no_second_process` |
//! | [`Layers::PRIVILEGES`] | what root may in its own namespace; looks into processes of its user | `privileges_alone_make_root_powerless_and_its_user_blind` |
//! | [`Layers::LANDLOCK`] | paths, TCP, mounts, signals, abstract sockets, a second time and by other code of the kernel | `landlock_alone_reaches_no_file_and_no_tcp_port`, `…_reaches_nobody_else` |
//! | [`Layers::SECCOMP`] | every system call that a worker in order does not make | `seccomp_alone_ends_whoever_leaves_the_list`, `…_takes_no_memory_that_is_written_and_run` |
//! | [`Layers::NO_NEW_CODE`] | memory that becomes code after the module was loaded | `no_new_code_alone_makes_nothing_executable` |
//!
//! `whole.rs` tries all of them together, all but the strictest, and none: without a jail every attempt succeeds. `shortfalls.rs` takes
//! system calls away from the kernel: a jail that is not whole is not entered, and [`Shortfall`] says in two languages what an operator does.
//!
//! What a worker must do itself: one thread, no files, engine set to small reservations (`memory_reservation`), no `memory_init_cow`.
//! Where nothing compiled is run (the compiling process), [`harden`] follows [`enter`] at once.
//!
//! **Not covered.** Memory is bounded per worker, not over all of them: whoever starts workers bounds their number. Time can be measured inside
//! (the processor's counter needs no system call), so no secret belongs into a worker but the rows that it is given.
//! A fault in the kernel behind one of the listed calls ends every process jail.

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
