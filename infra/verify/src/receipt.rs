//! `visiting-receipt verify`: is this file what the exit gate released, and is the verdict in the record?

use std::{fs, path::PathBuf};

use visiting_policies::{note, receipt::Receipt};

use crate::ended::{Ended, Fault};

/// Shown when the command is not understood.
pub const USAGE: &str = "usage: visiting receipt verify --receipt FILE --file FILE --key VKEY [--log-key VKEY]...
  --receipt FILE  the signed receipt, `receipt.note`
  --file FILE     the released file, `table.csv` or `table.parquet`
  --key VKEY      the exit gate's verifier key
  --log-key VKEY  the log's verifier key: also checks that the log itself signed the enclosed checkpoint; again for each key that
                  the log has had, as a receipt keeps the checkpoint of its time
exit codes: 0 sound, 2 usage, 10 signature, 11 the file or the proof does not fit";

/// What to verify.
#[derive(Debug, Clone)]
pub struct Request {
    /// The receipt's file.
    pub receipt: PathBuf,
    /// The released file.
    pub file: PathBuf,
    /// The gate's verifier key.
    pub key: String,
    /// The log's verifier keys.
    pub log_keys: Vec<String>,
}

/// Reads the command line.
///
/// # Errors
/// A sentence and the usage.
pub fn parse(arguments: impl IntoIterator<Item = std::ffi::OsString>) -> Result<Request, Ended> {
    use lexopt::prelude::{Long, Value, ValueExt};
    let mut parser = lexopt::Parser::from_args(arguments);
    let (mut verb, mut receipt, mut file, mut key, mut log_keys) = (None, None, None, None, Vec::new());
    let mut read = || -> Result<(), lexopt::Error> {
        while let Some(argument) = parser.next()? {
            match argument {
                Long("receipt") => receipt = Some(PathBuf::from(parser.value()?)),
                Long("file") => file = Some(PathBuf::from(parser.value()?)),
                Long("key") => key = Some(parser.value()?.string()?),
                Long("log-key") => log_keys.push(parser.value()?.string()?),
                Value(word) if verb.is_none() => verb = Some(word.string()?),
                other => return Err(other.unexpected()),
            }
        }
        Ok(())
    };
    read().map_err(|e| Ended::usage(format!("{e}\n{USAGE}")))?;
    match (verb.as_deref(), receipt, file, key) {
        (Some("verify"), Some(receipt), Some(file), Some(key)) => Ok(Request { receipt, file, key, log_keys }),
        _ => Err(Ended::usage(USAGE)),
    }
}

/// Verifies one receipt and one file.
#[must_use]
pub fn verify(request: &Request) -> Ended {
    let mut ended = Ended::default();
    let (name, public) = match note::parse_vkey(&request.key) {
        Ok(key) => key,
        Err(refusal) => return Ended::usage(format!("--key: {}", refusal.detail)),
    };
    let (text, file) = match (fs::read(&request.receipt), fs::read(&request.file)) {
        (Ok(text), Ok(file)) => (String::from_utf8_lossy(&text).into_owned(), file),
        (Err(e), _) => return Ended::usage(format!("--receipt cannot be read: {e}")),
        (_, Err(e)) => return Ended::usage(format!("--file cannot be read: {e}")),
    };
    if let Err(refusal) = note::open_note(&text, &name, &public) {
        return ended.fails(Fault::Signature, "signature", refusal.detail);
    }
    ended.holds("signature", format!("the receipt is signed by {name}"));
    let receipt = match Receipt::verify(&text, &request.key, &file) {
        Ok(receipt) => receipt,
        Err(refusal) => return ended.fails(Fault::Root, "content", refusal.detail),
    };
    ended.holds("content", format!("the file is one that run {} released under {}", receipt.report.run, receipt.permit));
    ended.holds("inclusion", format!("the verdict is event {} under the enclosed checkpoint", receipt.index));
    if let Some(refusal) = request.log_keys.iter().find_map(|key| note::parse_vkey(key).err()) {
        return Ended::usage(format!("--log-key: {}", refusal.detail));
    }
    // Any of them may have signed: which one was in force then, only the record knows.
    match request.log_keys.iter().map(|key| receipt.verify_checkpoint(key)).reduce(Result::or) {
        None => ended.not_checked("log", "who signed the enclosed checkpoint; give --log-key"),
        Some(Ok(checkpoint)) => ended.holds("log", format!("the checkpoint over {} events is the log's", checkpoint.size)),
        Some(Err(refusal)) => {
            let text = format!("{}; where the log's key was rotated, give --log-key for each that it has had", refusal.detail);
            return ended.fails(Fault::Signature, "log", text);
        }
    }
    ended.sound(receipt.report.run)
}
