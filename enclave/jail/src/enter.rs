//! The worker's side, in two steps: into the jail before a byte is read, and no new code after the module is loaded.

use std::sync::OnceLock;

use rustix::process::{Signal, getpid, set_parent_process_death_signal};

use crate::shortfall::{Code, Shortfall};
use crate::{Layers, Limits};
use crate::{launcher, privileges, reach, rlimits, root, syscalls};

/// What this process has entered. A jail is of the whole process, hence this one global.
static ENTERED: OnceLock<Layers> = OnceLock::new();

/// Enters the jail: the first act of a worker's `main`, while it has one thread and has opened and read nothing.
/// In the launcher's role it does not return.
///
/// The order is that of need: each step takes away what the steps before it used.
///
/// # Errors
/// Whatever the kernel does not give. The worker then ends by [`Shortfall::exit`]: what stands of the jail is not one.
pub fn enter(limits: &Limits, layers: Layers) -> Result<(), Shortfall> {
    launcher::launch_if_asked();
    // Where the launcher is killed from outside. Before this line the worker has read nothing, and finds its pipes closed.
    set_parent_process_death_signal(Some(Signal::KILL)).map_err(Shortfall::of(Code::Orphan))?;
    if layers.has(Layers::NAMESPACES) {
        if !getpid().is_init() {
            return Err(Shortfall::new(Code::NotStartedInJail, "not the first process of its namespace"));
        }
        root::empty().map_err(Shortfall::of(Code::EmptyRoot))?;
    }
    if layers.has(Layers::RLIMITS) {
        rlimits::set(limits).map_err(Shortfall::of(Code::Limits))?;
    }
    if layers.has(Layers::PRIVILEGES) {
        privileges::give_up().map_err(Shortfall::of(Code::Privileges))?;
    }
    if layers.has(Layers::LANDLOCK) {
        reach::nothing().map_err(Shortfall::of(Code::Landlock))?;
    }
    if layers.has(Layers::SECCOMP) {
        syscalls::listed_only().map_err(Shortfall::of(Code::Seccomp))?;
    }
    ENTERED.get_or_init(|| layers);
    Ok(())
}

/// From here on no memory becomes executable. Called once the compiled module is loaded; where nothing compiled is run, right after [`enter`].
/// Without [`Layers::NO_NEW_CODE`] it does nothing.
///
/// # Errors
/// When the kernel does not take the filter, or the jail was not entered.
pub fn harden() -> Result<(), Shortfall> {
    match ENTERED.get() {
        None => Err(Shortfall::new(Code::NotEntered, "harden before enter")),
        Some(layers) if layers.has(Layers::NO_NEW_CODE) => syscalls::no_new_code().map_err(Shortfall::of(Code::Seccomp)),
        Some(_) => Ok(()),
    }
}
