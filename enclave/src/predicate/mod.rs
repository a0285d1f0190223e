//! Predicates in one canonical form, so that equal questions have equal plans. Columns with a domain are never NULL (ingest
//! quarantines such rows), so two-valued logic is exact for them. A guest's label can be NULL: NOT was pushed to the leaves, where it
//! is the complement within the declared labels, and AND and OR of Kleene's logic are true exactly where two-valued ones are, so
//! "is true", which is all that WHERE asks, is exact as well (proved against the engine's SQL in the tests of the planner).

mod said;
mod sets;

pub(crate) use said::{Looks, Said};
pub(crate) use sets::{ValueSet, Values};

/// A column or a guest's call by its name in plans.
pub(crate) type Name = String;

/// A condition on the rows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Predicate {
    /// Every row.
    True,
    /// No row.
    False,
    /// The column's value is in the set.
    In(Name, ValueSet),
    /// All of these.
    All(Vec<Predicate>),
    /// At least one of these.
    Any(Vec<Predicate>),
    /// Something else that is true of a row (`true`), or something else that is false of it (`false`).
    Atom(Said, bool),
}

impl Predicate {
    /// The canonical form: flattened, one set per column and level, known columns substituted below, sorted.
    pub(crate) fn normalised(self) -> Self {
        // Each pass only simplifies; two passes settle what substitution uncovers, more are harmless.
        let mut now = self;
        loop {
            let next = now.clone().pass();
            if next == now {
                return now;
            }
            now = next;
        }
    }

    fn pass(self) -> Self {
        match self {
            Self::In(_, set) if set.is_empty() => Self::False,
            Self::All(parts) => all(parts.into_iter().map(Self::pass).collect()),
            Self::Any(parts) => any(parts.into_iter().map(Self::pass).collect()),
            other => other,
        }
    }

    /// This predicate where `name` is known to be in `known`.
    fn given(self, name: &Name, known: &ValueSet) -> Self {
        match self {
            Self::In(n, set) if n == *name => {
                let both = set.intersection(known);
                match () {
                    () if both.is_empty() => Self::False,
                    () if both == *known => Self::True,
                    () => Self::In(n, both),
                }
            }
            Self::All(parts) => Self::All(parts.into_iter().map(|p| p.given(name, known)).collect()),
            Self::Any(parts) => Self::Any(parts.into_iter().map(|p| p.given(name, known)).collect()),
            other => other,
        }
    }

    /// True where every row that meets this one, which is in canonical form, provably meets the other.
    pub(crate) fn implies(&self, other: &Self) -> bool {
        *other == Self::True || self == other || Self::All(vec![self.clone(), other.clone()]).normalised() == *self
    }

    /// The values that a column can have where this holds, as far as the conditions that all rows meet say so.
    pub(crate) fn within(&self, name: &str) -> Option<ValueSet> {
        match self {
            Self::In(n, set) if n == name => Some(set.clone()),
            Self::All(parts) => parts.iter().filter_map(|p| p.within(name)).reduce(|a, b| a.intersection(&b)),
            _ => None,
        }
    }

    /// The columns of which it says what values they have.
    pub(crate) fn names(&self) -> Vec<&Name> {
        match self {
            Self::In(name, _) => vec![name],
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::names).collect(),
            Self::True | Self::False | Self::Atom(..) => Vec::new(),
        }
    }

    /// One line of text, equal for equal canonical forms.
    pub(crate) fn text(&self) -> String {
        let list = |parts: &[Self]| parts.iter().map(Self::text).collect::<Vec<_>>().join(",");
        match self {
            Self::True => "true".to_owned(),
            Self::False => "false".to_owned(),
            Self::In(name, set) => format!("{name} in {:?}", set.intervals()),
            Self::Atom(said, true) => format!("[{}]", said.words()),
            Self::Atom(said, false) => format!("not [{}]", said.words()),
            Self::All(parts) => format!("all({})", list(parts)),
            Self::Any(parts) => format!("any({})", list(parts)),
        }
    }
}

fn all(parts: Vec<Predicate>) -> Predicate {
    let mut rest: Vec<Predicate> = Vec::new();
    let mut known: Vec<(Name, ValueSet)> = Vec::new();
    for part in flatten(parts, |p| if let Predicate::All(inner) = p { Ok(inner) } else { Err(p) }) {
        match part {
            Predicate::True => {}
            Predicate::False => return Predicate::False,
            Predicate::In(name, set) => match known.iter_mut().find(|(n, _)| *n == name) {
                Some((_, have)) => *have = have.intersection(&set),
                None => known.push((name, set)),
            },
            other => rest.push(other),
        }
    }
    for (name, set) in &known {
        rest = rest.into_iter().map(|p| p.given(name, set)).collect();
    }
    rest.extend(known.into_iter().map(|(name, set)| Predicate::In(name, set)));
    collect(rest, Predicate::True, Predicate::All)
}

fn any(parts: Vec<Predicate>) -> Predicate {
    let mut rest: Vec<Predicate> = Vec::new();
    for part in flatten(parts, |p| if let Predicate::Any(inner) = p { Ok(inner) } else { Err(p) }) {
        match part {
            Predicate::False => {}
            Predicate::True => return Predicate::True,
            Predicate::In(name, set) => {
                let same = rest.iter_mut().find_map(|p| match p {
                    Predicate::In(n, have) if *n == name => Some(have),
                    _ => None,
                });
                match same {
                    Some(have) => *have = have.union(&set),
                    None => rest.push(Predicate::In(name, set)),
                }
            }
            other => rest.push(other),
        }
    }
    collect(rest, Predicate::False, Predicate::Any)
}

fn flatten(parts: Vec<Predicate>, open: impl Fn(Predicate) -> Result<Vec<Predicate>, Predicate>) -> Vec<Predicate> {
    parts.into_iter().flat_map(|p| open(p).unwrap_or_else(|p| vec![p])).collect()
}

fn collect(mut parts: Vec<Predicate>, none: Predicate, many: impl Fn(Vec<Predicate>) -> Predicate) -> Predicate {
    parts.sort();
    parts.dedup();
    match parts.len() {
        0 => none,
        1 => parts.pop().unwrap_or(none),
        _ => many(parts),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is(name: &str, values: &[i64]) -> Predicate {
        Predicate::In(name.to_owned(), ValueSet::values(values.iter().copied()))
    }

    fn not(name: &str, value: i64) -> Predicate {
        Predicate::In(name.to_owned(), ValueSet::values([value]).complement((1, 100)))
    }

    #[test]
    fn a_cell_outside_the_exclusion_is_provably_the_cell_without_it() {
        let exclusion = Predicate::Any(vec![not("pref", 31), not("sex", 2)]);
        let with = Predicate::All(vec![exclusion, is("pref", &[5]), is("icd", &[1])]).normalised();
        let without = Predicate::All(vec![is("icd", &[1]), is("pref", &[5])]).normalised();
        assert_eq!(with, without);
    }

    #[test]
    fn order_nesting_and_repetition_do_not_matter() {
        let a = Predicate::All(vec![is("a", &[1]), Predicate::All(vec![is("b", &[2, 3]), is("a", &[1, 2])])]).normalised();
        let b = Predicate::All(vec![is("b", &[3, 2]), is("a", &[1])]).normalised();
        assert_eq!(a, b);
    }
}
