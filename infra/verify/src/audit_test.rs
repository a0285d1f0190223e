//! A sound log passes; a signed one that breaks the law, or a command that is not understood, ends with the exit code that names it.

use std::fs;

use visiting_policies::{
    Code, Refusal,
    handover::{PreflightReport, Purpose, RunReport},
    note,
    record::{Act, Actor, Event},
    refusal::TextPlace,
    rotation::LogKeyRotation,
    sign,
    terms::Verdict,
};

use crate::{
    audit::{Request, parse, verify},
    ended::{Ended, Fault},
    sample::{self, Folder, ORIGIN},
    sample_later,
};

pub(crate) fn request(folder: &Folder) -> Request {
    Request { log: folder.0.clone(), keys: vec![sample::log_vkey()], ..Request::default() }
}

pub(crate) fn published(lines: &[Vec<u8>]) -> Folder {
    let folder = Folder::new();
    sample::publish(&folder.0, lines);
    folder
}

fn sound() -> Vec<Vec<u8>> {
    sample::lines(sample::acts())
}

#[track_caller]
pub(crate) fn fails(ended: &Ended, fault: Fault) {
    assert_eq!(ended.fault, Some(fault), "{:#?}", ended.lines);
}

#[track_caller]
pub(crate) fn holds(ended: &Ended) {
    assert_eq!(ended.fault, None, "{:#?}", ended.lines);
}

#[test]
fn a_sound_log_passes_every_check_and_is_told_in_numbers() {
    let ended = verify(&request(&published(&sample_later::long(0))));
    holds(&ended);
    let expected = "\
ok      signature    the checkpoint of visiting.test/log over 24 entries is signed by visiting.test/log
--      quorum       not checked: no --policy; only the signature above vouches for this log
ok      tiles        2 tiles, each follows from those below it
ok      entries      24 entries with BYTES bytes, each is the one that was logged
ok      root         they lead to the checkpoint's root over 24 entries
--      consistency  not checked: no --since; an older copy of the log would look as sound
ok      law          each of 24 events is one that the law allowed at its place
ok      order        events 0 to 23, none missing, over 0 s in which time never goes back
ok      intents      8 outcomes, each after its one intent; open: 1 runs without a verdict
ok      reads        1 extracts and 3 verdicts over data, each under a permit alive then
ok      releases     1 by the machine's verdict, 1 after output checkers' (1 signed checks); each permit has 2 signed approvals or more
ok      rules        2 verdicts name rule packs that were in force, 1 name none
        log keys     one from the beginning
        applications 1: 1 approved, 0 rejected, 0 sent back, 0 open
        permits      1: 0 suspended
        runs         3: 1 released whole, 1 with masks, 0 refused; 1 were held for people
        releases     2: 0 recalled; files were fetched 0 times
        refusals     1 wrong moves: 1 not-logged-in
        views        0 of things that matter
sound: 24 events";
    let bytes = sample_later::long(0).iter().map(|line| line.len() + 2).sum::<usize>();
    assert_eq!(ended.lines.join("\n"), expected.replace("BYTES", &bytes.to_string()));
}

#[test]
fn after_a_rotation_the_key_that_the_record_names_vouches_for_it() {
    let rotation = (Actor::Gateway, LogKeyRotation::act(ORIGIN, &sample::key(1), &sample::key(9)));
    let mut acts = sample::acts();
    acts.push(rotation);
    let rotated = sample::lines(acts.clone());
    acts.push(sample_later::viewed(0));
    let later = sample::lines(acts);
    let judged = |lines: &[Vec<u8>], seed: u8| {
        let folder = Folder::new();
        sample::publish_by(&folder.0, lines, &sample::key(seed));
        verify(&Request { keys: vec![note::vkey(ORIGIN, &sample::key(seed).public_bytes())], ..request(&folder) })
    };
    let ended = judged(&later, 9);
    holds(&ended);
    assert!(ended.lines.iter().any(|line| line.ends_with("rotated by event 12")), "{:#?}", ended.lines);
    holds(&judged(&rotated, 1));
    holds(&judged(&rotated, 9));
    fails(&judged(&later, 1), Fault::Meaning);
    fails(&judged(&sound(), 9), Fault::Meaning);
}

#[test]
fn what_is_open_is_told_and_no_fault() {
    let mut acts = sample_later::acts();
    acts.truncate(acts.len() - 7);
    acts.extend([sample_later::suspended(), sample_later::viewed(0)]);
    let ended = verify(&request(&published(&sample::lines(acts))));
    holds(&ended);
    assert!(ended.lines.iter().any(|line| line.contains("open: 1 outputs withheld by a suspension")), "{:#?}", ended.lines);
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
    };
    let tried = |refusal: Option<Refusal>, table: Option<String>| {
        let verdict = if refusal.is_some() { Verdict::Refuse } else { Verdict::Release };
        let report = PreflightReport { preflight: "pre_1".parse().unwrap(), index: 14, verdict, refusal, table }.sign(&enclave);
        (Actor::Enclave, Act::PreflightAnswered { report: report.value, signature: report.signature })
    };
    let mut acts = sample::acts();
    acts.extend([sample_later::requested("run_2"), sample_later::judged(report), sample_later::tried(14).swap_remove(0)]);
    let with = |answer| sample::lines(acts.iter().cloned().chain([answer]).collect());
    for answer in [tried(Some(refusal.clone()), None), tried(None, Some(sign::digest(b"table")))] {
        holds(&verify(&request(&published(&with(answer)))));
    }
    // An answer that is neither a refusal nor a table, or one twice, breaks the law.
    fails(&verify(&request(&published(&with(tried(None, None))))), Fault::Meaning);
    let twice = sample::lines(acts.iter().cloned().chain([tried(Some(refusal.clone()), None), tried(Some(refusal), None)]).collect());
    fails(&verify(&request(&published(&twice))), Fault::Meaning);
    assert!(!String::from_utf8(sound().concat()).unwrap().contains("\"ja\""), "what has no Japanese and no place is written as before");
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
    holds(&verify(&Request { structure: true, ..request(&folder) }));
}

#[test]
fn what_only_the_auditors_own_checks_see_is_a_meaning_fault() {
    // The fold does not compare times of neighbours, and no names of rules.
    let mut lines = sample_later::long(30);
    let mut event = Event::from_bytes(&lines[29]).unwrap();
    event.at_ms -= 10;
    lines[29] = event.to_bytes().unwrap();
    let ended = verify(&request(&published(&lines)));
    fails(&ended, Fault::Meaning);
    assert!(ended.lines.iter().any(|line| line.contains("order") && line.contains("event 29")), "{:#?}", ended.lines);
    let mut acts = sample::acts();
    let report = RunReport { run: "run_2".parse().unwrap(), index: 12, rules: [sample_later::named(true)].into(), ..sample::report() };
    acts.extend([sample_later::requested("run_2"), sample_later::judged(report)]);
    let ended = verify(&request(&published(&sample::lines(acts))));
    fails(&ended, Fault::Meaning);
    assert!(ended.lines.iter().any(|line| line.contains("rules") && line.contains("2026-12")), "{:#?}", ended.lines);
}

#[test]
fn a_second_spelling_of_an_event_is_a_meaning_fault() {
    let mut lines = sound();
    let event = Event::from_bytes(&lines[3]).unwrap();
    lines[3] = serde_json::to_vec_pretty(&event).unwrap().into_iter().filter(|b| *b != b'\n').collect();
    let folder = published(&lines);
    fails(&verify(&request(&folder)), Fault::Meaning);
    // Its structure is that of any log.
    holds(&verify(&Request { structure: true, ..request(&folder) }));
}

#[test]
fn another_roster_is_a_meaning_fault_and_a_missing_one_a_question() {
    let folder = published(&sound());
    let mut roster = sample::roster();
    roster.quorum = 1;
    fs::write(folder.0.join("other.json"), serde_json::to_vec(&roster).unwrap()).unwrap();
    fails(&verify(&Request { roster: Some(folder.0.join("other.json")), ..request(&folder) }), Fault::Meaning);
    roster.log_key = sample::key(9).public();
    fs::write(folder.0.join("other.json"), serde_json::to_vec(&roster).unwrap()).unwrap();
    fails(&verify(&Request { roster: Some(folder.0.join("other.json")), ..request(&folder) }), Fault::Meaning);
    fs::remove_file(folder.0.join("roster.json")).unwrap();
    fails(&verify(&request(&folder)), Fault::Usage);
    holds(&verify(&Request { structure: true, ..request(&folder) }));
}

#[test]
fn a_record_that_is_opened_twice_is_a_meaning_fault() {
    let mut acts = sample::acts();
    acts.push((Actor::Gateway, Act::RecordOpened { origin: ORIGIN.into(), roster: sample::roster().digest(), demo: true }));
    fails(&verify(&request(&published(&sample::lines(acts)))), Fault::Meaning);
}

#[test]
fn erased_names_leave_a_verifying_log() {
    // As a data folder lies: the record beside the gateway's own files, names among these.
    let home = Folder::new();
    let (log, gateway) = (home.0.join("log"), home.0.join("gateway"));
    fs::create_dir_all(&gateway).unwrap();
    fs::create_dir_all(&log).unwrap();
    sample::publish(&log, &sample_later::long(300));
    fs::rename(log.join("roster.json"), gateway.join("roster.json")).unwrap();
    fs::write(gateway.join("people.json"), "{\"per_a\":\"佐藤花子\",\"per_m1\":\"鈴木一郎\"}").unwrap();
    let asked = Request { log, ..request(&home) };
    let before = verify(&asked);
    holds(&before);
    fs::write(gateway.join("people.json"), "{\"per_m1\":\"鈴木一郎\"}").unwrap();
    assert_eq!(verify(&asked), before);
    fs::remove_file(gateway.join("people.json")).unwrap();
    assert_eq!(verify(&asked), before);
}

#[test]
fn a_command_that_is_not_understood_is_a_usage_fault() {
    for line in [
        "",
        "verify",
        "verify --log x",
        "rerun run_1",
        "verify --log x --key y --what",
        "verify --key y --structure",
        "verify --log x --key y --no-entries",
    ] {
        let parsed = parse(line.split_whitespace().map(Into::into));
        fails(&parsed.unwrap_err(), Fault::Usage);
    }
    let read = parse("verify --log x --key a --key b --policy p --structure --no-entries --since s".split(' ').map(Into::into)).unwrap();
    assert_eq!((read.keys.len(), read.structure, read.no_entries), (2, true, true));
    let folder = published(&sound());
    fails(&verify(&Request { keys: vec!["nonsense".into()], ..request(&folder) }), Fault::Usage);
    fails(&verify(&Request { log: folder.0.join("absent"), ..request(&folder) }), Fault::Usage);
    fails(&verify(&Request { since: Some(folder.0.join("absent")), ..request(&folder) }), Fault::Usage);
    fails(&verify(&Request { policy: Some(folder.0.join("absent")), ..request(&folder) }), Fault::Usage);
    // A key is read as it is pasted.
    holds(&verify(&Request { keys: vec![format!(" {}\n", note::vkey(ORIGIN, &sample::key(1).public_bytes()))], ..request(&folder) }));
}
