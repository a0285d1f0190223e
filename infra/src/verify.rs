//! `visiting verify`: every check in order, a line with wall time for each, and at the end what was skipped and why.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
    thread::{self, JoinHandle},
    time::Instant,
};

use crate::{
    browser,
    cargo::{self, cargo},
    debian,
    fault::Fault,
    place, tally,
};

/// Independent programs that results are compared with, by version.
const REQUIREMENTS: &str = "tests/independent/requirements.txt";
/// Version of the checker of bans, licences and sources.
const CARGO_DENY: &str = "0.20.2";

/// What may not be in the dependencies of what (design: the gateway cannot open a table, the enclave has no listener).
const WALLS: &[(&str, &[&str])] = &[
    ("visiting-gateway", &["datafusion", "arrow", "parquet", "wasmtime", "visiting-enclave", "visiting-linkage"]),
    ("visiting-enclave", &["axum", "hyper", "visiting-gateway"]),
    ("visiting-linkage", &["axum", "hyper", "datafusion", "visiting-gateway", "visiting-enclave"]),
    ("visiting-intake", &["datafusion", "wasmtime", "tokio", "visiting-gateway", "visiting-enclave"]),
    ("visiting-verify", &["axum", "hyper", "datafusion", "tokio", "visiting-gateway", "visiting-enclave"]),
    ("visiting-witness", &["datafusion", "visiting-policies", "visiting-gateway", "visiting-enclave"]),
];

/// Where tests are, but for the SDK's documentation. Plain `cargo test` would also link each program once more, for no test.
const TARGETS: &[&str] = &["--lib", "--bin", "visiting", "--test", "*"];

/// Tests at once: one more than the two cores of the smallest machine, as most wait for other processes half of their time.
const TEST_THREADS: &str = "3";

/// Lints and licences, looked at beside the tests.
type Beside = JoinHandle<(Ended, Ended)>;

/// A skip, or a fault; anything else is `n` passed.
enum Ended {
    Passed(usize),
    Failed(Vec<String>),
    Skipped(String),
}

struct Verify {
    tree: PathBuf,
    target: PathBuf,
    /// A skip counts as a failure (`VISITING_REQUIRE=all`).
    strict: bool,
    passed: usize,
    failed: Vec<String>,
    skipped: Vec<String>,
    lines: Vec<String>,
}

/// Runs everything. The exit code is 0 only when nothing failed.
pub(crate) fn all() -> Result<ExitCode, Fault> {
    let strict = env::var("VISITING_REQUIRE").is_ok_and(|value| value == "all");
    let (tree, target) = (place::tree()?, place::target()?);
    let mut verify = Verify { tree, target, strict, passed: 0, failed: Vec::new(), skipped: Vec::new(), lines: Vec::new() };
    verify.step("format", |v| plain(&mut cargo(&v.tree, ["fmt", "--all", "--check"])));
    let profile = cargo::profile()?;
    let installs = installs(&verify.tree, &verify.target);
    verify.step("build", |v| plain(cargo(&v.tree, ["build", "--workspace", "--bins", "--examples", "--locked"]).args(&profile)));
    let installed = installs.join().unwrap_or_else(|_| vec![("installs", panicked())]);
    if verify.failed.iter().any(|name| name.starts_with("build")) {
        return Ok(verify.end());
    }
    installed.into_iter().for_each(|(name, ended)| verify.step(name, |_| ended));
    verify.step("walls", |v| walls(&v.tree));
    let mut beside = None;
    verify.step("tests", |v| v.tests(&profile, &mut beside));
    let checks = beside.unwrap_or_else(|| lints_and_licences(&verify.tree, &verify.target, &profile));
    let (lints, licences) = checks.join().unwrap_or_else(|_| (panicked(), panicked()));
    verify.step("doc", |v| plain(cargo(&v.tree, ["test", "--quiet", "--doc", "--package", "visiting-sdk", "--locked"]).args(&profile)));
    verify.step("clippy", |_| lints);
    verify.step("deny", |_| licences);
    Ok(verify.end())
}

impl Verify {
    fn step(&mut self, name: &str, check: impl FnOnce(&mut Self) -> Ended) {
        eprintln!("\n== {name}");
        let start = Instant::now();
        let mut word = "ok";
        match check(self) {
            Ended::Passed(n) => self.passed += n,
            Ended::Failed(names) => {
                word = "FAILED";
                self.failed.extend(names.into_iter().map(|text| format!("{name}: {text}")));
            }
            Ended::Skipped(reason) => {
                word = "skipped";
                self.skip(name, &reason);
            }
        }
        let line = format!("{name:<8} {word:<8} {:>7.1} s", start.elapsed().as_secs_f64());
        println!("{line}");
        self.lines.push(line);
    }

    /// Records a skip; where everything is required only a missing `../shared` excuses it.
    fn skip(&mut self, name: &str, reason: &str) {
        let list = if self.strict && !reason.starts_with("shared:") { &mut self.failed } else { &mut self.skipped };
        list.push(format!("{name}: {reason}"));
    }

    /// Only targets that have tests: each program without one would be linked for nothing.
    fn tests(&mut self, profile: &[String], beside: &mut Option<Beside>) -> Ended {
        let skips = self.target.join("verify-skips");
        let _ = fs::remove_file(&skips);
        let mut command = cargo(&self.tree, ["test", "--workspace", "--locked", "--no-fail-fast"]);
        command.args(profile).args(TARGETS).env("VISITING_SKIPS_FILE", &skips).envs(found_python(&self.target));
        command.env("RUST_TEST_THREADS", TEST_THREADS);
        command.envs(browser::found(&self.target));
        if debian::has_guest_compilers() {
            command.env("VISITING_GUEST_COMPILERS", "1");
        }
        let each = |line: &str| {
            println!("{line}");
            // Everything is built by now, and cargo's lock on the build is free.
            if line.starts_with("running ") {
                beside.get_or_insert_with(|| lints_and_licences(&self.tree, &self.target, profile));
            }
        };
        let tally = match tally::tally(&mut command, each) {
            Ok(tally) => tally,
            Err(fault) => return Ended::Failed(vec![fault.to_string()]),
        };
        // A test that skips itself has passed as far as cargo knows.
        let text = fs::read_to_string(&skips).unwrap_or_default();
        let own = text.lines().map(|line| line.split_once('\t').unwrap_or((line, "gave no reason")));
        // Where everything is required, a skip has failed already and is counted there.
        let own: Vec<_> = own.filter(|(name, _)| !tally.failed.iter().any(|failed| failed == name)).collect();
        own.iter().for_each(|(name, reason)| self.skip(name, reason));
        (0..tally.ignored).for_each(|_| self.skip("an ignored test", "carries #[ignore]"));
        let passed = tally.passed.saturating_sub(own.len());
        if tally.failed.is_empty() {
            return Ended::Passed(passed);
        }
        self.passed += passed;
        Ended::Failed(tally.failed)
    }

    fn end(self) -> ExitCode {
        println!("\n== summary");
        self.lines.iter().for_each(|line| println!("{line}"));
        self.skipped.iter().for_each(|text| println!("skipped  {text}"));
        self.failed.iter().for_each(|text| println!("FAILED   {text}"));
        println!("{} passed, {} failed, {} skipped", self.passed, self.failed.len(), self.skipped.len());
        if self.failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

/// What tests need is fetched while the processor builds. The seconds of these steps are those that were waited for afterwards.
fn installs(tree: &Path, target: &Path) -> JoinHandle<Vec<(&'static str, Ended)>> {
    let (tree, target) = (tree.to_owned(), target.to_owned());
    thread::spawn(move || {
        vec![
            ("python", or_skip(python(&tree, &target), "python with the independent programs")),
            ("guests", or_skip(debian::guest_compilers(), "the compilers for guests")),
            ("postgres", or_skip(debian::postgres(), "PostgreSQL")),
            ("strace", or_skip(debian::strace(), "strace")),
            ("browser", or_skip(browser::install(&tree, &target), "the browser")),
        ]
    })
}

/// Tests spend a good part of their time waiting: what has no clock to watch runs then, and gives way to them.
fn lints_and_licences(tree: &Path, target: &Path, profile: &[String]) -> Beside {
    let (tree, target, profile) = (tree.to_owned(), target.to_owned(), profile.to_owned());
    thread::spawn(move || {
        let mut clippy = cargo(&tree, ["clippy", "--quiet", "--workspace", "--all-targets", "--locked"]);
        let lints = plain(&mut cargo::gently(clippy.args(profile).args(["--", "-D", "warnings"])));
        (lints, deny(&tree, &target))
    })
}

fn deny(tree: &Path, target: &Path) -> Ended {
    let tools = target.join("tools");
    let program = tools.join("bin/cargo-deny");
    if !program.is_file() {
        // It reads a few files once: optimising it would take longer than all it ever does here.
        let mut install = cargo(tree, ["install", "cargo-deny", "--version", CARGO_DENY, "--locked", "--quiet", "--debug", "--root"]);
        if let Err(fault) = cargo::run(&mut cargo::gently(install.arg(&tools))) {
            return Ended::Skipped(format!("cargo-deny cannot be installed: {fault}"));
        }
    }
    plain(&mut as_cargo(&program, tree, &["--locked", "check", "bans", "licenses", "sources"]))
}

fn panicked() -> Ended {
    Ended::Failed(vec!["its thread ended by a panic".to_owned()])
}

fn plain(command: &mut Command) -> Ended {
    match cargo::run(command) {
        Ok(()) => Ended::Passed(1),
        Err(fault) => Ended::Failed(vec![fault.to_string()]),
    }
}

fn or_skip(done: Result<(), Fault>, what: &str) -> Ended {
    match done {
        Ok(()) => Ended::Passed(1),
        Err(fault) => Ended::Skipped(format!("{what} cannot be installed: {fault}")),
    }
}

/// `cargo deny` without cargo in between: the same clean environment, another program.
fn as_cargo(program: &Path, tree: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(program);
    for (name, _) in cargo(tree, args).get_envs() {
        command.env_remove(name);
    }
    command.current_dir(tree).args(args);
    command
}

fn walls(tree: &Path) -> Ended {
    let breaches: Vec<String> = WALLS.iter().flat_map(|(package, banned)| breaches(tree, package, banned)).collect();
    if breaches.is_empty() { Ended::Passed(WALLS.len()) } else { Ended::Failed(breaches) }
}

/// What of `banned` the package depends on; a name stands for its whole family (`datafusion-expr`).
fn breaches(tree: &Path, package: &str, banned: &[&str]) -> Vec<String> {
    let args = ["tree", "--locked", "--edges", "normal,build", "--prefix", "none", "--format", "{p}", "--package", package];
    let text = match cargo::output(&mut cargo(tree, args)) {
        Ok(text) => text,
        Err(fault) => return vec![fault.to_string()],
    };
    let names = text.lines().filter_map(|line| line.split(' ').next());
    let family = |name: &str| banned.iter().any(|b| name.strip_prefix(b).is_some_and(|rest| rest.is_empty() || rest.starts_with('-')));
    let mut found: Vec<String> = names.filter(|name| family(name)).map(|name| format!("{package} depends on {name}")).collect();
    found.sort();
    found.dedup();
    found
}

/// A python of our own with what results are compared with. The list that was installed last lies beside it: the same list, no work.
fn python(tree: &Path, target: &Path) -> Result<(), Fault> {
    let (folder, wanted) = (target.join("verify-venv"), tree.join(REQUIREMENTS));
    let (program, marker) = (folder.join("bin/python"), folder.join("installed.txt"));
    let unreadable = |e: std::io::Error| Fault::new(format!("{REQUIREMENTS} cannot be copied: {e}"));
    let list = fs::read(&wanted).map_err(unreadable)?;
    if program.is_file() && fs::read(&marker).is_ok_and(|installed| installed == list) {
        return Ok(());
    }
    cargo::run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
    cargo::run(
        Command::new(&program).args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"]).arg(&wanted),
    )?;
    fs::write(&marker, list).map_err(unreadable)
}

/// `VISITING_PYTHON` for the tests, when there is one.
pub(crate) fn found_python(target: &Path) -> Option<(&'static str, PathBuf)> {
    let program = target.join("verify-venv/bin/python");
    program.is_file().then_some(("VISITING_PYTHON", program))
}
