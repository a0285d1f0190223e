//! A server that speaks S3, for tests: moto, in a process that ends with its test; and a wire to it that can be cut.

use std::{
    env,
    fs::OpenOptions,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
};

/// Serves until its standard input ends: a test that is killed leaves no server behind.
const SERVE: &str = r#"
import sys
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print("%s:%d" % server.get_host_and_port(), flush=True)
sys.stdin.read()
"#;

/// A server with nothing in it.
pub(super) struct Moto {
    child: Child,
    pub(super) address: SocketAddr,
}

impl Moto {
    /// Starts one; `None`, said aloud, where moto is not installed.
    pub(super) fn start() -> Option<Self> {
        let python = env::var("VISITING_PYTHON").unwrap_or_else(|_| "python3".to_owned());
        let has_moto = Command::new(&python).args(["-c", "import moto.server"]).output().is_ok_and(|o| o.status.success());
        if !has_moto {
            skip("no python with moto; `cargo verify` installs one, or name it in VISITING_PYTHON");
            return None;
        }
        let mut command = Command::new(&python);
        command.args(["-c", SERVE]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Some(Self { child, address: line.trim().parse().unwrap() })
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn skip(reason: &str) {
    let test = thread::current().name().unwrap_or("a test").to_owned();
    eprintln!("SKIPPED {test}: {reason}");
    if let Some(file) = env::var_os("VISITING_SKIPS_FILE") {
        let mut file = OpenOptions::new().create(true).append(true).open(file).unwrap();
        file.write_all(format!("{test}\t{reason}\n").as_bytes()).unwrap();
    }
    assert!(!env::var("VISITING_REQUIRE").is_ok_and(|value| value == "all"), "VISITING_REQUIRE=all, and this was skipped: {reason}");
}

/// Everything passes.
pub(super) const WHOLE: usize = usize::MAX;

/// A wire to the server, one request a connection. After so many PUTs it is cut: before them, or between request and answer.
#[derive(Clone)]
pub(super) struct Wire {
    pub(super) address: SocketAddr,
    /// PUTs that are still answered.
    answered: Arc<AtomicUsize>,
    /// PUTs that still reach the server.
    passed: Arc<AtomicUsize>,
    /// PUTs that the server has had.
    pub(super) had: Arc<AtomicUsize>,
    /// Locks that are asked for do not reach the server.
    lockless: Arc<AtomicBool>,
}

impl Wire {
    pub(super) fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let wire = Self {
            address: listener.local_addr().unwrap(),
            answered: Arc::new(AtomicUsize::new(WHOLE)),
            passed: Arc::new(AtomicUsize::new(WHOLE)),
            had: Arc::default(),
            lockless: Arc::default(),
        };
        let shared = wire.clone();
        thread::spawn(move || {
            for client in listener.incoming() {
                let wire = shared.clone();
                thread::spawn(move || drop(wire.carry(client.unwrap(), server)));
            }
        });
        wire
    }

    /// So many more PUTs pass; then nothing does, as from a server that has stopped.
    pub(super) fn stop_after(&self, puts: usize) {
        self.passed.store(puts, Ordering::SeqCst);
    }

    /// So many more PUTs are answered; those after them reach the server, and nobody hears of it.
    pub(super) fn lose_answers_after(&self, puts: usize) {
        self.answered.store(puts, Ordering::SeqCst);
    }

    /// The server behind it is one that has never heard of Object Lock.
    pub(super) fn drop_locks(&self) {
        self.lockless.store(true, Ordering::SeqCst);
    }

    /// As new.
    pub(super) fn mend(&self) {
        self.passed.store(WHOLE, Ordering::SeqCst);
        self.answered.store(WHOLE, Ordering::SeqCst);
    }

    fn carry(&self, mut client: TcpStream, server: SocketAddr) -> std::io::Result<()> {
        let (mut head, body) = request(&mut client)?;
        if self.lockless.load(Ordering::SeqCst) {
            if head.lines().next().is_some_and(|line| line.contains("?retention")) {
                return client.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            }
            let kept = head.split_inclusive("\r\n").filter(|line| !line.to_ascii_lowercase().starts_with("x-amz-object-lock"));
            head = kept.collect();
        }
        let is_put = head.starts_with("PUT ");
        let taken = |left: &AtomicUsize| {
            let one_less = |n: usize| if n == WHOLE { Some(n) } else { n.checked_sub(usize::from(is_put)) };
            left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less).is_ok_and(|n| n > 0)
        };
        if !taken(&self.passed) {
            return Ok(());
        }
        let mut upstream = TcpStream::connect(server)?;
        upstream.write_all(head.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n").as_bytes())?;
        upstream.write_all(&body)?;
        let mut answer = Vec::new();
        upstream.read_to_end(&mut answer)?;
        if is_put {
            self.had.fetch_add(1, Ordering::SeqCst);
            if !taken(&self.answered) {
                return Ok(());
            }
        }
        client.write_all(&corrected(answer))
    }
}

/// moto 5.2.5 names the root of one answer as no S3 does. The answer ends with its connection, so its length need not be said.
fn corrected(answer: Vec<u8>) -> Vec<u8> {
    match String::from_utf8(answer) {
        Ok(text) if text.contains("<GetBucketVersioningResponse") => {
            let text = text.replace("GetBucketVersioningResponse", "VersioningConfiguration");
            let stated = |line: &&str| !line.to_ascii_lowercase().starts_with("content-length:");
            text.split_inclusive("\r\n").filter(stated).collect::<String>().into_bytes()
        }
        Ok(text) => text.into_bytes(),
        Err(bytes) => bytes.into_bytes(),
    }
}

/// One request; of a body only its length is understood.
fn request(client: &mut TcpStream) -> std::io::Result<(String, Vec<u8>)> {
    let mut reader = BufReader::new(client.try_clone()?);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        let lower = line.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if lower.starts_with("expect: 100-continue") {
            client.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
            continue;
        }
        assert!(!lower.starts_with("transfer-encoding"), "this wire carries bodies of a stated length");
        head.push_str(&line);
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok((head, body))
}
