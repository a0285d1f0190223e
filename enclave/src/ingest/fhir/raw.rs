//! The mapping file as it is written; `mapping` reads its paths and checks it against the listing.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{
    super::mapping::IdentityKind,
    mapping::Reading,
    path::{Path, Systems},
};

/// One or several.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum Some1 {
    One(String),
    Many(Vec<String>),
}

impl Some1 {
    pub(super) fn paths(&self, systems: &Systems) -> Result<Vec<Path>, String> {
        match self {
            Self::One(path) => Ok(vec![Path::read(path, systems)?]),
            Self::Many(paths) => paths.iter().map(|p| Path::read(p, systems)).collect(),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Raw {
    pub(super) listing: String,
    pub(super) format: String,
    pub(super) bundle: RawBundle,
    pub(super) single: RawSingle,
    pub(super) systems: Systems,
    pub(super) identity: Vec<RawIdentity>,
    #[serde(default)]
    pub(super) elements: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) leave: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) units: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    pub(super) spellings: BTreeMap<String, String>,
    pub(super) table: Vec<RawTable>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawBundle {
    pub(super) types: Vec<String>,
    pub(super) profiles: Vec<String>,
    pub(super) document: String,
    #[serde(default)]
    pub(super) leave: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSingle {
    pub(super) profiles: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawIdentity {
    pub(super) kind: IdentityKind,
    pub(super) system: Option<String>,
    pub(super) from: Option<String>,
    pub(super) owner: Option<String>,
    #[serde(default)]
    pub(super) parts: Vec<String>,
    #[serde(default)]
    pub(super) check: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTable {
    pub(super) name: String,
    pub(super) resource: String,
    pub(super) subject: Option<String>,
    pub(super) facility: Option<Some1>,
    #[serde(default)]
    pub(super) leave: Vec<RawLeave>,
    #[serde(default)]
    pub(super) need: Vec<RawNeed>,
    pub(super) columns: BTreeMap<String, RawColumn>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLeave {
    pub(super) path: Some1,
    #[serde(rename = "in")]
    pub(super) values: Option<Vec<String>>,
    #[serde(default)]
    pub(super) absent: bool,
    pub(super) reason: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawNeed {
    pub(super) any: Vec<String>,
    pub(super) reason: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawColumn {
    pub(super) path: Some1,
    #[serde(rename = "as")]
    pub(super) reading: Option<Reading>,
    pub(super) map: Option<BTreeMap<String, String>>,
    pub(super) or: Option<String>,
    pub(super) length: Option<usize>,
    pub(super) of: Option<Some1>,
    pub(super) with: Option<Some1>,
    #[serde(default)]
    pub(super) first: bool,
    pub(super) when: Option<RawWhen>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawWhen {
    pub(super) path: String,
    #[serde(rename = "in")]
    pub(super) values: Vec<String>,
}
