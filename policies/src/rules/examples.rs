//! Examples (例) in a pack: for each rule, what it lets through and what it does not. They are read with the pack, so a pack that
//! contradicts its own examples is none, whether a rule was loosened in the file or is not heeded any more by the code.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{ColumnRole, KeyRole, Municipalities, Named, RulePack, ages, apply};
use crate::{
    Code, Refusal,
    disclosure::{Site, undominated},
};

/// What a question that a rule forbids gives.
const REFUSED: &str = "refused";
/// What a cell that is not shown gives.
const NOTHING: &str = "nothing";
/// The municipality of an example.
const HERE: &str = "99001";
/// Everybody else: many, so that what is left out is not told by the difference.
const ELSEWHERE: (&str, u64) = ("99002", 1_000_000);
/// The year of an example's data: ages are reached in it.
const YEAR: i64 = 2024;

/// One cell of one question, and what is shown of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Example {
    /// Kinds of columns that the question groups by, value by value.
    pub by: BTreeSet<ColumnRole>,
    /// Kinds of columns of which one range of values is a group.
    pub within: BTreeMap<ColumnRole, [i64; 2]>,
    /// How many people live in the cell's municipality.
    pub population: u64,
    /// People behind the cell.
    pub people: u64,
    /// Facilities behind it.
    pub facilities: u64,
    /// Households behind it.
    pub households: u64,
    /// What each of its people contributes, largest first.
    pub shares: Vec<u64>,
    /// `refused` for the whole question, `nothing` of the cell, or its number of people as it is shown.
    pub gives: String,
}

impl Default for Example {
    /// Enough of everything: an example names only what it is about.
    fn default() -> Self {
        Self {
            by: BTreeSet::new(),
            within: BTreeMap::new(),
            population: ELSEWHERE.1,
            people: 1000,
            facilities: 1000,
            households: 1000,
            shares: vec![1; 10],
            gives: String::new(),
        }
    }
}

impl Example {
    /// True for what is let through.
    #[must_use]
    pub fn is_shown(&self) -> bool {
        self.gives != REFUSED && self.gives != NOTHING
    }

    /// What it gives under a pack, as groups and as conditions; a text of both where the two differ.
    fn outcome(&self, pack: &RulePack) -> Result<String, Refusal> {
        let text = format!("code,population\n{HERE},{}\n{},{}\n", self.population, ELSEWHERE.0, ELSEWHERE.1);
        let table = Municipalities::read(&text)?;
        let groups = self.judged(pack, &table, &self.columns(Named::Each), &[])?;
        let conditions = self.judged(pack, &table, &[], &self.columns(Named::Labels(BTreeSet::from([HERE.to_owned()]))))?;
        // A cell of a place that is never shown is left out; a question about it alone is refused.
        let hidden = groups == NOTHING && conditions == REFUSED;
        Ok(if groups == conditions || hidden { groups } else { format!("{groups} as a group, {conditions} as a condition") })
    }

    fn judged(&self, pack: &RulePack, table: &Municipalities, keys: &[KeyRole], filters: &[KeyRole]) -> Result<String, Refusal> {
        let applied = match apply(&[pack], table, keys, filters) {
            Err(refusal) if refusal.code == Code::RuleForbids => return Ok(REFUSED.to_owned()),
            other => other?,
        };
        let labels: Vec<&str> = keys.iter().map(|_| HERE).collect();
        let Some(rules) = applied.cell(&labels) else { return Ok(NOTHING.to_owned()) };
        let shares: Vec<u128> = self.shares.iter().copied().map(u128::from).collect();
        let sites = [(Site::Facility, self.facilities), (Site::Household, self.households)];
        let shown = rules.enough(self.people, sites) && undominated(rules.dominance_percent, &shares);
        Ok(if shown { rules.round(self.people).to_string() } else { NOTHING.to_owned() })
    }

    /// The columns of the question, those of `by` cut in this way.
    fn columns(&self, by: Named) -> Vec<KeyRole> {
        let column = |role: ColumnRole, domain, named| {
            let key = KeyRole { name: role.name(), role: Some(role), domain, named, every_row: true, born: None, at: None };
            if role == ColumnRole::BirthMonth { ages(key, YEAR) } else { key }
        };
        let plain = self.by.iter().map(|role| column(*role, None, by.clone()));
        let ranges = self.within.iter().map(|(role, [lo, hi])| column(*role, domain(*role), Named::Ranges(vec![(*lo, *hi)])));
        plain.chain(ranges).collect()
    }
}

/// The values of an example's column.
fn domain(role: ColumnRole) -> Option<(i64, i64)> {
    match role {
        ColumnRole::Age => Some((0, 120)),
        ColumnRole::BirthMonth => Some((190_401, 202_412)),
        ColumnRole::BirthWeight => Some((0, 10_000)),
        ColumnRole::DeathHour => Some((0, 23)),
        ColumnRole::Municipality | ColumnRole::Insurer | ColumnRole::Drug => None,
    }
}

impl RulePack {
    /// The names of its rules, as `[examples]` calls them.
    #[must_use]
    pub fn names(&self) -> BTreeSet<String> {
        let thresholds = ["people_min", "round_to", "dominance_percent"].into_iter();
        let some = [
            (self.rules.facilities_min > 0, "facilities_min"),
            (self.municipalities.is_some(), "municipalities"),
            (self.drugs.is_some(), "drugs"),
            (self.households.is_some(), "households"),
        ];
        let some = some.into_iter().filter(|(is, _)| *is).map(|(_, name)| name);
        let crossed = |roles: &BTreeSet<ColumnRole>| roles.iter().map(|r| r.name()).collect::<Vec<_>>().join(" ");
        let crossings = self.crossings.iter().map(|c| format!("crossings {}", crossed(&c.roles)));
        let bands = self.bands.iter().map(|b| format!("bands {}", b.role.name()));
        thresholds.chain(some).map(str::to_owned).chain(crossings).chain(bands).collect()
    }

    /// The first example that the pack does not hold to.
    pub(super) fn contradiction(&self) -> Option<String> {
        let rules = self.names();
        if let Some(stray) = self.examples.keys().find(|name| !rules.contains(*name)) {
            return Some(format!("[examples] has `{stray}`, and the pack has no such rule"));
        }
        self.examples.iter().find_map(|(rule, all)| {
            all.iter().zip(1..).find_map(|(example, number)| {
                let gives = example.outcome(self).unwrap_or_else(|refusal| refusal.detail);
                let wrong = format!("example {number} of `{rule}` should give `{}`, and gives `{gives}`", example.gives);
                (gives != example.gives).then_some(wrong)
            })
        })
    }
}
