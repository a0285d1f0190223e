//! The launcher: the worker's own program in another role, between the parent and the worker. Namespaces are entered by whoever is alone in
//! its process, and a process namespace by children only; both cannot be done safely between `fork` and `exec`. It has one thread, reads no
//! input, and stays until the worker's end: it kills when the parent lets go, and passes the end on.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{self, Child, Command, ExitStatus};

use nix::sched::{CloneFlags, unshare};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{DumpableBehavior, Pid, PidfdFlags, getegid, geteuid, getpid, pidfd_open, set_dumpable_behavior};
use rustix::thread::{set_thread_groups, set_thread_res_gid, set_thread_res_uid};
use rustix::{fs::Gid, fs::Uid};

use crate::Layers;
use crate::shortfall::{Code, Shortfall};

/// The first argument of a launcher.
pub(crate) const ROLE: &str = "visiting-jail-launcher";

/// Whom root becomes: the number that owns nothing.
const NOBODY: u32 = 65534;

/// Where this process is a launcher: launches, waits, and ends with the worker. Returns in every other process.
pub(crate) fn launch_if_asked() {
    let mut args = std::env::args_os().skip(1);
    if args.next().as_deref() != Some(OsStr::new(ROLE)) {
        return;
    }
    let layers = args.next().and_then(|text| text.to_str()?.parse().ok());
    // A launcher without readable orders builds the whole jail.
    match launch(layers.unwrap_or(Layers::ALL), args) {
        Ok(status) => process::exit(status),
        Err(shortfall) => shortfall.exit(),
    }
}

fn launch(layers: Layers, args: impl Iterator<Item = OsString>) -> Result<i32, Shortfall> {
    if layers.has(Layers::CLEAN) {
        close_inherited().map_err(Shortfall::of(Code::OpenFiles))?;
    }
    if layers.has(Layers::USER) && geteuid().is_root() {
        become_nobody().map_err(Shortfall::of(Code::User))?;
    }
    if layers.has(Layers::NAMESPACES) {
        leave_namespaces().map_err(Shortfall::of(Code::Namespaces))?;
    }
    if layers.has(Layers::PRIVILEGES) {
        close_own_memory().map_err(Shortfall::of(Code::Privileges))?;
    }
    // Asked before there is a worker: one that nobody can watch must not begin.
    own_pidfd().map_err(Shortfall::of(Code::Start))?;
    let worker = Command::new("/proc/self/exe").args(args).spawn().map_err(Shortfall::of(Code::Start))?;
    watch(worker).map(passed_on).map_err(Shortfall::of(Code::Start))
}

/// Closes everything but the three pipes: what another thread of the parent opened without `O_CLOEXEC`, or was given by its own parent.
fn close_inherited() -> io::Result<()> {
    let numbers: Vec<i32> = fs::read_dir("/proc/self/fd")?
        .map(|entry| Ok(entry?.file_name().to_str().and_then(|name| name.parse().ok()).unwrap_or_default()))
        .collect::<io::Result<_>>()?;
    for number in numbers.into_iter().filter(|number| *number > 2) {
        // The one that listed them is gone already.
        let _ = nix::unistd::close(number);
    }
    Ok(())
}

fn become_nobody() -> io::Result<()> {
    let (uid, gid) = (Uid::from_raw(NOBODY), Gid::from_raw(NOBODY));
    set_thread_groups(&[])?;
    set_thread_res_gid(gid, gid, gid)?;
    set_thread_res_uid(uid, uid, uid)?;
    // Whoever changes its user loses its own /proc, where the map of users is about to be written.
    Ok(set_dumpable_behavior(DumpableBehavior::Dumpable)?)
}

/// The worker is root in there until it gives that up: only so can it empty its file system.
fn leave_namespaces() -> io::Result<()> {
    let (uid, gid) = (geteuid().as_raw(), getegid().as_raw());
    unshare(
        CloneFlags::CLONE_NEWUSER
            | CloneFlags::CLONE_NEWNS
            | CloneFlags::CLONE_NEWPID
            | CloneFlags::CLONE_NEWNET
            | CloneFlags::CLONE_NEWIPC
            | CloneFlags::CLONE_NEWUTS
            | CloneFlags::CLONE_NEWCGROUP,
    )?;
    fs::write("/proc/self/setgroups", "deny")?;
    fs::write("/proc/self/uid_map", format!("0 {uid} 1"))?;
    fs::write("/proc/self/gid_map", format!("0 {gid} 1"))
}

/// The launcher runs as the same user as the worker: nobody of that user may look into it.
fn close_own_memory() -> io::Result<()> {
    Ok(set_dumpable_behavior(DumpableBehavior::NotDumpable)?)
}

fn own_pidfd() -> io::Result<OwnedFd> {
    Ok(pidfd_open(getpid(), PidfdFlags::empty())?)
}

/// Waits for the worker's end, and brings it about when nobody holds the other end of the standard error any more.
fn watch(mut worker: Child) -> io::Result<ExitStatus> {
    let watched = until_either_end(&worker);
    // Of a worker that has ended this is nobody: it was not waited for yet, so its number is not another's.
    worker.kill()?;
    watched.and_then(|()| worker.wait())
}

fn until_either_end(worker: &Child) -> io::Result<()> {
    let pid = i32::try_from(worker.id()).ok().and_then(Pid::from_raw).ok_or(io::ErrorKind::InvalidData)?;
    let worker = pidfd_open(pid, PidfdFlags::empty())?;
    let parent = io::stderr();
    loop {
        let mut fds = [PollFd::new(&worker, PollFlags::IN), PollFd::new(&parent, PollFlags::empty())];
        match poll(&mut fds, None) {
            Err(rustix::io::Errno::INTR) => {}
            done => return Ok(done.map(drop)?),
        }
    }
}

/// As a shell passes it on.
fn passed_on(status: ExitStatus) -> i32 {
    status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(128)
}
