//! What a guest that escaped would try: one attempt per process, as native code. Each says whether it was done, or how the kernel refused.
//! Whether that is as it should be is for the tests of `visiting-jail` to know.

mod memory;
mod outside;
mod processes;
mod resources;

use std::io::Error;

/// What an attempt is about; which number or name depends on the attempt.
#[derive(Debug, Clone)]
pub struct Target {
    /// A path, or the name of an abstract socket.
    pub name: String,
    /// A process, a port or a file descriptor.
    pub number: i32,
}

/// What came of it: done, or the kernel's error number.
pub type Outcome = Result<(), i32>;

type Attempt = fn(&Target) -> Outcome;

/// Every attempt, by name.
pub const ATTEMPTS: &[(&str, Attempt)] = &[
    ("read-file", outside::read_file),
    ("write-file", outside::write_file),
    ("list-directory", outside::list_directory),
    ("tcp-connect", outside::tcp_connect),
    ("tcp-listen", outside::tcp_listen),
    ("udp-send", outside::udp_send),
    ("unix-connect", outside::unix_connect),
    ("unix-abstract", outside::unix_abstract),
    ("socketpair", outside::socketpair),
    ("inherited-file", outside::inherited_file),
    ("environment", outside::environment),
    ("kill-parent", processes::kill_parent),
    ("kill-all", processes::kill_all),
    ("ptrace", processes::ptrace),
    ("process-vm-readv", processes::process_vm_readv),
    ("fork", processes::fork),
    ("fork-bomb", processes::fork_bomb),
    ("thread", processes::thread),
    ("exec", processes::exec),
    ("unshare", processes::unshare),
    ("setns", processes::setns),
    ("mount", processes::mount),
    ("chroot", processes::chroot),
    ("allocate", memory::allocate),
    ("mmap-exec", memory::mmap_exec),
    ("mprotect-exec", memory::mprotect_exec),
    ("mmap-write-exec", memory::mmap_write_exec),
    ("mmap-shared", memory::mmap_shared),
    ("futex-pi", memory::futex_pi),
    ("memfd-exec", memory::memfd_exec),
    ("own-memory", memory::own_memory),
    ("io-uring", memory::io_uring),
    ("userfaultfd", memory::userfaultfd),
    ("keyctl", memory::keyctl),
    ("bpf", memory::bpf),
    ("perf", memory::perf),
    ("open-many", resources::open_many),
    ("spin", resources::spin),
    ("flood", resources::flood),
    ("flood-stderr", resources::flood_stderr),
    ("works", resources::works),
];

/// Makes the attempt of this name.
///
/// # Panics
/// When there is none: a test that misspells would otherwise prove nothing.
pub fn attempt(name: &str, target: &Target) -> Outcome {
    let (_, make) = ATTEMPTS.iter().find(|(known, _)| *known == name).unwrap_or_else(|| panic!("no attempt `{name}`"));
    make(target)
}

/// What a system call answered.
fn answered(result: i64) -> Result<i64, i32> {
    if result < 0 { Err(errno()) } else { Ok(result) }
}

fn errno() -> i32 {
    Error::last_os_error().raw_os_error().unwrap_or_default()
}

fn number(error: Error) -> i32 {
    error.raw_os_error().unwrap_or(-1)
}

/// A system call with up to six plain arguments.
fn call(nr: i64, arguments: [i64; 6]) -> Result<i64, i32> {
    let [a, b, c, d, e, f] = arguments;
    // SAFETY: the callers pass addresses that live through the call, or none; that is the attempt.
    answered(unsafe { libc::syscall(nr, a, b, c, d, e, f) })
}

fn address<T>(of: &T) -> i64 {
    std::ptr::from_ref(of) as i64
}
