//! Timelines: the course of an application, a permit, a run, an incident or a person, step by step, with the time between.

use rusqlite::{Connection, params};
use visiting_policies::{Refusal, case::Cases, terms::PersonId};

use super::{known, store::number};
use crate::{
    desk::unavailable,
    wire::{Timeline, TimelineStep},
};

/// Most steps of one answer: what a chart can show and a person reads.
pub(crate) const STEPS_MAX: u64 = 500;

/// What a timeline is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Course {
    column: &'static str,
    id: String,
}

impl Course {
    /// The course of this id.
    ///
    /// # Errors
    /// [`visiting_policies::Code::Malformed`] for an id that the record does not know, with those that it knows.
    pub(crate) fn new(id: &str, cases: &Cases) -> Result<Self, Refusal> {
        let column = if id.starts_with(PersonId::PREFIX) {
            known::actor(cases, id)?;
            "person"
        } else {
            known::case(cases, id)?
        };
        Ok(Self { column, id: id.to_owned() })
    }

    /// Its steps after an event, oldest first.
    pub(crate) fn run(&self, projection: &Connection, after: Option<u64>) -> Result<Timeline, Refusal> {
        // The time between is taken over the whole course, so that a later page begins as it should.
        let sql = format!(
            "SELECT idx, at_ms, at, actor, person, action, outcome, code, route, gap FROM (
                SELECT *, at_ms - lag(at_ms) OVER (ORDER BY idx) AS gap FROM events WHERE {} = ?1)
             WHERE idx > ?2 ORDER BY idx LIMIT ?3",
            self.column
        );
        let after = after.map_or(-1, number);
        let mut select = projection.prepare(&sql).map_err(|e| unavailable(&e))?;
        let found = select.query_map(params![self.id, after, number(STEPS_MAX + 1)], |row| {
            Ok(TimelineStep {
                index: row.get::<_, i64>(0)?.unsigned_abs(),
                at_ms: row.get::<_, i64>(1)?.unsigned_abs(),
                at: row.get(2)?,
                actor: row.get(3)?,
                person: row.get(4)?,
                action: row.get(5)?,
                outcome: row.get(6)?,
                code: row.get(7)?,
                route: row.get(8)?,
                since_previous_ms: row.get::<_, Option<i64>>(9)?.map(i64::unsigned_abs),
            })
        });
        let mut steps = found.and_then(Iterator::collect::<Result<Vec<_>, _>>).map_err(|e| unavailable(&e))?;
        let page = usize::try_from(STEPS_MAX).unwrap_or(usize::MAX);
        let more = steps.len() > page;
        steps.truncate(page);
        let (first, last) = (steps.first().map(|step| step.at_ms), steps.last().map(|step| step.at_ms));
        Ok(Timeline {
            id: self.id.clone(),
            about: self.column.to_owned(),
            next: steps.last().map(|step| step.index).filter(|_| more),
            total_ms: first.zip(last).map_or(0, |(first, last)| last.saturating_sub(first)),
            steps,
        })
    }
}
