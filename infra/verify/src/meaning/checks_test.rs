//! The auditor's own checks, without the fold before them: each finds by itself what it is there for.

use std::collections::BTreeSet;

use visiting_policies::{
    handover::{Repeated, RunReport},
    hold::{Held, HoldReason},
    record::{Act, Actor, Event, VERSION},
    sign,
    terms::Verdict,
};

use super::{Check, intents::Intents, order::Order, packs::Packs, reads::Reads, releases::Releases};
use crate::{
    sample::{self, JUDGED},
    sample_later::{self, ended, judged, named, released, repeated, requested, rerun, suspended},
};

/// The first act that the check does not pass, and why. An act a millisecond.
fn look(mut check: impl Check, acts: &[(Actor, Act)]) -> Result<String, (u64, String)> {
    for (index, (by, act)) in (0..).zip(acts) {
        let event = Event { v: VERSION, at_ms: 1000 + index, by: by.clone(), request: None, act: act.clone() };
        check.look(index, &event).map_err(|text| (index, text))?;
    }
    Ok(check.told())
}

#[track_caller]
fn fails(check: impl Check, acts: &[(Actor, Act)], index: u64, word: &str) {
    let (at, text) = look(check, acts).unwrap_err();
    assert!(at == index && text.contains(word), "event {at}: {text}");
}

/// The sample's acts, changed.
fn with(way: impl FnOnce(&mut Vec<(Actor, Act)>)) -> Vec<(Actor, Act)> {
    let mut acts = sample_later::acts();
    way(&mut acts);
    acts
}

fn releases() -> Releases {
    Releases::new(sample::roster())
}

/// Where things stand in the sample: the permit, the extract, the first run's request, the held run's six events.
const PERMIT: usize = 6;
const EXTRACT: usize = 7;
const REQUEST: usize = 9;
const HELD: usize = 14;

#[test]
fn what_is_lawful_passes_each() {
    let acts = sample_later::acts();
    look(Order::default(), &acts).unwrap();
    look(Intents::default(), &acts).unwrap();
    look(Reads::default(), &acts).unwrap();
    look(releases(), &acts).unwrap();
    look(Packs::default(), &acts).unwrap();
}

#[test]
fn gaps_and_a_time_that_goes_back_are_found() {
    let event = |at_ms| Event { v: VERSION, at_ms, by: Actor::Gateway, request: None, act: sample_later::viewed(1).1 };
    let mut order = Order::default();
    order.look(0, &event(5)).unwrap();
    order.look(1, &event(5)).unwrap();
    assert!(order.look(3, &event(6)).is_err(), "a gap");
    assert!(order.look(1, &event(6)).is_err(), "twice");
    assert!(order.look(2, &event(4)).is_err(), "back in time");
    order.look(2, &event(6)).unwrap();
}

#[test]
fn an_outcome_without_its_one_intent_is_found() {
    let judged_at = JUDGED as usize;
    fails(Intents::default(), &with(|a| drop(a.remove(PERMIT))), 6, "an extract");
    fails(Intents::default(), &with(|a| a.insert(EXTRACT, a[EXTRACT].clone())), 8, "an extract");
    fails(Intents::default(), &with(|a| a[REQUEST] = sample_later::viewed(0)), JUDGED, "a verdict on run_1");
    fails(Intents::default(), &with(|a| a.insert(judged_at, a[judged_at].clone())), JUDGED + 1, "a verdict on run_1");
    fails(Intents::default(), &with(|a| a[judged_at] = sample_later::viewed(0)), JUDGED + 1, "left without a verdict");
    fails(Intents::default(), &with(|a| a.insert(judged_at + 1, a[judged_at + 1].clone())), JUDGED + 2, "left without a verdict");
    fails(Intents::default(), &with(|a| a.insert(REQUEST, a[REQUEST].clone())), 10, "asked for already");
    // On the authority of another event than the request.
    let other = judged(RunReport { index: 3, ..sample::report() });
    fails(Intents::default(), &with(|a| a[judged_at] = other), JUDGED, "which gives none");
    // What is held leaves after checks and a second verdict only.
    fails(Intents::default(), &with(|a| a[HELD + 3] = sample_later::viewed(0)), HELD as u64 + 4, "which gives none");
    fails(Intents::default(), &with(|a| a[HELD + 4] = sample_later::viewed(0)), HELD as u64 + 5, "left without a verdict");
    fails(Intents::default(), &with(|a| a[HELD + 1] = sample_later::viewed(0)), HELD as u64 + 3, "which was not held");
    // Pre-flights are answered once, each on its own request.
    fails(Intents::default(), &with(|a| a.insert(HELD + 8, a[HELD + 7].clone())), HELD as u64 + 8, "an answer");
    let moved = sample_later::tried(3).swap_remove(1);
    fails(Intents::default(), &with(|a| a[HELD + 7] = moved), HELD as u64 + 7, "another authority");
}

#[test]
fn what_a_suspension_withholds_never_leaves() {
    let acts = with(|a| a.insert(JUDGED as usize + 1, suspended()));
    fails(Intents::default(), &acts, JUDGED + 2, "left without a verdict");
}

#[test]
fn a_read_under_a_permit_that_is_not_alive_is_found() {
    let until = |ms| {
        with(|acts| {
            let Act::PermitIssued { permit } = &mut acts[PERMIT].1 else { panic!() };
            permit.until_ms = ms;
        })
    };
    fails(Reads::default(), &until(1000), EXTRACT as u64, "had expired before");
    fails(Reads::default(), &until(1009), REQUEST as u64, "which is expired");
    fails(Reads::default(), &until(1010), JUDGED, "which is expired");
    look(Reads::default(), &until(1030)).unwrap();
    fails(Reads::default(), &with(|a| a.insert(REQUEST, suspended())), REQUEST as u64 + 1, "which is suspended");
    fails(Reads::default(), &with(|a| a.insert(JUDGED as usize, suspended())), JUDGED + 1, "which is suspended");
    fails(Reads::default(), &with(|a| a.insert(HELD + 4, suspended())), HELD as u64 + 5, "which is suspended");
    fails(Reads::default(), &with(|a| a.insert(HELD + 6, suspended())), HELD as u64 + 7, "which is suspended");
    fails(Reads::default(), &with(|a| a[PERMIT] = sample_later::viewed(0)), EXTRACT as u64, "never issued");
    fails(Reads::default(), &with(|a| a[REQUEST].0 = Actor::Person("per_m1".parse().unwrap())), REQUEST as u64, "does not name");
    // A refusal is no read, and an extract that was begun in time may be told late.
    let refused = judged(RunReport { verdict: Verdict::Refuse, ..sample::report() });
    let mut acts = sample::acts();
    acts.truncate(JUDGED as usize);
    acts.extend([suspended(), refused]);
    look(Reads::default(), &acts).unwrap();
    let mut acts = sample::acts();
    acts.truncate(EXTRACT + 1);
    acts.insert(EXTRACT, suspended());
    assert!(look(Reads::default(), &acts).unwrap().contains("1 extracts were reported after"));
}

#[test]
fn what_is_erased_is_read_no_more() {
    let first = sample::acts();
    let size = first.len() as u64;
    let then = |more: Vec<Vec<(Actor, Act)>>| [first.clone(), more.concat()].concat();
    let answered = |outcome| then(vec![vec![rerun()], ended(), vec![repeated(size, outcome)]]);
    look(Reads::default(), &answered(Repeated::NotRepeated)).unwrap();
    fails(Reads::default(), &answered(Repeated::Same), size + 3, "is erased");
    fails(Reads::default(), &answered(Repeated::Differs), size + 3, "is erased");
    look(Reads::default(), &then(vec![vec![rerun(), repeated(size, Repeated::Same)], ended()])).unwrap();
    fails(Reads::default(), &then(vec![ended(), vec![rerun()]]), size + 2, "is erased");
    fails(Reads::default(), &then(vec![ended(), vec![first[EXTRACT].clone()]]), size + 2, "is erased");
    // An answer to nothing, and a repetition of what was judged and never left.
    fails(Reads::default(), &then(vec![vec![repeated(size, Repeated::Same)]]), size, "nobody waits for");
    let judged_only = with(|a| a.truncate(JUDGED as usize + 1));
    fails(Reads::default(), &[judged_only, vec![rerun()]].concat(), JUDGED + 1, "was not released");
}

#[test]
fn a_release_without_its_signatures_is_found() {
    fails(releases(), &with(|a| drop(a.remove(5))), 5, "1 approvals and needs 2");
    fails(releases(), &with(|a| a[5] = a[4].clone()), PERMIT as u64, "1 approvals and needs 2");
    let forged = |acts: &mut Vec<(Actor, Act)>| {
        let Act::VoteCast { vote } = &mut acts[4].1 else { panic!() };
        vote.signature = sample::key(9).sign(vote.ballot.text().as_bytes());
    };
    fails(releases(), &with(forged), 4, "not signed");
    let turned_down = |acts: &mut Vec<(Actor, Act)>| {
        let (by, Act::VoteCast { mut vote }) = acts[5].clone() else { panic!() };
        vote.ballot.decision = visiting_policies::vote::Decision::Reject;
        vote.signature = sample::key(12).sign(vote.ballot.text().as_bytes());
        acts.insert(6, (by, Act::VoteCast { vote }));
    };
    fails(releases(), &with(turned_down), 7, "turned down");
    fails(releases(), &with(|a| a[JUDGED as usize] = sample_later::viewed(0)), JUDGED + 1, "left without a verdict");
    fails(releases(), &with(|a| a[PERMIT] = sample_later::viewed(0)), JUDGED + 1, "no votes granted");
    // A held output without its checks, or with a forged one.
    fails(releases(), &with(|a| a[HELD + 3] = sample_later::viewed(0)), HELD as u64 + 5, "0 of 1 checks");
    let forged = |acts: &mut Vec<(Actor, Act)>| {
        let Act::ChecksOpened { checks, .. } = &mut acts[HELD + 3].1 else { panic!() };
        checks[0].signature = sample::key(9).sign(checks[0].check.text().as_bytes());
    };
    fails(releases(), &with(forged), HELD as u64 + 3, "a checker signed");
    let more = Held { reasons: BTreeSet::from([HoldReason::Budget]), checkers: 2, sealed: sign::digest(b"evidence") };
    let for_two = RunReport { run: "run_2".parse().unwrap(), verdict: Verdict::Hold, held: Some(more), ..sample::report() };
    fails(releases(), &with(|a| a[HELD + 1] = judged(for_two)), HELD as u64 + 5, "1 of 2 checks");
}

#[test]
fn rules_that_were_not_in_force_are_found() {
    let by = |judged_by: u64, index: usize, at: u64, rules: (String, String)| {
        let report = RunReport { run: "run_9".parse().unwrap(), index: at, judged_by, rules: [rules].into(), ..sample::report() };
        let mut acts = sample::acts();
        acts.extend(sample_later::rules_changed());
        acts.insert(index, judged(report));
        acts
    };
    let says = |index, at, rules| by(0, index, at, rules);
    // Adopted by event 13: the first pack until then, the changed one from then on, and either for who asked before and was told after.
    look(Packs::default(), &says(12, 9, named(false))).unwrap();
    look(Packs::default(), &says(14, 13, named(false))).unwrap_err();
    look(Packs::default(), &says(14, 12, named(false))).unwrap();
    look(Packs::default(), &says(14, 12, named(true))).unwrap();
    fails(Packs::default(), &says(12, 9, named(true)), 12, "not in force");
    // A verdict that says by how many events it was judged leaves no choice.
    look(Packs::default(), &by(13, 14, 12, named(false))).unwrap();
    look(Packs::default(), &by(14, 14, 12, named(true))).unwrap();
    fails(Packs::default(), &by(13, 14, 12, named(true)), 14, "not in force");
    fails(Packs::default(), &by(14, 14, 12, named(false)), 14, "not in force");
    // By something before its request, a verdict could choose a pack that was in force no more; by something later, one that was not yet.
    fails(Packs::default(), &by(13, 14, 13, named(false)), 14, "before its request");
    fails(Packs::default(), &by(12, 14, 12, named(false)), 14, "before its request");
    fails(Packs::default(), &by(15, 14, 12, named(true)), 14, "what came after it");
    look(Packs::default(), &by(14, 14, 13, named(true))).unwrap();
    let (listing, stated) = named(false);
    for other in [stated.replace("2026-11", "2026-10"), stated.replace("ndb", "kaigo"), format!("{stated} "), String::new()] {
        fails(Packs::default(), &says(12, 9, (listing.clone(), other)), 12, "not in force");
    }
    let mut acts = sample_later::rules_changed();
    acts.remove(0);
    fails(Packs::default(), &acts, 0, "nobody proposed");
}

#[test]
fn what_is_over_is_forgotten() {
    // A log of millions of runs must not fill the memory of who reads it.
    let mut acts = sample::acts();
    for number in 0..500u64 {
        let (run, index) = (format!("run_{}", number + 100), acts.len() as u64);
        let report = RunReport { run: run.parse().unwrap(), index, ..sample::report() };
        acts.extend([requested(&run), judged(report), released(&run)]);
    }
    let mut intents = Intents::default();
    let (mut reads, mut leaving) = (Reads::default(), releases());
    for (index, (by, act)) in (0..).zip(acts) {
        let event = Event { v: VERSION, at_ms: 1000 + index, by, request: None, act };
        intents.look(index, &event).unwrap();
        reads.look(index, &event).unwrap();
        leaving.look(index, &event).unwrap();
    }
    assert_eq!([intents.open(), reads.open(), leaving.open()], [0, 0, 0]);
}
