//! The law of how much may wait at one time, on the sample record: what the fold counts as it goes is what is there.

use visiting_policies::{
    Code,
    case::Cases,
    disclosure::limits::PREFLIGHTS_OPEN_MAX,
    handover::{PreflightReport, Purpose},
    record::{Act, Actor, Event, VERSION},
    sign,
    terms::{PermitId, PreflightId, Verdict},
};

use crate::{sample, sample_later};

fn event(at_ms: u64, (by, act): (Actor, Act)) -> Event {
    Event { v: VERSION, at_ms, by, request: None, act }
}

#[test]
fn what_waits_for_checkers_is_what_is_held() {
    let (mut cases, permit): (_, PermitId) = (Cases::new(sample::roster()), "prm_1".parse().unwrap());
    let mut most = 0;
    for line in sample_later::long(0) {
        cases.admit(&Event::from_bytes(&line).unwrap()).unwrap();
        let held = cases.runs.values().filter(|run| run.permit == permit && run.is_held()).count();
        assert_eq!(cases.waiting(&permit), held, "after event {}", cases.size() - 1);
        most = most.max(held);
    }
    assert_eq!(most, 1);
    // A suspension withholds what is held: nobody waits for it.
    let acts = sample_later::acts();
    let mut cases = Cases::new(sample::roster());
    for (index, act) in (0..).zip(acts.into_iter().take(16).chain([sample_later::suspended()])) {
        cases.admit(&event(1000 + index, act)).unwrap();
    }
    assert_eq!((cases.runs.len(), cases.waiting(&permit)), (2, 0));
}

#[test]
fn an_answer_makes_room_for_the_next_pre_flight() {
    let mut cases = Cases::new(sample::roster());
    for (index, act) in (0..).zip(sample::acts()) {
        cases.admit(&event(1000 + index, act)).unwrap();
    }
    let asked = |name: &str| {
        let preflight: PreflightId = name.parse().unwrap();
        let act = Act::PreflightRequested { preflight, permit: "prm_1".parse().unwrap(), program: sign::digest(b"SELECT") };
        (Actor::Person("per_a".parse().unwrap()), act)
    };
    let first = cases.size();
    for number in 0..PREFLIGHTS_OPEN_MAX {
        cases.admit(&event(2000, asked(&format!("pre_{number}")))).unwrap();
    }
    let refused = |cases: &mut Cases, name: &str| cases.admit(&event(2000, asked(name))).err().map(|refusal| refusal.code);
    assert_eq!(refused(&mut cases, "pre_more"), Some(Code::TooManyPreflights));
    let preflight = "pre_0".parse().unwrap();
    let report = PreflightReport { preflight, index: first, verdict: Verdict::Release, refusal: None, table: Some(sign::digest(b"t")) };
    let report = report.sign(&sample::key(2));
    cases.admit(&event(2000, (Actor::Enclave, Act::PreflightAnswered { report: report.value, signature: report.signature }))).unwrap();
    assert_eq!(refused(&mut cases, "pre_more"), None);
    assert_eq!(refused(&mut cases, "pre_one_more"), Some(Code::TooManyPreflights));
}
