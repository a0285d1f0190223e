//! The mapping file: which source file feeds which table, and how each column is found.

use std::{collections::BTreeMap, fs, path::Path};

use serde::Deserialize;
use visiting_catalog::{Kind, Listing, Table};
use visiting_policies::disclosure::Site;

use super::IngestError;

/// Where sources go that feed the linkage unit's history of insured numbers instead of a table.
pub(crate) const HISTORY: &str = "history";

const SITES: [Site; 2] = [Site::Facility, Site::Household];

/// One mapping file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mapping {
    /// The listing it fills.
    pub(crate) listing: String,
    /// Its sources.
    pub(crate) source: Vec<Source>,
}

/// Files of one form.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Source {
    /// File name; one `*` stands for anything.
    pub(crate) file: String,
    /// The table, or `history`.
    pub(crate) to: String,
    /// Who a row is about.
    pub(crate) identity: Identity,
    /// For `history`: the columns of the number before.
    #[serde(default)]
    pub(crate) previous: Vec<String>,
    /// The column of the facility.
    pub(crate) facility: Option<String>,
    /// The column of the household.
    pub(crate) household: Option<String>,
    /// Catalogue column -> where it comes from.
    #[serde(default)]
    pub(crate) columns: BTreeMap<String, Origin>,
}

/// The identifying part of a row. It goes to the linkage unit and nowhere else.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Identity {
    /// Of which kind.
    pub(crate) kind: IdentityKind,
    /// Its columns; several are joined by `-`.
    pub(crate) columns: Vec<String>,
}

/// Kinds of identities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum IdentityKind {
    /// An insured number: the same person in every listing.
    Insured,
    /// A number that means something in this listing only.
    Local,
}

/// Where a catalogue column comes from: a source column, or one with a transform.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Origin {
    /// As it is.
    Plain(String),
    /// Transformed.
    With(Transform),
}

/// A source column and what is done to its values.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Transform {
    /// The source column.
    pub(crate) from: String,
    /// Values replaced one by one; a value without a replacement is quarantined.
    pub(crate) map: Option<BTreeMap<String, String>>,
    /// How the text is read; by default as the catalogue's kind says.
    #[serde(rename = "as")]
    pub(crate) reading: Option<Reading>,
}

/// Ways to read a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Reading {
    /// A whole number.
    Int,
    /// A decimal number.
    Decimal,
    /// `yyyy-mm-dd` as `yyyymm`.
    YearMonth,
}

impl Origin {
    /// The source column.
    pub(crate) fn column(&self) -> &str {
        match self {
            Self::Plain(column) => column,
            Self::With(transform) => &transform.from,
        }
    }

    /// The transform, where there is one.
    pub(crate) fn transform(&self) -> Option<&Transform> {
        match self {
            Self::Plain(_) => None,
            Self::With(transform) => Some(transform),
        }
    }
}

impl Mapping {
    /// Reads a mapping file.
    pub(crate) fn read(path: &Path) -> Result<Self, IngestError> {
        let text = fs::read_to_string(path).map_err(|e| IngestError::Mapping(format!("the file cannot be read ({e})")))?;
        Self::parse(&text)
    }

    pub(crate) fn parse(text: &str) -> Result<Self, IngestError> {
        toml::from_str(text).map_err(|e| IngestError::Mapping(e.to_string()))
    }

    /// Checks the mapping against the listing it fills: every column of a table, and nothing else.
    pub(crate) fn check(&self, listing: &Listing) -> Result<(), IngestError> {
        for source in &self.source {
            let fault = if source.to == HISTORY { history_fault(source) } else { table_fault(source, listing.table(&source.to)) };
            if let Some(fault) = fault {
                return Err(IngestError::Mapping(format!("source `{}`: {fault}", source.file)));
            }
        }
        Ok(())
    }

    /// Sources of a table, or of the history, in their order.
    pub(crate) fn sources<'a>(&'a self, to: &'a str) -> impl Iterator<Item = &'a Source> {
        self.source.iter().filter(move |s| s.to == to)
    }
}

impl Source {
    /// The source's column of a site.
    pub(crate) fn site(&self, site: Site) -> Option<&str> {
        match site {
            Site::Facility => self.facility.as_deref(),
            Site::Household => self.household.as_deref(),
        }
    }

    /// True when the source names this file.
    pub(crate) fn names(&self, file: &str) -> bool {
        match self.file.split_once('*') {
            None => self.file == file,
            Some((start, end)) => file.len() >= start.len() + end.len() && file.starts_with(start) && file.ends_with(end),
        }
    }
}

fn history_fault(source: &Source) -> Option<String> {
    let sound = source.identity.kind == IdentityKind::Insured && !source.identity.columns.is_empty() && !source.previous.is_empty();
    let sound = sound && source.columns.is_empty() && SITES.iter().all(|site| source.site(*site).is_none());
    (!sound).then(|| "a history has an `insured` identity, `previous` columns and nothing else".to_owned())
}

fn table_fault(source: &Source, table: Option<&Table>) -> Option<String> {
    let Some(table) = table else { return Some(format!("the listing has no table `{}`", source.to)) };
    if source.identity.columns.is_empty() || !source.previous.is_empty() {
        return Some("an identity has at least one column; `previous` belongs to a history".to_owned());
    }
    let differs = |site: &&Site| source.site(**site).is_some() != table.sites().any(|(own, _)| own == **site);
    if let Some(site) = SITES.iter().find(differs) {
        return Some(format!("`{}` must be named exactly where the table has one; `{}` differs", site.name(), table.name));
    }
    if let Some(missing) = table.columns.iter().find(|c| !source.columns.contains_key(&c.name)) {
        return Some(format!("the column `{}` of `{}` is not mapped", missing.name, table.name));
    }
    source.columns.iter().find_map(|(name, origin)| {
        let Some(column) = table.column(name) else { return Some(format!("`{}` has no column `{name}`", table.name)) };
        let fits = match origin.transform().and_then(|t| t.reading) {
            None => true,
            Some(Reading::Int | Reading::YearMonth) => column.kind == Kind::Int,
            Some(Reading::Decimal) => column.kind == Kind::Decimal,
        };
        (!fits).then(|| format!("`{name}` is read as another kind than the catalogue's"))
    })
}
