//! Which group each row is in: every key column is turned into small numbers, and pairs of these into one, column by column, so that
//! a row costs a few look-ups in tables and no hash of its values.

use datafusion::{
    arrow::{
        array::{Array, ArrayRef, AsArray},
        datatypes::{DataType, Int32Type, Int64Type},
    },
    common::HashMap,
};

use crate::{config::CELLS_MAX, fault::Fault, question::KeyValue};

/// Entries of a table of whole numbers or pairs: 16 MB, about what stays in a core's caches; beyond, a hash map takes over.
const TABLE_MAX: usize = 1 << 22;
/// Whole numbers around the first one of a column that are looked up in a table: months, codes, ages.
const WINDOW: usize = 1 << 17;
/// No number yet.
const NONE: u32 = u32::MAX;

/// Groups of one partition.
#[derive(Default)]
pub(super) struct Groups {
    keys: Vec<Codes>,
    pairs: Vec<Pairs>,
}

impl Groups {
    /// For so many keys.
    pub(super) fn new(keys: usize) -> Self {
        Self { keys: (0..keys).map(|_| Codes::default()).collect(), pairs: (1..keys).map(|_| Pairs::new()).collect() }
    }

    /// How many groups there are.
    pub(super) fn count(&self) -> usize {
        match (self.pairs.last(), self.keys.last()) {
            (Some(pairs), _) => pairs.members.len(),
            (None, Some(key)) => key.values.len(),
            (None, None) => 1,
        }
    }

    /// The group of each row.
    pub(super) fn of(&mut self, columns: &[ArrayRef], rows: usize) -> Result<Vec<u32>, Fault> {
        let mut group = vec![0u32; rows];
        let mut codes = vec![0u32; if columns.len() > 1 { rows } else { 0 }];
        for (i, (column, key)) in columns.iter().zip(&mut self.keys).enumerate() {
            match i.checked_sub(1).and_then(|before| self.pairs.get_mut(before)) {
                None => key.read(column, &mut group)?,
                Some(pairs) => {
                    key.read(column, &mut codes)?;
                    pairs.join(&mut group, &codes);
                }
            }
            if self.pairs.iter().any(|p| p.members.len() > CELLS_MAX) || key.values.len() > CELLS_MAX {
                return Err(Fault::Other("a query has more cells than this machine's limit".to_owned()));
            }
        }
        Ok(group)
    }

    /// The values of each key, by their numbers.
    pub(super) fn values(&self) -> impl Iterator<Item = &[KeyValue]> {
        self.keys.iter().map(|k| k.values.as_slice())
    }

    /// The numbers of a group's key values, in the order of the keys.
    pub(super) fn codes(&self, group: u32, into: &mut Vec<u32>) {
        let mut rest = group;
        into.clear();
        for pairs in self.pairs.iter().rev() {
            let (before, code) = usize::try_from(rest).ok().and_then(|i| pairs.members.get(i)).copied().unwrap_or((0, 0));
            into.push(code);
            rest = before;
        }
        if !self.keys.is_empty() {
            into.push(rest);
        }
        into.reverse();
    }
}

/// Numbers of the values of one key column, in the order in which they came.
#[derive(Default)]
struct Codes {
    values: Vec<KeyValue>,
    null: Option<u32>,
    flags: [Option<u32>; 2],
    base: Option<i64>,
    window: Vec<u32>,
    ints: HashMap<i64, u32>,
    texts: HashMap<String, u32>,
    /// The last dictionary with the numbers of its places.
    dictionary: Option<(ArrayRef, Vec<u32>)>,
}

impl Codes {
    fn read(&mut self, column: &ArrayRef, out: &mut [u32]) -> Result<(), Fault> {
        match column.data_type() {
            DataType::Int64 => self.read_ints(column, out),
            DataType::Dictionary(key, value) if **key == DataType::Int32 && **value == DataType::Utf8 => self.read_dictionary(column, out),
            DataType::Utf8 => self.read_texts(column.as_string::<i32>().iter(), out),
            DataType::Utf8View => self.read_texts(column.as_string_view().iter(), out),
            DataType::Boolean => {
                for (flag, out) in column.as_boolean().iter().zip(out) {
                    *out = if let Some(flag) = flag { self.flag(flag) } else { self.null() };
                }
            }
            DataType::Null => {
                let null = self.null();
                out.fill(null);
            }
            other => return Err(Fault::Other(format!("a key column is of type {other}, which is no key"))),
        }
        Ok(())
    }

    fn read_ints(&mut self, column: &ArrayRef, out: &mut [u32]) {
        let array = column.as_primitive::<Int64Type>();
        if array.null_count() > 0 {
            for (value, out) in array.iter().zip(out) {
                *out = if let Some(value) = value { self.int(value) } else { self.null() };
            }
            return;
        }
        for (value, out) in array.values().iter().zip(out) {
            // A value that is known lies in the window of most columns.
            let at = value.wrapping_sub(self.base.unwrap_or(0)).cast_unsigned();
            *out = match usize::try_from(at).ok().and_then(|at| self.window.get(at)) {
                Some(code) if *code != NONE => *code,
                _ => self.int(*value),
            };
        }
    }

    fn read_dictionary(&mut self, column: &ArrayRef, out: &mut [u32]) {
        let dictionary = column.as_dictionary::<Int32Type>();
        let labels = dictionary.values();
        let (kept, mut places) = self.dictionary.take().unwrap_or_else(|| (labels.clone(), Vec::new()));
        if !std::sync::Arc::ptr_eq(&kept, labels) {
            places.clear();
        }
        places.resize(labels.len(), NONE);
        let texts = labels.as_string::<i32>();
        let valid = dictionary.keys().nulls();
        for (row, (key, out)) in dictionary.keys().values().iter().zip(out).enumerate() {
            if valid.is_some_and(|n| n.is_null(row)) {
                *out = self.null();
                continue;
            }
            let place = usize::try_from(*key).unwrap_or(usize::MAX);
            *out = match places.get_mut(place) {
                Some(code) if *code != NONE => *code,
                Some(code) => {
                    *code = if texts.is_null(place) { self.null() } else { self.text(texts.value(place)) };
                    *code
                }
                None => self.null(),
            };
        }
        self.dictionary = Some((labels.clone(), places));
    }

    fn read_texts<'a>(&mut self, texts: impl Iterator<Item = Option<&'a str>>, out: &mut [u32]) {
        let mut last: (Option<&str>, u32) = (None, NONE);
        for (text, out) in texts.zip(out) {
            // Rows of one person, and so of one key, often follow each other.
            if last.1 == NONE || last.0 != text {
                last = (text, if let Some(text) = text { self.text(text) } else { self.null() });
            }
            *out = last.1;
        }
    }

    fn null(&mut self) -> u32 {
        let next = self.values.len() as u32;
        let code = *self.null.get_or_insert(next);
        self.came(code, || KeyValue::Null)
    }

    fn flag(&mut self, flag: bool) -> u32 {
        let next = self.values.len() as u32;
        let code = self.flags.get_mut(usize::from(flag)).map_or(next, |place| *place.get_or_insert(next));
        self.came(code, || KeyValue::Bool(flag))
    }

    fn text(&mut self, text: &str) -> u32 {
        let next = self.values.len() as u32;
        let code = *self.texts.entry_ref(text).or_insert(next);
        self.came(code, || KeyValue::Text(text.to_owned()))
    }

    fn int(&mut self, value: i64) -> u32 {
        let next = self.values.len() as u32;
        let base = *self.base.get_or_insert(value.saturating_sub(WINDOW as i64 / 2));
        if self.window.is_empty() {
            self.window = vec![NONE; WINDOW];
        }
        let at = value.checked_sub(base).and_then(|at| usize::try_from(at).ok());
        let code = match at.and_then(|at| self.window.get_mut(at)) {
            Some(code) => {
                if *code == NONE {
                    *code = next;
                }
                *code
            }
            None => *self.ints.entry(value).or_insert(next),
        };
        self.came(code, || KeyValue::Int(value))
    }

    /// Notes a value that was not there before: its number is the next one.
    fn came(&mut self, code: u32, value: impl FnOnce() -> KeyValue) -> u32 {
        if code as usize == self.values.len() {
            self.values.push(value());
        }
        code
    }
}

/// Numbers of pairs of a group and a key value.
struct Pairs {
    members: Vec<(u32, u32)>,
    /// Place `group << bits | code`; empty once the map took over.
    table: Vec<u32>,
    bits: u32,
    map: HashMap<(u32, u32), u32>,
    full: bool,
}

impl Pairs {
    fn new() -> Self {
        Self { members: Vec::new(), table: Vec::new(), bits: 4, map: HashMap::default(), full: false }
    }

    /// Replaces each group by the number of its pair with the code.
    fn join(&mut self, group: &mut [u32], codes: &[u32]) {
        self.make_room(group.iter().max().copied().unwrap_or(0), codes.iter().max().copied().unwrap_or(0));
        if self.full {
            for (group, code) in group.iter_mut().zip(codes) {
                let next = self.members.len() as u32;
                let pair = (*group, *code);
                *group = *self.map.entry(pair).or_insert(next);
                if *group == next {
                    self.members.push(pair);
                }
            }
            return;
        }
        for (group, code) in group.iter_mut().zip(codes) {
            let at = (*group as usize) << self.bits | *code as usize;
            // INVARIANT: `make_room` saw the largest group and code of this batch.
            let Some(place) = self.table.get_mut(at) else { continue };
            if *place == NONE {
                *place = self.members.len() as u32;
                self.members.push((*group, *code));
            }
            *group = *place;
        }
    }

    /// A table in which every pair up to these has a place, or the map when it would be too large.
    fn make_room(&mut self, group: u32, code: u32) {
        let bits = self.bits.max(u32::BITS - code.leading_zeros());
        let places = ((group as usize + 1) << bits).max(self.table.len() << (bits - self.bits));
        if self.full || (bits == self.bits && places <= self.table.len()) {
            return;
        }
        if places > TABLE_MAX {
            self.full = true;
            self.table = Vec::new();
            self.map = self.members.iter().copied().zip(0..).collect();
            return;
        }
        let places = places.next_power_of_two();
        if self.bits == bits {
            self.table.resize(places, NONE);
            return;
        }
        self.bits = bits;
        self.table = vec![NONE; places];
        for (number, (group, code)) in self.members.iter().enumerate() {
            if let Some(place) = self.table.get_mut((*group as usize) << bits | *code as usize) {
                *place = number as u32;
            }
        }
    }
}
