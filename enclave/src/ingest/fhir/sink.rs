//! One listing's new version while it is being written: rows wait until their people are known, then go to their tables.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
    rc::Rc,
};

use visiting_catalog::Listing;

use super::{
    super::{
        IngestError,
        cell::{Cell, CellReader},
        mapping::{IdentityKind, Origin},
        people::People,
        quarantine::Quarantine,
        report::Summary,
        table::TableLoad,
    },
    limits::ROWS_WAITING,
    mapping::Mapping,
    tally::Tally,
    who::{Subject, Who},
};
use crate::vault::{Draft, QUARANTINE, Vault};
use visiting_policies::disclosure::Site;

/// Values come as the FHIR mapping has made them; nothing more is done.
static PLAIN: Origin = Origin::Plain(String::new());

const SAME_ROW: &str = "the person's row is there already, and is the same";
const OTHER_ROW: &str = "differs from the row that the person already has";
const OTHER_PERSON: &str = "the subject is another person than the document's Patient";

/// Where something stands: file, line, entry.
#[derive(Debug, Clone)]
pub(crate) struct Spot {
    /// The file's name in reports.
    pub(crate) file: Rc<str>,
    /// Its line; 1 where the file is one document.
    pub(crate) line: u64,
    /// The Bundle's entry, from 0.
    pub(crate) entry: Option<usize>,
}

/// A row on its way.
pub(crate) struct Row {
    /// Where it comes from.
    pub(crate) spot: Spot,
    /// Place of its table in the listing.
    pub(crate) table: usize,
    /// Type of its resource.
    pub(crate) kind: String,
    /// Whom it is about.
    pub(crate) subject: Subject,
    /// Number of its facility; empty where it has none.
    pub(crate) facility: String,
    /// Its values.
    pub(crate) cells: Vec<Cell>,
}

/// A listing being filled.
pub(crate) struct Sink<'a> {
    pub(crate) listing: &'a Listing,
    pub(crate) mapping: &'a Mapping,
    /// By table of the listing, by column.
    pub(crate) readers: Vec<Vec<CellReader<'a>>>,
    pub(crate) tally: Tally,
    draft: Draft,
    quarantine: Quarantine,
    loads: Vec<TableLoad<'a>>,
    waiting: Vec<Row>,
    unread: u64,
    /// Of people in a table with one row for each: a digest of that row.
    seen: HashMap<(usize, u32), u64>,
}

impl<'a> Sink<'a> {
    /// An empty version of the listing.
    pub(crate) fn create(listing: &'a Listing, mapping: &'a Mapping, draft: Draft) -> Result<Self, IngestError> {
        let quarantine = Quarantine::create(&draft.folder().join(QUARANTINE)).map_err(IngestError::io)?;
        let load = |table: &'a visiting_catalog::Table| TableLoad::create(table, &draft.folder().join(format!("{}.parquet", table.name)));
        let loads = listing.tables.iter().map(load).collect::<Result<_, _>>()?;
        let readers = listing.tables.iter().map(|t| t.columns.iter().map(|c| CellReader::new(c, &PLAIN)).collect()).collect();
        let (tally, waiting, unread, seen) = (Tally::default(), Vec::new(), 0, HashMap::new());
        Ok(Self { listing, mapping, readers, tally, draft, quarantine, loads, waiting, unread, seen })
    }

    /// Sets something aside.
    pub(crate) fn set_aside(&mut self, spot: &Spot, kind: &str, reason: &str) -> Result<(), IngestError> {
        self.tally.quarantine(kind);
        self.quarantine.add_entry(&spot.file, spot.line, spot.entry, reason).map_err(IngestError::io)
    }

    /// Writes down what could not be read at all; the report tells it on its own.
    pub(crate) fn unread(&mut self, file: &str, line: u64, reason: &str) -> Result<(), IngestError> {
        self.unread += 1;
        self.quarantine.note(file, line, None, reason).map_err(IngestError::io)
    }

    /// Takes a row.
    pub(crate) fn add(&mut self, row: Row, people: &mut People<'a>) -> Result<(), IngestError> {
        self.waiting.push(row);
        if self.waiting.len() >= ROWS_WAITING { self.flush(people) } else { Ok(()) }
    }

    /// Writes the waiting rows.
    pub(crate) fn flush(&mut self, people: &mut People<'a>) -> Result<(), IngestError> {
        let rows = std::mem::take(&mut self.waiting);
        people.listing = &self.listing.id;
        let ordinals = resolve(&rows, people)?;
        let mut by_table: Vec<(Vec<u32>, Vec<String>, Vec<Vec<Cell>>)> = self.loads.iter().map(|_| Default::default()).collect();
        for row in rows {
            let person = ordinals.get(&row.subject.who).copied().ok_or(IngestError::Inconsistent)?;
            if row.subject.also.as_ref().is_some_and(|also| ordinals.get(also) != Some(&person)) {
                self.set_aside(&row.spot, &row.kind, OTHER_PERSON)?;
                continue;
            }
            if !self.is_first(&row, person)? {
                continue;
            }
            self.tally.load(&row.kind);
            if let Some((persons, facilities, cells)) = by_table.get_mut(row.table) {
                persons.push(person);
                facilities.push(row.facility);
                cells.push(row.cells);
            }
        }
        for ((load, table), (persons, facilities, cells)) in self.loads.iter_mut().zip(&self.listing.tables).zip(by_table) {
            if persons.is_empty() {
                continue;
            }
            let names: Vec<&str> = facilities.iter().map(String::as_str).collect();
            // Bundles name no households: a mapping over a table that has them was refused.
            let facilities = table.facility.as_ref().map(|_| people.sites(Site::Facility, &names)).transpose()?;
            load.append(persons, facilities.into_iter().collect(), &cells)?;
        }
        Ok(())
    }

    /// False when the person has a row already, in a table with one for each.
    fn is_first(&mut self, row: &Row, person: u32) -> Result<bool, IngestError> {
        if !self.listing.tables.get(row.table).is_some_and(|t| t.one_row_per_person) {
            return Ok(true);
        }
        let mut hasher = DefaultHasher::new();
        row.cells.hash(&mut hasher);
        let digest = hasher.finish();
        match self.seen.insert((row.table, person), digest) {
            None => Ok(true),
            Some(before) if before == digest => {
                self.tally.leave(&row.kind, SAME_ROW, 1);
                Ok(false)
            }
            Some(before) => {
                self.seen.insert((row.table, person), before);
                self.set_aside(&row.spot, &row.kind, OTHER_ROW)?;
                Ok(false)
            }
        }
    }

    /// Ends the version and makes it visible; nothing becomes visible when nothing was loaded.
    pub(crate) fn finish(mut self, vault: &Vault, people: &mut People<'a>) -> Result<(Summary, Tally), IngestError> {
        self.flush(people)?;
        let mut tables = std::collections::BTreeMap::new();
        for (load, table) in self.loads.into_iter().zip(&self.listing.tables) {
            let rows = load.finish()?;
            tables.insert(table.name.clone(), self.draft.finish(&format!("{}.parquet", table.name), rows)?);
        }
        let quarantined = self.quarantine.finish().map_err(IngestError::io)?;
        let mut summary = Summary { listing: self.listing.id.clone(), quarantined, unread: self.unread, ..Summary::default() };
        if tables.values().any(|file| file.rows > 0) {
            super::super::publish(vault, self.draft, self.listing, tables, &mut summary)?;
        }
        Ok((summary, self.tally))
    }
}

/// Ordinals of everybody who is named, in one request a kind.
fn resolve(rows: &[Row], people: &mut People<'_>) -> Result<HashMap<Who, u32>, IngestError> {
    let mut out = HashMap::new();
    for kind in [IdentityKind::Insured, IdentityKind::Local] {
        let named = rows.iter().flat_map(|r| std::iter::once(&r.subject.who).chain(&r.subject.also)).filter(|w| w.kind == kind);
        let mut all: Vec<&Who> = named.collect();
        all.sort_unstable_by(|a, b| a.number.cmp(&b.number));
        all.dedup();
        let numbers: Vec<&str> = all.iter().map(|w| w.number.as_str()).collect();
        let name = match kind {
            IdentityKind::Insured => "insured".to_owned(),
            IdentityKind::Local => format!("local:{}", people.listing),
        };
        let ordinals = people.people(&name, &numbers)?;
        out.extend(all.into_iter().cloned().zip(ordinals));
    }
    Ok(out)
}
