//! What is bound to a permit: guests and code lists; and the public code masters beside them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A guest to be bound.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewGuest {
    /// The manifest (TOML).
    pub manifest: String,
    /// The WebAssembly module, base64.
    pub module: String,
}

/// A guest (利用者プログラム) of a permit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GuestView {
    /// Digest over manifest and module.
    pub guest: String,
    /// What it is called in SQL: `guest.<name>(…)`, or `FROM guest.<name>` where it makes a table.
    pub name: String,
    /// `scalar` (a value for each row), `person` (rows about each person) or `group` (a number for each group).
    pub form: String,
    /// Of the person form: the query whose rows it reads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reads: Option<String>,
    /// What it gives, in words: its labels, a number with bounds and step, or one line for each column of its table.
    pub gives: Vec<String>,
    /// Who bound it.
    pub by: String,
    /// `bound`, `withheld` (the permit is suspended) or `expired`.
    pub status: String,
    /// Its parameters, in order.
    pub params: Vec<GuestParam>,
    /// Labels of the scalar form, in the order of tables.
    pub labels: Vec<GuestLabel>,
    /// What the examination found in order.
    pub report: GuestReport,
}

/// A parameter of a guest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GuestParam {
    /// For people only; arguments are told by place.
    pub name: String,
    /// `int`, `decimal` or `text`.
    pub kind: String,
}

/// A label of a guest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GuestLabel {
    /// In SQL and tables.
    pub label: String,
    /// The same in Japanese, for pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ja: Option<String>,
}

/// The examination of a guest in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GuestReport {
    /// In English.
    pub checked: Vec<String>,
    /// In Japanese.
    pub checked_ja: Vec<String>,
}

/// Guests of a permit.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Guests {
    /// Oldest first.
    pub guests: Vec<GuestView>,
}

/// A code list to be bound.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCodes {
    /// What it is to be called in SQL, behind `codes.`.
    pub name: String,
    /// The file (CSV): a line with the columns' names, then the rows.
    pub csv: String,
}

/// A code list (コード表) of a permit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CodesView {
    /// Digest of the file.
    pub codes: String,
    /// What it is called in SQL: `codes.<name>`.
    pub name: String,
    /// Who bound it.
    pub by: String,
    /// `bound`, `withheld` (the permit is suspended) or `expired`.
    pub status: String,
    /// Its columns, in order.
    pub columns: Vec<CodesColumn>,
    /// Number of its rows.
    pub rows: u64,
}

/// A column of a code list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CodesColumn {
    /// Its name in SQL.
    pub name: String,
    /// `int` or `text`.
    pub kind: String,
}

/// A public code master (公開コード表).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MasterView {
    /// What it is called in SQL: `codes.<name>`.
    pub name: String,
    /// What it lists.
    pub title: String,
    /// The same in Japanese.
    pub title_ja: String,
    /// Its columns, in order.
    pub columns: Vec<CodesColumn>,
    /// Number of its rows.
    pub rows: u64,
}

/// Code lists that a permit's SQL can name.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Codes {
    /// The permit's own, oldest first.
    pub codes: Vec<CodesView>,
    /// Those of every permit.
    pub public: Vec<MasterView>,
}
