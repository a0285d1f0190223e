//! The prepared home that every case starts from: data loaded, permits granted, extracts made, nothing asked yet.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use visiting_enclave::{Config, stages::Bench};
use visiting_gateway::{
    client::{Client, Problem},
    files,
    home::Home,
};
use visiting_policies::vote::Decision;

use super::Database;
use crate::{
    journey::application,
    world::{Fault, World, text},
};

/// Researchers of every permit, in the order in which a case first names its people.
pub(super) const TEAM: [&str; 3] = ["per_hanako", "per_taro", "per_outsider"];
/// Members whose approvals make a permit; neither has a conflict with the team.
const MEMBERS: [&str; 2] = ["per_member1", "per_member2"];
/// Longest wait until the enclave has reported what was loaded.
const LOAD_PATIENCE: Duration = Duration::from_secs(120);

/// A stopped Visiting whose ledger is empty.
#[derive(Debug)]
pub struct Ground {
    home: PathBuf,
    listings: String,
    permits: Vec<String>,
}

impl Ground {
    /// Loads the database and grants `permits` permits over all of it.
    ///
    /// # Errors
    /// What a program or the gateway said.
    pub fn prepare(name: &str, database: &Database, permits: usize, say: impl Fn(&str)) -> Result<Self, Fault> {
        let start = Instant::now();
        let mut world = World::new(name)?;
        let listings = text(&database.listings);
        world.set(visiting_catalog::load::LISTINGS_ENV, &listings);
        let words = ["--format", "table", "--mapping", &text(&database.mapping), &text(&database.sources)];
        world.tool("visiting-ingest", &words)?;
        say(&format!("loaded after {:.1} s", start.elapsed().as_secs_f64()));
        world.start_all()?;
        let granted = grant(&world, database, permits)?;
        say(&format!("{} permits with their extracts after {:.1} s", granted.len(), start.elapsed().as_secs_f64()));
        Ok(Self { home: world.settle()?, listings, permits: granted })
    }

    /// A running copy.
    ///
    /// # Errors
    /// When it cannot be copied, or a process does not start.
    pub fn world(&self, name: &str) -> Result<World, Fault> {
        let mut world = World::copy_of(name, &self.home)?;
        world.set(visiting_catalog::load::LISTINGS_ENV, &self.listings);
        world.start_all()?;
        Ok(world)
    }

    /// Its permits.
    #[must_use]
    pub fn permits(&self) -> &[String] {
        &self.permits
    }

    /// The extract of the first permit, opened for questions without a gateway, each on an empty ledger.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn bench(&self) -> Result<Bench, Fault> {
        let permit = self.permits.first().ok_or("no permit was granted")?;
        let permit = permit.parse().map_err(|e: visiting_policies::Refusal| e.to_string())?;
        let config = Config {
            home: self.home.join("enclave"),
            linkage: self.home.join("linkage/linkage.sock"),
            gateway: String::new(),
            jail: visiting_enclave::Layers::ALL,
        };
        let listings = visiting_catalog::load_with(Some(Path::new(&self.listings))).map_err(|e| e.to_string())?;
        Bench::open_with(config, &permit, listings).map_err(|e| e.to_string())
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.home);
    }
}

fn grant(world: &World, database: &Database, permits: usize) -> Result<Vec<String>, Fault> {
    let said = |problem: Problem| problem.to_string();
    let (listing, columns) = (database.listing()?, database.columns()?);
    wait_for_data(world, &listing.id)?;
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    let period = (listing.period.from, listing.period.to);
    let (applicant, reception) = (world.client("per_hanako")?, world.client("per_reception")?);
    let mut granted = Vec::new();
    for _ in 0..permits.max(1) {
        let id = applicant.apply(&application(&TEAM, &columns, period)?).map_err(said)?.id;
        reception.confirm(&id).map_err(said)?;
        let mut permit = None;
        for member in MEMBERS {
            let key = files::read_key(&Home::at(world.home()).key(member)).map_err(|e| e.to_string())?;
            permit = world.client(member)?.vote(&id, Decision::Approve, &BTreeSet::new(), &key).map_err(said)?.permit;
        }
        let permit = permit.ok_or("two approvals gave no permit")?;
        let view = applicant.wait_extract(&permit).map_err(said)?;
        if view.extract != "ready" {
            return Err(format!("the extract of {permit} was not made"));
        }
        granted.push(permit);
    }
    Ok(granted)
}

fn wait_for_data(world: &World, listing: &str) -> Result<(), Fault> {
    let (client, until) = (Client::new(&format!("http://{}", world.address())), Instant::now() + LOAD_PATIENCE);
    while client.listing(listing).map_err(|e| e.to_string())?.data_version.is_none() {
        if Instant::now() > until {
            return Err(format!("{listing} has no data after {} s", LOAD_PATIENCE.as_secs()));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}
