//! How the rooms are looked at from outside: what a process listens on, and where it refuses to connect.

use std::{
    collections::BTreeSet,
    fs,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use visiting_tests::world::{World, binaries};

/// TCP sockets of a process that listen.
pub(super) fn listening(pid: u32) -> usize {
    let links = fs::read_dir(format!("/proc/{pid}/fd")).unwrap().flatten().filter_map(|f| fs::read_link(f.path()).ok());
    let inodes: BTreeSet<String> =
        links.filter_map(|l| l.to_string_lossy().strip_prefix("socket:[").map(|s| s.trim_end_matches(']').to_owned())).collect();
    let tables = ["tcp", "tcp6"].map(|t| fs::read_to_string(format!("/proc/{pid}/net/{t}")).unwrap_or_default());
    let listens = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        fields.get(3) == Some(&"0A") && fields.get(9).is_some_and(|inode| inodes.contains(*inode))
    };
    tables.iter().flat_map(|t| t.lines()).filter(|l| listens(l)).count()
}

/// The enclave ends at once when it is told to connect elsewhere. The address is of a net that exists for documentation only.
pub(super) fn refuses_other_machines(world: &World) {
    let mut command = Command::new(binaries().unwrap().join("visiting-enclave"));
    command
        .arg("--demo")
        .env("VISITING_HOME", world.home())
        .env("VISITING_INTERNAL_ADDR", "192.0.2.1:8751")
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let until = Instant::now() + Duration::from_secs(10);
    while child.try_wait().unwrap().is_none() {
        if Instant::now() > until {
            child.kill().unwrap();
            panic!("the enclave tries to reach another machine");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let out = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(!out.status.success() && said.contains("loopback"), "{said}");
}
