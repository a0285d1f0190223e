//! One document on its way into the rows of its listing. Each entry ends loaded, left out or quarantined, whatever its neighbours do.

use std::collections::HashSet;

use super::{
    super::{IngestError, People},
    bundle::{Bundle, Entry},
    limits::ENTRIES_MAX,
    mapping::{self, Mapping},
    node::Node,
    row::{Outcome, RowReader},
    sink::{Row, Sink, Spot},
    who::{self, Person},
};

/// The entries of a Bundle; its own faults are the whole Bundle's.
pub(super) fn entries<'n>(mapping: &Mapping, node: &'n Node<'n>) -> Result<Vec<Entry<'n>>, &'static str> {
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

pub(super) fn read_bundle<'a>(sink: &mut Sink<'a>, people: &mut People<'a>, bundle: &Bundle<'_>, spot: &Spot) -> Result<(), IngestError> {
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
    let mut urls = HashSet::new();
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
pub(super) struct Reading<'r, 'a, 'n> {
    pub(super) sink: &'r mut Sink<'a>,
    pub(super) people: &'r mut People<'a>,
    pub(super) bundle: &'r Bundle<'n>,
    /// The Bundle's Patient, or why nobody can be told.
    pub(super) patient: Result<Option<Person<'n>>, String>,
    pub(super) spot: &'r Spot,
}

impl<'n> Reading<'_, '_, 'n> {
    pub(super) fn entry(&mut self, entry: Entry<'n>) -> Result<(), IngestError> {
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
