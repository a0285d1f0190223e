//! `visiting-audit verify`: is this copy of the record signed, whole, a continuation of what was seen before, and lawful?
//!
//! The log is a C2SP tile directory. Everything but the meaning is checked of any such log, whoever wrote it.

use std::path::PathBuf;

use visiting_tlog::{
    checkpoint::Checkpoint,
    folder::Folder,
    read::ReadFault,
    store::Published,
    structure::{self, StructureFault},
    tile::Kind,
};

use crate::{
    ended::{Ended, Fault},
    meaning,
    progress::{Progress, Watched},
    trust::Trust,
};

/// Shown when the command is not understood.
pub const USAGE: &str =
    "usage: visiting audit verify --log DIR --key VKEY [--policy FILE] [--structure [--no-entries]] [--since CHECKPOINT] [--roster FILE]
  --log DIR           the log: `checkpoint` and `tile/…` as C2SP tlog-tiles writes them, or a copy of it
  --key VKEY          the log's verifier key, got from somebody you trust, not from the folder; again for each further key of the
                      log. With --structure it may be a witness's
  --policy FILE       whose cosignatures are enough (C2SP tlog-policy); it may name the log's key instead of --key
  --structure         any tile log: signature, every tile, every entry and the root, and no word about what the entries mean
  --no-entries        with --structure, for a log that keeps its entries elsewhere, as CT logs do: its hashes only
  --since CHECKPOINT  a checkpoint kept from an earlier visit: the log must continue it
  --roster FILE       who may do what (default: DIR/roster.json, or the gateway's beside DIR)
exit codes: 0 sound, 2 usage, 10 signature or quorum, 11 tile or root, 12 consistency, 13 meaning";

/// Times that a log which grows under our hands is read before a fault counts.
const READS: u32 = 5;

/// What to verify.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The folder.
    pub log: PathBuf,
    /// Verifier keys of the log.
    pub keys: Vec<String>,
    /// The trust policy's file.
    pub policy: Option<PathBuf>,
    /// The roster's file; `None` looks into the folder.
    pub roster: Option<PathBuf>,
    /// Leave out the meaning.
    pub structure: bool,
    /// Leave out the entries, too.
    pub no_entries: bool,
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
    let (mut verb, mut log, mut request) = (None, None, Request::default());
    let mut read = || -> Result<(), lexopt::Error> {
        while let Some(argument) = parser.next()? {
            match argument {
                Long("log") => log = Some(PathBuf::from(parser.value()?)),
                Long("key") => request.keys.push(parser.value()?.string()?),
                Long("policy") => request.policy = Some(PathBuf::from(parser.value()?)),
                Long("roster") => request.roster = Some(PathBuf::from(parser.value()?)),
                Long("structure") => request.structure = true,
                Long("no-entries") => request.no_entries = true,
                Long("since") => request.since = Some(PathBuf::from(parser.value()?)),
                Value(word) if verb.is_none() => verb = Some(word.string()?),
                other => return Err(other.unexpected()),
            }
        }
        Ok(())
    };
    read().map_err(|e| Ended::usage(format!("{e}\n{USAGE}")))?;
    let trusts = !request.keys.is_empty() || request.policy.is_some();
    match (verb.as_deref(), log) {
        (Some("verify"), Some(log)) if trusts && (request.structure || !request.no_entries) => Ok(Request { log, ..request }),
        _ => Err(Ended::usage(USAGE)),
    }
}

/// Verifies a log's folder. Signature and quorum first, then tiles and root, consistency, meaning: the first fault decides the exit code.
///
/// A log that is being written may lose an old partial tile between two looks: while its checkpoint moves on, a fault of its tiles does
/// not count, and all is read again.
#[must_use]
pub fn verify(request: &Request) -> Ended {
    verify_at(request, &Folder::new(&request.log))
}

pub(crate) fn verify_at(request: &Request, folder: &impl Published) -> Ended {
    let trust = match Trust::of(request) {
        Ok(trust) => trust,
        Err(usage) => return usage,
    };
    let mut reads = 0;
    loop {
        let note = match folder.checkpoint() {
            Ok(Some(note)) => note,
            Ok(None) => return Ended::usage("the log's folder has no `checkpoint`"),
            Err(e) => return Ended::usage(format!("`checkpoint` in the log's folder cannot be read: {e}")),
        };
        let ended = once(request, &trust, folder, &note);
        reads += 1;
        let moved = || folder.checkpoint().is_ok_and(|now| now.as_ref() != Some(&note));
        if ended.fault != Some(Fault::Root) || reads == READS || !moved() {
            return ended;
        }
    }
}

fn once(request: &Request, trust: &Trust, folder: &impl Published, note: &[u8]) -> Ended {
    let mut ended = Ended::default();
    let signed = match trust.accept(note, &mut ended) {
        Ok(signed) => signed,
        Err((check, text)) => return ended.fails(Fault::Signature, check, text),
    };
    let checkpoint = &signed.checkpoint;
    let since = match request.since.as_deref().map(|file| trust.earlier(file)).transpose() {
        Ok(since) => since,
        Err((Fault::Usage, text)) => return Ended::usage(text),
        Err((fault, text)) => return ended.fails(fault, "consistency", text),
    };
    let progress = Progress::new(checkpoint.size());
    if let Err((fault, check, text)) = structure(request, folder, checkpoint, since.as_ref(), &progress, &mut ended) {
        return if fault == Fault::Usage { Ended::usage(text) } else { ended.fails(fault, check, text) };
    }
    if request.structure {
        ended.not_checked("meaning", "--structure");
        return ended.sound(format!("{} entries, structure only", checkpoint.size()));
    }
    let roster = match meaning::roster(request) {
        Ok(roster) => roster,
        Err(usage) => return usage,
    };
    if roster.origin != checkpoint.origin() {
        return ended.fails(Fault::Meaning, "law", "the roster names another log");
    }
    progress.begin("events", Kind::Entries);
    meaning::verify(ended, &Watched { store: folder, progress: &progress }, &signed, roster)
}

/// Tiles, entries, root and consistency, in one pass.
fn structure(
    request: &Request,
    folder: &impl Published,
    checkpoint: &Checkpoint,
    since: Option<&Checkpoint>,
    progress: &Progress,
    ended: &mut Ended,
) -> Result<(), (Fault, &'static str, String)> {
    let watched = Watched { store: folder, progress };
    let seen = if request.no_entries {
        progress.begin("hashes", Kind::Level(0));
        structure::verify_hashes(&watched, checkpoint, since)
    } else {
        progress.begin("entries", Kind::Entries);
        structure::verify(&watched, checkpoint, since)
    };
    let seen = seen.map_err(named)?;
    ended.holds("tiles", format!("{} tiles, each follows from those below it", seen.tiles));
    if request.no_entries {
        ended.not_checked("entries", "--no-entries");
    } else {
        ended.holds("entries", format!("{} entries with {} bytes, each is the one that was logged", seen.entries, seen.entry_bytes));
    }
    ended.holds("root", format!("they lead to the checkpoint's root over {} entries", checkpoint.size()));
    match since {
        Some(since) => ended.holds("consistency", format!("continues the checkpoint over {} entries", since.size())),
        None => ended.not_checked("consistency", "no --since; an older copy of the log would look as sound"),
    }
    Ok(())
}

fn named(fault: StructureFault) -> (Fault, &'static str, String) {
    let text = fault.to_string();
    match fault {
        StructureFault::RolledBack { .. } | StructureFault::Forked { .. } => (Fault::Consistency, "consistency", text),
        StructureFault::Root { .. } => (Fault::Root, "root", format!("{text}: one was changed, removed, added or moved")),
        StructureFault::Entry { .. } => (Fault::Root, "entries", text),
        StructureFault::Tile(_) | StructureFault::Partial(_) => (Fault::Root, "tiles", text),
        StructureFault::Read(fault) => (unread(&fault), "tiles", text),
    }
}

/// A tile that is none is the log's fault, one that the disk does not give is not.
pub(crate) fn unread(fault: &ReadFault) -> Fault {
    use std::io::ErrorKind::{FileTooLarge, Other};
    match fault {
        ReadFault::Store(error) if !matches!(error.kind(), FileTooLarge | Other) => Fault::Usage,
        _ => Fault::Root,
    }
}
