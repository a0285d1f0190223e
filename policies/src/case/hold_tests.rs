//! The fold of held outputs: every wrong move is refused, and the state stays.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    Code, Refusal,
    budget::Spent,
    case::Cases,
    check::{Check, Finding, SignedCheck},
    disclosure::limits::HELD_OPEN_MAX,
    handover::{ExtractReport, LedgerHead, LoadReport, Purpose, RunReport},
    hold::{Held, HoldReason},
    permit::{ApplicationContent, SignedBallot},
    record::{Act, Actor, Event},
    roster::{Member, Roster},
    sign::{self, SigningKey},
    terms::{Form, Period, PermitId, PersonId, Role, RunId, Scope, Verdict},
    vote::{Ballot, Decision, RecallOrder, SuspensionOrder},
};

const PEOPLE: &[(&str, &str, Role)] = &[
    ("per_hanako", "org_univ", Role::Researcher),
    ("per_desk", "org_desk", Role::Reception),
    ("per_member1", "org_hosp", Role::CommitteeMember),
    ("per_member2", "org_law", Role::CommitteeMember),
    ("per_ministry", "org_ministry", Role::Ministry),
    ("per_auditor", "org_audit", Role::Auditor),
    ("per_checker1", "org_stat", Role::Checker),
    ("per_checker2", "org_stat", Role::Checker),
    ("per_checker3", "org_sdc", Role::Checker),
    ("per_checker4", "org_univ", Role::Checker),
];

pub(super) fn key(who: &str) -> SigningKey {
    SigningKey::from_seed(&sign::sha256(who.as_bytes())).unwrap()
}

pub(super) fn person(who: &str) -> PersonId {
    who.parse().unwrap()
}

fn roster() -> Roster {
    let member = |(id, organisation, role): &(&str, &str, Role)| {
        let keys = Some(key(id).public());
        let member = Member {
            organisation: organisation.parse().unwrap(),
            roles: BTreeSet::from([*role]),
            seal_key: (*role == Role::Checker).then(|| key(id).public()),
            key: keys,
        };
        (person(id), member)
    };
    let mut members: BTreeMap<PersonId, Member> = PEOPLE.iter().map(member).collect();
    // A researcher who checks, too, and one whom the permit will name.
    members.get_mut(&person("per_hanako")).unwrap().roles.insert(Role::Checker);
    Roster {
        origin: "visiting.example/log".to_owned(),
        log_key: key("log").public(),
        enclave_key: key("enclave").public(),
        quorum: 2,
        members,
    }
}

/// A record as far as a run that was asked for under a permit with so many checkers.
pub(super) struct Record {
    pub(super) cases: Cases,
    pub(super) at_ms: u64,
    pub(super) run: RunId,
}

pub(super) fn digest(text: &str) -> String {
    sign::digest(text.as_bytes())
}

impl Record {
    pub(super) fn new(checkers: u8) -> Self {
        let roster = roster();
        let opened = Act::RecordOpened { origin: roster.origin.clone(), roster: roster.digest(), demo: true };
        let mut record = Self { cases: Cases::new(roster), at_ms: 1000, run: "run_a".parse().unwrap() };
        record.took(Actor::Gateway, opened);
        let load = LoadReport { listing: "ndb".into(), version: 1, rows: BTreeMap::new(), quarantined: 0, manifest: digest("m") };
        let load = load.sign(&key("enclave"));
        record.took(Actor::Enclave, Act::DataLoaded { report: load.value, signature: load.signature });
        record.permit(checkers);
        let (run, permit, program) = (record.run.clone(), PermitId::from_random(&[1]), digest("SELECT"));
        record.took(Actor::Person(person("per_hanako")), Act::RunRequested { run, permit, program });
        record
    }

    fn permit(&mut self, checkers: u8) {
        let columns = BTreeMap::from([("ndb".into(), BTreeMap::from([("patients".into(), BTreeSet::from(["sex".into()]))]))]);
        let content = ApplicationContent {
            team: BTreeSet::from([person("per_hanako")]),
            organisations: BTreeSet::from(["org_univ".parse().unwrap()]),
            purpose: digest("purpose"),
            scope: Scope { columns, period: Period { from: 202401, to: 202412 }, form: Form::Pseudonymised },
            until_ms: 1_000_000,
        };
        let application: crate::terms::ApplicationId = "app_a".parse().unwrap();
        let submitted = Act::ApplicationSubmitted { application: application.clone(), content: content.clone() };
        self.took(Actor::Person(person("per_hanako")), submitted);
        self.took(Actor::Person(person("per_desk")), Act::CompletenessConfirmed { application: application.clone() });
        // The strictest of the approvals holds.
        for (member, checkers) in [("per_member1", 0), ("per_member2", checkers)] {
            let (application, content) = (application.clone(), content.digest());
            let ballot =
                Ballot { application, content, member: person(member), decision: Decision::Approve, remove: BTreeSet::new(), checkers };
            let signature = key(member).sign(ballot.text().as_bytes());
            self.took(Actor::Person(person(member)), Act::VoteCast { vote: SignedBallot { ballot, signature } });
        }
        let permit = self.cases.granted(&application, &PermitId::from_random(&[1])).unwrap();
        assert_eq!(permit.checkers, checkers);
        self.took(Actor::Gateway, Act::PermitIssued { permit });
        let extract = ExtractReport { permit: PermitId::from_random(&[1]), versions: BTreeMap::new(), people: 0, rows: BTreeMap::new() };
        let extract = extract.sign(&key("enclave"));
        self.took(Actor::Enclave, Act::ExtractMade { report: extract.value, signature: extract.signature });
    }

    fn tries(&mut self, by: Actor, act: Act) -> Result<(), Refusal> {
        let event = Event { v: 1, at_ms: self.at_ms, by, request: None, act };
        assert_eq!(Event::from_bytes(&event.to_bytes().unwrap()).unwrap(), event);
        self.cases.admit(&event)
    }

    pub(super) fn took(&mut self, by: Actor, act: Act) {
        self.tries(by, act).unwrap();
    }

    pub(super) fn code(&mut self, by: Actor, act: Act) -> Code {
        let size = self.cases.size();
        let code = self.tries(by, act).unwrap_err().code;
        assert_eq!(self.cases.size(), size);
        code
    }

    pub(super) fn report(&self, verdict: Verdict, held: Option<Held>) -> RunReport {
        let refusal = (verdict == Verdict::Refuse).then(|| Refusal::new(Code::NothingToShow, "nothing"));
        let case = self.cases.runs.get(&self.run).unwrap();
        let ledger = self.cases.ledger.clone().unwrap_or(LedgerHead { entries: 0, digest: digest("ledger") });
        let index = case.authority().unwrap_or(case.index);
        RunReport {
            run: self.run.clone(),
            index,
            judged_by: 0,
            verdict,
            refusal,
            files: Vec::new(),
            ledger,
            rules: BTreeMap::new(),
            spent: Spent::default(),
            held,
        }
    }

    pub(super) fn judged(report: RunReport) -> Act {
        let signed = report.sign(&key("enclave"));
        Act::RunJudged { report: signed.value, signature: signed.signature }
    }

    pub(super) fn held(&mut self, checkers: u8, reasons: &[HoldReason]) {
        let held = Held { reasons: reasons.iter().copied().collect(), checkers, sealed: digest("sealed") };
        let act = Self::judged(self.report(Verdict::Hold, Some(held)));
        self.took(Actor::Enclave, act);
    }

    pub(super) fn check(&self, who: &str, finding: Finding) -> SignedCheck {
        let (run, salt) = (self.run.clone(), sign::hex(&sign::sha256(who.as_bytes())));
        let check = Check { run, sealed: digest("sealed"), by: person(who), finding, reason: "seen".into(), salt };
        let signature = key(who).sign(check.text().as_bytes());
        SignedCheck { check, signature }
    }

    fn cast(&self, signed: &SignedCheck) -> (Actor, Act) {
        let by = signed.check.by.clone();
        (Actor::Person(by.clone()), Act::CheckCast { run: self.run.clone(), by, commitment: signed.commitment() })
    }

    pub(super) fn casts(&mut self, signed: &SignedCheck) -> Result<(), Refusal> {
        let (by, act) = self.cast(signed);
        self.tries(by, act)
    }

    pub(super) fn opened(&self, checks: &[&SignedCheck]) -> Act {
        Act::ChecksOpened { run: self.run.clone(), checks: checks.iter().map(|c| (*c).clone()).collect() }
    }

    fn suspend(&mut self) {
        let order = SuspensionOrder { permit: PermitId::from_random(&[1]), by: person("per_ministry"), reason: "stop".into() };
        let signature = key("per_ministry").sign(order.text().as_bytes());
        self.took(Actor::Person(person("per_ministry")), Act::PermitSuspended { order, signature });
    }
}

const ASKED: &[HoldReason] = &[HoldReason::AskedByTheCommittee];

#[test]
fn two_organisations_let_it_go_and_the_gate_judges_again() {
    let mut record = Record::new(2);
    record.held(2, ASKED);
    assert!(record.cases.runs[&record.run].is_held() && record.cases.runs[&record.run].authority().is_none());
    let (one, two) = (record.check("per_checker1", Finding::Release), record.check("per_checker3", Finding::Release));
    record.casts(&one).unwrap();
    assert!(!serde_json::to_string(&record.cast(&one).1).unwrap().contains("release"));
    record.casts(&two).unwrap();
    record.took(Actor::Gateway, record.opened(&[&one, &two]));
    let index = record.cases.size() - 1;
    assert_eq!(record.cases.runs[&record.run].authority(), Some(index));
    let again = Record::judged(record.report(Verdict::Release, None));
    record.took(Actor::Enclave, again.clone());
    assert_eq!(record.code(Actor::Enclave, again), Code::WrongState);
    assert!(record.cases.runs[&record.run].judged.is_some() && !record.cases.runs[&record.run].is_held());
}

#[test]
fn one_refusal_ends_the_run() {
    let mut record = Record::new(2);
    record.held(2, ASKED);
    let (one, two) = (record.check("per_checker1", Finding::Refuse), record.check("per_checker3", Finding::Release));
    record.casts(&one).unwrap();
    record.casts(&two).unwrap();
    record.took(Actor::Gateway, record.opened(&[&one, &two]));
    let case = record.cases.runs[&record.run].clone();
    assert_eq!(case.refusal().unwrap().code, Code::NotReleasedByCheckers);
    assert!(case.authority().is_none() && !case.is_held() && case.judged.is_none());
    let again = Record::judged(record.report(Verdict::Release, None));
    assert_eq!(record.code(Actor::Enclave, again), Code::WrongState);
    let released = Act::Released { run: record.run.clone(), receipt: digest("r") };
    assert_eq!(record.code(Actor::Enclave, released), Code::WrongState);
}

#[test]
fn nothing_leaves_while_it_is_held() {
    let mut record = Record::new(1);
    let past = Record::judged(record.report(Verdict::Release, None));
    assert_eq!(record.code(Actor::Enclave, past), Code::WrongState, "the committee's condition cannot be left out");
    record.held(1, ASKED);
    let (again, early) = (record.report(Verdict::Release, None), Act::Released { run: record.run.clone(), receipt: digest("r") });
    assert_eq!(record.code(Actor::Enclave, Record::judged(again)), Code::WrongState);
    assert_eq!(record.code(Actor::Enclave, early), Code::WrongState);
    let downloaded = Act::Downloaded { run: record.run.clone(), file: "table.csv".into() };
    assert_eq!(record.code(Actor::Person(person("per_hanako")), downloaded), Code::NotFound);
}

#[test]
fn a_hold_says_why_and_for_how_many() {
    let wrong: &[(u8, u8, &[HoldReason])] =
        &[(2, 1, ASKED), (1, 0, ASKED), (1, 1, &[]), (1, 1, &[HoldReason::NotAudited]), (0, 1, ASKED), (0, 1, &[HoldReason::Budget])];
    for (asked, checkers, reasons) in wrong {
        let mut record = Record::new(*asked);
        let held = Held { reasons: reasons.iter().copied().collect(), checkers: *checkers, sealed: digest("sealed") };
        let act = Record::judged(record.report(Verdict::Hold, Some(held)));
        assert_eq!(record.code(Actor::Enclave, act), Code::Malformed, "{asked} {checkers} {reasons:?}");
    }
    let mut record = Record::new(0);
    record.held(1, &[HoldReason::NotAudited]);
    let act = Record::judged(record.report(Verdict::Hold, None));
    assert_eq!(record.code(Actor::Enclave, act), Code::WrongState);
    let mut record = Record::new(1);
    let held = Held { reasons: ASKED.iter().copied().collect(), checkers: 1, sealed: digest("sealed") };
    let mut grown = record.report(Verdict::Hold, Some(held));
    grown.ledger.entries += 1;
    assert_eq!(record.code(Actor::Enclave, Record::judged(grown)), Code::RecordUnlawful);
}

#[test]
fn who_is_tied_to_the_permit_checks_nothing() {
    let mut record = Record::new(2);
    record.held(2, ASKED);
    let cases = [
        ("per_hanako", Code::ReviewerIsApplicant),
        ("per_checker4", Code::ConflictOfInterest),
        ("per_member1", Code::NotAllowed),
        ("per_ministry", Code::NotAllowed),
    ];
    for (who, code) in cases {
        let signed = record.check(who, Finding::Release);
        assert_eq!(record.casts(&signed).unwrap_err().code, code, "{who}");
    }
}

#[test]
fn each_organisation_and_each_person_once() {
    let mut record = Record::new(2);
    record.held(2, ASKED);
    let one = record.check("per_checker1", Finding::Release);
    record.casts(&one).unwrap();
    assert_eq!(record.casts(&record.check("per_checker1", Finding::Refuse)).unwrap_err().code, Code::AlreadyVoted);
    assert_eq!(record.casts(&record.check("per_checker2", Finding::Release)).unwrap_err().code, Code::OtherOrganisationNeeded);
    // Somebody else's hand.
    let theirs = record.check("per_checker3", Finding::Release);
    let (_, act) = record.cast(&theirs);
    assert_eq!(record.code(Actor::Person(person("per_checker1")), act), Code::CheckForged);
    record.casts(&theirs).unwrap();
    assert_eq!(record.casts(&record.check("per_checker2", Finding::Release)).unwrap_err().code, Code::OtherOrganisationNeeded);
}

#[test]
fn checks_are_opened_together_and_as_they_were_cast() {
    let mut record = Record::new(2);
    record.held(2, ASKED);
    let (one, two) = (record.check("per_checker1", Finding::Release), record.check("per_checker3", Finding::Release));
    record.casts(&one).unwrap();
    let early = record.opened(&[&one]);
    assert_eq!(record.code(Actor::Gateway, early), Code::WrongState);
    record.casts(&two).unwrap();
    // Changed after it was cast, in another order, one left out, by somebody who is not the gateway.
    let changed = record.check("per_checker1", Finding::Refuse);
    let act = record.opened(&[&changed, &two]);
    assert_eq!(record.code(Actor::Gateway, act), Code::CheckForged);
    let act = record.opened(&[&two, &one]);
    assert_eq!(record.code(Actor::Gateway, act), Code::CheckForged);
    let act = record.opened(&[&one]);
    assert_eq!(record.code(Actor::Gateway, act), Code::WrongState);
    let act = record.opened(&[&one, &two]);
    assert_eq!(record.code(Actor::Person(person("per_checker1")), act), Code::NotAllowed);
    record.took(Actor::Gateway, record.opened(&[&one, &two]));
    let act = record.opened(&[&one, &two]);
    assert_eq!(record.code(Actor::Gateway, act), Code::NotFound);
}

#[test]
fn an_unsigned_check_or_one_of_another_output_cannot_be_opened() {
    let spoil: &[fn(&mut SignedCheck)] = &[
        |c| c.signature = key("per_checker3").sign(c.check.text().as_bytes()),
        |c| c.signature = String::new(),
        |c| {
            c.check.sealed = digest("another");
            c.signature = key("per_checker1").sign(c.check.text().as_bytes());
        },
        |c| {
            c.check.run = "run_b".parse().unwrap();
            c.signature = key("per_checker1").sign(c.check.text().as_bytes());
        },
    ];
    for spoil in spoil {
        let mut record = Record::new(1);
        record.held(1, ASKED);
        let mut signed = record.check("per_checker1", Finding::Release);
        spoil(&mut signed);
        record.casts(&signed).unwrap();
        let act = record.opened(&[&signed]);
        assert_eq!(record.code(Actor::Gateway, act), Code::CheckForged);
    }
    // No reason, a reason of two lines or without end, a salt that can be guessed.
    for (reason, salt) in [("", "ab".repeat(32)), ("a\nb", "ab".repeat(32)), (&"a".repeat(301), "ab".repeat(32)), ("a", "1".to_owned())] {
        let mut record = Record::new(1);
        record.held(1, ASKED);
        let mut signed = record.check("per_checker1", Finding::Release);
        (signed.check.reason, signed.check.salt) = (reason.to_owned(), salt);
        signed.signature = key("per_checker1").sign(signed.check.text().as_bytes());
        record.casts(&signed).unwrap();
        let act = record.opened(&[&signed]);
        assert_eq!(record.code(Actor::Gateway, act), Code::Malformed);
    }
}

#[test]
fn under_an_ended_permit_nothing_is_checked_and_nothing_leaves() {
    let mut record = Record::new(1);
    record.held(1, ASKED);
    record.suspend();
    let one = record.check("per_checker1", Finding::Release);
    assert_eq!(record.casts(&one).unwrap_err().code, Code::WrongState);
    assert_eq!(record.cases.runs[&record.run].refusal().unwrap().code, Code::PermitSuspended);

    let mut record = Record::new(1);
    record.held(1, ASKED);
    record.casts(&one).unwrap();
    record.took(Actor::Gateway, record.opened(&[&one]));
    record.suspend();
    let passed = Record::judged(record.report(Verdict::Release, None));
    assert_eq!(record.code(Actor::Enclave, passed), Code::PermitSuspended);
    let refused = Record::judged(record.report(Verdict::Refuse, None));
    record.took(Actor::Enclave, refused);

    let mut record = Record::new(1);
    record.held(1, ASKED);
    record.at_ms = 1_000_000;
    assert_eq!(record.casts(&one).unwrap_err().code, Code::PermitExpired);
}

#[test]
fn a_recalled_release_is_given_out_no_more() {
    let mut record = Record::new(0);
    let judged = Record::judged(record.report(Verdict::Release, None));
    record.took(Actor::Enclave, judged);
    let (run, hanako) = (record.run.clone(), Actor::Person(person("per_hanako")));
    let fetch = Act::Downloaded { run: run.clone(), file: "table.csv".into() };
    let recall = |signer: &str, reason: &str| {
        let order = RecallOrder { run: run.clone(), by: person("per_ministry"), reason: reason.into() };
        let signature = key(signer).sign(order.text().as_bytes());
        Act::Recalled { order, signature }
    };
    let ministry = Actor::Person(person("per_ministry"));
    assert_eq!(record.code(ministry.clone(), recall("per_ministry", "early")), Code::NotFound);
    record.took(Actor::Enclave, Act::Released { run: run.clone(), receipt: digest("r") });
    record.took(hanako.clone(), fetch.clone());
    assert_eq!(record.code(ministry.clone(), recall("per_member1", "wrong")), Code::RecallForged);
    assert_eq!(record.code(Actor::Person(person("per_member1")), recall("per_ministry", "wrong")), Code::NotAllowed);
    assert_eq!(record.code(ministry.clone(), recall("per_ministry", " ")), Code::Malformed);
    record.took(ministry.clone(), recall("per_ministry", "wrong"));
    assert_eq!(record.code(ministry, recall("per_ministry", "again")), Code::WrongState);
    assert_eq!(record.code(hanako, fetch), Code::Recalled);
    assert_eq!(record.cases.runs[&run].fetched, [person("per_hanako")].into());
}

#[test]
fn only_so_many_outputs_of_a_permit_wait_for_people() {
    let mut record = Record::new(1);
    let ask = |n: usize| Act::RunRequested {
        run: RunId::from_random(&[u8::try_from(n).unwrap(), 1]),
        permit: PermitId::from_random(&[1]),
        program: digest("SELECT"),
    };
    // One that will be held counts as one that is.
    record.held(1, ASKED);
    for n in 1..HELD_OPEN_MAX {
        record.took(Actor::Person(person("per_hanako")), ask(n));
    }
    assert_eq!(record.code(Actor::Person(person("per_hanako")), ask(HELD_OPEN_MAX)), Code::TooManyHeld);
    let one = record.check("per_checker1", Finding::Refuse);
    record.casts(&one).unwrap();
    record.took(Actor::Gateway, record.opened(&[&one]));
    record.took(Actor::Person(person("per_hanako")), ask(HELD_OPEN_MAX));
}

#[test]
fn a_vote_without_the_condition_keeps_its_text() {
    let ballot = |checkers| Ballot {
        application: "app_a".parse().unwrap(),
        content: digest("c"),
        member: person("per_member1"),
        decision: Decision::Approve,
        remove: BTreeSet::new(),
        checkers,
    };
    assert!(ballot(0).text().ends_with("decision: approve\nremove: \n"));
    assert!(ballot(2).text().ends_with("decision: approve\nremove: \ncheckers: 2\n"));
    assert!(!serde_json::to_string(&ballot(0)).unwrap().contains("checkers"));
}
