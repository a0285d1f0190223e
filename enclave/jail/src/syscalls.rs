//! Which system calls a worker makes. Whatever is not listed kills the process at once: a worker in order never makes it.

use std::collections::BTreeMap;

use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule, TargetArch,
    apply_filter,
};

/// For any arguments: pipes that are open, memory, its own signals, the clock and its own end.
const LISTED: &[i64] = &[
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_close,
    libc::SYS_ppoll,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_poll,
    libc::SYS_brk,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_madvise,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_sched_yield,
    libc::SYS_restart_syscall,
    // Usually answered without the kernel, so forbidding it would hide no time.
    libc::SYS_clock_gettime,
    libc::SYS_getrandom,
    // What `abort` asks before it signals itself.
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_exit,
    libc::SYS_exit_group,
];

/// Faults of making or setting a filter.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FilterFault {
    #[error(transparent)]
    Made(#[from] BackendError),
    #[error(transparent)]
    Set(#[from] seccompiler::Error),
}

/// An argument whose bits under `mask` are `value`.
struct Bits {
    argument: u8,
    mask: i32,
    value: i32,
}

const PROT: u8 = 2;
const NOT_WRITABLE: Bits = Bits { argument: PROT, mask: libc::PROT_WRITE, value: 0 };
const NOT_EXECUTABLE: Bits = Bits { argument: PROT, mask: libc::PROT_EXEC, value: 0 };
/// Memory of nothing and of nobody else: no file, no second view of the same bytes under other rights.
const ANONYMOUS: Bits = Bits { argument: 3, mask: libc::MAP_ANONYMOUS | libc::MAP_SHARED, value: libc::MAP_ANONYMOUS };

/// The list. Memory is written or run, never both at a time; a compiled module is loaded by first the one and then the other.
pub(crate) fn listed_only() -> Result<(), FilterFault> {
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = LISTED.iter().map(|number| (*number, vec![])).collect();
    rules.insert(libc::SYS_mmap, vec![rule(&[ANONYMOUS, NOT_WRITABLE])?, rule(&[ANONYMOUS, NOT_EXECUTABLE])?]);
    rules.insert(libc::SYS_mprotect, vec![rule(&[NOT_WRITABLE])?, rule(&[NOT_EXECUTABLE])?]);
    rules.insert(libc::SYS_tgkill, vec![rule(&[Bits { argument: 0, mask: -1, value: rustix::process::getpid().as_raw_pid() }])?]);
    // Locks of one thread; the rarer kinds have been the kernel's weak side.
    let waits = [libc::FUTEX_WAIT, libc::FUTEX_WAKE, libc::FUTEX_WAIT_BITSET, libc::FUTEX_WAKE_BITSET];
    rules.insert(
        libc::SYS_futex,
        waits.map(|kind| rule(&[Bits { argument: 1, mask: FUTEX_KIND, value: kind }])).into_iter().collect::<Result<_, _>>()?,
    );
    // For the second filter. A further filter only takes away; without flags it gives no descriptor.
    rules.insert(libc::SYS_prctl, vec![rule(&[Bits { argument: 0, mask: -1, value: libc::PR_SET_NO_NEW_PRIVS }])?]);
    rules.insert(libc::SYS_seccomp, vec![rule(&[SET_FILTER, Bits { argument: 1, mask: -1, value: 0 }])?]);
    set(rules, SeccompAction::KillProcess, SeccompAction::Allow)
}

/// Without the flags of the clock and of privacy.
const FUTEX_KIND: i32 = 0x7f;
/// `SECCOMP_SET_MODE_FILTER`, which `libc` has as another type.
const SET_MODE_FILTER: i32 = 1;
const SET_FILTER: Bits = Bits { argument: 0, mask: -1, value: SET_MODE_FILTER };

/// No memory becomes executable, and no further filter is set.
pub(crate) fn no_new_code() -> Result<(), FilterFault> {
    let executable = || rule(&[Bits { argument: PROT, mask: libc::PROT_EXEC, value: libc::PROT_EXEC }]);
    let rules = BTreeMap::from([
        (libc::SYS_mmap, vec![executable()?]),
        (libc::SYS_mprotect, vec![executable()?]),
        (libc::SYS_pkey_mprotect, vec![executable()?]),
        (libc::SYS_prctl, vec![]),
        (libc::SYS_seccomp, vec![]),
    ]);
    set(rules, SeccompAction::Allow, SeccompAction::KillProcess)
}

fn rule(bits: &[Bits]) -> Result<SeccompRule, BackendError> {
    let conditions = bits.iter().map(|bits| {
        // All that these arguments can say stands in their lower 32 bits; where the kernel reads more, it refuses what is set above.
        let (mask, value) = (u64::from(bits.mask.cast_unsigned()), u64::from(bits.value.cast_unsigned()));
        SeccompCondition::new(bits.argument, SeccompCmpArgLen::Dword, SeccompCmpOp::MaskedEq(mask), value)
    });
    SeccompRule::new(conditions.collect::<Result<_, _>>()?)
}

fn set(rules: BTreeMap<i64, Vec<SeccompRule>>, otherwise: SeccompAction, matched: SeccompAction) -> Result<(), FilterFault> {
    let target: TargetArch = std::env::consts::ARCH.try_into()?;
    let program: BpfProgram = SeccompFilter::new(rules, otherwise, matched, target)?.try_into()?;
    Ok(apply_filter(&program)?)
}
