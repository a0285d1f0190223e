//! Patterns of use (利用の傾向): what each person has asked under each permit and what came of it, with a flag on what looks like
//! feeling for a threshold. Made of the record alone, so whoever may read the record learns nothing new, and anybody can make it again.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{
    case::{Cases, RunCase},
    disclosure::limits::{PROBING_ROW, PROBING_UNSHOWN},
    refusal::Code,
    terms::{PermitId, PersonId, Verdict},
};

/// What one person has asked under one permit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pattern {
    /// The permit.
    pub permit: PermitId,
    /// The person.
    pub person: PersonId,
    /// Runs asked for.
    pub runs: u64,
    /// Released as they were.
    pub released: u64,
    /// Released with masks, or with values as released before.
    pub suppressed: u64,
    /// That people had to look at.
    pub held: u64,
    /// The same text as an earlier run of the permit.
    pub repeated: u64,
    /// Refused, by code.
    pub refused: BTreeMap<String, u64>,
    /// Most different questions in a row with nothing to show.
    pub longest_row: u64,
    /// True when this looks like feeling for a threshold.
    pub probing: bool,
}

impl Pattern {
    fn new(permit: &PermitId, person: &PersonId) -> Self {
        Self {
            permit: permit.clone(),
            person: person.clone(),
            runs: 0,
            released: 0,
            suppressed: 0,
            held: 0,
            repeated: 0,
            refused: BTreeMap::new(),
            longest_row: 0,
            probing: false,
        }
    }
}

/// A pattern while its runs are read, oldest first.
struct Reading<'a> {
    pattern: Pattern,
    /// Questions of the row that is going on.
    row: BTreeSet<&'a str>,
}

impl<'a> Reading<'a> {
    fn add(&mut self, case: &'a RunCase, repeated: bool) {
        let pattern = &mut self.pattern;
        pattern.runs += 1;
        pattern.held += u64::from(case.hold.is_some());
        pattern.repeated += u64::from(repeated);
        match case.judged.as_ref().map(|(report, _)| report.verdict) {
            Some(Verdict::Release) if case.released.is_some() => pattern.released += 1,
            Some(Verdict::Suppress) if case.released.is_some() => pattern.suppressed += 1,
            _ => {}
        }
        // A recalled release was one: the recall is the ministry's word, no answer to the question.
        let Some(refusal) = case.refusal().filter(|_| case.released.is_none()) else {
            // Only something shown ends a row: what is refused on its text tells nothing of the data.
            if case.released.is_some() {
                self.row.clear();
            }
            return;
        };
        *pattern.refused.entry(refusal.code.name()).or_default() += 1;
        if refusal.code == Code::NothingToShow {
            self.row.insert(&case.program);
            pattern.longest_row = pattern.longest_row.max(self.row.len() as u64);
        }
    }

    fn ended(mut self) -> Pattern {
        let unshown = self.pattern.refused.get(&Code::NothingToShow.name()).copied().unwrap_or(0);
        self.pattern.probing = self.pattern.longest_row >= PROBING_ROW || unshown >= PROBING_UNSHOWN;
        self.pattern
    }
}

/// All patterns, by permit and person.
#[must_use]
pub fn patterns(cases: &Cases) -> Vec<Pattern> {
    let mut runs: Vec<&RunCase> = cases.runs.values().collect();
    runs.sort_by_key(|case| case.index);
    let mut asked: BTreeSet<(&PermitId, &str)> = BTreeSet::new();
    let mut readings: BTreeMap<(&PermitId, &PersonId), Reading<'_>> = BTreeMap::new();
    for case in runs {
        let new = || Reading { pattern: Pattern::new(&case.permit, &case.by), row: BTreeSet::new() };
        let repeated = !asked.insert((&case.permit, &case.program));
        readings.entry((&case.permit, &case.by)).or_insert_with(new).add(case, repeated);
    }
    readings.into_values().map(Reading::ended).collect()
}
