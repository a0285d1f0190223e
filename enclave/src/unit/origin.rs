//! Where the values of an expression come from. Every column that a relation carries has one origin, and a name in the engine's plan
//! that nobody can write in SQL; researchers' own names and aliases end at the reader.

use std::collections::{BTreeMap, BTreeSet};

use datafusion::{
    arrow::datatypes::{DataType, Field, FieldRef},
    common::{Column, tree_node::TreeNode},
    logical_expr::Expr,
};
use visiting_catalog::Domain;

use crate::{
    plan::{GUESTS, kind},
    predicate::{Looks, Values},
    question::Most,
};

/// What a column's values are to the gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// A column of a listing, or a value of one taken per person (smallest, largest, first, sum, mean).
    Catalogued,
    /// A number of rows of one person.
    Count,
    /// Anything else about a person.
    Other,
    /// Not about anybody: a literal list, a code master, a released table.
    Public,
}

/// True for words that a guest's value or a guest's table is part of.
pub(super) fn of_guest(words: &str) -> bool {
    let begins = |at: usize| !words.get(..at).is_some_and(|before| before.ends_with(|c: char| c.is_alphanumeric() || c == '_'));
    // A table's name, and a call's; not what a text in quotes says.
    let goes_on = |at: usize| words.get(at + GUESTS.len()..).is_some_and(|rest| rest.starts_with('.') || rest.starts_with(" sha256:"));
    let mut found = words.match_indices(GUESTS).filter(|(at, _)| begins(*at) && goes_on(*at)).peekable();
    if found.peek().is_none() {
        return false;
    }
    let (mut quoted, mut escaped, mut outside) = (false, false, vec![false; words.len()]);
    for (at, c) in words.char_indices() {
        outside.get_mut(at).into_iter().for_each(|place| *place = !quoted);
        quoted ^= c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
    }
    found.any(|(at, _)| outside.get(at).copied().unwrap_or(true))
}

/// The row's own person in words.
pub(super) const PERSON: &str = "person";

/// One origin.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    /// In plans: `listing.table.column`, or words over such names.
    pub(crate) name: String,
    /// The same without the number of its table's naming, where it has one.
    plain: Option<String>,
    pub(crate) class: Class,
    /// Its declared domain.
    pub(crate) values: Option<Values>,
    /// True where the values are known without looking at the data, though not listed.
    pub(crate) declared: bool,
    /// How many values it can have where no domain says so.
    pub(crate) most: Most,
    /// True for months `yyyymm`.
    pub(crate) months: bool,
    pub(crate) nullable: bool,
    /// Decimal places, and declared person-level bounds, of a measure.
    pub(crate) measure: Option<(u32, Option<(i64, i64)>)>,
    pub(crate) kind: DataType,
    /// Catalogue names of the columns behind it: what the rule packs look at.
    pub(crate) columns: Vec<String>,
    /// Of a column of a list: the list in words and its rows.
    pub(crate) list: Option<(String, u64)>,
    /// True for what a list's column had a part in, however many steps ago.
    pub(crate) listed: bool,
}

impl Origin {
    /// A column of a listing. `occurrence` tells the second naming of one table in a query from the first.
    pub(crate) fn column(table: &crate::plan::SchemaTable, column: &visiting_catalog::Column, occurrence: usize) -> Self {
        let full = format!("{}.{}", table.full_name(), column.name);
        let name = if occurrence > 1 { format!("{full}#{occurrence}") } else { full.clone() };
        Self {
            name,
            plain: (occurrence > 1).then(|| full.clone()),
            class: Class::Catalogued,
            values: column.domain.as_ref().map(Values::new),
            declared: column.domain.is_some(),
            most: Most::Rows,
            months: matches!(column.domain, Some(Domain::Months(_))),
            nullable: column.domain.is_none(),
            measure: column.measure.as_ref().map(|m| (m.scale, m.bounds.map(|[lo, hi]| (lo, hi)))),
            kind: kind(column),
            columns: vec![full],
            list: None,
            listed: false,
        }
    }

    /// The same of a table that a guest made of these columns: its numbers are its own, and any value may be missing.
    pub(crate) fn made(self, columns: &[String]) -> Self {
        Self { class: Class::Other, nullable: true, declared: false, measure: None, columns: columns.to_vec(), ..self }
    }

    /// Something computed, without a domain.
    pub(crate) fn derived(name: String, class: Class, kind: DataType, columns: Vec<String>) -> Self {
        Self {
            name,
            plain: None,
            class,
            values: None,
            declared: false,
            most: Most::Rows,
            months: false,
            nullable: true,
            measure: None,
            kind,
            columns,
            list: None,
            listed: false,
        }
    }

    /// What it would be called if its table stood in the query once.
    pub(crate) fn plain_name(&self) -> &str {
        self.plain.as_deref().unwrap_or(&self.name)
    }

    /// The same where a row may be without it.
    pub(crate) fn or_null(mut self) -> Self {
        self.plain = None;
        // A guest's label may be missing as it is; what its call can give says nothing of rows that have no call.
        if !self.nullable || matches!(self.values, Some(Values::Labels { .. })) {
            self.nullable = true;
            self.name.push('?');
        }
        self
    }
}

/// All origins of one query.
#[derive(Debug, Default)]
pub(crate) struct Origins {
    all: Vec<Origin>,
    /// Conditions over subqueries, in words.
    described: Vec<(Expr, String, Looks)>,
    /// Key columns that are not simply the row's own person: facilities, and the far sides of outer joins.
    keys: BTreeMap<Column, String>,
    /// Bytes of all words.
    bytes: usize,
}

impl Origins {
    /// Adds one; answers with its name in the engine's plan.
    pub(crate) fn add(&mut self, origin: Origin) -> Column {
        self.bytes = self.bytes.saturating_add(origin.name.len());
        self.all.push(origin);
        Column::new_unqualified(format!("o{}", self.all.len() - 1))
    }

    /// Remembers what a key column is in words.
    pub(super) fn call_key(&mut self, column: &Column, words: String) {
        self.keys.insert(column.clone(), words);
    }

    /// The words of a key column. In rows joined on the person every person that must be there is the same one.
    pub(super) fn key_words(&self, column: &Column) -> &str {
        self.keys.get(column).map_or(PERSON, String::as_str)
    }

    /// True for the person of an outer join's far side: a row may be without it.
    pub(super) fn may_be_nobody(&self, e: &Expr) -> bool {
        matches!(e, Expr::Column(c) | Expr::OuterReferenceColumn(_, c) if self.keys.contains_key(c))
    }

    /// Remembers what a condition over a subquery is in words, and what it looks at: the engine's text of one does not show the subquery.
    pub(super) fn describe(&mut self, condition: Expr, words: String, looks: Looks) {
        self.bytes = self.bytes.saturating_add(words.len());
        self.described.push((condition, words, looks));
    }

    /// Bytes of all words so far.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The words of a condition over a subquery.
    pub(super) fn described(&self, condition: &Expr) -> Option<&str> {
        self.described.iter().find(|(e, ..)| e == condition).map(|(_, words, _)| words.as_str())
    }

    /// What a condition over a subquery looks at.
    pub(super) fn described_looks(&self, condition: &Expr) -> Option<&Looks> {
        self.described.iter().find(|(e, ..)| e == condition).map(|(.., looks)| looks)
    }

    /// What columns are called in conditions.
    pub(super) fn names(&self, columns: &[Column]) -> Vec<String> {
        columns.iter().filter_map(|c| self.get(c)).map(|origin| origin.name.clone()).collect()
    }

    /// The origin behind a name in the engine's plan.
    pub(crate) fn get(&self, column: &Column) -> Option<&Origin> {
        column.name.strip_prefix('o').and_then(|n| n.parse::<usize>().ok()).and_then(|n| self.all.get(n))
    }

    /// All values that an origin of this name can have; `None` where it may be without one, or they are not declared.
    pub(crate) fn domain(&self, name: &str) -> Option<crate::predicate::ValueSet> {
        let origin = self.all.iter().find(|o| o.name == name && !o.nullable)?;
        origin.values.as_ref().map(Values::all)
    }

    /// The engine's field of one.
    pub(crate) fn field(&self, column: &Column) -> FieldRef {
        let kind = self.get(column).map_or(DataType::UInt32, |o| o.kind.clone());
        Field::new(&column.name, kind, true).into()
    }

    /// Different origins in an expression, in the order of their making. Those of outer rows count.
    pub(crate) fn of(&self, expression: &Expr) -> Vec<(Column, &Origin)> {
        let mut found = BTreeSet::new();
        // The closure never fails, so neither does the walk.
        let _ = expression.apply(|node| {
            if let Expr::Column(c) | Expr::OuterReferenceColumn(_, c) = node {
                found.insert(c.clone());
            }
            Ok(datafusion::common::tree_node::TreeNodeRecursion::Continue)
        });
        found.into_iter().filter_map(|c| self.get(&c).map(|o| (c, o))).collect()
    }

    /// True for what a list, or a released table, has a part in.
    pub(super) fn of_a_list(&self, e: &Expr) -> bool {
        self.of(e).iter().any(|(_, origin)| origin.class == Class::Public || origin.listed)
    }

    /// Catalogue names behind an expression, sorted.
    pub(crate) fn columns(&self, expression: &Expr) -> Vec<String> {
        let all: BTreeSet<String> = self.of(expression).into_iter().flat_map(|(_, o)| o.columns.iter().cloned()).collect();
        all.into_iter().collect()
    }
}
