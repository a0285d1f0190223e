//! The log's key is rotated: everybody who reads the log is told, and goes on; who was not told stops.

use std::{fs, path::Path, time::Duration};

use visiting_policies::record::{Act, Event};
use visiting_tests::world::{Unit, World, run_tool, text};

use crate::{base, record::Witness};

const SQL: &str = "SELECT sex, COUNT(DISTINCT pid) AS people FROM ndb.patients GROUP BY sex";

const PATIENCE: Duration = Duration::from_secs(30);

/// How a verification ends when a signature is missing. The word alone stands also in what it says when something later fails.
const SIGNATURE: &str = "visiting-audit ended with exit status: 10:";

fn is_rotation(event: &Event) -> bool {
    matches!(event.act, Act::LogKeyRotated { .. })
}

fn stop_all(world: &mut World) {
    for unit in [Unit::Enclave, Unit::Gateway, Unit::Linkage] {
        world.stop(unit).unwrap();
    }
}

fn released(world: &World) -> String {
    let hanako = world.client("per_hanako").unwrap();
    let run = hanako.run(&base::granted().permit, SQL).unwrap().id;
    let leaves = |e: &Event| matches!(&e.act, Act::Released { run: released, .. } if released.to_string() == run);
    world.wait_event(0, leaves, PATIENCE).unwrap();
    run
}

/// The newest word of `visiting setup` that is a verifier key.
fn rotate(world: &World) -> String {
    let said = world.tool("visiting-setup", &["--rotate-log-key"]).unwrap();
    said.split_whitespace().find(|word| word.starts_with("visiting.demo/log+")).unwrap().to_owned()
}

fn verify(log: &Path, key: &str, since: Option<&Path>) -> Result<String, String> {
    let mut arguments = ["verify", "--log", &text(log), "--policy", &text(&log.join("policy")), "--key", key].map(str::to_owned).to_vec();
    arguments.extend(since.iter().flat_map(|file| ["--since".to_owned(), text(file)]));
    run_tool("visiting-audit", &arguments)
}

#[test]
fn the_logs_key_is_rotated_and_everybody_who_was_told_goes_on() {
    let mut world = World::copy_of("rotation", &base::granted().home).unwrap();
    let mut witness = Witness::of(&world);
    let log = world.home().join("log");
    let key = || fs::read_to_string(log.join("log.vkey")).unwrap().trim().to_owned();
    let old = key();
    world.start_all().unwrap();
    released(&world);
    stop_all(&mut world);
    let earlier = world.home().join("earlier");
    fs::copy(log.join("checkpoint"), &earlier).unwrap();

    let new = rotate(&world);
    assert_eq!(key(), old, "until the gateway starts, the old key is in force");
    let again = world.tool("visiting-setup", &["--rotate-log-key"]).unwrap_err();
    assert!(again.contains("waits already"), "{again}");
    // A witness that was not told cosigns nothing new, so nothing goes on.
    world.start(Unit::Gateway).unwrap();
    world.wait_health("log", "late", PATIENCE).unwrap();
    assert_eq!(key(), new);
    witness.trust(&new);
    world.wait_health("log", "published", PATIENCE).unwrap();
    witness.distrust(&old);
    world.start(Unit::Linkage).unwrap();
    world.start(Unit::Enclave).unwrap();
    released(&world);
    stop_all(&mut world);

    assert_eq!(world.events().unwrap().iter().filter(|e| is_rotation(e)).count(), 1, "a key is put in force once");
    let sound = verify(&log, &new, None).unwrap();
    assert!(sound.contains("rotated by event"), "{sound}");
    let refused = verify(&log, &old, None).unwrap_err();
    assert!(refused.contains(SIGNATURE), "the old key alone says nothing of today's log: {refused}");
    let both = ["--key".to_owned(), old.clone()];
    let arguments = ["verify", "--log", &text(&log), "--since", &text(&earlier), "--key", &new].map(str::to_owned);
    run_tool("visiting-audit", &[arguments.as_slice(), &both].concat()).unwrap();
}

#[test]
fn a_rotation_that_was_cut_off_is_finished_by_the_next_start() {
    let mut world = World::copy_of("rotation-cut", &base::granted().home).unwrap();
    let gateway = world.home().join("gateway");
    rotate(&world);
    let (seed, next) = (fs::read(gateway.join("log.seed")).unwrap(), fs::read(gateway.join("log.next.seed")).unwrap());
    world.start_all().unwrap();
    released(&world);
    stop_all(&mut world);
    assert_eq!(fs::read(gateway.join("log.seed")).unwrap(), next);
    // As if the process had ended after the event was in the record, and before the key had taken its place.
    fs::write(gateway.join("log.seed"), &seed).unwrap();
    fs::write(gateway.join("log.next.seed"), &next).unwrap();
    world.start_all().unwrap();
    released(&world);
    stop_all(&mut world);
    assert!(!gateway.join("log.next.seed").exists());
    assert_eq!(fs::read(gateway.join("log.seed")).unwrap(), next);
    assert_eq!(world.events().unwrap().iter().filter(|e| is_rotation(e)).count(), 1);
    world.audit().unwrap();
    // A gateway that still has the old key does not speak for the log.
    fs::write(gateway.join("log.seed"), &seed).unwrap();
    let refused = world.start(Unit::Gateway).unwrap_err();
    assert!(refused.contains("not the key that the record has in force"), "{refused}");
}
