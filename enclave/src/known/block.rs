//! What one run adds to what has been shown.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use visiting_policies::audit::Range;

use super::watch::Group;
use crate::{
    people::{self, People, Vector},
    question::{KeyValue, OPAQUE, SiteColumn},
};

/// Of each protected column: its facilities or households with their rows.
pub(crate) type SiteRows = Vec<(SiteColumn, Vec<(u32, i128)>)>;

/// One released base statistic.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// Canonical plan with the data versions.
    pub(crate) plan: String,
    /// Of a number of people: who they are, in words that are equal where the people provably are. The plan is of the rows, and as
    /// fine as rows are.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) who: String,
    /// What it is about: `people`, `rows`, or what is measured. All but people and values are sums of contributions, and compared
    /// with each other whatever their names are.
    pub(crate) of: String,
    /// In which form it is shown: `people`, `sum`, `mean` and the like.
    pub(crate) shown: String,
    /// What was shown.
    pub(crate) value: String,
    /// Of a number of people: how many a reader knows there to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) behind: Option<Range>,
    /// Contributions; for people, 1 each.
    #[serde(with = "people::packed::vector")]
    pub(crate) vector: Vector,
    /// Of a mean: the rows that it is over.
    #[serde(default, with = "people::packed::vector_if", skip_serializing_if = "Option::is_none")]
    pub(crate) rows: Option<Vector>,
    /// Which rows.
    pub(crate) place: Place,
    /// Rows by facility, and by household, per protected column.
    pub(crate) sites: SiteRows,
}

/// Which rows a shown set is: the question without keys, and the key values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    /// Canonical plan without keys, with the data versions.
    pub(crate) base: String,
    /// Key columns with this row's values.
    pub(crate) keys: Vec<(String, KeyValue)>,
}

/// One displayed table as a whole, for the complement test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct TableEntry {
    /// Canonical plan of its rows without keys, with the data versions.
    pub(crate) base: String,
    /// Keys with the number of values in their domains; `u64::MAX` where that is not known.
    pub(crate) keys: Vec<(String, u64)>,
    /// Displayed rows: key values and people.
    pub(crate) rows: Vec<ShownRow>,
    /// What is shown beside numbers of people: see [`crate::question::Question::measures`].
    #[serde(default)]
    pub(crate) measures: BTreeSet<String>,
    /// Sets of people that its displayed rows provably make up, by who they are: each coarser group of which all rows are displayed.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) wholes: BTreeSet<String>,
    /// Rows with too few people, which are not sent.
    #[serde(default, skip_serializing_if = "Absent::is_empty")]
    pub(crate) absent: Absent,
}

/// The rows of a table that are not sent: a reader sees that there are none, so that these are not as many as `below`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Absent {
    /// k.
    pub(crate) below: u64,
    /// The people of each.
    #[serde(with = "people::packed::sets")]
    pub(crate) sets: Vec<People>,
}

impl Absent {
    fn is_empty(&self) -> bool {
        self.sets.is_empty()
    }

    /// How many people a reader knows to be in such a row.
    pub(crate) fn range(&self) -> Range {
        Range::below(self.below)
    }
}

/// Something else that a reader learns of a set: that it differs from another one for fewer than k people, or that it is a row which
/// was sent without its number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Fact {
    /// The set.
    #[serde(with = "people::packed::set")]
    pub(crate) people: People,
    /// How many a reader knows there to be.
    pub(crate) range: Range,
}

/// One displayed row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ShownRow {
    /// Key values, in the order of the table's keys.
    pub(crate) key: Vec<KeyValue>,
    /// Everyone in it.
    #[serde(with = "people::packed::set")]
    pub(crate) people: People,
}

/// What one run adds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Block {
    /// Under which permit it was asked.
    #[serde(default)]
    pub(crate) permit: String,
    /// Base statistics.
    pub(crate) entries: Vec<Entry>,
    /// The displayed tables: one for each grouping set.
    pub(crate) tables: Vec<TableEntry>,
    /// What else a reader learns.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) facts: Vec<Fact>,
    /// Plans of the numbers that are hidden because others are shown. The answer says that they are; here they are counted.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) hidden: BTreeSet<String>,
    /// Small groups that are watched, with the worlds that prove them to be open.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) watched: Vec<Group>,
}

impl Block {
    /// The same without the columns of the run that it comes from: what is known is kept for long, and of more than one permit.
    pub(super) fn detached(self) -> Self {
        let seen = &mut people::Detached::default();
        let entries = self.entries.iter().map(|e| Entry {
            vector: e.vector.detached(seen),
            rows: e.rows.as_ref().map(|rows| rows.detached(seen)),
            ..e.clone()
        });
        let entries = entries.collect();
        let rows = |table: &TableEntry, seen: &mut people::Detached| {
            table.rows.iter().map(|row| ShownRow { people: row.people.detached(seen), key: row.key.clone() }).collect()
        };
        let absent = |table: &TableEntry, seen: &mut people::Detached| Absent {
            below: table.absent.below,
            sets: table.absent.sets.iter().map(|set| set.detached(seen)).collect(),
        };
        let tables = self.tables.iter().map(|t| TableEntry { rows: rows(t, seen), absent: absent(t, seen), ..t.clone() }).collect();
        let facts = self.facts.iter().map(|fact| Fact { people: fact.people.detached(seen), range: fact.range }).collect();
        Self { permit: self.permit, entries, tables, facts, hidden: self.hidden, watched: self.watched }
    }

    /// Opaque measures that it shows. A moment of two columns comes with a mean of each.
    pub(super) fn opaque(&self) -> impl Iterator<Item = &String> {
        self.entries.iter().filter(|e| e.of.starts_with(OPAQUE) && !e.shown.starts_with("moment")).map(|e| &e.of)
    }

    /// True when nothing is added. A run that shows nothing new and hides a number adds that.
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.tables.is_empty() && self.facts.is_empty() && self.hidden.is_empty()
    }
}
