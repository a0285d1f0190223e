//! Ingest: source files into a new data version of the vault, split at once into the identifying part (linkage unit) and the
//! clinical part. Rows that cannot be loaded are set aside with a reason; a version becomes visible as a whole or not at all.

mod cell;
pub mod fhir;
mod mapping;
mod people;
mod quarantine;
mod report;
mod source;
mod table;
mod unit;

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

use visiting_catalog::Listing;
use visiting_linkage::{Link, LinkageError, VALUES_MAX};
use visiting_policies::{handover::LoadReport, terms::base10};

use crate::{
    fault::Fault,
    vault::{Draft, Manifest, QUARANTINE, TableFile, Vault},
};
use mapping::{HISTORY, Mapping, Source};
use people::{People, identity};
use quarantine::Quarantine;
pub use report::Summary;
use source::{Rows, Step};
use table::TableLoad;
use unit::Linkage;

/// Why nothing was loaded.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// The mapping file.
    #[error("the mapping cannot be used: {0}")]
    Mapping(String),
    /// The source files, or what is needed to read them.
    #[error("{0}")]
    Source(String),
    /// The catalogue.
    #[error("the catalogue cannot be used: {0}")]
    Catalog(#[from] visiting_catalog::CatalogError),
    /// The linkage unit.
    #[error("{0}")]
    Linkage(#[from] LinkageError),
    /// The vault.
    #[error("the vault was not changed ({0}); when this is solved, load again")]
    Vault(#[from] Fault),
    /// Never seen: a batch came back incomplete.
    #[error("the linkage unit and the vault disagree; load again")]
    Inconsistent,
}

impl IngestError {
    fn io(cause: io::Error) -> Self {
        Self::Vault(Fault::File(cause))
    }
}

/// What is to be loaded.
#[derive(Debug)]
pub struct Request {
    /// `$VISITING_HOME`.
    pub home: PathBuf,
    /// The linkage unit's socket.
    pub linkage: PathBuf,
    /// The vault's folder.
    pub vault: PathBuf,
    /// The mapping file.
    pub mapping: PathBuf,
    /// Another listing than the mapping's.
    pub listing: Option<String>,
    /// Files, or folders of files.
    pub paths: Vec<PathBuf>,
}

/// Loads everything that can be loaded.
///
/// # Errors
/// When nothing could be read; then the vault is as it was.
pub fn load(request: &Request) -> Result<Summary, IngestError> {
    let mapping = Mapping::read(&request.mapping)?;
    let id = request.listing.as_ref().unwrap_or(&mapping.listing);
    let listings = visiting_catalog::load()?;
    let unknown = || IngestError::Mapping(format!("the catalogue has no listing `{id}`; VISITING_LISTINGS names a folder of further ones"));
    let listing = listings.iter().find(|l| l.id == *id).ok_or_else(unknown)?;
    mapping.check(listing)?;
    let files = source::find(&request.paths, &mapping)?;
    let vault = Vault::at(&request.vault);
    let lock = vault.lock()?;
    let mut linkage = Linkage::reach(&request.home, &request.linkage)?;
    let draft = vault.draft(&lock)?;
    let mut quarantine = Quarantine::create(&draft.folder().join(QUARANTINE)).map_err(IngestError::io)?;
    let mut ordinals = vault.ordinals()?;
    let mut people = People::new(&mut linkage.client, &mut ordinals, &listing.id);
    let mut summary = Summary { listing: listing.id.clone(), ..Summary::default() };
    for (source, path) in matching(&mapping, HISTORY, &files) {
        summary.history += learn(source, path, &mut people, &mut quarantine)?;
    }
    let tables = load_tables(listing, &mapping, &files, &draft, &mut people, &mut quarantine)?;
    summary.quarantined = quarantine.finish().map_err(IngestError::io)?;
    if tables.is_empty() && summary.history.is_none() {
        return Err(IngestError::Source(format!("no file could be read:\n{}", summary.reasons())));
    }
    if !tables.is_empty() {
        publish(&vault, draft, listing, tables, &mut summary)?;
    }
    Ok(summary)
}

fn matching<'a>(mapping: &'a Mapping, to: &'a str, files: &'a [PathBuf]) -> impl Iterator<Item = (&'a Source, &'a Path)> {
    let of = |source: &'a Source| files.iter().filter(|f| source.names(&source::name(f))).map(move |f| (source, f.as_path()));
    mapping.sources(to).flat_map(of)
}

/// Steps of the history to the linkage unit. `None` when the file could not be read.
fn learn(source: &Source, path: &Path, people: &mut People<'_>, quarantine: &mut Quarantine) -> Result<Option<u64>, IngestError> {
    let file = source::name(path);
    let places = |rows: &Rows, columns: &[String]| columns.iter().map(|c| rows.position(c)).collect::<Option<Vec<usize>>>();
    let opened = Rows::open(path).and_then(|rows| match (places(&rows, &source.identity.columns), places(&rows, &source.previous)) {
        (Some(number), Some(previous)) => Ok((rows, number, previous)),
        _ => Err("the header lacks a column that the mapping names"),
    });
    let (mut rows, number, previous) = match opened {
        Ok(opened) => opened,
        Err(reason) => return quarantine.add(&file, 1, reason).map(|()| None).map_err(IngestError::io),
    };
    let (mut links, mut record, mut learnt) = (Vec::new(), csv::StringRecord::new(), 0);
    loop {
        let (more, fault) = match rows.next(&mut record) {
            Step::End => (false, None),
            Step::Broken(line, reason) => (false, Some((line, reason))),
            Step::Bad(line, reason) => (true, Some((line, reason))),
            Step::Row(fields, line) => {
                let of = |places: &[usize]| identity(places.iter().map(|at| fields.get(*at).unwrap_or_default()));
                match (of(&number), of(&previous)) {
                    (Ok(number), Ok(previous)) => {
                        links.push(Link { number, previous });
                        (true, None)
                    }
                    (Err(reason), _) | (_, Err(reason)) => (true, Some((line, reason))),
                }
            }
        };
        if let Some((line, reason)) = fault {
            quarantine.add(&file, line, reason).map_err(IngestError::io)?;
        }
        if links.len() == VALUES_MAX || !more {
            people.client.learn(&links)?;
            learnt += links.len() as u64;
            links.clear();
        }
        if !more {
            return Ok(Some(learnt));
        }
    }
}

/// The tables for which at least one file could be read.
fn load_tables(
    listing: &Listing,
    mapping: &Mapping,
    files: &[PathBuf],
    draft: &Draft,
    people: &mut People<'_>,
    quarantine: &mut Quarantine,
) -> Result<BTreeMap<String, TableFile>, IngestError> {
    let mut tables = BTreeMap::new();
    for table in &listing.tables {
        let file = format!("{}.parquet", table.name);
        let path = draft.folder().join(&file);
        let mut load = TableLoad::create(table, &path)?;
        let mut any = false;
        for (source, from) in matching(mapping, &table.name, files) {
            println!("{}.{}: reading {}", listing.id, table.name, source::name(from));
            any |= load.load(source, from, people, quarantine)?;
        }
        let rows = load.finish()?;
        if any {
            tables.insert(table.name.clone(), draft.finish(&file, rows)?);
        } else {
            std::fs::remove_file(&path).map_err(IngestError::io)?;
        }
    }
    Ok(tables)
}

/// Completes the version with the tables that were not loaded this time, and makes it visible.
fn publish(
    vault: &Vault,
    draft: Draft,
    listing: &Listing,
    tables: BTreeMap<String, TableFile>,
    summary: &mut Summary,
) -> Result<(), IngestError> {
    let last = vault.newest(&listing.id)?;
    let older = last.map(|version| vault.manifest(&listing.id, version)).transpose()?.map(|(manifest, _)| manifest);
    let mut all = tables;
    for table in listing.tables.iter().filter(|t| !all.contains_key(&t.name)).collect::<Vec<_>>() {
        let kept = older.as_ref().and_then(|o| o.tables.get(&table.name).map(|file| (o, file)));
        let file = match kept {
            Some((older, file)) => draft.keep(vault, older, file)?,
            None => empty(&draft, table)?,
        };
        summary.untouched.insert(table.name.clone(), kept.map(|(older, _)| older.version));
        all.insert(table.name.clone(), file);
    }
    let quarantined = summary.quarantined.values().sum::<u64>() + summary.unread;
    let manifest = Manifest { listing: listing.id.clone(), version: last.unwrap_or(0) + 1, tables: all, quarantined };
    let digest = draft.describe(&manifest)?;
    let rows = manifest.tables.iter().map(|(name, file)| (name.clone(), base10(file.rows))).collect();
    let report =
        LoadReport { listing: listing.id.clone(), version: manifest.version, rows, quarantined: base10(quarantined), manifest: digest };
    vault.publish(draft, &manifest, &report)?;
    summary.manifest = Some(manifest);
    Ok(())
}

fn empty(draft: &Draft, table: &visiting_catalog::Table) -> Result<TableFile, IngestError> {
    let file = format!("{}.parquet", table.name);
    let rows = TableLoad::create(table, &draft.folder().join(&file))?.finish()?;
    Ok(draft.finish(&file, rows)?)
}

#[cfg(test)]
mod tests;
