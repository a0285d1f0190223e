//! Arguments: what the query engine has as columns becomes the words that the boundary has.

use std::io;

use visiting_intake::ParamKind;

use crate::{
    LIMITS,
    wire::{self, kind},
};

/// Which rows have a value: all, or those whose bit is set, the first row's bit lowest in its byte (as arrow has it).
#[derive(Debug, Clone, Copy, Default)]
pub struct Validity<'a> {
    bits: Option<(&'a [u8], usize)>,
}

impl<'a> Validity<'a> {
    /// Every row has a value.
    pub const ALL: Self = Self { bits: None };

    /// Row 0 is the bit at `offset`.
    #[must_use]
    pub fn new(bytes: &'a [u8], offset: usize) -> Self {
        Self { bits: Some((bytes, offset)) }
    }

    fn has(&self, row: usize) -> bool {
        self.bits.is_none_or(|(bytes, offset)| {
            let at = offset + row;
            bytes.get(at / 8).is_some_and(|byte| byte >> (at % 8) & 1 == 1)
        })
    }
}

/// One argument over all rows.
#[derive(Debug, Clone, Copy)]
pub enum Column<'a> {
    /// Whole numbers.
    Int(&'a [i64], Validity<'a>),
    /// Decimals, each as the nearest `f64`. What is not finite is no value; -0.0 becomes 0.0.
    Decimal(&'a [f64], Validity<'a>),
    /// Texts: each row's place in a dictionary, and the dictionary's texts as [`visiting_sdk::pack`] makes them.
    Text(&'a [i32], &'a [Option<(i64, i64)>], Validity<'a>),
}

impl Column<'_> {
    pub(super) fn fits(&self, kind: ParamKind, rows: usize) -> bool {
        match self {
            Self::Int(values, _) => kind == ParamKind::Int && values.len() == rows,
            Self::Decimal(values, _) => kind == ParamKind::Decimal && values.len() == rows,
            Self::Text(keys, ..) => kind == ParamKind::Text && keys.len() == rows,
        }
    }

    fn slots(&self) -> usize {
        if matches!(self, Self::Text(..)) { 2 } else { 1 }
    }

    /// The row's words, the second of them only for a text; `None` where it has no value.
    fn words(&self, row: usize) -> Option<(u64, u64)> {
        match self {
            Self::Int(values, validity) => values.get(row).filter(|_| validity.has(row)).map(|value| (*value as u64, 0)),
            Self::Decimal(values, validity) => {
                values.get(row).filter(|value| value.is_finite() && validity.has(row)).map(|value| (decimal(*value), 0))
            }
            Self::Text(keys, dictionary, validity) => {
                let key = keys.get(row).filter(|_| validity.has(row)).and_then(|key| usize::try_from(*key).ok());
                key.and_then(|key| dictionary.get(key).copied().flatten()).map(|(first, second)| (first as u64, second as u64))
            }
        }
    }

    /// True where every row has a value, found without looking at each where possible.
    fn whole(&self, from: usize, to: usize) -> bool {
        match self {
            Self::Int(_, Validity { bits: None }) => true,
            Self::Decimal(values, Validity { bits: None }) => {
                values.get(from..to).is_some_and(|values| values.iter().fold(true, |all, value| all & value.is_finite()))
            }
            _ => (from..to).all(|row| self.words(row).is_some()),
        }
    }

    /// All words of rows that have values, column by column.
    fn put(&self, rows: &Rows, out: &mut Vec<u8>) {
        match (self, rows) {
            (Self::Int(values, _), Rows::All(from, to)) => {
                let values = values.get(*from..*to).unwrap_or_default();
                fill(out, values.iter().map(|value| *value as u64), values.len());
            }
            (Self::Decimal(values, _), Rows::All(from, to)) => {
                let values = values.get(*from..*to).unwrap_or_default();
                fill(out, values.iter().map(|value| decimal(*value)), values.len());
            }
            _ => {
                fill(out, rows.iter().map(|row| self.words(row).unwrap_or_default().0), rows.len());
                if self.slots() == 2 {
                    fill(out, rows.iter().map(|row| self.words(row).unwrap_or_default().1), rows.len());
                }
            }
        }
    }
}

/// -0.0 + 0.0 is 0.0; every other number stays.
fn decimal(value: f64) -> u64 {
    (value + 0.0).to_bits()
}

fn fill(out: &mut Vec<u8>, words: impl Iterator<Item = u64>, count: usize) {
    let start = out.len();
    out.resize(start + 8 * count, 0);
    if let Some(room) = out.get_mut(start..) {
        room.chunks_exact_mut(8).zip(words).for_each(|(place, word)| place.copy_from_slice(&word.to_le_bytes()));
    }
}

/// Rows that are sent.
#[derive(Debug)]
enum Rows {
    All(usize, usize),
    Some(Vec<usize>),
}

impl Rows {
    fn len(&self) -> usize {
        match self {
            Self::All(from, to) => to - from,
            Self::Some(rows) => rows.len(),
        }
    }

    fn iter(&self) -> Box<dyn Iterator<Item = usize> + '_> {
        match self {
            Self::All(from, to) => Box::new(*from..*to),
            Self::Some(rows) => Box::new(rows.iter().copied()),
        }
    }
}

/// Rows of one message: those that have all arguments, and so are called.
#[derive(Debug)]
pub(super) struct Packed {
    from: usize,
    to: usize,
    rows: Rows,
}

impl Packed {
    /// Puts the message for rows `from..to`.
    pub(super) fn rows(columns: &[Column<'_>], from: usize, to: usize, message: &mut Vec<u8>) -> io::Result<Self> {
        let rows = if columns.iter().all(|column| column.whole(from, to)) {
            Rows::All(from, to)
        } else {
            Rows::Some((from..to).filter(|row| columns.iter().all(|column| column.words(*row).is_some())).collect())
        };
        message.clear();
        let slots: usize = columns.iter().map(Column::slots).sum();
        wire::head(message, kind::ROWS, 4 + 8 * slots * rows.len())?;
        wire::put_numbers(message, &[u32::try_from(rows.len()).map_err(|_| io::ErrorKind::InvalidInput)?]);
        columns.iter().for_each(|column| column.put(&rows, message));
        Ok(Self { from, to, rows })
    }

    /// Number of rows that were sent.
    pub(super) fn sent(&self) -> usize {
        self.rows.len()
    }

    /// For each row of the batch, whether it was sent.
    pub(super) fn called(&self) -> Option<impl Iterator<Item = bool> + '_> {
        let Rows::Some(rows) = &self.rows else { return None };
        let mut rows = rows.iter().peekable();
        Some((self.from..self.to).map(move |row| rows.next_if_eq(&&row).is_some()))
    }
}

/// How many of the people go into the next message: one at least.
pub(super) fn share(lengths: &[u32]) -> usize {
    let mut rows = 0_usize;
    let fits = lengths.iter().take(LIMITS.people).take_while(|length| {
        rows += **length as usize;
        rows <= LIMITS.rows
    });
    fits.count().max(1)
}

/// Puts the message for people whose rows begin at `start`; the number of people that are sent. Who has more than `most` is not.
pub(super) fn people(columns: &[Column<'_>], start: usize, lengths: &[u32], most: usize, message: &mut Vec<u8>) -> io::Result<usize> {
    message.clear();
    let sent: Vec<u32> = lengths.iter().copied().filter(|rows| *rows as usize <= most).collect();
    let total: usize = sent.iter().map(|rows| *rows as usize).sum();
    let wide = 1 + columns.iter().map(Column::slots).sum::<usize>();
    wire::head(message, kind::PEOPLE, 4 + 4 * sent.len() + 8 * wide * total)?;
    wire::put_numbers(message, &[u32::try_from(sent.len()).map_err(|_| io::ErrorKind::InvalidInput)?]);
    wire::put_numbers(message, &sent);
    let (mut at, mut keys, mut order) = (start, Vec::new(), Vec::new());
    for rows in lengths {
        let own = at..at + *rows as usize;
        at = own.end;
        if own.len() > most {
            continue;
        }
        let per_row = wide - 1 + columns.len();
        keys.clear();
        own.clone().for_each(|row| columns.iter().for_each(|column| key(column, row, &mut keys)));
        order.clear();
        order.extend(0..own.len());
        let key = |place: &usize| keys.get(place * per_row..(place + 1) * per_row);
        if !order.is_sorted_by(|a, b| key(a) <= key(b)) {
            order.sort_by(|a, b| key(a).cmp(&key(b)));
        }
        for place in &order {
            let row = own.start + place;
            let slot = message.len();
            message.extend_from_slice(&[0; 8]);
            let mut present = 0_u64;
            for (bit, column) in columns.iter().enumerate() {
                let words = column.words(row);
                present |= u64::from(words.is_some()) << bit;
                let (first, second) = words.unwrap_or_default();
                message.extend_from_slice(&first.to_le_bytes());
                if column.slots() == 2 {
                    message.extend_from_slice(&second.to_le_bytes());
                }
            }
            if let Some(place) = message.get_mut(slot..slot + 8) {
                place.copy_from_slice(&present.to_le_bytes());
            }
        }
    }
    Ok(sent.len())
}

/// What a row is ordered by: NULL before values, numbers by size, texts by their bytes.
fn key(column: &Column<'_>, row: usize, out: &mut Vec<u64>) {
    let words = column.words(row);
    let (first, second) = words.unwrap_or_default();
    let first = match column {
        Column::Int(..) => first ^ (1 << 63),
        Column::Decimal(..) if first >> 63 == 1 => !first,
        Column::Decimal(..) => first | (1 << 63),
        Column::Text(..) => first,
    };
    out.extend([u64::from(words.is_some()), first]);
    if column.slots() == 2 {
        out.push(second);
    }
}
