//! What a question's columns mean to publication rules: from the keys and the condition of a plan to what `policies::rules` judges.

use std::{collections::BTreeMap, ffi::OsString, path::PathBuf};

use visiting_catalog::{Column, Domain, Listing};
use visiting_policies::{
    Refusal, TextPlace,
    rules::{Applied, ColumnRole, KeyRole, Municipalities, Named, RuleBook, RulePack, ages, apply},
};

use crate::{
    fault::Fault,
    predicate::{Predicate, ValueSet, Values},
    question::{Key, Preimage, Question},
};

/// The rule packs in force and the populations that they look at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RulesInForce<'a> {
    /// Packs, as the record has them.
    pub(crate) book: &'a RuleBook,
    /// Populations.
    pub(crate) municipalities: &'a Municipalities,
}

impl<'a> RulesInForce<'a> {
    /// The pack of a listing.
    pub(crate) fn of(&self, listings: &[Listing], listing: &str) -> Option<&'a RulePack> {
        let name = &listings.iter().find(|l| l.id == listing)?.rule_pack;
        self.book.pack(name).map(|p| &p.pack)
    }

    /// The packs of the databases that a question reads, as a receipt states them: version and digest.
    pub(crate) fn stated(&self, listings: &[Listing], listing: &str) -> Option<(String, String)> {
        let name = &listings.iter().find(|l| l.id == listing)?.rule_pack;
        let pack = self.book.pack(name)?;
        Some((format!("rule_pack {listing}"), format!("{name} {} {}", pack.pack.version, pack.digest)))
    }

    /// Judges a release point on its plan: the rules of a question over these databases, with everything that cuts its rows.
    pub(crate) fn apply(&self, listings: &[Listing], question: &Question) -> Result<Applied, Fault> {
        let packs = question.listings.iter().map(|l| self.of(listings, l)).collect::<Option<Vec<_>>>();
        let packs = packs.ok_or_else(|| Fault::Other("a database without a readable rule pack".to_owned()))?;
        let columns = Columns::of(listings);
        let (mut groups, mut filters) = (Vec::new(), Vec::new());
        for (number, key) in question.keys.iter().enumerate() {
            let mut made_of = columns.of_key(key, question.sets.iter().all(|set| set.contains(&number))).into_iter();
            // One place a key, because cells are told by their labels' places; further columns of a key cut like conditions.
            groups.push(made_of.next().unwrap_or_else(|| plain(&key.name)));
            filters.extend(made_of);
        }
        columns.of_condition(&question.filter, &mut filters);
        // Subqueries and outer joins are in the relation's words, and what an aggregate counts under is beside its column's name.
        filters.extend(columns.in_words(&question.relation, false));
        // What a guest gives says as much of what it reads as a condition on that would.
        filters.extend(question.reads.iter().flat_map(|words| columns.in_words(words, false)));
        let measured = question.columns.iter().map(|c| format!("{} if {}", c.name, c.when.text()));
        let counted = question.values.iter().map(|v| format!("{} if {}", v.name, v.there.text()));
        filters.extend(measured.chain(counted).flat_map(|words| columns.in_words(&words, true)));
        groups.iter_mut().chain(&mut filters).for_each(|key| key.at = place(&question.places, &key.name));
        Ok(apply(&packs, self.municipalities, &groups, &filters)?)
    }
}

/// A key that no publication rule has a word about.
fn plain(name: &str) -> KeyRole {
    KeyRole { name: name.to_owned(), role: None, domain: None, named: Named::Each, every_row: true, born: None, at: None }
}

/// Where a column stands in the text; on the far side of an outer join it has another name in plans.
fn place(places: &BTreeMap<String, TextPlace>, name: &str) -> Option<TextPlace> {
    places.get(name).or_else(|| places.get(name.trim_end_matches('?'))).copied()
}

/// A column that has a role.
struct RoleColumn<'a> {
    /// `listing.table.column`.
    full: String,
    column: &'a Column,
    /// The last year of its data.
    year: i64,
    role: ColumnRole,
}

/// All columns that have one.
struct Columns<'a>(Vec<RoleColumn<'a>>);

impl<'a> Columns<'a> {
    fn of(listings: &'a [Listing]) -> Self {
        let mut all = Vec::new();
        for (listing, table) in listings.iter().flat_map(|l| l.tables.iter().map(move |t| (l, t))) {
            let named = |column: &'a Column| {
                let full = format!("{}.{}.{}", listing.id, table.name, column.name);
                column.role.map(|role| RoleColumn { full, column, year: listing.period.to / 100, role })
            };
            all.extend(table.columns.iter().filter_map(named));
        }
        Self(all)
    }

    /// The column that a name in plans is exactly, and not something computed of it.
    fn exactly(&self, name: &str) -> Option<&RoleColumn<'a>> {
        self.0.iter().find(|c| name.strip_prefix(c.full.as_str()).is_some_and(|rest| occurrence(rest).1.is_empty()))
    }

    fn of_key(&self, key: &Key, every_row: bool) -> Vec<KeyRole> {
        let readable = match &key.of {
            Some(Preimage::Column(name, ..)) => self.exactly(name).map(|c| c.role(name, |_| Named::Each)),
            Some(Preimage::Sets(name, sets)) => self.exactly(name).map(|c| c.role(name, |values| groups(values, sets.values()))),
            None => None,
        };
        if let Some(role) = readable {
            return vec![KeyRole { every_row, ..role }];
        }
        // Computed of several columns, or per person: each of them cuts as its words say.
        let mut found = self.in_words(&key.name, false);
        for name in &key.columns {
            if let Some(c) = self.exactly(name).filter(|c| !found.iter().any(|f| f.name.starts_with(&c.full))) {
                found.push(c.role(name, |_| Named::Unreadable));
            }
        }
        found
    }

    /// Every part of the condition, also those under OR: each of them tells rows apart.
    fn of_condition(&self, filter: &Predicate, out: &mut Vec<KeyRole>) {
        match filter {
            Predicate::True | Predicate::False => {}
            Predicate::In(name, set) => match self.exactly(name) {
                Some(c) => out.push(KeyRole { every_row: true, ..c.role(name, |values| groups(values, [set])) }),
                None => out.extend(self.in_words(name, false)),
            },
            Predicate::All(parts) | Predicate::Any(parts) => parts.iter().for_each(|part| self.of_condition(part, out)),
            Predicate::Atom(said, _) => out.extend(self.in_words(said.words(), false)),
        }
    }

    /// Columns with a role that words name, at each place where they do. A place that a canonical condition follows
    /// (`name in [(0, 4)]`, as [`Predicate::text`] writes it) is read; any other is one that cannot be. In the words of a measure, the
    /// column that is measured stands first.
    fn in_words(&self, words: &str, measure: bool) -> Vec<KeyRole> {
        let mut out = Vec::new();
        for c in &self.0 {
            for (at, _) in words.match_indices(&c.full) {
                let before = words.get(..at).and_then(|w| w.chars().next_back());
                let rest = words.get(at + c.full.len()..).unwrap_or_default();
                if before.is_some_and(|b| in_name(b) || b == '.') || rest.starts_with(in_name) {
                    continue;
                }
                let (suffix, rest) = occurrence(rest);
                let named = |values: &Values| match sets_in(rest) {
                    _ if measure && at == 0 && (rest.is_empty() || rest.starts_with(" if ")) => Named::Measured,
                    Some(set) => groups(values, [&set]),
                    None => Named::Unreadable,
                };
                out.push(c.role(&format!("{}{suffix}", c.full), named));
            }
        }
        out
    }
}

impl RoleColumn<'_> {
    fn role(&self, name: &str, named: impl FnOnce(&Values) -> Named) -> KeyRole {
        let domain = match &self.column.domain {
            Some(Domain::Range([lo, hi]) | Domain::Months([lo, hi])) => Some((*lo, *hi)),
            _ => None,
        };
        let named = self.column.domain.as_ref().map_or(Named::Unreadable, |d| named(&Values::new(d)));
        let key = KeyRole { name: name.to_owned(), role: Some(self.role), domain, named, every_row: false, born: None, at: None };
        if self.role == ColumnRole::BirthMonth { ages(key, self.year) } else { key }
    }
}

/// A letter of a name.
fn in_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// What plans add to a column's name (`#2` for a second naming of its table, `?` where a row may be without it), and what follows.
fn occurrence(rest: &str) -> (&str, &str) {
    let digits = |text: &str| text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let tail = rest.strip_prefix('#').map_or(rest.len(), digits);
    let after = rest.len() - tail;
    let marks = rest.get(after..).map_or(0, |r| r.len() - r.trim_start_matches('?').len());
    rest.split_at_checked(after + marks).unwrap_or(("", rest))
}

/// The set of a canonical condition that stands at the beginning of these words.
fn sets_in(words: &str) -> Option<ValueSet> {
    let (list, _) = words.strip_prefix(" in [(")?.split_once(")]")?;
    let interval = |text: &str| text.split_once(", ").and_then(|(lo, hi)| Some((lo.parse().ok()?, hi.parse().ok()?)));
    list.split("), (").map(interval).collect::<Option<Vec<_>>>().map(ValueSet::intervals_of)
}

/// Most labels that a condition is written out in: more than there are municipalities in Japan.
const LABELS_MAX: u64 = 10_000;

/// Sets of a column's values as rules read them. The place of rows without a value is none of them.
fn groups<'a>(values: &Values, sets: impl IntoIterator<Item = &'a ValueSet>) -> Named {
    let (lo, hi) = values.bounds();
    let sets: Vec<ValueSet> = sets.into_iter().map(|set| set.intersection(&ValueSet::range(lo, hi))).collect();
    match values {
        Values::Range(..) => Named::Ranges(sets.iter().flat_map(|set| set.intervals()).copied().collect()),
        _ if sets.iter().map(|set| set.size()).fold(0, u64::saturating_add) > LABELS_MAX => Named::Unreadable,
        _ => Named::Labels(sets.iter().flat_map(|set| set.intervals()).flat_map(|(lo, hi)| *lo..=*hi).map(|v| values.label(v)).collect()),
    }
}

/// The table of populations that an operator named, else the invented one.
///
/// # Errors
/// When the file cannot be read or is no such table: nothing runs on wrong populations.
pub(crate) fn municipalities(file: Option<OsString>) -> Result<Municipalities, Fault> {
    let Some(file) = file.filter(|f| !f.is_empty()).map(PathBuf::from) else { return Ok(Municipalities::synthetic()) };
    let text = std::fs::read_to_string(&file)
        .map_err(|e| Fault::Other(format!("{} cannot be read ({e}); check {}", file.display(), crate::config::MUNICIPALITIES_ENV)))?;
    Municipalities::read(&text).map_err(|r: Refusal| Fault::Other(format!("{}: {}", file.display(), r.detail)))
}

#[cfg(test)]
#[path = "roles_tests.rs"]
mod tests;
