//! People as an intersection of atoms, in a form that is equal only for sets that are equal whatever the data are. Every rule here
//! holds of all sets; none looks at data. Rules that are missing cost a note in a result, a rule that is wrong would falsify a number.

use std::sync::Arc;

use crate::predicate::Predicate;

/// Atoms that are compared with each other. A longer list is sorted only: whoever writes it must not hold up the gate.
const COMPARED_MAX: usize = 16;

/// People who are in all of these, sorted, each once.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Who(Vec<Atom>);

/// Some people.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Atom {
    /// Who has such a row.
    Has(Rows),
    /// Who is not among these.
    Not(Who),
}

/// Rows of one relation that meet a condition.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rows {
    /// The relation in words that are equal for equal ones.
    pub(super) of: String,
    /// The condition, in its canonical form.
    pub(super) when: Predicate,
    /// True when nobody has a second row in it.
    pub(super) one_row: bool,
    /// Of a relation that is made of others: exactly who has any row in it.
    pub(super) anybody: Option<Arc<Who>>,
}

impl Who {
    /// People who are in all of these.
    pub(super) fn all_of(atoms: Vec<Atom>) -> Self {
        let mut now = atoms;
        loop {
            let next = pass(now.clone());
            if next == now {
                return Self(now);
            }
            now = next;
        }
    }

    /// Those who are among others too.
    pub(crate) fn and(self, others: Self) -> Self {
        Self::all_of([self.0, others.0].concat())
    }

    /// Those who are not among others.
    pub(crate) fn without(self, others: Self) -> Self {
        Self::all_of([self.0, vec![Atom::Not(others)]].concat())
    }

    /// One text, equal for equal forms only: each atom's comes with its length, so that none is taken for two.
    pub(crate) fn text(&self) -> String {
        let atoms = self.0.iter().map(Atom::text).map(|text| format!(" {}:{text}", text.len()));
        format!("who{}", atoms.collect::<String>())
    }
}

impl Atom {
    fn text(&self) -> String {
        match self {
            Self::Has(Rows { of, when: Predicate::True, .. }) => of.clone(),
            Self::Has(Rows { of, when, .. }) => format!("{of} where {}", when.text()),
            Self::Not(who) => format!("not among {}", who.text()),
        }
    }

    /// True where everybody in this one is provably in the other.
    fn implies(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Has(a), Self::Has(b)) if a.of == b.of && a.when.implies(&b.when) => true,
            (Self::Has(a), _) => a.anybody.as_ref().is_some_and(|who| who.0.iter().any(|atom| atom.implies(other))),
            // Fewer are left out where fewer are meant.
            (Self::Not(a), Self::Not(b)) => a.0.iter().all(|atom| b.0.iter().any(|inner| inner.implies(atom))),
            (Self::Not(_), Self::Has(_)) => false,
        }
    }
}

fn pass(atoms: Vec<Atom>) -> Vec<Atom> {
    let mut atoms = one_row_each(atoms.into_iter().flat_map(opened).collect());
    atoms.sort();
    atoms.dedup();
    if atoms.len() <= COMPARED_MAX { without_implied(less_left_out(atoms)) } else { atoms }
}

/// Whoever has any row of a relation that is made of others has rows of these; whoever is not outside is inside.
fn opened(atom: Atom) -> Vec<Atom> {
    match atom {
        Atom::Has(Rows { when: Predicate::True, anybody: Some(who), .. }) => who.0.clone(),
        Atom::Not(Who(mut inner)) => match inner.as_mut_slice() {
            [Atom::Not(twice)] => std::mem::take(&mut twice.0),
            _ => vec![Atom::Not(Who(inner))],
        },
        atom => vec![atom],
    }
}

/// Two conditions on the only row that somebody has are met by one row. With several rows they may be met by two.
fn one_row_each(atoms: Vec<Atom>) -> Vec<Atom> {
    let mut out: Vec<Atom> = Vec::with_capacity(atoms.len());
    for atom in atoms {
        let Atom::Has(rows) = &atom else {
            out.push(atom);
            continue;
        };
        let same = out.iter_mut().find_map(|a| match a {
            Atom::Has(first) if rows.one_row && first.one_row && first.of == rows.of => Some(first),
            _ => None,
        });
        match same {
            Some(first) => first.when = Predicate::All(vec![first.when.clone(), rows.when.clone()]).normalised(),
            None => out.push(atom),
        }
    }
    out
}

/// Among people who are all in A, those not in A and B are those not in B.
fn less_left_out(atoms: Vec<Atom>) -> Vec<Atom> {
    let has: Vec<Atom> = atoms.iter().filter(|atom| matches!(atom, Atom::Has(_))).cloned().collect();
    let known = |inner: &Atom| has.iter().any(|atom| atom.implies(inner));
    let less = |atom| match atom {
        Atom::Not(Who(mut inner)) => {
            inner.retain(|inner| !known(inner));
            Atom::Not(Who(inner))
        }
        has => has,
    };
    atoms.into_iter().map(less).collect()
}

/// Without what another atom says already. One at a time: of two that say the same, one stays.
fn without_implied(mut atoms: Vec<Atom>) -> Vec<Atom> {
    let mut at = 0;
    while let Some(atom) = atoms.get(at) {
        let others = atoms.iter().enumerate().filter(|(other, _)| *other != at);
        if others.into_iter().any(|(_, other)| other.implies(atom)) {
            atoms.remove(at);
        } else {
            at += 1;
        }
    }
    atoms
}
