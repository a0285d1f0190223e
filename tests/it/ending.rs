//! The end of a permit, and what an auditor can repeat until then.

use std::time::Duration;

use visiting_policies::record::Act;
use visiting_tests::world::{Unit, World};

use crate::base;

const PATIENCE: Duration = Duration::from_secs(60);

const SQL: &str = "SELECT sex, COUNT(DISTINCT pid) AS people FROM ndb.patients GROUP BY sex";

fn extract(world: &World, permit: &str) -> std::path::PathBuf {
    world.home().join("enclave/extracts").join(permit)
}

#[test]
fn a_release_is_repeated_with_the_same_bytes_until_its_extract_is_erased() {
    let (mut world, permit) = base::running("rerun");
    let hanako = world.client("per_hanako").unwrap();
    let run = base::run(&world, &permit, SQL).id;
    // What is asked later must not change what is compared: a near set, and the same again.
    base::run(&world, &permit, "SELECT sex, COUNT(DISTINCT pid) AS people FROM ndb.patients WHERE birth_ym > 193001 GROUP BY sex");
    base::run(&world, &permit, SQL);
    let auditor = world.client("per_auditor").unwrap();
    let repeated = auditor.rerun(&run).unwrap();
    assert_eq!(repeated.status, "same", "{repeated:?}");
    let leaf = usize::try_from(repeated.leaf.unwrap()).unwrap();
    assert!(matches!(&world.events().unwrap()[leaf].act, Act::RerunAnswered { .. }));
    assert_eq!(hanako.rerun(&run).unwrap_err().code, "not-allowed");
    // The ledger learnt nothing: a restart would refuse another one.
    world.kill(Unit::Enclave);
    world.start(Unit::Enclave).unwrap();
    assert_eq!(auditor.rerun(&run).unwrap().status, "same");

    let linkage = linked_permits(&world);
    assert_eq!(linkage, 1);
    assert!(extract(&world, &permit).is_dir());
    let closed = world.client("per_ministry").unwrap().close(&permit, "the study has ended", &base::key(&world, "per_ministry")).unwrap();
    assert_eq!(closed.status, "closed");
    let erased = world.wait_event(0, |e| matches!(&e.act, Act::ExtractErased { report, .. } if report.permit.as_str() == permit), PATIENCE);
    let erased = erased.unwrap() as u64;
    assert!(!extract(&world, &permit).exists() && !world.home().join(format!("enclave/keys/{permit}.key")).exists());
    assert_eq!(linked_permits(&world), 0, "the linkage unit has no key of the permit any more");
    let answer = auditor.rerun(&run).unwrap();
    assert_eq!((answer.status.as_str(), answer.leaf), ("erased", Some(erased)));
    assert_eq!(hanako.run(&permit, SQL).unwrap_err().code, "permit-closed");
    assert_eq!(hanako.permit(&permit).unwrap().extract, "erased");
    // What left before can still be fetched, and the record verifies.
    hanako.file(&run, "table.csv").unwrap();
    world.audit().unwrap();
}

#[test]
fn a_release_whose_extract_is_lost_cannot_be_repeated_and_that_is_told() {
    let (mut world, permit) = base::running("rerun-differs");
    let run = base::run(&world, &permit, SQL).id;
    // The extract's files are lost.
    world.stop(Unit::Enclave).unwrap();
    std::fs::remove_dir_all(extract(&world, &permit)).unwrap();
    world.start(Unit::Enclave).unwrap();
    let repeated = world.client("per_auditor").unwrap().rerun(&run).unwrap();
    assert_eq!(repeated.status, "not_repeated");
    world.audit().unwrap();
}

/// Keys of permits that the linkage unit has.
fn linked_permits(world: &World) -> i64 {
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    let store = rusqlite::Connection::open_with_flags(world.home().join("linkage/linkage.sqlite"), flags).unwrap();
    store.query_row("SELECT count(*) FROM permits WHERE length(sealed) > 0", [], |row| row.get(0)).unwrap()
}
