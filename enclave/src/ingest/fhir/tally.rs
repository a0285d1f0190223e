//! What became of everything that was read, counted: loaded, left out by the mapping, quarantined. Nothing is dropped silently.

use std::{
    collections::BTreeMap,
    fmt::{self, Display, Formatter},
};

/// Counts by resource type; types that the mapping does not name are not quoted.
#[derive(Debug, Default)]
pub struct Tally {
    /// Bundles and single resources that were this mapping's.
    pub documents: u64,
    /// Rows by resource type.
    pub loaded: BTreeMap<String, u64>,
    /// Left out by resource type and reason.
    pub left: BTreeMap<(String, String), u64>,
    /// Quarantined by resource type.
    pub quarantined: BTreeMap<String, u64>,
    /// What is odd and was loaded all the same.
    pub quality: BTreeMap<&'static str, u64>,
}

impl Tally {
    /// One row was loaded.
    pub(crate) fn load(&mut self, kind: &str) {
        count(&mut self.loaded, kind, 1);
    }

    /// Something was left out on purpose.
    pub(crate) fn leave(&mut self, kind: &str, reason: &str, times: u64) {
        *self.left.entry((kind.to_owned(), reason.to_owned())).or_default() += times;
    }

    /// Something was quarantined; the reason stands in the quarantine.
    pub(crate) fn quarantine(&mut self, kind: &str) {
        count(&mut self.quarantined, kind, 1);
    }

    /// Something is odd.
    pub(crate) fn quality(&mut self, what: &'static str) {
        *self.quality.entry(what).or_default() += 1;
    }
}

/// Most entries exist already: no key is made for them.
fn count(counts: &mut BTreeMap<String, u64>, key: &str, times: u64) {
    match counts.get_mut(key) {
        Some(known) => *known += times,
        None => drop(counts.insert(key.to_owned(), times)),
    }
}

impl Display for Tally {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "documents: {}", self.documents)?;
        let mut kinds: Vec<&String> = self.loaded.keys().chain(self.quarantined.keys()).collect();
        kinds.sort();
        kinds.dedup();
        for kind in kinds {
            let of = |counts: &BTreeMap<String, u64>| counts.get(kind).copied().unwrap_or_default();
            writeln!(f, "  {:>10}  rows from {kind}, {} quarantined", of(&self.loaded), of(&self.quarantined))?;
        }
        writeln!(f, "left out: {}", self.left.values().sum::<u64>())?;
        for ((kind, reason), times) in &self.left {
            writeln!(f, "  {times:>10}  {kind}: {reason}")?;
        }
        if !self.quality.is_empty() {
            writeln!(f, "to be looked at:")?;
        }
        for (what, times) in &self.quality {
            writeln!(f, "  {times:>10}  {what}")?;
        }
        Ok(())
    }
}
