//! Every system call with which a witness keeps what it has cosigned fails once, and kills once: it never forgets a checkpoint for
//! which somebody has its cosignature.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use visiting_injection::{Disk, Ended, FAULTS, Fault, Scene, Shot, TOLD, possible, work};
use visiting_tlog::{
    append::Appender,
    checkpoint::Checkpoint,
    desk::Desk,
    key::Algorithm,
    note::Note,
    read::Reader,
    request::Request,
    store::Memory,
    witness::{Witness, origin_hash},
};

use crate::{
    given::{ORIGIN, Scratch, log_key, secret},
    injected::CALLS,
};

/// Names the folder that a child works in. Without it the child's test has nothing to do.
const PLACE: &str = "VISITING_WITNESS_INJECTED";

fn witness() -> Witness {
    let logs = [(ORIGIN.to_owned(), vec![log_key().verifier().clone()])].into();
    Witness::new(secret("w.example", Algorithm::Cosignature, 3), logs).unwrap()
}

fn cosigned(desk: &Desk) -> u64 {
    let latest = desk.checkpoint(&origin_hash(ORIGIN));
    latest.map_or(0, |note| Checkpoint::parse(Note::parse(note.as_bytes()).unwrap().text()).unwrap().size())
}

/// Asks for a cosignature over a log of so many entries; what the witness says when it gives none.
fn cosign(desk: &Desk, size: u64) -> Result<(), String> {
    let memory = Memory::default();
    let mut log = Appender::create(&memory);
    log.append(&(0..size).map(u64::to_be_bytes).collect::<Vec<_>>()).unwrap();
    let checkpoint = Checkpoint::new(ORIGIN, size, log.root()).unwrap();
    let old = cosigned(desk);
    let proof = Reader::new(&memory, size).consistency(old).unwrap();
    let request = Request { old, proof, note: checkpoint.sign(&[&log_key()]).unwrap(), checkpoint };
    let answer = desk.add_checkpoint(request.to_string().as_bytes(), 1_700_000_000 + size);
    if answer.status == 200 { Ok(()) } else { Err(answer.body) }
}

#[test]
fn child_that_cosigns() {
    let Some(place) = std::env::var_os(PLACE).map(PathBuf::from) else { return };
    work(|| {
        let desk = Desk::open(&place, witness()).map_err(|fault| fault.to_string())?;
        for size in [5, 9] {
            cosign(&desk, size)?;
            println!("\ncosigned {size}");
        }
        Ok(())
    });
}

fn child(folder: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["injected_desk::child_that_cosigns", "--exact", "--nocapture"]).env(PLACE, folder);
    command
}

fn made(folder: &Path) {
    Desk::create(folder, &witness()).unwrap();
}

fn judge(folder: &Path, shot: &Shot, ended: &Ended) {
    match shot.fault {
        Fault::Kill => assert!(ended.killed(), "{shot}: {:?}", ended.status),
        Fault::Error(_) => assert_eq!(ended.status.code(), Some(TOLD), "{shot} was not told: {}{}", ended.stdout, ended.stderr),
    }
    let given = ended.stdout.lines().filter_map(|line| line.strip_prefix("cosigned ")?.parse().ok()).next_back().unwrap_or(0);
    let desk = Desk::open(folder, witness()).unwrap_or_else(|fault| panic!("{shot}: {fault}"));
    assert!(cosigned(&desk) >= given, "{shot}: {given} was cosigned, {} is known", cosigned(&desk));
    cosign(&desk, 12).unwrap_or_else(|told| panic!("{shot}, and then: {told}"));
}

#[test]
fn a_witness_survives_a_fault_at_every_call() {
    if !possible() {
        return;
    }
    let scratch = Scratch::new("injected-witness");
    let folder = scratch.path().canonicalize().unwrap().join("witness");
    let scene = Scene { folder: folder.clone(), prepare: &made, child: &child };
    let table = scene.inject(&CALLS.concat(), &FAULTS, |shot, ended| judge(&folder, shot, ended)).unwrap();
    println!("witness, hits x faults\n{table}");
    assert_eq!(table.missed(), [], "only one thread of the child touches the folder, and makes the same calls each time");
    // It takes nothing away.
    table.covers(CALLS.into_iter().filter(|names| !names.contains(&"unlink")));
}

#[test]
fn no_cosignature_is_given_that_a_power_loss_could_make_the_witness_forget() {
    if !possible() {
        return;
    }
    let scratch = Scratch::new("injected-witness-order");
    let folder = scratch.path().canonicalize().unwrap().join("witness");
    let scene = Scene { folder: folder.clone(), prepare: &made, child: &child };
    let mut disk = scene.emptied().map(|()| Disk::of(&folder)).unwrap();
    let ended = scene.traced().unwrap();
    assert!(ended.status.success(), "{}{}", ended.stdout, ended.stderr);
    let mut said = 0;
    for call in &ended.calls {
        if call.says() {
            assert_eq!(disk.at_risk().collect::<Vec<_>>(), [""; 0].map(Path::new), "the child says that it has cosigned");
            said += 1;
        }
        disk.after(call);
    }
    assert!(said >= 2, "{said} lines");
}
