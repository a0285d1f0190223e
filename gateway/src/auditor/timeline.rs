//! Timelines: the course of an application, a permit, a run, an incident or a person, step by step, with the time between.

use rusqlite::{Connection, params};
use visiting_policies::{Refusal, case::Cases, terms::PersonId};

use super::{
    known,
    store::{SUMMARY, number, summary},
};
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
            "SELECT {SUMMARY}, gap FROM (
                SELECT *, at_ms - lag(at_ms) OVER (ORDER BY idx) AS gap FROM events WHERE {} = ?1)
             WHERE idx > ?2 ORDER BY idx LIMIT ?3",
            self.column
        );
        let after = after.map_or(-1, number);
        let mut select = projection.prepare(&sql).map_err(|e| unavailable(&e))?;
        let found = select.query_map(params![self.id, after, number(STEPS_MAX + 1)], |row| {
            Ok(TimelineStep { event: summary(row)?, since_previous_ms: row.get::<_, Option<i64>>("gap")?.map(i64::unsigned_abs) })
        });
        let mut steps = found.and_then(Iterator::collect::<Result<Vec<_>, _>>).map_err(|e| unavailable(&e))?;
        let page = usize::try_from(STEPS_MAX).unwrap_or(usize::MAX);
        let more = steps.len() > page;
        steps.truncate(page);
        let (first, last) = (steps.first().map(|step| step.event.at_ms), steps.last().map(|step| step.event.at_ms));
        Ok(Timeline {
            id: self.id.clone(),
            about: self.column.to_owned(),
            next: steps.last().map(|step| step.event.index).filter(|_| more),
            total_ms: first.zip(last).map_or(0, |(first, last)| last.saturating_sub(first)),
            steps,
        })
    }
}
