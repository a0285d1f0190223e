//! Sets of domain values. Every declared domain is mapped onto whole numbers (a code is its place in the sorted code list), so one
//! representation serves all predicates: sorted, disjoint, non-touching intervals.

use std::collections::BTreeSet;

use visiting_catalog::{Domain, Pattern};

use crate::question::KeyValue;

/// Values of one column for which a predicate is true.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ValueSet(Vec<(i64, i64)>);

impl ValueSet {
    /// All of `lo..=hi`, empty when `lo > hi`.
    pub(crate) fn range(lo: i64, hi: i64) -> Self {
        if lo > hi { Self(Vec::new()) } else { Self(vec![(lo, hi)]) }
    }

    /// Just these values.
    pub(crate) fn values(values: impl IntoIterator<Item = i64>) -> Self {
        values.into_iter().fold(Self(Vec::new()), |set, v| set.union(&Self::range(v, v)))
    }

    /// These intervals, which are sorted and do not touch.
    pub(crate) fn intervals_of(intervals: Vec<(i64, i64)>) -> Self {
        Self(intervals)
    }

    /// No value.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many values.
    pub(crate) fn size(&self) -> u64 {
        let total: i128 = self.0.iter().map(|(lo, hi)| i128::from(*hi) - i128::from(*lo) + 1).sum();
        u64::try_from(total).unwrap_or(u64::MAX)
    }

    /// The intervals.
    pub(crate) fn intervals(&self) -> &[(i64, i64)] {
        &self.0
    }

    /// Either.
    pub(crate) fn union(&self, other: &Self) -> Self {
        let mut all: Vec<(i64, i64)> = self.0.iter().chain(&other.0).copied().collect();
        all.sort_unstable();
        let mut out: Vec<(i64, i64)> = Vec::with_capacity(all.len());
        for (lo, hi) in all {
            match out.last_mut() {
                Some(last) if lo <= last.1.saturating_add(1) => last.1 = last.1.max(hi),
                _ => out.push((lo, hi)),
            }
        }
        Self(out)
    }

    /// Both.
    pub(crate) fn intersection(&self, other: &Self) -> Self {
        let pairs = self.0.iter().flat_map(|a| other.0.iter().map(move |b| (a.0.max(b.0), a.1.min(b.1))));
        Self(pairs.filter(|(lo, hi)| lo <= hi).collect())
    }

    /// What `whole` has beyond this set.
    #[cfg(test)]
    pub(crate) fn complement(&self, whole: (i64, i64)) -> Self {
        let (mut next, mut out) = (whole.0, Vec::new());
        for (lo, hi) in self.intersection(&Self(vec![whole])).0 {
            if next < lo {
                out.push((next, lo - 1));
            }
            next = hi.saturating_add(1);
        }
        if next <= whole.1 {
            out.push((next, whole.1));
        }
        Self(out)
    }
}

/// A column's declared domain on whole numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Values {
    /// `lo..=hi`.
    Range(i64, i64),
    /// A sorted code list; a code is its index.
    Codes(Vec<String>),
    /// All codes of one form, by their number.
    Pattern(Pattern),
    /// A guest's labels in the order of its manifest; the place behind the last one is that of rows without a label (NULL).
    Labels {
        /// Labels.
        labels: Vec<String>,
        /// Which of these places a call can give at all, where that is known from the declared domains of its arguments.
        reachable: Option<BTreeSet<i64>>,
    },
}

impl Values {
    /// From the catalogue's domain.
    pub(crate) fn new(domain: &Domain) -> Self {
        match domain {
            Domain::Range([lo, hi]) | Domain::Months([lo, hi]) => Self::Range(*lo, *hi),
            Domain::Codes(codes) => {
                let mut codes = codes.clone();
                codes.sort();
                codes.dedup();
                Self::Codes(codes)
            }
            // The catalogue's check has read the form; one that is none has no codes.
            Domain::Pattern(form) => Pattern::parse(form).map_or(Self::Codes(Vec::new()), Self::Pattern),
        }
    }

    /// Lowest and highest number that a condition can name, and within which NOT takes the complement. A row without a label is in no
    /// condition, as SQL has it: neither `= 'a'` nor `<> 'a'` is true of NULL.
    pub(crate) fn bounds(&self) -> (i64, i64) {
        match self {
            Self::Range(lo, hi) => (*lo, *hi),
            Self::Codes(codes) => (0, codes.len() as i64 - 1),
            Self::Pattern(form) => (0, form.size() - 1),
            Self::Labels { labels, .. } => (0, labels.len() as i64 - 1),
        }
    }

    /// Every value that a row can have, NULL included.
    pub(crate) fn all(&self) -> ValueSet {
        let (lo, hi) = self.bounds();
        ValueSet::range(lo, hi + i64::from(self.null().is_some()))
    }

    /// The place of rows that have no value.
    pub(crate) fn null(&self) -> Option<i64> {
        match self {
            Self::Labels { labels, .. } => Some(labels.len() as i64),
            Self::Range(..) | Self::Codes(_) | Self::Pattern(_) => None,
        }
    }

    /// Number of values that a row can have, at most `u64::MAX`.
    pub(crate) fn count(&self) -> u64 {
        match self {
            Self::Labels { reachable: Some(places), .. } => places.len() as u64,
            _ => self.all().size(),
        }
    }

    /// Place of a code; `None` when the list does not have it.
    pub(crate) fn index(&self, code: &str) -> Option<i64> {
        match self {
            Self::Codes(codes) => codes.binary_search_by(|c| c.as_str().cmp(code)).ok().map(|i| i as i64),
            Self::Pattern(form) => form.number(code),
            Self::Labels { labels, .. } => labels.iter().position(|l| l == code).map(|i| i as i64),
            Self::Range(..) => None,
        }
    }

    /// Place of a key's value.
    pub(crate) fn place(&self, value: &KeyValue) -> Option<i64> {
        match (self, value) {
            (Self::Range(..), KeyValue::Int(n)) => Some(*n),
            (_, KeyValue::Text(code)) => self.index(code),
            (_, KeyValue::Null) => self.null(),
            _ => None,
        }
    }

    /// What a value is called in the released table; NULL is empty.
    pub(crate) fn label(&self, value: i64) -> String {
        match self {
            Self::Range(..) => value.to_string(),
            Self::Pattern(form) => form.code(value),
            Self::Codes(codes) | Self::Labels { labels: codes, .. } => {
                usize::try_from(value).ok().and_then(|i| codes.get(i)).cloned().unwrap_or_default()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_canonical() {
        let a = ValueSet::values([3, 1, 2, 9]);
        assert_eq!(a, ValueSet(vec![(1, 3), (9, 9)]));
        assert_eq!(a.complement((0, 10)), ValueSet(vec![(0, 0), (4, 8), (10, 10)]));
        assert_eq!(a.complement((0, 10)).complement((0, 10)), a);
        assert!(a.intersection(&a.complement((0, 10))).is_empty());
        assert_eq!(a.size(), 4);
    }

    #[test]
    fn a_row_without_a_label_has_a_place_that_no_condition_names() {
        let bands = Values::Labels { labels: vec!["low".to_owned(), "high".to_owned()], reachable: None };
        assert_eq!((bands.index("high"), bands.index(""), bands.null()), (Some(1), None, Some(2)));
        assert_eq!((bands.bounds(), bands.all(), bands.count()), ((0, 1), ValueSet::range(0, 2), 3));
        assert_eq!([0, 2].map(|place| bands.label(place)), ["low", ""]);
    }
}
