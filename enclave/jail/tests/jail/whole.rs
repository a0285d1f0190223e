//! The whole jail; the whole without its strictest layer; and none, where every attempt must succeed or the tests would prove nothing.

use visiting_evil::ATTEMPTS;
use visiting_jail::{End, Layers};

use crate::stage::{Came, NOT_LISTED, SMALL, attempt, heard, is_root, start};

/// What is no system call that is missing, or no attack.
const OTHERS: &[&str] = &["inherited-file", "environment", "allocate", "spin", "flood", "flood-stderr", "works"];

#[test]
fn a_worker_in_order_works_in_the_jail() {
    let (said, ended) = heard(start("works", Layers::ALL, &SMALL, "", 0), &vec![b'x'; 500_000]);
    assert_eq!((said.as_str(), ended.how, ended.stderr.as_str()), ("{500000: 64}\ndone\n", End::Exited(0), ""));
}

#[test]
fn in_the_jail_every_attempt_at_the_outside_is_the_end() {
    for (name, _) in ATTEMPTS.iter().filter(|(name, _)| !OTHERS.contains(name)) {
        assert_eq!(attempt(name, Layers::ALL), NOT_LISTED, "{name}");
    }
}

#[test]
fn in_the_jail_nothing_of_the_parents_is_there_and_nothing_is_used_up() {
    assert_eq!(attempt("inherited-file", Layers::ALL), Came::Refused(libc::EBADF));
    assert_eq!(attempt("environment", Layers::ALL), Came::Refused(libc::ENOENT));
    assert_eq!(attempt("allocate", Layers::ALL), Came::Refused(libc::ENOMEM));
    assert_eq!(attempt("spin", Layers::ALL), Came::Ended(End::Signal(9)));
}

/// A fault in the list of system calls opens none of these. What is missing
/// here (`unshare`, `userfaultfd`, `keyctl`, `perf`, `socketpair`, `mmap-shared`, `futex-pi`) the list alone stops.
#[test]
fn without_the_list_of_calls_the_other_layers_still_hold() {
    let refusals: [(i32, &[&str]); 8] = [
        (libc::ENOENT, &["read-file", "write-file", "list-directory", "unix-connect", "exec", "setns", "memfd-exec", "own-memory"]),
        (libc::EACCES, &["tcp-connect", "tcp-listen"]),
        (libc::ENETUNREACH, &["udp-send"]),
        (libc::ECONNREFUSED, &["unix-abstract"]),
        (libc::ESRCH, &["kill-parent", "kill-all", "ptrace", "process-vm-readv"]),
        (libc::EAGAIN, &["fork", "fork-bomb", "thread"]),
        (libc::EPERM, &["mount", "chroot", "bpf"]),
        (libc::EMFILE, &["open-many"]),
    ];
    for (why, names) in refusals {
        for name in names {
            assert_eq!(attempt(name, Layers::ALL - Layers::SECCOMP), Came::Refused(why), "{name}");
        }
    }
}

#[test]
fn without_the_jail_every_attempt_succeeds() {
    let roots = ["setns", "chroot", "bpf"];
    let root = is_root("setns, chroot and bpf of without_the_jail_every_attempt_succeeds");
    for (name, _) in ATTEMPTS.iter().filter(|(name, _)| !["spin", "flood", "flood-stderr", "works"].contains(name)) {
        if root || !roots.contains(name) {
            assert_eq!(attempt(name, Layers::UNSAFE_NO_JAIL), Came::Done, "{name}");
        }
    }
}
