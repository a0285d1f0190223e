//! Who is slow or many gets no more than a share.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    path::Path,
    time::{Duration, Instant},
};

use tokio::sync::oneshot;
use visiting_witness::{
    home::Home,
    routes::{Limits, router},
    serve::listen,
};

use crate::given::{LOG, NAME, Scratch, Serving, log_key, post, until};

/// A witness within this process, with limits of its own.
struct Within {
    address: SocketAddr,
    /// Dropped, it is the signal to stop.
    stop: Option<oneshot::Sender<()>>,
    runtime: Option<tokio::runtime::Runtime>,
}

impl Within {
    fn start(home: &Path, limits: Limits) -> Self {
        Home::init(home, NAME).unwrap();
        let home = Home::open(home).unwrap();
        home.trust(&log_key(1).verifier().to_string()).unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, told) = oneshot::channel();
        let router = router(home.desk().unwrap(), limits);
        runtime.spawn(async move { listen(listener, router, limits, async { drop(told.await) }).await });
        Self { address, stop: Some(stop), runtime: Some(runtime) }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream
    }
}

impl Drop for Within {
    fn drop(&mut self) {
        drop(self.stop.take());
        self.runtime.take().unwrap().shutdown_timeout(Duration::from_secs(10));
    }
}

/// What comes until the other end closes; a closed connection may also be reset.
fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    String::from_utf8(bytes).unwrap()
}

#[test]
fn a_head_or_a_body_that_does_not_come_is_not_waited_for() {
    let scratch = Scratch::new();
    let short = Duration::from_millis(300);
    let witness = Within::start(&scratch.home(), Limits { head: short, body: short, ..Limits::default() });
    for begun in ["", "POST /add-check", "POST /add-checkpoint HTTP/1.1\r\nhost: w\r\nx: "] {
        let (mut stream, start) = (witness.connect(), Instant::now());
        stream.write_all(begun.as_bytes()).unwrap();
        let answer = rest(&mut stream);
        assert!(start.elapsed() < Duration::from_secs(20) && !answer.contains(" 200 "), "{answer}");
    }
    let (mut stream, start) = (witness.connect(), Instant::now());
    stream.write_all(b"POST /add-checkpoint HTTP/1.1\r\nhost: w\r\ncontent-length: 100\r\n\r\nold 0\n").unwrap();
    let answer = rest(&mut stream);
    assert!(answer.starts_with("HTTP/1.1 408") && start.elapsed() < Duration::from_secs(20), "{answer}");
    assert_eq!(post(witness.address, &LOG.request(0, 7).to_string()).status, 200);
}

#[test]
fn connections_beyond_the_limit_wait_for_a_place() {
    let scratch = Scratch::new();
    let witness = Within::start(&scratch.home(), Limits { connections: 1, ..Limits::default() });
    let asked = format!("/{}/checkpoint", "0".repeat(64));
    let ask = |stream: &mut TcpStream| write!(stream, "GET {asked} HTTP/1.1\r\nhost: w\r\n\r\n").unwrap();
    let head = |stream: &mut TcpStream| {
        let mut bytes = [0; 12];
        stream.read_exact(&mut bytes).map(|()| String::from_utf8(bytes.to_vec()).unwrap())
    };
    let (mut first, mut second) = (witness.connect(), witness.connect());
    ask(&mut first);
    assert_eq!(head(&mut first).unwrap(), "HTTP/1.1 404");
    ask(&mut second);
    second.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    assert!(head(&mut second).is_err(), "the first one is still there");
    drop(first);
    second.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    assert_eq!(head(&mut second).unwrap(), "HTTP/1.1 404");
}

#[test]
fn requests_beyond_the_limit_are_told_to_come_again() {
    let scratch = Scratch::new();
    let witness = Within::start(&scratch.home(), Limits { requests: 0, ..Limits::default() });
    assert_eq!(post(witness.address, &LOG.request(0, 7).to_string()).status, 503);
}

#[test]
fn a_head_without_end_is_cut_off() {
    let scratch = Scratch::new();
    let witness = Within::start(&scratch.home(), Limits::default());
    let mut stream = witness.connect();
    let _ = stream.write_all(format!("GET / HTTP/1.1\r\nhost: w\r\nx: {}", "y".repeat(1 << 20)).as_bytes());
    let answer = rest(&mut stream);
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431"), "{answer}");
    assert_eq!(post(witness.address, &LOG.request(0, 7).to_string()).status, 200);
}

#[test]
fn a_request_under_way_at_the_signal_to_stop_is_answered() {
    let (scratch, _) = Scratch::made();
    let witness = Serving::start(&scratch.home());
    let body = LOG.request(0, 7).to_string();
    let mut stream = TcpStream::connect(witness.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let (first, second) = body.split_at(20);
    let head = format!("POST /add-checkpoint HTTP/1.1\r\nhost: w\r\nexpect: 100-continue\r\ncontent-length: {}\r\n\r\n", body.len());
    stream.write_all(head.as_bytes()).unwrap();
    // It waits for the body now.
    let mut go_on = [0; 25];
    stream.read_exact(&mut go_on).unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(first.as_bytes()).unwrap();
    witness.tell_to_stop();
    until("the end of listening", || TcpStream::connect(witness.address).is_err());
    stream.write_all(second.as_bytes()).unwrap();
    let answer = rest(&mut stream);
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(witness.ended(), Some(0));
    assert_eq!(Serving::start(&scratch.home()).size(), 7);
}
