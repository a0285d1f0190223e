//! The unit behind its Unix socket: a thread a connection, one request at a time at the store.

use std::{
    fs::{self, DirBuilder, File, TryLockError},
    io::{BufRead, BufReader, ErrorKind, Read, Write},
    os::unix::{
        fs::{DirBuilderExt, PermissionsExt},
        net::{UnixListener, UnixStream},
    },
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use crate::{
    LinkageError,
    protocol::{Answer, LINE_MAX_BYTES, Request},
    store::Unit,
};

/// How long a start waits for another unit in the same folder to end: an ingest may just be stopping its own.
const LOCK_WAIT: Duration = Duration::from_secs(15);
const LOCK_POLL: Duration = Duration::from_millis(100);

/// A unit's folder with its lock held: two units would not corrupt anything, but the socket would lead to either.
#[derive(Debug)]
pub struct Place {
    folder: PathBuf,
    _lock: File,
}

impl Place {
    /// Takes the folder `linkage` under `home`, made where it is missing, for this process alone.
    ///
    /// # Errors
    /// When another unit keeps it, or the folder cannot be used.
    pub fn take(home: &Path) -> Result<Self, LinkageError> {
        let folder = home.join("linkage");
        let unusable = "the linkage folder cannot be used; check its rights";
        DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(LinkageError::io(unusable))?;
        let lock = File::create(folder.join("linkage.lock")).map_err(LinkageError::io(unusable))?;
        let started = Instant::now();
        loop {
            match lock.try_lock() {
                Ok(()) => return Ok(Self { folder, _lock: lock }),
                Err(TryLockError::Error(cause)) => return Err(LinkageError::Io { what: unusable, cause }),
                Err(TryLockError::WouldBlock) if started.elapsed() < LOCK_WAIT => thread::sleep(LOCK_POLL),
                Err(TryLockError::WouldBlock) => return Err(LinkageError::Key("another linkage unit runs on this folder; stop it first")),
            }
        }
    }

    /// Where clients find the unit.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.folder.join("linkage.sock")
    }
}

/// Serves until the process ends; calls `ready` once connections are taken.
///
/// # Errors
/// When the unit cannot be opened or the socket cannot be made.
pub fn serve(place: &Place, ready: impl FnOnce(&Path)) -> Result<(), LinkageError> {
    let unit = Arc::new(Mutex::new(Unit::open(&place.folder)?));
    let socket = place.socket();
    let unusable = "the linkage socket cannot be made; check the folder's rights and that its path is under 100 bytes";
    match fs::remove_file(&socket) {
        // What lies there is of a unit that was killed: the lock is ours.
        Err(cause) if cause.kind() != ErrorKind::NotFound => return Err(LinkageError::Io { what: unusable, cause }),
        _ => {}
    }
    let listener = UnixListener::bind(&socket).map_err(LinkageError::io(unusable))?;
    fs::set_permissions(&socket, fs::Permissions::from_mode(0o600)).map_err(LinkageError::io(unusable))?;
    ready(&socket);
    for stream in listener.incoming() {
        let unit = Arc::clone(&unit);
        match stream {
            Ok(stream) => drop(thread::spawn(move || converse(stream, &unit))),
            // Out of descriptors, most likely: let some connections end.
            Err(cause) => {
                tracing::warn!(%cause, "a connection could not be taken");
                thread::sleep(LOCK_POLL);
            }
        }
    }
    Ok(())
}

/// One connection, until its other end closes or speaks nonsense without end.
fn converse(stream: UnixStream, unit: &Mutex<Unit>) {
    let Ok(reading) = stream.try_clone() else { return };
    let (mut reading, mut writing) = (BufReader::new(reading), stream);
    let mut line = Vec::new();
    loop {
        line.clear();
        match (&mut reading).take(LINE_MAX_BYTES).read_until(b'\n', &mut line) {
            Ok(_) if line.last() == Some(&b'\n') => {}
            _ => return,
        }
        let answer = answer(&line, unit).unwrap_or_else(|error| Answer { error: Some(error.to_string()), ..Answer::default() });
        let Ok(mut text) = serde_json::to_vec(&answer) else { return };
        text.push(b'\n');
        if writing.write_all(&text).is_err() {
            return;
        }
    }
}

fn answer(line: &[u8], unit: &Mutex<Unit>) -> Result<Answer, LinkageError> {
    // The parser's message could quote an identity; the place must do.
    let malformed = |e: serde_json::Error| LinkageError::Request(format!("not a request of this protocol (column {})", e.column()));
    let request: Request = serde_json::from_slice(line).map_err(malformed)?;
    // A thread that panicked held no half-done change: changes are transactions.
    let mut unit = unit.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(match request {
        Request::Learn { links } => {
            unit.learn(&links)?;
            Answer { ok: Some(true), ..Answer::default() }
        }
        Request::End { permit } => {
            unit.end(&permit)?;
            Answer { ok: Some(true), ..Answer::default() }
        }
        Request::Tokens { kind, values } => Answer { tokens: Some(unit.tokens(&kind, &values)?), ..Answer::default() },
        Request::Pseudonyms { permit, tokens } => Answer { pseudonyms: Some(unit.pseudonyms(&permit, &tokens)?), ..Answer::default() },
    })
}
