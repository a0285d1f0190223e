//! What cases run over: a folder of listings, a mapping for ingest, and source files.

use std::{
    fs,
    path::{Path, PathBuf},
};

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

    /// The same with every row of the named tables written `times` times; its files are written below `folder`.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn repeated(&self, folder: &Path, tables: &[&str], times: usize) -> Result<Self, Fault> {
        let fault = |e: std::io::Error| format!("the repeated rows cannot be written: {e}");
        fs::create_dir_all(folder).map_err(fault)?;
        for table in self.listing()?.tables {
            let file = format!("{}.csv", table.name);
            let csv = fs::read_to_string(self.sources.join(&file)).map_err(fault)?;
            let (titles, rows) = csv.split_once('\n').ok_or("an empty source file")?;
            let times = if tables.contains(&table.name.as_str()) { times } else { 1 };
            fs::write(folder.join(&file), format!("{titles}\n{}", rows.repeat(times))).map_err(fault)?;
        }
        Ok(Self { sources: folder.to_owned(), ..self.clone() })
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
