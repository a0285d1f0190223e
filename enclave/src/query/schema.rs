//! What a permit's SQL can name: the extract's tables and columns and the permit's guests, nothing else. What is not here does not exist.

use std::collections::BTreeMap;

use visiting_catalog::{Column, Table, TablePlan};
use visiting_intake::Manifest;
use visiting_policies::{Code, Refusal};

/// One table of the extract.
#[derive(Debug, Clone)]
pub(crate) struct SchemaTable {
    /// Listing id.
    pub(crate) listing: String,
    /// The table with only its permitted columns.
    pub(crate) table: Table,
}

impl SchemaTable {
    /// `listing.table`.
    pub(crate) fn full_name(&self) -> String {
        format!("{}.{}", self.listing, self.table.name)
    }
}

/// What a name in the SQL turned out to be.
#[derive(Debug, Clone)]
pub(crate) enum ColumnUse {
    /// The person key of a table.
    Person,
    /// The facility key of a table.
    Facility,
    /// A permitted column.
    Value(Column),
}

/// A guest as SQL sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Signature {
    /// Digest over manifest and module: its identity in every plan.
    pub(crate) digest: String,
    /// Parameters and labels.
    pub(crate) manifest: Manifest,
}

/// All tables and guests of a permit.
#[derive(Debug, Clone)]
pub struct PermitSchema {
    tables: Vec<SchemaTable>,
    guests: BTreeMap<String, Signature>,
}

fn unknown() -> Refusal {
    Refusal::new(Code::NameUnknown, "a table, column or guest in the query does not exist in this permit; the permit page lists what does")
}

impl PermitSchema {
    /// The schema of a permit's plan.
    #[must_use]
    pub fn new(plans: &[TablePlan<'_>]) -> Self {
        let table = |plan: &TablePlan<'_>| {
            let mut table = plan.table.clone();
            table.columns = plan.columns.iter().map(|c| (*c).clone()).collect();
            SchemaTable { listing: plan.listing.id.clone(), table }
        };
        Self { tables: plans.iter().map(table).collect(), guests: BTreeMap::new() }
    }

    /// The same with the guests that a run can name, by their names in the record.
    pub(crate) fn with_guests(mut self, guests: BTreeMap<String, Signature>) -> Self {
        self.guests = guests;
        self
    }

    /// The guest called `guest.<name>`. One of another permit, one bound later and none at all are the same.
    pub(crate) fn guest(&self, name: &str) -> Result<&Signature, Refusal> {
        self.guests.get(name).ok_or_else(unknown)
    }

    /// The table called `listing.name` or, where only one listing has it, `name`.
    pub(crate) fn table(&self, listing: Option<&str>, name: &str) -> Result<&SchemaTable, Refusal> {
        let named = |t: &&SchemaTable| t.table.name == name && listing.is_none_or(|l| l == t.listing);
        let mut found = self.tables.iter().filter(named);
        match (found.next(), found.next()) {
            (Some(table), None) => Ok(table),
            (Some(_), Some(_)) => {
                Err(Refusal::new(Code::NameUnknown, format!("two databases of this permit have a table `{name}`; write database.{name}")))
            }
            _ => Err(unknown()),
        }
    }
}

/// Finds a column among the tables of a query. The person key may be named without its table: it is the same in all of them.
pub(crate) fn find(tables: &[(String, SchemaTable)], qualifier: Option<&str>, name: &str) -> Result<(usize, ColumnUse), Refusal> {
    let mut found: Option<(usize, ColumnUse)> = None;
    for (index, (alias, table)) in tables.iter().enumerate() {
        if qualifier.is_some_and(|q| q != alias) {
            continue;
        }
        let Some(used) = column_of(&table.table, name) else { continue };
        match (&found, &used) {
            (Some((_, ColumnUse::Person)), ColumnUse::Person) => {}
            (Some(_), _) => return Err(Refusal::new(Code::NameUnknown, format!("`{name}` is in more than one table; write table.{name}"))),
            (None, _) => found = Some((index, used)),
        }
    }
    found.ok_or_else(unknown)
}

fn column_of(table: &Table, name: &str) -> Option<ColumnUse> {
    if table.person == name {
        return Some(ColumnUse::Person);
    }
    if table.facility.as_deref() == Some(name) {
        return Some(ColumnUse::Facility);
    }
    table.columns.iter().find(|c| c.name == name).cloned().map(ColumnUse::Value)
}
