//! A kernel that gives less. A filter on the test's own thread plays it: whoever is started from there finds a system call missing.

use std::process::Command;
use std::thread;

use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, apply_filter};
use visiting_jail::{End, Ended, Layers, Shortfall};

use crate::stage::{SMALL, heard, is_root, start, worker};

/// What becomes of a worker whose kernel does not know this system call.
fn without(call: i64) -> (String, Ended) {
    let play = move || {
        let rules = [(call, vec![])].into_iter().collect();
        let errno = SeccompAction::Errno(libc::ENOSYS.cast_unsigned());
        let filter = SeccompFilter::new(rules, SeccompAction::Allow, errno, std::env::consts::ARCH.try_into().unwrap()).unwrap();
        apply_filter(&BpfProgram::try_from(filter).unwrap()).unwrap();
        heard(start("works", Layers::ALL, &SMALL, "", 0), b"rows")
    };
    thread::spawn(play).join().unwrap()
}

#[test]
fn what_the_kernel_does_not_give_ends_the_worker_before_it_reads() {
    let calls = [
        (libc::SYS_unshare, "jail-namespaces"),
        (libc::SYS_pivot_root, "jail-empty-root"),
        (libc::SYS_prlimit64, "jail-limits"),
        (libc::SYS_capset, "jail-privileges"),
        (libc::SYS_landlock_create_ruleset, "jail-landlock"),
        (libc::SYS_landlock_restrict_self, "jail-landlock"),
        (libc::SYS_seccomp, "jail-seccomp"),
        (libc::SYS_pidfd_open, "jail-start"),
    ];
    for (call, code) in calls {
        let (said, ended) = without(call);
        assert_eq!((said.as_str(), ended.how), ("", End::Shortfall), "{code}");
        let (en, ja) = ended.stderr.trim().split_once('\n').unwrap();
        assert!(en.starts_with(&format!("{code}: ")), "{en}");
        assert!(!ja.is_ascii(), "{ja}");
    }
}

#[test]
fn root_that_cannot_become_nobody_runs_nothing() {
    if is_root("root_that_cannot_become_nobody_runs_nothing") {
        let (_, ended) = without(libc::SYS_setresuid);
        assert_eq!(ended.how, End::Shortfall);
        assert!(ended.stderr.starts_with("jail-user: "), "{}", ended.stderr);
    }
}

#[test]
fn a_worker_that_was_started_by_hand_does_not_run() {
    let ran = Command::new(worker()).arg(Layers::ALL.to_string()).output().unwrap();
    assert_eq!(ran.status.code(), Some(i32::from(Shortfall::EXIT)));
    assert!(String::from_utf8(ran.stderr).unwrap().starts_with("jail-not-started: "));
}
