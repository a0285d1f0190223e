//! What came of the texts, in numbers and in words.

use std::{collections::BTreeMap, time::Duration};

/// Findings of each kind that are kept in full.
const KEPT: usize = 20;

/// Something that must not happen: number of the text, the text, what happened.
pub type Finding = (u64, String, String);

/// Findings of one kind: how many, the first in full.
#[derive(Debug, Default)]
pub struct Findings {
    /// Number of all.
    pub count: u64,
    /// The first.
    pub kept: Vec<Finding>,
}

impl Findings {
    /// One more.
    pub(super) fn add(&mut self, number: u64, text: &str, what: String) {
        self.count += 1;
        if self.kept.len() < KEPT {
            self.kept.push((number, text.to_owned(), what));
        }
    }

    fn merge(&mut self, other: Self) {
        self.count += other.count;
        self.kept.extend(other.kept);
    }
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Report {
    /// Texts planned.
    pub texts: u64,
    /// Texts that became a plan.
    pub accepted: u64,
    /// Of these, texts that were run on the twin.
    pub ran: u64,
    /// Refusals by code.
    pub codes: BTreeMap<String, u64>,
    /// Refusals without a sentence in Japanese.
    pub without_japanese: Findings,
    /// Texts whose plan is no plan and no refusal of our own.
    pub foreign: Findings,
    /// Texts that were taken and whose run ended in neither a table nor a refusal of our own.
    pub faults: Findings,
    /// Panics by place, caught or not; those of the engine's reader are caught and refused.
    pub panics: BTreeMap<String, u64>,
    /// The text that took longest, and how long.
    pub slowest: (Duration, u64),
    /// How long everything took.
    pub took: Duration,
}

impl Report {
    /// True when nothing was found.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        let none = |f: &Findings| f.count == 0;
        none(&self.without_japanese) && none(&self.foreign) && none(&self.faults) && !self.panics.keys().any(|place| is_ours(place))
    }

    pub(super) fn add(&mut self, other: Self) {
        self.texts += other.texts;
        self.accepted += other.accepted;
        self.ran += other.ran;
        other.codes.into_iter().for_each(|(code, n)| *self.codes.entry(code).or_default() += n);
        self.without_japanese.merge(other.without_japanese);
        self.foreign.merge(other.foreign);
        self.faults.merge(other.faults);
        self.slowest = self.slowest.max(other.slowest);
    }

    /// In words, findings last.
    #[must_use]
    pub fn told(&self) -> String {
        let rate = self.texts as f64 / self.took.as_secs_f64().max(f64::MIN_POSITIVE);
        let mut out = format!("{} texts in {:.1} s, {rate:.0} a second\n", self.texts, self.took.as_secs_f64());
        out += &format!("{:>10}  accepted, {} of them run\n", self.accepted, self.ran);
        for (code, n) in &self.codes {
            out += &format!("{n:>10}  {code}\n");
        }
        out += &format!("slowest: text {} with {:.1} ms\n", self.slowest.1, self.slowest.0.as_secs_f64() * 1000.0);
        for (place, n) in &self.panics {
            let whose = if is_ours(place) { "PANIC" } else { "the engine's reader panicked and was refused:" };
            out += &format!("{whose} {n} times at {place}\n");
        }
        for (kind, findings) in [("FOREIGN", &self.foreign), ("FAULT", &self.faults), ("NO JAPANESE", &self.without_japanese)] {
            for (number, text, what) in findings.kept.iter().take(KEPT) {
                out += &format!("{kind} text {number}: {what}\n    {text:?}\n");
            }
        }
        let ours: u64 = self.panics.iter().filter(|(place, _)| is_ours(place)).map(|(_, n)| n).sum();
        let (foreign, faults, silent) = (self.foreign.count, self.faults.count, self.without_japanese.count);
        out + &format!(
            "fuzz-sql: {} texts, {ours} panics, {foreign} foreign errors, {faults} faults, {silent} without Japanese",
            self.texts
        )
    }
}

/// True for a panic that is not the engine's reader's.
fn is_ours(place: &str) -> bool {
    !["datafusion-", "sqlparser-", "arrow-"].iter().any(|library| place.contains(library))
}
