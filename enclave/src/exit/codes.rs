//! The values of a column as small numbers, so that a row costs a look-up in a table and no hash of its value.

use datafusion::{
    arrow::{
        array::{Array, ArrayRef, AsArray},
        datatypes::{DataType, Int32Type, Int64Type},
    },
    common::HashMap,
};

use crate::{fault::Fault, question::KeyValue};

/// Whole numbers around the first one of a column that are looked up in a table: months, codes, ages.
const WINDOW: usize = 1 << 17;
/// No number yet.
pub(super) const NONE: u32 = u32::MAX;

/// Numbers of the values of one key column, in the order in which they came.
#[derive(Default)]
pub(super) struct Codes {
    pub(super) values: Vec<KeyValue>,
    /// The number of NULL.
    pub(super) null: Option<u32>,
    flags: [Option<u32>; 2],
    base: Option<i64>,
    window: Vec<u32>,
    ints: HashMap<i64, u32>,
    texts: HashMap<String, u32>,
    /// The last dictionary with the numbers of its places.
    dictionary: Option<(ArrayRef, Vec<u32>)>,
}

impl Codes {
    /// The number of each row's value.
    pub(super) fn read(&mut self, column: &ArrayRef, out: &mut [u32]) -> Result<(), Fault> {
        match column.data_type() {
            DataType::Int64 => self.read_ints(column, out),
            DataType::Dictionary(key, value) if **key == DataType::Int32 && **value == DataType::Utf8 => self.read_dictionary(column, out),
            DataType::Utf8 => self.read_texts(column.as_string::<i32>().iter(), out),
            DataType::Utf8View => self.read_texts(column.as_string_view().iter(), out),
            DataType::Boolean => {
                for (flag, out) in column.as_boolean().iter().zip(out) {
                    *out = if let Some(flag) = flag { self.flag(flag) } else { self.null_code() };
                }
            }
            DataType::Null => {
                let null = self.null_code();
                out.fill(null);
            }
            other => return Err(Fault::Other(format!("a column of type {other} holds no values that can be told apart"))),
        }
        Ok(())
    }

    fn read_ints(&mut self, column: &ArrayRef, out: &mut [u32]) {
        let array = column.as_primitive::<Int64Type>();
        if array.null_count() > 0 {
            for (value, out) in array.iter().zip(out) {
                *out = if let Some(value) = value { self.int(value) } else { self.null_code() };
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
                *out = self.null_code();
                continue;
            }
            let place = usize::try_from(*key).unwrap_or(usize::MAX);
            *out = match places.get_mut(place) {
                Some(code) if *code != NONE => *code,
                Some(code) => {
                    *code = if texts.is_null(place) { self.null_code() } else { self.text(texts.value(place)) };
                    *code
                }
                None => self.null_code(),
            };
        }
        self.dictionary = Some((labels.clone(), places));
    }

    fn read_texts<'a>(&mut self, texts: impl Iterator<Item = Option<&'a str>>, out: &mut [u32]) {
        let mut last: (Option<&str>, u32) = (None, NONE);
        for (text, out) in texts.zip(out) {
            // Rows of one person, and so of one key, often follow each other.
            if last.1 == NONE || last.0 != text {
                last = (text, if let Some(text) = text { self.text(text) } else { self.null_code() });
            }
            *out = last.1;
        }
    }

    fn null_code(&mut self) -> u32 {
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
