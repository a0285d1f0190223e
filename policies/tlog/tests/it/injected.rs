//! Every system call with which a log's folder is written fails once, and kills once: afterwards the folder verifies whole, nothing
//! that was acknowledged is gone, and the log goes on.

use std::{
    collections::BTreeSet,
    io,
    path::{Path, PathBuf},
    process::Command,
};

use visiting_injection::{Call, Disk, Ended, FAULTS, Fault, Scene, Shot, TOLD, Table, possible, work};
use visiting_tlog::{
    append::Appender, checkpoint::Checkpoint, folder::Folder, merkle::empty_root, note::Note, store::Published, structure::verify,
};

use crate::given::{ORIGIN, Scratch, log, log_key};

/// Names the folder that a child works in. Without it the child's test has nothing to do.
const PLACE: &str = "VISITING_TLOG_INJECTED";

/// Sizes that the child publishes one after the other.
const SIZES: &str = "VISITING_TLOG_SIZES";

/// Calls after which bytes, or names, survive a power loss.
const SYNCS: &[&str] = &["fsync", "fdatasync"];

/// Calls that are hit, under every name that a machine may have for them.
pub(crate) const CALLS: [&[&str]; 6] =
    [&["openat"], &["write", "pwrite64"], SYNCS, &["rename", "renameat", "renameat2"], &["mkdir", "mkdirat"], &["unlink", "unlinkat"]];

fn entries(from: u64, to: u64) -> Vec<Vec<u8>> {
    (from..to).map(|number| format!("entry {number}").into_bytes()).collect()
}

fn empty() -> Checkpoint {
    Checkpoint::new(ORIGIN, 0, empty_root()).unwrap()
}

/// The published checkpoint, or that of an empty log.
fn published(log: &Folder) -> io::Result<Checkpoint> {
    let Some(note) = log.checkpoint()? else { return Ok(empty()) };
    let note = Note::parse(&note).unwrap();
    note.verify(&[log_key().verifier()]).unwrap();
    Ok(Checkpoint::parse(note.text()).unwrap())
}

/// Appends and publishes, as the publisher of a record does.
fn grow(folder: &Folder, log: &mut Appender<&Folder>, to: u64) -> Result<(), String> {
    log.append(&entries(log.size(), to)).map_err(|fault| fault.to_string())?;
    let note = Checkpoint::new(ORIGIN, log.size(), log.root()).unwrap().sign(&[&log_key()]).unwrap();
    folder.publish(note.to_string().as_bytes()).map_err(|error| error.to_string())
}

/// Goes on where the log stands.
#[test]
fn child_that_opens_appends_and_publishes() {
    let Some(folder) = std::env::var_os(PLACE).map(|place| Folder::new(&PathBuf::from(place))) else { return };
    let sizes: Vec<u64> = std::env::var(SIZES).unwrap().split(' ').map(|size| size.parse().unwrap()).collect();
    work(|| {
        let last = published(&folder).map_err(|error| error.to_string())?;
        let mut log = Appender::open(&folder, &last).map_err(|fault| fault.to_string())?;
        for to in &sizes {
            grow(&folder, &mut log, *to)?;
            println!("\npublished {to}");
        }
        Ok(())
    });
}

fn child(folder: &Path, sizes: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["injected::child_that_opens_appends_and_publishes", "--exact", "--nocapture"]);
    command.env(PLACE, folder).env(SIZES, sizes);
    command
}

/// A log over 250 entries, and beside it what a crash between append and publish leaves: wider partial tiles, and a full one.
fn left_by_a_crash(place: &Path) {
    let folder = Folder::new(place);
    let mut log = Appender::create(&folder);
    grow(&folder, &mut log, 250).unwrap();
    let others = |from: u64, to: u64| (from..to).map(|n| format!("other {n}")).collect::<Vec<_>>();
    log.append(&others(250, 253)).unwrap();
    log.append(&others(253, 270)).unwrap();
}

/// What must hold after a run that was hit.
fn judge(place: &Path, before: &Checkpoint, shot: &Shot, ended: &Ended) {
    match shot.fault {
        Fault::Kill => assert!(ended.killed(), "{shot}: {:?}", ended.status),
        Fault::Error(_) => assert_eq!(ended.status.code(), Some(TOLD), "{shot} was not told: {}{}", ended.stdout, ended.stderr),
    }
    let acknowledged = ended.stdout.lines().filter_map(|line| line.strip_prefix("published ")?.parse().ok()).next_back();
    let acknowledged: u64 = acknowledged.unwrap_or(before.size());
    let folder = Folder::new(place);
    let now = published(&folder).unwrap();
    assert!(now.size() >= acknowledged, "{shot}: {acknowledged} were acknowledged and {} are there", now.size());
    // Both histories are ours to compute, so the last acknowledged checkpoint needs nobody's word.
    let known = |size: u64| log(&entries(0, size)).1;
    assert_eq!(now.root(), known(now.size()).root(), "{shot}");
    for earlier in [before, &known(acknowledged)] {
        verify(&folder, &now, Some(earlier)).unwrap_or_else(|fault| panic!("{shot}: {fault}"));
    }
    let mut log = Appender::open(&folder, &now).unwrap_or_else(|fault| panic!("{shot}: {fault}"));
    grow(&folder, &mut log, now.size() + 260).unwrap();
    verify(&folder, &published(&folder).unwrap(), Some(&now)).unwrap_or_else(|fault| panic!("{shot}, and then: {fault}"));
}

fn hit_everywhere(name: &str, prepare: &dyn Fn(&Path), before: &Checkpoint, sizes: &str) -> Table {
    let scratch = Scratch::new(name);
    let folder = scratch.path().canonicalize().unwrap().join("log");
    let scene = Scene { folder: folder.clone(), prepare, child: &|folder| child(folder, sizes) };
    let table = scene.inject(&CALLS.concat(), &FAULTS, |shot, ended| judge(&folder, before, shot, ended)).unwrap();
    println!("{name}, hits x faults\n{table}");
    assert_eq!(table.missed(), [], "only one thread of the child touches the folder, and makes the same calls each time");
    table
}

#[test]
fn a_log_that_is_begun_survives_a_fault_at_every_call() {
    if !possible() {
        return;
    }
    let table = hit_everywhere("injected-begun", &|_| (), &empty(), "256 259");
    // Nothing is taken away from a log that has no leftovers.
    table.covers(CALLS.into_iter().filter(|names| !names.contains(&"unlink")));
}

#[test]
fn a_start_after_a_crash_survives_a_fault_at_every_call() {
    if !possible() {
        return;
    }
    let table = hit_everywhere("injected-start", &left_by_a_crash, &log(&entries(0, 250)).1, "257 513");
    table.covers(CALLS);
}

/// Replays calls, and panics where something is promised that a power loss could still take. Returns how many checkpoints were published.
fn promises_are_safe(folder: &Path, disk: &mut Disk, calls: &[Call], after: &str) -> usize {
    let checkpoint = folder.join("checkpoint");
    // What has no final name yet is no promise, and in place of a lost checkpoint stands the one before it.
    let promised = |path: &&Path| path.extension().is_none_or(|end| end != "new") && *path != checkpoint;
    let mut published = 0;
    for call in calls {
        if call.name.starts_with("rename") && call.paths().any(|path| path == checkpoint) {
            let at_risk: Vec<_> = disk.at_risk().filter(promised).collect();
            assert_eq!(at_risk, [""; 0].map(Path::new), "{after}: a checkpoint is published over what a power loss could take");
            published += 1;
        }
        if call.says() && published > 0 {
            let at_risk = disk.at_risk().filter(|path| promised(path) || **path == checkpoint);
            assert_eq!(at_risk.collect::<Vec<_>>(), [""; 0].map(Path::new), "{after}: the child says that it has published");
        }
        disk.after(call);
    }
    published
}

/// A log whose tiles are all full on the lowest level: what comes next needs folders of its own.
fn ended_with_a_full_tile(place: &Path) {
    let folder = Folder::new(place);
    grow(&folder, &mut Appender::create(&folder), 256).unwrap();
}

/// The sync of a tile, before it has its name.
fn syncs_a_tile(call: &Call, folder: &Path) -> bool {
    let is_new = |path: &Path| path.starts_with(folder.join("tile")) && path.extension().is_some_and(|end| end == "new");
    SYNCS.contains(&call.name.as_str()) && call.paths().any(is_new)
}

/// More tiles in one append than are synced by one thread: all of them are safe before the checkpoint, and one that could not be synced,
/// by whichever thread, gets no name.
fn tiles_that_several_threads_sync_are_safe(folder: &Path) {
    const FULL: u64 = 8;
    let sizes = (256 * (1 + FULL)).to_string();
    // Every folder is there and holds something: the first syncs of all are those of tiles.
    let scene = Scene { folder: folder.to_owned(), prepare: &ended_with_a_full_tile, child: &|folder| child(folder, &sizes) };
    let before = scene.emptied().map(|()| Disk::of(folder)).unwrap();
    let ended = scene.traced().unwrap();
    assert!(ended.status.success(), "{}{}", ended.stdout, ended.stderr);
    assert_eq!(promises_are_safe(folder, &mut before.clone(), &ended.calls, "many tiles"), 1);
    let synced: Vec<_> = ended.calls.iter().filter(|call| syncs_a_tile(call, folder)).collect();
    assert_eq!(synced.len() as u64, 2 * FULL + 1, "bundles, tiles of the lowest level, and the one above them");
    let threads: BTreeSet<_> = synced.iter().map(|call| call.thread).collect();
    assert!(threads.len() > 1, "one thread synced them all");

    let mut failed = 0;
    let hits = scene.inject(SYNCS, &[Fault::Error("EIO")], |shot, ended| {
        assert_eq!(ended.status.code(), Some(TOLD), "{shot} was not told: {}{}", ended.stdout, ended.stderr);
        promises_are_safe(folder, &mut before.clone(), &ended.calls, &shot.to_string());
        let lost = ended.calls.iter().filter(|call| call.hit() && syncs_a_tile(call, folder)).flat_map(Call::paths);
        let lost: BTreeSet<&Path> = lost.collect();
        let mut named = ended.calls.iter().filter(|call| call.name.starts_with("rename")).flat_map(Call::paths);
        assert_eq!(named.find(|path| lost.contains(path)), None, "{shot}: it could not be synced, and got its name");
        failed += lost.len();
    });
    assert!(hits.unwrap().fired(SYNCS, Fault::Error("EIO")) > 0 && failed > 1, "no tile's sync was hit");
}

/// What a kill cannot show: the kernel keeps what was written. So the order of writes, syncs and renames is looked at, in a run that
/// nothing disturbs and in one that comes after a kill at any call.
#[test]
fn nothing_is_acknowledged_that_a_power_loss_could_take() {
    if !possible() {
        return;
    }
    let scratch = Scratch::new("injected-order");
    let folder = scratch.path().canonicalize().unwrap().join("log");
    let rooms: [(&dyn Fn(&Path), _, _); 2] = [(&left_by_a_crash, "257 513", "520"), (&ended_with_a_full_tile, "258 259", "262")];
    for (prepare, sizes, then) in rooms {
        let scene = Scene { folder: folder.clone(), prepare, child: &|folder| child(folder, sizes) };
        let before = scene.emptied().map(|()| Disk::of(&folder)).unwrap();
        let ended = scene.traced().unwrap();
        assert!(ended.status.success(), "{}{}", ended.stdout, ended.stderr);
        assert_eq!(promises_are_safe(&folder, &mut before.clone(), &ended.calls, "undisturbed"), 2);

        let kills = scene.inject(&CALLS.concat(), &[Fault::Kill], |shot, ended| {
            let mut disk = before.clone();
            promises_are_safe(&folder, &mut disk, &ended.calls, &shot.to_string());
            let next = Scene { folder: folder.clone(), prepare: &|_| (), child: &|folder| child(folder, then) };
            let next = next.went_on().unwrap();
            assert!(next.status.success(), "{shot}: {}{}", next.stdout, next.stderr);
            assert_eq!(promises_are_safe(&folder, &mut disk, &next.calls, &format!("after {shot}")), 1);
        });
        assert!(kills.unwrap().fired(&["mkdir", "mkdirat"], Fault::Kill) > 0);
    }
    tiles_that_several_threads_sync_are_safe(&folder);
}
