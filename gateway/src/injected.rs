//! Every system call with which the journal is written fails once, and kills once: what was answered is there afterwards, the record
//! is lawful, and writing goes on. The log's folder has the same test in `visiting-tlog`.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Command,
    sync::{Arc, RwLock, mpsc},
};

use tokio::sync::{oneshot, watch};
use visiting_injection::{Call, Disk, Ended, FAULTS, Fault, Scene, Shot, TOLD, Table, possible, work};
use visiting_policies::{
    record::{Act, Actor, Event},
    refusal::{Code, Refusal},
    roster::Roster,
    sign::{self, SigningKey},
};

use crate::{
    desk::{Parts, request_key, system_clock},
    health::Health,
    journal::{Journal, SqliteJournal},
    setup::tests::Scratch,
    view::View,
    writer::{Proposal, Writer},
};

/// Names the folder that a child works in. Without it the child's test has nothing to do.
const PLACE: &str = "VISITING_JOURNAL_INJECTED";

/// Acts that a child wants recorded, one after the other.
const ACTS: u64 = 6;

/// How often a child sends what was refused.
const SENDS: usize = 3;

/// Calls that are hit, under every name that a machine may have for them.
const CALLS: [&[&str]; 5] =
    [&["openat"], &["write", "pwrite64"], &["fsync", "fdatasync"], &["ftruncate", "fallocate"], &["unlink", "unlinkat"]];

fn roster() -> (Roster, SigningKey) {
    let key = SigningKey::from_seed(&[7; 32]).unwrap();
    let origin = "injected.example/log".to_owned();
    let roster = Roster { origin, log_key: key.public(), enclave_key: key.public(), quorum: 2, members: BTreeMap::new() };
    (roster, key)
}

/// A writer over the journal in this folder, on the caller's own thread: the same run makes the same calls.
fn writer(folder: &Path) -> Result<(Writer, u64), String> {
    let journal: Arc<dyn Journal> = Arc::new(SqliteJournal::open(&folder.join("journal.sqlite")).map_err(|fault| fault.to_string())?);
    let (roster, key) = roster();
    let mut view = View::new(roster, Arc::new(key));
    view.recover(journal.as_ref(), None).map_err(|refusal| refusal.detail)?;
    let size = view.tree.size();
    let parts = Parts { view: Arc::new(RwLock::new(view)), journal, clock: system_clock(), health: Arc::new(Health::default()) };
    Ok((Writer::new(parts, watch::Sender::new(0), mpsc::sync_channel(1).0), size))
}

fn act(number: u64) -> Act {
    if number == 0 {
        let (roster, _) = roster();
        return Act::RecordOpened { origin: roster.origin.clone(), roster: roster.digest(), demo: true };
    }
    // As long as events are: some pages of the file at a time.
    let name = format!("l{number}-{}", "x".repeat(3000));
    Act::ListingPublished { digest: sign::digest(name.as_bytes()), listing: name }
}

/// Sends an act until it is answered, as a client does under one Idempotency-Key.
fn sent(writer: &mut Writer, number: u64) -> Result<u64, Refusal> {
    let request = request_key("gateway", &format!("act {number}"), b"");
    let mut last = None;
    for _ in 0..SENDS {
        let (reply, mut answer) = oneshot::channel();
        writer.commit(vec![Proposal { by: Actor::Gateway, request: Some(request.clone()), act: act(number), follows: None, reply }]);
        match answer.try_recv().unwrap() {
            Err(refusal) if refusal.code == Code::RecordUnavailable => last = Some(refusal),
            other => return other,
        }
    }
    Err(last.unwrap())
}

/// Goes on where the journal stands, and says what was answered.
#[test]
fn child_that_recovers_and_writes() {
    let Some(folder) = std::env::var_os(PLACE).map(PathBuf::from) else { return };
    work(|| {
        let (mut writer, size) = writer(&folder)?;
        for number in size..size + ACTS {
            let index = sent(&mut writer, number).map_err(|refusal| refusal.detail)?;
            println!("\nanswered {number} {index}");
        }
        Ok(())
    });
}

fn child(folder: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["injected::child_that_recovers_and_writes", "--exact", "--nocapture"]).env(PLACE, folder);
    command
}

/// A journal whose last writer was killed: a copy of its files while they were in use, the write-ahead log among them.
fn left_by_a_crash(folder: &Path) {
    let used = folder.with_extension("used");
    std::fs::create_dir_all(&used).unwrap();
    let (mut writer, size) = writer(&used).unwrap();
    (size..5).for_each(|number| assert_eq!(sent(&mut writer, number).unwrap(), number));
    for file in std::fs::read_dir(&used).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), folder.join(file.file_name())).unwrap();
    }
    drop(writer);
    std::fs::remove_dir_all(&used).unwrap();
}

/// What must hold after a run that was hit. A disk that failed once may be good again at the next try: then the child goes on.
fn judge(folder: &Path, shot: &Shot, ended: &Ended) {
    match shot.fault {
        Fault::Kill => assert!(ended.killed(), "{shot}: {:?}", ended.status),
        Fault::Error(_) => assert!(matches!(ended.status.code(), Some(0 | TOLD)), "{shot}: {}{}", ended.stdout, ended.stderr),
    }
    let answered = ended.stdout.lines().filter_map(|line| line.strip_prefix("answered ")?.split_once(' '));
    let answered: Vec<(u64, u64)> = answered.map(|(act, index)| (act.parse().unwrap(), index.parse().unwrap())).collect();
    let journal = SqliteJournal::open(&folder.join("journal.sqlite")).unwrap();
    let leaves = journal.read(0, 1000).unwrap();
    for (number, index) in &answered {
        let leaf = leaves.get(usize::try_from(*index).unwrap()).unwrap_or_else(|| panic!("{shot}: {number} was answered and is not there"));
        assert_eq!(Event::from_bytes(leaf).unwrap().act, act(*number), "{shot}");
    }
    drop(journal);
    let (mut writer, size) = writer(folder).unwrap_or_else(|fault| panic!("{shot}: {fault}"));
    assert_eq!(sent(&mut writer, size).unwrap(), size, "{shot}: and then");
}

fn hit_everywhere(name: &str, prepare: &dyn Fn(&Path)) -> Table {
    let scratch = Scratch::new(name);
    let folder = scratch.path("").canonicalize().unwrap().join("gateway");
    let scene = Scene { folder: folder.clone(), prepare, child: &child };
    let table = scene.inject(&CALLS.concat(), &FAULTS, |shot, ended| judge(&folder, shot, ended)).unwrap();
    println!("{name}, hits x faults\n{table}");
    table
}

#[test]
fn a_journal_that_is_begun_survives_a_fault_at_every_call() {
    if !possible() {
        return;
    }
    let table = hit_everywhere("journal-begun", &|_| ());
    table.covers(CALLS);
}

#[test]
fn a_start_after_a_crash_survives_a_fault_at_every_call() {
    if !possible() {
        return;
    }
    let table = hit_everywhere("journal-start", &left_by_a_crash);
    table.covers(CALLS.into_iter().filter(|names| !names.contains(&"ftruncate")));
}

/// Replays calls, and panics where something was answered that a power loss could still take. Returns how many answers there were.
fn answers_are_safe(disk: &mut Disk, calls: &[Call], after: &str) -> usize {
    // The index of the write-ahead log is made anew from it.
    let matters = |path: &&Path| !path.to_string_lossy().ends_with("-shm");
    let mut answers = 0;
    for call in calls {
        if call.says() {
            let at_risk: Vec<_> = disk.at_risk().filter(matters).collect();
            assert_eq!(at_risk, [""; 0].map(Path::new), "{after}: the child says that it has written");
            answers += 1;
        }
        disk.after(call);
    }
    answers
}

/// What a kill cannot show: the kernel keeps what was written. So the order of writes and syncs is looked at.
#[test]
fn nothing_is_answered_that_a_power_loss_could_take() {
    if !possible() {
        return;
    }
    let scratch = Scratch::new("journal-order");
    let folder = scratch.path("").canonicalize().unwrap().join("gateway");
    let rooms: [&dyn Fn(&Path); 2] = [&|_| (), &left_by_a_crash];
    for prepare in rooms {
        let scene = Scene { folder: folder.clone(), prepare, child: &child };
        let mut disk = scene.emptied().map(|()| Disk::of(&folder)).unwrap();
        let ended = scene.traced().unwrap();
        assert!(ended.status.success(), "{}{}", ended.stdout, ended.stderr);
        assert!(answers_are_safe(&mut disk, &ended.calls, "undisturbed") as u64 >= ACTS);
    }
}
