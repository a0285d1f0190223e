//! What cases run over: a folder of listings, a mapping for ingest, and source files.

use std::path::{Path, PathBuf};

use visiting_catalog::Listing;

use crate::{
    population::{PEOPLE, Variant, generate},
    world::{Fault, tree},
};

/// The population that the documentation speaks of.
const SEED: u64 = 1;

/// One database, ready to be loaded.
#[derive(Debug, Clone)]
pub struct Database {
    /// Id of its listing.
    pub id: String,
    /// Folder with its listing.
    pub listings: PathBuf,
    /// Its mapping.
    pub mapping: PathBuf,
    /// Folder with its source files.
    pub sources: PathBuf,
}

impl Database {
    /// The fixture database; its files are written below `folder`.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn fixture(folder: &Path) -> Result<Self, Fault> {
        Self::fixture_of(folder, PEOPLE)
    }

    /// The same with (about) this many people: the layout of rare values stays.
    ///
    /// # Errors
    /// When the files cannot be written.
    pub fn fixture_of(folder: &Path, people: u32) -> Result<Self, Fault> {
        let tree = tree()?;
        generate(folder, Variant::Fixture, people, SEED).map_err(|e| format!("the population cannot be written: {e}"))?;
        Ok(Self {
            id: "fixture".to_owned(),
            listings: tree.join("catalog/listings/variants"),
            mapping: tree.join("catalog/mappings/fixture.toml"),
            sources: folder.join("fixture"),
        })
    }

    /// Its listing.
    ///
    /// # Errors
    /// When the folder has none of that id, or an unsound one.
    pub fn listing(&self) -> Result<Listing, Fault> {
        let all = visiting_catalog::load_with(Some(&self.listings)).map_err(|e| e.to_string())?;
        all.into_iter().find(|l| l.id == self.id).ok_or_else(|| format!("there is no listing {}", self.id))
    }

    /// Every column, as applications name them.
    ///
    /// # Errors
    /// As [`Database::listing`].
    pub fn columns(&self) -> Result<Vec<String>, Fault> {
        let listing = self.listing()?;
        let of = |table: &visiting_catalog::Table| {
            table.columns.iter().map(|c| format!("{}.{}.{}", listing.id, table.name, c.name)).collect::<Vec<_>>()
        };
        Ok(listing.tables.iter().flat_map(of).collect())
    }
}
