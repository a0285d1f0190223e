//! The portal in a real browser. The scripts of `tests/browser` click, type and look; each of their checks is a claim here.

use visiting_tests::{
    browser::{Browser, Case, Check, Setting},
    skip::skip,
    world::World,
};

use crate::base;

/// Plays a suite against a system of its own, after the case that its pages need. Checks that did not hold are the message.
fn holds(suite: &str, languages: &str, case: impl FnOnce(&World) -> Option<Case>) -> Vec<Check> {
    if std::env::var_os("VISITING_FAST").is_some() {
        skip("VISITING_FAST leaves the browser out");
        return Vec::new();
    }
    let browser = match Browser::find() {
        Ok(browser) => browser,
        Err(why) => {
            skip(&why);
            return Vec::new();
        }
    };
    let mut world = World::copy_of(&format!("browser-{suite}"), base::loaded()).unwrap();
    world.start_all().unwrap();
    base::wait_for_data(&world, &["ndb", "kaigo"]);
    let case = case(&world);
    let setting = Setting { suite, address: world.address(), home: world.home(), languages, case: case.as_ref(), out: None };
    let checks = browser.play(&setting, |line| println!("{line}")).unwrap();
    let wrong: Vec<String> = checks.iter().filter_map(|check| check.wrong.as_ref().map(|why| format!("{}: {why}", check.name))).collect();
    assert!(wrong.is_empty(), "{} of {} checks in the browser do not hold:\n{}", wrong.len(), checks.len(), wrong.join("\n"));
    assert!(!checks.is_empty(), "the suite {suite} looked at nothing");
    world.audit().unwrap();
    checks
}

/// A case in every state.
fn every_state(world: &World) -> Option<Case> {
    Some(Case::play(world).unwrap())
}

#[test]
fn the_journeys_by_clicking_in_japanese() {
    holds("journeys", "ja", |_| None);
}

#[test]
fn the_journeys_by_clicking_in_english() {
    holds("journeys", "en", |_| None);
}

#[test]
fn axe_finds_nothing_on_any_page() {
    holds("axe", "ja,en", every_state);
}

#[test]
fn pages_work_without_javascript() {
    holds("plain", "ja", |_| None);
}

#[test]
fn pages_work_by_keyboard_alone() {
    holds("keyboard", "en", every_state);
}

#[test]
fn colours_and_type_are_the_design_tokens() {
    holds("tokens", "ja", |_| None);
}

#[test]
fn a_check_is_read_from_its_line() {
    assert_eq!(Check::read("ok a: b"), Some(Check { name: "a: b".to_owned(), wrong: None }));
    let failed = Check::read("not ok find: a listing - it says: no").unwrap();
    assert_eq!((failed.name.as_str(), failed.wrong.as_deref()), ("find: a listing", Some("it says: no")));
    assert_eq!(Check::read("end"), None);
}
