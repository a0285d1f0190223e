//! Names of people: the erasable part. Events hold ids only, so forgetting somebody is removing one entry of one small file.

use std::{collections::BTreeMap, path::PathBuf};

use visiting_policies::terms::PersonId;

use crate::files;

/// `people.json`: id -> name. Read at each use, so that an erasure takes effect at once.
#[derive(Debug)]
pub(crate) struct People(PathBuf);

impl People {
    pub(crate) fn at(path: PathBuf) -> Self {
        Self(path)
    }

    /// Names of those among `wanted` that have one.
    pub(crate) fn names<'a>(&self, wanted: impl IntoIterator<Item = &'a PersonId>) -> BTreeMap<String, String> {
        let all = self.all();
        wanted.into_iter().filter_map(|id| all.get(id.as_str()).map(|name| (id.to_string(), name.clone()))).collect()
    }

    /// Everybody's name, also of those who have left the roster.
    pub(crate) fn everybody(&self) -> BTreeMap<String, String> {
        self.all()
    }

    /// Removes the name; true when there was one.
    pub(crate) fn forget(&self, person: &PersonId) -> std::io::Result<bool> {
        let mut all = self.all();
        let known = all.remove(person.as_str()).is_some();
        files::replace(&self.0, &serde_json::to_vec_pretty(&all)?)?;
        Ok(known)
    }

    fn all(&self) -> BTreeMap<String, String> {
        let text = std::fs::read(&self.0).unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or_default()
    }
}
