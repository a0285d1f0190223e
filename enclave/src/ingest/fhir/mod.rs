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
mod row;
mod sink;
mod tally;
mod who;

use std::{
    collections::BTreeMap,
    fmt::{self, Display, Formatter},
    path::PathBuf,
    rc::Rc,
};

use visiting_catalog::Listing;

use super::{IngestError, People, Summary, unit::Linkage};
use crate::vault::Vault;
use bundle::{Bundle, Entry};
use documents::{Documents, Step};
use index::Index;
use limits::ENTRIES_MAX;
use mapping::Mapping;
use node::Node;
use row::{Outcome, RowReader};
use sink::{Row, Sink, Spot};
pub use tally::Tally;
use who::Person;

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
    let patients: Vec<Node<'_>> = index.pool.iter().filter_map(|text| Node::read(text).ok()).collect();
    let pool = Bundle::new(patients.iter().map(|resource| Entry { place: None, url: None, resource }).collect());
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
    let mut loader = Loader { sinks, index: &index, pool: &pool, people: &mut people, unread: Vec::new(), place: 0 };
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
    pool: &'p Bundle<'p>,
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
                    Ok(node) => self.document(&node, &Spot { file: Rc::clone(&found.name), line, entry: None })?,
                    Err(reason) => self.unread(&found.name, line, &reason),
                },
            }
            self.place += 1;
            if self.place.is_multiple_of(PROGRESS_DOCUMENTS) {
                println!("{} documents so far", self.place);
            }
        }
    }

    fn document(&mut self, node: &Node<'_>, spot: &Spot) -> Result<(), IngestError> {
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
            let alone = Bundle::new(vec![entry]).beside(self.pool);
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

/// The entries of a Bundle; its own faults are the whole Bundle's.
fn entries<'n>(mapping: &Mapping, node: &'n Node<'n>) -> Result<Vec<Entry<'n>>, &'static str> {
    if !node.text_of("type").is_some_and(|t| mapping.types.iter().any(|known| known == t)) {
        return Err("a Bundle of a type that the mapping does not name");
    }
    let list = match node.get("entry") {
        None => return Err("a Bundle without entries"),
        Some(list) => list.items().ok_or("`entry` is not a list, as FHIR has it")?,
    };
    if list.len() > ENTRIES_MAX {
        return Err("a Bundle of more than 20,000 entries");
    }
    let entry = |(place, entry): (usize, &'n Node<'n>)| Entry {
        place: Some(place),
        url: entry.text_of("fullUrl"),
        // An entry without a resource is told about when its turn comes.
        resource: entry.get("resource").unwrap_or(&Node::Null),
    };
    Ok(list.iter().enumerate().map(entry).collect())
}

fn read_bundle<'a>(sink: &mut Sink<'a>, people: &mut People<'a>, bundle: &Bundle<'_>, spot: &Spot) -> Result<(), IngestError> {
    let status = bundle.first(&sink.mapping.document).and_then(|d| d.text_of("status"));
    if status.is_some_and(|s| sink.mapping.void.iter().any(|void| void == s)) {
        sink.tally.leave("Bundle", "status: the document was entered in error", 1);
        return Ok(());
    }
    let mut patients = bundle.entries.iter().map(|e| e.resource).filter(|r| r.text_of("resourceType") == Some("Patient"));
    let patient = match (patients.next(), patients.next()) {
        (Some(_), Some(_)) => return sink.set_aside(spot, "Bundle", "two Patients; whose the rest is cannot be known"),
        (Some(patient), None) => who::person(sink.mapping, patient, bundle, &mut sink.tally).map(Some),
        (None, _) => Ok(None),
    };
    let mut reading = Reading { sink, people, bundle, patient, spot };
    let mut urls = std::collections::HashSet::new();
    for entry in &bundle.entries {
        if entry.url.is_some_and(|url| !urls.insert(url)) {
            let spot = Spot { entry: entry.place, ..spot.clone() };
            reading.sink.set_aside(&spot, OTHER_KIND, "a second entry of one fullUrl")?;
            continue;
        }
        reading.entry(*entry)?;
    }
    Ok(())
}

/// What types are called that the mapping does not name: their own word is input, and could be anything.
const OTHER_KIND: &str = "other resource";

/// One document being read.
struct Reading<'r, 'a, 'n> {
    sink: &'r mut Sink<'a>,
    people: &'r mut People<'a>,
    bundle: &'r Bundle<'n>,
    /// The Bundle's Patient, or why nobody can be told.
    patient: Result<Option<Person<'n>>, String>,
    spot: &'r Spot,
}

impl<'n> Reading<'_, '_, 'n> {
    fn entry(&mut self, entry: Entry<'n>) -> Result<(), IngestError> {
        let spot = Spot { entry: entry.place, ..self.spot.clone() };
        let mapping = self.sink.mapping;
        let Some(kind) = entry.resource.text_of("resourceType") else {
            return self.sink.set_aside(&spot, OTHER_KIND, "an entry without a resource");
        };
        self.elements(kind, entry.resource);
        if let Some(reason) = mapping.leave.get(kind) {
            self.sink.tally.leave(kind, reason, 1);
            return Ok(());
        }
        let mut known = false;
        for table in mapping.tables.iter().filter(|t| t.resource == kind) {
            known = true;
            let readers = self.sink.readers.get(table.place).map(Vec::as_slice).unwrap_or_default();
            let reader = RowReader { mapping, table, readers, bundle: self.bundle, resource: entry.resource };
            match reader.read() {
                Err(reason) => self.sink.set_aside(&spot, kind, &reason)?,
                Ok(Outcome::Left(reason)) => self.sink.tally.leave(kind, &reason, 1),
                Ok(Outcome::Row(cells, facility)) => match self.subject(table, entry.resource) {
                    Err(reason) => self.sink.set_aside(&spot, kind, &reason)?,
                    Ok(subject) => {
                        let row = Row { spot: spot.clone(), table: table.place, kind: kind.to_owned(), subject, facility, cells };
                        self.sink.add(row, self.people)?;
                    }
                },
            }
        }
        if known { Ok(()) } else { self.sink.set_aside(&spot, OTHER_KIND, "a resource type that the mapping does not name") }
    }

    /// Whom a resource is about.
    fn subject(&mut self, table: &mapping::Table, resource: &'n Node<'n>) -> Result<who::Subject, String> {
        let (mapping, tally) = (self.sink.mapping, &mut self.sink.tally);
        let patient = self.patient.as_ref().map_err(Clone::clone)?.as_ref();
        match &table.subject {
            Some(element) => who::subject(mapping, element, resource, self.bundle, patient, tally),
            None => {
                let person = match patient {
                    Some(person) => person.clone(),
                    None => who::person(mapping, resource, self.bundle, tally)?,
                };
                let who = person.numbers.into_iter().next().ok_or("the Patient has no number")?;
                Ok(who::Subject { who, also: None })
            }
        }
    }

    /// Counts what is never read of a resource.
    fn elements(&mut self, kind: &str, resource: &Node<'_>) {
        let named = self.sink.mapping.leave.contains_key(kind) || self.sink.mapping.tables.iter().any(|t| t.resource == kind);
        let kind = if named { kind } else { OTHER_KIND };
        for (element, reason) in &self.sink.mapping.elements {
            if let Some(found) = resource.get(element) {
                let times = found.items().map_or(1, <[Node<'_>]>::len);
                self.sink.tally.leave(&format!("{kind}.{element}"), reason, times as u64);
            }
        }
    }
}

#[cfg(test)]
mod tests;
