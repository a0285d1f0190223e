//! What a permit's SQL can name: the extract's tables and columns, the permit's guests and code lists, nothing else. What is not here does not exist.

use std::{collections::BTreeMap, sync::Arc};

use datafusion::arrow::datatypes::DataType;
use visiting_catalog::{CodeList, Table, TablePlan};
use visiting_intake::{Form, Manifest};
use visiting_policies::{Code, Refusal};

use super::not_offered;
use crate::{codes::Codes, guest, unit::Reads};

/// One table of the extract.
#[derive(Debug, Clone)]
pub(crate) struct SchemaTable {
    /// Listing id.
    pub(crate) listing: String,
    /// The table with only its permitted columns.
    pub(crate) table: Table,
    /// What a guest makes it of, where it is no table of the extract.
    pub(crate) reads: Option<Arc<Reads>>,
}

impl SchemaTable {
    /// `listing.table`.
    pub(crate) fn full_name(&self) -> String {
        format!("{}.{}", self.listing, self.table.name)
    }
}

/// A guest as SQL sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Signature {
    /// Digest over manifest and module: its identity in every plan.
    pub(crate) digest: String,
    /// Parameters and results.
    pub(crate) manifest: Manifest,
}

impl Signature {
    /// The engine's type of a scalar guest's result.
    pub(crate) fn kind(&self) -> DataType {
        match &self.manifest.form {
            Form::Scalar { result, .. } => guest::kind(result),
            Form::Person(_) => DataType::Null,
            Form::Group { .. } => DataType::Float64,
        }
    }
}

/// All tables, guests and code lists of a permit.
#[derive(Debug, Clone)]
pub struct PermitSchema {
    tables: Vec<SchemaTable>,
    guests: BTreeMap<String, Signature>,
    /// Tables that guests make, by the guest's name.
    made: BTreeMap<String, SchemaTable>,
    codes: Codes,
}

fn not_a_table(name: &str) -> Refusal {
    not_offered(
        format!("guest.{name} is a function of a row: write guest.{name}(...) in an expression"),
        format!("guest.{name} は行ごとの関数です。式の中に guest.{name}(…) と書いてください"),
    )
}

/// The one answer for what does not exist and for what the permit does not name.
pub(crate) fn unknown() -> Refusal {
    Refusal::new(Code::NameUnknown, "a table, column or guest in the query does not exist in this permit; the permit page lists what does")
        .ja("問合せの中に、この許可にない表・列・プログラムがあります。使えるものは許可のページにあります")
}

impl PermitSchema {
    /// The schema of a permit's plan.
    #[must_use]
    pub fn new(plans: &[TablePlan<'_>]) -> Self {
        let table = |plan: &TablePlan<'_>| {
            let mut table = plan.table.clone();
            table.columns = plan.columns.iter().map(|c| (*c).clone()).collect();
            SchemaTable { listing: plan.listing.id.clone(), table, reads: None }
        };
        Self { tables: plans.iter().map(table).collect(), guests: BTreeMap::new(), made: BTreeMap::new(), codes: Codes::new() }
    }

    /// The same with the guests that a run can name, by their names in the record.
    pub(crate) fn with_guests(mut self, guests: BTreeMap<String, Signature>) -> Self {
        self.guests = guests;
        self
    }

    /// The same with a table that a guest makes.
    pub(crate) fn with_made(mut self, name: String, table: SchemaTable) -> Self {
        self.made.insert(name, table);
        self
    }

    /// The table of the guest called `guest.<name>`.
    pub(crate) fn made(&self, name: &str) -> Result<&SchemaTable, Refusal> {
        self.made.get(name).ok_or_else(|| if self.guests.contains_key(name) { not_a_table(name) } else { unknown() })
    }

    /// The same with the code lists that a run can name, by their names.
    pub(crate) fn with_codes(mut self, codes: Codes) -> Self {
        self.codes = codes;
        self
    }

    /// The code list called `codes.<name>`. One of another permit, one bound later and none at all are the same.
    pub(crate) fn list(&self, name: &str) -> Result<&Arc<CodeList>, Refusal> {
        self.codes.get(name).ok_or_else(unknown)
    }

    /// The guest called `guest.<name>`. One of another permit, one bound later and none at all are the same.
    pub(crate) fn guest(&self, name: &str) -> Result<&Signature, Refusal> {
        self.guests.get(name).ok_or_else(unknown)
    }

    /// The same as a function.
    pub(crate) fn function(&self, name: &str) -> Result<&Signature, Refusal> {
        let guest = self.guest(name)?;
        match guest.manifest.form {
            // An aggregate is looked for where there is no function of a name.
            Form::Scalar { .. } | Form::Group { .. } => Ok(guest),
            Form::Person(_) => Err(not_offered(
                format!("guest.{name} is a table about people: write FROM guest.{name}"),
                format!("guest.{name} は人についての表です。FROM guest.{name} と書いてください"),
            )),
        }
    }

    /// The table called `listing.name` or, where only one listing has it, `name`.
    pub(crate) fn table(&self, listing: Option<&str>, name: &str) -> Result<&SchemaTable, Refusal> {
        let named = |t: &&SchemaTable| t.table.name == name && listing.is_none_or(|l| l == t.listing);
        let mut found = self.tables.iter().filter(named);
        match (found.next(), found.next()) {
            (Some(table), None) => Ok(table),
            (Some(_), Some(_)) => {
                Err(Refusal::new(Code::NameUnknown, format!("two databases of this permit have a table `{name}`; write database.{name}"))
                    .ja(format!("`{name}` という表が 2 つの DB にあります。DB名.{name} と書いてください")))
            }
            _ => Err(unknown()),
        }
    }
}
