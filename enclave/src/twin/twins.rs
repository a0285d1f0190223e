//! The enclave's twins: made when somebody tries something under a permit, kept for the next try, thrown away with the process.

use std::path::PathBuf;

use visiting_catalog::Listing;
use visiting_policies::{
    case::PermitCase,
    terms::{PermitId, magnitude},
};

use super::{Model, PEOPLE, SEED, Twin};
use crate::{config::Config, fault::Fault};

/// Twins that are kept: some tens of megabytes of files each.
const TWINS_MAX: usize = 8;

/// Twins by permit, the one used last at the end.
#[derive(Debug, Default)]
pub(crate) struct Twins {
    made: Vec<(PermitId, Twin)>,
    /// Folders made so far; none before the first.
    number: u64,
}

impl Twins {
    /// The twin of a permit.
    pub(crate) fn of(&mut self, config: &Config, permit: &PermitCase, listings: &[Listing]) -> Result<&Twin, Fault> {
        let id = &permit.permit.id;
        match self.made.iter().position(|(of, _)| of == id) {
            Some(place) => {
                let twin = self.made.remove(place);
                self.made.push(twin);
            }
            None => {
                let twin = Twin::make(self.folder(config)?, &model(permit), listings, PEOPLE, SEED)?;
                if self.made.len() >= TWINS_MAX {
                    self.made.remove(0);
                }
                self.made.push((id.clone(), twin));
            }
        }
        self.made.last().map(|(_, twin)| twin).ok_or_else(|| Fault::Other("a twin vanished".to_owned()))
    }

    /// A fresh folder; what an earlier process left goes first.
    fn folder(&mut self, config: &Config) -> Result<PathBuf, Fault> {
        let all = config.home.join("twins");
        if self.number == 0 && all.exists() {
            std::fs::remove_dir_all(&all)?;
        }
        self.number += 1;
        Ok(all.join(self.number.to_string()))
    }
}

/// What the record says of a permit's extract, as far as plans depend on it.
fn model(permit: &PermitCase) -> Model {
    let extract = permit.extract.as_ref();
    Model {
        scope: permit.permit.scope.clone(),
        versions: extract.map(|e| e.versions.clone()).unwrap_or_default(),
        rows: extract.into_iter().flat_map(|e| &e.rows).map(|(table, n)| (table.clone(), magnitude(*n))).collect(),
    }
}
