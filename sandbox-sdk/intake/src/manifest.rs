//! The manifest: what a guest says about itself. It is read strictly, and what it says is checked against the module.

use serde::{Deserialize, Serialize};
use visiting_sdk::Kind;

/// A guest as its author describes it (TOML).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Version of the boundary, [`visiting_sdk::ABI`].
    pub abi: u32,
    /// What it is called in SQL: `guest.<name>(…)`. `[a-z][a-z0-9_]{0,30}`.
    pub name: String,
    /// The exported function.
    #[serde(default = "export")]
    pub export: String,
    /// Parameters, in the order of the call.
    pub params: Vec<Param>,
    /// Every result it can have. Their order is the order in tables.
    pub labels: Vec<Label>,
}

fn export() -> String {
    "f".to_owned()
}

/// One parameter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Param {
    /// For people only; arguments are told by place. `[a-z][a-z0-9_]{0,30}`.
    pub name: String,
    /// What it takes.
    pub kind: ParamKind,
}

/// What a parameter takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ParamKind {
    /// A column of whole numbers.
    Int,
    /// A column of decimals or of whole numbers, as the nearest `f64`.
    Decimal,
    /// A column of codes.
    Text,
}

impl ParamKind {
    /// The boundary's word for it.
    #[must_use]
    pub const fn abi(self) -> Kind {
        match self {
            Self::Int => Kind::Int,
            Self::Decimal => Kind::Decimal,
            Self::Text => Kind::Text,
        }
    }
}

/// One declared result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Label {
    /// What the function returns.
    pub value: i32,
    /// What SQL and tables show: `[a-z][a-z0-9_]{0,30}`, but for [`NO_LABEL`].
    pub label: String,
    /// The same in Japanese, for pages: letters and digits, at most 30.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ja: Option<String>,
}

/// No label may be called so: it is kept for rows that have none (trap, exhausted fuel, undeclared result, empty argument).
pub const NO_LABEL: &str = "null";
