//! Starts strace, and ends what does not end.

use std::{
    env,
    fs::OpenOptions,
    io::{self, Write},
    os::unix::process::CommandExt,
    process::{Command, Output, Stdio},
    sync::mpsc::{RecvTimeoutError, channel},
    thread,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process_group};

/// Exit code of a child that was told of a failure. That it is no panic's shows that the failure came back as an error.
pub const TOLD: i32 = 3;

/// How long a child may take, in seconds: a hundred times what the slowest takes. A call that failed may leave a thread waiting
/// for ever, and a test must end.
const CHILD_MAX_SECONDS: u64 = 120;

/// True when programs can be traced here. Where they cannot, the skip is said aloud.
///
/// # Panics
/// With `VISITING_REQUIRE=all`, where every skip is a failure.
#[must_use]
#[allow(clippy::panic, reason = "where every test is required, a skip is a failure")]
pub fn possible() -> bool {
    let tried = Command::new("strace").args(["-f", "-o", "/dev/null", "--", "true"]).output();
    let reason = match tried {
        Ok(output) if output.status.success() => return true,
        Ok(output) => format!("strace may not trace here: {}", String::from_utf8_lossy(&output.stderr).trim()),
        Err(_) => "no strace is on the PATH; `cargo verify` installs it (Debian: apt-get install strace)".to_owned(),
    };
    let test = thread::current().name().unwrap_or("a test").to_owned();
    eprintln!("SKIPPED {test}: {reason}");
    if let Some(file) = env::var_os("VISITING_SKIPS_FILE") {
        let opened = OpenOptions::new().create(true).append(true).open(file);
        if let Err(error) = opened.and_then(|mut file| file.write_all(format!("{test}\t{reason}\n").as_bytes())) {
            eprintln!("the skip could not be noted: {error}");
        }
    }
    assert!(!env::var("VISITING_REQUIRE").is_ok_and(|value| value == "all"), "VISITING_REQUIRE=all, and this was skipped: {reason}");
    false
}

/// A child's work: where it is told of a failure, it says so and ends with [`TOLD`].
pub fn work(does: impl FnOnce() -> Result<(), String>) {
    if let Err(told) = does() {
        eprintln!("{told}");
        std::process::exit(TOLD);
    }
}

/// Runs a command to its end, with all that it started.
pub(crate) fn to_the_end(mut command: Command) -> io::Result<Output> {
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0).spawn()?;
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let (ended, wait) = channel::<()>();
    let watch = thread::spawn(move || {
        let late = wait.recv_timeout(Duration::from_secs(CHILD_MAX_SECONDS)) == Err(RecvTimeoutError::Timeout);
        if let (true, Some(group)) = (late, group) {
            let _ = kill_process_group(group, Signal::KILL);
        }
        late
    });
    let output = child.wait_with_output();
    drop(ended);
    if watch.join().unwrap_or(true) {
        return Err(io::Error::new(io::ErrorKind::TimedOut, format!("the child did not end in {CHILD_MAX_SECONDS} s and was killed")));
    }
    output
}
