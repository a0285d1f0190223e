//! The guests that a run can name: fetched by the digest in the record, checked, examined again, compiled once and kept. And what is
//! known of a call before any data is read: which labels it can give over the declared domains of its arguments.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use datafusion::arrow::{
    array::{Array, ArrayRef, AsArray, DictionaryArray, Int64Array},
    datatypes::Int32Type,
};
use visiting_catalog::listing::is_month;
use visiting_intake::{Form, Manifest};
use visiting_policies::{Code, Refusal, case::Kind, disclosure::limits};
use visiting_worker::Layers;

use super::Guest;
use crate::{
    bound::{self, Bound},
    config::REACH_MAX,
    door::Door,
    fault::Fault,
    plan::Signature,
    predicate::Values,
    question::Preimage,
    unit::Tracked,
};

/// Compiled guests by digest.
pub(crate) type Guests = BTreeMap<String, Guest>;

/// Guests that are kept: up to ten megabytes each, and more than one query can name.
const KEPT_MAX: usize = 2 * limits::GUESTS_MAX;

/// Calls of which the labels are kept: some hundred bytes each.
const REACHED_MAX: usize = 10_000;

/// What the enclave holds of guests, for all permits. A digest names the same bytes for ever, so nothing here grows old.
#[derive(Debug)]
pub(crate) struct Shelf {
    /// The jail of every guest.
    layers: Layers,
    /// Fetched and not yet compiled.
    fetched: BTreeMap<String, Vec<u8>>,
    compiled: Guests,
    /// Places that a call can give, by the call's name in plans.
    reached: BTreeMap<String, Option<BTreeSet<i64>>>,
}

impl Default for Shelf {
    fn default() -> Self {
        Self::within(Layers::ALL)
    }
}

impl Shelf {
    /// An empty one, with these layers of the jail.
    pub(crate) fn within(layers: Layers) -> Self {
        Self { layers, fetched: BTreeMap::new(), compiled: Guests::new(), reached: BTreeMap::new() }
    }

    /// Keeps the bytes of a guest whose digest the caller has computed.
    pub(crate) fn put(&mut self, digest: String, bytes: Vec<u8>) {
        self.fetched.insert(digest, bytes);
    }

    /// Fetches what a text calls and is not here. Bytes of another digest than the record's are refused and not kept.
    pub(crate) fn fetch(&mut self, door: &Door, bound: &Bound<'_>, sql: &str) -> Result<(), Fault> {
        let named = bound::named(Kind::Guest, bound, sql);
        if self.compiled.len() + self.fetched.len() + named.len() > KEPT_MAX {
            let here = |digest: &String| named.values().any(|one| one == digest);
            self.compiled.retain(|digest, _| here(digest));
            self.fetched.retain(|digest, _| here(digest));
            self.reached.clear();
        }
        for digest in named.into_values() {
            if !self.compiled.contains_key(digest) && !self.fetched.contains_key(digest) {
                self.put(digest.to_owned(), bound::fetch(door, Kind::Guest, digest)?);
            }
        }
        Ok(())
    }

    /// The guests that a text calls, compiled, and how SQL sees them by name.
    pub(crate) fn open(&mut self, bound: &Bound<'_>, sql: &str) -> Result<(Guests, BTreeMap<String, Signature>), Fault> {
        let (mut guests, mut signatures) = (Guests::new(), BTreeMap::new());
        for (name, digest) in bound::named(Kind::Guest, bound, sql) {
            let guest = self.compiled(digest)?;
            if guest.digest() != digest || guest.manifest().name != name {
                return Err(Refusal::new(Code::GuestRefused, "the guest calls itself otherwise than it is bound; bind it again")
                    .ja("プログラムの名前が登録された名前と違います。登録し直してください")
                    .into());
            }
            signatures.insert(name.to_owned(), Signature { digest: digest.to_owned(), manifest: guest.manifest().clone() });
            guests.insert(digest.to_owned(), guest.for_this_run());
        }
        Ok((guests, signatures))
    }

    /// The text, and what the guests that it calls read: all queries of a run.
    pub(crate) fn texts(&self, bound: &Bound<'_>, sql: &str) -> Vec<String> {
        let manifest = |digest: &str| match self.compiled.get(digest) {
            Some(guest) => Some(guest.manifest().clone()),
            None => visiting_intake::open(self.fetched.get(digest)?).and_then(|(text, _)| Manifest::read(&text).ok()),
        };
        let reads = |manifest: Manifest| if let Form::Person(person) = manifest.form { Some(person.reads) } else { None };
        let of_guests = bound::named(Kind::Guest, bound, sql).into_values().filter_map(manifest).filter_map(reads);
        std::iter::once(sql.to_owned()).chain(of_guests).collect()
    }

    fn compiled(&mut self, digest: &str) -> Result<Guest, Fault> {
        if let Some(guest) = self.compiled.get(digest) {
            return Ok(guest.clone());
        }
        let missing = || Fault::Other("a guest of the run was not fetched".to_owned());
        let bytes = self.fetched.remove(digest).ok_or_else(missing)?;
        let refused = || {
            Refusal::new(Code::GuestRefused, "the guest does not pass the examination any more; mend it and bind it again")
                .ja("プログラムが現在の検査を通りません。直して登録し直してください")
        };
        let (manifest, module) = visiting_intake::open(&bytes).ok_or_else(refused)?;
        visiting_intake::examine(&manifest, &module).map_err(|_| refused())?;
        let guest = Guest::within(self.layers, &manifest, &module)?;
        self.compiled.insert(digest.to_owned(), guest.clone());
        Ok(guest)
    }

    /// Tells the questions which labels their calls can give, so that a total and its groups can be proved to be the same people.
    pub(crate) fn reach(&mut self, tracked: &mut Tracked, guests: &Guests) -> Result<(), Fault> {
        for known in &tracked.calls {
            let Some(guest) = guests.get(&known.call.guest).filter(|guest| !guest.manifest().labels().is_empty()) else { continue };
            if self.reached.len() > REACHED_MAX {
                self.reached.clear();
            }
            if !self.reached.contains_key(&known.name) {
                let labels: Vec<String> = guest.manifest().labels().iter().map(|l| l.label.clone()).collect();
                self.reached.insert(known.name.clone(), reach(guest, &known.call, &labels)?);
            }
        }
        for key in tracked.points.iter_mut().flat_map(|p| &mut p.question.keys) {
            if let Some(Preimage::Column(name, Values::Labels { reachable, .. }, _)) = &mut key.of {
                *reachable = self.reached.get(name).cloned().flatten();
            }
        }
        Ok(())
    }
}

/// One call of a guest. Equal calls give equal labels on every row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    /// The guest's digest.
    pub(crate) guest: String,
    /// In the order of its parameters.
    pub(crate) arguments: Vec<Argument>,
}

/// One argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Argument {
    /// A column: its name in plans, its declared domain, and whether that is of months.
    Column(String, Option<Values>, bool),
    /// A whole number.
    Int(i64),
    /// A text.
    Text(String),
    /// What is computed of a row: any value.
    Computed,
}

/// Which places (labels, and the one of rows without) a call gives over the declared domains of its arguments. `None` where an argument
/// has no domain or there are too many combinations: then every place counts. Reads no data. A worker's word: a run in which rows have
/// another label than these ends (`exit::evidence`).
fn reach(guest: &Guest, call: &Call, labels: &[String]) -> Result<Option<BTreeSet<i64>>, Fault> {
    let Some(values) = call.arguments.iter().map(declared).collect::<Option<Vec<_>>>() else { return Ok(None) };
    let Some(rows) = values.iter().map(Declared::len).try_fold(1usize, usize::checked_mul).filter(|n| *n <= REACH_MAX) else {
        return Ok(None);
    };
    let mut repeat = rows;
    let arrays: Vec<ArrayRef> = values
        .iter()
        .map(|column| {
            repeat /= column.len().max(1);
            column.array(rows, repeat.max(1))
        })
        .collect();
    let found = guest.values(&arrays, rows)?;
    let outside = || Fault::Other("a guest's column is not of the agreed type".to_owned());
    let found = found.as_dictionary_opt::<Int32Type>().ok_or_else(outside)?;
    let texts = found.values().as_string_opt::<i32>().ok_or_else(outside)?;
    let text = |key: Option<i32>| key.and_then(|k| usize::try_from(k).ok()).filter(|k| texts.is_valid(*k)).map(|k| texts.value(k));
    let distinct: BTreeSet<Option<&str>> = found.keys().iter().map(text).collect();
    let place = |label: Option<&str>| label.map_or(Some(labels.len()), |label| labels.iter().position(|one| one == label));
    Ok(distinct.into_iter().map(|label| place(label).map(|place| place as i64)).collect())
}

/// Every value that an argument can have.
enum Declared {
    Numbers(Vec<i64>),
    Codes(Vec<String>),
}

fn declared(argument: &Argument) -> Option<Declared> {
    match argument {
        Argument::Int(number) => Some(Declared::Numbers(vec![*number])),
        Argument::Computed => None,
        Argument::Text(text) => Some(Declared::Codes(vec![text.clone()])),
        Argument::Column(_, values, months) => match values.as_ref()? {
            Values::Range(lo, hi) => few(*lo, *hi).map(|all| Declared::Numbers(all.filter(|m| !months || is_month(*m)).collect())),
            Values::Codes(codes) => Some(Declared::Codes(codes.clone())),
            // Codes of one form are too many to try.
            Values::Pattern(_) | Values::Labels { .. } => None,
        },
    }
}

/// A range that can be written out.
fn few(lo: i64, hi: i64) -> Option<std::ops::RangeInclusive<i64>> {
    let size = i128::from(hi) - i128::from(lo) + 1;
    (size <= REACH_MAX as i128).then_some(lo..=hi)
}

impl Declared {
    fn len(&self) -> usize {
        match self {
            Self::Numbers(all) => all.len(),
            Self::Codes(all) => all.len(),
        }
    }

    /// The values over all combinations: each stands `repeat` times, and the list is gone through again and again.
    fn array(&self, rows: usize, repeat: usize) -> ArrayRef {
        let at = |row: usize| (row / repeat) % self.len().max(1);
        match self {
            Self::Numbers(all) => Arc::new((0..rows).map(|row| all.get(at(row)).copied()).collect::<Int64Array>()),
            Self::Codes(all) => Arc::new((0..rows).map(|row| all.get(at(row)).map(String::as_str)).collect::<DictionaryArray<Int32Type>>()),
        }
    }
}
