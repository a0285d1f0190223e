//! The blocking client: large questions in chunks, and again on a new connection when the unit was killed in between.

use std::{
    io::{BufRead, BufReader, Error, ErrorKind, Write},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use crate::{
    LinkageError,
    protocol::{Answer, Link, Request, VALUES_MAX},
};

/// Pauses between attempts: about 12 seconds together, long enough for a supervisor to start the unit again.
const PAUSES_MS: &[u64] = &[50, 100, 200, 400, 800, 1_600, 2_000, 2_000, 2_000, 2_000];
/// Longest wait for one answer: a full chunk takes well under a second.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);

/// A connection to the linkage unit.
#[derive(Debug)]
pub struct Client {
    socket: PathBuf,
    stream: Option<BufReader<UnixStream>>,
}

impl Client {
    /// Connects, waiting some seconds for a unit that is just starting.
    ///
    /// # Errors
    /// When nothing answers at `socket`.
    pub fn connect(socket: &Path) -> Result<Self, LinkageError> {
        let mut client = Self { socket: socket.to_owned(), stream: None };
        client.retrying(|_| Ok(()))?;
        Ok(client)
    }

    /// True when a unit answers at `socket` right now.
    #[must_use]
    pub fn answers(socket: &Path) -> bool {
        UnixStream::connect(socket).is_ok()
    }

    /// Tells the unit steps of the history of insured numbers.
    ///
    /// # Errors
    /// When the unit refuses or cannot be reached.
    pub fn learn(&mut self, links: &[Link]) -> Result<(), LinkageError> {
        for chunk in links.chunks(VALUES_MAX) {
            self.ask(&Request::Learn { links: chunk.to_vec() })?;
        }
        Ok(())
    }

    /// Tokens of identities of one kind (`insured` or `local:<listing>`), in their order.
    ///
    /// # Errors
    /// When the unit refuses or cannot be reached.
    pub fn tokens(&mut self, kind: &str, values: &[String]) -> Result<Vec<String>, LinkageError> {
        let request = |chunk: &[String]| Request::Tokens { kind: kind.to_owned(), values: chunk.to_vec() };
        self.each(values, request, |answer| answer.tokens)
    }

    /// Pseudonyms of tokens under a permit, in their order.
    ///
    /// # Errors
    /// When the unit refuses or cannot be reached.
    pub fn pseudonyms(&mut self, permit: &str, tokens: &[String]) -> Result<Vec<String>, LinkageError> {
        let request = |chunk: &[String]| Request::Pseudonyms { permit: permit.to_owned(), tokens: chunk.to_vec() };
        self.each(tokens, request, |answer| answer.pseudonyms)
    }

    /// Has the key of a permit that has ended destroyed: its pseudonyms cannot be made again, by anyone.
    ///
    /// # Errors
    /// When the unit refuses or cannot be reached.
    pub fn end(&mut self, permit: &str) -> Result<(), LinkageError> {
        self.ask(&Request::End { permit: permit.to_owned() }).map(|_| ())
    }

    fn each(
        &mut self,
        values: &[String],
        request: impl Fn(&[String]) -> Request,
        pick: impl Fn(Answer) -> Option<Vec<String>>,
    ) -> Result<Vec<String>, LinkageError> {
        let mut out = Vec::with_capacity(values.len());
        for chunk in values.chunks(VALUES_MAX) {
            match pick(self.ask(&request(chunk))?) {
                Some(part) if part.len() == chunk.len() => out.extend(part),
                _ => return Err(LinkageError::Refused("the answer does not fit the question; are both sides of one version?".to_owned())),
            }
        }
        Ok(out)
    }

    /// Every request may be repeated: the same question has the same effect and answer.
    fn ask(&mut self, request: &Request) -> Result<Answer, LinkageError> {
        let line = serde_json::to_vec(request).map_err(|e| LinkageError::Request(e.to_string()))?;
        let answer = self.retrying(|stream| exchange(stream, &line))?;
        match answer.error {
            Some(error) => Err(LinkageError::Refused(error)),
            None => Ok(answer),
        }
    }

    fn retrying<T>(&mut self, attempt: impl Fn(&mut BufReader<UnixStream>) -> Result<T, Error>) -> Result<T, LinkageError> {
        let mut pauses = PAUSES_MS.iter();
        loop {
            let tried = match &mut self.stream {
                Some(stream) => attempt(stream),
                None => open(&self.socket).and_then(|stream| attempt(self.stream.insert(stream))),
            };
            let Err(cause) = tried else { return tried.map_err(LinkageError::Unreachable) };
            self.stream = None;
            match pauses.next() {
                Some(pause) => thread::sleep(Duration::from_millis(*pause)),
                None => return Err(LinkageError::Unreachable(cause)),
            }
        }
    }
}

fn open(socket: &Path) -> Result<BufReader<UnixStream>, Error> {
    let stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(ANSWER_TIMEOUT))?;
    stream.set_write_timeout(Some(ANSWER_TIMEOUT))?;
    Ok(BufReader::new(stream))
}

fn exchange(stream: &mut BufReader<UnixStream>, line: &[u8]) -> Result<Answer, Error> {
    let writing = stream.get_mut();
    writing.write_all(line)?;
    writing.write_all(b"\n")?;
    let mut text = String::new();
    if stream.read_line(&mut text)? == 0 || !text.ends_with('\n') {
        return Err(Error::new(ErrorKind::UnexpectedEof, "the unit closed the connection"));
    }
    serde_json::from_str(&text).map_err(|_| Error::new(ErrorKind::InvalidData, "the answer is not of this protocol"))
}
