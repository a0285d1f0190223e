//! An attacker who sees everything that was released, and an honest study beside it.

use std::process::Command;

use visiting_tests::{
    attack::{Plan, attack},
    bench,
    skip::skip,
    world::tree,
};

#[test]
fn an_attacker_who_sees_all_releases_pins_nobody_and_without_the_ledger_somebody() {
    let python = std::env::var("VISITING_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    if !Command::new(&python).args(["-c", "import highspy"]).output().is_ok_and(|o| o.status.success()) {
        return skip("no python with highspy; `cargo verify` installs one, or name it in VISITING_PYTHON");
    }
    let folder = tree().unwrap().join("target/tmp/attack");
    let plan = Plan { seeds: 2, releases: 120, people: 600 };
    for (number, [with, without]) in attack(plan, &python, &folder, |line| println!("{line}")).unwrap().into_iter().enumerate() {
        assert_eq!(with.pinned, 0, "population {}: somebody is pinned in spite of the ledger", number + 1);
        assert!(without.pinned > 0, "population {}: an attacker that finds nobody proves nothing", number + 1);
        assert!(with.released > plan.releases / 4, "population {}: {} of {} shown", number + 1, with.released, plan.releases);
    }
}

#[test]
fn an_honest_study_of_forty_tables_comes_through() {
    let (_world, bench) = bench::bench("study", 12_000).unwrap();
    let played = bench::play(&bench, &bench::study().unwrap()).unwrap();
    println!("{played:?}");
    assert_eq!(played.tables, 40);
    assert!(played.released_percent() >= 90.0, "{played:?}");
    // Numbers that are not what the question alone would show. Repeats of the very same number are marked besides.
    assert!(played.changed_percent() <= 5.0, "{played:?}");
}
