//! What rules mean for questions, against the packs that the product begins with. That each pack has its rules: `examples_tests`.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::{
    Code,
    disclosure::Rules,
    roster::{Member, Roster},
    sign::{self, SigningKey},
    terms::{PersonId, Role},
};

fn pack(name: &str) -> RulePack {
    rule_pack(name).unwrap()
}

fn key(name: &str, role: ColumnRole, domain: Option<(i64, i64)>, named: Named) -> KeyRole {
    KeyRole { name: name.to_owned(), role: Some(role), domain, named, every_row: true, born: None, at: None }
}

fn municipality(named: Named) -> KeyRole {
    key("municipality", ColumnRole::Municipality, None, named)
}

fn labels(all: &[&str]) -> Named {
    Named::Labels(all.iter().map(|l| (*l).to_owned()).collect())
}

fn judged(packs: &[&str], keys: &[KeyRole], filters: &[KeyRole]) -> Result<Applied, Code> {
    let packs: Vec<RulePack> = packs.iter().map(|n| pack(n)).collect();
    apply(&packs.iter().collect::<Vec<_>>(), &Municipalities::synthetic(), keys, filters).map_err(|r| r.code)
}

fn least(applied: &Applied, labels: &[&str]) -> Option<u64> {
    applied.cell(labels).map(|r| r.people_min)
}

#[test]
fn every_pack_that_the_product_begins_with_is_sound_and_cites_its_sources() {
    for (name, text) in genesis() {
        let pack = RulePack::read(text).unwrap_or_else(|r| panic!("{name}: {r}"));
        assert!(pack.rules.people_min >= 10 && pack.sources.iter().all(|s| s.len() > 10), "{name}");
    }
}

#[test]
fn thresholds_are_those_of_the_guidelines() {
    assert_eq!(pack("ndb").rules, Rules { people_min: 10, facilities_min: 0, households_min: 0, round_to: 10, dominance_percent: 10 });
    assert_eq!(pack("kaigo").rules, Rules { people_min: 10, facilities_min: 3, households_min: 0, round_to: 10, dominance_percent: 10 });
    // The strictest of two databases, kind by kind, in either order.
    for packs in [["ndb", "kaigo"], ["kaigo", "ndb"]] {
        assert_eq!(judged(&packs, &[], &[]).unwrap().rules, pack("kaigo").thresholds());
    }
}

#[test]
fn the_ladder_of_municipalities_turns_at_2000_and_25000() {
    for name in ["ndb", "kaigo", "default"] {
        let ladder = pack(name).municipalities.unwrap();
        let steps = [0, 1999, 2000, 24_999, 25_000, 1_000_000].map(|n| ladder.people_min(n, 10));
        assert_eq!(steps, [None, None, Some(20), Some(20), Some(10), Some(10)], "{name}");
    }
}

#[test]
fn a_cell_of_a_municipality_asks_for_what_its_population_asks_for() {
    let sex = KeyRole { name: "sex".to_owned(), role: None, domain: None, named: Named::Each, every_row: true, born: None, at: None };
    let applied = judged(&["ndb"], &[sex, municipality(Named::Each)], &[]).unwrap();
    assert_eq!(least(&applied, &["1", "99101"]), Some(10));
    assert_eq!(least(&applied, &["1", "99201"]), Some(10), "exactly 25,000");
    assert_eq!(least(&applied, &["1", "99202"]), Some(20), "24,999");
    assert_eq!(least(&applied, &["1", "99301"]), Some(20), "exactly 2,000");
    assert_eq!(least(&applied, &["1", "99302"]), None, "1,999");
    assert_eq!(least(&applied, &["1", "13101"]), None, "a municipality without a known population");
    assert_eq!(least(&applied, &["1", ""]), Some(10), "a total over all municipalities");
    assert!(applied.stated()["municipalities"].starts_with("sha256:"));
}

#[test]
fn a_condition_on_a_municipality_is_as_good_as_a_group() {
    let only = |all: &[&str]| judged(&["ndb"], &[], &[municipality(labels(all))]).map(|a| least(&a, &[]));
    assert_eq!(only(&["99101"]), Ok(Some(10)));
    assert_eq!(only(&["99202"]), Ok(Some(20)));
    assert_eq!(only(&["99304"]), Err(Code::RuleForbids));
    // Two sets would tell the village by their difference.
    assert_eq!(only(&["99101", "99304"]), Err(Code::RuleForbids));
    // So would everything but the village.
    let all_but = |but: &str| {
        let table = Municipalities::synthetic();
        let big: Vec<String> = table.iter().filter(|(c, n)| *c != but && *n >= 2000).map(|(c, _)| c.to_owned()).collect();
        judged(&["ndb"], &[], &[municipality(labels(&big.iter().map(String::as_str).collect::<Vec<_>>()))]).map(|a| least(&a, &[]))
    };
    assert_eq!(all_but("none"), Ok(Some(20)), "what is left out has 2,810 people together");
    let table = Municipalities::read("code,population\n99101,50000\n99304,171\n").unwrap();
    let ndb = pack("ndb");
    let refused = apply(&[&ndb], &table, &[], &[municipality(labels(&["99101"]))]).unwrap_err();
    assert_eq!(refused.code, Code::RuleForbids);
    assert!(refused.detail.contains("difference") && refused.ja.is_some_and(|ja| ja.contains("市区町村")));
}

#[test]
fn a_condition_beside_the_same_group_only_leaves_rows_out() {
    let applied = judged(&["ndb"], &[municipality(Named::Each)], &[municipality(labels(&["99304", "99101"]))]).unwrap();
    assert_eq!((least(&applied, &["99304"]), least(&applied, &["99101"])), (None, Some(10)));
}

#[test]
fn what_cannot_be_taken_apart_is_not_shown_by_municipality() {
    assert_eq!(judged(&["ndb"], &[municipality(Named::Unreadable)], &[]), Err(Code::RuleForbids));
    assert_eq!(judged(&["ndb"], &[], &[municipality(Named::Unreadable)]), Err(Code::RuleForbids));
}

#[test]
fn municipality_and_insurer_are_never_crossed() {
    let insurer = key("insurer", ColumnRole::Insurer, Some((1, 4)), Named::Each);
    let one = key("insurer", ColumnRole::Insurer, Some((1, 4)), Named::Ranges(vec![(1, 1)]));
    assert_eq!(judged(&["ndb"], &[municipality(Named::Each), insurer.clone()], &[]), Err(Code::RuleForbids));
    assert_eq!(judged(&["ndb"], &[municipality(Named::Each)], std::slice::from_ref(&one)), Err(Code::RuleForbids), "in a condition");
    assert_eq!(judged(&["ndb"], &[], &[municipality(labels(&["99101"])), one]), Err(Code::RuleForbids), "both in conditions");
    assert!(judged(&["ndb"], std::slice::from_ref(&insurer), &[]).is_ok());
    assert!(judged(&["kaigo"], &[municipality(Named::Each), insurer.clone()], &[]).is_ok(), "the LTC-DB has no such rule");
    assert_eq!(judged(&["kaigo", "ndb"], &[municipality(Named::Each), insurer], &[]), Err(Code::RuleForbids), "the strictest holds");
}

#[test]
fn patients_of_a_drug_are_as_many_as_its_rule_asks_for() {
    let mut strict = pack("ndb");
    strict.drugs = strict.drugs.map(|drugs| Drugs { patients_min: 30, ..drugs });
    let drug = key("yj_code", ColumnRole::Drug, None, Named::Each);
    let applied = apply(&[&strict], &Municipalities::synthetic(), &[drug], &[]).unwrap();
    assert_eq!(least(&applied, &["1"]), Some(30));
}

fn band(name: &str, role: ColumnRole) -> Band {
    pack(name).bands.into_iter().find(|b| b.role == role).unwrap()
}

#[test]
fn birth_weight_is_shown_in_100_g_with_both_tails_together() {
    let weight = band("ndb", ColumnRole::BirthWeight);
    let shown = [250, 300, 301, 399, 400, 3999, 4000, 5200].map(|g| weight.label(g));
    assert_eq!(shown, ["<=300", "<=300", "301-399", "301-399", "400-499", "3900-3999", ">=4000", ">=4000"]);
    assert_eq!(weight.cuts(200, 6000).len(), 39, "two tails and 37 bands between");
}

#[test]
fn the_hour_of_death_is_shown_in_two_hours() {
    let hour = band("ndb", ColumnRole::DeathHour);
    assert_eq!([0, 1, 2, 23].map(|h| hour.label(h)), ["0-1", "0-1", "2-3", "22-23"]);
    assert_eq!(hour.cuts(0, 23).len(), 12);
}

#[test]
fn ages_have_the_tails_of_their_database() {
    let (ndb, kaigo) = (band("ndb", ColumnRole::Age), band("kaigo", ColumnRole::Age));
    assert_eq!([84, 85, 104].map(|a| ndb.label(a)), ["84", ">=85", ">=85"]);
    assert_eq!([40, 64, 65, 69, 94, 95, 101].map(|a| kaigo.label(a)), ["<=64", "<=64", "65-69", "65-69", "90-94", ">=95", ">=95"]);
    let both =
        judged(&["ndb", "kaigo"], &[key("age", ColumnRole::Age, Some((0, 109)), Named::Ranges(vec![(0, 64), (65, 109)]))], &[]).unwrap();
    let both = both.bands[0].clone().unwrap();
    assert_eq!([64, 65, 84, 85].map(|a| both.label(a)), ["<=64", "65-69", "80-84", ">=85"]);
}

#[test]
fn bands_hold_in_conditions_as_in_groups() {
    let age = |ranges: Vec<(i64, i64)>| key("age", ColumnRole::Age, Some((0, 109)), Named::Ranges(ranges));
    let asked = |ranges| judged(&["kaigo"], &[], &[age(ranges)]).map(|_| ());
    assert_eq!(asked(vec![(65, 109)]), Ok(()));
    assert_eq!(asked(vec![(70, 79), (95, 109)]), Ok(()));
    assert_eq!(asked(vec![(0, 64)]), Ok(()));
    assert_eq!(asked(vec![(66, 109)]), Err(Code::RuleForbids));
    assert_eq!(asked(vec![(97, 97)]), Err(Code::RuleForbids), "a tail is not cut");
    assert_eq!(asked(vec![(0, 40)]), Err(Code::RuleForbids));
    // A group made of ranges (CASE) is judged by its edges.
    assert!(judged(&["kaigo"], &[age(vec![(0, 64), (65, 74), (75, 109)])], &[]).is_ok());
    assert_eq!(judged(&["kaigo"], &[age(vec![(0, 64), (65, 72), (73, 109)])], &[]), Err(Code::RuleForbids));
    let refused = apply(&[&pack("kaigo")], &Municipalities::synthetic(), &[], &[age(vec![(66, 70)])]).unwrap_err();
    assert!(refused.detail.contains("<=64 and 65-69"), "{}", refused.detail);
}

#[test]
fn a_month_of_birth_tells_the_age_that_is_reached_in_the_last_year_of_the_data() {
    let born = |named| ages(key("birth_ym", ColumnRole::BirthMonth, Some((190_001, 202_412)), named), 2024);
    let by = |packs: &[&str], named: Named| judged(packs, &[born(named)], &[]).map(|a| a.bands[0].is_some());
    let years = |from: i64, to: i64| Named::Ranges(vec![(from * 100 + 1, to * 100 + 12)]);
    assert_eq!(by(&["kaigo"], years(1955, 1959)), Ok(true), "65-69");
    assert_eq!(by(&["kaigo"], years(1960, 2024)), Ok(true), "64 and younger");
    assert_eq!(by(&["kaigo"], Named::Ranges(vec![(190_001, 192_999)])), Ok(true), "95 and older, as arithmetic on years gives it");
    assert_eq!(by(&["kaigo"], years(1955, 1958)), Err(Code::RuleForbids), "66-69");
    assert_eq!(by(&["kaigo"], Named::Ranges(vec![(195_501, 195_911)])), Err(Code::RuleForbids), "eleven months of the last year");
    assert_eq!(by(&["kaigo"], Named::Each), Err(Code::RuleForbids));
    assert_eq!(by(&["default"], Named::Each), Ok(false), "no bands, no rule");
    assert_eq!(by(&["ndb", "kaigo"], years(1935, 1939)), Err(Code::RuleForbids), "85-89 is a part of the NDB's tail");
    let refused = apply(&[&pack("kaigo")], &Municipalities::synthetic(), &[born(Named::Each)], &[]).unwrap_err();
    assert!(refused.detail.contains("WHEN (2024 - birth_ym / 100) <= 64") && refused.ja.is_some(), "{}", refused.detail);
}

#[test]
fn bands_cover_every_value_once_and_follow_their_own_edges() {
    for (width, low, high) in
        [(1, None, None), (5, Some(64), Some(95)), (100, Some(300), Some(4000)), (7, None, Some(3)), (3, Some(-4), None)]
    {
        let band = Band { role: ColumnRole::Age, width, low, high, source: String::new() };
        let cuts = band.cuts(-20, 5000);
        let mut next = -20;
        for (first, last) in &cuts {
            assert_eq!(*first, next);
            assert!(last >= first && band.whole((*first, *last), (-20, 5000)));
            next = last + 1;
        }
        assert_eq!(next, 5001);
    }
}

/// A pack's text without its examples: what is wrong with a rule is told by the rule.
fn bare(name: &str) -> &'static str {
    genesis().find(|(n, _)| *n == name).unwrap().1.split("\n[examples]").next().unwrap()
}

#[test]
fn a_broken_or_lax_pack_is_refused() {
    let text = bare("ndb");
    let refused = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        let refusal = RulePack::read(&text.replace(from, to)).unwrap_err();
        assert_eq!(refusal.code, Code::RulesUnsound);
        assert!(refusal.ja.is_some());
        refusal.detail
    };
    assert!(refused("people_min = 10 ", "people_min = 9 ").contains("laxer than the floor"));
    assert!(refused("round_to = 10 ", "round_to = 5 ").contains("laxer than the floor"));
    assert!(refused("dominance_percent = 10", "dominance_percent = 0").contains("laxer than the floor"));
    assert!(refused("people_min = 10 ", "people_min = 99999 ").contains("slip"));
    assert!(refused("round_to = 10 ", "round_to = 50 ").contains("round_to"));
    assert!(refused("under = 25000, people_min = 20", "under = 25000, people_min = 5").contains("[municipalities]"));
    assert!(refused("under = 25000", "under = 1500").contains("[municipalities]"));
    assert!(refused("low = 300", "low = 5000").contains("[[bands]]"));
    assert!(refused("role = \"death_hour\"", "role = \"age\"").contains("once"));
    assert!(refused("[\"municipality\", \"insurer\"]", "[\"municipality\"]").contains("[[crossings]]"));
    assert!(refused("injection_min = 400", "injection_min = 0").contains("[drugs]"));
    assert!(refused("sources = [", "sauces = [").contains("sources"));
    assert!(refused("version = \"2026-11\"", "version = \"2026 11\"").contains("version"));
    assert!(RulePack::read(&"#".repeat(limits::PACK_MAX_BYTES + 1)).is_err());
}

#[test]
fn a_table_of_populations_is_read_whole_or_not_at_all() {
    let table = Municipalities::synthetic();
    assert!(table.iter().count() >= 8 && table.iter().all(|(code, _)| code.starts_with("99")));
    for (text, line) in [
        ("", "line 1"),
        ("code,people\n", "line 1"),
        ("code,population\n", "no municipality"),
        ("code,population\n1101,5\n", "line 2"),
        ("# a\ncode,population\n01101,5\n01101,6\n", "line 4"),
        ("code,population\n01101,\"1,234\"\n", "line 2"),
    ] {
        let detail = Municipalities::read(text).unwrap_err().detail;
        assert!(detail.contains(line), "{detail}");
    }
    assert_eq!(Municipalities::read("\u{feff}code,population\r\n01101, 250000\r\n").unwrap().population("01101"), Some(250_000));
}

/// A roster of two members, somebody of the ministry, a researcher.
fn roster() -> (Roster, BTreeMap<&'static str, SigningKey>) {
    let people = [
        ("per_a", Role::CommitteeMember, 1),
        ("per_b", Role::CommitteeMember, 2),
        ("per_m", Role::Ministry, 3),
        ("per_r", Role::Researcher, 4),
    ];
    let keys: BTreeMap<_, _> = people.iter().map(|(id, _, seed)| (*id, SigningKey::from_seed(&[*seed; 32]).unwrap())).collect();
    let member = |id: &str, role| Member {
        organisation: "org_x".parse().unwrap(),
        roles: BTreeSet::from([role]),
        key: Some(keys[id].public()),
        seal_key: None,
    };
    let members = people.iter().map(|(id, role, _)| (id.parse::<PersonId>().unwrap(), member(id, *role))).collect();
    (Roster { origin: "log".into(), log_key: String::new(), enclave_key: String::new(), quorum: 2, members }, keys)
}

const STRICTER: (&str, &str) = ("people_min = 10 ", "people_min = 30 ");

fn proposal(book: &RuleBook, by: &str, version: &str) -> (RulesProposal, String) {
    let text = book.pack("fixture").unwrap().text.split("\n[examples]").next().unwrap().replace(STRICTER.0, STRICTER.1);
    let now = &book.pack("fixture").unwrap().pack.version;
    let text = text.replace(&format!("version = \"{now}\""), &format!("version = \"{version}\""));
    let replaces = book.replaces("fixture").to_owned();
    let digest = sign::digest(text.as_bytes());
    (RulesProposal { pack: "fixture".into(), replaces, digest, reason: "a test".into(), by: by.parse().unwrap() }, text)
}

struct Room(RuleBook, Roster, BTreeMap<&'static str, SigningKey>);

impl Room {
    fn new() -> Self {
        let (roster, keys) = roster();
        Self(RuleBook::default(), roster, keys)
    }

    fn propose(&mut self, by: &str, key: &str, proposal: &RulesProposal, text: &str, index: u64) -> Result<(), Code> {
        let signature = self.2[key].sign(proposal.text().as_bytes());
        self.0.propose(&self.1, &by.parse().unwrap(), proposal, text, &signature, index).map_err(|r| r.code)
    }

    fn adopt(&mut self, by: &str, key: &str, proposal: &RulesProposal, index: u64) -> Result<(), Code> {
        let adoption = RulesAdoption { rules: proposal.id(), digest: proposal.digest.clone(), by: by.parse().unwrap() };
        let signature = self.2[key].sign(adoption.text().as_bytes());
        self.0.adopt(&self.1, &by.parse().unwrap(), &adoption, &signature, index).map_err(|r| r.code)
    }

    fn least(&self) -> u64 {
        self.0.pack("fixture").unwrap().pack.rules.people_min
    }
}

#[test]
fn a_change_of_rules_takes_two_people() {
    let mut room = Room::new();
    let (change, text) = proposal(&room.0, "per_a", "2026-12");
    room.propose("per_a", "per_a", &change, &text, 5).unwrap();
    assert_eq!(room.least(), 10, "a proposal changes nothing");
    assert_eq!(room.adopt("per_a", "per_a", &change, 6), Err(Code::SecondPersonNeeded));
    assert_eq!(room.adopt("per_r", "per_r", &change, 6), Err(Code::NotAllowed));
    assert_eq!(room.adopt("per_b", "per_a", &change, 6), Err(Code::RulesForged), "another's key");
    assert_eq!(room.least(), 10);
    room.adopt("per_m", "per_m", &change, 6).unwrap();
    assert_eq!(room.least(), 30);
    assert_eq!(room.adopt("per_b", "per_b", &change, 7), Err(Code::WrongState), "once");
    let case = &room.0.proposals[&change.id()];
    assert_eq!(case.adopted, Some(("per_m".parse().unwrap(), 6)));
    assert_eq!(room.0.all().find(|(n, _)| *n == "fixture").unwrap().1.len(), 2, "the first version stays in the history");
}

#[test]
fn a_proposal_is_signed_reasoned_and_written_against_what_is_in_force() {
    let mut room = Room::new();
    let (change, text) = proposal(&room.0, "per_a", "2026-12");
    let altered = |f: fn(&mut RulesProposal)| {
        let mut one = change.clone();
        f(&mut one);
        one
    };
    assert_eq!(room.propose("per_r", "per_r", &altered(|p| p.by = "per_r".parse().unwrap()), &text, 1), Err(Code::NotAllowed));
    assert_eq!(room.propose("per_a", "per_b", &change, &text, 1), Err(Code::RulesForged));
    assert_eq!(room.propose("per_b", "per_b", &change, &text, 1), Err(Code::RulesForged), "in another's name");
    assert_eq!(room.propose("per_a", "per_a", &change, &format!("{text}\n"), 1), Err(Code::RulesForged), "another file");
    assert_eq!(room.propose("per_a", "per_a", &altered(|p| p.reason = " ".into()), &text, 1), Err(Code::Malformed));
    assert_eq!(room.propose("per_a", "per_a", &altered(|p| p.replaces = NO_PACK.into()), &text, 1), Err(Code::WrongState));
    let (same, old) = proposal(&room.0, "per_a", "2026-11");
    assert_eq!(room.propose("per_a", "per_a", &same, &old, 1), Err(Code::RulesUnsound), "a version names one text");
    assert!(room.0.proposals.is_empty());
    room.propose("per_a", "per_a", &change, &text, 1).unwrap();
    assert_eq!(room.propose("per_a", "per_a", &change, &text, 2), Err(Code::WrongState), "again");
    // Overtaken by another change of the same pack.
    let (other, other_text) = proposal(&room.0, "per_b", "2027-01");
    room.propose("per_b", "per_b", &other, &other_text, 2).unwrap();
    room.adopt("per_a", "per_a", &other, 3).unwrap();
    assert_eq!(room.adopt("per_b", "per_b", &change, 4), Err(Code::WrongState));
}

#[test]
fn as_many_proposals_wait_as_are_read() {
    let mut room = Room::new();
    for n in 0..limits::OPEN_MAX {
        let (change, text) = proposal(&room.0, "per_a", &format!("v{n}"));
        room.propose("per_a", "per_a", &change, &text, n as u64).unwrap();
    }
    let (change, text) = proposal(&room.0, "per_a", "one-more");
    assert_eq!(room.propose("per_a", "per_a", &change, &text, 99), Err(Code::TooLarge));
}
