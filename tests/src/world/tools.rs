//! Programs that run to their end, and the places where a world finds them and itself.

use std::{
    fs::{self, File},
    io::ErrorKind,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

use super::{Fault, World};

/// Below Linux's range of ephemeral ports: while a gateway is down, no client socket may take its port.
const PORTS: std::ops::Range<u16> = 20_000..32_000;

impl World {
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
            .map_err(|e| format!("{program} cannot be started ({e}); run cargo build --workspace --bins"))
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

/// The folder of the programs: beside or above the running test.
///
/// # Errors
/// When they are not built.
pub fn binaries() -> Result<PathBuf, Fault> {
    let exe = std::env::current_exe().map_err(|e| e.to_string())?;
    let found = exe.ancestors().find(|folder| folder.join("visiting-gateway").is_file()).map(Path::to_owned);
    found.ok_or_else(|| "the programs are not built; run cargo build --workspace --bins".to_owned())
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
pub(super) fn fresh_folder(name: &str) -> Result<PathBuf, Fault> {
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
pub(super) fn free_address() -> Result<String, Fault> {
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
pub(super) fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
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
