//! How a worker ends, whoever wants it to: the parent, the clock, the parent's own death, the death of the launcher between them.

use std::io::{self, BufRead as _, BufReader, Read as _};
use std::os::fd::AsFd;
use std::process::{ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{FdFlags, fcntl_setfd};
use rustix::process::{Pid, Signal, kill_process};
use visiting_jail::{End, Jailed, LIMITS, Layers, Limits};

use crate::stage::{SMALL, start, worker};

/// Time enough of CPU that this limit ends no worker here.
const PATIENT: Limits = Limits { cpu_seconds: 60, ..SMALL };
const BRIEF: Limits = Limits { wall: Duration::from_millis(200), ..PATIENT };

/// A worker that spins, once it is in the jail, and its output.
fn spinning(limits: &Limits) -> (Jailed, ChildStdout) {
    let mut jailed = start("spin", Layers::ALL, limits, "", 0);
    let mut out = BufReader::new(jailed.stdout().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    assert_eq!(line, "spinning\n");
    (jailed, out.into_inner())
}

/// The worker and its launcher hold the other end, and nobody else: it ends only when both are gone. The time is a test's patience, far
/// below the CPU limit that would end the worker too.
fn gone(mut out: impl io::Read + AsFd) {
    let mut fds = [PollFd::new(&out, PollFlags::IN)];
    let longest = Timespec { tv_sec: 15, tv_nsec: 0 };
    assert_eq!(poll(&mut fds, Some(&longest)).unwrap(), 1, "the worker lives");
    assert_eq!(out.read_to_end(&mut vec![]).unwrap(), 0);
}

#[test]
fn who_spins_is_killed_from_outside() {
    let (jailed, out) = spinning(&PATIENT);
    let killer = jailed.killer().unwrap();
    thread::spawn(move || killer.kill()).join().unwrap();
    gone(out);
    assert_eq!(jailed.wait().unwrap().how, End::Killed);
}

#[test]
fn who_spins_ends_at_the_deadline() {
    let jailed = start("spin", Layers::ALL, &BRIEF, "", 0);
    let begun = Instant::now();
    assert_eq!(jailed.wait().unwrap().how, End::Deadline);
    assert!(begun.elapsed() < PATIENT.wall);
}

#[test]
fn who_waits_for_input_ends_at_the_deadline_too() {
    let mut jailed = start("works", Layers::ALL, &BRIEF, "", 0);
    let input = jailed.stdin();
    assert_eq!(jailed.wait().unwrap().how, End::Deadline);
    drop(input);
}

#[test]
fn who_is_forgotten_is_killed() {
    let (jailed, out) = spinning(&PATIENT);
    drop(jailed);
    gone(out);
}

#[test]
fn the_worker_ends_with_its_launcher() {
    let (jailed, out) = spinning(&PATIENT);
    kill_process(Pid::from_raw(jailed.id().cast_signed()).unwrap(), Signal::KILL).unwrap();
    gone(out);
    assert_eq!(jailed.wait().unwrap().how, End::Killed);
}

#[test]
fn the_worker_ends_with_its_parent() {
    let (alive, held) = io::pipe().unwrap();
    fcntl_setfd(&held, FdFlags::empty()).unwrap();
    // Starts a worker that spins, with that pipe open in it, says so, and waits for ever.
    let mut parent = Command::new(worker()).arg("parent").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    drop(held);
    let mut line = String::new();
    BufReader::new(parent.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "spinning\n");
    parent.kill().unwrap();
    parent.wait().unwrap();
    gone(alive);
}

#[test]
fn a_flood_is_read_no_further_than_the_reader_wants() {
    let mut jailed = start("flood", Layers::ALL, &PATIENT, "", 0);
    let mut out = jailed.stdout().unwrap();
    out.read_exact(&mut vec![0; 1_000_000]).unwrap();
    jailed.kill();
    assert_eq!(jailed.wait().unwrap().how, End::Killed);
}

#[test]
fn of_a_flood_of_faults_the_beginning_is_kept() {
    let ended = start("flood-stderr", Layers::ALL, &SMALL, "", 0).wait().unwrap();
    // Writing until the CPU limit is far more than is kept.
    assert_eq!((ended.how, ended.stderr.len()), (End::Signal(9), LIMITS.stderr_bytes));
}
