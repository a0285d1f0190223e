//! What tests start from: a log at every size, a witness's program on a port of its own, folders that go away.

use std::{
    fs,
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use visiting_tlog::{
    append::Appender,
    checkpoint::Checkpoint,
    key::{Algorithm, SecretKey, VerifierKey},
    note::Note,
    read::Reader,
    request::Request,
    store::Memory,
    witness::origin_hash,
};

pub(crate) const ORIGIN: &str = "log.example/visits";
pub(crate) const NAME: &str = "witness.example/w1";

pub(crate) fn log_key(seed: u8) -> SecretKey {
    SecretKey::from_seed(ORIGIN, Algorithm::Ed25519, &[seed; 32]).unwrap()
}

/// A log whose entries are numbers, or other numbers.
pub(crate) struct Log {
    pub(crate) word: &'static str,
}

pub(crate) const LOG: Log = Log { word: "entry" };
pub(crate) const FORK: Log = Log { word: "other" };

impl Log {
    pub(crate) fn entries(&self, size: u64) -> Vec<String> {
        (0..size).map(|number| format!("{} {number}", self.word)).collect()
    }

    /// Asks to cosign `size` entries after `old`, signed by the log's key of this seed.
    pub(crate) fn signed(&self, seed: u8, old: u64, size: u64) -> Request {
        let memory = Memory::default();
        let mut log = Appender::create(&memory);
        log.append(&self.entries(size)).unwrap();
        let checkpoint = Checkpoint::new(ORIGIN, size, log.root()).unwrap();
        let proof = if old > size { Vec::new() } else { Reader::new(&memory, size).consistency(old).unwrap() };
        Request { old, proof, note: checkpoint.sign(&[&log_key(seed)]).unwrap(), checkpoint }
    }

    pub(crate) fn request(&self, old: u64, size: u64) -> Request {
        self.signed(1, old, size)
    }
}

/// A folder that goes away with its test.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("visiting-witness-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// Where the witness lives.
    pub(crate) fn home(&self) -> PathBuf {
        self.0.join("home")
    }

    /// A witness that trusts the log's first key.
    pub(crate) fn made() -> (Self, VerifierKey) {
        let scratch = Self::new();
        let made = said(&scratch.run(&["init", "--name", NAME]));
        said(&scratch.run(&["trust", "--log", &log_key(1).verifier().to_string()]));
        let key = VerifierKey::parse(&made).unwrap();
        (scratch, key)
    }

    /// Runs one of the program's words to its end.
    pub(crate) fn run(&self, words: &[&str]) -> Output {
        program().args(words).arg("--home").arg(self.home()).output().unwrap()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub(crate) fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_visiting-witness"))
}

/// What a word said that went well.
pub(crate) fn said(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap().trim_end().to_owned()
}

/// What a word said that went wrong, with this exit code.
pub(crate) fn complained(output: &Output, code: i32) -> String {
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// The program, serving.
pub(crate) struct Serving {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Serving {
    pub(crate) fn start(home: &Path) -> Self {
        let mut child = program()
            .args(["serve", "--listen", "127.0.0.1:0", "--home"])
            .arg(home)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim_end().strip_prefix("ready witness ").and_then(|address| address.parse().ok());
        Self { address: address.unwrap_or_else(|| panic!("it said {line:?}")), child }
    }

    pub(crate) fn ask(&self, request: &Request) -> Answer {
        post(self.address, &request.to_string())
    }

    /// What monitors get for the log.
    pub(crate) fn monitored(&self) -> Option<String> {
        let answer = get(self.address, &format!("/{}/checkpoint", origin_hash(ORIGIN)));
        (answer.status == 200).then_some(answer.body)
    }

    /// How much of the log it says it has cosigned.
    pub(crate) fn size(&self) -> u64 {
        self.monitored().map_or(0, |note| Checkpoint::parse(Note::parse(note.as_bytes()).unwrap().text()).unwrap().size())
    }

    /// SIGTERM; its exit code.
    pub(crate) fn stop(self) -> Option<i32> {
        self.tell_to_stop();
        self.ended()
    }

    pub(crate) fn tell_to_stop(&self) {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
    }

    /// Its exit code, once it has ended.
    pub(crate) fn ended(mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }

    /// SIGKILL.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        assert_eq!(self.child.wait().unwrap().code(), None, "it ended by itself");
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: String,
    pub(crate) body: String,
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(Duration::from_secs(60))).build().into()
}

fn answered(response: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Result<Answer, ureq::Error> {
    let mut response = response?;
    let header = response.headers().get("content-type");
    let content_type = header.map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
    Ok(Answer { status: response.status().as_u16(), content_type, body: response.body_mut().read_to_string()? })
}

pub(crate) fn try_post(address: SocketAddr, body: &str) -> Result<Answer, ureq::Error> {
    answered(agent().post(format!("http://{address}/add-checkpoint")).send(body))
}

pub(crate) fn post(address: SocketAddr, body: &str) -> Answer {
    try_post(address, body).unwrap()
}

pub(crate) fn get(address: SocketAddr, path: &str) -> Answer {
    answered(agent().get(format!("http://{address}{path}")).call()).unwrap()
}

/// Waits until something is so.
pub(crate) fn until(what: &str, mut is: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is() {
        assert!(begun.elapsed() < Duration::from_secs(30), "{what} did not come about");
        thread::yield_now();
    }
}
