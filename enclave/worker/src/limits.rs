//! Every limit of the processes that run guests, in one place, with unit and reason. What a guest itself may be is
//! [`visiting_intake::LIMITS`].

use std::time::Duration;

/// The limits.
#[derive(Debug)]
pub struct Limits {
    /// Rows of one message: what the query engine has in a batch, and what the loop's memory holds.
    pub rows: usize,
    /// People of one message: bounds what is lost when one is cut short.
    pub people: usize,
    /// Rows of one person. Each costs fuel, and with this many none is left: who has more has no result, and is not sent.
    pub person_rows: usize,
    /// Rows of one group: what a message holds at the most parameters. A group that has more has no result, and is not sent.
    pub group_rows: usize,
    /// Bytes of compiled code. The largest guest that intake takes compiles to about a fifth.
    pub artefact_bytes: usize,
    /// Bytes of one message to a worker: compiled code is the longest.
    pub message_bytes: usize,
    /// Time for compiling one guest, start of the process included. The dearest that intake takes needs a tenth.
    pub compile: Duration,
    /// Time for starting a worker and loading compiled code into it.
    pub start: Duration,
    /// Time for one message of rows. Fuel bounds 8192 rows at 0.1 s; the rest is for a machine that does other things.
    pub rows_time: Duration,
    /// Time for one message of people: 256 of them at 5 ms, and the rest as above.
    pub people_time: Duration,
    /// Bytes that a pipe holds: some messages of rows, or their answers, so that one is written while the other is worked on.
    pub pipe_bytes: usize,
    /// Seconds of CPU of one worker, which lives for one run: the largest extract's rows, each at its dearest. Who is slow within a message is
    /// ended long before.
    pub cpu_seconds: u64,
    /// The same by the wall clock: a worker also waits while the query engine reads.
    pub wall: Duration,
    /// Messages of rows that wait for their answers when the next is sent. Two keep a worker busy while the parent reads and packs.
    pub ahead: usize,
}

/// The limits in force.
pub const LIMITS: Limits = Limits {
    rows: 8192,
    people: 256,
    person_rows: 20_000,
    group_rows: 100_000,
    artefact_bytes: 8 << 20,
    message_bytes: 16 << 20,
    compile: Duration::from_secs(20),
    start: Duration::from_secs(5),
    rows_time: Duration::from_secs(5),
    people_time: Duration::from_secs(10),
    pipe_bytes: 256 << 10,
    cpu_seconds: 3_600,
    wall: Duration::from_secs(4 * 3_600),
    ahead: 2,
};

/// The jail of a worker.
#[must_use]
pub fn jail() -> visiting_jail::Limits {
    visiting_jail::Limits { cpu_seconds: LIMITS.cpu_seconds, wall: LIMITS.wall, ..visiting_jail::LIMITS }
}
