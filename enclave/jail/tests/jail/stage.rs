//! Where the attempts happen: things of the parent's that an escaped guest would like to reach, and one run of one attempt.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::net::{TcpListener, UdpSocket};
use std::os::fd::AsRawFd as _;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};
use std::{env, process};

use rustix::io::{FdFlags, fcntl_setfd};
use visiting_jail::{End, Ended, Jailed, LIMITS, Layers, Limits};

/// Fewer bytes than an attempt allocates, and enough for the worker.
pub(crate) const MEMORY: u64 = 128 * 1024 * 1024;
/// The least that the kernel counts.
pub(crate) const CPU_SECONDS: u64 = 1;

/// What a test's worker is bound to. A test that hangs is a fault, so its wall clock is short of a person's patience.
pub(crate) const SMALL: Limits = Limits { memory_bytes: MEMORY, cpu_seconds: CPU_SECONDS, wall: Duration::from_secs(20), ..LIMITS };

/// What came of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Came {
    Done,
    Refused(i32),
    Ended(End),
}

/// `SIGSYS`: the end of whoever makes a system call that is not on the list.
pub(crate) const NOT_LISTED: Came = Came::Ended(End::Signal(31));

/// What the parent has.
struct Stage {
    folder: PathBuf,
    tcp: TcpListener,
    udp: UdpSocket,
    _unix: UnixListener,
    _hidden: UnixListener,
    secret: File,
}

impl Stage {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("visiting-jail-{}-{}", process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let folder = env::temp_dir().join(&name);
        fs::create_dir(&folder).unwrap();
        // Open to everybody: where an attempt on it fails, the jail was the reason.
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).unwrap();
        fs::write(folder.join("file"), "secret").unwrap();
        fs::write(folder.join("private"), "secret").unwrap();
        fs::set_permissions(folder.join("private"), fs::Permissions::from_mode(0o600)).unwrap();
        let unix = UnixListener::bind(folder.join("socket")).unwrap();
        fs::set_permissions(folder.join("socket"), fs::Permissions::from_mode(0o777)).unwrap();
        let secret = File::open(folder.join("private")).unwrap();
        fcntl_setfd(&secret, FdFlags::empty()).unwrap();
        Self {
            tcp: TcpListener::bind("127.0.0.1:0").unwrap(),
            udp: UdpSocket::bind("127.0.0.1:0").unwrap(),
            _unix: unix,
            _hidden: UnixListener::bind_addr(&SocketAddr::from_abstract_name(name).unwrap()).unwrap(),
            secret,
            folder,
        }
    }

    /// Name and number that the attempt is about.
    fn target(&self, attempt: &str) -> (String, i64) {
        let inside = |name: &str| self.folder.join(name).to_str().unwrap().to_owned();
        let name = match attempt {
            "unix-connect" => inside("socket"),
            "unix-abstract" => self.folder.file_name().unwrap().to_str().unwrap().to_owned(),
            "write-file" => inside("written"),
            "list-directory" => inside("."),
            _ => inside("file"),
        };
        let number = match attempt {
            "tcp-connect" => i64::from(self.tcp.local_addr().unwrap().port()),
            "udp-send" => i64::from(self.udp.local_addr().unwrap().port()),
            "inherited-file" => i64::from(self.secret.as_raw_fd()),
            _ => i64::from(process::id()),
        };
        (name, number)
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The worker of these tests. `cargo test` builds it beside them, but not when it is told `--test`: an old one would prove what is no longer so.
pub(crate) fn worker() -> PathBuf {
    static FRESH: OnceLock<bool> = OnceLock::new();
    let tests = env::current_exe().unwrap();
    let worker = tests.parent().unwrap().with_file_name("examples").join("evil");
    let fresh = FRESH.get_or_init(|| is_fresh(&worker).unwrap_or(false));
    assert!(fresh, "the worker is not built from these sources: add `--examples`, or leave out `--test`");
    worker
}

/// True when nothing that the worker was made of was written after it; cargo's list of that lies beside it.
fn is_fresh(worker: &Path) -> io::Result<bool> {
    let built = fs::metadata(worker)?.modified()?;
    let list = fs::read_to_string(worker.with_extension("d"))?;
    let sources: Vec<&str> = list.split_whitespace().skip(1).collect();
    let written: Vec<SystemTime> = sources.iter().map(|source| fs::metadata(source)?.modified()).collect::<io::Result<_>>()?;
    Ok(!written.is_empty() && written.into_iter().all(|written| written <= built))
}

/// Starts a worker that will make the attempt.
pub(crate) fn start(attempt: &str, layers: Layers, limits: &Limits, name: &str, number: i64) -> Jailed {
    let args = [
        layers.to_string(),
        limits.memory_bytes.to_string(),
        limits.cpu_seconds.to_string(),
        attempt.into(),
        name.into(),
        number.to_string(),
    ];
    let args: Vec<&OsStr> = args.iter().map(OsStr::new).collect();
    Jailed::start(&worker(), &args, limits, layers).unwrap()
}

/// Gives the worker its input, reads all it says, and waits for its end.
pub(crate) fn heard(mut jailed: Jailed, input: &[u8]) -> (String, Ended) {
    // A worker that has ended already does not read.
    let _ = jailed.stdin().unwrap().write_all(input);
    let mut said = String::new();
    jailed.stdout().unwrap().read_to_string(&mut said).unwrap();
    (said, jailed.wait().unwrap())
}

/// What comes of one attempt on what the parent has.
pub(crate) fn attempt(attempt: &str, layers: Layers) -> Came {
    let stage = Stage::new();
    let (name, number) = stage.target(attempt);
    came(start(attempt, layers, &SMALL, &name, number))
}

/// The same on a file that is its owner's alone.
pub(crate) fn attempt_private(layers: Layers) -> Came {
    let stage = Stage::new();
    came(start("read-file", layers, &SMALL, stage.folder.join("private").to_str().unwrap(), 0))
}

fn came(jailed: Jailed) -> Came {
    let (said, ended) = heard(jailed, b"");
    match (said.trim().strip_prefix("refused "), ended.how) {
        (None, End::Exited(0)) if said.trim() == "done" => Came::Done,
        (Some(number), End::Exited(0)) => Came::Refused(number.parse().unwrap()),
        (_, End::Shortfall) => panic!("{}", ended.stderr),
        (_, how) => Came::Ended(how),
    }
}

/// False, aloud, where a test shows nothing: only root has what is to be taken away. A failure where every test is required, and noted
/// where skips are counted, as in the other tests of this workspace.
pub(crate) fn is_root(test: &str) -> bool {
    let root = rustix::process::geteuid().is_root();
    if !root {
        eprintln!("SKIPPED {test}: only root has what this layer takes away");
        if let Some(file) = env::var_os("VISITING_SKIPS_FILE") {
            let mut noted = File::options().append(true).create(true).open(file).unwrap();
            noted.write_all(format!("{test}\tonly root has what this layer takes away\n").as_bytes()).unwrap();
        }
        assert!(!env::var("VISITING_REQUIRE").is_ok_and(|value| value == "all"), "this test needs root, and every test is required");
    }
    root
}
