//! What intake says: every finding at once, in words, in both languages. Nothing of the module's or the manifest's own text is
//! quoted: places are told as lines, parameters, functions and byte offsets.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A sentence in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Words {
    /// Japanese.
    pub ja: String,
    /// English.
    pub en: String,
}

impl Words {
    pub(crate) fn new(ja: impl Into<String>, en: impl Into<String>) -> Self {
        Self { ja: ja.into(), en: en.into() }
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The rule's name in `ABI.md`, such as `no-memory`.
    pub rule: String,
    /// Where: a line of the manifest, or a part of the module.
    pub place: String,
    /// What is wrong.
    pub says: Words,
    /// What to do.
    pub fix: Words,
}

/// Why a guest was not taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// All findings, manifest first, then in the order of the module. At most [`crate::LIMITS`]`.findings`.
    pub findings: Vec<Finding>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for finding in &self.findings {
            writeln!(f, "{} ({}): {} {}", finding.rule, finding.place, finding.says.en, finding.fix.en)?;
            writeln!(f, "  {} {}", finding.says.ja, finding.fix.ja)?;
        }
        Ok(())
    }
}

impl std::error::Error for Report {}

/// Collects findings up to the limit; what comes after would only repeat.
#[derive(Debug, Default)]
pub(crate) struct Findings(Vec<Finding>);

impl Findings {
    pub(crate) fn add(&mut self, rule: &str, place: impl Into<String>, says: Words, fix: Words) {
        let finding = Finding { rule: rule.to_owned(), place: place.into(), says, fix };
        if self.0.len() < crate::LIMITS.findings && !self.0.contains(&finding) {
            self.0.push(finding);
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn report(self) -> Report {
        Report { findings: self.0 }
    }
}
