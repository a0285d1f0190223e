//! Municipalities (市区町村): the smaller the population, the more people must stand behind a number.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Code, Refusal, sign};

/// The steps of one database, smallest population first. From the last step's population on the pack's `people_min` holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ladder {
    /// Where the rule stands.
    pub source: String,
    /// The steps.
    pub steps: Vec<Step>,
}

/// One step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Holds for municipalities with fewer people than this.
    pub under: u64,
    /// Fewest people behind anything shown; absent where nothing is shown at all.
    #[serde(default)]
    pub people_min: Option<u64>,
}

impl Ladder {
    /// Fewest people behind a number of a municipality with this population; `None` where no number may be shown. `base` is what holds
    /// above the ladder.
    #[must_use]
    pub fn people_min(&self, population: u64, base: u64) -> Option<u64> {
        self.steps.iter().find(|step| population < step.under).map_or(Some(base), |step| step.people_min.map(|k| k.max(base)))
    }

    /// What is wrong with the steps.
    pub(super) fn fault(&self, base: u64) -> Option<&'static str> {
        let pairs = || self.steps.iter().zip(self.steps.iter().skip(1));
        let asks = |step: &Step| step.people_min.unwrap_or(u64::MAX);
        let wrong = self.steps.is_empty()
            || pairs().any(|(a, b)| a.under >= b.under || asks(a) < asks(b))
            || self.steps.iter().any(|s| asks(s) < base);
        wrong.then_some("the steps of [municipalities] go up in population and down in `people_min`, never below [rules] people_min")
    }
}

/// Populations by municipality code, as of the time that the data are about. Public figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Municipalities {
    populations: BTreeMap<String, u64>,
    digest: String,
}

/// Invented municipalities of prefecture 99, which does not exist.
const SYNTHETIC: &str = include_str!("../../rules/municipalities.csv");

impl Municipalities {
    /// The synthetic table that comes with the product.
    #[must_use]
    pub fn synthetic() -> Self {
        // A broken table gives no populations, and what has no population is not shown; a test reads it.
        Self::read(SYNTHETIC).unwrap_or(Self { populations: BTreeMap::new(), digest: sign::digest(SYNTHETIC.as_bytes()) })
    }

    /// Reads `code,population` lines under that title line; lines that start with `#` are remarks.
    ///
    /// # Errors
    /// [`Code::RulesUnsound`] with the number of the first line that is not of that form.
    pub fn read(text: &str) -> Result<Self, Refusal> {
        let fault = |line: usize, what: &str| {
            Refusal::new(Code::RulesUnsound, format!("the table of municipalities, line {line}: {what}"))
                .ja(format!("市区町村の人口表の{line}行目が正しくありません。「5桁のコード,人口」の形にしてください。"))
        };
        let text_lines = || text.trim_start_matches('\u{feff}').lines().enumerate().map(|(i, l)| (i + 1, l.trim()));
        let mut lines = text_lines().filter(|(_, l)| !l.is_empty() && !l.starts_with('#'));
        match lines.next() {
            Some((_, "code,population")) => {}
            other => return Err(fault(other.map_or(1, |(n, _)| n), "the title line is `code,population`")),
        }
        let mut populations = BTreeMap::new();
        for (number, line) in lines {
            let (code, people) = line.split_once(',').ok_or_else(|| fault(number, "write `code,population`"))?;
            if code.len() != 5 || !code.bytes().all(|b| b.is_ascii_digit()) {
                return Err(fault(number, "a code is the five digits of JIS X 0402, without the check digit"));
            }
            let people = people.trim().parse().map_err(|_| fault(number, "a population is a whole number without separators"))?;
            if populations.insert(code.to_owned(), people).is_some() {
                return Err(fault(number, "this code stands twice"));
            }
        }
        if populations.is_empty() {
            return Err(fault(1, "there is no municipality in it"));
        }
        Ok(Self { populations, digest: sign::digest(text.as_bytes()) })
    }

    /// Digest of the table's text, for receipts.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Population of one municipality; `None` where the table does not have it.
    #[must_use]
    pub fn population(&self, code: &str) -> Option<u64> {
        self.populations.get(code).copied()
    }

    /// All codes with their populations.
    pub fn iter(&self) -> impl Iterator<Item = (&str, u64)> {
        self.populations.iter().map(|(code, n)| (code.as_str(), *n))
    }
}
