//! Search over the projection: by person, case, database, action, outcome and time, page by page.

use std::fmt::Write;

use chrono::DateTime;
use rusqlite::{Connection, Row as Found, types::Value};
use serde::Deserialize;
use utoipa::IntoParams;
use visiting_policies::{Code, Refusal, case::Cases};

use super::{
    known,
    store::{SUMMARY, number, summary},
};
use crate::{
    desk::unavailable,
    wire::{Hit, Hits},
};

/// Most hits of one page: with the largest leaves 32 MB, usually 0.5 MB.
pub(crate) const HITS_MAX: u64 = 500;

/// Hits of a page where nothing else is asked for.
const HITS: u64 = 100;

/// A search as it comes. Everything that is named must fit; empty fields ask for nothing.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// Who acted: `per_…`, `gateway`, `enclave` or `nobody`.
    pub(crate) person: Option<String>,
    /// An application, and what stands under it.
    pub(crate) application: Option<String>,
    /// A permit, and what stands under it.
    pub(crate) permit: Option<String>,
    /// A run.
    pub(crate) run: Option<String>,
    /// A database that the case may read.
    pub(crate) database: Option<String>,
    /// A kind of event, such as `run_judged`.
    pub(crate) action: Option<String>,
    /// `ok`, `refused`, a verdict, a vote, an opinion, or the code of a refusal.
    pub(crate) outcome: Option<String>,
    /// First moment: RFC 3339, or milliseconds since 1970.
    pub(crate) from: Option<String>,
    /// The moment after the last one, likewise.
    pub(crate) until: Option<String>,
    /// Index of the last event that was received: the page begins after it.
    pub(crate) after: Option<u64>,
    /// How many; 100 unless said, 500 at most.
    pub(crate) limit: Option<u64>,
}

/// A search that makes sense.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Search {
    /// Column and value.
    equal: Vec<(&'static str, String)>,
    database: Option<String>,
    outcome: Option<String>,
    from_ms: Option<u64>,
    until_ms: Option<u64>,
    after: Option<u64>,
    limit: u64,
}

impl Search {
    /// Reads what is asked.
    ///
    /// # Errors
    /// [`Code::Malformed`] for a name that the record does not know, with those that it knows, and for what is no moment.
    pub(crate) fn new(asked: Asked, cases: &Cases) -> Result<Self, Refusal> {
        let said = |text: Option<String>| text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        let mut search = Self { after: asked.after, limit: asked.limit.unwrap_or(HITS).clamp(1, HITS_MAX), ..Self::default() };
        if let Some(person) = said(asked.person) {
            known::actor(cases, &person)?;
            search.equal.push((if person.starts_with("per_") { "person" } else { "actor" }, person));
        }
        for (column, id) in [("application", asked.application), ("permit", asked.permit), ("run", asked.run)] {
            if let Some(id) = said(id) {
                known::of_column(cases, column, &id)?;
                search.equal.push((column, id));
            }
        }
        if let Some(action) = said(asked.action) {
            known::action(&action)?;
            search.equal.push(("action", action));
        }
        search.database = said(asked.database);
        search.database.iter().try_for_each(|name| known::database(cases, name))?;
        search.outcome = said(asked.outcome);
        search.outcome.iter().try_for_each(|name| known::outcome(name))?;
        search.from_ms = said(asked.from).map(|text| moment("from", &text)).transpose()?;
        search.until_ms = said(asked.until).map(|text| moment("until", &text)).transpose()?;
        Ok(search)
    }

    /// The search as the record tells it: what was asked, in one spelling, without what the auditor typed beside it.
    pub(crate) fn query(&self) -> String {
        let number = |name: &str, value: Option<u64>| value.map(|value| (name.to_owned(), value.to_string()));
        let text = |name: &str, value: &Option<String>| value.clone().map(|value| (name.to_owned(), value));
        let equal = self.equal.iter().map(|(name, value)| (if *name == "actor" { "person" } else { name }.to_owned(), value.clone()));
        let rest = [
            text("database", &self.database),
            text("outcome", &self.outcome),
            number("from", self.from_ms),
            number("until", self.until_ms),
            number("after", self.after),
            number("limit", Some(self.limit)),
        ];
        serde_urlencoded::to_string(equal.chain(rest.into_iter().flatten()).collect::<Vec<_>>()).unwrap_or_default()
    }

    /// Runs it.
    pub(crate) fn run(&self, projection: &Connection) -> Result<Hits, Refusal> {
        let size: i64 = projection.query_row("SELECT count(*) FROM events", [], |row| row.get(0)).map_err(|e| unavailable(&e))?;
        let (condition, values) = self.condition();
        // One more than the page: whether there is more.
        let sql = format!("SELECT {SUMMARY}, {HIT} FROM events e WHERE {condition} ORDER BY e.idx LIMIT {}", self.limit + 1);
        let mut select = projection.prepare(&sql).map_err(|e| unavailable(&e))?;
        let found = select.query_map(rusqlite::params_from_iter(values), hit).map_err(|e| unavailable(&e))?;
        let mut hits = found.collect::<Result<Vec<_>, _>>().map_err(|e| unavailable(&e))?;
        let page = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let more = hits.len() > page;
        hits.truncate(page);
        Ok(Hits { next: hits.last().map(|hit| hit.event.index).filter(|_| more), hits, size: size.unsigned_abs() })
    }

    /// The WHERE clause: names of columns are ours, values are bound.
    fn condition(&self) -> (String, Vec<Value>) {
        let (mut condition, mut values) = ("1".to_owned(), Vec::new());
        let mut and = |clause: &str, value: Value| {
            values.push(value);
            let _ = write!(condition, " AND {}", clause.replace('?', &format!("?{}", values.len())));
        };
        for (column, value) in &self.equal {
            and(&format!("e.{column} = ?"), Value::Text(value.clone()));
        }
        if let Some(database) = &self.database {
            and("e.idx IN (SELECT idx FROM event_databases WHERE database = ?)", Value::Text(database.clone()));
        }
        if let Some(outcome) = &self.outcome {
            and("? IN (e.outcome, e.code)", Value::Text(outcome.clone()));
        }
        let bounds = [("e.at_ms >= ?", self.from_ms), ("e.at_ms < ?", self.until_ms), ("e.idx > ?", self.after)];
        for (clause, bound) in bounds {
            if let Some(bound) = bound {
                and(clause, Value::Integer(number(bound)));
            }
        }
        (condition, values)
    }
}

/// What a hit has beside the summary of its event.
const HIT: &str = "application, permit, run, leaf, \
                   (SELECT group_concat(database, ' ') FROM event_databases d WHERE d.idx = e.idx) AS databases";

fn hit(row: &Found<'_>) -> rusqlite::Result<Hit> {
    let event = summary(row)?;
    let databases: Option<String> = row.get("databases")?;
    Ok(Hit {
        application: row.get("application")?,
        permit: row.get("permit")?,
        run: row.get("run")?,
        databases: databases.unwrap_or_default().split_whitespace().map(str::to_owned).collect(),
        leaf: row.get("leaf")?,
        permalink: format!("/v1/log/events?from={}&limit=1", event.index),
        event,
    })
}

/// A moment as RFC 3339 or as milliseconds since 1970.
fn moment(name: &str, text: &str) -> Result<u64, Refusal> {
    let exact = || DateTime::parse_from_rfc3339(text).ok().and_then(|moment| u64::try_from(moment.timestamp_millis()).ok());
    text.parse().ok().or_else(exact).ok_or_else(|| {
        let detail = format!(
            "`{name}` is a moment such as 2026-11-21T09:00:00+09:00 (a plus sign in an address is %2B), or milliseconds since 1970"
        );
        Refusal::new(Code::Malformed, detail).ja("日時は 2026-11-21T09:00:00+09:00 のように、または1970年からのミリ秒で書いてください")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_in_both_spellings() {
        assert_eq!(moment("from", "1700000000000").unwrap(), 1_700_000_000_000);
        assert_eq!(moment("from", "2023-11-14T22:13:20Z").unwrap(), 1_700_000_000_000);
        assert_eq!(moment("from", "2023-11-15T07:13:20+09:00").unwrap(), 1_700_000_000_000);
        for text in ["yesterday", "2023-11-14", "-1", "1969-01-01T00:00:00Z"] {
            assert_eq!(moment("from", text).unwrap_err().code, Code::Malformed, "{text}");
        }
    }

    #[test]
    fn the_record_tells_a_search_in_one_spelling() {
        let search = Search {
            equal: vec![("actor", "enclave".to_owned())],
            outcome: Some("hold".to_owned()),
            from_ms: Some(5),
            limit: 7,
            ..Search::default()
        };
        assert_eq!(search.query(), "person=enclave&outcome=hold&from=5&limit=7");
        assert_eq!(search.condition().0, "1 AND e.actor = ?1 AND ?2 IN (e.outcome, e.code) AND e.at_ms >= ?3");
    }
}
