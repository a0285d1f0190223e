//! `visiting-audit case`: are these leaves in the log, and do they say what the file says of them? Needs the file, the log's key, and
//! where witnesses count, a policy. No log, no gateway, no network.

use std::{ffi::OsString, fs, path::PathBuf};

use visiting_policies::case_file::{CaseFault, CaseFile};
use visiting_tlog::policy::{Accepted, Policy};

use crate::ended::{Ended, Fault};

/// Shown when the command is not understood.
pub const USAGE: &str = "usage: visiting audit case FILE --key VKEY [--policy FILE]
  FILE           a case file, as `visiting log case ID --out FILE` saves it
  --key VKEY     the log's verifier key, got from somebody you trust, not from the file
  --policy FILE  a C2SP tlog-policy: which witnesses must have cosigned the checkpoint
exit codes: 0 sound, 2 usage, 10 signature or witnesses, 11 a leaf that the log does not have, 13 the file's words";

/// Largest case file that is read, bytes: the most leaves of the largest size are ten times this, and nobody reads those.
const FILE_MAX_BYTES: u64 = 64 * 1024 * 1024;

/// What to verify.
struct Request {
    file: PathBuf,
    key: String,
    policy: Option<PathBuf>,
}

/// Reads the words after `case`, and verifies.
#[must_use]
pub fn command(arguments: impl IntoIterator<Item = OsString>) -> Ended {
    match parse(arguments) {
        Ok(request) => verify(&request).unwrap_or_else(|usage| usage),
        Err(usage) => usage,
    }
}

fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Request, Ended> {
    use lexopt::prelude::{Long, Value, ValueExt};
    let mut parser = lexopt::Parser::from_args(arguments);
    let (mut file, mut key, mut policy) = (None, None, None);
    let mut read = || -> Result<(), lexopt::Error> {
        while let Some(argument) = parser.next()? {
            match argument {
                Long("key") => key = Some(parser.value()?.string()?),
                Long("policy") => policy = Some(PathBuf::from(parser.value()?)),
                Value(path) if file.is_none() => file = Some(PathBuf::from(path)),
                other => return Err(other.unexpected()),
            }
        }
        Ok(())
    };
    read().map_err(|e| Ended::usage(format!("{e}\n{USAGE}")))?;
    match (file, key) {
        (Some(file), Some(key)) => Ok(Request { file, key, policy }),
        _ => Err(Ended::usage(USAGE)),
    }
}

/// Signature first, then witnesses, leaves and words: the first fault decides the exit code. `Err` is what could not be read.
fn verify(request: &Request) -> Result<Ended, Ended> {
    let unreadable = |what: &str, e: &dyn std::fmt::Display| Ended::usage(format!("{what} cannot be read: {e}"));
    let size = fs::metadata(&request.file).map_err(|e| unreadable("the case file", &e))?.len();
    if size > FILE_MAX_BYTES {
        return Err(Ended::usage(format!("the case file has {size} bytes; {FILE_MAX_BYTES} are read at most")));
    }
    let text = fs::read(&request.file).map_err(|e| unreadable("the case file", &e))?;
    let key = Policy::parse(format!("log {}\nquorum none\n", request.key.trim()).as_bytes()).map_err(|e| unreadable("--key", &e))?;
    let policy = match &request.policy {
        None => None,
        Some(path) => {
            let policy = fs::read(path).map_err(|e| unreadable("--policy", &e))?;
            Some(Policy::parse(&policy).map_err(|e| unreadable("--policy", &e))?)
        }
    };
    let file: CaseFile = match serde_json::from_slice(&text) {
        Ok(file) => file,
        Err(error) => return Ok(Ended::default().fails(Fault::Meaning, "form", format!("this is no case file: {error}"))),
    };
    Ok(judged(&file, &key, policy.as_ref()))
}

fn judged(file: &CaseFile, key: &Policy, policy: Option<&Policy>) -> Ended {
    let mut ended = Ended::default();
    let accepted = match file.verify(key) {
        Ok(accepted) => accepted,
        Err(fault) => return failed(ended, &fault),
    };
    ended.holds("signature", format!("the checkpoint of {} over {} events is the log's", file.origin, accepted.checkpoint.size()));
    match policy.map(|policy| file.verify(policy)) {
        None => ended.not_checked("witnesses", "say --policy FILE"),
        Some(Ok(Accepted { witnesses, .. })) => ended.holds("witnesses", format!("{} of the policy's cosigned it", witnesses.len())),
        Some(Err(fault)) => return failed(ended, &fault),
    }
    ended.holds("leaves", format!("{} leaves about {} are in the log at the places that the file names", file.leaves.len(), file.about));
    ended.holds("words", "summary and digests are what the leaves say");
    ended.not_checked("whole", "that no other leaf concerns the case shows only the whole log");
    ended.lines.extend(file.summary.iter().map(|line| format!("        {}", printable(line))));
    ended.sound(format!("{} of {}", file.about, file.origin))
}

fn failed(ended: Ended, fault: &CaseFault) -> Ended {
    let (code, check) = match fault {
        CaseFault::Form(_) => (Fault::Meaning, "form"),
        CaseFault::Checkpoint(_) => (Fault::Signature, "signature"),
        CaseFault::Inclusion(_) => (Fault::Root, "leaves"),
        CaseFault::Words(_) => (Fault::Meaning, "words"),
    };
    ended.fails(code, check, printable(&fault.to_string()))
}

/// What a file says, without what a terminal would obey.
fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use visiting_policies::merkle::{Tree, leaf_hash};
    use visiting_tlog::{
        checkpoint::Checkpoint,
        key::{Algorithm, SecretKey},
    };

    use super::*;
    use crate::sample::{self, Folder};

    const ORIGIN: &str = "log.example/visits";

    fn secret(name: &str, algorithm: Algorithm, seed: u8) -> SecretKey {
        SecretKey::from_seed(name, algorithm, &[seed; 32]).unwrap()
    }

    /// A case file of some leaves of the sample's record, signed by the log.
    fn file() -> CaseFile {
        let lines = sample::lines(sample::acts());
        let mut tree = Tree::default();
        lines.iter().for_each(|line| tree.push(leaf_hash(line)));
        let size = tree.size();
        let log = secret(ORIGIN, Algorithm::Ed25519, 1);
        let note = Checkpoint::new(ORIGIN, size, tree.root(size).unwrap()).unwrap().sign(&[&log]).unwrap();
        let leaves = (0..size).filter(|n| n % 2 == 0 || n + 2 > size);
        let leaves = leaves.map(|n| {
            let line = String::from_utf8(lines[usize::try_from(n).unwrap()].clone()).unwrap();
            (n, line, tree.inclusion(n, size).unwrap())
        });
        CaseFile::new("run_1", ORIGIN, &note.to_string(), leaves.collect()).unwrap()
    }

    fn asked(file: &CaseFile, more: &[&str]) -> Ended {
        let folder = Folder::new();
        std::fs::create_dir_all(&folder.0).unwrap();
        let path = folder.0.join("case.json");
        std::fs::write(&path, serde_json::to_vec(file).unwrap()).unwrap();
        let policy = folder.0.join("policy");
        let witness = secret("witness.example", Algorithm::Cosignature, 2);
        let log = secret(ORIGIN, Algorithm::Ed25519, 1);
        std::fs::write(&policy, format!("log {}\nwitness one {}\nquorum one\n", log.verifier(), witness.verifier())).unwrap();
        let key = log.verifier().to_string();
        let mut words: Vec<OsString> = vec![path.into(), "--key".into(), key.into()];
        words.extend(more.iter().map(|word| if *word == "POLICY" { policy.clone().into() } else { OsString::from(word) }));
        command(words)
    }

    #[test]
    fn a_sound_file_is_sound_and_says_what_it_holds() {
        let ended = asked(&file(), &[]);
        assert_eq!(ended.fault, None, "{:#?}", ended.lines);
        assert!(
            ended.lines.iter().any(|line| line.contains("record_opened")) && ended.lines.iter().any(|line| line.contains("not checked"))
        );
    }

    #[test]
    fn each_way_to_be_wrong_has_its_exit_code() {
        let changes: &[(fn(&mut CaseFile), Fault)] = &[
            (|f| f.leaves[1].leaf = f.leaves[0].leaf.clone(), Fault::Root),
            (|f| f.leaves[1].index += 1, Fault::Root),
            (|f| f.leaves[0].proof.clear(), Fault::Root),
            (|f| f.checkpoint = f.checkpoint.replacen("\n1", "\n2", 1), Fault::Signature),
            (|f| f.checkpoint.clear(), Fault::Signature),
            (|f| f.summary[0] = "0 nothing happened".into(), Fault::Meaning),
            (|f| f.leaves.clear(), Fault::Meaning),
            (|f| f.about = "run_other".into(), Fault::Meaning),
        ];
        for (number, (change, fault)) in changes.iter().enumerate() {
            let mut file = file();
            change(&mut file);
            let ended = asked(&file, &[]);
            assert_eq!(ended.fault, Some(*fault), "{number}: {:#?}", ended.lines);
        }
    }

    #[test]
    fn a_policy_asks_for_its_witnesses() {
        let mut file = file();
        assert_eq!(asked(&file, &["--policy", "POLICY"]).fault, Some(Fault::Signature), "nobody cosigned it");
        let mut note = visiting_tlog::note::Note::parse(file.checkpoint.as_bytes()).unwrap();
        let witness = secret("witness.example", Algorithm::Cosignature, 2);
        note.add(visiting_tlog::cosignature::cosign(note.text(), &witness, 1_700_000_000).unwrap());
        file.checkpoint = note.to_string();
        let ended = asked(&file, &["--policy", "POLICY"]);
        assert_eq!(ended.fault, None, "{:#?}", ended.lines);
        assert!(ended.lines.iter().any(|line| line.contains("1 of the policy's")));
    }

    #[test]
    fn what_is_not_understood_is_told_with_the_usage() {
        for words in [&[][..], &["x"], &["x", "--key"], &["--key", "k"], &["no-such-file", "--key", "k"], &["x", "--key", "k", "more"]] {
            assert_eq!(command(words.iter().map(OsString::from)).fault, Some(Fault::Usage), "{words:?}");
        }
    }
}
