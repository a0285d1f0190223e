//! Who has a row: questions about people in a form of their own, so that one set of people has one name in the ledger however it is
//! asked for (decision 20).
//!
//! A row of relations that are joined on the person is a row of each of them, all about one person. Where each condition looks at one of
//! them only, whoever has such a row has a row of the first that meets the first's conditions, and one of the second that meets the
//! second's, and so on; and the other way about. `person IN (...)` and EXISTS look at the person alone and say the same of a relation
//! that is not joined. What looks at several relations ties these together, and what is not understood ties all: then their words stand
//! as they always did.
//!
//! Only numbers of people go by this name. Rows and sums do not: a join repeats rows, and IN does not.

mod form;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

pub(crate) use form::Who;
use form::{Atom, Rows};

use crate::predicate::{Looks, Name, Predicate};

/// One of the relations that are joined on the person, or a list beside them.
#[derive(Debug, Clone)]
pub(crate) struct Joined {
    /// In words that are equal for equal relations.
    pub(crate) words: String,
    /// Of a table: its name without the number of its naming.
    table: Option<String>,
    one_row: bool,
    /// What its columns are called in conditions, and what they would be called without the number of the naming.
    columns: BTreeMap<Name, Name>,
    anybody: Option<Arc<Who>>,
    /// True where its rows hang on a row of a query around it.
    open: bool,
}

impl Joined {
    /// A table of a permit. `words` has the number of its naming in the query, `table` has not.
    pub(crate) fn table(words: String, table: String, one_row: bool, columns: BTreeMap<Name, Name>) -> Self {
        Self { words, table: Some(table), one_row, columns, anybody: None, open: false }
    }

    /// Something that is made of other relations: in its words they keep the numbers of their namings.
    pub(crate) fn made(words: String, one_row: bool, columns: impl IntoIterator<Item = Name>, open: bool) -> Self {
        let columns = columns.into_iter().map(|name| (name.clone(), name)).collect();
        Self { words, table: None, one_row, columns, anybody: None, open }
    }

    /// The same where it is known who has any row in it.
    pub(crate) fn of(self, anybody: Option<Arc<Who>>) -> Self {
        Self { anybody, ..self }
    }
}

/// People who have a row of these sources, joined on the person, that meets a condition. Nothing of it may hang on a row of a query
/// around.
pub(crate) fn who(sources: &[Joined], condition: &Predicate) -> Who {
    let mut pieces = Pieces::new(sources);
    let mut atoms = Vec::new();
    for conjunct in conjuncts(condition) {
        match person(conjunct) {
            Some(atom) => atoms.push(atom),
            None => pieces.add(conjunct),
        }
    }
    Who::all_of(atoms.into_iter().chain(pieces.into_atoms()).collect())
}

/// People of whom EXISTS is true that asks for rows of the same person. `None` where it may ask more of the row around than who it is
/// about.
pub(crate) fn who_of_same(sources: &[Joined], condition: &Predicate) -> Option<Who> {
    let same = |p: &&Predicate| matches!(p, Predicate::Atom(said, true) if matches!(said.looks(), Looks::SamePerson));
    let (same, rest): (Vec<&Predicate>, Vec<&Predicate>) = conjuncts(condition).iter().partition(same);
    // A column that none of the sources has (a window) may be made of the row around.
    let closed = |p: &&Predicate| person(p).is_some() || looked_at(sources, p).is_some();
    let understood = !same.is_empty() && rest.iter().all(closed) && !sources.iter().any(|s| s.open);
    understood.then(|| who(sources, &Predicate::All(rest.into_iter().cloned().collect()).normalised()))
}

/// What all rows meet.
fn conjuncts(condition: &Predicate) -> &[Predicate] {
    match condition {
        Predicate::True => &[],
        Predicate::All(parts) => parts,
        one => std::slice::from_ref(one),
    }
}

/// A condition on the person alone. The person of a row is never missing where this is known, so that NOT IN is plain negation.
fn person(condition: &Predicate) -> Option<Atom> {
    let Predicate::Atom(said, is) = condition else { return None };
    let Looks::Person(who, among) = said.looks() else { return None };
    Some(if among == is { Atom::Has(Rows::all(who.clone())) } else { Atom::Not(who.clone()) })
}

/// The columns that a condition looks at, where it looks at nothing else.
fn columns(condition: &Predicate) -> Option<BTreeSet<&Name>> {
    match condition {
        Predicate::True | Predicate::False => Some(BTreeSet::new()),
        Predicate::In(name, _) => Some(BTreeSet::from([name])),
        Predicate::Atom(said, _) => match said.looks() {
            Looks::Columns(names, _) => Some(names.iter().collect()),
            _ => None,
        },
        Predicate::All(parts) | Predicate::Any(parts) => parts.iter().try_fold(BTreeSet::new(), |mut all, part| {
            all.extend(columns(part)?);
            Some(all)
        }),
    }
}

/// The sources that a condition looks at, where it looks at nothing else.
fn looked_at(sources: &[Joined], condition: &Predicate) -> Option<BTreeSet<usize>> {
    let found: Option<BTreeSet<usize>> = columns(condition)?.into_iter().map(|name| source(sources, name)).collect();
    found.filter(|found| !found.is_empty())
}

/// The one source that has a column of this name.
fn source(sources: &[Joined], name: &Name) -> Option<usize> {
    let mut found = sources.iter().enumerate().filter(|(_, source)| source.columns.contains_key(name));
    let (at, _) = found.next()?;
    found.next().is_none().then_some(at)
}

/// Sources that conditions tie together.
struct Piece<'a> {
    sources: BTreeSet<usize>,
    conditions: Vec<&'a Predicate>,
    /// True where all conditions are known to look at its only source.
    known: bool,
}

struct Pieces<'a> {
    sources: &'a [Joined],
    all: Vec<Piece<'a>>,
}

impl<'a> Pieces<'a> {
    fn new(sources: &'a [Joined]) -> Self {
        let each = (0..sources.len()).map(|i| Piece { sources: BTreeSet::from([i]), conditions: Vec::new(), known: true });
        Self { sources, all: each.collect() }
    }

    fn add(&mut self, condition: &'a Predicate) {
        let looked_at = looked_at(self.sources, condition);
        let touches = |piece: &Piece<'_>| looked_at.as_ref().is_none_or(|sources| !sources.is_disjoint(&piece.sources));
        let (touched, mut rest): (Vec<Piece<'_>>, Vec<Piece<'_>>) = std::mem::take(&mut self.all).into_iter().partition(touches);
        let known = looked_at.is_some() && touched.len() == 1;
        let mut one = Piece { sources: BTreeSet::new(), conditions: vec![condition], known };
        for piece in touched {
            one.sources.extend(piece.sources);
            one.conditions.extend(piece.conditions);
            one.known &= piece.known;
        }
        rest.push(one);
        self.all = rest;
    }

    fn into_atoms(self) -> impl Iterator<Item = Atom> {
        let sources = self.sources;
        self.all.into_iter().map(move |piece| Atom::Has(piece.rows(sources)))
    }
}

impl Piece<'_> {
    fn rows(self, all: &[Joined]) -> Rows {
        let sources: Vec<&Joined> = self.sources.iter().filter_map(|i| all.get(*i)).collect();
        let when = Predicate::All(self.conditions.into_iter().cloned().collect());
        match sources.as_slice() {
            [Joined { table: Some(table), one_row, columns, .. }] if self.known => {
                Rows { of: table.clone(), when: plain(when, columns).normalised(), one_row: *one_row, anybody: None }
            }
            [one] => Rows { of: one.words.clone(), when: when.normalised(), one_row: one.one_row, anybody: one.anybody.clone() },
            several => {
                let words: Vec<&str> = several.iter().map(|source| source.words.as_str()).collect();
                Rows { of: words.join(" join "), when: when.normalised(), one_row: false, anybody: None }
            }
        }
    }
}

impl Rows {
    /// Whoever is among these, as rows.
    fn all(who: Who) -> Self {
        Self { of: who.text(), when: Predicate::True, one_row: false, anybody: Some(Arc::new(who)) }
    }
}

/// A condition on one table without the number of its naming.
fn plain(condition: Predicate, columns: &BTreeMap<Name, Name>) -> Predicate {
    let all = |parts: Vec<Predicate>| parts.into_iter().map(|p| plain(p, columns)).collect();
    match condition {
        Predicate::In(name, set) => Predicate::In(columns.get(&name).cloned().unwrap_or(name), set),
        Predicate::Atom(said, is) => Predicate::Atom(said.plain(), is),
        Predicate::All(parts) => Predicate::All(all(parts)),
        Predicate::Any(parts) => Predicate::Any(all(parts)),
        whole => whole,
    }
}
