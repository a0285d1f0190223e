//! From a permit's SQL to a checked table: read, type, count, judge, compute, and what a verdict carries.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, atomic::AtomicBool},
    time::{Duration, Instant},
};

use datafusion::logical_expr::LogicalPlan;
use visiting_catalog::Listing;
use visiting_intake::Form;
use visiting_policies::{
    Code, Refusal,
    budget::Spent,
    disclosure::Site,
    handover::FileDigest,
    hold::{EvidenceRow, HoldReason, ROWS_MAX},
    rules::Applied,
    sign,
    terms::{Verdict, magnitude},
};

use crate::{
    codes::Codes,
    config::{CELLS_MAX, Config, MADE_VALUES_MAX, VALUES_OUT_MAX},
    exit::{self, Context, Desk, Ledger},
    extract::{Extract, Manifest},
    fault::Fault,
    guest::{
        self, Guest, Made,
        shelf::{Guests, Shelf},
    },
    keys::{GateKeys, Permutation},
    known::{Block, Known},
    output,
    plan::{self, PermitSchema, Signature},
    question::{KeyValue, Preimage, Protected, ProtectedRow, Question, Statistic},
    roles::RulesInForce,
    session::Session,
    table::{self, CheckedOutput},
    unit::Tracked,
};

/// A verdict before it has its place in the ledger.
#[derive(Debug)]
pub(crate) struct Judged {
    /// What the gate said.
    pub(crate) verdict: Verdict,
    /// Why, for a refusal.
    pub(crate) refusal: Option<Refusal>,
    /// Bytes by file name, base64.
    pub(crate) files: BTreeMap<String, String>,
    /// Their digests.
    pub(crate) digests: Vec<FileDigest>,
    /// What the ledger learns.
    pub(crate) block: Block,
    /// The rules that were applied.
    pub(crate) rules: BTreeMap<String, String>,
    /// What it takes from the permit's budgets.
    pub(crate) spent: Spent,
    /// Why people should look before it leaves; the committee's word is not among these.
    pub(crate) reasons: BTreeSet<HoldReason>,
    /// What they would see: the table, its rows in bands, and how many rows more.
    pub(crate) csv: String,
    /// See [`Self::csv`].
    pub(crate) seen: (Vec<EvidenceRow>, u64),
}

impl Judged {
    /// The verdict as it stands before any person has looked.
    pub(crate) fn at_first(&self) -> Verdict {
        if self.reasons.is_empty() { self.verdict } else { Verdict::Hold }
    }

    /// A refusal.
    pub(crate) fn refused(refusal: Refusal) -> Self {
        Self { refusal: Some(refusal.for_the_record()), ..Self::empty(Verdict::Refuse) }
    }

    /// A verdict with which nothing is shown.
    pub(crate) fn empty(verdict: Verdict) -> Self {
        Self {
            verdict,
            refusal: None,
            files: BTreeMap::new(),
            digests: Vec::new(),
            block: Block::default(),
            rules: BTreeMap::new(),
            spent: Spent::default(),
            reasons: BTreeSet::new(),
            csv: String::new(),
            seen: (Vec::new(), 0),
        }
    }

    /// The same with more that is said of its rules.
    pub(crate) fn with_rules(mut self, more: impl IntoIterator<Item = (String, String)>) -> Self {
        self.rules.extend(more);
        self
    }

    /// A table that passed.
    fn table(table: &CheckedOutput, block: Block, rules: BTreeMap<String, String>, known: &Known) -> Result<Self, Fault> {
        let csv = output::csv(table)?;
        let text = String::from_utf8_lossy(&csv).into_owned();
        let made = [("table.csv", csv), ("table.parquet", output::parquet(table)?)];
        let digests = made.iter().map(|(name, bytes)| FileDigest { name: (*name).to_owned(), digest: sign::digest(bytes) }).collect();
        let files = made.iter().map(|(name, bytes)| ((*name).to_owned(), sign::to_base64(bytes))).collect();
        let values = table.rows().len().saturating_mul(table.titles().len());
        let reasons = (values > VALUES_OUT_MAX).then_some(HoldReason::Budget).into_iter().collect();
        let spent = Spent::new(table.cells(), known.opaque_with(&block));
        Ok(Self { files, digests, block, rules, spent, reasons, csv: text, ..Self::empty(table.verdict()) })
    }
}

/// Everything that a question is judged in, but the question.
#[derive(Debug)]
pub(crate) struct Setting<'a> {
    /// Folders.
    pub(crate) config: &'a Config,
    /// The permit's extract, or a synthetic twin of it.
    pub(crate) extract: &'a Extract,
    /// All listings.
    pub(crate) listings: &'a [Listing],
    /// Where facilities stand in the ledger.
    pub(crate) keys: &'a GateKeys,
    /// What has been shown.
    pub(crate) known: &'a Known,
    /// Rule packs and populations.
    pub(crate) rules: RulesInForce<'a>,
    /// Compiled guests by digest.
    pub(crate) guests: &'a Guests,
    /// The same as SQL sees them, by name.
    pub(crate) signatures: BTreeMap<String, Signature>,
    /// Code lists by name.
    pub(crate) codes: Codes,
    /// True when people look at each output of the permit, whatever it is.
    pub(crate) held: bool,
    /// True while an audit goes on, where somebody wants to know.
    pub(crate) auditing: Option<&'a AtomicBool>,
}

/// How long each stage of a run took.
#[derive(Debug, Clone, Copy, Default)]
pub struct Stages {
    /// Reading the SQL and planning.
    pub plan: Duration,
    /// Scanning, joining and gathering evidence.
    pub evidence: Duration,
    /// Judging every cell.
    pub gate: Duration,
    /// Of that: what all releases say together.
    pub audit: Duration,
    /// Computing what stands above, and writing CSV and Parquet.
    pub files: Duration,
}

impl Stages {
    /// All of it.
    #[must_use]
    pub fn total(&self) -> Duration {
        self.plan + self.evidence + self.gate + self.files
    }
}

/// Everything from a permit's SQL to a checked table. Reads no data before the plan is accepted.
pub(crate) async fn judge(setting: &Setting<'_>, shelf: &mut Shelf, sql: &str) -> Result<Judged, Fault> {
    timed(setting, shelf, sql, &mut Stages::default()).await
}

/// The same, with the time of each stage. Whatever comes of it, the processes of its guests end with it.
pub(crate) async fn timed(setting: &Setting<'_>, shelf: &mut Shelf, sql: &str, stages: &mut Stages) -> Result<Judged, Fault> {
    let judged = measured(setting, shelf, sql, stages).await;
    setting.guests.values().for_each(Guest::rest);
    judged
}

async fn measured(setting: &Setting<'_>, shelf: &mut Shelf, sql: &str, stages: &mut Stages) -> Result<Judged, Fault> {
    let start = Instant::now();
    let Accepted { tracked, applied, made } = accepted(setting, shelf, sql)?;
    exit::room_for(setting.known, setting.extract.permit(), tracked.points.iter().map(|p| &p.question))?;
    let scratch = setting.config.home.join("scratch");
    let tables: std::collections::BTreeSet<&String> = tracked.points.iter().flat_map(|p| &p.question.tables).collect();
    let made: Vec<Made> = made.into_iter().filter(|one| tables.contains(&one.name)).collect();
    let stored = tables.into_iter().filter(|name| !made.iter().any(|one| one.name == **name));
    let mut session = Session::open(&scratch, setting.extract, stored, setting.guests).await?;
    session.make(&made).await.map_err(Fault::in_rows)?;
    let mut desk = Desk::new(setting.known);
    desk.auditing = setting.auditing;
    let mut answers: Vec<Protected> = Vec::with_capacity(tracked.points.len());
    let (mut rules, mut gathered) = (BTreeMap::new(), Vec::with_capacity(tracked.points.len()));
    stages.plan = start.elapsed();
    for (point, applied) in tracked.points.iter().zip(&applied) {
        let begun = Instant::now();
        let question = named(&point.question, &answers);
        let site = sites(setting);
        let ledger = Ledger { people: &setting.extract.people, site: &site, least: applied.rules.people_min };
        let cells = exit::gather(session.rows(&question.rows).await?, &question, &ledger).await.map_err(Fault::in_rows)?;
        stages.evidence += begun.elapsed();
        let begun = Instant::now();
        let versions = named_versions(&question, &setting.extract.manifest, setting.listings);
        let mut answer = desk.judge(&Context { question: &question, rules: applied, versions: &versions }, &cells)?;
        if !question.guests.is_empty() {
            over_groups(setting, &session, &question, &mut answer).await.map_err(Fault::in_rows)?;
        }
        session.release(point.schema.clone(), table::released(&answer, &question, &point.schema)?)?;
        rules.extend(stated(applied, &question, setting));
        answers.push(answer);
        gathered.push((question, versions, cells));
        stages.gate += begun.elapsed();
    }
    stages.audit = desk.audited;
    let begun = Instant::now();
    let result = session.result(&tracked.root).await?;
    let table = CheckedOutput::new(&tracked, &answers, &result, ordered(&tracked.root))?;
    let untold = desk.untold.then_some(HoldReason::NotAudited);
    let block = Block { permit: setting.extract.permit().to_owned(), ..desk.into_block() };
    let mut judged = Judged::table(&table, block, rules, setting.known)?;
    judged.reasons.extend(untold);
    if tracked.points.iter().any(|point| !point.question.guests.is_empty()) {
        judged.reasons.insert(HoldReason::GuestOverPeople);
    }
    if setting.held || !judged.reasons.is_empty() {
        judged.seen = seen(setting, &gathered, &applied);
    }
    stages.files = begun.elapsed();
    Ok(judged)
}

/// The numbers of guests over groups, where the gate shows the group's people. Whether people are asked is decided before a guest is: what
/// it says, or that it says nothing, decides nothing.
async fn over_groups(setting: &Setting<'_>, session: &Session<'_>, question: &Question, answer: &mut Protected) -> Result<(), Fault> {
    let at = |wanted: &Statistic| question.statistics.iter().position(|statistic| statistic == wanted);
    let people = at(&Statistic::People(None));
    let is_shown = |row: &ProtectedRow| people.is_some_and(|people| row.values.get(people).is_some_and(Option::is_some));
    let shown: BTreeSet<Vec<KeyValue>> = answer.rows.iter().filter(|row| is_shown(row)).map(|row| row.keys.clone()).collect();
    if shown.is_empty() {
        return Err(exit::nothing_to_show().into());
    }
    for (number, call) in question.guests.iter().enumerate() {
        let guest = setting.guests.get(&call.digest).ok_or_else(|| Fault::Other("a guest that is not compiled".to_owned()))?;
        let found = guest::over(guest, call.keys, &shown, session.ordered(&call.rows).await?).await?;
        let Some(own) = at(&Statistic::Guest(number)) else { continue };
        for row in &mut answer.rows {
            row.values.get_mut(own).into_iter().for_each(|value| *value = found.get(&row.keys).copied());
        }
    }
    Ok(())
}

/// The rows of all questions in bands, and how many are left out.
fn seen(setting: &Setting<'_>, gathered: &[(Question, String, exit::Cells)], applied: &[Applied]) -> (Vec<EvidenceRow>, u64) {
    let (mut rows, mut more) = (Vec::new(), 0);
    for (number, ((question, versions, cells), rules)) in (1..).zip(gathered.iter().zip(applied)) {
        for row in exit::seen(number, &Context { question, rules, versions }, cells, setting.known) {
            if rows.len() < ROWS_MAX { rows.push(row) } else { more += 1 }
        }
    }
    (rows, more)
}

/// A query that may run.
#[derive(Debug)]
pub(crate) struct Accepted {
    /// What is asked.
    pub(crate) tracked: Tracked,
    /// The rules of each release point.
    pub(crate) applied: Vec<Applied>,
    /// Tables that guests make.
    pub(crate) made: Vec<Made>,
}

/// The plan of a query, its types known and its size within the limits, and the rules of each of its release points: what they forbid
/// whatever the data are is refused here.
pub(crate) fn accepted(setting: &Setting<'_>, shelf: &mut Shelf, sql: &str) -> Result<Accepted, Fault> {
    let plans = visiting_catalog::plan(&setting.extract.manifest.scope, setting.listings)?;
    let pack = |listing: &str| setting.rules.of(setting.listings, listing);
    let floor = plans.iter().filter_map(|p| pack(&p.listing.id)).map(|p| p.rules.people_min).min().unwrap_or(u64::MAX);
    let protected = |listing: &str, site: Site| pack(listing).is_none_or(|p| p.thresholds().sites_min(site) > 0);
    let tables = PermitSchema::new(&plans).with_codes(setting.codes.clone());
    let (mut schema, mut made) = (tables.clone().with_guests(setting.signatures.clone()), Vec::new());
    for (name, signature) in &setting.signatures {
        let Form::Person(person) = &signature.manifest.form else { continue };
        let reads = plan::reads(&person.reads, &signature.manifest.params, &tables, floor, &protected).map_err(|r| in_guest(name, r))?;
        if let Some((one, table)) = guest::table(signature, Arc::new(reads)) {
            made.push(one);
            schema = schema.with_made(name.clone(), table);
        }
    }
    let mut tracked = plan::plan(sql, &schema, floor, &protected)?;
    shelf.reach(&mut tracked, setting.guests)?;
    let mut applied = Vec::with_capacity(tracked.points.len());
    for point in &mut tracked.points {
        let question = &mut point.question;
        let used = || made.iter().filter(|one| question.tables.contains(&one.name));
        question.reads.extend(used().map(|one| one.reads.words.clone()));
        applied.push(setting.rules.apply(setting.listings, question)?);
        check_cells(question, &setting.extract.manifest, &made)?;
    }
    check_made(&tracked, &made, &setting.extract.manifest)?;
    Ok(Accepted { tracked, applied, made })
}

/// A refusal of what a guest reads: its own text is meant, not the query's.
fn in_guest(name: &str, refusal: Refusal) -> Refusal {
    let ja = refusal.ja.map(|ja| format!("guest.{name} の reads：{ja}"));
    Refusal { detail: format!("in `reads` of guest.{name}: {}", refusal.detail), ja, at: None, ..refusal }
}

/// Facilities and households of the extract become ledger ordinals, which are the same in every permit.
fn sites(setting: &Setting<'_>) -> impl Fn(Site, u32) -> u32 + Sync {
    let of = |site, ledger| (Extract::site_permutation(&setting.extract.key, site), Permutation::new(&setting.keys.root.derive(ledger)));
    let (facilities, households) = (of(Site::Facility, "ledger facilities"), of(Site::Household, "ledger households"));
    move |site, id| {
        let (back, forth) = match site {
            Site::Facility => &facilities,
            Site::Household => &households,
        };
        forth.forward(back.backward(id))
    }
}

/// A question that uses what was released before it in the same run: its plan names the values, not their place.
fn named(question: &Question, answers: &[Protected]) -> Question {
    let mut out = question.clone();
    for (number, answer) in answers.iter().enumerate() {
        if question.words().any(|words| words.contains(&format!("_released_{number}"))) {
            let values = sign::digest(format!("{answer:?}").as_bytes());
            out.released += &format!(" [_released_{number} is {values}]");
        }
    }
    out.relation += &out.released;
    out
}

/// True where the result has an order that the researcher asked for.
fn ordered(root: &LogicalPlan) -> bool {
    match root {
        LogicalPlan::Sort(_) => true,
        LogicalPlan::Limit(_) | LogicalPlan::Projection(_) | LogicalPlan::SubqueryAlias(_) => {
            root.inputs().first().is_some_and(|p| ordered(p))
        }
        _ => false,
    }
}

/// The rules as a receipt states them: thresholds and pass, never margins.
fn stated(applied: &Applied, question: &Question, setting: &Setting<'_>) -> BTreeMap<String, String> {
    let rules = applied.rules;
    let mut out = BTreeMap::from([
        ("people_min".to_owned(), format!("{}: pass", rules.people_min)),
        ("round_to".to_owned(), format!("{}: pass", rules.round_to)),
        ("dominance_percent".to_owned(), format!("{}: pass", rules.dominance_percent)),
        ("ledger".to_owned(), "pass".to_owned()),
    ]);
    if rules.facilities_min > 0 {
        out.insert("facilities_min".to_owned(), format!("{}: pass", rules.facilities_min));
    }
    // Every pack has this rule and hardly any table a household: stated where one was counted.
    if question.sites.iter().any(|column| column.site == Site::Household) {
        out.insert("households_min".to_owned(), format!("{}: pass", rules.households_min));
    }
    out.extend(question.listings.iter().filter_map(|listing| setting.rules.stated(setting.listings, listing)));
    out.extend(applied.stated());
    out
}

/// What, beside the question, decides which rows it is about: listing and data version of each database and, for dated tables, the
/// permit's months. Part of every plan's identity, so two permits are never taken to have asked the same when they did not.
fn named_versions(question: &Question, extract: &Manifest, listings: &[Listing]) -> String {
    let of = |id: &str| listings.iter().find(|l| l.id == id);
    let version = |id: &str| extract.versions.get(id).copied().unwrap_or_default();
    let digest = |id: &str| of(id).map(Listing::digest).unwrap_or_default();
    let mut names: Vec<String> = question.listings.iter().map(|l| format!("{l} {} {}", version(l), digest(l))).collect();
    let dated = |name: &String| {
        let table = name.split_once('.').and_then(|(listing, table)| of(listing).and_then(|l| l.table(table)));
        table.is_none_or(|t| t.month.is_some())
    };
    if question.tables.iter().any(dated) {
        names.push(format!("months {}-{}", extract.scope.period.from, extract.scope.period.to));
    }
    names.join(", ")
}

/// Refuses, on the plan, a query whose guests could make more than is held in memory.
fn check_made(tracked: &Tracked, made: &[Made], extract: &Manifest) -> Result<(), Refusal> {
    let used = made.iter().filter(|one| tracked.points.iter().any(|point| point.question.tables.contains(&one.name)));
    let values = used.map(|one| one.values(magnitude(extract.people))).fold(0, u64::saturating_add);
    if values <= MADE_VALUES_MAX {
        return Ok(());
    }
    let detail =
        format!("the tables of the guests could come to {values} values, and {MADE_VALUES_MAX} are held; declare fewer rows or columns");
    Err(Refusal::new(Code::TooLarge, detail)
        .ja(format!("プログラムの表が {values} 個の値になりえます。上限は {MADE_VALUES_MAX} 個です。rows か columns を減らしてください")))
}

/// Refuses, on the plan, a question that could have more cells than the machine holds: what is observed never decides this. Keys of
/// one table come to at most as many combinations as its domains allow, and as the magnitude of its rows is; keys of one list to as many
/// as the list has rows, and none.
fn check_cells(question: &Question, extract: &Manifest, made: &[Made]) -> Result<(), Refusal> {
    let rows = |table: &String| match made.iter().find(|one| one.name == *table) {
        Some(one) => one.rows(magnitude(extract.people)),
        None => magnitude(extract.rows.get(table).copied().unwrap_or_default()),
    };
    let most = question.tables.iter().map(rows).max().unwrap_or(0);
    // What the keys are columns of, how many combinations they have, and how many its rows can have.
    let mut wholes: BTreeMap<Option<&String>, (u64, u64)> = BTreeMap::new();
    for key in &question.keys {
        // A guest's column is under the guest's table; its `columns` are those that it reads.
        let own = made.iter().find(|one| key.name.starts_with(&format!("{}.", one.name))).map(|one| &one.name);
        let read =
            || question.tables.iter().find(|t| !key.columns.is_empty() && key.columns.iter().all(|c| c.starts_with(&format!("{t}."))));
        let of = own.or_else(read);
        let labels = matches!(&key.of, Some(Preimage::Column(_, crate::predicate::Values::Labels { .. }, _)));
        let (whole, at_most) = match (&key.list, of) {
            (Some((list, rows)), _) => (Some(list), rows + 1),
            (None, Some(table)) if !labels => (Some(table), rows(table)),
            _ => (None, u64::MAX),
        };
        let (known, _) = wholes.entry(whole).or_insert((1, at_most));
        *known = known.saturating_mul(key.count().unwrap_or_else(|| key.most.of(most)).max(1));
    }
    let cells = wholes.into_values().map(|(known, at_most)| known.min(at_most)).try_fold(1u64, u64::checked_mul);
    let sets = question.sets.len() as u64;
    if cells.and_then(|n| n.checked_mul(sets.max(1))).is_some_and(|n| n <= CELLS_MAX as u64) {
        return Ok(());
    }
    Err(Refusal::new(Code::TooLarge, format!("the groups could be more than {CELLS_MAX}; group by fewer or coarser columns"))
        .ja(format!("群の数が {CELLS_MAX} を超えうる問合せです。GROUP BY の列を減らすか、粗くしてください")))
}
