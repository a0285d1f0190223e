//! The command line over the client: one verb, one request of the API (or the few that belong together).

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde::Serialize;
use visiting_catalog::codes::examine;
use visiting_policies::{
    Refusal,
    refusal::{TextPlace, wants_japanese},
    sign::SigningKey,
    terms::{ColumnName, Period},
    vote::Decision,
};

use super::{
    Client, Conditions, Problem,
    audit::{self, Said},
    evidence::{self, Broken},
    follow::{self, Manner, Wish},
};
use crate::{
    config::PUBLIC_ADDRESS,
    files,
    home::Home,
    remains,
    wire::{Columns, NewApplication, PreflightView, RunRefusal, RunView, SampleSummary},
};

pub use super::usage::USAGE;

/// Why a verb did not do it.
#[derive(Debug, thiserror::Error)]
pub enum VerbError {
    /// Asked wrongly.
    #[error("{0}")]
    Usage(String),
    /// The server's answer.
    #[error(transparent)]
    Problem(#[from] Problem),
    /// The record that is followed is not what it was or should be.
    #[error(transparent)]
    Broken(#[from] Broken),
    /// A key or an id.
    #[error("{}", .0.detail)]
    Refused(#[from] Refusal),
    /// A file.
    #[error("a file cannot be read or written: {0}")]
    File(#[from] std::io::Error),
}

impl From<lexopt::Error> for VerbError {
    fn from(error: lexopt::Error) -> Self {
        Self::Usage(error.to_string())
    }
}

impl From<serde_json::Error> for VerbError {
    fn from(error: serde_json::Error) -> Self {
        Self::Usage(format!("the file is not an application: {error}"))
    }
}

/// Everything that was said on the command line.
#[derive(Debug, Default)]
struct Words {
    person: Option<String>,
    plain: Vec<String>,
    conditions: Conditions,
    columns: Vec<ColumnName>,
    team: Vec<String>,
    purpose: Option<String>,
    from: Option<i64>,
    limit: Option<u64>,
    wish: Wish,
    to: Option<i64>,
    days: Option<u64>,
    deny: Option<String>,
    key: Option<PathBuf>,
    out: Option<PathBuf>,
    manifest: Option<PathBuf>,
    reason: Option<String>,
    pack: Option<String>,
    /// What an auditor says; see [`audit::FLAGS`].
    audit: BTreeMap<String, String>,
}

impl Words {
    fn read(mut parser: lexopt::Parser) -> Result<Self, VerbError> {
        use lexopt::prelude::{Long, Short, Value, ValueExt};
        let mut words = Self::default();
        while let Some(argument) = parser.next()? {
            match argument {
                Long("as") => words.person = Some(parser.value()?.string()?),
                Long("remove") => words.conditions.remove.extend(column_names(&parser.value()?.string()?)?),
                Long("checkers") => words.conditions.checkers = parser.value()?.parse()?,
                Long("column") => words.columns.extend(column_names(&parser.value()?.string()?)?),
                Long("team") => words.team.extend(parser.value()?.string()?.split(',').map(str::to_owned)),
                Long("purpose") => words.purpose = Some(parser.value()?.string()?),
                Long("from") => words.from = Some(parser.value()?.parse()?),
                Long("to") => words.to = Some(parser.value()?.parse()?),
                Long("days") => words.days = Some(parser.value()?.parse()?),
                Long("deny") => words.deny = Some(parser.value()?.string()?),
                Long("key") => words.key = Some(parser.value()?.into()),
                Long("limit") => words.limit = Some(parser.value()?.parse()?),
                Long("kind") => words.wish.kind = Some(parser.value()?.string()?),
                Long("lines") => words.wish.manner = Manner::Leaves,
                Long("cloudevents") => words.wish.manner = Manner::CloudEvents,
                Long("once") => words.wish.once = true,
                Long("log-key") => words.wish.key = Some(parser.value()?.string()?),
                Long("manifest") => words.manifest = Some(parser.value()?.into()),
                Long("reason") => words.reason = Some(parser.value()?.string()?),
                Long("pack") => words.pack = Some(parser.value()?.string()?),
                Long(name) if audit::FLAGS.contains(&name) => {
                    let name = name.to_owned();
                    let value = parser.value()?.string()?;
                    words.audit.insert(name, value);
                }
                Long("out") => words.out = Some(parser.value()?.into()),
                Short('h') | Long("help") => return Err(VerbError::Usage(USAGE.to_owned())),
                Value(value) => words.plain.push(value.string()?),
                other => return Err(other.unexpected().into()),
            }
        }
        Ok(words)
    }
}

fn column_names(text: &str) -> Result<Vec<ColumnName>, VerbError> {
    text.split(',').map(|name| Ok(ColumnName::try_from(name.to_owned())?)).collect()
}

/// Reads the command line, does it, and returns what to print.
///
/// # Errors
/// [`VerbError`].
pub fn command(parser: lexopt::Parser) -> Result<String, VerbError> {
    let (mut words, home) = (Words::read(parser)?, Home::from_env());
    let address = std::env::var("VISITING_ADDR").unwrap_or_else(|_| PUBLIC_ADDRESS.to_owned());
    let client = Client::new(&format!("http://{address}"));
    let (plain, mut wish) = (std::mem::take(&mut words.plain), std::mem::take(&mut words.wish));
    let plain: Vec<&str> = plain.iter().map(String::as_str).collect();
    match plain.as_slice() {
        ["login", person] => login(client, &home, person),
        ["find", query @ ..] => shown(&client.find(&query.join(" "))?),
        ["show", id] if !id.starts_with("app_") && !id.starts_with("run_") => shown(&client.listing(id)?),
        ["codes", "check", file] => check_codes(Path::new(file), japanese()),
        ["log", "follow"] => {
            wish.from = index(&words)?;
            follow::follow(&known(client, &home, &words)?, &home, &wish, &mut std::io::stdout().lock())
        }
        ["log", "audit-events"] => audit_events(&known(client, &home, &words)?, &words),
        ["log", rest @ ..] if audit::is_verb(rest) => {
            let said = Said { flags: &words.audit, from: index(&words)?, limit: words.limit, out: words.out.as_deref() };
            audit::verb(&known(client, &home, &words)?, rest, said)
        }
        ["log", folder] => Ok(format!("{} events saved", known(client, &home, &words)?.save_log(Path::new(folder))?)),
        [verb, rest @ ..] => case_verb(&known(client, &home, &words)?, &home, &words, verb, rest),
        [] => Err(VerbError::Usage(USAGE.to_owned())),
    }
}

/// What came of a repetition; only the same bytes, and an erasure that the record tells of, end with 0.
fn repeated(client: &Client, run: &str) -> Result<String, VerbError> {
    let view = client.rerun(run)?;
    let text = shown(&view)?;
    match view.status.as_str() {
        "differs" => Err(VerbError::Broken(evidence::Broken { code: evidence::MEANING, text })),
        "not_repeated" => Err(VerbError::Broken(evidence::Broken { code: 1, text })),
        _ => Ok(text),
    }
}

/// The verbs of a case, in its order.
fn case_verb(client: &Client, home: &Home, words: &Words, verb: &str, rest: &[&str]) -> Result<String, VerbError> {
    match (verb, rest) {
        ("show", [id]) if id.starts_with("run_") => Ok(verdict(&client.show_run(id)?, "", japanese())),
        ("show", [id]) => shown(&client.application(id)?),
        ("apply", [file]) => shown(&client.apply(&serde_json::from_slice(&std::fs::read(file)?)?)?),
        ("apply", []) => shown(&client.apply(&from_flags(client, words)?)?),
        ("applications", []) => shown(&client.applications()?),
        ("complete", [id]) => shown(&client.complete(id, words.deny.is_none(), words.deny.as_deref().unwrap_or_default())?),
        ("ballot", [id, way]) => Ok(client.ballot(id, decision(way)?, words.conditions.clone())?),
        ("vote", [id, way]) => shown(&client.vote(id, decision(way)?, words.conditions.clone(), &key(client, home, words)?)?),
        ("permits", []) => shown(&client.permits()?),
        ("permit", [id]) => shown(&client.permit(id)?),
        ("remains", [id]) => Ok(remains::lines(&client.permit(id)?, japanese())),
        ("close", [id, reason @ ..]) if !reason.is_empty() => shown(&client.close(id, &reason.join(" "), &key(client, home, words)?)?),
        ("rerun", [run]) => repeated(client, run),
        ("suspend", [id, reason @ ..]) if !reason.is_empty() => {
            shown(&client.suspend(id, &reason.join(" "), &key(client, home, words)?)?)
        }
        ("recall", [run]) => match words.reason.as_deref() {
            Some(reason) => shown(&client.recall(run, reason, &key(client, home, words)?)?),
            None => shown(&client.fetched(run)?),
        },
        ("rules", ["show", name @ ..]) if name.len() < 2 => show_rules(client, name.first().copied()),
        ("rules", ["propose", file]) => propose_rules(client, home, words, Path::new(file)),
        ("rules", ["adopt", id]) => shown(&client.adopt_rules(id, &key(client, home, words)?)?),
        ("guest", ["bind", permit, module]) => bind_guest(client, permit, Path::new(module), words.manifest.as_deref()),
        ("guest", ["list", permit]) => shown(&client.guests(permit)?),
        ("codes", ["bind", permit, name, file]) => bind_codes(client, permit, name, Path::new(file)),
        ("codes", ["list", permit]) => shown(&client.codes(permit)?),
        ("preflight", [permit, sql @ ..]) if !sql.is_empty() => preflight(client, permit, &sql.join(" ")),
        ("run", [permit, sql @ ..]) if !sql.is_empty() => run(client, permit, &sql.join(" ")),
        ("runs", [permit]) => shown(&client.runs(permit)?),
        ("patterns", []) => shown(&client.patterns()?),
        ("releases", []) => shown(&client.releases()?),
        ("samples", []) => shown(&client.samples()?),
        ("sample", ["show", run]) => show_sample(client, run),
        ("sample", ["look", run, opinion]) => look(client, home, words, run, opinion),
        ("holds", []) => shown(&client.holds()?),
        ("hold", ["open", run]) => open_hold(client, home, words, run),
        ("hold", ["check", run, way]) => check(client, home, words, run, way),
        ("fetch", [run, name]) => fetch(client, run, name, words.out.as_deref()),
        _ => Err(VerbError::Usage(USAGE.to_owned())),
    }
}

fn login(mut client: Client, home: &Home, person: &str) -> Result<String, VerbError> {
    let login = client.login(person)?;
    std::fs::create_dir_all(home.path().join("client"))?;
    files::replace(&home.token(&login.person), login.token.as_bytes())?;
    files::replace(&home.path().join("client/last"), login.person.as_bytes())?;
    Ok(format!("logged in as {} ({})", login.person, login.roles.join(", ")))
}

/// The client with the login that `--as` or the last `login` names.
fn known(client: Client, home: &Home, words: &Words) -> Result<Client, VerbError> {
    let nobody = |_| VerbError::Usage("nobody is logged in; run `visiting client login PERSON` first".to_owned());
    let last = || std::fs::read_to_string(home.path().join("client/last")).map_err(nobody);
    let person = words.person.clone().map_or_else(last, Ok)?;
    let token = std::fs::read_to_string(home.token(&person)).map_err(nobody)?;
    Ok(client.with_login(&person, &token))
}

/// `--from` as the index of an event; for an application it is a month.
fn index(words: &Words) -> Result<Option<u64>, VerbError> {
    let fault = |_| VerbError::Usage("--from is the index of an event, counted from 0".to_owned());
    words.from.map(u64::try_from).transpose().map_err(fault)
}

fn audit_events(client: &Client, words: &Words) -> Result<String, VerbError> {
    let bundle = client.audit_events(index(words)?.unwrap_or_default(), words.limit)?;
    let Some(path) = &words.out else { return Ok(bundle) };
    files::replace(path, bundle.as_bytes())?;
    Ok(format!("{} bytes in {}", bundle.len(), path.display()))
}

fn key(client: &Client, home: &Home, words: &Words) -> Result<SigningKey, VerbError> {
    let own = || home.key(client.person().unwrap_or_default());
    Ok(files::read_key(&words.key.clone().unwrap_or_else(own))?)
}

/// What a checker reads. The files say it all, so it is printed as it is: the table last.
fn open_hold(client: &Client, home: &Home, words: &Words, run: &str) -> Result<String, VerbError> {
    let own = || home.seal_key(client.person().unwrap_or_default());
    let (view, evidence) = client.open_hold(run, &files::read_seal_key(&words.key.clone().unwrap_or_else(own))?)?;
    let mut out = format!("{} {}\npurpose: {}\nheld: {}\n\n", evidence.application, run, view.purpose, view.hold.reasons.join(", "));
    out += &format!("this permit: {}\n\n", evidence.exposure);
    out += &format!("{}\n\npeople, earlier releases about nearly the same people, group:\n", evidence.sql);
    for row in &evidence.rows {
        out += &format!("  {}. {:>13} {:>11}  {}\n", row.question, row.people, row.near, row.keys.join(", "));
    }
    if evidence.rows_not_listed > 0 {
        out += &format!("  … and {} more rows\n", evidence.rows_not_listed);
    }
    Ok(format!("{out}\n{}", evidence.table))
}

fn check(client: &Client, home: &Home, words: &Words, run: &str, way: &str) -> Result<String, VerbError> {
    let unknown = |_| VerbError::Usage("a finding is release or refuse".to_owned());
    let finding = serde_json::from_value(serde_json::Value::from(way)).map_err(unknown)?;
    let reason = words.reason.as_deref().ok_or_else(|| VerbError::Usage(format!("say --reason\n{USAGE}")))?;
    shown(&client.check(run, finding, reason, &key(client, home, words)?)?)
}

/// A drawn release: what it is for, the text, and the table last.
fn show_sample(client: &Client, run: &str) -> Result<String, VerbError> {
    let view = client.sample(run)?;
    let SampleSummary { application, run, .. } = &view.sample;
    Ok(format!("{application} {run}\npurpose: {}\n\n{}\n\n{}", view.purpose, view.sql, view.table))
}

fn look(client: &Client, home: &Home, words: &Words, run: &str, opinion: &str) -> Result<String, VerbError> {
    let unknown = |_| VerbError::Usage("an opinion is fine or recall".to_owned());
    let opinion = serde_json::from_value(serde_json::Value::from(opinion)).map_err(unknown)?;
    let reason = words.reason.as_deref().ok_or_else(|| VerbError::Usage(format!("say --reason\n{USAGE}")))?;
    shown(&client.look(run, opinion, reason, &key(client, home, words)?)?)
}

fn decision(word: &str) -> Result<Decision, VerbError> {
    let unknown = |_| VerbError::Usage("a decision is approve, reject or return".to_owned());
    serde_json::from_value(serde_json::Value::from(word)).map_err(unknown)
}

fn from_flags(client: &Client, words: &Words) -> Result<NewApplication, VerbError> {
    let missing = |what: &str| VerbError::Usage(format!("say {what}\n{USAGE}"));
    let mut columns = Columns::new();
    for name in &words.columns {
        let table = columns.entry(name.listing.clone()).or_default().entry(name.table.clone()).or_default();
        table.insert(name.column.clone());
    }
    let team = words.team.iter().map(String::as_str).chain(client.person());
    let life = Duration::from_secs(words.days.ok_or_else(|| missing("--days"))?.saturating_mul(24 * 60 * 60));
    let until = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default() + life;
    Ok(NewApplication {
        team: team.map(str::parse).collect::<Result<_, Refusal>>()?,
        purpose: words.purpose.clone().ok_or_else(|| missing("--purpose"))?,
        columns,
        period: Period { from: words.from.ok_or_else(|| missing("--from"))?, to: words.to.ok_or_else(|| missing("--to"))? },
        until_ms: u64::try_from(until.as_millis()).unwrap_or(u64::MAX),
    })
}

fn bind_guest(client: &Client, permit: &str, module: &Path, manifest: Option<&Path>) -> Result<String, VerbError> {
    let manifest = manifest.ok_or_else(|| VerbError::Usage(format!("say --manifest\n{USAGE}")))?;
    let bound = client.bind_guest(permit, &std::fs::read_to_string(manifest)?, &std::fs::read(module)?)?;
    let params: Vec<&str> = bound.params.iter().map(|p| p.name.as_str()).collect();
    let called = if bound.form == "person" { String::new() } else { format!("({})", params.join(", ")) };
    Ok(format!("{}\nbound: guest.{}{called}", shown(&bound)?, bound.name))
}

/// A code list as it was examined, or what is wrong with it and where.
fn check_codes(file: &Path, japanese: bool) -> Result<String, VerbError> {
    let bytes = std::fs::read(file)?;
    let list = examine(&bytes).map_err(|refusal| {
        let place = refusal.at.and_then(|at| at.caret(&String::from_utf8_lossy(&bytes))).map(|lines| format!("\n{lines}"));
        VerbError::Usage(format!("({}): {}{}", refusal.code.name(), refusal.sentence(japanese), place.unwrap_or_default()))
    })?;
    let columns = list.columns.iter().map(|c| format!("{} ({})", c.name, if c.numbers { "int" } else { "text" }));
    Ok(format!("sound: {} rows of {}\n{}", list.rows.len(), columns.collect::<Vec<_>>().join(", "), list.digest))
}

fn bind_codes(client: &Client, permit: &str, name: &str, file: &Path) -> Result<String, VerbError> {
    // What is no code list is told here, with its place; the gateway looks again.
    check_codes(file, japanese())?;
    let bound = client.bind_codes(permit, name, &std::fs::read_to_string(file)?)?;
    Ok(format!("{}\nbound: codes.{} ({} rows)", shown(&bound)?, bound.name, bound.rows))
}

fn show_rules(client: &Client, name: Option<&str>) -> Result<String, VerbError> {
    let all = client.rules()?;
    let Some(name) = name else { return shown(&all) };
    if let Some(pack) = all.packs.iter().find(|p| p.pack == name) {
        return shown(pack);
    }
    let missing = || VerbError::Usage(format!("there is no pack or proposal `{name}`; `visiting rules show` lists them"));
    shown(all.proposals.iter().find(|p| p.id == name).ok_or_else(missing)?)
}

fn propose_rules(client: &Client, home: &Home, words: &Words, file: &Path) -> Result<String, VerbError> {
    let reason = words.reason.as_deref().ok_or_else(|| VerbError::Usage(format!("say --reason\n{USAGE}")))?;
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    let pack = words.pack.as_deref().unwrap_or(&stem);
    let proposed = client.propose_rules(pack, &std::fs::read_to_string(file)?, reason, &key(client, home, words)?)?;
    Ok(format!("{}\nproposed: {} (a second person: visiting rules adopt {})", shown(&proposed)?, proposed.id, proposed.id))
}

fn run(client: &Client, permit: &str, sql: &str) -> Result<String, VerbError> {
    let asked = client.run(permit, sql)?;
    let run = client.wait(&asked.id)?;
    let table =
        if run.status == "released" { String::from_utf8_lossy(&client.file(&run.id, "table.csv")?).into_owned() } else { String::new() };
    Ok(format!("{table}{}", verdict(&run, sql, japanese())))
}

fn preflight(client: &Client, permit: &str, sql: &str) -> Result<String, VerbError> {
    let asked = client.preflight(permit, sql)?;
    Ok(tried(&client.wait_preflight(&asked.id)?, sql, japanese()))
}

/// True when this terminal speaks Japanese.
fn japanese() -> bool {
    wants_japanese(|name| std::env::var(name).ok())
}

fn verdict(run: &RunView, sql: &str, japanese: bool) -> String {
    let word = run.verdict.map(crate::app::name).unwrap_or_default();
    match &run.refusal {
        None if run.status == "held" => held(run, japanese),
        Some(refusal) => format!("{} {word} {}{}", run.id, told(refusal, sql, japanese), notice(run, japanese)),
        None => format!("{} {word}; fetch: {}", run.id, run.files.join(" ")),
    }
}

/// What whoever has fetched a recalled release must know.
fn notice(run: &RunView, japanese: bool) -> String {
    let Some(reason) = &run.recalled else { return String::new() };
    let must = match (run.destroy, japanese) {
        (false, _) => "",
        (true, true) => "あなたはこの持ち出しを受け取っています。すべての写しを廃棄してください。",
        (true, false) => " You have fetched this release: destroy every copy.",
    };
    if japanese { format!("\n理由：{reason}。{must}") } else { format!("\nreason: {reason}.{must}") }
}

/// A run that people must look at: how many, and nothing else.
fn held(run: &RunView, japanese: bool) -> String {
    let (needed, missing) = run.checks.map_or((0, 0), |checks| (checks.needed, checks.missing));
    if japanese {
        return format!("{} 出口審査の担当者の確認を待っています（{needed}人のうち、あと{missing}人）", run.id);
    }
    format!("{} held: waits for output checkers ({missing} of {needed} missing)", run.id)
}

/// A pre-flight: nobody may take its table for data, so every line above and below says what it is.
fn tried(view: &PreflightView, sql: &str, japanese: bool) -> String {
    let word = view.verdict.map(crate::app::name).unwrap_or_default();
    let head = if japanese { "合成データ（実際のデータではありません）" } else { "SYNTHETIC, not data" };
    match (&view.refusal, &view.synthetic_table) {
        (Some(refusal), _) => format!("{} {word} {}", view.id, told(refusal, sql, japanese)),
        (None, table) => format!("{head}\n{}{} {word} ({head})", table.as_deref().unwrap_or_default(), view.id),
    }
}

/// A refusal on one line, then the text's line with a caret under the place.
fn told(refusal: &RunRefusal, sql: &str, japanese: bool) -> String {
    let sentence = refusal.detail_ja.as_deref().filter(|_| japanese).unwrap_or(&refusal.detail);
    let place = refusal.at.and_then(|at| TextPlace::from(at).caret(sql)).map(|lines| format!("\n{lines}")).unwrap_or_default();
    format!("({}): {sentence}{place}", refusal.code)
}

fn fetch(client: &Client, run: &str, name: &str, out: Option<&Path>) -> Result<String, VerbError> {
    let path = out.map_or_else(|| PathBuf::from(name), Path::to_path_buf);
    let bytes = client.file(run, name)?;
    files::replace(&path, &bytes)?;
    Ok(format!("{} bytes in {}", bytes.len(), path.display()))
}

fn shown(value: &impl Serialize) -> Result<String, VerbError> {
    Ok(serde_json::to_string_pretty(value)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(refusal: Refusal) -> RunView {
        RunView {
            id: "run_1".to_owned(),
            permit: "prm_1".to_owned(),
            status: "refused".to_owned(),
            verdict: Some(visiting_policies::terms::Verdict::Refuse),
            refusal: Some(refusal.into()),
            files: Vec::new(),
            checks: None,
            recalled: None,
            destroy: false,
        }
    }

    #[test]
    fn a_refused_run_is_one_line_and_the_place_under_the_text() {
        let refusal = Refusal::new(visiting_policies::Code::ColumnUse, "take SUM").ja("SUMにしてください");
        let placed = run(refusal.clone().at(Some(TextPlace { line: 2, column: 3 })));
        let sql = "SELECT sex,\n  MAX(points) FROM claims";
        assert_eq!(verdict(&placed, sql, false), "run_1 refuse (column-use): take SUM\n    MAX(points) FROM claims\n    ^");
        assert!(verdict(&placed, sql, true).starts_with("run_1 refuse (column-use): SUMにしてください\n"));
        assert_eq!(verdict(&run(refusal), sql, false), "run_1 refuse (column-use): take SUM");
    }

    #[test]
    fn a_synthetic_table_is_headed_and_closed_as_such() {
        let view = PreflightView {
            id: "pre_1".to_owned(),
            permit: "prm_1".to_owned(),
            status: "answered".to_owned(),
            synthetic: true,
            verdict: Some(visiting_policies::terms::Verdict::Release),
            refusal: None,
            synthetic_table: Some("sex,n,note\n1,20,\n".to_owned()),
        };
        assert_eq!(tried(&view, "SELECT", false), "SYNTHETIC, not data\nsex,n,note\n1,20,\npre_1 release (SYNTHETIC, not data)");
    }
}
