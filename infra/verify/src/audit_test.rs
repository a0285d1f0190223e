//! A sound log passes; each way to tamper with one ends with the exit code that names it.

use std::fs;

use visiting_policies::{
    Code, Refusal,
    handover::{PreflightReport, Purpose, RunReport},
    note::{self, Checkpoint},
    record::{Act, Actor, Event},
    refusal::TextPlace,
    sign,
    terms::Verdict,
};

use crate::{
    audit::{Request, parse, verify},
    ended::{Ended, Fault},
    sample::{self, Folder, ORIGIN},
};

fn request(folder: &Folder) -> Request {
    Request { log: folder.0.clone(), key: sample::log_vkey(), roster: None, structure: false, since: None }
}

fn published(lines: &[Vec<u8>]) -> Folder {
    let folder = Folder::new();
    sample::publish(&folder.0, lines);
    folder
}

fn sound() -> Vec<Vec<u8>> {
    sample::lines(sample::acts())
}

#[track_caller]
fn fails(ended: &Ended, fault: Fault) {
    assert_eq!(ended.fault, Some(fault), "{:#?}", ended.lines);
}

#[test]
fn refusals_with_a_place_and_preflights_are_sound_and_change_no_old_bytes() {
    let enclave = sample::key(2);
    let refusal = Refusal::new(Code::ColumnUse, "take SUM").ja("SUMにしてください").at(Some(TextPlace { line: 2, column: 3 }));
    let report = RunReport {
        run: "run_2".parse().unwrap(),
        index: 12,
        verdict: Verdict::Refuse,
        refusal: Some(refusal.clone()),
        files: Vec::new(),
        ..sample::report()
    }
    .sign(&enclave);
    let tried = |refusal: Option<Refusal>, table: Option<String>| {
        let verdict = if refusal.is_some() { Verdict::Refuse } else { Verdict::Release };
        let report = PreflightReport { preflight: "pre_1".parse().unwrap(), index: 14, verdict, refusal, table }.sign(&enclave);
        (Actor::Enclave, Act::PreflightAnswered { report: report.value, signature: report.signature })
    };
    let (hanako, permit, program) = (Actor::Person("per_a".parse().unwrap()), "prm_1".parse().unwrap(), sign::digest(b"SELECT"));
    let mut acts = sample::acts();
    acts.extend([
        (hanako.clone(), Act::RunRequested { run: "run_2".parse().unwrap(), permit, program: program.clone() }),
        (Actor::Enclave, Act::RunJudged { report: report.value, signature: report.signature }),
        (hanako, Act::PreflightRequested { preflight: "pre_1".parse().unwrap(), permit: "prm_1".parse().unwrap(), program }),
    ]);
    let with = |answer| sample::lines(acts.iter().cloned().chain([answer]).collect());
    for answer in [tried(Some(refusal.clone()), None), tried(None, Some(sign::digest(b"table")))] {
        let ended = verify(&request(&published(&with(answer))));
        assert_eq!(ended.fault, None, "{:#?}", ended.lines);
    }
    // An answer that is neither a refusal nor a table, or one twice, breaks the law.
    fails(&verify(&request(&published(&with(tried(None, None))))), Fault::Meaning);
    let twice = sample::lines(acts.iter().cloned().chain([tried(Some(refusal.clone()), None), tried(Some(refusal), None)]).collect());
    fails(&verify(&request(&published(&twice))), Fault::Meaning);
    assert!(!String::from_utf8(sound().concat()).unwrap().contains("\"ja\""), "what has no Japanese and no place is written as before");
}

#[test]
fn a_sound_log_passes_every_check() {
    let ended = verify(&request(&published(&sound())));
    assert_eq!(ended.fault, None, "{:#?}", ended.lines);
    assert_eq!(ended.lines.last().unwrap(), "sound: 12 events");
}

#[test]
fn a_checkpoint_of_another_key_or_log_is_a_signature_fault() {
    let folder = published(&sound());
    let other_key = Request { key: note::vkey(ORIGIN, &sample::key(9).public_bytes()), ..request(&folder) };
    fails(&verify(&other_key), Fault::Signature);
    let other_log = Request { key: note::vkey("elsewhere.test/log", &sample::key(1).public_bytes()), ..request(&folder) };
    fails(&verify(&other_log), Fault::Signature);
    let changed = fs::read_to_string(folder.0.join("checkpoint")).unwrap().replacen("\n12\n", "\n10\n", 1);
    fs::write(folder.0.join("checkpoint"), changed).unwrap();
    fails(&verify(&request(&folder)), Fault::Signature);
}

#[test]
fn a_changed_removed_added_moved_or_torn_event_is_a_root_fault() {
    type Way = fn(&mut Vec<Vec<u8>>);
    let swap: Way = |lines| lines.swap(3, 4);
    let change: Way = |lines| *lines[2].last_mut().unwrap() = b' ';
    let remove: Way = |lines| drop(lines.remove(5));
    let add: Way = |lines| lines.push(lines[10].clone());
    for way in [swap, change, remove, add] {
        let folder = published(&sound());
        let kept = fs::read(folder.0.join("checkpoint")).unwrap();
        let mut lines = sound();
        way(&mut lines);
        sample::publish(&folder.0, &lines);
        fs::write(folder.0.join("checkpoint"), kept).unwrap();
        fails(&verify(&request(&folder)), Fault::Root);
    }
    let folder = published(&sound());
    let events = fs::read(folder.0.join("events.ndjson")).unwrap();
    fs::write(folder.0.join("events.ndjson"), &events[..events.len() - 1]).unwrap();
    fails(&verify(&request(&folder)), Fault::Root);
}

#[test]
fn a_fork_or_a_shorter_log_is_a_consistency_fault() {
    let folder = published(&sound());
    let old = folder.0.join("old");
    let since = Request { since: Some(old.clone()), ..request(&folder) };
    for size in [1, 4, 7, 12] {
        fs::write(&old, sample::checkpoint(&sound(), size)).unwrap();
        assert_eq!(verify(&since).fault, None);
    }
    let mut fork = sound();
    fork[2].push(b' ');
    fs::write(&old, sample::checkpoint(&fork, 5)).unwrap();
    fails(&verify(&since), Fault::Consistency);
    sample::publish(&folder.0, &sound()[..6]);
    fs::write(&old, sample::checkpoint(&sound(), 7)).unwrap();
    fails(&verify(&since), Fault::Consistency);
    fs::write(&old, Checkpoint { size: 1, root: [0; 32] }.sign(ORIGIN, &sample::key(9))).unwrap();
    fails(&verify(&since), Fault::Signature);
}

#[test]
fn a_signed_but_unlawful_log_is_a_meaning_fault() {
    // The permit with one vote too few: signed by the log's own key, so only the law can tell.
    let mut acts = sample::acts();
    acts.remove(5);
    let folder = published(&sample::lines(acts));
    let ended = verify(&request(&folder));
    fails(&ended, Fault::Meaning);
    assert!(ended.lines.iter().any(|line| line.contains("event 5") && line.contains("permit-not-granted")), "{:#?}", ended.lines);
    assert_eq!(verify(&Request { structure: true, ..request(&folder) }).fault, None);
}

#[test]
fn a_second_spelling_of_an_event_is_a_meaning_fault_even_without_a_roster() {
    let mut lines = sound();
    let event = Event::from_bytes(&lines[3]).unwrap();
    lines[3] = serde_json::to_vec_pretty(&event).unwrap().into_iter().filter(|b| *b != b'\n').collect();
    let folder = published(&lines);
    fails(&verify(&Request { structure: true, ..request(&folder) }), Fault::Meaning);
}

#[test]
fn another_roster_is_a_meaning_fault_and_a_missing_one_a_question() {
    let folder = published(&sound());
    let mut roster = sample::roster();
    roster.quorum = 1;
    fs::write(folder.0.join("other.json"), serde_json::to_vec(&roster).unwrap()).unwrap();
    fails(&verify(&Request { roster: Some(folder.0.join("other.json")), ..request(&folder) }), Fault::Meaning);
    fs::remove_file(folder.0.join("roster.json")).unwrap();
    fails(&verify(&request(&folder)), Fault::Usage);
    assert_eq!(verify(&Request { structure: true, ..request(&folder) }).fault, None);
}

#[test]
fn a_record_that_is_opened_twice_is_a_meaning_fault() {
    let mut acts = sample::acts();
    acts.push((Actor::Gateway, Act::RecordOpened { origin: ORIGIN.into(), roster: sample::roster().digest(), demo: true }));
    fails(&verify(&request(&published(&sample::lines(acts)))), Fault::Meaning);
}

#[test]
fn a_command_that_is_not_understood_is_a_usage_fault() {
    for line in ["", "verify", "verify --log x", "rerun run_1", "verify --log x --key y --what"] {
        let parsed = parse(line.split_whitespace().map(Into::into));
        fails(&parsed.unwrap_err(), Fault::Usage);
    }
    let folder = published(&sound());
    fails(&verify(&Request { key: "nonsense".into(), ..request(&folder) }), Fault::Usage);
    fails(&verify(&Request { log: folder.0.join("absent"), ..request(&folder) }), Fault::Usage);
}
