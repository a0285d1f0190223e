//! Cells as ranges of whole numbers, sums of them, and what each sum alone says.

use serde::{Deserialize, Serialize};

/// Larger than any number of people or services, small enough that sums of as many as there are cells fit in 64 bits.
const MOST: i64 = 1 << 50;
/// Passes after which narrowing ends: what is left to find is the linear program's.
const PASSES: usize = 64;

/// Whole numbers from `low` to `high`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Range {
    /// Smallest.
    pub low: i64,
    /// Largest.
    pub high: i64,
}

impl Range {
    /// One number.
    #[must_use]
    pub(super) fn exactly(n: i64) -> Self {
        Self { low: n, high: n }
    }

    /// Everything from here on.
    #[must_use]
    pub fn from(low: i64) -> Self {
        Self { low, high: MOST }
    }

    /// Fewer than so many people.
    #[must_use]
    pub fn below(people: u64) -> Self {
        Self { low: 0, high: i64::try_from(people).unwrap_or(MOST) - 1 }
    }

    /// So many people or more.
    #[must_use]
    pub fn at_least(people: u64) -> Self {
        Self::from(i64::try_from(people).unwrap_or(MOST))
    }

    /// Upper less lower end.
    #[must_use]
    pub fn width(self) -> i64 {
        self.high.saturating_sub(self.low)
    }

    /// What both allow; `None` where that is nothing.
    #[must_use]
    pub fn and(self, other: Self) -> Option<Self> {
        let both = Self { low: self.low.max(other.low), high: self.high.min(other.high) };
        (both.low <= both.high).then_some(both)
    }
}

/// A total that is the sum of its parts; numbers are cells of a system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sum {
    /// The total.
    pub(super) total: usize,
    /// Its parts.
    pub(super) parts: Vec<usize>,
}

/// All that a reader knows.
#[derive(Debug, Clone, Default)]
pub(super) struct System {
    pub(super) cells: Vec<Range>,
    pub(super) sums: Vec<Sum>,
}

impl System {
    /// Adds a cell and answers with its number.
    pub(super) fn cell(&mut self, range: Range) -> usize {
        self.cells.push(Range { low: range.low.max(-MOST), high: range.high.min(MOST) });
        self.cells.len() - 1
    }

    /// Adds a sum of cells that are there.
    pub(super) fn sum(&mut self, sum: Sum) {
        self.sums.push(sum);
    }

    /// Lets a cell be as large as this.
    pub(super) fn widen(&mut self, cell: usize, high: i64) {
        self.cells.get_mut(cell).into_iter().for_each(|range| range.high = range.high.max(high.min(MOST)));
    }

    /// What is known of a cell.
    #[must_use]
    pub(super) fn range(&self, cell: usize) -> Option<Range> {
        self.cells.get(cell).copied()
    }

    /// What the parts of a sum come to.
    #[must_use]
    pub(super) fn parts(&self, sum: &Sum) -> Range {
        let ranges = sum.parts.iter().filter_map(|part| self.cells.get(*part));
        ranges
            .fold(Range::exactly(0), |all, part| Range { low: all.low.saturating_add(part.low), high: all.high.saturating_add(part.high) })
    }

    /// Narrows every cell to what the sums say one by one; `None` where they contradict each other.
    #[must_use]
    pub(super) fn narrowed(mut self) -> Option<Self> {
        for _ in 0..PASSES {
            let mut changed = false;
            for sum in &self.sums {
                let (parts, total) = (self.parts(sum), self.range(sum.total)?);
                let total_now = total.and(parts)?;
                changed |= total_now != total;
                *self.cells.get_mut(sum.total)? = total_now;
                for part in &sum.parts {
                    let cell = self.cells.get_mut(*part)?;
                    // What the other parts leave of the total.
                    let low = total_now.low.saturating_sub(parts.high.saturating_sub(cell.high));
                    let high = total_now.high.saturating_sub(parts.low.saturating_sub(cell.low));
                    let now = cell.and(Range { low, high })?;
                    changed |= now != *cell;
                    *cell = now;
                }
            }
            if !changed {
                break;
            }
        }
        Some(self)
    }
}
