//! What an auditor asks, over the API, and its verbs on the command line (`visiting log search|sql|timeline|ocsf|case|incident…`).

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use super::{
    Client, Problem,
    verbs::{USAGE, VerbError},
};
use crate::{
    files,
    wire::{Answered, Hits, IncidentView, Incidents, NewClosing, NewIncident, NewQuestion, Timeline},
};

/// Flags of the command line that are fields of a search or of an incident.
pub(crate) const FLAGS: &[&str] =
    &["person", "application", "permit", "run", "database", "action", "outcome", "since", "until", "after", "leaves", "text"];

/// What was said on the command line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Said<'a> {
    /// Values of [`FLAGS`].
    pub(crate) flags: &'a BTreeMap<String, String>,
    pub(crate) from: Option<u64>,
    pub(crate) limit: Option<u64>,
    pub(crate) out: Option<&'a Path>,
}

impl Client {
    /// Searches the record: names and values as `/v1/openapi.json` tells them.
    ///
    /// # Errors
    /// The gateway's problem.
    pub fn search_log(&self, query: &[(&str, &str)]) -> Result<Hits, Problem> {
        self.get_query("/v1/log/search", query)
    }

    /// Asks the record in SQL.
    ///
    /// # Errors
    /// The gateway's problem.
    pub fn ask_log(&self, sql: &str) -> Result<Answered, Problem> {
        self.post("/v1/log/sql", &NewQuestion { sql: sql.to_owned() })
    }

    /// The course of a case or a person, after an event.
    ///
    /// # Errors
    /// The gateway's problem.
    pub fn timeline(&self, id: &str, after: Option<&str>) -> Result<Timeline, Problem> {
        self.get_query(&format!("/v1/log/timeline/{id}"), &after.map(|after| ("after", after)).into_iter().collect::<Vec<_>>())
    }

    /// Events in the words of OCSF, one a line.
    ///
    /// # Errors
    /// The gateway's problem.
    pub fn ocsf(&self, from: u64, limit: Option<u64>) -> Result<String, Problem> {
        let (from, limit) = (from.to_string(), limit.map(|limit| limit.to_string()));
        let query = [("from", from.as_str())].into_iter().chain(limit.as_deref().map(|limit| ("limit", limit)));
        self.text("/v1/log/ocsf", &query.collect::<Vec<_>>())
    }

    /// A case file, as JSON.
    ///
    /// # Errors
    /// The gateway's problem.
    pub fn case_file(&self, id: &str) -> Result<String, Problem> {
        self.text(&format!("/v1/log/case/{id}"), &[])
    }

    /// All incidents, open ones first.
    ///
    /// # Errors
    /// The gateway's problem.
    pub fn incidents(&self) -> Result<Vec<IncidentView>, Problem> {
        let all: Incidents = self.get("/v1/incidents")?;
        Ok(all.incidents)
    }

    /// One incident with its texts.
    ///
    /// # Errors
    /// The gateway's problem.
    pub fn incident(&self, id: &str) -> Result<IncidentView, Problem> {
        self.get(&format!("/v1/incidents/{id}"))
    }

    /// Notes an incident.
    ///
    /// # Errors
    /// The gateway's problem.
    pub fn note_incident(&self, incident: &NewIncident) -> Result<IncidentView, Problem> {
        self.post("/v1/incidents", incident)
    }

    /// Closes an incident.
    ///
    /// # Errors
    /// The gateway's problem.
    pub fn close_incident(&self, id: &str, text: &str) -> Result<IncidentView, Problem> {
        self.post(&format!("/v1/incidents/{id}/close"), &NewClosing { text: text.to_owned() })
    }
}

/// True for the words that [`verb`] knows; a folder to save the log in has another name.
pub(crate) fn is_verb(words: &[&str]) -> bool {
    matches!(words.first(), Some(&("search" | "sql" | "timeline" | "ocsf" | "case" | "incidents" | "incident")))
}

/// A verb of the auditor.
pub(crate) fn verb(client: &Client, words: &[&str], said: Said<'_>) -> Result<String, VerbError> {
    match words {
        ["search"] => search(client, said),
        ["sql", text @ ..] if !text.is_empty() => table(&client.ask_log(&text.join(" "))?),
        ["timeline", id] => Ok(lines(&client.timeline(id, said.flags.get("after").map(String::as_str))?)),
        ["ocsf"] => written(client.ocsf(said.from.unwrap_or_default(), said.limit)?, said.out),
        ["case", id] => written(client.case_file(id)?, said.out),
        ["incidents"] => shown(&client.incidents()?),
        ["incident", "show", id] => shown(&client.incident(id)?),
        ["incident", "note", kind, severity] => note(client, kind, severity, said),
        ["incident", "close", id] => shown(&client.close_incident(id, text(said)?)?),
        _ => Err(VerbError::Usage(USAGE.to_owned())),
    }
}

fn search(client: &Client, said: Said<'_>) -> Result<String, VerbError> {
    let limit = said.limit.map(|limit| limit.to_string());
    let fields = said.flags.iter().filter(|(name, _)| !matches!(name.as_str(), "leaves" | "text"));
    // `--from` is an index elsewhere: a search's first moment is `--since`.
    let query = fields.map(|(name, value)| (if name == "since" { "from" } else { name.as_str() }, value.as_str()));
    let hits = client.search_log(&query.chain(limit.as_deref().map(|limit| ("limit", limit))).collect::<Vec<_>>())?;
    let mut out = String::new();
    for hit in &hits.hits {
        let event = &hit.event;
        let case = hit.run.as_ref().or(hit.permit.as_ref()).or(hit.application.as_ref()).map_or("", String::as_str);
        let (who, came) = (event.who(), event.came());
        out += &format!("{:>8}  {}  {who:<16} {:<22} {came:<16} {case}\n", event.index, event.at, event.action);
    }
    let more = hits.next.map(|next| format!("; more: --after {next}")).unwrap_or_default();
    Ok(format!("{out}{} of {} events{more}", hits.hits.len(), hits.size))
}

/// An answer as CSV, and whether rows are missing.
fn table(answered: &Answered) -> Result<String, VerbError> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let unwritten = |error: csv::Error| VerbError::File(std::io::Error::other(error));
    writer.write_record(&answered.columns).map_err(unwritten)?;
    for row in &answered.rows {
        let cells = row.iter().map(|cell| match cell {
            serde_json::Value::Null => String::new(),
            serde_json::Value::String(text) => text.clone(),
            other => other.to_string(),
        });
        writer.write_record(cells).map_err(unwritten)?;
    }
    let bytes = writer.into_inner().map_err(|error| VerbError::File(std::io::Error::other(error.to_string())))?;
    let cut = if answered.truncated { "\n(there are more rows: narrow the question)" } else { "" };
    Ok(format!("{}{cut}", String::from_utf8_lossy(&bytes).trim_end()))
}

fn lines(course: &Timeline) -> String {
    let mut out = String::new();
    for step in &course.steps {
        let event = &step.event;
        let since = step.since_previous_ms.map(|ms| format!("+{:.3} s", ms as f64 / 1000.0)).unwrap_or_default();
        let (who, came) = (event.who(), event.came());
        out += &format!("{:>8}  {}  {since:>16}  {who:<16} {} ({came})\n", event.index, event.at, event.action);
    }
    let more = course.next.map(|next| format!("; more: --after {next}")).unwrap_or_default();
    format!("{out}{} steps in {:.3} s{more}", course.steps.len(), course.total_ms as f64 / 1000.0)
}

fn note(client: &Client, kind: &str, severity: &str, said: Said<'_>) -> Result<String, VerbError> {
    let word = |what: &str, word: &str| format!("`{word}` is no {what} of an incident; `visiting client --help` lists them");
    let kind = serde_json::from_value(kind.into()).map_err(|_| VerbError::Usage(word("kind", kind)))?;
    let severity = serde_json::from_value(severity.into()).map_err(|_| VerbError::Usage(word("severity", severity)))?;
    let leaves = said.flags.get("leaves").ok_or_else(|| VerbError::Usage("say --leaves N,N: the events that it is about".to_owned()))?;
    let leaves: Result<BTreeSet<u64>, _> = leaves.split(',').map(str::parse).collect();
    let leaves = leaves.map_err(|_| VerbError::Usage("--leaves are indices of events, with commas between".to_owned()))?;
    shown(&client.note_incident(&NewIncident { kind, severity, leaves, text: text(said)?.to_owned() })?)
}

fn text(said: Said<'_>) -> Result<&str, VerbError> {
    said.flags.get("text").map(String::as_str).ok_or_else(|| VerbError::Usage("say --text: what happened, or what came of it".to_owned()))
}

/// To the screen, or into a file.
fn written(text: String, out: Option<&Path>) -> Result<String, VerbError> {
    let Some(path) = out else { return Ok(text.trim_end().to_owned()) };
    files::replace(path, text.as_bytes())?;
    Ok(format!("{} bytes in {}", text.len(), path.display()))
}

fn shown(value: &impl serde::Serialize) -> Result<String, VerbError> {
    Ok(serde_json::to_string_pretty(value)?)
}
