//! What a load says at its end, to the data holder who started it.

use std::{
    collections::BTreeMap,
    fmt::{self, Display, Formatter, Write},
};

use crate::vault::Manifest;

/// What became of the source files.
#[derive(Debug, Default)]
pub struct Summary {
    /// The listing.
    pub listing: String,
    /// The new version; `None` when only a history was learnt.
    pub manifest: Option<Manifest>,
    /// Steps of the history of insured numbers that the linkage unit learnt.
    pub(crate) history: History,
    /// Rows set aside by file and reason.
    pub quarantined: BTreeMap<(String, String), u64>,
    /// Set aside before it was known to be this listing's; part of the manifest's count.
    pub(crate) unread: u64,
    /// Tables that no file was given for, and the version they were kept from; without one they are empty.
    pub untouched: BTreeMap<String, Option<u64>>,
}

/// Steps learnt; `None` while no history file was read.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct History(Option<u64>);

impl History {
    pub(crate) fn is_none(self) -> bool {
        self.0.is_none()
    }
}

impl std::ops::AddAssign<Option<u64>> for History {
    fn add_assign(&mut self, steps: Option<u64>) {
        if let Some(steps) = steps {
            self.0 = Some(self.0.unwrap_or(0) + steps);
        }
    }
}

impl Summary {
    /// The quarantine, one file and reason a line.
    #[must_use]
    pub fn reasons(&self) -> String {
        self.quarantined.iter().fold(String::new(), |mut out, ((file, reason), rows)| {
            let _ = writeln!(out, "  {rows:>10}  {file}: {reason}");
            out
        })
    }
}

impl Display for Summary {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Some(manifest) = &self.manifest else {
            writeln!(f, "load report: history of insured numbers, no table")?;
            return self.rest(f);
        };
        writeln!(f, "load report: {} version {}", manifest.listing, manifest.version)?;
        for (name, file) in &manifest.tables {
            let note = match self.untouched.get(name) {
                None => String::new(),
                Some(Some(version)) => format!(" (no file given; kept from version {version})"),
                Some(None) => " (no file given; empty)".to_owned(),
            };
            writeln!(f, "  {:>10}  rows in {name}{note}", file.rows)?;
        }
        self.rest(f)
    }
}

impl Summary {
    fn rest(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if let Some(steps) = self.history.0 {
            writeln!(f, "  {steps:>10}  steps of the history of insured numbers")?;
        }
        let quarantined: u64 = self.quarantined.values().sum();
        write!(f, "quarantined: {quarantined}\n{}", self.reasons())
    }
}
