//! Who has which value of a column, each mostly once.

use datafusion::{
    arrow::{
        array::{Array, ArrayRef},
        buffer::NullBuffer,
        datatypes::DataType,
        row::{RowConverter, SortField},
    },
    common::HashMap,
};

use super::codes::{Codes, NONE};
use crate::fault::Fault;

/// Values of one column with their people.
#[derive(Default)]
pub(super) struct Having {
    /// Group, number of the value, person.
    pub(super) all: Vec<(u32, u32, u32)>,
    codes: Codes,
    /// Of values that are no keys: bytes that are equal for equal values, with their numbers.
    bytes: HashMap<Vec<u8>, u32>,
    rows: Option<RowConverter>,
}

impl Having {
    /// Adds the values of rows that have one.
    pub(super) fn add(&mut self, array: &ArrayRef, rows: &Rows<'_>) -> Result<(), Fault> {
        let mut codes = vec![NONE; array.len()];
        match array.data_type() {
            DataType::Int64 | DataType::Boolean | DataType::Utf8 | DataType::Utf8View | DataType::Dictionary(..) => {
                self.codes.read(array, &mut codes)?;
            }
            _ => self.read_bytes(array, &mut codes)?,
        }
        let null = self.codes.null.unwrap_or(NONE);
        for (row, group, unit) in rows.about_people() {
            let Some(code) = codes.get(row).copied().filter(|code| *code != null && *code != NONE) else { continue };
            if self.all.last() != Some(&(group, code, unit)) {
                self.all.push((group, code, unit));
            }
        }
        Ok(())
    }

    fn read_bytes(&mut self, array: &ArrayRef, out: &mut [u32]) -> Result<(), Fault> {
        if self.rows.is_none() {
            self.rows = Some(RowConverter::new(vec![SortField::new(array.data_type().clone())])?);
        }
        let Some(converter) = &mut self.rows else { return Ok(()) };
        let bytes = converter.convert_columns(std::slice::from_ref(array))?;
        let nulls = array.logical_nulls();
        for (row, out) in out.iter_mut().enumerate().filter(|(row, _)| nulls.as_ref().is_none_or(|n| n.is_valid(*row))) {
            let next = self.bytes.len() as u32;
            *out = *self.bytes.entry_ref(bytes.row(row).as_ref()).or_insert(next);
        }
        Ok(())
    }

    /// What each value is called in every partition, with its number here.
    pub(super) fn names(&self) -> impl Iterator<Item = (Vec<u8>, u32)> {
        let keys = self.codes.values.iter().zip(0..).map(|(value, code)| (format!("{value:?}").into_bytes(), code));
        keys.chain(self.bytes.iter().map(|(bytes, code)| (bytes.clone(), *code)))
    }
}

/// Which group and person the rows of a batch are about.
pub(super) struct Rows<'a> {
    pub(super) group: &'a [u32],
    pub(super) unit: &'a [u32],
    pub(super) known: Option<&'a NullBuffer>,
}

impl Rows<'_> {
    /// Row, group and person; without the rows about nobody.
    pub(super) fn about_people(&self) -> impl Iterator<Item = (usize, u32, u32)> {
        let all = self.group.iter().zip(self.unit).enumerate().map(|(row, (group, unit))| (row, *group, *unit));
        all.filter(|(row, ..)| self.known.is_none_or(|n| n.is_valid(*row)))
    }
}
