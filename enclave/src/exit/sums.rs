//! One exact sum an entry.

use datafusion::arrow::buffer::NullBuffer;

use super::{chunk::moved, columns::Numbers};
use crate::people::Amounts;

/// One number an entry, in 64 bits until one does not fit.
#[derive(Debug, Clone)]
pub(super) enum Sums {
    /// Fits.
    Small(Vec<i64>),
    /// Does not.
    Wide(Vec<i128>),
}

impl From<Sums> for Amounts {
    fn from(sums: Sums) -> Self {
        match sums {
            Sums::Small(all) => Self::Small(all.into()),
            Sums::Wide(all) => Self::Wide(all.into()),
        }
    }
}

impl Sums {
    /// Makes room for new entries.
    pub(super) fn grow(&mut self, entries: usize) {
        match self {
            Self::Small(all) => all.resize(entries, 0),
            Self::Wide(all) => all.resize(entries, 0),
        }
    }

    /// Adds the numbers of rows to their entries, where `also` is valid too.
    pub(super) fn add(&mut self, numbers: &Numbers, also: Option<&NullBuffer>, at: &[u32]) {
        let valid = NullBuffer::union(numbers.valid(), also);
        let mut done = 0;
        if let (Self::Small(all), Numbers::Small(values, _)) = (&mut *self, numbers) {
            done = match &valid {
                None => add_small(all, values.iter().copied().zip(at)),
                Some(valid) => add_small(all, values.iter().zip(valid.iter()).map(|(v, is)| if is { *v } else { 0 }).zip(at)),
            };
        }
        if done < at.len() {
            self.widen();
            for (row, at) in at.iter().enumerate().skip(done).filter(|(row, _)| valid.as_ref().is_none_or(|n| n.is_valid(*row))) {
                self.add_one(*at as usize, numbers.at(row));
            }
        }
    }

    /// As many as there are places, each at its own.
    pub(super) fn moved(&self, to: &[u32]) -> Self {
        match self {
            Self::Small(all) => Self::Small(moved(all, to)),
            Self::Wide(all) => Self::Wide(moved(all, to)),
        }
    }

    /// Drops everything up to a place.
    pub(super) fn forget(&mut self, end: usize) {
        match self {
            Self::Small(all) => drop(all.drain(..end)),
            Self::Wide(all) => drop(all.drain(..end)),
        }
    }

    /// Makes room for what does not fit in 64 bits.
    pub(super) fn widen(&mut self) {
        if let Self::Small(all) = self {
            *self = Self::Wide(all.iter().copied().map(i128::from).collect());
        }
    }

    /// Adds one number.
    pub(super) fn add_one(&mut self, place: usize, amount: i128) {
        if let Self::Small(all) = self {
            let Some(sum) = all.get_mut(place) else { return };
            match i64::try_from(amount).ok().and_then(|a| sum.checked_add(a)) {
                Some(more) => *sum = more,
                None => self.widen(),
            }
            if matches!(self, Self::Small(_)) {
                return;
            }
        }
        if let Self::Wide(all) = self
            && let Some(sum) = all.get_mut(place)
        {
            *sum = sum.saturating_add(amount);
        }
    }

    /// Copies a span of another column behind this one.
    pub(super) fn append(&mut self, other: &Self, span: std::ops::Range<usize>) {
        if matches!(other, Self::Wide(_)) {
            self.widen();
        }
        match (self, other) {
            (Self::Small(all), Self::Small(more)) => all.extend_from_slice(more.get(span).unwrap_or_default()),
            (Self::Wide(all), Self::Wide(more)) => all.extend_from_slice(more.get(span).unwrap_or_default()),
            (Self::Wide(all), Self::Small(more)) => all.extend(more.get(span).unwrap_or_default().iter().copied().map(i128::from)),
            // Widened above.
            (Self::Small(_), Self::Wide(_)) => {}
        }
    }

    /// The number at a place.
    pub(super) fn at(&self, place: usize) -> i128 {
        match self {
            Self::Small(all) => all.get(place).copied().map_or(0, i128::from),
            Self::Wide(all) => all.get(place).copied().unwrap_or(0),
        }
    }

    /// Cuts off everything from a place.
    pub(super) fn truncate(&mut self, place: usize) {
        match self {
            Self::Small(all) => all.truncate(place),
            Self::Wide(all) => all.truncate(place),
        }
    }

    /// Sets everything from a place on: one number for each.
    pub(super) fn replace_tail(&mut self, place: usize, tail: &[i128]) {
        self.truncate(place);
        if tail.iter().any(|v| i64::try_from(*v).is_err()) {
            self.widen();
        }
        match self {
            Self::Small(all) => all.extend(tail.iter().filter_map(|v| i64::try_from(*v).ok())),
            Self::Wide(all) => all.extend_from_slice(tail),
        }
    }
}

/// Rows that were added before one did not fit.
fn add_small<'a>(all: &mut [i64], rows: impl Iterator<Item = (i64, &'a u32)>) -> usize {
    let mut done = 0;
    for (value, at) in rows {
        if let Some(sum) = all.get_mut(*at as usize) {
            let Some(more) = sum.checked_add(value) else { return done };
            *sum = more;
        }
        done += 1;
    }
    done
}
