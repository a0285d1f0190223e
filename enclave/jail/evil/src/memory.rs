//! Memory that becomes code, and the kernel's larger doors.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::os::fd::FromRawFd as _;
use std::ptr;

use crate::{Outcome, Target, address, answered, call, number};

const PAGE: usize = 4096;
const MANY: usize = 256 * 1024 * 1024;

pub(crate) fn allocate(_: &Target) -> Outcome {
    let mut bytes: Vec<u8> = vec![];
    bytes.try_reserve_exact(MANY).map_err(|_| libc::ENOMEM)?;
    bytes.resize(MANY, 1);
    if bytes.iter().step_by(PAGE).all(|byte| *byte == 1) { Ok(()) } else { Err(libc::EFAULT) }
}

fn map(protection: i32) -> Result<*mut libc::c_void, i32> {
    // SAFETY: a new mapping, at no address of anybody's.
    let at = unsafe { libc::mmap(ptr::null_mut(), PAGE, protection, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, -1, 0) };
    if at == libc::MAP_FAILED { Err(crate::errno()) } else { Ok(at) }
}

pub(crate) fn mmap_exec(_: &Target) -> Outcome {
    map(libc::PROT_READ | libc::PROT_EXEC).map(drop)
}

pub(crate) fn mmap_write_exec(_: &Target) -> Outcome {
    map(libc::PROT_READ | libc::PROT_WRITE | libc::PROT_EXEC).map(drop)
}

pub(crate) fn mprotect_exec(_: &Target) -> Outcome {
    let at = map(libc::PROT_READ | libc::PROT_WRITE)?;
    // SAFETY: a page of ours, to which nothing refers.
    answered(i64::from(unsafe { libc::mprotect(at, PAGE, libc::PROT_READ | libc::PROT_EXEC) })).map(drop)
}

/// The same bytes twice, under different rights, begin with this.
pub(crate) fn mmap_shared(_: &Target) -> Outcome {
    let (protection, flags) = (i64::from(libc::PROT_READ | libc::PROT_WRITE), i64::from(libc::MAP_SHARED | libc::MAP_ANONYMOUS));
    call(libc::SYS_mmap, [0, PAGE as i64, protection, flags, -1, 0]).map(drop)
}

/// The kind of lock that lends priority.
pub(crate) fn futex_pi(_: &Target) -> Outcome {
    let lock = std::sync::atomic::AtomicU64::new(0);
    call(libc::SYS_futex, [address(&lock), i64::from(libc::FUTEX_LOCK_PI), 0, 0, 0, 0]).map(drop)
}

/// A program that was never a file. It says that it was done.
pub(crate) fn memfd_exec(_: &Target) -> Outcome {
    // SAFETY: a string that lives through the call.
    let number_of = answered(i64::from(unsafe { libc::memfd_create(c"x".as_ptr(), 0) }))? as i32;
    // SAFETY: just opened, and nobody else's.
    let mut file = unsafe { File::from_raw_fd(number_of) };
    let mut program = vec![];
    File::open("/bin/echo").and_then(|mut echo| echo.read_to_end(&mut program)).map_err(number)?;
    file.write_all(&program).map_err(number)?;
    let (arguments, nothing) = ([c"echo".as_ptr(), c"done".as_ptr(), ptr::null()], [ptr::null()]);
    // SAFETY: null-terminated lists of strings that live through the call.
    answered(i64::from(unsafe { libc::fexecve(number_of, arguments.as_ptr(), nothing.as_ptr()) })).map(drop)
}

/// Writes a constant of its own through the file that is the process: protection of pages does not hold there.
pub(crate) fn own_memory(_: &Target) -> Outcome {
    static CONSTANT: [u8; 8] = *b"constant";
    let mut file = File::options().write(true).open("/proc/self/mem").map_err(number)?;
    file.seek(SeekFrom::Start(CONSTANT.as_ptr() as u64)).map_err(number)?;
    file.write_all(b"changed!").map_err(number)
}

pub(crate) fn io_uring(_: &Target) -> Outcome {
    let parameters = [0_u8; 120];
    call(libc::SYS_io_uring_setup, [1, address(&parameters), 0, 0, 0, 0]).map(drop)
}

pub(crate) fn userfaultfd(_: &Target) -> Outcome {
    /// `UFFD_USER_MODE_ONLY`: what everybody may have.
    const USER_MODE_ONLY: i64 = 1;
    call(libc::SYS_userfaultfd, [USER_MODE_ONLY, 0, 0, 0, 0, 0]).map(drop)
}

pub(crate) fn keyctl(_: &Target) -> Outcome {
    call(libc::SYS_keyctl, [i64::from(libc::KEYCTL_GET_KEYRING_ID), -3, 1, 0, 0, 0]).map(drop)
}

/// An array of one number.
pub(crate) fn bpf(_: &Target) -> Outcome {
    let create = [2_u32, 4, 4, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    call(libc::SYS_bpf, [0, address(&create), 64, 0, 0, 0]).map(drop)
}

/// A clock of its own process.
pub(crate) fn perf(_: &Target) -> Outcome {
    let mut attributes = [0_u32; 16];
    attributes[0] = 1;
    attributes[1] = 64;
    // exclude_kernel
    attributes[10] = 1 << 5;
    call(libc::SYS_perf_event_open, [address(&attributes), 0, -1, -1, 0, 0]).map(drop)
}
