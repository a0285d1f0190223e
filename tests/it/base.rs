//! Prepared data folders, made once per test run and copied by each test that needs one.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use visiting_gateway::{client::Client, files, home::Home, wire::RunView};
use visiting_policies::{sign::SigningKey, terms::ColumnName, vote::Decision};
use visiting_tests::{
    journey::{self, COLUMNS},
    world::{World, omop_set},
};

/// People of the population that most tests use: enough for tables with shown and absent rows.
const PEOPLE: u32 = 3000;

/// A folder with keys, the synthetic population and, where it is there, the OMOP set in the vault. No record yet.
pub(crate) fn loaded() -> &'static Path {
    static MADE: OnceLock<PathBuf> = OnceLock::new();
    MADE.get_or_init(|| {
        let world = World::new("base").unwrap();
        world.populate(PEOPLE).unwrap();
        if let Some(files) = omop_set() {
            world.ingest("omop", &files).unwrap();
        }
        world.settle().unwrap()
    })
}

/// A folder whose record has a permit of both databases with all their columns, extract made.
pub(crate) struct Granted {
    pub(crate) home: PathBuf,
    pub(crate) permit: String,
}

pub(crate) fn granted() -> &'static Granted {
    static MADE: OnceLock<Granted> = OnceLock::new();
    MADE.get_or_init(|| {
        let mut world = World::copy_of("granted", loaded()).unwrap();
        world.start_all().unwrap();
        let permit = permit(&world, COLUMNS, (202401, 202412));
        Granted { permit, home: world.settle().unwrap() }
    })
}

/// A running copy of [`granted`].
pub(crate) fn running(name: &str) -> (World, String) {
    let granted = granted();
    let mut world = World::copy_of(name, &granted.home).unwrap();
    world.start_all().unwrap();
    (world, granted.permit.clone())
}

/// A person's signing key.
pub(crate) fn key(world: &World, person: &str) -> SigningKey {
    files::read_key(&Home::at(world.home()).key(person)).unwrap()
}

/// Waits until the listings have data: the enclave has reported what ingest put into the vault.
pub(crate) fn wait_for_data(world: &World, listings: &[&str]) {
    let client = Client::new(&format!("http://{}", world.address()));
    let until = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while !listings.iter().all(|l| client.listing(l).unwrap().data_version.is_some()) {
        assert!(std::time::Instant::now() < until, "the listings get no data");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

/// Applies as per_hanako, confirms, approves twice; answers with the permit once its extract is ready.
pub(crate) fn permit(world: &World, columns: &[&str], period: (i64, i64)) -> String {
    let listings: BTreeSet<&str> = columns.iter().filter_map(|c| c.split('.').next()).collect();
    wait_for_data(world, &listings.into_iter().collect::<Vec<_>>());
    let hanako = world.client("per_hanako").unwrap();
    let application = hanako.apply(&journey::application(&["per_hanako", "per_taro"], columns, period).unwrap()).unwrap().id;
    world.client("per_reception").unwrap().confirm(&application).unwrap();
    approve(world, "per_member1", &application, &BTreeSet::new());
    let permit = approve(world, "per_member2", &application, &BTreeSet::new()).unwrap();
    assert_eq!(hanako.wait_extract(&permit).unwrap().extract, "ready");
    permit
}

pub(crate) fn approve(world: &World, member: &str, application: &str, remove: &BTreeSet<ColumnName>) -> Option<String> {
    let client = world.client(member).unwrap();
    client.vote(application, Decision::Approve, remove, &key(world, member)).unwrap().permit
}

/// Runs SQL as per_hanako to its end.
pub(crate) fn run(world: &World, permit: &str, sql: &str) -> RunView {
    let hanako = world.client("per_hanako").unwrap();
    let asked = hanako.run(permit, sql).unwrap();
    hanako.wait(&asked.id).unwrap()
}

/// The released CSV of a query; the refusal's code where it was refused.
pub(crate) fn table(world: &World, permit: &str, sql: &str) -> Result<String, String> {
    let run = run(world, permit, sql);
    if run.status != "released" {
        return Err(run.refusal.map(|r| r.code).unwrap_or(run.status));
    }
    let csv = world.client("per_hanako").unwrap().file(&run.id, "table.csv").unwrap();
    Ok(String::from_utf8(csv).unwrap())
}
