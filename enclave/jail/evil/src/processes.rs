//! Other processes, more processes, and more rights.

use std::ptr;
use std::thread;

use crate::{Outcome, Target, address, answered, call};

/// Children of the bomb; enough to tell it from one.
const BOMB: usize = 64;

/// `PTRACE_SEIZE`: does not stop whom it takes.
const PTRACE_SEIZE: i64 = 0x4206;

/// The launcher where it can be seen, otherwise whom the test named.
fn parent(target: &Target) -> i64 {
    // SAFETY: asks for a number.
    let parent = unsafe { libc::getppid() };
    i64::from(if parent == 0 { target.number } else { parent })
}

/// Signal 0 asks whether a signal could be sent, by the same checks.
pub(crate) fn kill_parent(target: &Target) -> Outcome {
    call(libc::SYS_kill, [i64::from(target.number), 0, 0, 0, 0, 0]).map(drop)
}

pub(crate) fn kill_all(_: &Target) -> Outcome {
    call(libc::SYS_kill, [-1, 0, 0, 0, 0, 0]).map(drop)
}

pub(crate) fn ptrace(target: &Target) -> Outcome {
    call(libc::SYS_ptrace, [PTRACE_SEIZE, parent(target), 0, 0, 0, 0]).map(drop)
}

pub(crate) fn process_vm_readv(target: &Target) -> Outcome {
    let mut byte = 0_u8;
    let here = libc::iovec { iov_base: ptr::from_mut(&mut byte).cast(), iov_len: 1 };
    let there = libc::iovec { iov_base: 4096 as *mut libc::c_void, iov_len: 1 };
    match call(libc::SYS_process_vm_readv, [parent(target), address(&here), 1, address(&there), 1, 0]) {
        // It was let in; there is nothing at that address.
        Err(libc::EFAULT) => Ok(()),
        other => other.map(drop),
    }
}

fn child(then: fn()) -> Result<i32, i32> {
    // SAFETY: this program has one thread, and the child only waits or ends.
    match unsafe { libc::fork() } {
        0 => {
            then();
            // SAFETY: ends the child.
            unsafe { libc::_exit(0) }
        }
        pid => answered(i64::from(pid)).map(|_| pid),
    }
}

pub(crate) fn fork(_: &Target) -> Outcome {
    child(|| ()).map(drop)
}

fn wait_for_ever() {
    // SAFETY: waits.
    unsafe { libc::pause() };
}

pub(crate) fn fork_bomb(_: &Target) -> Outcome {
    let mut children = vec![];
    let outcome = (0..BOMB).try_for_each(|_| {
        children.push(child(wait_for_ever)?);
        Ok(())
    });
    for pid in children {
        // SAFETY: a child of this process that was not waited for.
        unsafe { libc::kill(pid, libc::SIGKILL) };
    }
    outcome
}

pub(crate) fn thread(_: &Target) -> Outcome {
    thread::Builder::new().stack_size(64 * 1024).spawn(|| ()).map(drop).map_err(crate::number)
}

/// The other program says that it was done.
pub(crate) fn exec(_: &Target) -> Outcome {
    let arguments = [c"echo".as_ptr(), c"done".as_ptr(), ptr::null()];
    // SAFETY: null-terminated lists of strings that live through the call.
    answered(i64::from(unsafe { libc::execv(c"/bin/echo".as_ptr(), arguments.as_ptr()) })).map(drop)
}

pub(crate) fn unshare(_: &Target) -> Outcome {
    // SAFETY: one thread.
    answered(i64::from(unsafe { libc::unshare(libc::CLONE_NEWUSER | libc::CLONE_NEWNS) })).map(drop)
}

pub(crate) fn setns(_: &Target) -> Outcome {
    // SAFETY: a string that lives through the call.
    let file = answered(i64::from(unsafe { libc::open(c"/proc/self/ns/net".as_ptr(), libc::O_RDONLY) }))?;
    call(libc::SYS_setns, [file, i64::from(libc::CLONE_NEWNET), 0, 0, 0, 0]).map(drop)
}

/// In name spaces of its own, so that even where it can be done nobody else sees it.
pub(crate) fn mount(target: &Target) -> Outcome {
    unshare(target)?;
    let (kind, at) = (c"tmpfs".as_ptr(), c"/".as_ptr());
    // SAFETY: strings that live through the call.
    answered(i64::from(unsafe { libc::mount(kind, at, kind, 0, ptr::null()) })).map(drop)
}

pub(crate) fn chroot(_: &Target) -> Outcome {
    // SAFETY: a string that lives through the call.
    answered(i64::from(unsafe { libc::chroot(c"/".as_ptr()) })).map(drop)
}
