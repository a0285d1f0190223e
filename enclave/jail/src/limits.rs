//! Every bound on a jailed worker, in one place, with unit and reason.

use std::time::Duration;

/// The bounds of one worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of address space. Bounds what a machine must have for one worker; reservations count too, so the engine must not ask for its usual 4 GiB.
    pub memory_bytes: u64,
    /// Seconds of CPU, after which the kernel kills. Holds even where nobody watches any more.
    pub cpu_seconds: u64,
    /// Time from start to end by the wall clock, waiting for pipes included. The parent's side ends the worker.
    pub wall: Duration,
    /// Bytes of the main thread's stack: the kernel's usual 8 MiB, which a compiler's recursion is written for.
    pub stack_bytes: u64,
    /// The lowest number that no open file may have: three pipes, and one at a time while the jail closes.
    pub open_files: u64,
    /// Processes and threads of the worker's user in its namespace. The worker itself and its launcher are there already, so none can be added.
    pub processes: u64,
    /// Bytes a file may be long. Nothing writes files; pipes are not bounded by this.
    pub file_bytes: u64,
    /// Bytes of a core dump: it would hold people's rows.
    pub core_bytes: u64,
    /// Bytes of memory that cannot be swapped, taken from everybody.
    pub locked_bytes: u64,
    /// Bytes of POSIX message queues.
    pub queue_bytes: u64,
    /// Bytes of the standard error kept for the operator: a message of a fault. The rest is read and dropped.
    pub stderr_bytes: usize,
}

/// The limits in force. A worker that needs other time or memory says so by `Limits { …, ..LIMITS }`.
pub const LIMITS: Limits = Limits {
    memory_bytes: 512 * 1024 * 1024,
    cpu_seconds: 60,
    wall: Duration::from_secs(120),
    stack_bytes: 8 * 1024 * 1024,
    open_files: 8,
    processes: 1,
    file_bytes: 0,
    core_bytes: 0,
    locked_bytes: 0,
    queue_bytes: 0,
    stderr_bytes: 8 * 1024,
};
