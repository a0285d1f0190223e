//! `log follow`: shows the record as it grows, each event only once a checkpoint has proved it, and stops when the evidence breaks.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    path::{Path, PathBuf},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

use visiting_policies::{
    merkle::Frontier,
    record::{Actor, EVENT_MAX_BYTES, Event},
};

use super::{
    Client, Problem,
    evidence::{Memory, Verifier},
    verbs::VerbError,
};
use crate::{
    files,
    home::Home,
    stream::{
        filter::Filter,
        item::{Data, Item},
    },
};

/// Longest line: the largest event with every byte escaped, and its envelope.
const LINE_MAX_BYTES: u64 = 6 * EVENT_MAX_BYTES as u64 + 4096;

/// Lines that wait between the connection and the reader of them.
const LINES_AHEAD: usize = 64;

/// Silence after which a connection counts as lost: three of the server's signs of life.
const SILENCE_MAX: Duration = Duration::from_secs(45);

/// First and longest pause before another connection.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// How long the gateway may be away from somebody who only wants what is there now.
const AWAY_MAX: Duration = Duration::from_secs(20);

/// How events are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Manner {
    /// A short line to read.
    #[default]
    Short,
    /// Exact leaf lines.
    Leaves,
    /// CloudEvents, checkpoints included.
    CloudEvents,
}

/// What was asked for.
#[derive(Debug, Default)]
pub(super) struct Wish {
    pub(super) from: Option<u64>,
    pub(super) kind: Option<String>,
    pub(super) manner: Manner,
    /// End when everything that is there was verified.
    pub(super) once: bool,
    /// The log's verifier key.
    pub(super) key: Option<String>,
}

/// Follows until the evidence breaks, the login ends or, with `once`, everything there is was verified.
pub(super) fn follow(client: &Client, home: &Home, wish: &Wish, out: &mut impl Write) -> Result<String, VerbError> {
    Filter::new(wish.kind.as_deref(), None, None)?;
    let store = home.path().join("client/follow.json");
    let known = remembered(&store)?;
    let key = pinned(home, wish, known.as_ref(), &store)?;
    let seen = known.as_ref().map_or_else(|| Some(Frontier::default()), Memory::frontier).ok_or_else(|| spoilt(&store))?;
    // Who wants to see events that were seen before gets them proved again from the beginning.
    let verifier = if wish.from.is_some() { Verifier::anew(&key, &seen)? } else { Verifier::new(&key, seen)? };
    let mut follower = Follower { client, wish, key, store, verifier, out };
    follower.run()?;
    // Output for other programs holds nothing else.
    let summary = format!("{} events verified", follower.verifier.seen().size());
    Ok(if wish.manner == Manner::Short { summary } else { String::new() })
}

fn remembered(store: &Path) -> Result<Option<Memory>, VerbError> {
    match std::fs::read(store) {
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|_| spoilt(store)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn spoilt(store: &Path) -> VerbError {
    VerbError::Usage(format!("{} cannot be read; remove it to verify the log from its beginning", store.display()))
}

/// The key to believe: the one that is given, the one of the first visit, or the data folder's own. Whoever gives another one of the same
/// log says that it was rotated; the log must continue what was seen all the same.
fn pinned(home: &Home, wish: &Wish, known: Option<&Memory>, store: &Path) -> Result<String, VerbError> {
    let given = wish.key.clone().map(|key| key.trim().to_owned());
    match (given, known) {
        (Some(given), Some(known)) if name(&given) != name(&known.key) => Err(VerbError::Usage(format!(
            "--log-key is not the key of the log followed so far; remove {} to follow another log",
            store.display()
        ))),
        (Some(given), _) => Ok(given),
        (None, Some(known)) => Ok(known.key.clone()),
        (None, None) => {
            let unknown = |_| VerbError::Usage("say --log-key VKEY, the log's verifier key from somebody you trust".to_owned());
            Ok(std::fs::read_to_string(home.log().join("log.vkey")).map_err(unknown)?.trim().to_owned())
        }
    }
}

/// A verifier key begins with the log's origin.
fn name(vkey: &str) -> Option<&str> {
    vkey.split_once('+').map(|(name, _)| name)
}

struct Follower<'a, W> {
    client: &'a Client,
    wish: &'a Wish,
    key: String,
    store: PathBuf,
    verifier: Verifier,
    out: &'a mut W,
}

/// How a connection ended.
enum Ended {
    /// As it should.
    Whole,
    /// On its way.
    Lost,
}

impl<W: Write> Follower<'_, W> {
    fn run(&mut self) -> Result<(), VerbError> {
        let (mut pause, mut away) = (PAUSES.0, Instant::now());
        loop {
            let before = self.verifier.seen().size();
            match self.visit() {
                Ok(Ended::Whole) if self.wish.once => return Ok(self.verifier.nothing_left()?),
                Ok(Ended::Lost) => self.missed(&Problem::unreachable("the stream breaks off again and again"), away)?,
                Ok(Ended::Whole) => {}
                Err(VerbError::Problem(problem)) if problem.code == "malformed" => return Err(self.shorter(problem)),
                Err(VerbError::Problem(problem)) if problem.status == 0 => self.missed(&problem, away)?,
                Err(error) => return Err(error),
            }
            if self.verifier.seen().size() > before {
                (pause, away) = (PAUSES.0, Instant::now());
            }
            thread::sleep(pause);
            pause = (pause * 2).min(PAUSES.1);
        }
    }

    /// One connection, from where the last one ended.
    fn visit(&mut self) -> Result<Ended, VerbError> {
        let lines = self.client.lines(self.verifier.seen().size(), !self.wish.once)?;
        loop {
            match lines.recv_timeout(SILENCE_MAX) {
                Ok(Some(line)) => self.line(&line)?,
                Ok(None) => return Ok(Ended::Whole),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return Ok(Ended::Lost),
            }
        }
    }

    fn line(&mut self, line: &str) -> Result<(), VerbError> {
        let proved = self.verifier.take(line)?;
        // An event waits for its checkpoint, and a checkpoint alone proves nothing new.
        if proved.len() < 2 {
            return Ok(());
        }
        for item in &proved {
            self.show(item)?;
        }
        self.out.flush()?;
        let memory = serde_json::to_vec(&Memory::new(&self.key, self.verifier.seen()))?;
        Ok(files::replace(&self.store, &memory)?)
    }

    fn show(&mut self, item: &Item) -> Result<(), VerbError> {
        let Data::Record { index, leaf } = &item.data else {
            if self.wish.manner == Manner::CloudEvents {
                writeln!(self.out, "{}", serde_json::to_string(item)?)?;
            }
            return Ok(());
        };
        let event = Event::from_bytes(leaf.as_bytes())?;
        let kind = event.act.kind();
        let asked = self.wish.kind.as_deref().is_none_or(|kinds| kinds.split(',').any(|k| k == kind));
        if !asked || self.wish.from.is_some_and(|from| *index < from) {
            return Ok(());
        }
        match self.wish.manner {
            Manner::Leaves => writeln!(self.out, "{leaf}")?,
            Manner::CloudEvents => writeln!(self.out, "{}", serde_json::to_string(item)?)?,
            Manner::Short => {
                let (time, subject) = (item.time.as_deref().unwrap_or_default(), item.subject.as_deref().unwrap_or_default());
                writeln!(self.out, "{}", format!("{index} {time} {} {kind} {subject}", who(&event.by)).trim_end())?;
            }
        }
        Ok(())
    }

    /// The server does not know the place to go on from: either the log lost events, or the request was wrong.
    fn shorter(&self, problem: Problem) -> VerbError {
        match self.client.checkpoint().map(|checkpoint| self.verifier.still_there(&checkpoint)) {
            Ok(Err(broken)) => broken.into(),
            _ => problem.into(),
        }
    }

    /// A gateway that is away is waited for; not for ever by somebody who wants an answer now.
    fn missed(&self, problem: &Problem, since: Instant) -> Result<(), VerbError> {
        if self.wish.once && since.elapsed() > AWAY_MAX { Err(problem.clone().into()) } else { Ok(()) }
    }
}

fn who(actor: &Actor) -> &str {
    match actor {
        Actor::Person(id) => id.as_str(),
        Actor::Gateway => "gateway",
        Actor::Enclave => "enclave",
        Actor::Nobody => "nobody",
    }
}

impl Client {
    /// Lines of the stream from index `next` on; `None` where it ends as it should. The thread that reads them ends with the connection.
    fn lines(&self, next: u64, follow: bool) -> Result<Receiver<Option<String>>, Problem> {
        let body = self.open("/v1/log/stream.ndjson", &[("follow", if follow { "true" } else { "false" })], next.checked_sub(1))?;
        let (tell, lines) = mpsc::sync_channel(LINES_AHEAD);
        let mut body = BufReader::new(body);
        thread::spawn(move || {
            loop {
                let mut line = Vec::new();
                let read = (&mut body).take(LINE_MAX_BYTES).read_until(b'\n', &mut line);
                let whole = match read {
                    Ok(0) => None,
                    Ok(_) if line.pop() == Some(b'\n') => Some(String::from_utf8_lossy(&line).into_owned()),
                    // Torn off in a line: the receiver notices that this end is gone.
                    _ => return,
                };
                let last = whole.is_none();
                if tell.send(whole).is_err() || last {
                    return;
                }
            }
        });
        Ok(lines)
    }
}
