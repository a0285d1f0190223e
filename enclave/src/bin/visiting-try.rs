//! `visiting try …`: SQL on a synthetic twin, on the researcher's own machine. Needs no gateway, no key and no network.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write,
    path::{Path, PathBuf},
    process::ExitCode,
};

use lexopt::prelude::{Long, Short, Value, ValueExt};
use serde::Deserialize;
use visiting_catalog::Listing;
use visiting_enclave::{
    Fault,
    twin::{Model, PEOPLE, SEED, Trial, Tried},
};
use visiting_policies::{
    case::is_bound_name,
    refusal::wants_japanese,
    terms::{ColumnName, Form, Period, Scope, Verdict},
};

const USAGE: &str = "\
visiting try (--listing ID … [--columns L.T.C,…] | --permit FILE) (FILE.sql | -e SQL) …
  --listing ID       a database with all its columns; may be given several times
  --columns L.T.C,…  only these columns
  --permit FILE      what `visiting permit PERMIT` printed: its columns, months and sizes
  -e SQL             the text itself; without it, files. Several texts are tried in turn, each beside what was shown before
  --guest FILE.wasm --manifest FILE.toml
                     a guest of your own, examined as the gateway does
  --codes NAME=FILE.csv
                     a code list of your own, examined as the gateway does: `codes.NAME` in SQL; may be given several times
  --lang ja|en       language of sentences (default: that of the terminal)
  --people N, --seed N  size and seed of the twin
  --json             a line of JSON for each text
Everything shown is SYNTHETIC. A text that is refused on its plan here is refused in a real run in the same words, and the other way round;
what can be shown of real data may differ.
exit codes: 0 every text would leave, 1 refused, 2 usage";

/// What was said on the command line.
#[derive(Debug, Default)]
struct Words {
    listings: Vec<String>,
    columns: Vec<ColumnName>,
    permit: Option<PathBuf>,
    texts: Vec<String>,
    guest: Option<PathBuf>,
    manifest: Option<PathBuf>,
    /// Name and file.
    codes: Vec<(String, PathBuf)>,
    japanese: bool,
    people: Option<u32>,
    seed: Option<u64>,
    json: bool,
}

/// The part of a permit, as the API shows it, that a twin is made from.
#[derive(Debug, Deserialize)]
struct Permit {
    columns: BTreeMap<String, BTreeMap<String, BTreeSet<String>>>,
    period: Period,
    #[serde(default)]
    versions: BTreeMap<String, u64>,
    #[serde(default)]
    rows_at_most: BTreeMap<String, u64>,
}

/// Asked wrongly: a sentence that says what to do.
#[derive(Debug)]
struct Wrong(String);

impl<E: std::fmt::Display> From<E> for Wrong {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

fn main() -> ExitCode {
    let wrong = |Wrong(why): Wrong| {
        eprintln!("visiting try: {why}");
        ExitCode::from(2)
    };
    let words = match read() {
        Ok(words) => words,
        Err(why) => return wrong(why),
    };
    match tried(&words) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => wrong(why),
    }
}

fn read() -> Result<Words, Wrong> {
    let mut words = Words { japanese: wants_japanese(|name| std::env::var(name).ok()), ..Words::default() };
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("listing") => words.listings.push(parser.value()?.string()?),
            Long("columns") => words.columns.extend(column_names(&parser.value()?.string()?)?),
            Long("permit") => words.permit = Some(parser.value()?.into()),
            Short('e') => words.texts.push(parser.value()?.string()?),
            Long("guest") => words.guest = Some(parser.value()?.into()),
            Long("manifest") => words.manifest = Some(parser.value()?.into()),
            Long("codes") => words.codes.push(named_file(&parser.value()?.string()?)?),
            Long("lang") => words.japanese = parser.value()?.string()? == "ja",
            Long("people") => words.people = Some(parser.value()?.parse()?),
            Long("seed") => words.seed = Some(parser.value()?.parse()?),
            Long("json") => words.json = true,
            Value(file) => words.texts.push(text(Path::new(&file))?),
            Short('h') | Long("help") => return Err(Wrong(USAGE.to_owned())),
            other => return Err(other.unexpected().into()),
        }
    }
    if words.texts.is_empty() || (words.listings.is_empty() && words.permit.is_none()) || words.guest.is_some() != words.manifest.is_some()
    {
        return Err(Wrong(USAGE.to_owned()));
    }
    Ok(words)
}

/// `NAME=FILE.csv`.
fn named_file(text: &str) -> Result<(String, PathBuf), Wrong> {
    let named = text.split_once('=').filter(|(name, _)| is_bound_name(name));
    let (name, file) = named.ok_or_else(|| Wrong(format!("--codes is NAME=FILE.csv, and `{text}` is not")))?;
    Ok((name.to_owned(), file.into()))
}

fn column_names(text: &str) -> Result<Vec<ColumnName>, Wrong> {
    text.split(',').map(|name| ColumnName::try_from(name.to_owned()).map_err(|refusal| Wrong(refusal.detail))).collect()
}

fn text(file: &Path) -> Result<String, Wrong> {
    std::fs::read_to_string(file).map_err(|e| Wrong(format!("{} cannot be read: {e}", file.display())))
}

/// Tries every text. True when none was refused.
fn tried(words: &Words) -> Result<bool, Wrong> {
    let listings = visiting_catalog::load()?;
    let model = model(words, &listings)?;
    let mut trial = Trial::new(&model, listings, words.people.unwrap_or(PEOPLE), words.seed.unwrap_or(SEED)).map_err(said)?;
    if let (Some(module), Some(manifest)) = (&words.guest, &words.manifest) {
        let module = std::fs::read(module).map_err(|e| Wrong(format!("{} cannot be read: {e}", module.display())))?;
        trial.bind(&text(manifest)?, &module)?;
    }
    for (name, file) in &words.codes {
        let bytes = std::fs::read(file).map_err(|e| Wrong(format!("{} cannot be read: {e}", file.display())))?;
        trial.bind_codes(name, &bytes).map_err(|r| Wrong(format!("{}: {}", file.display(), r.sentence(words.japanese))))?;
    }
    let (mut out, mut all) = (std::io::stdout().lock(), true);
    for sql in &words.texts {
        let tried = trial.ask(sql).map_err(said)?;
        all &= tried.verdict != Verdict::Refuse;
        let shown = if words.json { json(&tried) } else { told(&tried, sql, words.japanese) };
        writeln!(out, "{shown}")?;
    }
    Ok(all)
}

fn said(fault: Fault) -> Wrong {
    match fault {
        Fault::Refused(refusal) => Wrong(refusal.detail),
        // The rows are made up, so the engine's own words quote nobody.
        other => Wrong(other.in_full()),
    }
}

/// What the twin is made from: a permit, or whole databases, or some of their columns.
fn model(words: &Words, listings: &[Listing]) -> Result<Model, Wrong> {
    if let Some(file) = &words.permit {
        let permit: Permit = serde_json::from_str(&text(file)?)
            .map_err(|e| Wrong(format!("{} is no permit ({e}); save what `visiting permit PERMIT` prints", file.display())))?;
        let scope = Scope { columns: permit.columns, period: permit.period, form: Form::Pseudonymised };
        return Ok(Model { scope, versions: permit.versions, rows: permit.rows_at_most });
    }
    let (mut columns, mut period) = (BTreeMap::new(), None::<Period>);
    for id in &words.listings {
        let known = || listings.iter().map(|l| l.id.as_str()).collect::<Vec<_>>().join(", ");
        let listing =
            listings.iter().find(|l| l.id == *id).ok_or_else(|| Wrong(format!("there is no listing `{id}`; there are {}", known())))?;
        period = Some(period.map_or(listing.period, |p| Period { from: p.from.min(listing.period.from), to: p.to.max(listing.period.to) }));
        let tables = listing.tables.iter().map(|t| (t.name.clone(), t.columns.iter().map(|c| c.name.clone()).collect()));
        columns.insert(id.clone(), tables.collect::<BTreeMap<_, BTreeSet<_>>>());
    }
    if !words.columns.is_empty() {
        columns.clear();
        for name in &words.columns {
            let tables = columns.entry(name.listing.clone()).or_default();
            tables.entry(name.table.clone()).or_default().insert(name.column.clone());
        }
    }
    let period = period.unwrap_or(Period { from: 0, to: 0 });
    let versions = columns.keys().map(|id| (id.clone(), 1)).collect();
    Ok(Model { scope: Scope { columns, period, form: Form::Pseudonymised }, versions, rows: BTreeMap::new() })
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Release => "release",
        Verdict::Suppress => "suppress",
        Verdict::Hold => "hold",
        Verdict::Refuse => "refuse",
    }
}

/// For people: the table between two lines that say what it is, or the refusal with its place.
fn told(tried: &Tried, sql: &str, japanese: bool) -> String {
    let verdict = word(tried.verdict);
    if let Some(refusal) = &tried.refusal {
        let place = refusal.at.and_then(|at| at.caret(sql)).map(|lines| format!("\n{lines}")).unwrap_or_default();
        return format!("{verdict} ({}): {}{place}", refusal.code.name(), refusal.sentence(japanese));
    }
    let head = if japanese { "合成データ（実際のデータではありません）" } else { "SYNTHETIC, not data" };
    format!("{head}\n{}{verdict} ({head})", tried.table.as_deref().unwrap_or_default())
}

/// For programs: the fields of the API.
fn json(tried: &Tried) -> String {
    let refusal = tried.refusal.as_ref().map(|r| serde_json::json!({ "code": r.code, "detail": r.detail, "detail_ja": r.ja, "at": r.at }));
    serde_json::json!({ "synthetic": true, "verdict": tried.verdict, "refusal": refusal, "synthetic_table": tried.table }).to_string()
}
