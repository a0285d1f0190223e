//! Killed at any moment: what was acknowledged is there, and the next start goes on from it.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use visiting_tlog::{
    append::Appender,
    checkpoint::Checkpoint,
    desk::Desk,
    folder::Folder,
    key::Algorithm,
    merkle::empty_root,
    note::Note,
    read::Reader,
    request::Request,
    store::Published,
    structure::verify,
    witness::{Witness, origin_hash},
};

use crate::given::{ORIGIN, Scratch, Seeded, log_key, secret};

/// Names the folder that a child works in. Without it the children's tests have nothing to do.
const PLACE: &str = "VISITING_TLOG_PLACE";

fn place() -> Option<PathBuf> {
    std::env::var_os(PLACE).map(PathBuf::from)
}

fn entry(number: u64) -> Vec<u8> {
    number.to_be_bytes().repeat(1 + usize::try_from(number % 5).unwrap())
}

fn published(log: &Folder) -> Option<Checkpoint> {
    let note = Note::parse(&log.checkpoint().unwrap()?).unwrap();
    note.verify(&[log_key().verifier()]).unwrap();
    Some(Checkpoint::parse(note.text()).unwrap())
}

fn desk(folder: &Path) -> Desk {
    let logs = [(ORIGIN.to_owned(), vec![log_key().verifier().clone()])].into();
    let witness = Witness::new(secret("w.example", Algorithm::Cosignature, 3), logs).unwrap();
    let _ = Desk::create(folder, &witness);
    Desk::open(folder, witness).unwrap()
}

fn cosigned(desk: &Desk) -> u64 {
    let latest = desk.checkpoint(&origin_hash(ORIGIN));
    latest.map_or(0, |note| Checkpoint::parse(Note::parse(note.as_bytes()).unwrap().text()).unwrap().size())
}

/// A log that appends, publishes and has itself cosigned, until it is killed.
#[test]
fn child_that_writes_until_it_is_killed() {
    let Some(place) = place() else { return };
    let folder = Folder::new(&place.join("log"));
    let desk = desk(&place.join("witness"));
    let last = published(&folder).unwrap_or_else(|| Checkpoint::new(ORIGIN, 0, empty_root()).unwrap());
    let mut log = Appender::open(&folder, &last).unwrap();
    let mut seeded = Seeded::new(&format!("child {}", last.size()));
    loop {
        let batch: Vec<_> = (log.size()..log.size() + 1 + seeded.below(300)).map(entry).collect();
        log.append(&batch).unwrap();
        let checkpoint = Checkpoint::new(ORIGIN, log.size(), log.root()).unwrap();
        let note = checkpoint.sign(&[&log_key()]).unwrap();
        folder.publish(note.to_string().as_bytes()).unwrap();
        println!("\npublished {}", log.size());
        let old = cosigned(&desk);
        let proof = Reader::new(&folder, log.size()).consistency(old).unwrap();
        let answer = desk.add_checkpoint(Request { old, proof, note, checkpoint }.to_string().as_bytes(), 1_700_000_000);
        assert_eq!(answer.status, 200, "{}", answer.body);
        println!("\ncosigned {}", log.size());
    }
}

/// What the child said last after this word.
fn said(output: &str, word: &str) -> u64 {
    // A line that the kill has torn has no newline.
    let whole = output.rsplit_once('\n').map_or("", |(whole, _)| whole);
    whole.lines().filter_map(|line| line.strip_prefix(word)?.trim().parse().ok()).next_back().unwrap_or(0)
}

#[test]
fn what_was_published_and_cosigned_survives_kills() {
    let scratch = Scratch::new("killed");
    let mut seeded = Seeded::new("kills");
    let (folder, mut before) = (Folder::new(&scratch.path().join("log")), None::<Checkpoint>);
    // On a busy machine some children are killed before they have said anything.
    for round in 0..60 {
        if round >= 12 && before.is_some() {
            break;
        }
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["killed::child_that_writes_until_it_is_killed", "--exact", "--nocapture"])
            .env(PLACE, scratch.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        thread::sleep(Duration::from_millis(100 + seeded.below(300)));
        child.kill().unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), None, "the child ended by itself");
        let output = String::from_utf8_lossy(&output.stdout).into_owned();
        let desk = desk(&scratch.path().join("witness"));
        assert!(cosigned(&desk) >= said(&output, "cosigned "));
        let Some(now) = published(&folder) else { continue };
        assert!(now.size() >= said(&output, "published ") && now.size() >= cosigned(&desk));
        verify(&folder, &now, before.as_ref()).unwrap();
        before = Some(now);
    }
    assert!(before.unwrap().size() > 0);
}
