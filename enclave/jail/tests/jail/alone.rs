//! Each layer alone stops what it is for. Who takes one out of the code sees its test fail, though the others still stand.

use visiting_jail::{End, Layers};

use crate::stage::{Came, NOT_LISTED, attempt, attempt_private, is_root};

/// `SIGKILL`, `SIGXFSZ`.
const KILLED_BY_KERNEL: Came = Came::Ended(End::Signal(9));
const FILE_TOO_LARGE: Came = Came::Ended(End::Signal(25));

fn refused(layers: Layers, why: i32, attempts: &[&str]) {
    for name in attempts {
        assert_eq!(attempt(name, layers), Came::Refused(why), "{name}");
    }
}

#[test]
fn clean_alone_brings_nothing_of_the_parents_along() {
    refused(Layers::CLEAN, libc::EBADF, &["inherited-file"]);
    refused(Layers::CLEAN, libc::ENOENT, &["environment"]);
}

#[test]
fn user_alone_makes_root_nobody() {
    if is_root("user_alone_makes_root_nobody") {
        assert_eq!(attempt_private(Layers::UNSAFE_NO_JAIL), Came::Done);
        assert_eq!(attempt_private(Layers::USER), Came::Refused(libc::EACCES));
        refused(Layers::USER, libc::EPERM, &["kill-parent", "chroot", "setns"]);
    }
}

#[test]
fn namespaces_alone_hide_every_file() {
    refused(Layers::NAMESPACES, libc::ENOENT, &["read-file", "write-file", "list-directory", "unix-connect", "exec", "own-memory"]);
}

#[test]
fn namespaces_alone_have_no_network() {
    refused(Layers::NAMESPACES, libc::ENETUNREACH, &["tcp-connect", "udp-send"]);
    refused(Layers::NAMESPACES, libc::ECONNREFUSED, &["unix-abstract"]);
}

#[test]
fn namespaces_alone_hide_other_processes() {
    refused(Layers::NAMESPACES, libc::ESRCH, &["kill-parent", "kill-all", "ptrace", "process-vm-readv"]);
}

#[test]
fn rlimits_alone_bound_memory_and_files() {
    refused(Layers::RLIMITS, libc::ENOMEM, &["allocate"]);
    refused(Layers::RLIMITS, libc::EMFILE, &["open-many"]);
    assert_eq!(attempt("write-file", Layers::RLIMITS), FILE_TOO_LARGE);
}

#[test]
fn rlimits_alone_end_who_only_burns_cpu() {
    assert_eq!(attempt("spin", Layers::RLIMITS), KILLED_BY_KERNEL);
}

/// The kernel does not count root's processes, so as root the second layer is needed.
#[test]
fn rlimits_of_an_unprivileged_user_allow_no_second_process() {
    refused(Layers::RLIMITS | Layers::USER, libc::EAGAIN, &["fork", "fork-bomb", "thread"]);
}

#[test]
fn privileges_alone_make_root_powerless_and_its_user_blind() {
    if is_root("privileges_alone_make_root_powerless_and_its_user_blind") {
        refused(Layers::PRIVILEGES, libc::EPERM, &["chroot", "setns", "bpf", "ptrace", "process-vm-readv"]);
    }
}

#[test]
fn landlock_alone_reaches_no_file_and_no_tcp_port() {
    let attempts = ["read-file", "write-file", "list-directory", "exec", "own-memory", "memfd-exec", "tcp-connect", "tcp-listen"];
    refused(Layers::LANDLOCK, libc::EACCES, &attempts);
}

#[test]
fn landlock_alone_reaches_nobody_else() {
    refused(Layers::LANDLOCK, libc::EPERM, &["unix-abstract", "kill-parent", "ptrace", "process-vm-readv", "mount"]);
}

#[test]
fn seccomp_alone_ends_whoever_leaves_the_list() {
    for name in ["read-file", "tcp-connect", "tcp-listen", "udp-send", "unix-connect", "socketpair", "kill-parent", "kill-all", "ptrace"] {
        assert_eq!(attempt(name, Layers::SECCOMP), NOT_LISTED, "{name}");
    }
    for name in ["process-vm-readv", "fork", "thread", "exec", "unshare", "setns", "mount", "chroot", "memfd-exec", "own-memory"] {
        assert_eq!(attempt(name, Layers::SECCOMP), NOT_LISTED, "{name}");
    }
    for name in ["mmap-shared", "futex-pi", "io-uring", "userfaultfd", "keyctl", "bpf", "perf"] {
        assert_eq!(attempt(name, Layers::SECCOMP), NOT_LISTED, "{name}");
    }
}

/// Before [`visiting_jail::harden`] a module must become code somehow: written first, run afterwards.
#[test]
fn seccomp_alone_takes_no_memory_that_is_written_and_run() {
    assert_eq!(attempt("mmap-write-exec", Layers::SECCOMP), NOT_LISTED);
    assert_eq!(attempt("mprotect-exec", Layers::SECCOMP), Came::Done);
}

#[test]
fn no_new_code_alone_makes_nothing_executable() {
    for name in ["mmap-exec", "mprotect-exec", "mmap-write-exec"] {
        assert_eq!(attempt(name, Layers::NO_NEW_CODE), NOT_LISTED, "{name}");
    }
}
