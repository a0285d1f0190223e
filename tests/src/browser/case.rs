//! A played case in every state that a page can show: applications, permits and runs, by name of their state.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use serde_json::json;
use visiting_gateway::{
    client::{Client, Conditions, Problem},
    files,
    home::Home,
    wire::NewIncident,
};
use visiting_policies::{
    incident::{IncidentKind, Severity},
    record::{Act, Event},
    sign::SigningKey,
    terms::ColumnName,
    vote::Decision,
};

use crate::{
    journey::{COLUMNS, JOINED, REMOVED, SUMS, application},
    world::World,
};

/// A question that is refused, with a code that the portal explains.
const REFUSED: &str = "SELECT sex, COUNT(DISTINCT pid) AS people FROM ndb.patients GROUP BY sex HAVING COUNT(DISTINCT pid) < 10";
/// Releases until one is drawn, by one in twenty: one chance in ten thousand that none of these is.
const DRAWN_MAX: usize = 180;
/// Longest wait for the enclave to erase a closed permit's extract, on a busy machine.
const ERASED_WITHIN: Duration = Duration::from_secs(60);
/// A small scope, for cases whose extract nobody needs.
const SMALL: &[&str] = &["ndb.patients.sex", "ndb.patients.pref"];

/// Ids by state.
#[derive(Debug, Clone, Default)]
pub struct Case {
    applications: BTreeMap<&'static str, String>,
    permits: BTreeMap<&'static str, String>,
    runs: BTreeMap<&'static str, String>,
    holds: BTreeMap<&'static str, String>,
    samples: BTreeMap<&'static str, String>,
    releases: BTreeMap<&'static str, String>,
    incidents: BTreeMap<&'static str, String>,
}

impl Case {
    /// Plays it over the API. The listings have their data already.
    ///
    /// # Errors
    /// What the gateway said.
    pub fn play(world: &World) -> Result<Self, String> {
        let mut case = Self::default();
        let permit = case.granted(world)?;
        case.afterwards(world, &permit)?;
        case.suspended(world)?;
        case.closed(world)?;
        case.held(world)?;
        case.waiting(world)?;
        case.incidents(world)?;
        Ok(case)
    }

    /// For the scripts: `{"applications": {"submitted": "app_…"}, "permits": …, "runs": …, "holds": …}`.
    #[must_use]
    pub fn json(&self) -> String {
        json!({
            "applications": self.applications, "permits": self.permits, "runs": self.runs,
            "holds": self.holds, "samples": self.samples, "releases": self.releases,
            "incidents": self.incidents,
        })
        .to_string()
    }

    /// A permit with one column taken out, its extract, and a run of each outcome.
    fn granted(&mut self, world: &World) -> Result<String, String> {
        let id = confirmed(world, COLUMNS)?;
        let removed = ColumnName::try_from(REMOVED.to_owned()).map_err(|e| e.to_string())?;
        vote(world, "per_member1", &id, Decision::Approve, &BTreeSet::from([removed]))?;
        let permit = vote(world, "per_member2", &id, Decision::Approve, &BTreeSet::new())?.ok_or("two approvals gave no permit")?;
        let hanako = world.client("per_hanako")?;
        hanako.wait_extract(&permit).map_err(said)?;
        let band = crate::guest::band("band")?;
        hanako.bind_guest(&permit, &band.manifest, &band.module).map_err(said)?;
        hanako.bind_codes(&permit, "kin", "code,kin\nE11,sugar\nI10,pressure\n").map_err(said)?;
        for (name, sql) in [("released", JOINED), ("sums", SUMS), ("refused", REFUSED)] {
            let run = hanako.run(&permit, sql).and_then(|run| hanako.wait(&run.id)).map_err(said)?;
            self.runs.insert(name, run.id);
        }
        self.applications.insert("approved", id);
        self.permits.insert("active", permit.clone());
        Ok(permit)
    }

    /// What happens to releases: one is fetched and recalled, and one is drawn for a later look.
    fn afterwards(&mut self, world: &World, permit: &str) -> Result<(), String> {
        let (hanako, checker) = (world.client("per_hanako")?, world.client("per_checker1")?);
        let release = || hanako.run(permit, JOINED).and_then(|run| hanako.wait(&run.id)).map(|run| run.id).map_err(said);
        let recalled = release()?;
        hanako.file(&recalled, "table.csv").map_err(said)?;
        world.client("per_ministry")?.recall(&recalled, "公表基準の誤り", &key(world, "per_ministry")?).map_err(said)?;
        let mut drawn = None;
        for _ in 0..DRAWN_MAX {
            drawn = checker.samples().map_err(said)?.into_iter().next().map(|sample| sample.run);
            if drawn.is_some() {
                break;
            }
            release()?;
        }
        self.samples.insert("open", drawn.ok_or("no release was drawn")?);
        self.releases.extend(self.runs.get("released").map(|run| ("released", run.clone())));
        self.releases.insert("recalled", recalled.clone());
        self.runs.insert("recalled", recalled);
        Ok(())
    }

    /// Two incidents: one open, one closed.
    fn incidents(&mut self, world: &World) -> Result<(), String> {
        let auditor = world.client("per_auditor")?;
        let noted = |leaves: &[u64]| {
            let (kind, severity, text) = (IncidentKind::Probing, Severity::Medium, "境目を探る問合せの疑い".to_owned());
            let incident = NewIncident { kind, severity, leaves: leaves.iter().copied().collect(), text };
            auditor.note_incident(&incident).map(|incident| incident.id).map_err(said)
        };
        let (open, closed) = (noted(&[1])?, noted(&[0, 2])?);
        world.client("per_ministry")?.close_incident(&closed, "確認した。問題はなかった").map_err(said)?;
        self.incidents.extend([("open", open), ("closed", closed)]);
        Ok(())
    }

    fn suspended(&mut self, world: &World) -> Result<(), String> {
        let permit = small(world)?;
        world.client("per_ministry")?.suspend(&permit, "利用目的外の疑い", &key(world, "per_ministry")?).map_err(said)?;
        self.permits.insert("suspended", permit);
        Ok(())
    }

    /// A permit that the ministry closed, and whose extract is erased.
    fn closed(&mut self, world: &World) -> Result<(), String> {
        let permit = small(world)?;
        world.client("per_ministry")?.close(&permit, "研究の終了", &key(world, "per_ministry")?).map_err(said)?;
        let gone = |event: &Event| matches!(&event.act, Act::ExtractErased { report, .. } if report.permit.as_str() == permit);
        world.wait_event(0, gone, ERASED_WITHIN)?;
        self.permits.insert("closed", permit);
        Ok(())
    }

    /// A permit whose outputs people look at, and one that waits for them.
    fn held(&mut self, world: &World) -> Result<(), String> {
        let id = confirmed(world, SMALL)?;
        let conditions = Conditions { remove: BTreeSet::new(), checkers: 2 };
        vote(world, "per_member1", &id, Decision::Approve, conditions)?;
        let permit = vote(world, "per_member2", &id, Decision::Approve, &BTreeSet::new())?.ok_or("two approvals gave no permit")?;
        let hanako = world.client("per_hanako")?;
        hanako.wait_extract(&permit).map_err(said)?;
        let sql = "SELECT sex, COUNT(DISTINCT pid) AS people FROM ndb.patients GROUP BY sex";
        let run = hanako.run(&permit, sql).and_then(|run| hanako.wait(&run.id)).map_err(said)?;
        self.permits.insert("checked", permit);
        self.runs.insert("held", run.id.clone());
        self.holds.insert("open", run.id);
        Ok(())
    }

    /// Applications that wait for somebody, or that ended without a permit.
    fn waiting(&mut self, world: &World) -> Result<(), String> {
        let submitted = submitted(world, COLUMNS)?;
        let returned = self::submitted(world, SMALL)?;
        let reception = world.client("per_reception")?;
        reception.complete(&returned, false, "利用目的をもっと具体的に書いてください。/ Say more about the purpose.").map_err(said)?;
        let review = confirmed(world, COLUMNS)?;
        vote(world, "per_member4", &review, Decision::Approve, &BTreeSet::new())?;
        let rejected = confirmed(world, SMALL)?;
        vote(world, "per_member1", &rejected, Decision::Reject, &BTreeSet::new())?;
        self.applications.extend([("submitted", submitted), ("returned", returned), ("review", review), ("rejected", rejected)]);
        Ok(())
    }
}

fn submitted(world: &World, columns: &[&str]) -> Result<String, String> {
    let application = application(&["per_hanako", "per_taro"], columns, (202401, 202412))?;
    world.client("per_hanako")?.apply(&application).map(|made| made.id).map_err(said)
}

fn confirmed(world: &World, columns: &[&str]) -> Result<String, String> {
    let id = submitted(world, columns)?;
    world.client("per_reception")?.confirm(&id).map_err(said)?;
    Ok(id)
}

/// A permit of a small scope, with its extract.
fn small(world: &World) -> Result<String, String> {
    let id = confirmed(world, SMALL)?;
    vote(world, "per_member1", &id, Decision::Approve, &BTreeSet::new())?;
    let permit = vote(world, "per_member4", &id, Decision::Approve, &BTreeSet::new())?.ok_or("two approvals gave no permit")?;
    world.client("per_hanako")?.wait_extract(&permit).map_err(said)?;
    Ok(permit)
}

/// A vote; the permit, when it was the one that granted it.
fn vote(
    world: &World,
    member: &str,
    application: &str,
    decision: Decision,
    conditions: impl Into<Conditions>,
) -> Result<Option<String>, String> {
    let client: Client = world.client(member)?;
    client.vote(application, decision, conditions, &key(world, member)?).map(|standing| standing.permit).map_err(said)
}

fn key(world: &World, person: &str) -> Result<SigningKey, String> {
    files::read_key(&Home::at(world.home()).key(person)).map_err(|e| e.to_string())
}

fn said(problem: Problem) -> String {
    problem.to_string()
}

/// Waits until each listing has data: the enclave has reported what ingest put into the vault.
///
/// # Errors
/// When one gets none.
pub fn wait_for_data(address: &str, listings: &[&str]) -> Result<(), String> {
    let client = Client::new(&format!("http://{address}"));
    let until = std::time::Instant::now() + std::time::Duration::from_secs(60);
    let loaded = |listing: &&str| client.listing(listing).is_ok_and(|view| view.data_version.is_some());
    while !listings.iter().all(loaded) {
        if std::time::Instant::now() > until {
            return Err("the listings get no data".to_owned());
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    Ok(())
}
