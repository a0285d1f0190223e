//! What really fired: a fault that never happened proves nothing.

use std::{collections::BTreeMap, fmt};

use crate::scene::{FAULTS, Fault, Shot};

/// Injections that fired, by call and fault, and runs in which none did.
#[derive(Debug, Default)]
pub struct Table {
    fired: BTreeMap<(String, Fault), usize>,
    missed: Vec<Shot>,
}

impl Table {
    pub(crate) fn add(&mut self, shot: &Shot, hits: usize) {
        *self.fired.entry((shot.call.clone(), shot.fault)).or_default() += hits;
        if hits == 0 {
            self.missed.push(shot.clone());
        }
    }

    /// How often the fault was met at calls of one of these names: machines differ in what a rename is called.
    #[must_use]
    pub fn fired(&self, names: &[&str], fault: Fault) -> usize {
        self.fired.iter().filter(|((name, f), _)| names.contains(&name.as_str()) && *f == fault).map(|(_, hits)| hits).sum()
    }

    /// Each of [`FAULTS`] was met at each of these calls, which are given under every name that a machine may have for them.
    ///
    /// # Panics
    /// Where one was not.
    pub fn covers<'a>(&self, calls: impl IntoIterator<Item = &'a [&'a str]>) {
        for names in calls {
            FAULTS.iter().for_each(|fault| assert!(self.fired(names, *fault) > 0, "{fault} never fired at {names:?}"));
        }
    }

    /// Faults that were not met because the run made fewer such calls than the untouched one. A child of one thread has none.
    #[must_use]
    pub fn missed(&self) -> &[Shot] {
        &self.missed
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<12} {:<8} {:>6}", "call", "fault", "fired")?;
        self.fired.iter().try_for_each(|((name, fault), hits)| writeln!(f, "{name:<12} {:<8} {hits:>6}", fault.to_string()))?;
        write!(f, "not met: {}", self.missed.len())
    }
}
