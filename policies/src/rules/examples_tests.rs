//! One test per rule, written in the packs themselves: each file is read, every rule of it has examples on both sides, and they notice
//! when a rule is taken out or made laxer.

use super::*;

/// The rules that each pack has. A rule that goes, together with its examples, is missed here.
const RULES: &[(&str, &[&str])] = &[
    ("ndb", &[LADDER, DRUGS, CROSSING, WEIGHT, HOUR, AGE, HOUSEHOLDS]),
    ("kaigo", &[FACILITIES, LADDER, AGE, HOUSEHOLDS]),
    ("default", &[LADDER, DRUGS, CROSSING, WEIGHT, HOUR, HOUSEHOLDS]),
    ("jpclins", &[FACILITIES, LADDER, DRUGS, CROSSING, WEIGHT, HOUR, HOUSEHOLDS]),
    ("hs037", &[FACILITIES, LADDER, DRUGS, CROSSING, WEIGHT, HOUR, HOUSEHOLDS]),
    ("fixture", &[]),
];
const FACILITIES: &str = "facilities_min";
const LADDER: &str = "municipalities";
const DRUGS: &str = "drugs";
const CROSSING: &str = "crossings municipality insurer";
const WEIGHT: &str = "bands birth_weight";
const HOUR: &str = "bands death_hour";
const AGE: &str = "bands age";
const HOUSEHOLDS: &str = "households";

fn packs() -> impl Iterator<Item = (&'static str, RulePack)> {
    genesis().map(|(name, text)| (name, RulePack::read(text).unwrap_or_else(|r| panic!("{name}: {r}"))))
}

#[test]
fn every_pack_has_the_rules_that_it_is_known_for() {
    assert_eq!(RULES.len(), packs().count());
    for (name, pack) in packs() {
        let (_, own) = RULES.iter().find(|(n, _)| *n == name).unwrap();
        let expected = ["people_min", "round_to", "dominance_percent"].iter().chain(*own).map(|r| (*r).to_owned()).collect();
        assert_eq!(pack.names(), expected, "{name}");
    }
}

#[test]
fn every_rule_of_every_pack_has_an_example_on_each_side() {
    for (name, pack) in packs() {
        for rule in pack.names() {
            let all = pack.examples.get(&rule).map(Vec::as_slice).unwrap_or_default();
            let (shown, not): (Vec<_>, Vec<_>) = all.iter().partition(|e| e.is_shown());
            // Rounding lets everything through, but not in one way.
            let sides = if rule == "round_to" { shown.len() > 1 && shown[0].gives != shown[1].gives } else { !not.is_empty() };
            assert!(!shown.is_empty() && sides, "{name}: `{rule}`");
        }
    }
}

/// Ways to make a pack laxer; where it has no such rule, nothing is changed.
const LAXER: &[(&str, fn(&mut RulePack))] = &[
    ("one person less", |p| p.rules.people_min -= 1),
    ("one facility less", |p| p.rules.facilities_min = p.rules.facilities_min.saturating_sub(1)),
    ("rounded to five", |p| p.rules.round_to = 5),
    ("a share of 9 percent", |p| p.rules.dominance_percent = 9),
    ("no ladder", |p| p.municipalities = None),
    ("villages of 1,999", |p| steps(p, |s| s[0].under = 1999)),
    ("no villages", |p| steps(p, |s| s.retain(|step| step.people_min.is_some()))),
    ("towns of 24,998", |p| steps(p, |s| s[1].under = 24_999)),
    ("19 people of a town", |p| steps(p, |s| s[1].people_min = Some(19))),
    ("no word about drugs", |p| p.drugs = None),
    ("everything crossed", |p| p.crossings.clear()),
    ("no bands", |p| p.bands.clear()),
    ("bands of half the width", |p| p.bands.iter_mut().for_each(|b| b.width = b.width.div_euclid(2).max(1))),
    ("no low tail", |p| p.bands.iter_mut().for_each(|b| b.low = None)),
    ("no high tail", |p| p.bands.iter_mut().for_each(|b| b.high = None)),
    ("no word about households", |p| p.households = None),
    ("two households", |p| p.households.iter_mut().for_each(|h| h.min = 2)),
];

fn steps(pack: &mut RulePack, change: fn(&mut Vec<Step>)) {
    pack.municipalities.iter_mut().for_each(|ladder| change(&mut ladder.steps));
}

#[test]
fn a_pack_that_is_made_laxer_contradicts_its_examples() {
    for (name, pack) in packs() {
        assert_eq!(pack.contradiction(), None, "{name}");
        for (what, change) in LAXER {
            let mut laxer = pack.clone();
            change(&mut laxer);
            assert_eq!(laxer.contradiction().is_some(), laxer != pack, "{name}: {what}");
        }
    }
}

#[test]
fn a_pack_is_not_read_against_its_examples() {
    let text = genesis().find(|(n, _)| *n == "kaigo").unwrap().1;
    let refused = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        RulePack::read(&text.replacen(from, to, 1)).unwrap_err().detail
    };
    assert!(refused("width = 5", "width = 1").contains("example 1 of `bands age` should give `refused`"));
    assert!(refused("gives = \"20\"", "gives = \"10\"").contains("gives `20`"));
    assert!(refused("households = [{", "villages = [{").contains("no such rule"));
}
