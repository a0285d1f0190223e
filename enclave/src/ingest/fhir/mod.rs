//! FHIR: Bundles and single resources into listings, by mapping. One document is in memory at a time.
//!
//! Two looks at the files: the first learns which Bundles replace which and which Patients came on their own (`index`), the second
//! loads. Every document ends loaded, left out with a reason, or quarantined with a reason; none can stop the others.

mod bundle;
mod documents;
mod index;
mod limits;
mod mapping;
mod node;
mod path;
mod raw;
mod reading;
mod row;
mod sink;
mod tally;
mod who;

use std::{
    collections::{BTreeMap, HashMap},
    fmt::{self, Display, Formatter},
    path::{Path, PathBuf},
    rc::Rc,
};

use visiting_catalog::Listing;

use super::{IngestError, People, Summary, unit::Linkage};
use crate::vault::Vault;
use bundle::{Bundle, Entry};
use documents::{Documents, Step};
use index::Index;
use mapping::Mapping;
use node::Node;
use reading::{Reading, entries, read_bundle};
use sink::{Sink, Spot};
pub use tally::Tally;

/// Mappings that are there without a file.
const BUILT_IN: [&str; 2] =
    [include_str!("../../../../catalog/mappings/jpclins.toml"), include_str!("../../../../catalog/mappings/hs037.toml")];
/// Documents between two progress lines.
const PROGRESS_DOCUMENTS: u64 = 10_000;

/// What is to be loaded.
#[derive(Debug)]
pub struct Request {
    /// `$VISITING_HOME`.
    pub home: PathBuf,
    /// The linkage unit's socket.
    pub linkage: PathBuf,
    /// The vault's folder.
    pub vault: PathBuf,
    /// A mapping file; without one the built-in mappings, each for its profiles.
    pub mapping: Option<PathBuf>,
    /// Only this listing; with a mapping file, another one than the mapping's.
    pub listing: Option<String>,
    /// Files, or folders of files.
    pub paths: Vec<PathBuf>,
}

/// What a load says at its end.
#[derive(Debug)]
pub struct Report {
    /// One a listing.
    pub listings: Vec<(Summary, Tally)>,
    /// Documents that are no mapping's, or none at all: by file and reason.
    pub unread: BTreeMap<(String, String), u64>,
}

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (summary, tally) in self.listings.iter().filter(|(_, tally)| tally.documents > 0) {
            match &summary.manifest {
                Some(_) => write!(f, "{summary}")?,
                None => write!(f, "load report: {}: nothing could be loaded; no new version\n{}", summary.listing, summary.reasons())?,
            }
            write!(f, "{tally}")?;
        }
        writeln!(f, "not read: {}", self.unread.values().sum::<u64>())?;
        for ((file, reason), times) in &self.unread {
            writeln!(f, "  {times:>10}  {file}: {reason}")?;
        }
        Ok(())
    }
}

/// Loads everything that can be loaded.
///
/// # Errors
/// When the mapping, the vault or the linkage unit cannot be used; then the vault is as it was. Bad input is no error.
pub fn load(request: &Request) -> Result<Report, IngestError> {
    let listings = visiting_catalog::load()?;
    let mappings = mappings(request, &listings)?;
    let finds = documents::find(&request.paths)?;
    let index = Index::make(&finds.files)?;
    let patients: Vec<_> = index.pool.iter().filter_map(|(folder, texts)| Some((folder.as_path(), all_read(texts)?))).collect();
    let pools: HashMap<&Path, Bundle<'_>> = patients.iter().map(|(folder, nodes)| (*folder, pool(nodes))).collect();
    let vault = Vault::at(&request.vault);
    let lock = vault.lock()?;
    let mut linkage = Linkage::reach(&request.home, &request.linkage)?;
    let mut ordinals = vault.ordinals()?;
    let mut people = People::new(&mut linkage.client, &mut ordinals, "");
    let mut sinks = Vec::new();
    for mapping in &mappings {
        let listing = listings.iter().find(|l| l.id == mapping.listing).ok_or(IngestError::Inconsistent)?;
        sinks.push(Sink::create(listing, mapping, vault.draft(&lock)?)?);
    }
    let mut loader = Loader { sinks, index: &index, pools: &pools, people: &mut people, unread: Vec::new(), place: 0 };
    for (name, reason) in &finds.others {
        loader.unread.push((Rc::clone(name), 1, (*reason).to_owned()));
    }
    for found in &finds.files {
        loader.file(found)?;
    }
    let Loader { mut sinks, unread: pieces, .. } = loader;
    // What could not be read is nobody's; it is kept with the first listing that something was read for.
    let keeper = sinks.iter().position(|s| s.tally.documents > 0).unwrap_or_default();
    let mut unread = BTreeMap::new();
    for (file, line, reason) in pieces {
        if let Some(sink) = sinks.get_mut(keeper) {
            sink.unread(&file, line, &reason)?;
        }
        *unread.entry((file.to_string(), reason)).or_default() += 1;
    }
    let listings = sinks.into_iter().map(|sink| sink.finish(&vault, &mut people)).collect::<Result<_, _>>()?;
    Ok(Report { listings, unread })
}

/// The Patients of a folder. Where one cannot be read, a reference may be meant for it: then none leads anywhere.
fn all_read(texts: &[String]) -> Option<Vec<Node<'_>>> {
    texts.iter().map(|text| Node::read(text).ok()).collect()
}

fn pool<'n>(patients: &'n [Node<'n>]) -> Bundle<'n> {
    Bundle::new(patients.iter().map(|resource| Entry { place: None, url: None, resource }).collect())
}

fn mappings(request: &Request, listings: &[Listing]) -> Result<Vec<Mapping>, IngestError> {
    if let Some(path) = &request.mapping {
        return Ok(vec![Mapping::read(path, listings, request.listing.as_deref())?]);
    }
    let mut all = BUILT_IN.iter().map(|text| Mapping::parse(text, listings, None)).collect::<Result<Vec<_>, _>>()?;
    if let Some(only) = &request.listing {
        all.retain(|mapping| mapping.listing == *only);
    }
    match all.is_empty() {
        true => Err(IngestError::Mapping("no built-in mapping fills that listing; name one with --mapping".to_owned())),
        false => Ok(all),
    }
}

struct Loader<'a, 'p> {
    sinks: Vec<Sink<'a>>,
    index: &'p Index,
    /// Patients on their own, by folder.
    pools: &'p HashMap<&'p Path, Bundle<'p>>,
    people: &'p mut People<'a>,
    /// File, line and reason.
    unread: Vec<(Rc<str>, u64, String)>,
    /// Place of the document among all.
    place: u64,
}

impl Loader<'_, '_> {
    fn unread(&mut self, file: &Rc<str>, line: u64, reason: &str) {
        self.unread.push((Rc::clone(file), line, reason.to_owned()));
    }

    fn file(&mut self, found: &documents::Found) -> Result<(), IngestError> {
        let Ok(mut documents) = Documents::open(found) else {
            self.unread(&found.name, 1, "the file cannot be opened");
            return Ok(());
        };
        let mut text = String::new();
        loop {
            match documents.next(&mut text) {
                Step::End => return Ok(()),
                Step::Bad(line, reason) => self.unread(&found.name, line, reason),
                Step::Document(line) => match Node::read(&text) {
                    Ok(node) => self.document(&node, found.path.parent(), &Spot { file: Rc::clone(&found.name), line, entry: None })?,
                    Err(reason) => self.unread(&found.name, line, &reason),
                },
            }
            self.place += 1;
            if self.place.is_multiple_of(PROGRESS_DOCUMENTS) {
                println!("{} documents so far", self.place);
            }
        }
    }

    fn document(&mut self, node: &Node<'_>, folder: Option<&Path>, spot: &Spot) -> Result<(), IngestError> {
        let Some(kind) = node.text_of("resourceType") else {
            self.unread(&spot.file, spot.line, "no FHIR resource: an object with a `resourceType` is expected");
            return Ok(());
        };
        let profiles = node.get("meta").and_then(|m| m.get("profile")).and_then(Node::items).unwrap_or_default();
        let profiles: Vec<&str> = profiles.iter().filter_map(Node::as_text).collect();
        let bundle = kind == "Bundle";
        let Some(sink) = self.sinks.iter_mut().find(|s| s.mapping.takes(bundle, &profiles)) else {
            self.unread(&spot.file, spot.line, "of no profile that a mapping names (meta.profile)");
            return Ok(());
        };
        sink.tally.documents += 1;
        if !bundle {
            let entry = Entry { place: None, url: None, resource: node };
            let alone = Bundle::new(vec![entry]);
            let alone = match folder.and_then(|folder| self.pools.get(folder)) {
                Some(pool) => alone.beside(pool),
                None => alone,
            };
            return Reading { sink, people: self.people, bundle: &alone, patient: Ok(None), spot }.entry(entry);
        }
        if !self.index.is_newest(node.get("identifier"), self.place) {
            sink.tally.leave("Bundle", "another Bundle of the same identifier is newer, or as old and came first", 1);
            return Ok(());
        }
        match entries(sink.mapping, node) {
            Err(reason) => sink.set_aside(spot, "Bundle", reason),
            Ok(entries) => read_bundle(sink, self.people, &Bundle::new(entries), spot),
        }
    }
}

#[cfg(test)]
mod tests;
