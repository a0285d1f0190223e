//! What a worker answers, read as something hostile: exactly as many rows as were asked, never a value outside the declaration.

use std::io::{self, Read};

use visiting_intake::{MONTHS, Values, is_month};

use super::column::Packed;
use crate::wire::{self, NONE, kind};

/// One code a row: the place of a label, or the number of steps above the least number ([`visiting_intake::Grid::units`]).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Codes {
    codes: Vec<u32>,
}

impl Codes {
    pub(super) fn with_capacity(rows: usize) -> Self {
        Self { codes: Vec::with_capacity(rows) }
    }

    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.codes.len()
    }

    /// True without rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.codes.is_empty()
    }

    /// Each row's code; `None` is NULL.
    pub fn iter(&self) -> impl Iterator<Item = Option<u32>> + '_ {
        self.codes.iter().map(|code| (*code != NONE).then_some(*code))
    }

    /// Reads the answer to what was sent.
    pub(super) fn take(&mut self, from: &mut impl Read, values: &Values, asked: &Packed) -> io::Result<()> {
        let bytes = if asked.sent() == 0 { Vec::new() } else { expect(from, asked.sent())? };
        let most = most(values);
        let mut codes = wire::numbers(&bytes).map(|code| declared(values, most, code));
        match asked.called() {
            None => self.codes.extend(codes),
            Some(called) => self.codes.extend(called.map(|called| if called { codes.next().unwrap_or(NONE) } else { NONE })),
        }
        Ok(())
    }
}

fn expect(from: &mut impl Read, count: usize) -> io::Result<Vec<u8>> {
    if wire::take_byte(from)? != kind::CODES {
        return Err(io::ErrorKind::InvalidData.into());
    }
    wire::take_bytes(from, 4 * count)
}

/// The rows about each person, column by column.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct People {
    counts: Vec<u32>,
    columns: Vec<Vec<u32>>,
}

impl People {
    pub(super) fn new(columns: usize, people: usize) -> Self {
        Self { counts: Vec::with_capacity(people), columns: vec![Vec::new(); columns] }
    }

    /// For each person, the number of rows; `None` where the guest failed for this person: then there are none.
    pub fn counts(&self) -> impl ExactSizeIterator<Item = Option<u32>> + '_ {
        self.counts.iter().map(|count| (*count != NONE).then_some(*count))
    }

    /// A column's codes over all rows of all people, in order; `None` is NULL. A month's code is `yyyymm`; the others' are those of
    /// [`Codes`].
    pub fn column(&self, index: usize) -> impl Iterator<Item = Option<u32>> + '_ {
        self.columns.get(index).into_iter().flatten().map(|code| (*code != NONE).then_some(*code))
    }

    /// Reads the answer for people with so many rows each, of whom those with no more than `most` were sent.
    pub(super) fn take(
        &mut self,
        from: &mut impl Read,
        values: &[&Values],
        rows: u32,
        lengths: &[u32],
        (most_rows, sent): (usize, usize),
    ) -> io::Result<()> {
        if wire::take_byte(from)? != kind::GROUPS {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let declared_most: Vec<u32> = values.iter().map(|values| most(values)).collect();
        let too_many = |length: &u32| *length as usize > most_rows;
        debug_assert_eq!(lengths.iter().filter(|length| !too_many(length)).count(), sent);
        for length in lengths {
            let count = if too_many(length) { NONE } else { wire::take_number(from)? };
            self.counts.push(count);
            if count == NONE {
                continue;
            }
            // More than was declared is not cut here: the worker cuts, and one that does not is no longer ours.
            if count > rows {
                return Err(io::ErrorKind::InvalidData.into());
            }
            let bytes = wire::take_bytes(from, 4 * count as usize * values.len())?;
            let mut codes = wire::numbers(&bytes);
            for _ in 0..count {
                for ((column, values), most) in self.columns.iter_mut().zip(values).zip(&declared_most) {
                    column.push(declared(values, *most, codes.next().unwrap_or(NONE)));
                }
            }
        }
        Ok(())
    }
}

/// The greatest code that a declaration has.
fn most(values: &Values) -> u32 {
    match values {
        Values::Labels(labels) => u32::try_from(labels.len()).map_or(0, |count| count.saturating_sub(1)),
        Values::Number(grid) => grid.steps().unwrap_or(0),
        Values::Month => *MONTHS.end(),
    }
}

/// A code that is declared, or NULL.
fn declared(values: &Values, most: u32, code: u32) -> u32 {
    let fits = code <= most && (!matches!(values, Values::Month) || is_month(code));
    if fits { code } else { NONE }
}
