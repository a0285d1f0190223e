//! What a condition says of a row where it is no set of one column's values; and what it looks at to say so.

use std::{cmp::Ordering, collections::BTreeSet, sync::Arc};

use super::Name;
use crate::{question::KeyValue, who::Who};

/// Something that is true or false of a row, in words that are equal for equal conditions.
#[derive(Debug, Clone)]
pub(crate) struct Said {
    words: String,
    looks: Arc<Looks>,
}

/// What decides whether something is true of a row.
#[derive(Debug, Clone)]
pub(crate) enum Looks {
    /// Not known: any part of the row, the rows beside it, or a row of the query around.
    Anywhere,
    /// These columns of the row and no others; and the words without the numbers of the tables' namings.
    Columns(BTreeSet<Name>, String),
    /// Only who the row is about: whether they are among these people (`true`), or not among them.
    Person(Who, bool),
    /// Only whether the row is about the person of the row around, as EXISTS asks.
    SamePerson,
}

impl Said {
    /// Words with what they look at.
    pub(crate) fn new(words: String, looks: Looks) -> Self {
        Self { words, looks: Arc::new(looks) }
    }

    /// The words.
    pub(crate) fn words(&self) -> &str {
        &self.words
    }

    /// What they look at.
    pub(crate) fn looks(&self) -> &Looks {
        &self.looks
    }

    /// The same without the numbers of the tables' namings, for a condition that looks at one naming of one table.
    pub(crate) fn plain(self) -> Self {
        match &*self.looks {
            Looks::Columns(_, plain) => Self { words: plain.clone(), looks: self.looks },
            _ => self,
        }
    }
}

impl Looks {
    /// What it is that an expression has a value, which looks where the expression does.
    pub(crate) fn of_value(&self, value: &KeyValue) -> Self {
        match self {
            Self::Columns(names, plain) => Self::Columns(names.clone(), format!("{plain} is {value:?}")),
            _ => Self::Anywhere,
        }
    }
}

impl From<String> for Said {
    fn from(words: String) -> Self {
        Self::new(words, Looks::Anywhere)
    }
}

// Equal words are equal conditions; what they look at is only known better or worse.
impl PartialEq for Said {
    fn eq(&self, other: &Self) -> bool {
        self.words == other.words
    }
}

impl Eq for Said {}

impl PartialOrd for Said {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Said {
    fn cmp(&self, other: &Self) -> Ordering {
        self.words.cmp(&other.words)
    }
}
