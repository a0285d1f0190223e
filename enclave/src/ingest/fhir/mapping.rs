//! The mapping file in its FHIR form: what is read, from where, and what is left out with which reason. The code obeys it.

use std::{collections::BTreeMap, fs, path::Path as File};

use serde::Deserialize;
use visiting_catalog::Listing;

use super::{
    super::{IngestError, mapping::IdentityKind},
    path::{Path, Systems, Uri},
    raw::{Raw, RawColumn, RawIdentity, RawLeave, RawNeed, RawTable, Some1},
};

/// Ways to read a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Reading {
    /// A date or dateTime as `yyyymm`.
    Month,
    /// A date as its year.
    Year,
    /// The first characters of a code.
    Start,
    /// A unit that must be the item's.
    Unit,
}

/// One mapping, checked against its listing.
#[derive(Debug)]
pub(crate) struct Mapping {
    /// The listing it fills.
    pub(crate) listing: String,
    /// `Bundle.type`s that are read.
    pub(crate) types: Vec<String>,
    bundles: Vec<Uri>,
    singles: Vec<Uri>,
    /// The resource whose status is the document's.
    pub(crate) document: String,
    /// Statuses of documents that are left out.
    pub(crate) void: Vec<String>,
    /// How people are known, best first.
    pub(crate) identities: Vec<Identity>,
    /// Elements that are counted and not read.
    pub(crate) elements: Vec<(String, String)>,
    /// Types of resources that are counted and not read.
    pub(crate) leave: BTreeMap<String, String>,
    /// Units by the beginning of an item's code.
    pub(crate) units: BTreeMap<String, Vec<String>>,
    /// Unit by its other spellings.
    pub(crate) spellings: BTreeMap<String, String>,
    /// Tables in the listing's order.
    pub(crate) tables: Vec<Table>,
}

/// One way to know a person.
#[derive(Debug)]
pub(crate) struct Identity {
    /// Insured number, or a number of the listing's own.
    pub(crate) kind: IdentityKind,
    /// Where it comes from.
    pub(crate) from: Stands,
    /// The insurer's check digit is looked at.
    pub(crate) check: bool,
    /// The name of its system: two systems' numbers are never taken for one.
    pub(crate) name: String,
}

/// Where a number stands.
#[derive(Debug)]
pub(crate) enum Stands {
    /// An `Identifier` of one of these systems.
    System(Vec<Uri>),
    /// Pieces in another resource that belongs to the person.
    Parts {
        /// Its type.
        resource: String,
        /// Its reference to the person.
        owner: Path,
        /// The pieces, joined by `:`; a missing one is empty.
        parts: Vec<Path>,
    },
}

/// One table's rows.
#[derive(Debug)]
pub(crate) struct Table {
    /// Its place in the listing.
    pub(crate) place: usize,
    /// The type of the resources that make its rows.
    pub(crate) resource: String,
    /// The reference to the person; without one the resource is the person.
    pub(crate) subject: Option<String>,
    /// The facility's number; the first that is there.
    pub(crate) facility: Vec<Path>,
    /// Conditions under which a resource is left out.
    pub(crate) leave: Vec<Leave>,
    /// What must be there.
    pub(crate) need: Vec<(Vec<Path>, String)>,
    /// In the order of the listing's columns.
    pub(crate) columns: Vec<Column>,
}

/// A resource is left out when one of its values is in `values` (any value where that is `None`), or when there is none.
#[derive(Debug)]
pub(crate) struct Leave {
    /// Where.
    pub(crate) paths: Vec<Path>,
    /// Which values.
    pub(crate) values: Option<Vec<String>>,
    /// The other way round: nothing is there.
    pub(crate) absent: bool,
    /// Said in the report.
    pub(crate) reason: String,
}

/// Where a column's value comes from.
#[derive(Debug)]
pub(crate) struct Column {
    /// The first path that gives something counts.
    pub(crate) paths: Vec<Path>,
    /// How it is read.
    pub(crate) reading: Option<Reading>,
    /// Values replaced one by one; one without a replacement is quarantined.
    pub(crate) map: Option<BTreeMap<String, String>>,
    /// The value where there is none.
    pub(crate) or: Option<String>,
    /// For `start`: characters.
    pub(crate) length: usize,
    /// For `unit`: the item's code.
    pub(crate) of: Vec<Path>,
    /// For `unit`: only where this is there.
    pub(crate) with: Vec<Path>,
    /// Of several different values the first counts; else they are quarantined.
    pub(crate) first: bool,
    /// Must hold where there is a value.
    pub(crate) when: Option<(Path, Vec<String>)>,
}

impl Mapping {
    /// Reads a mapping file.
    pub(crate) fn read(path: &File, listings: &[Listing], listing: Option<&str>) -> Result<Self, IngestError> {
        let text = fs::read_to_string(path).map_err(|e| IngestError::Mapping(format!("the file cannot be read ({e})")))?;
        Self::parse(&text, listings, listing)
    }

    /// Reads a mapping and checks it against the listing it fills, or the one that is named.
    pub(crate) fn parse(text: &str, listings: &[Listing], listing: Option<&str>) -> Result<Self, IngestError> {
        let raw: Raw = toml::from_str(text).map_err(|e| IngestError::Mapping(e.to_string()))?;
        let id = listing.unwrap_or(&raw.listing).to_owned();
        let unknown = || IngestError::Mapping(format!("the catalogue has no listing `{id}`"));
        let target = listings.iter().find(|l| l.id == id).ok_or_else(unknown)?;
        Self::checked(raw, target).map_err(IngestError::Mapping)
    }

    fn checked(raw: Raw, listing: &Listing) -> Result<Self, String> {
        if raw.format != "fhir" {
            return Err("its `format` is not fhir".to_owned());
        }
        let systems = &raw.systems;
        let identities = raw.identity.into_iter().map(|i| identity(i, systems)).collect::<Result<Vec<_>, _>>()?;
        let tables = raw.table.into_iter().map(|t| table(t, systems, listing)).collect::<Result<Vec<_>, _>>()?;
        if let Some(missing) = listing.tables.iter().enumerate().find(|(place, _)| tables.iter().all(|t| t.place != *place)) {
            return Err(format!("the table `{}` of the listing is not mapped", missing.1.name));
        }
        let uris = |texts: Vec<String>| texts.iter().map(|t| Uri::new(t)).collect();
        Ok(Self {
            listing: listing.id.clone(),
            types: raw.bundle.types,
            bundles: uris(raw.bundle.profiles),
            singles: uris(raw.single.profiles),
            document: raw.bundle.document,
            void: raw.bundle.leave,
            identities,
            elements: raw.elements.into_iter().collect(),
            leave: raw.leave,
            units: raw.units,
            spellings: raw.spellings,
            tables,
        })
    }

    /// True when a document with these profiles is this mapping's.
    pub(crate) fn takes(&self, bundle: bool, profiles: &[&str]) -> bool {
        let known = if bundle { &self.bundles } else { &self.singles };
        // `…|1.5.2`: the version of a profile is not part of its name.
        let plain = |profile: &&str| profile.split('|').next().unwrap_or_default().to_owned();
        profiles.iter().map(plain).any(|profile| known.iter().any(|uri| uri.rest(&profile).is_some()))
    }

    /// The unit of a text, under its one spelling; `None` when no item has it.
    pub(crate) fn unit<'m>(&'m self, text: &'m str) -> Option<&'m str> {
        let unit = self.spellings.get(text).map_or(text, String::as_str);
        self.units.values().flatten().any(|u| u == unit).then_some(unit)
    }

    /// The units of an item: those of the longest beginning of its code.
    pub(crate) fn units_of(&self, code: &str) -> Option<&Vec<String>> {
        (1..=code.len()).rev().find_map(|end| self.units.get(code.get(..end)?))
    }
}

fn identity(raw: RawIdentity, systems: &Systems) -> Result<Identity, String> {
    let (name, from) = match (raw.system, raw.from, raw.owner) {
        (Some(name), None, None) if raw.parts.is_empty() => {
            let uris = systems.get(&name).ok_or_else(|| format!("identity: `{name}` is not under [systems]"))?;
            let uris = uris.iter().map(|u| Uri::new(u)).collect();
            (name, Stands::System(uris))
        }
        (None, Some(resource), Some(owner)) if !raw.parts.is_empty() => {
            let parts = raw.parts.iter().map(|p| Path::read(p, systems)).collect::<Result<_, _>>()?;
            ("parts".to_owned(), Stands::Parts { resource, owner: Path::read(&owner, systems)?, parts })
        }
        _ => return Err("an identity has a `system`, or `from`, `owner` and `parts`".to_owned()),
    };
    Ok(Identity { kind: raw.kind, from, check: raw.check, name })
}

fn table(raw: RawTable, systems: &Systems, listing: &Listing) -> Result<Table, String> {
    let said = |fault: String| format!("table `{}`: {fault}", raw.name);
    let place = listing.tables.iter().position(|t| t.name == raw.name).ok_or_else(|| said("the listing has no such table".to_owned()))?;
    let target = listing.tables.get(place).ok_or_else(|| said("the listing has no such table".to_owned()))?;
    if raw.facility.is_some() != target.facility.is_some() {
        return Err(said("`facility` must be named exactly where the listing's table has one".to_owned()));
    }
    if target.household.is_some() {
        return Err(said("a Bundle names no household, and the listing's table has one".to_owned()));
    }
    if let Some(extra) = raw.columns.keys().find(|name| target.column(name).is_none()) {
        return Err(said(format!("the listing has no column `{extra}`")));
    }
    let mut columns = Vec::new();
    for column in &target.columns {
        let from = raw.columns.get(&column.name).ok_or_else(|| said(format!("the column `{}` is not mapped", column.name)))?;
        columns.push(read_column(from, systems).map_err(|fault| said(format!("column `{}`: {fault}", column.name)))?);
    }
    let leave =
        |l: &RawLeave| Ok(Leave { paths: l.path.paths(systems)?, values: l.values.clone(), absent: l.absent, reason: l.reason.clone() });
    let need = |n: &RawNeed| {
        let paths = n.any.iter().map(|p| Path::read(p, systems)).collect::<Result<Vec<_>, String>>()?;
        Ok((paths, n.reason.clone()))
    };
    Ok(Table {
        place,
        facility: raw.facility.as_ref().map(|f| f.paths(systems)).transpose().map_err(said)?.unwrap_or_default(),
        leave: raw.leave.iter().map(leave).collect::<Result<_, String>>().map_err(said)?,
        need: raw.need.iter().map(need).collect::<Result<_, String>>().map_err(said)?,
        columns,
        resource: raw.resource,
        subject: raw.subject,
    })
}

fn read_column(raw: &RawColumn, systems: &Systems) -> Result<Column, String> {
    if (raw.reading == Some(Reading::Start)) != raw.length.is_some() {
        return Err("`length` belongs to `as = \"start\"`".to_owned());
    }
    if (raw.reading == Some(Reading::Unit)) != raw.of.is_some() {
        return Err("`of` belongs to `as = \"unit\"`".to_owned());
    }
    let optional = |paths: &Option<Some1>| paths.as_ref().map(|p| p.paths(systems)).transpose().map(Option::unwrap_or_default);
    let when = raw.when.as_ref().map(|w| Ok::<_, String>((Path::read(&w.path, systems)?, w.values.clone()))).transpose()?;
    Ok(Column {
        paths: raw.path.paths(systems)?,
        reading: raw.reading,
        map: raw.map.clone(),
        or: raw.or.clone(),
        length: raw.length.unwrap_or_default(),
        of: optional(&raw.of)?,
        with: optional(&raw.with)?,
        first: raw.first,
        when,
    })
}
