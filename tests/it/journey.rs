//! The journey from end to end, over HTTP and on the command line.

use visiting_tests::{
    journey::{Setting, play},
    skip::skip,
    world::World,
};

use crate::base;

#[test]
fn the_whole_journey_is_played() {
    let mut world = World::copy_of("journey", base::loaded()).unwrap();
    world.start_all().unwrap();
    base::wait_for_data(&world, &["ndb", "kaigo"]);
    if visiting_tests::world::omop_set().is_some() {
        base::wait_for_data(&world, &["omop"]);
    }
    let report = play(Setting { address: world.address().to_owned(), home: world.home().to_owned() }, |line| println!("{line}"));
    assert_eq!(report.failed, Vec::<String>::new());
    report.skipped.iter().for_each(|why| skip(why.split_once(": ").map_or(why.as_str(), |(_, reason)| reason)));
    assert_eq!(report.steps, visiting_tests::journey::names().count());
}

#[test]
fn every_process_ends_well_on_sigterm() {
    let (mut world, _) = base::running("sigterm");
    for unit in visiting_tests::world::Unit::ALL {
        world.stop(unit).unwrap();
    }
    world.start_all().unwrap();
    world.audit().unwrap();
}
