//! A whole Visiting for a test: its processes from the release build, on free loopback ports, in a data folder of its own.
//!
//! Every wait is for a condition (a `ready` line, an event in the record), bounded, and fails with what the process said.

use std::{
    fs::{self, File, OpenOptions},
    io::{BufRead, BufReader, ErrorKind},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Output, Stdio},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
        mpsc::{self, Receiver, RecvTimeoutError},
    },
    time::{Duration, Instant},
};

use visiting_gateway::client::Client;
use visiting_policies::record::Event;

use crate::raw::Raw;

/// Longest wait for a process to serve.
const READY: Duration = Duration::from_secs(60);
/// Longest wait for a process that was asked to end.
const GRACE: Duration = Duration::from_secs(10);
/// Pause between two looks at the record's file.
const LOOK: Duration = Duration::from_millis(1);
/// Below Linux's range of ephemeral ports: while a gateway is down, no client socket may take its port.
const PORTS: std::ops::Range<u16> = 20_000..32_000;

/// What went wrong, for the test's message.
pub type Fault = String;

/// One of the long-running processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unit {
    /// `visiting-gateway`.
    Gateway,
    /// `visiting-enclave`.
    Enclave,
    /// `visiting-linkage`.
    Linkage,
}

impl Unit {
    /// All, in the order of starting.
    pub const ALL: [Self; 3] = [Self::Linkage, Self::Gateway, Self::Enclave];

    /// The word in its `ready` line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Enclave => "enclave",
            Self::Linkage => "linkage",
        }
    }

    fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Gateway | Self::Enclave => &["--demo"],
            Self::Linkage => &[],
        }
    }
}

/// A running process.
#[derive(Debug)]
struct Running {
    unit: Unit,
    child: Child,
    lines: Receiver<String>,
}

/// One Visiting.
#[derive(Debug)]
pub struct World {
    home: PathBuf,
    public: String,
    internal: String,
    door: String,
    running: Vec<Running>,
    environment: Vec<(String, String)>,
    /// The folder outlives this value.
    kept: bool,
}

impl World {
    /// A set-up data folder; nothing runs yet.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn new(name: &str) -> Result<Self, Fault> {
        let world = Self::in_folder(fresh_folder(name)?)?;
        world.tool("visiting-setup", &[])?;
        Ok(world)
    }

    /// A copy of another, stopped, world's data folder.
    ///
    /// # Errors
    /// When it cannot be copied.
    pub fn copy_of(name: &str, home: &Path) -> Result<Self, Fault> {
        let folder = fresh_folder(name)?;
        copy(home, &folder).map_err(|e| format!("the data folder cannot be copied: {e}"))?;
        Self::in_folder(folder)
    }

    fn in_folder(home: PathBuf) -> Result<Self, Fault> {
        let (public, internal) = (free_address()?, free_address()?);
        Ok(Self { home, public, door: internal.clone(), internal, running: Vec::new(), environment: Vec::new(), kept: false })
    }

    /// One more variable for every process that is started from now on.
    pub fn set(&mut self, name: &str, value: &str) {
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    /// Where the enclave is told that the gateway's internal listener is; a man in the middle says: here.
    pub fn set_door(&mut self, address: &str) {
        address.clone_into(&mut self.door);
    }

    /// Ends this world's processes in order and leaves its data folder where it is, for copies.
    ///
    /// # Errors
    /// When a process does not end.
    pub fn settle(mut self) -> Result<PathBuf, Fault> {
        for unit in [Unit::Enclave, Unit::Gateway, Unit::Linkage] {
            self.stop(unit)?;
        }
        self.kept = true;
        Ok(self.home.clone())
    }

    /// The data folder.
    #[must_use]
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// Address of the public API.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.public
    }

    /// Address of the internal API.
    #[must_use]
    pub fn internal(&self) -> &str {
        &self.internal
    }

    /// A client that is logged in as `person`.
    ///
    /// # Errors
    /// The gateway's problem.
    pub fn client(&self, person: &str) -> Result<Client, Fault> {
        let mut client = Client::new(&format!("http://{}", self.public));
        client.login(person).map_err(|e| e.to_string())?;
        Ok(client)
    }

    /// Bytes over the public API.
    #[must_use]
    pub fn raw(&self) -> Raw {
        Raw::new(&self.public)
    }

    /// A command in this world's environment.
    #[must_use]
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(binaries().unwrap_or_default().join(program));
        command.env("VISITING_HOME", &self.home).env("VISITING_ADDR", &self.public).env("VISITING_INTERNAL_ADDR", &self.internal);
        command.envs(self.environment.iter().cloned()).stdin(Stdio::null());
        command
    }

    /// Runs a program to its end.
    ///
    /// # Errors
    /// What it printed, when it fails.
    pub fn tool(&self, program: &str, arguments: &[&str]) -> Result<String, Fault> {
        let out = self.try_tool(program, arguments)?;
        let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if out.status.success() {
            Ok(said(&out.stdout))
        } else {
            Err(format!("{program} ended with {}: {}{}", out.status, said(&out.stdout), said(&out.stderr)))
        }
    }

    /// Runs a program to its end, whatever that is.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn try_tool(&self, program: &str, arguments: &[&str]) -> Result<Output, Fault> {
        self.command(program)
            .args(arguments)
            .output()
            .map_err(|e| format!("{program} cannot be started ({e}); run cargo build --release --workspace --bins"))
    }

    /// Makes the synthetic population below the data folder and loads it; answers with the source folder.
    ///
    /// # Errors
    /// What a program printed.
    pub fn populate(&self, people: u32) -> Result<PathBuf, Fault> {
        let source = self.home.join("source");
        self.tool("visiting-population", &["--out", &text(&source), "--people", &people.to_string()])?;
        self.ingest("ndb", &[source.join("ndb")])?;
        self.ingest("kaigo", &[source.join("kaigo")])?;
        Ok(source)
    }

    /// Loads files with the catalogue's mapping.
    ///
    /// # Errors
    /// What the program printed.
    pub fn ingest(&self, mapping: &str, paths: &[PathBuf]) -> Result<String, Fault> {
        let mapping = text(&tree()?.join(format!("catalog/mappings/{mapping}.toml")));
        let paths: Vec<String> = paths.iter().map(|p| text(p)).collect();
        let mut arguments = vec!["--format", "table", "--mapping", &mapping];
        arguments.extend(paths.iter().map(String::as_str));
        self.tool("visiting-ingest", &arguments)
    }

    /// Loads FHIR with the built-in mappings.
    ///
    /// # Errors
    /// What the program printed.
    pub fn ingest_fhir(&self, paths: &[PathBuf]) -> Result<String, Fault> {
        let paths: Vec<String> = paths.iter().map(|p| text(p)).collect();
        let mut arguments = vec!["--format", "fhir"];
        arguments.extend(paths.iter().map(String::as_str));
        self.tool("visiting-ingest", &arguments)
    }

    /// Makes FHIR Bundles below `out`, `bundles` of each type.
    ///
    /// # Errors
    /// What the program printed.
    pub fn generate_fhir(&self, out: &Path, bundles: u32) -> Result<PathBuf, Fault> {
        self.tool("visiting-population", &["--variant", "fhir", "--out", &text(out), "--people", &bundles.to_string()])?;
        Ok(out.join("fhir"))
    }

    /// What the running processes have printed since they were ready.
    #[must_use]
    pub fn printed(&self) -> Vec<String> {
        self.running.iter().flat_map(|r| r.lines.try_iter()).collect()
    }

    /// Starts all processes and waits until each serves.
    ///
    /// # Errors
    /// What a process said instead of `ready`.
    pub fn start_all(&mut self) -> Result<(), Fault> {
        Unit::ALL.into_iter().try_for_each(|unit| self.start(unit))
    }

    /// Starts a process and waits for its `ready` line.
    ///
    /// # Errors
    /// What it said instead.
    pub fn start(&mut self, unit: Unit) -> Result<(), Fault> {
        self.spawn(unit)?;
        self.wait_ready(unit)
    }

    /// Starts a process; its `ready` line is for [`World::wait_ready`].
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn spawn(&mut self, unit: Unit) -> Result<(), Fault> {
        self.kill(unit);
        let program = format!("visiting-{}", unit.name());
        let fault = |e: std::io::Error| format!("{program} cannot be started ({e}); run cargo build --release --workspace --bins");
        let errors = OpenOptions::new().create(true).append(true).open(self.errors(unit)).map_err(fault)?;
        let mut command = self.command(&program);
        if unit == Unit::Enclave {
            command.env("VISITING_INTERNAL_ADDR", &self.door);
        }
        let mut child = command.args(unit.arguments()).stdout(Stdio::piped()).stderr(errors).spawn().map_err(fault)?;
        let (tell, lines) = mpsc::channel();
        if let Some(out) = child.stdout.take() {
            // Ends with the process: its end of the pipe closes.
            std::thread::spawn(move || BufReader::new(out).lines().map_while(Result::ok).try_for_each(|line| tell.send(line)));
        }
        self.running.push(Running { unit, child, lines });
        Ok(())
    }

    /// Waits for the `ready` line.
    ///
    /// # Errors
    /// What the process said instead.
    pub fn wait_ready(&self, unit: Unit) -> Result<(), Fault> {
        let running = self.running.iter().find(|r| r.unit == unit).ok_or_else(|| format!("{} was not started", unit.name()))?;
        let (until, word) = (Instant::now() + READY, format!("ready {} ", unit.name()));
        loop {
            match running.lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(line) if line.starts_with(&word) => return Ok(()),
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout) => {
                    return Err(format!("{} was not ready within {} s: {}", unit.name(), READY.as_secs(), self.said(unit)));
                }
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(format!("{} ended before it was ready: {}", unit.name(), self.said(unit)));
                }
            }
        }
    }

    /// `kill -9`, now. True when it was running until then.
    pub fn kill(&mut self, unit: Unit) -> bool {
        let mut ran = false;
        for mut gone in self.running.extract_if(.., |r| r.unit == unit) {
            ran |= gone.child.try_wait().is_ok_and(|ended| ended.is_none());
            let _ = gone.child.kill();
            let _ = gone.child.wait();
        }
        ran
    }

    /// Asks a process to end (SIGTERM) and waits for it.
    ///
    /// # Errors
    /// When it does not end in time; then it is killed.
    pub fn stop(&mut self, unit: Unit) -> Result<Option<ExitStatus>, Fault> {
        let mut ended = None;
        for mut leaving in self.running.extract_if(.., |r| r.unit == unit) {
            let _ = Command::new("kill").args(["-TERM", &leaving.child.id().to_string()]).status();
            let until = Instant::now() + GRACE;
            while ended.is_none() && Instant::now() < until {
                ended = leaving.child.try_wait().map_err(|e| e.to_string())?;
                std::thread::sleep(LOOK);
            }
            if ended.is_none() {
                let _ = leaving.child.kill();
                let _ = leaving.child.wait();
                return Err(format!("{} did not end within {} s of SIGTERM", unit.name(), GRACE.as_secs()));
            }
        }
        Ok(ended)
    }

    /// Kills everything.
    pub fn kill_all(&mut self) {
        for unit in [Unit::Enclave, Unit::Gateway, Unit::Linkage] {
            self.kill(unit);
        }
    }

    /// Exit status of a process that has ended by itself; `None` while it runs, or when it was never started.
    pub fn ended(&mut self, unit: Unit) -> Option<ExitStatus> {
        let running = self.running.iter_mut().find(|r| r.unit == unit)?;
        running.child.try_wait().ok().flatten()
    }

    /// Process id, while it runs.
    #[must_use]
    pub fn pid(&self, unit: Unit) -> Option<u32> {
        self.running.iter().find(|r| r.unit == unit).map(|r| r.child.id())
    }

    fn errors(&self, unit: Unit) -> PathBuf {
        self.home.join(format!("stderr-{}.log", unit.name()))
    }

    /// The last lines that a process wrote to its standard error.
    #[must_use]
    pub fn said(&self, unit: Unit) -> String {
        let all = fs::read(self.errors(unit)).unwrap_or_default();
        let all = String::from_utf8_lossy(&all).into_owned();
        let lines: Vec<&str> = all.lines().rev().take(12).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join("\n")
    }

    /// Whole lines of the published record.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        record_lines(&self.home)
    }

    /// The published record, read.
    ///
    /// # Errors
    /// When a line is no event.
    pub fn events(&self) -> Result<Vec<Event>, Fault> {
        self.lines().iter().map(|l| Event::from_bytes(l.as_bytes()).map_err(|e| e.to_string())).collect()
    }

    /// Waits until the record holds an event that `wanted` accepts, from index `from` on; its index.
    ///
    /// # Errors
    /// When none comes in time.
    pub fn wait_event(&self, from: usize, wanted: impl Fn(&Event) -> bool, patience: Duration) -> Result<usize, Fault> {
        let (until, mut length) = (Instant::now() + patience, u64::MAX);
        while Instant::now() < until {
            let now = fs::metadata(self.home.join("log/events.ndjson")).map_or(0, |m| m.len());
            if now != length {
                length = now;
                if let Some(found) = self.events()?.iter().skip(from).position(&wanted) {
                    return Ok(from + found);
                }
            }
            std::thread::sleep(LOOK);
        }
        Err(format!("the awaited event did not come within {} s", patience.as_secs()))
    }

    /// Verifies the published record with `visiting-audit`.
    ///
    /// # Errors
    /// What it found.
    pub fn audit(&self) -> Result<String, Fault> {
        audit(&self.home, &self.home.join("log"))
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.kill_all();
        if self.kept {
            return;
        }
        if std::thread::panicking() || std::env::var_os("VISITING_KEEP").is_some() {
            eprintln!("the data folder is kept: {}", self.home.display());
            for unit in Unit::ALL {
                eprintln!("-- {} said last:\n{}", unit.name(), self.said(unit));
            }
            return;
        }
        let _ = fs::remove_dir_all(&self.home);
    }
}

/// Verifies a copy of a home's record with `visiting-audit`.
///
/// # Errors
/// What it found.
pub fn audit(home: &Path, log: &Path) -> Result<String, Fault> {
    let key = fs::read_to_string(home.join("log/log.vkey")).map_err(|e| e.to_string())?;
    let arguments =
        ["verify", "--log", &text(log), "--key", key.trim(), "--roster", &text(&home.join("gateway/roster.json"))].map(str::to_owned);
    run_tool("visiting-audit", &arguments)
}

/// Runs one of the release programs.
///
/// # Errors
/// What it printed, when it fails.
pub fn run_tool(program: &str, arguments: &[String]) -> Result<String, Fault> {
    let out = Command::new(binaries()?.join(program))
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .map_err(|e| format!("{program} cannot be started: {e}"))?;
    let said = format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    if out.status.success() { Ok(said) } else { Err(format!("{program} ended with {}: {said}", out.status)) }
}

/// Whole lines of a home's published record.
#[must_use]
pub fn record_lines(home: &Path) -> Vec<String> {
    let all = fs::read(home.join("log/events.ndjson")).unwrap_or_default();
    let whole = all.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
    String::from_utf8_lossy(all.get(..whole).unwrap_or_default()).lines().map(str::to_owned).collect()
}

/// The folder of the release programs: beside or above the running test.
///
/// # Errors
/// When they are not built.
pub fn binaries() -> Result<PathBuf, Fault> {
    let exe = std::env::current_exe().map_err(|e| e.to_string())?;
    let found = exe.ancestors().find(|folder| folder.join("visiting-gateway").is_file()).map(Path::to_owned);
    found.ok_or_else(|| "the programs are not built; run cargo build --release --workspace --bins".to_owned())
}

/// The source tree.
///
/// # Errors
/// When neither cargo nor the place of the test tells.
pub fn tree() -> Result<PathBuf, Fault> {
    let starts = [std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from), std::env::current_exe().ok(), std::env::current_dir().ok()];
    let above = starts.iter().flatten().flat_map(|start| start.ancestors());
    let found = above.filter(|p| p.join("catalog/mappings").is_dir() && p.join("Cargo.lock").is_file()).map(Path::to_owned).next();
    found.ok_or_else(|| "the source tree is not found; run the tests through cargo".to_owned())
}

/// The OMOP set beside the workspace, where it is there.
#[must_use]
pub fn omop_set() -> Option<Vec<PathBuf>> {
    let folder = tree().ok()?.parent()?.join("shared/data/omop_synthea1k");
    let files: Vec<PathBuf> = ["person.csv.gz", "condition_occurrence.csv.gz"].iter().map(|f| folder.join(f)).collect();
    files.iter().all(|f| f.is_file()).then_some(files)
}

/// The FHIR examples beside the workspace, where they are there.
#[must_use]
pub fn fhir_set() -> Option<PathBuf> {
    let folder = tree().ok()?.parent()?.join("shared/data/fhir");
    folder.is_dir().then_some(folder)
}

/// A folder of its own below `target/tmp`, empty.
fn fresh_folder(name: &str) -> Result<PathBuf, Fault> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let target = binaries()?.parent().map(Path::to_owned).unwrap_or_default();
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    if number == 0 {
        sweep(&target.join("tmp"));
    }
    let folder = target.join("tmp").join(format!("{name}-{}-{number}", std::process::id()));
    let made = fs::remove_dir_all(&folder)
        .or_else(|e| if e.kind() == ErrorKind::NotFound { Ok(()) } else { Err(e) })
        .and_then(|()| fs::create_dir_all(&folder));
    made.map(|()| folder).map_err(|e| format!("a data folder cannot be made: {e}"))
}

/// Removes folders of test programs that have ended; theirs were kept by a failure or shared by all of their tests.
fn sweep(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let owner = name.rsplit('-').nth(1).and_then(|pid| pid.parse::<u32>().ok());
        if owner.is_some_and(|pid| !Path::new("/proc").join(pid.to_string()).exists()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// A loopback address that nobody listens on, handed out once a process.
fn free_address() -> Result<String, Fault> {
    static NEXT: Mutex<Option<u16>> = Mutex::new(None);
    let mut next = NEXT.lock().unwrap_or_else(PoisonError::into_inner);
    let width = u32::from(PORTS.end - PORTS.start);
    let start = next.unwrap_or_else(|| PORTS.start + u16::try_from(std::process::id().wrapping_mul(61) % width).unwrap_or(0));
    for step in 0..PORTS.end - PORTS.start {
        let port = PORTS.start + (start - PORTS.start + step) % (PORTS.end - PORTS.start);
        let address = format!("127.0.0.1:{port}");
        if TcpListener::bind(&address).is_ok() {
            *next = Some(if port + 1 == PORTS.end { PORTS.start } else { port + 1 });
            return Ok(address);
        }
    }
    Err("no free port on 127.0.0.1".to_owned())
}

/// Copies files and folders; sockets stay behind.
fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    fs::set_permissions(to, fs::metadata(from)?.permissions())?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (kind, target) = (entry.file_type()?, to.join(entry.file_name()));
        if kind.is_dir() {
            copy(&entry.path(), &target)?;
        } else if kind.is_file() {
            fs::copy(entry.path(), &target)?;
            File::open(&target)?.set_permissions(entry.metadata()?.permissions())?;
        }
    }
    Ok(())
}

/// A path as an argument.
#[must_use]
pub fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
