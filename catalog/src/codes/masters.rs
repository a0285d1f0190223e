//! Public code masters (公開コード表): part of the product, for every permit. Facts of public classifications, each with its source.

use std::sync::Arc;

use serde::Deserialize;

use super::{CodeList, examine};
use crate::{CatalogError, Text};

/// Id, head and rows of each.
const EMBEDDED: &[(&str, &str, &str)] = &[
    ("prefecture", include_str!("../../codes/prefecture.toml"), include_str!("../../codes/prefecture.csv")),
    ("icd10_chapter", include_str!("../../codes/icd10_chapter.toml"), include_str!("../../codes/icd10_chapter.csv")),
    ("yj_class", include_str!("../../codes/yj_class.toml"), include_str!("../../codes/yj_class.csv")),
];

/// A public code master.
#[derive(Debug, Clone)]
pub struct Master {
    /// What it says of itself.
    pub head: Head,
    /// Its columns and rows.
    pub list: Arc<CodeList>,
}

/// What a master says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// Its name behind `codes.`.
    pub id: String,
    /// What it lists.
    pub title: Text,
    /// Where the facts come from.
    pub source: Text,
    /// Under which terms.
    pub licence: Text,
    /// How it is joined.
    pub join: String,
    /// Its columns, in the order of the file.
    pub columns: Vec<HeadColumn>,
}

/// A column of a master.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeadColumn {
    /// Name in SQL.
    pub name: String,
    /// What it holds.
    pub title: Text,
}

/// Every public code master.
///
/// # Errors
/// The first that is no sound code list.
pub fn masters() -> Result<Vec<Master>, CatalogError> {
    EMBEDDED.iter().map(|(id, head, rows)| master(id, head, rows)).collect()
}

fn master(id: &str, head: &str, rows: &str) -> Result<Master, CatalogError> {
    let fault = |cause: String| CatalogError::Codes { id: id.to_owned(), cause };
    let head: Head = toml::from_str(head).map_err(|e| fault(e.to_string()))?;
    let list = examine(rows.as_bytes()).map_err(|refusal| fault(refusal.detail))?;
    if head.id != id || !head.columns.iter().map(|c| &c.name).eq(list.columns.iter().map(|c| &c.name)) {
        return Err(fault("its head names another id or other columns than its rows have".to_owned()));
    }
    Ok(Master { head, list: Arc::new(list) })
}
