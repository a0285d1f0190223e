//! A PostgreSQL server. It refuses to run as root, so for root it runs as `nobody`.

use std::{
    env, fs,
    io::{BufRead, BufReader},
    net::TcpListener,
    os::unix::{fs::MetadataExt, fs::chown, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::{Duration, Instant},
};

/// Ids of `nobody` and its group, the same everywhere.
const NOBODY: u32 = 65_534;

/// Where distributions put the server's programs, beside `PATH`.
const FOLDERS: &str = "/usr/lib/postgresql";

/// Longest that children of a killed server live on, and the pause between two looks.
const GONE_WITHIN: Duration = Duration::from_secs(20);
const LOOK: Duration = Duration::from_millis(20);

/// Servers of one process, for their folders' names.
static STARTED: AtomicU32 = AtomicU32::new(0);

/// One server with one empty database.
#[derive(Debug)]
pub struct Postgres {
    folder: PathBuf,
    port: u16,
    settings: Vec<String>,
    server: Option<Child>,
}

impl Postgres {
    /// Makes a cluster and starts it, with settings as `name=value`.
    ///
    /// # Errors
    /// What is missing, or what the server said.
    pub fn start(settings: &[&str]) -> Result<Self, String> {
        let number = STARTED.fetch_add(1, Ordering::SeqCst);
        let folder = env::temp_dir().join(format!("visiting-postgres-{}-{number}", std::process::id()));
        fs::create_dir_all(&folder).map_err(|e| format!("no folder for PostgreSQL: {e}"))?;
        let root = fs::metadata(&folder).is_ok_and(|about| about.uid() == 0);
        if root {
            chown(&folder, Some(NOBODY), Some(NOBODY)).map_err(|e| format!("no folder for PostgreSQL: {e}"))?;
        }
        let made =
            program("initdb", root)?.arg("-D").arg(folder.join("data")).args(["-U", "postgres", "-A", "trust", "--no-sync"]).output();
        let made = made.map_err(|e| format!("initdb: {e}"))?;
        if !made.status.success() {
            return Err(format!("initdb: {}", String::from_utf8_lossy(&made.stderr)));
        }
        let port = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).map_err(|e| e.to_string())?.port();
        let settings = settings.iter().map(|setting| (*setting).to_owned()).collect();
        let mut this = Self { folder, port, settings, server: None };
        this.run()?;
        Ok(this)
    }

    /// The address of its database.
    #[must_use]
    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// Other settings from its next start on, as `name=value`.
    pub fn set(&mut self, settings: &[&str]) {
        self.settings = settings.iter().map(|setting| (*setting).to_owned()).collect();
    }

    /// Starts the server (again) and waits until it takes connections.
    ///
    /// # Errors
    /// What the server said.
    pub fn run(&mut self) -> Result<(), String> {
        let until = Instant::now() + GONE_WITHIN;
        loop {
            match self.begin() {
                // Those whom a killed server left behind end when they notice it.
                Err(said) if said.contains("still in use") && Instant::now() < until => thread::sleep(LOOK),
                other => return other,
            }
        }
    }

    fn begin(&mut self) -> Result<(), String> {
        let root = fs::metadata(&self.folder).is_ok_and(|about| about.uid() == NOBODY);
        let mut command = program("postgres", root)?;
        command.arg("-D").arg(self.folder.join("data")).args(["-p", &self.port.to_string()]);
        for setting in
            ["listen_addresses=127.0.0.1", "unix_socket_directories="].into_iter().chain(self.settings.iter().map(String::as_str))
        {
            command.args(["-c", setting]);
        }
        let mut server = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().map_err(|e| format!("postgres: {e}"))?;
        let mut said = String::new();
        let mut lines = BufReader::new(server.stderr.take().ok_or("postgres says nothing")?).lines().map_while(Result::ok);
        let ready = lines.by_ref().any(|line| {
            said.push_str(&line);
            line.contains("ready to accept connections")
        });
        // Whatever it says later is read, or it would stop when the pipe is full.
        thread::spawn(move || lines.for_each(drop));
        self.server = Some(server);
        if ready { Ok(()) } else { Err(format!("postgres did not start: {said}")) }
    }

    /// Ends the server as a power cut would: nothing is written down any more.
    pub fn kill(&mut self) {
        if let Some(mut server) = self.server.take() {
            // Its children see that it is gone and end too.
            let _ = server.kill();
            let _ = server.wait();
            let _ = fs::remove_file(self.folder.join("data/postmaster.pid"));
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.kill();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// One of the server's programs, in English.
fn program(name: &str, root: bool) -> Result<Command, String> {
    let versions = fs::read_dir(FOLDERS).into_iter().flatten().flatten().map(|version| version.path().join("bin"));
    let path = env::split_paths(&env::var_os("PATH").unwrap_or_default()).collect::<Vec<_>>();
    let found = versions.chain(path).map(|folder| folder.join(name)).find(|path| path.is_file());
    let mut command = Command::new(found.ok_or_else(|| format!("`{name}` is not installed (Debian: apt-get install postgresql)"))?);
    command.env("LC_ALL", "C").current_dir(Path::new("/"));
    if root {
        command.uid(NOBODY).gid(NOBODY);
    }
    Ok(command)
}
