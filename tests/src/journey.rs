//! The whole journey as named steps over a running Visiting: find, apply, review, permit, run, release, verify, stop; and every
//! wrong move on the way. Plays against any gateway whose data folder lies on this machine.

mod find;
mod runs;
mod wrong;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
    time::{SystemTime, UNIX_EPOCH},
};

use serde_json::{Value, json};
use visiting_gateway::{
    client::{Client, Problem},
    files,
    home::Home,
    wire::{Columns, NewApplication},
};
use visiting_policies::{
    record::{Act, Actor, Event},
    sign::SigningKey,
    terms::{ColumnName, Period},
};

use crate::raw::Raw;

/// The column that the second member's condition removes.
pub const REMOVED: &str = "ndb.claims.yj_code";

/// Columns of the two databases that are applied for.
pub const COLUMNS: &[&str] = &[
    "ndb.patients.sex",
    "ndb.patients.birth_ym",
    "ndb.patients.pref",
    "ndb.claims.ym",
    "ndb.claims.icd10",
    "ndb.claims.yj_code",
    "ndb.claims.points",
    "ndb.labs.ym",
    "ndb.labs.jlac10",
    "ndb.labs.value",
    "ndb.labs.unit",
    "kaigo.recipients.sex",
    "kaigo.recipients.birth_ym",
    "kaigo.recipients.pref",
    "kaigo.recipients.municipality",
    "kaigo.recipients.care_level",
    "kaigo.services.ym",
    "kaigo.services.service_code",
    "kaigo.services.units",
];

/// Columns of the OMOP listing.
pub const OMOP_COLUMNS: &[&str] =
    &["omop.persons.sex", "omop.persons.birth_year", "omop.conditions.condition_concept_id", "omop.conditions.start_ym"];

/// The joined table of the two databases.
pub const JOINED: &str = "SELECT r.care_level, p.sex, COUNT(DISTINCT pid) AS people FROM ndb.patients p JOIN kaigo.recipients r USING (pid) GROUP BY r.care_level, p.sex";

/// Sums and means over claims.
pub const SUMS: &str = "SELECT icd10, COUNT(DISTINCT pid) AS people, COUNT(*) AS lines, SUM(points) AS points, AVG(points) AS mean FROM ndb.claims GROUP BY icd10";

/// People by municipality: the smaller the place, the more of them must be there to be shown.
pub const PLACES: &str = "SELECT municipality, COUNT(DISTINCT pid) AS people FROM kaigo.recipients GROUP BY municipality";

/// People by the worked example's band of risk, over both databases.
pub const BANDS: &str = "SELECT guest.risk_band(p.birth_ym, c.ym, p.sex, r.care_level) AS band, COUNT(DISTINCT pid) AS people, SUM(points) AS points \
     FROM ndb.patients p JOIN ndb.claims c USING (pid) JOIN kaigo.recipients r USING (pid) \
     GROUP BY guest.risk_band(p.birth_ym, c.ym, p.sex, r.care_level)";

/// Diseases of the people whom it does not put into the lowest band.
pub const AT_RISK: &str = "SELECT c.icd10, COUNT(DISTINCT pid) AS people FROM ndb.patients p JOIN ndb.claims c USING (pid) \
     JOIN kaigo.recipients r USING (pid) WHERE guest.risk_band(p.birth_ym, c.ym, p.sex, r.care_level) <> 'low' GROUP BY c.icd10";

/// Conditions by sex in the OMOP set.
pub const CONDITIONS: &str = "SELECT c.condition_concept_id, p.sex, COUNT(DISTINCT pid) AS people FROM omop.persons p JOIN omop.conditions c USING (pid) GROUP BY c.condition_concept_id, p.sex";

/// Which system to play against.
#[derive(Debug, Clone)]
pub struct Setting {
    /// Address of the public API.
    pub address: String,
    /// The data folder, for the signing keys, the verifier keys and the published record.
    pub home: PathBuf,
}

/// How it went.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Steps played.
    pub steps: usize,
    /// What failed, by step.
    pub failed: Vec<String>,
    /// What was left out, and why.
    pub skipped: Vec<String>,
    /// Released tables (CSV) by name.
    pub tables: BTreeMap<String, String>,
}

/// What came of a step.
enum Outcome {
    Done(String),
    Skipped(String),
}

type Step = Result<Outcome, String>;

/// Every step, in order.
const STEPS: &[(&str, fn(&mut Journey) -> Step)] = &[
    ("find two databases in the catalogue", Journey::find),
    ("find one on the command line", Journey::find_cli),
    ("wrong: nobody is logged in", Journey::wrong_nobody),
    ("wrong: apply for a column that no listing has", Journey::wrong_column),
    ("apply once for both", Journey::apply),
    ("wrong: the same Idempotency-Key for another application", Journey::wrong_key),
    ("wrong: vote before reception has looked", Journey::wrong_early_vote),
    ("wrong: the applicant confirms completeness", Journey::wrong_reception),
    ("reception confirms completeness", Journey::complete),
    ("reception sends an incomplete application back", Journey::send_back),
    ("wrong: the reviewer is the applicant", Journey::wrong_own_review),
    ("wrong: a conflicted member votes", Journey::wrong_conflict),
    ("wrong: a forged vote", Journey::wrong_forged_vote),
    ("member 1 approves", Journey::vote_one),
    ("wrong: member 1 votes again", Journey::wrong_second_vote),
    ("member 2 approves on the command line, without the drug codes", Journey::vote_two),
    ("the permit names exactly what was granted", Journey::permit),
    ("the extract is ready", Journey::extract),
    ("run: people by care level and sex over both databases", Journey::run_joined),
    ("run: sums and means over claims", Journey::run_sums),
    ("run: people by municipality, as populations allow", Journey::run_places),
    ("CSV and Parquet are the same table", Journey::parquet),
    ("the receipt verifies, and not for other bytes", Journey::receipt),
    ("the same question gives the same bytes", Journey::run_again),
    ("a run on the command line", Journey::run_cli),
    ("bind a guest: one's own function, examined", Journey::bind_guest),
    ("run: people by the guest's label, and only some labels", Journey::run_guest),
    ("wrong: a guest that keeps a memory", Journey::wrong_guest),
    ("wrong: the removed column", Journey::wrong_removed),
    ("wrong: SQL that is not offered", Journey::wrong_sql),
    ("wrong: a person whom the permit does not name", Journey::wrong_person),
    ("wrong: a permit that has expired", Journey::wrong_expired),
    ("OMOP: apply, permit, conditions by sex", Journey::omop),
    ("wrong: somebody else suspends", Journey::wrong_suspender),
    ("wrong: a forged suspension", Journey::wrong_suspension),
    ("the ministry suspends the permit on the command line", Journey::suspend),
    ("wrong: a run under the suspended permit", Journey::wrong_suspended),
    ("what was released before stays", Journey::still_there),
    ("the record verifies offline", Journey::audit),
];

/// Names of the steps.
pub fn names() -> impl Iterator<Item = &'static str> {
    STEPS.iter().map(|(name, _)| *name)
}

/// Plays the whole journey; `say` gets a line a step.
pub fn play(setting: Setting, mut say: impl FnMut(&str)) -> Report {
    let mut journey = Journey::new(setting);
    for (name, step) in STEPS {
        journey.report.steps += 1;
        match step(&mut journey) {
            Ok(Outcome::Done(note)) => say(&format!("ok       {name}{}", dashed(&note))),
            Ok(Outcome::Skipped(why)) => {
                say(&format!("skipped  {name}{}", dashed(&why)));
                journey.report.skipped.push(format!("{name}: {why}"));
            }
            Err(why) => {
                say(&format!("FAILED   {name}{}", dashed(&why)));
                journey.report.failed.push(format!("{name}: {why}"));
            }
        }
    }
    journey.report
}

fn dashed(note: &str) -> String {
    if note.is_empty() { String::new() } else { format!(" - {note}") }
}

/// A journey under way.
struct Journey {
    setting: Setting,
    raw: Raw,
    clients: BTreeMap<String, Client>,
    tokens: BTreeMap<String, String>,
    /// Index up to which the record was looked through.
    seen: u64,
    application: String,
    permit: String,
    /// Run ids by table name.
    runs: BTreeMap<String, String>,
    report: Report,
}

impl Journey {
    fn new(setting: Setting) -> Self {
        Self {
            raw: Raw::new(&setting.address),
            setting,
            clients: BTreeMap::new(),
            tokens: BTreeMap::new(),
            seen: 0,
            application: String::new(),
            permit: String::new(),
            runs: BTreeMap::new(),
            report: Report::default(),
        }
    }

    /// The person's client, logged in at the first call.
    fn as_person(&mut self, person: &str) -> Result<Client, String> {
        if let Some(client) = self.clients.get(person) {
            return Ok(client.clone());
        }
        let mut client = Client::new(&format!("http://{}", self.setting.address));
        let login = client.login(person).map_err(said)?;
        self.tokens.insert(person.to_owned(), login.token);
        self.clients.insert(person.to_owned(), client.clone());
        Ok(client)
    }

    fn token(&mut self, person: &str) -> Result<String, String> {
        self.as_person(person)?;
        self.tokens.get(person).cloned().ok_or_else(|| "no token".to_owned())
    }

    fn key(&self, person: &str) -> Result<SigningKey, String> {
        files::read_key(&Home::at(&self.setting.home).key(person)).map_err(|e| e.to_string())
    }

    /// A verb of the command line, as `person`.
    fn cli(&self, person: &str, words: &[&str]) -> Result<String, String> {
        let run = |words: &[&str]| {
            let mut command = std::process::Command::new(crate::world::binaries()?.join("visiting-client"));
            command.env("VISITING_ADDR", &self.setting.address).env("VISITING_HOME", &self.setting.home).args(words);
            let out = command.output().map_err(|e| format!("visiting-client cannot be started: {e}"))?;
            let text = String::from_utf8_lossy(&out.stdout).into_owned();
            if out.status.success() { Ok(text) } else { Err(format!("visiting-client: {}", String::from_utf8_lossy(&out.stderr))) }
        };
        if !person.is_empty() {
            run(&["login", person])?;
        }
        run(words)
    }

    /// A folder for what the journey fetches.
    fn folder(&self) -> Result<PathBuf, String> {
        let folder = self.setting.home.join("client/journey");
        fs::create_dir_all(&folder).map_err(|e| e.to_string())?;
        Ok(folder)
    }

    /// Events since the last look, as the auditor reads them.
    fn news(&mut self) -> Result<Vec<Event>, String> {
        let auditor = self.as_person("per_auditor")?;
        let mut events = Vec::new();
        loop {
            let lines = auditor.log_events(self.seen, 1000).map_err(said)?;
            self.seen += lines.len() as u64;
            for line in &lines {
                events.push(Event::from_bytes(line.as_bytes()).map_err(|e| e.to_string())?);
            }
            if lines.len() < 1000 {
                return Ok(events);
            }
        }
    }

    /// A wrong move: the answer is a problem document with this status and code, and the record says who was refused what.
    fn wrong(&mut self, person: &str, path: &str, body: &Value, tried: &str, status: u16, code: &str) -> Step {
        self.news()?;
        let token = if person.is_empty() { None } else { Some(self.token(person)?) };
        let key = files::request_name().map_err(|e| e.to_string())?;
        self.raw.post(path, token.as_deref(), Some(&key), &body.to_string())?.problem(status, code)?;
        self.recorded(person, tried, code)
    }

    /// The newest events hold this refusal of this person.
    fn recorded(&mut self, person: &str, tried: &str, code: &str) -> Step {
        let by = match person {
            "" => Actor::Nobody,
            person => Actor::Person(person.parse().map_err(|e: visiting_policies::Refusal| e.to_string())?),
        };
        let refused = |e: &Event| e.by == by && matches!(&e.act, Act::Refused { tried: t, code: c } if t == tried && c.name() == code);
        match self.news()?.iter().any(refused) {
            true => Ok(Outcome::Done(code.to_owned())),
            false => Err(format!("the record does not hold the refusal `{tried}` {code}")),
        }
    }

    /// An application by `person`, confirmed by reception.
    fn confirmed(&mut self, person: &str, application: &NewApplication) -> Result<String, String> {
        let id = self.as_person(person)?.apply(application).map_err(said)?.id;
        let standing = self.as_person("per_reception")?.confirm(&id).map_err(said)?;
        expect(standing.status == "under_review", "reception's word did not start the review")?;
        Ok(id)
    }

    /// Approves as `member`; the permit, when that vote completed the quorum.
    fn approve(&mut self, member: &str, application: &str) -> Result<Option<String>, String> {
        let key = self.key(member)?;
        let standing =
            self.as_person(member)?.vote(application, visiting_policies::vote::Decision::Approve, &BTreeSet::new(), &key).map_err(said)?;
        Ok(standing.permit)
    }
}

fn done() -> Step {
    Ok(Outcome::Done(String::new()))
}

fn said(problem: Problem) -> String {
    problem.to_string()
}

fn expect(holds: bool, otherwise: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(otherwise.to_owned()) }
}

/// Columns by listing and table.
#[must_use]
pub fn columns(names: &[&str]) -> Columns {
    let mut columns = Columns::new();
    for name in names.iter().filter_map(|n| ColumnName::try_from((*n).to_owned()).ok()) {
        columns.entry(name.listing).or_default().entry(name.table).or_default().insert(name.column);
    }
    columns
}

/// Milliseconds since 1970, `ahead` from now.
#[must_use]
pub fn until(ahead: std::time::Duration) -> u64 {
    let then = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default() + ahead;
    u64::try_from(then.as_millis()).unwrap_or(u64::MAX)
}

/// An application of `team` for these columns, for a day.
///
/// # Errors
/// When a name is no id.
pub fn application(team: &[&str], names: &[&str], period: (i64, i64)) -> Result<NewApplication, String> {
    let team = team.iter().map(|p| p.parse().map_err(|e: visiting_policies::Refusal| e.to_string())).collect::<Result<_, _>>()?;
    Ok(NewApplication {
        team,
        purpose: "要介護度別の受診と医療費の記述 / description of care use".to_owned(),
        columns: columns(names),
        period: Period { from: period.0, to: period.1 },
        until_ms: until(std::time::Duration::from_secs(24 * 60 * 60)),
    })
}

/// An application as the JSON that the API takes.
fn body(application: &NewApplication) -> Result<Value, String> {
    serde_json::to_value(application).map_err(|e| e.to_string())
}

fn vote_body(signature: &str) -> Value {
    json!({ "decision": "approve", "remove": [], "signature": signature })
}
