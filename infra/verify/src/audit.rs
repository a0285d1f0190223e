//! `visiting-audit verify`: is this copy of the record signed, whole, a continuation of what was seen before, and lawful?

use std::{
    fs::{self, File},
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use visiting_policies::{
    case::Cases,
    merkle::{self, Tree},
    note::{self, Checkpoint},
    record::{EVENT_MAX_BYTES, Event},
    roster::Roster,
    sign,
};

use crate::ended::{Ended, Fault};

/// Shown when the command is not understood.
pub const USAGE: &str = "usage: visiting audit verify --log DIR --key VKEY [--roster FILE] [--structure] [--since CHECKPOINT]
  --log DIR           folder with `events.ndjson` and `checkpoint`, or a copy of it
  --key VKEY          the log's verifier key, got from somebody you trust, not from the folder
  --roster FILE       who may do what (default: DIR/roster.json, or the gateway's beside DIR)
  --structure         signature, root and form only: what can be checked without a roster
  --since CHECKPOINT  a checkpoint kept from an earlier visit: the log must continue it
exit codes: 0 sound, 2 usage, 10 signature, 11 root, 12 consistency, 13 meaning";

/// Times that a log which grows under our hands is read before its extra events count as a fault, and the pause between.
const READS: (u32, Duration) = (5, Duration::from_millis(100));

/// What to verify.
#[derive(Debug, Clone)]
pub struct Request {
    /// The folder.
    pub log: PathBuf,
    /// The log's verifier key.
    pub key: String,
    /// The roster's file; `None` looks into the folder.
    pub roster: Option<PathBuf>,
    /// Leave out the meaning.
    pub structure: bool,
    /// An earlier checkpoint.
    pub since: Option<PathBuf>,
}

/// Reads the command line.
///
/// # Errors
/// A sentence and the usage.
pub fn parse(arguments: impl IntoIterator<Item = std::ffi::OsString>) -> Result<Request, Ended> {
    use lexopt::prelude::{Long, Value, ValueExt};
    let mut parser = lexopt::Parser::from_args(arguments);
    let (mut verb, mut log, mut key, mut roster, mut structure, mut since) = (None, None, None, None, false, None);
    let mut read = || -> Result<(), lexopt::Error> {
        while let Some(argument) = parser.next()? {
            match argument {
                Long("log") => log = Some(PathBuf::from(parser.value()?)),
                Long("key") => key = Some(parser.value()?.string()?),
                Long("roster") => roster = Some(PathBuf::from(parser.value()?)),
                Long("structure") => structure = true,
                Long("since") => since = Some(PathBuf::from(parser.value()?)),
                Value(word) if verb.is_none() => verb = Some(word.string()?),
                other => return Err(other.unexpected()),
            }
        }
        Ok(())
    };
    read().map_err(|e| Ended::usage(format!("{e}\n{USAGE}")))?;
    match (verb.as_deref(), log, key) {
        (Some("verify"), Some(log), Some(key)) => Ok(Request { log, key, roster, structure, since }),
        _ => Err(Ended::usage(USAGE)),
    }
}

/// Verifies a log folder. Signature first, then root, form, consistency, meaning: the first fault decides the exit code.
#[must_use]
pub fn verify(request: &Request) -> Ended {
    let mut ended = Ended::default();
    let (origin, public) = match note::parse_vkey(&request.key) {
        Ok(key) => key,
        Err(refusal) => return Ended::usage(format!("--key: {}", refusal.detail)),
    };
    let roster = match roster(request) {
        Ok(roster) => roster,
        Err(usage) => return usage,
    };
    let signed = match Signed::read(&request.log, &origin, &public) {
        Ok(signed) => signed,
        Err(ReadFault::Unreadable(text)) => return Ended::usage(text),
        Err(ReadFault::Unsigned(text)) => return ended.fails(Fault::Signature, "signature", text),
    };
    let Signed { checkpoint, scan } = signed;
    ended.holds("signature", format!("the checkpoint of {origin} over {} events is the log's", checkpoint.size));
    if let Err(text) = covered(&scan, &checkpoint) {
        return ended.fails(Fault::Root, "root", text);
    }
    ended.holds("root", format!("{} events lead to {}", checkpoint.size, sign::hex(&checkpoint.root)));
    if let Some(text) = scan.out_of_form {
        return ended.fails(Fault::Meaning, "form", text);
    }
    ended.holds("form", "each event is in its one canonical spelling");
    if let Some(file) = &request.since {
        match since(file, &origin, &public, &checkpoint, &scan.tree) {
            Ok(size) => ended.holds("consistency", format!("continues the checkpoint over {size} events")),
            Err((Fault::Usage, text)) => return Ended::usage(text),
            Err((fault, text)) => return ended.fails(fault, "consistency", text),
        }
    }
    meaning(ended, request, &public, roster, &checkpoint)
}

fn roster(request: &Request) -> Result<Option<Roster>, Ended> {
    if request.structure {
        return Ok(None);
    }
    // Wherever it lies, the record's first event holds its digest: another roster is found out by the fold.
    let near = [request.log.join("roster.json"), request.log.join("../gateway/roster.json")];
    let found = || near.into_iter().find(|path| path.is_file()).unwrap_or_else(|| PathBuf::from("roster.json"));
    let text = fs::read(request.roster.clone().unwrap_or_else(found)).map_err(|e| {
        Ended::usage(format!(
            "the roster cannot be read ({e}); name it with --roster FILE, or check only signature, root and form with --structure"
        ))
    })?;
    serde_json::from_slice(&text).map(Some).map_err(|e| Ended::usage(format!("the roster cannot be read: {e}")))
}

/// A checkpoint and the events beside it, read together.
struct Signed {
    checkpoint: Checkpoint,
    scan: Scan,
}

enum ReadFault {
    Unreadable(String),
    Unsigned(String),
}

impl Signed {
    /// A live log is written while we read: events beyond the checkpoint are read again until the checkpoint has caught up.
    fn read(log: &Path, origin: &str, public: &[u8]) -> Result<Self, ReadFault> {
        let unreadable =
            |what: &'static str| move |e: std::io::Error| ReadFault::Unreadable(format!("{what} in the log's folder cannot be read: {e}"));
        let mut reads = 0;
        loop {
            let text = fs::read(log.join("checkpoint")).map_err(unreadable("`checkpoint`"))?;
            let text = String::from_utf8(text).map_err(|_| ReadFault::Unsigned("the checkpoint is no text".to_owned()))?;
            let checkpoint = Checkpoint::open(&text, origin, public).map_err(|refusal| ReadFault::Unsigned(refusal.detail))?;
            let scan = Scan::of(&log.join("events.ndjson")).map_err(unreadable("`events.ndjson`"))?;
            reads += 1;
            if scan.lines <= checkpoint.size || reads == READS.0 {
                return Ok(Self { checkpoint, scan });
            }
            thread::sleep(READS.1);
        }
    }
}

/// One pass over the events.
struct Scan {
    tree: Tree,
    lines: u64,
    /// The first event that is not in canonical form. Counts only once the root holds: a changed byte is first of all that.
    out_of_form: Option<String>,
    /// The file ends in the middle of a line.
    torn: bool,
}

impl Scan {
    fn of(path: &Path) -> std::io::Result<Self> {
        let mut scan = Self { tree: Tree::default(), lines: 0, out_of_form: None, torn: false };
        each_line(path, |line, whole| {
            scan.tree.push(merkle::leaf_hash(line));
            if let (None, Err(refusal)) = (&scan.out_of_form, Event::from_bytes(line)) {
                scan.out_of_form = Some(format!("event {}: {}", scan.lines, refusal.detail));
            }
            scan.lines += 1;
            scan.torn = !whole;
            true
        })?;
        Ok(scan)
    }
}

/// Hands each line to `take` (without its newline, and whether it had one) until it says stop.
fn each_line(path: &Path, mut take: impl FnMut(&[u8], bool) -> bool) -> std::io::Result<()> {
    let mut file = BufReader::with_capacity(1 << 20, File::open(path)?);
    let mut line = Vec::with_capacity(EVENT_MAX_BYTES);
    while file.read_until(b'\n', &mut line)? > 0 {
        let whole = line.last() == Some(&b'\n');
        if whole {
            line.pop();
        }
        if !take(&line, whole) {
            return Ok(());
        }
        line.clear();
    }
    Ok(())
}

/// The events are exactly those that the checkpoint covers.
fn covered(scan: &Scan, checkpoint: &Checkpoint) -> Result<(), String> {
    if scan.lines != checkpoint.size || scan.torn {
        let torn = if scan.torn { ", the last one torn" } else { "" };
        return Err(format!("the checkpoint covers {} events, the folder holds {}{torn}", checkpoint.size, scan.lines));
    }
    if scan.tree.root(checkpoint.size) != Some(checkpoint.root) {
        return Err("the events do not lead to the signed root: one was changed, removed, added or moved".to_owned());
    }
    Ok(())
}

/// The log continues an earlier checkpoint: its root over that many events is the same.
fn since(file: &Path, origin: &str, public: &[u8], now: &Checkpoint, tree: &Tree) -> Result<u64, (Fault, String)> {
    let text = fs::read_to_string(file).map_err(|e| (Fault::Usage, format!("--since cannot be read: {e}")))?;
    let old = Checkpoint::open(&text, origin, public)
        .map_err(|refusal| (Fault::Signature, format!("the earlier checkpoint: {}", refusal.detail)))?;
    if old.size > now.size {
        return Err((Fault::Consistency, format!("the earlier checkpoint covers {} events, this one only {}", old.size, now.size)));
    }
    if tree.root(old.size) != Some(old.root) {
        return Err((
            Fault::Consistency,
            format!("the first {} events are not those of the earlier checkpoint: the log was forked", old.size),
        ));
    }
    Ok(old.size)
}

/// Folds all events with the law itself.
fn meaning(mut ended: Ended, request: &Request, public: &[u8], roster: Option<Roster>, checkpoint: &Checkpoint) -> Ended {
    let Some(roster) = roster else {
        ended.not_checked("meaning", "--structure");
        return ended.sound(format!("{} events, structure only", checkpoint.size));
    };
    if sign::from_base64(&roster.log_key).as_deref() != Some(public) {
        return ended.fails(Fault::Meaning, "meaning", "the roster names another log key");
    }
    let (mut cases, mut broken) = (Cases::new(roster), None);
    let read = each_line(&request.log.join("events.ndjson"), |line, _| {
        if cases.size() == checkpoint.size {
            return false;
        }
        let admitted = Event::from_bytes(line).and_then(|event| cases.admit(&event));
        broken = admitted.err().map(|refusal| format!("event {}: {} ({})", cases.size(), refusal.detail, refusal.code.name()));
        broken.is_none()
    });
    match (read, broken) {
        (Err(e), _) => Ended::usage(format!("`events.ndjson` in the log's folder cannot be read: {e}")),
        (Ok(()), Some(text)) => ended.fails(Fault::Meaning, "meaning", text),
        (Ok(()), None) => {
            let found = (cases.applications.len(), cases.permits.len(), cases.runs.len());
            ended.holds("meaning", format!("each event was allowed: {} applications, {} permits, {} runs", found.0, found.1, found.2));
            ended.sound(format!("{} events", checkpoint.size))
        }
    }
}
